#include "contracts/kit/sectors/lending.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"

namespace runnel::contracts
{

void LendingMarket::add_flash_borrow(CallWriter&, std::size_t, const Amount&, CallList) const
{
    RUNNEL_CHECK(false && "this market gives flash loans");
}

void emit_reserves(SnapshotContext& context, ContractId id, const LendingMarket& market)
{
    const auto unit = market.unit_of_account();
    const auto view = market.view_at(context.block().timestamp);
    for (const auto& reserve : view->reserves())
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
        row.liquidation_threshold = Amount::from_double(reserve.threshold * 10'000 + 0.5);
        row.value_token = unit.token;
        row.value_decimals = unit.decimals;
        context.emit(id, row);
    }
}

}  // namespace runnel::contracts
