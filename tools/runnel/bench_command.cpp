#include "actors/simulation.hpp"
#include "contracts/erc20/erc20.hpp"
#include "contracts/native/native_coin.hpp"
#include "contracts/uniswap_v2/factory.hpp"
#include "contracts/uniswap_v2/pair.hpp"
#include "ledger/executor.hpp"
#include "ledger/philox.hpp"
#include "scenarios/run.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/ledger_sink.hpp"
#include "tools/runnel/scenario_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

namespace runnel::tools
{
namespace
{

using Clock = std::chrono::steady_clock;

struct BenchOptions
{
    std::string name;
    std::string scenario = "scenarios/payments.toml";
    std::vector<std::string> overrides;
    unsigned workers = std::max(1U, std::thread::hardware_concurrency());
    unsigned runs = 5;
    bool json = false;
};

double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// CPU seconds of this process so far, all threads.
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

/// A world of funded accounts, one token and some pools, for blocks of synthetic transactions.
class ExecutionWorld
{
public:
    ExecutionWorld(unsigned accounts, unsigned pools)
    {
        const auto add = [this]<typename C, typename... Arguments>(std::type_identity<C>,
                             std::string name, Arguments&&... arguments) -> C&
        {
            const auto account = world_.add_account({name, "contract", "", {}});
            const ContractIdentity identity{
                ContractId{static_cast<std::uint32_t>(world_.contract_count())}, account, name};
            return static_cast<C&>(world_.add_contract(
                std::make_unique<C>(identity, std::forward<Arguments>(arguments)...)));
        };
        using contracts::Erc20;
        add(std::type_identity<contracts::NativeCoin>{}, "ETH", TokenInfo{"ETH", 18});
        auto& usdc = add(std::type_identity<Erc20>{}, "USDC", TokenInfo{"USDC", 6},
            contracts::TokenFlavour::openzeppelin5);
        auto& weth = add(std::type_identity<Erc20>{}, "WETH", TokenInfo{"WETH", 18},
            contracts::TokenFlavour::openzeppelin5);
        const auto factory = add(std::type_identity<contracts::UniswapV2Factory>{}, "factory").id();
        std::vector<contracts::UniswapV2Pair*> pairs;
        for (unsigned i = 0; i < pools; ++i)
        {
            pairs.push_back(&add(std::type_identity<contracts::UniswapV2Pair>{},
                "pair/" + std::to_string(i), weth.id(), usdc.id(), factory));
        }
        first_account_ = static_cast<std::uint32_t>(world_.account_count());
        const auto plenty = Amount::power_of_ten(30);
        for (unsigned i = 0; i < accounts; ++i)
        {
            const auto id = world_.add_account({"wallet/" + std::to_string(i), "wallet", "", {}});
            world_.account_states.at(id).balance = plenty;
            world_.native_supply.at(0) = wrapping_add(world_.native_supply.at(0), plenty);
            usdc.allocate(id, plenty);
            weth.allocate(id, plenty);
        }
        world_.connect();
        token_ = usdc.id();
        other_token_ = weth.id();
        for (auto* pair : pairs)
            pools_.push_back(pair->id());
        add_liquidity(pairs);
    }

    World& world() noexcept { return world_; }

    enum class Kind
    {
        native_transfer,
        token_transfer,
        swap,
    };

