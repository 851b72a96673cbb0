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
#include <atomic>
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

}  // namespace

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

}  // namespace runnel::tools
