#include "contracts/vaults/strategy_vault/strategy_vault.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace strategy_vault;
using erc4626::DepositLog;
using erc4626::WithdrawLog;

namespace
{
constexpr double year_ms = 31'556'952'000.0;

Result<Amount> result_of(const Checked& amount)
{
    return RUNNEL_TRY(amount);
}

/// How many of the vault's own shares have unlocked.
Amount unlocked_of(const VaultState& state, const Amount& own_shares, std::uint64_t now)
{
    return unlocked_down(own_shares, state.profit_unlocking_rate, state.last_report,
        state.full_profit_unlock_date, now);
}
}  // namespace

StrategyVault::StrategyVault(ContractIdentity identity, Settings settings, const Roles& roles)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin5},
    settings_{std::move(settings)},
    state_{name() + ".state"}
{
    RUNNEL_CHECK(roles.performance_fee <= performance_fee_max);
    RUNNEL_CHECK(roles.management_fee <= management_fee_max);
    state_.set_conservation_weight(-1);
    auto& state = state_.at(0);
    state.management = roles.management;
    state.keeper = roles.keeper;
    state.fee_recipient = roles.fee_recipient;
    state.performance_fee = roles.performance_fee;
    state.management_fee = roles.management_fee;
    add_table(state_);
}

const ContractType& StrategyVault::contract_type()
{
    static const ContractType type{.kind = "strategy_vault",
        .help =
            "A vault that puts its asset to work in a lending market, a farm or another vault, "
            "and compounds (by Yearn's rules).",
        .role = ContractRole::lending,
        .sectors = implements<StrategyVault, Vault, ReportingVault>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, DepositLog, WithdrawLog, ReportedLog,
            HarvestedLog, StrategyShutdownLog, UpdateFeesLog, VaultFlow, VaultReport, VaultRow>(),
        .parameters =
            {
                {"asset", ParameterKind::token, "", {}, "The token that it takes."},
                contract_parameter("source", "lending_positions|farm|vault",
                    "Where it puts the asset to work: a lending market that has it as a reserve, a "
                    "farm that stakes it, a vault that holds it."),
                {"farm_pool", ParameterKind::integer, "0", {},
                    "Which of a farm's pools stakes the asset.", 0, 1e6},
                {"reward", ParameterKind::token, "\"\"", {},
                    "What a farm pays, if that is not the asset; reports swap it."},
                {"exchanges", ParameterKind::contracts, "[]", {},
                    "The exchanges by which rewards become the asset, in order; all of one router.",
                    0, 0, {}, "exchange"},
                {"performance_fee_bps", ParameterKind::integer, "1000", unit::bps,
                    "What the fee recipient gets of gains.", 0, performance_fee_max},
                {"management_fee_bps", ParameterKind::integer, "0", unit::bps_per_year,
                    "What it gets of the assets, as far as there are gains.", 0,
                    management_fee_max},
                {"profit_max_unlock_time", ParameterKind::duration, "\"10d\"", {},
                    "Over how long a gain raises the price of shares; 0: at once.", 0, year_ms},
                {"management", ParameterKind::account, "\"\"", {},
                    "The account that may shut it down and set fees; empty: nobody."},
                {"keeper", ParameterKind::account, "\"\"", {},
                    "The account that may report; empty: management alone."},
                {"fee_recipient", ParameterKind::account, "\"\"", {},
                    "The account that gets fees, as shares; empty: NAME/fees."},
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call a share; empty: its name in the scenario."},
                allocation({"initial_assets", ParameterKind::amount, "0",
                    unit::smallest_unit_of("asset"),
                    "Deposited at genesis by the account NAME/seed_depositor, which is given the "
                    "tokens.",
                    0, 1e60}),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            Settings settings;
            settings.asset = parameters.token("asset");
            settings.source = parameters.contract("source");
            settings.farm_pool = static_cast<std::uint32_t>(parameters.integer("farm_pool"));
            if (parameters.has("reward"))
                settings.reward = parameters.token("reward");
            settings.exchanges = parameters.contracts("exchanges");
            settings.profit_max_unlock_time =
                static_cast<std::uint64_t>(parameters.duration_ms("profit_max_unlock_time")) /
                1'000;
            settings.symbol = parameters.text("symbol");
            if (settings.symbol.empty())
                settings.symbol = identity.name;
            Roles roles;
            roles.performance_fee =
                static_cast<std::uint16_t>(parameters.integer("performance_fee_bps"));
            roles.management_fee =
                static_cast<std::uint16_t>(parameters.integer("management_fee_bps"));
            return std::make_unique<StrategyVault>(std::move(identity), std::move(settings), roles);
        }};
    return type;
}

