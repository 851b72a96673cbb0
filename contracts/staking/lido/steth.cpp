#include "contracts/staking/lido/steth.hpp"

#include "contracts/kit/gas.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/staking/lido/gas.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::contracts
{

using namespace lido;

namespace
{
constexpr double ether_max = 340282366920938463463374607431768211455.0;  // 2^128 - 1
constexpr double fee_max = 1e20;

bool is_known(const AccessCollector& access, AccountId account) noexcept
{
    return index(account) < access.world().account_count();
}

constexpr std::string_view stone = "0xdead";  // Holds the first shares for good.
}  // namespace

LidoSteth::LidoSteth(
    ContractIdentity identity, std::string symbol, FeeDistribution fees, Roles roles)
  : ContractBase{std::move(identity)},
    symbol_{std::move(symbol)},
    fees_{std::move(fees)},
    shares_{name() + ".shares", KeyOf::account},
    allowances_{name() + ".allowances", KeyOf::account_pair},
    state_{name() + ".state"}
{
    shares_.set_conservation_weight(1);
    state_.set_conservation_weight(-1);
    state_.at(0).oracle = roles.oracle;
    state_.at(0).manager = roles.manager;
    add_table(shares_);
    add_table(allowances_);
    add_table(state_);
}

const ContractType& LidoSteth::contract_type()
{
    static const ContractType type{.kind = "lido_steth",
        .help = "Lido's stETH: shares of staked native coins, whose balances reports change.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, TransferSharesLog, SharesBurntLog,
            SubmittedLog, TokenRebasedLog, StoppedLog, ResumedLog>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call it; empty: its name in the scenario."},
                {"oracle", ParameterKind::account, "\"\"", {},
                    "The account that may report; empty: nobody."},
                {"manager", ParameterKind::account, "\"\"", {},
                    "The account that may stop and resume it; empty: nobody."},
                allocation({"pooled_ether", ParameterKind::amount, "1000000000000000000", unit::wei,
                    "Staked at the start for an account that nobody has; 0 only where [state] says "
                    "what is "
                    "pooled.",
                    0, ether_max}),
                {"fee", ParameterKind::amount, "10000000000000000000", unit::other("1e-20"),
                    "What of all rewards the protocol keeps.", 0, fee_max},
                {"operators_fee", ParameterKind::amount, "5000000000000000000",
                    unit::other("1e-20"),
                    "What of all rewards node operators get; part of the fee, whose rest is the "
                    "treasury's.",
                    0, fee_max},
                {"operators", ParameterKind::account, "\"\"", {},
                    "The account of the node operators; empty: NAME/operators."},
                {"treasury", ParameterKind::account, "\"\"", {},
                    "The account of the treasury; empty: NAME/treasury."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            const auto or_else = [](std::string text, std::string otherwise)
            { return text.empty() ? std::move(otherwise) : std::move(text); };
            FeeDistribution fees;
            fees.total = parameters.amount("fee");
            fees.modules.push_back(
                {or_else(parameters.text("operators"), identity.name + "/operators"),
                    parameters.amount("operators_fee")});
            fees.treasury = or_else(parameters.text("treasury"), identity.name + "/treasury");
            auto symbol = or_else(parameters.text("symbol"), identity.name);
            return std::make_unique<LidoSteth>(
                std::move(identity), std::move(symbol), std::move(fees));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.amount("operators_fee") <= parameters.amount("fee"))
                return "";
            return fmt::format("operators_fee: expected at most the fee, {}, got {}",
                parameters.amount("fee").to_string(),
                parameters.amount("operators_fee").to_string());
        }};
    return type;
}

void LidoSteth::connect(World& world)
{
    native_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
    modules_.clear();
    for (const auto& module : fees_.modules)
    {
        modules_.emplace_back(
            world.find_account(module.account).value_or(zero_account), module.fee);
    }
    treasury_ = world.find_account(fees_.treasury).value_or(zero_account);
}

