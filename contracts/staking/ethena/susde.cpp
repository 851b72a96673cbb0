#include "contracts/staking/ethena/susde.hpp"

#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/staking/ethena/gas.hpp"
#include "ledger/check.hpp"
#include "ledger/hash.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{

using namespace ethena;

namespace
{
constexpr double amount_max = 340282366920938463463374607431768211455.0;  // 2^128 - 1

Amount hash_of(Role role)
{
    return role == Role::admin ? Amount{}
                               : Amount::load_big_endian(keccak256(to_string(role)).bytes);
}

/// OpenZeppelin's words, the account in place of the braces.
std::string_view missing_role_text(Role role)
{
    switch (role)
    {
        case Role::rewarder:
            return "AccessControl: account {} is missing role "
                   "0xbeec13769b5f410b0584f69811bfd923818456d5edcf426b0e31cf90eed7a3f6";
        case Role::blacklist_manager:
            return "AccessControl: account {} is missing role "
                   "0xf988e4fb62b8e14f4820fed03192306ddf4d7dbfa215595ba1c6ba4b76b369ee";
        case Role::admin:
        case Role::soft_restricted:
        case Role::full_restricted: break;
    }
    return "AccessControl: account {} is missing role "
           "0x0000000000000000000000000000000000000000000000000000000000000000";
}

/// The bit of an account that stands for @p role; the admin's is in the vault's state.
template <typename P>
auto& flag_of(P& permissions, Role role)
{
    switch (role)
    {
        case Role::rewarder: return permissions.rewarder;
        case Role::blacklist_manager: return permissions.blacklist_manager;
        case Role::soft_restricted: return permissions.soft_restricted;
        case Role::admin:
        case Role::full_restricted: break;
    }
    return permissions.full_restricted;
}

bool is_known(const AccessCollector& access, AccountId account) noexcept
{
    return index(account) < access.world().account_count();
}
}  // namespace

EthenaSusde::EthenaSusde(ContractIdentity identity, std::string symbol, ContractId asset,
    std::uint32_t cooldown_duration, Roles roles)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin4},
    symbol_{std::move(symbol)},
    asset_id_{asset},
    state_{name() + ".state"},
    permissions_{name() + ".permissions", KeyOf::account},
    cooldowns_{name() + ".cooldowns", KeyOf::account}
{
    state_.set_conservation_weight(-1);
    state_.at(0).cooldown_duration = cooldown_duration;
    state_.at(0).admin = roles.admin;
    if (roles.rewarder != zero_account)
        permissions_.at(index(roles.rewarder)).rewarder = true;
    if (roles.blacklist_manager != zero_account)
        permissions_.at(index(roles.blacklist_manager)).blacklist_manager = true;
    add_table(state_);
    add_table(permissions_);
    add_table(cooldowns_);
}

const ContractType& EthenaSusde::contract_type()
{
    static const ContractType type{.kind = "ethena_susde",
        .help = "Ethena's sUSDe: a vault whose rewards vest and whose withdrawals wait.",
        .role = ContractRole::lending,
        .sectors = implements<EthenaSusde, Vault>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, DepositLog, WithdrawLog, RewardsReceivedLog,
            LockedAmountRedistributedLog, CooldownDurationUpdatedLog, RoleGrantedLog,
            RoleRevokedLog, VaultFlow, VaultRow>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call it; empty: its name in the scenario."},
                token_parameter("asset", plain_tokens, "What is deposited: USDe."),
                {"cooldown_duration", ParameterKind::integer, "7776000", unit::seconds,
                    "How long withdrawals wait; 0: they are paid at once.", 0,
                    max_cooldown_duration},
                allocation({"assets", ParameterKind::amount, "0", unit::smallest_unit_of("asset"),
                    "Deposited at the start by the account NAME/seed_holder; 0: nothing, else at "
                    "least 1e18.",
                    0, amount_max}),
                {"admin", ParameterKind::account, "\"\"", {},
                    "The account that sets the cooldown and redistributes; empty: nobody."},
                {"rewarder", ParameterKind::account, "\"\"", {},
                    "The account that pays rewards in; empty: nobody."},
                {"blacklist_manager", ParameterKind::account, "\"\"", {},
                    "The account that restricts others; empty: nobody."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto symbol = parameters.text("symbol");
            if (symbol.empty())
                symbol = identity.name;
            return std::make_unique<EthenaSusde>(std::move(identity), std::move(symbol),
                parameters.token("asset"),
                static_cast<std::uint32_t>(parameters.integer("cooldown_duration")));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            const auto& assets = parameters.amount("assets");
            if (assets.is_zero() || assets >= min_shares)
                return "";
            return fmt::format("assets: expected 0 or at least {}, got {}", min_shares.to_string(),
                assets.to_string());
        }};
    return type;
}

