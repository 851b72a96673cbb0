#include "contracts/lending/compound_v2/comptroller.hpp"
#include "state/world.hpp"

/// What the calls of suppliers, borrowers and liquidators probably touch.
namespace runnel::contracts
{

using namespace compound_v2;

namespace
{
bool exists(const AccessCollector& access, AccountId account)
{
    return index(account) < access.world().account_count();
}
}  // namespace

// --- The Comptroller's part -------------------------------------------------------------------

void CompoundV2Comptroller::declare_market(AccessCollector& access, std::size_t market) const
{
    access.read(configs_, market);
    access.write(comp_states_, market);
}

void CompoundV2Comptroller::declare_price(AccessCollector& access, std::size_t market) const
{
    const auto token = index(markets_[market].c_token->underlying());
    if (simple_ != nullptr)
        access.read(simple_->prices(), token);
    else
        access.read(feed_->prices(), token);
}

void CompoundV2Comptroller::declare_settings(AccessCollector& access) const
{
    access.read(settings_, 0);
}

void CompoundV2Comptroller::declare_account(
    AccessCollector& access, std::size_t market, AccountId user) const
{
    access.read(memberships_, user);
    const auto look_at = [&](std::size_t i)
    {
        const auto& c_token = *markets_[i].c_token;
        access.read(c_token.states(), 0);
        access.read(c_token.balances(), user);
        access.read(c_token.debts(), user);
        c_token.underlying_token().declare_holding(access, c_token.account());
        access.read(configs_, i);
        declare_price(access, i);
    };
    look_at(market);
    for (const auto entered : membership(user).markets)
    {
        if (entered != market)
            look_at(entered);
    }
}

void CompoundV2Comptroller::declare_entry(AccessCollector& access, AccountId user) const
{
    access.write(memberships_, user);
}

void CompoundV2Comptroller::declare_comp(AccessCollector& access, AccountId user) const
{
    access.write(comp_accrued_, user);
}

void CompoundV2Comptroller::declare(
    const EnterMarkets& call, AccountId sender, AccessCollector& access) const
{
    declare_entry(access, sender);
    for (const auto c_token : call.c_tokens)
    {
        if (const auto market = find_market(c_token); market.has_value())
            declare_account(access, *market, sender);
    }
}

// --- The cToken's -----------------------------------------------------------------------------

void CompoundV2CToken::declare_accrual(AccessCollector& access) const
{
    access.write(state_, 0);
    if (rate_model_ != nullptr)
    {
        access.read(*rate_model_, 0);
        if (const auto* models = models_of(rate_model_->get(0)); models != nullptr)
            access.read(*models, 0);
    }
    underlying_->declare_holding(access, account());
}

void CompoundV2CToken::declare_market(AccessCollector& access) const
{
    declare_accrual(access);
    comptroller_->declare_market(access, market_);
}

void CompoundV2CToken::declare_supplier(AccessCollector& access, AccountId user) const
{
    access.write(book_.balances, user);
    access.write(comp_indexes_, user);
    comptroller_->declare_comp(access, user);
    comptroller_->declare_account(access, market_, user);
}

void CompoundV2CToken::declare_debtor(AccessCollector& access, AccountId user) const
{
    access.write(debts_, user);
    access.write(comp_indexes_, user);
    comptroller_->declare_comp(access, user);
    comptroller_->declare_account(access, market_, user);
}

void CompoundV2CToken::declare_redemption(AccessCollector& access, AccountId user) const
{
    if (comptroller_ == nullptr)
        return;
    declare_market(access);
    declare_supplier(access, user);
    underlying_->declare_transfer(access, account(), user);
}

void CompoundV2CToken::declare_repayment(
    AccessCollector& access, AccountId payer, AccountId borrower) const
{
    if (comptroller_ == nullptr || !exists(access, borrower))
        return;
    declare_market(access);
    declare_debtor(access, borrower);
    underlying_->declare_transfer_from(access, account(), payer, account());
}

void CompoundV2CToken::declare(const AccrueInterest&, AccountId, AccessCollector& access) const
{
    declare_accrual(access);
}

void CompoundV2CToken::declare(const Mint&, AccountId sender, AccessCollector& access) const
{
    if (comptroller_ == nullptr)
        return;
    declare_market(access);
    declare_supplier(access, sender);
    underlying_->declare_transfer_from(access, account(), sender, account());
}

void CompoundV2CToken::declare(const Redeem&, AccountId sender, AccessCollector& access) const
{
    declare_redemption(access, sender);
}

void CompoundV2CToken::declare(
    const RedeemUnderlying&, AccountId sender, AccessCollector& access) const
{
    declare_redemption(access, sender);
}

void CompoundV2CToken::declare(const Borrow&, AccountId sender, AccessCollector& access) const
{
    if (comptroller_ == nullptr)
        return;
    declare_market(access);
    declare_debtor(access, sender);
    comptroller_->declare_entry(access, sender);
    underlying_->declare_transfer(access, account(), sender);
}

void CompoundV2CToken::declare(const RepayBorrow&, AccountId sender, AccessCollector& access) const
{
    declare_repayment(access, sender, sender);
}

void CompoundV2CToken::declare(
    const RepayBorrowBehalf& call, AccountId sender, AccessCollector& access) const
{
    declare_repayment(access, sender, call.borrower);
}

void CompoundV2CToken::declare(
    const LiquidateBorrow& call, AccountId sender, AccessCollector& access) const
{
    const auto* collateral = dynamic_cast<const CompoundV2CToken*>(
        access.world().find_contract(call.c_token_collateral));
    if (comptroller_ == nullptr || collateral == nullptr ||
        collateral->comptroller_ != comptroller_ || !exists(access, call.borrower))
        return;
    declare_repayment(access, sender, call.borrower);
    comptroller_->declare_settings(access);
    collateral->declare_market(access);
    collateral->declare_supplier(access, call.borrower);
    collateral->declare_supplier(access, sender);
}

}  // namespace runnel::contracts
