#include "scenarios/run.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/scenario_options.hpp"
#include "tools/runnel/scratch_folder.hpp"
#include "tools/runnel/watched_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <fstream>

namespace runnel::tools
{
namespace
{

double resident_mib()
{
    std::ifstream file{"/proc/self/statm"};
    double pages = 0;
    double resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

scenarios::Scenario load_with(const BenchOptions& options, std::vector<std::string> overrides)
{
    ScenarioOptions scenario;
    scenario.file = scenario_or(options, "scenarios/payments.toml");
    // The last one of two counts: the command line's.
    scenario.overrides = std::move(overrides);
    scenario.overrides.insert(
        scenario.overrides.end(), options.overrides.begin(), options.overrides.end());
    return load(scenario);
}

SimulationSetup setup_of(const scenarios::Scenario& scenario)
{
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw CommandError{exit_bad_input, setup.error().message};
    return std::move(*setup);
}

/// Many wallets: how long until the first block is there, how much memory they take.
nlohmann::json many_wallets(const BenchOptions& options)
{
    constexpr std::uint64_t blocks = 20;
    const auto start = BenchClock::now();
    const auto scenario = load_with(
        options, {fmt::format("agents.payer.count={}", options.wallets),
                     fmt::format("scenario.blocks={}", blocks),
                     // As many payments a block as with the scenario's own thousand wallets.
                     fmt::format("agents.payer.interval={}", options.wallets / 50 + 5)});
    double first_block_s = 0;
    SimulationOptions simulation;
    simulation.workers = options.workers;
    const auto result = run_watched(setup_of(scenario), simulation,
        [&](SimulationProgress& progress)
        {
            if (first_block_s == 0 && progress.blocks.load() > 0)
                first_block_s = seconds_since(start);
        });
    return {{"wallets", options.wallets}, {"first_block_s", first_block_s},
        {"peak_memory_mib", peak_memory_mib()}, {"transactions", result.transactions},
        {"head_hash", result.head_hash.to_string()}};
}

/// Many transactions: whether the last tenth is as fast as the first, and what memory does.
nlohmann::json many_transactions(const BenchOptions& options)
{
    const auto scenario = load_with(options, {"scenario.blocks=100000000"});
    const ScratchFolder scratch;
    auto setup = setup_of(scenario);
    LedgerSink sink{
        scratch / "ledger.db", scenario, *setup.world, "normal", LedgerSink::Mode::create};
    SimulationOptions simulation;
    simulation.workers = options.workers;
    simulation.sink = &sink;
    // When each tenth was complete, and what was resident then.
    struct Mark
    {
        double time_s = 0;
        double memory_mib = 0;
        double transactions = 0;
    };
    std::vector<Mark> marks;
    const auto tenth = std::max<std::uint64_t>(1, options.transactions / 10);
    const auto start = BenchClock::now();
    const auto result = run_watched(std::move(setup), simulation,
        [&](SimulationProgress& progress)
        {
            const auto done = progress.transactions.load();
            // The clock starts after block 1: the genesis is not part of the first tenth.
            const auto next = marks.empty() ? 1 : tenth * marks.size();
            if (done >= next && marks.size() <= 10)
                marks.push_back({seconds_since(start), resident_mib(), static_cast<double>(done)});
            if (done >= options.transactions)
                progress.stop.store(true);
        });
    if (marks.size() < 11)
        throw CommandError{exit_bad_input, "too few transactions to tell ten tenths apart"};
    const auto rate = [&](std::size_t from)
    {
        return (marks[from + 1].transactions - marks[from].transactions) /
               (marks[from + 1].time_s - marks[from].time_s);
    };
    double peak = 0;
    for (std::size_t i = 1; i < marks.size(); ++i)
        peak = std::max(peak, marks[i].memory_mib);
    auto rates = nlohmann::json::array();
    for (std::size_t i = 0; i < 10; ++i)
        rates.push_back(rate(i));
    return {{"transactions", result.transactions}, {"tx_per_s_by_tenth", rates},
        {"last_tenth_over_first", rate(9) / rate(0)},
        {"memory_after_first_tenth_mib", marks[1].memory_mib}, {"memory_peak_after_mib", peak},
        {"memory_growth", peak / marks[1].memory_mib - 1},
        {"head_hash", result.head_hash.to_string()}};
}

}  // namespace

int bench_scale(const BenchOptions& options)
{
    // In this order: a heap that a million wallets have grown would hide another's growth, while
    // the peak of both is at most too high for the wallets.
    const auto flat = many_transactions(options);
    const auto wallets = many_wallets(options);
    if (options.json)
    {
        fmt::print("{}\n", nlohmann::json{{"bench", "scale"}, {"workers", options.workers},
                               {"wallets", wallets}, {"flat", flat}}
                               .dump(2));
        return exit_done;
    }
    fmt::print(
        "{} wallets: first block after {:.2f} s, {:.0f} MiB at the peak\n"
        "{} transactions, persisted: last tenth / first tenth {:.2f}, memory {:.0f} MiB after the "
        "first tenth and {:+.1f}% at most afterwards\n",
        options.wallets, wallets["first_block_s"].get<double>(),
        wallets["peak_memory_mib"].get<double>(), flat["transactions"].get<std::uint64_t>(),
        flat["last_tenth_over_first"].get<double>(),
        flat["memory_after_first_tenth_mib"].get<double>(),
        100 * flat["memory_growth"].get<double>());
    return exit_done;
}

}  // namespace runnel::tools
