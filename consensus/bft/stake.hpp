#pragma once

#include "consensus/bft/options.hpp"
#include "consensus/bft/validator_set.hpp"
#include "consensus/engine.hpp"
#include "ledger/amount.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace runnel
{

enum class BftStakeStatus : std::uint8_t
{
    none,     // Nothing staked, or all on its way back.
    queued,   // Waits for a seat.
    active,   // In the set, or will be.
    exiting,  // In the set, and waits to leave it.
};

/// Shares of one validator's stake, all of one owner.
struct BftDelegation
{
    std::uint32_t delegator = 0;  // 0: the validator himself.
    uint128 shares = 0;
    bool operator==(const BftDelegation&) const = default;
};

/// What is staked with a validator. Wei, in 128 bits: all stake together is below 2^112.
struct BftStake
{
    BftStakeStatus status = BftStakeStatus::none;
    bool is_tombstoned = false;
    uint128 tokens = 0;                      // His own and what was delegated to him.
    uint128 shares = 0;                      // Of `tokens`; slashing makes each worth less.
    std::vector<BftDelegation> delegations;  // Ascending by delegator.
    bool operator==(const BftStake&) const = default;
};

/// Stake on its way back.
struct BftUnbonding
{
    NodeId validator = 0;
    std::uint32_t delegator = 0;
    uint128 tokens = 0;
    std::uint64_t since = 0;  // Heights: began, and is free.
    std::uint64_t until = 0;
    bool operator==(const BftUnbonding&) const = default;
};

/// Who stakes what; what changes seldom.
struct BftRegister
{
    std::vector<BftStake> stakes;         // By validator.
    std::vector<NodeId> queue;            // Who waits for a seat, first come first.
    std::vector<NodeId> exits;            // Who waits to leave.
    std::vector<BftUnbonding> unbonding;  // Ascending by `until`.
    /// Of evidence that has been committed and is not yet void; only without tombstones.
    std::vector<NetworkEvidence> committed;
};

/// What holds after a block: a function of the genesis and of the chain up to the block. Nodes
/// share it, nobody changes it.
struct BftChainState
{
    std::uint64_t height = 0;
    VirtualTime time = 0;  // When its block was made.
    std::shared_ptr<const BftRegister> accounts;
    std::vector<uint128> rewards;       // By validator: earned and not paid out, wei.
    std::vector<uint128> signed_power;  // By validator: summed over heights since the last payout.
    /// Of this height, of the next one, and of as many more as changes are delayed.
    std::vector<std::shared_ptr<const BftValidatorSet>> sets;
    std::vector<StakeChange> changes;  // By the block.

    /// Of the next height.
    [[nodiscard]] const std::shared_ptr<const BftValidatorSet>& next_set() const { return sets[1]; }
};

/// What of a block matters for stakes.
struct BftBlockContents
{
    std::uint64_t height = 0;
    NodeId maker = 0;
    VirtualTime made_at = 0;
    std::span<const std::uint64_t> signers;  // Of the parent's commit.
    const std::vector<NetworkEvidence>* evidence = nullptr;
};

/// Who votes with how much at the beginning, wei by validator, from options and groups.
[[nodiscard]] std::vector<uint128> first_stakes(const BftOptions& options);
/// The group of each validator, and one more for who is in none; @p options has been checked.
[[nodiscard]] std::vector<std::uint32_t> groups_of_validators(const BftOptions& options);

/// After block 0.
[[nodiscard]] BftChainState first_chain_state(const BftOptions& options);

/// The state after a block on @p parent.
///
/// In this order: rewards for the time since the parent, half-open; evidence; what people do with
/// their stake, by the options and by chance; unbonding that is over; queues; the payout; the
/// next set. Every division rounds down.
[[nodiscard]] BftChainState next_chain_state(const BftOptions& options, std::uint64_t seed,
    const BftChainState& parent, const BftBlockContents& block);

/// Whether a block on @p state may carry the evidence: it is not void by age, its offender had a
/// vote when he broke the rule, as far as that is known, has something to lose, and was not
/// punished for it before.
[[nodiscard]] bool admits_evidence(
    const BftOptions& options, const BftChainState& state, const NetworkEvidence& evidence);

}  // namespace runnel
