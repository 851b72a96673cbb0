#include "scenarios/run.hpp"
#include "storage/database.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/helper_process.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/number_text.hpp"
#include "tools/runnel/scenario_options.hpp"
#include "tools/runnel/scratch_folder.hpp"
#include "tools/runnel/watched_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace runnel::tools
{
namespace
{
namespace filesystem = std::filesystem;

/// A command of this program, as a user would type it; DB and DIR stand for the ledger and for a
/// folder. Without words: plain_scan().
struct Job
{
    const char* name;
    std::vector<std::string> words;
};

const std::vector<Job>& jobs()
{
    static const std::vector<Job> all{
        // What a trace is compared with: each transfer is read once, by SQLite and by us.
        {"plain_scan", {}},
        {"trace", {"trace", "DB", "--from", "payer/0", "--json"}},
        // A count and a sum within SQLite, in one step.
        {"scan", {"sql", "DB", "SELECT count(*), total(value) FROM t_token_transfers", "--json"}},
        {"report", {"report", "DB", "--json"}},
        {"report_html", {"report", "DB", "--html", "DIR/page.html"}},
        {"risk", {"risk", "DB", "--json"}},
        {"detect", {"detect", "DB", "--json"}},
        {"show_transaction", {"show", "DB", "tx", "1:0", "--json"}},
        {"show_account", {"show", "DB", "account", "payer/7", "--json"}},
    };
    return all;
}

struct Cost
{
    double wall_s = 0;
    double cpu_s = 0;
    double peak_mib = 0;
};

Cost cost_of(double wall, const rusage& usage)
{
    const auto seconds = [](const timeval& time)
    { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
    return {wall, seconds(usage.ru_utime) + seconds(usage.ru_stime),
        static_cast<double>(usage.ru_maxrss) / 1024};
}

Cost cost_of(pid_t process, BenchClock::time_point start, const std::string& what,
    const filesystem::path& complaints)
{
    int status = 0;
    rusage usage{};
    while (wait4(process, &status, 0, &usage) < 0 && errno == EINTR)
    {}
    const auto wall = seconds_since(start);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    {
        std::ifstream file{complaints};
        const std::string said{std::istreambuf_iterator<char>{file}, {}};
        throw CommandError{
            exit_world_failed, fmt::format("{}: {}", what, said.substr(0, said.find('\n')))};
    }
    return cost_of(wall, usage);
}

/// Runs this program anew, so that its memory is its own. Its answer is thrown away, and what it
/// complains of becomes a CommandError.
Cost cost_of(const std::vector<std::string>& words, const filesystem::path& complaints)
{
    std::vector<std::string> command{"/proc/self/exe"};
    command.insert(command.end(), words.begin(), words.end());
    const auto start = BenchClock::now();
    HelperProcess helper{command, "/dev/null", complaints};
    static_cast<void>(helper.finish());
    const auto wall = seconds_since(start);
    return cost_of(wall, helper.usage());
}

/// Steps through all transfers of tokens and native coins, in the order in which they lie in the
/// file, and asks for each value of each row, exact amounts as the text that they are. It does
/// nothing with them.
void plain_scan(const std::string& ledger)
{
    auto database = storage::Database::open(ledger, storage::Database::Access::analysis);
    for (const auto* table : {"t_token_transfers", "t_native_transfers"})
    {
        auto rows = database.prepare(fmt::format("SELECT * FROM {} ORDER BY rowid", table));
        const auto columns = rows.column_count();
        while (rows.step())
        {
            for (int column = 0; column < columns; ++column)
                static_cast<void>(rows.value(column));
        }
    }
}

/// In a process of its own, too.
Cost cost_of_plain_scan(const std::string& ledger, const filesystem::path& complaints)
{
    const auto start = BenchClock::now();
    // No thread has been started that a child would miss.
    const auto process = fork();
    if (process < 0)
        throw CommandError{exit_world_failed, std::generic_category().message(errno)};
    if (process == 0)
    {
        try
        {
            plain_scan(ledger);
            _exit(0);
        }
        catch (const std::exception& error)
        {
            std::ofstream{complaints} << error.what();
        }
        _exit(1);
    }
    return cost_of(process, start, "plain scan", complaints);
}

/// Runs payments until there are so many transactions; returns how many there are.
std::uint64_t make_ledger(
    const BenchOptions& options, const std::string& path, std::uint64_t transactions)
{
    ScenarioOptions wanted;
    wanted.file = scenario_or(options, "scenarios/payments.toml");
    wanted.overrides = {"scenario.blocks=100000000"};
    wanted.overrides.insert(
        wanted.overrides.end(), options.overrides.begin(), options.overrides.end());
    const auto scenario = load(wanted);
    auto setup = scenarios::make_simulation(scenario);
    if (!setup)
        throw CommandError{exit_bad_input, setup.error().message};
    LedgerSink sink{path, scenario, *setup->world, "off", LedgerSink::Mode::create};
    SimulationOptions simulation;
    simulation.workers = options.workers;
    simulation.sink = &sink;
    const auto result = run_watched(std::move(*setup), simulation,
        [&](SimulationProgress& progress)
        {
            if (progress.transactions.load() >= transactions)
                progress.stop.store(true);
        });
    sink.close(false);
    return result.transactions;
}

/// The same in a process of its own: what a command takes is told as the most that it or, until
/// then, its parent took.
std::uint64_t make_ledger_apart(
    const BenchOptions& options, const std::string& path, std::uint64_t transactions)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        throw CommandError{exit_world_failed, std::generic_category().message(errno)};
    // No thread has been started yet that a child would miss.
    const auto process = fork();
    if (process < 0)
        throw CommandError{exit_world_failed, std::generic_category().message(errno)};
    if (process == 0)
    {
        std::string answer;
        try
        {
            answer = fmt::format("{}", make_ledger(options, path, transactions));
        }
        catch (const std::exception& error)
        {
            answer = error.what();
        }
        const auto written = write(ends[1], answer.data(), answer.size());
        _exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string answer;
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = read(ends[0], part.data(), part.size())) > 0;)
        answer.append(part.data(), static_cast<std::size_t>(count));
    close(ends[0]);
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR)
    {}
    const auto made = parsed<std::uint64_t>(answer);
    if (!made)
        throw CommandError{exit_bad_input, answer};
    return *made;
}
}  // namespace

