#include "contracts/exchanges/uniswap_v3/sqrt_price_math.hpp"

#include <utility>

namespace runnel::contracts::uniswap_v3
{

Result<Amount> add_delta(const Amount& liquidity, const Int256& change)
{
    const auto magnitude = change.magnitude();
    if (change.is_negative())
    {
        RUNNEL_REQUIRE(magnitude <= liquidity, Refusal::error("LS"));
        return wrapping_sub(liquidity, magnitude);
    }
    const auto sum = wrapping_add(liquidity, magnitude);
    RUNNEL_REQUIRE(sum.fits_uint128(), Refusal::error("LA"));
    return sum;
}

Result<Amount> amount0_delta(
    const Amount& price_a, const Amount& price_b, const Amount& liquidity, bool round_up)
{
    const auto& lower = price_a > price_b ? price_b : price_a;
    const auto& upper = price_a > price_b ? price_a : price_b;
    RUNNEL_REQUIRE(!lower.is_zero(), Refusal::empty());
    const auto shifted = liquidity << fixed_point_96;
    const auto width = wrapping_sub(upper, lower);
    if (round_up)
        return div_rounding_up(RUNNEL_TRY(mul_div_rounding_up(shifted, width, upper)), lower);
    return div_down(RUNNEL_TRY(mul_div_rounding_down(shifted, width, upper)), lower);
}

Result<Amount> amount1_delta(
    const Amount& price_a, const Amount& price_b, const Amount& liquidity, bool round_up)
{
    const auto width =
        price_a > price_b ? wrapping_sub(price_a, price_b) : wrapping_sub(price_b, price_a);
    return round_up ? mul_shift_rounding_up(liquidity, width, fixed_point_96)
                    : mul_shift_rounding_down(liquidity, width, fixed_point_96);
}

Result<Int256> amount0_delta(const Amount& price_a, const Amount& price_b, const Int256& change)
{
    const bool goes_out = change.is_negative();
    const auto amount = RUNNEL_TRY(amount0_delta(price_a, price_b, change.magnitude(), !goes_out));
    const auto delta = RUNNEL_TRY(to_int256(amount));
    return goes_out ? -delta : delta;
}

Result<Int256> amount1_delta(const Amount& price_a, const Amount& price_b, const Int256& change)
{
    const bool goes_out = change.is_negative();
    const auto amount = RUNNEL_TRY(amount1_delta(price_a, price_b, change.magnitude(), !goes_out));
    const auto delta = RUNNEL_TRY(to_int256(amount));
    return goes_out ? -delta : delta;
}

Result<Amount> next_price_from_amount0_up(
    const Amount& price, const Amount& liquidity, const Amount& amount, bool comes_in)
{
    if (amount.is_zero())
        return price;
    const auto shifted = liquidity << fixed_point_96;
    Amount product;
    const bool overflows = Amount::multiply(amount, price, product);
    if (!comes_in)
    {
        RUNNEL_REQUIRE(!overflows && shifted > product, Refusal::empty());
        const auto next =
            RUNNEL_TRY(mul_div_rounding_up(shifted, price, wrapping_sub(shifted, product)));
        RUNNEL_REQUIRE(next <= uint160_max, Refusal::empty());
        return next;
    }
    Amount denominator;
    if (!overflows && !Amount::add_carry(shifted, product, denominator))
        return RUNNEL_TRY(mul_div_rounding_up(shifted, price, denominator)) & uint160_max;
    // Not reached without a price: it would be a product of 0.
    const auto sum = Checked{div_down(shifted, price)} + amount;
    return div_rounding_up(shifted, RUNNEL_TRY(guarded(sum))) & uint160_max;
}

Result<Amount> next_price_from_amount1_down(
    const Amount& price, const Amount& liquidity, const Amount& amount, bool comes_in)
{
    const bool fits = amount <= uint160_max;  // Its product with 2^96 has 256 bits at most.
    if (comes_in)
    {
        RUNNEL_REQUIRE(!fits || !liquidity.is_zero(), Refusal::invalid_opcode());
        const auto quotient = fits ? div_down(amount << fixed_point_96, liquidity)
                                   : RUNNEL_TRY(mul_div_rounding_down(
                                         amount, Amount::power_of_two(fixed_point_96), liquidity));
        const auto next = RUNNEL_TRY(guarded(Checked{price} + quotient));
        RUNNEL_REQUIRE(next <= uint160_max, Refusal::empty());
        return next;
    }
    const auto quotient = fits ? div_rounding_up(amount << fixed_point_96, liquidity)
                               : RUNNEL_TRY(mul_div_rounding_up(
                                     amount, Amount::power_of_two(fixed_point_96), liquidity));
    RUNNEL_REQUIRE(price > quotient, Refusal::empty());
    return wrapping_sub(price, quotient);
}

Result<Amount> next_price_from_input(
    const Amount& price, const Amount& liquidity, const Amount& amount_in, bool zero_for_one)
{
    RUNNEL_REQUIRE(!price.is_zero() && !liquidity.is_zero(), Refusal::empty());
    return zero_for_one ? next_price_from_amount0_up(price, liquidity, amount_in, true)
                        : next_price_from_amount1_down(price, liquidity, amount_in, true);
}

Result<Amount> next_price_from_output(
    const Amount& price, const Amount& liquidity, const Amount& amount_out, bool zero_for_one)
{
    RUNNEL_REQUIRE(!price.is_zero() && !liquidity.is_zero(), Refusal::empty());
    return zero_for_one ? next_price_from_amount1_down(price, liquidity, amount_out, false)
                        : next_price_from_amount0_up(price, liquidity, amount_out, false);
}

}  // namespace runnel::contracts::uniswap_v3