    std::vector<Transaction> block(
        Kind kind, std::uint64_t number, unsigned size, unsigned accounts, unsigned pools)
    {
        RandomStream random{1, 2, 3, number};
        std::vector<Transaction> transactions(size);
        for (auto& transaction : transactions)
        {
            const auto from = AccountId{
                first_account_ + static_cast<std::uint32_t>(random.uniform_below(accounts))};
            const auto to = AccountId{
                first_account_ + static_cast<std::uint32_t>(random.uniform_below(accounts))};
            CallWriter calls;
            if (kind == Kind::native_transfer)
                calls.add(
                    native_coin, contracts::NativeTransfer{to, 1 + random.uniform_below(1000)});
            else if (kind == Kind::token_transfer)
                calls.add(token_, contracts::Erc20Transfer{to, 1 + random.uniform_below(1000)});
            else
            {
                const auto pool = pools_[random.uniform_below(pools)];
                const auto pair_account = world_.contract(pool).account();
                const Amount amount_in{1'000'000 + random.uniform_below(1'000'000)};
                calls.add(token_, contracts::Erc20Transfer{pair_account, amount_in});
                calls.add(pool, contracts::UniswapV2Swap{Amount{1}, Amount{}, from, {}});
            }
            transaction.sender = from;
            transaction.nonce = nonces_[index(from)]++;
            transaction.gas_limit = 1'000'000;
            transaction.max_fee = 10;
            transaction.max_priority_fee = 1;
            transaction.set_calls(calls.bytes());
            transaction.seal();
        }
        return transactions;
    }

private:
    void add_liquidity(const std::vector<contracts::UniswapV2Pair*>& pairs)
    {
        const AccountId provider{first_account_};
        BlockExecution execution;
        ExecutionOptions options;
        options.free_gas = true;
        std::vector<Transaction> transactions;
        for (auto* pair : pairs)
        {
            CallWriter calls;
            calls.add(
                other_token_, contracts::Erc20Transfer{pair->account(), Amount::power_of_ten(24)});
            calls.add(token_, contracts::Erc20Transfer{pair->account(), Amount::power_of_ten(24)});
            calls.add(pair->id(), contracts::UniswapV2Mint{provider});
            Transaction transaction;
            transaction.sender = provider;
            transaction.gas_limit = 1ULL << 40U;
            transaction.set_calls(calls.bytes());
            transaction.seal();
            transactions.push_back(std::move(transaction));
        }
        BlockContext context;
        context.timestamp = 1;
        (void)execute_block(
            execution, world_, context, {}, {}, 0, std::move(transactions), {}, options);
    }

