#pragma once

#include "ledger/block.hpp"
#include "ledger/hash_batch.hpp"
#include "state/table.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace runnel
{

/// Hashes what a block commits to: its transactions, receipts, rewards and the records it wrote.
///
/// The trees over transactions and receipts are computed in parts by whoever has time: by the
/// leader, and by helpers while the leader applies the block. A part is a subtree of each of both,
/// wide enough for its nodes to be hashed several at a time.
class CommitHashing
{
public:
    /// Leaves of a part, a power of two.
    static constexpr std::uint32_t part_leaves = 256;
    /// Of a block's tree over times of arrival a leaf holds those of so many transactions: each is
    /// 8 bytes.
    static constexpr std::uint32_t arrivals_per_leaf = part_leaves;
    /// Records whose encodings are hashed together into one part of the state root.
    static constexpr std::size_t records_per_digest = 64;

    /// Appends what the leaf of receipt number @p i is the hash of. Several threads call it at
    /// once.
    using EncodeReceipt = std::function<void(std::uint32_t i, Bytes& out)>;

    /// From now on there are parts to be computed, by @p workers workers at most. The transactions
    /// must stay where they are, and the receipts what they are, until finish().
    void open(
        std::span<const Transaction> transactions, EncodeReceipt encode_receipt, unsigned workers);
    /// Computes parts that nobody has begun.
    void help(unsigned worker);

    // The leader's, between open() and finish():

    /// A record that the block's transactions wrote, in the order of first writes.
    void add_write(const RecordTable& table, std::uint64_t key, const void* record);
    /// A record that was written after the transactions.
    void add_system_write(const RecordTable& table, std::uint64_t key, const void* record);
    /// Where to append what else was written after the transactions.
    [[nodiscard]] Bytes& system_writes() noexcept { return system_writes_; }
    /// Computes what is left, waits for what helpers have begun, and sets the roots of @p header
    /// but the checkpoint's.
    void finish(
        BlockHeader& header, const Hash& parent_state_root, std::span<const Reward> rewards);

private:
    void compute(std::uint32_t part, HashBatch& batch);

    std::span<const Transaction> transactions_;
    EncodeReceipt encode_receipt_;
    std::vector<HashBatch> batches_;      // By worker.
    std::vector<Hash> transaction_tops_;  // By part.
    std::vector<Hash> arrival_tops_;
    std::vector<Hash> receipt_tops_;
    std::uint32_t parts_ = 0;
    alignas(64) std::atomic<std::uint32_t> begun_{0};
    alignas(64) std::atomic<std::uint32_t> done_{0};

    HashBatch writes_;  // A message for each digest.
    std::size_t writes_in_message_ = 0;
    Bytes system_writes_;
};

}  // namespace runnel
