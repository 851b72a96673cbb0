#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/goods_market.hpp"

#include <cstdint>

namespace runnel::contracts
{

namespace listing_board
{

/// Offers goods. Returns the listing's number.
struct List
{
    RUNNEL_CALL("list", 0, {185'000, 5'000});

    ContractId token{};
    Amount price;
    std::uint64_t stock = 0;
    AccountId arbiter{};
    Amount arbitration_cost;
    std::uint64_t ship_within = 0;
    std::uint64_t inspection = 0;
    RUNNEL_FIELDS(token, (price, smallest_unit_of("token")), (stock, other("pieces")), arbiter,
        (arbitration_cost, smallest_unit_of("token")), (ship_within, seconds),
        (inspection, seconds));
};

/// Changes price and stock; only the seller may.
struct Update
{
    RUNNEL_CALL("update", 1, {16'000, 5'000});

    std::uint64_t listing = 0;
    Amount price;
    std::uint64_t stock = 0;
    RUNNEL_FIELDS((listing, other("number")), (price, other("the listing's token, smallest units")),
        (stock, other("pieces")));
};

/// Orders goods and pays, by allowance, the seller or the escrow. Returns the order's number.
struct Buy
{
    RUNNEL_CALL("buy", 2, {215'000, 5'000});  // And 215'000 for a deal in escrow.

    std::uint64_t listing = 0;
    std::uint64_t quantity = 0;
    Amount total_max;
    bool in_escrow = false;
    RUNNEL_FIELDS((listing, other("number")), (quantity, other("pieces")),
        (total_max, other("the listing's token, smallest units")), in_escrow);
};

/// The seller says that an order is on its way that was paid directly.
struct Ship
{
    RUNNEL_CALL("ship", 3, {53'000, 5'000});

    std::uint64_t order = 0;
    Amount reference;
    RUNNEL_FIELDS((order, other("number")), reference);
};

/// The buyer says what he thinks of it, once.
struct Rate
{
    RUNNEL_CALL("rate", 4, {33'000, 5'000});

    std::uint64_t order = 0;
    std::uint8_t stars = 0;
    RUNNEL_FIELDS((order, other("number")), stars);
};

struct BoardState
{
    std::uint64_t listings = 0;
    std::uint64_t orders = 0;
    RUNNEL_FIELDS((listings, other("listings")), (orders, other("orders")));
};

}  // namespace listing_board

/// Listings with a price and a stock; orders, paid to the seller or into an escrow; and what buyers
/// think of sellers.
///
///     total = price * quantity
///
/// It holds no money. An order takes its pieces off the stock, for good: what comes of a refund the
/// seller lists again himself. A rating is the word of who paid for the order, true or not.
///
/// There is no such contract that all know; the order of things is that of any marketplace.
///
/// Errors: ListingBoard: no price; ListingBoard: no such token; ListingBoard: no such time (none,
/// or more than 2^32 seconds); ListingBoard: the arbiter is the seller; ListingBoard: no such
/// listing; ListingBoard: not the seller; ListingBoard: nothing ordered; ListingBoard: out of
/// stock; ListingBoard: the price has risen; ListingBoard: one's own goods; ListingBoard: no such
/// order; ListingBoard: the escrow is told; ListingBoard: it was shipped; ListingBoard: not the
/// buyer; ListingBoard: it was rated; ListingBoard: 1 to 5 stars; those of the escrow and of the
/// token (SafeERC20 of OpenZeppelin 5).
class ListingBoard : public ContractBase<ListingBoard, listing_board::List, listing_board::Update,
                         listing_board::Buy, listing_board::Ship, listing_board::Rate>,
                     public GoodsMarket
{
public:
    static constexpr std::uint64_t escrow_gas = 215'000;

    ListingBoard(ContractIdentity identity, ContractId escrow);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void check_invariants(const World& world, Findings& findings) const override;

    // GoodsMarket.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] const Escrow& escrow() const noexcept override { return *escrow_; }
    [[nodiscard]] std::uint64_t listings() const noexcept override
    {
        return state_.get(0).listings;
    }
    [[nodiscard]] const GoodsListing& listing(std::uint64_t number) const override
    {
        return listings_.get(number);
    }
    [[nodiscard]] std::uint64_t orders() const noexcept override { return state_.get(0).orders; }
    [[nodiscard]] const GoodsOrder& order(std::uint64_t number) const override
    {
        return orders_.get(number);
    }
    [[nodiscard]] const GoodsReputation& reputation(AccountId seller) const override
    {
        return reputations_.get(seller);
    }
    void add_listing(CallWriter& calls, const GoodsListing& listing) const override;
    void add_update(CallWriter& calls, std::uint64_t listing, const Amount& price,
        std::uint64_t stock) const override;
    void add_purchase(CallWriter& calls, std::uint64_t listing, std::uint64_t quantity,
        const Amount& total_max, bool in_escrow) const override;
    [[nodiscard]] CallGas purchase_gas(bool in_escrow) const noexcept override
    {
        return {listing_board::Buy::gas, in_escrow ? escrow_gas : 0};
    }
    void add_rating(CallWriter& calls, std::uint64_t order, std::uint8_t stars) const override;

    using ContractBase::execute;
    Result<Returns> execute(const listing_board::List& call, CallContext& context);
    Result<Returns> execute(const listing_board::Update& call, CallContext& context);
    Result<Returns> execute(const listing_board::Buy& call, CallContext& context);
    Result<Returns> execute(const listing_board::Ship& call, CallContext& context);
    Result<Returns> execute(const listing_board::Rate& call, CallContext& context);

private:
    void add_direct_shipment(
        CallWriter& calls, std::uint64_t order, const Amount& reference) const override;
    Result<GoodsListing*> find_listing(CallContext& context, std::uint64_t number);
    Result<GoodsOrder*> find_order(CallContext& context, std::uint64_t number);

    ContractId escrow_id_;
    Escrow* escrow_ = nullptr;
    Table<listing_board::BoardState> state_;  // Record 0.
    Table<GoodsListing> listings_;
    Table<GoodsOrder> orders_;
    Table<GoodsReputation> reputations_;  // By seller.
};

}  // namespace runnel::contracts
