#include "contracts/erc20/erc20.hpp"
#include "contracts/native/native_coin.hpp"
#include "contracts/uniswap_v2/factory.hpp"
#include "contracts/uniswap_v2/pair.hpp"
#include "ledger/executor.hpp"
#include "ledger/philox.hpp"
#include "tools/runnel/bench.hpp"
#include "tools/runnel/commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
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

/// Executes blocks on its own world and times what the choice of serial or parallel changes: from
/// the first declared access to the last executed transaction.
class TimedChain
{
public:
    TimedChain(World& world, BlockHeader head, Hash head_hash, ExecutionMode mode, unsigned workers)
      : world_{world},
        head_{head},
        head_hash_{head_hash},
        mode_{mode},
        workers_{workers},
        helpers_{gate_, workers}
    {}

    /// Wakes the helpers for a run, or lets them sleep: other chains need the cores too.
    void set_on_duty(bool on_duty) { helpers_.set_on_duty(on_duty); }
    /// Nanoseconds.
    double run(const BlockInput& input)
    {
        auto transactions = input.transactions;
        auto& execution = gate_.execution;
        ExecutionOptions options;
        options.mode = mode_;
        const auto start = Clock::now();
        execution.begin(world_, input.context, std::move(transactions), options, workers_);
        if (execution.wants_help())
            helpers_.call();
        execution.plan();
        execution.run();
        const auto ns = seconds_since(start) * 1e9;
        gate_.close();
        accesses += execution.block_plan().access_count();
        declare_ns += execution.times().declare_ns;
        if (execution.is_parallel())
        {
            connect_ns += execution.times().connect_ns;
            connected_accesses += execution.block_plan().access_count();
        }
        parallel_blocks += execution.is_parallel() ? 1 : 0;
        ++blocks;
        const auto applied = Clock::now();
        execution.apply(input.finalized_block, input.rewards);
        const auto block = execution.seal(head_, head_hash_);
        commit_ns += seconds_since(applied) * 1e9;
        for (const auto& receipt : block.receipts)
            reverted += receipt.status == ReceiptStatus::reverted ? 1 : 0;
        head_ = block.header;
        head_hash_ = block.hash;
        return ns;
    }
    [[nodiscard]] const Hash& head_hash() const noexcept { return head_hash_; }

    // Sums over all blocks so far.
    double declare_ns = 0;
    double connect_ns = 0;
    double commit_ns = 0;
    std::size_t accesses = 0;
    std::size_t connected_accesses = 0;
    std::size_t parallel_blocks = 0;
    std::size_t blocks = 0;
    std::uint64_t reverted = 0;

private:
    World& world_;
    BlockHeader head_;
    Hash head_hash_;
    ExecutionMode mode_;
    unsigned workers_;
    ExecutionGate gate_;
    HotHelpers helpers_;
};

struct Workload
{
    std::string name;
    unsigned block_size = 0;
    /// Makes a world at its start, and the same one at every call.
    std::function<std::unique_ptr<ExecutionWorld>()> make_world;
    std::function<std::vector<Transaction>(ExecutionWorld&, std::uint64_t number)> make_block;
    bool may_revert = false;
};

