#pragma once

#include "execution/access.hpp"
#include "execution/context.hpp"
#include "execution/cost_model.hpp"
#include "ledger/transaction.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace runnel
{

/// How a block is planned.
struct PlanOptions
{
    bool free_gas = false;    // The sender's account is not touched by every transaction.
    double forget_share = 0;  // The probability with which a declared access is dropped: a fault.
    BlockContext block;       // What dry runs see.
};

/// The dependency graph of a block, from what its transactions declare.
///
/// Two steps, each shared by any number of workers: declare() collects accesses; connect() links
/// every access to the next one of the same object that may not pass it. Objects are divided into
/// shards by their hash, and each shard is connected in block order by one worker. Of each object a
/// write comes after all that touched it before, reads since the same write run side by side, and
/// additions run side by side as long as nobody reads or writes the record in the block. There are
/// no lists of edges: every access has one successor and a link to its siblings, so the graph lies
/// in the accesses themselves. See docs/execution.md.
class BlockPlan
{
public:
    /// Begins a block, to be planned by up to @p workers workers.
    void begin(const World& world, std::span<const Transaction> transactions,
        const PlanOptions& options, const CostModel& costs, unsigned workers);
    /// Declares a share of the transactions as worker @p worker; returns when none is left to take.
    void declare(unsigned worker);
    /// Every transaction has been declared, and no worker inside declare() writes any more.
    [[nodiscard]] bool declared() const noexcept
    {
        return declared_.load(std::memory_order_acquire) == nodes_.size();
    }
    /// Puts together what the workers noted; after it touched() and access_count() are known.
    void gather();
    /// Links the accesses of the first transactions and returns false when they form little more
    /// than a chain: the sum of their costs is below @p parallelism_min times the costliest path.
    /// Otherwise the shards are there to be connected.
    bool begin_connecting(double parallelism_min);
    /// Links the accesses of shards that nobody has begun; returns when none is left to take.
    void connect();
    /// Every shard has been connected.
    [[nodiscard]] bool connected() const noexcept
    {
        return connected_.load(std::memory_order_acquire) == shard_count_;
    }
    /// What begin_connecting() says of the first transactions, of the whole block.
    bool finish_connecting();
    /// All of the above on this thread.
    void build(const World& world, std::span<const Transaction> transactions, bool free_gas);

    /// Makes the slots of the declared records that have none yet. Nobody may read the world.
    void make_slots(World& world);

    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    /// Known after gather().
    [[nodiscard]] std::span<Access> accesses(std::uint32_t transaction) noexcept
    {
        const auto& node = nodes_[transaction];
        return {bases_[node.worker] + node.first, node.count};
    }
    [[nodiscard]] std::span<const Access> accesses(std::uint32_t transaction) const noexcept
    {
        const auto& node = nodes_[transaction];
        return {bases_[node.worker] + node.first, node.count};
    }
    [[nodiscard]] std::size_t access_count() const noexcept { return access_count_; }
    /// Contracts that own a declared record: 1, by contract id. All, if one is to be deployed.
    [[nodiscard]] const std::vector<std::uint8_t>& touched() const noexcept { return touched_; }
    /// A transaction deploys a contract: the block must run in order.
    [[nodiscard]] bool deploys() const noexcept { return deploys_; }
    /// The transaction names somebody as it may not: see state/references.hpp.
    [[nodiscard]] bool is_malformed(std::uint32_t transaction) const noexcept
    {
        return nodes_[transaction].is_malformed;
    }

    /// Calls @p visit with each transaction that waits for @p transaction, once per object they
    /// share in that order.
    template <typename Visitor>
    void for_each_successor(std::uint32_t transaction, Visitor&& visit) const
    {
        for (const auto& access : accesses(transaction))
            for_each_successor(access, visit);
    }
    template <typename Visitor>
    void for_each_successor(const Access& access, Visitor&& visit) const
    {
        if (access.next != no_transaction)
            visit(access.next);
        else if (access.mode == AccessMode::write || access.ordered)
        {
            for (auto slot = access.sibling; slot != no_slot; slot = at(slot).sibling)
                visit(at(slot).transaction);
        }
    }
    /// How many accesses of other transactions must be over before a transaction may run: per
    /// object one write, or all reads since the last write.
    [[nodiscard]] std::uint32_t predecessor_count(std::uint32_t transaction) const noexcept
    {
        std::uint32_t count = 0;
        for (unsigned s = 0; s < shard_count_; ++s)
            count += shards_[s].predecessors[transaction];
        return count;
    }
    /// Predicted nanoseconds of one transaction, of all, and of the costliest path of dependencies,
    /// which no number of workers can undercut. The last is exact after build(); otherwise it may
    /// cover the first transactions only, as far as the choice of a mode needs it.
    [[nodiscard]] std::uint32_t cost(std::uint32_t transaction) const noexcept
    {
        return nodes_[transaction].cost;
    }
    [[nodiscard]] std::uint64_t total_cost() const noexcept { return total_cost_; }
    [[nodiscard]] std::uint64_t critical_cost() const noexcept { return critical_cost_; }

private:
    struct Node
    {
        std::uint32_t first = 0;  // Of its accesses in the worker's share.
        std::uint32_t count = 0;
        std::uint32_t cost = 0;
        std::uint32_t worker = 0;
        bool is_malformed = false;
    };
    /// How many parts the objects are divided into at most: as many as can be connected at a time.
    static constexpr unsigned shards_max = 8;
    /// An access as whoever connects it meets it.
    struct Item
    {
        std::uint32_t hash = 0;      // Of its object.
        std::uint32_t position = 0;  // In its worker's share.
    };
    /// What one worker declared.
    struct alignas(64) Share
    {
        std::vector<Access> accesses;
        std::array<std::vector<Item>, shards_max> items;  // By the shard of their objects.
        std::vector<std::uint32_t> missing;               // Positions of accesses without a record.
        std::vector<std::uint8_t> touched;
        WorkerArena dry_arena;  // Of dry runs.
        bool deploys = false;
    };
    /// An object's latest write, or the first access of its latest group.
    struct Entry
    {
        std::uint32_t hash = 0;
        std::uint32_t slot_plus_1 = 0;    // 0: free.
        std::uint32_t writer_plus_1 = 0;  // The transaction of the latest write; 0: none.
    };

    /// Neighbouring transactions that one worker declared: where their items lie.
    struct Chunk
    {
        std::uint32_t worker = 0;
        std::array<std::uint32_t, shards_max> begin{};
        std::array<std::uint32_t, shards_max> end{};
    };
    /// A part of the objects, with what connecting them needs.
    struct alignas(64) Shard
    {
        std::vector<Entry> entries;
        std::uint32_t mask = 0;
        std::uint32_t chunk = 0;                  // The next one to be connected.
        std::vector<std::uint32_t> predecessors;  // By transaction.
    };

    // A slot names an access of the block: worker << 24 | position in its share.
    static constexpr unsigned slot_bits = 24;
    [[nodiscard]] Access& at(std::uint32_t slot) noexcept
    {
        return bases_[slot >> slot_bits][slot & ((1U << slot_bits) - 1)];
    }
    [[nodiscard]] const Access& at(std::uint32_t slot) const noexcept
    {
        return bases_[slot >> slot_bits][slot & ((1U << slot_bits) - 1)];
    }
    void declare_one(std::uint32_t transaction, std::uint32_t worker);
    /// Adds what the transaction touches when it runs on committed state.
    void run_dry(
        std::uint32_t transaction, WorkerArena& arena, AccessCollector& collector) const noexcept;
    void forget_some(std::vector<Access>& accesses, std::size_t first, std::uint32_t i) const;
    void begin_shard(unsigned number);
    void connect_shard(unsigned number, std::uint32_t chunk_end);
    void connect_one(Shard& shard, Access& access, std::uint32_t slot, Entry& entry);
    void find_critical_path(std::uint32_t count);
    /// Whether the first @p count transactions, of which find_critical_path() knows, cost so many
    /// times their costliest path.
    [[nodiscard]] bool reaches(double parallelism, std::uint32_t count) const noexcept;

    const World* world_ = nullptr;
    std::span<const Transaction> transactions_;
    const CostModel* costs_ = nullptr;
    PlanOptions options_;
    std::vector<Node> nodes_;
    std::vector<std::unique_ptr<Share>> shares_;
    std::vector<Access*> bases_;  // Of the shares' accesses, once they grow no more.
    std::vector<std::uint8_t> touched_;
    std::vector<Chunk> chunks_;  // In block order.
    std::array<Shard, shards_max> shards_;
    unsigned shard_count_ = 1;
    std::vector<std::uint64_t> finish_;  // Predicted, of each transaction with workers enough.
    double parallelism_min_ = 0;
    bool deploys_ = false;
    bool is_clear_ = false;  // The first transactions have far more parallelism than that.
    std::size_t access_count_ = 0;
    std::uint64_t total_cost_ = 0;
    std::uint64_t critical_cost_ = 0;
    alignas(64) std::atomic<std::uint32_t> cursor_{0};
    alignas(64) std::atomic<std::uint32_t> declared_{0};
    alignas(64) std::atomic<unsigned> shard_cursor_{0};
    alignas(64) std::atomic<unsigned> connected_{0};
};

}  // namespace runnel
