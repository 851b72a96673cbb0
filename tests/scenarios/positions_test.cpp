#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/lending.hpp"
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
