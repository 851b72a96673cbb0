#include "contracts/kit/registration.hpp"
#include "contracts/vaults/strategy_vault/strategy_vault.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

/// Where a strategy vault works: it knows its source by the source's sector alone, and asks nothing
/// of committed state while a transaction runs.
namespace runnel::contracts
{

using namespace strategy_vault;

namespace
{
Refusal takes_another_token()
{
    return Refusal::error("StrategyVault: the source does not take the asset");
}
}  // namespace

void StrategyVault::connect(World& world)
{
    asset_ = &token_at(world, settings_.asset);
    asset_contract_ = world.find_contract(settings_.asset);
    asset_info_ = asset_contract_->token_info().value_or(TokenInfo{});
    source_contract_ = world.find_contract(settings_.source);
    RUNNEL_CHECK(source_contract_ != nullptr);
    market_ = dynamic_cast<const LendingMarket*>(source_contract_);
    positions_ = dynamic_cast<const LendingPositions*>(source_contract_);
    farm_ = dynamic_cast<const Farm*>(source_contract_);
    vault_ = dynamic_cast<const Vault*>(source_contract_);
    place_ = settings_.farm_pool;
    if (market_ != nullptr)
    {
        // None of the token: the calls say so.
        const auto reserve = market_->find_reserve(settings_.asset);
        place_ = reserve.value_or(0);
        if (!reserve || positions_ == nullptr)
            market_ = nullptr;
    }
    if (vault_ != nullptr && (vault_->asset() != settings_.asset || vault_ == this))
        vault_ = nullptr;
    reward_contract_ =
        settings_.reward == no_contract ? nullptr : world.find_contract(settings_.reward);
    reward_token_ = settings_.reward == no_contract ? nullptr : &token_at(world, settings_.reward);
    find_route(world);
}

void StrategyVault::find_route(const World& world)
{
    route_.clear();
    if (reward_contract_ == nullptr || settings_.reward == settings_.asset)
        return;
    auto token = settings_.reward;
    for (const auto id : settings_.exchanges)
    {
        const auto* exchange = find_exchange(world, id);
        if (exchange == nullptr || !exchange->trades(token) || token == settings_.asset)
            break;
        auto next = settings_.asset;
        if (!exchange->trades(next))
        {
            const auto all = exchange->tokens();
            next = *std::find_if(
                all.begin(), all.end(), [token](ContractId other) { return other != token; });
        }
        route_.push_back({exchange, token, next});
        token = next;
    }
    if (token != settings_.asset)
        route_.clear();
}

bool StrategyVault::has_source() const noexcept
{
    return market_ != nullptr || farm_ != nullptr || vault_ != nullptr;
}

void StrategyVault::allow(CallContext& context, const Contract& token, AccountId spender,
    const Amount& amount, CallWriter& calls) const
{
    const auto& allowances = token_at(context.world(), token.id()).allowances();
    if (context.read(allowances, pair_key(account(), spender)) < amount)
        calls.add(token.id(), Erc20Approve{spender, Amount::max()});
}

Amount StrategyVault::idle(CallContext& context) const
{
    return asset_contract_->balance_of(context, account()).value_or(Amount{});
}

Result<void> StrategyVault::deploy(CallContext& context, const Amount& amount)
{
    if (amount.is_zero())
        return {};
    RUNNEL_REQUIRE(has_source(), takes_another_token());
    CallWriter calls;
    if (market_ != nullptr)
    {
        allow(context, *asset_contract_, market_->spender_of(place_), amount, calls);
        market_->add_supply(calls, place_, amount, account());
    }
    else if (farm_ != nullptr)
    {
        allow(context, *asset_contract_, farm_->spender(), amount, calls);
        farm_->add_stake(calls, place_, amount);
        auto& staked = context.write(state_, 0).staked;
        staked = RUNNEL_TRY(Checked{staked} + amount);
    }
    else
    {
        allow(context, *asset_contract_, source_contract_->account(), amount, calls);
        vault_->add_deposit(calls, amount, account());
    }
    RUNNEL_TRY(context.run(calls.list(), account()));
    return {};
}

Result<Amount> StrategyVault::deployed(CallContext& context) const
{
    if (market_ != nullptr)
        return positions_->supplied(context, account(), place_);
    if (farm_ != nullptr)
        return context.read(state_, 0).staked;
    if (vault_ != nullptr)
    {
        const auto shares = source_contract_->balance_of(context, account());
        return vault_->assets_of(context, shares.value_or(Amount{}));
    }
    return Amount{};
}

Result<void> StrategyVault::free(CallContext& context, const Amount& amount)
{
    const auto all = RUNNEL_TRY(deployed(context));
    const auto wanted = std::min(amount, all);
    if (wanted.is_zero())
        return {};
    CallWriter calls;
    if (market_ != nullptr)
        market_->add_withdraw(calls, place_, wanted == all ? Amount::max() : wanted, account());
    else if (farm_ != nullptr)
    {
        farm_->add_withdraw(calls, place_, wanted);
        auto& staked = context.write(state_, 0).staked;
        staked = RUNNEL_TRY(Checked{staked} - wanted);
    }
    else
    {
        // As many shares as bring at least that: a redemption pays what there is, a withdrawal all
        // or nothing.
        const auto held = source_contract_->balance_of(context, account()).value_or(Amount{});
        const auto shares = wanted == all ? held : RUNNEL_TRY(mul_div_up(wanted, held, all));
        vault_->add_redeem(calls, std::min(shares, held), account(), account());
    }
    RUNNEL_TRY(context.run(calls.list(), account()));
    return {};
}

Result<void> StrategyVault::harvest(CallContext& context, const Report& call)
{
    if (farm_ != nullptr)
    {
        CallWriter claim;
        farm_->add_claim(claim, place_);
        RUNNEL_TRY(context.run(claim.list(), account()));
    }
    Amount bought;
    const auto sold = route_.empty()
                          ? Amount{}
                          : reward_contract_->balance_of(context, account()).value_or(Amount{});
    if (!sold.is_zero())
    {
        const auto* venue = route_.front().exchange->venue();
        RUNNEL_REQUIRE(venue != nullptr && route_.size() <= venue->hops_max() &&
                           std::all_of(route_.begin(), route_.end(),
                               [venue](const Hop& hop) { return venue->serves(*hop.exchange); }),
            Refusal::error("StrategyVault: no venue swaps the rewards"));
        const auto before = idle(context);
        CallWriter calls;
        allow(context, *reward_contract_, venue->contract().account(), sold, calls);
        venue->add_swap(calls, {route_, sold, call.swap_min, account(), call.deadline});
        RUNNEL_TRY(context.run(calls.list(), account()));
        bought = RUNNEL_TRY(Checked{idle(context)} - before);
        context.emit(id(), HarvestedLog{settings_.reward, sold, bought});
    }
    RUNNEL_REQUIRE(
        bought >= call.swap_min, Refusal::error("StrategyVault: the rewards bring too little"));
    return {};
}

// ---- What wallets ask ----

std::uint64_t StrategyVault::source_gas(VaultAction action) const noexcept
{
    const bool is_in = action == VaultAction::deposit || action == VaultAction::mint;
    if (market_ != nullptr)
    {
        const auto gas = market_->gas_of(is_in ? LendingAction::supply : LendingAction::withdraw);
        return gas.total();
    }
    if (farm_ != nullptr)
        return farm_->gas_of(is_in ? FarmAction::stake : FarmAction::withdraw).total();
    if (vault_ != nullptr)
        return vault_->gas_of(is_in ? VaultAction::deposit : VaultAction::redeem).total();
    return 0;
}

CallGas StrategyVault::gas_of(VaultAction action) const noexcept
{
    switch (action)
    {
        case VaultAction::deposit: return {Deposit::gas, source_gas(action) + Erc20Approve::gas};
        case VaultAction::mint:
            return {strategy_vault::Mint::gas, source_gas(action) + Erc20Approve::gas};
        case VaultAction::withdraw: return {Withdraw::gas, source_gas(action)};
        case VaultAction::redeem: return {Redeem::gas, source_gas(action)};
    }
    return {};
}

CallGas StrategyVault::report_gas() const noexcept
{
    auto extra = source_gas(VaultAction::deposit) + 2 * Erc20Approve::gas;
    if (farm_ != nullptr)
        extra += farm_->gas_of(FarmAction::claim).total();
    if (!route_.empty() && route_.front().exchange->venue() != nullptr)
        extra += route_.front().exchange->venue()->swap_gas(route_.size());
    return {Report::gas, extra};
}

void StrategyVault::add_report(
    CallWriter& calls, const Amount& swap_min, std::uint64_t deadline) const
{
    calls.add(id(), Report{swap_min, deadline});
}

Result<ReportPreview> StrategyVault::preview_report(std::uint64_t at, std::uint64_t block) const
{
    const Checked idle = asset_->holding(account());
    if (market_ != nullptr)
    {
        const auto supplied = market_->view_at(at)->holding(account(), place_).supplied;
        return ReportPreview{RUNNEL_TRY(idle + supplied), {}};
    }
    if (vault_ != nullptr)
    {
        const auto worth =
            RUNNEL_TRY(vault_->convert_to_assets(vault_->share_balance(account()), at));
        return ReportPreview{RUNNEL_TRY(idle + worth), {}};
    }
    if (farm_ == nullptr)
        return ReportPreview{RUNNEL_TRY(idle), {}};
    auto assets = idle + state().staked;
    Checked rewards = route_.empty() ? Amount{} : reward_token_->holding(account());
    for (const auto& earned : farm_->earned(account(), place_, {at, block}))
    {
        if (earned.token == settings_.asset)
            assets = assets + earned.amount;
        else if (!route_.empty() && earned.token == settings_.reward)
            rewards = rewards + earned.amount;
    }
    auto swapped = RUNNEL_TRY(rewards);
    for (const auto& hop : route_)
    {
        if (!swapped.is_zero())
        {
            swapped =
                RUNNEL_TRY(hop.exchange->quote_exact_input(hop.token_in, hop.token_out, swapped));
        }
    }
    return ReportPreview{RUNNEL_TRY(assets + swapped), swapped};
}

}  // namespace runnel::contracts
