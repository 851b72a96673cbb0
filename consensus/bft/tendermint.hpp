#pragma once

#include "consensus/bft/validator_set.hpp"
#include "consensus/engine.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace runnel
{

/// Votes of one kind in one round, as somebody heard of them.
///
/// A validator who votes twice counts once among all, and once for each block that he voted for:
/// his signature stands below both.
struct BftTally
{
    struct ForBlock
    {
        NetworkBlockId block = 0;  // no_block: for none, a vote for nil.
        BftVoters voters;
        std::uint64_t power = 0;
        std::uint32_t fresh = 0;  // Votes not handed on yet.
    };

    BftVoters voters;
    std::uint64_t power = 0;
    boost::container::small_vector<ForBlock, 2> blocks;  // As a rule one, and nil.

    [[nodiscard]] const ForBlock* of(NetworkBlockId block) const noexcept
    {
        for (const auto& one : blocks)
        {
            if (one.block == block)
                return &one;
        }
        return nullptr;
    }
    [[nodiscard]] std::uint64_t power_for(NetworkBlockId block) const noexcept
    {
        const auto* found = of(block);
        return found == nullptr ? 0 : found->power;
    }
};

enum class BftStep : std::uint8_t
{
    new_height,  // Waits for the height's first round.
    propose,
    prevote,
    precommit,
};

enum class BlockValidity : std::uint8_t
{
    unknown,  // Still being checked.
    valid,
    invalid,
};

/// What a validator is locked on and what he knows could be decided; -1: nothing.
struct BftLock
{
    std::int64_t locked_round = -1;
    NetworkBlockId locked = no_block;
    std::int64_t valid_round = -1;
    NetworkBlockId valid = no_block;
    bool operator==(const BftLock&) const = default;
};

/// What Tendermint asks of the node that it runs on.
class TendermintHost
{
public:
    virtual ~TendermintHost() = default;
    /// Its turn: shall call Tendermint::propose() in the end, with `lock.valid` where there is
    /// one. May do nothing.
    virtual void propose(std::uint64_t round, const BftLock& lock) = 0;
    [[nodiscard]] virtual BlockValidity validity_of(NetworkBlockId block) = 0;
    /// Shall write down, sign, send and add a vote. May do nothing.
    virtual void vote(VoteKind kind, std::uint64_t round, NetworkBlockId block) = 0;
    /// Shall call Tendermint::time_out() when the time of a step is over.
    virtual void start_timeout(BftStep step, std::uint64_t round) = 0;
    virtual void double_vote(NodeId voter, VoteKind kind, std::uint64_t round, NetworkBlockId first,
        NetworkBlockId second) = 0;
    virtual void double_proposal(
        NodeId proposer, std::uint64_t round, NetworkBlockId first, NetworkBlockId second) = 0;
    /// A round begins.
    virtual void entered(std::uint64_t /*round*/) {}
};

/// Algorithm 1 of Buchman, Kwon, Milosevic, "The latest gossip on BFT consensus" (2018,
/// arXiv:1807.04938), at one height, for one process: what it votes for and when it decides.
///
/// Rules are numbered in the order of the paper: 1 StartRound, 2 a fresh proposal, 3 one with an
/// earlier polka, 4 timeout of prevotes, 5 polka, 6 polka for nil, 7 timeout of precommits,
/// 8 decision, 9 catching up with a later round. All are looked at again whenever something comes.
///
/// Votes of rounds more than `future_rounds` ahead are not kept, only that their voters are there.
class Tendermint
{
public:
    struct Proposal
    {
        NetworkBlockId block = 0;
        std::int64_t valid_round = -1;
    };
    struct Decision
    {
        std::uint64_t round = 0;
        NetworkBlockId block = 0;
    };

    /// @p quorum: more than this part of the power agrees, where the paper says 2f + 1.
    Tendermint(TendermintHost& host, std::shared_ptr<const BftValidatorSet> set, NodeId self,
        BftFraction quorum, std::uint64_t future_rounds);

    void start();
    /// Goes on where it was before it stopped, with what it had written down.
    void resume(std::uint64_t round, BftStep step, const BftLock& lock);
    /// As amnesia does, or who comes back without his lock.
    void forget_lock() noexcept { lock_ = {}; }

    /// From the proposer of the round, whoever handed it on. False: nothing new, or not his turn,
    /// or too far ahead.
    bool add_proposal(
        NodeId proposer, std::uint64_t round, NetworkBlockId block, std::int64_t valid_round);
    struct AddedVotes
    {
        std::uint32_t fresh = 0;  // New to it.
        bool had_quorum = false;  // The block had one without them.
    };
    /// Those of who is not in the set do not count.
    AddedVotes add_votes(VoteKind kind, std::uint64_t round, NetworkBlockId block,
        std::span<const std::uint64_t> voters);
    void time_out(BftStep step, std::uint64_t round);
    /// Looks at all rules: after anything was added, or a validity became known.
    void evaluate();

    [[nodiscard]] const std::optional<Decision>& decision() const noexcept { return decision_; }
    [[nodiscard]] std::uint64_t round() const noexcept { return round_; }
    [[nodiscard]] BftStep step() const noexcept { return step_; }
    [[nodiscard]] const BftLock& lock() const noexcept { return lock_; }
    [[nodiscard]] const BftValidatorSet& set() const noexcept { return *set_; }
    [[nodiscard]] NodeId proposer_of(std::uint64_t round);
    [[nodiscard]] bool is_quorum(std::uint64_t power) const noexcept
    {
        return power > below_quorum_;
    }
    /// Of rounds from 0 on, as far as anything is known of them.
    [[nodiscard]] std::uint64_t rounds_known() const noexcept { return rounds_.size(); }
    /// nullptr: nothing is known of it.
    [[nodiscard]] BftTally* tally(VoteKind kind, std::uint64_t round) noexcept;
    [[nodiscard]] std::span<const Proposal> proposals(std::uint64_t round) const noexcept;

private:
    struct Round
    {
        // At most two: the second one proves a breach.
        boost::container::small_vector<Proposal, 2> proposals;
        BftTally prevotes;
        BftTally precommits;
        bool waits_for_prevotes = false;
        bool waits_for_precommits = false;
        bool has_polka = false;  // Rule 5 was applied.
    };

    Round& known(std::uint64_t round);
    void start_round(std::uint64_t round);
    void prevote(NetworkBlockId block);
    void precommit(NetworkBlockId block);
    [[nodiscard]] bool apply_decision();
    [[nodiscard]] bool apply_later_round();
    [[nodiscard]] bool apply_proposal(Round& round);
    [[nodiscard]] bool apply_polka(Round& round);
    void apply_waits(Round& round);
    void saw_in_round(NodeId validator, std::uint64_t round);

    TendermintHost& host_;
    std::shared_ptr<const BftValidatorSet> set_;
    NodeId self_;
    std::uint64_t below_quorum_ = 0;  // Power that is none yet, at most.
    std::uint64_t future_rounds_;

    std::uint64_t round_ = 0;
    BftStep step_ = BftStep::new_height;
    BftLock lock_;
    std::optional<Decision> decision_;
    std::vector<std::unique_ptr<Round>> rounds_;
    std::vector<std::pair<std::uint64_t, NetworkBlockId>> decidable_;  // Quorums of precommits.
    std::vector<NodeId> proposers_;                                    // Of the first rounds.
    // Of rounds after the current one: the latest in which each validator was seen, and how much
    // power was seen last in each, ascending.
    std::vector<std::uint64_t> seen_in_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ahead_;
};

}  // namespace runnel
