#include "contracts/lending/aave_v3/pool.hpp"
#include "state/world.hpp"

namespace runnel::contracts
{

using namespace aave_v3;

void AaveV3Pool::declare_account(AccessCollector& access, AccountId user) const
{
    if (index(user) >= access.world().account_count())
        return;
    access.read(user_configs_, user);
    const auto& user_config = user_configs_.get(user);
    const bool whole = reserves_.size() <= declared_whole_max;
    for (std::size_t i = 0; i < reserves_.size(); ++i)
    {
        if (!whole && !user_config.is_collateral(i) && !user_config.is_borrowing(i))
            continue;
        access.read(states_, i);
        access.read(configs_, i);
        access.read(*reserves_[i].positions, user);
        access.read(oracle_->prices(), index(reserves_[i].token_id));
    }
}

void AaveV3Pool::declare_reserve(AccessCollector& access, std::size_t reserve) const
{
    // New rates follow from the cash at hand, so it is looked at.
    access.write(states_, reserve);
    access.read(curves_, reserve);
    if (is_v37())
        access.write(*extras_, reserve);
    reserves_[reserve].token->declare_holding(access, account());
}

void AaveV3Pool::declare_balance(AccessCollector& access, AccountId user, std::size_t reserve) const
{
    if (index(user) >= access.world().account_count())
        return;
    access.write(*reserves_[reserve].positions, user);
    access.write(user_configs_, user);
    // What declare_account() leaves out if the call brings the reserve into the bitmap.
    access.read(states_, reserve);
    access.read(configs_, reserve);
    access.read(oracle_->prices(), index(reserves_[reserve].token_id));
    declare_account(access, user);
}

void AaveV3Pool::declare(const Supply& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_reserve(access, *i);
    declare_balance(access, call.on_behalf_of, *i);
    reserves_[*i].token->declare_transfer_from(access, account(), sender, account());
}

void AaveV3Pool::declare(const Withdraw& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_reserve(access, *i);
    declare_balance(access, sender, *i);
    reserves_[*i].token->declare_transfer(access, account(), call.to);
}

void AaveV3Pool::declare(const Borrow& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_reserve(access, *i);
    declare_balance(access, sender, *i);
    reserves_[*i].token->declare_transfer(access, account(), sender);
}

void AaveV3Pool::declare(const Repay& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_reserve(access, *i);
    declare_balance(access, call.on_behalf_of, *i);
    reserves_[*i].token->declare_transfer_from(access, account(), sender, account());
}

void AaveV3Pool::declare(
    const RepayWithATokens& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_reserve(access, *i);
    declare_balance(access, sender, *i);
}

void AaveV3Pool::declare(
    const SetUserUseReserveAsCollateral& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    access.write(user_configs_, sender);
    access.read(states_, *i);
    access.read(configs_, *i);
    access.read(*reserves_[*i].positions, sender);
    access.read(oracle_->prices(), index(call.asset));
    declare_account(access, sender);
}

void AaveV3Pool::declare(
    const LiquidationCall& call, AccountId sender, AccessCollector& access) const
{
    const auto c = find_reserve(call.collateral_asset);
    const auto d = find_reserve(call.debt_asset);
    if (!c.has_value() || !d.has_value())
        return;
    declare_reserve(access, *d);
    declare_balance(access, call.user, *d);
    declare_balance(access, call.user, *c);
    access.write(*reserves_[*c].positions, treasury_);
    access.read(user_configs_, treasury_);
    if (call.receive_a_token)
        declare_balance(access, sender, *c);
    else
    {
        declare_reserve(access, *c);
        reserves_[*c].token->declare_transfer(access, account(), sender);
    }
    reserves_[*d].token->declare_transfer_from(access, account(), sender, account());
}

void AaveV3Pool::declare(
    const FlashLoanSimple& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_reserve(access, *i);
    access.read(configs_, *i);
    access.read(settings_, 0);
    const auto receiver = receiver_of(call, sender);
    reserves_[*i].token->declare_transfer(access, account(), receiver);
    reserves_[*i].token->declare_transfer_from(access, account(), receiver, account());
    if (receiver == sender)
        access.calls(call.callback, sender);
    else
        access.hand_over(receiver);
}

void AaveV3Pool::declare(const MintToTreasury& call, AccountId, AccessCollector& access) const
{
    access.read(user_configs_, treasury_);
    for (const auto asset : call.assets)
    {
        const auto i = find_reserve(asset);
        if (!i.has_value())
            continue;
        declare_reserve(access, *i);
        access.write(*reserves_[*i].positions, treasury_);
    }
}

void AaveV3Pool::declare(
    const TransferAToken& call, AccountId sender, AccessCollector& access) const
{
    const auto i = find_reserve(call.asset);
    if (!i.has_value())
        return;
    declare_balance(access, sender, *i);
    declare_balance(access, call.to, *i);
}

}  // namespace runnel::contracts
