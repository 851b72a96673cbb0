#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <cstdint>
#include <string_view>

/// What strategies, routing and reports may know of a vault, whatever its protocol: it takes one
/// token, the asset, and gives shares of all it has.
namespace runnel::contracts
{

enum class VaultAction : std::uint8_t
{
    deposit,
    mint,
    withdraw,
    redeem,
};

/// A vault by ERC-4626: what it says of itself, and the calls that use it. Its contract is the
/// Token of its shares.
///
/// Views are of the state after the last block, and of the time that they are asked for, in unix
/// seconds: where profits become the holders' by and by, that matters. They round as the calls do.
class Vault
{
public:
    static constexpr std::string_view sector = "vault";

    virtual ~Vault() = default;

    /// Also the token of the shares.
    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual ContractId asset() const noexcept = 0;
    /// What all shares are worth, in the asset.
    [[nodiscard]] virtual Amount total_assets(std::uint64_t at) const = 0;
    [[nodiscard]] virtual Amount share_supply(std::uint64_t at) const = 0;
    [[nodiscard]] virtual Amount share_balance(AccountId account) const = 0;

    /// Fees and limits aside; rounded down. Errors: overflow.
    [[nodiscard]] virtual Result<Amount> convert_to_shares(
        const Amount& assets, std::uint64_t at) const = 0;
    [[nodiscard]] virtual Result<Amount> convert_to_assets(
        const Amount& shares, std::uint64_t at) const = 0;
    /// What the calls would give, or take. Errors: what of their refusals does not depend on who
    /// calls.
    [[nodiscard]] virtual Result<Amount> preview_deposit(
        const Amount& assets, std::uint64_t at) const = 0;
    [[nodiscard]] virtual Result<Amount> preview_mint(
        const Amount& shares, std::uint64_t at) const = 0;
    [[nodiscard]] virtual Result<Amount> preview_withdraw(
        const Amount& assets, std::uint64_t at) const = 0;
    [[nodiscard]] virtual Result<Amount> preview_redeem(
        const Amount& shares, std::uint64_t at) const = 0;
    /// The most that the calls take now; 2^256-1: no limit.
    [[nodiscard]] virtual Amount max_deposit(AccountId receiver, std::uint64_t at) const = 0;
    [[nodiscard]] virtual Amount max_withdraw(AccountId owner, std::uint64_t at) const = 0;
    [[nodiscard]] virtual Amount max_redeem(AccountId owner, std::uint64_t at) const = 0;

    /// What shares are worth as the running transaction sees it, fees and limits aside; rounded
    /// down. Errors: overflow.
    [[nodiscard]] virtual Result<Amount> assets_of(
        CallContext& context, const Amount& shares) const = 0;

    // Each adds one call of the sender's. Who deposits must let contract().account() spend its
    // assets; who withdraws what is another's needs an allowance of the shares.

    [[nodiscard]] virtual CallGas gas_of(VaultAction action) const noexcept = 0;
    virtual void add_deposit(CallWriter& calls, const Amount& assets, AccountId receiver) const = 0;
    virtual void add_mint(CallWriter& calls, const Amount& shares, AccountId receiver) const = 0;
    virtual void add_withdraw(
        CallWriter& calls, const Amount& assets, AccountId receiver, AccountId owner) const = 0;
    virtual void add_redeem(
        CallWriter& calls, const Amount& shares, AccountId receiver, AccountId owner) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Vault* find_vault(const World& world, ContractId id);

/// What a report would find now.
struct ReportPreview
{
    Amount
        assets;  // All that there is, in the asset: above total_assets() is a gain, below a loss.
    Amount swapped;  // Of that, what the rewards bring that the report would swap.
};

/// A vault whose worth changes by reports alone: somebody must come and count, and gather what it
/// has earned. Only its keeper may.
class ReportingVault : public Vault
{
public:
    static constexpr std::string_view sector = "reporting_vault";

    [[nodiscard]] virtual AccountId keeper() const noexcept = 0;
    /// Unix seconds of the last one; 0: never.
    [[nodiscard]] virtual std::uint64_t last_report() const noexcept = 0;
    /// Of a report in a block with this time and number. Errors: what the report would be refused
    /// for, as far as that can be said before.
    [[nodiscard]] virtual Result<ReportPreview> preview_report(
        std::uint64_t at, std::uint64_t block) const = 0;
    [[nodiscard]] virtual CallGas report_gas() const noexcept = 0;
    /// Adds a call of the sender's, the keeper's; refused if the rewards bring less than
    /// @p swap_min of the asset, or after @p deadline, in unix seconds.
    virtual void add_report(
        CallWriter& calls, const Amount& swap_min, std::uint64_t deadline) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const ReportingVault* find_reporting_vault(const World& world, ContractId id);

/// A vault after a block that touched it, and every hour.
struct VaultRow
{
    static constexpr std::string_view name = "Vault";
    static constexpr std::string_view table = "vaults";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 4> meanings{"What is deposited.",
        "What is got for it.", "What all shares stand for.", "How many shares there are."};

    ContractId asset{};
    ContractId share_token{};
    Amount total_assets;
    Amount total_supply;
    RUNNEL_FIELDS(asset, share_token, (total_assets, smallest_unit_of("asset")),
        (total_supply, smallest_unit_of("share_token")));
};

/// Emits a row of vaults: what a vault's snapshot() does.
void snapshot_vault(const Vault& vault, SnapshotContext& context);

enum class VaultFlowType : std::uint8_t
{
    deposit,
    withdraw,
};
[[nodiscard]] constexpr std::string_view to_string(VaultFlowType type) noexcept
{
    return type == VaultFlowType::deposit ? "deposit" : "withdraw";
}
/// Assets into a vault or out of it, and the shares minted or burnt for them: what a vault emits
/// beside its own events.
struct VaultFlow
{
    static constexpr std::string_view name = "VaultFlow";
    static constexpr std::string_view table = "vault_flows";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 6> meanings{"What happened.",
        "Whose the shares are.", "What is deposited.", "How much came in or went out.",
        "What is got for it.", "The shares minted or burnt."};

    VaultFlowType transaction_type{};
    AccountId owner{};  // Of the shares.
    ContractId asset{};
    Amount asset_amount_raw;
    ContractId share_token{};
    Amount share_amount_raw;
    RUNNEL_FIELDS(transaction_type, owner, asset, (asset_amount_raw, smallest_unit_of("asset")),
        share_token, (share_amount_raw, smallest_unit_of("share_token")));
};

/// What a report has counted: what a vault that reports emits beside its own events.
struct VaultReport
{
    static constexpr std::string_view name = "VaultReport";
    static constexpr std::string_view table = "vault_reports";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 4> meanings{"What is deposited.",
        "What was gained since the last report, fees included.",
        "What was lost since the last report.", "What of the gain fees took, as shares."};

    ContractId asset{};
    Amount gain_raw;
    Amount loss_raw;
    Amount fees_raw;
    RUNNEL_FIELDS(asset, (gain_raw, smallest_unit_of("asset")),
        (loss_raw, smallest_unit_of("asset")), (fees_raw, smallest_unit_of("asset")));
};

}  // namespace runnel::contracts
