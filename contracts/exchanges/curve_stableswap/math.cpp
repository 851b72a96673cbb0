#include "contracts/exchanges/curve_stableswap/math.hpp"

#include "ledger/check.hpp"

#include <algorithm>

namespace runnel::contracts::curve_stableswap
{
namespace
{
constexpr unsigned steps_max = 255;

/// Whether a step of Newton's has changed its value by 1 at most.
bool is_near(const Amount& a, const Amount& b) noexcept
{
    return (a > b ? wrapping_sub(a, b) : wrapping_sub(b, a)) <= Amount{1};
}

Amount distance(const Amount& a, const Amount& b) noexcept
{
    return a > b ? wrapping_sub(a, b) : wrapping_sub(b, a);
}
}  // namespace

Curve::Curve(Code code, unsigned count, const std::array<std::uint8_t, coins_max>& decimals)
  : code_{code}, count_{count}
{
    RUNNEL_CHECK(count >= 2 && count <= coins_max);
    for (unsigned i = 0; i < count; ++i)
    {
        RUNNEL_CHECK(decimals[i] <= 36);
        rates_[i] = Amount::power_of_ten(36U - decimals[i]);
    }
}

Result<Coins> Curve::scaled_down(const Coins& balances) const
{
    Coins scaled;
    for (unsigned i = 0; i < count_; ++i)
        scaled[i] = RUNNEL_TRY(vyper(Checked{rates_[i]} * balances[i] / precision));
    return scaled;
}

Result<Amount> Curve::invariant(const Coins& scaled, const Amount& amplification) const
{
    const std::uint64_t n = count_;
    Checked sum{0};
    for (unsigned i = 0; i < count_; ++i)
        sum = sum + scaled[i];
    if (RUNNEL_TRY(vyper(sum)).is_zero())
        return Amount{};
    // What is the same in every step.
    std::array<Amount, coins_max> divisors;
    for (unsigned i = 0; i < count_; ++i)
        divisors[i] = RUNNEL_TRY(vyper(Checked{scaled[i]} * n));
    const Checked a_n = Checked{amplification} * n;
    const auto weighted_sum = RUNNEL_TRY(vyper(a_n * sum / a_precision()));
    const auto factor = RUNNEL_TRY(vyper(a_n - a_precision()));

    auto invariant = sum.value;
    for (unsigned step = 0; step < steps_max; ++step)
    {
        Checked product{invariant};
        for (unsigned i = 0; i < count_; ++i)
            product = product * invariant / divisors[i];
        const auto numerator = (weighted_sum + product * n) * invariant;
        const auto first = code_ == Code::three_pool ? factor * Checked{invariant}
                                                     : factor * Checked{invariant} / 100;
        const auto next = RUNNEL_TRY(vyper(numerator / (first + product * (n + 1))));
        const bool is_done = is_near(next, invariant);
        invariant = next;
        if (is_done)
            return invariant;
    }
    RUNNEL_REQUIRE(code_ == Code::three_pool, Refusal::empty());
    return invariant;
}

Result<Amount> Curve::balance_of(
    unsigned coin, const Coins& scaled, const Amount& invariant, const Amount& amplification) const
{
    const std::uint64_t n = count_;
    const Checked a_n = Checked{amplification} * n;
    Checked c{invariant};
    Checked sum{0};
    for (unsigned i = 0; i < count_; ++i)
    {
        if (i == coin)
            continue;
        sum = sum + scaled[i];
        c = c * invariant / (Checked{scaled[i]} * n);
    }
    c = c * invariant * a_precision() / (a_n * n);
    const auto constant = RUNNEL_TRY(vyper(c));
    const auto b = RUNNEL_TRY(vyper(sum + Checked{invariant} * a_precision() / a_n));

    auto balance = invariant;
    for (unsigned step = 0; step < steps_max; ++step)
    {
        const auto next = RUNNEL_TRY(vyper(
            (Checked{balance} * balance + constant) / (Checked{2} * balance + b - invariant)));
        const bool is_done = is_near(next, balance);
        balance = next;
        if (is_done)
            return balance;
    }
    RUNNEL_REQUIRE(code_ == Code::three_pool, Refusal::empty());
    return balance;
}

Result<Amount> Curve::invariant_of(const Coins& balances, const Terms& terms) const
{
    return invariant(RUNNEL_TRY(scaled_down(balances)), terms.amplification);
}

Result<Amount> Curve::raw_out(const Coins& scaled, const Terms& terms, unsigned in, unsigned out,
    const Amount& amount_in) const
{
    auto after = scaled;
    after[in] = RUNNEL_TRY(vyper(scaled[in] + Checked{amount_in} * rates_[in] / precision));
    const auto d = RUNNEL_TRY(invariant(scaled, terms.amplification));
    const auto left = RUNNEL_TRY(balance_of(out, after, d, terms.amplification));
    return vyper(Checked{scaled[out]} - left - 1);
}

Result<Trade> Curve::exchange_down(const Coins& balances, const Terms& terms, unsigned in,
    unsigned out, const Amount& amount_in) const
{
    const auto scaled = RUNNEL_TRY(scaled_down(balances));
    const auto raw = RUNNEL_TRY(raw_out(scaled, terms, in, out, amount_in));
    const auto fee = RUNNEL_TRY(vyper(Checked{raw} * terms.fee / fee_denominator));
    Trade trade;
    trade.amount_out = RUNNEL_TRY(vyper((Checked{raw} - fee) * precision / rates_[out]));
    const auto admin_fee = RUNNEL_TRY(vyper(Checked{fee} * terms.admin_fee / fee_denominator));
    trade.admin_fee = RUNNEL_TRY(vyper(Checked{admin_fee} * precision / rates_[out]));
    trade.provider_fee =
        RUNNEL_TRY(vyper(Checked{fee} * precision / rates_[out] - trade.admin_fee));
    return trade;
}

Result<Amount> Curve::quote_down(const Coins& balances, const Terms& terms, unsigned in,
    unsigned out, const Amount& amount_in) const
{
    const auto scaled = RUNNEL_TRY(scaled_down(balances));
    auto amount = RUNNEL_TRY(raw_out(scaled, terms, in, out, amount_in));
    if (code_ == Code::three_pool)
        amount = RUNNEL_TRY(vyper(Checked{amount} * precision / rates_[out]));
    const auto after_fee =
        RUNNEL_TRY(vyper(amount - Checked{terms.fee} * amount / fee_denominator));
    return code_ == Code::three_pool ? after_fee
                                     : vyper(Checked{after_fee} * precision / rates_[out]);
}

Result<Amount> Curve::amount_in_up(const Coins& balances, const Terms& terms, unsigned in,
    unsigned out, const Amount& amount_out) const
{
    const auto pays = [&](const Amount& amount_in)
    {
        const auto trade = exchange_down(balances, terms, in, out, amount_in);
        return trade.has_value() && trade->amount_out >= amount_out;
    };
    // A first guess from the curve, which roundings move by little.
    const auto scaled = RUNNEL_TRY(scaled_down(balances));
    const auto d = RUNNEL_TRY(invariant(scaled, terms.amplification));
    const auto raw = RUNNEL_TRY(vyper(Checked{amount_out} * rates_[out] / precision *
                                      fee_denominator / (Checked{fee_denominator} - terms.fee)));
    auto after = scaled;
    after[out] = RUNNEL_TRY(vyper(Checked{scaled[out]} - raw - 1));
    const auto needed = RUNNEL_TRY(balance_of(in, after, d, terms.amplification));
    auto high = needed > scaled[in]
                    ? RUNNEL_TRY(vyper((Checked{needed} - scaled[in]) * precision / rates_[in]))
                    : Amount{};
    // Brackets it in growing steps, then halves.
    auto low = high;
    for (Amount step{1}; !pays(high); step = step << 1U)
    {
        RUNNEL_REQUIRE(!step.bit(128), Refusal::empty());
        low = wrapping_add(high, 1);
        high = RUNNEL_TRY(vyper(Checked{high} + step));
    }
    for (Amount step{1}; !low.is_zero() && pays(low); step = step << 1U)
    {
        high = low;
        low = low > step ? wrapping_sub(low, step) : Amount{};
    }
    while (low < high)
    {
        const auto middle = wrapping_add(low, wrapping_sub(high, low) >> 1U);
        if (pays(middle))
            high = middle;
        else
            low = wrapping_add(middle, 1);
    }
    return high;
}

Result<Amount> Curve::imbalance_fee_down(const Amount& fee) const
{
    return vyper(Checked{fee} * count_ / (4 * (count_ - 1)));
}

Result<void> Curve::take_fees(const Coins& old, const Terms& terms, const Amount& old_invariant,
    Coins& fresh, Change& change) const
{
    const auto fee = RUNNEL_TRY(imbalance_fee_down(terms.fee));
    for (unsigned i = 0; i < count_; ++i)
    {
        const auto ideal = RUNNEL_TRY(vyper(Checked{change.invariant} * old[i] / old_invariant));
        change.fees[i] =
            RUNNEL_TRY(vyper(Checked{fee} * distance(ideal, fresh[i]) / fee_denominator));
        change.balances[i] = RUNNEL_TRY(
            vyper(fresh[i] - Checked{change.fees[i]} * terms.admin_fee / fee_denominator));
        fresh[i] = RUNNEL_TRY(vyper(Checked{fresh[i]} - change.fees[i]));
    }
    return {};
}

Result<Change> Curve::deposit_down(
    const Coins& balances, const Terms& terms, const Amount& supply, const Coins& amounts) const
{
    // three_pool takes what dust there may be without shares as nothing, base_template asks for its
    // invariant.
    Amount old_invariant;
    if (!supply.is_zero() || code_ == Code::base_template)
        old_invariant = RUNNEL_TRY(invariant_of(balances, terms));
    auto fresh = balances;
    for (unsigned i = 0; i < count_; ++i)
    {
        RUNNEL_REQUIRE(!supply.is_zero() || !amounts[i].is_zero(), Refusal::empty());
        fresh[i] = RUNNEL_TRY(vyper(Checked{fresh[i]} + amounts[i]));
    }
    Change change;
    change.invariant = RUNNEL_TRY(invariant_of(fresh, terms));
    RUNNEL_REQUIRE(change.invariant > old_invariant, Refusal::empty());
    if (supply.is_zero())
    {
        change.balances = fresh;
        change.shares = change.invariant;
        return change;
    }
    RUNNEL_TRY(take_fees(balances, terms, old_invariant, fresh, change));
    const auto after_fees = RUNNEL_TRY(invariant_of(fresh, terms));
    change.shares =
        RUNNEL_TRY(vyper(supply * (Checked{after_fees} - old_invariant) / old_invariant));
    return change;
}

Result<Change> Curve::withdrawal_up(
    const Coins& balances, const Terms& terms, const Amount& supply, const Coins& amounts) const
{
    const auto old_invariant = RUNNEL_TRY(invariant_of(balances, terms));
    auto fresh = balances;
    for (unsigned i = 0; i < count_; ++i)
        fresh[i] = RUNNEL_TRY(vyper(Checked{fresh[i]} - amounts[i]));
    Change change;
    change.invariant = RUNNEL_TRY(invariant_of(fresh, terms));
    RUNNEL_TRY(take_fees(balances, terms, old_invariant, fresh, change));
    const auto after_fees = RUNNEL_TRY(invariant_of(fresh, terms));
    const auto shares =
        RUNNEL_TRY(vyper((Checked{old_invariant} - after_fees) * supply / old_invariant));
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::empty());
    change.shares = RUNNEL_TRY(vyper(Checked{shares} + 1));
    return change;
}

