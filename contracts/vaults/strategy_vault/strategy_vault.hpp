#pragma once

#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/farm.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/lending_positions.hpp"
#include "contracts/kit/token_base.hpp"
#include "contracts/kit/vault_base.hpp"
#include "contracts/vaults/strategy_vault/calls.hpp"
#include "contracts/vaults/strategy_vault/events.hpp"
#include "contracts/vaults/strategy_vault/math.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::contracts::strategy_vault
{

/// All of a vault's state but balances and allowances of its shares: one record.
struct VaultState
{
    Amount total_supply;  // First: weighs -1 in the conservation law. With those that are locked.
    Amount total_assets;  // As counted by the last report, and what came and went since.
    Amount staked;        // What a farm has of it.
    Amount profit_unlocking_rate;
    std::uint64_t full_profit_unlock_date = 0;
    std::uint64_t last_report = 0;
    AccountId management{};
    AccountId keeper{};
    AccountId fee_recipient{};
    std::uint16_t performance_fee = 0;
    std::uint16_t management_fee = 0;
    bool shutdown = false;
    RUNNEL_FIELDS((total_supply, other("vault shares")),
        (total_assets, smallest_unit_of_its("asset")), (staked, smallest_unit_of_its("asset")),
        (profit_unlocking_rate, other("1e-12 vault shares per second")),
        (full_profit_unlock_date, unix_seconds), (last_report, unix_seconds), management, keeper,
        fee_recipient, (performance_fee, bps), (management_fee, bps_per_year), shutdown);
};

/// Where a vault works, and by whom; fixed.
struct Settings
{
    ContractId asset{};
    ContractId source{};                // A lending market, a farm or a vault that takes the asset.
    std::uint32_t farm_pool = 0;        // Of a farm: which pool.
    ContractId reward = no_contract;    // What the source pays beside, if that is another token.
    std::vector<ContractId> exchanges;  // By which it is swapped for the asset, in order.
    std::uint64_t profit_max_unlock_time = 864'000;  // Seconds.
    std::string symbol;
};

/// Who may do what, and fees; what a scenario gives by names.
struct Roles
{
    AccountId management{};
    AccountId keeper{};
    AccountId fee_recipient{};
    std::uint16_t performance_fee = 1'000;
    std::uint16_t management_fee = 0;
};

}  // namespace runnel::contracts::strategy_vault

