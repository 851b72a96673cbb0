#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/token.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/run.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/state_export.hpp"
#include "scenarios/world_state.hpp"
#include "tests/scenarios/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;
using runnel::scenarios::tests::TemporaryDirectory;

namespace
{
const std::string market = R"(
[scenario]
blocks = 2
start = 1_700_000_000
[tokens.WETH]
[tokens.USDC]
decimals = 6
[contracts.oracle]
kind = "price_oracle"
keeper = "keeper"
prices.WETH = { price = 2000 }
prices.USDC = { price = 1 }
[contracts.pool]
kind = "aave_v3_pool"
oracle = "oracle"
[contracts.pool.reserves.WETH]
ltv_bps = 7500
liquidation_threshold_bps = 8000
liquidation_bonus_bps = 10500
[contracts.pool.reserves.USDC]
ltv_bps = 7500
liquidation_threshold_bps = 8000
liquidation_bonus_bps = 10500
initial_liquidity = "100_000 USDC"
[contracts.factory]
kind = "uniswap_v2_factory"
[contracts.router]
kind = "uniswap_v2_router"
factory = "factory"
[contracts.weth_usdc]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "WETH"
token1 = "USDC"
amount0 = "10 WETH"
amount1 = "20_000 USDC"
[accounts.alice]
funds = { ETH = 1, WETH = 5, USDC = 700 }
[positions.book]
by = "table"
market = "pool"
rows = [["bob", "5 WETH", "7_000 USDC"]]
)";

/// Nobody has anything but what rows say.
const std::string empty = R"(
[scenario]
blocks = 2
start = 1_700_000_000
[tokens.USDC]
decimals = 6
[contracts.oracle]
kind = "price_oracle"
keeper = "keeper"
prices.USDC = { price = 1 }
[contracts.pool]
kind = "aave_v3_pool"
oracle = "oracle"
[contracts.pool.reserves.USDC]
ltv_bps = 7500
liquidation_threshold_bps = 8000
liquidation_bonus_bps = 10500
[accounts.alice]
)";

std::string state(const std::string& rows)
{
    return "[state.book]\nrows = \"\"\"\n" + rows + "\"\"\"\n";
}

/// The world after block 0.
struct Started
{
    Scenario scenario;
    std::unique_ptr<World> world;
    BlockHeader head;

    [[nodiscard]] Amount balance(const std::string& token, const std::string& account) const
    {
        const auto id = world->find_contract(token).value();
        return contracts::token_at(*world, id).holding(world->find_account(account).value());
    }
};

tl::expected<Started, ScenarioError> start(const std::string& text,
    const std::filesystem::path& folder = ".", const std::vector<Override>& overrides = {},
    bool open_files = true)
{
    LoadOptions options;
    options.open_input_files = open_files;
    auto scenario = parse_scenario(text, "a.toml", folder, overrides, options);
    if (!scenario)
        return tl::unexpected{scenario.error()};
    auto genesis = build_genesis(*scenario);
    if (!genesis)
        return tl::unexpected{genesis.error()};
    const auto block = execute_genesis(*genesis, *scenario, Hash{});
    if (!block)
        return tl::unexpected{block.error()};
    return Started{std::move(*scenario), std::move(genesis->world), block->header};
}

Started started(const std::string& text, const std::filesystem::path& folder = ".",
    const std::vector<Override>& overrides = {}, bool open_files = true)
{
    auto result = start(text, folder, overrides, open_files);
    INFO((result ? "" : result.error().message));
    REQUIRE(result);
    return std::move(*result);
}

std::string error_of(const std::string& text, const std::vector<Override>& overrides = {},
    const std::filesystem::path& folder = ".")
{
    const auto result = start(text, folder, overrides);
    REQUIRE_FALSE(result);
    return result.error().message;
}

bool has(const std::string& text, std::string_view part)
{
    INFO(text);
    return text.find(part) != std::string::npos;
}

std::map<std::string, std::string> rows_of(const World& world)
{
    std::map<std::string, std::string> rows;
    for (const auto& file : state_of(world).files)
        rows[file.name] = file.csv;
    return rows;
}

/// The scenario that starts from the world, its files in a folder.
std::string exported(const Started& from, const TemporaryDirectory& folder)
{
    const auto result = export_state(*from.world, from.scenario, from.head, {});
    INFO((result ? "" : result.error().message));
    REQUIRE(result);
    CHECK(result->state.left_out.empty());
    for (const auto& file : result->state.files)
        folder.write(file.name + ".csv", file.csv);
    return result->scenario;
}
}  // namespace

