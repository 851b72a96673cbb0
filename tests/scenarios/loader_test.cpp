#include "ledger/philox.hpp"
#include "scenarios/loader/schema.hpp"
#include "tests/scenarios/fakes.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;
using namespace runnel::scenarios::tests;

namespace
{

constexpr std::string_view base = R"([scenario]
blocks = 10

[tokens.USDC]
decimals = 6

[tokens.WETH]

[contracts.oracle]
kind = "fake_oracle"

[contracts.pool]
kind = "fake_pool"
asset = "USDC"
oracle = "oracle"

[prices.WETH]
model = "constant"
price = 3000

[agents.payers]
strategy = "payer"
count = 3
funds.ETH = 10
)";

std::string replaced(std::string_view text, std::string_view from, std::string_view to)
{
    std::string result{text};
    const auto at = result.find(from);
    REQUIRE(at != std::string::npos);
    return result.replace(at, from.size(), to);
}

tl::expected<Scenario, ScenarioError> parse(
    std::string_view text, const std::vector<Override>& overrides = {})
{
    return parse_scenario(text, "a.toml", "/nowhere", overrides, test_options());
}

/// The scenario, which is expected to be well formed.
Scenario good(std::string_view text, const std::vector<Override>& overrides = {})
{
    auto scenario = parse(text, overrides);
    INFO((scenario ? "" : scenario.error().message));
    REQUIRE(scenario);
    return std::move(*scenario);
}

std::string error_of(std::string_view text, const std::vector<Override>& overrides = {})
{
    const auto scenario = parse(text, overrides);
    return scenario ? "no error" : scenario.error().message;
}

/// A change to the base scenario and the one line that refuses it.
struct Bad
{
    std::string_view from;
    std::string_view to;
    std::string_view error;
};

void check_all(const std::vector<Bad>& cases)
{
    for (const auto& bad : cases)
    {
        CAPTURE(bad.to);
        CHECK(error_of(replaced(base, bad.from, bad.to)) == bad.error);
    }
}

/// The parameters of contracts.pool with this line in it.
Parameters pool_with(std::string_view line)
{
    const auto scenario = good(replaced(base, "oracle = \"oracle\"", line));
    return scenario.contracts.at(1).parameters;
}