void EthenaSusde::connect(World& world)
{
    asset_ = &token_at(world, asset_id_);
    silo_ = world.find_account(silo_name(name())).value_or(zero_account);
}

void EthenaSusde::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    builder.account(silo_name(name()), "wallet");
    const auto account_of = [&](std::string_view parameter)
    {
        const auto& text = parameters.text(parameter);
        return text.empty() ? zero_account : builder.account(text, "wallet");
    };
    state_.at(0).admin = account_of("admin");
    if (const auto rewarder = account_of("rewarder"); rewarder != zero_account)
        permissions_.at(index(rewarder)).rewarder = true;
    if (const auto manager = account_of("blacklist_manager"); manager != zero_account)
        permissions_.at(index(manager)).blacklist_manager = true;
    connect(builder.world());
    const auto& assets = parameters.amount("assets");
    if (assets.is_zero())
        return;
    const auto seed = builder.account(name() + "/seed_holder", "wallet");
    const bool given = asset_->allocate(builder.world(), seed, assets);
    RUNNEL_CHECK(given);
    CallWriter calls;
    calls.add(asset_id_, Erc20Approve{account(), assets});
    calls.add(id(), Deposit{assets, seed});
    builder.transaction(seed, std::move(calls).take());
}

void EthenaSusde::check_invariants(const World&, Findings& findings) const
{
    const auto held = asset_->holding(account());
    Amount waiting;
    for (const auto key : cooldowns_.keys())
        waiting = wrapping_add(waiting, cooldowns_.get(key).underlying_amount);
    const auto in_silo = asset_->holding(silo_);
    if (in_silo < waiting && !asset_->rebases())
    {
        findings.push_back(fmt::format("{}: {} wait for their owners, the silo holds {}", name(),
            waiting.to_string(), in_silo.to_string()));
    }
    if (!total_supply().is_zero() && held.is_zero())
    {
        findings.push_back(
            fmt::format("{}: has {} shares of nothing", name(), total_supply().to_string()));
    }
}

// ---- What shares are worth ----

Result<Amount> EthenaSusde::unvested(std::uint64_t time) const
{
    // block.timestamp - lastDistributionTimestamp, checked.
    RUNNEL_REQUIRE(time >= state().last_distribution, Refusal::of(Fault::overflow));
    return unvested_down(state().vesting_amount, time - state().last_distribution);
}

Result<Amount> EthenaSusde::unvested(CallContext& context) const
{
    const auto& now = context.read(state_, 0);
    RUNNEL_REQUIRE(
        context.block().timestamp >= now.last_distribution, Refusal::of(Fault::overflow));
    return unvested_down(now.vesting_amount, context.block().timestamp - now.last_distribution);
}

Result<ShareRate> EthenaSusde::rate(std::uint64_t time) const
{
    const auto not_yet = RUNNEL_TRY(unvested(time));
    const auto assets = RUNNEL_TRY(Checked{asset_->holding(account())} - not_yet);
    return ShareRate{total_supply(), assets};
}

Result<ShareRate> EthenaSusde::rate(CallContext& context) const
{
    const auto held = asset_->holding(context, account());
    const auto not_yet = RUNNEL_TRY(unvested(context));
    const auto assets = RUNNEL_TRY(Checked{held} - not_yet);
    return ShareRate{context.read(state_, 0).total_supply, assets};
}

// ---- The vault to those who know no Ethena ----

Amount EthenaSusde::total_assets(std::uint64_t at) const
{
    const auto now = rate(at);
    return now.has_value() ? now->assets : Amount{};
}

Amount EthenaSusde::share_supply(std::uint64_t) const
{
    return total_supply();
}

