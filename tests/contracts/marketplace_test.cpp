#include "contracts/commerce/marketplace/marketplace.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/erc721/erc721.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace marketplace;

constexpr std::uint64_t now = 1'000'000;
constexpr std::uint64_t hour = 3'600;

/// Alice has pictures 1 to 3, of which the painter wants 5% of every sale, and 100 of a plain
/// token; the marketplace keeps 2.5%.
struct MarketFixture : ContractFixture
{
    MarketFixture()
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        leaf{sandbox.add<Erc20>("LEAF", TokenInfo{"LEAF", 0}, TokenFlavour::openzeppelin5)},
        taxed{sandbox.add<Erc20>("TAXED", TokenInfo{"TAXED", 0}, TokenFlavour::openzeppelin5,
            zero_account, TokenQuirks{100, "", TransferAnswer::success})},
        pictures{sandbox.add<Erc721>("pictures", "painter", "painter", 500U)},
        painter{sandbox.account("painter")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        carol{sandbox.account("carol")},
        house{sandbox.account("house")},
        market{sandbox.add<NftMarketplace>("market", Terms{250, "house", 500, 600})}
    {
        sandbox.connect();
        sandbox.set_time(now);
        for (std::uint64_t i = 1; i <= 3; ++i)
            expect_ok(painter, pictures.id(), Erc721Mint{alice, i});
        for (const auto who : {alice, bob, carol})
        {
            leaf.allocate(who, 100);
            taxed.allocate(who, 10'000);
            usdc.allocate(who, usd(10'000));
            expect_ok(who, usdc.id(), Erc20Approve{market.account(), Amount::max()});
            expect_ok(who, leaf.id(), Erc20Approve{market.account(), Amount::max()});
            expect_ok(who, taxed.id(), Erc20Approve{market.account(), Amount::max()});
            expect_ok(who, pictures.id(), NftSetApprovalForAll{market.account(), true});
        }
    }

    static Amount usd(std::uint64_t whole) { return Amount{whole * 1'000'000}; }
    List picture(SaleKind kind, std::uint64_t id, const Amount& start, const Amount& end) const
    {
        return {kind, pictures.id(), id, 0, usdc.id(), start, end, 0, now + 10 * hour};
    }

    Erc20& usdc;
    Erc20& leaf;
    Erc20& taxed;
    Erc721& pictures;
    AccountId painter;
    AccountId alice;
    AccountId bob;
    AccountId carol;
    AccountId house;
    NftMarketplace& market;
};
constexpr auto fixed = SaleKind::fixed_price;
constexpr auto dutch = SaleKind::dutch_auction;
constexpr auto english = SaleKind::english_auction;
}  // namespace

TEST_CASE("erc721: the minter makes tokens, once each", "[contracts][erc721]")
{
    MarketFixture f;
    const auto id = f.pictures.id();
    CHECK(f.pictures.owner_of(1) == f.alice);
    f.expect_refusal(f.alice, id, Erc721Mint{f.alice, 9}, "Ownable: caller is not the owner");
    f.expect_refusal(f.painter, id, Erc721Mint{f.alice, 1}, "ERC721: token already minted");
    f.expect_refusal(f.bob, id, NftTransferFrom{f.alice, f.bob, 1},
        "ERC721: transfer caller is not owner nor approved");
    f.expect_ok(f.alice, id, NftApprove{f.bob, 1});
    f.expect_ok(f.bob, id, NftTransferFrom{f.alice, f.bob, 1});
    CHECK(f.pictures.owner_of(1) == f.bob);
    f.expect_refusal(f.alice, id, NftTransferFrom{f.alice, zero_account, 2},
        "ERC721: transfer to the zero address");
}

TEST_CASE("marketplace: a picture at a fixed price", "[contracts][marketplace]")
{
    MarketFixture f;
    const auto id = f.market.id();
    f.expect_ok(f.alice, id, f.picture(fixed, 1, f.usd(1'000), f.usd(1'000)));
    CHECK(f.market.listing_count() == 1);
    CHECK(f.market.listing_at(0) == ListingRef{f.alice, 1});
    CHECK(f.pictures.owner_of(1) == f.alice);  // It stays with its seller.
    const Fulfil fulfil{f.alice, 1, 0, f.usd(1'000)};
    f.expect_refusal(
        f.bob, id, Fulfil{f.alice, 2, 0, f.usd(1'000)}, "Marketplace: no such listing");
    f.expect_refusal(f.bob, id, Fulfil{f.bob, 1, 0, f.usd(1'000)}, "Marketplace: no such listing");
    f.expect_refusal(f.bob, id, Fulfil{f.alice, 1, 1, f.usd(1'000)}, "Marketplace: wrong amount");
    f.expect_refusal(
        f.bob, id, Fulfil{f.alice, 1, 0, wrapping_sub(f.usd(1'000), 1)}, "Marketplace: too dear");
    f.expect_refusal(f.bob, id, PlaceBid{f.alice, 1, f.usd(2'000)}, "Marketplace: not an auction");
    f.expect_ok(f.bob, id, fulfil);
    CHECK(f.pictures.owner_of(1) == f.bob);
    CHECK(f.usdc.balance(f.bob) == f.usd(9'000));
    CHECK(f.usdc.balance(f.house) == f.usd(25));
    CHECK(f.usdc.balance(f.painter) == f.usd(50));
    CHECK(f.usdc.balance(f.alice) == f.usd(10'925));
    f.expect_refusal(f.carol, id, fulfil, "Marketplace: no such listing");

    // Of what is listed and gone nobody is robbed.
    f.expect_ok(f.alice, id, f.picture(fixed, 2, f.usd(1), f.usd(1)));
    f.expect_ok(f.alice, f.pictures.id(), NftTransferFrom{f.alice, f.carol, 2});
    f.expect_refusal(
        f.bob, id, Fulfil{f.alice, 2, 0, f.usd(1)}, "ERC721: transfer of token that is not own");
    f.expect_ok(f.alice, id, Cancel{2});
    f.expect_refusal(f.alice, id, Cancel{2}, "Marketplace: no such listing");
}

TEST_CASE("marketplace: what may be listed", "[contracts][marketplace]")
{
    MarketFixture f;
    const auto id = f.market.id();
    const std::string_view malformed = "Marketplace: malformed";
    const auto expect = [&](List list, std::string_view reason)
    { f.expect_refusal(f.alice, id, list, reason); };
    auto list = f.picture(fixed, 1, 5, 5);
    list.kind = SaleKind{3};
    expect(list, malformed);
    expect(f.picture(fixed, 1, 5, 4), malformed);
    list = f.picture(dutch, 1, 5, 4);
    list.starts = list.ends;
    expect(list, malformed);
    list.starts = 0;
    list.ends = now;
    expect(list, malformed);
    list.ends = 1ULL << 40U;
    expect(list, malformed);
    list = f.picture(dutch, 1, Amount::power_of_two(128), 4);
    expect(list, malformed);
    list = f.picture(english, 1, 5, 0);
    list.starts = now + 1;
    expect(list, malformed);
    list = f.picture(fixed, 1, 5, 5);
    list.currency = f.pictures.id();
    expect(list, "Marketplace: unknown token");
    list = f.picture(fixed, 1, 5, 5);
    list.token = f.leaf.id();  // No amount of it.
    expect(list, "Marketplace: unknown token");
    list.token = f.market.id();
    list.amount = 1;
    expect(list, "Marketplace: unknown token");
    list.token = ContractId{99'999};
    expect(list, "Marketplace: unknown token");
}

TEST_CASE("marketplace: a price that falls, for a lot in parts", "[contracts][marketplace]")
{
    MarketFixture f;
    const auto id = f.market.id();
    List list{dutch, f.leaf.id(), 0, 30, f.usdc.id(), 1'001, 100, now + hour, now + 4 * hour};
    f.expect_ok(f.alice, id, list);
    f.expect_refusal(f.bob, id, Fulfil{f.alice, 1, 10, 1'001}, "Marketplace: not for sale now");
    f.sandbox.set_time(now + hour);
    f.expect_refusal(f.bob, id, Fulfil{f.alice, 1, 0, 1'001}, "Marketplace: wrong amount");
    f.expect_refusal(f.bob, id, Fulfil{f.alice, 1, 31, 1'001}, "Marketplace: wrong amount");
    // A third of 1,001, rounded up; the fee is 8.35, rounded down.
    CHECK(f.expect_ok(f.bob, id, Fulfil{f.alice, 1, 10, 1'001}).returns.values[0] == 334);
    CHECK(f.leaf.balance(f.bob) == 110);
    CHECK(f.usdc.balance(f.house) == 8);
    CHECK(f.usdc.balance(f.alice) == wrapping_add(f.usd(10'000), 326));
    f.sandbox.set_time(now + 2 * hour + 1);
    // 1,001 - 901 * 3,601 / 10,800 = 700.58, rounded up; a third of that, rounded up.
    const auto listing = f.market.listing({f.alice, 1});
    REQUIRE(listing.has_value());
    CHECK(listing->left == 20);
    CHECK(f.market.price_at(*listing, 30, now + 2 * hour + 1) == 701);
    CHECK(f.market.price_at(*listing, 30, 0) == 1'001);
    CHECK(f.market.price_at(*listing, 30, now + 9 * hour) == 100);
    CHECK(f.expect_ok(f.carol, id, Fulfil{f.alice, 1, 10, 234}).returns.values[0] == 234);
    f.sandbox.set_time(now + 4 * hour);
    CHECK(f.expect_ok(f.carol, id, Fulfil{f.alice, 1, 1, 4}).returns.values[0] == 4);
    f.sandbox.set_time(now + 4 * hour + 1);
    f.expect_refusal(f.carol, id, Fulfil{f.alice, 1, 9, 1'001}, "Marketplace: not for sale now");
}

TEST_CASE("marketplace: the highest bid", "[contracts][marketplace]")
{
    MarketFixture f;
    const auto id = f.market.id();
    f.expect_ok(f.alice, id, f.picture(english, 1, f.usd(1'000), 0));
    CHECK(f.pictures.owner_of(1) == f.market.account());
    const auto low = std::string_view{"Marketplace: bid too low"};
    f.expect_refusal(f.bob, id, Fulfil{f.alice, 1, 0, f.usd(9'999)}, "Marketplace: auction");
    f.expect_refusal(f.bob, id, PlaceBid{f.alice, 1, wrapping_sub(f.usd(1'000), 1)}, low);
    f.expect_ok(f.bob, id, PlaceBid{f.alice, 1, f.usd(1'000)});
    f.expect_refusal(f.alice, id, Cancel{1}, "Marketplace: has bids");
    f.expect_refusal(f.carol, id, PlaceBid{f.alice, 1, wrapping_sub(f.usd(1'050), 1)}, low);
    CHECK(f.market.bid_min(*f.market.listing({f.alice, 1})) == f.usd(1'050));
    f.expect_refusal(f.alice, id, Settle{f.alice, 1}, "Marketplace: still open");

    // Ten minutes before the end a bid changes nothing; a second later it moves the end.
    f.sandbox.set_time(now + 10 * hour - 600);
    CHECK(f.expect_ok(f.carol, id, PlaceBid{f.alice, 1, f.usd(1'050)}).returns.values[0] ==
          now + 10 * hour);
    f.sandbox.set_time(now + 10 * hour - 599);
    CHECK(f.expect_ok(f.bob, id, PlaceBid{f.alice, 1, f.usd(1'200)}).returns.values[0] ==
          now + 10 * hour + 1);
    f.sandbox.set_time(now + 10 * hour + 1);
    f.expect_refusal(
        f.carol, id, PlaceBid{f.alice, 1, f.usd(9'000)}, "Marketplace: not for sale now");
    CHECK(f.usdc.balance(f.bob) == f.usd(7'800));
    f.expect_ok(f.bob, id, WithdrawRefund{f.usdc.id()});
    f.expect_refusal(f.bob, id, WithdrawRefund{f.usdc.id()}, "Marketplace: nothing to withdraw");
    f.expect_refusal(f.bob, id, WithdrawRefund{f.pictures.id()}, "Marketplace: unknown token");
    f.expect_ok(f.carol, id, Settle{f.alice, 1});
    CHECK(f.pictures.owner_of(1) == f.bob);
    CHECK(f.usdc.balance(f.bob) == f.usd(8'800));
    CHECK(f.usdc.balance(f.house) == f.usd(30));
    CHECK(f.usdc.balance(f.painter) == f.usd(60));
    CHECK(f.usdc.balance(f.alice) == f.usd(11'110));
    CHECK(f.market.refund_of(f.carol, f.usdc.id()) == f.usd(1'050));

    // Without a bid it goes back; before one its seller may change his mind.
    f.expect_ok(
        f.alice, id, List{english, f.leaf.id(), 0, 10, f.usdc.id(), 5, 0, 0, now + 11 * hour});
    CHECK(f.leaf.balance(f.alice) == 90);
    f.expect_ok(f.alice, id, Cancel{2});
    CHECK(f.leaf.balance(f.alice) == 100);
    f.expect_ok(
        f.alice, id, List{english, f.leaf.id(), 0, 10, f.usdc.id(), 5, 0, 0, now + 11 * hour});
    f.sandbox.set_time(now + 11 * hour);
    f.expect_ok(f.bob, id, Settle{f.alice, 3});
    CHECK(f.leaf.balance(f.alice) == 100);
}

// What it holds for others it must have: a token that keeps 1% of a transfer is no lot of an
// auction and no bid, but can be sold at a price.
TEST_CASE("marketplace: what arrives in part is not for auctions", "[contracts][marketplace]")
{
    MarketFixture f;
    const auto id = f.market.id();
    const std::string_view no = "Marketplace: the token keeps a fee";
    List list{english, f.taxed.id(), 0, 1'000, f.usdc.id(), 5, 0, 0, now + hour};
    f.expect_refusal(f.alice, id, list, no);
    list = f.picture(english, 1, 1'000, 0);
    list.currency = f.taxed.id();
    f.expect_ok(f.alice, id, list);
    f.expect_refusal(f.bob, id, PlaceBid{f.alice, 1, 1'000}, no);
    list = {fixed, f.taxed.id(), 0, 1'000, f.usdc.id(), 50, 50, 0, now + hour};
    f.expect_ok(f.alice, id, list);
    f.expect_ok(f.bob, id, Fulfil{f.alice, 2, 1'000, 50});
    CHECK(f.taxed.balance(f.bob) == 10'990);
}

TEST_CASE("marketplace: an auction that nobody settles", "[contracts][marketplace]")
{
    MarketFixture f;
    const auto id = f.market.id();
    f.expect_ok(f.alice, id, f.picture(english, 1, f.usd(1'000), 0));
    f.expect_ok(f.bob, id, PlaceBid{f.alice, 1, f.usd(1'000)});
    f.sandbox.set_time(now + 10 * hour + 7 * 86'400 - 1);
    f.expect_refusal(f.alice, id, Reclaim{1}, "Marketplace: still open");
    f.sandbox.set_time(now + 10 * hour + 7 * 86'400);
    f.expect_refusal(f.bob, id, Reclaim{1}, "Marketplace: no such listing");
    f.expect_ok(f.alice, id, Reclaim{1});
    CHECK(f.pictures.owner_of(1) == f.alice);
    CHECK(f.market.refund_of(f.bob, f.usdc.id()) == f.usd(1'000));
}

namespace
{
// ---- A naive marketplace, of lots alone, which pays bidders back at once ----

struct Operation
{
    std::uint32_t kind = 0;
    std::uint32_t who = 0;
    std::uint32_t seller = 0;
    std::uint32_t number = 0;
    std::uint64_t amount = 0;
    std::uint64_t price = 0;
    std::uint64_t other = 0;
};

struct NaiveMarket
{
    struct Sale
    {
        SaleKind kind{};
        std::uint64_t amount = 0;
        std::uint64_t left = 0;
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        std::uint64_t starts = 0;
        std::uint64_t ends = 0;
        std::uint64_t bid = 0;
        std::uint32_t bidder = 0;
    };
    static constexpr std::size_t count = 4;
    static constexpr std::uint64_t rich = 1'000'000;
    struct Person
    {
        std::uint64_t cash = rich;    // What he could have at once: refunds included.
        std::uint64_t wallet = rich;  // What he has.
        std::uint64_t leaves = rich;
        std::uint32_t listed = 0;
    };
    std::array<Person, count> people;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Sale> sales;
    std::uint64_t fees = 0;
    std::uint64_t time = now;

    void pay_seller(std::uint32_t seller, std::uint64_t price)
    {
        const auto fee = price * 250 / 10'000;
        fees += fee;
        people.at(seller).cash += price - fee;
        people.at(seller).wallet += price - fee;
    }

    std::string run(const Operation& o)
    {
        auto& me = people.at(o.who);
        if (o.kind < 3)
        {
            const auto kind = SaleKind{static_cast<std::uint8_t>(o.kind)};
            if (kind == english)
            {
                if (o.amount > me.leaves)
                    return "ERC20InsufficientBalance";
                me.leaves -= o.amount;
            }
            sales[{o.who, ++me.listed}] = {kind, o.amount, o.amount, o.price,
                kind == fixed ? o.price : o.other, time, time + 100, 0, 0};
            return "";
        }
        if (o.kind == 3)
        {
            time += o.amount;
            return "";
        }
        if (o.kind == 9)
        {
            if (me.cash == me.wallet)
                return "Marketplace: nothing to withdraw";
            me.wallet = me.cash;
            return "";
        }
        const auto seller = o.kind == 5 || o.kind == 8 ? o.who : o.seller;
        const auto found = sales.find({seller, o.number});
        if (found == sales.end())
            return "Marketplace: no such listing";
        auto& sale = found->second;
        switch (o.kind)
        {
            case 4: {
                if (sale.kind == english)
                    return "Marketplace: auction";
                if (time > sale.ends)
                    return "Marketplace: not for sale now";
                if (o.amount == 0 || o.amount > sale.left)
                    return "Marketplace: wrong amount";
                const auto passed = time - sale.starts;
                const auto all = (sale.start * (100 - passed) + sale.end * passed + 99) / 100;
                const auto price = (all * o.amount + sale.amount - 1) / sale.amount;
                if (price > o.price)
                    return "Marketplace: too dear";
                if (price > me.wallet)
                    return "ERC20InsufficientBalance";
                me.wallet -= price;
                me.cash -= price;
                pay_seller(seller, price);
                auto& from = people.at(seller).leaves;
                if (o.amount > from)
                {
                    // Nothing happened.
                    me.wallet += price;
                    me.cash += price;
                    const auto fee = price * 250 / 10'000;
                    fees -= fee;
                    people.at(seller).cash -= price - fee;
                    people.at(seller).wallet -= price - fee;
                    return "ERC20InsufficientBalance";
                }
                from -= o.amount;
                me.leaves += o.amount;
                sale.left -= o.amount;
                if (sale.left == 0)
                    sales.erase(found);
                return "";
            }
            case 5:
                if (sale.bid > 0)
                    return "Marketplace: has bids";
                if (sale.kind == english)
                    me.leaves += sale.amount;
                sales.erase(found);
                return "";
            case 6: {
                if (sale.kind != english)
                    return "Marketplace: not an auction";
                if (time >= sale.ends)
                    return "Marketplace: not for sale now";
                const auto step = std::max<std::uint64_t>(1, (sale.bid * 500 + 9'999) / 10'000);
                const auto least = sale.bid == 0 ? sale.start : sale.bid + step;
                if (o.price == 0 || o.price < least)
                    return "Marketplace: bid too low";
                if (o.price > me.wallet)
                    return "ERC20InsufficientBalance";
                me.wallet -= o.price;
                me.cash -= o.price;
                if (sale.bid > 0)
                    people.at(sale.bidder).cash += sale.bid;
                sale.bid = o.price;
                sale.bidder = o.who;
                sale.ends = std::max(sale.ends, time + 600);
                return "";
            }
            case 7:
            case 8:
                if (sale.kind != english)
                    return "Marketplace: not an auction";
                if (time < sale.ends + (o.kind == 8 ? 7 * 86'400 : 0))
                    return "Marketplace: still open";
                if (o.kind == 8)
                    people.at(sale.bidder).cash += sale.bid;
                else if (sale.bid > 0)
                    pay_seller(seller, sale.bid);
                people.at(o.kind == 7 && sale.bid > 0 ? sale.bidder : seller).leaves += sale.amount;
                sales.erase(found);
                return "";
            default: return "";
        }
    }
};

struct Duel
{
    Duel()
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 0}, TokenFlavour::openzeppelin5)},
        leaf{sandbox.add<Erc20>("LEAF", TokenInfo{"LEAF", 0}, TokenFlavour::openzeppelin5)},
        house{sandbox.account("house")},
        market{sandbox.add<NftMarketplace>("market", Terms{250, "house", 500, 600})}
    {
        for (std::size_t i = 0; i < people.size(); ++i)
            people.at(i) = sandbox.account(fmt::format("person{}", i));
        sandbox.connect();
        sandbox.set_time(naive.time);
        for (const auto who : people)
        {
            for (auto* token : {&usdc, &leaf})
            {
                token->allocate(who, NaiveMarket::rich);
                REQUIRE(sandbox.run(who, token->id(), Erc20Approve{market.account(), Amount::max()})
                            .ok());
            }
        }
    }

    Sandbox::Outcome call(const Operation& o)
    {
        const auto who = people.at(o.who);
        const auto seller = people.at(o.seller);
        const auto id = market.id();
        switch (o.kind)
        {
            case 0:
            case 1:
            case 2:
                return sandbox.run(who, id,
                    List{SaleKind{static_cast<std::uint8_t>(o.kind)}, leaf.id(), 0, o.amount,
                        usdc.id(), o.price, o.kind == 0 ? o.price : o.other, 0, naive.time + 100});
            case 4: return sandbox.run(who, id, Fulfil{seller, o.number, o.amount, o.price});
            case 5: return sandbox.run(who, id, Cancel{o.number});
            case 6: return sandbox.run(who, id, PlaceBid{seller, o.number, o.price});
            case 7: return sandbox.run(who, id, Settle{seller, o.number});
            case 8: return sandbox.run(who, id, Reclaim{o.number});
            default: return sandbox.run(who, id, WithdrawRefund{usdc.id()});
        }
    }

    std::string run(const Operation& o)
    {
        const auto refusal = naive.run(o);
        if (o.kind == 3)
        {
            sandbox.set_time(naive.time);
            return "";
        }
        const auto outcome = call(o);
        const auto said = outcome.ok() ? "" : outcome.receipt.refusal.to_string();
        if (refusal.empty() ? !said.empty() : !said.starts_with(refusal))
            return fmt::format("refused: '{}', expected '{}'", said, refusal);
        for (std::size_t i = 0; i < people.size(); ++i)
        {
            const auto& person = naive.people.at(i);
            if (usdc.balance(people.at(i)) != person.wallet ||
                leaf.balance(people.at(i)) != person.leaves ||
                market.refund_of(people.at(i), usdc.id()) != person.cash - person.wallet)
                return fmt::format("person {}", i);
        }
        if (usdc.balance(house) != naive.fees)
            return "fees";
        for (const auto& [key, sale] : naive.sales)
        {
            const auto found = market.listing({people.at(key.first), key.second});
            if (!found || found->left != sale.left || found->bid != sale.bid ||
                found->ends != sale.ends)
                return fmt::format("listing {} of person {}", key.second, key.first);
        }
        Findings findings;
        market.check_invariants(sandbox.world(), findings);
        return findings.empty() ? "" : findings.front();
    }

    Sandbox sandbox;
    Erc20& usdc;
    Erc20& leaf;
    AccountId house;
    NftMarketplace& market;
    std::array<AccountId, NaiveMarket::count> people{};
    NaiveMarket naive;
};
}  // namespace

// Method: as for the order book.
TEST_CASE("marketplace: 100,000 random operations, beside a naive marketplace",
    "[contracts][marketplace][property]")
{
    std::mt19937_64 random{20'261'202};
    std::uint64_t sold = 0;
    const auto run = [&sold](std::span<const Operation> some) -> std::optional<tests::Broken>
    {
        Duel duel;
        for (std::size_t i = 0; i < some.size(); ++i)
        {
            if (auto wrong = duel.run(some[i]); !wrong.empty())
                return tests::Broken{i, wrong};
        }
        sold += duel.naive.fees;
        return std::nullopt;
    };
    const auto below = [&random](std::uint64_t end) { return random() % end; };
    for (int round = 0; round < 200; ++round)
    {
        std::vector<Operation> operations;
        std::array<std::uint32_t, NaiveMarket::count> listed{};
        for (int i = 0; i < 500; ++i)
        {
            constexpr std::array<std::uint32_t, 20> kinds{
                0, 1, 2, 2, 3, 4, 4, 4, 4, 4, 5, 6, 6, 6, 6, 6, 7, 7, 8, 9};
            Operation o;
            o.kind = kinds.at(below(kinds.size()));
            o.who = static_cast<std::uint32_t>(below(NaiveMarket::count));
            o.seller = static_cast<std::uint32_t>(below(NaiveMarket::count));
            const bool own = o.kind == 5 || o.kind == 8;
            const auto last = listed.at(own ? o.who : o.seller);
            o.number = last - static_cast<std::uint32_t>(below(std::min(last, 4U) + 1));
            o.amount = o.kind < 3 ? 1 + below(300'000) : below(3) == 0 ? below(50) : below(100'000);
            if (o.kind == 3)
                o.amount = below(20) == 0 ? 8 * 86'400 : below(120);
            o.price = below(2) == 0 ? below(1'000) : below(200'000);
            o.other = below(1'000);
            if (o.kind < 3)
                ++listed.at(o.who);
            operations.push_back(o);
        }
        const auto found = tests::find_counterexample(std::move(operations), run);
        std::string story;
        for (const auto& o : found ? found->operations : std::vector<Operation>{})
        {
            story += fmt::format("kind {} who {} seller {} number {} amount {} price {} other {}\n",
                o.kind, o.who, o.seller, o.number, o.amount, o.price, o.other);
        }
        INFO(story << (found ? found->what : ""));
        REQUIRE_FALSE(found);
    }
    CHECK(sold > 0);
}

}  // namespace runnel::contracts
