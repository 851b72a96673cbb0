#pragma once

#include "contracts/kit/token_base.hpp"
#include "contracts/kit/vault_base.hpp"
#include "contracts/staking/ethena/calls.hpp"
#include "contracts/staking/ethena/events.hpp"
#include "contracts/staking/ethena/math.hpp"

#include <string>

namespace runnel::contracts
{

namespace ethena
{

/// Who may do what is not for all; the zero account: nobody.
struct Roles
{
    AccountId admin = zero_account;
    AccountId rewarder = zero_account;
    AccountId blacklist_manager = zero_account;
};

/// What the vault keeps beside shares, allowances, roles and cooldowns.
struct VaultState
{
    Amount total_supply;
    Amount vesting_amount;
    std::uint64_t last_distribution = 0;
    std::uint32_t cooldown_duration = 0;
    AccountId admin{};
    RUNNEL_FIELDS((total_supply, smallest_unit), (vesting_amount, smallest_unit_of_its("asset")),
        (last_distribution, unix_seconds), (cooldown_duration, seconds), admin);
};

/// The roles of an account.
struct Permissions
{
    bool rewarder = false;
    bool blacklist_manager = false;
    bool soft_restricted = false;
    bool full_restricted = false;
    RUNNEL_FIELDS(rewarder, blacklist_manager, soft_restricted, full_restricted);
};

/// What waits for its owner.
struct Cooldown
{
    Amount underlying_amount;  // Of 152 bits.
    std::uint64_t end = 0;
    RUNNEL_FIELDS((underlying_amount, smallest_unit_of_its("asset")), (end, unix_seconds));
};

}  // namespace ethena

/// Ethena's sUSDe: a vault by ERC-4626 whose rewards vest over eight hours and whose withdrawals
/// wait in a silo.
///
///     total_assets = what the vault holds of the asset - what of the last rewards is not vested
///     shares       = assets * (total_supply + 1) / (total_assets + 1)
///     assets       = shares * (total_assets + 1) / (total_supply + 1)
///
/// Rounding: deposit, redeem and cooldownShares down; mint, withdraw and cooldownAssets up, against
/// the holder. A donation counts at once; that never less than 1e18 shares remain bounds what the
/// first depositor can do with that.
///
/// While there is a cooldown, withdraw and redeem are refused; without one, cooldownAssets and
/// cooldownShares are. A change of its length leaves those under way alone.
///
/// Conservation: the sum of all balances is the supply, after every call. The silo holds what
/// waits.
/// Errors: those of OpenZeppelin 4.9's ERC-20 and ERC-4626, and custom ones in the calls'
/// descriptions; what the asset refuses. No permit, no change of the admin. Source: ethena-labs
/// `StakedUSDeV2.sol`, `USDeSilo.sol`, as deployed at 0x9d39a5de30e57443bff2a8307a4256c8797a3497.
class EthenaSusde
  : public TokenBase<EthenaSusde, ethena::Deposit, ethena::Mint, ethena::Withdraw, ethena::Redeem,
        ethena::CooldownAssets, ethena::CooldownShares, ethena::Unstake, ethena::TransferInRewards,
        ethena::SetCooldownDuration, ethena::AddToBlacklist, ethena::RemoveFromBlacklist,
        ethena::RedistributeLockedAmount, ethena::RescueTokens, ethena::GrantRole,
        ethena::RevokeRole, ethena::RenounceRole>,
    public VaultBase<EthenaSusde, ethena::Deposit, ethena::Mint, ethena::Withdraw, ethena::Redeem>
{
public:
    static constexpr std::uint8_t decimals = 18;

    EthenaSusde(ContractIdentity identity, std::string symbol, ContractId asset,
        std::uint32_t cooldown_duration = ethena::max_cooldown_duration, ethena::Roles roles = {});

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override
    {
        return TokenInfo{symbol_, decimals};
    }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_vault(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    // Committed state.

    [[nodiscard]] const ethena::VaultState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const Amount& total_supply() const noexcept { return state().total_supply; }
    [[nodiscard]] const ethena::Permissions& permissions(AccountId account) const noexcept
    {
        return permissions_.get(index(account));
    }
    [[nodiscard]] const ethena::Cooldown& cooldown(AccountId account) const noexcept
    {
        return cooldowns_.get(index(account));
    }
    /// Where assets wait. There from the start.
    [[nodiscard]] static std::string silo_name(const std::string& name) { return name + "/silo"; }
    [[nodiscard]] AccountId silo() const noexcept { return silo_; }
    /// What is not vested at @p time (unix seconds).
    [[nodiscard]] Result<Amount> unvested(std::uint64_t time) const;
    [[nodiscard]] Result<ethena::ShareRate> rate(std::uint64_t time) const;

    // Vault.

    [[nodiscard]] ContractId asset() const noexcept override { return asset_id_; }
    [[nodiscard]] Amount total_assets(std::uint64_t at) const override;
    [[nodiscard]] Amount share_supply(std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> convert_to_shares(
        const Amount& assets, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> convert_to_assets(
        const Amount& shares, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> preview_deposit(
        const Amount& assets, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> preview_mint(
        const Amount& shares, std::uint64_t at) const override;
    /// OperationNotAllowed while there is a cooldown: who wants his assets then calls
    /// cooldownAssets or cooldownShares, and unstake later.
    [[nodiscard]] Result<Amount> preview_withdraw(
        const Amount& assets, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> preview_redeem(
        const Amount& shares, std::uint64_t at) const override;
    /// 0 for who is restricted.
    [[nodiscard]] Amount max_deposit(AccountId receiver, std::uint64_t at) const override;
    /// 0 for who is fully restricted, and while there is a cooldown.
    [[nodiscard]] Amount max_withdraw(AccountId owner, std::uint64_t at) const override;
    [[nodiscard]] Amount max_redeem(AccountId owner, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> assets_of(
        CallContext& context, const Amount& shares) const override;

    // What other contracts call; @p context has the caller as sender.

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const;
    void declare(const ethena::Deposit& call, AccountId sender, AccessCollector& access) const;
    void declare(const ethena::Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const ethena::Withdraw& call, AccountId sender, AccessCollector& access) const;
    void declare(const ethena::Redeem& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const ethena::CooldownAssets& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const ethena::CooldownShares& call, AccountId sender, AccessCollector& access) const;
    void declare(const ethena::Unstake& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const ethena::TransferInRewards& call, AccountId sender, AccessCollector& access) const;
    // What its managers call is found by dry runs.

    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    /// deposit and mint return the shares, the assets. Errors, in this order: Panic(0x11), Math:
    /// mulDiv overflow; InvalidAmount if either is 0; OperationNotAllowed if the caller or the
    /// receiver is softly restricted; what the asset refuses; ERC20: mint to the zero address;
    /// OperationNotAllowed if the receiver is fully restricted; Panic(0x11); MinSharesViolation.
    Result<Returns> execute(const ethena::Deposit& call, CallContext& context);
    Result<Returns> execute(const ethena::Mint& call, CallContext& context);
    /// withdraw and redeem return the shares, the assets. Errors, in this order:
    /// OperationNotAllowed while there is a cooldown; ERC4626: withdraw more than max, redeem more
    /// than max; InvalidAmount; OperationNotAllowed if the caller, the receiver or the owner is
    /// fully restricted; ERC20: insufficient allowance; ERC20: burn amount exceeds balance; what
    /// the asset refuses; MinSharesViolation.
    Result<Returns> execute(const ethena::Withdraw& call, CallContext& context);
    Result<Returns> execute(const ethena::Redeem& call, CallContext& context);
    /// The same while there is a cooldown; ExcessiveWithdrawAmount and ExcessiveRedeemAmount.
    Result<Returns> execute(const ethena::CooldownAssets& call, CallContext& context);
    Result<Returns> execute(const ethena::CooldownShares& call, CallContext& context);
    /// Pays everything, also nothing; whatever the restrictions. InvalidCooldown before the end,
    /// unless there is no cooldown any more.
    Result<Returns> execute(const ethena::Unstake& call, CallContext& context);
    /// Errors, in this order: AccessControl: ...; InvalidAmount; StillVesting; what the asset
    /// refuses.
    Result<Returns> execute(const ethena::TransferInRewards& call, CallContext& context);
    /// Errors: AccessControl: ...; InvalidCooldown above 90 days.
    Result<Returns> execute(const ethena::SetCooldownDuration& call, CallContext& context);
    /// Errors: AccessControl: ...; CantBlacklistOwner of the admin.
    Result<Returns> execute(const ethena::AddToBlacklist& call, CallContext& context);
    Result<Returns> execute(const ethena::RemoveFromBlacklist& call, CallContext& context);
    /// Errors, in this order: AccessControl: ...; OperationNotAllowed unless `from` is fully
    /// restricted and `to` is not; ERC20: burn from the zero address; StillVesting if `to` is the
    /// zero account.
    Result<Returns> execute(const ethena::RedistributeLockedAmount& call, CallContext& context);
    /// Errors: AccessControl: ...; InvalidToken of the asset; what the token refuses.
    Result<Returns> execute(const ethena::RescueTokens& call, CallContext& context);
    /// Errors: AccessControl: ...; InvalidAdminChange of the admin's.
    Result<Returns> execute(const ethena::GrantRole& call, CallContext& context);
    Result<Returns> execute(const ethena::RevokeRole& call, CallContext& context);
    /// OperationNotAllowed, whoever asks.
    Result<Returns> execute(const ethena::RenounceRole& call, CallContext& context);

private:
    [[nodiscard]] Result<Amount> unvested(CallContext& context) const;
    /// What a deposit or a withdrawal gives out for what comes in, unless it is refused for
    /// everybody.
    [[nodiscard]] Result<Amount> check_flow(
        const Amount& in, const Amount& out, bool is_deposit) const;
    [[nodiscard]] Result<ethena::ShareRate> rate(CallContext& context) const;
    /// Refuses unless the caller has @p role.
    Result<void> require_role(CallContext& context, ethena::Role role) const;
    [[nodiscard]] bool is_restricted(CallContext& context, AccountId account) const;
    /// _beforeTokenTransfer.
    Result<void> require_unrestricted(CallContext& context, AccountId from, AccountId to) const;
    Result<void> require_min_shares(CallContext& context) const;
    /// Gives or takes a role, and says so if that changes anything.
    Result<void> set_role(
        CallContext& context, ethena::Role role, AccountId account_id, bool is_granted);
    Result<void> mint_shares(CallContext& context, AccountId to, const Amount& shares);
    Result<void> burn_shares(CallContext& context, AccountId from, const Amount& shares);
    /// _deposit and _withdraw.
    Result<void> pay_in(
        CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares);
    Result<void> pay_out(CallContext& context, AccountId receiver, AccountId owner,
        const Amount& assets, const Amount& shares);
    Result<void> start_cooldown(CallContext& context, const Amount& assets, const Amount& shares);
    Result<void> vest(CallContext& context, const Amount& amount);
    void declare_rate(AccessCollector& access) const;
    void declare_pay_in(AccessCollector& access, AccountId sender, AccountId receiver) const;
    void declare_pay_out(
        AccessCollector& access, AccountId sender, AccountId receiver, AccountId owner) const;

    std::string symbol_;
    ContractId asset_id_;
    Token* asset_ = nullptr;
    AccountId silo_ = zero_account;
    Table<ethena::VaultState> state_;         // Record 0.
    Table<ethena::Permissions> permissions_;  // By account.
    Table<ethena::Cooldown> cooldowns_;       // By account.
};

}  // namespace runnel::contracts
