#pragma once

#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/kit/token_base.hpp"
#include "contracts/kit/vault_base.hpp"
#include "contracts/vaults/erc4626/calls.hpp"
#include "contracts/vaults/erc4626/events.hpp"
#include "contracts/vaults/erc4626/math.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace runnel::contracts::curve_vault
{

/// Puts all that lies idle into the pool; only the keeper may. Returns the pool's shares got.
struct DoHardWork
{
    RUNNEL_CALL("doHardWork", 7, 420'000);
    RUNNEL_FIELDS();
};

/// What went into the pool.
struct InvestLog
{
    static constexpr std::string_view table = "curve_vault_investments";
    static constexpr std::string_view signature = "Invest(uint256 amount)";
    static constexpr std::array<std::string_view, 1> meanings{"How much of the asset."};

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("asset")));
};

struct State
{
    Amount total_supply;  // Weighs -1 in the conservation law.
    RUNNEL_FIELDS((total_supply, other("vault shares")));
};

struct Setup
{
    ContractId pool{};
    std::int32_t coin = 0;
    bool is_fair = true;
    std::string keeper;
    std::string symbol;
};

}  // namespace runnel::contracts::curve_vault

namespace runnel::contracts
{

/// A vault that takes one coin of a Curve pool and keeps most of it as the pool's shares.
///
/// What it has is what lies idle and what the pool's shares are worth,
///
///     fair       shares * virtual price / 1e18, which trades move by their fees alone, or
///     else       what the pool would pay for all of them in that coin at the moment,
///
/// and the latter falls when somebody makes the coin scarce in the pool. Who deposits then gets
/// more shares than his coins are worth once the pool is back, and takes out more than he brought.
///
///     deposit    shares = assets * supply / total, down; the first: one each
///     redeem     assets = shares * total / supply, down: first what lies idle, then pool shares of
///                the rest's part of what all of them are worth, up. What the pool pays less is the
///                redeemer's loss, what it pays more stays.
///
/// Units: smallest units of the asset and of shares, with as many decimals. Failure: a refusal may
/// leave records half written; the ledger rolls the transaction back. Errors: CurveVault: KEEPER of
/// doHardWork by another; CurveVault: ZERO_SHARES; CurveVault: SHORT of a withdrawal that the pool
/// pays less for; ERC-4626's; those of the pool and the asset; Panic(0x11) beyond 256 bits.
/// Source: Harvest's `Vault.sol` and `CRVStrategyYCRV.sol` as its account of 26 October 2020
/// describes them; names and events of ERC-4626.
class CurveVault : public TokenBase<CurveVault, erc4626::Deposit, erc4626::Mint, erc4626::Withdraw,
                       erc4626::Redeem, curve_vault::DoHardWork>,
                   public VaultBase<CurveVault, erc4626::Deposit, erc4626::Mint, erc4626::Withdraw,
                       erc4626::Redeem>
{
public:
    CurveVault(ContractIdentity identity, curve_vault::Setup setup);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_vault(*this, context); }

    // Vault.

    [[nodiscard]] ContractId asset() const noexcept override { return asset_id_; }
    [[nodiscard]] Amount total_assets(std::uint64_t at) const override;
    [[nodiscard]] Amount share_supply(std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> convert_to_shares(
        const Amount& assets, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> convert_to_assets(
        const Amount& shares, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> preview_mint(
        const Amount& shares, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> preview_withdraw(
        const Amount& assets, std::uint64_t at) const override;
    [[nodiscard]] Amount max_deposit(AccountId receiver, std::uint64_t at) const override;
    [[nodiscard]] Amount max_withdraw(AccountId owner, std::uint64_t at) const override;
    [[nodiscard]] Amount max_redeem(AccountId owner, std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> assets_of(
        CallContext& context, const Amount& shares) const override;
    /// A redemption may take shares out of the pool.
    [[nodiscard]] CallGas gas_of(VaultAction action) const noexcept override;

    using TokenBase::execute;
    Result<Returns> execute(const erc4626::Deposit& call, CallContext& context);
    Result<Returns> execute(const erc4626::Mint& call, CallContext& context);
    /// Errors, in this order: ERC4626ExceededMaxWithdraw(owner, assets, max); the allowance's;
    /// CurveVault: SHORT.
    Result<Returns> execute(const erc4626::Withdraw& call, CallContext& context);
    /// Errors, in this order: ERC4626ExceededMaxRedeem(owner, shares, max); the allowance's.
    /// Returns what was paid.
    Result<Returns> execute(const erc4626::Redeem& call, CallContext& context);
    Result<Returns> execute(const curve_vault::DoHardWork& call, CallContext& context);

private:
    static constexpr std::uint64_t pool_gas = 200'000;  // To take one coin out.

    [[nodiscard]] Result<Amount> fair_value(
        const Amount& pool_shares, const Amount& virtual_price) const;
    /// What the pool's shares are worth as the running transaction sees it, after the last block.
    [[nodiscard]] Result<Amount> invested(CallContext& context) const;
    [[nodiscard]] Amount invested(std::uint64_t at) const;
    [[nodiscard]] Result<erc4626::Totals> totals(CallContext& context) const;
    [[nodiscard]] erc4626::Totals totals(std::uint64_t at) const;
    Result<void> take_in(
        CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares);
    /// Returns what there was to pay.
    Result<Amount> pay_out(CallContext& context, AccountId receiver, AccountId owner,
        const Amount& assets, const Amount& shares);

    curve_vault::Setup setup_;
    ContractId asset_id_{};
    Token* asset_ = nullptr;
    CurveStableSwapPool* pool_ = nullptr;
    AccountId keeper_ = zero_account;
    std::uint8_t decimals_ = 18;
    Table<curve_vault::State> state_;  // Record 0.
};

}  // namespace runnel::contracts
