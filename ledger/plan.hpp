#pragma once

#include "ledger/access.hpp"
#include "ledger/transaction.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

/// The dependency graph of a block, from what its transactions declare.
///
/// Objects are numbered within the block. A transaction depends on the last one before it that
/// writes an object it touches, and, for what it writes itself, on the readers since.
class BlockPlan
{
public:
    /// Collects accesses of @p transactions (sender's account included) and connects them.
    void build(const World& world, std::span<const Transaction> transactions, bool free_gas);

    [[nodiscard]] std::span<Access> accesses(std::uint32_t transaction) noexcept
    {
        return std::span{accesses_}.subspan(first_access_[transaction],
            first_access_[transaction + 1] - first_access_[transaction]);
    }
    [[nodiscard]] std::span<Access> all_accesses() noexcept { return accesses_; }
    [[nodiscard]] std::span<const std::uint32_t> successors(
        std::uint32_t transaction) const noexcept
    {
        return std::span{successors_}.subspan(first_successor_[transaction],
            first_successor_[transaction + 1] - first_successor_[transaction]);
    }
    [[nodiscard]] std::uint32_t predecessor_count(std::uint32_t transaction) const noexcept
    {
        return predecessor_counts_[transaction];
    }
    [[nodiscard]] std::uint32_t object_count() const noexcept { return object_count_; }
    /// Transactions on the longest chain of dependencies: what no number of workers can undercut.
    [[nodiscard]] std::uint32_t critical_path() const noexcept { return critical_path_; }
    [[nodiscard]] std::size_t size() const noexcept { return predecessor_counts_.size(); }

private:
    struct Object
    {
        const RecordTable* table = nullptr;
        std::uint64_t key = 0;
        std::uint32_t last_writer = 0;   // Transaction + 1; 0: none.
        std::uint32_t first_reader = 0;  // Head of the list of readers since; index + 1.
    };
    struct Reader
    {
        std::uint32_t transaction = 0;
        std::uint32_t next = 0;  // Index + 1.
    };

    std::uint32_t find_object(const Access& access);
    void connect();

    std::vector<Access> accesses_;
    std::vector<std::uint32_t> first_access_;
    std::vector<std::uint64_t> edges_;  // predecessor << 32 | successor
    std::vector<std::uint32_t> successors_;
    std::vector<std::uint32_t> first_successor_;
    std::vector<std::uint32_t> predecessor_counts_;
    std::vector<std::uint32_t> depths_;
    std::uint32_t critical_path_ = 0;
    std::uint32_t object_count_ = 0;
    std::vector<Object> objects_;
    std::vector<Reader> readers_;
    std::vector<std::uint32_t> buckets_;  // Object + 1 by hash; cleared for each block.
};

}  // namespace runnel
