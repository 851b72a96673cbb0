#include "contracts/commerce/listing_board/board.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace runnel::contracts
{

using namespace listing_board;

namespace
{
constexpr std::uint64_t time_max = std::uint64_t{1} << 32U;  // Seconds.
}

ListingBoard::ListingBoard(ContractIdentity identity, ContractId escrow)
  : ContractBase{std::move(identity)},
    escrow_id_{escrow},
    state_{name() + ".state"},
    listings_{name() + ".listings"},
    orders_{name() + ".orders"},
    reputations_{name() + ".reputations", KeyOf::account}
{
    add_table(state_);
    add_table(listings_);
    add_table(orders_);
    add_table(reputations_);
}

const ContractType& ListingBoard::contract_type()
{
    static const ContractType type{.kind = "listing_board",
        .help = "A marketplace of goods: listings, orders paid directly or in escrow, ratings.",
        .role = ContractRole::ledger,
        .sectors = implements<ListingBoard, GoodsMarket>(),
        .methods = methods(),
        .events = event_types<GoodsListed, GoodsSale, GoodsShipment, GoodsRating>(),
        .parameters = {contract_parameter(
            "escrow", Escrow::sector, "Holds the money of orders that are not paid directly.")},
        .create = creator<ListingBoard>([](const Parameters& parameters)
            { return std::tuple{parameters.contract("escrow")}; })};
    return type;
}

void ListingBoard::connect(World& world)
{
    escrow_ = find_escrow(world, escrow_id_);
    RUNNEL_CHECK(escrow_ != nullptr);
}

void ListingBoard::check_invariants(const World&, Findings& findings) const
{
    std::map<std::uint64_t, GoodsReputation> sums;
    for (std::uint64_t number = 0; number < orders(); ++number)
    {
        const auto& held = order(number);
        auto& sum = sums[index(held.seller)];
        ++sum.orders;
        sum.ratings += held.stars > 0 ? 1 : 0;
        sum.stars += held.stars;
        if (!held.is_in_escrow)
            continue;
        const auto& deal = escrow_->deal(held.deal);
        if (held.deal >= escrow_->deals() || deal.buyer != held.buyer ||
            deal.seller != held.seller || deal.token != held.token || deal.agreed != held.total)
        {
            findings.push_back(
                fmt::format("{}: order {} is not what deal {} is of", name(), number, held.deal));
        }
    }
    for (const auto key : reputations_.keys())
    {
        const auto& known = reputations_.get(key);
        const auto& sum = sums[key];
        if (known.orders != sum.orders || known.ratings != sum.ratings || known.stars != sum.stars)
        {
            findings.push_back(
                fmt::format("{}: the record of account {} is not that of its orders", name(), key));
        }
        sums.erase(key);
    }
    if (!sums.empty())
        findings.push_back(fmt::format("{}: sellers without a record", name()));
}

// ---- Calls of others ----

void ListingBoard::add_listing(CallWriter& calls, const GoodsListing& listing) const
{
    calls.add(id(), List{listing.token, listing.price, listing.stock, listing.arbiter,
                        listing.arbitration_cost, listing.ship_within, listing.inspection});
}

void ListingBoard::add_update(
    CallWriter& calls, std::uint64_t listing, const Amount& price, std::uint64_t stock) const
{
    calls.add(id(), Update{listing, price, stock});
}

void ListingBoard::add_purchase(CallWriter& calls, std::uint64_t listing, std::uint64_t quantity,
    const Amount& total_max, bool in_escrow) const
{
    calls.add(id(), Buy{listing, quantity, total_max, in_escrow});
}

void ListingBoard::add_direct_shipment(
    CallWriter& calls, std::uint64_t order, const Amount& reference) const
{
    calls.add(id(), Ship{order, reference});
}

void ListingBoard::add_rating(CallWriter& calls, std::uint64_t order, std::uint8_t stars) const
{
    calls.add(id(), Rate{order, stars});
}

// ---- Listings ----

Result<GoodsListing*> ListingBoard::find_listing(CallContext& context, std::uint64_t number)
{
    RUNNEL_REQUIRE(
        number < context.read(state_, 0).listings, Refusal::error("ListingBoard: no such listing"));
    return &context.write(listings_, number);
}

Result<Returns> ListingBoard::execute(const List& call, CallContext& context)
{
    const auto seller = context.sender();
    RUNNEL_TRY(require_account(context.world(), call.arbiter));
    RUNNEL_REQUIRE(find_token(context.world(), call.token) != nullptr,
        Refusal::error("ListingBoard: no such token"));
    RUNNEL_REQUIRE(!call.price.is_zero(), Refusal::error("ListingBoard: no price"));
    RUNNEL_REQUIRE(
        call.arbiter != seller, Refusal::error("ListingBoard: the arbiter is the seller"));
    RUNNEL_REQUIRE(
        call.ship_within > 0 && call.ship_within <= time_max && call.inspection <= time_max,
        Refusal::error("ListingBoard: no such time"));
    const auto number = context.write(state_, 0).listings++;
    context.write(listings_, number) = {seller, call.token, call.price, call.stock, call.arbiter,
        call.arbitration_cost, call.ship_within, call.inspection};
    context.emit(id(), GoodsListed{number, seller, call.token, call.price, call.stock});
    return Returns{Amount{number}};
}

Result<Returns> ListingBoard::execute(const Update& call, CallContext& context)
{
    auto& listing = *RUNNEL_TRY(find_listing(context, call.listing));
    RUNNEL_REQUIRE(
        context.sender() == listing.seller, Refusal::error("ListingBoard: not the seller"));
    RUNNEL_REQUIRE(!call.price.is_zero(), Refusal::error("ListingBoard: no price"));
    listing.price = call.price;
    listing.stock = call.stock;
    context.emit(
        id(), GoodsListed{call.listing, listing.seller, listing.token, call.price, call.stock});
    return Returns{};
}

// ---- Orders ----

Result<Returns> ListingBoard::execute(const Buy& call, CallContext& context)
{
    const auto buyer = context.sender();
    auto& listing = *RUNNEL_TRY(find_listing(context, call.listing));
    RUNNEL_REQUIRE(call.quantity > 0, Refusal::error("ListingBoard: nothing ordered"));
    RUNNEL_REQUIRE(call.quantity <= listing.stock, Refusal::error("ListingBoard: out of stock"));
    RUNNEL_REQUIRE(buyer != listing.seller, Refusal::error("ListingBoard: one's own goods"));
    const Amount total = RUNNEL_TRY(Checked{listing.price} * call.quantity);
    RUNNEL_REQUIRE(total <= call.total_max, Refusal::error("ListingBoard: the price has risen"));
    listing.stock -= call.quantity;
    auto& token = token_at(context.world(), listing.token);
    const auto payee = call.in_escrow ? escrow_->contract().account() : listing.seller;
    RUNNEL_TRY(openzeppelin::safe_5(token.transfer_from(context.as(account()), buyer, payee, total),
        context.world().contract(listing.token).account()));
    const auto now = context.block().timestamp;
    const auto number = context.write(state_, 0).orders++;
    auto& order = context.write(orders_, number);
    order.listing = call.listing;
    order.seller = listing.seller;
    order.buyer = buyer;
    order.token = listing.token;
    order.quantity = call.quantity;
    order.total = total;
    order.ordered_at = now;
    order.ship_by = now + listing.ship_within;
    order.is_in_escrow = call.in_escrow;
    if (call.in_escrow)
    {
        RUNNEL_TRY(context.charge_gas(escrow_gas));
        order.deal = RUNNEL_TRY(escrow_->open_prepaid(context.as(account()), buyer,
            {listing.token, total, listing.seller, listing.arbiter, listing.arbitration_cost,
                order.ship_by, listing.inspection}));
    }
    ++context.write(reputations_, listing.seller).orders;
    context.emit(id(), GoodsSale{number, call.listing, listing.seller, buyer, listing.token,
                           call.quantity, total, call.in_escrow, order.deal});
    return Returns{Amount{number}};
}

Result<GoodsOrder*> ListingBoard::find_order(CallContext& context, std::uint64_t number)
{
    RUNNEL_REQUIRE(
        number < context.read(state_, 0).orders, Refusal::error("ListingBoard: no such order"));
    return &context.write(orders_, number);
}

Result<Returns> ListingBoard::execute(const Ship& call, CallContext& context)
{
    auto& order = *RUNNEL_TRY(find_order(context, call.order));
    RUNNEL_REQUIRE(
        context.sender() == order.seller, Refusal::error("ListingBoard: not the seller"));
    RUNNEL_REQUIRE(!order.is_in_escrow, Refusal::error("ListingBoard: the escrow is told"));
    RUNNEL_REQUIRE(order.shipped_at == 0, Refusal::error("ListingBoard: it was shipped"));
    order.shipped_at = context.block().timestamp;
    order.reference = call.reference;
    context.emit(id(), GoodsShipment{call.order, order.seller, order.buyer});
    return Returns{};
}

Result<Returns> ListingBoard::execute(const Rate& call, CallContext& context)
{
    auto& order = *RUNNEL_TRY(find_order(context, call.order));
    RUNNEL_REQUIRE(context.sender() == order.buyer, Refusal::error("ListingBoard: not the buyer"));
    RUNNEL_REQUIRE(order.stars == 0, Refusal::error("ListingBoard: it was rated"));
    RUNNEL_REQUIRE(
        call.stars >= 1 && call.stars <= 5, Refusal::error("ListingBoard: 1 to 5 stars"));
    order.stars = call.stars;
    auto& reputation = context.write(reputations_, order.seller);
    ++reputation.ratings;
    reputation.stars += call.stars;
    context.emit(id(), GoodsRating{call.order, order.seller, order.buyer, call.stars});
    return Returns{};
}

}  // namespace runnel::contracts
