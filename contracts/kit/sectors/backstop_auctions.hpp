#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// What strategies may know of a system that auctions its own surplus and its own bad debt for the
/// token of those who govern it, whatever its protocol.
///
/// A surplus auction sells an amount of the system's money: bids are of the governance token, and
/// rise. A deficit auction wants an amount of its money: bids are for how much of the governance
/// token, made for the winner, and fall. A bid is paid when it is made, to whoever is outbid by it;
/// it wins if nobody betters it for a time, or when the auction's own time is over.
namespace runnel::contracts
{

enum class BackstopKind : std::uint8_t
{
    surplus,
    deficit,
};
[[nodiscard]] constexpr std::string_view to_string(BackstopKind kind) noexcept
{
    return kind == BackstopKind::surplus ? "surplus" : "deficit";
}

/// A running auction; amounts in smallest units. What is given up is of the governance token in a
/// surplus auction, of the system's money in a deficit auction; what is won is of the other.
struct BackstopAuction
{
    std::uint64_t id = 0;
    Amount won;          // Rounded down.
    Amount given;        // By the last bid; rounded up.
    AccountId bidder{};  // Whose bid is the last one; the zero account: there is none.
    bool takes_bids = false;
    bool is_over = false;   // The last bid has won, and can be settled.
    bool restarts = false;  // Nobody has bid in its time: it can be started again.
};

/// A bid; what it does not change of the auction is as there.
struct BackstopBid
{
    Amount won;
    Amount given;
};

enum class BackstopAction : std::uint8_t
{
    start,
    restart,
    bid,
    settle,
    claim,
};
[[nodiscard]] constexpr std::string_view to_string(BackstopAction action) noexcept
{
    switch (action)
    {
        case BackstopAction::start: return "start";
        case BackstopAction::restart: return "restart";
        case BackstopAction::bid: return "bid";
        case BackstopAction::settle: return "settle";
        case BackstopAction::claim: return "claim";
    }
    return "unknown";
}

/// What happened to an auction of surplus or bad debt: emitted beside a system's own events.
/// Nothing is emitted when somebody claims what is his anyway.
struct BackstopAuctionRow
{
    static constexpr std::string_view name = "BackstopAuction";
    static constexpr std::string_view table = "backstop_auctions";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 9> meanings{"What happened.",
        "surplus: the system's money is sold; deficit: governance tokens are made for money.",
        "The number of the auction, of those of its kind.", "Who did it.",
        "Whose bid is the last one; the zero account: there is none.", "What the winner gets.",
        "What he pays with.", "What he gets, by the last bid.", "What he pays, by the last bid."};

    BackstopAction transaction_type{};
    BackstopKind kind{};
    std::uint64_t auction = 0;
    AccountId account{};
    AccountId bidder{};
    ContractId won_token{};
    ContractId given_token{};
    Amount won_raw;
    Amount given_raw;
    RUNNEL_FIELDS(transaction_type, kind, auction, account, bidder, won_token, given_token,
        (won_raw, smallest_unit_of("won_token")), (given_raw, smallest_unit_of("given_token")));
};

class BackstopAuctions
{
public:
    static constexpr std::string_view sector = "backstop_auctions";

    virtual ~BackstopAuctions() = default;

    /// The system's money, and the token of those who govern it; without the latter there are no
    /// such auctions. All views are of the state after the last block.
    [[nodiscard]] virtual ContractId backstop_money() const noexcept = 0;
    [[nodiscard]] virtual std::optional<ContractId> governance_token() const noexcept = 0;
    /// Those that run at @p at, unix seconds; by number.
    [[nodiscard]] virtual std::vector<BackstopAuction> backstop_auctions(
        BackstopKind kind, std::uint64_t at) const = 0;
    /// The least bid in an auction that is started at @p at; empty if none could be.
    [[nodiscard]] virtual std::optional<BackstopBid> first_bid(
        BackstopKind kind, std::uint64_t at) const = 0;
    /// The least that betters the last bid; of an auction that nobody has bid in in its time, once
    /// it is started again. Empty where numbers end.
    [[nodiscard]] virtual std::optional<BackstopBid> better_bid(
        BackstopKind kind, const BackstopAuction& auction) const = 0;
    /// Money of @p account that the system keeps, which paid or outbid bids leave; rounded down.
    [[nodiscard]] virtual Amount backstop_claim(AccountId account) const = 0;

    // Each adds calls of the sender's, with the leave that the system itself wants of him, and
    // approvals. Gas is that of all these calls.

    [[nodiscard]] virtual CallGas backstop_gas(
        BackstopKind kind, BackstopAction action) const noexcept = 0;
    /// Starts an auction, after what has to be put right in the system's books for it.
    virtual void add_backstop(CallWriter& calls, BackstopKind kind, std::uint64_t at) const = 0;
    virtual void add_backstop_restart(
        CallWriter& calls, BackstopKind kind, std::uint64_t auction) const = 0;
    /// Pays with what @p sender holds. Refused if somebody else was faster.
    virtual void add_backstop_bid(CallWriter& calls, BackstopKind kind, std::uint64_t auction,
        const BackstopBid& bid, AccountId sender) const = 0;
    /// Has the last bid win; anybody's call.
    virtual void add_backstop_settlement(
        CallWriter& calls, BackstopKind kind, std::uint64_t auction) const = 0;
    virtual void add_backstop_claim(
        CallWriter& calls, const Amount& amount, AccountId sender) const = 0;
};

}  // namespace runnel::contracts
