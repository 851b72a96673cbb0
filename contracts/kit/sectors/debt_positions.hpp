#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

/// What strategies and reports may know of a system that mints its token against collateral and
/// auctions the collateral of positions that are no longer safe, whatever its protocol.
///
/// Collaterals are numbered from 0; a position is an account's with one of them. Amounts are in
/// smallest units: of the collateral, or of the token that is owed. Prices are what a whole token
/// of the collateral costs in smallest units of the token that is owed.
namespace runnel::contracts
{

/// One collateral and its terms. Views are of the state after the last block.
struct DebtTerms
{
    ContractId collateral{};
    Amount unit;          // 10^decimals of the collateral.
    Amount price;         // As the system counts now; 0: none.
    Amount feed_price;    // As its feed says: what the former will be; 0: none.
    Amount ratio_min;     // Wad: collateral worth less than so much of its debt may be auctioned.
    Amount debt_min;      // The least that a position owes if it owes anything.
    Amount debt_room;     // What may still be drawn of it.
    Amount debt;          // Of all positions, rounded up.
    bool starts = false;  // Auctions may be started.
};

/// What an account has locked and owes.
struct DebtPosition
{
    Amount collateral;  // Rounded down.
    Amount debt;        // Rounded up.
    bool is_unsafe = false;
};

/// A running auction of collateral: its price falls with time.
struct CollateralAuction
{
    std::uint64_t id = 0;
    AccountId owner{};      // Whose position it was.
    Amount collateral;      // For sale, rounded down.
    Amount wanted;          // To be raised, rounded up.
    Amount price;           // Rounded up.
    bool restarts = false;  // Nobody can buy before somebody has started it again.
};

/// What a purchase takes and costs.
struct AuctionPurchase
{
    Amount most;        // What was asked for.
    Amount collateral;  // Rounded down.
    Amount cost;        // Rounded up.
};

/// The system's own books: what it is owed by nobody (bad debt, as long as no auction brings it in)
/// against what it has earned.
struct DebtBooks
{
    Amount debt;     // Of all positions, rounded up.
    Amount surplus;  // What it has beyond what it lacks; at most one of the two is not 0.
    Amount deficit;  // Rounded up.
};

/// What a system keeps for an account outside of positions: what its auction left, rewards, change.
struct DebtClaims
{
    Amount collateral;  // Rounded down.
    Amount debt_token;  // Rounded down.
};

/// A change of one's own position, done as one.
struct DebtChange
{
    Amount lock{};
    Amount free{};
    Amount draw{};
    Amount repay{};
};

enum class DebtAction : std::uint8_t
{
    change,
    claim,
    start,
    restart,
    take,
    take_and_sell,
    update,
};

class DebtPositions
{
public:
    static constexpr std::string_view sector = "debt_positions";

    virtual ~DebtPositions() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// What is minted, and owed.
    [[nodiscard]] virtual ContractId debt_token() const noexcept = 0;
    [[nodiscard]] virtual Amount debt_token_supply() const noexcept = 0;
    [[nodiscard]] virtual std::size_t collateral_count() const noexcept = 0;
    [[nodiscard]] virtual DebtTerms terms(std::size_t collateral) const = 0;
    [[nodiscard]] virtual DebtBooks books() const = 0;
    /// Who has a position, or anything kept for him; ascending.
    [[nodiscard]] virtual std::vector<AccountId> accounts(std::size_t collateral) const = 0;
    [[nodiscard]] virtual DebtPosition position(std::size_t collateral, AccountId owner) const = 0;
    [[nodiscard]] virtual DebtClaims claims(std::size_t collateral, AccountId account) const = 0;
    /// Those that run, at their prices in a block at @p at, unix seconds; in the order in which the
    /// system keeps them.
    [[nodiscard]] virtual std::vector<CollateralAuction> auctions(
        std::size_t collateral, std::uint64_t at) const = 0;
    /// What it would take and cost to buy up to @p most of its collateral at @p at. Errors: what
    /// the purchase would be refused for, the buyer's own funds apart.
    [[nodiscard]] virtual Result<AuctionPurchase> preview_take(std::size_t collateral,
        std::uint64_t auction, const Amount& most, std::uint64_t at) const = 0;
    /// What who starts the auction of a position is paid, in the token that is owed.
    [[nodiscard]] virtual Amount start_reward(std::size_t collateral, AccountId owner) const = 0;
    /// Whether an update at @p at would bring the system a price that it has not.
    [[nodiscard]] virtual bool is_update_due(std::size_t collateral, std::uint64_t at) const = 0;

    // Each adds calls of the sender's, with the leave that the system itself wants of him; tokens
    // he approves to the spenders. Gas is that of all these calls, leave included.