TEST_CASE("state: rows are what accounts begin with", "[scenarios][state]")
{
    const auto begun =
        started(empty + state("table,account,owner,spender,number,amount,total_supply\n"
                              "# Comments and blank lines are passed over.\n\n"
                              "USDC.balances,alice,,,,7,\n"
                              "USDC.balances,carol,,,,3,\n"
                              "USDC.allowances,,alice,pool,,5,\n"
                              "USDC.supply,,,,0,,10\n"));
    CHECK(begun.balance("USDC", "alice") == 7);
    CHECK(begun.balance("USDC", "carol") == 3);
    const auto& world = *begun.world;
    const auto& usdc = contracts::token_at(world, world.find_contract("USDC").value());
    CHECK(usdc.allowances().get(pair_key(
              world.find_account("alice").value(), world.find_account("pool").value())) == 5);
    CHECK(world.account(world.find_account("carol").value()).role == "wallet");
}

TEST_CASE("state: what is given away adds to balances and supplies", "[scenarios][state]")
{
    const auto text = empty + state(
                                  "table,account,number,amount,total_supply\n"
                                  "USDC.balances,alice,,7,\n"
                                  "USDC.supply,,0,,7\n");
    const auto begun =
        started(text, ".", {{"accounts.alice.funds", "{ USDC = \"0.000002 USDC\" }"}});
    CHECK(begun.balance("USDC", "alice") == 9);
    CHECK(has(rows_of(*begun.world).at("erc20_supply"), "USDC.supply,0,9,"));
}

TEST_CASE("state: the rows of a table are all that it has", "[scenarios][state]")
{
    const auto whole = started(market);
    const auto text =
        market + state("table,contract,price,timestamp\noracle.prices,USDC,99000000,5\n");
    // WETH has no price any more, so nothing can be lent against it.
    CHECK(has(error_of(text), "positions.book"));
    const auto begun = started(text, ".", {{"positions", "{}"}});
    const auto prices = rows_of(*begun.world).at("price_oracle_prices");
    CHECK(prices == "table,contract,price,timestamp\noracle.prices,USDC,99000000,5\n");
    CHECK(has(rows_of(*whole.world).at("price_oracle_prices"), "oracle.prices,WETH,200000000000,"));
}

TEST_CASE("state: a world that starts from another's state has the same", "[scenarios][state]")
{
    const TemporaryDirectory folder;
    const auto first = started(market);
    const auto scenario = exported(first, folder);
    const auto rows = rows_of(*first.world);
    REQUIRE(rows.size() > 10);
    CHECK(has(rows.at("uniswap_v2_pair_state"), "weth_usdc.state,0,"));
    CHECK(has(rows.at("aave_v3_pool_positions"), "pool.positions_1,bob,5000000000000000000,0"));

    const auto again = started(scenario, folder.path());
    CHECK(rows_of(*again.world) == rows);

    // Others beside them have other numbers, and what they have comes on top.
    const auto more = started(scenario, folder.path(),
        {{"tokens.AAA", "{}"}, {"accounts.aaron", "{ funds = { AAA = 1 } }"},
            {"agents.aa", "{ strategy = \"holder\", count = 3, funds = { ETH = 1 } }"}});
    CHECK(more.world->find_contract("pool") != first.world->find_contract("pool"));
    const auto rows_of_more = rows_of(*more.world);
    for (const auto& [name, csv] : rows)
    {
        INFO(name);
        if (name != "accounts" && name != "native_supply" && !name.starts_with("erc20"))
            CHECK(rows_of_more.at(name) == csv);
    }
    CHECK(more.balance("WETH", "bob") == first.balance("WETH", "bob"));
    const auto& pool = dynamic_cast<const contracts::LendingMarket&>(
        more.world->contract(more.world->find_contract("pool").value()));
    const auto health =
        pool.view_at(more.scenario.start)->health(more.world->find_account("bob").value());
    CHECK(health.health_factor.to_string() == "1142857142857142857");
}

