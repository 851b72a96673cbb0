#include "analytics/report.hpp"
#include "contracts/kit/sandbox.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/registry.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "scenarios/run.hpp"
#include "scenarios/scenario.hpp"
#include "storage/ledger_writer.hpp"
#include "strategies/registry.hpp"
#include "tests/sectors/one_reserve_lender.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

// A lending market that nobody but this folder knows is supplied to, borrowed from, liquidated,
// priced and reported by the strategies and the report as they are.

using namespace runnel;
using runnel::toy::OneReserveLender;

namespace
{

constexpr std::uint64_t fall_at = 200;

constexpr std::string_view scenario_text = R"(
[scenario]
title = "A lender that only tests know"
seed = 3
blocks = 400
start = 2024-01-01T00:00:00Z

[chain]
validators = 4
initial_base_fee = "1 gwei"
min_base_fee = "0.1 gwei"

[tokens]
WETH = { decimals = 18 }
USDC = { decimals = 6 }

[prices]
WETH = { model = "gbm", start_price = 200, volatility = 0.5 }
USDC = { model = "constant", price = 1 }

[events.fall]
action = "price_shock"
at_block = 200
token = "WETH"
factor = 0.75

[contracts.oracle]
kind = "price_oracle"
keeper = "keeper/0"
prices = { WETH = { price = 200 }, USDC = { price = 1 } }

[contracts.lender]
kind = "one_reserve_lender"
loan = "USDC"
collateral = "WETH"
oracle = "oracle"
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
amount0 = "20_000 WETH"
amount1 = "4_000_000 USDC"

[agents.keeper]
strategy = "price_keeper"
count = 1
oracle = "oracle"
tokens = ["WETH", "USDC"]
funds.ETH = 100

[agents.saver]
strategy = "lender"
count = 30
pool = "lender"
token = "USDC"
coin = "WETH"
watch = ["WETH"]
interval = 600
enter_within = "10m"
withdraw_probability = 0.1
run_price_fall = { uniform = [0.1, 0.6] }
funds.ETH = 1
funds.USDC = { uniform = [1_000, 50_000] }

[agents.borrower]
strategy = "leveraged_borrower"
count = 60
pool = "lender"
router = "router"
collateral = "WETH"
debt = "USDC"
coin = "WETH"
open_within = "20m"
health_margin = { uniform = [0.05, 1] }
loops = { uniform = [0, 1] }
deleverage_share = 0.4
monitor_every = 120
reaction = 60
funds.ETH = 1
funds.WETH = { uniform = [5, 100] }

[agents.liquidator]
strategy = "liquidator"
count = 5
pool = "lender"
router = "router"
coin = "WETH"
reaction = { uniform = [1, 60] }
funds.ETH = 10
funds.USDC = 200_000
)";

scenarios::LoadOptions with_the_lender()
{
    static const auto contracts = []
    {
        const auto standard = contracts::contract_types();
        std::vector<const ContractType*> all{standard.begin(), standard.end()};
        all.push_back(&OneReserveLender::contract_type());
        return all;
    }();
    return {{contracts, strategies::strategy_types()}, true};
}

/// A whole run and its ledger, made once for all tests.
struct Run
{
    class Sink final : public BlockSink
    {
    public:
        explicit Sink(storage::LedgerWriter& writer) : writer_{writer} {}
        void append(std::shared_ptr<const FinishedBlock> block) override
        {
            writer_.append(std::move(block));
        }
        void finish() override { writer_.flush(); }

    private:
        storage::LedgerWriter& writer_;
    };

    explicit Run(unsigned workers, const std::string& text = std::string{scenario_text})
    {
        auto scenario = scenarios::parse_scenario(text, "lender.toml", ".", {}, with_the_lender());
        if (!scenario)
            FAIL(scenario.error().message);
        auto setup = scenarios::make_simulation(*scenario);
        if (!setup)
            FAIL(setup.error().message);
        auto description = storage::LedgerDescription::of(*setup->world);
        description.start = setup->world.get();
        writer = std::make_unique<storage::LedgerWriter>(
            storage::LedgerWriter::in_memory(scenarios::make_manifest(*scenario), description));
        Sink sink{*writer};
        SimulationOptions options;
        options.workers = workers;
        options.cohort_size = workers == 1 ? 2'048 : 7;
        options.sink = &sink;
        result = run_simulation(std::move(*setup), options);
        REQUIRE(result.error.empty());
        auto* contract = result.world->find_contract(*result.world->find_contract("lender"));
        market = dynamic_cast<contracts::LendingMarket*>(contract);
        lender = dynamic_cast<OneReserveLender*>(contract);
        REQUIRE(market != nullptr);
    }