Result<Amount> EthenaSusde::convert_to_shares(const Amount& assets, std::uint64_t at) const
{
    const auto now = RUNNEL_TRY(rate(at));
    return shares_of_down(now, assets);
}

Result<Amount> EthenaSusde::convert_to_assets(const Amount& shares, std::uint64_t at) const
{
    const auto now = RUNNEL_TRY(rate(at));
    return assets_of_down(now, shares);
}

Result<Amount> EthenaSusde::check_flow(const Amount& in, const Amount& out, bool is_deposit) const
{
    RUNNEL_REQUIRE(!in.is_zero() && !out.is_zero(), Refusal::custom("InvalidAmount"));
    const auto& shares = is_deposit ? out : in;
    const auto supply =
        is_deposit ? Checked{total_supply()} + shares : Checked{total_supply()} - shares;
    const auto after = RUNNEL_TRY(supply);
    RUNNEL_REQUIRE(after.is_zero() || after >= min_shares, Refusal::custom("MinSharesViolation"));
    return out;
}

Result<Amount> EthenaSusde::preview_deposit(const Amount& assets, std::uint64_t at) const
{
    const auto shares = RUNNEL_TRY(convert_to_shares(assets, at));
    return check_flow(assets, shares, true);
}

Result<Amount> EthenaSusde::preview_mint(const Amount& shares, std::uint64_t at) const
{
    const auto now = RUNNEL_TRY(rate(at));
    const auto assets = RUNNEL_TRY(assets_of_up(now, shares));
    RUNNEL_TRY(check_flow(assets, shares, true));
    return assets;
}

Result<Amount> EthenaSusde::preview_withdraw(const Amount& assets, std::uint64_t at) const
{
    RUNNEL_REQUIRE(state().cooldown_duration == 0, Refusal::custom("OperationNotAllowed"));
    const auto now = RUNNEL_TRY(rate(at));
    const auto shares = RUNNEL_TRY(shares_of_up(now, assets));
    RUNNEL_TRY(check_flow(shares, assets, false));
    return shares;
}

Result<Amount> EthenaSusde::preview_redeem(const Amount& shares, std::uint64_t at) const
{
    RUNNEL_REQUIRE(state().cooldown_duration == 0, Refusal::custom("OperationNotAllowed"));
    const auto assets = RUNNEL_TRY(convert_to_assets(shares, at));
    return check_flow(shares, assets, false);
}

Amount EthenaSusde::max_deposit(AccountId receiver, std::uint64_t) const
{
    const auto& roles = permissions(receiver);
    return roles.soft_restricted || roles.full_restricted ? Amount{} : Amount::max();
}

Amount EthenaSusde::max_withdraw(AccountId owner, std::uint64_t at) const
{
    return convert_to_assets(max_redeem(owner, at), at).value_or(Amount{});
}

Amount EthenaSusde::max_redeem(AccountId owner, std::uint64_t) const
{
    const bool is_open = state().cooldown_duration == 0 && !permissions(owner).full_restricted;
    return is_open ? balance(owner) : Amount{};
}

Result<Amount> EthenaSusde::assets_of(CallContext& context, const Amount& shares) const
{
    const auto now = RUNNEL_TRY(rate(context));
    return assets_of_down(now, shares);
}

// ---- Roles ----

Result<void> EthenaSusde::require_role(CallContext& context, Role role) const
{
    const auto sender = context.sender();
    const auto admin = context.read(state_, 0).admin;
    const bool has_role = role == Role::admin
                              ? admin != zero_account && sender == admin
                              : flag_of(context.read(permissions_, index(sender)), role);
    if (!has_role)
    {
        context.use_gas(gas::missing_role);
        return fail(Refusal::error(missing_role_text(role)).with(sender));
    }
    return {};
}

bool EthenaSusde::is_restricted(CallContext& context, AccountId account) const
{
    return context.read(permissions_, index(account)).full_restricted;
}

Result<void> EthenaSusde::require_unrestricted(
    CallContext& context, AccountId from, AccountId to) const
{
    const auto not_allowed = Refusal::custom("OperationNotAllowed");
    RUNNEL_REQUIRE(!is_restricted(context, from) || to == zero_account, not_allowed);
    RUNNEL_REQUIRE(!is_restricted(context, to), not_allowed);
    return {};
}

