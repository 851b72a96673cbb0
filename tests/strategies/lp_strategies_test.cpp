// Strategies around pools of several protocols: ranges, coins of one worth, cycles without capital
// and orders over several pools.

#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"
#include "contracts/exchanges/uniswap_v3/tick_math.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/profit.hpp"
#include "strategies/market/split.hpp"
#include "strategies/strategies.hpp"
#include "tests/strategies/lending_fixture.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::strategies::tests::LendingFixture;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

Amount units(std::uint64_t whole, unsigned decimals)
{
    return wrapping_mul(whole, Amount::power_of_ten(decimals));
}

/// The lending fixture's WETH/USDC pair of 20,000 WETH at 200 USD, a v3 and a v4 pool of the same
/// pair from half that price to twice of it, and two StableSwap pools of USDC, DAI and USDT.
struct Pools : LendingFixture
{
    Pools()
    {
        sandbox.connect();
        maker = sandbox.account("maker");
        me = sandbox.account("me");
        rival = sandbox.account("rival");
        for (auto* token : {&weth, &usdc, &dai, &usdt})
        {
            for (const auto account : {maker, rival})
                token->allocate(account, units(100'000'000, token->token_info()->decimals));
        }
        for (const auto account : {maker, me, rival})
            sandbox.world().account_states.at(account).balance = units(100, 18);
        const auto price = *uniswap_v3::sqrt_ratio_at_tick(price_tick);
        run(maker, CallWriter{}
                       .add(v3.id(), uniswap_v3::Initialize{price})
                       .add(manager4.id(), uniswap_v4::Initialize{v4.key(), price}));
        const PriceRange wide{price_tick / 60 * 60 - 6'960, price_tick / 60 * 60 + 6'960};
        for (const RangeExchange* ranges :
            {static_cast<const RangeExchange*>(&v3), static_cast<const RangeExchange*>(&v4)})
        {
            CallWriter calls;
            const auto quote = ranges->quote_range_deposit(
                wide, std::vector{units(20'000, 18), units(4'000'000, 6)});
            REQUIRE(quote.has_value());
            ranges->add_range_deposit(calls, wide, quote->shares, maker);
            run(maker, calls);
        }
        fill(curve, 10'000'000);
        fill(thin, 500'000);
    }

    void fill(CurveStableSwapPool& stable_pool, std::uint64_t whole)
    {
        CallWriter calls;
        curve_stableswap::AddLiquidity deposit;
        for (const auto token : stable_pool.tokens())
        {
            const auto decimals = token == dai.id() ? 18U : 6U;
            calls.add(token, Erc20Approve{stable_pool.account(), Amount::max()});
            deposit.amounts.push_back(units(whole, decimals));
        }
        deposit.recipient = maker;
        calls.add(stable_pool.id(), deposit);
        run(maker, calls);
    }

    Erc20& stable(const char* name, std::uint8_t decimals)
    {
        return sandbox.add<Erc20>(name, TokenInfo{name, decimals}, TokenFlavour::openzeppelin5);
    }
    CurveStableSwapPool& make_stable(
        const char* name, std::uint64_t a, std::vector<ContractId> coins)
    {
        curve_stableswap::PoolSpec spec;
        spec.coins = std::move(coins);
        spec.a = a;
        spec.fee = 1'000'000;
        spec.symbol = name;
        return sandbox.add<CurveStableSwapPool>(name, spec);
    }

    /// The rival sells exactly @p amount in a pool.
    void sell(const Exchange& exchange, ContractId sold, ContractId bought, const Amount& amount)
    {
        FakeWallet wallet{sandbox, rival};
        const Hop hop{&exchange, sold, bought};
        CallWriter calls;
        SwapDesk{nullptr}.add_swap(
            calls, wallet.view(), {&hop, 1}, amount, Amount{}, rival, ~std::uint64_t{0});
        run(rival, calls);
    }

    void quote_prices(FakeWallet& wallet, double weth_usd = 200) const
    {
        wallet.set_price(weth.id(), weth_usd);
        for (const auto* token : {&usdc, &dai, &usdt})
            wallet.set_price(token->id(), 1);
    }

    std::unique_ptr<Strategy> make(const StrategyType& type, const Parameters& parameters)
    {
        return type.create(parameters, runnel::tests::group_of_one(sandbox.world(), me));
    }

    // 200 USD: 2e-10 of the smallest unit of USDC for one of WETH.
    static constexpr std::int32_t price_tick = -223'339;

    Erc20& dai = stable("DAI", 18);
    Erc20& usdt = stable("USDT", 6);
    UniswapV3Factory& factory3 = sandbox.add<UniswapV3Factory>("factory3");
    UniswapV3Router& router3 = sandbox.add<UniswapV3Router>("router3", factory3.id());
    UniswapV3Pool& v3 = sandbox.add<UniswapV3Pool>(
        "v3", uniswap_v3::PoolConstructor{weth.id(), usdc.id(), factory3.id(), 3'000, 60});
    UniswapV4Manager& manager4 = sandbox.add<UniswapV4Manager>("manager4", zero_account);
    UniswapV4Router& router4 = sandbox.add<UniswapV4Router>("router4", manager4.id());
    UniswapV4Pool& v4 = sandbox.add<UniswapV4Pool>("v4", manager4.id(),
        uniswap_v4::PoolKey{weth.id(), usdc.id(), 3'000, 60, zero_account}, no_contract);
    CurveStableSwapPool& curve = make_stable("curve", 500, {usdc.id(), dai.id(), usdt.id()});
    CurveStableSwapPool& thin = make_stable("thin", 50, {usdc.id(), dai.id(), usdt.id()});
    AccountId maker{};
    AccountId me{};
    AccountId rival{};
};

Parameters range_parameters(const Pools& pools)
{
    Parameters parameters;
    parameters.set("pairs", std::vector{pools.v3.id()});
    parameters.set("coin", pools.weth.id());
    parameters.set("enter", always(24));
    parameters.set("size", always(100'000));
    parameters.set("size_min", 50.0);
    parameters.set("hold", always(864'000));
    parameters.set("width", always(1'200));
    parameters.set("place", always(0.5));
    parameters.set("follows_price", always(0));
    parameters.set("patience", always(600));
    parameters.set("every", always(0));
    parameters.set("slippage_bps", always(50));
    parameters.set("fee_tolerance", 0.02);
    parameters.set("check_every", std::int64_t{120'000});
    parameters.set("deadline", std::int64_t{1'200'000});
    parameters.set("retry_after", std::int64_t{300'000});
    parameters.set("retries", std::int64_t{3});
    return parameters;
}

PriceRange range_of(const Pools& pools, AccountId owner, std::int32_t from, std::int32_t to)
{
    for (auto lower = from; lower < to; lower += 60)
    {
        for (auto upper = lower + 60; upper <= to; upper += 60)
        {
            if (!pools.v3.range_liquidity(owner, {lower, upper}).is_zero())
                return {lower, upper};
        }
    }
    return {};
}

/// Acts, runs what is sent and acts again, until the wallet wants to wait.
std::uint64_t settle(FakeWallet& wallet, Strategy& strategy)
{
    auto next = wallet.decide(strategy);
    for (int i = 0; i < 10 && !wallet.submissions.empty(); ++i)
    {
        const auto ran = wallet.run(strategy);
        CAPTURE(ran.outcome.receipt.refusal.text);
        REQUIRE(ran.outcome.ok());
        wallet.advance(1);
        next = wallet.decide(strategy);
    }
    REQUIRE(wallet.submissions.empty());
    return next;
}

double worth_usd(const Pools& pools, AccountId account, double weth_usd = 200)
{
    return pools.weth.balance(account).to_double() * 1e-18 * weth_usd +
           (pools.usdc.balance(account).to_double() + pools.usdt.balance(account).to_double()) *
               1e-6 +
           pools.dai.balance(account).to_double() * 1e-18;
}

}  // namespace

TEST_CASE("range provider: puts its size around the price and takes it out when its time has come",
    "[strategies][range]")
{
    Pools pools;
    pools.weth.allocate(pools.me, units(1'000, 18));
    pools.usdc.allocate(pools.me, units(200'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    auto parameters = range_parameters(pools);
    parameters.set("hold", always(7'200));
    const auto strategy = pools.make(range_provider_strategy(), parameters);
    CHECK(strategy->first_block(0) == 3);
    wallet.advance(3);
    const auto before = worth_usd(pools, pools.me);
    const auto exit = settle(wallet, *strategy);
    const auto put_in = before - worth_usd(pools, pools.me);
    CHECK(put_in == Approx(100'000).epsilon(0.006));  // Less its slippage of 0.5%.

    const auto range = range_of(
        pools, pools.me, Pools::price_tick / 60 * 60 - 1'200, Pools::price_tick / 60 * 60 + 1'200);
    CHECK(range.upper - range.lower == 1'200);
    CHECK(std::abs((range.upper + range.lower) / 2 - Pools::price_tick) <= 60);

    // Fees of what trades through it are its own, to the unit.
    pools.sell(pools.v3, pools.usdc.id(), pools.weth.id(), units(50'000, 6));
    const auto owed = pools.v3.range_owed(pools.me, range);
    CHECK(owed[0].is_zero());
    const auto share =
        pools.v3.range_liquidity(pools.me, range).to_double() / pools.v3.share_supply().to_double();
    CHECK(share > 0.05);
    CHECK(owed[1].to_double() == Approx(150e6 * share).epsilon(1e-6));

    wallet.advance(exit - wallet.view().block_number);
    CHECK(settle(wallet, *strategy) == never);
    CHECK(pools.v3.range_liquidity(pools.me, range).is_zero());
    CHECK(pools.v3.range_owed(pools.me, range)[1].is_zero());
}

TEST_CASE("range provider: follows the price once it has been out of range for its patience",
    "[strategies][range]")
{
    Pools pools;
    pools.weth.allocate(pools.me, units(500, 18));
    pools.usdc.allocate(pools.me, units(100'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const bool follows = GENERATE(true, false);
    auto parameters = range_parameters(pools);
    parameters.set("follows_price", always(follows ? 1 : 0));
    const auto strategy = pools.make(range_provider_strategy(), parameters);
    wallet.advance(strategy->first_block(0));
    auto next = settle(wallet, *strategy);
    const auto near = Pools::price_tick / 60 * 60;
    const auto first = range_of(pools, pools.me, near - 1'200, near + 1'200);

    // Up by about a seventh.
    pools.sell(pools.v3, pools.usdc.id(), pools.weth.id(), units(600'000, 6));
    REQUIRE(pools.v3.tick() >= first.upper);
    pools.quote_prices(wallet, 200 * std::pow(1.0001, pools.v3.tick() - Pools::price_tick));
    if (!follows)
    {
        CHECK(next > wallet.view().block_number + 10'000);  // Asleep until it leaves.
        return;
    }
    const auto seen = next;
    wallet.advance(next - wallet.view().block_number);
    next = settle(wallet, *strategy);
    CHECK_FALSE(pools.v3.range_liquidity(pools.me, first).is_zero());  // Patient.
    for (int i = 0; i < 20 && !pools.v3.range_liquidity(pools.me, first).is_zero(); ++i)
    {
        wallet.advance(next - wallet.view().block_number);
        next = settle(wallet, *strategy);
    }
    CHECK(wallet.view().block_number >= seen + 50);  // Ten minutes.
    CHECK(pools.v3.range_liquidity(pools.me, first).is_zero());
    const auto tick = pools.v3.tick() / 60 * 60;
    const auto second = range_of(pools, pools.me, tick - 1'200, tick + 1'200);
    CHECK(second.upper - second.lower == 1'200);
    CHECK(std::abs((second.upper + second.lower) / 2 - pools.v3.tick()) <= 90);
    // It had only USDC left, and swapped half of it.
    const auto value = pools.v3.range_value(second, pools.v3.range_liquidity(pools.me, second));
    CHECK_FALSE(value[0].is_zero());
    CHECK_FALSE(value[1].is_zero());
}

namespace
{
/// What a provider that follows the price holds after each step of a day, in whichever pool.
std::vector<std::vector<Amount>> day_of_follower(Pools& pools, const RangeExchange& ranges)
{
    const auto& exchange = ranges.exchange();
    pools.weth.allocate(pools.me, units(500, 18));
    pools.usdc.allocate(pools.me, units(100'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    auto parameters = range_parameters(pools);
    parameters.set("pairs", std::vector{exchange.contract().id()});
    parameters.set("follows_price", always(1));
    parameters.set("hold", always(14'400));
    const auto strategy = pools.make(range_provider_strategy(), parameters);
    wallet.advance(strategy->first_block(0));
    std::vector<std::vector<Amount>> steps;
    const auto note = [&]
    {
        std::vector<Amount> step{pools.weth.balance(pools.me), pools.usdc.balance(pools.me)};
        const auto tick = Pools::price_tick / 60 * 60;
        for (auto lower = tick - 3'000; lower < tick + 3'000; lower += 60)
        {
            const PriceRange range{lower, lower + 1'200};
            const auto liquidity = ranges.range_liquidity(pools.me, range);
            if (liquidity.is_zero())
                continue;
            step.push_back(liquidity);
            for (const auto& amount : ranges.range_value(range, liquidity))
                step.push_back(amount);
            for (const auto& amount : ranges.range_owed(pools.me, range))
                step.push_back(amount);
        }
        steps.push_back(std::move(step));
    };
    auto next = settle(wallet, *strategy);
    note();
    for (const auto sold : {50'000, 550'000, 20'000})
    {
        pools.sell(exchange, pools.usdc.id(), pools.weth.id(), units(sold, 6));
        pools.quote_prices(wallet, 200 * std::pow(1.0001, ranges.tick() - Pools::price_tick));
        for (int i = 0; i < 8 && next != never; ++i)
        {
            wallet.advance(next - wallet.view().block_number);
            next = settle(wallet, *strategy);
        }
        note();
    }
    for (int i = 0; i < 200 && next != never; ++i)
    {
        wallet.advance(next - wallet.view().block_number);
        next = settle(wallet, *strategy);
    }
    note();
    return steps;
}
}  // namespace

TEST_CASE("range provider: does and gets the same whatever protocol keeps its ranges",
    "[strategies][range]")
{
    Pools one;
    Pools other;
    const auto of_v3 = day_of_follower(one, one.v3);
    const auto of_v4 = day_of_follower(other, other.v4);
    REQUIRE(of_v3.size() == 5);
    CHECK(of_v3.front().size() == 7);   // In one range,
    CHECK(of_v3.back().size() == 2);    // and out of all.
    CHECK(of_v3[0][2] != of_v3[2][2]);  // It has moved.
    CHECK(of_v3 == of_v4);
}

TEST_CASE("range provider: moves by time, and stays where the new range would be the old one",
    "[strategies][range]")
{
    Pools pools;
    pools.weth.allocate(pools.me, units(500, 18));
    pools.usdc.allocate(pools.me, units(100'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    auto parameters = range_parameters(pools);
    parameters.set("every", always(3'600));
    const auto strategy = pools.make(range_provider_strategy(), parameters);
    wallet.advance(strategy->first_block(0));
    auto next = settle(wallet, *strategy);
    const auto near = Pools::price_tick / 60 * 60;
    const auto first = range_of(pools, pools.me, near - 1'200, near + 1'200);
    for (const auto until = wallet.view().block_number + 400; wallet.view().block_number < until;)
    {
        wallet.advance(next - wallet.view().block_number);
        next = settle(wallet, *strategy);
    }
    CHECK_FALSE(pools.v3.range_liquidity(pools.me, first).is_zero());
    pools.sell(pools.v3, pools.usdc.id(), pools.weth.id(), units(150'000, 6));
    REQUIRE(pools.v3.tick() < first.upper);
    pools.quote_prices(wallet, 200 * std::pow(1.0001, pools.v3.tick() - Pools::price_tick));
    wallet.advance(next - wallet.view().block_number);
    settle(wallet, *strategy);
    CHECK(pools.v3.range_liquidity(pools.me, first).is_zero());
}

TEST_CASE("range provider: gives up what is refused again and again", "[strategies][range]")
{
    Pools pools;
    pools.weth.allocate(pools.me, units(500, 18));
    pools.usdc.allocate(pools.me, units(100'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const auto strategy = pools.make(range_provider_strategy(), range_parameters(pools));
    wallet.advance(strategy->first_block(0));
    std::uint64_t sent = 0;
    for (int i = 0; i < 1'000; ++i)
    {
        wallet.decide(*strategy);
        for (const auto& submission : std::exchange(wallet.submissions, {}))
        {
            ++sent;
            TransactionOutcome outcome;
            outcome.kind = TransactionOutcome::Kind::reverted;
            outcome.tag = submission.tag;
            outcome.refusal = Refusal::error("LOK");
            strategy->learn(0, outcome);
        }
        wallet.advance(1);
    }
    CHECK(sent == 4);  // And three times more.
}

namespace
{
Parameters stable_parameters(const Pools& pools)
{
    Parameters parameters;
    parameters.set("pairs", std::vector{pools.curve.id()});
    parameters.set("enter", always(12));
    parameters.set("size", always(60'000));
    parameters.set("size_min", 50.0);
    parameters.set("balanced", always(0));
    parameters.set("hold", always(864'000));
    parameters.set("fear", always(0.04));
    parameters.set("reaction", always(600));
    parameters.set("calm", always(3'600));
    parameters.set("slippage_bps", always(50));
    parameters.set("check_every", std::int64_t{60'000});
    parameters.set("deadline", std::int64_t{1'200'000});
    parameters.set("retry_after", std::int64_t{300'000});
    parameters.set("retries", std::int64_t{3});
    return parameters;
}
}  // namespace

TEST_CASE("stable provider: runs from a depeg with the coin that is worth most, and comes back",
    "[strategies][stable]")
{
    Pools pools;
    pools.usdc.allocate(pools.me, units(100'000, 6));
    pools.dai.allocate(pools.me, units(20'000, 18));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const auto strategy = pools.make(stable_provider_strategy(), stable_parameters(pools));
    wallet.advance(strategy->first_block(0));
    auto next = settle(wallet, *strategy);
    // Its size, of the coin of which it had most.
    CHECK(pools.usdc.balance(pools.me) == units(40'000, 6));
    CHECK(pools.dai.balance(pools.me) == units(20'000, 18));
    const auto shares = pools.curve.share_balance(pools.me);
    CHECK(shares.to_double() == Approx(60'000e18).epsilon(0.01));

    wallet.set_price(pools.usdc.id(), 0.97);  // Not yet.
    wallet.advance(next - wallet.view().block_number);
    next = settle(wallet, *strategy);
    CHECK(pools.curve.share_balance(pools.me) == shares);

    wallet.set_price(pools.usdc.id(), 0.9);
    const auto alarmed = next;
    for (int i = 0; i < 30 && !pools.curve.share_balance(pools.me).is_zero(); ++i)
    {
        wallet.advance(next - wallet.view().block_number);
        next = settle(wallet, *strategy);
    }
    CHECK(pools.curve.share_balance(pools.me).is_zero());
    CHECK(wallet.view().block_number >= alarmed + 50);
    // The pool still thinks them equal: it takes a coin that is, and not the one it brought.
    CHECK(pools.usdc.balance(pools.me) == units(40'000, 6));
    const auto got = pools.dai.balance(pools.me).to_double() * 1e-18 - 20'000 +
                     pools.usdt.balance(pools.me).to_double() * 1e-6;
    CHECK(got > 59'000);

    wallet.set_price(pools.usdc.id(), 0.995);
    const auto calm = wallet.view().block_number;
    for (int i = 0; i < 300 && pools.curve.share_balance(pools.me).is_zero(); ++i)
    {
        wallet.advance(next - wallet.view().block_number);
        next = settle(wallet, *strategy);
    }
    CHECK_FALSE(pools.curve.share_balance(pools.me).is_zero());
    CHECK(wallet.view().block_number >= calm + 300);  // An hour of peace.
}

TEST_CASE("stable provider: deposits all coins alike if that is its way", "[strategies][stable]")
{
    Pools pools;
    for (auto* token : {&pools.usdc, &pools.dai, &pools.usdt})
        token->allocate(pools.me, units(100'000, token->token_info()->decimals));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    auto parameters = stable_parameters(pools);
    parameters.set("balanced", always(1));
    const auto strategy = pools.make(stable_provider_strategy(), parameters);
    wallet.advance(strategy->first_block(0));
    settle(wallet, *strategy);
    CHECK(pools.usdc.balance(pools.me) == units(80'000, 6));
    CHECK(pools.usdt.balance(pools.me) == units(80'000, 6));
    CHECK(pools.dai.balance(pools.me) == units(80'000, 18));
}

namespace
{
Parameters cycle_parameters(const Pools& pools, std::vector<ContractId> pairs)
{
    Parameters parameters;
    parameters.set("pairs", std::move(pairs));
    parameters.set("coin", pools.weth.id());
    parameters.set("reference", false);
    parameters.set("follows_new_pools", false);
    parameters.set("cycle_length_max", std::int64_t{3});
    parameters.set("profit_min", always(1));
    parameters.set("reaction", always(1));
    parameters.set("reaction_spread", 0.0);
    parameters.set("gas_money", 1.0);
    parameters.set("bid_share", always(0.25));
    parameters.set("inventory_share_max", 1.0);
    parameters.set("trades_per_block", std::int64_t{4});
    parameters.set("bid_stake", 25.0);
    parameters.set("bid_memory", std::int64_t{3'600'000});
    parameters.set("flash", always(1));
    return parameters;
}
}  // namespace

TEST_CASE("arbitrageur: takes a cycle of two protocols without any capital", "[strategies][flash]")
{
    // The gap opens one way or the other: the first exchange of the cycle is v2's or v3's.
    const bool v3_is_dear = GENERATE(true, false);
    Pools pools;
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const auto strategy = pools.make(
        arbitrageur_strategy(), cycle_parameters(pools, {pools.pair.id(), pools.v3.id()}));
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());

    if (v3_is_dear)
        pools.sell(pools.v3, pools.usdc.id(), pools.weth.id(), units(400'000, 6));
    else
        pools.sell(pools.v3, pools.weth.id(), pools.usdc.id(), units(2'000, 18));
    REQUIRE(worth_usd(pools, pools.me) == 0);
    wallet.advance(1);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    const auto limit = wallet.submissions.front().bid.extra_gas;
    const auto ran = wallet.run(*strategy);
    CAPTURE(ran.outcome.receipt.refusal.text, limit);
    REQUIRE(ran.outcome.ok());
    CHECK(worth_usd(pools, pools.me) > 1'000);

    // Within both fees of each other now.
    const auto v2_price = pools.pair.spot_price(pools.weth.id(), pools.usdc.id());
    const auto v3_price = pools.v3.spot_price(pools.weth.id(), pools.usdc.id());
    CHECK(std::abs(v3_price / v2_price - 1) < 0.0062);
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
}

TEST_CASE(
    "arbitrageur: a cycle that somebody else took is refused as a whole", "[strategies][flash]")
{
    Pools pools;
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const auto strategy = pools.make(
        arbitrageur_strategy(), cycle_parameters(pools, {pools.pair.id(), pools.v3.id()}));
    pools.sell(pools.v3, pools.usdc.id(), pools.weth.id(), units(400'000, 6));
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    pools.sell(pools.v3, pools.weth.id(), pools.usdc.id(), units(1'000, 18));
    CHECK_FALSE(wallet.run(*strategy).outcome.ok());
    CHECK(worth_usd(pools, pools.me) == 0);
}

TEST_CASE("arbitrageur: borrows of a lending market where no exchange of a cycle lends",
    "[strategies][flash]")
{
    const bool has_lender = GENERATE(true, false);
    Pools pools;
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    auto parameters = cycle_parameters(pools, {pools.curve.id(), pools.thin.id()});
    if (has_lender)
        parameters.set("lender", pools.pool.id());
    const auto strategy = pools.make(arbitrageur_strategy(), parameters);
    // In the thin pool USDC is dear now.
    pools.sell(pools.thin, pools.usdt.id(), pools.usdc.id(), units(300'000, 6));
    wallet.decide(*strategy);
    if (!has_lender)
    {
        CHECK(wallet.submissions.empty());  // It has nothing.
        return;
    }
    REQUIRE(wallet.submissions.size() == 1);
    const auto ran = wallet.run(*strategy);
    CAPTURE(ran.outcome.receipt.refusal.text);
    REQUIRE(ran.outcome.ok());
    CHECK(worth_usd(pools, pools.me) > 100);
    CHECK(pools.dai.balance(pools.me).is_zero());
}

TEST_CASE(
    "split order: no other split in as many slices pays more", "[strategies][split][property]")
{
    Pools pools;
    const std::vector<const Exchange*> exchanges{&pools.pair, &pools.v3};
    const auto routes = disjoint_routes(exchanges, pools.usdc.id(), pools.weth.id(), 2, 4);
    REQUIRE(routes.size() == 2);
    constexpr unsigned slices = 16;
    for (const std::uint64_t whole : {1'000U, 50'000U, 700'000U, 3'000'000U})
    {
        CAPTURE(whole);
        const auto amount = units(whole, 6);
        const auto split = split_order(routes, amount, Amount{}, slices);
        REQUIRE(split.has_value());
        Amount given;
        for (const auto& part : split->parts)
            given = wrapping_add(given, part.amount_in);
        CHECK(given == amount);
        Amount best;
        for (unsigned i = 0; i <= slices; ++i)
        {
            const auto first = mul_div_down(amount, i, slices).value;
            const auto second = wrapping_sub(amount, first);
            Amount out;
            for (const auto& [route, in] :
                {std::pair{&routes[0], first}, std::pair{&routes[1], second}})
            {
                if (!in.is_zero())
                    out = wrapping_add(out, quote_along(*route, in).back());
            }
            best = std::max(best, out);
        }
        CHECK(split->amount_out == best);
    }
}

TEST_CASE("split order: a part must be worth what it costs", "[strategies][split]")
{
    Pools pools;
    const std::vector<const Exchange*> exchanges{&pools.pair, &pools.v3};
    const auto routes = disjoint_routes(exchanges, pools.usdc.id(), pools.weth.id(), 1, 4);
    const auto amount = units(700'000, 6);
    const auto free = split_order(routes, amount, Amount{}, 16);
    REQUIRE(free.has_value());
    CHECK(free->parts.size() == 2);
    const auto dear = split_order(routes, amount, units(1'000, 18), 16);
    REQUIRE(dear.has_value());
    REQUIRE(dear->parts.size() == 1);
    CHECK(dear->amount_out < free->amount_out);
    CHECK(dear->amount_out == quote_along(dear->parts[0].route, amount).back());
}

TEST_CASE("split order: routes share no exchange, the best first", "[strategies][split]")
{
    Pools pools;
    const std::vector<const Exchange*> exchanges{&pools.thin, &pools.curve, &pools.pair, &pools.v3};
    const auto routes = disjoint_routes(exchanges, pools.dai.id(), pools.weth.id(), 2, 4);
    REQUIRE(routes.size() == 2);  // As many as lead to WETH.
    std::vector<const Exchange*> used;
    for (const auto& route : routes)
    {
        CHECK(route.front().token_in == pools.dai.id());
        CHECK(route.back().token_out == pools.weth.id());
        for (const auto& hop : route)
        {
            CHECK(std::count(used.begin(), used.end(), hop.exchange) == 0);
            used.push_back(hop.exchange);
        }
    }
    CHECK(marginal_rate(routes[0]) >= marginal_rate(routes[1]));
    CHECK(disjoint_routes(exchanges, pools.dai.id(), pools.weth.id(), 1, 4).empty());
}

namespace
{
Parameters aggregator_parameters(const Pools& pools, std::vector<ContractId> pairs)
{
    Parameters parameters;
    parameters.set("pairs", std::move(pairs));
    parameters.set("coin", pools.weth.id());
    parameters.set("interval", always(1));
    parameters.set("size", always(700'000));
    parameters.set("size_min", 50.0);
    parameters.set("depth_share_max", 1.0);
    parameters.set("depth_focus", 1.0);
    parameters.set("inventory_reversion", 1.0);
    parameters.set("impact_max", 0.2);
    parameters.set("gas_slips", 0.0);
    parameters.set("hops_max", std::int64_t{2});
    parameters.set("routes_max", std::int64_t{4});
    parameters.set("slices", std::int64_t{16});
    parameters.set("slippage_bps", always(50));
    parameters.set("fee_tolerance", 0.1);
    parameters.set("deadline", std::int64_t{1'200'000});
    parameters.set("retries", std::int64_t{2});
    parameters.set("fears_for", std::vector<ContractId>{});
    parameters.set("flees_below", always(0));
    parameters.set("flight_delay", always(0));
    parameters.set("check_every", std::int64_t{60'000});
    return parameters;
}
}  // namespace

TEST_CASE("aggregating trader: one transaction trades on two protocols for more than either pays",
    "[strategies][split]")
{
    Pools pools;
    pools.usdc.allocate(pools.me, units(700'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const auto strategy = pools.make(aggregating_trader_strategy(),
        aggregator_parameters(pools, {pools.pair.id(), pools.v3.id()}));
    wallet.advance(strategy->first_block(0));
    Amount alone;
    for (const Exchange* exchange :
        {static_cast<const Exchange*>(&pools.pair), static_cast<const Exchange*>(&pools.v3)})
    {
        alone = std::max(
            alone, exchange->quote_exact_input(pools.usdc.id(), pools.weth.id(), units(700'000, 6))
                       .value());
    }
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    const auto ran = wallet.run(*strategy);
    CAPTURE(ran.outcome.receipt.refusal.text);
    REQUIRE(ran.outcome.ok());
    CHECK(pools.usdc.balance(pools.me).is_zero());
    CHECK(pools.weth.balance(pools.me) > alone);
}

TEST_CASE("aggregating trader: flees from what it fears for, some time after it fell",
    "[strategies][split]")
{
    Pools pools;
    pools.usdc.allocate(pools.me, units(50'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    auto parameters = aggregator_parameters(pools, {pools.curve.id()});
    parameters.set("interval", always(1e8));
    parameters.set("fears_for", std::vector{pools.usdc.id(), pools.dai.id()});
    parameters.set("refuge", pools.usdt.id());
    parameters.set("flees_below", always(0.95));
    parameters.set("flight_delay", always(600));
    const auto strategy = pools.make(aggregating_trader_strategy(), parameters);
    auto next = strategy->first_block(0);
    wallet.advance(next);
    next = wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    CHECK(next == wallet.view().block_number + 5);
    wallet.set_price(pools.usdc.id(), 0.9);
    const auto fell = wallet.view().block_number;
    for (int i = 0; i < 30 && wallet.submissions.empty(); ++i)
    {
        wallet.advance(next - wallet.view().block_number);
        next = wallet.decide(*strategy);
    }
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.view().block_number >= fell + 50);
    REQUIRE(wallet.run(*strategy).outcome.ok());
    CHECK(pools.usdc.balance(pools.me).is_zero());
    CHECK(pools.usdt.balance(pools.me).to_double() > 49'900e6);
}

TEST_CASE("aggregating trader: falls silent when every order is refused", "[strategies][split]")
{
    Pools pools;
    pools.usdc.allocate(pools.me, units(7'000'000, 6));
    FakeWallet wallet{pools.sandbox, pools.me};
    pools.quote_prices(wallet);
    const auto strategy = pools.make(aggregating_trader_strategy(),
        aggregator_parameters(pools, {pools.pair.id(), pools.v3.id()}));
    std::uint64_t sent = 0;
    for (int i = 0; i < 1'000; ++i)
    {
        wallet.advance(1);
        wallet.decide(*strategy);
        for (const auto& submission : std::exchange(wallet.submissions, {}))
        {
            ++sent;
            TransactionOutcome outcome;
            outcome.kind = TransactionOutcome::Kind::reverted;
            outcome.tag = submission.tag;
            outcome.refusal = Refusal::error("Too little received");
            strategy->learn(0, outcome);
        }
    }
    CHECK(sent == 16);
}
