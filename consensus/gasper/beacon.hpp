#pragma once

#include "consensus/gasper/duties.hpp"
#include "consensus/gasper/finality.hpp"
#include "consensus/gasper/options.hpp"
#include "consensus/gasper/registry.hpp"
#include "consensus/voter_bits.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace runnel
{

/// Attestations of several validators of one slot, who all say the same.
struct Aggregate
{
    AttestationData data;
    std::shared_ptr<const Duties> duties;  // Of the target's epoch: who sits where.
    VoterBits bits;                        // By place in the slot's committee.

    /// An empty one.
    Aggregate(const AttestationData& about, std::shared_ptr<const Duties> who);

    [[nodiscard]] std::span<const ValidatorId> committee() const
    {
        return duties->committee(data.slot);
    }
    [[nodiscard]] bool has(std::uint32_t place) const { return has_voter(bits, place); }
    void add(std::uint32_t place) { add_voter(bits, place); }
    [[nodiscard]] bool has_validator(ValidatorId validator, std::uint32_t slots_per_epoch) const;
    /// Calls @p use with each validator who attests.
    template <typename Use>
    void for_each(const Use& use) const
    {
        const auto members = committee();
        for (std::size_t word = 0; word < bits.size(); ++word)
        {
            for (auto rest = bits[word]; rest != 0; rest &= rest - 1)
                use(members[word * 64 + static_cast<std::size_t>(__builtin_ctzll(rest))]);
        }
    }
};
using AggregatePtr = std::shared_ptr<const Aggregate>;

/// Proof that a validator is to be slashed.
struct SlashingProof
{
    EvidenceKind kind{};
    ValidatorId validator = 0;
    VirtualTime found_at = 0;
    Slot slot = 0;  // Of the later vote or block.
    NetworkBlockId first = 0;
    NetworkBlockId second = 0;
};

/// Proofs in a block.
inline constexpr std::size_t slashings_per_block_max = 16;

/// A block, which never changes once it is made: nodes share it.
struct BeaconBlock
{
    NetworkBlock header;
    Slot slot = 0;
    ValidatorId proposer = 0;
    std::shared_ptr<const BeaconBlock> parent;
    std::vector<AggregatePtr> votes;
    std::vector<SlashingProof> slashings;
    std::vector<GweiChange> changes;  // Of balances, in its transition.

    BeaconBlock() = default;
    BeaconBlock(const BeaconBlock&) = delete;
    BeaconBlock& operator=(const BeaconBlock&) = delete;
    ~BeaconBlock();  // Not deeper than one call, however long the chain.
};
using BlockPtr = std::shared_ptr<const BeaconBlock>;

/// What a chain has come to after a block, or at a later slot without one. Never changes once it is
/// made: nodes share it.
struct BeaconState
{
    Slot slot = 0;
    NetworkBlockId block = 0;  // The newest.
    std::shared_ptr<const Registry> registry;
    Gwei total_active = 0;  // In this epoch.
    std::shared_ptr<const Duties> previous_duties;
    std::shared_ptr<const Duties> duties;
    std::shared_ptr<const Duties> next_duties;
    std::vector<std::uint8_t> previous_flags;  // TimelyFlags by validator.
    std::vector<std::uint8_t> current_flags;
    Finality finality;
    Finality unrealized;                         // What it would be, if the epoch ended now.
    std::vector<NetworkBlockId> blocks_by_slot;  // Of two epochs, a ring.
    std::vector<std::pair<ValidatorId, Gwei>> proposer_rewards;  // Of this epoch, not yet paid.
    std::uint32_t next_deposit = 0;
    std::uint32_t next_exit = 0;

    [[nodiscard]] Epoch epoch(const GasperOptions& options) const noexcept
    {
        return slot / options.slots_per_epoch;
    }
    /// The block that was the newest at a slot of the last two epochs, before the state's own.
    [[nodiscard]] NetworkBlockId block_at(Slot when) const
    {
        return when >= slot ? block : blocks_by_slot[when % blocks_by_slot.size()];
    }
    /// nullptr: not of the epochs it knows.
    [[nodiscard]] std::shared_ptr<const Duties> duties_of(Epoch epoch) const;
};
using StatePtr = std::shared_ptr<const BeaconState>;

/// The state that everything starts from: all genesis validators are active.
[[nodiscard]] BeaconState genesis_state(const GasperOptions& options, std::uint64_t seed);

/// From a state to that after a block: first the slots in between, with the epochs that end in
/// them, then what the block says, in this order: slashings, votes, deposits and exits.
///
/// Source: consensus-specs, phase0 and altair/beacon-chain.md, state_transition; deneb's
/// inclusion of votes until the end of the next epoch (EIP-7045), electra's votes of all committees
/// of a slot together (EIP-7549), fulu's proposers known an epoch ahead (EIP-7917).
class BeaconTransition
{
public:
    /// @p options must outlive it.
    BeaconTransition(const GasperOptions& options, std::uint64_t seed, BeaconState from);

    [[nodiscard]] const BeaconState& state() const noexcept { return state_; }
    [[nodiscard]] Epoch epoch() const noexcept { return state_.epoch(options_); }
    void advance_to(Slot slot);
    /// Who makes the block; no_validator: nobody is active.
    [[nodiscard]] ValidatorId proposer() const { return state_.duties->proposer(state_.slot); }

    /// False, and nothing changed, if it adds nothing.
    bool add_slashing(const SlashingProof& proof);
    /// False, and nothing changed, if it does not fit this chain, comes too early or too late, or
    /// adds nothing.
    bool add_votes(const Aggregate& votes);
    /// Deposits and exits that are due, at most 16 of each.
    void add_stake_orders();
    /// Ends the block with this id.
    void seal(NetworkBlockId id);

    struct Result
    {
        BeaconState state;
        std::vector<GweiChange> changes;
    };
    [[nodiscard]] Result take() &&;

private:
    Registry& registry();  // Its own copy from the first call on.
    void end_epoch();
    [[nodiscard]] TargetStake target_stake() const;

    const GasperOptions& options_;
    std::uint64_t seed_;
    BeaconState state_;
    std::shared_ptr<Registry> own_;
    std::vector<GweiChange> changes_;
};

/// The state of @p block, by re-execution on that of its parent.
[[nodiscard]] BeaconState execute_block(const GasperOptions& options, std::uint64_t seed,
    const BeaconState& parent, const BeaconBlock& block);
/// @p from at the first slot of an epoch that is not before it.
[[nodiscard]] BeaconState state_at_epoch(
    const GasperOptions& options, std::uint64_t seed, const BeaconState& from, Epoch epoch);

}  // namespace runnel
