#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace runnel::tools
{

struct BenchOptions
{
    std::string name;
    std::string scenario;  // Empty: the benchmark's own.
    std::vector<std::string> overrides;
    std::string filter;  // Of workloads or operations, by a part of their names.
    unsigned workers = std::max(1U, std::thread::hardware_concurrency());
    unsigned runs = 5;
    std::uint64_t transactions = 10'000'000;
    std::uint64_t wallets = 1'000'000;
    bool json = false;
};

using BenchClock = std::chrono::steady_clock;

double seconds_since(BenchClock::time_point start);

/// `values` must not be empty; of an even number, the mean of the middle two.
double median(std::vector<double> values);

/// CPU seconds of this process so far, all threads.
double cpu_seconds();

double peak_memory_mib();

[[nodiscard]] inline std::string scenario_or(const BenchOptions& options, const char* own)
{
    return options.scenario.empty() ? own : options.scenario;
}

/// Each prints its figures and returns an exit code; throws CommandError where chains differ.
int bench_analytics(const BenchOptions& options);
int bench_contracts(const BenchOptions& options);
int bench_execution(const BenchOptions& options);
int bench_end_to_end(const BenchOptions& options);
int bench_scale(const BenchOptions& options);

}  // namespace runnel::tools
