#include "contracts/kit/sectors/lending.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"

namespace runnel::contracts
{
namespace
{
Amount bps_of(double share)
{
    return Amount::from_double(share * 10'000 + 0.5);
}
}  // namespace

AccountId LendingMarket::spender() const noexcept
{
    RUNNEL_CHECK(false && "this market has one spender");
    return {};
}

void LendingMarket::add_flash_borrow(CallWriter&, std::size_t, const Amount&, CallList) const
{
    RUNNEL_CHECK(false && "this market gives flash loans");
}

namespace
{
void emit_reserves(
    SnapshotContext& context, ContractId id, const LendingView& view, const UnitOfAccount& unit)
{
    for (const auto& reserve : view.reserves())
    {
        LendingReserve row;
        row.token = reserve.token;
        row.liquidity_index = reserve.supply_index;
        row.borrow_index = reserve.borrow_index;
        row.liquidity_rate = reserve.supply_rate;
        row.borrow_rate = reserve.borrow_rate;
        row.total_supplied = reserve.total_supplied;
        row.total_debt = reserve.total_debt;
        row.cash = reserve.cash;
        row.treasury_claim = reserve.treasury_claim;
        row.price = reserve.price;
        row.liquidation_threshold = bps_of(reserve.threshold);
        row.value_token = unit.token;
        row.value_decimals = unit.decimals;
        context.emit(id, row);
    }
}

void emit_holdings(SnapshotContext& context, ContractId id, const LendingView& view,
    const UnitOfAccount& unit, AccountId account)
{
    for (std::size_t i = 0; i < view.reserves().size(); ++i)
    {
        const auto holding = view.holding(account, i);
        if (holding.supplied.is_zero() && holding.debt.is_zero())
            continue;
        const auto& reserve = view.reserve(i);
        context.emit(id, LendingHoldingState{account, reserve.token, holding.supplied, holding.debt,
                             holding.secures_debt, reserve.price, unit.token, unit.decimals});
    }
}

Amount saturating_add(const Amount& a, const Amount& b)
{
    const auto sum = Checked{a} + b;
    return sum.ok() ? sum.value : Amount::max();
}

/// What its accounts have and owe, one by one and together.
void emit_statement(
    SnapshotContext& context, ContractId id, const LendingView& view, const UnitOfAccount& unit)
{
    static const auto one = Amount::power_of_ten(18);
    const auto accounts = view.accounts();
    LendingStatement total;
    total.itemized =
        context.snapshots() == Snapshots::all_in_full || accounts.size() <= hourly_accounts_max;
    total.accounts = accounts.size();
    total.value_token = unit.token;
    total.value_decimals = unit.decimals;
    if (total.itemized)
    {
        for (const auto account : accounts)
            emit_holdings(context, id, view, unit, account);
    }
    for (const auto account : view.borrowers())
    {
        const auto health = view.health(account);
        ++total.borrowers;
        total.collateral = saturating_add(total.collateral, health.collateral);
        total.debt = saturating_add(total.debt, health.debt);
        if (health.health_factor < one)
        {
            ++total.liquidatable;
            total.liquidatable_debt = saturating_add(total.liquidatable_debt, health.debt);
        }
        if (health.debt > health.collateral)
        {
            ++total.insolvent;
            total.bad_debt =
                saturating_add(total.bad_debt, wrapping_sub(health.debt, health.collateral));
        }
        if (total.itemized)
        {
            context.emit(
                id, LendingHealthState{account, health.collateral, health.debt,
                        bps_of(health.threshold), health.health_factor, unit.token, unit.decimals});
        }
    }
    context.emit(id, total);
}
}  // namespace

void snapshot_lending(SnapshotContext& context, ContractId id, const LendingMarket& market)
{
    const auto unit = market.unit_of_account();
    const auto view = market.view_at(context.block().timestamp);
    emit_reserves(context, id, *view, unit);
    if (context.snapshots() != Snapshots::changed)
        emit_statement(context, id, *view, unit);
}

}  // namespace runnel::contracts
