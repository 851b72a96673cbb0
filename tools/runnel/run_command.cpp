#include "scenarios/run.hpp"
#include "storage/ledger_writer.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/scenario_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <future>
#include <memory>
#include <thread>

namespace runnel::tools
{
namespace
{

struct RunOptions
{
    ScenarioOptions scenario;
    std::string database;
    unsigned workers = std::max(1U, std::thread::hardware_concurrency());
    std::string durability = "normal";
    std::uint32_t cohort_size = 2048;
    bool force = false;
    bool json = false;
    bool quiet = false;
};

// Set by the signal handler, read by the loop that draws the progress bar.
volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int)
{
    interrupted = 1;
}

nlohmann::json summary_json(const SimulationResult& result)
{
    const auto& phases = result.phases;
    return {{"blocks", result.blocks}, {"transactions", result.transactions},
        {"reverted", result.reverted}, {"state_root", result.head.state_root.to_string()},
        {"head_hash", result.head_hash.to_string()}, {"elapsed_s", result.elapsed_s},
        {"tx_per_s", static_cast<double>(result.transactions) / std::max(result.elapsed_s, 1e-9)},
        {"interrupted", result.interrupted}, {"parallel_share", result.parallel_share},
        {"phases_s", {{"decide", phases.decide}, {"order", phases.order}, {"plan", phases.plan},
                         {"execute", phases.execute}, {"commit", phases.commit},
                         {"persist", phases.persist}}}};
}

void print_summary(const SimulationResult& result, const RunOptions& options)
{
    const auto& phases = result.phases;
    const auto share = [&](double seconds)
    { return 100 * seconds / std::max(result.elapsed_s, 1e-9); };
    fmt::print("blocks        {}\n", with_commas(result.blocks));
    fmt::print("transactions  {} ({} reverted)\n", with_commas(result.transactions),
        with_commas(result.reverted));
    fmt::print("state root    {}\n", result.head.state_root.to_string());
    fmt::print("head hash     {}\n", result.head_hash.to_string());
    fmt::print("time          {:.2f} s, {} transactions/s\n", result.elapsed_s,
        with_commas(static_cast<std::uint64_t>(
            static_cast<double>(result.transactions) / std::max(result.elapsed_s, 1e-9))));
    fmt::print(
        "spent on      decide {:.0f}%, order {:.0f}%, plan {:.0f}%, execute {:.0f}%, "
        "commit {:.0f}%, waiting to persist {:.0f}%\n",
        share(phases.decide), share(phases.order), share(phases.plan), share(phases.execute),
        share(phases.commit), share(phases.persist));
    if (options.database.empty())
        fmt::print("database      none: nothing was persisted (--db FILE keeps the ledger)\n");
    else
        fmt::print("database      {}\n", options.database);
    if (result.interrupted)
        fmt::print("interrupted at a block boundary\n");
}

/// Runs the actors on another thread and shows progress on this one.
SimulationResult run_with_progress(
    SimulationSetup setup, SimulationOptions simulation, const RunOptions& options)
{
    SimulationProgress progress;
    simulation.progress = &progress;
    const auto blocks = setup.blocks;
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    auto running = std::async(std::launch::async,
        [&setup, &simulation] { return run_simulation(std::move(setup), simulation); });
    ProgressBar bar{"blocks", blocks, !options.quiet && !options.json};
    while (running.wait_for(std::chrono::milliseconds{50}) != std::future_status::ready)
    {
        if (interrupted != 0)
            progress.stop.store(true);
        bar.update(
            progress.blocks.load(), with_commas(progress.transactions.load()) + " transactions");
    }
    bar.clear();
    return running.get();
}

int run(const RunOptions& options)
{
    const auto scenario = load(options.scenario);
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw CommandError{exit_bad_input, setup.error().message};

    SimulationOptions simulation;
    simulation.workers = options.workers;
    simulation.cohort_size = options.cohort_size;
    std::unique_ptr<LedgerSink> sink;
    if (!options.database.empty())
    {
        sink = std::make_unique<LedgerSink>(
            options.database, scenario, *setup->world, options.durability, options.force);
        simulation.sink = sink.get();
    }
    const auto result = run_with_progress(std::move(*setup), simulation, options);
    if (!result.error.empty())
    {
        throw CommandError{result.error_is_bug ? exit_does_not_hold : exit_world_failed,
            fmt::format("{} (after block {})", result.error, result.head.number)};
    }
    if (sink != nullptr)
        sink->write_metrics(result, options.workers);
    if (options.json)
        fmt::print("{}\n", summary_json(result).dump());
    else if (!options.quiet)
        print_summary(result, options);
    return result.interrupted ? exit_interrupted : exit_done;
}

}  // namespace

Command add_run_command(CLI::App& app)
{
    auto options = std::make_shared<RunOptions>();
    auto* command = app.add_subcommand("run", "Run a scenario.");
    add_scenario_options(*command, options->scenario);
    command->add_option("--db", options->database, "Keep the ledger in this SQLite file");
    command->add_option("--workers", options->workers, "Threads; the chain does not depend on it")
        ->check(CLI::Range(1U, workers_max))
        ->capture_default_str();
    command
        ->add_option("--durability", options->durability,
            "full: every group of blocks survives a power cut; normal: a crash of the process or "
            "system loses at most the last groups, never the file; off: for scratch runs")
        ->check(CLI::IsMember({"full", "normal", "off"}))
        ->capture_default_str();
    command->add_option("--cohort-size", options->cohort_size, "Wallets per cohort actor")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command->add_flag("--force", options->force, "Replace an existing database");
    command->add_flag("--json", options->json, "Print one JSON object");
    command->add_flag("--quiet", options->quiet, "Print nothing but errors");
    command->footer(
        "Examples:\n"
        "  runnel run scenarios/payments.toml\n"
        "  runnel run scenarios/black_thursday.toml --db bt.db --seed 7\n"
        "  runnel run scenarios/market_day.toml --set agents.noise_trader.count=100000");
    return [options] { return run(*options); };
}

}  // namespace runnel::tools