void LidoSteth::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    for (const auto& module : fees_.modules)
        builder.account(module.account, "wallet");
    builder.account(fees_.treasury, "wallet");
    if (const auto& oracle = parameters.text("oracle"); !oracle.empty())
        state_.at(0).oracle = builder.account(oracle, "wallet");
    if (const auto& manager = parameters.text("manager"); !manager.empty())
        state_.at(0).manager = builder.account(manager, "wallet");
    allocate(builder.world(), builder.account(name() + "/" + std::string{stone}, "wallet"),
        parameters.amount("pooled_ether"));
    connect(builder.world());
}

bool LidoSteth::allocate(World& world, AccountId account_id, const Amount& value)
{
    auto& state = state_.at(0);
    const auto shares =
        state.total_shares.is_zero() ? value : shares_of_down(rate(), value).value_or(Amount{});
    const auto add = [](Amount& to, const Amount& amount)
    {
        const auto sum = Checked{to} + amount;
        RUNNEL_CHECK(sum.ok());
        to = sum.value;
    };
    add(world.native_supply.at(0), value);
    add(world.account_states.at(account()).balance, value);
    add(state.pooled_ether, value);
    add(state.total_shares, shares);
    add(shares_.at(account_id), shares);
    return true;
}

void LidoSteth::check_invariants(const World&, Findings& findings) const
{
    const auto& now = state();
    if (now.total_shares.is_zero() != now.pooled_ether.is_zero())
    {
        findings.push_back(fmt::format("{}: {} shares of {} wei", name(),
            now.total_shares.to_string(), now.pooled_ether.to_string()));
    }
    if (now.total_shares > uint128_max)
        findings.push_back(fmt::format("{}: its shares exceed 128 bits", name()));
}

Amount LidoSteth::balance(AccountId account) const
{
    return ether_of_down(rate(), shares(account)).value_or(Amount{});
}

ShareRate LidoSteth::rate(CallContext& context) const
{
    const auto& state = context.read(state_, 0);
    return {state.total_shares, state.pooled_ether};
}

Amount LidoSteth::computed_holding(CallContext& context, AccountId account) const
{
    return ether_of_down(rate(context), context.read(shares_, account)).value_or(Amount{});
}

std::optional<Amount> LidoSteth::balance_of(CallContext& context, AccountId account) const
{
    return holding(context, account);
}

void LidoSteth::declare_computed_holding(AccessCollector& access, AccountId account) const
{
    access.read(state_, 0);
    access.read(shares_, account);
}

// ---- Moving shares ----

void LidoSteth::emit_transfer(
    CallContext& context, AccountId from, AccountId to, const Amount& value, const Amount& shares)
{
    context.emit(id(), TransferLog{from, to, value});
    context.emit(id(), TransferSharesLog{from, to, shares});
}

Result<void> LidoSteth::move_shares(
    CallContext& context, AccountId from, AccountId to, const Amount& shares)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_REQUIRE(from != zero_account, Refusal::error("TRANSFER_FROM_ZERO_ADDR"));
    RUNNEL_REQUIRE(to != zero_account, Refusal::error("TRANSFER_TO_ZERO_ADDR"));
    RUNNEL_REQUIRE(to != account(), Refusal::error("TRANSFER_TO_STETH_CONTRACT"));
    context.use_gas(gas::check_transfer);
    RUNNEL_REQUIRE(!context.read(state_, 0).stopped, Refusal::error("CONTRACT_IS_STOPPED"));
    context.use_gas(gas::read_balance);
    auto& held = context.write(shares_, from);
    RUNNEL_REQUIRE(shares <= held, Refusal::error("BALANCE_EXCEEDED"));
    held = wrapping_sub(held, shares);
    const auto saved = shares.is_zero() ? gas::of_nothing_saves
                       : from == to     ? gas::to_oneself_saves
                       : held.is_zero() ? gas::of_everything_saves
                                        : 0;
    // Cannot overflow: all together are total_shares, which fit.
    context.credit(shares_, to, shares);
    context.save_gas(saved);
    context.use_gas(gas::move - saved);
    return {};
}

Result<void> LidoSteth::transfer(CallContext context, AccountId to, const Amount& amount)
{
    const auto from = context.sender();
    const auto shares = RUNNEL_TRY(shares_of_down(rate(context), amount));
    context.use_gas(gas::convert);
    RUNNEL_TRY(move_shares(context, from, to, shares));
    emit_transfer(context, from, to, amount, shares);
    return {};
}