Result<void> EthenaSusde::require_min_shares(CallContext& context) const
{
    const auto& supply = context.read(state_, 0).total_supply;
    RUNNEL_REQUIRE(supply.is_zero() || supply >= min_shares, Refusal::custom("MinSharesViolation"));
    return {};
}

Result<void> EthenaSusde::set_role(
    CallContext& context, Role role, AccountId account_id, bool is_granted)
{
    RUNNEL_TRY(require_account(context.world(), account_id));
    auto& flag = flag_of(context.write(permissions_, index(account_id)), role);
    if (flag == is_granted)
        return {};
    flag = is_granted;
    if (is_granted)
        context.emit(id(), RoleGrantedLog{hash_of(role), account_id, context.sender()});
    else
        context.emit(id(), RoleRevokedLog{hash_of(role), account_id, context.sender()});
    return {};
}

// ---- Shares ----

Result<void> EthenaSusde::transfer(CallContext context, AccountId to, const Amount& amount)
{
    const auto from = context.sender();
    RUNNEL_TRY(require_account(context.world(), to));
    // The zero account is refused in words of its own, before.
    if (from != zero_account && to != zero_account)
        RUNNEL_TRY(require_unrestricted(context, from, to));
    return book_.transfer(context, from, to, amount);
}

Result<void> EthenaSusde::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(book_.spend_allowance(context, from, amount));
    return transfer(context.as(from), to, amount);
}

Result<void> EthenaSusde::mint_shares(CallContext& context, AccountId to, const Amount& shares)
{
    RUNNEL_TRY(require_account(context.world(), to));
    if (to != zero_account)
        RUNNEL_TRY(require_unrestricted(context, zero_account, to));
    return book_.mint(context, context.write(state_, 0).total_supply, to, shares);
}

Result<void> EthenaSusde::burn_shares(CallContext& context, AccountId from, const Amount& shares)
{
    if (from != zero_account)
        RUNNEL_TRY(require_unrestricted(context, from, zero_account));
    return book_.burn(context, context.write(state_, 0).total_supply, from, shares);
}

// ---- In and out ----

Result<void> EthenaSusde::pay_in(
    CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares)
{
    const auto caller = context.sender();
    RUNNEL_REQUIRE(!assets.is_zero(), Refusal::custom("InvalidAmount"));
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::custom("InvalidAmount"));
    RUNNEL_TRY(require_account(context.world(), receiver));
    context.use_gas(gas::check_roles);
    RUNNEL_REQUIRE(!context.read(permissions_, index(caller)).soft_restricted &&
                       !context.read(permissions_, index(receiver)).soft_restricted,
        Refusal::custom("OperationNotAllowed"));
    RUNNEL_TRY(openzeppelin::safe_3(
        asset_->transfer_from(context.as(account()), caller, account(), assets)));
    RUNNEL_TRY(mint_shares(context, receiver, shares));
    context.emit(id(), DepositLog{caller, receiver, assets, shares});
    context.emit(
        id(), VaultFlow{VaultFlowType::deposit, receiver, asset_id_, assets, id(), shares});
    return require_min_shares(context);
}

Result<void> EthenaSusde::pay_out(CallContext& context, AccountId receiver, AccountId owner,
    const Amount& assets, const Amount& shares)
{
    const auto caller = context.sender();
    RUNNEL_REQUIRE(!assets.is_zero(), Refusal::custom("InvalidAmount"));
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::custom("InvalidAmount"));
    RUNNEL_TRY(require_account(context.world(), receiver));
    context.use_gas(gas::check_roles);
    RUNNEL_REQUIRE(!is_restricted(context, caller) && !is_restricted(context, receiver) &&
                       !is_restricted(context, owner),
        Refusal::custom("OperationNotAllowed"));
    if (caller != owner)
        RUNNEL_TRY(book_.spend_allowance(context, owner, shares));
    RUNNEL_TRY(burn_shares(context, owner, shares));
    RUNNEL_TRY(openzeppelin::safe_3(asset_->transfer(context.as(account()), receiver, assets)));
    context.emit(id(), WithdrawLog{caller, receiver, owner, assets, shares});
    context.emit(id(), VaultFlow{VaultFlowType::withdraw, owner, asset_id_, assets, id(), shares});
    return require_min_shares(context);
}

