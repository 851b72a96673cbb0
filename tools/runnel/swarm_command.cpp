#include "audit/swarm_check.hpp"
#include "scenarios/swarm.hpp"
#include "storage/database.hpp"
#include "storage/output_file.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/scenario_options.hpp"
#include "tools/runnel/simulation_run.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace runnel::tools
{
namespace
{
using audit::SwarmBreakage;
using audit::SwarmCheck;
using scenarios::SwarmPlan;

struct SwarmCommandOptions
{
    std::optional<std::uint64_t> seeds;
    std::optional<double> minutes;
    std::optional<std::uint64_t> only;
    std::uint64_t first = 1;
    std::string scenario;
    std::string broken = "none";
    std::string workers = "auto";
    std::string folder = ".";
    bool keep_going = false;
    bool json = false;
};

SwarmBreakage breakage_of(const std::string& name)
{
    for (const auto breakage :
        {SwarmBreakage::quorum_half, SwarmBreakage::forgets_lock, SwarmBreakage::forgets_undo})
    {
        if (name == audit::to_string(breakage))
            return breakage;
    }
    return SwarmBreakage::none;
}

/// The check that failed: what stands before the colon.
std::string kind_of(const std::string& failure)
{
    return failure.substr(0, failure.find_first_of(":,"));
}

/// By what keep() writes at its head.
bool is_shrunk_scenario(std::string_view beginning)
{
    return beginning.starts_with("# ") &&
           beginning.find("\n#     runnel swarm --scenario ") != std::string_view::npos;
}

void print_line(const std::string& line)
{
    fmt::print("{}\n", line);
    // A seed that ends the process is to be known.
    std::fflush(stdout);
}

nlohmann::ordered_json json_of(const SwarmCheck& check)
{
    return {{"failure", check.failure}, {"network_blocks", check.network.blocks},
        {"final", check.network.finalized}, {"reverted", check.network.reverted},
        {"evidence", check.network.evidence}, {"conflicts", check.network.conflicts},
        {"must_be_safe", check.network.must_be_safe}, {"must_go_on", check.network.must_go_on},
        {"blocks", check.blocks}, {"transactions", check.transactions},
        {"reverted_blocks", check.reverted_blocks}, {"halted", check.halted},
        {"resumed", check.resumed}, {"verified", check.verified}};
}

std::string text_of(const SwarmCheck& check)
{
    const auto& network = check.network;
    return fmt::format(
        "{}; network {} blocks, {} final, {} reverted, {} proven breaches{}{}; "
        "ledger {} blocks, {} transactions, {} taken back{}{}{}",
        check.failure.empty() ? "ok" : shortened(printable(check.failure)), network.blocks,
        network.finalized, network.reverted, network.evidence,
        network.must_be_safe ? "" : ", too many liars",
        network.conflicts > 0 ? fmt::format(", {} conflicts", network.conflicts) : "", check.blocks,
        check.transactions, check.reverted_blocks, check.halted ? ", stood still" : "",
        check.resumed ? ", resumed" : "", check.verified ? ", verified" : "");
}

/// Many seeds on several threads.
class Swarm
{
public:
    explicit Swarm(const SwarmCommandOptions& options)
      : options_{options}, breakage_{breakage_of(options.broken)}
    {
        constexpr std::uint64_t usual = 200;
        seeds_ = options.seeds.value_or(
            options.minutes ? std::numeric_limits<std::uint64_t>::max() : usual);
    }

    int run(unsigned workers)
    {
        set_signal_use(SignalUse::stop);
        std::vector<std::thread> threads;
        std::atomic<unsigned> busy{workers};
        for (unsigned worker = 0; worker < workers; ++worker)
        {
            threads.emplace_back(
                [this, worker, &busy]
                {
                    work(worker);
                    --busy;
                });
        }
        while (busy.load() > 0)
        {
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            if (stop_requested())
                stop_.store(true);
        }
        for (auto& thread : threads)
            thread.join();
        set_signal_use(SignalUse::finish);
        print_summary();
        if (failures_ > 0)
            return exit_does_not_hold;
        return stop_requested() ? exit_interrupted : exit_done;
    }

    /// A scenario that somebody kept.
    int replay(const scenarios::Scenario& scenario)
    {
        set_signal_use(SignalUse::stop_soon);
        const auto check = audit::check_swarm(scenario, check_options(0));
        leave_if_stalled(check, scenario.seed);
        if (options_.json)
            print_line(nlohmann::ordered_json{{"scenario", printable(scenario.name)},
                {"seed", scenario.seed}, {"result", json_of(check)}}
                           .dump());
        else
            print_line(fmt::format("{}: seed {}: {}", shortened(printable(scenario.name)),
                scenario.seed, text_of(check)));
        set_signal_use(SignalUse::finish);
        return check.failure.empty() ? exit_done : exit_does_not_hold;
    }

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] audit::SwarmCheckOptions check_options(unsigned worker)
    {
        audit::SwarmCheckOptions check;
        check.breakage = breakage_;
        check.scratch_file = (std::filesystem::temp_directory_path() /
                              fmt::format("runnel_swarm_{}_{}.db", ::getpid(), worker))
                                 .string();
        check.stop = &stop_;
        return check;
    }

    [[nodiscard]] bool is_time_up() const
    {
        return options_.minutes &&
               std::chrono::duration<double, std::ratio<60>>(Clock::now() - start_).count() >=
                   *options_.minutes;
    }

    void work(unsigned worker)
    {
        while (!stop_.load() && !is_time_up())
        {
            const auto number = next_++;
            if (number >= seeds_)
                return;
            const auto plan = scenarios::draw_swarm_plan(options_.first + number);
            announce(plan);
            const auto check = try_plan(plan, worker);
            leave_if_stalled(check, plan.seed);
            if (check.interrupted && check.failure.empty())
                return;
            note(plan, check);
            if (check.failure.empty())
                continue;
            // Whoever fails first is looked at; the others stop.
            if (!options_.keep_going && stop_.exchange(true))
                return;
            shrink(plan, check, worker);
        }
    }

    SwarmCheck try_plan(const SwarmPlan& plan, unsigned worker, bool may_stop = true)
    {
        const auto scenario = scenarios::parse_scenario(
            scenarios::to_toml(plan), fmt::format("swarm_{}.toml", plan.seed), ".", {});
        if (!scenario)
        {
            SwarmCheck check;
            check.failure = "scenario: " + scenario.error().message;
            return check;
        }
        auto options = check_options(worker);
        if (!may_stop)
            options.stop = nullptr;
        return audit::check_swarm(*scenario, options);
    }

    void announce(const SwarmPlan& plan)
    {
        const auto options = scenarios::describe(plan);
        const std::lock_guard lock{output_};
        if (options_.json)
        {
            nlohmann::ordered_json drawn = nlohmann::ordered_json::object();
            for (const auto& [name, value] : options)
                drawn[name] = value;
            return print_line(
                nlohmann::ordered_json{{"seed", plan.seed}, {"options", drawn}}.dump());
        }
        std::string line;
        for (const auto& [name, value] : options)
            line += fmt::format(
                "{}{} {}", line.empty() ? "" : "; ", name, value.empty() ? "none" : value);
        print_line(fmt::format("seed {}: {}", plan.seed, line));
    }

    void note(const SwarmPlan& plan, const SwarmCheck& check)
    {
        const std::lock_guard lock{output_};
        ++checked_;
        ++by_engine_[plan.engine];
        failures_ += check.failure.empty() ? 0 : 1;
        resumed_ += check.resumed ? 1 : 0;
        verified_ += check.verified ? 1 : 0;
        forked_ += check.reverted_blocks > 0 ? 1 : 0;
        lawless_ += check.network.must_be_safe ? 0 : 1;
        conflicts_ += check.network.conflicts > 0 ? 1 : 0;
        if (options_.json)
            print_line(
                nlohmann::ordered_json{{"seed", plan.seed}, {"result", json_of(check)}}.dump());
        else
            print_line(fmt::format("seed {}: {}", plan.seed, text_of(check)));
    }

    /// Greedy: whatever is left out while the same check still fails stays out.
    void shrink(SwarmPlan plan, SwarmCheck check, unsigned worker)
    {
        const auto kind = kind_of(check.failure);
        constexpr int tries_max = 300;
        int tries = 0;
        for (bool is_smaller = true; is_smaller;)
        {
            is_smaller = false;
            for (auto& candidate : scenarios::smaller_plans(plan))
            {
                if (++tries > tries_max || stop_requested())
                    break;
                auto result = try_plan(candidate, worker, false);
                leave_if_stalled(result, plan.seed);
                // What may conflict with more liars says nothing of this failure.
                if (kind_of(result.failure) != kind ||
                    result.network.must_be_safe != check.network.must_be_safe)
                    continue;
                plan = std::move(candidate);
                check = std::move(result);
                is_smaller = true;
                break;
            }
        }
        keep(plan, check, tries);
    }

    void keep(const SwarmPlan& plan, const SwarmCheck& check, int tries)
    {
        const auto file = std::filesystem::path{options_.folder} /
                          fmt::format("swarm_{}{}.toml", plan.seed,
                              breakage_ == SwarmBreakage::none ? "" : "_" + options_.broken);
        const auto command = fmt::format("runnel swarm --scenario {}{}", file.string(),
            breakage_ == SwarmBreakage::none ? "" : " --broken " + options_.broken);
        const std::lock_guard lock{output_};
        try
        {
            storage::OutputFile out{file, is_shrunk_scenario, "a scenario that a swarm shrunk"};
            out.write(fmt::format("# {}\n#\n#     {}\n\n{}", shortened(printable(check.failure)),
                command, scenarios::to_toml(plan)));
            out.commit();
        }
        catch (const storage::StorageError& error)
        {
            return tell(fmt::format("runnel: {}", error.what()));
        }
        if (options_.json)
        {
            return print_line(nlohmann::ordered_json{{"seed", plan.seed},
                {"shrunk", {{"file", file.string()}, {"tries", tries}, {"nodes", plan.nodes()},
                               {"faults", plan.faults.size()}, {"blocks", plan.blocks},
                               {"failure", check.failure}, {"replay", command}}}}
                                  .dump());
        }
        print_line(fmt::format(
            "seed {}: shrunk in {} tries to {} nodes, {} faults, {} blocks and {} agents: {}\n"
            "replay: {}",
            plan.seed, tries, plan.nodes(), plan.faults.size(), plan.blocks,
            plan.payers + plan.coin_payers, shortened(printable(check.failure)), command));
    }

    void leave_if_stalled(const SwarmCheck& check, std::uint64_t seed)
    {
        if (!check.stalled)
            return;
        const std::lock_guard lock{output_};
        print_line(fmt::format("seed {}: {}", seed, shortened(printable(check.failure))));
        leave_at_once(exit_does_not_hold, "a run stands still");
    }

    void print_summary() const
    {
        const auto seconds = std::chrono::duration<double>(Clock::now() - start_).count();
        if (options_.json)
        {
            nlohmann::ordered_json line;
            line["summary"] = {{"seeds", checked_}, {"failures", failures_},
                {"by_engine", by_engine_}, {"taken_back", forked_}, {"resumed", resumed_},
                {"verified", verified_}, {"too_many_liars", lawless_}, {"conflicts", conflicts_},
                {"elapsed_s", seconds}};
            return print_line(line.dump());
        }
        std::string engines;
        for (const auto& [engine, count] : by_engine_)
            engines += fmt::format(", {} {}", with_commas(count), engine);
        print_line(fmt::format(
            "{} seeds{}: {} failed; {} took blocks back, {} went on from a checkpoint, {} verified "
            "a file; {} had too many liars, of which {} saw a conflict; {:.1f} s",
            with_commas(checked_), engines, with_commas(failures_), with_commas(forked_),
            with_commas(resumed_), with_commas(verified_), with_commas(lawless_),
            with_commas(conflicts_), seconds));
    }

    const SwarmCommandOptions& options_;
    SwarmBreakage breakage_;
    std::uint64_t seeds_ = 0;
    Clock::time_point start_ = Clock::now();
    std::atomic<std::uint64_t> next_{0};
    std::atomic<bool> stop_{false};

    std::mutex output_;  // What follows, and stdout.
    std::uint64_t checked_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t resumed_ = 0;
    std::uint64_t verified_ = 0;
    std::uint64_t forked_ = 0;
    std::uint64_t lawless_ = 0;
    std::uint64_t conflicts_ = 0;
    std::map<std::string, std::uint64_t> by_engine_;
};

int run_swarm(SwarmCommandOptions& options)
{
    if (options.only && (options.seeds || options.minutes))
    {
        throw CommandError{
            exit_bad_input, "--only: expected without --seeds and --minutes, it is one seed"};
    }
    if (!options.scenario.empty() && (options.only || options.seeds || options.minutes))
    {
        throw CommandError{exit_bad_input,
            "--scenario: expected without --only, --seeds and --minutes, it draws nothing"};
    }
    if (!std::filesystem::is_directory(options.folder))
    {
        throw CommandError{
            exit_bad_input, fmt::format("--output-dir {}: expected a folder", options.folder)};
    }
    auto workers = options.workers == "auto"
                       ? std::clamp(std::thread::hardware_concurrency(), 1U, workers_max)
                       : static_cast<unsigned>(std::stoul(options.workers));
    if (!options.scenario.empty())
    {
        ScenarioOptions file;
        file.file = options.scenario;
        const auto scenario = load(file);
        if (scenario.consensus.engine == ConsensusKind::proposer)
        {
            throw CommandError{exit_bad_input,
                fmt::format("{}: consensus.engine: expected an engine with a network, like pow",
                    options.scenario)};
        }
        return Swarm{options}.replay(scenario);
    }
    if (options.only)
    {
        options.first = *options.only;
        options.seeds = 1;
        workers = 1;
    }
    constexpr unsigned threads_of_a_run = 4 + crew_threads;
    require_threads(workers * threads_of_a_run);
    return Swarm{options}.run(workers);
}

}  // namespace

