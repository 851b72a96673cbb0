#pragma once

#include "execution/commit_hashing.hpp"
#include "execution/context.hpp"
#include "execution/cost_model.hpp"
#include "execution/mode_chooser.hpp"
#include "execution/plan.hpp"
#include "execution/write_set.hpp"
#include "ledger/block.hpp"
#include "state/world.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace runnel
{

/// How a block's transactions are run; the result is the same.
enum class ExecutionMode : std::uint8_t
{
    automatic,  // As predicted costs, the graph and recent blocks suggest.
    serial,
    parallel,
};

/// A transaction that has just run; the world is as it leaves it.
struct ExecutedTransaction
{
    const World& world;
    const BlockContext& block;
    ReceiptStatus status = ReceiptStatus::reverted;
    const Refusal* refusal = nullptr;  // If reverted.
    Returns returns;                   // Of its last call, if it succeeded.
    std::uint64_t gas_used = 0;
    std::span<const EventRecord> events;
    ByteView event_bytes;  // What their offsets count in.
};

/// Looks at the first transactions of a block, each right after it ran and before the next.
class TransactionObserver
{
public:
    virtual ~TransactionObserver() = default;
    virtual void executed(std::uint32_t transaction, const ExecutedTransaction& what) = 0;
};

/// How blocks are executed.
struct ExecutionOptions
{
    /// Blocks whose number is a multiple of it hold the root of the whole state, block 0 included;
    /// 0: none does. Part of the chain.
    std::uint64_t checkpoint_interval = 0;
    bool keep_returns = false;   // Keep each transaction's last call's returns, for replays.
    bool free_gas = false;       // Charge no fees: block 0 and replays of recorded operations.
    bool measure_costs = false;  // Time every transaction, not only some: costs_ns().
    /// Hash receipts, written records and roots. Without, roots and hash of a block are zero: for
    /// measuring what they cost. With one worker only.
    bool commitments = true;
    Snapshots snapshots = Snapshots::changed;
    ExecutionMode mode = ExecutionMode::automatic;
    /// The probability with which a declared access is dropped: a fault that must change nothing.
    double forget_share = 0;
    /// Who looks at how many of the block's first transactions. It may look at every contract, so
    /// all must be held, and the block runs in order.
    TransactionObserver* observer = nullptr;
    std::uint32_t observed = 0;
};

/// Executes one block at a time against a world. Buffers are reused from block to block.
///
///     execution.begin(world, context, std::move(transactions), options, workers);
///     execution.plan();
///     ... lease what execution.touches() into the world ...
///     if (!execution.run())
///         ... lease every other contract, then execution.redo() ...
///     execution.apply(finalized_block, rewards);
///     FinishedBlock block = execution.seal(parent, parent_hash);
///
/// One thread, the leader, makes these calls. Others may help it at any time from begin() until
/// run() returns, by assist(); late or never is as good, see ExecutionGate. The result does not
/// depend on who helped nor on timing: transactions that touch a common object, at least one of
/// them writing it, run in block order. Nor does it depend on what was declared: when a transaction
/// touches what it may not touch beside others, or what is not held, all is undone and the block is
/// executed in order.
class BlockExecution
{
public:
    BlockExecution();
    ~BlockExecution();
    BlockExecution(const BlockExecution&) = delete;
    BlockExecution& operator=(const BlockExecution&) = delete;

    /// Takes a block in. @p workers: how many may take part at most, the leader included.
    void begin(World& world, const BlockContext& context, std::vector<Transaction> transactions,
        ExecutionOptions options = {}, unsigned workers = 1);
    /// Whether helpers should be called: the block looks worth their trouble. Known after begin().
    [[nodiscard]] bool wants_help() const noexcept { return wants_help_; }
    /// Declares accesses and builds the dependency graph; reads the world, writes nothing.
    void plan();
    /// Whether the world must hold the contract before run(); known after plan().
    [[nodiscard]] bool touches(ContractId id) const noexcept
    {
        return options_.observed != 0 || plan_.touched()[index(id)] != 0;
    }
    /// Executes the block. False if it must be executed once more with every contract held: a
    /// transaction touched more than it declared. Everything is then as it was before.
    [[nodiscard]] bool run();
    /// Executes the block in order, each transaction free to touch what it wants; after run() has
    /// returned false. Every contract must be held.
    void redo();
    /// What helper number @p worker (from 1, below begin()'s workers) does: a share of the
    /// declaring, of the connecting and of the executing, then of the hashing while the leader
    /// applies the block; returns when the leader needs it no more, in the end before seal() does.
    void assist(unsigned worker);

    /// Sends helpers away from a block that will not be executed.
    void cancel() noexcept { stage_.store(Stage::closed, std::memory_order_release); }

    /// Whether run() ran, or will run, the block in parallel; known after plan(). False after a
    /// redo().
    [[nodiscard]] bool is_parallel() const noexcept { return is_parallel_; }
    /// How many records the block's transactions touched without having declared them, those aside
    /// whose transactions were stopped; valid until the next begin().
    [[nodiscard]] std::size_t undeclared_touches() const noexcept;
    /// Measured nanoseconds of each transaction, with ExecutionOptions::measure_costs.
    [[nodiscard]] const std::vector<std::uint32_t>& costs_ns() const noexcept { return costs_ns_; }
    [[nodiscard]] const CostModel& cost_model() const noexcept { return cost_model_; }
    /// Where the time of the block went so far, by the leader's clock.
    struct Times
    {
        double declare_ns = 0;
        double connect_ns = 0;  // 0 unless the graph was built.
        double run_ns = 0;
    };
    [[nodiscard]] const Times& times() const noexcept { return times_; }

    /// Pays fees and rewards, collects events and snapshots and, at a checkpoint, computes the root
    /// of the whole state: after it the world is as the block leaves it, and leases may go home.
    /// Aborts if a token's balances and supply no longer agree (a bug of a contract).
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
    /// Each event, snapshots included, with its encoding; valid as long.
    template <typename Visitor>
    void for_each_event(Visitor&& visit) const
    {
        for (const auto& event : block_.events)
            visit(event, ByteView{block_.event_bytes}.subspan(event.offset, event.size));
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
    void execute_timed(std::uint32_t transaction, unsigned worker) noexcept;
    void finish_transaction(std::uint32_t transaction, unsigned worker);
    void show(std::uint32_t transaction, const Returns& returns) const;
    void prefetch(std::uint32_t transaction) const noexcept;
    void prefetch_input(std::uint32_t transaction) const noexcept;
    void name_accounts();
    void reset_counters();
    void run_serial(bool is_redo);
    void work(unsigned worker);
    void work_inside(unsigned worker);
    void undo_block() noexcept;
    [[nodiscard]] bool release(std::uint32_t transaction) noexcept;
    [[nodiscard]] std::uint32_t take_ready() noexcept;
    void learn_costs();
    void open_hashing();
    void encode_receipt_of(std::uint32_t transaction, Bytes& out) const;
    [[nodiscard]] bool may_choose() const noexcept;
    /// Does with coins what consensus wants, and adds to what was minted and burnt.
    /// What shares of the fee pool come to.
    void price_fees(std::vector<Reward>& rewards) const;
    [[nodiscard]] AccountId fee_pool() const;
    void settle(const Reward& reward, Amount& minted, Amount& burnt);
    void collect_writes();
    void collect_receipts();
    void collect_snapshots();
    void collect_growth();
    void append(const EventArena& arena, EventRecord event);

    /// What helpers are to do.
    enum class Stage : std::uint8_t
    {
        declaring,
        connecting,
        executing,
        hashing,  // The leader applies the block; what is executed can be hashed.
        closed,
    };

    World* world_ = nullptr;
    BlockContext context_;
    ExecutionOptions options_;
    std::vector<Transaction> transactions_;
    // How many there were before the block, and with those that its transactions name.
    std::size_t accounts_before_ = 0;
    std::size_t contracts_before_ = 0;
    std::size_t accounts_named_ = 0;
    unsigned worker_count_ = 1;
    CostModel cost_model_;
    ModeChooser chooser_;
    ModeChooser::Block features_;
    BlockPlan plan_;
    bool wants_help_ = false;
    bool is_parallel_ = false;
    Times times_;
    std::vector<Returns> returns_;
    std::vector<std::uint32_t> costs_ns_;  // 0: not timed.

    struct Worker;
    std::vector<std::unique_ptr<Worker>> workers_;
    struct Mark;
    std::unique_ptr<Mark[]> marks_;  // By worker.
    std::vector<Outcome> outcomes_;
    /// Predecessors that are not done yet, and one for the scan that has not come by.
    std::unique_ptr<std::atomic<std::uint32_t>[]> pending_;
    /// Transactions that became ready while their worker had another one to go on with: number + 1,
    /// 0 where none has been put yet.
    std::unique_ptr<std::atomic<std::uint32_t>[]> ready_queue_;
    /// The block's transactions from run() on, wherever the vector goes that holds them.
    std::span<const Transaction> executed_;
    std::size_t armed_size_ = 0;
    std::uint32_t chunk_max_ = 1;  // Transactions a worker scans at a time.
    alignas(64) std::atomic<Stage> stage_{Stage::closed};
    alignas(64) std::atomic<std::uint32_t> cursor_{0};
    alignas(64) std::atomic<std::uint32_t> finished_{0};
    /// A transaction was stopped: nobody begins another one.
    alignas(64) std::atomic<bool> must_redo_{false};
    std::atomic<unsigned> inside_{0};  // Workers that may be executing.
    alignas(64) std::atomic<std::uint32_t> ready_end_{0};
    alignas(64) std::atomic<std::uint32_t> ready_begin_{0};
    CommitHashing hashing_;

    // The block under way, from apply() to seal().
    FinishedBlock block_;
    WriteSet writes_;
    Amount tips_;   // To the proposer, wei.
    Amount burnt_;  // Base fees, wei.
};

/// Who may help with the block under execution. A helper may come after its block has ended and the
/// buffers serve the next one: only who names the open epoch gets in.
class ExecutionGate
{
public:
    BlockExecution execution;

    /// Lets helpers of @p epoch in; called between begin() and plan().
    void open(std::uint64_t epoch) noexcept;
    /// Lets nobody in any more and waits for those inside: until the block is executed, and for
    /// roots they have begun.
    void close() noexcept;
    /// Helps with the block of @p epoch as @p worker, if it is still under way.
    void assist(std::uint64_t epoch, unsigned worker);

private:
    static constexpr std::uint64_t inside_mask = 0xFF;

    std::atomic<std::uint64_t> epoch_and_inside_{
        0};  // Epoch << 8 | helpers inside; epoch 0: closed.
};

/// Runs a block's calls one after another on this thread, with everything held by @p world: all
/// steps from begin() to seal(). For genesis, verification and tests.
[[nodiscard]] FinishedBlock execute_block(BlockExecution& execution, World& world,
    const BlockContext& context, const BlockHeader& parent, const Hash& parent_hash,
    std::uint64_t finalized_block, std::vector<Transaction> transactions,
    std::vector<Reward> rewards, ExecutionOptions options = {});

}  // namespace runnel
