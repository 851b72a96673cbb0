#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// What strategies and reports may know of an asset that is owned in shares: a picture, a building,
/// a patent.
namespace runnel::contracts
{

/// An offer for all shares that the bidder does not have.
struct ShareTender
{
    AccountId bidder{};
    Amount price;             // Of a whole share, in the asset's currency.
    std::uint64_t ends = 0;   // Unix seconds.
    bool is_squeeze = false;  // It has ended, and who has shares left is bought out.
};

/// An asset whose shares are a token that only investors known to its agent may get, and what it
/// earns. All views are of the state after the last block; amounts of money are smallest units of
/// currency().
class ShareAsset
{
public:
    static constexpr std::string_view sector = "share_asset";

    virtual ~ShareAsset() = default;

    /// Itself the token of the shares.
    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// What dividends and tenders are paid in.
    [[nodiscard]] virtual ContractId currency() const noexcept = 0;
    /// Who knows the investors.
    [[nodiscard]] virtual AccountId agent() const noexcept = 0;
    /// How many shares there are, in smallest units.
    [[nodiscard]] virtual const Amount& shares() const noexcept = 0;

    [[nodiscard]] virtual bool is_verified(AccountId account) const = 0;
    /// Who waits to be known, longest first; at most @p most.
    [[nodiscard]] virtual std::vector<AccountId> applicants(std::size_t most) const = 0;
    [[nodiscard]] virtual bool has_applied(AccountId account) const = 0;

    /// What dividends an account could withdraw now.
    [[nodiscard]] virtual Amount dividends_of(AccountId account) const = 0;
    [[nodiscard]] virtual std::optional<ShareTender> tender() const = 0;
    /// What the tender pays for so many shares, rounded down.
    [[nodiscard]] virtual Amount tender_value(const Amount& shares) const = 0;
    /// What a bidder must have to offer @p price for all shares but @p own.
    [[nodiscard]] virtual Amount tender_cost(const Amount& price, const Amount& own) const = 0;
    [[nodiscard]] virtual std::uint64_t tender_seconds_min() const noexcept = 0;

    // Each adds one call; who pays must let contract().account() spend it.

    virtual void add_application(CallWriter& calls) const = 0;
    /// Of the agent alone: makes an investor known.
    virtual void add_registration(CallWriter& calls, AccountId investor) const = 0;
    virtual void add_distribution(CallWriter& calls, const Amount& amount) const = 0;
    virtual void add_withdrawal_of_dividends(CallWriter& calls) const = 0;
    virtual void add_tender(
        CallWriter& calls, const Amount& price, std::uint64_t seconds) const = 0;
    virtual void add_acceptance(CallWriter& calls, const Amount& shares) const = 0;
    /// Ends a tender whose time is over: the rest of the money goes back, or waits for those who
    /// are bought out.
    virtual void add_close(CallWriter& calls) const = 0;
    /// Pays out a shareholder who is bought out; anybody may.
    virtual void add_redemption(CallWriter& calls, AccountId holder) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const ShareAsset* find_share_asset(const World& world, ContractId id);

enum class AssetFlowType : std::uint8_t
{
    distribution,  // What the asset earned, to all shares.
    withdrawal,    // Of dividends by a shareholder.
    acceptance,    // Shares to the bidder of a tender, money back.
    redemption,    // The same of one who was bought out.
    refund,        // What a tender did not need, to its bidder.
};
[[nodiscard]] constexpr std::string_view to_string(AssetFlowType type) noexcept
{
    switch (type)
    {
        case AssetFlowType::distribution: return "distribution";
        case AssetFlowType::withdrawal: return "withdrawal";
        case AssetFlowType::acceptance: return "acceptance";
        case AssetFlowType::redemption: return "redemption";
        case AssetFlowType::refund: return "refund";
    }
    return "unknown";
}

/// Money that came to an asset or went from it: what it emits beside its own events.
struct AssetFlow
{
    static constexpr std::string_view name = "AssetFlow";
    static constexpr std::string_view table = "asset_flows";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 7> meanings{
        "distribution, of what the asset earned, to all shares; withdrawal of dividends; "
        "acceptance of a tender; redemption of one who is bought out; refund to a bidder.",
        "Who paid, or was paid.", "Who got the shares that were sold for it; account 0: none were.",
        "The asset's shares.", "How many changed hands.", "What was paid.", "How much of it."};

    AssetFlowType transaction_type{};
    AccountId account{};
    AccountId buyer{};
    ContractId share_token{};
    Amount shares_raw;
    ContractId currency{};
    Amount amount_raw;
    RUNNEL_FIELDS(transaction_type, account, buyer, share_token,
        (shares_raw, smallest_unit_of("share_token")), currency,
        (amount_raw, smallest_unit_of("currency")));
};

/// An asset after a block that touched it, and every hour.
struct AssetState
{
    static constexpr std::string_view name = "AssetState";
    static constexpr std::string_view table = "asset_states";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 9> meanings{"The asset's shares.",
        "How many there are.", "What it pays in.", "What it has earned and given to its shares.",
        "What of it was withdrawn.", "Who offers to buy all of it; account 0: nobody.",
        "For how much a whole share.", "What of that is locked.",
        "Whether who has shares left is bought out."};

    ContractId share_token{};
    Amount shares_raw;
    ContractId currency{};
    Amount distributed_raw;
    Amount withdrawn_raw;
    AccountId bidder{};
    Amount tender_price_raw;
    Amount locked_raw;
    bool is_squeeze = false;
    RUNNEL_FIELDS(share_token, (shares_raw, smallest_unit_of("share_token")), currency,
        (distributed_raw, smallest_unit_of("currency")),
        (withdrawn_raw, smallest_unit_of("currency")), bidder,
        (tender_price_raw, smallest_unit_of("currency")),
        (locked_raw, smallest_unit_of("currency")), is_squeeze);
};

}  // namespace runnel::contracts