Result<Returns> EthenaSusde::execute(const Deposit& call, CallContext& context)
{
    context.use_gas(gas::convert);
    const auto now = RUNNEL_TRY(rate(context));
    const auto shares = RUNNEL_TRY(shares_of_down(now, call.assets));
    RUNNEL_TRY(pay_in(context, call.receiver, call.assets, shares));
    return Returns{shares};
}

Result<Returns> EthenaSusde::execute(const Mint& call, CallContext& context)
{
    context.use_gas(gas::convert);
    const auto now = RUNNEL_TRY(rate(context));
    const auto assets = RUNNEL_TRY(assets_of_up(now, call.shares));
    RUNNEL_TRY(pay_in(context, call.receiver, assets, call.shares));
    return Returns{assets};
}

Result<Returns> EthenaSusde::execute(const Withdraw& call, CallContext& context)
{
    RUNNEL_REQUIRE(
        context.read(state_, 0).cooldown_duration == 0, Refusal::custom("OperationNotAllowed"));
    RUNNEL_TRY(require_account(context.world(), call.owner));
    context.use_gas(gas::convert);
    const auto now = RUNNEL_TRY(rate(context));
    const auto most = RUNNEL_TRY(assets_of_down(now, context.read(book_.balances, call.owner)));
    RUNNEL_REQUIRE(call.assets <= most, Refusal::error("ERC4626: withdraw more than max"));
    const auto shares = RUNNEL_TRY(shares_of_up(now, call.assets));
    RUNNEL_TRY(pay_out(context, call.receiver, call.owner, call.assets, shares));
    return Returns{shares};
}

Result<Returns> EthenaSusde::execute(const Redeem& call, CallContext& context)
{
    RUNNEL_REQUIRE(
        context.read(state_, 0).cooldown_duration == 0, Refusal::custom("OperationNotAllowed"));
    RUNNEL_TRY(require_account(context.world(), call.owner));
    RUNNEL_REQUIRE(call.shares <= context.read(book_.balances, call.owner),
        Refusal::error("ERC4626: redeem more than max"));
    context.use_gas(gas::convert);
    const auto now = RUNNEL_TRY(rate(context));
    const auto assets = RUNNEL_TRY(assets_of_down(now, call.shares));
    RUNNEL_TRY(pay_out(context, call.receiver, call.owner, assets, call.shares));
    return Returns{assets};
}

// ---- Cooldowns ----

