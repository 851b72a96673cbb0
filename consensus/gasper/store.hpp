#pragma once

#include "consensus/gasper/beacon.hpp"
#include "consensus/gasper/fork_choice.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace runnel
{

/// What one node knows of blocks and votes, and the head that follows from it: LMD-GHOST from the
/// justified checkpoint on.
///
/// Source: consensus-specs, phase0/fork-choice.md, Store and its handlers. Blocks before the
/// finalised one, and those that conflict with it, are forgotten.
class GasperStore
{
public:
    struct Entry
    {
        BlockPtr block;
        StatePtr state;
        std::int32_t parent = -1;
        bool is_invalid = false;
        bool is_below_anchor = true;
    };

    /// @p options must outlive it.
    GasperStore(const GasperOptions& options, std::uint64_t seed, BlockPtr genesis, StatePtr state);

    /// A slot begins: no block is boosted any more; an epoch: what was justified and final on any
    /// branch by its end counts.
    void on_slot(Slot now);
    /// Its parent must be known, itself not. @p is_timely: it came in its own slot before votes
    /// were due.
    void add_block(BlockPtr block, StatePtr state, bool is_timely);
    /// Forgets a block and all on it: they broke a rule.
    void invalidate(NetworkBlockId id);
    /// Their block must be known. Source: update_latest_messages.
    void add_votes(const Aggregate& votes);
    /// Its votes no longer count here.
    void ignore(ValidatorId validator);

    [[nodiscard]] const Entry* find(NetworkBlockId id) const;
    /// Changes nothing but what it remembers to be faster the next time.
    [[nodiscard]] const Entry& head();
    [[nodiscard]] Slot now() const noexcept { return now_; }
    [[nodiscard]] const Checkpoint& justified() const noexcept { return justified_; }
    [[nodiscard]] const Checkpoint& finalized() const noexcept { return finalized_; }
    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

private:
    struct LatestMessage
    {
        std::uint32_t epoch_after = 0;  // Its target's epoch and one; 0: none.
        std::int32_t block = -1;        // Its place; -1: forgotten.
    };

    void update_checkpoints(const Checkpoint& justified, const Checkpoint& finalized);
    void set_justified(const Checkpoint& justified);
    /// The state at the start of the epoch of a checkpoint.
    [[nodiscard]] StatePtr checkpoint_state(const Checkpoint& checkpoint) const;
    void prune();
    void reset_anchor();
    void move_anchor(std::size_t head);
    [[nodiscard]] bool is_viable(const Entry& entry) const;
    [[nodiscard]] std::size_t head_from(std::size_t root) const;
    [[nodiscard]] std::int32_t place_of(NetworkBlockId id) const;

    const GasperOptions* options_;
    std::uint64_t seed_;
    Slot now_ = 0;
    std::vector<Entry> entries_;                               // Parents before children.
    std::unordered_map<NetworkBlockId, std::int32_t> places_;  // Looked up, never walked.
    std::vector<LatestMessage> latest_;                        // By validator.
    std::vector<bool> ignored_;
    Checkpoint justified_;
    Checkpoint finalized_;
    Checkpoint unrealized_justified_;
    Checkpoint unrealized_finalized_;
    StatePtr justified_state_;
    std::int32_t boosted_ = -1;
    /// A block on the way to the head: while nothing new happens beside it, the head is below it.
    std::int32_t anchor_ = 0;
};

}  // namespace runnel
