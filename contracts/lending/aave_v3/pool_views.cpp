#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/lending/aave_v3/pool_account.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::contracts
{

using namespace aave_v3;

Amount AaveV3Pool::cash(std::size_t reserve) const
{
    return reserves_.at(reserve).token->holding(account());
}

Amount AaveV3Pool::price(std::size_t reserve) const
{
    return oracle_->prices().get(index(reserves_.at(reserve).token_id)).price;
}

MarketView AaveV3Pool::market(std::uint64_t timestamp) const
{
    MarketView view;
    view.timestamp = timestamp;
    view.reserves.reserve(reserves_.size());
    for (std::size_t i = 0; i < reserves_.size(); ++i)
    {
        const auto& state = states_.get(i);
        view.reserves.push_back({normalized_income(state, timestamp),
            normalized_debt(state, timestamp, version_), price(i)});
    }
    return view;
}

Amount AaveV3Pool::total_supplied(std::size_t reserve, const MarketView& market) const
{
    return supplied_of(
        version_, states_.get(reserve).scaled_supply, market.reserves.at(reserve).income)
        .value;
}

Amount AaveV3Pool::total_debt(std::size_t reserve, const MarketView& market) const
{
    return debt_of(version_, states_.get(reserve).scaled_debt, market.reserves.at(reserve).debt)
        .value;
}

Balance AaveV3Pool::balance(AccountId user, std::size_t reserve, const MarketView& market) const
{
    const auto& position = reserves_.at(reserve).positions->get(user);
    const auto& view = market.reserves.at(reserve);
    return {position.supplied_scaled, position.debt_scaled,
        supplied_of(version_, position.supplied_scaled, view.income).value,
        debt_of(version_, position.debt_scaled, view.debt).value,
        user_config(user).is_collateral(reserve)};
}

AccountData AaveV3Pool::account_data(AccountId user, const MarketView& market) const
{
    CommittedReader reader;
    auto data = evaluate(
        reader, user, [&](std::size_t i) { return market.reserves[i].income; },
        [&](std::size_t i) { return market.reserves[i].debt; });
    if (!data.has_value())
        return {};
    // Solidity's max(0, percent_mul_half_up(collateral, ltv) - debt).
    const auto most = is_v37() ? percent_mul_down(data->collateral, data->ltv)
                               : percent_mul_half_up(data->collateral, data->ltv);
    const auto available = most - data->debt;
    data->available_borrows = available.ok() ? available.value : Amount{};
    return *data;
}

AccountData AaveV3Pool::account_data(AccountId user, std::uint64_t timestamp) const
{
    return account_data(user, market(timestamp));
}

Amount AaveV3Pool::health_factor(AccountId user, const MarketView& market) const
{
    if (!has_debt(user))
        return Amount::max();
    return account_data(user, market).health_factor;
}

std::vector<AccountId> AaveV3Pool::accounts() const
{
    std::vector<AccountId> result;
    for (const auto& reserve : reserves_)
    {
        for (const auto key : reserve.positions->keys())
        {
            const auto& position = reserve.positions->get(key);
            if (!position.supplied_scaled.is_zero() || !position.debt_scaled.is_zero())
                result.push_back(AccountId{static_cast<std::uint32_t>(key)});
        }
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

std::vector<AccountId> AaveV3Pool::borrowers() const
{
    std::vector<AccountId> result;
    for (const auto key : user_configs_.keys())
    {
        if (user_configs_.get(key).is_borrowing_any())
            result.push_back(AccountId{static_cast<std::uint32_t>(key)});
    }
    return result;
}

Amount AaveV3Pool::bad_debt(const MarketView& market) const
{
    Amount sum;
    for (const auto user : borrowers())
    {
        const auto data = account_data(user, market);
        if (data.debt > data.collateral)
            sum = wrapping_add(sum, wrapping_sub(data.debt, data.collateral));
    }
    return sum;
}

void AaveV3Pool::snapshot(SnapshotContext& context) const
{
    snapshot_lending(context, id(), *this);
}

Amount AaveV3Pool::backing_tolerance(std::size_t reserve) const
{
    const auto& state = states_.get(reserve);
    const auto owned = ray_mul_half_up(state.scaled_supply, state.liquidity_index);
    const auto debt = ray_mul_half_up(state.scaled_debt, state.variable_borrow_index);
    const auto per_rounding = Checked{1} +
                              (Checked{state.liquidity_index} + state.variable_borrow_index) / ray +
                              (owned + debt) / Amount::power_of_ten(25);
    const auto bound = Checked{state.roundings} * per_rounding +
                       ray_mul_half_up(state.excess_income_scaled, state.liquidity_index);
    return bound.ok() ? bound.value : Amount::max();
}

void AaveV3Pool::check_invariants(const World&, Findings& findings) const
{
    for (std::size_t i = 0; i < reserves_.size(); ++i)
    {
        const auto& reserve = reserves_[i];
        const auto& state = states_.get(i);
        Checked supplied{0};
        Checked debt{0};
        for (const auto key : reserve.positions->keys())
        {
            const auto& position = reserve.positions->get(key);
            supplied = supplied + position.supplied_scaled;
            debt = debt + position.debt_scaled;
        }
        const auto compare = [&](std::string_view what, const Checked& sum, const Amount& total)
        {
            if (sum.ok() && sum.value == total)
                return;
            findings.push_back(fmt::format("{}: reserve {}: scaled {} sum to {}, recorded are {}",
                name(), i, what, sum.value.to_string(), total.to_string()));
        };
        compare("balances", supplied, state.scaled_supply);
        compare("debts", debt, state.scaled_debt);

        const auto owned = ray_mul_half_up(
            Checked{state.scaled_supply} + state.accrued_to_treasury, state.liquidity_index);
        const auto backing = ray_mul_half_up(state.scaled_debt, state.variable_borrow_index) +
                             cash(i) + reserve_extra(i).deficit;
        const auto bound = backing + backing_tolerance(i);
        if (owned.ok() && bound.ok() && owned.value > bound.value && !reserve.token->rebases())
        {
            findings.push_back(
                fmt::format("{}: reserve {}: suppliers and treasury own {}, cash and debt are {}",
                    name(), i, owned.value.to_string(), backing.value.to_string()));
        }
    }
}

}  // namespace runnel::contracts
