#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/range_exchange.hpp"
#include "contracts/kit/token.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/run.hpp"
#include "scenarios/scenario.hpp"
#include "tests/scenarios/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::scenarios;
using runnel::contracts::LendingMarket;
using runnel::scenarios::tests::TemporaryDirectory;

namespace
{
const std::string market = R"(
[scenario]
blocks = 2
[tokens.WETH]
[tokens.USDC]
decimals = 6
[contracts.oracle]
kind = "price_oracle"
keeper = "oracle_keeper"
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
initial_liquidity = "100_000_000 USDC"
)";

/// The world after block 0.
struct Started
{
    Scenario scenario;
    std::unique_ptr<World> world;

    [[nodiscard]] const LendingMarket& pool() const
    {
        const auto account = world->find_account("pool").value();
        return dynamic_cast<const LendingMarket&>(*world->contract_of(account));
    }
    [[nodiscard]] Amount debt_of(const std::string& account) const
    {
        const auto view = pool().view_at(scenario.start);
        const auto reserve = pool().find_reserve(usdc()).value();
        return view->holding(world->find_account(account).value(), reserve).debt;
    }
    [[nodiscard]] double health_of(const std::string& account) const
    {
        const auto view = pool().view_at(scenario.start);
        return view->health(world->find_account(account).value()).health_factor.to_double() * 1e-18;
    }
    [[nodiscard]] ContractId usdc() const
    {
        return world->contract_of(world->find_account("USDC").value())->id();
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
    return Started{std::move(*scenario), std::move(genesis->world)};
}

Started started(const std::string& text, const std::filesystem::path& folder = ".",
    const std::vector<Override>& overrides = {}, bool open_files = true)
{
    auto result = start(text, folder, overrides, open_files);
    INFO((result ? "" : result.error().message));
    REQUIRE(result);
    return std::move(*result);
}

std::string error_of(const std::string& text, const std::vector<Override>& overrides = {})
{
    const auto result = start(text, ".", overrides);
    REQUIRE_FALSE(result);
    return result.error().message;
}

bool has(const std::string& text, std::string_view part)
{
    INFO(text);
    return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("positions: a loan-to-value keeps debts where a health factor moves them",
    "[scenarios][positions]")
{
    const auto by_ltv = market + R"(
[positions.book]
by = "loan_to_value"
market = "pool"
count = 3
collateral = "WETH"
debt = "USDC"
collateral_amount = 10
loan_to_value = 0.7
)";
    const auto at_80 = started(by_ltv);
    CHECK(at_80.debt_of("book/0") == Amount{14'000'000'000});
    CHECK(std::abs(at_80.health_of("book/2") - 0.8 / 0.7) < 1e-9);
    const std::vector<Override> higher{
        {"contracts.pool.reserves.WETH.liquidation_threshold_bps", "8500"}};
    const auto at_85 = started(by_ltv, ".", higher);
    CHECK(at_85.debt_of("book/0") == at_80.debt_of("book/0"));
    CHECK(std::abs(at_85.health_of("book/2") - 0.85 / 0.7) < 1e-9);

    const std::vector<Override> by_health{{"positions.book",
        "{ by = \"health_factor\", market = \"pool\", count = 3, collateral = \"WETH\", debt = "
        "\"USDC\", collateral_amount = 10, health_factor = 1.25 }"}};
    CHECK(started(by_ltv, ".", by_health).debt_of("book/1") == Amount{12'800'000'000});
    auto both = by_health;
    both.push_back(higher.front());
    CHECK(started(by_ltv, ".", both).debt_of("book/1") == Amount{13'600'000'000});
}

TEST_CASE("positions: wallets of a group have drawn sizes, the same for every count",
    "[scenarios][positions]")
{
    const auto text = market + R"(
[agents.owners]
strategy = "leveraged_borrower"
count = 50
funds.ETH = 1
pool = "pool"
router = "router"
collateral = "WETH"
debt = "USDC"
coin = "WETH"
[prices.WETH]
model = "constant"
price = 2000
[prices.USDC]
model = "constant"
price = 1
[contracts.factory]
kind = "uniswap_v2_factory"
[contracts.router]
kind = "uniswap_v2_router"
factory = "factory"
[positions.book]
by = "debt"
market = "pool"
group = "owners"
collateral = "WETH"
debt = "USDC"
collateral_amount = { uniform = [10, 20] }
debt_amount = { log_normal = [8, 0.5], max = 14_000 }
)";
    const auto all = started(text);
    const auto fewer = started(text, ".", {{"agents.owners.count", "7"}});
    for (int i = 0; i < 7; ++i)
    {
        const auto name = "owners/" + std::to_string(i);
        CHECK(all.debt_of(name) == fewer.debt_of(name));
        CHECK(all.debt_of(name) > 100'000'000);
        CHECK(all.health_of(name) > 1);
    }
    CHECK(all.debt_of("owners/0") != all.debt_of("owners/1"));
}

TEST_CASE("positions: a table and a file say the same, and the file is not needed again",
    "[scenarios][positions]")
{
    const TemporaryDirectory directory;
    directory.write("book.csv",
        "debt;debt_amount;account;collateral;collateral_amount;note\n"
        "USDC;1500.5;alice;WETH;2.000000000000000001;x\n\n# A comment.\n"
        ";;\"bob\";WETH;1;y\nUSDC;0.000001;bob;;;z\n");
    const auto by_file = market +
                         "[accounts.alice]\n[positions.book]\nmarket = \"pool\"\nby = "
                         "\"file\"\nfile = \"book.csv\"\n";
    const auto by_table = market + R"([accounts.alice]
[positions.book]
market = "pool"
by = "table"
rows = [["alice", "2.000000000000000001 WETH", "1500.5 USDC"], ["bob", "1 WETH", ""], ["bob", "", "0.000001 USDC"]]
)";
    const auto from_file = started(by_file, directory.path());
    const auto from_table = started(by_table);
    CHECK(from_file.world->checkpoint_root() == from_table.world->checkpoint_root());
    REQUIRE(from_file.scenario.inputs.size() == 1);
    CHECK(from_file.scenario.inputs.front().path == "book.csv");
    CHECK(from_file.debt_of("alice") == Amount{1'500'500'000});
    CHECK(from_file.debt_of("bob") == Amount{1});
    const auto again = started(from_file.scenario.resolved_text, "/nowhere", {}, false);
    CHECK(again.world->checkpoint_root() == from_file.world->checkpoint_root());
    CHECK(again.scenario.resolved_text == from_file.scenario.resolved_text);
    CHECK(again.scenario.inputs.front().hash == from_file.scenario.inputs.front().hash);

    // Another file is another run, and is refused where the hash is given.
    const std::vector<Override> hash{{"positions.book.file_hash",
        '"' + from_file.scenario.inputs.front().hash.to_string() + '"'}};
    CHECK(start(by_file, directory.path(), hash));
    directory.write_gzip("packed.csv.gz",
        "account,collateral,collateral_amount,debt,debt_amount\nalice,WETH,1,USDC,1500\n");
    auto packed = hash;
    packed.push_back({"positions.book.file", "packed.csv.gz"});
    const auto refused = start(by_file, directory.path(), packed);
    REQUIRE_FALSE(refused);
    CHECK(has(refused.error().message,
        "positions.book.file_hash: expected the hash of \"packed.csv.gz\""));
    packed.front().value = "\"\"";
    CHECK(started(by_file, directory.path(), packed).debt_of("alice") == Amount{1'500'000'000});
}

TEST_CASE("positions: a book after a fall of prices has what the market would not lend",
    "[scenarios][positions]")
{
    const auto book = market + R"([contracts.pool.reserves.DAI]
ltv_bps = 7000
liquidation_threshold_bps = 7500
liquidation_bonus_bps = 10500
initial_liquidity = "1_000_000 DAI"
[tokens.DAI]
[positions.book]
market = "pool"
by = "table"
beyond_ltv = true
rows = [["a", "1 WETH", "1_501 USDC"], ["b", "1 WETH", "1_900 USDC"], ["c", "1_000 USDC", "0.45 WETH"],
        ["d", "1 WETH", "1_000 USDC"], ["d", "500 DAI", "900 DAI"], ["d", "", "800 USDC"], ["e", "1 WETH", "2_500 USDC"]]
)";
    const auto text = book + "[contracts.oracle.prices.DAI]\nprice = 1\n";
    const auto begun = started(text);
    CHECK(begun.health_of("a") == Approx(1600 / 1501.0));
    CHECK(begun.health_of("b") == Approx(1600 / 1900.0));
    CHECK(begun.health_of("c") == Approx(800 / 900.0));
    CHECK(begun.health_of("d") == Approx((1600 + 375) / 2700.0));
    CHECK(begun.health_of("e") == Approx(0.64));
    CHECK(begun.debt_of("e") == Amount{2'500'000'000});
    // The prices are what they were.
    const auto view = begun.pool().view_at(begun.scenario.start);
    for (const auto& reserve : view->reserves())
        CHECK(reserve.price == (reserve.token == begun.usdc() || reserve.threshold < 0.8
                                       ? Amount{100'000'000}
                                       : Amount{200'000'000'000}));

    CHECK(has(error_of(text, {{"positions.book.beyond_ltv", "false"}}),
        "positions.book: a: expected a position that the market takes, got the refusal: 36"));
    // What it does not have it cannot have lent.
    CHECK(has(error_of(text, {{"positions.book.rows.0", R"(["a", "9 WETH", "100_000_001 USDC"])"}}),
        "positions.book: a: expected a position that the market takes"));

    const auto sized = started(market + R"(
[positions.book]
by = "health_factor"
beyond_ltv = true
market = "pool"
count = 2
collateral = "WETH"
debt = "USDC"
collateral_amount = 1
health_factor = 0.9
)");
    CHECK(sized.health_of("book/1") == Approx(0.9));
}

TEST_CASE("positions: what a market does not take is refused by name", "[scenarios][positions]")
{
    const auto rows = [](const std::string& list) {
        return market + "[positions.book]\nmarket = \"pool\"\nby = \"table\"\nrows = " + list +
               "\n";
    };
    CHECK(has(error_of(rows("[[\"a\", \"1 WETH\", \"1501 USDC\"]]")),
        "positions.book: a: expected a position that the market takes, got the refusal: 36"));
    CHECK(has(error_of(rows("[[\"a\", \"1 ETH\", \"\"]]")),
        "positions.book: a: expected a token that the market lists, got ETH"));
    CHECK(
        has(error_of(rows("[[\"a\", \"1 WETH\"]]")), "positions.book.rows[0]: expected a list of"));
    CHECK(has(error_of(rows("[[\"a\", \"1.5 wei\", \"\"]]")), "positions.book.rows[0][1]"));
    CHECK(has(error_of(rows("[[\"USDC\", \"1 WETH\", \"\"]]")), "expected an account's name"));
    CHECK(has(error_of(rows("[[\"x/0\", \"1 WETH\", \"\"]]")), "expected a wallet of a group"));
    const auto sized = market + R"(
[positions.book]
by = "health_factor"
market = "pool"
collateral = "WETH"
debt = "USDC"
collateral_amount = 1
health_factor = 1.5
)";
    CHECK(has(error_of(sized), "positions.book.count: expected either a group or a count"));
    CHECK(has(
        error_of(sized, {{"positions.book.count", "1"}, {"positions.book.health_factor", "0.9"}}),
        "positions.book: book/0: expected a position that the market takes"));
    CHECK(has(error_of(sized, {{"positions.book.count", "1"}, {"positions.book.market", "oracle"}}),
        "positions.book.market"));
}

TEST_CASE("positions: liquidity joins a pool at the price it has, whatever its kind",
    "[scenarios][positions]")
{
    const std::string kind = GENERATE(
        "uniswap_v2_pair", "uniswap_v3_pool", "curve_stableswap_pool", "balancer_weighted_pool");
    CAPTURE(kind);
    const bool is_listed = kind.starts_with("curve") || kind.starts_with("balancer");
    const std::string rows = kind.starts_with("curve") ? "coins" : "tokens";
    auto pool = "[contracts.ab]\nkind = \"" + kind + "\"\n";
    if (is_listed)
        pool += rows + ".WETH.amount = \"1_000 WETH\"\n" + rows + ".USDC.amount = \"900 USDC\"\n";
    else
        pool +=
            "token0 = \"WETH\"\ntoken1 = \"USDC\"\namount0 = \"1_000 WETH\"\namount1 = "
            "\"900 USDC\"\nfactory = \"factory\"\n";
    if (kind == "uniswap_v2_pair")
        pool +=
            "[contracts.factory]\nkind = \"uniswap_v2_factory\"\n[contracts.router]\nkind = "
            "\"uniswap_v2_router\"\nfactory = \"factory\"\n";
    if (kind == "uniswap_v3_pool")
        pool +=
            "[contracts.factory]\nkind = \"uniswap_v3_factory\"\n[contracts.router]\nkind = "
            "\"uniswap_v3_router\"\nfactory = \"factory\"\n";
    const auto text = R"([scenario]
blocks = 1
[tokens.WETH]
[tokens.USDC]
decimals = 6
)" + pool + R"(
[positions.lps]
by = "liquidity"
pool = "ab"
count = 40
token = "WETH"
amount = { log_normal = [2, 1] }
)";
    const auto start = started(text);
    const auto without =
        started(text, ".", {{"positions.lps.amount", "0"}, {"positions.lps.count", "1"}});
    const auto exchange_of = [](const Started& world)
    {
        const auto account = world.world->find_account("ab").value();
        return contracts::find_exchange(*world.world, world.world->contract_of(account)->id());
    };
    const auto* full = exchange_of(start);
    const auto* first = exchange_of(without);
    const auto weth = start.world->contract_of(start.world->find_account("WETH").value())->id();
    const auto usdc = start.usdc();
    // About 12 WETH each, at the pool's price; who provided has shares and next to nothing beside.
    const auto added = full->reserve(weth).to_double() / first->reserve(weth).to_double();
    CHECK(added > 1.2);
    CHECK(added < 2.2);
    CHECK(std::abs(full->reserve(usdc).to_double() / first->reserve(usdc).to_double() / added - 1) <
          1e-6);
    CHECK(std::abs(full->spot_price(weth, usdc) / first->spot_price(weth, usdc) - 1) < 1e-6);
    CHECK(full->share_supply() > first->share_supply());
    for (const auto* name : {"lps/0", "lps/39"})
    {
        const auto lp = start.world->find_account(name).value();
        if (full->share_token())
        {
            CHECK(full->share_balance(lp) > Amount{});
        }
        for (const auto token : {weth, usdc})
            CHECK(contracts::token_at(*start.world, token).holding(lp) < Amount{10'000});
    }

    CHECK(has(error_of(text, {{"positions.lps.token", "ETH"}}), "expected"));
    if (!is_listed)
    {
        CHECK(has(error_of(text, {{"contracts.ab.amount0", "0"}, {"contracts.ab.amount1", "0"}}),
            "positions.lps.pool: expected an exchange with liquidity at the start"));
    }
}

TEST_CASE("positions: allowances are there at the start", "[scenarios][positions]")
{
    const auto text = market + R"(
[positions.trusting]
by = "allowance"
spender = "pool"
count = 3
token = "USDC"
amount = { uniform = [10, 20] }
)";
    const auto start = started(text);
    const auto pool = start.world->find_account("pool").value();
    const auto& usdc = contracts::token_at(*start.world, start.usdc());
    for (const auto* name : {"trusting/0", "trusting/2"})
    {
        const auto owner = start.world->find_account(name).value();
        const auto allowed = usdc.allowances().get(pair_key(owner, pool));
        CHECK(allowed >= Amount{10'000'000});
        CHECK(allowed <= Amount{20'000'000});
    }
}

namespace
{
const std::string pools = R"(
[scenario]
blocks = 1
[tokens.WETH]
[tokens.USDC]
decimals = 6
[contracts.factory2]
kind = "uniswap_v2_factory"
[contracts.router2]
kind = "uniswap_v2_router"
factory = "factory2"
[contracts.pair]
kind = "uniswap_v2_pair"
factory = "factory2"
token0 = "WETH"
token1 = "USDC"
amount0 = "1_000 WETH"
amount1 = "2_000_000 USDC"
[contracts.factory3]
kind = "uniswap_v3_factory"
[contracts.router3]
kind = "uniswap_v3_router"
factory = "factory3"
[contracts.ranges]
kind = "uniswap_v3_pool"
factory = "factory3"
token0 = "WETH"
token1 = "USDC"
amount0 = "1_000 WETH"
amount1 = "2_000_000 USDC"
[contracts.manager4]
kind = "uniswap_v4_manager"
[contracts.router4]
kind = "uniswap_v4_router"
manager = "manager4"
[contracts.ranges4]
kind = "uniswap_v4_pool"
manager = "manager4"
token0 = "WETH"
token1 = "USDC"
amount0 = "1_000 WETH"
amount1 = "2_000_000 USDC"
)";

std::string book(const std::string& by, const std::string& key, const std::string& contract)
{
    return pools + "[positions.book]\nby = \"" + by + "\"\n" + key + " = \"" + contract +
           "\"\nfile = \"book.csv\"\n";
}

const contracts::Exchange& exchange_in(const Started& world, const std::string& name)
{
    const auto account = world.world->find_account(name).value();
    return *contracts::find_exchange(*world.world, world.world->contract_of(account)->id());
}
AccountId account_in(const Started& world, const std::string& name)
{
    return world.world->find_account(name).value();
}
}  // namespace

TEST_CASE(
    "positions: a book of liquidity has shares or amounts, and ranges", "[scenarios][positions]")
{
    const TemporaryDirectory directory;
    // 0.5 % of the pool's shares; what 5 WETH are of it; nothing.
    const auto shares_of = [&](const Started& world, const std::string& name)
    { return exchange_in(world, "pair").share_balance(account_in(world, name)); };
    directory.write("book.csv",
        "account,token,amount,liquidity,what\nann,,,223606797749978,a\nben,WETH,5,,b\n"
        "ben,USDC,4_000.5,,c\n# Nobody.\ncid,WETH,0,,d\n");
    const auto pair = started(book("liquidity_file", "pool", "pair"), directory.path());
    // A smallest unit of USDC is 22,361 shares.
    const auto shares = shares_of(pair, "ann").to_double();
    CHECK(std::abs(shares - 223'606'797'749'978.0) < 22'361);
    const auto value = exchange_in(pair, "pair").share_value(shares_of(pair, "ben"));
    const auto usdc = exchange_in(pair, "pair").tokens()[0] == pair.usdc() ? 0U : 1U;
    CHECK(value[usdc].to_double() == Approx(14'000.5e6).epsilon(1e-6));
    CHECK(value[1 - usdc].to_double() == Approx(7.00025e18).epsilon(1e-6));
    CHECK(pair.world->find_account("cid"));

    // As a resolved scenario has it, without the file; and written in the scenario.
    REQUIRE(pair.scenario.inputs.size() == 1);
    const auto again = started(pair.scenario.resolved_text, "/nowhere", {}, false);
    CHECK(again.world->checkpoint_root() == pair.world->checkpoint_root());
    CHECK(again.scenario.resolved_text == pair.scenario.resolved_text);
    const auto here = started(
        pools + "[positions.book]\nby = \"liquidity_file\"\npool = \"pair\"\n" +
        R"(rows = [["ann", "223606797749978"], ["ben", "5 WETH"], ["ben", "4_000.5 USDC"], ["cid", "0 WETH"]])");
    CHECK(here.world->checkpoint_root() == pair.world->checkpoint_root());

    // In ranges around the price, above and below it, and in all prices; of any protocol.
    const std::string name_of_pool = GENERATE("ranges", "ranges4");
    CAPTURE(name_of_pool);
    const auto& pool = exchange_in(pair, name_of_pool);
    const auto* before = dynamic_cast<const contracts::RangeExchange*>(&pool);
    REQUIRE(before != nullptr);
    const auto middle = before->tick() / 60 * 60;
    const auto range = [&](int from, int to)
    { return std::to_string(middle + from) + "," + std::to_string(middle + to); };
    directory.write("book.csv",
        "account,liquidity,tick_lower,tick_upper,token,amount\n"
        "ann,1000000000000," +
            range(-600, 600) + ",,\nann,77," + range(-600, 600) +
            ",,\n"
            "ben,," +
            range(-6000, 6000) + ",WETH,3\n" + "cid,," + range(600, 1200) + "," +
            (pool.tokens()[0] == pair.usdc() ? "USDC,100\n" : "WETH,100\n") + "dan,,,,USDC,1000\n");
    const auto world = started(book("liquidity_file", "pool", name_of_pool), directory.path());
    const auto& ranges =
        dynamic_cast<const contracts::RangeExchange&>(exchange_in(world, name_of_pool));
    CHECK(ranges.range_liquidity(account_in(world, "ann"), {middle - 600, middle + 600}) ==
          Amount{1'000'000'000'077});
    const auto of_ben =
        ranges.range_liquidity(account_in(world, "ben"), {middle - 6000, middle + 6000});
    const auto weth_side = pool.tokens()[0] == pair.usdc() ? 1U : 0U;
    CHECK(ranges.range_value({middle - 6000, middle + 6000}, of_ben).at(weth_side).to_double() ==
          Approx(3e18).epsilon(1e-9));
    const auto of_cid =
        ranges.range_liquidity(account_in(world, "cid"), {middle + 600, middle + 1200});
    CHECK_FALSE(of_cid.is_zero());
    CHECK(ranges.range_value({middle + 600, middle + 1200}, of_cid).at(1).is_zero());
    CHECK_FALSE(ranges.range_liquidity(account_in(world, "dan"), ranges.widest()).is_zero());
    // What rounding leaves.
    for (const auto* name : {"ann", "ben", "cid"})
    {
        for (const auto token : pool.tokens())
            CHECK(contracts::token_at(*world.world, token).holding(account_in(world, name)) <= 2);
    }
}

TEST_CASE("positions: a book of allowances", "[scenarios][positions]")
{
    const TemporaryDirectory directory;
    directory.write_gzip(
        "book.csv.gz", "token\taccount\tamount\nUSDC\tann\t12.5\nWETH\tann\tmax\nUSDC\tben\t0\n");
    const auto text = book("allowance_file", "spender", "router2");
    const auto world = started(text, directory.path(), {{"positions.book.file", "book.csv.gz"}});
    const auto spender = account_in(world, "router2");
    const auto allowed = [&](const std::string& token, const std::string& owner)
    {
        const auto id = world.world->contract_of(account_in(world, token))->id();
        return contracts::token_at(*world.world, id)
            .allowances()
            .get(pair_key(account_in(world, owner), spender));
    };
    CHECK(allowed("USDC", "ann") == Amount{12'500'000});
    CHECK(allowed("WETH", "ann") == Amount::max());
    CHECK(allowed("USDC", "ben").is_zero());
    const auto again = started(world.scenario.resolved_text, "/nowhere", {}, false);
    CHECK(again.world->checkpoint_root() == world.world->checkpoint_root());
}

TEST_CASE("positions: what is wrong in a file is named with its line and column",
    "[scenarios][positions]")
{
    const TemporaryDirectory directory;
    const auto wrong = [&](const std::string& text, const std::string& csv)
    {
        directory.write("book.csv", csv);
        const auto result = start(text, directory.path());
        REQUIRE_FALSE(result);
        CHECK(has(result.error().message, "positions.book"));
        return result.error().message;
    };
    const auto loans =
        market + "[positions.book]\nby = \"file\"\nmarket = \"pool\"\nfile = \"book.csv\"\n";
    const std::string loan_header = "account,collateral,collateral_amount,debt,debt_amount\n";
    const auto loan = [&](const std::string& rows) { return wrong(loans, loan_header + rows); };
    CHECK(has(wrong(loans, ""),
        "positions.book.file: book.csv:0:1: expected a header and a row below it, got none"));
    CHECK(has(wrong(loans, "account,collateral\na,b\n"),
        "book.csv:1:1: expected a column named collateral_amount, got none"));
    CHECK(has(wrong(loans, "account," + loan_header + "a,b\n"),
        "book.csv:1:9: expected one column named account, got two"));
    CHECK(has(loan("a,WETH,1\n"), "book.csv:2:9: expected 5 columns, got 3"));
    CHECK(has(loan("a,WETH,1,USDC,1,1\n"), "book.csv:2:17: expected 5 columns, got 6"));
    CHECK(has(loan("\na,WET,1,USDC,1\n"),
        "book.csv:3:3: expected a token (ETH, USDC, WETH) (did you mean WETH?), got \"WET\""));
    CHECK(has(loan("a,WETH,1,,1\n"), "book.csv:2:10: expected a token"));
    CHECK(has(loan("a,WETH,,,\n"), "book.csv:2:8: expected an amount of WETH, got nothing"));
    CHECK(has(loan("a,WETH,1,USDC,1.0000001\n"),
        "book.csv:2:15: expected at most 6 decimals of USDC, got \"1.0000001\""));
    CHECK(has(loan("a,WETH,-1,USDC,1\n"),
        "book.csv:2:8: expected an amount that is not negative, got \"-1\""));
    CHECK(has(loan("a,WETH,1 WETH,USDC,1\n"), "book.csv:2:8: expected"));
    CHECK(has(
        loan("x/0,WETH,1,USDC,1\n"), "book.csv:2:1: expected a wallet of a group, got \"x/0\""));
    CHECK(has(
        loan("pool,WETH,1,USDC,1\n"), "book.csv:2:1: expected an account's name, got \"pool\""));
    CHECK(has(loan("a,WETH,1,USDC,1\nb,WETH,1,USDC,1501\n"),
        "positions.book: line 3 of its file: b: expected a position that the market takes, got the "
        "refusal: 36"));
    CHECK(has(loan("a,WETH,1,USDC,1\n\"" + std::string(70'000, 'x') + "\",,,,\n"),
        "book.csv:3:1: expected a line of at most 65536 characters, got 70006"));

    const auto lps = book("liquidity_file", "pool", "ranges");
    const auto lp = [&](const std::string& rows)
    { return wrong(lps, "account,token,amount,liquidity,tick_lower,tick_upper\n" + rows); };
    CHECK(has(wrong(lps, "account,token\na,WETH\n"),
        "expected columns named token and amount, or one named liquidity, got neither"));
    CHECK(has(wrong(lps, "account,liquidity,tick_lower\na,1,1\n"),
        "expected both tick_lower and tick_upper, or neither, got one"));
    CHECK(has(lp("a,,,,,\n"), "book.csv:2:3: expected a token, got nothing"));
    CHECK(has(lp("a,WETH,1,5,,\n"), "book.csv:2:8: expected nothing beside liquidity, got \"1\""));
    CHECK(has(lp("a,,,1.5,,\n"),
        "book.csv:2:5: expected an integer of liquidity, from 1 to 2^128 - 1, got \"1.5\""));
    CHECK(has(lp("a,,,0,,\n"), "book.csv:2:5: expected an integer of liquidity"));
    CHECK(has(lp("a,,,5,1,\n"),
        "book.csv:2:9: expected a tick, an integer from -8388608 to 8388607, got nothing"));
    CHECK(has(lp("a,,,5,1e3,2\n"), "book.csv:2:7: expected a tick"));
    CHECK(has(lp("a,,,5,60,60\n"), "book.csv:2:10: expected a tick above 60, got \"60\""));
    CHECK(has(lp("a,,,5,-61,60\n"),
        "positions.book: line 2 of its file: a: expected ticks from -887220 to 887220 that 60 "
        "divides, got "
        "-61 and 60"));
    CHECK(has(lp("a,,,5,-887280,60\n"), "expected ticks from -887220 to 887220"));
    CHECK(has(lp("a,ETH,1,,-60,60\n"),
        "line 2 of its file: a: expected one of the pool's tokens, got ETH"));
    CHECK(has(
        lp("a,ETH,1,,,\n"), "line 2 of its file: a: expected one of the pool's tokens, got ETH"));
    // Below the price a range takes the second token only.
    CHECK(has(lp("a,WETH,1,,-887220,-887160\n"),
        "expected a token that the range takes at the pool's price, got WETH"));
    CHECK(has(wrong(book("liquidity_file", "pool", "pair"),
                  "account,liquidity,tick_lower,tick_upper\na,5,-60,60\n"),
        "line 2 of its file: a: expected no ticks, as its pool has no ranges"));
    CHECK(has(wrong(book("liquidity_file", "pool", "lonely") +
                        "[contracts.manager5]\nkind = \"uniswap_v4_manager\"\n"
                        "[contracts.lonely]\nkind = \"uniswap_v4_pool\"\nmanager = \"manager5\"\n"
                        "token0 = \"WETH\"\ntoken1 = \"USDC\"\namount0 = \"1 WETH\"\n"
                        "amount1 = \"2_000 USDC\"\n",
                  "account,liquidity,tick_lower,tick_upper\na,5,-60,60\n"),
        "line 2 of its file: a: expected an exchange to which somebody takes deposits"));
    CHECK(has(error_of(pools + "[positions.book]\nby = \"liquidity_file\"\npool = \"pair\"\n"),
        "positions.book.file: expected a file, or rows, got neither"));
    CHECK(has(error_of(pools + "[positions.book]\nby = \"liquidity_file\"\npool = \"ranges\"\nrows "
                               "= [[\"a\", \"5\", \"60\", \"-60\"]]\n"),
        "positions.book.rows[0]: expected the lower tick before the upper one"));
    CHECK(has(
        error_of(
            pools +
            "[positions.book]\nby = \"liquidity_file\"\npool = \"pair\"\nrows = [[\"a\", \"\"]]\n"),
        "positions.book.rows[0][1]: expected an integer of liquidity"));

    const auto allow = book("allowance_file", "spender", "router2");
    CHECK(has(wrong(allow, "account,token\na,WETH\n"), "expected a column named amount, got none"));
    CHECK(has(wrong(allow, "account,token,amount\na,WETH,all\n"), "book.csv:2:8: expected"));
    CHECK(has(wrong(allow, "account,token,amount\na,WETH,\n"),
        "book.csv:2:8: expected an amount of WETH, got nothing"));
    CHECK(has(wrong(allow, "account,token,amount\na,,\n"),
        "book.csv:2:3: expected a token, got nothing"));
}
