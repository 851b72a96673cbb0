#pragma once

#include "contracts/kit/token_base.hpp"
#include "contracts/kit/vault_base.hpp"
#include "contracts/vaults/erc4626/calls.hpp"
#include "contracts/vaults/erc4626/events.hpp"
#include "contracts/vaults/erc4626/math.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace runnel::contracts::erc4626
{

/// What a vault that a transaction creates is told.
struct Constructor
{
    ContractId asset{};
    std::uint8_t decimals_offset = 0;
    RUNNEL_FIELDS(asset, decimals_offset);
};

struct VaultState
{
    Amount total_supply;  // Weighs -1 in the conservation law.
    RUNNEL_FIELDS((total_supply, other("vault shares")));
};

}  // namespace runnel::contracts::erc4626

namespace runnel::contracts
{

/// A vault that holds one token and is the ERC-20 token of its shares: what is sent to it belongs
/// to the shares, what it loses too.
///
/// Deposits and redemptions are of an amount that the caller names and round what he gets down;
/// mints and withdrawals round what he pays up (math.hpp).
///
/// Units: smallest units of the asset and of shares, which have decimals_offset more decimals.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Errors of every call: Panic(0x11) where an amount does not fit 256 bits; the asset's own;
/// SafeERC20FailedOperation(asset) if it says false.
/// Source: OpenZeppelin Contracts 5.7 `ERC4626.sol`.
class Erc4626Vault : public TokenBase<Erc4626Vault, erc4626::Deposit, erc4626::Mint,
                         erc4626::Withdraw, erc4626::Redeem>,
                     public VaultBase<Erc4626Vault, erc4626::Deposit, erc4626::Mint,
                         erc4626::Withdraw, erc4626::Redeem>
{
public:
    /// The most decimals that shares can have more than the asset.
    static constexpr std::uint8_t decimals_offset_max = 36;

    /// @param is_virtual  Whether virtual shares stand against an inflation of the share's price.
    Erc4626Vault(ContractIdentity identity, ContractId asset, std::uint8_t decimals_offset = 0,
        std::string symbol = {}, bool is_virtual = true);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_vault(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const Amount& total_supply() const noexcept { return state_.get(0).total_supply; }

    // Vault. Time does not matter.

    [[nodiscard]] ContractId asset() const noexcept override { return asset_id_; }
    [[nodiscard]] Amount total_assets(std::uint64_t at = 0) const override;
    [[nodiscard]] Amount share_supply(std::uint64_t at = 0) const override;
    [[nodiscard]] Result<Amount> convert_to_shares(
        const Amount& assets, std::uint64_t at = 0) const override;
    [[nodiscard]] Result<Amount> convert_to_assets(
        const Amount& shares, std::uint64_t at = 0) const override;
    [[nodiscard]] Result<Amount> preview_mint(
        const Amount& shares, std::uint64_t at = 0) const override;
    [[nodiscard]] Result<Amount> preview_withdraw(
        const Amount& assets, std::uint64_t at = 0) const override;
    [[nodiscard]] Amount max_deposit(AccountId receiver, std::uint64_t at = 0) const override;
    /// 0 where it does not fit 256 bits: the deployed view reverts.
    [[nodiscard]] Amount max_withdraw(AccountId owner, std::uint64_t at = 0) const override;
    [[nodiscard]] Amount max_redeem(AccountId owner, std::uint64_t at = 0) const override;
    [[nodiscard]] Result<Amount> assets_of(
        CallContext& context, const Amount& shares) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const erc4626::Deposit& call, AccountId sender, AccessCollector& access) const;
    void declare(const erc4626::Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const erc4626::Withdraw& call, AccountId sender, AccessCollector& access) const;
    void declare(const erc4626::Redeem& call, AccountId sender, AccessCollector& access) const;

    /// Errors: the asset's, then ERC20InvalidReceiver(0). Returns the shares.
    Result<Returns> execute(const erc4626::Deposit& call, CallContext& context);
    /// Errors: the same. Returns the assets.
    Result<Returns> execute(const erc4626::Mint& call, CallContext& context);
    /// Errors, in this order: ERC4626ExceededMaxWithdraw(owner, assets, max);
    /// ERC20InsufficientAllowance(sender, allowance, shares); the asset's. Returns the shares.
    Result<Returns> execute(const erc4626::Withdraw& call, CallContext& context);
    /// Errors, in this order: ERC4626ExceededMaxRedeem(owner, shares, max);
    /// ERC20InsufficientAllowance(sender, allowance, shares); the asset's. Returns the assets.
    Result<Returns> execute(const erc4626::Redeem& call, CallContext& context);

private:
    [[nodiscard]] erc4626::Totals totals() const;
    [[nodiscard]] erc4626::Totals totals(CallContext& context) const;
    Result<void> take_in(
        CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares);
    Result<void> pay_out(CallContext& context, AccountId receiver, AccountId owner,
        const Amount& assets, const Amount& shares);
    void declare_in(AccessCollector& access, AccountId sender, AccountId receiver) const;
    void declare_out(
        AccessCollector& access, AccountId sender, AccountId receiver, AccountId owner) const;

    ContractId asset_id_;
    std::uint8_t decimals_offset_;
    bool is_virtual_;
    std::string symbol_;
    TokenInfo asset_info_;
    Contract* asset_contract_ = nullptr;
    Token* asset_ = nullptr;
    Table<erc4626::VaultState> state_;  // Record 0.
};

}  // namespace runnel::contracts
