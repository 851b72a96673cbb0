#include "contracts/commerce/arbitrated_escrow/escrow.hpp"
#include "contracts/commerce/listing_board/board.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <array>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace listing_board;

constexpr std::uint64_t start = 1'700'000'000;
constexpr std::uint64_t day = 86'400;

/// A board with an escrow behind it; buyer, seller, arbiter and another have a million of a plain
/// token and of one that keeps 1% of every transfer.
struct BoardFixture : ContractFixture
{
    BoardFixture()
    {
        sandbox.connect();
        at(start);
        for (const auto account : {buyer, seller, arbiter, other})
        {
            for (auto* token : {&plain, &taxed})
            {
                token->allocate(account, Amount{1'000'000});
                for (const auto spender : {board.account(), escrow.account()})
                    expect_ok(account, token->id(), Erc20Approve{spender, Amount::max()});
            }
        }
    }
    void at(std::uint64_t time) { sandbox.set_time(now = time); }
    [[nodiscard]] List listing() const
    {
        return {plain.id(), Amount{70}, 10, arbiter, Amount{5}, 3 * day, 7 * day};
    }
    template <typename Call>
    Sandbox::Outcome ok(AccountId sender, const Call& call)
    {
        return expect_ok(sender, board.id(), call);
    }
    template <typename Call>
    void no(AccountId sender, const Call& call, std::string_view reason)
    {
        expect_refusal(sender, board.id(), call, reason);
    }

    Erc20& plain = sandbox.add<Erc20>("PLAIN", TokenInfo{"PLAIN", 6}, TokenFlavour::openzeppelin5);
    Erc20& taxed = sandbox.add<Erc20>("TAXED", TokenInfo{"TAXED", 6}, TokenFlavour::openzeppelin5,
        zero_account, TokenQuirks{100, "", TransferAnswer::success});
    ArbitratedEscrow& escrow = sandbox.add<ArbitratedEscrow>(
        "escrow", arbitrated_escrow::Rules{arbitrated_escrow::FeePayer::loser, 3 * day, 14 * day});
    ListingBoard& board = sandbox.add<ListingBoard>("board", escrow.id());
    AccountId buyer = sandbox.account("buyer");
    AccountId seller = sandbox.account("seller");
    AccountId arbiter = sandbox.account("arbiter");
    AccountId other = sandbox.account("other");
    std::uint64_t now = 0;
};
}  // namespace