std::optional<TokenInfo> StrategyVault::token_info() const
{
    return TokenInfo{settings_.symbol, asset_info_.decimals};
}

void StrategyVault::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    auto& state = state_.at(0);
    if (const auto& management = parameters.text("management"); !management.empty())
        state.management = builder.account(management, "wallet");
    if (const auto& keeper = parameters.text("keeper"); !keeper.empty())
        state.keeper = builder.account(keeper, "keeper");
    const auto& recipient = parameters.text("fee_recipient");
    state.fee_recipient =
        builder.account(recipient.empty() ? name() + "/fees" : recipient, "wallet");
    const auto& assets = parameters.amount("initial_assets");
    if (assets.is_zero())
        return;
    const auto seed = builder.account(name() + "/seed_depositor", "wallet");
    const bool given = asset_->allocate(builder.world(), seed, assets);
    RUNNEL_CHECK(given);
    CallWriter calls;
    calls.add(settings_.asset, Erc20Approve{account(), assets});
    calls.add(id(), Deposit{assets, seed});
    builder.transaction(seed, std::move(calls).take());
}

void StrategyVault::check_invariants(const World&, Findings& findings) const
{
    const auto& vault = state();
    const auto& own = balance(account());
    if (own > vault.total_supply)
        findings.push_back(fmt::format("{}: locks more shares than there are", name()));
    // What unlocks until the end is what is locked, a rounding aside.
    if (vault.full_profit_unlock_date > vault.last_report)
    {
        const auto all = mul_div_down(vault.profit_unlocking_rate,
            Amount{vault.full_profit_unlock_date - vault.last_report}, unlocking_rate_scale);
        if (!all.ok() || all.value > own)
            findings.push_back(fmt::format("{}: unlocks more shares than it has", name()));
    }
    else if (!own.is_zero())
        findings.push_back(fmt::format("{}: has shares that will not unlock", name()));
    const Totals everything{vault.total_assets, vault.total_supply};
    if (!everything.shares.is_zero())
    {
        const auto worth = assets_down(everything.shares, everything);
        if (!worth.ok() || worth.value > vault.total_assets)
            findings.push_back(fmt::format("{}: its shares are worth more than it has", name()));
    }
    if (farm_ != nullptr && place_ < farm_->pool_count() &&
        farm_->staked(account(), place_) != vault.staked)
    {
        findings.push_back(fmt::format("{}: has {} staked, not {}", name(),
            farm_->staked(account(), place_).to_string(), vault.staked.to_string()));
    }
}

// ---- Views ----

Totals StrategyVault::totals(std::uint64_t at) const
{
    const auto& vault = state();
    const auto now = std::max(at, vault.last_report);
    return {vault.total_assets,
        wrapping_sub(vault.total_supply, unlocked_of(vault, balance(account()), now))};
}

Totals StrategyVault::totals(CallContext& context) const
{
    const auto& vault = context.read(state_, 0);
    const auto& own = context.read(book_.balances, account());
    return {vault.total_assets,
        wrapping_sub(vault.total_supply, unlocked_of(vault, own, context.block().timestamp))};
}

Amount StrategyVault::locked_shares(std::uint64_t at) const
{
    const auto now = std::max(at, state().last_report);
    const auto& own = balance(account());
    return wrapping_sub(own, unlocked_of(state(), own, now));
}

Amount StrategyVault::total_assets(std::uint64_t) const
{
    return state().total_assets;
}

Amount StrategyVault::share_supply(std::uint64_t at) const
{
    return totals(at).shares;
}

Result<Amount> StrategyVault::convert_to_shares(const Amount& assets, std::uint64_t at) const
{
    return result_of(shares_down(assets, totals(at)));
}

Result<Amount> StrategyVault::convert_to_assets(const Amount& shares, std::uint64_t at) const
{
    return result_of(assets_down(shares, totals(at)));
}

Result<Amount> StrategyVault::preview_mint(const Amount& shares, std::uint64_t at) const
{
    return result_of(assets_up(shares, totals(at)));
}

