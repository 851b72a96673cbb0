#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/stablecoins/issuer_desk/desk.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace issuer_desk;

constexpr std::uint64_t hour = 3'600;
constexpr std::uint64_t friday = 1'678'406'400;  // Midnight before 10 March 2023.
constexpr std::uint64_t monday = friday + 72 * hour;

/// A coin with 6 decimals for money in a bank with 2; alice and bob have 1'000 coins and 5'000 USD.
struct DeskFixture : ContractFixture
{
    explicit DeskFixture(Terms terms = {})
      : usd{sandbox.add<Erc20>("USD", TokenInfo{"USD", 2}, TokenFlavour::openzeppelin5)},
        coin{sandbox.add<FiatToken>(
            "USDC", fiat_token::Spec{{"USDC", 6}, "USD Coin", fiat_token::Version::v2_2, 1})},
        clerk{sandbox.account("clerk")},
        master{sandbox.account("master")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        desk{add_desk(std::move(terms))}
    {
        sandbox.connect();
        coin.appoint({master, master, master, master, false, false});
        sandbox.set_time(friday + 14 * hour);
        expect_ok(master, coin.id(), fiat_token::ConfigureMinter{desk.account(), Amount::max()});
        for (const auto customer : {alice, bob})
        {
            coin.allocate(sandbox.world(), customer, coins(1'000));
            usd.allocate(customer, dollars(5'000));
            expect_ok(customer, coin.id(), Erc20Approve{desk.account(), Amount::max()});
            expect_ok(customer, usd.id(), Erc20Approve{desk.account(), Amount::max()});
        }
    }

    IssuerDesk& add_desk(Terms terms)
    {
        terms.coin = coin.id();
        terms.reserve_token = usd.id();
        terms.operated_by = "clerk";
        terms.hours.opens = 13 * hour;
        terms.hours.closes = 22 * hour;
        return sandbox.add<IssuerDesk>("desk", std::move(terms));
    }
    static Amount coins(std::uint64_t whole) { return Amount{whole * 1'000'000}; }
    static Amount dollars(std::uint64_t whole) { return Amount{whole * 100}; }

    Erc20& usd;
    FiatToken& coin;
    AccountId clerk;
    AccountId master;
    AccountId alice;
    AccountId bob;
    IssuerDesk& desk;
};
}  // namespace

TEST_CASE("issuer desk: a bank is open on working days", "[contracts][issuer_desk]")
{
    const Hours hours{false, 13 * hour, 22 * hour};
    CHECK_FALSE(hours.is_open(friday + 13 * hour - 1));
    CHECK(hours.is_open(friday + 13 * hour));
    CHECK(hours.is_open(friday + 22 * hour - 1));
    CHECK_FALSE(hours.is_open(friday + 22 * hour));
    CHECK_FALSE(hours.is_open(friday + 24 * hour + 14 * hour));  // Saturday,
    CHECK_FALSE(hours.is_open(friday + 48 * hour + 14 * hour));  // Sunday.
    CHECK(hours.is_open(monday + 14 * hour));
    CHECK(hours.opens_at(friday + 14 * hour) == friday + 14 * hour);
    CHECK(hours.opens_at(friday + 22 * hour) == monday + 13 * hour);
    CHECK(hours.opens_at(monday + 1) == monday + 13 * hour);
    CHECK(Hours{true, 0, 0}.opens_at(friday + 30 * hour) == friday + 30 * hour);
    CHECK(Hours{false, 0, 0}.opens_at(friday) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("issuer desk: what block 0 gives is backed", "[contracts][issuer_desk]")
{
    DeskFixture full;
    CHECK(full.desk.reserves() == full.dollars(2'000));
    CHECK(full.usd.balance(full.desk.account()) == full.dollars(2'000));
    Terms terms;
    terms.backing_bps = 6'000;
    DeskFixture part{terms};
    CHECK(part.desk.reserves() == part.dollars(1'200));
}

TEST_CASE("issuer desk: orders wait for the bank and are served in their order",
    "[contracts][issuer_desk]")
{
    Terms terms;
    terms.redeem_fee_bps = 10;
    terms.minimum = 100;
    DeskFixture f{terms};
    const auto id = f.desk.id();
    f.sandbox.set_time(friday + 23 * hour);
    f.expect_refusal(f.alice, id, Order{true, f.coins(99)}, "IssuerDesk: below the minimum");
    f.expect_refusal(f.alice, id, Order{false, f.dollars(99)}, "IssuerDesk: below the minimum");
    f.expect_refusal(
        f.alice, id, Order{true, f.coins(1'001)}, "ERC20: transfer amount exceeds balance");
    f.expect_ok(f.alice, id, Order{true, f.coins(600)});
    f.expect_ok(f.bob, id, Order{false, f.dollars(300)});
    f.expect_ok(f.alice, id, Order{true, f.coins(400)});
    CHECK(f.desk.orders_waiting() == 3);
    CHECK(f.desk.waiting(IssuerAction::redeem) == f.coins(1'000));
    CHECK(f.desk.waiting_of(f.bob, IssuerAction::issue) == f.dollars(300));
    CHECK(f.coin.total_supply() == f.coins(2'000));
    CHECK(f.desk.reserves() == f.dollars(2'000));
    f.expect_refusal(f.bob, id, Serve{3}, "IssuerDesk: not the operator");
    f.expect_refusal(f.clerk, id, Serve{3}, "IssuerDesk: closed");

    f.sandbox.set_time(monday + 13 * hour);
    f.expect_ok(f.clerk, id, Serve{2});
    // 600 less a tenth of a percent; 300 without a fee.
    CHECK(f.usd.balance(f.alice) == Amount{500'000 + 59'940});
    CHECK(f.coin.balance(f.bob) == f.coins(1'300));
    CHECK(f.coin.total_supply() == f.coins(1'700));
    CHECK(f.desk.reserves() == Amount{200'000 - 59'940 + 30'000});
    CHECK(f.desk.orders_waiting() == 1);
    f.expect_ok(f.clerk, id, Serve{100});
    CHECK(f.coin.balance(f.alice).is_zero());
    f.expect_refusal(f.clerk, id, Serve{1}, "IssuerDesk: nothing to serve");
    // The fees are what reserves have beyond the supply.
    CHECK(f.coin.total_supply() == f.coins(1'300));
    CHECK(f.desk.reserves() == f.dollars(1'301));
}

TEST_CASE("issuer desk: fees round up, what is paid out down", "[contracts][issuer_desk]")
{
    Terms terms;
    terms.issue_fee_bps = 1;
    terms.redeem_fee_bps = 1;
    DeskFixture f{terms};
    // 1.23 less a cent; 1.239999 is 1.23, less a cent.
    CHECK(f.desk.preview(IssuerAction::issue, 123) == 1'220'000);
    CHECK(f.desk.preview(IssuerAction::redeem, 1'239'999) == 122);
    CHECK(f.desk.preview(IssuerAction::redeem, 9'999) == 0);
    f.expect_ok(f.alice, f.desk.id(), Order{true, 9'999});
    f.expect_ok(f.clerk, f.desk.id(), Serve{1});
    CHECK(f.usd.balance(f.alice) == f.dollars(5'000));
}

TEST_CASE(
    "issuer desk: one that serves at once is a peg stability module", "[contracts][issuer_desk]")
{
    Terms terms;
    terms.hours.is_always_open = true;
    terms.is_immediate = true;
    terms.daily_limit = 1'000;
    terms.backing_bps = 1'000;
    DeskFixture f{terms};
    const auto id = f.desk.id();
    f.sandbox.set_time(friday + 30 * hour);
    f.expect_ok(f.alice, id, Order{false, f.dollars(900)});
    CHECK(f.coin.balance(f.alice) == f.coins(1'900));
    CHECK(f.desk.room(IssuerAction::issue, friday + 30 * hour) == f.dollars(100));
    f.expect_refusal(
        f.alice, id, Order{false, Amount{10'001}}, "IssuerDesk: above the daily limit");
    f.expect_ok(f.alice, id, Order{false, f.dollars(100)});
    f.sandbox.set_time(friday + 48 * hour);
    CHECK(f.desk.room(IssuerAction::issue, friday + 48 * hour) == f.dollars(1'000));
    f.expect_ok(f.alice, id, Order{false, f.dollars(200)});
    // 200 were there at block 0.
    CHECK(f.desk.room(IssuerAction::redeem, friday) == f.coins(1'400));
    f.expect_refusal(
        f.alice, id, Order{true, f.coins(1'401)}, "IssuerDesk: reserves are exhausted");
    f.expect_ok(f.alice, id, Order{true, f.coins(1'400)});
    CHECK(f.desk.reserves().is_zero());
    f.expect_refusal(f.alice, id, Order{true, 0}, "IssuerDesk: below the minimum");
}

TEST_CASE("issuer desk: closed, one that serves at once takes nothing", "[contracts][issuer_desk]")
{
    Terms terms;
    terms.is_immediate = true;
    DeskFixture f{terms};
    f.sandbox.set_time(friday + 22 * hour);
    f.expect_refusal(f.alice, f.desk.id(), Order{true, 1}, "IssuerDesk: closed");
}

// Method: random orders and servings at random times. Whatever happens, money in the bank neither
// comes nor goes, the desk's books agree (check_invariants), and all customers together have what
// they had, less the fees and what was rounded off, which the desk has.
TEST_CASE(
    "issuer desk: nobody has money that another has not lost", "[contracts][issuer_desk][property]")
{
    Terms terms;
    terms.issue_fee_bps = 7;
    terms.redeem_fee_bps = 11;
    DeskFixture f{terms};
    std::mt19937_64 random{20'230'313};
    const auto below = [&](std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>{0, bound - 1}(random);
    };
    auto now = friday + 14 * hour;
    const auto worth = [&]
    {
        // In the coin's units: a cent is 10'000 of them.
        auto sum = wrapping_add(f.desk.waiting(IssuerAction::redeem),
            wrapping_mul(f.desk.waiting(IssuerAction::issue), 10'000));
        for (const auto customer : {f.alice, f.bob})
        {
            sum = wrapping_add(sum, f.coin.balance(customer));
            sum = wrapping_add(sum, wrapping_mul(f.usd.balance(customer), 10'000));
        }
        return sum;
    };
    const auto total_usd = f.usd.total_supply();
    auto before = worth();
    std::size_t served = 0;
    for (int i = 0; i < 2'000; ++i)
    {
        CAPTURE(i, now);
        now += below(2 * hour);
        f.sandbox.set_time(now);
        const auto customer = below(2) == 0 ? f.alice : f.bob;
        if (below(3) == 0)
        {
            const auto waiting = f.desk.orders_waiting();
            const auto outcome = f.sandbox.run(
                f.clerk, f.desk.id(), Serve{static_cast<std::uint32_t>(1 + below(5))});
            REQUIRE(outcome.ok() == (waiting > 0 && f.desk.is_open(now)));
            served += outcome.ok() ? 1 : 0;
        }
        else if (below(2) == 0)
            (void)f.sandbox.run(customer, f.desk.id(), Order{true, below(400'000'000)});
        else
            (void)f.sandbox.run(customer, f.desk.id(), Order{false, below(100'000)});
        REQUIRE(f.sandbox.world().check_invariants().empty());
        REQUIRE(f.usd.total_supply() == total_usd);
        const auto after = worth();
        REQUIRE(after <= before);
        before = after;
        // What the customers lost is what the desk has above its coins.
        const auto reserves = wrapping_mul(f.desk.reserves(), 10'000);
        REQUIRE(reserves >= f.coin.total_supply());
    }
    CHECK(served > 100);
}

}  // namespace runnel::contracts