Result<void> LidoSteth::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(spend_allowance(context, from, amount));
    return transfer(context.as(from), to, amount);
}

Result<void> LidoSteth::approve(
    CallContext& context, AccountId owner, AccountId spender, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), owner));
    RUNNEL_TRY(require_account(context.world(), spender));
    RUNNEL_REQUIRE(owner != zero_account, Refusal::error("APPROVE_FROM_ZERO_ADDR"));
    RUNNEL_REQUIRE(spender != zero_account, Refusal::error("APPROVE_TO_ZERO_ADDR"));
    context.write(allowances_, pair_key(owner, spender)) = value;
    context.emit(id(), ApprovalLog{owner, spender, value});
    return {};
}

Result<void> LidoSteth::spend_allowance(CallContext& context, AccountId owner, const Amount& value)
{
    const auto spender = context.sender();
    const Amount allowance = context.read(allowances_, pair_key(owner, spender));
    if (allowance == Amount::max())
    {
        context.save_gas(gas::spend_allowance);
        return {};
    }
    RUNNEL_REQUIRE(allowance >= value, Refusal::error("ALLOWANCE_EXCEEDED"));
    if (value.is_zero())
        context.save_gas(gas::spend_allowance);
    else
        context.use_gas(gas::spend_allowance);
    return approve(context, owner, spender, wrapping_sub(allowance, value));
}

// ---- Minting and burning ----

Result<void> LidoSteth::mint_shares(
    CallContext& context, StethState& state, AccountId to, const Amount& shares)
{
    RUNNEL_REQUIRE(to != zero_account, Refusal::error("MINT_TO_ZERO_ADDR"));
    RUNNEL_REQUIRE(to != account(), Refusal::error("MINT_TO_STETH_CONTRACT"));
    const auto total = Checked{state.total_shares} + shares;
    RUNNEL_REQUIRE(total.ok(), Refusal::error("MATH_ADD_OVERFLOW"));
    RUNNEL_REQUIRE(total.value <= uint128_max, Refusal::error("SHARES_OVERFLOW"));
    state.total_shares = total.value;
    context.credit(shares_, to, shares);
    return {};
}

Result<void> LidoSteth::emit_mint(
    CallContext& context, const StethState& state, AccountId to, const Amount& shares)
{
    const auto value = RUNNEL_TRY(ether_of_down({state.total_shares, state.pooled_ether}, shares));
    emit_transfer(context, zero_account, to, value, shares);
    return {};
}

Result<void> LidoSteth::burn_shares(
    CallContext& context, StethState& state, AccountId from, const Amount& shares)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_REQUIRE(from != zero_account, Refusal::error("BURN_FROM_ZERO_ADDR"));
    auto& held = context.write(shares_, from);
    RUNNEL_REQUIRE(shares <= held, Refusal::error("BALANCE_EXCEEDED"));
    const auto before = RUNNEL_TRY(ether_of_down({state.total_shares, state.pooled_ether}, shares));
    state.total_shares = wrapping_sub(state.total_shares, shares);
    held = wrapping_sub(held, shares);
    const auto after = RUNNEL_TRY(ether_of_down({state.total_shares, state.pooled_ether}, shares));
    context.emit(id(), SharesBurntLog{from, before, after, shares});
    return {};
}

Result<Amount> LidoSteth::stake(
    CallContext& context, AccountId from, const Amount& value, AccountId referral)
{
    RUNNEL_REQUIRE(!value.is_zero(), Refusal::error("ZERO_DEPOSIT"));
    context.use_gas(gas::check_transfer);
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(!state.stopped, Refusal::error("CONTRACT_IS_STOPPED"));
    const auto shares = RUNNEL_TRY(shares_of_down({state.total_shares, state.pooled_ether}, value));
    RUNNEL_TRY(mint_shares(context, state, from, shares));
    state.pooled_ether =
        wrapping_add(state.pooled_ether, value);  // Bounded by the coins there are.
    context.emit(id(), SubmittedLog{from, value, referral});
    RUNNEL_TRY(emit_mint(context, state, from, shares));
    return shares;
}