int bench_analytics(const BenchOptions& options)
{
    auto sizes = nlohmann::json::array();
    for (const std::uint64_t part : {100, 10, 1})
    {
        const ScratchFolder scratch;
        const auto ledger = (scratch / "ledger.db").string();
        const auto made = make_ledger_apart(options, ledger, options.transactions / part);
        nlohmann::json size{{"transactions", made},
            {"ledger_mb", static_cast<double>(filesystem::file_size(ledger)) / 1e6}};
        // One round after the other: what else the machine does hits all of them.
        std::vector<std::vector<Cost>> costs(jobs().size());
        for (unsigned run = 0; run < options.runs; ++run)
        {
            for (std::size_t i = 0; i < jobs().size(); ++i)
            {
                auto words = jobs()[i].words;
                if (words.empty())
                {
                    costs[i].push_back(cost_of_plain_scan(ledger, scratch / "complaints"));
                    continue;
                }
                for (auto& word : words)
                {
                    if (word == "DB")
                        word = ledger;
                    else if (word.starts_with("DIR/"))
                        word = (scratch / std::string_view{word}.substr(4)).string();
                }
                costs[i].push_back(cost_of(words, scratch / "complaints"));
            }
        }
        for (std::size_t i = 0; i < jobs().size(); ++i)
        {
            const auto middle = [&](double Cost::*figure)
            {
                std::vector<double> values;
                for (const auto& cost : costs[i])
                    values.push_back(cost.*figure);
                return median(std::move(values));
            };
            size["jobs"][jobs()[i].name] = {{"wall_s", middle(&Cost::wall_s)},
                {"cpu_s", middle(&Cost::cpu_s)}, {"peak_mib", middle(&Cost::peak_mib)}};
        }
        // Of the two runs of a round, which stand side by side.
        const auto costs_of = [&](std::string_view name) -> const std::vector<Cost>&
        {
            std::size_t i = 0;
            while (jobs()[i].name != name)
                ++i;
            return costs[i];
        };
        const auto ratio = [&](double Cost::*figure)
        {
            const auto& traces = costs_of("trace");
            const auto& scans = costs_of("plain_scan");
            std::vector<double> values;
            for (std::size_t i = 0; i < traces.size(); ++i)
                values.push_back(traces[i].*figure / (scans[i].*figure));
            return median(std::move(values));
        };
        size["trace_over_plain_scan"] = {
            {"wall", ratio(&Cost::wall_s)}, {"cpu", ratio(&Cost::cpu_s)}};
        size["page_mb"] = static_cast<double>(filesystem::file_size(scratch / "page.html")) / 1e6;
        sizes.push_back(std::move(size));
    }
    if (options.json)
    {
        fmt::print("{}\n",
            nlohmann::json{{"bench", "analytics"}, {"runs", options.runs}, {"sizes", sizes}}.dump(
                2));
        return exit_done;
    }
    for (const auto& size : sizes)
    {
        fmt::print("{} transactions, {:.0f} MB\n", size["transactions"].get<std::uint64_t>(),
            size["ledger_mb"].get<double>());
        for (const auto& job : jobs())
        {
            const auto& cost = size["jobs"][job.name];
            fmt::print("  {:<18} {:>9.3f} s  {:>9.3f} CPU s  {:>8.0f} MiB\n", job.name,
                cost["wall_s"].get<double>(), cost["cpu_s"].get<double>(),
                cost["peak_mib"].get<double>());
        }
        const auto& ratio = size["trace_over_plain_scan"];
        fmt::print(
            "  a trace takes {:.2f} times a plain scan of the transfers, {:.2f} times its CPU\n",
            ratio["wall"].get<double>(), ratio["cpu"].get<double>());
    }
    return exit_done;
}

}  // namespace runnel::tools
