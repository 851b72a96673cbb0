#pragma once

#include "consensus/block_times.hpp"
#include "consensus/consensus.hpp"
#include "consensus/mempool.hpp"
#include "consensus/schedule.hpp"
#include "consensus/script.hpp"
#include "execution/parallelism.hpp"
#include "ledger/block.hpp"
#include "state/checkpoint.hpp"
#include "strategies/api/strategy.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

/// Where finished blocks go. Called on the ledger writer's own thread, in block order.
///
/// Throws std::exception with a message for people when the world fails (disk full, I/O error).
class BlockSink
{
public:
    virtual ~BlockSink() = default;
    virtual void append(std::shared_ptr<const FinishedBlock> block) = 0;
    /// The whole state behind block @p block_number, the last one appended: what a run needs to go
    /// on from there. The run waits while the sink pulls it. A sink that keeps none does nothing.
    virtual void checkpoint(std::uint64_t /*block_number*/, CheckpointSource& /*parts*/) {}
    /// Makes what was appended safe: the run is about to be given up.
    virtual void flush() {}
    /// After the last block, of a run that ended well or was interrupted.
    virtual void finish() = 0;
};

/// One [agents.NAME] table: wallets that share a strategy.
struct AgentGroupSetup
{
    std::string name;
    const StrategyType* strategy = nullptr;
    Parameters parameters;
    std::vector<AccountId> accounts;
    std::vector<Arrival> arrivals;  // Instead, by number: its wallets come with later blocks.
    Distribution priority_fee;      // Gwei per gas.
    Distribution max_base_fee_multiple;
    Distribution max_fee{.a = 1e9};  // Gwei per gas: no bid is above it.
    struct Stop
    {
        std::uint64_t from = 0;   // Its wallets decide nothing from this block
        std::uint64_t until = 0;  // to the one before this.
    };
    std::vector<Stop> stops;
    /// From a block on its wallets have other parameters; each holds all of them.
    struct Change
    {
        std::uint64_t from = 0;
        Parameters parameters;
        Distribution priority_fee;
        Distribution max_base_fee_multiple;
        Distribution max_fee;
    };
    std::vector<Change> changes;  // Ascending by their blocks.

    [[nodiscard]] std::size_t size() const noexcept { return accounts.size() + arrivals.size(); }
};

/// A chain at its block 0 and everything that moves it from there.
struct SimulationSetup
{
    std::unique_ptr<World> world;
    /// Makes another one, as block 0 leaves it. Called on the director's thread.
    std::function<std::unique_ptr<World>()> make_world;
    FinishedBlock genesis;  // Block 0, executed.
    std::vector<ValidatorStake> validators;
    double participation = 1;
    Amount block_reward;  // Wei.
    std::vector<AgentGroupSetup> groups;
    Script script;
    std::shared_ptr<ScriptObserver> script_observer;  // nullptr: nobody looks.
    std::shared_ptr<const ReferencePrices> prices;
    FeeSchedule fees;
    MempoolOptions mempool;
    MakerConducts conducts;  // Of those who make blocks in a network.
    /// Who gets tips, where they are not whose turn it was.
    std::optional<AccountId> fee_pool;
    /// How transactions are signed. With a scheme, those who send have the addresses of their keys.
    SignatureScheme signatures = SignatureScheme::none;
    /// How far into a slot those who watch the mempool see what has arrived, and act.
    std::int64_t mempool_seen_at_ms = 11'000;
    std::uint64_t seed = 0;
    std::uint64_t blocks = 0;
    std::uint32_t slot_seconds = 12;
    BlockTimes times;  // Where they are not a slot apart.
    /// Who makes blocks and when, instead of proposers drawn by stake in even slots. Makes the
    /// engine from block 0 on; nodes run in so many shards. Empty: proposers are drawn.
    std::function<std::unique_ptr<ConsensusEngine>(ShardRunner&, std::uint32_t shards)> make_engine;
    ChainSchedule::Options schedule;  // Of that engine; makers are `validators`.
    /// When transactions get to the makers of blocks; empty: at once.
    std::optional<TransactionGossip> gossip;
    /// Blocks between checkpoints, roots of the whole state and full checks of all invariants.
    std::uint64_t checkpoint_interval = 1000;
    /// A checkpoint of this chain to go on from; nullptr: from block 0, which is then the first
    /// block that the sink gets.
    std::shared_ptr<CheckpointSource> resume_from;
};

/// Told of every phase of every block as it ends, by the director. Costs a call per phase.
class PhaseTrace
{
public:
    using Clock = std::chrono::steady_clock;
    virtual ~PhaseTrace() = default;
    /// @p name as PhaseSeconds calls it.
    virtual void phase(std::string_view name, std::uint64_t block, Clock::time_point start,
        Clock::time_point end) = 0;
};

/// Figures that others may read while a run is under way.
struct SimulationProgress
{
    std::atomic<std::uint64_t> blocks{0};
    std::atomic<std::uint64_t> transactions{0};
    std::atomic<bool> stop{false};  // Set to end the run at the next block boundary.
    /// Its actors' threads are there. What starts them does not come back when one is refused.
    std::atomic<bool> started{false};
};

