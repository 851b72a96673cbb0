#include "actors/simulation.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/scenario_options.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <memory>

namespace runnel::tools
{
namespace
{

int run_bench(const BenchOptions& options)
{
    if (options.name == "analytics")
        return bench_analytics(options);
    if (options.name == "contracts")
        return bench_contracts(options);
    if (options.name == "execution")
        return bench_execution(options);
    if (options.name == "scale")
        return bench_scale(options);
    return bench_end_to_end(options);
}

}  // namespace

double seconds_since(BenchClock::time_point start)
{
    return std::chrono::duration<double>(BenchClock::now() - start).count();
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time)
    { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_memory_mib()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

Command add_bench_command(CLI::App& app)
{
    auto options = std::make_shared<BenchOptions>();
    auto* command = app.add_subcommand("bench", "Measure this machine; asserts equal chains.");
    command
        ->add_option("NAME", options->name,
            "analytics: what reports, traces, detectors and a look at one thing cost on ledgers of "
            "a hundredth, a tenth and all of the transactions; contracts: each operation of each "
            "protocol alone, on one thread, with and without "
            "hashing; execution: plan and execute synthetic blocks, serial against parallel; "
            "end_to_end: a "
            "scenario with and without a database, and its rows by SQLite alone; scale: many "
            "wallets, then many transactions, persisted")
        ->required()
        ->check(CLI::IsMember({"analytics", "contracts", "execution", "end_to_end", "scale"}));
    command->add_option("--scenario", options->scenario,
        "Instead of scenarios/mixed_defi.toml (end_to_end) or scenarios/payments.toml (scale, "
        "analytics)");
    command
        ->add_option(
            "--transactions", options->transactions, "For scale and analytics: how many, at least")
        ->check(whole_number(100'000, 1'000'000'000))
        ->capture_default_str();
    command->add_option("--wallets", options->wallets, "For scale: how many pay in one run")
        ->check(whole_number(1'000, 4'000'000))
        ->capture_default_str();
    command->add_option("--set", options->overrides, "Override a value of the scenario");
    command->add_option("--only", options->filter,
        "For contracts and execution: operations or workloads with this in their names");
    command->add_option("--workers", options->workers, "Threads")
        ->check(whole_number(1, workers_max))
        ->capture_default_str();
    command->add_option("--runs", options->runs, "Runs that medians are taken of")
        ->check(whole_number(1, 1000))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Examples:\n  runnel bench contracts --only uniswap_v2\n"
        "  runnel bench analytics --transactions 1000000 --runs 3\n"
        "  runnel bench execution --json\n"
        "  runnel bench end_to_end --json\n"
        "  runnel bench scale --transactions 1000000 --wallets 100000\n"
        "  runnel bench end_to_end --scenario scenarios/payments.toml --runs 3");
    return [options] { return run_bench(*options); };
}

}  // namespace runnel::tools