TEST_CASE("listing board: what cannot be offered is refused", "[contracts][listing_board]")
{
    BoardFixture f;
    const auto refused = [&f](auto change, std::string_view reason)
    {
        auto call = f.listing();
        change(call);
        f.no(f.seller, call, reason);
    };
    refused([](List& c) { c.token = ContractId{77'777}; }, "ListingBoard: no such token");
    refused([&](List& c) { c.token = f.board.id(); }, "ListingBoard: no such token");
    refused([](List& c) { c.price = {}; }, "ListingBoard: no price");
    refused([&](List& c) { c.arbiter = f.seller; }, "ListingBoard: the arbiter is the seller");
    refused([](List& c) { c.arbiter = AccountId{77'777}; }, "no such account");
    refused([](List& c) { c.ship_within = 0; }, "ListingBoard: no such time");
    refused([](List& c) { c.ship_within = (1ULL << 32U) + 1; }, "ListingBoard: no such time");
    refused([](List& c) { c.inspection = (1ULL << 32U) + 1; }, "ListingBoard: no such time");
    auto call = f.listing();
    call.ship_within = call.inspection = 1ULL << 32U;
    f.ok(f.seller, call);
    f.no(f.buyer, Update{0, 1, 1}, "ListingBoard: not the seller");
    f.no(f.seller, Update{0, 0, 1}, "ListingBoard: no price");
    f.no(f.seller, Update{1, 1, 1}, "ListingBoard: no such listing");
    f.ok(f.seller, Update{0, 9, 4});
    CHECK(f.board.listing(0).price == 9);
    CHECK(f.board.listing(0).stock == 4);
}

TEST_CASE("listing board: an order takes stock and pays the seller", "[contracts][listing_board]")
{
    BoardFixture f;
    f.ok(f.seller, f.listing());
    f.no(f.buyer, Buy{1, 1, 70, false}, "ListingBoard: no such listing");
    f.no(f.buyer, Buy{0, 0, 70, false}, "ListingBoard: nothing ordered");
    f.no(f.buyer, Buy{0, 11, 1'000, false}, "ListingBoard: out of stock");
    f.no(f.buyer, Buy{0, 3, 209, false}, "ListingBoard: the price has risen");
    f.no(f.seller, Buy{0, 1, 70, false}, "ListingBoard: one's own goods");
    CHECK(f.ok(f.buyer, Buy{0, 3, 210, false}).returns.values[0] == 0);
    CHECK(f.board.listing(0).stock == 7);
    CHECK(f.plain.balance(f.seller) == 1'000'210);
    CHECK(f.ok(f.buyer, Buy{0, 7, 490, false}).returns.values[0] == 1);
    f.no(f.buyer, Buy{0, 1, 70, false}, "ListingBoard: out of stock");
    CHECK(f.board.order(1).ship_by == start + 3 * day);

    f.no(f.seller, Ship{2, 0}, "ListingBoard: no such order");
    f.no(f.buyer, Ship{0, 0}, "ListingBoard: not the seller");
    f.at(start + 40);
    f.ok(f.seller, Ship{0, 77});
    f.no(f.seller, Ship{0, 77}, "ListingBoard: it was shipped");
    CHECK(f.board.shipping(f.board.order(0)).shipped_at == start + 40);
    CHECK(f.board.shipping(f.board.order(0)).reference == 77);
    CHECK(f.escrow.deals() == 0);
}

TEST_CASE("listing board: an order in escrow is a deal", "[contracts][listing_board]")
{
    BoardFixture f;
    f.ok(f.seller, f.listing());
    f.no(f.arbiter, Buy{0, 1, 70, true}, "Escrow: the arbiter is a party");
    f.ok(f.buyer, Buy{0, 1, 70, false});
    f.ok(f.buyer, Buy{0, 2, 140, true});
    const auto& order = f.board.order(1);
    CHECK(order.is_in_escrow);
    const auto& deal = f.escrow.deal(order.deal);
    CHECK(deal.buyer == f.buyer);
    CHECK(deal.seller == f.seller);
    CHECK(deal.arbiter == f.arbiter);
    CHECK(deal.amount == 140);
    CHECK(deal.arbitration_cost == 5);
    CHECK(deal.ship_by == start + 3 * day);
    CHECK(deal.inspection == 7 * day);
    CHECK(f.plain.balance(f.seller) == 1'000'070);
    CHECK(f.escrow.owed(f.plain.id()) == 140);

    f.no(f.seller, Ship{1, 77}, "ListingBoard: the escrow is told");
    CallWriter calls;
    f.board.add_shipment(calls, 0, 66);
    f.board.add_shipment(calls, 1, 77);
    f.expect_ok(f.seller, calls);
    CHECK(f.board.shipping(f.board.order(0)).reference == 66);
    CHECK(f.board.shipping(f.board.order(1)).reference == 77);
    CHECK(f.escrow.deal(0).shipped_at == start);

    auto taxed = f.listing();
    taxed.token = f.taxed.id();
    taxed.price = Amount{700};
    f.ok(f.seller, taxed);
    f.no(f.buyer, Buy{1, 1, 700, true}, "Escrow: not paid");
    // Who is paid directly has what arrives.
    f.ok(f.buyer, Buy{1, 1, 700, false});
    CHECK(f.taxed.balance(f.seller) == 1'000'693);
}

TEST_CASE("listing board: buyers rate what they paid for, once", "[contracts][listing_board]")
{
    BoardFixture f;
    f.ok(f.seller, f.listing());
    f.ok(f.buyer, Buy{0, 1, 70, false});
    f.ok(f.other, Buy{0, 1, 70, true});
    f.no(f.buyer, Rate{2, 5}, "ListingBoard: no such order");
    f.no(f.other, Rate{0, 5}, "ListingBoard: not the buyer");
    f.no(f.buyer, Rate{0, 0}, "ListingBoard: 1 to 5 stars");
    f.no(f.buyer, Rate{0, 6}, "ListingBoard: 1 to 5 stars");
    f.ok(f.buyer, Rate{0, 5});
    f.no(f.buyer, Rate{0, 1}, "ListingBoard: it was rated");
    f.ok(f.other, Rate{1, 1});
    const auto& known = f.board.reputation(f.seller);
    CHECK(known.orders == 2);
    CHECK(known.ratings == 2);
    CHECK(known.stars == 6);
}

namespace
{
struct Operation
{
    std::uint8_t kind = 0;
    std::uint8_t who = 0;
    std::uint32_t number = 0;
    std::uint32_t amount = 0;
};

bool play(BoardFixture& f, const Operation& operation)
{
    f.at(f.now + operation.amount % 5'000);
    const std::array people{f.buyer, f.seller, f.arbiter, f.other};
    const auto who = people.at(operation.who);
    const auto token = operation.number % 8 == 0 ? f.taxed.id() : f.plain.id();
    const auto listing = operation.number % (f.board.listings() + 1);
    const auto order = operation.amount % (f.board.orders() + 1);
    const auto run = [&](AccountId sender, const auto& call)
    { return f.sandbox.run(sender, f.board.id(), call).ok(); };
    switch (operation.kind)
    {
        case 0:
            return run(who, List{token, Amount{operation.amount % 200}, operation.number % 20,
                                people.at((operation.who + 1U) % 4), Amount{operation.number % 9},
                                operation.number % day, operation.amount % day});
        case 1:
            return run(who, Update{listing, Amount{operation.amount % 200}, operation.amount % 20});
        case 2:
        case 3:
        case 4:
        case 5:
            return run(who, Buy{listing, operation.amount % 4, Amount{operation.amount % 1'000},
                                operation.kind < 4});
        case 6: return run(f.board.order(order).seller, Ship{order, Amount{operation.number}});
        case 7:
            return run(f.board.order(order).buyer,
                Rate{order, static_cast<std::uint8_t>(operation.number % 7)});
        default: {
            if (f.escrow.deals() == 0)
                return false;
            const auto number = operation.number % f.escrow.deals();
            const auto& deal = f.escrow.deal(number);
            CallWriter calls;
            if (deal.status != EscrowStatus::resolved && f.escrow.is_due(deal, f.now))
                f.escrow.add_settlement(calls, number);
            else
                f.escrow.add_release(calls, number, deal.amount);
            return f.sandbox.run(deal.buyer, calls).ok();
        }
    }
}

/// After every operation the board's books agree with its orders and with the escrow's deals; no
/// plain token appears or is lost; and what is not in escrow is in a purse: the board holds
/// nothing.
std::optional<runnel::tests::Broken> play_all(
    std::span<const Operation> operations, std::size_t* succeeded = nullptr)
{
    BoardFixture f;
    for (std::size_t i = 0; i < operations.size(); ++i)
    {
        const bool done = play(f, operations[i]);
        if (done && succeeded != nullptr)
            ++succeeded[operations[i].kind];
        Findings findings;
        f.board.check_invariants(f.sandbox.world(), findings);
        f.escrow.check_invariants(f.sandbox.world(), findings);
        if (!findings.empty())
            return runnel::tests::Broken{i, findings.front()};
        if (f.plain.total_supply() != 4'000'000)
            return runnel::tests::Broken{i, "tokens appeared or were lost"};
        if (!f.plain.balance(f.board.account()).is_zero() ||
            !f.taxed.balance(f.board.account()).is_zero())
            return runnel::tests::Broken{i, "the board holds tokens"};
        if (f.plain.balance(f.escrow.account()) != f.escrow.owed(f.plain.id()))
            return runnel::tests::Broken{i, "the escrow holds what it does not owe"};
    }
    return std::nullopt;
}
}  // namespace

// Method: 250 worlds of 400 random operations, shrunk where one breaks something.
TEST_CASE(
    "listing board: orders, deals and reputations agree", "[contracts][listing_board][property]")
{
    std::array<std::size_t, 9> succeeded{};
    for (std::uint64_t world = 0; world < 250; ++world)
    {
        std::mt19937_64 random{20'261'201 + world};
        std::vector<Operation> operations(400);
        for (auto& operation : operations)
        {
            operation = {static_cast<std::uint8_t>(random() % succeeded.size()),
                static_cast<std::uint8_t>(random() % 4), static_cast<std::uint32_t>(random()),
                static_cast<std::uint32_t>(random())};
        }
        if (!play_all(operations, succeeded.data()))
            continue;
        const auto found = runnel::tests::find_counterexample(
            operations, [](std::span<const Operation> list) { return play_all(list); });
        REQUIRE(found);
        for (const auto& o : found->operations)
        {
            UNSCOPED_INFO("kind " << int{o.kind} << " who " << int{o.who} << " number " << o.number
                                  << " amount " << o.amount);
        }
        FAIL(found->what);
    }
    for (std::size_t kind = 0; kind < succeeded.size(); ++kind)
    {
        CAPTURE(kind);
        CHECK(succeeded[kind] > 1'000);
    }
}

}  // namespace runnel::contracts
