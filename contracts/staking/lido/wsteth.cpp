#include "contracts/staking/lido/wsteth.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/staking/lido/gas.hpp"
#include "contracts/staking/lido/steth.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

namespace runnel::contracts
{

using namespace lido;

LidoWsteth::LidoWsteth(ContractIdentity identity, std::string symbol, ContractId steth)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin4},
    symbol_{std::move(symbol)},
    steth_id_{steth},
    state_{name() + ".supply"}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
}

const ContractType& LidoWsteth::contract_type()
{
    static const ContractType type{.kind = "lido_wsteth",
        .help = "Lido's wstETH: stETH wrapped, so that balances do not change by themselves.",
        .role = ContractRole::ledger,
        .sectors = implements<LidoWsteth, StakedCoin>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog>(),
        .parameters = {{"symbol", ParameterKind::text, "\"\"", {},
                           "What people call it; empty: its name in the scenario."},
            token_parameter("steth", "lido_steth", "What it wraps.")},
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto symbol = parameters.text("symbol");
            if (symbol.empty())
                symbol = identity.name;
            return std::make_unique<LidoWsteth>(
                std::move(identity), std::move(symbol), parameters.token("steth"));
        }};
    return type;
}

void LidoWsteth::connect(World& world)
{
    steth_ = dynamic_cast<LidoSteth*>(world.find_contract(steth_id_));
    RUNNEL_CHECK(steth_ != nullptr);
}

void LidoWsteth::check_invariants(const World&, Findings& findings) const
{
    const auto& held = steth_->shares(account());
    if (held < total_supply())
    {
        findings.push_back(fmt::format("{}: the supply is {}, the contract holds {} shares", name(),
            total_supply().to_string(), held.to_string()));
    }
}

bool LidoWsteth::allocate(World& world, AccountId account_id, const Amount& value)
{
    // At genesis a share is a wei.
    steth_->allocate(world, account(), value);
    auto& supply = state_.at(0).total_supply;
    supply = wrapping_add(supply, value);
    auto& balance = book_.balances.at(account_id);
    balance = wrapping_add(balance, value);
    return true;
}

Result<Amount> LidoWsteth::quote_stake(const Amount& coins) const
{
    RUNNEL_REQUIRE(!coins.is_zero(), Refusal::error("ZERO_DEPOSIT"));
    RUNNEL_REQUIRE(!steth_->state().stopped, Refusal::error("CONTRACT_IS_STOPPED"));
    return shares_of_down(steth_->rate(), coins);
}

CallGas LidoWsteth::stake_gas() const noexcept
{
    // All but the intrinsic gas is charged on the way.
    return {NativeTransfer::gas, gas::wrap_entry + gas::stake + gas::stake_and_wrap};
}

void LidoWsteth::add_stake(CallWriter& calls, const Amount& coins) const
{
    calls.add(native_coin, NativeTransfer{account(), coins});
}

Result<void> LidoWsteth::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(book_.transfer(context, from, to, amount));
    auto& allowance = context.write(book_.allowances, pair_key(from, context.sender()));
    RUNNEL_REQUIRE(allowance >= amount, Refusal::error("ERC20: transfer amount exceeds allowance"));
    allowance = wrapping_sub(allowance, amount);
    context.emit(id(), ApprovalLog{from, context.sender(), allowance});
    return {};
}

Result<Amount> LidoWsteth::wrap(CallContext context, const Amount& value)
{
    RUNNEL_REQUIRE(!value.is_zero(), Refusal::error("wstETH: can't wrap zero stETH"));
    context.use_gas(gas::call_steth);
    const auto shares = RUNNEL_TRY(shares_of_down(steth_->rate(context), value));
    const auto from = context.sender();
    RUNNEL_TRY(book_.mint(context, context.write(state_, 0).total_supply, from, shares));
    RUNNEL_TRY(steth_->transfer_from(context.as(account()), from, account(), value));
    return shares;
}

Result<Amount> LidoWsteth::unwrap(CallContext context, const Amount& value)
{
    RUNNEL_REQUIRE(!value.is_zero(), Refusal::error("wstETH: zero amount unwrap not allowed"));
    context.use_gas(gas::call_steth);
    const auto paid = RUNNEL_TRY(ether_of_down(steth_->rate(context), value));
    const auto to = context.sender();
    RUNNEL_TRY(book_.burn(context, context.write(state_, 0).total_supply, to, value));
    RUNNEL_TRY(steth_->transfer(context.as(account()), to, paid));
    return paid;
}

Result<void> LidoWsteth::receive(CallContext& context, AccountId from, const Amount& value)
{
    RUNNEL_TRY(context.charge_gas(gas::wrap_entry));
    const auto shares = RUNNEL_TRY(steth_->submit(context.as(account()), value, zero_account));
    RUNNEL_TRY(book_.mint(context, context.write(state_, 0).total_supply, from, shares));
    return context.charge_gas(gas::stake_and_wrap);
}

void LidoWsteth::declare_receive(AccessCollector& access, AccountId from) const
{
    steth_->declare_submit(access, account());
    access.write(state_, 0);
    book_.declare_credit(access, from);
}

void LidoWsteth::declare(const Wrap&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    book_.declare_credit(access, sender);
    steth_->declare_transfer_from(access, account(), sender, account());
}

void LidoWsteth::declare(const Unwrap&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    book_.declare_balance(access, sender);
    steth_->declare_transfer(access, account(), sender);
}

Result<Returns> LidoWsteth::execute(const Wrap& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(wrap(context, call.value))};
}

Result<Returns> LidoWsteth::execute(const Unwrap& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(unwrap(context, call.value))};
}

}  // namespace runnel::contracts
