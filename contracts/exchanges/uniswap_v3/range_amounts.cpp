#include "contracts/exchanges/uniswap_v3/range_amounts.hpp"

#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/sqrt_price_math.hpp"
#include "contracts/exchanges/uniswap_v3/tick_math.hpp"
#include "ledger/check.hpp"

namespace runnel::contracts::uniswap_v3
{

namespace
{
struct Ends
{
    Amount lower;
    Amount upper;
};

/// Empty where it is no range: a state from a file may say so.
std::optional<Ends> ends_of(const PriceRange& range)
{
    const auto lower = sqrt_ratio_at_tick(range.lower);
    const auto upper = sqrt_ratio_at_tick(range.upper);
    if (!lower.has_value() || !upper.has_value() || range.lower >= range.upper)
        return std::nullopt;
    return Ends{*lower, *upper};
}
}  // namespace

std::optional<DepositQuote> quote_range(const PricePoint& at, const PriceRange& range,
    std::span<const Amount> offered, const TickRoom& room)
{
    RUNNEL_CHECK(offered.size() == 2);
    const auto& price = at.sqrt_price_x96;
    const auto ends = ends_of(range);
    if (price.is_zero() || !ends)
        return std::nullopt;
    const auto& [lower, upper] = *ends;
    const auto liquidity = liquidity_for_amounts(price, lower, upper, offered[0], offered[1]);
    if (!liquidity.has_value() || liquidity->is_zero())
        return std::nullopt;
    for (const auto& gross : room.gross)
    {
        const auto there = Checked{gross} + *liquidity;
        if (!there.ok() || there.value > room.most)
            return std::nullopt;
    }
    DepositQuote quote{std::vector<Amount>(2), *liquidity};
    // As the pool itself: by its tick, which at the very end of a range says more than the price.
    if (at.tick < range.upper)
    {
        const auto amount =
            amount0_delta(at.tick < range.lower ? lower : price, upper, *liquidity, true);
        if (!amount.has_value())
            return std::nullopt;
        quote.amounts[0] = *amount;
    }
    if (at.tick >= range.lower)
    {
        const auto amount =
            amount1_delta(lower, at.tick < range.upper ? price : upper, *liquidity, true);
        if (!amount.has_value())
            return std::nullopt;
        quote.amounts[1] = *amount;
    }
    return quote;
}

std::vector<Amount> value_of_range(
    const PricePoint& at, const PriceRange& range, const Amount& liquidity)
{
    const auto& price = at.sqrt_price_x96;
    const auto ends = ends_of(range);
    if (price.is_zero() || liquidity.is_zero() || !ends)
        return std::vector<Amount>(2);
    const auto& [lower, upper] = *ends;
    const auto from = at.tick < range.lower ? lower : at.tick < range.upper ? price : upper;
    const auto amount0 = amount0_delta(from, upper, liquidity, false);
    const auto amount1 = amount1_delta(lower, from, liquidity, false);
    return {amount0.has_value() ? *amount0 : Amount{}, amount1.has_value() ? *amount1 : Amount{}};
}

PriceRange widest_range(std::int32_t tick_spacing) noexcept
{
    const auto lower = min_tick / tick_spacing * tick_spacing;
    return {lower, -lower};
}

}  // namespace runnel::contracts::uniswap_v3
