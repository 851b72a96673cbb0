#include "bench/contracts/contract_bench.hpp"
#include "execution/executor.hpp"
#include "ledger/thread_cpu.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

namespace runnel::tools
{
namespace
{

using bench::BenchWorld;

constexpr unsigned block_size = 1'000;

/// One operation on a world of its own, block after block, on one thread.
class OperationChain
{
public:
    OperationChain(const bench::ContractBench& operation, bool commitments)
      : make_{operation.set_up(world_)}
    {
        options_.commitments = commitments;
        options_.mode = ExecutionMode::serial;
        nonces_.resize(world_.world().account_count());
    }

    /// Executes the block of this number. Returns CPU nanoseconds per transaction; with
    /// commitments, hashing the transactions themselves is among them.
    double run(std::uint64_t number)
    {
        auto transactions = make_block(number);
        BlockContext context;
        context.number = number;
        context.timestamp = BenchWorld::start_time + number * 12;
        context.base_fee = 7;
        context.gas_limit = ~0ULL;
        const auto parent = std::exchange(block_, {});
        const auto start = thread_cpu_seconds();
        if (options_.commitments)
        {
            for (auto& transaction : transactions)
                transaction.seal();
        }
        block_ = execute_block(execution_, world_.world(), context, parent.header, parent.hash, 0,
            std::move(transactions), {}, options_);
        return (thread_cpu_seconds() - start) * 1e9 / block_size;
    }

    /// Of the last block. Throws CommandError where a transaction did not succeed: then it is not
    /// the operation that was measured.
    void expect_success(const std::string& operation) const
    {
        for (const auto& receipt : block_.receipts)
        {
            if (receipt.status != ReceiptStatus::succeeded)
            {
                throw CommandError{exit_does_not_hold,
                    fmt::format("{}: refused: {}", operation, receipt.refusal.to_string())};
            }
        }
    }
    [[nodiscard]] double accesses() const
    {
        return static_cast<double>(execution_.block_plan().access_count()) / block_size;
    }
    [[nodiscard]] const FinishedBlock& block() const noexcept { return block_; }
    [[nodiscard]] auto results() const { return world_.results(); }

private:
    [[nodiscard]] std::vector<Transaction> make_block(std::uint64_t number)
    {
        RandomStream random{1, 2, 3, number};
        const auto draw = [&]
        { return world_.accounts()[random.uniform_below(BenchWorld::account_count)]; };
        std::vector<Transaction> transactions(block_size);
        for (auto& transaction : transactions)
        {
            bench::BenchTransaction operation{random, draw(), draw(), {}};
            make_(operation);
            transaction.sender = operation.sender;
            transaction.nonce = nonces_.at(index(operation.sender))++;
            transaction.gas_limit = 10'000'000;
            transaction.max_fee = 10;
            transaction.max_priority_fee = 1;
            transaction.set_calls(operation.calls.bytes());
        }
        return transactions;
    }

    BenchWorld world_;
    bench::MakeTransaction make_;
    ExecutionOptions options_;
    BlockExecution execution_;
    FinishedBlock block_;
    std::vector<std::uint64_t> nonces_;  // By account.
};

struct Cost
{
    double median_ns = 0;
    double hash_ns = 0;
    double accesses = 0;
    std::vector<std::pair<std::string, Amount>> results;  // Name and value after the last block.
};

/// The same blocks in turn with and without hashing, after one that warms caches up.
Cost measure(const bench::ContractBench& operation, unsigned runs)
{
    OperationChain with{operation, true};
    OperationChain without{operation, false};
    std::vector<double> executed;
    std::vector<double> hashed;
    for (std::uint64_t number = 1; number <= runs + 1; ++number)
    {
        const auto with_ns = with.run(number);
        const auto without_ns = without.run(number);
        for (const auto* chain : {&with, &without})
            chain->expect_success(operation.name);
        if (with.block().header.gas_used != without.block().header.gas_used)
        {
            throw CommandError{exit_does_not_hold,
                fmt::format("{}: another block without hashing", operation.name)};
        }
        if (number == 1)
            continue;
        executed.push_back(without_ns);
        hashed.push_back(with_ns - without_ns);
    }
    return {median(executed), median(hashed), without.accesses(), without.results()};
}

/// Nanoseconds of CPU per question, the median of @p runs times ten thousand.
double measure(const bench::QuoteBench& question, unsigned runs)
{
    constexpr unsigned count = 10'000;
    BenchWorld world;
    const auto ask = question.set_up(world);
    std::vector<double> asked;
    for (std::uint64_t number = 0; number <= runs; ++number)
    {
        RandomStream random{1, 2, 3, number};
        Amount sum;
        const auto start = thread_cpu_seconds();
        for (unsigned i = 0; i < count; ++i)
            sum = wrapping_add(sum, ask(random));
        const auto ns = (thread_cpu_seconds() - start) * 1e9 / count;
        if (sum.is_zero())
            throw CommandError{exit_does_not_hold, fmt::format("{}: no answer", question.name)};
        if (number > 0)
            asked.push_back(ns);
    }
    return median(asked);
}

}  // namespace

int bench_contracts(const BenchOptions& options)
{
    auto operations = nlohmann::ordered_json::object();
    if (!options.json)
        fmt::print("{:<50} {:>10} {:>10} {:>10}\n", "operation", "ns", "hashing", "accesses");
    for (const auto& operation : bench::contract_benches())
    {
        if (operation.name.find(options.filter) == std::string::npos)
            continue;
        const auto cost = measure(operation, options.runs);
        auto results = nlohmann::ordered_json::object();
        for (const auto& [name, value] : cost.results)
            results[name] = value.to_string();
        operations[operation.name] = {{"median_ns", cost.median_ns}, {"hash_ns", cost.hash_ns},
            {"accesses", cost.accesses}, {"results", results}};
        if (!options.json)
        {
            fmt::print("{:<50} {:>10.0f} {:>10.0f} {:>10.1f}\n", operation.name, cost.median_ns,
                cost.hash_ns, cost.accesses);
            std::fflush(stdout);
        }
    }
    auto quotes = nlohmann::ordered_json::object();
    for (const auto& question : bench::quote_benches())
    {
        if (question.name.find(options.filter) == std::string::npos)
            continue;
        const auto ns = measure(question, options.runs);
        quotes[question.name] = {{"median_ns", ns}};
        if (!options.json)
            fmt::print("{:<50} {:>10.0f}\n", "quote of " + question.name, ns);
    }
    if (operations.empty() && quotes.empty())
    {
        throw CommandError{exit_bad_input,
            fmt::format("--only: no operation has '{}' in its name", options.filter)};
    }
    if (options.json)
    {
        const nlohmann::ordered_json result{
            {"bench", "contracts"}, {"operations", operations}, {"quotes", quotes}};
        fmt::print("{}\n", result.dump());
    }
    return exit_done;
}

}  // namespace runnel::tools