Command add_swarm_command(CLI::App& app)
{
    auto options = std::make_shared<SwarmCommandOptions>();
    auto* command = app.add_subcommand("swarm",
        "Draw small scenarios with faulty networks and liars, and check what must hold: nothing "
        "final conflicts, chains go on, money is conserved, runs repeat.");
    constexpr auto seed_max = std::numeric_limits<std::int64_t>::max();
    command->add_option("--seeds", options->seeds, "How many; 200 without --minutes")
        ->check(whole_number(1, 1'000'000'000));
    command->add_option("--minutes", options->minutes, "Begin no seed after so many")
        ->check(real_number(0, 1e6));
    command->add_option("--only", options->only, "Check this seed alone")
        ->check(whole_number(0, seed_max));
    command->add_option("--first", options->first, "The first seed")
        ->check(whole_number(0, seed_max))
        ->capture_default_str();
    command->add_option("--scenario", options->scenario,
        "Check this scenario file instead of drawn ones: what a failure was shrunk to");
    command
        ->add_option("--broken", options->broken,
            "Break something on purpose, which must be found: Tendermint decides by half of the "
            "votes, or forgets locks when a node was down, or the first block that is taken back "
            "stays in the state")
        ->check(CLI::IsMember({"none", "quorum_half", "forgets_lock", "forgets_undo"}))
        ->capture_default_str();
    command->add_option("--workers", options->workers, "Seeds at a time. auto: one per core")
        ->check(auto_or_whole_number(1, workers_max))
        ->capture_default_str();
    command
        ->add_option("--output-dir", options->folder,
            "Where the scenario goes to which a failure was shrunk: swarm_SEED.toml")
        ->capture_default_str();
    command->add_flag("--keep-going", options->keep_going, "Go on after a failure");
    command->add_flag("--json", options->json,
        "Print JSON objects, one a line: of each seed what was drawn, then what came of it");
    command->footer(
        "Examples:\n"
        "  runnel swarm\n"
        "  runnel swarm --minutes 30 --first 1000 --keep-going\n"
        "  runnel swarm --only 17\n"
        "  runnel swarm --broken forgets_lock\n"
        "docs/swarm.md says what is drawn and checked.");
    return [options] { return run_swarm(*options); };
}

}  // namespace runnel::tools
