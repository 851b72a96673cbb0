#pragma once

#include "consensus/bft/options.hpp"
#include "consensus/bft/stake.hpp"
#include "consensus/bft/validator_set.hpp"
#include "consensus/engine.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace runnel
{

/// Who votes from a height on, until the next entry says otherwise.
struct BftPowers
{
    std::uint64_t from = 0;            // Height.
    std::vector<std::uint64_t> power;  // By validator; 0: has no vote.
    bool operator==(const BftPowers&) const = default;
};

enum class BftViolationKind : std::uint8_t
{
    broken_chain,       // A block does not follow the one before it.
    no_powers,          // Nobody is known to vote at its height.
    wrong_proposer,     // Its maker had no vote when he made it.
    no_certificate,     // Nothing shows that it was decided.
    stranger_voted,     // Votes of who had none.
    no_quorum,          // No precommits for it are a quorum.
    conflict,           // Another block is decided at its height.
    baseless_evidence,  // Evidence proves nothing: no vote, or nothing to set against.
    innocent_accused,   // Stored votes show that he did not do what he is accused of.
};

struct BftViolation
{
    BftViolationKind kind{};
    std::uint64_t height = 0;
    NetworkBlockId block = 0;        // Of evidence: what the offender did first.
    std::vector<NodeId> validators;  // Of stranger_voted and conflict: who; of evidence: accused.
    bool operator==(const BftViolation&) const = default;
};

/// What a chain has stored of its consensus.
struct BftRecord
{
    std::span<const BftPowers> powers;     // Ascending by `from`.
    std::span<const NetworkBlock> blocks;  // The chain, from height 1 on.
    std::span<const NetworkVotes> votes;   // In any order.
    std::span<const NetworkEvidence> evidence;
    /// All prevotes and precommits of all rounds are stored, so that what is not there was not.
    bool has_all_votes = false;
};

/// Checks what is stored of a chain against the rules alone, without running anything: each block
/// follows the one before it, was made by who had a vote, and precommits of more than @p quorum of
/// the power of its height stand behind it; nobody votes who has no vote; no two blocks have a
/// quorum at one height (if so, the validators are those who signed for both, in whatever rounds);
/// evidence names who had a vote, and two different things. Empty: all is well. Ascending by
/// height.
[[nodiscard]] std::vector<BftViolation> check_bft(
    const BftRecord& record, const BftFraction& quorum = BftFraction{2, 3});

/// Who voted against his lock: precommitted a block in one round and, in a later one of the same
/// height, prevoted another block that no polka since then had freed him for. Only votes prove it:
/// of rounds whose votes are not stored nothing can be said, so @p votes are to be all of them.
struct BftAmnesia
{
    NodeId validator = 0;
    std::uint64_t height = 0;
    std::uint64_t locked_round = 0;
    NetworkBlockId locked = 0;
    std::uint64_t prevoted_round = 0;
    NetworkBlockId prevoted = 0;
    bool operator==(const BftAmnesia&) const = default;
};
[[nodiscard]] std::vector<BftAmnesia> find_amnesia(std::span<const BftPowers> powers,
    std::span<const NetworkVotes> votes, const BftFraction& quorum = BftFraction{2, 3});

/// Validators by height and changes of stake, worked out again from what is stored: the blocks
/// with the precommits of their parents that they carry and their evidence.
struct BftReplay
{
    std::vector<BftPowers> powers;
    std::vector<std::vector<StakeChange>> changes;  // By block, from height 1 on.
    std::vector<NodeId> proposers;                  // Whose turn the block's round was.
};
/// @p steps: those of an engine, in order; the ones without a block are passed over. It ends at the
/// first block that cannot follow.
[[nodiscard]] BftReplay replay_bft(
    const BftOptions& options, std::uint64_t seed, std::span<const ConsensusStep> steps);

}  // namespace runnel
