#pragma once

#include "consensus/network/model.hpp"
#include "consensus/voter_bits.hpp"
#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

/// Names a block of a network: its maker's number in the upper half, and the how-manieth of his it
/// is, from 1 on, in the lower one. Block 0, which is given, is 0.
using NetworkBlockId = std::uint64_t;

[[nodiscard]] constexpr NetworkBlockId network_block_id(NodeId maker, std::uint32_t count) noexcept
{
    return (std::uint64_t{maker} << 32U) | count;
}
/// Whose the block is, by its number.
[[nodiscard]] constexpr NodeId maker_of(NetworkBlockId id) noexcept
{
    return static_cast<NodeId>(id >> 32U);
}

/// What a proposer who cheats does to a block that he makes.
enum class BlockFlaw : std::uint8_t
{
    none,
    wrong_state_root,
    overspend,         // Holds a payment that its sender cannot make.
    forged_signature,  // Holds a transaction that its sender has not signed.
};

/// A block as a network knows it: who made it, when, and on which other. What is in it the ledger
/// decides when the reference node first executes it.
struct NetworkBlock
{
    NetworkBlockId id = 0;
    NetworkBlockId parent = 0;
    std::uint64_t height = 0;
    NodeId maker = 0;
    VirtualTime made_at = 0;    // By its maker's clock, where a protocol has it from that.
    VirtualTime true_time = 0;  // The same by no clock, as the engine knows it; in no file.
    BlockFlaw flaw = BlockFlaw::none;
    std::uint64_t round = 0;  // Of a BFT protocol; the slot, where slots count time.
    // Of proof of work.
    VirtualTime stated_at = 0;  // Its header's time, by its maker's clock.
    std::uint32_t bits = 0;     // Target in Bitcoin's compact form; 0: no proof of work.
    std::uint64_t nonce = 0;    // Solves the puzzle.
    bool is_withheld =
        false;  // Made in secret: holds what its maker prefers, not what he was sent.
};

enum class VoteKind : std::uint8_t
{
    prevote,
    precommit,
    attestation,
};

/// Votes of several validators for the same.
struct NetworkVotes
{
    VoteKind kind{};
    std::uint64_t height = 0;
    std::uint64_t round = 0;         // The slot, of attestations.
    NetworkBlockId block = 0;        // What is voted for; no_block: nothing.
    std::uint64_t source_epoch = 0;  // Of attestations.
    std::uint64_t target_epoch = 0;
    VoterBits voters;
};
inline constexpr NetworkBlockId no_block = ~NetworkBlockId{0};

enum class EvidenceKind : std::uint8_t
{
    double_vote,
    surround_vote,
    double_proposal,
    invalid_block,
};

/// That a validator broke a rule, and by what that is proven.
struct NetworkEvidence
{
    EvidenceKind kind{};
    NodeId offender = 0;
    VirtualTime found_at = 0;
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    NetworkBlockId first = 0;  // What he voted for or made, and what else.
    NetworkBlockId second = 0;
    VoteKind vote = VoteKind::prevote;  // Of double votes.
};

enum class StakeChangeKind : std::uint8_t
{
    deposit,     // His coins are locked from here on.
    withdrawal,  // And free again.
    reward,      // Minted: for voting and proposing.
    leak,        // Burnt: for being absent while nothing was final.
    slashing,    // Burnt: for what evidence proves.
    penalty,     // Burnt: for votes missed.
    /// His are `amount` / 10^18 of the tips that blocks collected since the last block with changes
    /// of this kind, itself included, where a ledger does not leave them to who made the block.
    /// Rounded down; what is left, the next block has that deals out.
    fee_share,
};

/// What happens to a validator's stake, when the block that carries it is executed.
struct StakeChange
{
    StakeChangeKind kind{};
    NodeId validator = 0;
    Amount amount;                // Wei, but of fee_share.
    std::uint32_t delegator = 0;  // Whose: the how-manieth who delegates; 0: the validator's own.
};

/// A block that was not adopted, or no longer is.
enum class BlockRefusalKind : std::uint8_t
{
    stale,      // Another one at its height was preferred.
    invalid,    // It broke a rule.
    undecided,  // Its round ended without a decision.
    forked,     // Other nodes hold it for final, at a height where this one holds another for it.
};
struct RefusedBlock
{
    NetworkBlock block;
    BlockRefusalKind kind{};
};

/// How the chain of the reference node went on.
struct ConsensusStep
{
    VirtualTime at = 0;
    std::uint64_t reverted = 0;  // Blocks taken back from its end, first.
    /// Then added, each on the one before: one a step, where some of a branch may be reverted later
    /// and must take its own changes of stakes along.
    std::vector<NetworkBlock> added;
    std::uint64_t finalized = 0;      // Height of the newest block that nothing reverts any more.
    std::vector<NetworkVotes> votes;  // New since the last step: those that decided it.
    std::vector<NetworkEvidence> evidence;
    std::vector<StakeChange> stake;     // Take effect in the last block of `added`.
    std::vector<NodeId> double_spends;  // Who began one since the last step: he pays now.
    std::vector<RefusedBlock> refused;  // That it heard of since.
};

/// What an engine counted so far.
struct ConsensusFigures
{
    NetworkTraffic traffic;
    std::uint64_t events = 0;       // That nodes have handled.
    std::uint64_t blocks_made = 0;  // By anybody.
    double hashes = 0;              // Tried for them, by hash rates and the time that passed.
    double joules = 0;              // By the scenario's figures for machines.
    double cpu_s = 0;               // Measured by who runs it, if he does.
};

/// A figure that one engine knows and others do not: `group.revenue_share`.
struct NamedFigure
{
    std::string name;
    double value = 0;
    std::string_view unit;
};

/// A consensus that goes its way in virtual time: a function of the scenario and the seed alone,
/// not of what is in blocks.
///
/// The chain that the ledger executes is that of one honest node, the reference node: what an
/// explorer would show who runs it.
class ConsensusEngine
{
public:
    virtual ~ConsensusEngine() = default;
    /// The next change of the reference node's chain; nullopt: none came before @p limit, so the
    /// chain stands still.
    [[nodiscard]] virtual std::optional<ConsensusStep> next(VirtualTime limit) = 0;
    [[nodiscard]] virtual ConsensusFigures figures() const = 0;
    /// How many nodes make blocks: makers are below it.
    [[nodiscard]] virtual std::uint32_t makers() const noexcept = 0;
    /// What else it knows so far, for people; the same names in the same order for every seed.
    [[nodiscard]] virtual std::vector<NamedFigure> details() const { return {}; }
};

}  // namespace runnel
