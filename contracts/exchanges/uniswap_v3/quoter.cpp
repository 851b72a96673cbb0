#include "contracts/exchanges/uniswap_v3/quoter.hpp"

#include <bit>
#include <utility>

namespace runnel::contracts::uniswap_v3
{
namespace
{

/// As the quoter's parser of reasons tells it.
Result<SwapQuote> simulate(const UniswapV3Pool& pool, const SwapRequest& request, bool must_fill)
{
    RUNNEL_TRY(to_int256(request.amount));
    auto quote = pool.quote_swap(request);
    if (!quote.has_value())
    {
        return fail(quote.error().kind == RefusalKind::error ? quote.error()
                                                             : Refusal::error("Unexpected error"));
    }
    const Int256 zero;
    const bool moves = quote->amounts[0] > zero || quote->amounts[1] > zero;
    const auto& out = quote->amounts[request.zero_for_one ? 1 : 0];
    RUNNEL_REQUIRE(moves && (!must_fill || out.magnitude() == request.amount),
        Refusal::error("Unexpected error"));
    return quote;
}

unsigned count_bits(const Amount& word) noexcept
{
    int count = 0;
    for (const auto limb : word.limbs())
        count += std::popcount(limb);
    return static_cast<unsigned>(count);
}
}  // namespace

std::uint32_t count_initialized_ticks_crossed(
    const UniswapV3Pool& pool, std::int32_t tick_before, std::int32_t tick_after)
{
    const auto spacing = pool.tick_spacing();
    const auto before = bit_position(tick_before / spacing);
    const auto after = bit_position(tick_after / spacing);
    const auto stands_on = [&](std::int32_t tick, const BitPosition& at)
    { return tick % spacing == 0 && pool.bitmap_word(at.word).bit(at.bit); };
    const bool before_is_lower =
        before.word < after.word || (before.word == after.word && before.bit <= after.bit);
    const auto& lower = before_is_lower ? before : after;
    const auto& upper = before_is_lower ? after : before;
    std::uint32_t count = 0;
    for (auto word = lower.word; word <= upper.word; ++word)
    {
        auto mask = Amount::max();
        if (word == lower.word)
            mask = mask << lower.bit;
        if (word == upper.word)
            mask = mask & Amount::max() >> (255 - upper.bit);
        count += count_bits(pool.bitmap_word(word) & mask);
    }
    if (tick_before > tick_after && stands_on(tick_after, after))
        --count;
    if (tick_before < tick_after && stands_on(tick_before, before))
        --count;
    return count;
}

Result<QuoterAnswer> quote_exact_input_single(
    const UniswapV3Pool& pool, bool zero_for_one, const Amount& amount_in, const Amount& limit)
{
    const auto quote = RUNNEL_TRY(
        simulate(pool, {zero_for_one, true, amount_in, limit_or_end(limit, zero_for_one)}, false));
    return QuoterAnswer{quote.amounts[zero_for_one ? 1 : 0].magnitude(), quote.sqrt_price_after_x96,
        count_initialized_ticks_crossed(pool, pool.state().tick, quote.tick_after)};
}

Result<QuoterAnswer> quote_exact_output_single(
    const UniswapV3Pool& pool, bool zero_for_one, const Amount& amount_out, const Amount& limit)
{
    const auto quote = RUNNEL_TRY(simulate(pool,
        {zero_for_one, false, amount_out, limit_or_end(limit, zero_for_one)}, limit.is_zero()));
    return QuoterAnswer{quote.amounts[zero_for_one ? 0 : 1].magnitude(), quote.sqrt_price_after_x96,
        count_initialized_ticks_crossed(pool, pool.state().tick, quote.tick_after)};
}

}  // namespace runnel::contracts::uniswap_v3
