#include "strategies/insurance/losses.hpp"

#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/recorded_deficit.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "strategies/market/common.hpp"

#include <algorithm>

namespace runnel::strategies
{

using contracts::CoverProduct;
using contracts::LendingMarket;
using contracts::RecordedDeficit;

std::optional<double> visible_loss(const WorldView& view, const CoverProduct& product)
{
    const auto* contract = view.world->find_contract(product.covered());
    const auto* market = dynamic_cast<const LendingMarket*>(contract);
    if (market == nullptr)
        return std::nullopt;
    const auto reserve = market->find_reserve(product.covered_token());
    if (!reserve)
        return std::nullopt;
    const auto now = market->view_at(view.timestamp);
    const auto& info = now->reserve(*reserve);
    const auto supplied = info.total_supplied.to_double();
    if (supplied <= 0)
        return 0;
    double lost = 0;  // Of the token's smallest unit.
    if (const auto* recorded = dynamic_cast<const RecordedDeficit*>(contract))
        lost = recorded->deficit(*reserve).to_double();
    for (const auto borrower : now->borrowers())
    {
        const auto health = now->health(borrower);
        if (health.debt <= health.collateral)
            continue;
        const auto debt = health.debt.to_double();
        const auto uncovered = 1 - health.collateral.to_double() / debt;
        lost += now->holding(borrower, *reserve).debt.to_double() * uncovered;
    }
    return std::min(1.0, lost / supplied);
}

double exposure_of(const WorldView& view, const CoverProduct& product, AccountId account)
{
    const auto* contract = view.world->find_contract(product.covered());
    const auto token = product.covered_token();
    const auto decimals = decimals_of(*view.world, token);
    if (const auto* market = dynamic_cast<const LendingMarket*>(contract))
    {
        const auto reserve = market->find_reserve(token);
        if (!reserve)
            return 0;
        return to_whole(
            market->view_at(view.timestamp)->holding(account, *reserve).supplied, decimals);
    }
    return to_whole(holding_of(view, token, account), decimals);
}

double assets_per_token(const WorldView& view, ContractId token, ContractId asset)
{
    if (const auto* vault = contracts::find_vault(*view.world, token))
    {
        const auto one = Amount::power_of_ten(decimals_of(*view.world, token));
        const auto worth = vault->convert_to_assets(one, view.timestamp);
        const auto inner = vault->asset();
        return (worth.has_value() ? to_whole(*worth, decimals_of(*view.world, inner)) : 0) *
               assets_per_token(view, inner, asset);
    }
    const auto price = reference_usd(view, token);
    const auto unit = reference_usd(view, asset);
    return price > 0 && unit > 0 ? price / unit : 1;
}

}  // namespace runnel::strategies