Result<Amount> LidoSteth::submit(CallContext context, const Amount& value, AccountId referral)
{
    const auto from = context.sender();
    RUNNEL_TRY(native_->move(context, account(), value));
    return stake(context, from, value, referral);
}

Result<void> LidoSteth::receive(CallContext& context, AccountId from, const Amount& value)
{
    RUNNEL_TRY(context.charge_gas(Submit::entry_gas));
    RUNNEL_TRY(stake(context, from, value, zero_account));
    return context.charge_gas(gas::stake);
}

// ---- Reports ----

Result<void> LidoSteth::mint_fee(CallContext& context, StethState& state, const Amount& shares)
{
    auto rest = shares;
    const auto mint = [&](AccountId to, const Amount& part) -> Result<void>
    {
        if (part.is_zero())
            return {};
        RUNNEL_TRY(mint_shares(context, state, to, part));
        return emit_mint(context, state, to, part);
    };
    for (const auto& [module, fee] : modules_)
    {
        const auto product = Checked{shares} * fee;
        RUNNEL_REQUIRE(product.ok(), Refusal::error("MATH_MUL_OVERFLOW"));
        const auto part = div_down(product.value, fees_.total);
        RUNNEL_TRY(mint(module, part));
        rest = wrapping_sub(rest, part);
    }
    return mint(treasury_, rest);
}

Result<Returns> LidoSteth::execute(const Report& call, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(state.oracle != zero_account && context.sender() == state.oracle,
        Refusal::error("APP_AUTH_FAILED"));
    const auto before = state;
    const auto overflow = Refusal::error("MATH_ADD_OVERFLOW");
    const bool is_loss = call.consensus_rewards.is_negative();
    const auto rewards =
        Checked{is_loss ? Amount{} : call.consensus_rewards.bits} + call.execution_rewards;
    const auto sum = Checked{state.pooled_ether} + rewards;
    RUNNEL_REQUIRE(sum.ok(), overflow);
    const auto penalty = is_loss ? call.consensus_rewards.magnitude() : Amount{};
    RUNNEL_REQUIRE(penalty <= state.pooled_ether, Refusal::error("NEGATIVE_POOL"));
    const auto unlocked = wrapping_sub(sum.value, penalty);
    RUNNEL_REQUIRE(call.locked_ether <= unlocked, Refusal::error("LOCK_TOO_LARGE"));
    const auto ether = wrapping_sub(unlocked, call.locked_ether);

    if (call.burn_shares.is_zero())
        context.save_gas(gas::no_burn_saves);
    else
        RUNNEL_TRY(burn_shares(context, state, call.burn_from, call.burn_shares));
    Amount minted;
    // Validators that lost leave the rewards of the execution layer to the holders.
    if (!is_loss && !call.consensus_rewards.is_zero())
    {
        const auto product = Checked{rewards.value} * fees_.total;
        RUNNEL_REQUIRE(product.ok(), Refusal::error("MATH_MUL_OVERFLOW"));
        const auto fee = div_down(product.value, FeeDistribution::precision);
        minted = RUNNEL_TRY(fee_shares_down(fee, state.total_shares, ether));
    }
    state.pooled_ether = ether;
    if (minted.is_zero())
        context.save_gas(gas::no_fee_saves);
    else
        RUNNEL_TRY(mint_fee(context, state, minted));
    const auto now = context.block().timestamp;
    context.emit(id(), TokenRebasedLog{now, now - before.last_report, before.total_shares,
                           before.pooled_ether, state.total_shares, state.pooled_ether, minted});
    state.last_report = now;
    return Returns{minted};
}

Result<Returns> LidoSteth::execute(const Stop&, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(state.manager != zero_account && context.sender() == state.manager,
        Refusal::error("APP_AUTH_FAILED"));
    RUNNEL_REQUIRE(!state.stopped, Refusal::error("CONTRACT_IS_STOPPED"));
    state.stopped = true;
    context.emit(id(), StoppedLog{});
    return Returns{};
}

