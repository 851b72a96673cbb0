// Market makers in an order book; who issues, holds and buys an asset in shares.

#include "contracts/assets/share_registry/registry.hpp"
#include "contracts/commerce/marketplace/marketplace.hpp"
#include "contracts/exchanges/order_book/book.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/market/common.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{
constexpr std::uint64_t day_blocks = 24;
constexpr std::uint32_t slot = 3'600;

Amount whole(std::uint64_t units, unsigned decimals)
{
    return wrapping_mul(units, Amount::power_of_ten(decimals));
}

/// 1,000 shares of two digits that the gallery has, a book of them and a marketplace.
struct Art
{
    Art()
    {
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
        art.issue(sandbox.world());
        for (const auto who : {gallery, me, rival})
        {
            usdc.allocate(who, whole(300'000, 6));
            sandbox.world().account_states.at(who).balance = Amount::power_of_ten(20);
        }
        run(gallery, CallWriter{}.add(art.id(), share_registry::RegisterIdentity{rival}));
        run(gallery, CallWriter{}.add(art.id(), Erc20Transfer{rival, 20'000}));
        for (const auto token : {art.id(), usdc.id()})
            run(rival, CallWriter{}.add(token, Erc20Approve{book.account(), Amount::max()}));
    }

    void run(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = sandbox.run(sender, calls);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok());
    }
    void place(AccountId who, OrderSide side, std::uint64_t dollars, std::uint64_t shares)
    {
        run(who,
            CallWriter{}.add(book.id(), order_book::PlaceOrder{side, whole(dollars, 6),
                                            whole(shares, 2), OrderKind::good_till_cancelled}));
    }
    FakeWallet watcher(AccountId account)
    {
        FakeWallet wallet{sandbox, account, slot};
        wallet.set_price(weth.id(), 1'000);
        wallet.set_price(usdc.id(), 1);
        wallet.set_price(art.id(), 100);
        wallet.set_base_fee(1'000'000);
        return wallet;
    }
    [[nodiscard]] std::unique_ptr<Strategy> make(
        std::string_view type, AccountId account, Parameters parameters)
    {
        parameters.set("asset", art.id());
        parameters.set("market", market.id());
        parameters.set("book", book.id());
        parameters.set("coin", weth.id());
        parameters.set("looks_every", std::int64_t{slot} * 1'000);
        return find_strategy_type(type)->create(
            parameters, tests::group_of_one(sandbox.world(), account));
    }
    [[nodiscard]] share_registry::Terms terms() const
    {
        share_registry::Terms terms;
        terms.info = {"ART", 2};
        terms.currency = usdc.id();
        terms.agent = "gallery";
        terms.issuer = "gallery";
        terms.shares = 1'000;
        terms.squeeze_bps = 9'000;
        terms.tender_seconds_min = 86'400;
        terms.nominees = {ContractId{4}, ContractId{5}};
        return terms;
    }

    Sandbox sandbox;
    Erc20& usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)};
    Erc20& weth{sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5)};
    AccountId gallery{sandbox.account("gallery")};
    AccountId me{sandbox.account("me")};
    AccountId rival{sandbox.account("rival")};
    ShareRegistry& art{sandbox.add<ShareRegistry>("ART", terms())};
    NftMarketplace& market{sandbox.add<NftMarketplace>("market", marketplace::Terms{})};
    OrderBook& book{sandbox.add<OrderBook>("book", book_terms(art.id()))};
    OrderBook& other_book{sandbox.add<OrderBook>("other_book", book_terms(weth.id()))};

    [[nodiscard]] static Parameters maker_parameters(double risk)
    {
        Parameters parameters;
        parameters.set("half_spread_bps", always(19.5));
        parameters.set("size", always(1'000));
        parameters.set("risk", always(risk));
        parameters.set("threshold_bps", always(15));
        parameters.set("every", always(slot));
        parameters.set("levels", std::int64_t{2});
        parameters.set("step_bps", 10.0);
        parameters.set("horizon", std::int64_t{86'400'000});
        parameters.set("volatility_window", std::int64_t{86'400'000});
        parameters.set("fee_share_max", 0.01);
        return parameters;
    }
    [[nodiscard]] static Parameters investor_parameters(double taste)
    {
        Parameters parameters;
        parameters.set("taste", always(taste));
        parameters.set("stake", always(0.1));
        parameters.set("margin", 0.02);
        parameters.set("part", always(0.5));
        parameters.set("interval", always(1e9));
        parameters.set("claim_min", always(50));
        return parameters;
    }
    /// Ticks of the maker's orders, as far as they rest.
    [[nodiscard]] std::vector<std::uint32_t> ticks(AccountId maker, OrderSide side) const
    {
        std::vector<std::uint32_t> found;
        for (std::uint32_t i = 1; i < book.next_number(maker); ++i)
        {
            if (const auto order = book.order(maker, i); order && order->side == side)
                found.push_back(order->tick);
        }
        return found;
    }
    void make_known(AccountId account)
    {
        run(gallery, CallWriter{}.add(art.id(), share_registry::RegisterIdentity{account}));
    }
    void give(AccountId account, std::uint64_t shares)
    {
        run(gallery, CallWriter{}.add(art.id(), Erc20Transfer{account, whole(shares, 2)}));
    }

    [[nodiscard]] order_book::Terms book_terms(ContractId base) const
    {
        order_book::Terms terms;
        terms.base = base;
        terms.quote = usdc.id();
        terms.tick = 100'000;
        terms.minimum = 100;
        return terms;
    }
};
}  // namespace

TEST_CASE(
    "market maker: quotes both sides, and moves what is too far off", "[strategies][market_maker]")
{
    Art f;
    f.make_known(f.me);
    f.give(f.me, 100);
    auto wallet = f.watcher(f.me);
    const auto maker = f.make("market_maker", f.me, Art::maker_parameters(0));
    CHECK(wallet.decide(*maker) == wallet.view().block_number + 1);
    REQUIRE(wallet.run(*maker).outcome.ok());
    // 1,000 ticks less and plus 19.5 and 29.5 bps; 1,000 USD are 10 shares.
    CHECK(f.ticks(f.me, OrderSide::buy) == std::vector<std::uint32_t>{998, 997});
    CHECK(f.ticks(f.me, OrderSide::sell) == std::vector<std::uint32_t>{1'002, 1'003});
    CHECK(f.book.order(f.me, 1)->remaining == whole(10, 2));
    wallet.advance(1);
    wallet.set_price(
        f.art.id(), 100.04);  // It would ask 1,003 now; a tick is within the threshold.
    wallet.decide(*maker);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.set_price(f.art.id(), 101);
    wallet.decide(*maker);
    REQUIRE(wallet.run(*maker).outcome.ok());
    CHECK(f.ticks(f.me, OrderSide::buy) == std::vector<std::uint32_t>{1'008, 1'007});
    CHECK(f.ticks(f.me, OrderSide::sell) == std::vector<std::uint32_t>{1'012, 1'013});
    // Its best bid is filled to less than half: that one alone is replaced.
    f.place(f.rival, OrderSide::sell, 100, 6);
    wallet.advance(1);
    wallet.decide(*maker);
    REQUIRE(wallet.run(*maker).outcome.ok());
    CHECK(f.ticks(f.me, OrderSide::buy) == std::vector<std::uint32_t>{1'007, 1'008});
    CHECK_FALSE(f.book.order(f.me, 5).has_value());
    CHECK(f.book.order(f.me, 6).has_value());

    // Somebody asks for less than it would bid: it posts below him.
    f.place(f.rival, OrderSide::sell, 105, 1);
    wallet.advance(1);
    wallet.set_price(f.art.id(), 120);
    wallet.decide(*maker);
    REQUIRE(wallet.run(*maker).outcome.ok());
    CHECK(f.ticks(f.me, OrderSide::buy) == std::vector<std::uint32_t>{1'049, 1'048});
}

TEST_CASE(
    "market maker: its own order at the top hides nobody's below", "[strategies][market_maker]")
{
    Art f;
    f.make_known(f.me);
    f.give(f.me, 100);
    auto wallet = f.watcher(f.me);
    const auto maker = f.make("market_maker", f.me, Art::maker_parameters(0));
    wallet.decide(*maker);
    REQUIRE(wallet.run(*maker).outcome.ok());
    f.place(f.rival, OrderSide::buy, 98, 1);
    wallet.advance(1);
    wallet.set_price(f.art.id(), 90);  // Its own bids at 99.9 and 99.8 go, the rival's stays.
    wallet.decide(*maker);
    REQUIRE(wallet.run(*maker).outcome.ok());
    CHECK(f.ticks(f.me, OrderSide::buy) == std::vector<std::uint32_t>{898, 897});
    CHECK(f.ticks(f.me, OrderSide::sell) == std::vector<std::uint32_t>{981, 982});
}

TEST_CASE("market maker: what it has too much of it offers for less", "[strategies][market_maker]")
{
    std::vector<std::uint32_t> bids;
    std::vector<std::uint32_t> asks;
    for (const std::uint64_t more : {0U, 50U})
    {
        Art f;
        f.make_known(f.me);
        f.give(f.me, 100);
        auto wallet = f.watcher(f.me);
        std::vector<std::uint64_t> path;
        for (std::uint64_t i = 0; i < 400; ++i)
            path.push_back((i % 2 == 0 ? 100 : 102) * 100'000'000ULL);
        wallet.set_price_path(f.art.id(), path);
        wallet.advance(60);
        const auto maker = f.make("market_maker", f.me, Art::maker_parameters(1));
        if (more > 0)
            f.give(f.me, more);
        wallet.decide(*maker);
        REQUIRE(wallet.run(*maker).outcome.ok());
        bids.push_back(f.ticks(f.me, OrderSide::buy).front());
        asks.push_back(f.ticks(f.me, OrderSide::sell).front());
    }
    CHECK(bids[1] < bids[0]);
    CHECK(asks[1] < asks[0]);
}

TEST_CASE("market maker: fees and refusals keep it away", "[strategies][market_maker]")
{
    Art f;
    f.make_known(f.me);
    f.give(f.me, 100);
    auto wallet = f.watcher(f.me);
    const auto maker = f.make("market_maker", f.me, Art::maker_parameters(0));
    wallet.set_base_fee(200'000'000'000);  // A million of gas for 200 USD, of 4,000 that it quotes.
    wallet.decide(*maker);
    CHECK(wallet.submissions.empty());
    wallet.set_base_fee(1'000'000);
    CHECK(tests::sent_when_all_is_refused(wallet, *maker, 100) == Refusals::most);
}

TEST_CASE("share investor: asks to be known, buys when it is cheap enough, and takes a tender",
    "[strategies][share_investor]")
{
    Art f;
    auto wallet = f.watcher(f.me);
    const auto investor = f.make("share_investor", f.me, Art::investor_parameters(1.1));
    wallet.decide(*investor);
    REQUIRE(wallet.run(*investor).outcome.ok());
    CHECK(f.art.has_applied(f.me));
    wallet.advance(1);
    wallet.decide(*investor);
    CHECK(wallet.submissions.empty());
    f.make_known(f.me);

    // From 150 down to 50 a share in 100 blocks: 1.1 * 0.98 * 100 = 107.8 after 43.
    const auto now = wallet.view().timestamp;
    CallWriter list;
    list.add(f.art.id(), Erc20Approve{f.market.account(), Amount::max()});
    list.add(
        f.market.id(), marketplace::List{SaleKind::dutch_auction, f.art.id(), 0, whole(400, 2),
                           f.usdc.id(), whole(60'000, 6), whole(20'000, 6), 0, now + 100 * slot});
    f.run(f.gallery, list);
    wallet.advance(42);
    wallet.decide(*investor);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.decide(*investor);
    REQUIRE(wallet.run(*investor).outcome.ok());
    // A tenth of 300,000 USD, in whole shares of 107.
    CHECK(f.art.balance(f.me) == whole(280, 2));
    wallet.advance(1);
    wallet.decide(*investor);
    CHECK(wallet.submissions.empty());

    // Dividends of 28 USD are left; of 56 not.
    f.run(f.gallery, CallWriter{}
                         .add(f.usdc.id(), Erc20Approve{f.art.account(), Amount::max()})
                         .add(f.art.id(), share_registry::DistributeFunds{whole(100, 6)}));
    wallet.advance(1);
    wallet.decide(*investor);
    CHECK(wallet.submissions.empty());
    f.run(f.gallery, CallWriter{}.add(f.art.id(), share_registry::DistributeFunds{whole(100, 6)}));
    wallet.decide(*investor);
    REQUIRE(wallet.run(*investor).outcome.ok());
    CHECK(f.art.dividends_of(f.me).is_zero());

    // A share is worth 110 to it.
    for (const std::uint64_t price : {109U, 111U})
    {
        CallWriter tender;
        tender.add(f.usdc.id(), Erc20Approve{f.art.account(), Amount::max()});
        tender.add(f.art.id(), share_registry::OpenTender{whole(price, 6), 86'400});
        f.run(f.rival, tender);
        wallet.decide(*investor);
        if (price == 111)
            break;
        CHECK(wallet.submissions.empty());
        wallet.advance(day_blocks);
        f.run(f.rival, CallWriter{}.add(f.art.id(), share_registry::CloseTender{}));
    }
    REQUIRE(wallet.run(*investor).outcome.ok());
    CHECK(f.art.balance(f.me).is_zero());
}

TEST_CASE("share investor: orders in the book at its own price, and comes out of it for a tender",
    "[strategies][share_investor]")
{
    Art f;
    f.make_known(f.me);
    f.give(f.me, 100);
    auto wallet = f.watcher(f.me);
    auto parameters = Art::investor_parameters(1.1);
    parameters.set("interval", always(1));  // In every block.
    const auto investor = f.make("share_investor", f.me, parameters);
    bool bought = false;
    bool sold = false;
    for (int i = 0; i < 40; ++i, wallet.advance(1))
    {
        wallet.decide(*investor);
        if (wallet.submissions.empty())
            continue;
        REQUIRE(wallet.run(*investor).outcome.ok());
        const auto bids = f.ticks(f.me, OrderSide::buy);
        const auto asks = f.ticks(f.me, OrderSide::sell);
        REQUIRE(bids.size() + asks.size() <= 1);
        for (const auto tick : bids)
            CHECK(tick == 1'078);  // 110 less 2%,
        for (const auto tick : asks)
            CHECK(tick == 1'122);  // and plus 2%.
        bought = bought || !bids.empty();
        sold = sold || !asks.empty();
    }
    CHECK(bought);
    CHECK(sold);
    f.run(f.rival, CallWriter{}
                       .add(f.usdc.id(), Erc20Approve{f.art.account(), Amount::max()})
                       .add(f.art.id(), share_registry::OpenTender{whole(150, 6), 86'400}));
    wallet.decide(*investor);
    REQUIRE(wallet.run(*investor).outcome.ok());
    CHECK(f.art.balance(f.me).is_zero());
    CHECK(f.book.locked(f.me, f.art.id()).is_zero());
    CHECK(f.art.tender_value(whole(100, 2)) == whole(15'000, 6));
    CHECK(tests::sent_when_all_is_refused(wallet, *investor, 400) <= Refusals::most);
}

TEST_CASE("share investor: its book is one of the asset and what that is paid in",
    "[strategies][share_investor]")
{
    Art f;
    Parameters parameters;
    parameters.set("asset", f.art.id());
    parameters.set("book", f.book.id());
    const auto* type = find_strategy_type("share_investor");
    CHECK(type->validate_in(parameters, f.sandbox.world()).empty());
    parameters.set("book", f.other_book.id());
    CHECK(type->validate_in(parameters, f.sandbox.world()) ==
          "book: expected an order book of the asset against its currency");
}

TEST_CASE("asset issuer: sells, makes known, pays out", "[strategies][asset_issuer]")
{
    Art f;
    auto wallet = f.watcher(f.gallery);
    Parameters parameters;
    parameters.set("sale_share", 0.5);
    parameters.set("start_factor", 1.5);
    parameters.set("end_factor", 0.5);
    parameters.set("sale_after", std::int64_t{2} * slot * 1'000);
    parameters.set("sale_lasts", std::int64_t{10} * slot * 1'000);
    parameters.set("income", always(1'000));
    parameters.set("income_every", std::int64_t{5} * slot * 1'000);
    parameters.set("tender_factor", 1.25);
    parameters.set("batch", std::int64_t{4});
    const auto issuer = f.make("asset_issuer", f.gallery, parameters);
    f.run(f.me, CallWriter{}.add(f.art.id(), share_registry::ApplyForRegistration{}));
    wallet.decide(*issuer);
    REQUIRE(wallet.run(*issuer).outcome.ok());
    CHECK(f.art.is_verified(f.me));
    CHECK(f.market.listing_count() == 0);
    wallet.advance(1);
    wallet.decide(*issuer);
    REQUIRE(wallet.run(*issuer).outcome.ok());
    const auto listing = f.market.listing({f.gallery, 1});
    REQUIRE(listing.has_value());
    CHECK(listing->amount == whole(400, 2));  // Half of 800.
    CHECK(listing->start_price == whole(60'000, 6));
    CHECK(listing->end_price == whole(20'000, 6));
    CHECK(listing->ends == wallet.view().timestamp + 10 * slot);
    wallet.advance(3);
    wallet.decide(*issuer);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.decide(*issuer);
    REQUIRE(wallet.run(*issuer).outcome.ok());
    CHECK(f.art.state().distributed == whole(1'000, 6));
    CHECK(f.market.listing_count() == 1);
    // Its own part: 800 of the 1,000 shares are not sold yet.
    wallet.advance(1);
    wallet.decide(*issuer);
    REQUIRE(wallet.run(*issuer).outcome.ok());
    CHECK(f.art.dividends_of(f.gallery).is_zero());
    CHECK(f.art.state().withdrawn == whole(800, 6));

    // 124 is too little for what it has left, 125 will do.
    for (const std::uint64_t price : {124U, 125U})
    {
        f.run(f.rival, CallWriter{}
                           .add(f.usdc.id(), Erc20Approve{f.art.account(), Amount::max()})
                           .add(f.art.id(), share_registry::OpenTender{whole(price, 6), 86'400}));
        wallet.decide(*issuer);
        if (price == 125)
            break;
        CHECK(wallet.submissions.empty());
        wallet.advance(day_blocks);
        f.run(f.rival, CallWriter{}.add(f.art.id(), share_registry::CloseTender{}));
        wallet.decide(*issuer);  // Meanwhile it has earned something again.
        wallet.run_all(*issuer);
    }
    REQUIRE(wallet.run(*issuer).outcome.ok());
    CHECK(f.art.balance(f.gallery).is_zero());
}

TEST_CASE("tender bidder: offers, offers more, ends what it began", "[strategies][tender_bidder]")
{
    Art f;
    auto wallet = f.watcher(f.me);
    Parameters parameters;
    parameters.set("after", std::int64_t{3} * slot * 1'000);
    parameters.set("lasts", std::int64_t{1'000});
    parameters.set("premium", 0.1);
    parameters.set("raise", 0.2);
    parameters.set("tries", std::int64_t{2});
    const auto bidder = f.make("tender_bidder", f.me, parameters);
    wallet.decide(*bidder);
    REQUIRE(wallet.run(*bidder).outcome.ok());
    f.make_known(f.me);
    wallet.advance(1);
    wallet.decide(*bidder);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.decide(*bidder);
    REQUIRE(wallet.run(*bidder).outcome.ok());
    REQUIRE(f.art.tender().has_value());
    CHECK(f.art.tender()->price == whole(110, 6));
    CHECK(f.art.tender()->ends == wallet.view().timestamp + 86'400);  // The asset's shortest time.
    wallet.advance(day_blocks - 1);
    wallet.decide(*bidder);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.decide(*bidder);
    REQUIRE(wallet.run(*bidder).outcome.ok());
    CHECK_FALSE(f.art.tender().has_value());
    wallet.advance(1);
    wallet.decide(*bidder);
    REQUIRE(wallet.run(*bidder).outcome.ok());
    CHECK(f.art.tender()->price == whole(130, 6));
    wallet.advance(day_blocks);
    wallet.decide(*bidder);
    REQUIRE(wallet.run(*bidder).outcome.ok());
    wallet.advance(1);
    wallet.decide(*bidder);
    CHECK(wallet.submissions.empty());  // Twice is enough.
}
