#pragma once

#include "contracts/exchanges/uniswap_v3/swap_loop.hpp"
#include "contracts/exchanges/uniswap_v4/types.hpp"

#include <algorithm>
#include <cstdint>

/// The way of a swap along the ticks, without the state that it is written to: the manager runs it
/// on the state of a transaction, quotes on committed state. Prices, ticks and their bitmap are
/// Uniswap v3's; fees are not.
/// Source: Uniswap v4-core 1.0.2 `Pool.sol`, `SwapMath.sol`, `ProtocolFeeLibrary.sol`.
namespace runnel::contracts::uniswap_v4
{

/// Of a swap in that direction.
[[nodiscard]] constexpr std::uint32_t protocol_fee_of(
    std::uint32_t protocol_fee, bool zero_for_one) noexcept
{
    return zero_for_one ? protocol_fee & 0xFFFU : protocol_fee >> 12U;
}
/// What a swap pays in all: the protocol's part, and the providers' of what is left.
///
///     protocol + lp - protocol * lp / 10^6, the quotient rounded down
[[nodiscard]] constexpr std::uint32_t swap_fee_of(std::uint32_t protocol, std::uint32_t lp) noexcept
{
    const auto both = static_cast<std::uint64_t>(protocol) * lp / pips;
    return protocol + lp - static_cast<std::uint32_t>(both);
}

/// Moves the price towards @p target until @p remaining is used up: what may still come in, fee
/// included, or what is still to go out. @p fee up to 10^6, below it for exact output.
[[nodiscard]] Result<uniswap_v3::SwapStep> compute_swap_step(const Amount& price,
    const Amount& target, const Amount& liquidity, const Amount& remaining, bool exact_in,
    std::uint32_t fee);

/// What a swap is asked to do.
struct SwapTerms
{
    bool zero_for_one = false;
    bool exact_in = false;
    Amount amount;  // Not 0.
    Amount price_limit;
    std::int32_t tick_spacing = 0;
    std::uint32_t fee = 0;           // Of all.
    std::uint32_t protocol_fee = 0;  // The part of it that is the protocol's.
};

/// Where a swap is.
struct SwapProgress
{
    Amount price;
    std::int32_t tick = 0;
    Amount liquidity;
    Amount fee_growth;   // Of the currency that comes in, per unit of liquidity.
    Amount remaining;    // Of the amount asked for.
    Amount moved;        // Of the other currency.
    Amount to_protocol;  // Of the currency that comes in.
    Amount to_providers;
    std::uint32_t ticks_crossed = 0;
    std::uint32_t words = 0;  // Of the bitmap, that were looked at.
};

/// So that the liquidity of all ticks fits 128 bits; rounded down. @p spacing above 0. Unlike v3 it
/// counts a tick below the lowest one if that is not on the grid.
[[nodiscard]] Amount max_liquidity_per_tick(std::int32_t spacing);

/// Whether a swap may go to @p limit from where the pool is.
/// Errors: PriceLimitAlreadyExceeded, PriceLimitOutOfBounds.
[[nodiscard]] Result<void> check_price_limit(
    const Amount& price, const Amount& limit, bool zero_for_one);

/// Runs @p progress on until nothing remains or the price is at the limit. @p pool has
///
///     const Amount& word(std::int32_t position);                     of the bitmap
///     Int256 cross(std::int32_t tick, const Amount& fee_growth);     its net liquidity
///
/// Errors: SafeCastOverflow, Panic(0x11) of amounts beyond 255 bits.
template <typename Pool>
[[nodiscard]] Result<void> run_swap(SwapProgress& progress, const SwapTerms& terms, Pool& pool)
{
    using namespace uniswap_v3;
    const bool down = terms.zero_for_one;
    while (!progress.remaining.is_zero() && progress.price != terms.price_limit)
    {
        const auto price_before = progress.price;
        auto next = next_initialized_tick(progress.tick, terms.tick_spacing, down,
            [&pool](std::int32_t position) { return pool.word(position); });
        ++progress.words;
        next.tick = std::clamp(next.tick, min_tick, max_tick);
        const auto price_next = RUNNEL_TRY(sqrt_ratio_at_tick(next.tick));
        const bool is_beyond =
            down ? price_next < terms.price_limit : price_next > terms.price_limit;
        auto step = RUNNEL_TRY(uniswap_v4::compute_swap_step(progress.price,
            is_beyond ? terms.price_limit : price_next, progress.liquidity, progress.remaining,
            terms.exact_in, terms.fee));
        progress.price = step.price;
        const auto paid = RUNNEL_TRY(Checked{step.amount_in} + step.fee);
        RUNNEL_REQUIRE(!paid.bit(255) && !step.amount_out.bit(255), safe_cast_overflow());
        progress.remaining =
            wrapping_sub(progress.remaining, terms.exact_in ? paid : step.amount_out);
        progress.moved = wrapping_add(progress.moved, terms.exact_in ? step.amount_out : paid);
        RUNNEL_REQUIRE(!progress.moved.bit(255), Refusal::panic(0x11));
        if (terms.protocol_fee > 0)
        {
            const auto share = terms.fee == terms.protocol_fee
                                   ? step.fee
                                   : div_down(wrapping_mul(paid, terms.protocol_fee), pips);
            step.fee = wrapping_sub(step.fee, share);
            progress.to_protocol = wrapping_add(progress.to_protocol, share);
        }
        if (!progress.liquidity.is_zero())
        {
            progress.to_providers = wrapping_add(progress.to_providers, step.fee);
            progress.fee_growth = wrapping_add(
                progress.fee_growth, div_down(step.fee << fixed_point_128, progress.liquidity));
        }
        if (progress.price == price_next)
        {
            if (next.is_initialized)
            {
                const Int256 net = pool.cross(next.tick, progress.fee_growth);
                const auto after = add_delta(progress.liquidity, down ? -net : net);
                RUNNEL_REQUIRE(after.has_value(), safe_cast_overflow());
                progress.liquidity = *after;
                ++progress.ticks_crossed;
            }
            progress.tick = down ? next.tick - 1 : next.tick;
        }
        else if (progress.price != price_before)
            progress.tick = RUNNEL_TRY(tick_at_sqrt_ratio(progress.price));
    }
    return {};
}

}  // namespace runnel::contracts::uniswap_v4