Result<Amount> StrategyVault::preview_withdraw(const Amount& assets, std::uint64_t at) const
{
    return result_of(shares_up(assets, totals(at)));
}

Amount StrategyVault::max_deposit(AccountId receiver, std::uint64_t at) const
{
    if (state().shutdown || receiver == account() || !has_source())
        return {};
    if (market_ != nullptr)
        return market_->view_at(at)->reserve(place_).supply_room;
    return vault_ != nullptr ? vault_->max_deposit(account(), at) : Amount::max();
}

Amount StrategyVault::max_withdraw(AccountId owner, std::uint64_t at) const
{
    const auto worth = convert_to_assets(balance(owner), at).value_or(Amount{});
    const auto loose = asset_->holding(account());
    Checked available = Amount::max();
    if (market_ != nullptr)
        available = Checked{loose} + market_->view_at(at)->reserve(place_).cash;
    else if (vault_ != nullptr)
        available = Checked{loose} + vault_->max_withdraw(account(), at);
    return available.ok() ? std::min(worth, available.value) : worth;
}

Amount StrategyVault::max_redeem(AccountId owner, std::uint64_t at) const
{
    const auto& shares = balance(owner);
    const auto assets = max_withdraw(owner, at);
    if (assets == convert_to_assets(shares, at).value_or(Amount{}))
        return shares;
    return std::min(shares, convert_to_shares(assets, at).value_or(Amount{}));
}

Result<Amount> StrategyVault::assets_of(CallContext& context, const Amount& shares) const
{
    return result_of(assets_down(shares, totals(context)));
}

// ---- Shares ----

Result<void> StrategyVault::transfer(CallContext context, AccountId to, const Amount& amount)
{
    RUNNEL_REQUIRE(to != account(), Refusal::error("ERC20 transfer to strategy"));
    return book_.transfer(context, context.sender(), to, amount);
}

Result<void> StrategyVault::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_REQUIRE(to != account(), Refusal::error("ERC20 transfer to strategy"));
    return book_.transfer_from(context, from, to, amount);
}

Result<Returns> StrategyVault::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

// ---- Deposits and withdrawals ----

Result<void> StrategyVault::take_in(
    CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares)
{
    RUNNEL_TRY(openzeppelin::safe_5(
        asset_->transfer_from(context.as(account()), context.sender(), account(), assets),
        asset_contract_->account()));
    // Gifts that lie here go to work too; the next report counts them.
    RUNNEL_TRY(deploy(context, idle(context)));
    auto& state = context.write(state_, 0);
    state.total_assets = RUNNEL_TRY(Checked{state.total_assets} + assets);
    RUNNEL_TRY(book_.mint(context, state.total_supply, receiver, shares));
    context.emit(id(), DepositLog{context.sender(), receiver, assets, shares});
    context.emit(
        id(), VaultFlow{VaultFlowType::deposit, receiver, settings_.asset, assets, id(), shares});
    return {};
}

Result<Returns> StrategyVault::execute(const Deposit& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.receiver));
    const auto assets =
        call.assets == Amount::max()
            ? asset_contract_->balance_of(context, context.sender()).value_or(Amount{})
            : call.assets;
    RUNNEL_REQUIRE(!context.read(state_, 0).shutdown && call.receiver != account(),
        Refusal::error("ERC4626: deposit more than max"));
    const auto shares = RUNNEL_TRY(shares_down(assets, totals(context)));
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::error("ZERO_SHARES"));
    RUNNEL_TRY(take_in(context, call.receiver, assets, shares));
    return Returns{shares};
}

Result<Returns> StrategyVault::execute(const strategy_vault::Mint& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.receiver));
    RUNNEL_REQUIRE(!context.read(state_, 0).shutdown && call.receiver != account(),
        Refusal::error("ERC4626: mint more than max"));
    const auto assets = RUNNEL_TRY(assets_up(call.shares, totals(context)));
    RUNNEL_REQUIRE(!assets.is_zero(), Refusal::error("ZERO_ASSETS"));
    RUNNEL_TRY(take_in(context, call.receiver, assets, call.shares));
    return Returns{assets};
}

