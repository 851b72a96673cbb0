#include "actors/simulation.hpp"
#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "execution/executor.hpp"
#include "execution/parallelism.hpp"
#include "ledger/philox.hpp"
#include "scenarios/run.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/core_distance.hpp"
#include "tools/runnel/scenario_options.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>

namespace runnel::tools
{
namespace
{

using Clock = BenchClock;

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
                calls.add(pool, contracts::uniswap_v2::Swap{Amount{1}, Amount{}, from, {}});
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
            calls.add(pair->id(), contracts::uniswap_v2::Mint{provider});
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

/// Threads that wait awake for blocks to help with, while they are on duty.
class HotHelpers
{
public:
    HotHelpers(ExecutionGate& gate, unsigned workers) : gate_{gate}
    {
        for (unsigned worker = 1; worker < workers; ++worker)
            threads_.emplace_back([this, worker] { serve(worker); });
    }
    ~HotHelpers()
    {
        epoch_.store(stop, std::memory_order_release);
        set_on_duty(true);
        for (auto& thread : threads_)
            thread.join();
    }
    HotHelpers(const HotHelpers&) = delete;
    HotHelpers& operator=(const HotHelpers&) = delete;

    void set_on_duty(bool on_duty)
    {
        on_duty_.store(on_duty, std::memory_order_release);
        on_duty_.notify_all();
    }
    void call()
    {
        const auto epoch = epoch_.load(std::memory_order_relaxed) + 1;
        gate_.open(epoch);
        epoch_.store(epoch, std::memory_order_release);
    }

private:
    static constexpr std::uint64_t stop = ~0ULL;

    void serve(unsigned worker)
    {
        for (std::uint64_t seen = 0;;)
        {
            on_duty_.wait(false, std::memory_order_acquire);
            const auto epoch = epoch_.load(std::memory_order_acquire);
            if (epoch == stop)
                return;
            if (epoch != seen)
                gate_.assist(epoch, worker);
            seen = epoch;
            __builtin_ia32_pause();
        }
    }

    ExecutionGate& gate_;
    std::atomic<bool> on_duty_{false};
    std::atomic<std::uint64_t> epoch_{0};
    std::vector<std::thread> threads_;
};

/// A block as it comes from the mempool.
struct BlockInput
{
    BlockContext context;
    std::vector<Transaction> transactions;
    std::vector<Reward> rewards;
    std::uint64_t finalized_block = 0;
};

/// Where a chain begins.
struct ChainStart
{
    std::shared_ptr<void> owner;  // Of the world.
    World* world = nullptr;
    BlockHeader head;
    Hash head_hash;
};

/// What more workers than this machine has would give, from measured costs.
class Prediction
{
public:
    void add(const World& world, const BlockExecution& execution)
    {
        auto& block = blocks_.emplace_back();
        const auto& plan = execution.block_plan();
        block.work = BlockWork{world, plan, execution.costs_ns()};
        block.accesses = plan.access_count();
        for (std::uint32_t i = 0; i < plan.size(); ++i)
            block.guesses.push_back(plan.cost(i));
    }

    [[nodiscard]] nlohmann::json figures(double plan_ns_per_access) const
    {
        auto rows = nlohmann::json::array();
        for (const auto workers : ParallelismTotals::worker_counts)
        {
            const auto speed_up = [&](ScheduleOrder order, bool plans, bool streamed, bool guesses)
            {
                std::uint64_t serial = 0;
                std::uint64_t parallel = 0;
                for (const auto& block : blocks_)
                {
                    PlanningCost planning;
                    planning.streamed = streamed;
                    if (plans && workers > 1)
                    {
                        planning.ns = static_cast<std::uint64_t>(
                            plan_ns_per_access * static_cast<double>(block.accesses));
                    }
                    serial += block.work.total();
                    parallel += block.work.makespan(workers, order, planning,
                        guesses ? std::span<const std::uint64_t>{block.guesses}
                                : std::span<const std::uint64_t>{});
                }
                return static_cast<double>(serial) /
                       static_cast<double>(std::max<std::uint64_t>(parallel, 1));
            };
            using Order = ScheduleOrder;
            rows.push_back({{"workers", workers},
                {"block_order_planned_first", speed_up(Order::block, true, false, false)},
                {"block_order_planning_streamed", speed_up(Order::block, true, true, false)},
                {"fifo_no_planning", speed_up(Order::fifo, false, false, false)},
                {"block_order_no_planning", speed_up(Order::block, false, false, false)},
                {"critical_path_predicted_no_planning",
                    speed_up(Order::critical_path, false, false, true)},
                {"critical_path_known_no_planning",
                    speed_up(Order::critical_path, false, false, false)}});
        }
        return rows;
    }

private:
    struct Block
    {
        BlockWork work;
        std::size_t accesses = 0;
        std::vector<std::uint64_t> guesses;
    };
    std::vector<Block> blocks_;
};

/// Executes blocks on its own world and times what the choice of serial or parallel changes: from
/// the first declared access to the last executed transaction.
class TimedChain
{
public:
    TimedChain(const ChainStart& start, ExecutionOptions options, unsigned workers)
      : start_{start},
        world_{*start.world},
        head_{start.head},
        head_hash_{start.head_hash},
        options_{options},
        workers_{workers},
        helpers_{gate_, workers}
    {}

