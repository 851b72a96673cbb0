#include "actors/checkpoint.hpp"
#include "audit/ledger_walk.hpp"
#include "scenarios/run.hpp"
#include "storage/checkpoints.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"
#include "storage/output_file.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/resource_use.hpp"
#include "tools/runnel/scenario_options.hpp"
#include "tools/runnel/simulation_run.hpp"
#include "tools/runnel/trace_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

namespace runnel::tools
{
namespace
{

struct RunOptions
{
    ScenarioOptions scenario;
    std::string database;
    std::string workers = "auto";
    std::uint64_t max_memory = 0;
    std::string durability = "normal";
    std::uint32_t cohort_size = 2048;
    double stall_timeout = 60;
    unsigned replicas = 1;
    std::vector<std::string> flips;
    double forget_accesses = 0;
    bool force = false;
    bool resume = false;
    bool json = false;
    bool quiet = false;
    std::string trace;
};

double rate_of(const SimulationResult& result)
{
    const auto executed = result.transactions - result.resumed_transactions;
    return static_cast<double>(executed) / std::max(result.elapsed_s, 1e-9);
}

/// What came of the scenario's script in this process, and of wallets that arrive.
struct ScriptOutcome
{
    std::size_t lines = 0;
    std::size_t never = 0;      // Of blocks after the last one.
    std::size_t newcomers = 0;  // By the last block.
    scenarios::ScriptReport report;
};

nlohmann::json script_json(const ScriptOutcome& script)
{
    return {{"lines", script.lines}, {"executed", script.report.executed}, {"never", script.never},
        {"expectations", script.report.expectations}, {"failures", script.report.failures}};
}

void print_script(const ScriptOutcome& script)
{
    fmt::print("script        {} of {} lines executed{}; {} of {} expectations hold\n",
        script.report.executed, script.lines,
        script.never == 0 ? "" : fmt::format(", {} come after the last block", script.never),
        script.report.expectations - script.report.failures.size(), script.report.expectations);
}

nlohmann::json summary_json(const SimulationResult& result)
{
    const auto& phases = result.phases;
    return {{"blocks", result.blocks}, {"transactions", result.transactions},
        {"reverted", result.reverted}, {"state_root", result.head.state_root.to_string()},
        {"head_hash", result.head_hash.to_string()}, {"elapsed_s", result.elapsed_s},
        {"tx_per_s", rate_of(result)}, {"interrupted", result.interrupted},
        {"repairs", result.repairs}, {"redone_blocks", result.redone_blocks},
        {"reverted_blocks", result.reverted_blocks}, {"halted", result.halted},
        {"resumed_at", result.resumed_at}, {"parallel_share", result.parallel_share},
        {"phases_s", {{"decide", phases.decide}, {"order", phases.order}, {"plan", phases.plan},
                         {"execute", phases.execute}, {"commit", phases.commit},
                         {"persist", phases.persist}}}};
}

double per_transaction_us(double seconds, const SimulationResult& result)
{
    const auto executed = result.transactions - result.resumed_transactions;
    return seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(1, executed));
}

nlohmann::json with_resources(
    nlohmann::json summary, const SimulationResult& result, const ResourceUse& use)
{
    summary["cpu_s"] = use.cpu_s;
    summary["cpu_us_per_tx"] = per_transaction_us(use.cpu_s, result);
    summary["energy_j"] = use.energy_j;
    summary["energy_uj_per_tx"] = per_transaction_us(use.energy_j, result);
    summary["energy_source"] = use.energy_source;
    summary["peak_memory_mib"] = use.peak_memory_mib;
    return summary;
}

void print_summary(const SimulationResult& result, const RunOptions& options,
    const ResourceUse& use, const CoresInUse& cores_in_use)
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
        with_commas(static_cast<std::uint64_t>(rate_of(result))));
    fmt::print(
        "spent on      decide {:.0f}%, order {:.0f}%, plan {:.0f}%, execute {:.0f}%, "
        "commit {:.0f}%, waiting to persist {:.0f}%\n",
        share(phases.decide), share(phases.order), share(phases.plan), share(phases.execute),
        share(phases.commit), share(phases.persist));
    if (!cores_in_use.empty())
    {
        std::string line;
        for (const auto& [phase, cores] : cores_in_use)
            line += fmt::format("{}{} {:.2f}", line.empty() ? "" : ", ", phase, cores);
        fmt::print("cores in use  {}\n", line);
    }
    fmt::print(
        "resources     {:.1f} CPU seconds, {:.2f} us per transaction; {:.0f} MiB at the peak\n",
        use.cpu_s, per_transaction_us(use.cpu_s, result), use.peak_memory_mib);
    fmt::print("energy        {:.0f} J, {:.0f} uJ per transaction ({})\n", use.energy_j,
        per_transaction_us(use.energy_j, result),
        use.energy_source == "rapl"
            ? "measured: the whole processor's, RAPL"
            : fmt::format("a model: {} W per core in use", ResourceMeter::watts_per_core));
    if (result.redone_blocks > 0)
    {
        fmt::print("redone        {} blocks whose transactions touched what was not declared\n",
            with_commas(result.redone_blocks));
    }
    if (result.consensus->blocks_made > 0)
    {
        const auto& network = *result.consensus;
        fmt::print(
            "network       {} blocks made, {} executed and taken back; {} messages, {:.1f} MB\n",
            with_commas(network.blocks_made), with_commas(result.reverted_blocks),
            with_commas(network.traffic.messages),
            static_cast<double>(network.traffic.bytes) / 1e6);
    }
    if (options.replicas > 1)
        fmt::print("replicas      {}, {} repaired\n", options.replicas, result.repairs);
    if (options.database.empty())
        fmt::print("database      none: nothing was persisted (--db FILE keeps the ledger)\n");
    else
        fmt::print("database      {}\n", options.database);
    if (result.resumed_at > 0)
        fmt::print("resumed       at the checkpoint of block {}\n", with_commas(result.resumed_at));
}