Result<Amount> StrategyVault::pay_out(CallContext& context, AccountId receiver, AccountId owner,
    Amount assets, const Amount& shares, std::uint16_t max_loss)
{
    RUNNEL_REQUIRE(receiver != zero_account, Refusal::error("ZERO ADDRESS"));
    RUNNEL_REQUIRE(max_loss <= bps_denominator, Refusal::error("exceeds MAX_BPS"));
    if (context.sender() != owner)
        RUNNEL_TRY(book_.spend_allowance(context, owner, shares));
    const auto asked = assets;
    auto loose = idle(context);
    if (loose < assets)
    {
        RUNNEL_TRY(free(context, wrapping_sub(assets, loose)));
        loose = idle(context);
        if (loose < assets)
        {
            const auto loss = wrapping_sub(assets, loose);
            const auto allowed =
                RUNNEL_TRY(mul_div_down(assets, Amount{max_loss}, bps_denominator));
            RUNNEL_REQUIRE(loss <= allowed, Refusal::error("too much loss"));
            assets = loose;
        }
    }
    auto& state = context.write(state_, 0);
    // The loss is gone for the vault too: it was the owner's.
    state.total_assets = RUNNEL_TRY(Checked{state.total_assets} - asked);
    RUNNEL_TRY(book_.burn(context, state.total_supply, owner, shares));
    RUNNEL_TRY(openzeppelin::safe_5(
        asset_->transfer(context.as(account()), receiver, assets), asset_contract_->account()));
    context.emit(id(), WithdrawLog{context.sender(), receiver, owner, assets, shares});
    context.emit(
        id(), VaultFlow{VaultFlowType::withdraw, owner, settings_.asset, assets, id(), shares});
    return assets;
}

Result<Returns> StrategyVault::execute(const Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.receiver));
    RUNNEL_TRY(require_account(context.world(), call.owner));
    const auto all = totals(context);
    // The vault's own shares are nobody's.
    const auto held = call.owner == account() ? Amount{} : context.read(book_.balances, call.owner);
    const auto max = RUNNEL_TRY(assets_down(held, all));
    RUNNEL_REQUIRE(call.assets <= max, Refusal::error("ERC4626: withdraw more than max"));
    const auto shares = RUNNEL_TRY(shares_up(call.assets, all));
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::error("ZERO_SHARES"));
    RUNNEL_TRY(pay_out(context, call.receiver, call.owner, call.assets, shares, call.max_loss));
    return Returns{shares};
}

Result<Returns> StrategyVault::execute(const Redeem& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.receiver));
    RUNNEL_TRY(require_account(context.world(), call.owner));
    const auto held = call.owner == account() ? Amount{} : context.read(book_.balances, call.owner);
    RUNNEL_REQUIRE(call.shares <= held, Refusal::error("ERC4626: redeem more than max"));
    const auto assets = RUNNEL_TRY(assets_down(call.shares, totals(context)));
    RUNNEL_REQUIRE(!assets.is_zero(), Refusal::error("ZERO_ASSETS"));
    return Returns{RUNNEL_TRY(
        pay_out(context, call.receiver, call.owner, assets, call.shares, call.max_loss))};
}

// ---- Reports ----

Result<VaultState*> StrategyVault::kept_state(CallContext& context)
{
    auto& state = context.write(state_, 0);
    const auto sender = context.sender();
    RUNNEL_REQUIRE(sender == state.keeper || sender == state.management, Refusal::error("!keeper"));
    return &state;
}

Result<VaultState*> StrategyVault::managed_state(CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.management, Refusal::error("!management"));
    return &state;
}

Result<Amount> StrategyVault::take_gain(
    CallContext& context, VaultState& state, const Totals& before, ReportedLog& log)
{
    const auto& gain = log.profit;
    const auto worked = context.block().timestamp - state.last_report;
    // Before the first report nothing says how long the assets were here.
    if (state.last_report != 0)
    {
        log.management_fees = std::min(
            gain, RUNNEL_TRY(management_fee_down(before.assets, worked, state.management_fee)));
    }
    log.performance_fees = std::min(wrapping_sub(gain, log.management_fees),
        RUNNEL_TRY(performance_fee_down(gain, state.performance_fee)));
    const auto fees = wrapping_add(log.management_fees, log.performance_fees);
    const auto shares = RUNNEL_TRY(shares_down(gain, before));
    const auto fee_shares = RUNNEL_TRY(mul_div_down(shares, fees, gain));
    if (!fee_shares.is_zero())
        RUNNEL_TRY(book_.mint(context, state.total_supply, state.fee_recipient, fee_shares));
    if (settings_.profit_max_unlock_time == 0)
        return Amount{};
    const auto locked = wrapping_sub(shares, fee_shares);
    RUNNEL_TRY(book_.mint(context, state.total_supply, account(), locked));
    return locked;
}