    /// Wakes the helpers for a run, or lets them sleep: other chains need the cores too.
    void set_on_duty(bool on_duty) { helpers_.set_on_duty(on_duty); }
    /// Nanoseconds.
    double run(std::span<const BlockInput> inputs)
    {
        double ns = 0;
        for (const auto& input : inputs)
            ns += run(input);
        return ns;
    }
    double run(const BlockInput& input)
    {
        auto transactions = input.transactions;
        auto& execution = gate_.execution;
        auto options = options_;
        options.measure_costs = prediction != nullptr;
        const auto start = Clock::now();
        execution.begin(world_, input.context, std::move(transactions), options, workers_);
        if (execution.wants_help())
            helpers_.call();
        execution.plan();
        if (!execution.run())
            execution.redo();
        const auto ns = seconds_since(start) * 1e9;
        accesses += execution.block_plan().access_count();
        declare_ns += execution.times().declare_ns;
        if (execution.is_parallel() && execution.block_plan().access_count() != 0)
        {
            connect_ns_per_access.push_back(
                execution.times().connect_ns /
                static_cast<double>(execution.block_plan().access_count()));
        }
        parallel_blocks += execution.is_parallel() ? 1 : 0;
        ++blocks;
        if (prediction != nullptr)
            prediction->add(world_, execution);
        const auto applied = Clock::now();
        execution.apply(input.finalized_block, input.rewards);
        const auto block = execution.seal(head_, head_hash_);
        gate_.close();
        commit_ns += seconds_since(applied) * 1e9;
        for (const auto& receipt : block.receipts)
            reverted += receipt.status == ReceiptStatus::reverted ? 1 : 0;
        head_ = block.header;
        head_hash_ = block.hash;
        return ns;
    }
    [[nodiscard]] const Hash& head_hash() const noexcept { return head_hash_; }
    /// Of the cost model: mean of |predicted - measured| / measured, recently.
    [[nodiscard]] double cost_error() const noexcept
    {
        return gate_.execution.cost_model().relative_error();
    }
    /// Forgets what was summed so far: the next block is the first that counts.
    void begin_measuring()
    {
        declare_ns = commit_ns = 0;
        accesses = parallel_blocks = blocks = 0;
        connect_ns_per_access.clear();
    }

    Prediction* prediction = nullptr;  // Told of every block.

    // Sums over the blocks that count, and a figure of each that was planned.
    double declare_ns = 0;
    double commit_ns = 0;
    std::vector<double> connect_ns_per_access;
    std::size_t accesses = 0;
    std::size_t parallel_blocks = 0;
    std::size_t blocks = 0;
    std::uint64_t reverted = 0;

private:
    ChainStart start_;
    World& world_;
    BlockHeader head_;
    Hash head_hash_;
    ExecutionOptions options_;
    unsigned workers_;
    ExecutionGate gate_;
    HotHelpers helpers_;
};

struct Workload
{
    std::string name;
    unsigned block_size = 0;  // About.
    /// The same start at every call.
    std::function<ChainStart()> start;
    /// The block with this number; nullopt: there are no more.
    std::function<std::optional<BlockInput>(std::uint64_t number)> block;
    std::uint64_t checkpoint_interval = 0;
    bool may_revert = false;
};

/// Two chains that share nothing, executed serially side by side: how much more than one core the
/// machine gives two threads just now. Nothing that is executed in parallel can be expected to do
/// better.
class Twins
{
public:
    Twins(const Workload& workload, const ExecutionOptions& options)
      : first_{workload.start(), options, 1}, second_{workload.start(), options, 1}
    {}