/// A fault to plant, for tests and demonstrations of redundant execution.
struct BitFlip
{
    std::uint32_t replica = 0;
    std::uint64_t block = 0;  // Before it is executed, or the next one that has transactions.
    /// Whose record; zero_account: that of the block's first sender.
    AccountId account = zero_account;
};

/// More would not fit the count of helpers in the execution gate.
inline constexpr unsigned workers_max = 200;

struct SimulationOptions
{
    unsigned workers = 1;
    /// Fewer workers than that take part when the writer needs the core; see LoadGovernor.
    bool adapts_workers = false;
    /// Bytes that the process may have in memory; 0: any. Beyond it the run stops at a block
    /// boundary, resumable, with an error.
    std::uint64_t memory_ceiling = 0;
    /// Blocks that may wait for the writer: bounds memory.
    unsigned writer_credits = 32;
    /// Wallets per cohort actor. The chain does not depend on it.
    std::uint32_t cohort_size = 2048;
    /// Without any progress for so long the run is given up; 0: never. The clock decides nothing
    /// else.
    std::chrono::milliseconds stall_timeout{0};
    /// 2: every block is executed twice, by worlds of their own, and compared before anybody sees
    /// it. Needs SimulationSetup::make_world.
    unsigned replicas = 1;
    std::vector<BitFlip> flips;
    /// The probability with which a declared access is dropped, a fault that must change nothing.
    double forget_accesses = 0;
    /// The how-manieth of the blocks that are taken back stays in the state, a fault that must be
    /// found; 0: none.
    std::uint64_t forget_undo = 0;
    /// Called on the director's thread with one line for people; the run goes on.
    std::function<void(const std::string&)> warn;
    BlockSink* sink = nullptr;  // nullptr: persist nothing.
    SimulationProgress* progress = nullptr;
    PhaseTrace* trace = nullptr;
};

/// Wall-clock seconds that a run spent where; sums over its threads' shares of the director.
struct PhaseSeconds
{
    double decide = 0;  // Waiting for cohorts.
    double order = 0;   // The proposer's building of the block.
    double plan = 0;
    double execute = 0;  // Leases included.
    double commit = 0;   // Applying, hashing, sending home.
    double persist = 0;  // Waiting for the writer's credits; its own work runs beside all of this.
};

/// Blocks whose transactions are all timed, to say what more cores would give: a choice that no
/// clock makes, few enough to cost nothing, and the first so that a short run has one.
[[nodiscard]] constexpr bool is_sampled(std::uint64_t block_number) noexcept
{
    return block_number == 1 || block_number % 64 == 0;
}

struct SimulationResult
{
    std::uint64_t blocks = 0;  // Of the chain, block 0 not counted; likewise transactions.
    std::uint64_t transactions = 0;
    std::uint64_t reverted = 0;
    std::uint64_t resumed_at = 0;            // The checkpoint's block: those up to it were not run.
    std::uint64_t resumed_transactions = 0;  // Of those blocks.
    BlockHeader head;
    Hash head_hash;
    double elapsed_s = 0;
    PhaseSeconds phases;
    std::uint64_t repairs = 0;        // Of replicas that were wrong.
    std::uint64_t redone_blocks = 0;  // Executed once more in order: see BlockExecution::redo().
    ParallelismTotals parallelism;    // Of the sampled blocks, see is_sampled().
    double parallel_share = 0;        // Of transactions, executed in blocks that ran in parallel.
    /// Of an engine's network, as far as it ran.
    std::shared_ptr<ConsensusFigures> consensus = std::make_shared<ConsensusFigures>();
    std::uint64_t reverted_blocks = 0;  // Executed, and taken back.
    /// Transactions that had been sent when a block was made and that its maker had not heard of;
    /// of all blocks, those that were taken back too.
    std::uint64_t unheard = 0;
    /// Why an engine's chain ended before the scenario did; one line. Empty: it did not.
    std::string halted;
    bool interrupted = false;
    /// What ended the run early; one line. Empty: all is well.
    std::string error;
    bool error_is_bug = false;  // An invariant or an actor broke, rather than the world outside.
    /// The run stood still and was given up. Its threads are still there: the sink must not be
    /// touched, and the process can only leave with std::_Exit.
    bool stalled = false;
    /// As the last block left it, all contracts held; nullptr after an error.
    std::unique_ptr<World> world;
};

/// Runs a scenario on concurrent actors until its last block.
///
/// The chain is a function of @p setup alone: workers, cohort size and timing do not matter, nor
/// where it was interrupted and resumed. A crashed actor ends the run with an error, never with a
/// hang.
///
/// A sink gets a checkpoint every SimulationSetup::checkpoint_interval blocks, and where the run is
/// interrupted; none behind the last block of all.
[[nodiscard]] SimulationResult run_simulation(
    SimulationSetup setup, const SimulationOptions& options);

}  // namespace runnel