TEST_CASE("state: records under any key can be begun with", "[scenarios][state]")
{
    // A position from -60 to 60 in a pool at price 1, whose only provider has it.
    const std::string text = R"(
[scenario]
blocks = 2
[tokens.A]
[tokens.B]
[contracts.factory]
kind = "uniswap_v3_factory"
[contracts.pool]
kind = "uniswap_v3_pool"
factory = "factory"
token0 = "A"
token1 = "B"
[state.pool]
rows = """
table,number,sqrt_price_x96,liquidity,tick,observation_cardinality,observation_cardinality_next,unlocked
pool.state,0,79228162514264337593543950336,1000000,0,1,1,true
"""
[state.ticks]
rows = """
table,number,liquidity_gross,liquidity_net,initialized
pool.ticks,887212,1000000,1000000,true
pool.ticks,887332,1000000,-1000000,true
"""
[state.bitmap]
rows = """
table,number,amount
pool.bitmap,32767,57896044618658097711785492504343953926634992332820282019728792003956564819968
pool.bitmap,32768,2
"""
[state.positions]
rows = """
table,key.owner,key.tick_lower,key.tick_upper,value.liquidity,value.tokens_owed0
pool.positions,alice,-60,60,1000000,7
pool.positions,alice,-120,60,0,9
"""
)";
    const auto world = started(text);
    const auto* pool = dynamic_cast<const contracts::UniswapV3Pool*>(
        world.world->find_contract(world.world->find_contract("pool").value()));
    REQUIRE(pool != nullptr);
    const auto alice = world.world->find_account("alice").value();
    CHECK(pool->position({alice, -60, 60}).liquidity == 1'000'000);
    CHECK(pool->position({alice, -60, 60}).tokens_owed0 == 7);
    CHECK(pool->position({alice, -120, 60}).tokens_owed0 == 9);
    CHECK(pool->tick_info(-60).liquidity_net == Int256{1'000'000});
    CHECK(pool->tick_info(60).liquidity_net == Int256{-1'000'000});
    CHECK(pool->initialized_ticks() == std::vector<std::int32_t>{-60, 60});

    const auto twice = error_of(text +
                                "[state.positions2]\nrows = \"\"\"\ntable,key.owner,"
                                "key.tick_lower,key.tick_upper,value.liquidity\n"
                                "pool.positions,alice,-60,60,5\n\"\"\"\n");
    CHECK(has(twice, "expected one row for each record of pool.positions, got two"));
    const auto number = error_of(text +
                                 "[state.positions2]\nrows = \"\"\"\ntable,number,"
                                 "value.liquidity\npool.positions,5,5\n\"\"\"\n");
    CAPTURE(number);
    CHECK(has(number, "number: expected a column of pool.positions (key"));
}

TEST_CASE("state: a position below its threshold can be begun with", "[scenarios][state]")
{
    const TemporaryDirectory folder;
    const auto first = started(market);
    const auto scenario = exported(first, folder);
    auto prices = rows_of(*first.world).at("price_oracle_prices");
    prices.replace(prices.find("200000000000"), 12, "160000000000");
    folder.write("price_oracle_prices.csv", prices);
    const auto fallen = started(scenario, folder.path());
    const auto& pool = dynamic_cast<const contracts::LendingMarket&>(
        fallen.world->contract(fallen.world->find_contract("pool").value()));
    const auto view = pool.view_at(fallen.scenario.start);
    const auto bob = fallen.world->find_account("bob").value();
    CHECK(view->health(bob).health_factor.to_string() == "914285714285714286");
    CHECK_FALSE(view->max_liquidatable_debt(
                        bob, pool.find_reserve(fallen.world->find_contract("USDC").value()).value())
                    .is_zero());
}

TEST_CASE(
    "state: the resolved scenario holds the rows, and the hash of their file", "[scenarios][state]")
{
    const TemporaryDirectory folder;
    const std::string rows =
        "table,account,number,amount,total_supply\nUSDC.balances,alice,,7,\nUSDC.supply,,0,,7\n";
    folder.write_gzip("book.csv.gz", rows);
    const auto text = empty + "[state.book]\nfile = \"book.csv.gz\"\n";
    const auto begun = started(text, folder.path());
    CHECK(begun.balance("USDC", "alice") == 7);
    REQUIRE(begun.scenario.inputs.size() == 1);
    CHECK(begun.scenario.inputs.front().path == "book.csv.gz");
    CHECK(begun.scenario.inputs.front().hash == keccak256(std::string_view{rows}));

    // Without the file the same scenario and the same manifest come out.
    const auto again = started(begun.scenario.resolved_text, "nowhere", {}, false);
    CHECK(again.scenario.resolved_text == begun.scenario.resolved_text);
    CHECK(again.balance("USDC", "alice") == 7);
    CHECK(make_manifest(again.scenario).find("input:book.csv.gz") ==
          make_manifest(begun.scenario).find("input:book.csv.gz"));
    CHECK(again.scenario.price_paths != nullptr);

    auto altered = begun.scenario.resolved_text;
    altered.replace(altered.find("alice,,7"), 8, "alice,,8");
    CHECK(has(error_of(altered), "state.book.file_hash: expected the hash of \"book.csv.gz\""));
    folder.write_gzip("book.csv.gz", rows + "\n");
    const auto hash = keccak256(std::string_view{rows}).to_string();
    CHECK(has(error_of(text, {{"state.book.file_hash", '"' + hash + '"'}}, folder.path()),
        "state.book.file_hash: expected the hash of \"book.csv.gz\""));
}

