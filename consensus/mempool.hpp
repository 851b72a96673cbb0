#pragma once

#include "consensus/block_builder.hpp"
#include "consensus/builders.hpp"
#include "consensus/network/gossip.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace runnel
{

/// What becomes of a block, and whose it is.
struct BlockFate
{
    /// Of one that does not stay nothing is given up: what it leaves may be of use where another
    /// one is in its place.
    bool stays = true;
    /// Made in secret: what everybody was told gives way to what its miner alone knows. In other
    /// blocks that waits.
    bool is_secret = false;
    /// Of a network's: who makes it, and when, by the network's time.
    NodeId maker = 0;
    VirtualTime made_at = 0;
};

/// Transactions that wait for a block. One owner at a time: it travels between the
/// director, who adds, and the proposers.
///
/// Its contents are a set: what it returns depends on which transactions were added, not on the
/// order in which batches arrived.
class Mempool
{
public:
    /// @param gossip  With it each maker has a mempool of its own: what it has heard of. Without it
    /// whatever waits is known to all.
    explicit Mempool(
        MempoolOptions options, std::optional<TransactionGossip> gossip = std::nullopt);

    void add(std::vector<Transaction> transactions);

    /// Takes the transactions of the next block out, in their order in it: see BlockBuilder. @p
    /// head stands ahead of them: its gas, nonces and fees are taken.
    [[nodiscard]] std::vector<Transaction> build_block(const World& world, const BlockSlot& slot,
        std::span<const Transaction> head = {}, const BlockFate& fate = {});
    /// How many that had been sent when that block was made its maker had not heard of.
    [[nodiscard]] std::size_t unheard() const noexcept { return unheard_; }
    /// Who gets the tips of the block that was built last.
    [[nodiscard]] AccountId fee_recipient() const noexcept { return fee_recipient_; }

    /// Transactions that build_block() gave up, by sender, nonce and hash.
    [[nodiscard]] std::vector<DroppedTransaction> take_dropped();
    [[nodiscard]] std::size_t size() const noexcept { return pool_.size(); }
    /// What waits, in the order of hashes: a set has no other. Valid until the pool changes.
    [[nodiscard]] std::vector<const Transaction*> waiting() const;

private:
    void drop(std::uint32_t slot, DropReason reason);
    struct Part
    {
        std::size_t heard = 0;  // The first ones: this block may have them.
        std::size_t open = 0;   // It could, had its maker heard of them.
    };
    /// Puts them in front.
    [[nodiscard]] Part sort_out(const World& world, const BlockFate& fate);
    /// Puts those in front that the block could have, and returns how many they are.
    [[nodiscard]] std::size_t sort_out_secrets(const World& world, const BlockFate& fate);
    /// Those of bundles that the block did not take: no other may have them.
    void drop_bundles(std::uint64_t block);
    void evict();
    void remove_taken();

    MempoolOptions options_;
    BlockBuilder builder_;
    std::optional<BuilderMarket> market_;  // With the ordering `builders`.
    std::optional<TransactionGossip> gossip_;
    AccountId fee_recipient_{};
    std::size_t unheard_ = 0;
    std::vector<Transaction> pool_;
    bool has_secrets_ = false;  // There was one once.
    std::vector<bool> gone_;    // Beside pool_: taken or dropped in this round.
    std::vector<DroppedTransaction> dropped_;
};

}  // namespace runnel
