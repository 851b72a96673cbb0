#pragma once

#include "contracts/kit/sectors/escrow.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// What strategies and reports may know of a marketplace of goods, whatever its protocol: sellers
/// list what they have, buyers order it and pay the seller or an escrow. The goods themselves move
/// outside the chain.
namespace runnel::contracts
{

struct GoodsListing
{
    AccountId seller{};
    ContractId token{};
    Amount price;             // Of one piece.
    std::uint64_t stock = 0;  // Pieces.
    AccountId arbiter{};      // Of deals in escrow.
    Amount arbitration_cost;
    std::uint64_t ship_within = 0;  // Seconds.
    std::uint64_t inspection = 0;   // Seconds.
    RUNNEL_FIELDS(seller, token, (price, smallest_unit_of("token")), (stock, other("pieces")),
        arbiter, (arbitration_cost, smallest_unit_of("token")), (ship_within, seconds),
        (inspection, seconds));
};

struct GoodsOrder
{
    std::uint64_t listing = 0;
    AccountId seller{};
    AccountId buyer{};
    ContractId token{};
    std::uint64_t quantity = 0;
    Amount total;
    std::uint64_t ordered_at = 0;
    std::uint64_t ship_by = 0;
    bool is_in_escrow = false;
    std::uint64_t deal = 0;        // Of the escrow.
    std::uint64_t shipped_at = 0;  // Of what was paid directly: the escrow knows of the others.
    Amount reference;              // Likewise.
    std::uint8_t stars = 0;        // What the buyer thinks of it, 1 to 5; 0: he has not said.
    RUNNEL_FIELDS((listing, other("number")), seller, buyer, token, (quantity, other("pieces")),
        (total, smallest_unit_of("token")), (ordered_at, unix_seconds), (ship_by, unix_seconds),
        is_in_escrow, (deal, other("number")), (shipped_at, unix_seconds), reference, stars);
};

/// What the market knows of a seller.
struct GoodsReputation
{
    std::uint64_t orders = 0;
    std::uint64_t ratings = 0;
    std::uint64_t stars = 0;  // All together.
    RUNNEL_FIELDS((orders, other("orders")), (ratings, other("ratings")), (stars, other("stars")));
};

/// Where an order's goods are, as the seller says, whoever was paid.
struct GoodsShipping
{
    std::uint64_t shipped_at = 0;  // 0: they have not been shipped.
    Amount reference;
};

/// Listings and orders are numbered from 0. Numbers that an argument names are below listings() and
/// orders(): anything else is a bug.
class GoodsMarket
{
public:
    static constexpr std::string_view sector = "goods_market";

    virtual ~GoodsMarket() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual const Escrow& escrow() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t listings() const noexcept = 0;
    [[nodiscard]] virtual const GoodsListing& listing(std::uint64_t number) const = 0;
    [[nodiscard]] virtual std::uint64_t orders() const noexcept = 0;
    [[nodiscard]] virtual const GoodsOrder& order(std::uint64_t number) const = 0;
    [[nodiscard]] virtual const GoodsReputation& reputation(AccountId seller) const = 0;
    [[nodiscard]] GoodsShipping shipping(const GoodsOrder& order) const;

    // Each adds one call. Who buys must let contract().account() spend the price.

    virtual void add_listing(CallWriter& calls, const GoodsListing& listing) const = 0;
    /// The seller changes price and stock.
    virtual void add_update(CallWriter& calls, std::uint64_t listing, const Amount& price,
        std::uint64_t stock) const = 0;
    virtual void add_purchase(CallWriter& calls, std::uint64_t listing, std::uint64_t quantity,
        const Amount& total_max, bool in_escrow) const = 0;
    [[nodiscard]] virtual CallGas purchase_gas(bool in_escrow) const noexcept = 0;
    /// The seller says that an order is on its way, to whoever must know.
    void add_shipment(CallWriter& calls, std::uint64_t order, const Amount& reference) const;
    virtual void add_rating(CallWriter& calls, std::uint64_t order, std::uint8_t stars) const = 0;

protected:
    /// Of an order that was paid directly.
    virtual void add_direct_shipment(
        CallWriter& calls, std::uint64_t order, const Amount& reference) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const GoodsMarket* find_goods_market(const World& world, ContractId id);

/// A listing as it was made, or changed: what a marketplace emits.
struct GoodsListed
{
    static constexpr std::string_view name = "GoodsListed";
    static constexpr std::string_view table = "goods_listings";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 5> meanings{"The listing's number.", "Who sells.",
        "What is paid in.", "What one piece costs.", "How many there are."};

    std::uint64_t listing = 0;
    AccountId seller{};
    ContractId token{};
    Amount price_raw;
    std::uint64_t stock = 0;
    RUNNEL_FIELDS((listing, other("number")), seller, token, (price_raw, smallest_unit_of("token")),
        (stock, other("pieces")));
};

struct GoodsSale
{
    static constexpr std::string_view name = "GoodsSale";
    static constexpr std::string_view table = "goods_sales";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 9> meanings{"The order's number.",
        "The listing's number.", "Who sells.", "Who buys.", "What is paid in.", "How many pieces.",
        "What they cost together.", "Whether the money is in escrow; the seller has it otherwise.",
        "The deal's number within the escrow; 0 without one."};

    std::uint64_t order_number = 0;
    std::uint64_t listing = 0;
    AccountId seller{};
    AccountId buyer{};
    ContractId token{};
    std::uint64_t quantity = 0;
    Amount total_raw;
    bool in_escrow = false;
    std::uint64_t deal = 0;
    RUNNEL_FIELDS((order_number, other("number")), (listing, other("number")), seller, buyer, token,
        (quantity, other("pieces")), (total_raw, smallest_unit_of("token")), in_escrow,
        (deal, other("number")));
};

/// Of an order that was paid directly: the escrow tells of the others.
struct GoodsShipment
{
    static constexpr std::string_view name = "GoodsShipment";
    static constexpr std::string_view table = "goods_shipments";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 3> meanings{
        "The order's number.", "Who sells.", "Who buys."};

    std::uint64_t order_number = 0;
    AccountId seller{};
    AccountId buyer{};
    RUNNEL_FIELDS((order_number, other("number")), seller, buyer);
};

struct GoodsRating
{
    static constexpr std::string_view name = "GoodsRating";
    static constexpr std::string_view table = "goods_ratings";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 4> meanings{
        "The order's number.", "Who sold.", "Who bought, and thinks so.", "1 to 5, the best."};

    std::uint64_t order_number = 0;
    AccountId seller{};
    AccountId buyer{};
    std::uint64_t stars = 0;
    RUNNEL_FIELDS((order_number, other("number")), seller, buyer, (stars, other("stars")));
};

}  // namespace runnel::contracts
