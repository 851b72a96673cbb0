#include "actors/simulation.hpp"
#include "scenarios/run.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/scenario_options.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace runnel::tools
{
namespace
{

using Clock = BenchClock;

/// A scratch file that goes away again.
class ScratchFile
{
public:
    ScratchFile()
      : folder_{std::filesystem::temp_directory_path() /
                fmt::format("runnel-bench-{}", Clock::now().time_since_epoch().count())}
    {
        std::filesystem::create_directory(folder_);
    }
    ~ScratchFile()
    {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    [[nodiscard]] std::string path() const { return (folder_ / "ledger.db").string(); }

private:
    std::filesystem::path folder_;
};

}  // namespace

int bench_end_to_end(const BenchOptions& options)
{
    ScenarioOptions scenario_options;
    scenario_options.file = options.scenario;
    scenario_options.overrides = options.overrides;
    const auto scenario = load(scenario_options);
    std::vector<double> persisted;
    std::vector<double> unpersisted;
    std::vector<double> finish;
    std::vector<double> cpu;
    std::string head;
    std::uint64_t transactions = 0;
    PhaseSeconds phases;
    for (unsigned run = 0; run < options.runs; ++run)
    {
        for (const bool with_database : {false, true})
        {
            auto setup = scenarios::make_simulation(scenario);
            if (!setup)
                throw CommandError{exit_bad_input, setup.error().message};
            ScratchFile scratch;
            SimulationOptions simulation;
            simulation.workers = options.workers;
            std::unique_ptr<LedgerSink> sink;
            if (with_database)
            {
                sink = std::make_unique<LedgerSink>(
                    scratch.path(), scenario, *setup->world, "normal", LedgerSink::Mode::create);
                simulation.sink = sink.get();
            }
            const auto cpu_before = cpu_seconds();
            const auto result = run_simulation(std::move(*setup), simulation);
            if (!result.error.empty())
                throw CommandError{exit_world_failed, result.error};
            if (!head.empty() && head != result.head_hash.to_string())
                throw CommandError{exit_does_not_hold, "two runs gave two chains"};
            head = result.head_hash.to_string();
            transactions = result.transactions;
            const auto rate = static_cast<double>(transactions) / result.elapsed_s;
            if (!with_database)
            {
                unpersisted.push_back(rate);
                continue;
            }
            persisted.push_back(rate);
            phases = result.phases;
            const auto start = Clock::now();
            sink->write_metrics(result, options.workers);
            finish.push_back(seconds_since(start));
            cpu.push_back((cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(transactions));
        }
    }
    const nlohmann::json figures{{"bench", "end_to_end"}, {"scenario", scenario.name},
        {"workers", options.workers}, {"runs", options.runs}, {"transactions", transactions},
        {"head_hash", head}, {"end_to_end_tx_per_s", median(persisted)},
        {"unpersisted_tx_per_s", median(unpersisted)}, {"index_build_s", median(finish)},
        {"cpu_us_per_tx_with_indexes", median(cpu)}, {"peak_memory_mib", peak_memory_mib()},
        {"phases_s", {{"decide", phases.decide}, {"order", phases.order}, {"plan", phases.plan},
                         {"execute", phases.execute}, {"commit", phases.commit},
                         {"persist_wait", phases.persist}}}};
    if (options.json)
        fmt::print("{}\n", figures.dump(2));
    else
    {
        fmt::print(
            "{}: {} transactions, {} workers, medians of {} runs\n"
            "persisted    {:9.0f} transactions/s\n"
            "unpersisted  {:9.0f} transactions/s\n"
            "indexes      {:9.2f} s\n"
            "CPU          {:9.2f} us per transaction, indexes included\n"
            "memory       {:9.0f} MiB at the peak\n"
            "last run     decide {:.2f} s, order {:.2f} s, plan {:.2f} s, execute {:.2f} s, "
            "commit {:.2f} s, waiting to persist {:.2f} s\n",
            scenario.name, transactions, options.workers, options.runs, median(persisted),
            median(unpersisted), median(finish), median(cpu), peak_memory_mib(), phases.decide,
            phases.order, phases.plan, phases.execute, phases.commit, phases.persist);
    }
    return exit_done;
}

}  // namespace runnel::tools