    [[nodiscard]] std::int64_t integer(const std::string& sql)
    {
        auto rows = writer->database().prepare(sql);
        REQUIRE(rows.step());
        return rows.integer(0);
    }
    [[nodiscard]] double real(const std::string& sql)
    {
        auto rows = writer->database().prepare(sql);
        REQUIRE(rows.step());
        return rows.real(0);
    }
    /// The exact sum of a column of amounts.
    [[nodiscard]] Amount sum(const std::string& column, const std::string& from)
    {
        auto rows = writer->database().prepare(fmt::format("SELECT {} FROM {}", column, from));
        Amount total;
        while (rows.step())
            total = wrapping_add(total, rows.amount(0));
        return total;
    }
    /// The contract's own books, interest to when the ledger last wrote them down.
    [[nodiscard]] std::unique_ptr<const contracts::LendingView> books()
    {
        const auto touched = integer(
            "SELECT b.timestamp FROM t_lending_reserves r "
            "JOIN t_blocks b ON b.number = r.block_number ORDER BY r.rowid DESC LIMIT 1");
        return lender->view_at(static_cast<std::uint64_t>(touched));
    }

    std::unique_ptr<storage::LedgerWriter> writer;
    SimulationResult result;
    contracts::LendingMarket* market = nullptr;
    OneReserveLender* lender = nullptr;  // If it is the market.
};

Run& the_run()
{
    static Run run{2};
    return run;
}

const analytics::Report& the_report()
{
    static const auto report = analytics::make_report(the_run().writer->database());
    return report;
}

double figure(std::string_view path)
{
    const auto value = the_report().number(path);
    INFO(path);
    REQUIRE(value.has_value());
    return *value;
}

std::string raw(const analytics::Value& value)
{
    const auto* money = std::get_if<analytics::Money>(&value);
    return money == nullptr ? "not an amount" : money->raw;
}

std::int64_t moves(const std::string& table, const std::string& type)
{
    return the_run().integer(fmt::format(
        "SELECT count(*) FROM {} WHERE block_number > 0 AND transaction_type = '{}'", table, type));
}
}  // namespace

TEST_CASE("toy lender: every strategy around lending uses it", "[sectors][lending]")
{
    CHECK(moves("t_lending_supply", "supply") > 80);    // Savers, and collateral of borrowers.
    CHECK(moves("t_lending_supply", "withdraw") > 10);  // Savers in fear, borrowers who sell.
    CHECK(moves("t_lending_borrow", "borrow") > 50);
    CHECK(moves("t_lending_borrow", "repay") > 3);
    CHECK(moves("t_lending_borrow", "borrow_liquidation") >= 5);
    // Nobody is liquidated before the price falls.
    CHECK(the_run().integer("SELECT min(block_number) FROM t_lending_liquidations") >=
          static_cast<std::int64_t>(fall_at));
    // Out of gas it would be, if the liquidators did not allow for what Seize charges on its way.
    CHECK(the_run().integer(
              "SELECT count(*) FROM t_transactions WHERE revert_reason = 'out of gas'") == 0);
}

