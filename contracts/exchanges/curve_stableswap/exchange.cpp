// What a pool is to those who know no Curve: contracts/kit/sectors/exchange.hpp.

#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>

namespace runnel::contracts
{

namespace curve = curve_stableswap;

namespace
{
/// The curve near where a pool stands, in doubles: beliefs.
class Slope
{
public:
    Slope(const CurveStableSwapPool& pool)
    {
        const auto& curve = pool.curve();
        const auto time = pool.state().timestamp;
        const auto scaled = curve.scaled_down(pool.state().balances);
        if (!scaled.has_value())
            return;
        const auto amplification = pool.a_precise(time);
        const auto invariant = curve.invariant(*scaled, amplification);
        if (!invariant.has_value() || invariant->is_zero())
            return;
        const auto n = static_cast<double>(curve.count());
        weight_ = amplification.to_double() * n / static_cast<double>(curve.a_precision());
        const auto d = invariant->to_double();
        product_ = d;
        for (unsigned i = 0; i < curve.count(); ++i)
        {
            x_.at(i) = (*scaled)[i].to_double();
            product_ *= d / (n * x_.at(i));
        }
        is_known_ = true;
    }

    [[nodiscard]] bool is_known() const noexcept { return is_known_; }
    /// Of coin @p out for one of coin @p in, both with 18 digits.
    [[nodiscard]] double price(unsigned in, unsigned out) const
    {
        return pull_of(in) / pull_of(out);
    }
    /// How much the logarithm of that price falls per unit of @p in sold.
    [[nodiscard]] double fall(unsigned in, unsigned out) const
    {
        const auto p = price(in, out);
        const auto product_growth = product_ * (p / x_.at(out) - 1 / x_.at(in));
        const auto growth_in = (product_growth - product_ / x_.at(in)) / x_.at(in) / pull_of(in);
        const auto growth_out =
            (product_growth + product_ * p / x_.at(out)) / x_.at(out) / pull_of(out);
        return growth_out - growth_in;
    }

private:
    /// What the curve gains by one more of a coin.
    [[nodiscard]] double pull_of(unsigned coin) const { return weight_ + product_ / x_.at(coin); }

    bool is_known_ = false;
    double weight_ = 0;   // A n^n
    double product_ = 0;  // D^(n+1) / (n^n prod x)
    std::array<double, curve::coins_max> x_{};
};
}  // namespace

Amount CurveStableSwapPool::reserve(ContractId token) const
{
    return state().balances[number_of(token)];
}

Amount CurveStableSwapPool::depth(ContractId token) const
{
    const auto in = number_of(token);
    const Slope slope{*this};
    if (!slope.is_known())
        return reserve(token);
    const auto fall = slope.fall(in, in == 0 ? 1 : 0);
    if (!(fall > 0))
        return reserve(token);
    // A constant-product pool's price falls by twice of what is sold, per reserve.
    const auto depth = 2 / fall * 1e18 / curve_.rate(in).to_double();
    return Amount::from_double(std::min(depth, 1e60));
}

double CurveStableSwapPool::spot_price(ContractId token_in, ContractId token_out) const
{
    const auto in = number_of(token_in);
    const auto out = number_of(token_out);
    const Slope slope{*this};
    return slope.is_known()
               ? slope.price(in, out) * curve_.rate(in).to_double() / curve_.rate(out).to_double()
               : 0;
}

double CurveStableSwapPool::fee(ContractId, ContractId) const
{
    return parameters().fee.to_double() / static_cast<double>(curve::fee_denominator);
}

Result<Amount> CurveStableSwapPool::quote_exact_input(
    ContractId token_in, ContractId token_out, const Amount& amount_in) const
{
    return RUNNEL_TRY(curve_.exchange_down(state().balances, terms_at(state().timestamp),
                          number_of(token_in), number_of(token_out), amount_in))
        .amount_out;
}

Result<Amount> CurveStableSwapPool::quote_exact_output(
    ContractId token_in, ContractId token_out, const Amount& amount_out) const
{
    return curve_.amount_in_up(state().balances, terms_at(state().timestamp), number_of(token_in),
        number_of(token_out), amount_out);
}

std::vector<Amount> CurveStableSwapPool::share_value(const Amount& shares) const
{
    std::vector<Amount> value(coin_count());
    if (total_supply().is_zero())
        return value;
    for (unsigned i = 0; i < coin_count(); ++i)
        value[i] = mul_div_down(shares, state().balances[i], total_supply()).value;
    return value;
}

std::optional<DepositQuote> CurveStableSwapPool::quote_deposit(
    std::span<const Amount> offered) const
{
    RUNNEL_CHECK(offered.size() == coin_count());
    curve::Coins amounts;
    std::copy(offered.begin(), offered.end(), amounts.begin());
    const auto change =
        curve_.deposit_down(state().balances, terms_at(state().timestamp), total_supply(), amounts);
    if (!change.has_value())
        return std::nullopt;
    return DepositQuote{{offered.begin(), offered.end()}, change->shares};
}

std::optional<Amount> CurveStableSwapPool::quote_single_withdrawal(
    const Amount& shares, ContractId token) const
{
    const auto amount = calc_withdraw_one_coin(
        shares, static_cast<std::int32_t>(number_of(token)), state().timestamp);
    return amount.has_value() ? std::optional{*amount} : std::nullopt;
}

std::uint64_t CurveStableSwapPool::swap_gas(std::size_t) const noexcept
{
    return curve::Exchange::gas;
}

void CurveStableSwapPool::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    RUNNEL_CHECK(order.route.size() == 1);
    const auto& hop = order.route.front();
    calls.add(id(), curve::Exchange{static_cast<std::int32_t>(number_of(hop.token_in)),
                        static_cast<std::int32_t>(number_of(hop.token_out)), order.amount_in,
                        order.amount_out_min, order.recipient});
}

void CurveStableSwapPool::add_deposit(CallWriter& calls, const DepositOrder& order) const
{
    curve::AmountList amounts;
    for (const auto& amount : order.amounts)
        amounts.push_back(amount);
    calls.add(id(), curve::AddLiquidity{amounts, order.shares_min, order.recipient});
}

void CurveStableSwapPool::add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const
{
    curve::AmountList amounts_min;
    for (const auto& amount : order.amounts_min)
        amounts_min.push_back(amount);
    calls.add(id(), curve::RemoveLiquidity{order.shares, amounts_min, order.recipient});
}

void CurveStableSwapPool::add_single_withdrawal(
    CallWriter& calls, const SingleWithdrawalOrder& order) const
{
    calls.add(id(),
        curve::RemoveLiquidityOneCoin{order.shares,
            static_cast<std::int32_t>(number_of(order.token)), order.amount_min, order.recipient});
}

OrderFailure CurveStableSwapPool::failure_of(const Refusal& refusal) const
{
    const bool is_limit = refusal.text == "Exchange resulted in fewer coins than expected" ||
                          refusal.text == "Slippage screwed you" ||
                          refusal.text == "Withdrawal resulted in fewer coins than expected" ||
                          refusal.text == "Not enough coins removed";
    return is_limit ? OrderFailure::limit : OrderFailure::other;
}

}  // namespace runnel::contracts
