#pragma once

#include "ledger/block.hpp"
#include "ledger/plan.hpp"
#include "ledger/world.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace runnel
{

/// What execution does beyond what the chain needs.
struct ExecutionOptions
{
    bool keep_returns = false;  // Keep each transaction's last call's returns, for replays.
    bool free_gas = false;      // Charge no fees: block 0 and replays of recorded operations.
};

/// Executes one block at a time against a world: plan, execute (serially or by several workers),
/// commit. Buffers are reused from block to block.
///
///     execution.plan(world, context, std::move(transactions));
///     ... lease execution.touched_contracts() into the world ...
///     execution.prepare();
///     execution.run_serial();                          // or work(0), work(1), ... on threads
///     execution.apply(finalized_block, rewards);
///     FinishedBlock block = execution.seal(parent, parent_hash);
///
/// The result does not depend on the number of workers nor on their timing: transactions that
/// touch a common object, at least one of them writing it, run in block order.
class BlockExecution
{
public:
    BlockExecution();
    ~BlockExecution();
    BlockExecution(const BlockExecution&) = delete;
    BlockExecution& operator=(const BlockExecution&) = delete;

    /// Declares accesses and builds the dependency graph; reads the world, writes nothing.
    void plan(World& world, const BlockContext& context, std::vector<Transaction> transactions,
        ExecutionOptions options = {});
    /// The contracts that must be held by the world before prepare(), ascending.
    [[nodiscard]] const std::vector<ContractId>& touched_contracts() const noexcept
    {
        return touched_contracts_;
    }
    /// Makes the slots of all declared objects and arms the graph for @p workers workers.
    void prepare(unsigned workers = 1);

    /// Executes everything in block order on this thread.
    void run_serial();
    /// Executes a share of the block as worker number @p worker of prepare()'s; returns when the
    /// whole block is done. Any number of the announced workers may take part, late or never.
    void work(unsigned worker);
    [[nodiscard]] bool done() const noexcept
    {
        return finished_.load(std::memory_order_acquire) == transactions_.size();
    }

    /// Pays fees and rewards and collects events and snapshots: after it the world is as the block
    /// leaves it, and leases may go home. Aborts if a token's balances and supply no longer agree
    /// (a bug of a contract).
    void apply(std::uint64_t finalized_block, std::vector<Reward> rewards);
    /// The block's header without its roots, and what became of each transaction; valid between
    /// apply() and seal().
    [[nodiscard]] const BlockHeader& unsealed_header() const noexcept { return block_.header; }
    template <typename Visitor>
    void for_each_receipt(Visitor&& visit) const
    {
        for (std::size_t i = 0; i < block_.receipts.size(); ++i)
            visit(block_.transactions[i], block_.receipts[i]);
    }
    /// Computes all roots and hands the block out. Does not look at the world any more.
    [[nodiscard]] FinishedBlock seal(const BlockHeader& parent, const Hash& parent_hash);
    /// What the block replaced, to take it back; valid after apply().
    [[nodiscard]] BlockUndo take_undo();

    /// The returns of each transaction, with ExecutionOptions::keep_returns.
    [[nodiscard]] const std::vector<Returns>& returns() const noexcept { return returns_; }
    [[nodiscard]] const BlockPlan& block_plan() const noexcept { return plan_; }
    /// The transactions that some worker is inside of, ascending. For a watchdog on any thread: out
    /// of date while the block moves.
    [[nodiscard]] std::vector<std::uint32_t> under_way() const;

private:
    struct Outcome;

    /// A contract that throws has a bug, and aborts: otherwise its transaction would never be done
    /// and the other workers would wait for it for ever.
    void execute(std::uint32_t transaction, unsigned worker) noexcept;
    /// Calls @p body, which runs contracts, and notes that @p worker is inside of @p transaction.
    template <typename Body>
    auto run_contracts(std::uint32_t transaction, unsigned worker, Body&& body) noexcept;
    void finish_transaction(std::uint32_t transaction, unsigned worker);
    [[nodiscard]] bool release(std::uint32_t transaction) noexcept;
    void run_from(std::uint32_t transaction, unsigned worker);
    void remember(RecordTable& table, std::uint64_t key, const void* old);
    void credit(AccountId account, const Amount& amount);
    void collect_writes();
    void collect_receipts();
    void collect_snapshots();
    void append(const WorkerArena& arena, EventRecord event);

    World* world_ = nullptr;
    BlockContext context_;
    ExecutionOptions options_;
    std::vector<Transaction> transactions_;
    BlockPlan plan_;
    std::vector<ContractId> touched_contracts_;
    std::vector<Returns> returns_;

    struct Worker;
    std::vector<std::unique_ptr<Worker>> workers_;
    struct Mark;
    std::unique_ptr<Mark[]> marks_;  // By worker.
    std::vector<Outcome> outcomes_;
    std::unique_ptr<std::atomic<std::uint32_t>[]> pending_;
    std::size_t pending_size_ = 0;
    alignas(64) std::atomic<std::uint32_t> cursor_{0};
    alignas(64) std::atomic<std::uint32_t> finished_{0};

    // The block under way, from apply() to seal().
    FinishedBlock block_;
    BlockUndo undo_;
    Bytes system_writes_;            // What apply() wrote after the transactions, as hashed.
    Amount tips_;                    // To the proposer, wei.
    Amount burnt_;                   // Base fees, wei.
    std::vector<Amount> imbalance_;  // By contract: changes of balances - changes of supply.
    std::vector<bool> changed_;      // By contract: some record of it was written.
};

/// Runs a block's calls one after another on this thread, with everything held by @p world:
/// plan, prepare, run, commit. For genesis, verification and tests.
[[nodiscard]] FinishedBlock execute_block(BlockExecution& execution, World& world,
    const BlockContext& context, const BlockHeader& parent, const Hash& parent_hash,
    std::uint64_t finalized_block, std::vector<Transaction> transactions,
    std::vector<Reward> rewards, ExecutionOptions options = {});

}  // namespace runnel
