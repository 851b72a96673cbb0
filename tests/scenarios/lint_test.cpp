#include "scenarios/lint.hpp"

#include "scenarios/run.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;

namespace
{
using Codes = std::vector<std::string>;

Scenario shipped(std::vector<Override> overrides)
{
    overrides.push_back({"scenario.blocks", "600"});
    auto scenario = load_scenario(RUNNEL_SOURCE_DIR "/scenarios/black_thursday.toml", overrides);
    if (!scenario)
        FAIL(scenario.error().message);
    return std::move(*scenario);
}

/// Codes with their subjects, of the shipped crash with a few changes.
Codes warnings_of(const std::vector<Override>& overrides)
{
    const auto scenario = shipped(overrides);
    const auto setup = make_simulation(scenario);
    if (!setup)
        FAIL(setup.error().message);
    Codes codes;
    for (const auto& warning : find_warnings(scenario, *setup))
    {
        CHECK(warning.to_string().find(": ") != std::string::npos);
        codes.push_back(warning.code + ":" + warning.subject);
    }
    return codes;
}

std::string refusal_of(const Override& change)
{
    const auto scenario =
        load_scenario(RUNNEL_SOURCE_DIR "/scenarios/black_thursday.toml", {change});
    return scenario ? std::string{"none"} : scenario.error().message;
}
}  // namespace

TEST_CASE("lint: the shipped crash is as it is meant to be", "[scenarios][lint]")
{
    CHECK(warnings_of({}) == Codes{});
}

TEST_CASE("lint: prices that are far off the reference are told", "[scenarios][lint]")
{
    CHECK(warnings_of({{"contracts.oracle.prices.WETH.price", "1946.1"}}) ==
          Codes{"oracle_price:contracts.oracle"});
    // Less than twice off is the market's business.
    CHECK(warnings_of({{"contracts.oracle.prices.WETH.price", "120"}}) == Codes{});
    const auto amounts = warnings_of({{"contracts.weth_usdc.amount0", "1_000_000 USDC"},
        {"contracts.weth_usdc.amount1", "1_000_000 WETH"}, {"contracts.weth_usdc.token0", "USDC"},
        {"contracts.weth_usdc.token1", "WETH"}});
    CHECK(amounts == Codes{"pool_price:contracts.weth_usdc"});
}

TEST_CASE("lint: a keeper whose reports are refused is told", "[scenarios][lint]")
{
    CHECK(warnings_of({{"contracts.oracle.keeper", "somebody_else"}}) ==
          Codes{"feed_refuses:agents.price_keeper"});
}

TEST_CASE("lint: wallets that cannot act are told", "[scenarios][lint]")
{
    CHECK(warnings_of({{"agents.liquidator.funds.ETH", "0"}}) == Codes{"no_gas:agents.liquidator"});
    CHECK(warnings_of({{"agents.liquidator.funds.ETH", "0.0001"}}) ==
          Codes{"little_gas:agents.liquidator"});
    CHECK(warnings_of({{"agents.liquidator.count", "0"}}) == Codes{"no_wallets:agents.liquidator"});
    // Who sends nothing needs nothing.
    CHECK(warnings_of({{"agents.idle", "{ strategy = \"holder\", count = 3 }"}}) == Codes{});
}

TEST_CASE("lint: what comes after the last block is told", "[scenarios][lint]")
{
    CHECK(warnings_of({{"events.late",
              "{ action = \"price_shock\", at_block = 601, token = "
              "\"WETH\", factor = 0.5 }"}}) == Codes{"never:events.late"});
}

TEST_CASE("lint: warnings that are meant are allowed by code or by subject", "[scenarios][lint]")
{
    const Override poor{"agents.liquidator.funds.ETH", "0"};
    const Override none{"agents.borrower_usdc.count", "0"};
    CHECK(warnings_of({poor, none}).size() == 2);
    CHECK(warnings_of({poor, none, {"scenario.allow_warnings", "no_gas no_wallets"}}) == Codes{});
    CHECK(warnings_of({poor, none,
              {"scenario.allow_warnings", "no_gas:agents.liquidator no_wallets:agents.other"}}) ==
          Codes{"no_wallets:agents.borrower_usdc"});
}

TEST_CASE("lint: risk parameters that mainnet refuses are refused", "[scenarios][lint]")
{
    const auto set = [](std::string_view key, std::string_view value) {
        return refusal_of(
            {"contracts.lending.reserves.WETH." + std::string{key}, std::string{value}});
    };
    CHECK(
        set("liquidation_bonus_bps", "500").find("expected a liquidation_bonus_bps above 10000") !=
        std::string::npos);
    CHECK(
        set("liquidation_threshold_bps", "1000").find("of at least ltv_bps") != std::string::npos);
    CHECK(set("liquidation_bonus_bps", "13000").find("of at most 10000 bps") != std::string::npos);
}
