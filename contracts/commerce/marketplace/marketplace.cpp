#include "contracts/commerce/marketplace/marketplace.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace runnel::contracts
{

using namespace marketplace;

namespace
{
constexpr std::uint64_t bps_whole = 10'000;
constexpr std::uint64_t time_end = 1ULL << 40U;  // Later than anything: sums of times fit.

std::uint64_t key_of(const ListingRef& ref)
{
    return numbered_key(ref.number, ref.seller);
}
Nft* find_nft(const World& world, ContractId id)
{
    return dynamic_cast<Nft*>(world.find_contract(id));
}
Amount share(const Amount& amount, std::uint64_t bps)
{
    return mul_div_down(amount, bps, bps_whole).value;
}

MarketListing view_of(const Listing& listing)
{
    return {listing.kind, listing.token, listing.token_id, listing.amount, listing.left,
        listing.currency, listing.start_price, listing.end_price, listing.starts, listing.ends,
        listing.bid, listing.bidder};
}
}  // namespace

NftMarketplace::NftMarketplace(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)},
    terms_{std::move(terms)},
    count_{name() + ".count"},
    sequence_{name() + ".sequence"},
    numbers_{name() + ".numbers", KeyOf::account},
    listings_{name() + ".listings", KeyOf::numbered_account},
    refunds_{name() + ".refunds", KeyOf::account_contract}
{
    add_table(count_);
    add_table(sequence_);
    add_table(numbers_);
    add_table(listings_);
    add_table(refunds_);
}

