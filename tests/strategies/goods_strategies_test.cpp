// Sellers, buyers and arbiters of goods.

#include "contracts/commerce/arbitrated_escrow/escrow.hpp"
#include "contracts/commerce/listing_board/board.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/commerce/goods.hpp"
#include "strategies/market/common.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

constexpr std::uint64_t hour = 3'600;
constexpr std::uint64_t day = 24 * hour;

Amount dollars(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}

/// A market with an escrow; seller, rival, buyer, supplier and arbiter, who have 10'000 USDC each.
/// Slots of ten minutes.
struct Town
{
    Town()
    {
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
        for (const auto account : {seller, rival, buyer, supplier, arbiter})
        {
            usdc.allocate(account, dollars(10'000));
            sandbox.world().account_states.at(account).balance = Amount::power_of_ten(20);
        }
    }

    void run(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = sandbox.run(sender, calls);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok());
    }
    FakeWallet watcher(AccountId account) { return FakeWallet{sandbox, account, 600}; }
    [[nodiscard]] std::unique_ptr<Strategy> strategy(
        std::string_view name, AccountId account, const Parameters& parameters)
    {
        auto group = runnel::tests::group_of_one(sandbox.world(), account);
        group.slot_seconds = 600;
        group.groups = std::make_shared<const GroupAccounts>(
            GroupAccounts{{"suppliers", {supplier}}, {"arbiters", {arbiter}}});
        return find_strategy_type(name)->create(parameters, group);
    }
    [[nodiscard]] Parameters seller_parameters() const
    {
        Parameters parameters;
        parameters.set("market", board.id());
        parameters.set("token", usdc.id());
        parameters.set("price", always(100));
        parameters.set("stock", always(3));
        parameters.set("handling", always(hour));
        parameters.set("cheats", always(0));
        parameters.set("contests", always(0));
        parameters.set("cost_share", 0.7);
        parameters.set("suppliers", std::string{"suppliers"});
        parameters.set("arbiters", std::string{"arbiters"});
        parameters.set("arbitration_cost", 8.0);
        parameters.set("ship_within", static_cast<std::int64_t>(3 * day * 1'000));
        parameters.set("inspection", static_cast<std::int64_t>(7 * day * 1'000));
        parameters.set("withdraw_min", 50.0);
        parameters.set("every", static_cast<std::int64_t>(hour * 1'000));
        return parameters;
    }
    [[nodiscard]] Parameters buyer_parameters() const
    {
        Parameters parameters;
        parameters.set("market", board.id());
        parameters.set("token", usdc.id());
        parameters.set("interval", always(static_cast<double>(day)));
        parameters.set("escrow", always(1));
        parameters.set("spend_share", 0.5);
        parameters.set("transit", always(static_cast<double>(day)));
        parameters.set("confirms", always(1));
        parameters.set("lies", always(0));
        parameters.set("trust_weight", 3.0);
        parameters.set("price_weight", 1.0);
        parameters.set("prior", 0.8);
        parameters.set("prior_ratings", 5.0);
        parameters.set("belief", 0.9);
        parameters.set("patience", static_cast<std::int64_t>(4 * day * 1'000));
        parameters.set("every", static_cast<std::int64_t>(hour * 1'000));
        return parameters;
    }
    [[nodiscard]] Parameters arbiter_parameters() const
    {
        Parameters parameters;
        parameters.set("escrow", escrow.id());
        parameters.set("takes", always(static_cast<double>(day)));
        parameters.set("error", 0.0);
        parameters.set("fee_min", 0.0);
        parameters.set("every", static_cast<std::int64_t>(hour * 1'000));
        return parameters;
    }

    /// The seller lists three pieces at 100 USDC.
    void list(AccountId account, std::uint64_t price = 100)
    {
        CallWriter calls;
        board.add_listing(
            calls, {account, usdc.id(), dollars(price), 3, arbiter, dollars(8), 3 * day, 7 * day});
        run(account, calls);
    }
    void restock(std::uint64_t listing, std::uint64_t price, std::uint64_t stock)
    {
        CallWriter calls;
        board.add_update(calls, listing, dollars(price), stock);
        run(board.listing(listing).seller, calls);
    }
    /// The buyer orders a piece of a listing.
    std::uint64_t order(std::uint64_t listing, bool in_escrow = true)
    {
        CallWriter calls;
        calls.add(usdc.id(), Erc20Approve{board.account(), Amount::max()});
        board.add_purchase(calls, listing, 1, Amount::max(), in_escrow);
        run(buyer, calls);
        return board.orders() - 1;
    }
    void ship(std::uint64_t number, bool is_full)
    {
        CallWriter calls;
        const auto& ordered = board.order(number);
        board.add_shipment(calls, number, seal_parcel(parcel_of(ordered, number), is_full));
        run(ordered.seller, calls);
    }
    void deposit(AccountId account, std::uint64_t deal, EscrowParty party)
    {
        CallWriter calls;
        calls.add(usdc.id(), Erc20Approve{escrow.account(), Amount::max()});
        escrow.add_deposit(calls, deal, party);
        run(account, calls);
    }
    /// Lets it act for so long; how many transactions it sent, all of which succeeded.
    std::size_t act(FakeWallet& wallet, Strategy& strategy, std::uint64_t seconds)
    {
        std::size_t sent = 0;
        const auto end = wallet.view().timestamp + seconds;
        auto next = wallet.view().block_number;
        for (; wallet.view().timestamp < end; wallet.advance(1))
        {
            if (wallet.view().block_number < next)
                continue;
            next = wallet.decide(strategy);
            for (const auto& ran : wallet.run_all(strategy))
            {
                INFO(ran.outcome.receipt.refusal.to_string());
                CHECK(ran.outcome.ok());
                ++sent;
            }
        }
        return sent;
    }

    Sandbox sandbox;
    Erc20& usdc = sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5);
    ArbitratedEscrow& escrow = sandbox.add<ArbitratedEscrow>(
        "escrow", arbitrated_escrow::Rules{arbitrated_escrow::FeePayer::loser, 3 * day, 14 * day});
    ListingBoard& board = sandbox.add<ListingBoard>("board", escrow.id());
    AccountId seller = sandbox.account("seller");
    AccountId rival = sandbox.account("rival");
    AccountId buyer = sandbox.account("buyer");
    AccountId supplier = sandbox.account("supplier");
    AccountId arbiter = sandbox.account("arbiter");
};

EscrowStatus status(const Town& town, std::uint64_t deal = 0)
{
    return town.escrow.deal(deal).status;
}
}  // namespace

TEST_CASE(
    "goods seller: lists, ships what it has bought, and has its money when the buyer is silent",
    "[strategies][goods_seller]")
{
    Town town;
    auto wallet = town.watcher(town.seller);
    const auto seller = town.strategy("goods_seller", town.seller, town.seller_parameters());
    CHECK(town.act(wallet, *seller, 2 * hour) == 1);
    REQUIRE(town.board.listings() == 1);
    const auto& listing = town.board.listing(0);
    CHECK(listing.price == dollars(100));
    CHECK(listing.stock == 3);
    CHECK(listing.arbiter == town.arbiter);
    CHECK(listing.arbitration_cost == dollars(8));
    CHECK(town.act(wallet, *seller, 2 * hour) == 0);

    const auto in_escrow = town.order(0);
    const auto direct = town.order(0, false);
    const auto ordered_at = town.board.order(in_escrow).ordered_at;
    CHECK(town.act(wallet, *seller, 3 * hour) == 1);
    for (const auto number : {in_escrow, direct})
    {
        const auto& order = town.board.order(number);
        const auto shipping = town.board.shipping(order);
        CHECK(shipping.shipped_at >= ordered_at + hour);
        CHECK(shipping.shipped_at <= ordered_at + 3 * hour);
        CHECK(is_full_parcel(parcel_of(order, number), shipping.reference));
    }
    CHECK(town.usdc.balance(town.supplier) == dollars(10'140));
    CHECK(town.usdc.balance(town.seller) == dollars(10'000 + 100 - 140));

    CHECK(town.act(wallet, *seller, 6 * day) == 0);
    CHECK(town.act(wallet, *seller, 2 * day) == 2);  // Asks for it, then withdraws it.
    CHECK(town.usdc.balance(town.seller) == dollars(10'060));
}

TEST_CASE("goods seller: a cheat ships nothing and pays nobody", "[strategies][goods_seller]")
{
    Town town;
    auto wallet = town.watcher(town.seller);
    auto parameters = town.seller_parameters();
    parameters.set("cheats", always(1));
    const auto seller = town.strategy("goods_seller", town.seller, parameters);
    town.act(wallet, *seller, hour);
    const auto number = town.order(0);
    town.act(wallet, *seller, 3 * hour);
    const auto& order = town.board.order(number);
    CHECK(town.board.shipping(order).shipped_at != 0);
    CHECK_FALSE(is_full_parcel(parcel_of(order, number), town.board.shipping(order).reference));
    CHECK(town.usdc.balance(town.supplier) == dollars(10'000));

    // It lets a dispute go, but for an arbiter's error.
    town.deposit(town.buyer, 0, EscrowParty::buyer);
    CHECK(town.act(wallet, *seller, day) == 0);
    CHECK(status(town) == EscrowStatus::waiting_seller);
    parameters.set("contests", always(1));
    const auto bold = town.strategy("goods_seller", town.seller, parameters);
    CHECK(town.act(wallet, *bold, 2 * hour) == 1);
    CHECK(status(town) == EscrowStatus::dispute_created);
}

TEST_CASE("goods seller: stands a dispute in which it is right", "[strategies][goods_seller]")
{
    Town town;
    town.list(town.seller);
    town.order(0);
    town.ship(0, true);
    town.deposit(town.buyer, 0, EscrowParty::buyer);
    auto wallet = town.watcher(town.seller);
    const auto seller = town.strategy("goods_seller", town.seller, town.seller_parameters());
    CHECK(town.act(wallet, *seller, 2 * hour) == 1);
    CHECK(status(town) == EscrowStatus::dispute_created);
    CHECK(town.usdc.balance(town.seller) == dollars(9'992));
    // When the arbiter never says anything it asks for its half.
    CHECK(town.act(wallet, *seller, 15 * day) == 2);
    CHECK(status(town) == EscrowStatus::resolved);
    CHECK(town.usdc.balance(town.seller) == dollars(10'050));
}

TEST_CASE("goods seller: who is too late does not ship, and who has sold out lists again",
    "[strategies][goods_seller]")
{
    Town town;
    auto wallet = town.watcher(town.seller);
    auto parameters = town.seller_parameters();
    parameters.set("handling", always(static_cast<double>(3 * day)));
    const auto seller = town.strategy("goods_seller", town.seller, parameters);
    town.act(wallet, *seller, hour);
    town.order(0);
    town.order(0, false);
    town.order(0, false);
    CHECK(town.board.listing(0).stock == 0);
    CHECK(town.act(wallet, *seller, 2 * day) == 1);
    CHECK(town.board.listing(0).stock == 3);
    town.act(wallet, *seller, 2 * day);
    CHECK(town.board.shipping(town.board.order(0)).shipped_at == 0);
    CHECK(town.board.shipping(town.board.order(1)).shipped_at != 0);
}

TEST_CASE("goods buyer: orders what it can pay, in escrow or not", "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller, 5'001);  // More than half of what it has.
    town.list(town.rival, 100);
    auto wallet = town.watcher(town.buyer);
    auto parameters = town.buyer_parameters();
    const bool in_escrow = GENERATE(true, false);
    parameters.set("escrow", always(in_escrow ? 1 : 0));
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    wallet.advance(buyer->first_block(0));
    wallet.decide(*buyer);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions[0].bid.extra_gas == (in_escrow ? ListingBoard::escrow_gas : 0));
    CHECK(wallet.run(*buyer).outcome.ok());
    REQUIRE(town.board.orders() == 1);
    CHECK(town.board.order(0).seller == town.rival);
    CHECK(town.board.order(0).is_in_escrow == in_escrow);
    CHECK(town.escrow.deals() == (in_escrow ? 1 : 0));
}

TEST_CASE("goods buyer: confirms what it got and says what it thinks", "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller);
    const bool confirms = GENERATE(true, false);
    auto parameters = town.buyer_parameters();
    parameters.set("interval", always(1e9));
    parameters.set("confirms", always(confirms ? 1 : 0));
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    auto wallet = town.watcher(town.buyer);
    buyer->first_block(0);
    town.order(0);
    town.order(0, false);
    town.act(wallet, *buyer, day);
    town.ship(0, true);
    wallet.advance(6 * 24);
    town.ship(1, true);
    CHECK(town.act(wallet, *buyer, day - hour) == 1);  // The first is there.
    CHECK(town.board.order(0).stars == 5);
    CHECK(town.escrow.credit(town.seller, town.usdc.id()) == (confirms ? dollars(100) : Amount{}));
    CHECK(town.board.order(1).stars == 0);
    CHECK(town.act(wallet, *buyer, 2 * day) == 1);
    CHECK(town.board.order(1).stars == 3);  // Sent when more than half of the time was gone.
    CHECK(town.act(wallet, *buyer, 20 * day) == 0);
}

TEST_CASE("goods buyer: disputes an empty parcel, and never buys there again",
    "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller);
    const bool in_escrow = GENERATE(true, false);
    auto parameters = town.buyer_parameters();
    parameters.set("escrow", always(in_escrow ? 1 : 0));
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    auto wallet = town.watcher(town.buyer);
    wallet.advance(buyer->first_block(0));
    wallet.decide(*buyer);
    wallet.run(*buyer);
    REQUIRE(town.board.orders() == 1);
    town.ship(0, false);
    // No more of it, so that it can buy nothing else meanwhile.
    town.restock(0, 100, 0);
    wallet.advance(1);
    town.act(wallet, *buyer, 2 * day);
    if (in_escrow)
    {
        CHECK(status(town) == EscrowStatus::waiting_seller);
        CHECK(town.usdc.balance(town.buyer) == dollars(9'892));
        // The seller does not stand it: after three days all comes back.
        town.act(wallet, *buyer, 3 * day + hour);
        CHECK(status(town) == EscrowStatus::resolved);
        CHECK(town.usdc.balance(town.buyer) == dollars(10'000));
    }
    else
        CHECK(town.usdc.balance(town.buyer) == dollars(9'900));
    CHECK(town.board.order(0).stars == 1);
    town.restock(0, 100, 10);
    const auto orders = town.board.orders();
    town.act(wallet, *buyer, 60 * day);
    CHECK(town.board.orders() == orders);
    town.list(town.rival);
    town.act(wallet, *buyer, 20 * day);
    CHECK(town.board.orders() > orders);
}

TEST_CASE("goods buyer: a liar disputes what is good, where that can gain it something",
    "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller);
    auto parameters = town.buyer_parameters();
    parameters.set("interval", always(1e9));
    parameters.set("lies", always(1));
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    auto wallet = town.watcher(town.buyer);
    buyer->first_block(0);
    town.order(0);
    town.order(0, false);
    town.ship(0, true);
    town.ship(1, true);
    town.act(wallet, *buyer, day + 2 * hour);
    CHECK(status(town) == EscrowStatus::waiting_seller);
    CHECK(town.board.order(1).stars == 5);
    // The arbiter finds against it; it says the worst of the seller all the same.
    town.deposit(town.seller, 0, EscrowParty::seller);
    CallWriter ruling;
    town.escrow.add_ruling(ruling, 0, EscrowRuling::seller_wins);
    town.run(town.arbiter, ruling);
    town.act(wallet, *buyer, 2 * hour);
    CHECK(town.board.order(0).stars == 1);
    CHECK(town.usdc.balance(town.buyer) == dollars(10'000 - 200 - 8));
}

TEST_CASE("goods buyer: takes back what was never shipped", "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller);
    auto parameters = town.buyer_parameters();
    parameters.set("interval", always(1e9));
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    auto wallet = town.watcher(town.buyer);
    buyer->first_block(0);
    town.order(0);
    town.order(0, false);
    CHECK(town.act(wallet, *buyer, 3 * day - hour) == 0);
    town.act(wallet, *buyer, 3 * hour);
    CHECK(town.usdc.balance(town.buyer) == dollars(9'900));
    CHECK(town.board.order(0).stars == 1);
    CHECK(town.board.order(1).stars == 0);
    // What it paid directly it gives up four days later.
    town.act(wallet, *buyer, 4 * day);
    CHECK(town.board.order(1).stars == 1);
}

TEST_CASE(
    "goods buyer: leaves a dispute that costs more than it can bring", "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller, 8);  // As much as the deposit.
    town.order(0);
    town.ship(0, false);
    auto parameters = town.buyer_parameters();
    parameters.set("interval", always(1e9));
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    auto wallet = town.watcher(town.buyer);
    buyer->first_block(0);
    town.act(wallet, *buyer, 2 * day);
    CHECK(status(town) == EscrowStatus::no_dispute);
    CHECK(town.board.order(0).stars == 1);
}

TEST_CASE("goods buyer: rather buys from those whom others praise", "[strategies][goods_buyer]")
{
    Town town;
    town.list(town.seller);
    town.list(town.rival);
    for (int i = 0; i < 3; ++i)
    {
        for (const auto listing : {0U, 1U})
        {
            const auto number = town.order(listing, false);
            town.ship(number, true);
            CallWriter calls;
            town.board.add_rating(calls, number, listing == 0 ? 1 : 5);
            town.run(town.buyer, calls);
        }
    }
    town.restock(0, 10, 1'000);
    town.restock(1, 10, 1'000);
    auto parameters = town.buyer_parameters();
    parameters.set("interval", always(600));
    parameters.set("every", std::int64_t{600'000});
    const auto buyer = town.strategy("goods_buyer", town.buyer, parameters);
    auto wallet = town.watcher(town.buyer);
    wallet.advance(buyer->first_block(0));
    town.act(wallet, *buyer, 2 * day);
    const auto bad = town.board.reputation(town.seller).orders - 3;
    const auto good = town.board.reputation(town.rival).orders - 3;
    // (0.8 * 5 + 3) / (0.8 * 5) to the third is 5.4.
    CHECK(bad + good > 200);
    CHECK(good > 3 * bad);
}

TEST_CASE(
    "arbiter: rules by what was in the parcel, in its time, one by one", "[strategies][arbiter]")
{
    Town town;
    town.list(town.seller);
    const bool is_full = GENERATE(true, false);
    for (std::uint64_t deal = 0; deal < 2; ++deal)
    {
        town.order(0);
        town.ship(deal, is_full);
        town.deposit(town.buyer, deal, EscrowParty::buyer);
        town.deposit(town.seller, deal, EscrowParty::seller);
    }
    auto wallet = town.watcher(town.arbiter);
    const auto arbiter = town.strategy("arbiter", town.arbiter, town.arbiter_parameters());
    CHECK(town.act(wallet, *arbiter, day) == 0);
    CHECK(town.act(wallet, *arbiter, 2 * hour) == 1);
    CHECK(status(town, 0) == EscrowStatus::resolved);
    CHECK(status(town, 1) == EscrowStatus::dispute_created);
    CHECK(town.usdc.balance(town.arbiter) == dollars(10'008));
    CHECK(town.escrow.credit(is_full ? town.seller : town.buyer, town.usdc.id()) == dollars(108));
    CHECK(town.act(wallet, *arbiter, day + 4 * hour) == 1);
    CHECK(status(town, 1) == EscrowStatus::resolved);
}

TEST_CASE("arbiter: errs, or leaves what pays too little", "[strategies][arbiter]")
{
    Town town;
    town.list(town.seller);
    town.order(0);
    town.ship(0, true);
    town.deposit(town.buyer, 0, EscrowParty::buyer);
    town.deposit(town.seller, 0, EscrowParty::seller);
    auto wallet = town.watcher(town.arbiter);
    auto parameters = town.arbiter_parameters();
    parameters.set("fee_min", 8.01);
    const auto dear = town.strategy("arbiter", town.arbiter, parameters);
    CHECK(town.act(wallet, *dear, 5 * day) == 0);
    parameters.set("fee_min", 8.0);
    parameters.set("error", 1.0);
    const auto fool = town.strategy("arbiter", town.arbiter, parameters);
    CHECK(town.act(wallet, *fool, 2 * day) == 1);
    CHECK(town.escrow.credit(town.buyer, town.usdc.id()) == dollars(108));
}

TEST_CASE("goods strategies: nothing is repeated without bound", "[strategies][goods]")
{
    Town town;
    town.list(town.rival);
    SECTION("seller")
    {
        auto wallet = town.watcher(town.seller);
        const auto seller = town.strategy("goods_seller", town.seller, town.seller_parameters());
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *seller, 1'000) == Refusals::most);
    }
    SECTION("buyer")
    {
        auto wallet = town.watcher(town.buyer);
        const auto buyer = town.strategy("goods_buyer", town.buyer, town.buyer_parameters());
        buyer->first_block(0);
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *buyer, 20'000) == Refusals::most);
    }
    SECTION("arbiter")
    {
        town.order(0);
        town.ship(0, true);
        town.deposit(town.buyer, 0, EscrowParty::buyer);
        town.deposit(town.rival, 0, EscrowParty::seller);
        auto wallet = town.watcher(town.arbiter);
        const auto arbiter = town.strategy("arbiter", town.arbiter, town.arbiter_parameters());
        CHECK(runnel::tests::sent_when_all_is_refused(wallet, *arbiter, 1'000) == Refusals::most);
    }
}

// The truth that no analysis reads: who ships an empty parcel, or says that a full one was empty,
// means to have the price for nothing.
TEST_CASE("goods strategies: record what they mean by it", "[strategies][goods]")
{
    Town town;
    town.list(town.seller);
    const bool cheats = GENERATE(true, false);
    const auto number = town.order(0);
    auto parameters = town.seller_parameters();
    parameters.set("cheats", always(cheats ? 1 : 0));
    const auto seller = town.strategy("goods_seller", town.seller, parameters);
    auto wallet = town.watcher(town.seller);
    wallet.advance(12);
    wallet.decide(*seller);
    REQUIRE(wallet.submissions.size() == 1);
    const auto shipped = wallet.submissions[0].motive;
    CHECK(shipped.purpose == (cheats ? Purpose::fraud : Purpose::unstated));
    CHECK(shipped.stolen == (cheats ? dollars(100) : Amount{}));
    CHECK(shipped.incident == (cheats ? incident_of(town.seller, 0) : 0));
    CHECK(wallet.run(*seller).outcome.ok());

    auto buys = town.buyer_parameters();
    buys.set("interval", always(1e9));
    buys.set("lies", always(1));
    const auto liar = town.strategy("goods_buyer", town.buyer, buys);
    liar->first_block(0);
    auto watcher = town.watcher(town.buyer);
    watcher.advance(300);
    watcher.decide(*liar);
    REQUIRE(watcher.submissions.size() == 1);
    // Of an empty parcel he tells the truth.
    CHECK(watcher.submissions[0].motive.purpose == (cheats ? Purpose::unstated : Purpose::fraud));
    CHECK(town.board.order(number).stars == 0);
}

TEST_CASE("goods: a parcel's seal is its own", "[strategies][goods]")
{
    const ParcelNumber deal{true, 7};
    const ParcelNumber order{false, 7};
    CHECK(is_full_parcel(deal, seal_parcel(deal, true)));
    CHECK_FALSE(is_full_parcel(deal, seal_parcel(deal, false)));
    CHECK_FALSE(is_full_parcel(deal, seal_parcel(order, true)));
    CHECK_FALSE(is_full_parcel({true, 8}, seal_parcel(deal, true)));
    CHECK_FALSE(is_full_parcel(deal, Amount{}));
}