    /// Nanoseconds, the mean of both.
    double run(std::span<const BlockInput> inputs)
    {
        double second_ns = 0;
        std::thread thread{[&] { second_ns = second_.run(inputs); }};
        const auto first_ns = first_.run(inputs);
        thread.join();
        return (first_ns + second_ns) / 2;
    }
    [[nodiscard]] bool end_with(const Hash& head) const noexcept
    {
        return first_.head_hash() == head && second_.head_hash() == head;
    }

private:
    TimedChain first_;
    TimedChain second_;
};

/// The same blocks on three chains, taking turns: serially with prefetching, in parallel whatever
/// the graph says, and as the executor chooses.
nlohmann::json measure(const Workload& workload, const BenchOptions& options)
{
    // About 40,000 transactions a run, but enough blocks for a stable sum.
    const auto blocks = std::clamp(40'000U / workload.block_size, 4U, 400U);
    constexpr std::array modes{
        ExecutionMode::serial, ExecutionMode::parallel, ExecutionMode::automatic};
    std::vector<std::unique_ptr<TimedChain>> chains;
    for (std::size_t m = 0; m < modes.size(); ++m)
    {
        ExecutionOptions execution;
        execution.mode = modes[m];
        execution.checkpoint_interval = workload.checkpoint_interval;
        chains.push_back(std::make_unique<TimedChain>(
            workload.start(), execution, m == 0 ? 1 : options.workers));
    }
    ExecutionOptions serially;
    serially.mode = ExecutionMode::serial;
    serially.checkpoint_interval = workload.checkpoint_interval;
    Twins twins{workload, serially};
    Prediction prediction;
    std::array<std::vector<double>, 3> ns;
    std::vector<double> forced;
    std::vector<double> automatic;
    std::vector<double> side_by_side;
    std::vector<double> round_trip_ns;
    auto each_run = nlohmann::json::array();
    std::vector<double> lost_us;
    std::uint64_t number = 0;
    std::size_t transactions = 0;
    for (unsigned run = 0; run <= options.runs; ++run)
    {
        // A chain has the caches to itself for a run, as in earnest; then the next one's turn
        // comes. The first run is not counted: caches, predictions and tables warm up, and costs
        // are taken.
        std::array<double, 3> sums{};
        std::vector<BlockInput> inputs;
        for (auto left = run == 0 ? std::max(blocks, 24U) : blocks; left > 0; --left)
        {
            auto input = workload.block(++number);
            if (!input)
            {
                throw CommandError{
                    exit_bad_input, fmt::format("{}: there are not enough blocks for {} runs",
                                        workload.name, options.runs)};
            }
            inputs.push_back(std::move(*input));
        }
        chains[0]->prediction = run == 0 ? &prediction : nullptr;
        std::size_t in_run = 0;
        for (const auto& input : inputs)
            in_run += input.transactions.size();
        transactions += run == 0 ? 0 : in_run;
        for (std::size_t turn = 0; turn < modes.size(); ++turn)
        {
            const auto m = (turn + run) % modes.size();
            chains[m]->set_on_duty(true);
            sums[m] += chains[m]->run(inputs);
            chains[m]->set_on_duty(false);
        }
        const auto twins_ns = twins.run(inputs);
        const auto round_trip = core_round_trip_ns();
        if (run == 0)
        {
            for (const auto& chain : chains)
                chain->begin_measuring();
            continue;
        }
        for (std::size_t m = 0; m < modes.size(); ++m)
            ns[m].push_back(sums[m] / static_cast<double>(in_run));
        forced.push_back(sums[0] / sums[1]);
        automatic.push_back(sums[0] / sums[2]);
        side_by_side.push_back(2 * sums[0] / twins_ns);
        round_trip_ns.push_back(round_trip);
        each_run.push_back({{"forced_speedup", forced.back()}, {"speedup", automatic.back()},
            {"two_chains_speedup", side_by_side.back()}, {"core_round_trip_ns", round_trip}});
        lost_us.push_back((sums[2] - sums[0]) / blocks / 1e3);
    }
    for (const auto& chain : chains)
    {
        if (chain->head_hash() != chains[0]->head_hash())
        {
            throw CommandError{exit_does_not_hold,
                fmt::format("{}: {} workers give another chain", workload.name, options.workers)};
        }
        if (chain->reverted != 0 && !workload.may_revert)
        {
            throw CommandError{exit_does_not_hold,
                fmt::format("{}: {} transactions reverted", workload.name, chain->reverted)};
        }
    }
    if (!twins.end_with(chains[0]->head_hash()))
    {
        throw CommandError{
            exit_does_not_hold, fmt::format("{}: two chains side by side differ", workload.name)};
    }
    const auto& serial = *chains[0];
    const auto& parallel = *chains[1];
    const auto& chosen = *chains[2];
    const auto per_access = [](double sum, std::size_t accesses)
    { return accesses == 0 ? 0.0 : sum / static_cast<double>(accesses); };
    const auto plan_ns_per_access =
        parallel.connect_ns_per_access.empty() ? 0.0 : median(parallel.connect_ns_per_access);
    return {{"workload", workload.name}, {"block_size", workload.block_size},
        {"workers", options.workers}, {"serial_ns_per_tx", median(ns[0])},
        {"parallel_ns_per_tx", median(ns[1])}, {"automatic_ns_per_tx", median(ns[2])},
        {"forced_speedup", median(forced)}, {"speedup", median(automatic)},
        {"two_chains_speedup", median(side_by_side)}, {"core_round_trip_ns", median(round_trip_ns)},
        {"each_run", each_run}, {"lost_us_per_block", median(lost_us)},
        {"parallel_share",
            static_cast<double>(chosen.parallel_blocks) / static_cast<double>(chosen.blocks)},
        {"accesses_per_tx",
            static_cast<double>(serial.accesses) / static_cast<double>(transactions)},
        {"declare_ns_per_access", per_access(serial.declare_ns, serial.accesses)},
        {"plan_ns_per_access", plan_ns_per_access}, {"cost_model_error", parallel.cost_error()},
        {"commit_ns_per_tx", serial.commit_ns / static_cast<double>(transactions)},
        {"predicted_speedup", prediction.figures(plan_ns_per_access)}};
}

Workload synthetic(std::string name, ExecutionWorld::Kind kind, unsigned block_size,
    unsigned accounts, unsigned pools)
{
    const auto make_world = [=]
    { return std::make_shared<ExecutionWorld>(std::max(accounts, 2U), std::max(pools, 1U)); };
    Workload workload;
    workload.name = std::move(name);
    workload.block_size = block_size;
    workload.start = [=]
    {
        auto world = make_world();
        return ChainStart{world, &world->world(), {}, {}};
    };
    // Nonces are counted by the world that makes the blocks.
    auto source = std::make_shared<std::shared_ptr<ExecutionWorld>>();
    workload.block = [=](std::uint64_t number)
    {
        if (*source == nullptr)
            *source = make_world();
        BlockInput input;
        input.context.number = number;
        input.context.timestamp = 1 + number * 12;
        input.context.base_fee = 7;
        input.context.gas_limit = ~0ULL;
        input.transactions = (*source)->block(kind, number, block_size, accounts, pools);
        return std::optional{std::move(input)};
    };
    return workload;
}

/// Keeps the blocks of a run.
class BlockRecorder : public BlockSink
{
public:
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        blocks.push_back(std::move(block));
    }
    void finish() override {}

    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
};

/// Blocks as wallets and validators of a scenario made them.
Workload recorded(const BenchOptions& options)
{
    ScenarioOptions scenario_options;
    scenario_options.file = scenario_or(options, "scenarios/mixed_defi.toml");
    scenario_options.overrides = options.overrides;
    auto scenario = std::make_shared<scenarios::Scenario>(load(scenario_options));
    const auto make = [scenario]
    {
        auto setup = scenarios::make_simulation(*scenario);
        if (!setup)
            throw CommandError{exit_bad_input, setup.error().message};
        return std::move(*setup);
    };
    auto recorder = std::make_shared<BlockRecorder>();
    auto setup = make();
    const auto wanted = 44 * (options.runs + 2);
    setup.blocks = std::min<std::uint64_t>(setup.blocks, wanted);
    const auto interval = setup.checkpoint_interval;
    SimulationOptions simulation;
    simulation.workers = options.workers;
    simulation.sink = recorder.get();
    const auto result = run_simulation(std::move(setup), simulation);
    if (!result.error.empty())
        throw CommandError{exit_world_failed, result.error};

    Workload workload;
    workload.name = scenario->name + ", as recorded";
    workload.block_size = static_cast<unsigned>(std::max<std::uint64_t>(
        1, result.transactions / std::max<std::uint64_t>(1, result.blocks)));
    workload.checkpoint_interval = interval;
    workload.may_revert = true;
    workload.start = [make]
    {
        auto start = std::make_shared<SimulationSetup>(make());
        return ChainStart{start, start->world.get(), start->genesis.header, start->genesis.hash};
    };
    workload.block = [recorder](std::uint64_t number) -> std::optional<BlockInput>
    {
        // Block 0 is the first one recorded.
        if (number >= recorder->blocks.size())
            return std::nullopt;
        const auto& block = *recorder->blocks[number];
        BlockInput input;
        input.context.number = block.header.number;
        input.context.timestamp = block.header.timestamp;
        input.context.base_fee = block.header.base_fee;
        input.context.gas_limit = block.header.gas_limit;
        input.context.proposer = block.header.proposer;
        input.transactions = block.transactions;
        input.rewards = block.rewards;
        input.finalized_block = block.header.finalized_block;
        return input;
    };
    return workload;
}

/// The grid: what each workload is made by, so that only those asked for are.
std::vector<std::pair<std::string, std::function<Workload()>>> workloads(
    const BenchOptions& options)
{
    using Kind = ExecutionWorld::Kind;
    std::vector<std::pair<std::string, std::function<Workload()>>> list;
    const auto add = [&](std::string name, Kind kind, unsigned block_size, unsigned accounts,
                         unsigned pools) {
        list.emplace_back(name, [=] { return synthetic(name, kind, block_size, accounts, pools); });
    };
    list.emplace_back("mixed, as recorded", [&options] { return recorded(options); });
    for (const unsigned block_size : {1'000U, 10'000U})
    {
        for (const unsigned accounts : {2U, 10U, 100U, 1'000U, 10'000U})
        {
            add(fmt::format("transfers among {} accounts", accounts), Kind::native_transfer,
                block_size, accounts, 1);
        }
        add("raw transfers", Kind::native_transfer, block_size, 100'000, 1);
        add("ERC-20 transfers", Kind::token_transfer, block_size, 100'000, 1);
        add("independent swaps", Kind::swap, block_size, 100'000, 1'000);
        add("swaps over 64 pools", Kind::swap, block_size, 100'000, 64);
        add("swaps on one pool", Kind::swap, block_size, 100'000, 1);
    }
    for (const unsigned block_size : {3U, 10U, 20U, 30U, 100U})
    {
        add("raw transfers", Kind::native_transfer, block_size, 100'000, 1);
        add("swaps over 64 pools", Kind::swap, block_size, 100'000, 64);
    }
    return list;
}

}  // namespace

int bench_execution(const BenchOptions& options)
{
    auto rows = nlohmann::json::array();
    if (!options.json)
    {
        fmt::print("{:<30} {:>6} {:>8} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "workload",
            "block", "serial", "parallel", "chosen", "cores ns", "2 chains", "forced", "speed-up",
            "lost us");
    }
    for (const auto& [name, make] : workloads(options))
    {
        if (!options.filter.empty() && name.find(options.filter) == std::string::npos)
            continue;
        const auto workload = make();
        const auto row = measure(workload, options);
        if (!options.json)
        {
            fmt::print(
                "{:<30} {:>6} {:>8.0f} {:>9.0f} {:>9.0f} {:>8.0f} {:>7.2f}x {:>7.2f}x {:>7.2f}x "
                "{:>8.2f}  "
                "declare {:.1f} plan {:.1f} ns/access, {:.1f} accesses, commit {:.0f}\n",
                workload.name, workload.block_size, row["serial_ns_per_tx"].get<double>(),
                row["parallel_ns_per_tx"].get<double>(), row["automatic_ns_per_tx"].get<double>(),
                row["core_round_trip_ns"].get<double>(), row["two_chains_speedup"].get<double>(),
                row["forced_speedup"].get<double>(), row["speedup"].get<double>(),
                row["lost_us_per_block"].get<double>(), row["declare_ns_per_access"].get<double>(),
                row["plan_ns_per_access"].get<double>(), row["accesses_per_tx"].get<double>(),
                row["commit_ns_per_tx"].get<double>());
            std::fflush(stdout);
        }
        rows.push_back(row);
    }
    if (options.json)
    {
        fmt::print("{}\n", nlohmann::json{{"bench", "execution"}, {"workers", options.workers},
                               {"runs", options.runs}, {"equal_roots", true}, {"workloads", rows}}
                               .dump(2));
    }
    return exit_done;
}

}  // namespace runnel::tools
