#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "tests/strategies/lending_fixture.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <limits>
#include <string>

using namespace runnel;
using namespace runnel::strategies;
using namespace runnel::strategies::tests;
using runnel::tests::always;
namespace aave = runnel::contracts::aave_v3;

namespace
{

using Values = std::vector<std::pair<std::string_view, Parameters::Value>>;

Values with(Values values, const Values& changes)
{
    for (const auto& change : changes)
    {
        const auto found = std::find_if(values.begin(), values.end(),
            [&](const auto& entry) { return entry.first == change.first; });
        found->second = change.second;
    }
    return values;
}

Values keeper_values(const LendingFixture& fixture)
{
    return {{"oracle", fixture.oracle.id()},
        {"tokens", std::vector<ContractId>{fixture.weth.id(), fixture.usdc.id()}},
        {"heartbeat", std::int64_t{3'600'000}}, {"deviation", 50.0}, {"delay", always(0)},
        {"urgency", 0.0}};
}

Values borrower_values(const LendingFixture& fixture)
{
    return {{"pool", fixture.pool.id()}, {"router", fixture.router.id()},
        {"coin", fixture.weth.id()}, {"collateral", fixture.weth.id()}, {"debt", fixture.usdc.id()},
        {"open_within", std::int64_t{0}}, {"supply_share", always(1)}, {"health_floor", 1.05},
        {"health_margin", always(0.45)}, {"loan_to_value", always(0)}, {"rate_max", always(1'000)},
        {"loops", always(0)}, {"spend_at", std::string{}}, {"spend_share", always(0)},
        {"deleverage_share", 1.0}, {"monitor_every", always(60)}, {"act_below", always(1.2)},
        {"restore_to", always(1.5)}, {"reaction", always(36)}, {"slippage", 0.03}, {"urgency", 3.0},
        {"fee_tolerance", 0.02}};
}

Values liquidator_values(const LendingFixture& fixture)
{
    return {{"pool", fixture.pool.id()}, {"router", fixture.router.id()},
        {"coin", fixture.weth.id()}, {"scan_every", always(12)}, {"reaction", always(0)},
        {"bid_share", always(0.1)}, {"bid_stake", 25.0}, {"bid_memory", std::int64_t{3'600'000}},
        {"gas_money", 1.0}, {"full_take", 1.0}, {"flash_loans", always(0)},
        {"calls_per_block", std::int64_t{4}}, {"profit_min", 1.0}, {"sell_cost", 0.01},
        {"slippage", 0.02}, {"restock_below", 0.7}, {"rescan", std::int64_t{12'000}}};
}

Values lender_values(const LendingFixture& fixture)
{
    return {{"pool", fixture.pool.id()}, {"token", fixture.usdc.id()}, {"coin", fixture.weth.id()},
        {"watch", std::vector<ContractId>{fixture.weth.id()}}, {"enter_within", std::int64_t{0}},
        {"interval", always(600)}, {"supply_share", always(1)}, {"withdraw_probability", 0.0},
        {"withdraw_share", always(0.5)}, {"return_probability", 0.0},
        {"run_utilization", always(0.99)}, {"run_price_fall", always(0.3)},
        {"rate_wanted", always(1'000)}, {"fee_tolerance", 0.02}};
}

double price_of(const LendingFixture& fixture, ContractId token)
{
    return fixture.oracle.price(token).price.to_double() * 1e-8;
}

}  // namespace

TEST_CASE(
    "price keeper: reports what has moved far enough, and only that", "[scenarios][price_keeper]")
{
    LendingFixture fixture;
    const auto account = *fixture.sandbox.world().find_account("keeper");
    const auto keeper = fixture.strategy("price_keeper", account, keeper_values(fixture));
    auto wallet = fixture.watcher(account);
    fixture.set_oracle(fixture.weth.id(), 200);
    fixture.set_oracle(fixture.usdc.id(), 1);

    wallet.set_price(fixture.weth.id(), 200.9);  // 45 bps.
    wallet.decide(*keeper);
    CHECK(wallet.submissions.empty());

    wallet.set_price(fixture.weth.id(), 198.9);  // 55 bps.
    wallet.decide(*keeper);
    REQUIRE(wallet.submissions.size() == 1);
    const auto updates =
        calls_of<contracts::SetPrices>(wallet.submissions[0].calls, fixture.oracle.id());
    REQUIRE(updates.size() == 1);
    REQUIRE(updates[0].prices.size() == 1);
    CHECK(updates[0].prices[0].token == fixture.weth.id());
    CHECK(wallet.submissions[0].bid.extra_gas == contracts::PriceOracle::gas_per_price);

    // While that waits it sends nothing else.
    wallet.set_price(fixture.weth.id(), 150);
    wallet.decide(*keeper);
    CHECK(wallet.submissions.size() == 1);
    CHECK(wallet.run(*keeper).outcome.ok());
    CHECK(price_of(fixture, fixture.weth.id()) == Approx(198.9));
}

TEST_CASE("price keeper: reports a price that did not move after the heartbeat",
    "[scenarios][price_keeper]")
{
    LendingFixture fixture;
    const auto account = *fixture.sandbox.world().find_account("keeper");
    const auto keeper = fixture.strategy("price_keeper", account, keeper_values(fixture));
    auto wallet = fixture.watcher(account);
    fixture.set_oracle(fixture.weth.id(), 200);
    fixture.set_oracle(fixture.usdc.id(), 1);

    wallet.advance(299);
    wallet.decide(*keeper);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.decide(*keeper);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(calls_of<contracts::SetPrices>(wallet.submissions[0].calls, fixture.oracle.id())[0]
              .prices.size() == 2);
    CHECK(wallet.run(*keeper).outcome.ok());
    wallet.advance(1);
    wallet.decide(*keeper);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("price keeper: reports what the price was its delay ago", "[scenarios][price_keeper]")
{
    LendingFixture fixture;
    const auto account = *fixture.sandbox.world().find_account("keeper");
    const auto keeper = fixture.strategy(
        "price_keeper", account, with(keeper_values(fixture), {{"delay", always(60)}}));
    auto wallet = fixture.watcher(account);
    std::vector<std::uint64_t> path;
    for (std::uint64_t block = 0; block < 20; ++block)
        path.push_back((200 + block) * 100'000'000);
    wallet.set_price_path(fixture.weth.id(), path);

    wallet.advance(9);  // Block 10.
    wallet.decide(*keeper);
    CHECK(wallet.run(*keeper).outcome.ok());
    CHECK(price_of(fixture, fixture.weth.id()) == Approx(205));
}

TEST_CASE(
    "price keeper: bids more the further the chain's price is off", "[scenarios][price_keeper]")
{
    LendingFixture fixture;
    const auto account = *fixture.sandbox.world().find_account("keeper");
    fixture.set_oracle(fixture.weth.id(), 200);
    fixture.set_oracle(fixture.usdc.id(), 1);
    const auto tip_at = [&](double urgency, double price)
    {
        const auto keeper = fixture.strategy(
            "price_keeper", account, with(keeper_values(fixture), {{"urgency", urgency}}));
        auto wallet = fixture.watcher(account);
        wallet.set_price(fixture.weth.id(), price);
        wallet.decide(*keeper);
        REQUIRE(wallet.submissions.size() == 1);
        const auto& bid = wallet.submissions[0].bid;
        CHECK(bid.max_fee >= bid.priority_fee + wallet.view().base_fee);
        return bid.priority_fee;
    };
    CHECK(tip_at(0, 190) == 1'000'000'000);
    CHECK(tip_at(0, 150) == 1'000'000'000);
    CHECK(tip_at(1, 198) == 3'000'000'000);   // Two thresholds.
    CHECK(tip_at(1, 190) == 11'000'000'000);  // Ten.
}

// The fake wallet's habit: a tip of 1 gwei, and twice the base fee of 10 gwei beside it.
TEST_CASE("urgent bid: a higher tip comes on top of what the wallet pays at most",
    "[scenarios][strategy]")
{
    LendingFixture fixture;
    const auto wallet = fixture.watcher(*fixture.sandbox.world().find_account("keeper"));
    const auto high = urgent_bid(wallet, 2.5);
    CHECK(high.priority_fee == 2'500'000'000);
    CHECK(high.max_fee == 22'500'000'000);
    const auto low = urgent_bid(wallet, 0.5);
    CHECK(low.priority_fee == 500'000'000);
    CHECK(low.max_fee == 21'000'000'000);
}

// 200,000 gas at 10 gwei are 0.002 coins, at 1 gwei 0.0002; a coin is worth 1,500 USD.
TEST_CASE("search chance: what its gas costs at this block's fees", "[scenarios][strategy]")
{
    LendingFixture fixture;
    const auto wallet = fixture.watcher(*fixture.sandbox.world().find_account("keeper"));
    const auto chance = search_chance(wallet, 7, 200'000, 1'500);
    CHECK(chance.gain == 7);
    CHECK(chance.gas == 200'000);
    CHECK(chance.base_fee == Approx(3));
    CHECK(chance.habit == Approx(0.3));
}

TEST_CASE("leveraged borrower: opens at its health factor, within the pool's limit",
    "[scenarios][leveraged_borrower]")
{
    const auto [margin, expected] = GENERATE(table<double, double>({
        {0.5, 1.5}, {2.0, 3.0},
        {0.0, 0.825 / (0.80 * 0.995)},  // As far as the loan-to-value of 80 % lets it go.
    }));
    LendingFixture fixture;
    const auto account = fixture.wallet("borrower");
    fixture.weth.allocate(account, LendingFixture::ether(10));
    const auto borrower = fixture.strategy("leveraged_borrower", account,
        with(borrower_values(fixture), {{"health_floor", 1.0}, {"health_margin", always(margin)}}));
    auto wallet = fixture.watcher(account);

    wallet.decide(*borrower);
    const auto ran = wallet.run(*borrower);
    REQUIRE(ran.outcome.ok());
    CHECK(ran.acts_again);
    CHECK(fixture.health(account, wallet.view().timestamp) == Approx(expected).epsilon(1e-4));
    CHECK(fixture.usdc.balance(account) > Amount{});
}

TEST_CASE("leveraged borrower: each loop raises collateral and keeps the health factor",
    "[scenarios][leveraged_borrower]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("looper");
    fixture.weth.allocate(account, LendingFixture::ether(10));
    const auto borrower = fixture.strategy(
        "leveraged_borrower", account, with(borrower_values(fixture), {{"loops", always(2)}}));
    auto wallet = fixture.watcher(account);

    double collateral = 0;
    for (int step = 0; step < 3; ++step)
    {
        wallet.decide(*borrower);
        REQUIRE(wallet.run(*borrower).outcome.ok());
        wallet.advance(1);
        const auto data = fixture.pool.account_data(account, wallet.view().timestamp);
        CHECK(data.collateral.to_double() > collateral);
        collateral = data.collateral.to_double();
        CHECK(fixture.health(account, wallet.view().timestamp) == Approx(1.5).epsilon(1e-3));
    }
    // 10 WETH * (1 + 0.55 + 0.55^2), less what the exchange charges.
    CHECK(collateral * 1e-8 / 200 == Approx(18.5).epsilon(0.02));
    wallet.decide(*borrower);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("leveraged borrower: an owner who acts does so after its reaction time",
    "[scenarios][leveraged_borrower]")
{
    const bool repays_own = GENERATE(true, false);
    CAPTURE(repays_own);
    LendingFixture fixture;
    const auto account = fixture.wallet("borrower");
    fixture.weth.allocate(account, LendingFixture::ether(100));
    const auto borrower = fixture.strategy("leveraged_borrower", account, borrower_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*borrower);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    if (!repays_own)
    {
        const auto all = fixture.usdc.balance(account);
        fixture.run(account, CallWriter{}.add(fixture.usdc.id(),
                                 contracts::Erc20Transfer{fixture.wallet("shop"), all}));
    }

    // Above its alarm it does nothing.
    wallet.advance(5);
    fixture.set_oracle(fixture.weth.id(), 170);  // Health factor 1.275.
    wallet.decide(*borrower);
    CHECK(wallet.submissions.empty());

    fixture.set_oracle(fixture.weth.id(), 155);  // 1.1625
    wallet.set_price(fixture.weth.id(), 200);    // Where the exchange still is.
    wallet.advance(5);
    const auto alarmed = wallet.view().block_number;
    CHECK(wallet.decide(*borrower) == alarmed + 3);  // 36 seconds.
    CHECK(wallet.submissions.empty());
    wallet.advance(3);
    wallet.decide(*borrower);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions[0].bid.priority_fee == 3'000'000'000);
    const auto repayments = calls_of<aave::Repay>(wallet.submissions[0].calls, fixture.pool.id());
    const auto withdrawals =
        calls_of<aave::Withdraw>(wallet.submissions[0].calls, fixture.pool.id());
    CHECK(repayments.size() == 1);
    CHECK(withdrawals.size() == (repays_own ? 0 : 1));
    REQUIRE(wallet.run(*borrower).outcome.ok());
    const auto health = fixture.health(account, wallet.view().timestamp);
    if (repays_own)
        CHECK(health == Approx(1.5).epsilon(1e-3));
    else
    {
        // No more than can be taken out before the debt is repaid.
        CHECK(health > 1.3);
        CHECK(health < 1.5);
    }
}

TEST_CASE("leveraged borrower: an owner who does not act never looks again",
    "[scenarios][leveraged_borrower]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("borrower");
    fixture.weth.allocate(account, LendingFixture::ether(10));
    const auto borrower = fixture.strategy(
        "leveraged_borrower", account, with(borrower_values(fixture), {{"deleverage_share", 0.0}}));
    auto wallet = fixture.watcher(account);
    wallet.decide(*borrower);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    fixture.set_oracle(fixture.weth.id(), 140);
    wallet.advance(1);
    CHECK(wallet.decide(*borrower) == never);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("leveraged borrower: does not act when gas would eat its position",
    "[scenarios][leveraged_borrower]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("borrower");
    fixture.weth.allocate(account, LendingFixture::ether(1));
    const auto borrower = fixture.strategy("leveraged_borrower", account, borrower_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.set_base_fee(100'000'000'000);  // About 9 USD for a loan of 110.
    wallet.decide(*borrower);
    CHECK(wallet.submissions.empty());
    wallet.set_base_fee(5'000'000'000);
    wallet.decide(*borrower);
    CHECK(wallet.submissions.size() == 1);
}

TEST_CASE("liquidator: touches nobody who is healthy", "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("healthy", 10'000, 1.05);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    const auto liquidator = fixture.strategy("liquidator", account, liquidator_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*liquidator);
    CHECK(wallet.submissions.empty());

    fixture.set_oracle(fixture.weth.id(), 192);  // 1.008
    wallet.set_price(fixture.weth.id(), 192);
    wallet.advance(1);
    wallet.decide(*liquidator);
    CHECK(wallet.submissions.empty());

    fixture.set_oracle(fixture.weth.id(), 190);  // 0.9975
    wallet.set_price(fixture.weth.id(), 190);
    wallet.advance(1);
    wallet.decide(*liquidator);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.run(*liquidator).outcome.ok());
}

TEST_CASE("liquidator: repays the close factor's share, or what it has", "[scenarios][liquidator]")
{
    // Health factors at 200 USD, before a fall to 160.
    const auto [health_factor, capital, share] = GENERATE(table<double, std::uint64_t, double>({
        {1.23, 100'000, 0.5},  // 0.984: half.
        {1.15, 100'000, 1.0},  // 0.92: all.
        {1.23, 2'000, 0.2},    // Half would be 5'000.
    }));
    LendingFixture fixture;
    const auto user = fixture.borrower("borrower", 10'000, health_factor);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(capital));
    const auto liquidator = fixture.strategy("liquidator", account, liquidator_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*liquidator);
    fixture.set_oracle(fixture.weth.id(), 160);
    wallet.set_price(fixture.weth.id(), 160);
    wallet.advance(1);
    wallet.decide(*liquidator);
    REQUIRE(wallet.submissions.size() == 1);
    const auto calls =
        calls_of<aave::LiquidationCall>(wallet.submissions[0].calls, fixture.pool.id());
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].user == user);
    CHECK(calls[0].debt_to_cover.to_double() * 1e-6 == Approx(10'000 * share).epsilon(1e-3));
    CHECK(wallet.run(*liquidator).outcome.ok());
    // The exchange still pays 200 a WETH, so it has sold what it seized in the same transaction.
    CHECK(fixture.weth.balance(account).to_double() * 1e-18 < 0.011 * 10'000 * share * 1.05 / 160);
    CHECK(fixture.usdc.balance(account) > LendingFixture::dollars(capital));
}

/// Brings the exchange from 200 USD per WETH to about @p weth_usd.
static void move_exchange(LendingFixture& fixture, double weth_usd)
{
    const auto seller = fixture.wallet("seller");
    const auto amount = Amount::from_double((20'000 * std::sqrt(200 / weth_usd) - 20'000) * 1e18);
    fixture.weth.allocate(seller, amount);
    fixture.run(seller,
        CallWriter{}
            .add(
                fixture.weth.id(), contracts::Erc20Approve{fixture.router.account(), Amount::max()})
            .add(fixture.router.id(), contracts::uniswap_v2::SwapExactTokensForTokens{amount,
                                          Amount{}, {fixture.weth.id(), fixture.usdc.id()}, seller,
                                          LendingFixture::start + 10'000'000}));
}

TEST_CASE("liquidator: never acts at a loss", "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("borrower", 100, 1.23);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    const auto liquidator = fixture.strategy("liquidator", account, liquidator_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*liquidator);
    fixture.set_oracle(fixture.weth.id(), 160);
    wallet.set_price(fixture.weth.id(), 160);
    wallet.advance(1);

    // The bonus on 50 USD is 2.50, of which selling takes 0.16; gas is 500'000 * 160 USD * fee.
    SECTION("gas costs more than the bonus")
    {
        move_exchange(fixture, 160);
        wallet.set_base_fee(40'000'000'000);  // 3.20 USD
        wallet.decide(*liquidator);
        CHECK(wallet.submissions.empty());
    }
    SECTION("selling the collateral would cost what is left")
    {
        move_exchange(fixture, 160);
        wallet.set_base_fee(20'000'000'000);  // 1.60 USD
        wallet.decide(*liquidator);
        CHECK(wallet.submissions.empty());
    }
    SECTION("the market is below the oracle by more than the bonus")
    {
        wallet.set_base_fee(1'000'000'000);
        move_exchange(fixture, 150);
        wallet.set_price(fixture.weth.id(), 150);
        wallet.decide(*liquidator);
        CHECK(wallet.submissions.empty());
    }
    SECTION("a bid never exceeds what the call is worth")
    {
        move_exchange(fixture, 160);
        wallet.set_base_fee(5'000'000'000);
        wallet.decide(*liquidator);
        REQUIRE(wallet.submissions.size() == 1);
        const auto& bid = wallet.submissions[0].bid;
        CHECK(static_cast<double>(bid.max_fee) * 1e-18 * 411'000 * 160 <= 2.0);
    }
}

TEST_CASE("liquidator: reacts no sooner than its delay allows", "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("borrower", 10'000, 1.23);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    const auto liquidator = fixture.strategy(
        "liquidator", account, with(liquidator_values(fixture), {{"reaction", always(36)}}));
    auto wallet = fixture.watcher(account);
    fixture.set_oracle(fixture.weth.id(), 160);
    wallet.set_price(fixture.weth.id(), 160);
    for (int block = 0; block < 3; ++block)
    {
        wallet.decide(*liquidator);
        CHECK(wallet.submissions.empty());
        wallet.advance(1);
    }
    wallet.decide(*liquidator);
    CHECK(wallet.submissions.size() == 1);
}

TEST_CASE("liquidator: a flash loan stands in for capital", "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("borrower", 10'000, 1.08);
    const auto account = fixture.wallet("liquidator");
    const auto liquidator = fixture.strategy(
        "liquidator", account, with(liquidator_values(fixture), {{"flash_loans", always(1)}}));
    auto wallet = fixture.watcher(account);
    fixture.set_oracle(fixture.weth.id(), 184);
    wallet.set_price(fixture.weth.id(), 184);
    wallet.decide(*liquidator);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.run(*liquidator).outcome.ok());
    // The exchange still pays 200 a WETH: bonus and difference are its profit.
    CHECK(fixture.usdc.balance(account) > LendingFixture::dollars(100));
    CHECK(fixture.weth.balance(account).is_zero());
}

TEST_CASE("liquidator: who only loses keeps away, ever longer", "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("borrower", 10'000, 1.23);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    const auto liquidator = fixture.strategy("liquidator", account, liquidator_values(fixture));
    auto wallet = fixture.watcher(account);
    fixture.set_oracle(fixture.weth.id(), 160);
    wallet.set_price(fixture.weth.id(), 160);
    const auto sent = runnel::tests::sent_when_all_is_refused(wallet, *liquidator, 1'000);
    CHECK(sent >= 1);
    CHECK(sent <= 12);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *liquidator, 4'000) <= 4);
}

TEST_CASE("liquidator: who has lost is back once nobody else takes what it leaves alone",
    "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("borrower", 10'000, 1.23);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    const auto liquidator = fixture.strategy(
        "liquidator", account, with(liquidator_values(fixture), {{"bid_stake", 1e6}}));
    auto wallet = fixture.watcher(account);
    const auto price = [&](double usd)
    {
        fixture.set_oracle(fixture.weth.id(), usd);
        wallet.set_price(fixture.weth.id(), usd);
    };
    // Chances that come and go, each race for one of them lost.
    std::size_t late_races = 0;
    for (int chance = 0; chance < 60; ++chance)
    {
        price(160);
        const auto races = runnel::tests::sent_when_all_is_refused(wallet, *liquidator, 1);
        late_races += chance < 50 ? 0 : races;
        price(200);
        wallet.decide(*liquidator);
        wallet.advance(1);
    }
    CHECK(late_races == 0);

    price(160);
    unsigned looks = 0;
    for (; wallet.submissions.empty() && looks < 1'000; ++looks)
    {
        wallet.decide(*liquidator);
        wallet.advance(1);
    }
    CHECK(looks > 1);
    CHECK(looks < 40);
}

TEST_CASE("liquidator: holds what exchanges do not take at a fair price, and sells it when they do",
    "[scenarios][liquidator]")
{
    LendingFixture fixture;
    fixture.borrower("borrower", 10'000, 1.08);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(6'000));
    const auto liquidator = fixture.strategy("liquidator", account, liquidator_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*liquidator);
    fixture.set_oracle(fixture.weth.id(), 184);
    wallet.set_price(fixture.weth.id(), 210);  // The exchange pays 200.
    wallet.advance(1);
    wallet.decide(*liquidator);
    REQUIRE(wallet.run(*liquidator).outcome.ok());
    CHECK(fixture.usdc.balance(account) < LendingFixture::dollars(1'100));
    wallet.advance(1);
    wallet.decide(*liquidator);
    CHECK(wallet.submissions.empty());
    wallet.set_price(fixture.weth.id(), 200);
    wallet.advance(1);
    wallet.decide(*liquidator);
    wallet.run_all(*liquidator);
    CHECK(fixture.usdc.balance(account) > LendingFixture::dollars(6'000));
    CHECK(fixture.weth.balance(account).is_zero());
}

TEST_CASE("lending strategies: fall silent when everything is refused", "[scenarios][strategy]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("me");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    fixture.weth.allocate(account, LendingFixture::ether(100));
    const auto [name, values] =
        GENERATE_REF(table<std::string, Values>({{"price_keeper", with(keeper_values(fixture), {})},
            {"lender", with(lender_values(fixture),
                           {{"interval", always(24)}, {"return_probability", 1.0}})},
            {"leveraged_borrower", borrower_values(fixture)}}));
    CAPTURE(name);
    const auto strategy = fixture.strategy(name, account, values);
    auto wallet = fixture.watcher(account);
    wallet.set_price(fixture.weth.id(), 150);  // Far from what the oracle says.
    const auto sent = runnel::tests::sent_when_all_is_refused(wallet, *strategy, 1'000);
    CHECK(sent >= 1);
    CHECK(sent <= 16);
}

TEST_CASE("leveraged borrower: a debt by loan-to-value does not depend on the threshold",
    "[scenarios][leveraged_borrower]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("owner");
    fixture.weth.allocate(account, LendingFixture::ether(10));
    const auto borrower = fixture.strategy("leveraged_borrower", account,
        with(borrower_values(fixture), {{"loan_to_value", always(0.4)}}));
    auto wallet = fixture.watcher(account);
    wallet.decide(*borrower);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    CHECK(fixture.usdc.balance(account).to_double() * 1e-6 == Approx(2'000 * 0.4).epsilon(1e-6));
}

TEST_CASE("lender: a high rate brings back whoever has money, afraid or not", "[scenarios][lender]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("lender");
    fixture.usdc.allocate(account, LendingFixture::dollars(10'000));
    const auto lender = fixture.strategy("lender", account,
        with(
            lender_values(fixture), {{"rate_wanted", always(0.2)}, {"supply_share", always(0.5)}}));
    auto wallet = fixture.watcher(account);
    wallet.decide(*lender);
    REQUIRE(wallet.run(*lender).outcome.ok());
    CHECK(fixture.usdc.balance(account) == LendingFixture::dollars(5'000));

    const auto borrow = [&](double share)
    {
        const auto whale = fixture.wallet("whale " + std::to_string(share));
        fixture.weth.allocate(whale, LendingFixture::ether(50'000));
        const auto cash = 5'000'000 * share;
        fixture.run(whale, CallWriter{}
                               .add(fixture.weth.id(),
                                   contracts::Erc20Approve{fixture.pool.account(), Amount::max()})
                               .add(fixture.pool.id(), aave::Supply{fixture.weth.id(),
                                                           LendingFixture::ether(50'000), whale})
                               .add(fixture.pool.id(), aave::Borrow{fixture.usdc.id(),
                                                           Amount::from_double(cash * 1e6)}));
    };
    borrow(0.8);  // 3% a year.
    wallet.set_price(fixture.weth.id(), 100);
    wallet.advance(50);
    wallet.decide(*lender);
    REQUIRE(wallet.submissions.size() == 1);
    REQUIRE(wallet.run(*lender).outcome.ok());
    CHECK(fixture.usdc.balance(account) >= LendingFixture::dollars(10'000));  // In fear.
    borrow(0.199);  // Nearly all is lent: above 50% a year.
    wallet.advance(50);
    wallet.decide(*lender);
    REQUIRE(wallet.submissions.size() == 1);
    REQUIRE(wallet.run(*lender).outcome.ok());
    CHECK(fixture.usdc.balance(account).is_zero());
}

TEST_CASE("leveraged borrower: a debt that costs too much shrinks, however safe it is",
    "[scenarios][leveraged_borrower]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("borrower");
    fixture.weth.allocate(account, LendingFixture::ether(100));
    const auto borrower = fixture.strategy("leveraged_borrower", account,
        with(borrower_values(fixture), {{"rate_max", always(0.3)}, {"act_below", always(1)},
                                           {"health_margin", always(0.95)}}));
    auto wallet = fixture.watcher(account);
    wallet.decide(*borrower);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    const auto before = fixture.health(account, wallet.view().timestamp);
    wallet.advance(5);
    wallet.decide(*borrower);
    CHECK(wallet.submissions.empty());  // It costs little.

    const auto whale = fixture.wallet("whale");
    fixture.weth.allocate(whale, LendingFixture::ether(100'000));
    fixture.run(whale,
        CallWriter{}
            .add(fixture.weth.id(), contracts::Erc20Approve{fixture.pool.account(), Amount::max()})
            .add(fixture.pool.id(),
                aave::Supply{fixture.weth.id(), LendingFixture::ether(100'000), whale})
            .add(fixture.pool.id(),
                aave::Borrow{fixture.usdc.id(), LendingFixture::dollars(4'980'000)}));
    wallet.advance(5);
    const auto alarmed = wallet.view().block_number;
    CHECK(wallet.decide(*borrower) == alarmed + 3);  // 36 seconds.
    wallet.advance(3);
    wallet.decide(*borrower);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(calls_of<aave::Repay>(wallet.submissions[0].calls, fixture.pool.id()).size() == 1);
    REQUIRE(wallet.run(*borrower).outcome.ok());
    CHECK(fixture.health(account, wallet.view().timestamp) == Approx(before * 1.25).epsilon(0.01));
}

// Method: random positions and a random walk of the price; in every block the watch must list
// exactly those whom the pool itself calls unhealthy.
TEST_CASE("borrower watch: finds exactly the unhealthy", "[scenarios][liquidator][property]")
{
    LendingFixture fixture;
    RandomStream random{3, 1, 4, 1};
    for (int i = 0; i < 60; ++i)
    {
        fixture.borrower("borrower/" + std::to_string(i), 100 + random.uniform_below(10'000),
            1.05 + random.uniform_double());
    }
    BorrowerWatch watch{50};
    double price = 200;
    std::size_t most = 0;
    for (std::uint64_t block = 1; block < 300; ++block)
    {
        const auto now = LendingFixture::start + block * 12;
        fixture.sandbox.set_time(now);
        if (random.bernoulli(0.3))
        {
            price *= 0.995 + 0.03 * random.normal();
            fixture.set_oracle(fixture.weth.id(), price);
        }
        const auto market = fixture.pool.market(now);
        watch.refresh(*fixture.pool.view_at(now), block);
        std::vector<AccountId> expected;
        for (const auto user : fixture.pool.borrowers())
        {
            if (fixture.pool.health_factor(user, market) < Amount::power_of_ten(18))
                expected.push_back(user);
        }
        std::vector<AccountId> found;
        for (const auto& unhealthy : watch.unhealthy())
            found.push_back(unhealthy.user);
        std::sort(found.begin(), found.end());
        CAPTURE(block, price);
        REQUIRE(found == expected);
        most = std::max(most, found.size());
    }
    CHECK(most > 10);
}

TEST_CASE("borrower watch: of more than anybody could look at, those who owe most",
    "[scenarios][liquidator]")
{
    LendingFixture fixture;
    constexpr std::uint64_t count = BorrowerWatch::unhealthy_max + 80;
    // Debts of 1,000 to 1,591 USDC, in no order of accounts: 233 and 592 have no common divisor.
    for (std::uint64_t i = 0; i < count; ++i)
        fixture.borrower("borrower/" + std::to_string(i), 1'000 + i * 233 % count, 1.23);
    BorrowerWatch watch{50};
    watch.refresh(*fixture.pool.view_at(LendingFixture::start), 1);
    CHECK(watch.unhealthy().empty());
    fixture.set_oracle(fixture.weth.id(), 160);
    watch.refresh(*fixture.pool.view_at(LendingFixture::start), 2);
    const auto unhealthy = watch.unhealthy();
    REQUIRE(unhealthy.size() == 512);
    for (std::size_t i = 0; i < unhealthy.size(); ++i)
    {
        const auto owed = fixture.pool.view_at(LendingFixture::start)
                              ->holding(unhealthy[i].user, unhealthy[i].debt)
                              .debt;
        REQUIRE(owed == LendingFixture::dollars(1'591 - i));
    }
}

// Of 190 USDC half may be repaid at once, which brings less than gas; all of 185 where the health
// factor is below 0.95, which would pay.
TEST_CASE("liquidator: after sixteen that do not pay it looks at no smaller one",
    "[scenarios][liquidator]")
{
    const auto [larger, sent] = GENERATE(table<int, std::size_t>({{15, 1}, {16, 0}}));
    LendingFixture fixture;
    for (int i = 0; i < larger; ++i)
        fixture.borrower("borrower/" + std::to_string(i), 190, 1.23);
    const auto smaller = fixture.borrower("smaller", 185, 1.15);
    const auto account = fixture.wallet("liquidator");
    fixture.usdc.allocate(account, LendingFixture::dollars(100'000));
    const auto liquidator = fixture.strategy("liquidator", account, liquidator_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*liquidator);
    fixture.set_oracle(fixture.weth.id(), 160);
    wallet.set_price(fixture.weth.id(), 160);
    move_exchange(fixture, 160);
    wallet.set_base_fee(50'000'000'000);
    wallet.advance(1);
    wallet.decide(*liquidator);
    CAPTURE(larger);
    REQUIRE(wallet.submissions.size() == sent);
    if (sent == 0)
        return;
    const auto calls =
        calls_of<aave::LiquidationCall>(wallet.submissions[0].calls, fixture.pool.id());
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].user == smaller);
}

TEST_CASE("lender: supplies, and takes everything out in fear", "[scenarios][lender]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("lender");
    fixture.usdc.allocate(account, LendingFixture::dollars(1'000));
    const auto lender = fixture.strategy("lender", account, lender_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*lender);
    REQUIRE(wallet.run(*lender).outcome.ok());
    CHECK(fixture.usdc.balance(account).is_zero());

    wallet.set_price(fixture.weth.id(), 145);  // Less than 30 % below.
    wallet.advance(1);
    wallet.decide(*lender);
    CHECK(wallet.submissions.empty());
    wallet.set_price(fixture.weth.id(), 135);
    wallet.advance(1);
    wallet.decide(*lender);
    REQUIRE(wallet.run(*lender).outcome.ok());
    CHECK(fixture.usdc.balance(account) >= LendingFixture::dollars(1'000));
    wallet.advance(1);
    wallet.decide(*lender);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("lender: asks for less after the market had not enough cash", "[scenarios][lender]")
{
    LendingFixture fixture;
    const auto account = fixture.wallet("lender");
    fixture.usdc.allocate(account, LendingFixture::dollars(10'000'000));
    const auto lender = fixture.strategy("lender", account, lender_values(fixture));
    auto wallet = fixture.watcher(account);
    wallet.decide(*lender);
    REQUIRE(wallet.run(*lender).outcome.ok());
    const auto whale = fixture.wallet("whale");
    fixture.weth.allocate(whale, LendingFixture::ether(200'000));
    fixture.run(whale,
        CallWriter{}
            .add(fixture.weth.id(), contracts::Erc20Approve{fixture.pool.account(), Amount::max()})
            .add(fixture.pool.id(),
                aave::Supply{fixture.weth.id(), LendingFixture::ether(200'000), whale})
            .add(fixture.pool.id(),
                aave::Borrow{fixture.usdc.id(), LendingFixture::dollars(14'900'000)}));

    const auto asked = [&]
    {
        wallet.advance(1);
        wallet.decide(*lender);
        REQUIRE(wallet.submissions.size() == 1);
        const auto calls = calls_of<aave::Withdraw>(wallet.submissions[0].calls, fixture.pool.id());
        REQUIRE(calls.size() == 1);
        return calls[0].amount.to_double() * 1e-6;
    };
    CHECK(asked() == Approx(100'000));  // All the cash there is.
    const auto tag = std::exchange(wallet.submissions, {}).front().tag;
    TransactionOutcome outcome;
    outcome.kind = TransactionOutcome::Kind::reverted;
    outcome.tag = tag;
    lender->learn(0, outcome);
    CHECK(asked() == Approx(50'000));
    CHECK(wallet.run(*lender).outcome.ok());
}
