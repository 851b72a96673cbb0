#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "state/world.hpp"

/// What the calls of Morpho Blue and its markets may touch. What the owner calls, and
/// authorisations, are rare: their accesses are left to dry runs.
namespace runnel::contracts
{

using namespace morpho_blue;

void MorphoBlueMarket::declare_market(AccessCollector& access) const
{
    access.write(state_, 0);
    if (irm_ != nullptr)
        irm_->declare_borrow_rate(access, {id(), market_id_, state()});
    if (!state().fee.is_zero())
    {
        access.read(morpho_->state_, 0);
        access.write(positions_, morpho_->state().fee_recipient);
    }
}

void MorphoBlueMarket::declare_price(AccessCollector& access) const
{
    if (oracle_ != nullptr)
        oracle_->declare_price(access);
}

void MorphoBlueMarket::declare_pull(
    AccessCollector& access, std::size_t reserve, AccountId from) const
{
    if (const auto* token = reserve == loan_reserve ? loan_ : collateral_; token != nullptr)
        token->declare_transfer_from(access, morpho_account_, from, morpho_account_);
}

void MorphoBlueMarket::declare_send(
    AccessCollector& access, std::size_t reserve, AccountId to) const
{
    if (const auto* token = reserve == loan_reserve ? loan_ : collateral_; token != nullptr)
        token->declare_transfer(access, morpho_account_, to);
}

void MorphoBlueMarket::declare_supply(AccessCollector& access, AccountId from, AccountId to) const
{
    declare_market(access);
    access.write(positions_, to);
    declare_pull(access, loan_reserve, from);
}

void MorphoBlueMarket::declare_withdraw(
    AccessCollector& access, AccountId caller, AccountId owner, AccountId to) const
{
    declare_market(access);
    morpho_->declare_authorization(access, owner, caller);
    access.write(positions_, owner);
    declare_send(access, loan_reserve, to);
}

void MorphoBlueMarket::declare_borrow(
    AccessCollector& access, AccountId caller, AccountId debtor, AccountId to) const
{
    declare_withdraw(access, caller, debtor, to);
    declare_price(access);
}

void MorphoBlueMarket::declare_repay(
    AccessCollector& access, AccountId from, AccountId debtor) const
{
    declare_market(access);
    access.write(positions_, debtor);
    declare_price(access);
    declare_pull(access, loan_reserve, from);
}

void MorphoBlueMarket::declare_withdraw_collateral(
    AccessCollector& access, AccountId caller, AccountId owner, AccountId to) const
{
    declare_market(access);
    morpho_->declare_authorization(access, owner, caller);
    access.write(positions_, owner);
    access.write(collateral_total_, 0);
    declare_price(access);
    declare_send(access, collateral_reserve, to);
}

void MorphoBlueMarket::declare_liquidation(
    AccessCollector& access, AccountId caller, AccountId borrower) const
{
    declare_repay(access, caller, borrower);
    access.write(collateral_total_, 0);
    declare_send(access, collateral_reserve, caller);
}

void MorphoBlueMarket::declare(
    const MarketWithdraw& call, AccountId sender, AccessCollector& access) const
{
    declare_withdraw(access, sender, sender, call.receiver);
}
void MorphoBlueMarket::declare(
    const MarketWithdrawCollateral& call, AccountId sender, AccessCollector& access) const
{
    declare_withdraw_collateral(access, sender, sender, call.receiver);
}
void MorphoBlueMarket::declare(const MarketBorrow&, AccountId sender, AccessCollector& access) const
{
    declare_borrow(access, sender, sender, sender);
}
void MorphoBlueMarket::declare(
    const MarketRepay& call, AccountId sender, AccessCollector& access) const
{
    declare_repay(access, sender, call.debtor);
}
void MorphoBlueMarket::declare(
    const MarketLiquidate& call, AccountId sender, AccessCollector& access) const
{
    declare_liquidation(access, sender, call.borrower);
}

void MorphoBlue::declare_authorization(
    AccessCollector& access, AccountId owner, AccountId caller) const
{
    if (owner != caller)
        access.read(authorizations_, pair_key(owner, caller));
}

void MorphoBlue::declare(const CreateMarket& call, AccountId, AccessCollector& access) const
{
    access.read(state_, 0);
    for (std::uint64_t i = 0; i < state().lltvs; ++i)
        access.read(lltvs_, i);
    if (access.world().find_contract(call.market_params.irm) != nullptr)
        access.read(irms_, index(call.market_params.irm));
    const auto* market = find_market(call.market_params);
    if (market == nullptr)
        access.deploys();
    else
        market->declare_market(access);
}
void MorphoBlue::declare(const Supply& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_supply(access, sender, call.on_behalf);
    access.calls(call.data, sender);
}
void MorphoBlue::declare(const Withdraw& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_withdraw(access, sender, call.on_behalf, call.receiver);
}
void MorphoBlue::declare(const Borrow& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_borrow(access, sender, call.on_behalf, call.receiver);
}
void MorphoBlue::declare(const Repay& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_repay(access, sender, call.on_behalf);
    access.calls(call.data, sender);
}
void MorphoBlue::declare(
    const SupplyCollateral& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_supply_collateral(access, sender, call.on_behalf);
    access.calls(call.data, sender);
}
void MorphoBlue::declare(
    const WithdrawCollateral& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_withdraw_collateral(access, sender, call.on_behalf, call.receiver);
}
void MorphoBlue::declare(const Liquidate& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_liquidation(access, sender, call.borrower);
    access.calls(call.data, sender);
}
void MorphoBlue::declare(const FlashLoan& call, AccountId sender, AccessCollector& access) const
{
    if (const auto* token = find_token(access.world(), call.token); token != nullptr)
    {
        token->declare_transfer(access, account(), sender);
        token->declare_transfer_from(access, account(), sender, account());
    }
    access.calls(call.data, sender);
}
void MorphoBlue::declare(const AccrueInterest& call, AccountId, AccessCollector& access) const
{
    if (const auto* market = find_market(call.market_params); market != nullptr)
        market->declare_market(access);
}

void MorphoBlueMarket::declare_supply_collateral(
    AccessCollector& access, AccountId from, AccountId to) const
{
    access.read(state_, 0);
    access.write(positions_, to);
    access.credit(collateral_total_, 0);
    declare_price(access);
    declare_pull(access, collateral_reserve, from);
}

}  // namespace runnel::contracts
