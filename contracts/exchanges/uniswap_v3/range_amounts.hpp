#pragma once

#include "contracts/kit/sectors/range_exchange.hpp"

#include <array>
#include <optional>
#include <span>
#include <vector>

/// What liquidity in a range takes and pays, worded for those who know no Uniswap; the same in all
/// versions whose liquidity lies between ticks.
namespace runnel::contracts::uniswap_v3
{

/// Where a pool's price is.
struct PricePoint
{
    const Amount& sqrt_price_x96;  // 0: nowhere yet.
    std::int32_t tick = 0;
};

/// What a tick must not have more of than of liquidity, and what those at a range's ends have.
struct TickRoom
{
    std::array<Amount, 2> gross;
    Amount most;
};

/// The most liquidity that @p offered pays for; what it takes is rounded up. Empty where a pool
/// would refuse it.
[[nodiscard]] std::optional<DepositQuote> quote_range(const PricePoint& at, const PriceRange& range,
    std::span<const Amount> offered, const TickRoom& room);

/// What @p liquidity would pay, rounded down; nothing where there is no price or no range.
[[nodiscard]] std::vector<Amount> value_of_range(
    const PricePoint& at, const PriceRange& range, const Amount& liquidity);

/// All prices of a grid.
[[nodiscard]] PriceRange widest_range(std::int32_t tick_spacing) noexcept;

/// How many units of a unit of liquidity have grown between two ticks of a pool, of both tokens, by
/// what it and its ticks' records say; wraps, and means something only in differences.
template <typename Pool, typename Tick>
[[nodiscard]] std::array<Amount, 2> growth_inside(
    const Pool& pool, const PriceRange& range, const Tick& lower, const Tick& upper)
{
    const auto inside =
        [&](const Amount& global, const Amount& outside_lower, const Amount& outside_upper)
    {
        const auto below =
            pool.tick >= range.lower ? outside_lower : wrapping_sub(global, outside_lower);
        const auto above =
            pool.tick < range.upper ? outside_upper : wrapping_sub(global, outside_upper);
        return wrapping_sub(wrapping_sub(global, below), above);
    };
    return {inside(pool.fee_growth_global0_x128, lower.fee_growth_outside0_x128,
                upper.fee_growth_outside0_x128),
        inside(pool.fee_growth_global1_x128, lower.fee_growth_outside1_x128,
            upper.fee_growth_outside1_x128)};
}

}  // namespace runnel::contracts::uniswap_v3
