#include "analytics/report.hpp"
#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/kit/sandbox.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "scenarios/run.hpp"
#include "storage/ledger_writer.hpp"
#include "strategies/market/profit.hpp"
#include "tests/sectors/constant_sum.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <cmath>

using namespace runnel;
using namespace runnel::contracts;
using runnel::toy::ConstantSum;

namespace
{

/// All that is registered, and the toy.
const scenarios::Catalogue& catalogue()
{
    static const auto types = []
    {
        const auto standard = scenarios::standard_catalogue().contracts;
        std::vector<const ContractType*> all{standard.begin(), standard.end()};
        all.push_back(&ConstantSum::contract_type());
        return all;
    }();
    static const scenarios::Catalogue with_toy{types, scenarios::standard_catalogue().strategies};
    return with_toy;
}

tl::expected<scenarios::Scenario, scenarios::ScenarioError> toy_scenario(
    const std::vector<scenarios::Override>& overrides)
{
    return scenarios::load_scenario(
        RUNNEL_SOURCE_DIR "/tests/sectors/constant_sum.toml", overrides, {catalogue()});
}

struct Ledger : BlockSink
{
    Ledger(const scenarios::Scenario& scenario, const World& world)
      : writer{storage::LedgerWriter::in_memory(
            scenarios::make_manifest(scenario), storage::LedgerDescription::of(world))}
    {}
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        writer.append(std::move(block));
    }
    void finish() override { writer.finish(); }

    storage::LedgerWriter writer;
};

/// A whole run: scenario file, simulation, ledger.
struct Run
{
    explicit Run(const std::vector<scenarios::Override>& overrides = {})
    {
        auto scenario = toy_scenario(overrides);
        if (!scenario)
            FAIL(scenario.error().message);
        auto setup = scenarios::make_simulation(*scenario);
        if (!setup)
            FAIL(setup.error().message);
        ledger.emplace(*scenario, *setup->world);
        SimulationOptions options;
        options.workers = 2;
        options.sink = &*ledger;
        result = run_simulation(std::move(*setup), options);
        INFO(result.error);
        REQUIRE(result.error.empty());
        report = analytics::make_report(ledger->writer.database());
    }

    const ConstantSum& sum() const
    {
        return dynamic_cast<const ConstantSum&>(
            result.world->contract(*result.world->find_contract("sum")));
    }
    const UniswapV2Pair& pair(std::string_view name) const
    {
        return dynamic_cast<const UniswapV2Pair&>(
            result.world->contract(*result.world->find_contract(name)));
    }
    ContractId token(std::string_view name) const { return *result.world->find_contract(name); }

    /// A cell of a report's row that belongs to a pool and a token.
    analytics::Value cell(std::string_view section, std::string_view table, std::string_view pool,
        std::string_view token_name, std::string_view column) const
    {
        const auto* found = report.section(section)->table(table);
        const auto at = std::find_if(found->columns.begin(), found->columns.end(),
            [&](const auto& candidate) { return candidate.key == column; });
        for (const auto& row : found->rows)
        {
            if (row[0] == analytics::Value{std::string{pool}} &&
                row[1] == analytics::Value{std::string{token_name}})
                return row[static_cast<std::size_t>(at - found->columns.begin())];
        }
        return {};
    }
    std::uint64_t count(const std::string& sql)
    {
        auto rows = ledger->writer.database().prepare(sql);
        REQUIRE(rows.step());
        return rows.integer_up_to(0, 1'000'000);
    }

    std::optional<Ledger> ledger;
    SimulationResult result;
    analytics::Report report;
};

}  // namespace