Result<void> EthenaSusde::start_cooldown(
    CallContext& context, const Amount& assets, const Amount& shares)
{
    const auto owner = context.sender();
    auto& cooldown = context.write(cooldowns_, index(owner));
    if (cooldown.end != 0)
        context.save_gas(17'100);
    cooldown.end = context.block().timestamp + context.read(state_, 0).cooldown_duration;
    // uint152(assets) drops what is beyond; the sum is checked.
    const auto sum =
        wrapping_add(cooldown.underlying_amount, remainder(assets, Amount::power_of_two(152)));
    RUNNEL_REQUIRE(sum < Amount::power_of_two(152), Refusal::of(Fault::overflow));
    cooldown.underlying_amount = sum;
    context.use_gas(gas::cooldown);
    return pay_out(context, silo_, owner, assets, shares);
}

Result<Returns> EthenaSusde::execute(const CooldownAssets& call, CallContext& context)
{
    RUNNEL_REQUIRE(
        context.read(state_, 0).cooldown_duration != 0, Refusal::custom("OperationNotAllowed"));
    context.use_gas(gas::convert);
    const auto now = RUNNEL_TRY(rate(context));
    const auto most =
        RUNNEL_TRY(assets_of_down(now, context.read(book_.balances, context.sender())));
    RUNNEL_REQUIRE(call.assets <= most, Refusal::custom("ExcessiveWithdrawAmount"));
    const auto shares = RUNNEL_TRY(shares_of_up(now, call.assets));
    RUNNEL_TRY(start_cooldown(context, call.assets, shares));
    return Returns{shares};
}

Result<Returns> EthenaSusde::execute(const CooldownShares& call, CallContext& context)
{
    RUNNEL_REQUIRE(
        context.read(state_, 0).cooldown_duration != 0, Refusal::custom("OperationNotAllowed"));
    RUNNEL_REQUIRE(call.shares <= context.read(book_.balances, context.sender()),
        Refusal::custom("ExcessiveRedeemAmount"));
    context.use_gas(gas::convert);
    const auto now = RUNNEL_TRY(rate(context));
    const auto assets = RUNNEL_TRY(assets_of_down(now, call.shares));
    RUNNEL_TRY(start_cooldown(context, assets, call.shares));
    return Returns{assets};
}

Result<Returns> EthenaSusde::execute(const Unstake& call, CallContext& context)
{
    auto& cooldown = context.write(cooldowns_, index(context.sender()));
    RUNNEL_REQUIRE(
        context.block().timestamp >= cooldown.end || context.read(state_, 0).cooldown_duration == 0,
        Refusal::custom("InvalidCooldown"));
    const auto assets = cooldown.underlying_amount;
    cooldown = Cooldown{};
    RUNNEL_TRY(asset_->transfer(context.as(silo_), call.receiver, assets));
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const SetCooldownDuration& call, CallContext& context)
{
    RUNNEL_REQUIRE(call.duration < 1U << 24U, Refusal::empty());  // No uint24.
    RUNNEL_TRY(require_role(context, Role::admin));
    RUNNEL_REQUIRE(call.duration <= max_cooldown_duration, Refusal::custom("InvalidCooldown"));
    auto& now = context.write(state_, 0);
    const auto previous = std::exchange(now.cooldown_duration, call.duration);
    context.emit(id(), CooldownDurationUpdatedLog{previous, call.duration});
    return Returns{};
}

// ---- Rewards ----

Result<void> EthenaSusde::vest(CallContext& context, const Amount& amount)
{
    RUNNEL_REQUIRE(RUNNEL_TRY(unvested(context)).is_zero(), Refusal::custom("StillVesting"));
    auto& now = context.write(state_, 0);
    now.vesting_amount = amount;
    now.last_distribution = context.block().timestamp;
    return {};
}

Result<Returns> EthenaSusde::execute(const TransferInRewards& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::rewarder));
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::custom("InvalidAmount"));
    RUNNEL_TRY(vest(context, call.amount));
    RUNNEL_TRY(openzeppelin::safe_3(
        asset_->transfer_from(context.as(account()), context.sender(), account(), call.amount)));
    context.emit(id(), RewardsReceivedLog{call.amount});
    return Returns{};
}

// ---- What its managers do ----

Result<Returns> EthenaSusde::execute(const AddToBlacklist& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::blacklist_manager));
    RUNNEL_REQUIRE(
        call.target != context.read(state_, 0).admin, Refusal::custom("CantBlacklistOwner"));
    RUNNEL_TRY(
        set_role(context, call.is_full_blacklisting ? Role::full_restricted : Role::soft_restricted,
            call.target, true));
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const RemoveFromBlacklist& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::blacklist_manager));
    RUNNEL_TRY(
        set_role(context, call.is_full_blacklisting ? Role::full_restricted : Role::soft_restricted,
            call.target, false));
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const RedistributeLockedAmount& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::admin));
    RUNNEL_TRY(require_account(context.world(), call.from));
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_REQUIRE(is_restricted(context, call.from) && !is_restricted(context, call.to),
        Refusal::custom("OperationNotAllowed"));
    const Amount shares = context.read(book_.balances, call.from);
    const auto now = RUNNEL_TRY(rate(context));
    const auto assets = RUNNEL_TRY(assets_of_down(now, shares));
    RUNNEL_TRY(burn_shares(context, call.from, shares));
    if (call.to == zero_account)
        RUNNEL_TRY(vest(context, assets));
    else
        RUNNEL_TRY(mint_shares(context, call.to, shares));
    context.emit(id(), LockedAmountRedistributedLog{call.from, call.to, shares});
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const RescueTokens& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::admin));
    RUNNEL_REQUIRE(call.token != asset_id_, Refusal::custom("InvalidToken"));
    auto* token = find_token(context.world(), call.token);
    RUNNEL_REQUIRE(token != nullptr, Refusal::error("Address: call to non-contract"));
    RUNNEL_TRY(openzeppelin::safe_3(token->transfer(context.as(account()), call.to, call.amount)));
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const GrantRole& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::admin));
    RUNNEL_REQUIRE(call.role != Role::admin, Refusal::custom("InvalidAdminChange"));
    RUNNEL_REQUIRE(is_valid(call.role), Refusal::empty());
    RUNNEL_TRY(set_role(context, call.role, call.account, true));
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const RevokeRole& call, CallContext& context)
{
    RUNNEL_TRY(require_role(context, Role::admin));
    RUNNEL_REQUIRE(call.role != Role::admin, Refusal::custom("InvalidAdminChange"));
    RUNNEL_REQUIRE(is_valid(call.role), Refusal::empty());
    RUNNEL_TRY(set_role(context, call.role, call.account, false));
    return Returns{};
}

