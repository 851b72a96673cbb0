#pragma once

#include "consensus/engine.hpp"
#include "ledger/block.hpp"
#include "ledger/consensus_notes.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace runnel
{

class ShardRunner;

/// What the ledger does next: takes blocks back, then executes one.
struct ScheduledBlock
{
    std::uint64_t reverts = 0;  // Blocks taken back from the end of the chain, first.
    NetworkBlock block;
    /// Whether anybody has seen the chain before this block: agents decide on what they see, and of
    /// a branch that takes over in one moment they see the end.
    bool is_seen = true;
    /// From when to when it was the next one, for the reference node: what agents decide on in its
    /// round they send within that time.
    VirtualTime due_from = 0;
    VirtualTime due_until = 0;
    /// Nothing takes it back, ever.
    bool stays = true;
    std::uint64_t finalized = 0;  // Number of the newest block that was final when it came.
    std::vector<Reward> rewards;  // In the order in which they are paid.
    std::vector<AccountId> double_spends;  // Miners who begin one: who mines with them knows.
    /// Of a block that stays: what happened since the one before that stays. Reverted blocks are
    /// not in them yet: only who executes them knows what they held.
    std::shared_ptr<ConsensusNotes> notes;
};

/// Puts what an engine decides into the order in which a ledger executes it, and looks ahead: which
/// blocks will be taken back is known before they are executed, because a network's way does not
/// depend on what is in blocks. So only blocks that stay are persisted and only the others need an
/// undo log.
class ChainSchedule
{
public:
    struct Options
    {
        std::uint64_t blocks = 0;    // The chain ends with this number.
        std::uint64_t horizon = 64;  // No block is taken back under so many others, or more.
        /// Virtual time without a new block after which the chain is taken to stand still.
        VirtualTime patience = 24 * 3600 * one_second;
        std::vector<AccountId> accounts;                // Of makers, by number.
        std::map<std::uint32_t, AccountId> delegators;  // By number, all of them.
        bool compounds = false;                         // Rewards stay with the stake.
        bool shares_fees = false;                       // Tips are dealt out by stake.
    };

    ChainSchedule(std::unique_ptr<ConsensusEngine> engine, Options options);

    /// The next block; nullopt behind the last one, or if there is an error().
    [[nodiscard]] std::optional<ScheduledBlock> next();
    /// Goes on behind block @p number of those that stay. False if the chain ends before it.
    [[nodiscard]] bool skip_to(std::uint64_t number);
    /// Why the chain ended early: it stands still, or a block was taken back that was believed to
    /// stay. One line; empty: it did not.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    /// Of the two the former: what was handed out is a chain, it only ends early.
    [[nodiscard]] bool stands_still() const noexcept { return stands_still_; }
    [[nodiscard]] ConsensusFigures figures() const { return engine_->figures(); }

private:
    struct Entry
    {
        ScheduledBlock scheduled;
        bool is_reverted = false;
        bool is_executed = true;  // Behind the last block nothing is.
        ConsensusNotes notes;     // Of its step.
    };

    /// Takes the engine's next step in; false if there is none.
    bool pull();
    /// The engine's next step. Whoever tells something without going on with the chain adds to the
    /// step before.
    [[nodiscard]] std::optional<ConsensusStep> next_step();
    void take_back(std::uint64_t count);
    void add(const ConsensusStep& step);
    [[nodiscard]] bool is_decided(const Entry& entry) const noexcept;
    [[nodiscard]] NetworkBlockNote note_of(
        const NetworkBlock& block, std::string_view status) const;
    void note(const ConsensusStep& step, ConsensusNotes& notes) const;
    [[nodiscard]] AccountId account_of(NodeId maker) const;
    [[nodiscard]] AccountId account_of(const StakeChange& change) const;

    std::unique_ptr<ConsensusEngine> engine_;
    Options options_;
    std::optional<ConsensusStep> peeked_;         // Behind what was taken in.
    std::deque<std::shared_ptr<Entry>> waiting_;  // In the order of execution.
    std::vector<std::shared_ptr<Entry>> chain_;   // Of the reference node, without its beginning.
    std::uint64_t settled_ = 0;                   // Blocks below chain_'s first: heights.
    std::uint64_t handed_out_ = 0;                // Newest number that was handed out to stay.
    std::uint64_t finalized_ = 0;
    VirtualTime last_at_ = 0;        // Of the newest step that changed the chain,
    VirtualTime previous_at_ = 0;    // and of the newest before that moment.
    std::uint64_t reverts_due_ = 0;  // Of executed blocks, before the next entry.
    bool has_ended_ = false;
    ConsensusNotes notes_;  // Since the last block that was handed out to stay.
    std::string error_;
    bool stands_still_ = false;
};

/// Unix seconds of a block that a network made: when it was made, but behind its parent.
[[nodiscard]] std::uint64_t timestamp_of(
    const NetworkBlock& block, std::uint64_t start, std::uint64_t parent_timestamp) noexcept;

[[nodiscard]] std::string_view to_string(BlockFlaw flaw) noexcept;
[[nodiscard]] std::string_view to_string(VoteKind kind) noexcept;
[[nodiscard]] std::string_view to_string(EvidenceKind kind) noexcept;
[[nodiscard]] std::string_view to_string(BlockRefusalKind kind) noexcept;

}  // namespace runnel