Result<Amount> Curve::shares_down(const Coins& balances, const Terms& terms, const Amount& supply,
    const Coins& amounts, bool is_deposit) const
{
    const auto old_invariant = RUNNEL_TRY(invariant_of(balances, terms));
    auto fresh = balances;
    for (unsigned i = 0; i < count_; ++i)
    {
        fresh[i] = RUNNEL_TRY(
            vyper(is_deposit ? Checked{fresh[i]} + amounts[i] : Checked{fresh[i]} - amounts[i]));
    }
    const Checked new_invariant{RUNNEL_TRY(invariant_of(fresh, terms))};
    const auto difference =
        is_deposit ? new_invariant - old_invariant : old_invariant - new_invariant;
    return vyper(difference * supply / old_invariant);
}

Result<OneCoin> Curve::one_coin_down(const Coins& balances, const Terms& terms,
    const Amount& supply, const Amount& shares, unsigned coin) const
{
    const auto& a = terms.amplification;
    const auto fee = RUNNEL_TRY(imbalance_fee_down(terms.fee));
    const auto scaled = RUNNEL_TRY(scaled_down(balances));
    const auto d0 = RUNNEL_TRY(invariant(scaled, a));
    const auto d1 = RUNNEL_TRY(vyper(d0 - Checked{shares} * d0 / supply));
    const auto left = RUNNEL_TRY(balance_of(coin, scaled, d1, a));
    auto reduced = scaled;
    for (unsigned i = 0; i < count_; ++i)
    {
        const auto ideal = Checked{scaled[i]} * d1 / d0;
        const auto moved = i == coin ? ideal - left : scaled[i] - ideal;
        reduced[i] = RUNNEL_TRY(vyper(scaled[i] - fee * moved / fee_denominator));
    }
    const auto left_after_fees = RUNNEL_TRY(balance_of(coin, reduced, d1, a));
    OneCoin result;
    result.amount = RUNNEL_TRY(
        vyper((Checked{reduced[coin]} - left_after_fees - 1) * precision / rates_[coin]));
    const auto before_fees =
        RUNNEL_TRY(vyper((Checked{scaled[coin]} - left) * precision / rates_[coin]));
    result.fee = RUNNEL_TRY(vyper(Checked{before_fees} - result.amount));
    return result;
}

Result<Amount> amplification_at(
    const Amount& a0, const Amount& a1, std::uint64_t t0, std::uint64_t t1, std::uint64_t time)
{
    if (time >= t1)
        return a1;
    const Checked passed = Checked{time} - t0;
    const Checked whole = Checked{t1} - t0;
    return a1 > a0 ? vyper(a0 + (Checked{a1} - a0) * passed / whole)
                   : vyper(a0 - (Checked{a0} - a1) * passed / whole);
}

}  // namespace runnel::contracts::curve_stableswap
