#pragma once

#include "contracts/exchanges/uniswap_v3/full_math.hpp"

#include <algorithm>
#include <array>
#include <utility>

/// How much liquidity amounts of tokens are, and the other way round.
/// Source: Uniswap v3-periphery `LiquidityAmounts.sol`.
namespace runnel::contracts::uniswap_v3
{

/// The most liquidity between two prices, in either order, that these amounts pay for at @p price;
/// rounded down, at times by more than one: products are rounded on the way.
/// Errors, without data: what does not fit 128 bits; prices that are equal.
[[nodiscard]] inline Result<Amount> liquidity_for_amounts(const Amount& price,
    const Amount& price_a, const Amount& price_b, const Amount& amount0, const Amount& amount1)
{
    const auto lower = std::min(price_a, price_b);
    const auto upper = std::max(price_a, price_b);
    const auto fitting = [](const Amount& liquidity) -> Result<Amount>
    {
        RUNNEL_REQUIRE(liquidity.fits_uint128(), Refusal::empty());
        return liquidity;
    };
    const auto for_amount0 = [&](const Amount& from) -> Result<Amount>
    {
        const auto between = RUNNEL_TRY(mul_shift_rounding_down(from, upper, fixed_point_96));
        return fitting(
            RUNNEL_TRY(mul_div_rounding_down(amount0, between, wrapping_sub(upper, from))));
    };
    const auto for_amount1 = [&](const Amount& to) -> Result<Amount>
    {
        return fitting(RUNNEL_TRY(mul_div_rounding_down(
            amount1, Amount::power_of_two(fixed_point_96), wrapping_sub(to, lower))));
    };
    if (price <= lower)
        return for_amount0(lower);
    if (price >= upper)
        return for_amount1(upper);
    const auto liquidity0 = RUNNEL_TRY(for_amount0(price));
    const auto liquidity1 = RUNNEL_TRY(for_amount1(price));
    return std::min(liquidity0, liquidity1);
}

/// What @p liquidity between two prices, in either order, holds of both tokens at @p price; rounded
/// down. Errors: an invalid opcode for a price of 0; without data, what does not fit.
[[nodiscard]] inline Result<std::array<Amount, 2>> amounts_for_liquidity(
    const Amount& price, const Amount& price_a, const Amount& price_b, const Amount& liquidity)
{
    const auto lower = std::min(price_a, price_b);
    const auto upper = std::max(price_a, price_b);
    const auto amount0 = [&](const Amount& from) -> Result<Amount>
    {
        const auto product = RUNNEL_TRY(
            mul_div_rounding_down(liquidity << fixed_point_96, wrapping_sub(upper, from), upper));
        RUNNEL_REQUIRE(!from.is_zero(), Refusal::invalid_opcode());
        return div_down(product, from);
    };
    const auto amount1 = [&](const Amount& to)
    { return mul_shift_rounding_down(liquidity, wrapping_sub(to, lower), fixed_point_96); };
    std::array<Amount, 2> amounts;
    if (price <= lower)
        amounts[0] = RUNNEL_TRY(amount0(lower));
    else if (price < upper)
        amounts = {RUNNEL_TRY(amount0(price)), RUNNEL_TRY(amount1(price))};
    else
        amounts[1] = RUNNEL_TRY(amount1(upper));
    return amounts;
}

}  // namespace runnel::contracts::uniswap_v3
