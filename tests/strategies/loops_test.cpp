#include "contracts/staking/lido/steth.hpp"
#include "contracts/staking/lido/wsteth.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "tests/strategies/five_markets_fixture.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace runnel;
using namespace runnel::strategies;
using namespace runnel::strategies::tests;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;

/// Two tokens of one worth: here WETH is "the collateral" at 200 USD and a loop is long of it, so
/// that a fall of its price is the discount of a staked coin.
struct Fixture : FiveMarketsFixture
{
    [[nodiscard]] Values looper_values(ContractId market, double leverage, double flash) const
    {
        return {{"pool", market}, {"lenders", std::vector<ContractId>{}}, {"router", router.id()},
            {"collateral", weth.id()}, {"debt", usdc.id()}, {"coin", weth.id()},
            {"open_within", std::int64_t{0}}, {"leverage", always(leverage)},
            {"earns", always(0.2)}, {"spread_wanted", always(0.005)}, {"spread_min", always(-0.01)},
            {"patience", always(600)}, {"act_below", always(1.1)}, {"restore_to", always(1.25)},
            {"loss_max", always(0.5)}, {"monitor_every", always(60)}, {"reaction", always(0)},
            {"flash", always(flash)}, {"slippage", 0.03}, {"urgency", 3.0},
            {"fee_tolerance", 0.02}};
    }
    [[nodiscard]] Values refinancer_values(std::vector<ContractId> markets, double flash) const
    {
        return {{"markets", std::move(markets)}, {"lenders", std::vector<ContractId>{}},
            {"collateral", weth.id()}, {"debt", usdc.id()}, {"coin", weth.id()},
            {"open_within", std::int64_t{0}}, {"supply_share", always(1)},
            {"loan_to_value", always(0.5)}, {"interval", always(600)}, {"inertia", always(0.01)},
            {"horizon", always(30 * 86'400)}, {"flash", always(flash)}, {"fee_tolerance", 0.02}};
    }
    static Values with(Values values, std::string_view key, Parameters::Value value)
    {
        for (auto& entry : values)
        {
            if (entry.first == key)
                entry.second = std::move(value);
        }
        return values;
    }
    /// Acts, block by block, until nothing more is sent; how many transactions that were.
    static std::size_t settle(FakeWallet& wallet, Strategy& strategy)
    {
        for (std::size_t sent = 0;; ++sent)
        {
            REQUIRE(sent < 40);
            wallet.decide(strategy);
            if (wallet.submissions.empty())
                return sent;
            const auto ran = wallet.run(strategy);
            INFO(ran.outcome.receipt.refusal.to_string());
            REQUIRE(ran.outcome.ok());
            wallet.advance(1);
        }
    }
    void set_weth(FakeWallet& wallet, double usd)
    {
        set_oracle(weth.id(), usd);
        wallet.set_price(weth.id(), usd);
    }
    /// Lends out so much of a market that borrowing there costs far more than elsewhere.
    void drain(const contracts::LendingMarket& market, std::string_view name, std::uint64_t usd)
    {
        borrower_at(name, market, usd, 0.3);
    }
    struct Book
    {
        double collateral = 0;  // USD.
        double debt = 0;
    };
    [[nodiscard]] Book book(
        const contracts::LendingMarket& market, AccountId account, std::uint64_t at) const
    {
        return {holding(market, account, weth, at).supplied.to_double() * 200e-18,
            holding(market, account, usdc, at).debt.to_double() * 1e-6};
    }
};

}  // namespace

TEST_CASE("leverage looper: builds up to its leverage on every market, at once or in steps",
    "[scenarios][leverage_looper]")
{
    const auto number = GENERATE(range(std::size_t{0}, std::size_t{5}));
    const auto flash = GENERATE(0.0, 1.0);
    Fixture f;
    const auto [name, id, market] = f.markets()[number];
    INFO(name << ' ' << flash);
    const auto account = f.wallet("looper");
    f.weth.allocate(account, f.ether(50));  // 10,000 USD.
    const auto looper = f.strategy("leverage_looper", account, f.looper_values(id, 2.5, flash));
    auto wallet = f.watcher(account);
    const auto sent = Fixture::settle(wallet, *looper);
    const auto at = wallet.view().timestamp;
    const auto built = f.book(*market, account, at);
    CHECK(built.debt == Approx(15'000).epsilon(0.04));
    CHECK(built.collateral == Approx(25'000).epsilon(0.02));
    const bool lends = number < 2 || number == 4;
    CHECK((sent == 1) == (flash > 0.5 && lends));

    // What it believes to earn is less than the debt costs from now on: it leaves for good.
    SECTION("the spread turns")
    {
        const auto rate = market->view_at(at)->reserve(*market->find_reserve(f.usdc.id()));
        const auto poor = f.strategy("leverage_looper", account,
            Fixture::with(f.looper_values(id, 2.5, flash), "earns", always(-0.2)));
        CHECK(rate.borrow_rate.to_double() > 0);
        wallet.decide(*poor);
        CHECK(wallet.submissions.empty());  // It has patience,
        wallet.advance(60);
        const auto steps = Fixture::settle(wallet, *poor);  // but not for ever.
        CHECK(steps > 0);
        CHECK((steps <= 2) == (flash > 0.5 && lends));
        const auto left = f.book(*market, account, wallet.view().timestamp);
        CHECK(left.debt == 0);
        CHECK(left.collateral < 1);
        const auto worth = f.weth.balance(account).to_double() * 200e-18 +
                           f.usdc.balance(account).to_double() * 1e-6;
        CHECK(worth == Approx(10'000).epsilon(0.05));  // Fees, and what the pool has moved.
    }
    SECTION("its health factor falls")
    {
        f.set_weth(wallet, 155);
        wallet.advance(1);
        const auto before = market->view_at(wallet.view().timestamp)->health(account);
        wallet.decide(*looper);
        CHECK(wallet.submissions.empty());  // It is alarmed, and acts in the next block.
        wallet.advance(1);
        wallet.decide(*looper);
        REQUIRE(wallet.submissions.size() == 1);
        CHECK(wallet.submissions[0].bid.priority_fee == 3'000'000'000);
        const auto ran = wallet.run(*looper);
        INFO(ran.outcome.receipt.refusal.to_string());
        REQUIRE(ran.outcome.ok());
        const auto after = market->view_at(wallet.view().timestamp)->health(account);
        CHECK(after.debt < before.debt);
        CHECK(after.health_factor > before.health_factor);
        CHECK(!f.holding(*market, account, f.usdc, wallet.view().timestamp).debt.is_zero());
    }
    SECTION("the collateral has lost too much")
    {
        const auto timid = f.strategy("leverage_looper", account,
            Fixture::with(f.looper_values(id, 2.5, flash), "loss_max", always(0.04)));
        wallet.decide(*timid);
        CHECK(wallet.submissions.empty());
        f.set_weth(wallet, 190);
        wallet.advance(1);
        CHECK(Fixture::settle(wallet, *timid) > 0);
        CHECK(f.book(*market, account, wallet.view().timestamp).debt == 0);
    }
    REQUIRE(f.sandbox.world().check_invariants().empty());
}

TEST_CASE("leverage looper: begins only where it pays", "[scenarios][leverage_looper]")
{
    const auto [earns, begins] = GENERATE(table<double, bool>({{0.2, true}, {-0.05, false}}));
    Fixture f;
    const auto account = f.wallet("looper");
    f.weth.allocate(account, f.ether(500));
    const auto looper = f.strategy("leverage_looper", account,
        Fixture::with(f.looper_values(f.pool.id(), 2.5, 0), "earns", always(earns)));
    auto wallet = f.watcher(account);
    wallet.decide(*looper);
    CHECK(wallet.submissions.empty() != begins);
}

TEST_CASE("leverage looper: stakes where that gives more than the exchange",
    "[scenarios][leverage_looper]")
{
    namespace c = runnel::contracts;
    c::Sandbox sandbox;
    auto& coin = sandbox.add<c::Weth9>("WETH", "WETH");
    auto& steth = sandbox.add<c::LidoSteth>("stETH", "stETH", c::lido::FeeDistribution{});
    auto& wsteth = sandbox.add<c::LidoWsteth>("wstETH", "wstETH", steth.id());
    sandbox.connect();
    const auto alice = sandbox.account("alice");
    sandbox.world().account_states.at(alice).balance = Amount::power_of_ten(20);
    sandbox.world().native_supply.at(0) =
        wrapping_add(sandbox.world().native_supply.at(0), Amount::power_of_ten(20));
    const auto bob = sandbox.account("bob");
    steth.allocate(sandbox.world(), bob, Amount::power_of_ten(18));
    const c::StakedCoin& staked = wsteth;
    const auto one = Amount::power_of_ten(18);
    const auto quoted = staked.quote_stake(one);
    REQUIRE(quoted.has_value());
    CHECK(!staked.quote_stake(Amount{}).has_value());
    CallWriter calls;
    staked.add_stake(calls, one);
    const auto outcome = sandbox.run(alice, calls);
    INFO(outcome.receipt.refusal.to_string());
    REQUIRE(outcome.ok());
    // What is quoted is what is minted.
    CHECK(wsteth.holding(alice) == *quoted);
    CHECK(outcome.receipt.gas_used <= 21'000 + staked.stake_gas().total() + 20'000);
    CHECK(coin.name() == "WETH");
}

TEST_CASE("refinancer: opens where it is cheapest and carries its loan to where it is cheaper",
    "[scenarios][refinancer]")
{
    // From each market to each other one.
    const auto from = GENERATE(range(std::size_t{0}, std::size_t{5}));
    const auto step = GENERATE(std::size_t{1}, std::size_t{2});
    const auto flash = GENERATE(0.0, 1.0);
    const auto to = (from + step) % 5;
    Fixture f;
    const auto markets = f.markets();
    const auto& here = markets[from];
    const auto& there = markets[to];
    INFO(here.name << " to " << there.name << ' ' << flash);
    f.drain(*there.market, "first", 4'700'000);  // Nearly all of it, at high rates.
    f.drain(*here.market, "second", 1'000'000);
    const auto account = f.wallet("refinancer");
    f.weth.allocate(account, f.ether(500));
    const auto refinancer =
        f.strategy("refinancer", account, f.refinancer_values({here.id, there.id}, flash));
    auto wallet = f.watcher(account);
    CHECK(Fixture::settle(wallet, *refinancer) == 1);
    const auto opened = f.book(*here.market, account, wallet.view().timestamp);
    CHECK(opened.debt == Approx(50'000).epsilon(1e-3));
    CHECK(opened.collateral == Approx(100'000).epsilon(1e-3));
    CHECK(f.book(*there.market, account, wallet.view().timestamp).debt == 0);

    // The tables turn: what was dear is repaid, what was cheap is lent out.
    const auto first = *f.sandbox.world().find_account("first");
    const auto reserve = *there.market->find_reserve(f.usdc.id());
    f.usdc.allocate(first, f.dollars(300'000));
    CallWriter repayment;
    repayment.add(
        f.usdc.id(), contracts::Erc20Approve{there.market->spender_of(reserve), Amount::max()});
    there.market->add_repay(repayment, reserve, f.dollars(4'500'000), first);
    f.run(first, repayment);
    f.drain(*here.market, "third", 3'700'000);
    wallet.advance(1);
    const auto sent = Fixture::settle(wallet, *refinancer);
    const auto at = wallet.view().timestamp;
    const auto moved = f.book(*there.market, account, at);
    const auto left = f.book(*here.market, account, at);
    CHECK(left.debt == 0);
    CHECK(left.collateral < 0.01);
    CHECK(moved.debt == Approx(50'000).epsilon(2e-3));
    CHECK(moved.collateral == Approx(100'000).epsilon(1e-3));
    const auto lends = [](std::size_t number) { return number < 2 || number == 4; };
    CHECK((sent == 1) == (flash > 0.5 && (lends(from) || lends(to))));
    REQUIRE(f.sandbox.world().check_invariants().empty());
}

TEST_CASE("refinancer: stays where moving costs more than it saves", "[scenarios][refinancer]")
{
    Fixture f;
    f.drain(f.pool, "first", 2'000'000);
    const auto account = f.borrower_at("refinancer", f.pool, 50'000, 0.5);
    auto values = f.refinancer_values({f.pool.id(), f.aave37.id()}, 1);
    auto wallet = f.watcher(account);
    SECTION("the difference is below its inertia")
    {
        values = Fixture::with(std::move(values), "inertia", always(0.5));
        wallet.decide(*f.strategy("refinancer", account, values));
        CHECK(wallet.submissions.empty());
    }
    SECTION("gas is dear, and it thinks of tomorrow alone")
    {
        values = Fixture::with(std::move(values), "horizon", always(86'400));
        wallet.set_base_fee(300'000'000'000);
        wallet.decide(*f.strategy("refinancer", account, values));
        CHECK(wallet.submissions.empty());
    }
    SECTION("else it goes")
    {
        const auto refinancer = f.strategy("refinancer", account, values);
        wallet.decide(*refinancer);
        CHECK(wallet.submissions.size() == 1);
        CHECK(wallet.run(*refinancer).outcome.ok());
    }
}

TEST_CASE(
    "yield chaser: is a lender who moves between any lending markets", "[scenarios][yield_chaser]")
{
    const auto best = GENERATE(range(std::size_t{0}, std::size_t{5}));
    Fixture f;
    const auto markets = f.markets();
    std::vector<ContractId> places;
    for (const auto& market : markets)
        places.push_back(market.id);
    const auto account = f.wallet("mover");
    f.usdc.allocate(account, f.dollars(20'000));
    f.drain(*markets[best].market, "first", 4'800'000);
    const auto chaser = f.strategy("yield_chaser", account,
        {{"asset", f.usdc.id()}, {"places", places}, {"pairs", std::vector<ContractId>{}},
            {"router", f.router.id()}, {"coin", f.weth.id()}, {"enter", always(0)},
            {"interval", always(3'600)}, {"stay", always(30 * 86'400)}, {"pause", always(86'400)},
            {"inertia", always(0.01)}, {"rate_wanted", always(0.001)}, {"premium", always(0)},
            {"leave_below", 0.0}, {"reward_fall", 0.5}, {"sell_probability", 1.0},
            {"slippage_bps", std::int64_t{100}}, {"fee_tolerance", 0.02}});
    auto wallet = f.watcher(account);
    CHECK(Fixture::settle(wallet, *chaser) == 1);
    CHECK(f.holding(*markets[best].market, account, f.usdc, wallet.view().timestamp)
              .supplied.to_double() == Approx(20'000e6).epsilon(1e-5));
    // Another one pays more by far.
    const auto next = (best + 1) % 5;
    f.drain(*markets[next].market, "second", 4'950'000);
    const auto first = *f.sandbox.world().find_account("first");
    const auto reserve = *markets[best].market->find_reserve(f.usdc.id());
    f.usdc.allocate(first, f.dollars(300'000));
    CallWriter repayment;
    repayment.add(f.usdc.id(),
        contracts::Erc20Approve{markets[best].market->spender_of(reserve), Amount::max()});
    markets[best].market->add_repay(repayment, reserve, f.dollars(4'500'000), first);
    f.run(first, repayment);
    wallet.advance(1);
    INFO(markets[best].name << " to " << markets[next].name);
    CHECK(Fixture::settle(wallet, *chaser) == 2);
    CHECK(f.holding(*markets[next].market, account, f.usdc, wallet.view().timestamp)
              .supplied.to_double() == Approx(20'000e6).epsilon(1e-4));
}
