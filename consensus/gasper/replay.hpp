#pragma once

#include "consensus/gasper/beacon.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel
{

/// Attestations of several validators who say the same, for those who do not know the committees.
struct GasperVotes
{
    AttestationData data;
    std::vector<std::uint64_t> voters;  // A bit for each validator, the lowest first.
};

/// What a block says beside who made it and when.
struct GasperBlockContents
{
    std::vector<GasperVotes> votes;
    std::vector<SlashingProof> slashings;
};

/// @p validators: how many there are.
[[nodiscard]] GasperBlockContents contents_of(const BeaconBlock& block, std::uint32_t validators);

/// Who may vote with how much, and what is final, worked out again from the genesis and from what
/// the blocks of a chain say: by the transition that nodes make, so a checkpoint is final here when
/// it is for them. What it is given is hostile; signatures there are none.
///
/// Its cost is that of a node's executions: for each epoch, and each block, in proportion to the
/// validators. Who bounds the slots between two blocks bounds it.
class GasperReplay
{
public:
    /// @p options must outlive it.
    GasperReplay(const GasperOptions& options, std::uint64_t seed);

    /// The next block; its `round` is its slot. What is wrong with it, in words; empty: nothing.
    /// After an error nothing can be added.
    [[nodiscard]] std::string add(const NetworkBlock& block, const GasperBlockContents& contents);

    /// After the newest block.
    [[nodiscard]] const BeaconState& state() const noexcept { return state_; }
    /// What the newest block did to stakes.
    [[nodiscard]] const std::vector<StakeChange>& changes() const noexcept { return changes_; }

    /// A checkpoint that became final.
    struct Final
    {
        Checkpoint checkpoint;
        std::uint64_t height = 0;    // Of its block.
        std::uint64_t shown_at = 0;  // Height of the first block in an epoch after the votes.
        bool operator==(const Final&) const = default;
    };
    /// In the order in which they did. Whatever is below one of them is final, too.
    [[nodiscard]] const std::vector<Final>& finalized() const noexcept { return finalized_; }

private:
    [[nodiscard]] std::string check_place(const NetworkBlock& block) const;
    [[nodiscard]] bool may_prove(const SlashingProof& proof, Slot slot) const;
    [[nodiscard]] std::string add_slashings(
        BeaconTransition& transition, const std::vector<SlashingProof>& slashings, Slot slot) const;
    /// Who voted by place in his committee; nullopt: they are not all of one.
    [[nodiscard]] std::optional<Aggregate> aggregate_of(
        const BeaconState& state, const GasperVotes& votes) const;
    [[nodiscard]] std::string add_votes(
        BeaconTransition& transition, const std::vector<GasperVotes>& votes) const;

    const GasperOptions& options_;
    std::uint64_t seed_;
    BeaconState state_;
    std::vector<StakeChange> changes_;
    std::map<NetworkBlockId, std::uint64_t> heights_;
    std::vector<Final> finalized_;
    bool is_broken_ = false;
};

}  // namespace runnel