const ContractType& NftMarketplace::contract_type()
{
    static const ContractType type{.kind = "marketplace",
        .help =
            "Sells lots of tokens and single tokens at fixed or falling prices, or to the "
            "highest bidder.",
        .role = ContractRole::ledger,
        .sectors = implements<NftMarketplace, Marketplace>(),
        .methods = methods(),
        .events = event_types<MarketEvent>(),
        .parameters =
            {
                {"fee_bps", ParameterKind::integer, "250", unit::bps,
                    "What it keeps of every price.", 0, 5'000},
                {"fee_collector", ParameterKind::account, "\"\"", {},
                    "Who gets that; none if it keeps nothing."},
                {"bid_step_bps", ParameterKind::integer, "500", unit::bps,
                    "How much more a bid must be than the one before.", 0, 10'000},
                {"extension", ParameterKind::duration, "\"10m\"", {},
                    "A bid so shortly before the end of an auction moves it to as long after the "
                    "bid.",
                    0, 86'400'000},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            return std::make_unique<NftMarketplace>(std::move(identity),
                Terms{static_cast<std::uint32_t>(parameters.integer("fee_bps")),
                    parameters.text("fee_collector"),
                    static_cast<std::uint32_t>(parameters.integer("bid_step_bps")),
                    static_cast<std::uint64_t>(parameters.duration_ms("extension")) / 1'000});
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.integer("fee_bps") > 0 && parameters.text("fee_collector").empty())
                return "fee_collector: expected an account, because there is a fee";
            return "";
        }};
    return type;
}

void NftMarketplace::connect(World& world)
{
    if (!terms_.fee_collector.empty())
        fee_collector_ = world.find_account(terms_.fee_collector).value_or(zero_account);
}

void NftMarketplace::genesis(const Parameters&, GenesisBuilder& builder)
{
    if (!terms_.fee_collector.empty())
        fee_collector_ = builder.account(terms_.fee_collector, "wallet");
}

void NftMarketplace::check_invariants(const World& world, Findings& findings) const
{
    std::map<ContractId, Amount> owed;
    const auto add = [&owed](ContractId token, const Amount& amount)
    {
        auto& sum = owed[token];
        sum = wrapping_add(sum, amount);
    };
    for (const auto key : listings_.keys())
    {
        const auto& listing = listings_.get(key);
        if (listing.kind != SaleKind::english_auction)
            continue;
        add(listing.currency, listing.bid);
        if (!listing.amount.is_zero())
            add(listing.token, listing.amount);
        else if (find_nft(world, listing.token)->owner_of(listing.token_id) != account())
            findings.push_back(fmt::format("{}: does not have what is auctioned", name()));
    }
    for (const auto key : refunds_.keys())
        add(ContractId{static_cast<std::uint32_t>(key)}, refunds_.get(key));
    for (const auto& [token, amount] : owed)
    {
        const auto* held = find_token(world, token);
        if (held == nullptr || (!held->rebases() && held->holding(account()) < amount))
        {
            findings.push_back(
                fmt::format("{}: owes {} of token {}", name(), amount.to_string(), index(token)));
        }
    }
}

// ---- Views ----

std::uint64_t NftMarketplace::listing_count() const
{
    return count_.get(0).listings;
}

ListingRef NftMarketplace::listing_at(std::uint64_t position) const
{
    return sequence_.get(position);
}

std::optional<MarketListing> NftMarketplace::listing(const ListingRef& ref) const
{
    const auto& found = listings_.get(key_of(ref));
    return found.ends == 0 ? std::nullopt : std::optional{view_of(found)};
}

std::uint32_t NftMarketplace::next_number(AccountId seller) const
{
    return numbers_.get(seller) + 1;
}

Amount NftMarketplace::price_at(
    const MarketListing& listing, const Amount& amount, std::uint64_t time) const
{
    const auto duration = listing.ends - listing.starts;
    const auto elapsed = std::clamp(time, listing.starts, listing.ends) - listing.starts;
    // Prices are below 2^128: nothing overflows.
    const auto weighted = wrapping_add(wrapping_mul(listing.start_price, duration - elapsed),
        wrapping_mul(listing.end_price, elapsed));
    const auto whole = mul_div_up(weighted, 1, duration).value;
    return listing.amount.is_zero() ? whole : mul_div_up(whole, amount, listing.amount).value;
}

Amount NftMarketplace::bid_min(const MarketListing& listing) const
{
    if (listing.bid.is_zero())
        return listing.start_price;
    const auto step = mul_div_up(listing.bid, terms_.bid_step_bps, bps_whole).value;
    return wrapping_add(listing.bid, std::max(step, Amount{1}));
}

Amount NftMarketplace::refund_of(AccountId account, ContractId currency) const
{
    return refunds_.get(account_contract_key(account, currency));
}

void NftMarketplace::add_listing(CallWriter& calls, const MarketListing& listing) const
{
    calls.add(
        id(), List{listing.kind, listing.token, listing.token_id, listing.amount, listing.currency,
                  listing.start_price, listing.end_price, listing.starts, listing.ends});
}

void NftMarketplace::add_purchase(
    CallWriter& calls, const ListingRef& ref, const Amount& amount, const Amount& pay_max) const
{
    calls.add(id(), Fulfil{ref.seller, ref.number, amount, pay_max});
}

void NftMarketplace::add_settlement(CallWriter& calls, const ListingRef& ref) const
{
    calls.add(id(), Settle{ref.seller, ref.number});
}

void NftMarketplace::add_cancel(CallWriter& calls, std::uint32_t number) const
{
    calls.add(id(), Cancel{number});
}

// ---- Parts of calls ----

Result<Listing*> NftMarketplace::open_listing(CallContext& context, const ListingRef& ref)
{
    RUNNEL_TRY(require_account(context.world(), ref.seller));
    RUNNEL_REQUIRE(context.read(listings_, key_of(ref)).ends != 0,
        Refusal::error("Marketplace: no such listing"));
    return &context.write(listings_, key_of(ref));
}

Result<void> NftMarketplace::pull(
    CallContext& context, ContractId token_id, AccountId from, const Amount& amount)
{
    auto& token = *find_token(context.world(), token_id);
    const auto before = token.holding(context, account());
    RUNNEL_TRY(token.transfer_from(context.as(account()), from, account(), amount));
    RUNNEL_REQUIRE(wrapping_sub(token.holding(context, account()), before) == amount,
        Refusal::error("Marketplace: the token keeps a fee"));
    return {};
}

void NftMarketplace::refund_bid(CallContext& context, const Listing& listing)
{
    if (listing.bid.is_zero())
        return;
    auto& refund = context.write(refunds_, account_contract_key(listing.bidder, listing.currency));
    refund = wrapping_add(refund, listing.bid);
}

Result<void> NftMarketplace::move_item(CallContext& context, const Listing& listing, AccountId from,
    AccountId to, const Amount& amount)
{
    if (listing.amount.is_zero())
    {
        return find_nft(context.world(), listing.token)
            ->transfer_nft(context.as(account()), from, to, listing.token_id);
    }
    if (to == account())
        return pull(context, listing.token, from, amount);
    auto& token = *find_token(context.world(), listing.token);
    return from == account() ? token.transfer(context.as(account()), to, amount)
                             : token.transfer_from(context.as(account()), from, to, amount);
}

void NftMarketplace::emit_event(CallContext& context, MarketStep step, const ListingRef& ref,
    const Listing& listing, AccountId buyer, const Amount& amount, const Amount& price)
{
    context.emit(id(), MarketEvent{step, listing.kind, ref.seller, ref.number, buyer, listing.token,
                           listing.token_id, amount, listing.currency, price, {}, {}, {}});
}

Result<void> NftMarketplace::pay_out(CallContext& context, const ListingRef& ref,
    const Listing& listing, AccountId payer, AccountId buyer, const Amount& amount,
    const Amount& price)
{
    Royalty royalty;
    if (const auto* nft = find_nft(context.world(), listing.token))
        royalty = nft->royalty();
    const auto fee = share(price, terms_.fee_bps);
    // A creator who wants more than is left gets that.
    const auto creators = royalty.recipient == zero_account
                              ? Amount{}
                              : std::min(share(price, royalty.bps), wrapping_sub(price, fee));
    auto& currency = *find_token(context.world(), listing.currency);
    const auto pay = [&](AccountId to, const Amount& part) -> Result<void>
    {
        if (part.is_zero())
            return {};
        return payer == account() ? currency.transfer(context.as(account()), to, part)
                                  : currency.transfer_from(context.as(account()), payer, to, part);
    };
    RUNNEL_TRY(pay(fee_collector_, fee));
    RUNNEL_TRY(pay(royalty.recipient, creators));
    RUNNEL_TRY(pay(ref.seller, wrapping_sub(price, wrapping_add(fee, creators))));
    context.emit(id(),
        MarketEvent{MarketStep::sold, listing.kind, ref.seller, ref.number, buyer, listing.token,
            listing.token_id, amount, listing.currency, price, fee, royalty.recipient, creators});
    return {};
}

// ---- Calls ----

Result<Returns> NftMarketplace::execute(const List& call, CallContext& context)
{
    const auto seller = context.sender();
    const auto now = context.block().timestamp;
    const auto starts = call.starts == 0 ? now : call.starts;
    const bool is_auction = call.kind == SaleKind::english_auction;
    RUNNEL_REQUIRE(call.kind <= SaleKind::english_auction && call.ends > starts &&
                       call.ends > now && call.ends < time_end && (!is_auction || starts == now) &&
                       call.start_price.fits_uint128() && call.end_price.fits_uint128() &&
                       call.amount.fits_uint128() &&
                       (call.kind != SaleKind::fixed_price || call.start_price == call.end_price),
        Refusal::error("Marketplace: malformed"));
    const bool is_lot = !call.amount.is_zero();
    RUNNEL_REQUIRE(find_token(context.world(), call.currency) != nullptr &&
                       (is_lot ? find_token(context.world(), call.token) != nullptr
                               : find_nft(context.world(), call.token) != nullptr),
        Refusal::error("Marketplace: unknown token"));
    auto& number = context.write(numbers_, seller);
    RUNNEL_REQUIRE(number < std::numeric_limits<std::uint32_t>::max(),
        Refusal::error("Marketplace: malformed"));
    const ListingRef ref{seller, ++number};
    const Listing listing{call.kind, call.token, call.token_id, call.amount, call.amount,
        call.currency, call.start_price, call.end_price, starts, call.ends, {}, {}};
    if (is_auction)
        RUNNEL_TRY(move_item(context, listing, seller, account(), call.amount));
    context.write(listings_, key_of(ref)) = listing;
    context.write(sequence_, context.read(count_, 0).listings) = ref;
    ++context.write(count_, 0).listings;
    emit_event(
        context, MarketStep::listed, ref, listing, zero_account, call.amount, call.start_price);
    return Returns{Amount{number}};
}

Result<Returns> NftMarketplace::execute(const Fulfil& call, CallContext& context)
{
    const ListingRef ref{call.seller, call.number};
    auto& listing = *RUNNEL_TRY(open_listing(context, ref));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(
        listing.kind != SaleKind::english_auction, Refusal::error("Marketplace: auction"));
    RUNNEL_REQUIRE(now >= listing.starts && now <= listing.ends,
        Refusal::error("Marketplace: not for sale now"));
    const bool is_lot = !listing.amount.is_zero();
    RUNNEL_REQUIRE(
        is_lot ? !call.amount.is_zero() && call.amount <= listing.left : call.amount.is_zero(),
        Refusal::error("Marketplace: wrong amount"));
    const auto price = price_at(view_of(listing), call.amount, now);
    RUNNEL_REQUIRE(price <= call.pay_max, Refusal::error("Marketplace: too dear"));
    const auto buyer = context.sender();
    RUNNEL_TRY(pay_out(context, ref, listing, buyer, buyer, call.amount, price));
    RUNNEL_TRY(move_item(context, listing, ref.seller, buyer, call.amount));
    listing.left = wrapping_sub(listing.left, call.amount);
    if (listing.left.is_zero())
        listing = {};
    return Returns{price};
}

Result<Returns> NftMarketplace::execute(const Cancel& call, CallContext& context)
{
    const ListingRef ref{context.sender(), call.number};
    auto& listing = *RUNNEL_TRY(open_listing(context, ref));
    RUNNEL_REQUIRE(listing.bid.is_zero(), Refusal::error("Marketplace: has bids"));
    if (listing.kind == SaleKind::english_auction)
        RUNNEL_TRY(move_item(context, listing, account(), ref.seller, listing.amount));
    emit_event(context, MarketStep::cancelled, ref, listing, zero_account, listing.left, {});
    listing = {};
    return Returns{};
}

Result<Returns> NftMarketplace::execute(const PlaceBid& call, CallContext& context)
{
    const ListingRef ref{call.seller, call.number};
    auto& listing = *RUNNEL_TRY(open_listing(context, ref));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(
        listing.kind == SaleKind::english_auction, Refusal::error("Marketplace: not an auction"));
    RUNNEL_REQUIRE(now < listing.ends, Refusal::error("Marketplace: not for sale now"));
    RUNNEL_REQUIRE(
        !call.bid.is_zero() && call.bid.fits_uint128() && call.bid >= bid_min(view_of(listing)),
        Refusal::error("Marketplace: bid too low"));
    const auto bidder = context.sender();
    RUNNEL_TRY(pull(context, listing.currency, bidder, call.bid));
    refund_bid(context, listing);
    listing.bid = call.bid;
    listing.bidder = bidder;
    listing.ends = std::max(listing.ends, now + terms_.extension_seconds);
    emit_event(context, MarketStep::bid, ref, listing, bidder, listing.amount, call.bid);
    return Returns{Amount{listing.ends}};
}

Result<Returns> NftMarketplace::execute(const Settle& call, CallContext& context)
{
    const ListingRef ref{call.seller, call.number};
    auto& listing = *RUNNEL_TRY(open_listing(context, ref));
    RUNNEL_REQUIRE(
        listing.kind == SaleKind::english_auction, Refusal::error("Marketplace: not an auction"));
    RUNNEL_REQUIRE(
        context.block().timestamp >= listing.ends, Refusal::error("Marketplace: still open"));
    if (listing.bid.is_zero())
    {
        RUNNEL_TRY(move_item(context, listing, account(), ref.seller, listing.amount));
        emit_event(context, MarketStep::unsold, ref, listing, zero_account, listing.amount, {});
    }
    else
    {
        RUNNEL_TRY(
            pay_out(context, ref, listing, account(), listing.bidder, listing.amount, listing.bid));
        RUNNEL_TRY(move_item(context, listing, account(), listing.bidder, listing.amount));
    }
    listing = {};
    return Returns{};
}

Result<Returns> NftMarketplace::execute(const Reclaim& call, CallContext& context)
{
    const ListingRef ref{context.sender(), call.number};
    auto& listing = *RUNNEL_TRY(open_listing(context, ref));
    RUNNEL_REQUIRE(
        listing.kind == SaleKind::english_auction, Refusal::error("Marketplace: not an auction"));
    RUNNEL_REQUIRE(context.block().timestamp >= listing.ends + reclaim_seconds,
        Refusal::error("Marketplace: still open"));
    RUNNEL_TRY(move_item(context, listing, account(), ref.seller, listing.amount));
    refund_bid(context, listing);
    emit_event(
        context, MarketStep::cancelled, ref, listing, listing.bidder, listing.amount, listing.bid);
    listing = {};
    return Returns{};
}

Result<Returns> NftMarketplace::execute(const WithdrawRefund& call, CallContext& context)
{
    const auto who = context.sender();
    auto* currency = find_token(context.world(), call.currency);
    RUNNEL_REQUIRE(currency != nullptr, Refusal::error("Marketplace: unknown token"));
    const auto key = account_contract_key(who, call.currency);
    RUNNEL_REQUIRE(
        !context.read(refunds_, key).is_zero(), Refusal::error("Marketplace: nothing to withdraw"));
    const auto paid = std::exchange(context.write(refunds_, key), Amount{});
    RUNNEL_TRY(currency->transfer(context.as(account()), who, paid));
    return Returns{paid};
}

}  // namespace runnel::contracts
