#include "scenarios/run.hpp"
#include "scenarios/script.hpp"
#include "storage/output_file.hpp"
#include "tools/replay/chain_replay.hpp"
#include "tools/replay/chain_scenario.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/resource_use.hpp"
#include "tools/runnel/simulation_run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace runnel::tools
{
namespace
{

struct ReplayOptions
{
    std::vector<std::string> files;
    std::string states;
    std::string tokens;
    std::string database;
    bool force = false;
    bool json = false;
};

/// A ledger of what was replayed.
struct LedgerOutcome
{
    SimulationResult result;
    scenarios::ScriptReport script;
};

nlohmann::json to_json(const std::string& file, const replay::ChainReport& report)
{
    return {{"file", file}, {"pools", report.pools}, {"initializations", report.initializations},
        {"mints", report.mints}, {"burns", report.burns}, {"swaps", report.swaps},
        {"first_block", report.first_block}, {"last_block", report.last_block},
        {"states_compared", report.end_states}, {"comparisons", report.comparisons},
        {"mismatches", report.mismatches}, {"first_mismatches", report.kept},
        {"notes", report.notes}};
}

void print(const std::string& file, const replay::ChainReport& report)
{
    fmt::print("{}: blocks {} to {}, {} pool{}\n", printable(file), report.first_block,
        report.last_block, with_commas(report.pools), report.pools == 1 ? "" : "s");
    fmt::print("    {} initializations, {} mints, {} burns, {} swaps; {} recorded states\n",
        with_commas(report.initializations), with_commas(report.mints), with_commas(report.burns),
        with_commas(report.swaps), report.end_states);
    for (const auto& note : report.notes)
        fmt::print("    {}\n", note);
    fmt::print("    {} values compared, {} mismatches\n", with_commas(report.comparisons),
        with_commas(report.mismatches));
    for (const auto& mismatch : report.kept)
        fmt::print("    {}\n", printable(mismatch));
}

nlohmann::json to_json(const std::string& path, const LedgerOutcome& ledger)
{
    return {{"file", path}, {"blocks", ledger.result.blocks},
        {"transactions", ledger.result.transactions}, {"reverted", ledger.result.reverted},
        {"head_hash", ledger.result.head_hash.to_string()},
        {"expectations", ledger.script.expectations}, {"failures", ledger.script.failures}};
}

void print(const std::string& path, const LedgerOutcome& ledger)
{
    fmt::print("{}: {} blocks, {} transactions, {} reverted; {} of {} expectations hold\n",
        printable(path), with_commas(ledger.result.blocks), with_commas(ledger.result.transactions),
        with_commas(ledger.result.reverted),
        with_commas(ledger.script.expectations - ledger.script.failures.size()),
        with_commas(ledger.script.expectations));
    fmt::print("    head hash {}\n", ledger.result.head_hash.to_string());
}

/// Before anything is read: what the command reads may not be what it writes.
void claim_files(const ReplayOptions& options)
{
    if (options.files.size() != 1)
        throw CommandError{exit_bad_input, "--db: expected one FILE, whose ledger it is"};
    storage::CommandFiles files;
    files.reads(options.files.front(), "the events");
    if (!options.states.empty())
        files.reads(options.states, "the states");
    if (!options.tokens.empty())
        files.reads(options.tokens, "the tokens");
    files.writes_ledger(options.database, "the ledger");
}

/// The scenario that tells the file's events, before anything is written.
scenarios::Scenario scenario_of(const ReplayOptions& options)
{
    const auto& file = options.files.front();
    try
    {
        const auto text = replay::chain_scenario(file, options.states, options.tokens);
        auto scenario = scenarios::parse_scenario(text, "the scenario of " + file, ".", {});
        if (!scenario)
            throw std::invalid_argument{scenario.error().message};
        return std::move(*scenario);
    }
    catch (const std::invalid_argument& error)
    {
        throw CommandError{exit_bad_input, error.what()};
    }
}

LedgerOutcome write_ledger(const ReplayOptions& options)
{
    const ResourceMeter meter;
    const auto scenario = scenario_of(options);
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw CommandError{exit_bad_input, setup.error().message};
    SimulationOptions simulation;
    simulation.warn = [](const std::string& line) { tell(printable("runnel: " + line)); };
    require_threads(simulation.workers + crew_threads);
    LedgerSink sink{options.database, scenario, *setup->world, "normal",
        options.force ? LedgerSink::Mode::replace : LedgerSink::Mode::create};
    simulation.sink = &sink;
    const auto comparison =
        std::make_shared<scenarios::ScriptComparison>(scenario.script, scenario.created);
    setup->script_observer = comparison;
    LedgerOutcome outcome;
    outcome.result = run_with_progress(std::move(*setup), simulation, !options.json);
    const auto& result = outcome.result;
    if (result.stalled)
        leave_stalled(result);
    if (!result.error.empty())
    {
        throw CommandError{result.error_is_bug ? exit_does_not_hold : exit_world_failed,
            fmt::format("{} (after block {})", result.error, result.head.number)};
    }
    sink.write_metrics(result, simulation.workers, meter.use());
    if (result.interrupted)
    {
        throw CommandError{exit_interrupted,
            fmt::format("interrupted after block {}; {} holds what was replayed by then: begin "
                        "again with --force",
                result.head.number, options.database)};
    }
    outcome.script = comparison->report();
    return outcome;
}

int run_replay(const ReplayOptions& options)
{
    if (options.database.empty() && (options.force || !options.tokens.empty()))
        throw CommandError{exit_bad_input, "--force and --tokens: expected with --db"};
    if (!options.database.empty())
        claim_files(options);
    std::uint64_t mismatches = 0;
    auto files = nlohmann::json::array();
    for (const auto& file : options.files)
    {
        const auto report = replay::replay_chain(file, options.states);
        if (!report.error.empty())
        {
            throw CommandError{
                report.error_is_worlds ? exit_world_failed : exit_bad_input, report.error};
        }
        mismatches += report.mismatches;
        if (options.json)
            files.push_back(to_json(file, report));
        else
            print(file, report);
    }
    nlohmann::json summary{{"mismatches", mismatches}, {"files", files}};
    bool holds = mismatches == 0;
    if (!options.database.empty())
    {
        const auto ledger = write_ledger(options);
        holds = holds && ledger.script.failures.empty();
        if (options.json)
            summary["ledger"] = to_json(options.database, ledger);
        else
            print(options.database, ledger);
        for (const auto& failure : ledger.script.failures)
            tell(shortened(printable("runnel: " + failure)));
    }
    if (options.json)
    {
        fmt::print("{}\n", summary.dump(2, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    return holds ? exit_done : exit_does_not_hold;
}

}  // namespace

Command add_replay_command(CLI::App& app)
{
    auto options = std::make_shared<ReplayOptions>();
    auto* command = app.add_subcommand("replay",
        "Run recorded events of mainnet's Uniswap v3 pools again and compare every amount, price, "
        "liquidity and tick.");
    command
        ->add_option("FILE", options->files,
            "Events: .ndjson of many pools or of one, or .csv of one pool's mints and burns; .gz")
        ->required();
    command->add_option("--states", options->states,
        "Of a .csv: a .json of recorded states of its pool, each to be reached after some event");
    command->add_option("--db", options->database,
        "Write a ledger of what was replayed to this SQLite file, for report, verify and SQL");
    command->add_option("--tokens", options->tokens,
        "With --db: a .csv of `address,symbol,decimals`, which events do not tell");
    command->add_flag("--force", options->force, "Replace an existing database");
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Examples:\n"
        "  runnel replay events.ndjson.gz\n"
        "  runnel replay events.ndjson.gz --db history.db && runnel report history.db");
    return [options] { return run_replay(*options); };
}

}  // namespace runnel::tools