    [[nodiscard]] virtual AccountId collateral_spender(std::size_t collateral) const noexcept = 0;
    [[nodiscard]] virtual AccountId debt_spender() const noexcept = 0;
    [[nodiscard]] virtual CallGas gas_of(DebtAction action) const noexcept = 0;
    virtual void add_change(CallWriter& calls, std::size_t collateral, const DebtChange& change,
        AccountId sender) const = 0;
    /// Has these paid out; at most what there is by then.
    virtual void add_claim(CallWriter& calls, std::size_t collateral, const DebtClaims& claims,
        AccountId sender) const = 0;
    /// Starts the auction of an unsafe position. The reward is kept for the sender.
    virtual void add_start(
        CallWriter& calls, std::size_t collateral, AccountId owner, AccountId sender) const = 0;
    virtual void add_restart(CallWriter& calls, std::size_t collateral, std::uint64_t auction,
        AccountId sender) const = 0;
    /// Buys for no more than @p purchase costs; refused as a whole if others were faster. What a
    /// price that has fallen meanwhile leaves over is kept for the sender.
    virtual void add_take(CallWriter& calls, std::size_t collateral, std::uint64_t auction,
        const AuctionPurchase& purchase, AccountId sender) const = 0;
    /// The same for one who pays with what he sells the collateral for: @p add_sale adds calls of
    /// his that run when he has it; none that says what another call of its list returned.
    virtual void add_take_and_sell(CallWriter& calls, std::size_t collateral, std::uint64_t auction,
        const AuctionPurchase& purchase, const std::function<void(CallWriter&)>& add_sale,
        AccountId sender) const = 0;
    /// Brings the system's price, and the interest that positions owe, up to @p at.
    virtual void add_update(CallWriter& calls, std::size_t collateral, std::uint64_t at) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const DebtPositions* find_debt_positions(const World& world, ContractId id);

// --- Rows -------------------------------------------------------------------------------------

/// A change of a position by those who may: what a system emits beside its own events.
struct DebtChangeRow
{
    static constexpr std::string_view name = "DebtChange";
    static constexpr std::string_view table = "debt_changes";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 7> meanings{"Whose position.", "What secures it.",
        "What is owed.", "Collateral locked.", "Collateral freed.", "Debt drawn.", "Debt repaid."};

    AccountId account{};
    ContractId collateral_token{};
    ContractId debt_token{};
    Amount locked_raw;
    Amount freed_raw;
    Amount drawn_raw;
    Amount repaid_raw;
    RUNNEL_FIELDS(account, collateral_token, debt_token,
        (locked_raw, smallest_unit_of("collateral_token")),
        (freed_raw, smallest_unit_of("collateral_token")),
        (drawn_raw, smallest_unit_of("debt_token")), (repaid_raw, smallest_unit_of("debt_token")));
};

enum class CollateralAuctionStep : std::uint8_t
{
    start,
    restart,
    take,
    cancel,
};
[[nodiscard]] constexpr std::string_view to_string(CollateralAuctionStep step) noexcept
{
    switch (step)
    {
        case CollateralAuctionStep::start: return "start";
        case CollateralAuctionStep::restart: return "restart";
        case CollateralAuctionStep::take: return "take";
        case CollateralAuctionStep::cancel: return "cancel";
    }
    return "unknown";
}
/// What happened to an auction of collateral: emitted beside a system's own events.
struct CollateralAuctionRow
{
    static constexpr std::string_view name = "CollateralAuction";
    static constexpr std::string_view table = "collateral_auctions";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 13> meanings{"What happened.",
        "The number of the auction, of those of its collateral.", "Whose position it was.",
        "Who did it: started it, or bought.", "What is sold.", "What is paid with.",
        "Collateral that the auction began with, or that was bought.",
        "Debt of the position, at the start; else 0.",
        "What is to be raised: by all of it at the start, by what is left after a purchase.",
        "What was paid.", "Collateral left for sale.", "Collateral that the owner got back.",
        "The price of a whole token: the first one, or the one paid."};

    CollateralAuctionStep transaction_type{};
    std::uint64_t auction = 0;
    AccountId owner{};
    AccountId account{};
    ContractId collateral_token{};
    ContractId debt_token{};
    Amount collateral_raw;
    Amount debt_raw;
    Amount wanted_raw;
    Amount paid_raw;
    Amount left_raw;
    Amount returned_raw;
    Amount price;
    RUNNEL_FIELDS(transaction_type, auction, owner, account, collateral_token, debt_token,
        (collateral_raw, smallest_unit_of("collateral_token")),
        (debt_raw, smallest_unit_of("debt_token")), (wanted_raw, smallest_unit_of("debt_token")),
        (paid_raw, smallest_unit_of("debt_token")),
        (left_raw, smallest_unit_of("collateral_token")),
        (returned_raw, smallest_unit_of("collateral_token")),
        (price, smallest_unit_of("debt_token")));
};

/// A system's books, after a block that touched it, and every hour.
struct DebtBooksRow
{
    static constexpr std::string_view name = "DebtBooks";
    static constexpr std::string_view table = "debt_books";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 5> meanings{"What is minted and owed.",
        "How much of it there is.", "What all positions owe.",
        "What the system has earned beyond what it lacks.",
        "What it lacks: owed by nobody, and not earned; auctions that run may still bring some."};