/// The command that resumes an interrupted run.
std::string resume_command(const RunOptions& options)
{
    auto command = fmt::format("runnel run {} --db {}", options.scenario.file, options.database);
    if (options.scenario.seed)
        command += fmt::format(" --seed {}", *options.scenario.seed);
    if (options.scenario.blocks)
        command += fmt::format(" --blocks {}", *options.scenario.blocks);
    for (const auto& change : options.scenario.overrides)
        command += fmt::format(" --set '{}'", change);
    return command + " --resume";
}

/// What a ledger whose run is over says of it; nothing if the file is not that.
std::optional<SimulationResult> complete_run(
    const RunOptions& options, const scenarios::Scenario& scenario)
{
    if (storage::Database::is_empty_or_incomplete(options.database))
        return std::nullopt;
    auto database = storage::Database::open(options.database, storage::Database::Access::read_only);
    if (database.query_integer("SELECT count(*) FROM sqlite_master") == 0)
        return std::nullopt;
    storage::LedgerReader reader{database};
    // A ledger of another run is refused when it is opened for writing.
    if (reader.manifest() != scenarios::make_manifest(scenario))
        return std::nullopt;
    if (const auto completion = reader.completion();
        completion && reader.last_block() != completion->block_number)
    {
        throw CommandError{exit_does_not_hold,
            fmt::format("{}: the run was complete with block {}, but the file ends with another: "
                        "blocks were removed; restore it from a copy, or run it again with --force",
                options.database, completion->block_number)};
    }
    if (reader.last_block() != scenario.blocks || !reader.is_finished())
        return std::nullopt;
    SimulationResult result;
    const auto head = reader.header(scenario.blocks);
    result.blocks = scenario.blocks;
    result.head = head.header;
    result.head_hash = head.hash;
    const auto count = [&](const char* sql)
    { return static_cast<std::uint64_t>(database.query_integer(sql)); };
    result.transactions = count("SELECT count(*) FROM t_transactions WHERE block_number > 0");
    result.reverted =
        count("SELECT count(*) FROM t_transactions WHERE block_number > 0 AND receipt_status = 0");
    return result;
}