Result<Returns> EthenaSusde::execute(const RenounceRole&, CallContext&)
{
    return fail(Refusal::custom("OperationNotAllowed"));
}

Result<Returns> EthenaSusde::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

// ---- What calls touch ----

void EthenaSusde::declare_transfer(AccessCollector& access, AccountId from, AccountId to) const
{
    for (const auto account : {from, to})
    {
        if (is_known(access, account))
            access.read(permissions_, index(account));
    }
    TokenBase::declare_transfer(access, from, to);
}

void EthenaSusde::declare_transfer_from(
    AccessCollector& access, AccountId spender, AccountId from, AccountId to) const
{
    book_.declare_approve(access, from, spender);
    declare_transfer(access, from, to);
}

void EthenaSusde::declare(
    const Erc20Transfer& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer(access, sender, call.to);
}

void EthenaSusde::declare(
    const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer_from(access, sender, call.from, call.to);
}

void EthenaSusde::declare_rate(AccessCollector& access) const
{
    access.write(state_, 0);
    asset_->declare_holding(access, account());
}

void EthenaSusde::declare_pay_in(
    AccessCollector& access, AccountId sender, AccountId receiver) const
{
    declare_rate(access);
    for (const auto account : {sender, receiver, zero_account})
    {
        if (is_known(access, account))
            access.read(permissions_, index(account));
    }
    asset_->declare_transfer_from(access, account(), sender, account());
    book_.declare_credit(access, receiver);
}

void EthenaSusde::declare_pay_out(
    AccessCollector& access, AccountId sender, AccountId receiver, AccountId owner) const
{
    declare_rate(access);
    for (const auto account : {sender, receiver, owner, zero_account})
    {
        if (is_known(access, account))
            access.read(permissions_, index(account));
    }
    if (sender != owner)
        book_.declare_approve(access, owner, sender);
    book_.declare_balance(access, owner);
    asset_->declare_transfer(access, account(), receiver);
}

void EthenaSusde::declare(const Deposit& call, AccountId sender, AccessCollector& access) const
{
    declare_pay_in(access, sender, call.receiver);
}

void EthenaSusde::declare(const Mint& call, AccountId sender, AccessCollector& access) const
{
    declare_pay_in(access, sender, call.receiver);
}

void EthenaSusde::declare(const Withdraw& call, AccountId sender, AccessCollector& access) const
{
    declare_pay_out(access, sender, call.receiver, call.owner);
}

void EthenaSusde::declare(const Redeem& call, AccountId sender, AccessCollector& access) const
{
    declare_pay_out(access, sender, call.receiver, call.owner);
}

void EthenaSusde::declare(const CooldownAssets&, AccountId sender, AccessCollector& access) const
{
    access.write(cooldowns_, index(sender));
    declare_pay_out(access, sender, silo_, sender);
}

void EthenaSusde::declare(const CooldownShares&, AccountId sender, AccessCollector& access) const
{
    access.write(cooldowns_, index(sender));
    declare_pay_out(access, sender, silo_, sender);
}

void EthenaSusde::declare(const Unstake& call, AccountId sender, AccessCollector& access) const
{
    access.read(state_, 0);
    access.write(cooldowns_, index(sender));
    asset_->declare_transfer(access, silo_, call.receiver);
}

void EthenaSusde::declare(const TransferInRewards&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.read(permissions_, index(sender));
    asset_->declare_transfer_from(access, account(), sender, account());
}

}  // namespace runnel::contracts