TEST_CASE("toy lender: the report's figures are the contract's own", "[sectors][lending]")
{
    auto& run = the_run();
    const auto books = run.books();
    const auto& loan = books->reserve(OneReserveLender::loan_reserve);
    const auto& collateral = books->reserve(OneReserveLender::collateral_reserve);
    REQUIRE(the_report().section("lending") != nullptr);
    const auto* reserves = the_report().section("lending")->table("reserves");
    REQUIRE(reserves != nullptr);
    REQUIRE(reserves->rows.size() == 2);
    for (const auto& row : reserves->rows)  // Market, token, supplied, borrowed, ...
    {
        const auto& reserve = row[1] == analytics::Value{std::string{"USDC"}} ? loan : collateral;
        CHECK(raw(row[2]) == reserve.total_supplied.to_string());
        CHECK(raw(row[3]) == reserve.total_debt.to_string());
    }

    // Each debt is rounded by one unit of 1e-6 USD at most: up by the contract, half up here.
    Amount debt;
    Amount uncovered;
    const auto borrowers = books->borrowers();
    for (const auto user : borrowers)
    {
        const auto health = books->health(user);
        debt = wrapping_add(debt, health.debt);
        if (health.debt > health.collateral)
            uncovered = wrapping_add(uncovered, wrapping_sub(health.debt, health.collateral));
    }
    REQUIRE(borrowers.size() > 10);
    CHECK(debt.to_double() * 1e-6 == Approx(figure("bad_debt.debt_usd"))
                                         .margin(static_cast<double>(borrowers.size()) * 1e-6)
                                         .epsilon(0));
    CHECK(uncovered.is_zero());
    CHECK(figure("bad_debt.bad_debt_usd") == 0);
    CHECK(figure("lending.borrowed_peak_usd") > figure("bad_debt.debt_usd"));
    CHECK(figure("lending.borrower_count") >= static_cast<double>(borrowers.size()));
    CHECK(figure("tvl.lending_end_usd") > 0);
    CHECK(the_report().value("books.balanced") == analytics::Value{true});
}