TEST_CASE("sectors: an exchange of its own folder lives in a whole run", "[sectors][exchange]")
{
    Run run;
    const auto& report = run.report;

    SECTION("it is traded, and its fees are those that it counted itself")
    {
        CHECK(report.number("trading.pools.sum.trades").value() > 50);
        CHECK(report.number("trading.pools.sum.volume_usd").value() > 1'000);
        CHECK(report.number("trading.pools.sum.fees_usd").value() > 1);
        for (const auto* token : {"ALPHA", "USDC", "GAMMA"})
        {
            CAPTURE(token);
            const auto fees = std::get<analytics::Money>(
                run.cell("trading", "pool_tokens", "sum", token, "fees"));
            CHECK(fees.raw == run.sum().fees(run.token(token)).to_string());
            CHECK(fees.raw != "0");
        }
        // As many are, if a trader does not allow for what a swap charges on its way.
        CHECK(run.count("SELECT count(*) FROM t_transactions "
                        "WHERE revert_reason = 'out of gas'") == 0);
    }
    SECTION("routes lead through it and through others in one transaction")
    {
        // By noise traders: from ALPHA or USDC to DELTA and back; by arbitrageurs: in circles.
        const auto both = [&](const std::string& pool, const std::string& group)
        {
            return run.count(
                "SELECT count(*) FROM t_dex_trades a JOIN t_dex_trades b "
                "ON a.block_number = b.block_number AND a.transaction_index = b.transaction_index "
                "JOIN t_transactions x ON x.block_number = a.block_number "
                "AND x.transaction_index = a.transaction_index "
                "JOIN t_addresses f ON f.id = x.from_id "
                "JOIN t_contracts c ON c.id = a.contract_id AND c.name = 'sum' "
                "JOIN t_contracts d ON d.id = b.contract_id AND d.name = '" +
                pool + "' WHERE f.strategy = '" + group + "'");
        };
        CHECK(both("gamma_delta", "noise_trader") > 5);
        CHECK(both("alpha_usdc", "arbitrageur") > 0);
    }
    SECTION("arbitrage brings the other pool to its price")
    {
        const auto& pair = run.pair("alpha_usdc");
        const auto price = pair.spot_price(pair.token0(), pair.token1()) * 1e12;
        CHECK(price > 0.985);  // Fees of both and gas are the band.
        CHECK(price < 1.015);
    }
    SECTION("liquidity comes and goes")
    {
        const auto shares = std::to_string(index(run.sum().id()));
        const auto moved = [&](const std::string& side)
        {
            return run.count("SELECT count(*) FROM t_token_transfers WHERE block_number > 0 AND " +
                             side + "_id = 0 AND contract_id = " + shares);
        };
        CHECK(moved("from") > 1);
        CHECK(moved("to") > 0);
    }
    SECTION("tokens are priced by what it says, not by what it holds")
    {
        CHECK(analytics::number(run.cell("tvl", "pools", "sum", "GAMMA", "price")).value() ==
              Approx(1));
        const auto reserve = analytics::number(run.cell("tvl", "pools", "sum", "GAMMA", "reserve"));
        CHECK(analytics::number(run.cell("tvl", "pools", "sum", "GAMMA", "value_usd")).value() ==
              Approx(reserve.value()));
        CHECK(analytics::number(run.cell("tvl", "pools", "gamma_delta", "DELTA", "value_usd"))
                  .value() == Approx(200'000).epsilon(0.1));
        CHECK(
            report.number("tvl.pools_start_usd").value() == Approx(2'300'000 + 230'000 + 400'000));
    }
    SECTION("its books balance")
    {
        CHECK(report.value("books.balanced") == analytics::Value{true});
    }
}

TEST_CASE("sectors: whoever knows a better price drains a constant sum", "[sectors][exchange]")
{
    Run run{{{"prices.GAMMA.model", "constant"}, {"prices.GAMMA.price", "1.05"},
        {"agents.noise.count", "0"}, {"agents.provider.count", "0"},
        {"agents.arbitrageur.reference", "true"}, {"agents.arbitrageur.count", "1"},
        {"agents.arbitrageur.funds.ALPHA", "400_000"}}};
    const auto left = run.sum().reserve(run.token("GAMMA")).to_double() * 1e-18;
    CHECK(left < 300);  // Of 300,000: less than what gas and profit_min are worth.
    CHECK(run.report.value("books.balanced") == analytics::Value{true});
}

TEST_CASE("sectors: the search finds the edge of a constant sum", "[sectors][exchange]")
{
    Sandbox sandbox;
    auto& a = sandbox.add<Erc20>("A", TokenInfo{"A", 18}, TokenFlavour::uniswap);
    auto& b = sandbox.add<Erc20>("B", TokenInfo{"B", 6}, TokenFlavour::uniswap);
    auto& sum = sandbox.add<ConstantSum>("sum", std::vector{a.id(), b.id()}, std::uint64_t{10});
    sandbox.connect();
    const auto someone = sandbox.account("someone");
    b.allocate(someone, 5'000'000'000);
    CallWriter calls;
    calls.add(b.id(), Erc20Approve{sum.account(), Amount::max()});
    toy::SumDeposit deposit;
    deposit.amounts.push_back({});
    deposit.amounts.push_back(5'000'000'000);
    calls.add(sum.id(), deposit);
    REQUIRE(sandbox.run(someone, calls).ok());

    // 5,000 B are there; A is worth 1, B is worth 1.02: buy nearly all of them.
    const std::vector<Hop> route{{&sum, a.id(), b.id()}};
    const auto best = strategies::search_amount_in(
        route, {100, Amount::power_of_ten(18)}, {102, Amount::power_of_ten(6)});
    const auto all = sum.quote_exact_output(a.id(), b.id(), 5'000'000'000).value();
    CHECK(best <= all);
    CHECK(best.to_double() > 0.999 * all.to_double());
    // At 1.0009 the fee of 0.1% eats it.
    CHECK(strategies::search_amount_in(
        route, {10'000, Amount::power_of_ten(18)}, {10'009, Amount::power_of_ten(6)})
              .is_zero());
}

TEST_CASE("sectors: a scenario that cannot trade is refused in one line", "[sectors][errors]")
{
    SECTION("an exchange that only a router trades, without one")
    {
        auto scenario = toy_scenario(
            {{"agents.noise.pairs", "[\"lonely\"]"}, {"contracts.bare.kind", "uniswap_v2_factory"},
                {"contracts.lonely.kind", "uniswap_v2_pair"}, {"contracts.lonely.factory", "bare"},
                {"contracts.lonely.token0", "ALPHA"}, {"contracts.lonely.token1", "GAMMA"}});
        REQUIRE(scenario.has_value());
        const auto setup = scenarios::make_simulation(*scenario);
        REQUIRE_FALSE(setup.has_value());
        CHECK(setup.error().message.ends_with(
            "agents.noise.pairs: expected exchanges with a router in the scenario, got lonely"));
    }
    SECTION("a router where an exchange should be")
    {
        const auto scenario = toy_scenario({{"agents.noise.pairs", "[\"router\"]"}});
        REQUIRE_FALSE(scenario.has_value());
        CHECK(scenario.error().message.find("of kind exchange (alpha_usdc, gamma_delta, sum)") !=
              std::string::npos);
    }
}
