#pragma once

#include "execution/access.hpp"
#include "ledger/ids.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace runnel
{

class BlockPlan;

/// That a transaction touches an object, which belongs to a contract.
struct Touch
{
    std::uint32_t object = 0;
    ContractId contract{};
    AccessMode mode = AccessMode::read;
};

/// In which order free workers take transactions that may run.
enum class ScheduleOrder : std::uint8_t
{
    block,          // The earliest in the block first.
    critical_path,  // The one with the most work on a chain behind it first.
    fifo,           // The one that became ready first.
};

/// What planning a block costs before, or while, its transactions run.
struct PlanningCost
{
    std::uint64_t ns = 0;
    /// The first transactions run while the later ones are being planned; otherwise nothing runs
    /// before all is planned. Either way the worker that plans joins the others when it is done.
    bool streamed = false;
};

/// The work of one block: what each transaction costs, and which must wait for which.
///
/// Two transactions conflict when they touch a common object in different modes, or both write it;
/// the later one in the block waits for the earlier. A pure function of what it is given: it reads
/// no clock. Costs are in nanoseconds, or in any other unit as long as it is the same throughout.
class BlockWork
{
public:
    /// A chain of transactions that conflict through one contract's objects.
    struct Chain
    {
        ContractId contract{};
        std::uint64_t longest = 0;  // The costliest chain.
        std::uint64_t work = 0;     // Of all transactions that touch the contract.
    };

    BlockWork() = default;
    /// A planned block with the cost of each transaction.
    BlockWork(const World& world, const BlockPlan& plan, std::span<const std::uint32_t> costs);

    /// The next transaction in block order, with each object that it touches once.
    void add(std::uint64_t cost, std::span<const Touch> touches);

    [[nodiscard]] std::size_t size() const noexcept { return costs_.size(); }
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
    /// The costliest chain of conflicts: no number of workers needs less.
    [[nodiscard]] std::uint64_t critical_path() const noexcept { return critical_path_; }
    /// total / critical path: no number of workers is faster than one by more. 1 for no work.
    [[nodiscard]] double parallelism() const noexcept;
    /// How long at most @p workers workers (1 or more) take, planning included. A worker too many
    /// can delay a greedy schedule; then it is left idle, so that the time never grows with
    /// @p workers, which it does not exceed at 1: planning + total().
    /// @p guesses: what the scheduler believes transactions cost, for ScheduleOrder::critical_path;
    /// empty: it knows.
    [[nodiscard]] std::uint64_t makespan(unsigned workers,
        ScheduleOrder order = ScheduleOrder::block, const PlanningCost& planning = {},
        std::span<const std::uint64_t> guesses = {}) const;
    /// By contract; those that are touched.
    [[nodiscard]] std::vector<Chain> chains() const;

private:
    // What happened to an object so far: a group of transactions that do not conflict over it, and
    // the group before.
    struct Object
    {
        AccessMode mode = AccessMode::read;
        std::vector<std::uint32_t> group;
        std::vector<std::uint32_t> before;
        // The costliest chains through the contract's objects that end in either group.
        std::uint64_t chain = 0;
        std::uint64_t chain_before = 0;
    };

    [[nodiscard]] std::uint64_t schedule(unsigned workers, ScheduleOrder order,
        const PlanningCost& planning, std::span<const std::uint64_t> guesses) const;

    std::vector<std::uint64_t> costs_;
    std::vector<std::vector<std::uint32_t>> successors_;
    std::vector<std::uint32_t> predecessors_;  // How many.
    std::vector<std::uint64_t> finish_;        // The costliest chain up to and with each.
    std::vector<Object> objects_;
    std::map<ContractId, Chain> chains_;
    std::uint64_t total_ = 0;
    std::uint64_t critical_path_ = 0;
};

/// What more workers would give, over many blocks.
class ParallelismTotals
{
public:
    static constexpr std::array<unsigned, 7> worker_counts{1, 2, 4, 8, 16, 32, 64};

    /// Adds a block; @p planning is what planning it costs.
    void add(const BlockWork& work, const PlanningCost& planning = {});

    [[nodiscard]] std::uint64_t blocks() const noexcept { return blocks_; }
    [[nodiscard]] std::uint64_t transactions() const noexcept { return transactions_; }
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
    [[nodiscard]] double parallelism() const noexcept;
    /// How many times faster than one worker that needs no plan, at worker_counts[@p i].
    [[nodiscard]] double speed_up(std::size_t i) const noexcept;
    /// For each contract that is touched, the share of all work that lies on its longest chains:
    /// 0.41 says that the contract alone makes 41% of the chain serial.
    [[nodiscard]] std::map<ContractId, double> serialised() const;

private:
    std::uint64_t blocks_ = 0;
    std::uint64_t transactions_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t critical_path_ = 0;
    std::array<std::uint64_t, worker_counts.size()> makespans_{};
    std::map<ContractId, std::uint64_t> chains_;
};

}  // namespace runnel
