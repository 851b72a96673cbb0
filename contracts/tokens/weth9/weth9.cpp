#include "contracts/tokens/weth9/weth9.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{
namespace
{
constexpr std::uint64_t deposit_gas = 6'800;  // A slot that was written before, and an event.
}  // namespace

Weth9::Weth9(ContractIdentity identity, std::string symbol)
  : TokenBase{std::move(identity), TokenFlavour::weth9},
    symbol_{std::move(symbol)},
    state_{name() + ".supply"}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
}

const ContractType& Weth9::contract_type()
{
    static const ContractType type{.kind = "weth9",
        .help = "Wrapped native coins: deposit and withdraw turn one into the other.",
        .role = ContractRole::ledger,
        .sectors = implements<Weth9, WrappedCoin>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, Weth9DepositLog, Weth9WithdrawalLog>(),
        .parameters = {{"symbol", ParameterKind::text, "\"\"", {},
            "What people call it; empty: its name in the scenario."}},
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto symbol = parameters.text("symbol");
            if (symbol.empty())
                symbol = identity.name;
            return std::make_unique<Weth9>(std::move(identity), std::move(symbol));
        }};
    return type;
}

void Weth9::connect(World& world)
{
    world_ = &world;
    native_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
}

void Weth9::check_invariants(const World& world, Findings& findings) const
{
    const auto& held = world.account_states.get(account()).balance;
    if (held != total_supply())
    {
        findings.push_back(fmt::format("{}: the supply is {}, the contract holds {} wei", name(),
            total_supply().to_string(), held.to_string()));
    }
}

bool Weth9::allocate(World& world, AccountId account_id, const Amount& value)
{
    const auto add = [&value](Amount& to) { to = wrapping_add(to, value); };
    const auto native_supply = Checked{world.native_supply.get(0)} + value;
    RUNNEL_CHECK(native_supply.ok());
    add(world.native_supply.at(0));
    add(world.account_states.at(account()).balance);
    add(state_.at(0).total_supply);
    add(book_.balances.at(account_id));
    return true;
}

Result<void> Weth9::receive(CallContext& context, AccountId from, const Amount& value)
{
    RUNNEL_TRY(context.charge_gas(deposit_gas));
    auto& state = context.write(state_, 0);
    state.total_supply = wrapping_add(state.total_supply, value);
    context.credit(book_.balances, from, value);
    context.emit(id(), Weth9DepositLog{from, value});
    context.use_gas(deposit_gas);
    return {};
}

Result<void> Weth9::deposit(CallContext context, const Amount& value)
{
    const auto from = context.sender();
    RUNNEL_TRY(native_->move(context, account(), value));
    auto& state = context.write(state_, 0);
    state.total_supply = wrapping_add(state.total_supply, value);
    context.credit(book_.balances, from, value);
    context.emit(id(), Weth9DepositLog{from, value});
    context.use_gas(deposit_gas);
    return {};
}

Result<void> Weth9::withdraw(CallContext context, const Amount& wad)
{
    const auto to = context.sender();
    auto& balance = context.write(book_.balances, to);
    RUNNEL_REQUIRE(balance >= wad, Refusal::empty());
    RUNNEL_REQUIRE(context.read(world_->receiver_calls, to).size == 0, Refusal::empty());
    balance = wrapping_sub(balance, wad);
    auto& state = context.write(state_, 0);
    state.total_supply = wrapping_sub(state.total_supply, wad);
    auto own = context.as(account());
    RUNNEL_TRY(native_->execute(NativeTransfer{to, wad}, own));
    context.emit(id(), Weth9WithdrawalLog{to, wad});
    return {};
}

void Weth9::declare_receive(AccessCollector& access, AccountId from) const
{
    access.write(state_, 0);
    book_.declare_credit(access, from);
}

void Weth9::declare(const Weth9Deposit& call, AccountId sender, AccessCollector& access) const
{
    native_->declare(NativeTransfer{account(), call.value}, sender, access);
}

void Weth9::declare(const Weth9Withdraw&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    book_.declare_balance(access, sender);
    access.read(world_->receiver_calls, index(sender));
    native_->declare(NativeTransfer{sender, 0}, account(), access);
}

Result<Returns> Weth9::execute(const Weth9Deposit& call, CallContext& context)
{
    RUNNEL_TRY(deposit(context, call.value));
    return Returns{};
}

Result<Returns> Weth9::execute(const Weth9Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(withdraw(context, call.wad));
    return Returns{};
}

}  // namespace runnel::contracts
