#include "contracts/exchanges/uniswap_v3/swap_math.hpp"

#include "contracts/exchanges/uniswap_v3/sqrt_price_math.hpp"

namespace runnel::contracts::uniswap_v3
{

Result<SwapStep> compute_swap_step(const Amount& price, const Amount& target,
    const Amount& liquidity, const Amount& remaining, bool exact_in, std::uint32_t fee)
{
    const bool zero_for_one = price >= target;
    const std::uint32_t kept =
        (fee_denominator - fee) & 0xFFFFFFU;  // uint24, as the source has it.
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
        const auto without_fee =
            RUNNEL_TRY(mul_div_rounding_down(remaining, kept, fee_denominator));
        step.amount_in = RUNNEL_TRY(in_between(target));
        step.price =
            without_fee >= step.amount_in
                ? target
                : RUNNEL_TRY(next_price_from_input(price, liquidity, without_fee, zero_for_one));
    }
    else
    {
        step.amount_out = RUNNEL_TRY(out_between(target));
        step.price =
            remaining >= step.amount_out
                ? target
                : RUNNEL_TRY(next_price_from_output(price, liquidity, remaining, zero_for_one));
    }
    const bool reaches_target = step.price == target;
    if (!reaches_target || !exact_in)
        step.amount_in = RUNNEL_TRY(in_between(step.price));
    if (!reaches_target || exact_in)
        step.amount_out = RUNNEL_TRY(out_between(step.price));
    if (!exact_in && step.amount_out > remaining)
        step.amount_out = remaining;
    // Short of the target all of what is left is taken: what no price pays for is fee.
    step.fee = exact_in && !reaches_target
                   ? wrapping_sub(remaining, step.amount_in)
                   : RUNNEL_TRY(mul_div_rounding_up(step.amount_in, fee, kept));
    return step;
}

}  // namespace runnel::contracts::uniswap_v3
