#pragma once

#include "contracts/kit/nft.hpp"
#include "contracts/kit/sectors/marketplace.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string>

namespace runnel::contracts::marketplace
{

/// Offers an item: a lot of an ERC-20 token, which may be bought in parts, or one ERC-721 token.
/// Fixed price: start and end price are the same. Dutch auction: the price moves from one to the
/// other between two times. Both last until ends. English auction: the item goes to the marketplace
/// until it is settled; the start price is the reserve, and the end price is not used.
struct List
{
    RUNNEL_CALL("list", 0, {190'000, 3'000});

    SaleKind kind{};
    ContractId token{};
    std::uint64_t token_id = 0;
    Amount amount;  // 0: an ERC-721 token.
    ContractId currency{};
    Amount start_price;
    Amount end_price;
    std::uint64_t starts = 0;  // 0: now.
    std::uint64_t ends = 0;
    RUNNEL_FIELDS((kind, other("0: fixed price, 1: Dutch auction, 2: English auction")), token,
        token_id, (amount, smallest_unit_of("token")), currency,
        (start_price, smallest_unit_of("currency")), (end_price, smallest_unit_of("currency")),
        (starts, unix_seconds), (ends, unix_seconds));
};

/// Buys at what it costs now, all of it or a part of a lot. Both sides by allowance.
struct Fulfil
{
    RUNNEL_CALL("fulfil", 1, {175'000, 3'000});

    AccountId seller{};
    std::uint32_t number = 0;
    Amount amount;   // Of a lot; of a single token 0.
    Amount pay_max;  // More is refused.
    RUNNEL_FIELDS(seller, number, (amount, other("of what is sold in lots")),
        (pay_max, other("of the listing's currency")));
};

/// Takes back what is not sold; an English auction only before its first bid.
struct Cancel
{
    RUNNEL_CALL("cancel", 2, {60'000, 3'000});

    std::uint32_t number = 0;
    RUNNEL_FIELDS(number);
};

/// Bids in an English auction; by allowance. Who bid before may withdraw what he had bid.
struct PlaceBid
{
    RUNNEL_CALL("bid", 3, {125'000, 3'000});

    AccountId seller{};
    std::uint32_t number = 0;
    Amount bid;
    RUNNEL_FIELDS(seller, number, (bid, other("of the listing's currency")));
};

/// Ends an English auction whose time is over; anybody may.
struct Settle
{
    RUNNEL_CALL("settle", 4, {165'000, 3'000});

    AccountId seller{};
    std::uint32_t number = 0;
    RUNNEL_FIELDS(seller, number);
};

/// Takes an item back from an auction that was not settled, because its winner may not have it, a
/// week after its end; the bid goes back.
struct Reclaim
{
    RUNNEL_CALL("reclaim", 5, {90'000, 3'000});

    std::uint32_t number = 0;
    RUNNEL_FIELDS(number);
};

/// Pays out what the sender was outbid with.
struct WithdrawRefund
{
    RUNNEL_CALL("withdrawRefund", 6, {50'000, 3'000});

    ContractId currency{};
    RUNNEL_FIELDS(currency);
};

struct Terms
{
    std::uint32_t fee_bps = 0;
    std::string fee_collector;
    std::uint32_t bid_step_bps = 500;
    std::uint64_t extension_seconds = 600;
};

/// A listing as it is kept.
struct Listing
{
    SaleKind kind{};
    ContractId token{};
    std::uint64_t token_id = 0;
    Amount amount;
    Amount left;
    ContractId currency{};
    Amount start_price;
    Amount end_price;
    std::uint64_t starts = 0;
    std::uint64_t ends = 0;  // 0: there is none any more.
    Amount bid;
    AccountId bidder{};
    RUNNEL_FIELDS(kind, token, token_id, (amount, smallest_unit_of("token")),
        (left, smallest_unit_of("token")), currency, (start_price, smallest_unit_of("currency")),
        (end_price, smallest_unit_of("currency")), (starts, unix_seconds), (ends, unix_seconds),
        (bid, smallest_unit_of("currency")), bidder);
};

struct Count
{
    std::uint64_t listings = 0;
    RUNNEL_FIELDS(listings);
};

}  // namespace runnel::contracts::marketplace

