#pragma once

#include "contracts/exchanges/uniswap_v3/sqrt_price_math.hpp"
#include "contracts/exchanges/uniswap_v3/swap_math.hpp"
#include "contracts/exchanges/uniswap_v3/tick_math.hpp"

#include <algorithm>
#include <cstdint>

/// The way of a swap along the ticks, without the state that it is written to: pools run it on the
/// state of a transaction, quotes on committed state.
/// Source: Uniswap v3-core `UniswapV3Pool.sol`, `TickBitmap.sol`.
namespace runnel::contracts::uniswap_v3
{

/// A tick that the bitmap names, or the last one that its word speaks of.
struct NextTick
{
    std::int32_t tick = 0;
    bool is_initialized = false;
};

/// Where a tick's bit is: ticks are counted in units of the spacing, rounded down.
struct BitPosition
{
    std::int32_t word = 0;
    unsigned bit = 0;
};
[[nodiscard]] constexpr std::int32_t compressed_tick(
    std::int32_t tick, std::int32_t spacing) noexcept
{
    return tick / spacing - (tick < 0 && tick % spacing != 0 ? 1 : 0);
}
[[nodiscard]] constexpr BitPosition bit_position(std::int32_t compressed) noexcept
{
    return {compressed >> 8, static_cast<unsigned>(compressed & 255)};
}

/// The next initialized tick at or below @p tick if @p zero_for_one, else above it, as far as the
/// word that it is in: @p word_at gives the word of a position.
template <typename WordAt>
[[nodiscard]] NextTick next_initialized_tick(
    std::int32_t tick, std::int32_t spacing, bool zero_for_one, WordAt&& word_at)
{
    const auto compressed = compressed_tick(tick, spacing);
    if (zero_for_one)
    {
        const auto [word, bit] = bit_position(compressed);
        // Bits from 0 to the tick's own.
        const auto masked = word_at(word) << (255 - bit);
        if (masked.is_zero())
            return {(compressed - static_cast<std::int32_t>(bit)) * spacing, false};
        const auto distance = 256 - masked.bit_width();
        return {(compressed - static_cast<std::int32_t>(distance)) * spacing, true};
    }
    const auto [word, bit] = bit_position(compressed + 1);
    const auto masked = word_at(word) >> bit;
    if (masked.is_zero())
        return {(compressed + 1 + static_cast<std::int32_t>(255 - bit)) * spacing, false};
    return {(compressed + 1 + static_cast<std::int32_t>(masked.lowest_bit())) * spacing, true};
}

/// What a swap is asked to do.
struct SwapRequest
{
    bool zero_for_one = false;
    bool exact_in = false;
    Amount amount;       // Not 0: to come in, fee included, or to go out.
    Amount price_limit;  // Where it stops at the latest.
};

/// Where a swap without a limit stops: the price next to the last one.
[[nodiscard]] constexpr Amount price_end(bool zero_for_one) noexcept
{
    return zero_for_one ? wrapping_add(min_sqrt_ratio, 1) : wrapping_sub(max_sqrt_ratio, 1);
}
/// As the periphery reads a limit: 0 is none.
[[nodiscard]] constexpr Amount limit_or_end(const Amount& limit, bool zero_for_one) noexcept
{
    return limit.is_zero() ? price_end(zero_for_one) : limit;
}

/// Where a swap is.
struct SwapProgress
{
    Amount price;
    std::int32_t tick = 0;
    Amount liquidity;
    Amount remaining;  // Of the amount asked for.
    Amount moved;      // Of the other token, in or out.
    Amount fees;       // Of the token that came in, all of them.
    std::uint32_t ticks_crossed = 0;
};

/// Runs @p progress on until nothing remains or the price is at the limit. @p pool has
///
///     Amount word(std::int32_t position);                            of the bitmap
///     void step(const SwapStep&, const Amount& liquidity);           fees are to be distributed
///     Result<Int256> cross(std::int32_t tick);                       its net liquidity
///
/// Errors: those of the arithmetic, see sqrt_price_math.hpp; LS, LA of liquidity.
template <typename Pool>
[[nodiscard]] Result<void> run_swap(SwapProgress& progress, const SwapRequest& request,
    std::uint32_t fee, std::int32_t spacing, Pool& pool)
{
    const bool down = request.zero_for_one;
    while (!progress.remaining.is_zero() && progress.price != request.price_limit)
    {
        const auto price_before = progress.price;
        auto next = next_initialized_tick(progress.tick, spacing, down,
            [&pool](std::int32_t position) { return pool.word(position); });
        next.tick = std::clamp(next.tick, min_tick, max_tick);
        const auto price_next = RUNNEL_TRY(sqrt_ratio_at_tick(next.tick));
        const bool is_beyond =
            down ? price_next < request.price_limit : price_next > request.price_limit;
        const auto step = RUNNEL_TRY(
            compute_swap_step(progress.price, is_beyond ? request.price_limit : price_next,
                progress.liquidity, progress.remaining, request.exact_in, fee));
        progress.price = step.price;
        // What is counted is signed and of 256 bits, as is what has come together so far.
        const auto paid = wrapping_add(step.amount_in, step.fee);
        RUNNEL_REQUIRE(!paid.bit(255) && !step.amount_out.bit(255), Refusal::empty());
        const auto& used = request.exact_in ? paid : step.amount_out;
        const auto& other = request.exact_in ? step.amount_out : paid;
        progress.remaining = wrapping_sub(progress.remaining, used);
        progress.moved = wrapping_add(progress.moved, other);
        RUNNEL_REQUIRE(!progress.moved.bit(255), Refusal::empty());
        progress.fees = wrapping_add(progress.fees, step.fee);
        pool.step(step, progress.liquidity);

        if (progress.price == price_next)
        {
            if (next.is_initialized)
            {
                const Int256 net = RUNNEL_TRY(pool.cross(next.tick));
                progress.liquidity = RUNNEL_TRY(add_delta(progress.liquidity, down ? -net : net));
                ++progress.ticks_crossed;
            }
            progress.tick = down ? next.tick - 1 : next.tick;
        }
        else if (progress.price != price_before)
            progress.tick = RUNNEL_TRY(tick_at_sqrt_ratio(progress.price));
    }
    return {};
}

}  // namespace runnel::contracts::uniswap_v3