Result<void> StrategyVault::take_loss(
    CallContext& context, VaultState& state, const Totals& before, const Amount& loss)
{
    const auto shares = RUNNEL_TRY(shares_down(loss, before));
    const auto burnt = std::min(shares, context.read(book_.balances, account()));
    if (!burnt.is_zero())
        RUNNEL_TRY(book_.burn(context, state.total_supply, account(), burnt));
    return {};
}

Result<void> StrategyVault::plan_unlocking(
    CallContext& context, VaultState& state, const Amount& newly_locked) const
{
    const auto now = context.block().timestamp;
    const auto& locked = context.read(book_.balances, account());
    const auto left = state.full_profit_unlock_date > now ? state.full_profit_unlock_date - now : 0;
    state.profit_unlocking_rate = {};
    state.full_profit_unlock_date = 0;
    state.last_report = now;
    if (locked.is_zero())
        return {};
    const auto period = RUNNEL_TRY(
        unlock_period_down(locked, newly_locked, left, settings_.profit_max_unlock_time));
    state.profit_unlocking_rate = RUNNEL_TRY(mul_div_down(locked, unlocking_rate_scale, period));
    state.full_profit_unlock_date = now + period.low64();
    return {};
}

Result<Returns> StrategyVault::execute(const Report& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(kept_state(context));
    const auto before = totals(context);
    RUNNEL_TRY(harvest(context, call));
    if (!state.shutdown)
        RUNNEL_TRY(deploy(context, idle(context)));
    const auto at_work = RUNNEL_TRY(deployed(context));
    const auto counted = RUNNEL_TRY(Checked{at_work} + idle(context));

    const auto unlocked =
        unlocked_of(state, context.read(book_.balances, account()), context.block().timestamp);
    if (!unlocked.is_zero())
        RUNNEL_TRY(book_.burn(context, state.total_supply, account(), unlocked));
    ReportedLog log;
    Amount newly_locked;
    if (counted > before.assets)
    {
        log.profit = wrapping_sub(counted, before.assets);
        newly_locked = RUNNEL_TRY(take_gain(context, state, before, log));
    }
    else
    {
        log.loss = wrapping_sub(before.assets, counted);
        RUNNEL_TRY(take_loss(context, state, before, log.loss));
    }
    RUNNEL_TRY(plan_unlocking(context, state, newly_locked));
    state.total_assets = counted;
    context.emit(id(), log);
    context.emit(id(), VaultReport{settings_.asset, log.profit, log.loss,
                           RUNNEL_TRY(Checked{log.management_fees} + log.performance_fees)});
    return Returns{log.profit, log.loss};
}

Result<Returns> StrategyVault::execute(const Tend&, CallContext& context)
{
    const auto& state = *RUNNEL_TRY(kept_state(context));
    if (!state.shutdown)
        RUNNEL_TRY(deploy(context, idle(context)));
    return Returns{};
}

// ---- What the management calls ----

Result<Returns> StrategyVault::execute(const ShutdownStrategy&, CallContext& context)
{
    RUNNEL_TRY(managed_state(context))->shutdown = true;
    context.emit(id(), StrategyShutdownLog{});
    return Returns{};
}

Result<Returns> StrategyVault::execute(const EmergencyWithdraw& call, CallContext& context)
{
    const auto& state = *RUNNEL_TRY(managed_state(context));
    RUNNEL_REQUIRE(state.shutdown, Refusal::error("not shutdown"));
    RUNNEL_TRY(free(context, call.amount));
    return Returns{};
}

Result<Returns> StrategyVault::execute(const SetFees& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(managed_state(context));
    RUNNEL_REQUIRE(
        call.performance_fee <= performance_fee_max && call.management_fee <= management_fee_max,
        Refusal::error("MAX FEE"));
    state.performance_fee = call.performance_fee;
    state.management_fee = call.management_fee;
    context.emit(id(), UpdateFeesLog{call.performance_fee, call.management_fee});
    return Returns{};
}

}  // namespace runnel::contracts
