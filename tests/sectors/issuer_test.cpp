#include "contracts/kit/sectors/issuer.hpp"

#include "analytics/report.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "scenarios/run.hpp"
#include "storage/ledger_writer.hpp"
#include "tests/support/catch.hpp"

#include <string>

// An issuer of a coin in a whole run: scenario file, customers, operator, ledger, report.

using namespace runnel;
using namespace runnel::contracts;

namespace
{

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

struct Run
{
    Run()
    {
        auto scenario =
            scenarios::load_scenario(RUNNEL_SOURCE_DIR "/tests/sectors/issuer.toml", {});
        if (!scenario)
            FAIL(scenario.error().message);
        auto setup = scenarios::make_simulation(*scenario);
        if (!setup)
            FAIL(setup.error().message);
        cash_at_start = cash(*setup->world).total_supply();
        supply_at_start = coin(*setup->world).total_supply();
        ledger.emplace(*scenario, *setup->world);
        SimulationOptions options;
        options.workers = 2;
        options.sink = &*ledger;
        result = run_simulation(std::move(*setup), options);
        INFO(result.error);
        REQUIRE(result.error.empty());
        report = analytics::make_report(ledger->writer.database());
    }

    static const Erc20& cash(const World& world)
    {
        return dynamic_cast<const Erc20&>(world.contract(*world.find_contract("CASH")));
    }
    static const FiatToken& coin(const World& world)
    {
        return dynamic_cast<const FiatToken&>(world.contract(*world.find_contract("USDX")));
    }
    double figure(const std::string& column) const
    {
        INFO(column);
        return report.number("pegs.issuers.desk." + column).value();
    }
    std::uint64_t count(const std::string& condition)
    {
        auto rows = ledger->writer.database().prepare(
            "SELECT count(*) FROM t_issuer_flows f JOIN t_blocks b ON b.number = f.block_number "
            "WHERE " +
            condition);
        REQUIRE(rows.step());
        return rows.integer_up_to(0, 1'000'000);
    }

    Amount cash_at_start;
    Amount supply_at_start;
    std::optional<Ledger> ledger;
    SimulationResult result;
    analytics::Report report;
};

}  // namespace

TEST_CASE("sectors: an issuer serves in banking hours, and no money comes from nowhere",
    "[sectors][issuer]")
{
    Run run;
    const auto& world = *run.result.world;
    const auto& desk = *find_issuer(world, *world.find_contract("desk"));

    // The bank opens at 1678712400.
    CHECK(run.count("b.timestamp < 1678712400") == 0);
    CHECK(run.count("b.timestamp >= 1678712400 AND f.transaction_type = 'redeem'") > 10);
    CHECK(run.count("f.ordered_at < 1678712400") > 5);

    CHECK(Run::cash(world).total_supply() == run.cash_at_start);
    const auto& coin = Run::coin(world);
    CHECK(run.figure("supply_start") == Approx(run.supply_at_start.to_double() * 1e-6));
    CHECK(run.figure("supply_end") == Approx(coin.total_supply().to_double() * 1e-6));
    CHECK(run.figure("redeemed") > 100'000);
    CHECK(run.figure("supply_end") ==
          Approx(run.figure("supply_start") + run.figure("issued") - run.figure("redeemed")));
    CHECK(run.figure("supply_change") ==
          Approx(run.figure("supply_end") / run.figure("supply_start") - 1));
    CHECK(run.figure("waiting_most") > 50'000);
    CHECK(
        run.figure("waiting_end") == Approx(desk.waiting(IssuerAction::redeem).to_double() * 1e-6));
    CHECK(run.figure("longest_wait") > 3'600);
    CHECK(run.figure("cover_low") == Approx(1).margin(1e-6));
    CHECK(run.figure("cover_end") > 1);  // By the fees.
    CHECK(run.figure("fees") == Approx(run.figure("redeemed") * 0.001).epsilon(0.01));
}

TEST_CASE("sectors: the price is apart while the bank is closed", "[sectors][issuer]")
{
    const Run run;
    const auto price = [&](const std::string& column)
    { return run.report.number("pegs.prices.pool USDT/USDX." + column).value(); };
    CHECK(price("hour_high") > 1.05);
    CHECK(price("hours_apart") >= 1);
    CHECK(price("hours_apart") <= 3);
    CHECK(price("end") < 1.02);
    CHECK(price("together_after") >= 2 * 3'600);
}