namespace runnel::contracts
{

/// Listings at a fixed or falling price, and English auctions.
///
///     price of all        start + (end - start) * elapsed / duration, rounded up
///     of a part of a lot  price * part / amount, rounded up
///     next bid            bid + bid * bid_step_bps / 10'000, rounded up, and at least 1 more
///
/// Of what is paid the marketplace keeps fee_bps, the token's creator gets his royalty (both
/// rounded down), and the seller the rest. A bid in the last extension_seconds moves the end to as
/// long after it. What an account was outbid with waits for it: a bidder who cannot be paid must
/// not keep others from bidding.
///
/// Conservation: the marketplace holds the highest bids, what accounts were outbid with, and the
/// items of running auctions. So nothing goes to an auction, and nothing is bid, of which less
/// arrives than was sent.
/// Errors: Marketplace: malformed; .. unknown token; .. no such listing; .. not for sale now; ..
/// wrong amount; .. too dear; .. bid too low; .. not an auction; .. auction; .. still open; .. has
/// bids; .. nothing to withdraw; .. the token keeps a fee; those of the tokens.
/// Source: the idea of Seaport's orders (an item, what is wanted for it, amounts that move over
/// time, fulfilment in parts, cancellation by who offers); the rest is ours.
class NftMarketplace : public ContractBase<NftMarketplace, marketplace::List, marketplace::Fulfil,
                           marketplace::Cancel, marketplace::PlaceBid, marketplace::Settle,
                           marketplace::Reclaim, marketplace::WithdrawRefund>,
                       public Marketplace
{
public:
    static constexpr std::uint64_t reclaim_seconds = 7 * 86'400;

    NftMarketplace(ContractIdentity identity, marketplace::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Marketplace.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::uint64_t listing_count() const override;
    [[nodiscard]] ListingRef listing_at(std::uint64_t position) const override;
    [[nodiscard]] std::optional<MarketListing> listing(const ListingRef& ref) const override;
    [[nodiscard]] std::uint32_t next_number(AccountId seller) const override;
    [[nodiscard]] Amount price_at(
        const MarketListing& listing, const Amount& amount, std::uint64_t time) const override;
    [[nodiscard]] Amount bid_min(const MarketListing& listing) const override;
    /// What an account was outbid with and has not withdrawn.
    [[nodiscard]] Amount refund_of(AccountId account, ContractId currency) const;
    void add_listing(CallWriter& calls, const MarketListing& listing) const override;
    void add_purchase(CallWriter& calls, const ListingRef& ref, const Amount& amount,
        const Amount& pay_max) const override;
    void add_settlement(CallWriter& calls, const ListingRef& ref) const override;
    void add_cancel(CallWriter& calls, std::uint32_t number) const override;

    using ContractBase::execute;
    /// Returns its number.
    Result<Returns> execute(const marketplace::List& call, CallContext& context);
    /// Returns what was paid.
    Result<Returns> execute(const marketplace::Fulfil& call, CallContext& context);
    Result<Returns> execute(const marketplace::Cancel& call, CallContext& context);
    /// Returns until when the auction lasts.
    Result<Returns> execute(const marketplace::PlaceBid& call, CallContext& context);
    Result<Returns> execute(const marketplace::Settle& call, CallContext& context);
    Result<Returns> execute(const marketplace::Reclaim& call, CallContext& context);
    Result<Returns> execute(const marketplace::WithdrawRefund& call, CallContext& context);

private:
    [[nodiscard]] Result<marketplace::Listing*> open_listing(
        CallContext& context, const ListingRef& ref);
    /// Takes tokens that are given on or back in full: all of them must arrive.
    Result<void> pull(CallContext& context, ContractId token, AccountId from, const Amount& amount);
    /// What was bid, if anything was, waits for its bidder.
    void refund_bid(CallContext& context, const marketplace::Listing& listing);
    Result<void> move_item(CallContext& context, const marketplace::Listing& listing,
        AccountId from, AccountId to, const Amount& amount);
    /// Divides what @p payer pays: himself by allowance, or the marketplace what it holds.
    Result<void> pay_out(CallContext& context, const ListingRef& ref,
        const marketplace::Listing& listing, AccountId payer, AccountId buyer, const Amount& amount,
        const Amount& price);
    void emit_event(CallContext& context, MarketStep step, const ListingRef& ref,
        const marketplace::Listing& listing, AccountId buyer, const Amount& amount,
        const Amount& price);

    marketplace::Terms terms_;
    AccountId fee_collector_ = zero_account;
    Table<marketplace::Count> count_;       // Record 0.
    Table<ListingRef> sequence_;            // By position.
    Table<std::uint32_t> numbers_;          // Of each seller's last listing.
    Table<marketplace::Listing> listings_;  // By numbered_key().
    Table<Amount> refunds_;                 // By account_contract_key().
};

}  // namespace runnel::contracts
