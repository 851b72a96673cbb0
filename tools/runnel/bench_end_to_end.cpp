#include "actors/simulation.hpp"
#include "scenarios/run.hpp"
#include "storage/insert_cost.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/core_distance.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/scenario_options.hpp"
#include "tools/runnel/scratch_folder.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <thread>

namespace runnel::tools
{
namespace
{

struct RunFigures
{
    SimulationResult result;
    double cpu_s = 0;  // Of the process, all threads.
};

/// Runs the scenario from its genesis to the last committed block.
RunFigures measure_run(
    SimulationSetup setup, SimulationOptions options, std::string& head, const std::string& what)
{
    RunFigures figures;
    const auto before = cpu_seconds();
    figures.result = run_simulation(std::move(setup), options);
    figures.cpu_s = cpu_seconds() - before;
    if (!figures.result.error.empty())
        throw CommandError{exit_world_failed, figures.result.error};
    const auto hash = figures.result.head_hash.to_string();
    if (!head.empty() && head != hash)
        throw CommandError{exit_does_not_hold, what + " gave another chain: " + hash};
    head = hash;
    return figures;
}

SimulationSetup setup_of(const scenarios::Scenario& scenario)
{
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw CommandError{exit_bad_input, setup.error().message};
    return std::move(*setup);
}

}  // namespace

int bench_end_to_end(const BenchOptions& options)
{
    ScenarioOptions scenario_options;
    scenario_options.file = scenario_or(options, "scenarios/mixed_defi.toml");
    scenario_options.overrides = options.overrides;
    const auto scenario = load(scenario_options);
    std::vector<double> persisted;
    std::vector<double> unpersisted;
    std::vector<double> pipeline_us;
    std::vector<double> sqlite_us;
    std::vector<double> persisted_us;
    std::vector<double> finish;
    std::vector<double> round_trip_ns;
    auto each_run = nlohmann::json::array();
    std::string head;
    double transactions = 0;
    PhaseSeconds phases;
    storage::InsertCost cost;
    for (unsigned run = 0; run < options.runs; ++run)
    {
        SimulationOptions simulation;
        simulation.workers = options.workers;
        const auto pipeline =
            measure_run(setup_of(scenario), simulation, head, "a run without a database");
        transactions = static_cast<double>(pipeline.result.transactions);
        unpersisted.push_back(transactions / pipeline.result.elapsed_s);
        pipeline_us.push_back(pipeline.cpu_s * 1e6 / transactions);

        const ScratchFolder scratch;
        auto setup = setup_of(scenario);
        LedgerSink sink{
            scratch / "ledger.db", scenario, *setup.world, "normal", LedgerSink::Mode::create};
        simulation.sink = &sink;
        const ResourceMeter meter;
        const auto whole = measure_run(std::move(setup), simulation, head, "a run with a database");
        persisted.push_back(transactions / whole.result.elapsed_s);
        round_trip_ns.push_back(core_round_trip_ns());
        persisted_us.push_back(whole.cpu_s * 1e6 / transactions);
        phases = whole.result.phases;
        const auto start = BenchClock::now();
        sink.write_metrics(whole.result, options.workers, meter.use());
        finish.push_back(seconds_since(start));

        // The blocks' rows once more, by SQLite alone.
        cost = storage::measure_inserts(
            scratch / "ledger.db", scratch / "inserts.db", sink.schema(), {});
        sqlite_us.push_back(cost.cpu_seconds * 1e6 / transactions);
        each_run.push_back({{"end_to_end_tx_per_s", persisted.back()},
            {"pipeline_cpu_us_per_tx", pipeline_us.back()},
            {"sqlite_cpu_us_per_tx", sqlite_us.back()},
            {"core_round_trip_ns", round_trip_ns.back()}});
    }
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const auto bound = cores * 1e6 / (median(pipeline_us) + median(sqlite_us));
    const auto rate = median(persisted);
    const auto rows = static_cast<double>(cost.rows);
    if (options.json)
    {
        fmt::print("{}\n",
            nlohmann::json{{"bench", "end_to_end"}, {"scenario", scenario.name},
                {"durability", "normal"}, {"cores", cores}, {"workers", options.workers},
                {"runs", options.runs}, {"transactions", transactions}, {"head_hash", head},
                {"equal_chains", true}, {"end_to_end_tx_per_s", rate},
                {"unpersisted_tx_per_s", median(unpersisted)},
                {"end_to_end_cpu_us_per_tx", median(persisted_us)},
                {"pipeline_cpu_us_per_tx", median(pipeline_us)},
                {"sqlite_cpu_us_per_tx", median(sqlite_us)}, {"bound_tx_per_s", bound},
                {"share_of_bound", rate / bound}, {"rows_per_tx", rows / transactions},
                {"bytes_per_tx", static_cast<double>(cost.bytes) / transactions},
                {"index_build_s", median(finish)}, {"core_round_trip_ns", median(round_trip_ns)},
                {"each_run", each_run}, {"peak_memory_mib", peak_memory_mib()},
                {"phases_s", {{"decide", phases.decide}, {"order", phases.order},
                                 {"plan", phases.plan}, {"execute", phases.execute},
                                 {"commit", phases.commit}, {"persist_wait", phases.persist}}}}
                .dump(2));
        return exit_done;
    }
    fmt::print(
        "{}: {:.0f} transactions, {} workers, {} cores, medians of {} runs, one chain\n"
        "persisted     {:9.0f} transactions/s, {:.0f}% of what the cores could do\n"
        "unpersisted   {:9.0f} transactions/s\n"
        "CPU           {:9.2f} us per transaction: decide to commit alone {:.2f}, SQLite alone "
        "{:.2f}\n"
        "bound         {:9.0f} transactions/s: cores / (decide to commit + SQLite)\n"
        "rows          {:9.2f} per transaction, {:.0f} bytes\n"
        "indexes       {:9.2f} s\n"
        "memory        {:9.0f} MiB at the peak\n"
        "last run      decide {:.2f} s, order {:.2f} s, plan {:.2f} s, execute {:.2f} s, "
        "commit {:.2f} s, waiting to persist {:.2f} s\n",
        scenario.name, transactions, options.workers, cores, options.runs, rate, 100 * rate / bound,
        median(unpersisted), median(persisted_us), median(pipeline_us), median(sqlite_us), bound,
        rows / transactions, static_cast<double>(cost.bytes) / transactions, median(finish),
        peak_memory_mib(), phases.decide, phases.order, phases.plan, phases.execute, phases.commit,
        phases.persist);
    return exit_done;
}

}  // namespace runnel::tools