void print_complete(
    const SimulationResult& result, const RunOptions& options, std::string_view what)
{
    if (options.json)
    {
        auto summary = summary_json(result);
        summary["complete"] = true;
        fmt::print("{}\n", summary.dump());
    }
    else if (!options.quiet)
    {
        fmt::print("{}: {}\n", options.database, what);
        fmt::print("blocks        {}\n", with_commas(result.blocks));
        fmt::print("transactions  {} ({} reverted)\n", with_commas(result.transactions),
            with_commas(result.reverted));
        fmt::print("state root    {}\n", result.head.state_root.to_string());
        fmt::print("head hash     {}\n", result.head_hash.to_string());
    }
}

void warn(const std::string& warning)
{
    tell("runnel: warning: " + shortened(printable(warning)));
}

/// The newest checkpoint that can be used; nullptr: the run begins at block 0 again. Says on stderr
/// which ones are damaged. A CommandError if there are only checkpoints of another version.
std::shared_ptr<CheckpointSource> pick_checkpoint(storage::Database& database)
{
    const auto version = scenarios::checkpoint_version();
    std::optional<storage::StoredCheckpoint> other;
    storage::LedgerReader reader{database};
    for (const auto& checkpoint : storage::list_checkpoints(database))
    {
        if (checkpoint.version != version)
        {
            other = other ? other : checkpoint;
            continue;
        }
        const auto number = checkpoint.block_number;
        auto damage = storage::find_damage(database, number);
        if (damage.empty())
        {
            const auto head = actors::read_head(*storage::read_checkpoint(database, number));
            const auto stored = reader.header(number);
            if (!head || head->hash != stored.hash)
                damage = "its head is not the block's";
            else if (number > 0 && stored.header.checkpoint_root == Hash{})
                damage = audit::check_interruption(database, number);
        }
        if (damage.empty())
            return storage::read_checkpoint(database, number);
        warn(fmt::format(
            "{}: the checkpoint of block {} is damaged ({}); going on from an earlier one",
            database.path(), number, damage));
    }
    if (other)
    {
        throw CommandError{exit_bad_input,
            fmt::format("{}: its checkpoint of block {} was written by runnel {}, this is runnel "
                        "{}; resume it with the version that began it, or begin again with --force",
                database.path(), other->block_number, other->version, version)};
    }
    return nullptr;
}

BitFlip parse_flip(const std::string& text, const RunOptions& options)
{
    const auto colon = text.find(':');
    BitFlip flip;
    const auto number = [&](std::size_t first, std::size_t last, auto& value)
    {
        const auto* end = text.data() + last;
        const auto [rest, error] = std::from_chars(text.data() + first, end, value);
        return error == std::errc{} && rest == end && first < last;
    };
    if (colon == std::string::npos || !number(0, colon, flip.replica) ||
        !number(colon + 1, text.size(), flip.block) || flip.replica > 1 || flip.block == 0)
    {
        throw CommandError{exit_bad_input,
            fmt::format("--inject-bit-flip {}: expected REPLICA:BLOCK, like 1:12; replicas are 0 "
                        "and 1, blocks begin at 1",
                text)};
    }
    if (options.replicas < 2)
        throw CommandError{exit_bad_input, "--inject-bit-flip: expected with --replicas 2"};
    return flip;
}

/// No file that the run writes may be one that it reads, or another one that it writes.
void claim_files(const RunOptions& options, const scenarios::Scenario& scenario)
{
    const std::filesystem::path file{options.scenario.file};
    storage::CommandFiles files;
    files.reads(file, "the scenario");
    for (const auto& input : scenario.inputs)
        files.reads(file.parent_path() / input.path, "a file that the scenario reads");
    if (!options.database.empty())
        files.writes_ledger(options.database, "the ledger");
    if (!options.trace.empty())
        files.writes(options.trace, "the trace");
}

/// What went wrong with the trace; the run that it is of has ended, and its ledger is worth more.
std::string close(TraceFile& trace)
{
    try
    {
        trace.close();
        return {};
    }
    catch (const std::exception& error)
    {
        return error.what();
    }
}