namespace
{
/// The same story with another market in the lender's place.
std::string with_market(std::string_view market)
{
    std::string text{scenario_text};
    const auto begin = text.find("[contracts.lender]");
    const auto end = text.find("[contracts.factory]");
    return text.replace(begin, end - begin, market);
}

std::string with_aave(std::string_view kind = "aave_v3_pool")
{
    return with_market("[contracts.lender]\nkind = \"" + std::string{kind} + R"("
oracle = "oracle"
[contracts.lender.reserves.WETH]
ltv_bps = 8000
liquidation_threshold_bps = 8250
liquidation_bonus_bps = 10500
[contracts.lender.reserves.USDC]
ltv_bps = 0
liquidation_threshold_bps = 0
liquidation_bonus_bps = 0
initial_liquidity = "100_000 USDC"
)");
}

std::string with_compound()
{
    auto text = with_market(R"([contracts.lender]
kind = "compound_v2_comptroller"
oracle = "oracle"
[contracts.lender.markets.WETH]
c_token = "cWETH"
collateral_factor_bps = 8000
[contracts.lender.markets.USDC]
c_token = "cUSDC"
initial_liquidity = "100_000 USDC"
)");
    const std::string_view usdc = "USDC = { decimals = 6 }\n";
    return text.insert(text.find(usdc) + usdc.size(),
        "cWETH = { kind = \"compound_v2_ctoken\", underlying = \"WETH\" }\n"
        "cUSDC = { kind = \"compound_v2_ctoken\", underlying = \"USDC\" }\n");
}

std::string with_morpho()
{
    return with_market(R"([contracts.weth_in_usdc]
kind = "morpho_chainlink_oracle"
oracle = "oracle"
collateral_token = "WETH"
loan_token = "USDC"
[contracts.irm]
kind = "morpho_adaptive_curve_irm"
[contracts.morpho]
kind = "morpho_blue"
[contracts.lender]
kind = "morpho_blue_market"
morpho = "morpho"
loan_token = "USDC"
collateral_token = "WETH"
oracle = "weth_in_usdc"
irm = "irm"
lltv = 800000000000000000
initial_liquidity = "100_000 USDC"
)");
}

std::string with_comet()
{
    return with_market(R"([contracts.lender]
kind = "compound_v3_comet"
oracle = "oracle"
base_token = "USDC"
target_reserves = "1_000_000 USDC"
initial_liquidity = "100_000 USDC"
[contracts.lender.assets.WETH]
borrow_collateral_factor_bps = 8000
liquidate_collateral_factor_bps = 8250
liquidation_factor_bps = 9500
)");
}

/// What the ledger says that accounts have and owe after its last block with what the market says
/// itself; returns in how many of them.
std::pair<std::size_t, std::size_t> compare_with_market(Run& run)
{
    auto& database = run.writer->database();
    const auto last = run.integer("SELECT max(number) FROM t_blocks");
    const auto view = run.market->view_at(
        static_cast<std::uint64_t>(run.integer("SELECT max(timestamp) FROM t_blocks")));
    const auto address = [&](AccountId account)
    { return run.result.world->account(account).address.to_string(); };
    std::size_t holdings = 0;
    auto position = database.prepare(
        "SELECT supplied_raw, debt_raw, used_as_collateral, block_number FROM lending_positions "
        "WHERE account = ? AND token_address = ?");
    for (const auto account : view->accounts())
    {
        for (std::size_t i = 0; i < view->reserves().size(); ++i)
        {
            const auto holding = view->holding(account, i);
            if (holding.supplied.is_zero() && holding.debt.is_zero())
                continue;
            ++holdings;
            const auto user = address(account);
            const auto& token = run.result.world->contract(view->reserve(i).token);
            const auto token_address = address(token.account());
            CAPTURE(user, token.name());
            position.reset();
            position.bind(1, storage::Value{std::string_view{user}});
            position.bind(2, storage::Value{std::string_view{token_address}});
            REQUIRE(position.step());
            CHECK(position.amount(0) == holding.supplied);
            CHECK(position.amount(1) == holding.debt);
            CHECK((position.integer(2) != 0) == holding.secures_debt);
            CHECK(position.integer(3) == last);
            CHECK_FALSE(position.step());
        }
    }
    CHECK(run.integer("SELECT count(*) FROM lending_positions") ==
          static_cast<std::int64_t>(holdings));

    auto health = database.prepare(
        "SELECT collateral, debt, health_factor_raw, is_liquidatable, block_number FROM "
        "health_factors WHERE account = ?");
    const auto borrowers = view->borrowers();
    Amount debt;
    for (const auto account : borrowers)
    {
        const auto user = address(account);
        CAPTURE(user);
        const auto expected = view->health(account);
        health.reset();
        health.bind(1, storage::Value{std::string_view{user}});
        REQUIRE(health.step());
        CHECK(health.amount(0) == expected.collateral);
        CHECK(health.amount(1) == expected.debt);
        CHECK(health.amount(2) == expected.health_factor);
        CHECK((health.integer(3) != 0) == (expected.health_factor < Amount::power_of_ten(18)));
        CHECK(health.integer(4) == last);
        debt = wrapping_add(debt, expected.debt);
    }
    CHECK(run.integer("SELECT count(*) FROM health_factors") ==
          static_cast<std::int64_t>(borrowers.size()));
    CHECK(
        run.sum("debt", fmt::format("t_lending_statements WHERE block_number = {}", last)) == debt);
    return {holdings, borrowers.size()};
}
}  // namespace

// Method: runs of a market that only tests know, of Aave's two and of Compound; every holding and
// health factor of the ledger against the contract's own view at the time of the last block.
TEST_CASE("lending: the ledger states what the market says of its accounts", "[sectors][lending]")
{
    const auto [holdings, borrowers] = compare_with_market(the_run());
    CHECK(holdings > 20);
    CHECK(borrowers > 10);
    Run aave{2, with_aave()};
    const auto [aave_holdings, aave_borrowers] = compare_with_market(aave);
    CHECK(aave_holdings > 20);
    CHECK(aave_borrowers > 10);
    for (const auto& text : {with_aave("aave_v37_pool"), with_compound()})
    {
        Run other{2, text};
        const auto [other_holdings, other_borrowers] = compare_with_market(other);
        CHECK(other_holdings > 20);
        CHECK(other_borrowers > 10);
        CHECK(other.integer("SELECT count(*) FROM t_lending_liquidations") > 0);
    }
    // Over time: after block 0, each hour, and the last block. The last one is that of the report.
    CHECK(aave.integer("SELECT count(*) FROM t_lending_statements WHERE itemized") == 3);
    const auto report = analytics::make_report(aave.writer->database());
    CHECK(report.number("bad_debt.debt_usd").value() ==
          Approx(aave.real("SELECT sum(debt_usd) FROM health_factors")));
    CHECK(report.number("bad_debt.bad_debt_usd").value() ==
          Approx(aave.real("SELECT sum(bad_debt_usd) FROM health_factors")));
    CHECK(report.number("bad_debt.liquidatable_accounts").value() ==
          aave.real("SELECT sum(is_liquidatable) FROM health_factors"));
}