namespace runnel::contracts
{

/// A vault that puts its asset to work in one place: it supplies it to a lending market, stakes it
/// in a farm or deposits it into another vault. By Yearn's rules of version 3.
///
/// The price of a share follows total_assets, which only reports change: nobody moves it by a gift.
/// A report claims rewards, swaps them along the exchanges, puts all to work and counts what there
/// is. Of a gain, shares are minted at the price before: the fees' for the recipient, the rest for
/// the vault itself, where they unlock (vanish) second by second, so that the price rises steadily
/// and who deposits just before a report gains nothing. A loss burns locked shares first; what is
/// left lowers the price.
///
/// Units: smallest units of the asset and of shares, which have as many decimals. Rounding: always
/// in favour of those who stay (math.hpp). Failure: a refusal may leave records half written; the
/// ledger rolls the transaction back, calls of the source included.
/// Errors, beside those that each call says: those of the tokens (SafeERC20's of 5.x), of the
/// source and of the venue; StrategyVault: the source does not take the asset, of every call that
/// would put assets to work or free them. Source: Yearn tokenized-strategy 3.0.2
/// `TokenizedStrategy.sol`, yearn-vaults 0.4.3 `Vault.vy`; docs/strategy_vault.md says what
/// differs. OpenZeppelin Contracts 5.x for the shares.
class StrategyVault : public TokenBase<StrategyVault, strategy_vault::Deposit, strategy_vault::Mint,
                          strategy_vault::Withdraw, strategy_vault::Redeem, strategy_vault::Report,
                          strategy_vault::Tend, strategy_vault::ShutdownStrategy,
                          strategy_vault::EmergencyWithdraw, strategy_vault::SetFees>,
                      public VaultBase<StrategyVault, strategy_vault::Deposit, strategy_vault::Mint,
                          strategy_vault::Withdraw, strategy_vault::Redeem, ReportingVault>
{
public:
    /// The most that gains may pay.
    static constexpr std::uint16_t performance_fee_max = 5'000;
    static constexpr std::uint16_t management_fee_max = 2'000;

    StrategyVault(ContractIdentity identity, strategy_vault::Settings settings,
        const strategy_vault::Roles& roles = {});

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_vault(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const strategy_vault::VaultState& state() const noexcept { return state_.get(0); }
    /// Of the vault's own shares, those that have not unlocked.
    [[nodiscard]] Amount locked_shares(std::uint64_t at) const;

    // Vault.

    [[nodiscard]] ContractId asset() const noexcept override { return settings_.asset; }
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
    [[nodiscard]] CallGas gas_of(VaultAction action) const noexcept override;

    // ReportingVault.

    [[nodiscard]] AccountId keeper() const noexcept override { return state().keeper; }
    [[nodiscard]] std::uint64_t last_report() const noexcept override
    {
        return state().last_report;
    }
    [[nodiscard]] Result<ReportPreview> preview_report(
        std::uint64_t at, std::uint64_t block) const override;
    [[nodiscard]] CallGas report_gas() const noexcept override;
    void add_report(
        CallWriter& calls, const Amount& swap_min, std::uint64_t deadline) const override;

    /// Errors, first of all: ERC20 transfer to strategy.
    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;

    // Which records a call touches is the source's matter: a dry run finds them.
    using TokenBase::declare;
    using TokenBase::execute;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    /// Errors, in this order: ERC4626: deposit more than max; ZERO_SHARES; the asset's; the
    /// source's; ERC20InvalidReceiver(0). Returns the shares.
    Result<Returns> execute(const strategy_vault::Deposit& call, CallContext& context);
    /// Errors: ERC4626: mint more than max; ZERO_ASSETS; as deposit's. Returns the assets.
    Result<Returns> execute(const strategy_vault::Mint& call, CallContext& context);
    /// Errors, in this order: ERC4626: withdraw more than max; ZERO_SHARES; ZERO ADDRESS of the
    /// receiver; exceeds MAX_BPS; ERC20InsufficientAllowance(..); the source's; too much loss.
    /// Returns the shares.
    Result<Returns> execute(const strategy_vault::Withdraw& call, CallContext& context);
    /// Errors: ERC4626: redeem more than max; ZERO_ASSETS; as withdraw's. Returns the assets paid.
    Result<Returns> execute(const strategy_vault::Redeem& call, CallContext& context);
    /// Errors: !keeper; the venue's; the source's. Returns gain and loss.
    Result<Returns> execute(const strategy_vault::Report& call, CallContext& context);
    /// Errors: !keeper.
    Result<Returns> execute(const strategy_vault::Tend& call, CallContext& context);
    /// Errors: !management.
    Result<Returns> execute(const strategy_vault::ShutdownStrategy& call, CallContext& context);
    /// Errors: !management; not shutdown.
    Result<Returns> execute(const strategy_vault::EmergencyWithdraw& call, CallContext& context);
    /// Errors: !management; MAX FEE.
    Result<Returns> execute(const strategy_vault::SetFees& call, CallContext& context);

private:
    [[nodiscard]] bool has_source() const noexcept;
    [[nodiscard]] strategy_vault::Totals totals(std::uint64_t at) const;
    [[nodiscard]] strategy_vault::Totals totals(CallContext& context) const;
    [[nodiscard]] Amount idle(CallContext& context) const;

    // The source (strategy_source.cpp).

    /// Puts so many idle assets to work.
    Result<void> deploy(CallContext& context, const Amount& amount);
    /// Gets so many assets back, or all there are.
    Result<void> free(CallContext& context, const Amount& amount);
    /// What would come back if all were freed.
    [[nodiscard]] Result<Amount> deployed(CallContext& context) const;
    /// Claims rewards and swaps them.
    Result<void> harvest(CallContext& context, const strategy_vault::Report& call);
    /// Adds an approval if the spender may not take so much.
    void allow(CallContext& context, const Contract& token, AccountId spender, const Amount& amount,
        CallWriter& calls) const;
    [[nodiscard]] std::uint64_t source_gas(VaultAction action) const noexcept;
    void find_route(const World& world);

    Result<void> take_in(
        CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares);
    Result<Amount> pay_out(CallContext& context, AccountId receiver, AccountId owner, Amount assets,
        const Amount& shares, std::uint16_t max_loss);
    /// Mints the gain's shares; returns how many were locked.
    Result<Amount> take_gain(CallContext& context, strategy_vault::VaultState& state,
        const strategy_vault::Totals& before, strategy_vault::ReportedLog& log);
    Result<void> take_loss(CallContext& context, strategy_vault::VaultState& state,
        const strategy_vault::Totals& before, const Amount& loss);
    Result<void> plan_unlocking(
        CallContext& context, strategy_vault::VaultState& state, const Amount& newly_locked) const;
    Result<strategy_vault::VaultState*> kept_state(CallContext& context);
    Result<strategy_vault::VaultState*> managed_state(CallContext& context);

    strategy_vault::Settings settings_;
    TokenInfo asset_info_;
    Contract* asset_contract_ = nullptr;
    Token* asset_ = nullptr;
    Contract* source_contract_ = nullptr;
    // One of these, if the source takes the asset.
    const LendingMarket* market_ = nullptr;
    const LendingPositions* positions_ = nullptr;
    const Farm* farm_ = nullptr;
    const Vault* vault_ = nullptr;
    std::size_t place_ = 0;   // The reserve or the pool.
    std::vector<Hop> route_;  // From the reward to the asset; empty: there is none.
    Contract* reward_contract_ = nullptr;
    const Token* reward_token_ = nullptr;
    Table<strategy_vault::VaultState> state_;  // Record 0.
};

}  // namespace runnel::contracts