int run(const RunOptions& options)
{
    if (options.resume && options.force)
        throw CommandError{exit_bad_input, "--resume and --force: expected one of them"};
    if (options.resume && options.database.empty())
        throw CommandError{exit_bad_input, "--resume: expected --db FILE, the ledger to resume"};
    set_signal_use(SignalUse::stop_soon);
    const auto scenario = load(options.scenario);
    claim_files(options, scenario);
    std::unique_ptr<TraceFile> trace;
    if (!options.trace.empty())
        trace = std::make_unique<TraceFile>(options.trace);
    if (options.resume)
    {
        if (const auto result = complete_run(options, scenario))
        {
            print_complete(*result, options, "the run is complete; nothing was changed");
            return exit_done;
        }
    }
    const ResourceMeter meter;
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw CommandError{exit_bad_input, setup.error().message};

    if (setup->make_engine && options.replicas > 1)
    {
        throw CommandError{exit_bad_input,
            fmt::format("--replicas {}: expected 1 where consensus.engine takes blocks back",
                options.replicas)};
    }

    SimulationOptions simulation;
    simulation.adapts_workers = options.workers == "auto";
    simulation.workers = simulation.adapts_workers
                             ? std::clamp(std::thread::hardware_concurrency(), 1U, workers_max)
                             : static_cast<unsigned>(std::stoul(options.workers));
    simulation.memory_ceiling = options.max_memory;
    simulation.cohort_size = options.cohort_size;
    simulation.stall_timeout =
        std::chrono::milliseconds{static_cast<std::int64_t>(options.stall_timeout * 1000)};
    simulation.replicas = options.replicas;
    for (const auto& text : options.flips)
        simulation.flips.push_back(parse_flip(text, options));
    simulation.forget_accesses = options.forget_accesses;
    simulation.warn = warn;
    require_threads(simulation.workers + crew_threads);
    std::unique_ptr<LedgerSink> sink;
    if (!options.database.empty())
    {
        using Mode = LedgerSink::Mode;
        sink = std::make_unique<LedgerSink>(options.database, scenario, *setup->world,
            options.durability,
            options.resume  ? Mode::resume
            : options.force ? Mode::replace
                            : Mode::create);
        simulation.sink = sink.get();
        if (sink->stored())
        {
            if (*sink->stored() >= scenario.blocks)
            {
                // All blocks were there, but the file was not finished.
                sink->close(true);
                sink.reset();
                if (const auto result = complete_run(options, scenario))
                    print_complete(
                        *result, options, "the run was complete; its file is finished now");
                return exit_done;
            }
            setup->resume_from = pick_checkpoint(sink->database());
        }
    }
    std::unique_ptr<TracedSink> traced_sink;
    if (trace != nullptr)
    {
        simulation.trace = trace.get();
        if (sink != nullptr)
        {
            traced_sink = std::make_unique<TracedSink>(*sink, *trace);
            simulation.sink = traced_sink.get();
        }
    }
    ScriptOutcome script{scenario.script.size(), setup->script.after(setup->blocks),
        setup->script.size() - scenario.script.size(), {}};
    const auto comparison =
        std::make_shared<scenarios::ScriptComparison>(scenario.script, scenario.created);
    if (script.lines + script.newcomers > 0)
        setup->script_observer = comparison;
    const auto result =
        run_with_progress(std::move(*setup), simulation, !options.quiet && !options.json);
    const auto use = meter.use();
    const auto trace_failure = trace == nullptr ? std::string{} : close(*trace);
    if (result.stalled)
        leave_stalled(result);
    if (!result.error.empty())
    {
        const bool does_not_hold =
            result.error_is_bug || (sink != nullptr && sink->found_difference());
        throw CommandError{does_not_hold ? exit_does_not_hold : exit_world_failed,
            fmt::format("{} (after block {})", result.error, result.head.number)};
    }
    if (sink != nullptr)
        sink->write_metrics(result, simulation.workers, use);
    script.report = comparison->report();
    const auto cores_in_use = trace != nullptr ? trace->cores_in_use() : CoresInUse{};
    if (options.json)
    {
        auto summary = with_resources(summary_json(result), result, use);
        for (const auto& [phase, cores] : cores_in_use)
            summary["cores_in_use"][phase] = cores;
        if (script.lines > 0)
            summary["script"] = script_json(script);
        if (script.newcomers > 0)
        {
            summary["arrivals"] = {{"wallets", script.newcomers},
                {"arrived", script.report.arrived}, {"failures", script.report.not_arrived}};
        }
        fmt::print("{}\n", summary.dump());
    }
    else if (!options.quiet)
    {
        print_summary(result, options, use, cores_in_use);
        if (script.lines > 0)
            print_script(script);
        if (script.newcomers > 0)
        {
            fmt::print("arrivals      {} of {} wallets arrived\n", script.report.arrived,
                script.newcomers);
        }
    }
    for (const auto* failures : {&script.report.failures, &script.report.not_arrived})
    {
        for (const auto& failure : *failures)
            tell(shortened(printable("runnel: " + failure)));
    }
    if (!trace_failure.empty())
        throw CommandError{exit_world_failed, trace_failure};
    if (!result.halted.empty())
    {
        tell(printable("runnel: " + result.halted));
        return exit_does_not_hold;
    }
    if (!result.interrupted)
    {
        const bool holds = script.report.failures.empty() && script.report.not_arrived.empty();
        return holds ? exit_done : exit_does_not_hold;
    }
    tell(printable(fmt::format("runnel: interrupted after block {}; {}", result.head.number,
        sink == nullptr ? "nothing was kept" : "resume with: " + resume_command(options))));
    return exit_interrupted;
}

}  // namespace

