#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "ledger/philox.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/profit.hpp"
#include "strategies/strategies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

Amount units(std::uint64_t whole, unsigned decimals)
{
    return wrapping_mul(whole, Amount::power_of_ten(decimals));
}

/// Pools of WETH at 2,000 USD: WETH/USDC, DAI/WETH, DAI/USDC and WBTC/WETH (20 WETH), and a second
/// WETH/USDC of another factory. Each is worth a few million.
struct Market
{
    Market()
    {
        sandbox.connect();
        fund(weth_usdc, units(1'000, 18), units(2'000'000, 6));
        fund(dai_weth, units(2'000'000, 18), units(1'000, 18));
        fund(dai_usdc, units(3'000'000, 18), units(3'000'000, 6));
        fund(wbtc_weth, units(50, 8), units(1'000, 18));
        fund(other_weth_usdc, units(500, 18), units(1'000'000, 6));
        me = sandbox.account("me");
        rival = sandbox.account("rival");
        for (const auto account : {me, rival})
        {
            sandbox.world().account_states.at(account).balance = units(100, 18);
            weth.allocate(account, units(500, 18));
            usdc.allocate(account, units(1'000'000, 6));
            dai.allocate(account, units(1'000'000, 18));
        }
    }

    Erc20& token(const char* name, std::uint8_t decimals)
    {
        return sandbox.add<Erc20>(name, TokenInfo{name, decimals}, TokenFlavour::openzeppelin5);
    }
    UniswapV2Pair& pair(const char* name, const Erc20& a, const Erc20& b, const Contract& of)
    {
        return sandbox.add<UniswapV2Pair>(name, a.id(), b.id(), of.id());
    }
    Erc20& erc20(ContractId id) { return dynamic_cast<Erc20&>(sandbox.world().contract(id)); }

    void fund(UniswapV2Pair& pool, const Amount& amount0, const Amount& amount1)
    {
        const auto seed = sandbox.account("seed");
        erc20(pool.token0()).allocate(seed, amount0);
        erc20(pool.token1()).allocate(seed, amount1);
        CallWriter calls;
        calls.add(pool.token0(), Erc20Transfer{pool.account(), amount0});
        calls.add(pool.token1(), Erc20Transfer{pool.account(), amount1});
        calls.add(pool.id(), uniswap_v2::Mint{seed});
        REQUIRE(sandbox.run(seed, calls).ok());
    }

    /// The rival pays @p amount into a pool and takes what that buys.
    void swap(UniswapV2Pair& pool, const Erc20& token_in, const Amount& amount)
    {
        const auto amount_out =
            pool.quote_exact_input(token_in.id(), pool.other(token_in.id()), amount).value();
        const bool pays_token0 = token_in.id() == pool.token1();
        CallWriter calls;
        calls.add(token_in.id(), Erc20Transfer{pool.account(), amount});
        calls.add(pool.id(), uniswap_v2::Swap{pays_token0 ? amount_out : Amount{},
                                 pays_token0 ? Amount{} : amount_out, rival, {}});
        REQUIRE(sandbox.run(rival, calls).ok());
    }

    void quote_prices(FakeWallet& wallet, double weth_usd = 2'000)
    {
        wallet.set_price(weth.id(), weth_usd);
        wallet.set_price(usdc.id(), 1);
        wallet.set_price(dai.id(), 1);
        wallet.set_price(wbtc.id(), 20 * weth_usd);
    }

    Sandbox sandbox;
    Erc20& weth = token("WETH", 18);
    Erc20& usdc = token("USDC", 6);
    Erc20& dai = token("DAI", 18);
    Erc20& wbtc = token("WBTC", 8);
    UniswapV2Factory& factory = sandbox.add<UniswapV2Factory>("factory");
    UniswapV2Factory& other_factory = sandbox.add<UniswapV2Factory>("other_factory");
    UniswapV2Router& router = sandbox.add<UniswapV2Router>("router", factory.id());
    UniswapV2Pair& weth_usdc = pair("weth_usdc", weth, usdc, factory);
    UniswapV2Pair& dai_weth = pair("dai_weth", dai, weth, factory);
    UniswapV2Pair& dai_usdc = pair("dai_usdc", dai, usdc, factory);
    UniswapV2Pair& wbtc_weth = pair("wbtc_weth", wbtc, weth, factory);
    UniswapV2Pair& other_weth_usdc = pair("other_weth_usdc", weth, usdc, other_factory);
    AccountId me{};
    AccountId rival{};
};

Parameters noise_parameters(const Market& market)
{
    Parameters parameters;
    parameters.set("router", market.router.id());
    parameters.set("pairs", std::vector{market.weth_usdc.id()});
    parameters.set("coin", market.weth.id());
    parameters.set("interval", always(1));
    parameters.set("size", always(1'000));
    parameters.set("size_min", 10.0);
    parameters.set("depth_share_max", 0.01);
    parameters.set("depth_focus", 1.0);
    parameters.set("inventory_reversion", 1.0);
    parameters.set("multi_hop_share", 0.0);
    parameters.set("slippage_bps", always(50));
    parameters.set("ask_quotes", 0.0);
    parameters.set("hesitation", always(0));
    parameters.set("gas_slips", 0.0);
    parameters.set("follows_new_pools", false);
    parameters.set("deadline", std::int64_t{1'200'000});
    parameters.set("fee_share_max", 1.0);
    parameters.set("sensitivity", always(0));
    parameters.set("volatility_of", market.weth.id());
    parameters.set("volatility_window", std::int64_t{1'800'000});
    parameters.set("normal_volatility", 0.8);
    parameters.set("activity_max", 20.0);
    parameters.set("caution", std::int64_t{1'800'000});
    parameters.set("retries", std::int64_t{2});
    return parameters;
}

Parameters arbitrage_parameters(const Market& market, std::vector<ContractId> pairs)
{
    Parameters parameters;
    parameters.set("pairs", std::move(pairs));
    parameters.set("coin", market.weth.id());
    parameters.set("reference", true);
    parameters.set("follows_new_pools", false);
    parameters.set("cycle_length_max", std::int64_t{3});
    parameters.set("profit_min", always(1));
    parameters.set("reaction", always(1));
    parameters.set("reaction_spread", 0.0);
    parameters.set("gas_money", 1.0);
    parameters.set("bid_share", always(0.25));
    parameters.set("inventory_share_max", 1.0);
    parameters.set("trades_per_block", std::int64_t{4});
    parameters.set("flash", always(0));
    parameters.set("bid_stake", 25.0);
    parameters.set("bid_memory", std::int64_t{3'600'000});
    return parameters;
}

Parameters provider_parameters(const Market& market)
{
    Parameters parameters;
    parameters.set("router", market.router.id());
    parameters.set("pairs", std::vector{market.weth_usdc.id()});
    parameters.set("enter", always(24));
    parameters.set("size", always(100'000));
    parameters.set("size_min", 50.0);
    parameters.set("hold", always(3'600));
    parameters.set("drawdown_max", always(0.2));
    parameters.set("loss_max", always(1));
    parameters.set("patience", always(0));
    parameters.set("remove_share", always(1));
    parameters.set("slippage_bps", always(100));
    parameters.set("check_every", std::int64_t{600'000});
    parameters.set("deadline", std::int64_t{1'200'000});
    parameters.set("retry_after", std::int64_t{300'000});
    parameters.set("retries", std::int64_t{3});
    return parameters;
}

std::unique_ptr<Strategy> make(
    const StrategyType& type, const Parameters& parameters, Market& market)
{
    return type.create(parameters, runnel::tests::group_of_one(market.sandbox.world(), market.me));
}

/// Lets a trader with an interval of a second act until it submits something.
void decide_until_submitted(FakeWallet& wallet, Strategy& strategy)
{
    for (int i = 0; i < 100 && wallet.submissions.empty(); ++i)
    {
        wallet.advance(1);
        wallet.decide(strategy);
    }
    REQUIRE(wallet.submissions.size() == 1);
}

std::vector<CallView> calls_of(const CallWriter& writer)
{
    std::vector<CallView> calls;
    CallReader reader{writer.bytes()};
    while (const auto call = reader.next())
        calls.push_back(*call);
    return calls;
}

template <typename Call>
Call argument(const CallView& view)
{
    REQUIRE(view.method == Call::method);
    Call call{};
    REQUIRE(decode(view.arguments, call));
    return call;
}

uniswap_v2::SwapExactTokensForTokens swap_of(const FakeWallet& wallet)
{
    return argument<uniswap_v2::SwapExactTokensForTokens>(
        calls_of(wallet.submissions.front().calls).back());
}

/// USD of what an account holds.
double wealth(const Market& market, AccountId account, double weth_usd = 2'000)
{
    return market.weth.balance(account).to_double() * 1e-18 * weth_usd +
           market.usdc.balance(account).to_double() * 1e-6 +
           market.dai.balance(account).to_double() * 1e-18;
}

}  // namespace

TEST_CASE("noise trader: the first trade of a token approves and swaps in one transaction",
    "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    const auto strategy = make(noise_trader_strategy(), noise_parameters(market), market);
    CHECK(strategy->first_block(0) >= 1);

    std::vector<ContractId> approved;
    for (int trade = 0; trade < 12; ++trade)
    {
        decide_until_submitted(wallet, *strategy);
        const auto calls = calls_of(wallet.submissions.front().calls);
        const auto swap = swap_of(wallet);
        const bool first =
            std::find(approved.begin(), approved.end(), swap.path[0]) == approved.end();
        CHECK(calls.size() == (first ? 2 : 1));
        if (first)
        {
            const auto approval = argument<Erc20Approve>(calls.front());
            CHECK(calls.front().contract == swap.path[0]);
            CHECK(approval.spender == market.router.account());
            CHECK(approval.value == Amount::max());
            approved.push_back(swap.path[0]);
        }
        // Exactly its quote less its slippage, to the last unit.
        const auto quote = market.router.quote_exact_input(swap.path, swap.amount_in).value();
        CHECK(swap.amount_out_min == div_down(wrapping_mul(quote, 9'950), 10'000));
        CHECK(swap.to == market.me);
        CHECK(swap.deadline == wallet.view().timestamp + 1'200);
        CHECK(wallet.run(*strategy).outcome.ok());
    }
    CHECK(approved.size() == 2);
}

TEST_CASE("noise trader: learns from a price that ran away", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    const auto strategy = make(noise_trader_strategy(), noise_parameters(market), market);
    (void)strategy->first_block(0);
    decide_until_submitted(wallet, *strategy);

    const auto before = wealth(market, market.me);
    std::uint64_t slippage_bps = 50;
    for (int attempt = 0; attempt < 3; ++attempt)
    {
        const auto swap = swap_of(wallet);
        // A fresh quote, and a wider limit each time.
        const auto quote = market.router.quote_exact_input(swap.path, swap.amount_in).value();
        CHECK(swap.amount_out_min == div_down(wrapping_mul(quote, 10'000 - slippage_bps), 10'000));
        slippage_bps *= 2;

        // Somebody buys before it does.
        const auto& token_in = market.erc20(swap.path[0]);
        market.swap(
            market.weth_usdc, token_in, div_down(market.weth_usdc.reserve(token_in.id()), 50));
        const auto ran = wallet.run(*strategy);
        CHECK(ran.outcome.receipt.refusal.text == "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
        CHECK(wealth(market, market.me) == before);
        CHECK(ran.acts_again == (attempt < 2));  // Two retries, then it gives up.
        if (ran.acts_again)
        {
            wallet.decide(*strategy);
            REQUIRE(wallet.submissions.size() == 1);
        }
    }
    CHECK(wallet.submissions.empty());

    // The next trade is another one, still careful; half an hour later it is as before.
    decide_until_submitted(wallet, *strategy);
    auto swap = swap_of(wallet);
    auto quote = market.router.quote_exact_input(swap.path, swap.amount_in).value();
    CHECK(swap.amount_out_min == div_down(wrapping_mul(quote, 10'000 - 400), 10'000));
    CHECK(wallet.run(*strategy).outcome.ok());
    wallet.advance(151);
    decide_until_submitted(wallet, *strategy);
    swap = swap_of(wallet);
    quote = market.router.quote_exact_input(swap.path, swap.amount_in).value();
    CHECK(swap.amount_out_min == div_down(wrapping_mul(quote, 10'000 - 50), 10'000));
}

TEST_CASE("noise trader: without funds it waits for income", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("interval", always(1'200));
    const auto strategy = make(noise_trader_strategy(), parameters, market);
    auto next = strategy->first_block(0);
    wallet.advance(next);
    next = wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);

    // Its money goes elsewhere before the trade runs.
    const auto token_in = swap_of(wallet).path[0];
    REQUIRE(market.sandbox
                .run(market.me, token_in,
                    Erc20Transfer{market.rival, market.erc20(token_in).balance(market.me)})
                .ok());
    const auto ran = wallet.run(*strategy);
    CHECK(ran.outcome.receipt.refusal.text == "TransferHelper: TRANSFER_FROM_FAILED");
    CHECK_FALSE(ran.acts_again);

    // With nothing at all it never submits, and looks ever less often.
    for (auto* token : {&market.weth, &market.usdc})
    {
        REQUIRE(
            market.sandbox
                .run(market.me, token->id(), Erc20Transfer{market.rival, token->balance(market.me)})
                .ok());
    }
    std::uint64_t wakes = 0;
    const auto end = wallet.view().block_number + 10'000;  // 100 intervals.
    while (next < end)
    {
        wallet.advance(next - wallet.view().block_number);
        next = wallet.decide(*strategy);
        CHECK(wallet.submissions.empty());
        ++wakes;
    }
    CHECK(wakes < 20);
}

TEST_CASE("noise trader: a quote by message equals the view's", "[scenarios][strategy]")
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        CAPTURE(seed);
        std::array<Bytes, 2> submitted;
        for (const bool asks : {false, true})
        {
            Market market;
            FakeWallet wallet{market.sandbox, market.me};
            wallet.seed = seed;
            market.quote_prices(wallet);
            auto parameters = noise_parameters(market);
            parameters.set("ask_quotes", asks ? 1.0 : 0.0);
            Distribution size;
            size.shape = Distribution::Shape::log_normal;
            size.a = 6.7;
            size.b = 1.8;
            parameters.set("size", size);
            parameters.set("pairs",
                std::vector{market.weth_usdc.id(), market.dai_usdc.id(), market.dai_weth.id()});
            const auto strategy = make(noise_trader_strategy(), parameters, market);
            (void)strategy->first_block(0);
            decide_until_submitted(wallet, *strategy);
            CHECK(wallet.rounds_of_questions == (asks ? 1 : 0));
            submitted[asks ? 1 : 0] = wallet.submissions.front().calls.bytes();
            CHECK(wallet.run(*strategy).outcome.ok());
        }
        CHECK(submitted[0] == submitted[1]);
    }
}

TEST_CASE("noise trader: trades tokens without a pool over several hops", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("pairs", std::vector{market.weth_usdc.id(), market.wbtc_weth.id()});
    parameters.set("multi_hop_share", 1.0);
    parameters.set("depth_focus", 0.0);
    const auto strategy = make(noise_trader_strategy(), parameters, market);
    (void)strategy->first_block(0);
    unsigned hops_two = 0;
    for (int trade = 0; trade < 20; ++trade)
    {
        decide_until_submitted(wallet, *strategy);
        const auto swap = swap_of(wallet);
        if (swap.path.size() == 3)
        {
            ++hops_two;
            CHECK(swap.path[1] == market.weth.id());
            CHECK(wallet.submissions.front().bid.extra_gas == UniswapV2Router::hop_gas);
        }
        CHECK(wallet.run(*strategy).outcome.ok());
    }
    CHECK(hops_two > 5);
    CHECK_FALSE(market.wbtc.balance(market.me).is_zero());
}

TEST_CASE(
    "noise trader: keeps its inventories and trades no more than it holds", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("size", always(500'000));  // Clipped: 1% of a depth of 4 million.
    const auto strategy = make(noise_trader_strategy(), parameters, market);
    (void)strategy->first_block(0);
    for (int trade = 0; trade < 100; ++trade)
    {
        decide_until_submitted(wallet, *strategy);
        const auto swap = swap_of(wallet);
        const auto usd = swap.path[0] == market.weth.id()
                             ? swap.amount_in.to_double() * 1e-18 * 2'000
                             : swap.amount_in.to_double() * 1e-6;
        CHECK(usd <=
              0.0101 * 2 * market.weth_usdc.reserve(market.usdc.id()).to_double() * 1e-6 * 1.5);
        CHECK(wallet.run(*strategy).outcome.ok());
    }
    // 100 trades of about 40,000 USD with a million of each: blind, it would be out of one.
    CHECK(market.weth.balance(market.me) > units(100, 18));
    CHECK(market.usdc.balance(market.me) > units(200'000, 6));
}

TEST_CASE("noise trader: returns to what it held at the start", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("size", always(500));
    const auto strategy = make(noise_trader_strategy(), parameters, market);
    (void)strategy->first_block(0);
    // It gives nine tenths of its WETH away, and buys some back more often than it sells.
    REQUIRE(
        market.sandbox.run(market.me, market.weth.id(), Erc20Transfer{market.rival, units(450, 18)})
            .ok());
    int bought = 0;
    for (int trade = 0; trade < 100; ++trade)
    {
        decide_until_submitted(wallet, *strategy);
        bought += swap_of(wallet).path[0] == market.usdc.id() ? 1 : 0;
        CHECK(wallet.run(*strategy).outcome.ok());
    }
    CHECK(bought > 80);
}

TEST_CASE("noise trader: buys no more of a token than it likes to hold", "[scenarios][strategy]")
{
    Market market;
    const auto holder = market.sandbox.account("holder");
    market.sandbox.world().account_states.at(holder).balance = units(100, 18);
    market.weth.allocate(holder, units(1, 18));
    market.usdc.allocate(holder, units(1'000'000, 6));
    FakeWallet wallet{market.sandbox, holder};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("size", always(30'000));
    const auto strategy = noise_trader_strategy().create(
        parameters, runnel::tests::group_of_one(market.sandbox.world(), holder));
    (void)strategy->first_block(0);
    for (int trade = 0; trade < 20; ++trade)
    {
        decide_until_submitted(wallet, *strategy);
        const auto swap = swap_of(wallet);
        if (swap.path[0] == market.usdc.id())
            CHECK(swap.amount_in == units(2'000, 6));  // One WETH's worth.
        CHECK(wallet.run(*strategy).outcome.ok());
    }
}

TEST_CASE("noise trader: trades more often in a crash, if it is sensitive", "[scenarios][strategy]")
{
    const auto count = [](double sensitivity, bool wild)
    {
        Market market;
        FakeWallet wallet{market.sandbox, market.me};
        market.quote_prices(wallet);
        std::vector<std::uint64_t> path;
        for (std::uint64_t block = 0; block < 6'000; ++block)
            path.push_back(200'000'000'000 + (wild && block / 5 % 2 == 0 ? 1'500'000'000 : 0));
        wallet.set_price_path(market.weth.id(), path);
        auto parameters = noise_parameters(market);
        parameters.set("interval", always(1'200));
        parameters.set("sensitivity", always(sensitivity));
        const auto strategy = make(noise_trader_strategy(), parameters, market);
        wallet.advance(200);
        auto next = wallet.view().block_number + strategy->first_block(0);
        unsigned trades = 0;
        while (next < 5'200)
        {
            wallet.advance(next - wallet.view().block_number);
            next = wallet.decide(*strategy);
            trades += wallet.submissions.empty() ? 0 : 1;
            if (!wallet.submissions.empty())
                wallet.run(*strategy);
        }
        return trades;
    };
    // 5,000 blocks of 12 s are 50 intervals. Swings of 0.75% a minute are about 7 times normal.
    const auto calm = count(1, false);
    const auto wild = count(1, true);
    CHECK(calm > 30);
    CHECK(calm < 75);
    CHECK(wild > 4 * calm);
    CHECK(count(0, true) < 75);
}

TEST_CASE(
    "volatility: a path of equal steps has the volatility of its steps", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    // 0.1% up or down per block of 12 s: 0.001 * sqrt(31,536,000 / 12) = 1.62 a year.
    std::vector<std::uint64_t> path;
    for (int i = 0; i < 400; ++i)
        path.push_back(i % 2 == 0 ? 200'000'000'000 : 200'200'000'000);
    wallet.set_price_path(market.weth.id(), path);
    wallet.advance(200);
    CHECK(realized_volatility(wallet.view(), market.weth.id(), 32 * 12'000) ==
          Approx(1.62).epsilon(0.01));
    CHECK(realized_volatility(wallet.view(), market.dai.id(), 32 * 12'000) == 0);
    wallet.set_price(market.weth.id(), 2'000);
    CHECK(realized_volatility(wallet.view(), market.weth.id(), 1'800'000) == 0);
}

TEST_CASE("dex map: finds routes, and prices tokens without a reference", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    DexMap map{market.sandbox.world(), {market.weth_usdc.id(), market.wbtc_weth.id()}};
    CHECK(map.tokens().size() == 3);  // WETH, USDC, WBTC.
    CHECK(map.shortest_route(0, 1).size() == 1);
    CHECK(map.shortest_route(1, 1).empty());
    const auto hops = map.hops(map.shortest_route(1, 2));
    REQUIRE(hops.size() == 2);
    CHECK(hops[0].exchange == &market.weth_usdc);
    CHECK(hops[0].token_out == market.weth.id());
    CHECK(hops[1].exchange == &market.wbtc_weth);
    CHECK(hops[1].token_out == market.wbtc.id());

    wallet.set_price(market.usdc.id(), 1);
    map.observe(wallet.view());
    CHECK(map.tokens()[0].usd == Approx(2'000));
    CHECK(map.tokens()[2].usd == Approx(40'000));
    CHECK(map.pools()[1].depth_usd == Approx(4'000'000));

    const DexMap islands{market.sandbox.world(), {market.weth_usdc.id()}};
    CHECK(islands.shortest_route(0, 1).size() == 1);
}

// Method: random pools over many orders of magnitude, cycles of one to three hops and random values
// of the tokens. No other amount may earn more than the one found, but for the rounding of each hop
// (one unit of the last token per hop, and what a unit lost on the way was worth by its end).
TEST_CASE("best amount: earns more than any other amount", "[scenarios][strategy][property]")
{
    Sandbox sandbox;
    std::vector<Erc20*> tokens;
    for (const auto* name : {"A", "B", "C"})
        tokens.push_back(&sandbox.add<Erc20>(name, TokenInfo{name, 18}, TokenFlavour::uniswap));
    auto& factory = sandbox.add<UniswapV2Factory>("factory");
    std::vector<UniswapV2Pair*> pools;
    for (std::size_t i = 0; i < 3; ++i)
    {
        pools.push_back(&sandbox.add<UniswapV2Pair>(
            "pool" + std::to_string(i), tokens[i]->id(), tokens[(i + 1) % 3]->id(), factory.id()));
    }
    sandbox.connect();
    const auto someone = sandbox.account("someone");

    RandomStream random{20'261'126, 0, 0, 0};
    const auto amount = [&random]
    {
        return wrapping_mul(1'000'000 + random.uniform_below(1'000'000'000),
            Amount::power_of_ten(static_cast<unsigned>(3 + random.uniform_below(15))));
    };
    unsigned profitable = 0;
    for (int round = 0; round < 300; ++round)
    {
        // Donations and a sync set the reserves to anything above what was there.
        const auto size = amount();
        for (auto* pool : pools)
        {
            CallWriter calls;
            for (const auto token : {pool->token0(), pool->token1()})
            {
                const auto value =
                    div_down(wrapping_mul(size, 900 + random.uniform_below(200)), 1'000);
                dynamic_cast<Erc20&>(sandbox.world().contract(token)).allocate(someone, value);
                calls.add(token, Erc20Transfer{pool->account(), value});
            }
            calls.add(pool->id(), uniswap_v2::Sync{});
            REQUIRE(sandbox.run(someone, calls).ok());
        }
        for (std::size_t length = 1; length <= 3; ++length)
        {
            std::vector<Hop> route;
            for (std::size_t i = 0; i < length; ++i)
                route.push_back({pools[i], tokens[i]->id(), tokens[(i + 1) % 3]->id()});
            const auto value_in = 1'000 + random.uniform_below(20);
            const auto value_out = length == 3 ? value_in : 1'000 + random.uniform_below(20);
            const auto best = best_amount_in(route, {value_in, 1}, {value_out, 1});
            CAPTURE(round, length, value_in, value_out, best.to_string());
            const auto earns = [&](const Amount& amount_in)
            {
                const auto amounts = quote_along(route, amount_in);
                return amounts.empty()
                           ? -1e300
                           : amounts.back().to_double() * static_cast<double>(value_out) -
                                 amount_in.to_double() * static_cast<double>(value_in);
            };
            const auto rate = marginal_rate(route) * static_cast<double>(value_out) /
                              static_cast<double>(value_in);
            if (best.is_zero())
            {
                CHECK(rate < 1.000001);
                continue;
            }
            ++profitable;
            REQUIRE(rate > 1);
            const auto profit = earns(best);
            // Where profit is more than rounding, the search finds it without the formula.
            const auto searched = earns(search_amount_in(route, {value_in, 1}, {value_out, 1}));
            if (profit > 1e9)
                CHECK(searched > profit * 0.999'99);
            const auto tolerance = 1e-12 * best.to_double() * static_cast<double>(value_in) + 1e5;
            for (const auto permille : {1U, 500U, 900U, 990U, 999U, 1'001U, 1'010U, 1'100U, 2'000U})
            {
                const auto other = div_down(wrapping_mul(best, permille), 1'000);
                if (!other.is_zero())
                    REQUIRE(earns(other) <= profit + tolerance);
            }
        }
    }
    CHECK(profitable > 100);
}

TEST_CASE(
    "arbitrageur: brings a pool to the edge of the band without arbitrage", "[scenarios][strategy]")
{
    for (const double weth_usd : {1'900.0, 1'980.0, 2'020.0, 2'200.0})
    {
        CAPTURE(weth_usd);
        Market market;
        FakeWallet wallet{market.sandbox, market.me};
        market.quote_prices(wallet, weth_usd);
        const auto strategy = make(
            arbitrageur_strategy(), arbitrage_parameters(market, {market.weth_usdc.id()}), market);
        CHECK(strategy->first_block(0) == 1);
        CHECK(wallet.decide(*strategy) == wallet.view().block_number + 1);
        REQUIRE(wallet.submissions.size() == 1);
        const auto bid = wallet.submissions.front().bid;
        CHECK(bid.max_fee > wallet.view().base_fee + bid.priority_fee);

        const auto before = wealth(market, market.me, weth_usd);
        const auto ran = wallet.run(*strategy);
        REQUIRE(ran.outcome.ok());
        const auto profit = wealth(market, market.me, weth_usd) - before;
        const auto gas = static_cast<double>(ran.outcome.receipt.gas_used) * 1e-18 * weth_usd;
        const auto base_fee = gas * static_cast<double>(wallet.view().base_fee);
        const auto tip = gas * static_cast<double>(bid.priority_fee);
        CHECK(profit - base_fee - tip >= 1);  // What it wanted at least.
        // What it believes rivals to bid, or as much as its stake allows it to lose.
        CHECK(tip <= (profit - base_fee) / 4 * 1.01);
        CHECK(tip * 0.4 <= 25);

        // At the edge of the band, but for the fee that this trade itself left in the pool.
        const auto price = market.weth_usdc.spot_price(market.weth.id(), market.usdc.id()) * 1e12;
        const auto edge = weth_usd < 2'000 ? weth_usd / 0.997 : weth_usd * 0.997;
        CHECK(price == Approx(edge).epsilon(2e-4));
        CHECK(std::abs(price / weth_usd - 1) < 0.0031);
        wallet.advance(1);
        wallet.decide(*strategy);
        CHECK(wallet.submissions.empty());
    }
}

TEST_CASE("arbitrageur: does nothing inside the fee's band, nor for less than gas",
    "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    const auto strategy = make(arbitrageur_strategy(),
        arbitrage_parameters(market, {market.weth_usdc.id(), market.dai_weth.id(),
                                         market.dai_usdc.id(), market.wbtc_weth.id()}),
        market);
    for (const double weth_usd : {1'994.5, 1'998.0, 2'000.0, 2'002.0, 2'005.5})
    {
        CAPTURE(weth_usd);
        market.quote_prices(wallet, weth_usd);
        wallet.set_price(market.wbtc.id(), 40'000);
        wallet.advance(1);
        wallet.decide(*strategy);
        CHECK(wallet.submissions.empty());
    }
    // A gap of 1% earns about 24 USD on a pool of 4 million, and gas at 300 gwei costs 48.
    market.quote_prices(wallet, 2'020);
    wallet.set_base_fee(300'000'000'000);
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    wallet.set_base_fee(1'000'000'000);
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK_FALSE(wallet.submissions.empty());
}

TEST_CASE(
    "arbitrageur: closes cycles of two and three pools in one transaction", "[scenarios][strategy]")
{
    const bool three = GENERATE(false, true);
    CAPTURE(three);
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = arbitrage_parameters(market,
        three ? std::vector{market.weth_usdc.id(), market.dai_weth.id(), market.dai_usdc.id()}
              : std::vector{market.weth_usdc.id(), market.other_weth_usdc.id()});
    parameters.set("reference", false);
    const auto strategy = make(arbitrageur_strategy(), parameters, market);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());  // Nothing to earn yet.

    market.swap(market.weth_usdc, market.usdc, units(60'000, 6));
    wallet.advance(1);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(calls_of(wallet.submissions.front().calls).size() == (three ? 4 : 3));

    // Exactly one token grew, the others are as they were.
    const std::array before{market.weth.balance(market.me), market.usdc.balance(market.me),
        market.dai.balance(market.me)};
    REQUIRE(wallet.run(*strategy).outcome.ok());
    const std::array after{market.weth.balance(market.me), market.usdc.balance(market.me),
        market.dai.balance(market.me)};
    unsigned grown = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
    {
        CHECK(after[i] >= before[i]);
        grown += after[i] > before[i] ? 1 : 0;
    }
    CHECK(grown == 1);
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("arbitrageur: reacts after seconds, however long a slot is", "[scenarios][strategy]")
{
    for (const auto& [slot_seconds, block] : {std::pair{12U, 3U}, {30U, 1U}, {1U, 30U}, {7U, 5U}})
    {
        CAPTURE(slot_seconds);
        Market market;
        FakeWallet wallet{market.sandbox, market.me, slot_seconds};
        market.quote_prices(wallet, 2'100);
        auto parameters = arbitrage_parameters(market, {market.weth_usdc.id()});
        parameters.set("reaction", always(30));
        const auto strategy = make(arbitrageur_strategy(), parameters, market);
        unsigned blocks = 0;
        while (wallet.submissions.empty() && blocks < 100)
        {
            wallet.decide(*strategy);
            wallet.advance(1);
            ++blocks;
        }
        CHECK(blocks == block);
    }
}

TEST_CASE("arbitrageur: who only loses keeps away, ever longer", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet, 2'100);
    const auto strategy =
        make(arbitrageur_strategy(), arbitrage_parameters(market, {market.weth_usdc.id()}), market);
    // The gap is there in every block, and a rival is always first.
    unsigned sent = 0;
    unsigned sent_late = 0;
    for (int block = 0; block < 4'000; ++block)
    {
        wallet.decide(*strategy);
        const auto waiting = std::exchange(wallet.submissions, {});
        for (const auto& submission : waiting)
        {
            TransactionOutcome outcome;
            outcome.kind = TransactionOutcome::Kind::reverted;
            outcome.tag = submission.tag;
            outcome.gas_used = 50'000;
            outcome.gas_price = wallet.view().base_fee + submission.bid.priority_fee;
            strategy->learn(0, outcome);
            ++sent;
            sent_late += block >= 1'000 ? 1 : 0;
        }
        wallet.advance(1);
    }
    CHECK(sent >= 1);
    CHECK(sent <= 12);
    CHECK(sent_late <= 4);
}

TEST_CASE("arbitrageur: alone it bids little, and more once rivals beat low bids",
    "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet, 2'020);
    const auto strategy =
        make(arbitrageur_strategy(), arbitrage_parameters(market, {market.weth_usdc.id()}), market);
    // Rivals bid so many wei per gas: whoever bids less loses.
    const auto race = [&](std::uint64_t rival)
    {
        wallet.advance(1);
        wallet.decide(*strategy);
        if (wallet.submissions.empty())
            return std::uint64_t{0};
        const auto submission = std::exchange(wallet.submissions, {}).front();
        TransactionOutcome outcome;
        outcome.kind = submission.bid.priority_fee > rival ? TransactionOutcome::Kind::succeeded
                                                           : TransactionOutcome::Kind::reverted;
        outcome.tag = submission.tag;
        outcome.gas_used = outcome.kind == TransactionOutcome::Kind::succeeded ? 110'000 : 50'000;
        outcome.gas_price = wallet.view().base_fee + submission.bid.priority_fee;
        strategy->learn(0, outcome);
        return submission.bid.priority_fee;
    };
    const auto first = race(0);
    REQUIRE(first > 0);
    std::uint64_t alone = 0;
    for (int i = 0; i < 40; ++i)
        alone = race(0);
    CHECK(alone > 0);
    CHECK(alone <= first);
    std::uint64_t contested = 0;
    for (int i = 0; i < 200; ++i)
        contested = std::max(contested, race(2 * alone));
    CHECK(contested > 2 * alone);
}

TEST_CASE(
    "liquidity provider: adds at the pool's ratio, holds, and removes all", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    market.swap(market.weth_usdc, market.weth, units(30, 18));
    const auto strategy = make(liquidity_provider_strategy(), provider_parameters(market), market);
    CHECK(strategy->first_block(0) == 3);  // 24 seconds, two slots.
    wallet.advance(2);
    const auto weth_before = market.weth.balance(market.me);
    const auto usdc_before = market.usdc.balance(market.me);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(calls_of(wallet.submissions.front().calls).size() == 3);  // Two approvals.
    const auto reserve0 = market.weth_usdc.reserve(market.weth.id());
    const auto reserve1 = market.weth_usdc.reserve(market.usdc.id());
    const auto ran = wallet.run(*strategy);
    REQUIRE(ran.outcome.ok());
    const auto paid_weth = wrapping_sub(weth_before, market.weth.balance(market.me));
    const auto paid_usdc = wrapping_sub(usdc_before, market.usdc.balance(market.me));
    CHECK(paid_weth.to_double() * 2e-15 + paid_usdc.to_double() * 1e-6 == Approx(100'000));
    const bool weth_decides = paid_usdc == div_down(wrapping_mul(paid_weth, reserve1), reserve0);
    CHECK((weth_decides || paid_weth == div_down(wrapping_mul(paid_usdc, reserve0), reserve1)));
    CHECK(ran.acts_again);

    auto next = wallet.decide(*strategy);
    const auto entered = wallet.view().block_number;
    CHECK(next == entered + 50);  // Looks every ten minutes.
    while (wallet.submissions.empty())
    {
        wallet.advance(next - wallet.view().block_number);
        next = wallet.decide(*strategy);
    }
    CHECK(wallet.view().block_number == entered + 1 + 300);  // An hour.
    CHECK(wallet.run(*strategy).outcome.ok());
    CHECK(market.weth_usdc.share_balance(market.me).is_zero());
    CHECK(wallet.decide(*strategy) == ~0ULL);
    // Rounding is in the pool's favour, by a unit or two.
    CHECK(market.weth.balance(market.me) <= weth_before);
    CHECK(wrapping_sub(weth_before, market.weth.balance(market.me)) < Amount{10'000'000'000});
}

TEST_CASE("liquidity provider: takes a part out when it has lost too much", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = provider_parameters(market);
    parameters.set("hold", always(86'400));
    parameters.set("remove_share", always(0.25));
    const auto strategy = make(liquidity_provider_strategy(), parameters, market);
    wallet.advance(strategy->first_block(0));
    wallet.decide(*strategy);
    REQUIRE(wallet.run(*strategy).outcome.ok());
    auto next = wallet.decide(*strategy);
    const auto shares = market.weth_usdc.share_balance(market.me);

    wallet.advance(next - wallet.view().block_number);
    market.quote_prices(wallet, 1'300);  // Half of it falls by 35%: 17.5% in all.
    next = wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    wallet.advance(next - wallet.view().block_number);
    market.quote_prices(wallet, 1'100);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.run(*strategy).outcome.ok());
    CHECK(market.weth_usdc.share_balance(market.me) == wrapping_sub(shares, div_down(shares, 4)));
}

TEST_CASE("liquidity provider: leaves when holding would be better for long enough",
    "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = provider_parameters(market);
    parameters.set("hold", always(86'400));
    parameters.set("drawdown_max", always(1));
    parameters.set("loss_max", always(0.01));
    parameters.set("patience", always(1'800));
    const auto strategy = make(liquidity_provider_strategy(), parameters, market);
    wallet.advance(strategy->first_block(0));
    wallet.decide(*strategy);
    REQUIRE(wallet.run(*strategy).outcome.ok());
    auto next = wallet.decide(*strategy);
    const auto looks = [&](double weth_usd, int most)
    {
        int made = 0;
        while (made < most && wallet.submissions.empty())
        {
            wallet.advance(next - wallet.view().block_number);
            market.quote_prices(wallet, weth_usd);
            next = wallet.decide(*strategy);
            ++made;
        }
        return made;
    };
    // A fall of everything in USD alone is no loss against holding.
    CHECK(looks(1'000, 6) == 6);
    CHECK(wallet.submissions.empty());
    // The pool goes to 1,390: 1.6% of impermanent loss. It recovers before its patience ends,
    market.swap(market.weth_usdc, market.weth, units(210, 18));
    CHECK(looks(1'390, 2) == 2);
    CHECK(wallet.submissions.empty());
    market.swap(market.weth_usdc, market.usdc, units(350'000, 6));
    CHECK(looks(2'000, 3) == 3);
    CHECK(wallet.submissions.empty());
    // and at last does not: it leaves at the look half an hour after the first.
    market.swap(market.weth_usdc, market.weth, units(210, 18));
    CHECK(looks(1'390, 9) == 4);
    REQUIRE(wallet.submissions.size() == 1);
    REQUIRE(wallet.run(*strategy).outcome.ok());
    CHECK(market.weth_usdc.share_balance(market.me).is_zero());
}

TEST_CASE("noise trader: signs what it looked at a while ago", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("hesitation", always(30));
    const auto strategy = make(noise_trader_strategy(), parameters, market);
    // It plans in its first block and looks at a price in the next; it signs 2.5 slots later.
    for (int i = 0; i < 2; ++i)
    {
        wallet.advance(1);
        wallet.decide(*strategy);
        REQUIRE(wallet.submissions.empty());
    }
    const auto looked = wallet.view().block_number;
    const auto sells_weth = [&](const FakeWallet& of)
    { return *swap_of(of).path.begin() == market.weth.id(); };
    wallet.advance(1);
    // Meanwhile the price moves by more than its slippage of 0.5%, in either direction.
    const bool up = GENERATE(true, false);
    if (up)
        market.swap(market.weth_usdc, market.usdc, units(20'000, 6));
    else
        market.swap(market.weth_usdc, market.weth, units(10, 18));
    wallet.decide(*strategy);
    for (int i = 0; i < 3 && wallet.submissions.empty(); ++i)
    {
        wallet.advance(1);
        wallet.decide(*strategy);
    }
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.view().block_number == looked + 2);
    const bool suffers = sells_weth(wallet) != up;
    const auto ran = wallet.run(*strategy);
    CHECK(ran.outcome.ok() == !suffers);
    CHECK(ran.acts_again == suffers);
    if (suffers)
    {
        // Again, at once and with a fresh quote.
        wallet.advance(1);
        wallet.decide(*strategy);
        REQUIRE(wallet.submissions.size() == 1);
        CHECK(wallet.run(*strategy).outcome.ok());
    }
}

TEST_CASE("noise trader: gives a gas limit that is too low, and a right one the next time",
    "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    auto parameters = noise_parameters(market);
    parameters.set("gas_slips", 1.0);
    const auto strategy = make(noise_trader_strategy(), parameters, market);
    decide_until_submitted(wallet, *strategy);
    CHECK(wallet.submissions.front().bid.gas_percent >= 60);
    CHECK(wallet.submissions.front().bid.gas_percent < 95);
    wallet.submissions.clear();
    TransactionOutcome outcome;
    outcome.kind = TransactionOutcome::Kind::reverted;
    outcome.refusal = Refusal::ledger("out of gas");
    CHECK(strategy->learn(0, outcome));
    wallet.advance(1);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions.front().bid.gas_percent == 100);
}

TEST_CASE(
    "arbitrageur: reacts now sooner, now later, if its reaction spreads", "[scenarios][strategy]")
{
    std::set<std::uint64_t> waits;
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
    {
        Market market;
        FakeWallet wallet{market.sandbox, market.me};
        wallet.seed = seed;
        wallet.advance(1);
        market.quote_prices(wallet, 2'100);
        auto parameters = arbitrage_parameters(market, {market.weth_usdc.id()});
        parameters.set("reaction", always(12));
        parameters.set("reaction_spread", 0.8);
        const auto strategy = make(arbitrageur_strategy(), parameters, market);
        std::uint64_t waited = 0;
        for (wallet.decide(*strategy); wallet.submissions.empty(); wallet.decide(*strategy))
        {
            REQUIRE(++waited < 20);
            wallet.advance(1);
        }
        waits.insert(waited);
    }
    CHECK(waits.contains(0));
    CHECK(waits.size() >= 3);
}

TEST_CASE("searchers: unwrap coins when gas money runs low", "[scenarios][strategy]")
{
    Sandbox sandbox;
    auto& weth = sandbox.add<Weth9>("WETH", "WETH");
    sandbox.connect();
    const auto me = sandbox.account("me");
    weth.allocate(sandbox.world(), me, units(3, 18));
    auto& balance = sandbox.world().account_states.at(me).balance;
    Parameters parameters;
    parameters.set("coin", weth.id());
    parameters.set("gas_money", 2.0);
    const GasMoney gas_money{parameters, sandbox.world()};
    FakeWallet wallet{sandbox, me};
    balance = div_down(units(1, 18), 2);
    CHECK_FALSE(gas_money.refill(wallet));  // A quarter is enough.
    balance = div_down(units(1, 18), 4);
    REQUIRE(gas_money.refill(wallet));
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.submissions.front().tag == GasMoney::tag);
    REQUIRE(sandbox.run(me, wallet.submissions.front().calls).ok());
    CHECK(sandbox.world().account_states.at(me).balance == units(2, 18));
    CHECK(weth.balance(me) == div_down(wrapping_mul(units(1, 18), 5), 4));
    // A plain token cannot be unwrapped.
    Market market;
    parameters.set("coin", market.weth.id());
    FakeWallet other{market.sandbox, market.me};
    market.sandbox.world().account_states.at(market.me).balance = {};
    CHECK_FALSE(GasMoney{parameters, market.sandbox.world()}.refill(other));
}

TEST_CASE("liquidity provider: never loops on what fails", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    const auto strategy = make(liquidity_provider_strategy(), provider_parameters(market), market);
    wallet.advance(strategy->first_block(0));
    unsigned attempts = 0;
    std::vector<std::uint64_t> waits;
    for (auto next = wallet.decide(*strategy);; next = wallet.decide(*strategy))
    {
        if (!wallet.submissions.empty())
        {
            ++attempts;
            // The ratio moves by far more than its slippage.
            market.swap(market.weth_usdc, market.weth, units(20, 18));
            REQUIRE_FALSE(wallet.run(*strategy).outcome.ok());
            market.swap(market.weth_usdc, market.usdc, units(39'000, 6));
            next = wallet.decide(*strategy);
        }
        REQUIRE(wallet.submissions.empty());
        if (next == ~0ULL)
            break;
        waits.push_back(next - wallet.view().block_number);
        wallet.advance(waits.back());
    }
    CHECK(attempts == 4);  // Once, and three retries.
    CHECK(waits == std::vector<std::uint64_t>{25, 50, 100});
}

TEST_CASE("noise trader: falls silent when every order is refused", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    const auto strategy = make(noise_trader_strategy(), noise_parameters(market), market);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *strategy, 1'000) <= 16);
}

TEST_CASE("liquidity provider: falls silent when everything is refused", "[scenarios][strategy]")
{
    Market market;
    FakeWallet wallet{market.sandbox, market.me};
    market.quote_prices(wallet);
    wallet.advance(3);
    const auto strategy = make(liquidity_provider_strategy(), provider_parameters(market), market);
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *strategy, 1'000) <= 16);
}
