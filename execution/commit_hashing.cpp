#include "execution/commit_hashing.hpp"

#include "execution/rewards_root.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace runnel
{
namespace
{
void put_record(const RecordTable& table, std::uint64_t key, const void* record, Bytes& out)
{
    Encoder encoder{out};
    encoder.put(table.number());
    encoder.put(key);
    table.format().encode(record, out);
}
}  // namespace

void CommitHashing::open(
    std::span<const Transaction> transactions, EncodeReceipt encode_receipt, unsigned workers)
{
    transactions_ = transactions;
    encode_receipt_ = std::move(encode_receipt);
    if (batches_.size() < workers)
        batches_.resize(workers);
    parts_ = static_cast<std::uint32_t>((transactions.size() + part_leaves - 1) / part_leaves);
    transaction_tops_.resize(parts_);
    arrival_tops_.resize(parts_);
    receipt_tops_.resize(parts_);
    writes_.clear();
    writes_in_message_ = 0;
    system_writes_.clear();
    done_.store(0, std::memory_order_relaxed);
    begun_.store(0, std::memory_order_relaxed);
}

void CommitHashing::help(unsigned worker)
{
    for (;;)
    {
        const auto part = begun_.fetch_add(1, std::memory_order_relaxed);
        if (part >= parts_)
            return;
        compute(part, batches_[worker]);
        done_.fetch_add(1, std::memory_order_release);
    }
}

void CommitHashing::compute(std::uint32_t part, HashBatch& batch)
{
    // Leaves from a multiple of a power of two on: the root over them is a node of the whole tree.
    const auto first = part * part_leaves;
    const auto end =
        std::min(static_cast<std::uint32_t>(transactions_.size()), first + part_leaves);
    std::vector<Hash> leaves;
    leaves.reserve(end - first);
    for (auto i = first; i < end; ++i)
    {
        encode_receipt_(i, batch.bytes());
        batch.end_message();
        if (batch.is_full() || i + 1 == end)
        {
            const auto hashes = batch.take_leaves();
            leaves.insert(leaves.end(), hashes.begin(), hashes.end());
        }
    }
    receipt_tops_[part] = merkle_root(std::move(leaves));
    leaves.clear();
    for (auto i = first; i < end; ++i)
        leaves.push_back(transactions_[i].hash);
    transaction_tops_[part] = merkle_root(std::move(leaves));
    Encoder arrivals{batch.bytes()};
    for (auto i = first; i < end; ++i)
        arrivals.put(transactions_[i].arrival_ms);
    batch.end_message();
    arrival_tops_[part] = batch.take_leaves().front();
}

void CommitHashing::add_write(const RecordTable& table, std::uint64_t key, const void* record)
{
    put_record(table, key, record, writes_.bytes());
    if (++writes_in_message_ == records_per_digest)
    {
        writes_.end_message();
        writes_in_message_ = 0;
    }
}

void CommitHashing::add_system_write(
    const RecordTable& table, std::uint64_t key, const void* record)
{
    put_record(table, key, record, system_writes_);
}

void CommitHashing::finish(
    BlockHeader& header, const Hash& parent_state_root, std::span<const Reward> rewards)
{
    help(0);
    if (writes_in_message_ != 0)
        writes_.end_message();
    Bytes state;
    Encoder encoder{state};
    encoder.put(parent_state_root);
    for (const auto& digest : writes_.take_hashes())
        encoder.put(digest);
    encoder.put_raw(system_writes_);
    header.state_root = keccak256(state);

    header.rewards_root = rewards_root(rewards, batches_[0]);

    for (unsigned rounds = 0; done_.load(std::memory_order_acquire) != parts_; ++rounds)
    {
        if (rounds > 200)  // A part takes some tens of microseconds.
            std::this_thread::yield();
    }
    header.transactions_root = merkle_root(std::exchange(transaction_tops_, {}));
    header.arrivals_root = merkle_root(std::exchange(arrival_tops_, {}));
    header.receipts_root = merkle_root(std::exchange(receipt_tops_, {}));
}

}  // namespace runnel
