#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/stablecoins/terra_market/market.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/strategies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

Amount coins(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(6));
}

/// UST and LUNA at 50 USD, each against USDT in a pool of 10 million a side; Terra's market with
/// pools of 50 million and a least spread of 2%.
struct Terra
{
    Terra()
    {
        me = sandbox.account("me");
        sandbox.connect();
        rival = sandbox.account("rival");
        for (const auto account : {me, rival})
        {
            sandbox.world().account_states.at(account).balance = Amount::power_of_ten(20);
            usdt.allocate(account, coins(1'000'000));
            ust.allocate(account, coins(1'000'000));
            luna.allocate(account, coins(20'000));
        }
        fund(ust_usdt, coins(10'000'000), coins(10'000'000));
        fund(luna_usdt, coins(200'000), coins(10'000'000));
    }

    Erc20& token(const char* name, AccountId minter)
    {
        return sandbox.add<Erc20>(name, TokenInfo{name, 6}, TokenFlavour::openzeppelin5, minter);
    }
    void fund(UniswapV2Pair& pool, const Amount& amount0, const Amount& amount1)
    {
        const auto seed = sandbox.account("seed");
        auto& token0 = dynamic_cast<Erc20&>(sandbox.world().contract(pool.token0()));
        auto& token1 = dynamic_cast<Erc20&>(sandbox.world().contract(pool.token1()));
        token0.allocate(seed, amount0);
        token1.allocate(seed, amount1);
        CallWriter calls;
        calls.add(pool.token0(), Erc20Transfer{pool.account(), amount0});
        calls.add(pool.token1(), Erc20Transfer{pool.account(), amount1});
        calls.add(pool.id(), uniswap_v2::Mint{seed});
        REQUIRE(sandbox.run(seed, calls).ok());
    }
    /// The rival moves a pool.
    void swap(UniswapV2Pair& pool, Erc20& token_in, const Amount& amount)
    {
        token_in.allocate(rival, amount);
        const auto out =
            pool.quote_exact_input(token_in.id(), pool.other(token_in.id()), amount).value();
        const bool pays_token0 = token_in.id() == pool.token1();
        CallWriter calls;
        calls.add(token_in.id(), Erc20Transfer{pool.account(), amount});
        calls.add(pool.id(), uniswap_v2::Swap{pays_token0 ? out : Amount{},
                                 pays_token0 ? Amount{} : out, rival, {}});
        REQUIRE(sandbox.run(rival, calls).ok());
    }
    [[nodiscard]] double ust_price() const { return ust_usdt.spot_price(ust.id(), usdt.id()); }
    [[nodiscard]] double luna_price() const { return luna_usdt.spot_price(luna.id(), usdt.id()); }

    void report_price()
    {
        const auto price = Amount::from_double(luna_price() * 1e8);
        REQUIRE(sandbox.run(me, oracle.id(), SetPrice{luna.id(), price}).ok());
    }

    FakeWallet wallet()
    {
        FakeWallet wallet{sandbox, me};
        wallet.set_price(usdt.id(), 1);
        wallet.set_price(weth.id(), 2'000);
        return wallet;
    }
    /// Executes in the block that the wallet saw.
    FakeWallet::Ran run(FakeWallet& wallet, Strategy& strategy)
    {
        sandbox.set_block(wallet.view().block_number);
        return wallet.run(strategy);
    }
    std::unique_ptr<Strategy> make(const StrategyType& type, const Parameters& parameters)
    {
        return type.create(parameters, tests::group_of_one(sandbox.world(), me));
    }

    Sandbox sandbox;
    AccountId market_account = sandbox.account("market");
    Erc20& usdt = token("USDT", zero_account);
    Erc20& ust = token("UST", market_account);
    Erc20& luna = token("LUNA", market_account);
    Erc20& weth = sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5);
    UniswapV2Factory& factory = sandbox.add<UniswapV2Factory>("factory");
    UniswapV2Router& router = sandbox.add<UniswapV2Router>("router", factory.id());
    UniswapV2Pair& ust_usdt =
        sandbox.add<UniswapV2Pair>("ust_usdt", ust.id(), usdt.id(), factory.id());
    UniswapV2Pair& luna_usdt =
        sandbox.add<UniswapV2Pair>("luna_usdt", luna.id(), usdt.id(), factory.id());
    PriceOracle& oracle = sandbox.add<PriceOracle>(
        "oracle", "me", std::vector<TokenPrice>{{luna.id(), 5'000'000'000U}});
    TerraMarket& market = sandbox.add<TerraMarket>(
        "market", terra_market::MarketSetup{ust.id(), luna.id(), oracle.id(), {},
                      {wrapping_mul(coins(50'000'000), terra_market::dec_one), 36,
                          Amount{terra_market::dec_one / 50}},
                      {}});
    AccountId me{};
    AccountId rival{};
};

Parameters arbitrage_parameters(const Terra& terra)
{
    Parameters parameters;
    parameters.set("stablecoin", terra.market.id());
    parameters.set("pairs", std::vector{terra.ust_usdt.id(), terra.luna_usdt.id()});
    parameters.set("money", terra.usdt.id());
    parameters.set("coin", terra.weth.id());
    parameters.set("profit_min", always(5));
    parameters.set("reaction", always(1));
    parameters.set("reaction_spread", 0.0);
    parameters.set("bid_share", always(0.5));
    parameters.set("bid_stake", 100.0);
    parameters.set("bid_memory", std::int64_t{3'600'000});
    parameters.set("deadline", std::int64_t{1'200'000});
    return parameters;
}

Parameters level_parameters(const Terra& terra, const Erc20& token)
{
    Parameters parameters;
    parameters.set("token", token.id());
    parameters.set("money", terra.usdt.id());
    parameters.set("pairs", std::vector{terra.ust_usdt.id(), terra.luna_usdt.id()});
    parameters.set("coin", terra.weth.id());
    parameters.set("delay", always(0));
    parameters.set("interval", always(1));
    parameters.set("part", always(0.25));
    parameters.set("impact_max", 0.2);
    parameters.set("size_min", 50.0);
    parameters.set("slippage_bps", always(50));
    parameters.set("fee_tolerance", 0.1);
    parameters.set("check_every", std::int64_t{12'000});
    parameters.set("deadline", std::int64_t{1'200'000});
    parameters.set("retries", std::int64_t{2});
    return parameters;
}

Parameters flight_parameters(const Terra& terra, const Erc20& token)
{
    auto parameters = level_parameters(terra, token);
    parameters.set("flees_below", always(0));
    parameters.set("supply_max", always(0));
    parameters.set("yield", 0.18);
    parameters.set("yield_wanted", always(0));
    return parameters;
}

}  // namespace

TEST_CASE("peg arbitrageur: buys the stablecoin below par, converts it and sells the rest",
    "[strategies][stablecoins]")
{
    Terra terra;
    // It has no LUNA: it would sell that too.
    REQUIRE(terra.sandbox.run(terra.me, terra.luna.id(), Erc20Transfer{terra.rival, coins(20'000)})
                .ok());
    terra.swap(terra.ust_usdt, terra.ust, coins(800'000));
    REQUIRE(terra.ust_price() < 0.87);
    auto wallet = terra.wallet();
    const auto strategy = terra.make(peg_arbitrageur_strategy(), arbitrage_parameters(terra));
    const auto had = terra.usdt.balance(terra.me);
    const auto supply = terra.ust.total_supply();
    const auto luna_supply = terra.luna.total_supply();
    wallet.decide(*strategy);
    const auto ran = terra.run(wallet, *strategy);
    INFO(ran.outcome.receipt.refusal.to_string());
    REQUIRE(ran.outcome.ok());
    CHECK(terra.usdt.balance(terra.me) > had);
    CHECK(terra.ust.total_supply() < supply);
    CHECK(terra.luna.total_supply() > luna_supply);
    CHECK(terra.luna_price() < 50);
    CHECK(terra.ust_price() > 0.9);
    CHECK(terra.luna.balance(terra.me) == 0);
    // Trade by trade, as its money and the oracle allow, until nothing more earns.
    int trades = 1;
    for (; trades < 20; ++trades)
    {
        terra.report_price();
        wallet.advance(1);
        wallet.decide(*strategy);
        if (wallet.submissions.empty())
            break;
        REQUIRE(terra.run(wallet, *strategy).outcome.ok());
    }
    CHECK(trades < 20);
    CHECK(terra.ust_price() > 0.95);
    CHECK(terra.ust_price() < 0.99);
    // What the oracle gave too much of is sold along with the next.
    REQUIRE(
        terra.sandbox.run(terra.rival, terra.luna.id(), Erc20Transfer{terra.me, coins(100)}).ok());
    terra.swap(terra.ust_usdt, terra.ust, coins(2'000'000));
    wallet.advance(1);
    wallet.decide(*strategy);
    REQUIRE(terra.run(wallet, *strategy).outcome.ok());
    CHECK(terra.luna.balance(terra.me) == 0);
}

TEST_CASE("peg arbitrageur: the other way round above par, and nothing in between",
    "[strategies][stablecoins]")
{
    Terra terra;
    const auto strategy = terra.make(peg_arbitrageur_strategy(), arbitrage_parameters(terra));
    auto wallet = terra.wallet();
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    // 1%: less than the least spread and the fees of two pools.
    terra.swap(terra.ust_usdt, terra.ust, coins(50'000));
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    terra.swap(terra.ust_usdt, terra.usdt, coins(900'000));
    REQUIRE(terra.ust_price() > 1.1);
    wallet.advance(1);
    const auto supply = terra.ust.total_supply();
    const auto luna_supply = terra.luna.total_supply();
    const auto had = terra.usdt.balance(terra.me);
    wallet.decide(*strategy);
    REQUIRE(terra.run(wallet, *strategy).outcome.ok());
    CHECK(terra.usdt.balance(terra.me) > had);
    CHECK(terra.ust.total_supply() > supply);
    CHECK(terra.luna.total_supply() < luna_supply);
}

TEST_CASE(
    "fleeing holder: sells part by part while the price is too low", "[strategies][stablecoins]")
{
    Terra terra;
    auto parameters = flight_parameters(terra, terra.ust);
    parameters.set("flees_below", always(0.95));
    parameters.set("delay", always(60));
    const auto strategy = terra.make(fleeing_holder_strategy(), parameters);
    auto wallet = terra.wallet();
    CHECK(wallet.decide(*strategy) == wallet.view().block_number + 1);
    CHECK(wallet.submissions.empty());
    terra.swap(terra.ust_usdt, terra.ust, coins(500'000));
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());  // It needs a minute.
    wallet.advance(5);
    wallet.decide(*strategy);
    REQUIRE(terra.run(wallet, *strategy).outcome.ok());
    CHECK(terra.ust.balance(terra.me) == coins(750'000));
    CHECK(terra.usdt.balance(terra.me) > coins(1'200'000));
    // The price is back: it stays.
    terra.swap(terra.ust_usdt, terra.usdt, coins(900'000));
    wallet.advance(10);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    CHECK(terra.ust.balance(terra.me) == coins(750'000));
}

TEST_CASE("fleeing holder: leaves through the conversion where that pays more",
    "[strategies][stablecoins]")
{
    Terra terra;
    terra.swap(terra.ust_usdt, terra.ust, coins(2'000'000));
    auto parameters = flight_parameters(terra, terra.ust);
    parameters.set("flees_below", always(0.95));
    const auto through = [&](bool knows)
    {
        if (knows)
            parameters.set("stablecoin", terra.market.id());
        const auto strategy = terra.make(fleeing_holder_strategy(), parameters);
        auto wallet = terra.wallet();
        const auto supply = terra.ust.total_supply();
        wallet.decide(*strategy);
        const auto ran = terra.run(wallet, *strategy);
        INFO(ran.outcome.receipt.refusal.to_string());
        REQUIRE(ran.outcome.ok());
        return terra.ust.total_supply() < supply;
    };
    CHECK_FALSE(through(false));
    CHECK(through(true));
}

TEST_CASE("fleeing holder: leaves when there is too much of a token, or it pays too little",
    "[strategies][stablecoins]")
{
    Terra terra;
    auto parameters = flight_parameters(terra, terra.luna);
    parameters.set("stablecoin", terra.market.id());
    parameters.set("supply_max", always(1.5));
    const auto seller = terra.make(fleeing_holder_strategy(), parameters);
    auto wallet = terra.wallet();
    wallet.decide(*seller);
    CHECK(wallet.submissions.empty());
    terra.luna.allocate(terra.rival, coins(130'000));  // 240,000 were there.
    wallet.advance(1);
    wallet.decide(*seller);
    REQUIRE(terra.run(wallet, *seller).outcome.ok());
    CHECK(terra.luna.balance(terra.me) == coins(15'000));

    auto saver = flight_parameters(terra, terra.ust);
    saver.set("yield_wanted", always(0.15));
    const auto calm = terra.make(fleeing_holder_strategy(), saver);
    wallet.advance(1);
    wallet.decide(*calm);
    CHECK(wallet.submissions.empty());
    saver.set("yield", 0.04);
    const auto disappointed = terra.make(fleeing_holder_strategy(), saver);
    wallet.decide(*disappointed);
    REQUIRE(terra.run(wallet, *disappointed).outcome.ok());
    CHECK(terra.ust.balance(terra.me) == coins(750'000));
}

TEST_CASE("dip buyer: buys below its price until its money is gone", "[strategies][stablecoins]")
{
    Terra terra;
    auto parameters = level_parameters(terra, terra.luna);
    parameters.set("buys_below", always(40));
    const auto strategy = terra.make(dip_buyer_strategy(), parameters);
    auto wallet = terra.wallet();
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    terra.swap(terra.luna_usdt, terra.luna, coins(100'000));
    REQUIRE(terra.luna_price() < 25);
    unsigned orders = 0;
    for (int i = 0; i < 50; ++i)
    {
        wallet.advance(1);
        wallet.decide(*strategy);
        if (wallet.submissions.empty())
            continue;
        REQUIRE(terra.run(wallet, *strategy).outcome.ok());
        ++orders;
    }
    CHECK(orders == 4);
    CHECK(terra.usdt.balance(terra.me) == 0);
    CHECK(terra.luna.balance(terra.me) > coins(50'000));
    CHECK(terra.luna_price() < 40);
}

TEST_CASE("pool price keeper: reports what the pool says, in dollars", "[strategies][oracles]")
{
    Terra terra;
    Parameters parameters;
    parameters.set("oracle", terra.oracle.id());
    parameters.set("tokens", std::vector{terra.luna.id()});
    parameters.set("money", terra.usdt.id());
    parameters.set("pairs", std::vector{terra.ust_usdt.id(), terra.luna_usdt.id()});
    parameters.set("every", std::int64_t{60'000});
    const auto strategy = terra.make(pool_price_keeper_strategy(), parameters);
    auto wallet = terra.wallet();
    wallet.set_price(terra.usdt.id(), 0.5);
    CHECK(wallet.decide(*strategy) == wallet.view().block_number + 5);
    REQUIRE(terra.run(wallet, *strategy).outcome.ok());
    CHECK(terra.oracle.price(terra.luna.id()).price == 2'500'000'000U);
    // Nothing new, nothing said.
    wallet.advance(5);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    terra.swap(terra.luna_usdt, terra.luna, coins(200'000));
    wallet.advance(1);
    CHECK(wallet.decide(*strategy) == wallet.view().block_number + 4);
    CHECK(wallet.submissions.empty());  // Not yet time.
    wallet.advance(4);
    wallet.decide(*strategy);
    REQUIRE(terra.run(wallet, *strategy).outcome.ok());
    // A quarter of it, but for the fee.
    const auto price = terra.oracle.price(terra.luna.id()).price;
    CHECK(price > 620'000'000U);
    CHECK(price < 630'000'000U);
}

TEST_CASE(
    "stablecoin strategies: fall silent when everything is refused", "[strategies][stablecoins]")
{
    Terra terra;
    terra.swap(terra.ust_usdt, terra.ust, coins(2'000'000));
    auto holder = flight_parameters(terra, terra.ust);
    holder.set("flees_below", always(0.95));
    auto buyer = level_parameters(terra, terra.ust);
    buyer.set("buys_below", always(0.95));
    const auto sent = [&](const StrategyType& type, const Parameters& parameters)
    {
        auto wallet = terra.wallet();
        const auto strategy = terra.make(type, parameters);
        return tests::sent_when_all_is_refused(wallet, *strategy, 1'000);
    };
    CHECK(sent(fleeing_holder_strategy(), holder) <= 16);
    CHECK(sent(dip_buyer_strategy(), buyer) <= 16);
    // A searcher that only loses comes back ever more rarely.
    CHECK(sent(peg_arbitrageur_strategy(), arbitrage_parameters(terra)) <= 50);
}

TEST_CASE("stablecoin strategies: need exchanges of their tokens", "[strategies][stablecoins]")
{
    Terra terra;
    const auto& world = terra.sandbox.world();
    auto arbitrage = arbitrage_parameters(terra);
    CHECK(peg_arbitrageur_strategy().validate_in(arbitrage, world).empty());
    arbitrage.set("pairs", std::vector{terra.ust_usdt.id()});
    CHECK(peg_arbitrageur_strategy().validate_in(arbitrage, world) ==
          "pairs: expected an exchange of LUNA and money among them, got none");
    auto flight = flight_parameters(terra, terra.ust);
    CHECK(fleeing_holder_strategy().validate_in(flight, world).empty());
    flight.set("pairs", std::vector{terra.luna_usdt.id()});
    CHECK(fleeing_holder_strategy().validate_in(flight, world) ==
          "pairs: expected an exchange of token and money among them, got none");
    // USDT for UST: no token of the protocol's.
    flight.set("token", terra.usdt.id());
    flight.set("money", terra.luna.id());
    flight.set("stablecoin", terra.market.id());
    CHECK(fleeing_holder_strategy().validate_in(flight, world) ==
          "stablecoin: expected one that converts token, got one of other tokens");
}
