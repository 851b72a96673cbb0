#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <deque>
#include <memory>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{
constexpr std::uint64_t gwei = 1'000'000'000;

Amount units(std::uint64_t whole, unsigned decimals)
{
    return wrapping_mul(whole, Amount::power_of_ten(decimals));
}

/// The pool and the victim of scenarios/sandwich_by_hand.toml: 1,000 WETH and 2,000,000 USDC, and
/// somebody who buys WETH with 40,000 USDC.
struct Mempool
{
    Mempool()
    {
        sandbox.connect();
        weth.allocate(pair.account(), units(1'000, 18));
        usdc.allocate(pair.account(), units(2'000'000, 6));
        REQUIRE(sandbox.run(victim, pair.id(), uniswap_v2::Mint{victim}).ok());
        usdc.allocate(me, units(100'000, 6));
        weth.allocate(me, units(50, 18));
        usdc.allocate(victim, units(1'000'000, 6));
        for (const auto account : {me, victim})
            sandbox.world().account_states.at(account).balance = units(10, 18);
        REQUIRE(sandbox.run(victim, usdc.id(), Erc20Approve{router.account(), Amount::max()}).ok());
        wallet.set_price(weth.id(), 2'000);
        wallet.set_price(usdc.id(), 1);
        wallet.show(mempool);
        parameters.set("pairs", std::vector<ContractId>{pair.id()});
        parameters.set("coin", weth.id());
        parameters.set("attention", 1.0);
        parameters.set("profit_min", always(1));
        parameters.set("bid_share", always(0.5));
        parameters.set("inventory_share_max", 1.0);
        parameters.set("deadline", std::int64_t{120'000});
        parameters.set("bid_stake", 100.0);
        parameters.set("bid_memory", std::int64_t{86'400'000});
        parameters.set("gas_money", 0.0);
    }

    /// The victim's purchase waits, with a limit of so much below what it would get now.
    void wait(std::uint64_t usdc_in, std::uint32_t slippage_bps, std::uint64_t tip)
    {
        const auto amount_in = units(usdc_in, 6);
        const auto quote = *pair.quote_exact_input(usdc.id(), weth.id(), amount_in);
        CallWriter calls;
        calls.add(router.id(),
            uniswap_v2::SwapExactTokensForTokens{amount_in, min_amount_out(quote, slippage_bps),
                {usdc.id(), weth.id()}, victim, 2'000'000'000});
        waiting.push_back(calls);
        mempool.waiting.push_back({victim, 0, 200'000, 100 * gwei, tip, 5, waiting.back().bytes()});
    }
    std::unique_ptr<Strategy> make()
    {
        return sandwicher_strategy().create(parameters, tests::group_of_one(sandbox.world(), me));
    }
    [[nodiscard]] Amount usdc_of(AccountId account) { return usdc.balance(account); }

    Sandbox sandbox;
    Erc20& weth = sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5);
    Erc20& usdc = sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5);
    UniswapV2Factory& factory = sandbox.add<UniswapV2Factory>("factory");
    UniswapV2Pair& pair = sandbox.add<UniswapV2Pair>("pair", weth.id(), usdc.id(), factory.id());
    UniswapV2Router& router = sandbox.add<UniswapV2Router>("router", factory.id());
    AccountId me = sandbox.account("me");
    AccountId victim = sandbox.account("victim");
    FakeWallet wallet{sandbox, me};
    MempoolView mempool;
    std::deque<CallWriter> waiting;
    Parameters parameters;
};
}  // namespace

// The figures are computed by hand in scenarios/sandwich_by_hand.toml: 10,190.531392 USDC are the
// most that the victim's limit of 1% bears, and bring 344.73 USDC before gas.
TEST_CASE("sandwicher: takes what the limit bears, ahead and right behind", "[strategies]")
{
    Mempool fixture;
    fixture.wait(40'000, 100, 2 * gwei);
    const auto bot = fixture.make();
    fixture.wallet.decide(*bot);
    REQUIRE(fixture.wallet.submissions.size() == 2);
    const auto& front = fixture.wallet.submissions[0];
    const auto& back = fixture.wallet.submissions[1];
    CHECK(front.bid.priority_fee > 2 * gwei);
    CHECK(back.bid.priority_fee == 2 * gwei);  // The same tip; it arrives later.
    CHECK(front.motive.purpose == Purpose::front_running);
    CHECK(front.motive.incident != 0);
    CHECK(front.motive.incident == back.motive.incident);
    CHECK(front.motive.token == fixture.usdc.id());
    const auto profit = front.motive.stolen;
    CHECK(profit.to_double() / 1e6 == Approx(344.73).margin(0.1));

    const auto before = fixture.usdc_of(fixture.me);
    REQUIRE(fixture.sandbox.run(fixture.me, front.calls).ok());
    const auto paid = wrapping_sub(before, fixture.usdc_of(fixture.me));
    CHECK(paid.to_double() / 1e6 == Approx(10'190.531392).margin(0.2));
    REQUIRE(fixture.sandbox.run(fixture.victim, fixture.waiting.front()).ok());
    REQUIRE(fixture.sandbox.run(fixture.me, back.calls).ok());
    CHECK(fixture.usdc_of(fixture.me) == wrapping_add(before, profit));
    CHECK(fixture.weth.balance(fixture.me) == units(50, 18));
}

TEST_CASE("sandwicher: leaves alone what does not pay", "[strategies]")
{
    Mempool fixture;
    SECTION("a limit that bears nothing")
    {
        fixture.wait(40'000, 0, gwei);
    }
    SECTION("a swap too small for two fees")
    {
        fixture.wait(4'000, 300, gwei);
    }
    SECTION("one that could not pay the base fee")
    {
        fixture.wait(40'000, 100, gwei);
        fixture.mempool.waiting.back().max_fee = gwei;
    }
    SECTION("one that waits for an earlier one")
    {
        fixture.wait(40'000, 100, gwei);
        fixture.mempool.waiting.back().nonce = 1;
    }
    SECTION("a tip that nobody can better")
    {
        fixture.wait(40'000, 100, 5'000 * gwei);
        fixture.mempool.waiting.back().max_fee = 6'000 * gwei;
    }
    SECTION("its own")
    {
        fixture.wait(40'000, 100, gwei);
        fixture.mempool.waiting.back().sender = fixture.me;
    }
    SECTION("calls that nobody can read yet")
    {
        fixture.wait(40'000, 100, gwei);
        fixture.mempool.waiting.back().calls = {};
    }
    SECTION("what it does not pay attention to")
    {
        fixture.wait(40'000, 100, gwei);
        fixture.parameters.set("attention", 0.0);
    }
    const auto bot = fixture.make();
    fixture.wallet.decide(*bot);
    CHECK(fixture.wallet.submissions.empty());
}

TEST_CASE("sandwicher: counts with what comes ahead of its victim", "[strategies]")
{
    Mempool fixture;
    // Another purchase, with a higher tip, uses up what the limit bears: what is left to earn is
    // around that smaller one.
    fixture.wait(40'000, 100, gwei);
    fixture.wait(11'000, 120, 3 * gwei);
    const auto rival = fixture.sandbox.account("rival");
    fixture.usdc.allocate(rival, units(100'000, 6));
    REQUIRE(
        fixture.sandbox
            .run(rival, fixture.usdc.id(), Erc20Approve{fixture.router.account(), Amount::max()})
            .ok());
    fixture.mempool.waiting.back().sender = rival;
    const auto bot = fixture.make();
    fixture.wallet.decide(*bot);
    for (const auto& submission : fixture.wallet.submissions)
        CHECK(submission.motive.stolen.to_double() / 1e6 < 150);  // Not 344.
}

TEST_CASE("sandwicher: sells what a second half that failed has left", "[strategies]")
{
    Mempool fixture;
    fixture.wait(40'000, 100, 2 * gwei);
    const auto bot = fixture.make();
    fixture.wallet.decide(*bot);
    fixture.mempool.waiting.clear();  // The victim is gone.
    const auto ran = fixture.wallet.run_all(*bot);
    REQUIRE(ran.size() == 2);
    CHECK(ran[0].outcome.ok());
    CHECK_FALSE(ran[1].outcome.ok());  // It would pay less than what the first half has cost.
    fixture.wallet.advance(1);
    fixture.wallet.decide(*bot);
    REQUIRE(fixture.wallet.submissions.size() == 1);
    CHECK(fixture.wallet.submissions[0].motive.purpose == Purpose::trade);
    REQUIRE(fixture.wallet.run(*bot).outcome.ok());
    CHECK(fixture.weth.balance(fixture.me) == units(50, 18));
    CHECK(fixture.usdc_of(fixture.me).to_double() / 1e6 ==
          Approx(100'000 - 61).margin(1));  // Two fees.
    fixture.wallet.advance(1);
    fixture.wallet.decide(*bot);
    CHECK(fixture.wallet.submissions.empty());
}

TEST_CASE("sandwicher: falls silent where everything is refused", "[strategies]")
{
    Mempool fixture;
    fixture.wait(40'000, 100, 2 * gwei);
    const auto bot = fixture.make();
    CHECK(tests::sent_when_all_is_refused(fixture.wallet, *bot, 1'000) <= 40);
}

// Method: somebody is about to buy WETH for 2,000 USDC in the pool where the world outside pays
// 2,200.
TEST_CASE("front-runner: sends what would earn another something itself", "[strategies]")
{
    Mempool fixture;
    fixture.wallet.set_price(fixture.weth.id(), 2'200);
    const auto amount_in = units(2'000, 6);
    const auto out =
        *fixture.pair.quote_exact_input(fixture.usdc.id(), fixture.weth.id(), amount_in);
    CallWriter calls;
    bool copies = false;
    SECTION("a swap below the price outside")
    {
        calls.add(fixture.usdc.id(), Erc20Transfer{fixture.pair.account(), amount_in});
        calls.add(fixture.pair.id(), uniswap_v2::Swap{out, 0, fixture.victim, {}});
        copies = true;
    }
    SECTION("a payment, which would cost it something")
    {
        calls.add(fixture.usdc.id(), Erc20Transfer{fixture.sandbox.account("shop"), amount_in});
    }
    SECTION("a swap whose proceeds go to somebody else")
    {
        calls.add(fixture.usdc.id(), Erc20Transfer{fixture.pair.account(), amount_in});
        calls.add(fixture.pair.id(), uniswap_v2::Swap{out, 0, fixture.sandbox.account("shop"), {}});
    }
    SECTION("what its own tokens do not allow: the router may not spend them")
    {
        calls.add(fixture.router.id(),
            uniswap_v2::SwapExactTokensForTokens{amount_in, 0,
                {fixture.usdc.id(), fixture.weth.id()}, fixture.victim, 2'000'000'000});
    }
    fixture.mempool.waiting.push_back(
        {fixture.victim, 0, 300'000, 100 * gwei, 3 * gwei, 5, calls.bytes()});
    const auto bot = front_runner_strategy().create(
        fixture.parameters, tests::group_of_one(fixture.sandbox.world(), fixture.me));
    fixture.wallet.decide(*bot);
    REQUIRE(fixture.wallet.submissions.size() == (copies ? 1 : 0));
    if (!copies)
        return;
    const auto copy = fixture.wallet.submissions[0];
    CHECK(copy.bid.priority_fee > 3 * gwei);
    CHECK(copy.motive.purpose == Purpose::front_running);
    CHECK(copy.motive.token == fixture.weth.id());
    CHECK(copy.motive.stolen == out);
    REQUIRE(fixture.wallet.run(*bot).outcome.ok());
    CHECK(fixture.weth.balance(fixture.me) == wrapping_add(units(50, 18), out));
    CHECK_FALSE(fixture.sandbox.run(fixture.victim, calls).ok());  // It comes too late.
}