/// A directory of its own for each test, removed at its end.
class TemporaryDirectory
{
public:
    TemporaryDirectory()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "loader_XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::filesystem::path write(std::string_view name, std::string_view contents) const
    {
        std::ofstream{path_ / name, std::ios::binary} << contents;
        return path_ / name;
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

constexpr std::string_view csv =
    "unix,open,high,low,close\n1704067200,1,1,1,1\n1704070800,1,2,1,2\n";

}  // namespace

TEST_CASE("loader: a scenario holds what its file says, and defaults", "[scenarios][loader]")
{
    const auto scenario = good(base);
    CHECK(scenario.name == "a");
    CHECK(scenario.seed == 1);
    CHECK(scenario.blocks == 10);
    CHECK(scenario.slot_seconds == 12);
    CHECK(scenario.chain.validators == 16);
    CHECK(scenario.chain.stake.a == 32);
    CHECK(scenario.chain.fees.initial_base_fee == 1'000'000'000);
    CHECK(scenario.chain.transaction_lifetime_ms == 600'000);
    CHECK(scenario.chain.block_reward == Amount{50'000'000'000'000'000});

    // The native coin is there without being asked for.
    REQUIRE(scenario.tokens.size() == 3);
    CHECK(scenario.tokens[0].name == "ETH");
    CHECK(scenario.tokens[0].type->kind == "native");
    CHECK(scenario.tokens[1].name == "USDC");
    CHECK(scenario.tokens[1].decimals == 6);
    CHECK(scenario.tokens[1].parameters.text("symbol") == "USDC");
    CHECK(scenario.tokens[2].decimals == 18);

    // Ids count on from the tokens', in the order of names.
    REQUIRE(scenario.contracts.size() == 2);
    CHECK(scenario.contracts[1].name == "pool");
    CHECK(scenario.contracts[1].place == "a.toml:12");
    CHECK(scenario.contracts[1].parameters.token("asset") == ContractId{1});
    CHECK(scenario.contracts[1].parameters.contract("oracle") == ContractId{3});

    CHECK(std::get<ConstantPrice>(scenario.prices.at(0).model).price == 300'000'000'000);

    REQUIRE(scenario.agents.size() == 1);
    CHECK(scenario.agents[0].count == 3);
    CHECK(scenario.agents[0].strategy == &fake_strategy_type());
    REQUIRE(scenario.agents[0].funds.size() == 1);
    CHECK(scenario.agents[0].funds[0].first == native_coin);
    CHECK(scenario.agents[0].funds[0].second.a == 10);
    CHECK(scenario.agents[0].parameters.duration_ms("every") == 600'000);
    CHECK(scenario.source_text == base);
}

TEST_CASE("loader: a table of kind native names the coin", "[scenarios][loader]")
{
    const auto scenario =
        good("[scenario]\nblocks = 1\n[tokens.AAA]\n[tokens.BNB]\nkind = \"native\"\n");
    REQUIRE(scenario.tokens.size() == 2);
    CHECK(scenario.tokens[0].name == "BNB");
    CHECK(scenario.tokens[0].parameters.text("symbol") == "BNB");
    CHECK(scenario.tokens[1].name == "AAA");
}

TEST_CASE("loader: amounts are exact to the smallest unit", "[scenarios][loader][units]")
{
    const auto reserve = [](std::string_view text)
    { return pool_with(fmt::format("reserve = {}", text)).amount("reserve"); };
    CHECK(reserve("5") == Amount{5});
    CHECK(reserve("1_000") == Amount{1'000});
    CHECK(reserve("\"1 USDC\"") == Amount{1'000'000});
    CHECK(reserve("\"1_000_000.5 USDC\"") == Amount{1'000'000'500'000});
    CHECK(reserve("\"0.000001 USDC\"") == Amount{1});
    CHECK(reserve("\"  7.10000000000   USDC \"") == Amount{7'100'000});
    CHECK(reserve("\"340282366920938463463374607431768.211455 USDC\"") ==
          Amount::from_uint128(~uint128{0}));

    const auto gas_price = [](std::string_view text)
    { return pool_with(fmt::format("gas_price = {}", text)).amount("gas_price"); };
    CHECK(gas_price("\"5 wei\"") == Amount{5});
    CHECK(gas_price("\"30 gwei\"") == Amount{30'000'000'000});
    CHECK(gas_price("\"2 ether\"") == Amount{2'000'000'000'000'000'000});
    // No double is exact here: 0.1 + 2^-60 and the like would differ.
    CHECK(gas_price("\"123456789.123456789123456789 ETH\"") ==
          *Amount::from_decimal("123456789123456789123456789"));

    CHECK(pool_with("price = \"0.99999999 USD\"").amount("price") == Amount{99'999'999});
    CHECK(pool_with("anything = \"3 WETH\"").amount("anything") ==
          *Amount::from_decimal("3000000000000000000"));
}

TEST_CASE("loader: durations are exact to the millisecond", "[scenarios][loader][units]")
{
    const auto delay = [](std::string_view text)
    { return pool_with(fmt::format("delay = \"{}\"", text)).duration_ms("delay"); };
    CHECK(delay("500ms") == 500);
    CHECK(delay("12s") == 12'000);
    CHECK(delay("5m") == 300'000);
    CHECK(delay("36h") == 129'600'000);
    CHECK(delay("2d") == 172'800'000);
    CHECK(delay("1.5 h") == 5'400'000);
    CHECK(delay("0.001s") == 1);
    CHECK(delay("0s") == 0);
}

TEST_CASE("loader: distributions are numbers or shapes, within the key's range",
    "[scenarios][loader][units]")
{
    const auto funds = [](std::string_view text)
    {
        return good(replaced(base, "funds.ETH = 10", fmt::format("funds.ETH = {}", text)))
            .agents.at(0)
            .funds.at(0)
            .second;
    };
    CHECK(funds("2.5").a == 2.5);
    CHECK(funds("{ constant = 3 }").a == 3);
    CHECK(funds("{ constant = [3], max = 2 }").a == 2);
    const auto normal = funds("{ normal = [10, 2.5], max = 20 }");
    CHECK(normal.shape == Distribution::Shape::normal);
    CHECK(normal.a == 10);
    CHECK(normal.b == 2.5);
    CHECK(normal.min == 0);
    CHECK(normal.max == 20);
    CHECK(funds("{ exponential = 7 }").shape == Distribution::Shape::exponential);
    CHECK(funds("{ pareto = [1, 1.16] }").b == 1.16);

    // No shape draws what is not finite.
    for (const auto* text : {"{ log_normal = [69, 20] }", "{ pareto = [1e30, 0.1] }",
             "{ exponential = 1e30 }", "{ normal = [1e30, 1e30] }", "{ uniform = [0, 1e30] }"})
    {
        const auto distribution = funds(text);
        for (std::uint64_t i = 0; i < 1'000; ++i)
        {
            RandomStream random{1, 2, i, 0};
            const auto value = distribution.draw(random);
            REQUIRE(value >= 0);
            REQUIRE(value <= 1e30);
        }
    }
}

TEST_CASE("loader: amounts per token stand in the order of the tokens", "[scenarios][loader]")
{
    const auto parameters = pool_with(
        "[contracts.pool.reserves.WETH]\ncap = \"5 WETH\"\nweight = 0.5\n"
        "[contracts.pool.reserves.ETH]\nweight = 1");
    const auto& reserves = parameters.per_token("reserves");
    REQUIRE(reserves.size() == 2);
    CHECK(reserves[0].first == native_coin);
    CHECK(reserves[0].second.amount("cap") == Amount{});
    CHECK(reserves[1].first == ContractId{2});
    CHECK(reserves[1].second.number("weight") == 0.5);
    CHECK(reserves[1].second.amount("cap") == Amount{5'000'000'000'000'000'000});
    // A bare integer is an amount of the row's smallest unit, written out in the resolved text.
    CHECK(good(base, {{"contracts.pool.reserves.USDC", "{ cap = 5, weight = 1 }"}})
              .resolved_text.find("reserves.USDC = { cap = \"0.000005 USDC\", weight = 1 }") !=
          std::string::npos);
}

TEST_CASE("loader: bad sections and tables get one line", "[scenarios][loader][errors]")
{
    check_all({
        {"blocks = 10", "blocks =",
            "a.toml:2: expected TOML: Error while parsing key-value pair: expected value, saw "
            "'\\n'"},
        {"blocks = 10", "blocks = 10\nblocks = 11",
            "a.toml:3: expected TOML: Error while parsing key-value pair: cannot redefine existing "
            "integer 'blocks'"},
        {"blocks = 10", "blocks = 10\ntitle = \"\xff\"",
            "a.toml:3: expected TOML: Encountered invalid utf-8 sequence"},
        {"[scenario]", "[scenaro]",
            "a.toml:1: scenaro: expected a section (scenario, chain, consensus, network, faults, "
            "tokens, prices, contracts, agents, events, accounts, builders, ...) (did you mean "
            "scenario?), got an unknown one"},
        {"blocks = 10", "block = 10",
            "a.toml:2: scenario.block: expected a key of scenario (did you mean blocks?), got an "
            "unknown one"},
        {"blocks = 10", "",
            "a.toml:1: scenario.blocks: expected an integer from 1 to 100000000, got nothing"},
        {"[agents.payers]", "[[agents.payers]]",
            "a.toml:21: agents.payers: expected a table, got a list of 1"},
        {"[agents.payers]", "[agents]\nx = 5\n[agents.payers]",
            "a.toml:22: agents.x: expected a table, got 5"},
        {"[agents.payers]", "[agents.validator]",
            "a.toml:21: agents.validator: expected a name other than validator, which is taken"},
        {"[tokens.WETH]", "[tokens.ether]",
            "a.toml:7: tokens.ether: expected a name other than ether, which is taken"},
        {"[tokens.WETH]", "[tokens.\"W\\n\"]",
            "a.toml:7: tokens.W\\x0a: expected a name of 1 to 48 letters, digits, _ or -, got "
            "\"W\\x0a\""},
        {"[contracts.oracle]", "[contracts.WETH]",
            "a.toml:9: contracts.WETH: expected a name that no token has, got a token's"},
        {"[tokens.WETH]", "[tokens.WETH]\nkind = \"native\"\n[tokens.BNB]\nkind = \"native\"",
            "a.toml:7: tokens.WETH.kind: expected one native coin, got WETH beside BNB"},
        {"[tokens.WETH]", "[tokens.ETH]",
            "a.toml:7: tokens.ETH.kind: expected a native coin, which is called ETH unless another "
            "table of [tokens] has kind = \"native\", got another kind"},
    });

    std::string deep = "a";
    for (int i = 0; i < 100'000; ++i)
        deep += ".a";
    CHECK(error_of(fmt::format("\n{} = 1", deep)) ==
          "a.toml:2: expected a key of at most 32 parts, got more");
    CHECK(error_of(fmt::format("x = {{ {} = 1 }}", deep)) ==
          "a.toml:1: expected a key of at most 32 parts, got more");
    CHECK(error_of(fmt::format("s = \"\"\"\n\"{}\"\"\"\"\n['b'.{}]", deep, deep)) ==
          "a.toml:3: expected a key of at most 32 parts, got more");
}

TEST_CASE("loader: bad kinds, models and strategies get one line", "[scenarios][loader][errors]")
{
    check_all({
        {"[tokens.WETH]", "[tokens.WETH]\nkind = \"erc21\"",
            "a.toml:8: tokens.WETH.kind: expected a kind of token (native, erc20) (did you mean "
            "erc20?), got \"erc21\""},
        {"kind = \"fake_oracle\"", "kind = \"fake_orcle\"",
            "a.toml:10: contracts.oracle.kind: expected a kind of contract (fake_pool, "
            "fake_oracle) (did you mean fake_oracle?), got \"fake_orcle\""},
        {"kind = \"fake_oracle\"", "kind = \"erc20\"",
            "a.toml:10: contracts.oracle.kind: expected a kind of contract (fake_pool, "
            "fake_oracle), got \"erc20\""},
        {"kind = \"fake_oracle\"", "",
            "a.toml:9: contracts.oracle.kind: expected a kind of contract (fake_pool, "
            "fake_oracle), got nothing"},
        {"model = \"constant\"", "model = \"gmb\"",
            "a.toml:18: prices.WETH.model: expected a model (constant, gbm, jump, csv, "
            "bootstrap, closes, bars) (did you mean gbm?), got \"gmb\""},
        {"strategy = \"payer\"", "strategy = \"prayer\"",
            "a.toml:22: agents.payers.strategy: expected a strategy (payer) (did you mean "
            "payer?), got \"prayer\""},
        {"[agents.payers]", "[events.x]\naction = 5\n[agents.payers]",
            "a.toml:22: events.x.action: expected an action (price_shock, price_set, group_stop, "
            "group_set), got 5"},
    });
}

TEST_CASE("loader: parameters of a group change one after the other", "[scenarios][loader]")
{
    const std::string text = std::string{base} + R"(every = "1h"
[events.z_first]
action = "group_set"
at_block = 3
group = "payers"
parameters = { amount = 7, max_fee = 20 }
[events.a_second]
action = "group_set"
at_block = 5
group = "payers"
parameters.every = "5m"
)";
    const auto scenario = good(text);
    REQUIRE(scenario.events.size() == 2);
    const auto& second = scenario.events[0];
    const auto& first = scenario.events[1];
    CHECK(first.parameters.distribution("amount").a == 7);
    CHECK(first.parameters.distribution("max_fee").a == 20);
    CHECK(first.parameters.duration_ms("every") == 3'600'000);
    CHECK(second.parameters.distribution("amount").a == 7);
    CHECK(second.parameters.distribution("max_fee").a == 20);
    CHECK(second.parameters.duration_ms("every") == 300'000);
    CHECK(scenario.agents[0].parameters.duration_ms("every") == 3'600'000);
    CHECK(scenario.resolved_text.find("parameters = { every = \"5m\" }") != std::string::npos);
    CHECK(good(scenario.resolved_text).resolved_text == scenario.resolved_text);

    const auto with = [&](std::string_view parameters)
    { return error_of(replaced(text, "{ amount = 7, max_fee = 20 }", parameters)); };
    CHECK(with("{ token = \"USDC\" }") ==
          "a.toml:30: events.z_first.parameters.token: expected a parameter of payers that can "
          "change (priority_fee, max_base_fee_multiple, max_fee, amount, every), got another");
    CHECK(with("{ amounts = 5 }") ==
          "a.toml:30: events.z_first.parameters.amounts: expected a parameter of payers that can "
          "change (priority_fee, max_base_fee_multiple, max_fee, amount, every) (did you mean "
          "amount?), got another");
    CHECK(with("{ every = 5 }") ==
          "a.toml:30: events.z_first.parameters.every: expected a duration like \"12s\", \"5m\", "
          "\"36h\" or \"2d\", got 5");
    CHECK(with("{}") ==
          "a.toml:30: events.z_first.parameters: expected a table of parameters of "
          "the group, like { interval = 60 }, got a table");
    CHECK(error_of(replaced(
              text, "group = \"payers\"\nparameters = {", "group = \"payer\"\nparameters = {")) ==
          "a.toml:29: events.z_first.group: expected a group of agents (payers) (did you mean "
          "payers?), got \"payer\"");
}

TEST_CASE("loader: shares of a vault are written in its asset's decimals", "[scenarios][loader]")
{
    const auto scenario = parse_scenario(R"(
[scenario]
blocks = 1
[tokens.USDC]
decimals = 6
[tokens.ALL]
kind = "erc4626"
asset = "SHARE"
[tokens.SHARE]
kind = "erc4626"
asset = "USDC"
decimals_offset = 3
[tokens.cUSDC]
kind = "compound_v2_ctoken"
underlying = "USDC"
[accounts.alice]
funds = { USDC = 5 }
)",
        "a.toml", "/nowhere", {}, {});
    INFO((scenario ? "" : scenario.error().message));
    REQUIRE(scenario);
    for (const auto& token : scenario->tokens)
    {
        CAPTURE(token.name);
        CHECK(unsigned{token.decimals} == (token.name == "ETH"        ? 18U
                                              : token.name == "USDC"  ? 6U
                                              : token.name == "cUSDC" ? 8U
                                                                      : 9U));
    }
}

TEST_CASE("loader: bad references get one line", "[scenarios][loader][errors]")
{
    check_all({
        {"asset = \"USDC\"", "asset = \"USDX\"",
            "a.toml:14: contracts.pool.asset: expected a token (ETH, USDC, WETH) (did you mean "
            "USDC?), got \"USDX\""},
        {"asset = \"USDC\"", "asset = \"oracle\"",
            "a.toml:14: contracts.pool.asset: expected a token (ETH, USDC, WETH), got \"oracle\" "
            "of kind fake_oracle"},
        {"asset = \"USDC\"", "asset = 5",
            "a.toml:14: contracts.pool.asset: expected a token (ETH, USDC, WETH), got 5"},
        {"asset = \"USDC\"", "",
            "a.toml:12: contracts.pool.asset: expected the name of a token, got nothing"},
        {"oracle = \"oracle\"", "oracle = \"pool\"",
            "a.toml:15: contracts.pool.oracle: expected a contract of kind fake_feed (oracle), "
            "got \"pool\" of kind fake_pool"},
        {"oracle = \"oracle\"", "oracle = \"USDC\"",
            "a.toml:15: contracts.pool.oracle: expected a contract of kind fake_feed (oracle), "
            "got \"USDC\" of kind erc20"},
        {"oracle = \"oracle\"", "peers = [\"oracle\", \"oracle\"]",
            "a.toml:15: contracts.pool.peers[1]: expected each name once, got \"oracle\""},
        {"oracle = \"oracle\"", "peers = [\"oracl\"]",
            "a.toml:15: contracts.pool.peers[0]: expected a contract (oracle, pool) (did you mean "
            "oracle?), got \"oracl\""},
        {"oracle = \"oracle\"", "accepted = \"WETH\"",
            "a.toml:15: contracts.pool.accepted: expected a list of tokens, got \"WETH\""},
        {"oracle = \"oracle\"", "reserves.DAI = { weight = 0.5 }",
            "a.toml:15: contracts.pool.reserves.DAI: expected a token (ETH, USDC, WETH), got "
            "\"DAI\""},
        {"funds.ETH = 10", "funds.DAI = 10",
            "a.toml:24: agents.payers.funds.DAI: expected a token (ETH, USDC, WETH), got \"DAI\""},
        {"[prices.WETH]", "[prices.WETHH]",
            "a.toml:17: prices.WETHH: expected a token (ETH, USDC, WETH) (did you mean WETH?), "
            "got \"WETHH\""},
        {"[agents.payers]",
            "[events.x]\naction = \"price_shock\"\nat_block = 5\nfactor = 0.5\ntoken = \"USDC\"\n"
            "[agents.payers]",
            "a.toml:25: events.x.token: expected a token with a table in [prices], got \"USDC\""},
    });
}

TEST_CASE("loader: accounts and groups are those of the scenario", "[scenarios][loader][errors]")
{
    CHECK(pool_with("owner = \"payers/2\"").text("owner") == "payers/2");
    CHECK(pool_with("owner = \"validator/15\"").text("owner") == "validator/15");
    CHECK(pool_with("owner = \"treasury\"").text("owner") == "treasury");
    CHECK(pool_with("").text("owner").empty());
    CHECK(good(base, {{"agents.payers.payees", "payers"}}).agents.at(0).parameters.text("payees") ==
          "payers");
    check_all({
        {"oracle = \"oracle\"", "owner = \"payers/3\"",
            "a.toml:15: contracts.pool.owner: expected an account from payers/0 to payers/2, got "
            "\"payers/3\""},
        {"oracle = \"oracle\"", "owner = \"payers/01\"",
            "a.toml:15: contracts.pool.owner: expected an account from payers/0 to payers/2, got "
            "\"payers/01\""},
        {"oracle = \"oracle\"", "owner = \"payer/0\"",
            "a.toml:15: contracts.pool.owner: expected an account of a group (payers, validator) "
            "(did you mean payers?), got \"payer/0\""},
        {"oracle = \"oracle\"", "owner = \"a b\"",
            "a.toml:15: contracts.pool.owner: expected an account like \"keeper/0\", or a name of "
            "its own, got \"a b\""},
        {"strategy = \"payer\"", "strategy = \"payer\"\npayees = \"prayers\"",
            "a.toml:23: agents.payers.payees: expected a group of agents (payers) (did you mean "
            "payers?), got \"prayers\""},
    });
}

TEST_CASE("loader: bad numbers get one line", "[scenarios][loader][errors]")
{
    check_all({
        {"blocks = 10", "blocks = 0",
            "a.toml:2: scenario.blocks: expected an integer from 1 to 100000000, got 0"},
        {"blocks = 10", "blocks = \"ten\"",
            "a.toml:2: scenario.blocks: expected an integer from 1 to 100000000, got \"ten\""},
        {"blocks = 10", "blocks = 10.0",
            "a.toml:2: scenario.blocks: expected an integer from 1 to 100000000, got 10.0"},
        {"blocks = 10", "blocks = 10\nstart = 2024-01-01",
            "a.toml:3: scenario.start: expected unix seconds from 0 to 253402300799 or a date like "
            "2024-01-01T00:00:00Z, got a date or time without its offset from UTC"},
        {"[scenario]", "[chain]\nparticipation = 1.01\n[scenario]",
            "a.toml:2: chain.participation: expected a number from 0 to 1, got 1.01"},
        {"[scenario]", "[chain]\nparticipation = nan\n[scenario]",
            "a.toml:2: chain.participation: expected a number from 0 to 1, got nan"},
        {"[scenario]", "[chain]\ninitial_base_fee = \"5 wei\"\n[scenario]",
            "a.toml:2: chain.initial_base_fee: expected at least min_base_fee, 7 wei, got 5 wei"},
        {"oracle = \"oracle\"", "fee_bps = 10_001",
            "a.toml:15: contracts.pool.fee_bps: expected an integer from 0 to 10000, got 10001"},
        {"oracle = \"oracle\"", "enabled = 1",
            "a.toml:15: contracts.pool.enabled: expected true or false, got 1"},
        {"oracle = \"oracle\"", "enabled = false",
            "a.toml:12: contracts.pool.fee_bps: expected 0 while enabled is false, got 30"},
        {"oracle = \"oracle\"", "fee_bps = 5\nenabled = false",
            "a.toml:15: contracts.pool.fee_bps: expected 0 while enabled is false, got 5"},
        {"oracle = \"oracle\"", "mode = \"fats\"",
            "a.toml:15: contracts.pool.mode: expected one of fast, slow (did you mean fast?), got "
            "\"fats\""},
        {"oracle = \"oracle\"", "reserves.WETH = { weight = 1.5 }",
            "a.toml:15: contracts.pool.reserves.WETH.weight: expected a number from 0 to 1, got "
            "1.5"},
        {"oracle = \"oracle\"", "reserves.WETH = {}",
            "a.toml:15: contracts.pool.reserves.WETH.weight: expected a number from 0 to 1, got "
            "nothing"},
        {"count = 3", "count = 5_000_001",
            "a.toml:23: agents.payers.count: expected an integer from 0 to 5000000, got 5000001"},
        {"count = 3", "count = 3_000_000\n[agents.more]\nstrategy = \"payer\"\ncount = 3_000_000",
            "a.toml:23: agents.payers.count: expected at most 5000000 wallets in all groups "
            "together, got 6000000"},
    });
    std::string many = replaced(base, "blocks = 10", "blocks = 100_000_000");
    many += "[tokens.A]\n[tokens.B]\n";
    for (const auto* token : {"A", "B"})
        many += fmt::format("[prices.{}]\nmodel = \"constant\"\nprice = 1\n", token);
    CHECK(error_of(many) ==
          "a.toml:2: scenario.blocks: expected at most 83333333 blocks with 3 prices, got "
          "100000000");
}

TEST_CASE("loader: bad amounts and durations get one line", "[scenarios][loader][errors]")
{
    check_all({
        {"oracle = \"oracle\"", "reserve = \"-1 USDC\"",
            "a.toml:15: contracts.pool.reserve: expected an amount that is not negative, got \"-1 "
            "USDC\""},
        {"oracle = \"oracle\"", "reserve = -1",
            "a.toml:15: contracts.pool.reserve: expected an amount that is not negative, got -1"},
        {"oracle = \"oracle\"", "reserve = \"1.0000001 USDC\"",
            "a.toml:15: contracts.pool.reserve: expected at most 6 decimals of USDC, got "
            "\"1.0000001 USDC\""},
        {"oracle = \"oracle\"", "reserve = \"1 WETH\"",
            "a.toml:15: contracts.pool.reserve: expected an amount in USDC, got \"1 WETH\""},
        {"oracle = \"oracle\"", "reserve = \"1\"",
            "a.toml:15: contracts.pool.reserve: expected an amount like \"1_000.5 USDC\" (units: "
            "USDC), got \"1\""},
        {"oracle = \"oracle\"", "reserve = \"1__0 USDC\"",
            "a.toml:15: contracts.pool.reserve: expected an amount like \"1_000.5 USDC\" (units: "
            "USDC), got \"1__0 USDC\""},
        {"oracle = \"oracle\"", "reserve = 1.5",
            "a.toml:15: contracts.pool.reserve: expected an amount like \"1_000.5 USDC\" or an "
            "integer of smallest units, got 1.5"},
        {"oracle = \"oracle\"", "reserve = \"340282366920938463463374607431768.211456 USDC\"",
            "a.toml:15: contracts.pool.reserve: expected an amount below 2^128 smallest units, got "
            "\"340282366920938463463374607431768.211456 USDC\""},
        {"oracle = \"oracle\"", "gas_price = \"1 kwei\"",
            "a.toml:15: contracts.pool.gas_price: expected an amount in ether, gwei, wei, ETH (did "
            "you mean gwei?), got \"1 kwei\""},
        {"oracle = \"oracle\"", "reserves.WETH = { weight = 1, cap = \"1 USDC\" }",
            "a.toml:15: contracts.pool.reserves.WETH.cap: expected an amount in WETH, got \"1 "
            "USDC\""},
        {"oracle = \"oracle\"", "delay = \"12 parsecs\"",
            "a.toml:15: contracts.pool.delay: expected a duration like \"500ms\", \"12s\", "
            "\"5m\", \"36h\" or \"2d\", got \"12 parsecs\""},
        {"oracle = \"oracle\"", "delay = \"0.1ms\"",
            "a.toml:15: contracts.pool.delay: expected a duration of at most 100 years, in whole "
            "milliseconds, got \"0.1ms\""},
        {"oracle = \"oracle\"", "delay = 12",
            "a.toml:15: contracts.pool.delay: expected a duration like \"12s\", \"5m\", \"36h\" or "
            "\"2d\", got 12"},
        {"strategy = \"payer\"", "strategy = \"payer\"\nevery = \"10ms\"",
            "a.toml:23: agents.payers.every: expected a duration of at least 1s, got \"10ms\""},
    });
}

TEST_CASE("loader: bad distributions get one line", "[scenarios][loader][errors]")
{
    check_all({
        {"funds.ETH = 10", "funds.ETH = -10",
            "a.toml:24: agents.payers.funds.ETH: expected a number from 0 to 1e+30, got -10"},
        {"funds.ETH = 10", "funds.ETH = \"10 ether\"",
            "a.toml:24: agents.payers.funds.ETH: expected a number from 0 to 1e+30, or a "
            "distribution like { normal = [mean, sd], min = 0 }, got \"10 ether\""},
        {"funds.ETH = 10", "funds.ETH = { normal = [10, -1] }",
            "a.toml:24: agents.payers.funds.ETH.normal: expected [mean, sd] with sd >= 0, got [10, "
            "-1]"},
        {"funds.ETH = 10", "funds.ETH = { normal = [inf, 1] }",
            "a.toml:24: agents.payers.funds.ETH.normal: expected [mean, sd] with sd >= 0, got "
            "[inf, 1]"},
        {"funds.ETH = 10", "funds.ETH = { uniform = [10, 1] }",
            "a.toml:24: agents.payers.funds.ETH.uniform: expected [low, high] with low <= high, "
            "got [10, 1]"},
        {"funds.ETH = 10", "funds.ETH = { uniform = [-10, 1] }",
            "a.toml:24: agents.payers.funds.ETH.uniform: expected bounds from 0 to 1e+30, got "
            "[-10, 1]"},
        {"funds.ETH = 10", "funds.ETH = { norml = [10, 1] }",
            "a.toml:24: agents.payers.funds.ETH.norml: expected one of min, max, constant, "
            "uniform, normal, log_normal, exponential, pareto (did you mean normal?), got an "
            "unknown key"},
        {"funds.ETH = 10", "funds.ETH = { normal = [10, 1], uniform = [1, 2] }",
            "a.toml:24: agents.payers.funds.ETH.uniform: expected one shape, got normal too"},
        {"funds.ETH = 10", "funds.ETH = { min = 1 }",
            "a.toml:24: agents.payers.funds.ETH: expected a shape: constant, uniform, normal, "
            "log_normal, exponential or pareto, got a table"},
        {"funds.ETH = 10", "funds.ETH = { normal = [10, 1], min = 5, max = 4 }",
            "a.toml:24: agents.payers.funds.ETH: expected min not above max, got a table"},
    });
}

TEST_CASE("loader: blocks may come when they came elsewhere", "[scenarios][loader]")
{
    const std::string history =
        "[scenario]\nblocks = 10\nstart = 1_000\nretold_block = 12_369_738\n"
        "block_times = [[2, 1_030], [6, 1_030]]\n";
    const auto scenario = good(history);
    CHECK(scenario.retold == 12'369'738);
    CHECK(scenario.times.known() == std::vector<BlockTimes::Known>{{2, 1'030}, {6, 1'030}});
    CHECK(scenario.times.of(1, 1'000, 12) == 1'015);
    const auto again = good(scenario.resolved_text);
    CHECK(again.times.known() == scenario.times.known());
    CHECK(again.resolved_text == scenario.resolved_text);
    // Other scenarios keep their text, and so their hashes.
    CHECK(good("[scenario]\nblocks = 10\n").resolved_text.find("block_times") == std::string::npos);

    const auto wrong = [&](std::string_view times)
    { return error_of(replaced(history, "[[2, 1_030], [6, 1_030]]", times)); };
    CHECK(wrong("3").find("scenario.block_times: expected a list of [block, unix seconds]") !=
          std::string::npos);
    CHECK(
        wrong("[[2]]").find("block_times[0]: expected [block, unix seconds]") != std::string::npos);
    CHECK(wrong("[[0, 1_030]]").find("expected blocks from 1 on in their order") !=
          std::string::npos);
    CHECK(wrong("[[2, 1_030], [2, 1_031]]").find("block_times[1]: expected blocks from 1 on") !=
          std::string::npos);
    CHECK(wrong("[[2, 1_030], [3, 1_029]]").find("times that do not go back") != std::string::npos);
    CHECK(wrong("[[2, 999]]").find("expected no time before start, 1000, got 999") !=
          std::string::npos);
    CHECK(error_of(history + "[tokens.A]\n[prices.A]\nmodel = \"constant\"\nprice = 1\n")
              .find("scenario.block_times: expected no [prices] beside it") != std::string::npos);
}

TEST_CASE("loader: bad prices get one line", "[scenarios][loader][errors]")
{
    constexpr std::string_view model = "model = \"constant\"\nprice = 3000";
    check_all({
        {"price = 3000", "price = 0",
            "a.toml:19: prices.WETH.price: expected a price above 0 and up to 10000000000 USD, of "
            "at "
            "most 8 decimals, got 0"},
        {"price = 3000", "price = nan",
            "a.toml:19: prices.WETH.price: expected a price above 0 and up to 10000000000 USD, of "
            "at "
            "most 8 decimals, got nan"},
        {"price = 3000", "price = 1e11",
            "a.toml:19: prices.WETH.price: expected a price above 0 and up to 10000000000 USD, of "
            "at "
            "most 8 decimals, got 100000000000.0"},
        {model, "model = \"gbm\"\nstart_price = 1\nvolatility = inf",
            "a.toml:20: prices.WETH.volatility: expected a number from 0 to 100, got inf"},
        {model, "model = \"csv\"\nfile = \"no.csv\"",
            "a.toml:19: prices.WETH.file: expected a CSV file that can be read, got \"no.csv\" (no "
            "such file)"},
        {model, "model = \"csv\"\nfile = \"/tmp\"",
            "a.toml:19: prices.WETH.file: expected a CSV file that can be read, got \"/tmp\" (no "
            "regular file)"},
        {model, "model = \"closes\"\ncloses = [[5, 1], [4, 1]]",
            "a.toml:17: prices.WETH: closes[1].unix: expected a time after 5, got 4"},
        {model, "model = \"closes\"\ncloses = [[5, 1], [6]]",
            "a.toml:19: prices.WETH.closes[1]: expected [unix seconds, price], got [6]"},
        {model, "model = \"bars\"\nbars = [[5, 1, 2, 1.5, 1]]\nbar_seconds = 60",
            "a.toml:17: prices.WETH: bars[0].low: expected a price not above open and close, got "
            "150000000"},
    });
}

TEST_CASE("loader: overrides reach every value, and are named in errors", "[scenarios][loader]")
{
    const std::string text{base};
    CHECK(good(text, {{"scenario.seed", "7"}}).seed == 7);
    CHECK(good(text, {{"chain.ordering", "fifo"}}).chain.ordering == Ordering::fifo);
    CHECK(good(text, {{"contracts.pool.reserve", "1_000.5 USDC"}})
              .contracts.at(1)
              .parameters.amount("reserve") == Amount{1'000'500'000});
    CHECK(good(text, {{"contracts.pool.delay", "2d"}})
              .contracts.at(1)
              .parameters.duration_ms("delay") == 172'800'000);
    CHECK(good(text, {{"contracts.pool.peers", "[\"oracle\"]"}})
              .contracts.at(1)
              .parameters.contracts("peers")
              .size() == 1);
    // A whole table, a new one, and the last of two.
    CHECK(std::holds_alternative<GbmPrice>(
        good(text, {{"prices.WETH", "{ model = \"gbm\", start_price = 1, volatility = 1 }"}})
            .prices.at(0)
            .model));
    CHECK(good(text, {{"tokens.DAI.kind", "erc20"}}).tokens.at(1).name == "DAI");
    CHECK(good(text, {{"agents.payers.count", "4"}, {"agents.payers.count", "5"}})
              .agents.at(0)
              .count == 5);

    struct Case
    {
        Override change;
        std::string_view error;
    };
    const std::vector<Case> cases{
        {{"chain.validators", "x"},
            "--set chain.validators: expected an integer from 1 to 10000, got \"x\""},
        {{"chain.validatrs", "5"},
            "--set chain.validatrs: expected a key of chain (did you mean "
            "validators?), got an unknown one"},
        {{"chain", "5"}, "--set chain: expected a table, got 5"},
        {{"scenario.blocks.x", "5"},
            "--set scenario.blocks.x: expected a table before \"x\", got 10"},
        {{"chain..x", "5"}, "--set chain..x: expected a path like chain.validators"},
        {{"chain.ordering", "\xff"}, "--set chain.ordering: expected UTF-8"},
        {{"agents.payers.amount", "{ pareto = [1] }"},
            "--set agents.payers.amount: agents.payers.amount.pareto: expected [scale, shape] with "
            "scale > 0 and shape from 0.1 to 1000, got [1]"},
        {{"contracts.pool.reserves.WETH.weight", "2"},
            "--set contracts.pool.reserves.WETH.weight: expected a number from 0 to 1, got 2"},
        {{"chain.validators", "1\nx = 5"},
            "--set chain.validators: expected an integer from 1 to 10000, got \"1\\x0ax = 5\""},
    };
    for (const auto& [change, error] : cases)
    {
        CAPTURE(change.path, change.value);
        CHECK(error_of(text, {change}) == error);
    }
}

TEST_CASE("loader: the resolved text reproduces the scenario", "[scenarios][loader]")
{
    constexpr std::string_view text = R"([scenario]
blocks = 1_000
title = "A \"test\" with \\ and \u0001, é\nand more"
start = 2024-01-01T01:00:00+01:00
[chain]
stake = { uniform = [32, 64], max = 50 }
initial_base_fee = "0.5 gwei"
mempool_seen_at = 11_500
signatures = "secp256k1"
inclusion_list_gas = 5
[tokens.USDC]
decimals = 6
[tokens.WETH]
[prices.WETH]
model = "jump"
start_price = "1234567890.12345678"
volatility = 0.1
jumps_per_year = 1e3
jump_sd = 1e-7
[prices.USDC]
model = "bars"
bars = [[1_704_067_200, 1.0, 1.01, 0.87, 0.9], [1_704_153_600, 0.9, 1.0, 0.9, 0.97]]
hold_last_close = true
[contracts.oracle]
kind = "fake_oracle"
[contracts.pool]
kind = "fake_pool"
asset = "USDC"
reserve = "1_000_000.5 USDC"
payment = 5
anything = "0.25 WETH"
delay = "90000ms"
oracle = "oracle"
peers = ["pool", "oracle"]
accepted = ["WETH", "ETH"]
reserves.WETH = { cap = "5 WETH", weight = 0.5 }
reserves.ETH = { cap = "5 gwei", weight = 1.0 }
[agents.payers]
strategy = "payer"
count = 100
funds = { USDC = { log_normal = [8, 1] }, ETH = 0.1 }
[events.crash]
at_block = 100
action = "price_shock"
token = "WETH"
factor = 0.5
)";
    const auto scenario = good(text);
    const auto again = good(scenario.resolved_text);
    CHECK(again.resolved_text == scenario.resolved_text);
    CHECK(again.start == 1'704'067'200);
    CHECK(again.title == scenario.title);
    CHECK(std::get<JumpPrice>(again.prices.at(1).model).diffusion.start_price ==
          123'456'789'012'345'678);
    CHECK(again.contracts.at(1).parameters.amount("payment") == Amount{5});
    CHECK(again.contracts.at(1).parameters.contracts("peers") ==
          std::vector{ContractId{4}, ContractId{3}});

    CHECK(again.chain.mempool_seen_at_ms == 11'500);
    CHECK(good("[scenario]\nblocks = 1\n").chain.mempool_seen_at_ms == 11'000);

    // It names every key there is, but for the contract that one ordering alone has.
    for (const auto& key : section("chain").keys)
    {
        CAPTURE(key.spec.name);
        CHECK((key.spec.name == "relay" || scenario.resolved_text.find(fmt::format(
                                               "\n{} = ", key.spec.name)) != std::string::npos));
    }
    for (const auto& spec : fake_pool_type().parameters)
        CHECK(scenario.resolved_text.find(fmt::format("\n{}", spec.name)) != std::string::npos);

    // Equal scenarios have equal texts, however they are written.
    auto other = replaced(text, "1_000\n", "1000\n");
    other = replaced(other, "2024-01-01T01:00:00+01:00", "1_704_067_200");
    other = replaced(other, "[[1_704_067_200,", "[[2024-01-01T00:00:00Z,");
    other = replaced(other, "\"0.5 gwei\"", "500_000_000");
    other = replaced(other, "\"1_000_000.5 USDC\"", "1_000_000_500_000");
    other = replaced(other, "payment = 5", "payment = \"0.000005 USDC\"");
    other = replaced(other, "\"90000ms\"", "\"1.5m\"");
    other = replaced(other, "funds = { USDC = { log_normal = [8, 1] }, ETH = 0.1 }",
        "funds.ETH = { constant = 0.10 }\n[agents.payers.funds.USDC]\nlog_normal = [8.0, 1]");
    CHECK(good(other).resolved_text == scenario.resolved_text);
    // And an override is the same as an edit.
    CHECK(good(text, {{"contracts.pool.fee_bps", "5"}}).resolved_text ==
          good(replaced(text, "payment = 5", "payment = 5\nfee_bps = 5")).resolved_text);
}

TEST_CASE("loader: a price file's hash is recorded and enforced", "[scenarios][loader]")
{
    const TemporaryDirectory directory;
    directory.write("weth.csv", csv);
    const auto text = replaced(base, "model = \"constant\"\nprice = 3000",
        "model = \"csv\"\nfile = \"weth.csv\"\nhold_last_close = true");
    const auto file = directory.write("scenario.toml", text);
    const auto scenario = load_scenario(file, {}, test_options());
    REQUIRE(scenario);
    CHECK(scenario->name == "scenario");
    REQUIRE(scenario->inputs.size() == 1);
    CHECK(scenario->inputs[0].path == "weth.csv");
    const auto hash = keccak256(csv);
    CHECK(scenario->inputs[0].hash == hash);
    CHECK(scenario->resolved_text.find(fmt::format(
              "file = \"weth.csv\"\nfile_hash = \"{}\"", hash.to_string())) != std::string::npos);

    // The resolved scenario works on the same file only.
    const auto again =
        parse_scenario(scenario->resolved_text, "m", directory.path(), {}, test_options());
    REQUIRE(again);
    CHECK(again->resolved_text == scenario->resolved_text);
    directory.write("weth.csv", std::string{csv} + "1704074400,2,2,2,2\n");
    const auto changed =
        parse_scenario(scenario->resolved_text, "m", directory.path(), {}, test_options());
    REQUIRE_FALSE(changed);
    CHECK(changed.error().message.find(
              "prices.WETH.file_hash: expected the hash of \"weth.csv\"") != std::string::npos);

    // Without the file its hash stands for it.
    auto closed = test_options();
    closed.open_input_files = false;
    const auto absent = parse_scenario(scenario->resolved_text, "m", "/nowhere", {}, closed);
    REQUIRE(absent);
    CHECK(absent->resolved_text == scenario->resolved_text);
    const auto no_hash = load_scenario(file, {}, closed);
    REQUIRE_FALSE(no_hash);
    CHECK(no_hash.error().message.ends_with(
        "prices.WETH.file_hash: expected the hash of the file, got nothing"));

    // Another file by override; a bad one is refused with its own line.
    directory.write("bad.csv", "unix,open,high,low,close\n5,1,1,1,x\n");
    const auto bad = load_scenario(file, {{"prices.WETH.file", "bad.csv"}}, test_options());
    REQUIRE_FALSE(bad);
    CHECK(bad.error().message.find("bad.csv:2:") != std::string::npos);
}

TEST_CASE("loader: a file that cannot be read gets one line", "[scenarios][loader][errors]")
{
    const TemporaryDirectory directory;
    const auto missing = load_scenario(directory.path() / "no.toml", {}, test_options());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message ==
          (directory.path() / "no.toml").string() +
              ": expected a scenario file of at most 64 MiB, got no such file");
    const auto folder = load_scenario(directory.path(), {}, test_options());
    REQUIRE_FALSE(folder);
    CHECK(folder.error().message.ends_with("got no regular file"));
}

TEST_CASE("loader: every registered key has a default that loads, and its own name",
    "[scenarios][loader]")
{
    const auto check = [](std::vector<Key> keys, const std::vector<ParameterSpec>& parameters)
    {
        for (const auto& spec : parameters)
            keys.push_back({spec});
        for (std::size_t i = 0; i < keys.size(); ++i)
        {
            CAPTURE(keys[i].spec.name);
            CHECK_FALSE(keys[i].spec.help.empty());
            for (std::size_t k = 0; k < i; ++k)
                CHECK(keys[i].spec.name != keys[k].spec.name);
        }
    };
    const auto catalogue = standard_catalogue();
    for (const auto* type : catalogue.contracts)
        check(section(is_token_type(*type) ? "tokens" : "contracts").keys, type->parameters);
    for (const auto* type : catalogue.strategies)
        check(section("agents").keys, type->parameters);
    for (const auto& one : sections())
    {
        for (const auto& variant : one.variants)
        {
            auto keys = one.keys;
            keys.insert(keys.end(), variant.keys.begin(), variant.keys.end());
            check(keys, {});
        }
    }
}

TEST_CASE("loader: the reference names every key", "[scenarios][loader]")
{
    const auto reference = scenario_reference(test_options().catalogue);
    for (const auto& spec : fake_pool_type().parameters)
        CHECK(reference.find(fmt::format("| `{}`", spec.name)) != std::string::npos);
    CHECK(reference.find("| `reserves.TOKEN.cap` |") != std::string::npos);
    CHECK(reference.find("### strategy = \"payer\"") != std::string::npos);
}

#ifdef RUNNEL_SOURCE_DIR
TEST_CASE("loader: a seed is any number of 64 bits", "[scenarios][loader]")
{
    const auto parse = [&](const std::string& text, const std::vector<Override>& overrides = {})
    {
        const auto scenario = parse_scenario(
            "[scenario]\nblocks = 1\n" + text + "\n", "a.toml", ".", overrides, test_options());
        INFO(text);
        INFO((scenario ? "" : scenario.error().message));
        REQUIRE(scenario);
        // What is resolved means the same, and is TOML for everybody.
        const auto again =
            parse_scenario(scenario->resolved_text, "b.toml", ".", {}, test_options());
        REQUIRE(again);
        CHECK(again->seed == scenario->seed);
        return scenario->seed;
    };
    constexpr std::uint64_t max = 18'446'744'073'709'551'615U;
    CHECK(parse("seed = 18446744073709551615") == max);
    CHECK(parse("seed = 18_446_744_073_709_551_615 # = 1") == max);
    CHECK(parse("seed = 0xfeed_beef_dead_cafe") == 0xfeedbeefdeadcafe);
    CHECK(parse("seed = 0x7fff_ffff_ffff_ffff") == 0x7fffffffffffffff);
    CHECK(parse("seed = 0b1" + std::string(63, '0')) == std::uint64_t{1} << 63U);
    CHECK(parse("seed = 0o1777777777777777777777") == max);
    CHECK(parse("seed = \"18446744073709551615\"") == max);
    CHECK(parse("seed = 9223372036854775807") == 9'223'372'036'854'775'807U);
    CHECK(parse("seed=9223372036854775808\ntitle='= 18446744073709551615'") ==
          9'223'372'036'854'775'808U);
    CHECK(parse("title = \"\u00fc\"\nseed = 18446744073709551615") == max);
    CHECK(parse("",
              {{"scenario", "{ title = \"\u00fc\", blocks = 2, seed = 18446744073709551615 }"}}) ==
          max);
    CHECK(parse("", {{"scenario.seed", "18446744073709551615"}}) == max);
    CHECK(parse("", {{"scenario.seed", "0xffff_ffff_ffff_ffff"}}) == max);

    for (const auto* wrong : {"18446744073709551616", "-1", "1.5", "0x1_0000_0000_0000_0000"})
    {
        const auto refused = parse_scenario(
            "[scenario]\nblocks = 1\n", "a.toml", ".", {{"scenario.seed", wrong}}, test_options());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("an integer from 0 to 18446744073709551615") !=
              std::string::npos);
    }
    // Elsewhere such a number is as wrong as it was.
    const auto blocks = parse_scenario(
        "[scenario]\nblocks = 18446744073709551615\n", "a.toml", ".", {}, test_options());
    REQUIRE_FALSE(blocks);
    CHECK(blocks.error().message ==
          "a.toml:2: scenario.blocks: expected an integer from 1 to 100000000, got "
          "18446744073709551615");
}

TEST_CASE("loader: the reference in docs is the one the loader makes", "[scenarios][loader][docs]")
{
    std::ifstream stream{RUNNEL_SOURCE_DIR "/docs/scenario_reference.md", std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    INFO("make it anew: runnel scenarios --reference > docs/scenario_reference.md");
    CHECK(text == scenario_reference());
}

TEST_CASE("loader: the example in docs loads", "[scenarios][loader][docs]")
{
    std::ifstream stream{RUNNEL_SOURCE_DIR "/docs/scenarios.md", std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    const auto begin = text.find("```toml\n");
    REQUIRE(begin != std::string::npos);
    const auto example = text.substr(begin + 8, text.find("```", begin + 8) - begin - 8);
    const auto scenario = parse_scenario(example, "example.toml", "", {});
    INFO((scenario ? "" : scenario.error().message));
    REQUIRE(scenario);
    CHECK(scenario->contracts.size() == 3);
}
#endif

// Method: changes bytes, cuts, repeats and splices pieces of well-formed scenarios, and sets
// hostile values by override. Whatever comes out is a scenario that is a fixpoint, or one line.
TEST_CASE(
    "loader: hostile input gets a scenario or one clean line", "[scenarios][loader][property]")
{
    std::vector<std::string> seeds{std::string{base}, good(base).resolved_text};
    auto options = test_options();
    options.open_input_files = false;
#ifdef RUNNEL_SOURCE_DIR
    options.catalogue = standard_catalogue();
    for (const auto& entry : std::filesystem::directory_iterator{RUNNEL_SOURCE_DIR "/scenarios"})
    {
        if (entry.path().extension() != ".toml")
            continue;
        std::ifstream stream{entry.path(), std::ios::binary};
        seeds.emplace_back(
            std::istreambuf_iterator<char>{stream}, std::istreambuf_iterator<char>{});
    }
    std::sort(seeds.begin(), seeds.end());
#endif
    const std::vector<std::string_view> pieces{"\"", "'''", "\"\"\"", "[", "]", "[[", "]]", "{",
        "}", "=", ".", ",", "\n", "#", "\\", "\\u0000", "-1", "1e999", "nan", "inf",
        "0x7fffffffffffffff", "9223372036854775808", "1979-05-27T07:32:00Z", "1979-05-27", "\xff",
        "\xc3", "true", "{ normal = [1e308, 1e308] }", "[[1, 1]]", "tokens", "count = 4000000",
        "kind", "\t", "_"};

    for (std::uint64_t run = 0; run < 10'000; ++run)
    {
        RandomStream random{20'260'101, 1, run, 0};
        const auto below = [&](std::size_t n)
        { return static_cast<std::size_t>(random.uniform_below(std::max<std::size_t>(n, 1))); };
        std::string text = seeds[below(seeds.size())];
        for (std::size_t change = 0; change <= below(6); ++change)
        {
            const auto at = below(text.size());
            switch (below(6))
            {
                case 0:
                    if (!text.empty())
                        text[at] = static_cast<char>(below(256));
                    break;
                case 1: text.erase(at, below(20)); break;
                case 2: text.insert(at, pieces[below(pieces.size())]); break;
                case 3: text.insert(at, text.substr(below(text.size()), below(200))); break;
                case 4: {
                    const auto& other = seeds[below(seeds.size())];
                    text.insert(at, other.substr(below(other.size()), below(200)));
                    break;
                }
                default:
                    if (const auto equals = text.find('=', at); equals != std::string::npos)
                    {
                        const auto end = std::min(text.find('\n', equals), text.size());
                        text.replace(equals + 1, end - equals - 1, pieces[below(pieces.size())]);
                    }
            }
        }
        std::vector<Override> overrides;
        if (below(4) == 0)
        {
            overrides.push_back({below(2) == 0 ? "agents.payers.funds.ETH" : "contracts.pool",
                std::string{pieces[below(pieces.size())]}});
        }
        CAPTURE(run, text);
        const auto scenario = parse_scenario(text, "a.toml", "/nowhere", overrides, options);
        if (!scenario)
        {
            const auto& message = scenario.error().message;
            REQUIRE(message.find('\n') == std::string::npos);
            REQUIRE((message.starts_with("a.toml:") || message.starts_with("--set ")));
            REQUIRE(message.find("expected") != std::string::npos);
            continue;
        }
        const auto again =
            parse_scenario(scenario->resolved_text, "a.toml", "/nowhere", {}, options);
        INFO((again ? "" : again.error().message));
        REQUIRE(again);
        REQUIRE(again->resolved_text == scenario->resolved_text);
    }
}
