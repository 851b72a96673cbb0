#include "consensus/make_engine.hpp"
#include "consensus/network/thread_runner.hpp"
#include "consensus/report.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/resource_use.hpp"
#include "tools/runnel/scenario_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace runnel::tools
{
namespace
{

struct ConsensusCommandOptions
{
    ScenarioOptions scenario;
    std::optional<double> hours;
    std::uint64_t seeds = 1;
    unsigned workers = 1;
    bool json = false;
};

/// How long a network goes on.
struct Stop
{
    std::uint64_t blocks = std::numeric_limits<std::uint64_t>::max();
    VirtualTime until = 0;
};

struct Outcome
{
    std::vector<NamedFigure> figures;
    std::uint64_t blocks = 0;
};

/// A figure over several seeds.
struct Summary
{
    std::string name;
    double mean = 0;
    double standard_error = 0;
    std::string_view unit;
};

Stop stop_of(const ConsensusCommandOptions& options, const scenarios::Scenario& scenario)
{
    constexpr double us_per_hour = 3.6e9;
    if (options.hours)
        return {std::numeric_limits<std::uint64_t>::max(),
            static_cast<VirtualTime>(*options.hours * us_per_hour)};
    // A network may stand still for ever.
    constexpr VirtualTime patience = 20;
    const auto& setup = scenario.consensus;
    const auto interval = setup.engine == ConsensusKind::pow
                              ? setup.pow.block_interval
                              : VirtualTime{scenario.slot_seconds} * one_second;
    constexpr std::uint64_t blocks_counted_max = 1'000'000'000;
    const auto blocks = static_cast<VirtualTime>(std::min(scenario.blocks, blocks_counted_max));
    return {scenario.blocks, (blocks + 10) * interval * patience};
}

Outcome run_network(const ConsensusSetup& setup, std::uint64_t seed, const Stop& stop,
    std::uint32_t shards, ShardRunner& runner)
{
    const auto engine = make_engine(setup, seed, shards, runner);
    ConsensusReport report{setup};
    VirtualTime now = 0;
    while (report.blocks() < stop.blocks)
    {
        const auto step = engine->next(stop.until);
        if (!step)
        {
            now = stop.until;
            break;
        }
        now = step->at;
        report.add(*step);
    }
    return {report.figures(*engine, now), report.blocks()};
}

/// One network after another by all workers, or each by one worker.
std::vector<Outcome> run_networks(
    const ConsensusCommandOptions& options, const scenarios::Scenario& scenario, const Stop& stop)
{
    std::vector<Outcome> outcomes(options.seeds);
    if (options.seeds == 1)
    {
        ThreadShardRunner runner{options.workers};
        outcomes.front() =
            run_network(scenario.consensus, scenario.seed, stop, options.workers, runner);
        return outcomes;
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::exception_ptr> errors(options.seeds);
    const auto work = [&]
    {
        for (auto i = next++; i < outcomes.size(); i = next++)
        {
            try
            {
                SerialShardRunner runner;
                outcomes[i] = run_network(scenario.consensus, scenario.seed + i, stop, 1, runner);
            }
            catch (...)
            {
                errors[i] = std::current_exception();
            }
        }
    };
    std::vector<std::thread> helpers;
    for (unsigned i = 1; i < options.workers; ++i)
        helpers.emplace_back(work);
    work();
    for (auto& helper : helpers)
        helper.join();
    for (const auto& error : errors)
    {
        if (error)
            std::rethrow_exception(error);
    }
    return outcomes;
}

std::vector<Summary> summarise(const std::vector<Outcome>& outcomes)
{
    std::vector<Summary> summaries;
    const auto count = static_cast<double>(outcomes.size());
    for (std::size_t i = 0; i < outcomes.front().figures.size(); ++i)
    {
        const auto& first = outcomes.front().figures[i];
        double sum = 0;
        for (const auto& outcome : outcomes)
            sum += outcome.figures.at(i).value;
        const auto mean = sum / count;
        double squares = 0;
        for (const auto& outcome : outcomes)
        {
            const auto distance = outcome.figures[i].value - mean;
            squares += distance * distance;
        }
        const auto error = count > 1 ? std::sqrt(squares / (count - 1) / count) : 0;
        summaries.push_back({first.name, mean, error, first.unit});
    }
    return summaries;
}

std::string shown(double value)
{
    constexpr double whole_max = 1e15;
    if (std::abs(value) < whole_max && value == std::floor(value) && value >= 0)
        return with_commas(static_cast<std::uint64_t>(value));
    return fmt::format("{:.6g}", value);
}

void print_text(const ConsensusCommandOptions& options, const scenarios::Scenario& scenario,
    const std::vector<Summary>& summaries)
{
    fmt::print("{}: engine {}, {} nodes, {}\n", shortened(printable(scenario.name)),
        to_string(scenario.consensus.engine), with_commas(scenario.consensus.nodes),
        options.seeds == 1 ? fmt::format("seed {}", scenario.seed)
                           : fmt::format("{} seeds from {} on; means and their standard errors",
                                 with_commas(options.seeds), scenario.seed));
    for (const auto& summary : summaries)
    {
        fmt::print("  {:<44} {:>16}{} {}\n", summary.name, shown(summary.mean),
            options.seeds == 1
                ? std::string{}
                : fmt::format(" +- {:<12}", fmt::format("{:.3g}", summary.standard_error)),
            summary.unit);
    }
}

void print_json(const ConsensusCommandOptions& options, const scenarios::Scenario& scenario,
    const std::vector<Summary>& summaries)
{
    nlohmann::ordered_json figures = nlohmann::ordered_json::object();
    for (const auto& summary : summaries)
    {
        auto& figure = figures[summary.name];
        figure["value"] = summary.mean;
        if (options.seeds > 1)
            figure["standard_error"] = summary.standard_error;
        figure["unit"] = summary.unit;
    }
    const nlohmann::ordered_json json{{"scenario", scenario.name},
        {"engine", to_string(scenario.consensus.engine)}, {"nodes", scenario.consensus.nodes},
        {"seed", scenario.seed}, {"seeds", options.seeds}, {"figures", figures}};
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int run_consensus(const ConsensusCommandOptions& options)
{
    const auto scenario = load(options.scenario);
    const auto& setup = scenario.consensus;
    SerialShardRunner probe;
    if (setup.nodes == 0 || make_engine(setup, scenario.seed, 1, probe) == nullptr)
    {
        throw CommandError{exit_bad_input,
            fmt::format("{}: consensus.engine: expected an engine with a network, like pow, got {}",
                options.scenario.file, to_string(setup.engine))};
    }
    require_threads(options.workers);
    const auto stop = stop_of(options, scenario);
    const ResourceMeter meter;
    const auto outcomes = run_networks(options, scenario, stop);
    const auto summaries = summarise(outcomes);
    if (options.json)
        print_json(options, scenario, summaries);
    else
        print_text(options, scenario, summaries);
    std::uint64_t blocks = 0;
    for (const auto& outcome : outcomes)
        blocks += outcome.blocks;
    if (!options.hours && blocks < stop.blocks * options.seeds)
    {
        tell(
            fmt::format("runnel: warning: {} blocks in {:.6g} virtual hours, of {}: the chain is "
                        "slow, or stands still",
                with_commas(blocks), static_cast<double>(stop.until) / 3.6e9,
                with_commas(stop.blocks * options.seeds)));
    }
    tell(fmt::format("{:.3g} s of CPU time, {:.3g} ms a block", meter.use().cpu_s,
        1000 * meter.use().cpu_s / static_cast<double>(std::max<std::uint64_t>(blocks, 1))));
    return exit_done;
}

}  // namespace

Command add_consensus_command(CLI::App& app)
{
    auto options = std::make_shared<ConsensusCommandOptions>();
    auto* command = app.add_subcommand("consensus",
        "Run a scenario's network alone, without a ledger: intervals, stale blocks, "
        "reorganisations, finality, who earns what, attacks, traffic, energy.");
    add_scenario_options(*command, options->scenario);
    command
        ->add_option("--hours", options->hours,
            "Stop after so many virtual hours instead of after scenario.blocks")
        ->check(real_number(0, 1e7));
    constexpr std::uint64_t seeds_max = 100'000;
    command
        ->add_option("--seeds", options->seeds,
            "Run so many seeds, from scenario.seed on: means and standard errors")
        ->check(whole_number(1, seeds_max))
        ->capture_default_str();
    constexpr std::uint64_t workers_max = 256;
    command
        ->add_option("--workers", options->workers,
            "Threads; no figure depends on it. With several seeds each runs one at a time")
        ->check(whole_number(1, workers_max))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Examples:\n"
        "  runnel consensus scenarios/selfish_miner.toml\n"
        "  runnel consensus scenarios/fifty_one_percent.toml --seeds 20 --workers 4\n"
        "  runnel consensus scenarios/pow_genesis.toml --set consensus.pow.block_interval=15s\n"
        "docs/consensus.md defines every figure.");
    return [options] { return run_consensus(*options); };
}

}  // namespace runnel::tools