Result<Returns> LidoSteth::execute(const Resume&, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(state.manager != zero_account && context.sender() == state.manager,
        Refusal::error("APP_AUTH_FAILED"));
    RUNNEL_REQUIRE(state.stopped, Refusal::error("CONTRACT_IS_ACTIVE"));
    state.stopped = false;
    context.emit(id(), ResumedLog{});
    return Returns{};
}

// ---- The other calls ----

Result<Returns> LidoSteth::execute(const Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

Result<Returns> LidoSteth::execute(const Approve& call, CallContext& context)
{
    const auto owner = context.sender();
    if (index(call.spender) < context.world().account_count())
    {
        const auto& old = context.read(allowances_, pair_key(owner, call.spender));
        context.save_gas(
            gas_saved_by_write(old.is_zero(), call.value.is_zero(), old == call.value));
    }
    RUNNEL_TRY(approve(context, owner, call.spender, call.value));
    return Returns{1};
}

Result<Returns> LidoSteth::execute(const TransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer_from(context, call.from, call.to, call.value));
    return Returns{1};
}

Result<Returns> LidoSteth::execute(const Submit& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(submit(context, call.value, call.referral))};
}

Result<Returns> LidoSteth::execute(const TransferShares& call, CallContext& context)
{
    const auto from = context.sender();
    RUNNEL_TRY(move_shares(context, from, call.to, call.shares));
    const auto value = RUNNEL_TRY(ether_of_down(rate(context), call.shares));
    emit_transfer(context, from, call.to, value, call.shares);
    return Returns{value};
}

Result<Returns> LidoSteth::execute(const TransferSharesFrom& call, CallContext& context)
{
    const auto value = RUNNEL_TRY(ether_of_down(rate(context), call.shares));
    context.use_gas(gas::convert);
    RUNNEL_TRY(spend_allowance(context, call.from, value));
    RUNNEL_TRY(move_shares(context, call.from, call.to, call.shares));
    emit_transfer(context, call.from, call.to, value, call.shares);
    return Returns{value};
}

// ---- What calls touch ----

void LidoSteth::declare_transfer(AccessCollector& access, AccountId from, AccountId to) const
{
    access.read(state_, 0);
    if (is_known(access, from))
        access.write(shares_, from);
    if (is_known(access, to))
        access.credit(shares_, to);
}

void LidoSteth::declare_transfer_from(
    AccessCollector& access, AccountId spender, AccountId from, AccountId to) const
{
    if (is_known(access, from) && is_known(access, spender))
        access.write(allowances_, pair_key(from, spender));
    declare_transfer(access, from, to);
}

void LidoSteth::declare_receive(AccessCollector& access, AccountId from) const
{
    access.write(state_, 0);
    access.credit(shares_, from);
}

void LidoSteth::declare_submit(AccessCollector& access, AccountId from) const
{
    // Its own receive() is not what a call with a value runs, and touches the same.
    native_->declare(NativeTransfer{account(), 0}, from, access);
}

void LidoSteth::declare(const Transfer& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer(access, sender, call.to);
}

void LidoSteth::declare(const Approve& call, AccountId sender, AccessCollector& access) const
{
    if (is_known(access, call.spender))
        access.write(allowances_, pair_key(sender, call.spender));
}

void LidoSteth::declare(const TransferFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer_from(access, sender, call.from, call.to);
}

void LidoSteth::declare(const Submit&, AccountId sender, AccessCollector& access) const
{
    declare_submit(access, sender);
}

void LidoSteth::declare(const TransferShares& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer(access, sender, call.to);
}

void LidoSteth::declare(
    const TransferSharesFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer_from(access, sender, call.from, call.to);
}

void LidoSteth::declare(const Report& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    if (!call.burn_shares.is_zero() && is_known(access, call.burn_from))
        access.write(shares_, call.burn_from);
    for (const auto& [module, fee] : modules_)
        access.credit(shares_, module);
    access.credit(shares_, treasury_);
}

void LidoSteth::declare(const Stop&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void LidoSteth::declare(const Resume&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

}  // namespace runnel::contracts