Command add_run_command(CLI::App& app)
{
    auto options = std::make_shared<RunOptions>();
    auto* command = app.add_subcommand("run", "Run a scenario.");
    add_scenario_options(*command, options->scenario);
    command->add_option("--db", options->database, "Keep the ledger in this SQLite file");
    command
        ->add_option("--workers", options->workers,
            "Threads; the chain does not depend on it. auto: one per core, fewer while the "
            "ledger's "
            "writer needs the core")
        ->check(auto_or_whole_number(1, workers_max))
        ->capture_default_str();
    command
        ->add_option("--max-memory", options->max_memory,
            "A ceiling like 2GiB: near it blocks wait for the writer; when the state alone is "
            "larger the run stops, resumable")
        ->transform(size_in_bytes());
    command
        ->add_option("--durability", options->durability,
            "full: every group of blocks survives a power cut; normal: a crash of the process or "
            "system loses at most the last groups, never the file; off: for scratch runs")
        ->check(CLI::IsMember({"full", "normal", "off"}))
        ->capture_default_str();
    command->add_option("--cohort-size", options->cohort_size, "Wallets per cohort actor")
        ->check(whole_number(1, 1'000'000))
        ->capture_default_str();
    command
        ->add_option("--stall-timeout", options->stall_timeout,
            "Give up after so many seconds without any progress, and say who is awaited; 0: never")
        ->check(real_number(0, 1e6))
        ->capture_default_str();
    command->add_option("--trace", options->trace,
        "Write when each phase of each block began, how long it took and the cores in use, for "
        "chrome://tracing or ui.perfetto.dev");
    command
        ->add_option("--replicas", options->replicas,
            "2: execute every block twice, on two states of their own, and repair the one that a "
            "fault of the memory made wrong")
        ->check(whole_number(1, 2))
        ->capture_default_str();
    command
        ->add_option("--inject-bit-flip", options->flips,
            "Plant a fault: REPLICA:BLOCK flips a bit of a balance that the block will use")
        ->type_name("REPLICA:BLOCK");
    command
        ->add_option("--forget-accesses", options->forget_accesses,
            "Plant a fault: drop each declared access with this probability; the chain is the same")
        ->check(real_number(0, 1))
        ->type_name("P");
    command->add_flag("--force", options->force, "Replace an existing database");
    command->add_flag("--resume", options->resume,
        "Resume an interrupted run: the same chain as without the interruption. Begins it if "
        "the file is missing or empty");
    command->add_flag("--json", options->json, "Print one JSON object");
    command->add_flag("--quiet", options->quiet, "Print nothing but errors");
    command->footer(
        "Examples:\n"
        "  runnel run scenarios/payments.toml\n"
        "  runnel run scenarios/black_thursday.toml --db bt.db --seed 7\n"
        "  runnel run scenarios/market_day.toml --set agents.noise_trader.count=100000\n"
        "  runnel run scenarios/black_thursday.toml --db bt.db --seed 7 --resume\n"
        "Ctrl-C ends a run at a block boundary, with a checkpoint to resume from.");
    return [options] { return run(*options); };
}

}  // namespace runnel::tools
