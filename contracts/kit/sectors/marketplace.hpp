#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// What strategies and reports may know of a place where single things are sold: lots of a token,
/// or tokens of which each is another one.
namespace runnel::contracts
{

enum class SaleKind : std::uint8_t
{
    fixed_price,
    dutch_auction,    // The price moves from one to another over time.
    english_auction,  // The highest bid by the end.
};
[[nodiscard]] constexpr std::string_view to_string(SaleKind kind) noexcept
{
    switch (kind)
    {
        case SaleKind::fixed_price: return "fixed_price";
        case SaleKind::dutch_auction: return "dutch_auction";
        case SaleKind::english_auction: return "english_auction";
    }
    return "unknown";
}

/// A seller's listings have numbers, from 1.
struct ListingRef
{
    AccountId seller{};
    std::uint32_t number = 0;
    RUNNEL_FIELDS(seller, number);

    friend bool operator==(const ListingRef&, const ListingRef&) noexcept = default;
};

/// What is for sale, and how.
struct MarketListing
{
    SaleKind kind{};
    ContractId token{};
    std::uint64_t token_id = 0;
    Amount amount;  // Of a token in lots; 0: it is the token with that id.
    Amount left;    // Of amount.
    ContractId currency{};
    Amount start_price;  // Of all of it; of an English auction, the reserve.
    Amount end_price;
    std::uint64_t starts = 0;  // Unix seconds.
    std::uint64_t ends = 0;
    Amount bid;  // The highest, of an English auction; 0: none.
    AccountId bidder{};
};

/// A marketplace: items stay with their sellers until they are sold, but for those in an English
/// auction. All views are of the state after the last block; amounts are smallest units.
class Marketplace
{
public:
    static constexpr std::string_view sector = "marketplace";

    virtual ~Marketplace() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// All listings there have been, in the order of the chain, from 0.
    [[nodiscard]] virtual std::uint64_t listing_count() const = 0;
    [[nodiscard]] virtual ListingRef listing_at(std::uint64_t position) const = 0;
    /// Empty once it is sold out, cancelled or settled.
    [[nodiscard]] virtual std::optional<MarketListing> listing(const ListingRef& ref) const = 0;
    [[nodiscard]] virtual std::uint32_t next_number(AccountId seller) const = 0;
    /// What @p amount of it costs at a time, rounded up; all of it, if that is not in lots.
    [[nodiscard]] virtual Amount price_at(
        const MarketListing& listing, const Amount& amount, std::uint64_t time) const = 0;
    /// The least that the next bid must be.
    [[nodiscard]] virtual Amount bid_min(const MarketListing& listing) const = 0;

    // Each adds one call. Who sells or buys lets contract().account() move what he gives.

    virtual void add_listing(CallWriter& calls, const MarketListing& listing) const = 0;
    virtual void add_purchase(CallWriter& calls, const ListingRef& ref, const Amount& amount,
        const Amount& pay_max) const = 0;
    virtual void add_settlement(CallWriter& calls, const ListingRef& ref) const = 0;
    virtual void add_cancel(CallWriter& calls, std::uint32_t number) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Marketplace* find_marketplace(const World& world, ContractId id);

enum class MarketStep : std::uint8_t
{
    listed,
    sold,       // Of a lot, a part of it perhaps.
    bid,        // In an English auction.
    cancelled,  // Or taken back, of an auction.
    unsold,     // An auction without a bid.
};
[[nodiscard]] constexpr std::string_view to_string(MarketStep step) noexcept
{
    switch (step)
    {
        case MarketStep::listed: return "listed";
        case MarketStep::sold: return "sold";
        case MarketStep::bid: return "bid";
        case MarketStep::cancelled: return "cancelled";
        case MarketStep::unsold: return "unsold";
    }
    return "unknown";
}

/// What happened to a listing.
struct MarketEvent
{
    static constexpr std::string_view name = "MarketEvent";
    static constexpr std::string_view table = "market_events";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 13> meanings{
        "listed; sold, in whole or in part; bid, in an English auction; cancelled, or taken back; "
        "unsold, an auction without a bid.",
        "fixed_price, dutch_auction or english_auction.", "Whose listing it is.",
        "Its number among his listings.", "Who buys or bids; account 0: nobody.",
        "The contract of what is sold.", "Which one, unless it is sold in lots.",
        "How much of it; 0: one token.", "What is paid with.",
        "Asked at first, or reserve; paid; bid.", "What the marketplace kept of it.",
        "Who has made it; account 0: nobody gets a royalty.", "What he got of it."};

    MarketStep transaction_type{};
    SaleKind kind{};
    AccountId seller{};
    std::uint32_t number = 0;
    AccountId buyer{};
    ContractId item_token{};
    std::uint64_t item_number = 0;
    Amount amount_raw;
    ContractId currency{};
    Amount price_raw;
    Amount fee_raw;
    AccountId creator{};
    Amount royalty_raw;
    RUNNEL_FIELDS(transaction_type, kind, seller, number, buyer, item_token, item_number,
        (amount_raw, smallest_unit_of("item_token")), currency,
        (price_raw, smallest_unit_of("currency")), (fee_raw, smallest_unit_of("currency")), creator,
        (royalty_raw, smallest_unit_of("currency")));
};

}  // namespace runnel::contracts
