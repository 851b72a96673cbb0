#pragma once

#include "consensus/bft/stake.hpp"
#include "consensus/bft/validator_set.hpp"
#include "consensus/engine.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace runnel
{

/// Precommits of one round for one block: with a quorum, that it is decided.
struct BftCertificate
{
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    NetworkBlockId block = 0;
    BftVoters voters;
    bool operator==(const BftCertificate&) const = default;
};

/// A block with what consensus itself needs of it. Nobody changes it: nodes share it.
struct BftBlock
{
    NetworkBlock header;
    std::shared_ptr<const BftBlock> parent;  // nullptr: of block 0.
    BftCertificate parent_commit;            // What its maker had of it.
    std::vector<NetworkEvidence> evidence;

    BftBlock() = default;
    BftBlock(const BftBlock&) = delete;
    BftBlock& operator=(const BftBlock&) = delete;
    ~BftBlock()
    {
        // A chain is longer than a stack is deep.
        while (parent != nullptr && parent.use_count() == 1)
            parent = std::move(const_cast<BftBlock&>(*parent).parent);
    }
};
using BftBlockPointer = std::shared_ptr<const BftBlock>;
using BftStatePointer = std::shared_ptr<const BftChainState>;

/// A block with the state after it. The state is a function of the block and of the state before:
/// who makes the block works it out, and the others need not do so again.
struct BftProposedBlock
{
    BftBlockPointer block;
    BftStatePointer state;
};

// ---- What nodes tell each other ----

struct BftProposal
{
    std::uint64_t height = 0;
    std::uint64_t round = 0;
    std::int64_t valid_round = -1;
    NodeId proposer = 0;
    BftProposedBlock value;
};

/// Votes of a height, as bits, and what else the sender has of it.
struct BftVotes
{
    struct Set
    {
        VoteKind kind{};
        std::uint64_t round = 0;
        NetworkBlockId block = 0;
        BftVoters voters;
    };
    std::uint64_t height = 0;
    boost::container::small_vector<Set, 2> sets;  // As a rule prevotes and precommits of one round.
    /// Of a status: `sets` is all that the sender has, these are the proposals he has, and he
    /// wants to hear what is missing.
    bool is_status = false;
    std::vector<std::pair<std::uint64_t, NetworkBlockId>> proposals;  // Round and block.
};

struct BftEvidenceNote
{
    NetworkEvidence evidence;
};

/// Asks for decided blocks from a height on.
struct BftBlockRequest
{
    std::uint64_t from = 0;
};

struct BftDecidedBlocks
{
    struct Decided
    {
        BftBlockPointer block;
        BftCertificate commit;
        BftStatePointer state;  // nullptr: to be worked out.
    };
    std::vector<Decided> blocks;  // Ascending.
};

using BftPayload =
    std::variant<BftProposal, BftVotes, BftEvidenceNote, BftBlockRequest, BftDecidedBlocks>;

}  // namespace runnel