    ContractId debt_token{};
    Amount supply;
    Amount debt;
    Amount surplus;
    Amount deficit;
    RUNNEL_FIELDS(debt_token, (supply, smallest_unit_of("debt_token")),
        (debt, smallest_unit_of("debt_token")), (surplus, smallest_unit_of("debt_token")),
        (deficit, smallest_unit_of("debt_token")));
};

/// One collateral and its auctions, after a block that touched the system, and every hour.
struct DebtCollateralRow
{
    static constexpr std::string_view name = "DebtCollateral";
    static constexpr std::string_view table = "debt_collaterals";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 10> meanings{
        "The number of the collateral within the system.", "What secures it.", "What is owed.",
        "A whole token's price as the system counts.", "The same as its feed says.",
        "Positions whose collateral is worth less than so much of their debt may be auctioned.",
        "What all positions owe.", "Auctions that run.", "What they have for sale.",
        "What they are to raise."};

    std::uint32_t collateral = 0;
    ContractId collateral_token{};
    ContractId debt_token{};
    Amount price;
    Amount feed_price;
    Amount ratio_min;
    Amount debt;
    std::uint64_t auctions = 0;
    Amount for_sale;
    Amount wanted;
    RUNNEL_FIELDS(collateral, collateral_token, debt_token, (price, smallest_unit_of("debt_token")),
        (feed_price, smallest_unit_of("debt_token")), (ratio_min, wad),
        (debt, smallest_unit_of("debt_token")), auctions,
        (for_sale, smallest_unit_of("collateral_token")), (wanted, smallest_unit_of("debt_token")));
};

/// All positions with one collateral: after block 0, every hour and after the last block.
struct DebtStatementRow
{
    static constexpr std::string_view name = "DebtStatement";
    static constexpr std::string_view table = "debt_statements";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 11> meanings{
        "Whether each position is stated too: always after block 0 and the last block, every hour "
        "while there are no more than 2000.",
        "The number of the collateral within the system.", "What secures them.", "What is owed.",
        "Positions that owe something.", "What all positions have locked.",
        "Of the positions: may be auctioned.", "What those owe.",
        "Of all: that owe more than their collateral is worth by the feed.",
        "What those owe beyond that.",
        "What the auctions that run would bring if all they have were worth what the feed says."};

    bool itemized = false;
    std::uint32_t collateral = 0;
    ContractId collateral_token{};
    ContractId debt_token{};
    std::uint64_t positions = 0;
    Amount locked;
    std::uint64_t unsafe = 0;
    Amount unsafe_debt;
    std::uint64_t insolvent = 0;
    Amount shortfall;
    Amount auctions_worth;
    RUNNEL_FIELDS(itemized, collateral, collateral_token, debt_token, positions,
        (locked, smallest_unit_of("collateral_token")), unsafe,
        (unsafe_debt, smallest_unit_of("debt_token")), insolvent,
        (shortfall, smallest_unit_of("debt_token")),
        (auctions_worth, smallest_unit_of("debt_token")));
};

/// One position, or what is kept for an account that has none, when its system states it.
struct DebtPositionRow
{
    static constexpr std::string_view name = "DebtPosition";
    static constexpr std::string_view table = "debt_positions";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 8> meanings{"Whose it is.", "What secures it.",
        "What is owed.", "What is locked.", "How much is owed.", "Whether it may be auctioned.",
        "Collateral kept for him beside, to be claimed.", "The same of the token that is owed."};

    AccountId account{};
    ContractId collateral_token{};
    ContractId debt_token{};
    Amount collateral_raw;
    Amount debt_raw;
    bool is_unsafe = false;
    Amount claimable_raw;
    Amount claimable_debt_raw;  // Said once for each account, with the first collateral.
    RUNNEL_FIELDS(account, collateral_token, debt_token,
        (collateral_raw, smallest_unit_of("collateral_token")),
        (debt_raw, smallest_unit_of("debt_token")), is_unsafe,
        (claimable_raw, smallest_unit_of("collateral_token")),
        (claimable_debt_raw, smallest_unit_of("debt_token")));
};

/// What a system's snapshot() does: its books and collaterals, and when all contracts show their
/// state, what its positions are.
void snapshot_debt_positions(const DebtPositions& system, SnapshotContext& context);

/// @p amount of collateral at @p price, in the token that is owed; rounded down, 2^256-1 at most.
[[nodiscard]] Amount worth_of(const DebtTerms& terms, const Amount& amount, const Amount& price);

}  // namespace runnel::contracts
