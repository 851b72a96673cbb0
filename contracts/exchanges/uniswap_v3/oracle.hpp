#pragma once

#include "contracts/exchanges/uniswap_v3/full_math.hpp"

#include <array>
#include <cstdint>

/// A pool's record of its past: sums over time from which anybody takes averages.
/// Source: Uniswap v3-core `Oracle.sol`; "Uniswap v3 Core" (2021), 5.
namespace runnel::contracts::uniswap_v3
{

/// Sums up to a moment; all of them wrap.
struct Cumulatives
{
    std::int64_t tick = 0;              // Ticks times seconds; int56.
    Amount seconds_per_liquidity_x128;  // Seconds over liquidity in range, Q128; uint160.
};

struct Observation
{
    std::uint32_t block_timestamp = 0;  // Unix seconds modulo 2^32; 1 in a slot made ready.
    bool initialized = false;
    std::int64_t tick_cumulative = 0;
    Amount seconds_per_liquidity_cumulative_x128;
    RUNNEL_FIELDS((block_timestamp, unix_seconds), initialized, tick_cumulative,
        (seconds_per_liquidity_cumulative_x128, other("seconds per liquidity, Q128")));

    [[nodiscard]] Cumulatives cumulatives() const
    {
        return {tick_cumulative, seconds_per_liquidity_cumulative_x128};
    }
};

/// Kept to 56 bits, as Solidity's int56 wraps.
[[nodiscard]] constexpr std::int64_t wrap_int56(std::int64_t value) noexcept
{
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8U) >> 8;
}

/// @p last continued to @p time at @p tick and @p liquidity, of which none counts as 1.
[[nodiscard]] inline Observation continued(
    const Observation& last, std::uint32_t time, std::int32_t tick, const Amount& liquidity)
{
    const std::uint32_t seconds = time - last.block_timestamp;  // Wraps, as it should.
    const auto growth =
        div_down(Amount{seconds} << fixed_point_128, liquidity.is_zero() ? Amount{1} : liquidity);
    return {time, true, wrap_int56(last.tick_cumulative + std::int64_t{tick} * seconds),
        wrapping_add(last.seconds_per_liquidity_cumulative_x128, growth) & uint160_max};
}

/// Where a pool's newest observation is, and what has been true since.
struct OracleState
{
    std::uint16_t index = 0;
    std::uint16_t cardinality = 0;
    std::int32_t tick = 0;
    Amount liquidity;
    std::uint32_t time = 0;  // Now, modulo 2^32.
};

/// The sums @p seconds_ago: of an observation, or between two, interpolated and rounded towards
/// zero. @p at gives the observation in a slot.
/// Errors: I without observations; OLD before the oldest one.
template <typename At>
[[nodiscard]] Result<Cumulatives> observe_single(
    const OracleState& state, std::uint32_t seconds_ago, At&& at)
{
    RUNNEL_REQUIRE(state.cardinality > 0, Refusal::error("I"));
    const std::uint32_t now = state.time;
    const Observation newest = at(state.index);
    if (seconds_ago == 0)
    {
        return newest.block_timestamp == now
                   ? newest.cumulatives()
                   : continued(newest, now, state.tick, state.liquidity).cumulatives();
    }
    const std::uint32_t target = now - seconds_ago;
    // Times before one overflow at most: those above now come from before it.
    const auto is_before = [now](std::uint32_t a, std::uint32_t b)
    {
        constexpr auto wrap = std::uint64_t{1} << 32U;
        if (a <= now && b <= now)
            return a <= b;
        return (a > now ? a : a + wrap) <= (b > now ? b : b + wrap);
    };
    if (is_before(newest.block_timestamp, target))
    {
        return newest.block_timestamp == target
                   ? newest.cumulatives()
                   : continued(newest, target, state.tick, state.liquidity).cumulatives();
    }
    const auto slot = [&](std::uint32_t number)
    { return at(static_cast<std::uint16_t>(number % state.cardinality)); };
    Observation before = slot(state.index + 1U);
    if (!before.initialized)
        before = at(0);
    RUNNEL_REQUIRE(is_before(before.block_timestamp, target), Refusal::error("OLD"));
    Observation after;
    std::uint32_t left = (state.index + 1U) % state.cardinality;
    std::uint32_t right = left + state.cardinality - 1;
    for (;;)
    {
        const auto middle = (left + right) / 2;
        before = slot(middle);
        if (!before.initialized)  // Slots that were made ready: the older ones are behind them.
        {
            left = middle + 1;
            continue;
        }
        after = slot(middle + 1);
        const bool begins_before = is_before(before.block_timestamp, target);
        if (begins_before && is_before(target, after.block_timestamp))
            break;
        if (begins_before)
            left = middle + 1;
        else
            right = middle - 1;
    }
    if (target == before.block_timestamp)
        return before.cumulatives();
    if (target == after.block_timestamp)
        return after.cumulatives();
    const std::uint32_t whole = after.block_timestamp - before.block_timestamp;
    const std::uint32_t part = target - before.block_timestamp;
    const auto ticks = wrap_int56(after.tick_cumulative - before.tick_cumulative);
    const auto seconds_per_liquidity = wrapping_sub(after.seconds_per_liquidity_cumulative_x128,
                                           before.seconds_per_liquidity_cumulative_x128) &
                                       uint160_max;
    return Cumulatives{
        wrap_int56(before.tick_cumulative + ticks / std::int64_t{whole} * std::int64_t{part}),
        wrapping_add(before.seconds_per_liquidity_cumulative_x128,
            div_down(wrapping_mul(seconds_per_liquidity, part), whole)) &
            uint160_max};
}

}  // namespace runnel::contracts::uniswap_v3
