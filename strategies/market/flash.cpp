#include "strategies/market/flash.hpp"

#include "strategies/market/common.hpp"

namespace runnel::strategies
{

using contracts::LendingMarket;

MarketSet::MarketSet(const World& world, const std::vector<ContractId>& markets)
  : caches_(markets.size())
{
    for (const auto id : markets)
        markets_.push_back(&dynamic_cast<const LendingMarket&>(world.contract(id)));
}

void FlashLoan::add(
    CallWriter& calls, const WorldView& view, AccountId borrower, CallList nested) const
{
    add_approval(
        calls, view, token, borrower, lender->spender_of(reserve), wrapping_add(amount, fee));
    lender->add_flash_borrow(calls, reserve, amount, nested);
}

std::optional<FlashLoan> cheapest_flash_loan(
    MarketSet& markets, const WorldView& view, ContractId token, const Amount& amount)
{
    std::optional<FlashLoan> cheapest;
    for (std::size_t i = 0; i < markets.size(); ++i)
    {
        const auto& market = markets.market(i);
        const auto reserve = market.find_reserve(token);
        if (!reserve)
            continue;
        const auto fee = markets.view(i, view.timestamp).flash_fee(*reserve, amount);
        if (fee && (!cheapest || *fee < cheapest->fee))
        {
            cheapest = FlashLoan{&market, *reserve, token, amount, *fee,
                market.gas_of(contracts::LendingAction::flash_borrow)};
        }
    }
    return cheapest;
}

}  // namespace runnel::strategies
