#include "contracts/exchanges/uniswap_v4/swap_loop.hpp"

namespace runnel::contracts::uniswap_v4
{

using namespace uniswap_v3;

Result<SwapStep> compute_swap_step(const Amount& price, const Amount& target,
    const Amount& liquidity, const Amount& remaining, bool exact_in, std::uint32_t fee)
{
    const bool zero_for_one = price >= target;
    const auto kept = pips - fee;
    const auto in_between = [&](const Amount& to)
    {
        return zero_for_one ? amount0_delta(to, price, liquidity, true)
                            : amount1_delta(price, to, liquidity, true);
    };
    const auto out_between = [&](const Amount& to)
    {
        return zero_for_one ? amount1_delta(to, price, liquidity, false)
                            : amount0_delta(price, to, liquidity, false);
    };

    SwapStep step;
    if (exact_in)
    {
        const auto without_fee = RUNNEL_TRY(mul_div_rounding_down(remaining, kept, pips));
        step.amount_in = RUNNEL_TRY(in_between(target));
        if (without_fee >= step.amount_in)
        {
            step.price = target;
            // All of it is a fee: only what moves the price for nothing gets here.
            step.fee = fee == pips ? step.amount_in
                                   : RUNNEL_TRY(mul_div_rounding_up(step.amount_in, fee, kept));
        }
        else
        {
            step.amount_in = without_fee;
            step.price =
                RUNNEL_TRY(next_price_from_input(price, liquidity, without_fee, zero_for_one));
            step.fee = wrapping_sub(remaining, without_fee);
        }
        step.amount_out = RUNNEL_TRY(out_between(step.price));
        return step;
    }
    step.amount_out = RUNNEL_TRY(out_between(target));
    step.price = target;
    if (remaining < step.amount_out)
    {
        step.amount_out = remaining;
        step.price = RUNNEL_TRY(next_price_from_output(price, liquidity, remaining, zero_for_one));
    }
    step.amount_in = RUNNEL_TRY(in_between(step.price));
    step.fee = RUNNEL_TRY(mul_div_rounding_up(step.amount_in, fee, kept));
    return step;
}

Amount max_liquidity_per_tick(std::int32_t spacing)
{
    const auto lowest = min_tick / spacing - (min_tick % spacing != 0 ? 1 : 0);
    const auto highest = max_tick / spacing;
    return div_down(uint128_max, static_cast<std::uint64_t>(highest - lowest + 1));
}

Result<void> check_price_limit(const Amount& price, const Amount& limit, bool zero_for_one)
{
    RUNNEL_REQUIRE(zero_for_one ? limit < price : limit > price,
        Refusal::custom("PriceLimitAlreadyExceeded").with(price).with(limit));
    RUNNEL_REQUIRE(zero_for_one ? limit > min_sqrt_ratio : limit < max_sqrt_ratio,
        Refusal::custom("PriceLimitOutOfBounds").with(limit));
    return {};
}

}  // namespace runnel::contracts::uniswap_v4
