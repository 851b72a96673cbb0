#pragma once

#include "consensus/engine.hpp"
#include "ledger/amount.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel
{

/// How the validators of a group act.
enum class BftStrategy : std::uint8_t
{
    honest,
    /// Neither hears nor says anything.
    offline,
    /// Where one of the group proposes, he makes two blocks, and the group votes for the one before
    /// one half of the others and for the other before the other half.
    equivocating,
    /// Follows the protocol, but leaves out what some accounts send.
    censoring,
    /// Follows the protocol, but orders transactions as pays best.
    mev,
    /// Makes blocks that break a rule of the ledger.
    invalid_block,
    /// Forgets what it is locked on whenever a round begins.
    amnesia,
};

/// Validators that act alike. Groups have the highest numbers, in their order; whoever is in none
/// is honest.
struct BftGroup
{
    std::string name;
    std::uint32_t validators = 0;  // 0: as many as `share` says.
    double share = 0;              // Of the stake; 0: as much as their number says.
    BftStrategy strategy = BftStrategy::honest;
    /// Of equivocating: also votes for two things where an honest one proposes, which gains nothing
    /// and is seen.
    bool equivocates_always = false;
    /// Of invalid_block: what is wrong with its blocks, and with how many of them.
    BlockFlaw flaw = BlockFlaw::wrong_state_root;
    double flaw_share = 1;
};

/// A share as a fraction, compared without rounding.
struct BftFraction
{
    std::uint64_t numerator = 0;
    std::uint64_t denominator = 1;
    bool operator==(const BftFraction&) const = default;
};

enum class BftStakeOperationKind : std::uint8_t
{
    deposit,     // Of a validator: he joins the queue, or adds to his stake.
    exit,        // He leaves, with all who delegated to him.
    delegate,    // Of a delegator to a validator,
    undelegate,  // and back again.
};

/// What somebody does with his stake, in the block of a height.
struct BftStakeOperation
{
    std::uint64_t height = 0;
    BftStakeOperationKind kind{};
    NodeId validator = 0;
    std::uint32_t delegator = 0;  // From 1 on; 0: the validator himself.
    Amount amount;                // Wei; of an exit: everything.
};

struct BftStakeOptions
{
    /// What a validator has staked himself at the beginning, where no group's share says otherwise,
    /// and what he deposits when he joins later.
    Amount stake = Amount::power_of_ten(23);
    /// A vote for each of these, rounded down.
    Amount wei_per_vote = Amount::power_of_ten(18);
    std::uint32_t delegators = 0;  // Of each validator at the beginning;
    double delegated_share = 0;    // what part of his stake is theirs.
    std::uint32_t commission_bps = 500;

    /// Validators at once; who comes later waits for a seat. 0: as many as there are.
    std::uint32_t seats = 0;
    /// How many leave the queues for the set, and the set, at a height.
    std::uint32_t activations_per_height = 4;
    std::uint32_t exits_per_height = 4;
    /// What a block changes holds from this many heights after the next on (CometBFT: 1).
    std::uint32_t set_delay = 1;
    /// What has left can still be slashed, and cannot be used, for as many heights.
    std::uint64_t unbonding_heights = 10'000;
    /// Evidence of an older breach than *both* is void. Below unbonding_heights.
    std::uint64_t evidence_heights = 5'000;
    VirtualTime evidence_age = 48LL * 3600 * one_second;

    /// Minted in a year of 365 days, as a part of all that is staked.
    double inflation_per_year = 0.07;
    /// Of what a block mints, for who made it; the rest is for who signed its parent.
    std::uint32_t proposer_reward_bps = 100;
    /// Rewards are paid out every so many heights, and when somebody's stake changes.
    bool shares_fees = false;  // Tips go by votes, as rewards do, instead of to who made a block.
    std::uint64_t payout_heights = 100;

    std::uint32_t slash_double_vote_bps = 500;
    std::uint32_t slash_double_proposal_bps = 500;
    std::uint32_t slash_invalid_block_bps = 500;
    bool tombstones = true;  // Who was slashed never comes back.

    /// Expected, of validators who are not in the set, and of those who are. At most 1.
    double joins_per_height = 0;
    double leaves_per_height = 0;
    std::vector<BftStakeOperation> operations;  // Ascending by height.
};

/// What an implementation might get wrong; all off in a correct one. For tests, and for searches
/// that must find it.
struct BftBroken
{
    /// Enough when more than this part of the votes agree.
    BftFraction quorum{2, 3};
    /// Comes back from an outage without its lock and without knowing what it signed.
    bool forgets_lock = false;
};

/// Parameters of Tendermint among validators who stake. Times are microseconds.
struct BftOptions
{
    std::uint32_t validators = 4;
    std::uint32_t waiting = 0;    // Of those, how many have no stake at the beginning: the last.
    std::uint32_t observers = 0;  // Nodes that follow without a vote; they have the last numbers.
    std::vector<BftGroup> groups;

    /// A step of round r times out after timeout + r * its delta.
    /// Source of the defaults: CometBFT, config/config.go.
    VirtualTime timeout_propose = 3 * one_second;
    VirtualTime timeout_propose_delta = one_second / 2;
    VirtualTime timeout_prevote = one_second;
    VirtualTime timeout_prevote_delta = one_second / 2;
    VirtualTime timeout_precommit = one_second;
    VirtualTime timeout_precommit_delta = one_second / 2;
    VirtualTime timeout_commit = one_second;  // From a decision to the next height.

    /// Nodes hand on what they heard at most this often, and to as many peers at a time; their own
    /// votes at once.
    VirtualTime gossip_interval = 80 * one_millisecond;
    std::uint32_t gossip_peers = 6;
    /// How often a node compares what it knows with one of its peers.
    VirtualTime status_interval = 2 * one_second;
    /// Votes of later rounds than the current one are kept for as many.
    std::uint64_t future_rounds = 2;
    std::uint64_t blocks_per_answer = 32;  // To who asks for decided ones.

    /// With what probability a node executes a block before it votes for it, and how long it takes.
    /// The reference node always does.
    double validation_share = 1;
    VirtualTime validation_time = 0;

    std::uint32_t block_bytes = 20'000;
    std::uint32_t vote_bytes = 112;  // One vote with its signature.
    double watts = 0;                // Of one node.

    BftStakeOptions stake;
    /// Steps also have the votes of rounds that ended without a decision.
    bool reports_all_votes = false;
    BftBroken broken;
};

}  // namespace runnel