    World world_;
    std::uint32_t first_account_ = 0;
    ContractId token_{};
    ContractId other_token_{};
    std::vector<ContractId> pools_;
    std::map<std::uint32_t, std::uint64_t> nonces_;
};

struct ExecutionFigures
{
    double plan_ns = 0;
    double execute_ns = 0;
    double commit_ns = 0;
    std::uint64_t reverted = 0;
    Hash head;
};

ExecutionFigures measure_execution(ExecutionWorld::Kind kind, unsigned accounts, unsigned pools,
    unsigned block_size, unsigned blocks, unsigned workers)
{
    ExecutionWorld bench{std::max(accounts, 2U), std::max(pools, 1U)};
    BlockExecution execution;
    ExecutionFigures figures;
    BlockHeader head;
    Hash head_hash;
    for (unsigned number = 1; number <= blocks; ++number)
    {
        auto transactions = bench.block(kind, number, block_size, accounts, pools);
        BlockContext context;
        context.number = number;
        context.timestamp = 1 + number * 12;
        context.base_fee = 7;
        context.gas_limit = ~0ULL;
        auto start = Clock::now();
        execution.plan(bench.world(), context, std::move(transactions));
        execution.prepare(workers);
        figures.plan_ns += seconds_since(start) * 1e9;
        // Threads start before the clock: the executor's cost is measured, not theirs.
        std::atomic<bool> go{false};
        std::vector<std::thread> helpers;
        for (unsigned w = 1; w < workers; ++w)
        {
            helpers.emplace_back(
                [&, w]
                {
                    while (!go.load(std::memory_order_acquire))
                    {}
                    execution.work(w);
                });
        }
        start = Clock::now();
        go.store(true, std::memory_order_release);
        if (workers == 1)
            execution.run_serial();
        else
            execution.work(0);
        figures.execute_ns += seconds_since(start) * 1e9;
        for (auto& helper : helpers)
            helper.join();
        start = Clock::now();
        execution.apply(0, {});
        const auto block = execution.seal(head, head_hash);
        figures.commit_ns += seconds_since(start) * 1e9;
        for (const auto& receipt : block.receipts)
            figures.reverted += receipt.status == ReceiptStatus::reverted ? 1 : 0;
        head = block.header;
        head_hash = block.hash;
    }
    const auto count = static_cast<double>(block_size) * blocks;
    figures.plan_ns /= count;
    figures.execute_ns /= count;
    figures.commit_ns /= count;
    figures.head = head_hash;
    return figures;
}

int bench_execution(const BenchOptions& options)
{
    struct Profile
    {
        const char* name;
        ExecutionWorld::Kind kind;
        unsigned accounts;
        unsigned pools;
    };
    using Kind = ExecutionWorld::Kind;
    constexpr unsigned block_size = 1000;
    constexpr unsigned blocks = 20;
    auto rows = nlohmann::json::array();
    for (const auto& profile :
        {Profile{"native transfers, 10000 accounts", Kind::native_transfer, 10'000, 1},
            Profile{"token transfers, 10000 accounts", Kind::token_transfer, 10'000, 1},
            Profile{"token transfers, 2 accounts", Kind::token_transfer, 2, 1},
            Profile{"swaps, 64 pools", Kind::swap, 10'000, 64},
            Profile{"swaps, 1 pool", Kind::swap, 10'000, 1}})
    {
        // Serial and parallel runs alternate, so that the machine's moods hit both.
        std::vector<double> plan;
        std::vector<double> serial;
        std::vector<double> parallel;
        std::vector<double> commit;
        std::vector<double> ratio;
        for (unsigned run = 0; run < options.runs; ++run)
        {
            const auto one = measure_execution(
                profile.kind, profile.accounts, profile.pools, block_size, blocks, 1);
            const auto many = measure_execution(
                profile.kind, profile.accounts, profile.pools, block_size, blocks, options.workers);
            if (one.head != many.head)
            {
                throw CommandError{
                    exit_does_not_hold, fmt::format("{}: {} workers give another chain",
                                            profile.name, options.workers)};
            }
            if (one.reverted != 0)
            {
                throw CommandError{exit_does_not_hold,
                    fmt::format("{}: {} transactions reverted", profile.name, one.reverted)};
            }
            plan.push_back(one.plan_ns);
            serial.push_back(one.execute_ns);
            parallel.push_back(many.execute_ns);
            commit.push_back(one.commit_ns);
            ratio.push_back(one.execute_ns / many.execute_ns);
        }
        rows.push_back({{"profile", profile.name}, {"plan_ns_per_tx", median(plan)},
            {"serial_ns_per_tx", median(serial)}, {"parallel_ns_per_tx", median(parallel)},
            {"commit_ns_per_tx", median(commit)}, {"execute_speedup", median(ratio)}});
        if (!options.json)
        {
            fmt::print(
                "{:<34} plan {:5.0f}  execute {:6.0f} serially, {:6.0f} by {} workers "
                "({:.2f}x)  commit {:5.0f} ns/tx\n",
                profile.name, median(plan), median(serial), median(parallel), options.workers,
                median(ratio), median(commit));
        }
    }
    if (options.json)
    {
        fmt::print("{}\n", nlohmann::json{{"bench", "execution"}, {"workers", options.workers},
                               {"block_size", block_size}, {"runs", options.runs},
                               {"equal_roots", true}, {"profiles", rows}}
                               .dump(2));
    }
    return exit_done;
}

/// A scratch file that goes away again.
class ScratchFile
{
public:
    ScratchFile()
      : folder_{std::filesystem::temp_directory_path() /
                fmt::format("runnel-bench-{}", Clock::now().time_since_epoch().count())}
    {
        std::filesystem::create_directory(folder_);
    }
    ~ScratchFile()
    {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    [[nodiscard]] std::string path() const { return (folder_ / "ledger.db").string(); }

private:
    std::filesystem::path folder_;
};

int bench_end_to_end(const BenchOptions& options)
{
    ScenarioOptions scenario_options;
    scenario_options.file = options.scenario;
    scenario_options.overrides = options.overrides;
    const auto scenario = load(scenario_options);
    std::vector<double> persisted;
    std::vector<double> unpersisted;
    std::vector<double> finish;
    std::vector<double> cpu;
    std::string head;
    std::uint64_t transactions = 0;
    PhaseSeconds phases;
    for (unsigned run = 0; run < options.runs; ++run)
    {
        for (const bool with_database : {false, true})
        {
            auto setup = scenarios::make_simulation(scenario);
            if (!setup)
                throw CommandError{exit_bad_input, setup.error().message};
            ScratchFile scratch;
            SimulationOptions simulation;
            simulation.workers = options.workers;
            std::unique_ptr<LedgerSink> sink;
            if (with_database)
            {
                sink = std::make_unique<LedgerSink>(
                    scratch.path(), scenario, *setup->world, "normal", false);
                simulation.sink = sink.get();
            }
            const auto cpu_before = cpu_seconds();
            const auto result = run_simulation(std::move(*setup), simulation);
            if (!result.error.empty())
                throw CommandError{exit_world_failed, result.error};
            if (!head.empty() && head != result.head_hash.to_string())
                throw CommandError{exit_does_not_hold, "two runs gave two chains"};
            head = result.head_hash.to_string();
            transactions = result.transactions;
            const auto rate = static_cast<double>(transactions) / result.elapsed_s;
            if (!with_database)
            {
                unpersisted.push_back(rate);
                continue;
            }
            persisted.push_back(rate);
            phases = result.phases;
            const auto start = Clock::now();
            sink->write_metrics(result, options.workers);
            finish.push_back(seconds_since(start));
            cpu.push_back((cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(transactions));
        }
    }
    const nlohmann::json figures{{"bench", "end_to_end"}, {"scenario", scenario.name},
        {"workers", options.workers}, {"runs", options.runs}, {"transactions", transactions},
        {"head_hash", head}, {"end_to_end_tx_per_s", median(persisted)},
        {"unpersisted_tx_per_s", median(unpersisted)}, {"index_build_s", median(finish)},
        {"cpu_us_per_tx_with_indexes", median(cpu)}, {"peak_memory_mib", peak_memory_mib()},
        {"phases_s", {{"decide", phases.decide}, {"order", phases.order}, {"plan", phases.plan},
                         {"execute", phases.execute}, {"commit", phases.commit},
                         {"persist_wait", phases.persist}}}};
    if (options.json)
        fmt::print("{}\n", figures.dump(2));
    else
    {
        fmt::print(
            "{}: {} transactions, {} workers, medians of {} runs\n"
            "persisted    {:9.0f} transactions/s\n"
            "unpersisted  {:9.0f} transactions/s\n"
            "indexes      {:9.2f} s\n"
            "CPU          {:9.2f} us per transaction, indexes included\n"
            "memory       {:9.0f} MiB at the peak\n"
            "last run     decide {:.2f} s, order {:.2f} s, plan {:.2f} s, execute {:.2f} s, "
            "commit {:.2f} s, waiting to persist {:.2f} s\n",
            scenario.name, transactions, options.workers, options.runs, median(persisted),
            median(unpersisted), median(finish), median(cpu), peak_memory_mib(), phases.decide,
            phases.order, phases.plan, phases.execute, phases.commit, phases.persist);
    }
    return exit_done;
}

int run_bench(const BenchOptions& options)
{
    if (options.name == "execution")
        return bench_execution(options);
    return bench_end_to_end(options);
}

}  // namespace

Command add_bench_command(CLI::App& app)
{
    auto options = std::make_shared<BenchOptions>();
    auto* command = app.add_subcommand("bench", "Measure this machine; asserts equal chains.");
    command
        ->add_option("NAME", options->name,
            "execution: plan and execute synthetic blocks, serial against parallel; end_to_end: a "
            "scenario with and without a database")
        ->required()
        ->check(CLI::IsMember({"execution", "end_to_end"}));
    command->add_option("--scenario", options->scenario, "For end_to_end")->capture_default_str();
    command->add_option("--set", options->overrides, "Override a value of the scenario");
    command->add_option("--workers", options->workers, "Threads")
        ->check(CLI::Range(1U, workers_max))
        ->capture_default_str();
    command->add_option("--runs", options->runs, "Runs that medians are taken of")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Examples:\n  runnel bench execution --json\n"
        "  runnel bench end_to_end --scenario scenarios/payments.toml --runs 3");
    return [options] { return run_bench(*options); };
}

}  // namespace runnel::tools
