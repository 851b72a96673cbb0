#pragma once

#include "ledger/transaction.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace runnel
{

class World;

/// How the slot's proposer orders transactions; ties break by content, never by arrival in memory.
enum class Ordering : std::uint8_t
{
    priority_fee,  // Highest effective tip first, then earliest virtual arrival.
    fifo,          // (virtual arrival time, sender, nonce).
    random,        // A seeded shuffle.
};
[[nodiscard]] std::string_view to_string(Ordering ordering) noexcept;

struct MempoolOptions
{
    Ordering ordering = Ordering::priority_fee;
    std::uint32_t capacity = 100'000;      // Transactions; beyond it the cheapest are evicted.
    std::int64_t lifetime_ms = 3'600'000;  // Older ones are dropped. Virtual time.
    std::uint64_t seed = 0;                // Of the random ordering.
};

/// Transactions that wait for a block. One owner at a time: it travels between the
/// director, who adds, and the proposers.
///
/// Its contents are a set: what it returns depends on which transactions were added, not on the
/// order in which batches arrived.
class Mempool
{
public:
    explicit Mempool(MempoolOptions options) : options_{options} {}

    void add(std::vector<Transaction> transactions);

    /// Takes the transactions of the next block out, in their order in it.
    ///
    /// A transaction is fit if its maximal fee covers the base fee, its nonce is its sender's next
    /// one (counting those before it in the block), its sender can pay its gas limit at its maximal
    /// fee, and its gas limit fits in what is left of the block's. @p head stands ahead of them:
    /// its gas, nonces and fees are taken.
    [[nodiscard]] std::vector<Transaction> build_block(const World& world,
        std::uint64_t block_number, std::uint64_t base_fee, std::uint64_t gas_limit,
        std::int64_t now_ms, std::span<const Transaction> head = {});

    struct Dropped
    {
        AccountId sender{};
        std::uint64_t nonce = 0;
    };
    /// Transactions that build_block() gave up (expired, evicted, replaced, unaffordable), sorted.
    [[nodiscard]] std::vector<Dropped> take_dropped();
    [[nodiscard]] std::size_t size() const noexcept { return pool_.size(); }
    /// What waits, in the order of hashes: a set has no other. Valid until the pool changes.
    [[nodiscard]] std::vector<const Transaction*> waiting() const;

private:
    struct Candidate
    {
        std::uint64_t first = 0;   // Larger is better.
        std::uint64_t second = 0;  // Smaller is better.
        std::uint64_t third = 0;   // Smaller is better.
        std::uint32_t slot = 0;
    };
    /// A sender's progress within the block that is being built.
    struct SenderProgress
    {
        AccountId sender{};
        std::uint64_t next_nonce = 0;
        Amount spendable;
        std::vector<std::uint32_t> waiting;  // Fit but for an earlier nonce: slots.
    };
    void put_ahead(std::span<const Transaction> head, const World& world);
    [[nodiscard]] SenderProgress& progress_of(AccountId sender, const World& world);
    void forget_progress() noexcept;
    [[nodiscard]] bool before(const Candidate& a, const Candidate& b) const noexcept;
    [[nodiscard]] Candidate rank(
        std::uint32_t slot, std::uint64_t block_number, std::uint64_t base_fee) const;
    void drop(std::uint32_t slot);
    void evict();
    void remove_taken();

    MempoolOptions options_;
    std::vector<Transaction> pool_;
    std::vector<bool> gone_;  // Beside pool_: taken or dropped in this round.
    std::vector<Dropped> dropped_;
    std::vector<SenderProgress> progress_;  // The first `senders_` of them; the others are kept
    std::size_t senders_ = 0;               // for their memory.
    std::vector<std::uint32_t> progress_plus_1_;  // By account: where its progress is; 0: none.
};

}  // namespace runnel
