#include "contracts/exchanges/balancer_weighted/weighted_math.hpp"

namespace runnel::contracts::balancer_weighted
{
namespace
{
constexpr std::uint64_t swap_ratio_max = 300'000'000'000'000'000;
constexpr std::uint64_t invariant_ratio_max = 3 * one;
constexpr std::uint64_t invariant_ratio_min = 700'000'000'000'000'000;
}  // namespace

Result<Amount> invariant_down(AmountSpan weights, AmountSpan balances)
{
    Amount invariant{one};
    for (std::size_t i = 0; i < weights.size(); ++i)
    {
        const auto power = RUNNEL_TRY(pow_down(balances[i], weights[i]));
        invariant = RUNNEL_TRY(mul_fixed_down(invariant, power));
    }
    RUNNEL_REQUIRE(!invariant.is_zero(), Refusal::error("BAL#311"));
    return invariant;
}

Result<Amount> out_given_in_down(const Amount& balance_in, const Amount& weight_in,
    const Amount& balance_out, const Amount& weight_out, const Amount& amount_in)
{
    RUNNEL_REQUIRE(amount_in <= RUNNEL_TRY(mul_fixed_down(balance_in, swap_ratio_max)),
        Refusal::error("BAL#304"));
    const auto after = RUNNEL_TRY(add(balance_in, amount_in));
    const auto base = RUNNEL_TRY(div_fixed_up(balance_in, after));
    const auto exponent = RUNNEL_TRY(div_fixed_down(weight_in, weight_out));
    const auto power = RUNNEL_TRY(pow_up(base, exponent));
    return mul_fixed_down(balance_out, complement(power));
}

Result<Amount> in_given_out_up(const Amount& balance_in, const Amount& weight_in,
    const Amount& balance_out, const Amount& weight_out, const Amount& amount_out)
{
    RUNNEL_REQUIRE(amount_out <= RUNNEL_TRY(mul_fixed_down(balance_out, swap_ratio_max)),
        Refusal::error("BAL#305"));
    const auto after = RUNNEL_TRY(sub(balance_out, amount_out));
    const auto base = RUNNEL_TRY(div_fixed_up(balance_out, after));
    const auto exponent = RUNNEL_TRY(div_fixed_up(weight_out, weight_in));
    const auto power = RUNNEL_TRY(pow_up(base, exponent));
    return mul_fixed_up(balance_in, RUNNEL_TRY(sub(power, one)));
}

Result<Amount> shares_out_given_amounts_in_down(AmountSpan balances, AmountSpan weights,
    AmountSpan amounts_in, const Amount& supply, const Amount& fee)
{
    std::vector<Amount> ratios;
    Amount ratio_with_fees;
    for (std::size_t i = 0; i < balances.size(); ++i)
    {
        const auto after = RUNNEL_TRY(add(balances[i], amounts_in[i]));
        ratios.push_back(RUNNEL_TRY(div_fixed_down(after, balances[i])));
        const auto weighted = RUNNEL_TRY(mul_fixed_down(ratios[i], weights[i]));
        ratio_with_fees = RUNNEL_TRY(add(ratio_with_fees, weighted));
    }
    // What comes in beyond the invariant's growth has been swapped, as it were.
    Amount ratio{one};
    for (std::size_t i = 0; i < balances.size(); ++i)
    {
        auto without_fee = amounts_in[i];
        if (ratios[i] > ratio_with_fees)
        {
            const auto growth = RUNNEL_TRY(sub(ratio_with_fees, one));
            const auto untaxed = RUNNEL_TRY(mul_fixed_down(balances[i], growth));
            const auto taxed = RUNNEL_TRY(sub(amounts_in[i], untaxed));
            const auto swap_fee = RUNNEL_TRY(mul_fixed_up(taxed, fee));
            const auto kept = RUNNEL_TRY(sub(taxed, swap_fee));
            without_fee = RUNNEL_TRY(add(untaxed, kept));
        }
        const auto after = RUNNEL_TRY(add(balances[i], without_fee));
        const auto balance_ratio = RUNNEL_TRY(div_fixed_down(after, balances[i]));
        const auto power = RUNNEL_TRY(pow_down(balance_ratio, weights[i]));
        ratio = RUNNEL_TRY(mul_fixed_down(ratio, power));
    }
    return ratio > Amount{one} ? mul_fixed_down(supply, wrapping_sub(ratio, one)) : Amount{};
}

Result<Amount> amount_in_given_shares_out_up(const Amount& balance, const Amount& weight,
    const Amount& shares_out, const Amount& supply, const Amount& fee)
{
    const auto supply_after = RUNNEL_TRY(add(supply, shares_out));
    const auto ratio = RUNNEL_TRY(div_fixed_up(supply_after, supply));
    RUNNEL_REQUIRE(ratio <= Amount{invariant_ratio_max}, Refusal::error("BAL#307"));
    const auto exponent = RUNNEL_TRY(div_fixed_up(one, weight));
    const auto balance_ratio = RUNNEL_TRY(pow_up(ratio, exponent));
    const auto growth = RUNNEL_TRY(sub(balance_ratio, one));
    const auto without_fee = RUNNEL_TRY(mul_fixed_up(balance, growth));
    const auto taxed = RUNNEL_TRY(mul_fixed_up(without_fee, complement(weight)));
    const auto untaxed = RUNNEL_TRY(sub(without_fee, taxed));
    const auto taxed_with_fee = RUNNEL_TRY(div_fixed_up(taxed, complement(fee)));
    return add(untaxed, taxed_with_fee);
}

Result<std::vector<Amount>> amounts_in_given_shares_out_up(
    AmountSpan balances, const Amount& shares_out, const Amount& supply)
{
    const auto ratio = RUNNEL_TRY(div_fixed_up(shares_out, supply));
    std::vector<Amount> amounts;
    for (const auto& balance : balances)
        amounts.push_back(RUNNEL_TRY(mul_fixed_up(balance, ratio)));
    return amounts;
}

Result<Amount> shares_in_given_amounts_out_up(AmountSpan balances, AmountSpan weights,
    AmountSpan amounts_out, const Amount& supply, const Amount& fee)
{
    std::vector<Amount> ratios;
    Amount ratio_without_fees;
    for (std::size_t i = 0; i < balances.size(); ++i)
    {
        const auto after = RUNNEL_TRY(sub(balances[i], amounts_out[i]));
        ratios.push_back(RUNNEL_TRY(div_fixed_up(after, balances[i])));
        const auto weighted = RUNNEL_TRY(mul_fixed_up(ratios[i], weights[i]));
        ratio_without_fees = RUNNEL_TRY(add(ratio_without_fees, weighted));
    }
    Amount ratio{one};
    for (std::size_t i = 0; i < balances.size(); ++i)
    {
        auto with_fee = amounts_out[i];
        if (ratio_without_fees > ratios[i])
        {
            const auto untaxed =
                RUNNEL_TRY(mul_fixed_down(balances[i], complement(ratio_without_fees)));
            const auto taxed = RUNNEL_TRY(sub(amounts_out[i], untaxed));
            const auto taxed_with_fee = RUNNEL_TRY(div_fixed_up(taxed, complement(fee)));
            with_fee = RUNNEL_TRY(add(untaxed, taxed_with_fee));
        }
        const auto after = RUNNEL_TRY(sub(balances[i], with_fee));
        const auto balance_ratio = RUNNEL_TRY(div_fixed_down(after, balances[i]));
        const auto power = RUNNEL_TRY(pow_down(balance_ratio, weights[i]));
        ratio = RUNNEL_TRY(mul_fixed_down(ratio, power));
    }
    return mul_fixed_up(supply, complement(ratio));
}

Result<Amount> amount_out_given_shares_in_down(const Amount& balance, const Amount& weight,
    const Amount& shares_in, const Amount& supply, const Amount& fee)
{
    const auto supply_after = RUNNEL_TRY(sub(supply, shares_in));
    const auto ratio = RUNNEL_TRY(div_fixed_up(supply_after, supply));
    RUNNEL_REQUIRE(ratio >= Amount{invariant_ratio_min}, Refusal::error("BAL#306"));
    const auto exponent = RUNNEL_TRY(div_fixed_down(one, weight));
    const auto balance_ratio = RUNNEL_TRY(pow_up(ratio, exponent));
    const auto without_fee = RUNNEL_TRY(mul_fixed_down(balance, complement(balance_ratio)));
    const auto taxed = RUNNEL_TRY(mul_fixed_up(without_fee, complement(weight)));
    const auto untaxed = RUNNEL_TRY(sub(without_fee, taxed));
    const auto swap_fee = RUNNEL_TRY(mul_fixed_up(taxed, fee));
    const auto kept = RUNNEL_TRY(sub(taxed, swap_fee));
    return add(untaxed, kept);
}

Result<std::vector<Amount>> amounts_out_given_shares_in_down(
    AmountSpan balances, const Amount& shares_in, const Amount& supply)
{
    const auto ratio = RUNNEL_TRY(div_fixed_down(shares_in, supply));
    std::vector<Amount> amounts;
    for (const auto& balance : balances)
        amounts.push_back(RUNNEL_TRY(mul_fixed_down(balance, ratio)));
    return amounts;
}

}  // namespace runnel::contracts::balancer_weighted