/// The same blocks on three chains, taking turns: serially with prefetching, in parallel whatever
/// the graph says, and as the executor chooses.
nlohmann::json measure(const Workload& workload, const BenchOptions& options)
{
    // About 40,000 transactions a run, but enough blocks for a stable sum.
    const auto blocks = std::clamp(40'000U / workload.block_size, 4U, 400U);
    std::array<std::unique_ptr<ExecutionWorld>, 3> worlds;
    for (auto& world : worlds)
        world = workload.make_world();
    constexpr std::array modes{
        ExecutionMode::serial, ExecutionMode::parallel, ExecutionMode::automatic};
    std::vector<std::unique_ptr<TimedChain>> chains;
    for (std::size_t m = 0; m < modes.size(); ++m)
    {
        chains.push_back(std::make_unique<TimedChain>(
            worlds[m]->world(), BlockHeader{}, Hash{}, modes[m], m == 0 ? 1 : options.workers));
    }
    std::array<std::vector<double>, 3> ns;
    std::vector<double> forced;
    std::vector<double> automatic;
    std::vector<double> lost_us;
    std::uint64_t number = 0;
    for (unsigned run = 0; run <= options.runs; ++run)
    {
        // A chain has the caches to itself for a run, as in earnest; then the next one's turn
        // comes.
        std::array<double, 3> sums{};
        std::vector<BlockInput> inputs(run == 0 ? std::max(blocks, 24U) : blocks);
        for (auto& input : inputs)
        {
            input.context.number = ++number;
            input.context.timestamp = 1 + number * 12;
            input.context.base_fee = 7;
            input.context.gas_limit = ~0ULL;
            input.transactions = workload.make_block(*worlds[0], number);
        }
        for (std::size_t turn = 0; turn < modes.size(); ++turn)
        {
            const auto m = (turn + run) % modes.size();
            chains[m]->set_on_duty(true);
            for (const auto& input : inputs)
                sums[m] += chains[m]->run(input);
            chains[m]->set_on_duty(false);
        }
        if (run == 0)  // Caches, predictions and tables warm up.
            continue;
        for (std::size_t m = 0; m < modes.size(); ++m)
            ns[m].push_back(sums[m] / blocks / workload.block_size);
        forced.push_back(sums[0] / sums[1]);
        automatic.push_back(sums[0] / sums[2]);
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
    const auto& serial = *chains[0];
    const auto& parallel = *chains[1];
    const auto& chosen = *chains[2];
    const auto transactions = static_cast<double>(serial.blocks) * workload.block_size;
    const auto per_access = [](double sum, std::size_t accesses)
    { return accesses == 0 ? 0.0 : sum / static_cast<double>(accesses); };
    return {{"workload", workload.name}, {"block_size", workload.block_size},
        {"workers", options.workers}, {"serial_ns_per_tx", median(ns[0])},
        {"parallel_ns_per_tx", median(ns[1])}, {"automatic_ns_per_tx", median(ns[2])},
        {"forced_speedup", median(forced)}, {"speedup", median(automatic)},
        {"lost_us_per_block", median(lost_us)},
        {"parallel_share",
            static_cast<double>(chosen.parallel_blocks) / static_cast<double>(chosen.blocks)},
        {"accesses_per_tx", static_cast<double>(serial.accesses) / transactions},
        {"declare_ns_per_access", per_access(serial.declare_ns, serial.accesses)},
        {"plan_ns_per_access", per_access(parallel.connect_ns, parallel.connected_accesses)},
        {"commit_ns_per_tx", serial.commit_ns / transactions}};
}

std::vector<Workload> workloads()
{
    using Kind = ExecutionWorld::Kind;
    std::vector<Workload> list;
    const auto add =
        [&](std::string name, Kind kind, unsigned block_size, unsigned accounts, unsigned pools)
    {
        Workload workload;
        workload.name = std::move(name);
        workload.block_size = block_size;
        workload.make_world = [=]
        { return std::make_unique<ExecutionWorld>(std::max(accounts, 2U), std::max(pools, 1U)); };
        workload.make_block = [=](ExecutionWorld& world, std::uint64_t number)
        { return world.block(kind, number, block_size, accounts, pools); };
        list.push_back(std::move(workload));
    };
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
        fmt::print("{:<30} {:>6} {:>8} {:>9} {:>9} {:>8} {:>8} {:>8}\n", "workload", "block",
            "serial", "parallel", "chosen", "forced", "speed-up", "lost us");
    }
    for (const auto& workload : workloads())
    {
        if (!options.filter.empty() && workload.name.find(options.filter) == std::string::npos)
            continue;
        const auto row = measure(workload, options);
        if (!options.json)
        {
            fmt::print(
                "{:<30} {:>6} {:>8.0f} {:>9.0f} {:>9.0f} {:>7.2f}x {:>7.2f}x {:>8.2f}  "
                "declare {:.1f} plan {:.1f} ns/access, {:.1f} accesses, commit {:.0f}\n",
                workload.name, workload.block_size, row["serial_ns_per_tx"].get<double>(),
                row["parallel_ns_per_tx"].get<double>(), row["automatic_ns_per_tx"].get<double>(),
                row["forced_speedup"].get<double>(), row["speedup"].get<double>(),
                row["lost_us_per_block"].get<double>(), row["declare_ns_per_access"].get<double>(),
                row["plan_ns_per_access"].get<double>(), row["accesses_per_tx"].get<double>(),
                row["commit_ns_per_tx"].get<double>());
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
