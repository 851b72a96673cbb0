#include "contracts/stablecoins/makerdao_dss/dai.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

Dai::Dai(ContractIdentity identity, std::string symbol)
  : TokenBase{std::move(identity), TokenFlavour::uniswap},
    symbol_{std::move(symbol)},
    supply_{name() + ".supply"}
{
    supply_.set_conservation_weight(-1);
    add_table(supply_);
}

const ContractType& Dai::contract_type()
{
    static const ContractType type{.kind = "makerdao_dai",
        .help = "Dai: minted and burnt by the MakerDAO system that names it.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog>(),
        .parameters = {{"symbol", ParameterKind::text, "\"\"", {},
            "What people call it; empty: its name in the scenario."}},
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto symbol = parameters.text("symbol");
            if (symbol.empty())
                symbol = identity.name;
            return std::make_unique<Dai>(std::move(identity), std::move(symbol));
        }};
    return type;
}

bool Dai::can_be_allocated() const
{
    return system_ != nullptr && system_->can_back_dai();
}

bool Dai::allocate(World& world, AccountId account_id, const Amount& value)
{
    if (!can_be_allocated() || !system_->back_dai(world, value))
        return false;
    auto& supply = supply_.at(0);
    supply = wrapping_add(supply, value);
    auto& balance = book_.balances.at(account_id);
    balance = wrapping_add(balance, value);
    return true;
}

/// What transferFrom and burn check: the balance first.
Result<void> Dai::take(CallContext& context, AccountId from, const Amount& amount)
{
    RUNNEL_REQUIRE(
        context.read(book_.balances, from) >= amount, Refusal::error("Dai/insufficient-balance"));
    const auto spender = context.sender();
    if (spender == from)
        return {};
    const auto key = pair_key(from, spender);
    const auto& allowed = context.read(book_.allowances, key);
    if (allowed == Amount::max())
        return {};
    RUNNEL_REQUIRE(allowed >= amount, Refusal::error("Dai/insufficient-allowance"));
    auto& allowance = context.write(book_.allowances, key);
    allowance = wrapping_sub(allowance, amount);
    return {};
}

Result<void> Dai::transfer(CallContext context, AccountId to, const Amount& amount)
{
    return transfer_from(context, context.sender(), to, amount);
}

Result<void> Dai::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_TRY(take(context, from, amount));
    return book_.transfer(context, from, to, amount);
}

Result<void> Dai::mint(CallContext& context, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), to));
    return book_.mint(context, context.write(supply_, 0), to, amount);
}

Result<void> Dai::burn(CallContext context, AccountId from, const Amount& amount)
{
    RUNNEL_TRY(take(context, from, amount));
    return book_.burn(context, context.write(supply_, 0), from, amount);
}

void Dai::declare_mint(AccessCollector& access, AccountId to) const
{
    access.write(supply_, 0);
    book_.declare_credit(access, to);
}

void Dai::declare_burn(AccessCollector& access, AccountId spender, AccountId from) const
{
    access.write(supply_, 0);
    book_.declare_approve(access, from, spender);
    book_.declare_balance(access, from);
}

Result<Returns> Dai::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

Result<Returns> Dai::execute(const Erc20TransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer_from(context, call.from, call.to, call.value));
    return Returns{1};
}

}  // namespace runnel::contracts
