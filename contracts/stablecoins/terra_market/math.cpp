#include "contracts/stablecoins/terra_market/math.hpp"

#include <algorithm>

namespace runnel::contracts::terra_market
{
namespace
{
Result<Amount> checked(const Checked& sum)
{
    if (sum.ok())
        return sum.value;
    return fail(
        Refusal::error(sum.fault == Fault::division_by_zero ? "division by zero" : "Int overflow"));
}

/// @p quotient of something over 1e18 with @p rest, to the nearest; halves to the even digit.
Result<Amount> round_half_even(const Amount& quotient, const Amount& rest)
{
    const Amount half{dec_one / 2};
    if (rest > half || (rest == half && quotient.bit(0)))
        return checked(Checked{quotient} + 1);
    return quotient;
}

/// base + delta.
Result<Amount> moved(const Amount& base, const Int256& delta)
{
    return checked(delta.is_negative() ? Checked{base} - delta.magnitude()
                                       : Checked{base} + delta.magnitude());
}

Result<Int256> add(const Int256& delta, const Amount& amount, bool is_negative)
{
    // Both are far below 2^255: the pools are, which they were measured against.
    const auto sum = Int256::from_bits(
        is_negative ? wrapping_sub(delta.bits, amount) : wrapping_add(delta.bits, amount));
    RUNNEL_REQUIRE(!amount.bit(255) && (is_negative ? sum <= delta : sum >= delta),
        Refusal::error("Int overflow"));
    return sum;
}

const Amount& rate_of(const Rates& rates, Denomination of)
{
    static const Amount one{dec_one};
    switch (of)
    {
        case Denomination::stable: return rates.stable;
        case Denomination::base: return rates.base;
        case Denomination::volatile_: break;
    }
    return one;
}
}  // namespace

Result<Amount> dec_of(const Amount& whole)
{
    return checked(Checked{whole} * dec_one);
}

Amount whole_down(const Amount& dec)
{
    return div_down(dec, dec_one);
}

Result<Amount> mul_half_even(const Amount& a, const Amount& b)
{
    const auto quotient = RUNNEL_TRY(checked(mul_div_down(a, b, dec_one)));
    // The rest is below 1e18, so the products' low halves tell it.
    const auto rest = wrapping_sub(wrapping_mul(a, b), wrapping_mul(quotient, dec_one));
    return round_half_even(quotient, rest);
}

Result<Amount> quo_half_even(const Amount& a, const Amount& b)
{
    static const auto scale = Amount::power_of_ten(36);
    const auto digits = RUNNEL_TRY(checked(mul_div_down(a, scale, b)));
    return round_half_even(div_down(digits, dec_one), remainder(digits, dec_one));
}

Int256 replenish(const Int256& delta, std::uint64_t period, std::uint64_t blocks)
{
    auto magnitude = delta.magnitude();
    for (std::uint64_t i = 0; i < blocks; ++i)
    {
        const auto step = div_down(magnitude, period);
        if (step.is_zero())
            break;
        magnitude = wrapping_sub(magnitude, step);
    }
    return Int256::from_magnitude(magnitude, delta.is_negative());
}

Result<Pools> pools_of(const Amount& base_pool, const Int256& delta)
{
    Pools pools;
    pools.product = RUNNEL_TRY(mul_half_even(base_pool, base_pool));
    pools.stable = RUNNEL_TRY(moved(base_pool, delta));
    pools.volatile_ = RUNNEL_TRY(quo_half_even(pools.product, pools.stable));
    return pools;
}

Result<Amount> spread_of(
    const Pools& pools, bool offers_stable, const Amount& offer, const Amount& spread_min)
{
    const auto& offer_pool = offers_stable ? pools.stable : pools.volatile_;
    const auto& ask_pool = offers_stable ? pools.volatile_ : pools.stable;
    const auto filled = RUNNEL_TRY(checked(Checked{offer_pool} + offer));
    const auto rest = RUNNEL_TRY(quo_half_even(pools.product, filled));
    // offer - ask, of which ask may be above offer: then any spread is below the least one.
    const auto loss = RUNNEL_TRY(checked(Checked{offer} + rest));
    if (loss <= ask_pool)
        return spread_min;
    const auto spread = RUNNEL_TRY(quo_half_even(wrapping_sub(loss, ask_pool), offer));
    return std::max(spread, spread_min);
}

Result<Amount> convert(const Rates& rates, const Amount& amount, Denomination from, Denomination to)
{
    const auto is_base = [&](Denomination of)
    { return of == Denomination::base || (rates.is_base_stable && of == Denomination::stable); };
    if (from == to || (is_base(from) && is_base(to)))
        return amount;
    const auto product = RUNNEL_TRY(mul_half_even(amount, rate_of(rates, to)));
    auto result = RUNNEL_TRY(quo_half_even(product, rate_of(rates, from)));
    RUNNEL_REQUIRE(!result.is_zero(), Refusal::error("invalid coins"));
    return result;
}

Result<SwapPlan> plan_swap(const Rates& rates, const Amount& base_pool, const Int256& delta,
    const Amount& spread_min, bool offers_stable, const Amount& offer_amount)
{
    RUNNEL_REQUIRE(!offer_amount.is_zero() && (offer_amount >> offer_bits_max).is_zero(),
        Refusal::error("invalid coins"));
    const auto from = offers_stable ? Denomination::stable : Denomination::volatile_;
    const auto to = offers_stable ? Denomination::volatile_ : Denomination::stable;
    const auto offer = RUNNEL_TRY(dec_of(offer_amount));
    const auto base_offer = RUNNEL_TRY(convert(rates, offer, from, Denomination::base));
    const auto worth = RUNNEL_TRY(convert(rates, base_offer, Denomination::base, to));
    const auto pools = RUNNEL_TRY(pools_of(base_pool, delta));
    const auto spread = RUNNEL_TRY(spread_of(pools, offers_stable, base_offer, spread_min));
    const auto fee = RUNNEL_TRY(mul_half_even(spread, worth));
    // Rounding of huge pools against tiny offers may make the spread more than everything.
    RUNNEL_REQUIRE(fee <= worth, Refusal::error("invalid coins"));
    const auto swapped = wrapping_sub(worth, fee);

    SwapPlan plan;
    if (offers_stable)
        plan.delta = RUNNEL_TRY(add(delta, base_offer, false));
    else
    {
        const auto base_ask = RUNNEL_TRY(convert(rates, swapped, to, Denomination::base));
        plan.delta = RUNNEL_TRY(add(delta, base_ask, true));
    }
    plan.swap_coin = whole_down(swapped);
    const auto cut = wrapping_sub(swapped, wrapping_mul(plan.swap_coin, dec_one));
    plan.fee_coin = whole_down(RUNNEL_TRY(checked(Checked{fee} + cut)));
    return plan;
}

}  // namespace runnel::contracts::terra_market
