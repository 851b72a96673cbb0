#include "contracts/oracles/pool_oracle/pool_oracle.hpp"

#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <cmath>
#include <random>

namespace runnel::contracts
{
namespace
{
constexpr std::uint64_t start = 1'600'000'000;
constexpr std::uint64_t window = 600;

/// Prices A of the pair A-B, where a B is worth 2 USD.
struct OracleFixture : UniswapV2Fixture
{
    OracleFixture()
      : spot{sandbox.add<PoolOracle>("spot", PoolOracleTerms{pair.id(), true, 200'000'000, 0, {}})},
        mean{sandbox.add<PoolOracle>(
            "mean", PoolOracleTerms{pair.id(), true, 200'000'000, window, 777})},
        other{
            sandbox.add<PoolOracle>("other", PoolOracleTerms{pair.id(), false, 300'000'000, 0, {}})}
    {
        sandbox.connect();
        GenesisBuilder builder{sandbox.world()};
        for (auto* oracle : {&spot, &mean, &other})
            oracle->genesis(Parameters{}, builder);
    }
    Amount update(PoolOracle& oracle)
    {
        return expect_ok(alice, oracle.id(), UpdatePoolPrice{}).returns.values[0];
    }
    [[nodiscard]] Amount price(const PoolOracle& oracle) const
    {
        return oracle.prices().get(index(oracle.base())).price;
    }
    /// Sells B for A: A gets dearer.
    [[nodiscard]] CallWriter buy_a(const Amount& paid) const
    {
        CallWriter calls;
        calls.add(router.id(), uniswap_v2::SwapExactTokensForTokens{
                                   paid, 0, {b.id(), a.id()}, alice, start + 1'000'000});
        return calls;
    }

    PoolOracle& spot;
    PoolOracle& mean;
    PoolOracle& other;
};
}  // namespace

TEST_CASE("pool oracle: a swap in the same transaction makes the price of the moment",
    "[contracts][oracles]")
{
    OracleFixture f;
    f.expect_refusal(f.alice, f.spot.id(), UpdatePoolPrice{}, "ExampleOracleSimple: NO_RESERVES");
    f.add_liquidity(ether(1'000), ether(4'000));
    CHECK(f.update(f.spot) == 800'000'000);  // 4 B of 2 USD.
    CHECK(f.update(f.other) == 75'000'000);  // A quarter of an A of 3 USD.
    // The first only begins the mean.
    CHECK(f.mean.preview_update(start, {1, 1}).value() == 777);
    CHECK(f.update(f.mean) == 777);

    // 4,000 B buy 1,000 * 3,988 / 7,988 A: (8,000 / 500.75...) * 2 USD.
    auto calls = f.buy_a(ether(4'000));
    f.spot.add_update(calls);
    f.expect_ok(f.alice, calls);
    const auto left = f.pair.reserve(f.a.id());
    CHECK(left == decimal("500751126690035052579"));
    CHECK(f.price(f.spot) == mul_div_down(ether(8'000), 200'000'000, left).value);
    CHECK(f.price(f.spot) == 3'195'199'999);

    // The mean does not know yet what the transaction has done.
    f.expect_refusal(
        f.alice, f.mean.id(), UpdatePoolPrice{}, "ExampleOracleSimple: PERIOD_NOT_ELAPSED");
}

TEST_CASE("pool oracle: the mean weighs prices by the time that they stood", "[contracts][oracles]")
{
    OracleFixture f;
    f.sandbox.set_time(start);
    f.add_liquidity(ether(1'000), ether(4'000));
    f.update(f.mean);
    f.sandbox.set_time(start + 450);
    f.expect_ok(f.alice, f.buy_a(ether(4'000)));
    f.sandbox.set_time(start + window - 1);
    f.expect_refusal(
        f.alice, f.mean.id(), UpdatePoolPrice{}, "ExampleOracleSimple: PERIOD_NOT_ELAPSED");
    f.sandbox.set_time(start + window);
    // (450 s at 8 USD and 150 s at 31.952) / 600: 13.988, each rounded down on the way.
    CHECK(f.mean.preview_update(start + window, {1, 1}).value() == 1'398'799'999);
    CHECK(f.update(f.mean) == 1'398'799'999);

    // A swap in the transaction of the update counts from then on alone.
    f.sandbox.set_time(start + 2 * window);
    auto calls = f.buy_a(ether(100'000));
    f.mean.add_update(calls);
    f.expect_ok(f.alice, calls);
    CHECK(f.price(f.mean) == 3'195'199'999);
    CHECK(f.mean.observation().timestamp == start + 2 * window);
}

// Method: random trades, additions and waits; the mean of the oracle against one that the test
// adds up from the reserves it saw, without the pair's accumulators.
TEST_CASE("pool oracle: means are those of the reserves that were there",
    "[contracts][oracles][property]")
{
    std::mt19937_64 random{20'260'501};
    OracleFixture f;
    auto now = start;
    f.add_liquidity(ether(1'000), ether(4'000));
    f.update(f.mean);
    double weighed = 0;
    auto since = now;
    for (int i = 0; i < 1'500; ++i)
    {
        const auto ratio =
            f.pair.reserve(f.b.id()).to_double() / f.pair.reserve(f.a.id()).to_double();
        const auto seconds = random() % 200;
        now += seconds;
        weighed += ratio * static_cast<double>(seconds);
        f.sandbox.set_time(now);
        CAPTURE(i, now);
        if (random() % 2 == 0)
            f.expect_ok(f.alice, f.buy_a(ether(1 + random() % 500)));
        else
        {
            CallWriter calls;
            calls.add(f.router.id(), uniswap_v2::SwapExactTokensForTokens{ether(1 + random() % 90),
                                         0, {f.a.id(), f.b.id()}, f.alice, now});
            f.expect_ok(f.alice, calls);
        }
        const auto elapsed = now - since;
        const auto preview = f.mean.preview_update(now, {ether(1), ether(1)});
        REQUIRE(preview.has_value() == (elapsed >= window));
        if (elapsed < window)
            continue;
        const auto expected = weighed / static_cast<double>(elapsed) * 2e8;
        const auto got = f.update(f.mean);
        REQUIRE(got == *preview);
        REQUIRE(std::abs(got.to_double() - expected) <= expected * 1e-9 + 2);
        weighed = 0;
        since = now;
    }
}

}  // namespace runnel::contracts