TEST_CASE("state: what is wrong is named with file and line", "[scenarios][state]")
{
    const auto wrong = [](const std::string& rows) { return error_of(empty + state(rows)); };
    CHECK(has(wrong(""), "a.toml:19: state.book.file: expected a file, or rows, got neither"));
    CHECK(has(wrong("table\nUSDC.balance\n"),
        "a.toml:19: state.book.rows: rows:2: table: expected a table of records"));
    CHECK(
        has(wrong("table\nUSDC.balance\n"), "(did you mean USDC.balances?), got \"USDC.balance\""));
    CHECK(has(wrong("table\nreceiver_calls\n"), "expected a table of records"));
    CHECK(
        has(wrong("account,amount\nalice,1\n"), "rows:1: expected a column named table, got none"));
    CHECK(has(wrong("table,a,a\n"), "rows:1: expected each column once"));
    CHECK(has(
        wrong("table,account,amount\nUSDC.balances,alice\n"), "rows:2: expected 3 columns, got 2"));
    CHECK(has(wrong("table,account,amont\nUSDC.balances,alice,1\n"),
        "rows:2: amont: expected a column of USDC.balances (account, amount) (did you mean "
        "amount?), got another one"));
    CHECK(has(wrong("table,account,amount\nUSDC.balances,alice,1.5\n"),
        "rows:2: amount: expected an integer of smallest units, got \"1.5\""));
    CHECK(has(wrong("table,account,amount\nUSDC.balances,al ice,1\n"),
        "rows:2: account: expected an account's name, got \"al ice\""));
    CHECK(has(
        wrong("table,account,amount\nUSDC.balances,,1\n"), "rows:2: account: expected an account"));
    CHECK(has(wrong("table,account,amount\nUSDC.balances,alice,1\nUSDC.balances,alice,2\n"),
        "rows:3: expected one row for each record of USDC.balances, got two"));
    CHECK(has(wrong("table,contract,price\noracle.prices,USDX,1\n"),
        "rows:2: contract: expected a token or a contract"));
    CHECK(has(wrong("table,reserve,token\npool.reserves,1,USDC\n"),
        "rows:2: reserve: expected 0, the number of USDC among the market's reserves"));
    CHECK(has(wrong("table,account,balance,nonce\naccounts,alice,1,4\n"),
        "rows:2: nonce: expected a column of accounts (account, balance)"));
    CHECK(has(wrong("table,number,frozen\npool.reserve_configs,0,1\n"), "rows:2: "));
    CHECK(has(wrong("table,reserve,token,frozen\npool.reserve_configs,0,USDC,1\n"),
        "rows:2: frozen: expected true or false, got \"1\""));
    CHECK(has(wrong("table,reserve,token,ltv_bps\npool.reserve_configs,0,USDC,70000\n"),
        "rows:2: ltv_bps: expected an integer from 0 to 65535"));
    // What does not hold together.
    CHECK(has(wrong("table,account,amount\nUSDC.balances,alice,1\n"),
        "expected invariants that hold after block 0, got: USDC"));
    const auto later =
        state("table,account,amount\nUSDC.balances,alice,0\n") + "taken_at = 1_700_000_001\n";
    CHECK(has(error_of(empty + later), "state.book.taken_at: expected a time not after"));
    CHECK(has(error_of(empty + "[state.book]\nfile = \"none.csv\"\n"),
        "state.book.file: none.csv: expected a CSV file that can be read"));
}

TEST_CASE("state: an account that is called by an address has it", "[scenarios][state]")
{
    const std::string address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    const std::string rows = "table,account,number,amount,total_supply\nUSDC.balances," + address +
                             ",,7,\nUSDC.supply,,0,,7\n";
    const auto begun = started(empty + state(rows));
    const auto account = begun.world->find_account(address).value();
    CHECK(begun.world->account(account).address == Address::from_string(address).value());
    // Another writing of it is a name like any other.
    const auto other = started(
        empty + state("table,account\nUSDC.balances,0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\n"
                      "USDC.balances,0x0000000000000000000000000000000000000000\n"));
    CHECK(other.world->find_account("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
}