// Method: the same people on Morpho Blue and on Compound III, with one worker and with two.
TEST_CASE("lending: other protocols' markets serve the same people", "[sectors][lending]")
{
    const auto text = GENERATE(with_morpho(), with_comet());
    Run run{2, text};
    const auto [holdings, borrowers] = compare_with_market(run);
    CHECK(holdings > 20);
    CHECK(borrowers > 10);
    const auto count = [&](const std::string& from)
    { return run.integer("SELECT count(*) FROM " + from); };
    CHECK(count("t_lending_supply WHERE transaction_type = 'withdraw'") > 5);
    CHECK(count("t_lending_borrow WHERE transaction_type = 'borrow'") > 50);
    CHECK(count("t_lending_borrow WHERE transaction_type = 'repay'") > 3);
    CHECK(count("t_lending_borrow WHERE transaction_type = 'borrow_liquidation'") >= 3);
    CHECK(count("t_lending_liquidations") >= 3);
    CHECK(run.integer("SELECT min(block_number) FROM t_lending_liquidations") >=
          static_cast<std::int64_t>(fall_at));
    CHECK(
        run.integer("SELECT count(*) FROM t_transactions WHERE revert_reason = 'out of gas'") == 0);
    const auto report = analytics::make_report(run.writer->database());
    CHECK(report.value("books.balanced") == analytics::Value{true});
    CHECK(report.number("lending.borrowed_peak_usd").value() > 100'000);
    CHECK(report.number("liquidations.debt_repaid_usd").value() > 1'000);
    const Run alone{1, text};
    CHECK(alone.result.head_hash == run.result.head_hash);
}

TEST_CASE("lending: what is there after block 0 is in the ledger", "[sectors][lending]")
{
    Run aave{2, with_aave()};
    CHECK(aave.integer("SELECT count(*) FROM starting_positions WHERE kind = 'supplied' AND "
                       "contract_name = 'lender' AND amount_raw = '100000000000'") == 1);
    CHECK(aave.integer("SELECT count(*) FROM starting_positions WHERE kind = 'pool_shares' AND "
                       "contract_name = 'weth_usdc'") >= 1);
    CHECK(aave.integer("SELECT count(*) FROM starting_positions WHERE kind = 'balance' AND "
                       "account_group = 'saver'") >= 30);
    // Tokens are the same as in the starting balances.
    CHECK(aave.sum("amount_raw", "starting_positions WHERE kind IN ('balance', 'pool_shares')") ==
          aave.sum("balance", "t_starting_balances"));
}

TEST_CASE("toy lender: liquidations are valued although it counts in USDC", "[sectors][lending]")
{
    auto& run = the_run();
    const auto calls = run.integer("SELECT count(*) FROM t_lending_liquidations");
    CHECK(figure("liquidations.calls") == static_cast<double>(calls));
    // A USDC of 10^6 units is 1 USD of 10^8.
    const auto repaid = run.sum("debt_amount_raw", "t_lending_liquidations");
    CHECK(raw(the_report().value("liquidations.debt_repaid_usd")) ==
          wrapping_mul(repaid, 100).to_string());
    // The bonus is 8 %, but for what rounding takes.
    CHECK(figure("liquidations.collateral_seized_usd") ==
          Approx(figure("liquidations.debt_repaid_usd") * 1.08).epsilon(1e-6));
    // The same in SQL.
    CHECK(run.real("SELECT sum(debt_value_usd) FROM lending_liquidations") ==
          Approx(repaid.to_double() * 1e-6));
    CHECK(run.integer(
              "SELECT count(*) FROM lending_liquidations WHERE value_token_symbol <> 'USDC'") == 0);
    // Every snapshot's price of collateral is the oracle's of that block.
    CHECK(run.real(
              "SELECT max(abs(r.price_usd / (SELECT p.price / 1e8 FROM t_oracle_prices p "
              "WHERE p.token_id = k.contract_id AND p.block_number <= r.block_number "
              "ORDER BY p.rowid DESC LIMIT 1) - 1)) FROM lending_reserves r "
              "JOIN t_tokens k ON k.symbol = r.token_symbol WHERE r.token_symbol = 'WETH'") < 1e-6);
}

TEST_CASE("toy lender: a preview is what the liquidation then does", "[sectors][lending]")
{
    // WETH falls from 200 USD to this; 5'000 USDC are owed against 36 WETH.
    const std::uint64_t price = GENERATE(184, 170, 140, 100);
    const std::uint64_t part = GENERATE(1, 1'000'000, 2'345'678'901, 5'000'000'000, ~0ULL);
    CAPTURE(price, part);
    contracts::Sandbox sandbox;
    auto& weth = sandbox.add<contracts::Erc20>(
        "WETH", TokenInfo{"WETH", 18}, contracts::TokenFlavour::openzeppelin5);
    auto& usdc = sandbox.add<contracts::Erc20>(
        "USDC", TokenInfo{"USDC", 6}, contracts::TokenFlavour::openzeppelin5);
    const auto usd = [](std::uint64_t whole) { return Amount{whole * 100'000'000}; };
    auto& oracle = sandbox.add<contracts::PriceOracle>("oracle", "keeper",
        std::vector<contracts::TokenPrice>{{weth.id(), usd(200)}, {usdc.id(), usd(1)}});
    auto& lender = sandbox.add<OneReserveLender>(
        "lender", toy::LenderTerms{usdc.id(), weth.id(), oracle.id(), 7'000, 7'500, 800, 500});
    const auto keeper = sandbox.account("keeper");
    const auto borrower = sandbox.account("borrower");
    const auto liquidator = sandbox.account("liquidator");
    sandbox.connect();
    weth.allocate(borrower, wrapping_mul(36, Amount::power_of_ten(18)));
    usdc.allocate(liquidator, 20'000'000'000);

    std::uint64_t now = 1'700'000'000;
    sandbox.set_time(now);
    CallWriter deposit;
    deposit.add(usdc.id(), contracts::Erc20Approve{lender.spender(), Amount::max()});
    lender.add_supply(deposit, OneReserveLender::loan_reserve, 6'000'000'000, liquidator);
    REQUIRE(sandbox.run(liquidator, deposit).ok());
    CallWriter loan;
    loan.add(weth.id(), contracts::Erc20Approve{lender.spender(), Amount::max()});
    lender.add_supply(loan, OneReserveLender::collateral_reserve, weth.balance(borrower), borrower);
    lender.add_borrow(loan, OneReserveLender::loan_reserve, 5'000'000'000);
    REQUIRE(sandbox.run(borrower, loan).ok());
    const contracts::LiquidationOrder order{borrower, OneReserveLender::collateral_reserve,
        OneReserveLender::loan_reserve, Amount{part}};
    CHECK_FALSE(lender.view_at(now)->preview_liquidation(order).has_value());

    REQUIRE(sandbox.run(keeper, oracle.id(), contracts::SetPrice{weth.id(), usd(price)}).ok());
    sandbox.set_time(now += 86'400);
    const auto preview = lender.view_at(now)->preview_liquidation(order);
    CallWriter seize;
    lender.add_liquidation(seize, order);
    const auto done = sandbox.run(liquidator, seize);
    REQUIRE(preview.has_value());
    REQUIRE(done.ok());
    CHECK(done.returns.values[0] == preview->debt);
    CHECK(done.returns.values[1] == preview->collateral);
    CHECK(weth.balance(liquidator) == preview->collateral);
    CHECK(preview->debt <= order.debt_to_cover);
}

TEST_CASE("toy lender: workers and cohorts do not matter", "[sectors][lending][determinism]")
{
    const Run alone{1};
    CHECK(alone.result.head_hash == the_run().result.head_hash);
}
