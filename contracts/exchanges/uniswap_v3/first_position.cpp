#include "contracts/exchanges/uniswap_v3/first_position.hpp"

#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/swap_loop.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts::uniswap_v3
{
namespace
{
/// sqrt(amount1 / amount0) with 96 bits behind the point, rounded down; empty if it does not fit.
std::optional<Amount> first_price(const Amount& amount0, const Amount& amount1)
{
    // Two roots' worth of bits behind the point, as many as fit.
    for (unsigned bits = 192; bits >= 128; bits -= 64)
    {
        const auto ratio = mul_div_down(amount1, Amount::power_of_two(bits), amount0);
        if (!ratio.ok())
            continue;
        const auto root = sqrt_down(ratio.value) << (192 - bits) / 2;
        if (root >= min_sqrt_ratio && root < max_sqrt_ratio)
            return root;
        break;
    }
    return std::nullopt;
}

/// The widest range on the pool's grid within @p range_bps around a price: 10000 is between half
/// and twice of it; 0: all prices.
std::pair<std::int32_t, std::int32_t> range_of(
    const Amount& price, std::int64_t range_bps, std::int32_t spacing)
{
    const auto lowest = min_tick / spacing * spacing;
    if (range_bps == 0)
        return {lowest, -lowest};
    // Roots of (10000 + bps) / 10000 are good to 2^-48 here; ticks are 2^-14.
    const auto factor =
        sqrt_down(div_down(Amount{static_cast<std::uint64_t>(10'000 + range_bps)} << 96U, 10'000));
    const auto above = mul_div_down(price, factor, Amount::power_of_two(48));
    const auto below = mul_div_down(price, Amount::power_of_two(48), factor);
    const auto tick_of = [spacing, lowest](const Amount& at)
    {
        const auto tick =
            tick_at_sqrt_ratio(std::clamp(at, min_sqrt_ratio, wrapping_sub(max_sqrt_ratio, 1)));
        return std::clamp(compressed_tick(*tick, spacing) * spacing, lowest, -lowest);
    };
    const auto lower = tick_of(below.value);
    const auto upper = tick_of(above.ok() ? above.value : max_sqrt_ratio);
    return {lower, std::max(upper, lower + spacing)};
}
}  // namespace

std::optional<FirstPosition> first_position(const Amount& amount0, const Amount& amount1,
    std::int64_t range_bps, std::int32_t spacing, const Amount& liquidity_max)
{
    if (amount0.is_zero() || amount1.is_zero())
        return std::nullopt;
    const auto price = first_price(amount0, amount1);
    if (!price)
        return std::nullopt;
    const auto [lower, upper] = range_of(*price, range_bps, spacing);
    const auto liquidity = liquidity_for_amounts(
        *price, *sqrt_ratio_at_tick(lower), *sqrt_ratio_at_tick(upper), amount0, amount1);
    if (!liquidity.has_value() || liquidity->is_zero() || *liquidity > liquidity_max)
        return std::nullopt;
    return FirstPosition{*price, lower, upper, *liquidity};
}

}  // namespace runnel::contracts::uniswap_v3
