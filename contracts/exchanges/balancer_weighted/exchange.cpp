// What a pool is to those who know no Balancer: contracts/kit/sectors/exchange.hpp.

#include "contracts/exchanges/balancer_weighted/pool.hpp"
#include "ledger/check.hpp"

namespace runnel::contracts
{

using namespace balancer_weighted;

Amount BalancerWeightedPool::reserve(ContractId token) const
{
    return state().balances[number_of(token)];
}

Amount BalancerWeightedPool::depth(ContractId token) const
{
    const auto in = number_of(token);
    const auto& weight_out = weights_[in == 0 ? 1 : 0];
    // A sale moves the price by its part of the balance times 1 + w_in / w_out.
    const auto factor = 2 / (1 + weights_[in].to_double() / weight_out.to_double());
    return Amount::from_double(reserve(token).to_double() * factor);
}

double BalancerWeightedPool::spot_price(ContractId token_in, ContractId token_out) const
{
    const auto in = number_of(token_in);
    const auto out = number_of(token_out);
    const auto& balances = state().balances;
    if (balances[in].is_zero())
        return 0;
    return balances[out].to_double() / weights_[out].to_double() * weights_[in].to_double() /
           balances[in].to_double();
}

double BalancerWeightedPool::fee(ContractId, ContractId) const
{
    return state().swap_fee.to_double() / static_cast<double>(one);
}

Result<Amount> BalancerWeightedPool::quote_exact_input(
    ContractId token_in, ContractId token_out, const Amount& amount_in) const
{
    RUNNEL_REQUIRE(!amount_in.is_zero(), Refusal::error("BAL#510"));
    return RUNNEL_TRY(given_in(state(), number_of(token_in), number_of(token_out), amount_in)).out;
}

Result<Amount> BalancerWeightedPool::quote_exact_output(
    ContractId token_in, ContractId token_out, const Amount& amount_out) const
{
    RUNNEL_REQUIRE(!amount_out.is_zero(), Refusal::error("BAL#510"));
    return RUNNEL_TRY(given_out(state(), number_of(token_in), number_of(token_out), amount_out)).in;
}

std::vector<Amount> BalancerWeightedPool::share_value(const Amount& shares) const
{
    std::vector<Amount> value(count());
    if (total_supply().is_zero())
        return value;
    const auto ratio = div_fixed_down(shares, total_supply());
    for (unsigned i = 0; i < count() && ratio.has_value(); ++i)
        value[i] = mul_div_down(state().balances[i], *ratio, one).value;
    return value;
}

std::optional<DepositQuote> BalancerWeightedPool::quote_deposit(
    std::span<const Amount> offered) const
{
    RUNNEL_CHECK(offered.size() == count());
    Tokens amounts;
    std::copy(offered.begin(), offered.end(), amounts.begin());
    const auto shares = shares_for(state(), amounts);
    if (!shares.has_value())
        return std::nullopt;
    return DepositQuote{{offered.begin(), offered.end()},
        total_supply().is_zero() ? wrapping_sub(*shares, minimum_shares) : *shares};
}

std::uint64_t BalancerWeightedPool::swap_gas(std::size_t) const noexcept
{
    return SwapGivenIn::gas;
}

void BalancerWeightedPool::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    RUNNEL_CHECK(order.route.size() == 1);
    const auto& hop = order.route.front();
    calls.add(id(), SwapGivenIn{hop.token_in, hop.token_out, order.amount_in, order.amount_out_min,
                        order.recipient, order.deadline});
}

void BalancerWeightedPool::add_deposit(CallWriter& calls, const DepositOrder& order) const
{
    AmountList amounts;
    for (const auto& amount : order.amounts)
        amounts.push_back(amount);
    calls.add(id(), JoinExactTokensIn{amounts, order.shares_min, order.recipient});
}

void BalancerWeightedPool::add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const
{
    AmountList amounts_min;
    for (const auto& amount : order.amounts_min)
        amounts_min.push_back(amount);
    calls.add(id(), ExitAllTokens{order.shares, amounts_min, order.recipient});
}

OrderFailure BalancerWeightedPool::failure_of(const Refusal& refusal) const
{
    if (refusal.text == "BAL#508")
        return OrderFailure::deadline;
    const bool is_limit = refusal.text == "BAL#507" || refusal.text == "BAL#505" ||
                          refusal.text == "BAL#506" || refusal.text == "BAL#208" ||
                          refusal.text == "BAL#207";
    return is_limit ? OrderFailure::limit : OrderFailure::other;
}

}  // namespace runnel::contracts
