#include "consensus/gasper/replay.hpp"

#include "consensus/voter_bits.hpp"
#include "ledger/check.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel
{
GasperBlockContents contents_of(const BeaconBlock& block, std::uint32_t validators)
{
    GasperBlockContents contents;
    contents.slashings = block.slashings;
    for (const auto& votes : block.votes)
    {
        GasperVotes out{votes->data, VoterBits(words_for_voters(validators))};
        votes->for_each([&](ValidatorId v) { add_voter(out.voters, v); });
        contents.votes.push_back(std::move(out));
    }
    return contents;
}

GasperReplay::GasperReplay(const GasperOptions& options, std::uint64_t seed)
  : options_{options}, seed_{seed}, state_{genesis_state(options, seed)}
{
    heights_.emplace(0, 0);
}

std::string GasperReplay::check_place(const NetworkBlock& block) const
{
    if (block.parent != state_.block || block.height != heights_.size())
        return "it does not stand on the block before it";
    if (block.round <= state_.slot)
        return fmt::format("its slot {} is not after its parent's", block.round);
    if (maker_of(block.id) != block.maker || heights_.contains(block.id))
        return "its number in the network is not one of its maker's";
    return {};
}

std::string GasperReplay::add(const NetworkBlock& block, const GasperBlockContents& contents)
{
    RUNNEL_CHECK(!is_broken_);
    is_broken_ = true;
    if (auto wrong = check_place(block); !wrong.empty())
        return wrong;
    const auto before = state_.registry;
    const auto known = state_.finality.finalized.epoch;
    BeaconTransition transition{options_, seed_, std::move(state_)};
    transition.advance_to(block.round);
    const auto proposer = transition.proposer();
    if (proposer == no_validator || node_of(proposer, options_) != block.maker)
        return fmt::format("it was not its maker's turn in slot {}", block.round);
    if (before->validators[proposer].is_slashed())
        return fmt::format("validator {}, who made it, had been slashed", proposer);
    if (auto wrong = add_slashings(transition, contents.slashings, block.round); !wrong.empty())
        return wrong;
    if (auto wrong = add_votes(transition, contents.votes); !wrong.empty())
        return wrong;
    transition.add_stake_orders();
    transition.seal(block.id);
    auto result = std::move(transition).take();
    state_ = std::move(result.state);
    changes_ = stake_changes(result.changes, options_);
    heights_.emplace(block.id, block.height);
    const auto& checkpoint = state_.finality.finalized;
    if (checkpoint.epoch > known)
        finalized_.push_back({checkpoint, heights_.at(checkpoint.block), block.height});
    is_broken_ = false;
    return {};
}

bool GasperReplay::may_prove(const SlashingProof& proof, Slot slot) const
{
    if (proof.validator >= options_.validators || proof.slot > slot)
        return false;
    const auto node = node_of(proof.validator, options_);
    const bool made_both = maker_of(proof.first) == node && maker_of(proof.second) == node;
    switch (proof.kind)
    {
        // Which votes they were the chain does not say.
        case EvidenceKind::double_vote:
        case EvidenceKind::surround_vote: return true;
        case EvidenceKind::double_proposal: return made_both && proof.first != proof.second;
        case EvidenceKind::invalid_block: return made_both && options_.slashes_invalid_blocks;
    }
    return false;
}

std::string GasperReplay::add_slashings(
    BeaconTransition& transition, const std::vector<SlashingProof>& slashings, Slot slot) const
{
    if (slashings.size() > slashings_per_block_max)
        return fmt::format("more than {} slashings", slashings_per_block_max);
    for (const auto& proof : slashings)
    {
        if (!may_prove(proof, slot) || !transition.add_slashing(proof))
            return fmt::format("validator {} cannot be slashed there", proof.validator);
    }
    return {};
}

std::optional<Aggregate> GasperReplay::aggregate_of(
    const BeaconState& state, const GasperVotes& votes) const
{
    const auto& data = votes.data;
    const auto slots = options_.slots_per_epoch;
    auto duties = state.duties_of(data.target.epoch);
    if (!duties || data.slot / slots != data.target.epoch ||
        votes.voters.size() != words_for_voters(options_.validators))
        return std::nullopt;
    Aggregate aggregate{data, duties};
    bool are_members = true;
    for_each_voter(votes.voters,
        [&](NodeId bit)
        {
            if (bit >= options_.validators)
            {
                are_members = false;
                return;
            }
            const auto seat = duties->seat_of(bit);
            if (seat.slot != data.slot % slots)
                are_members = false;
            else
                aggregate.add(seat.place);
        });
    return are_members ? std::optional{std::move(aggregate)} : std::nullopt;
}

std::string GasperReplay::add_votes(
    BeaconTransition& transition, const std::vector<GasperVotes>& votes) const
{
    if (votes.size() > options_.block_votes_max)
        return fmt::format("more than {} attestations", options_.block_votes_max);
    for (const auto& one : votes)
    {
        const auto aggregate = aggregate_of(transition.state(), one);
        if (!aggregate)
        {
            return fmt::format(
                "an attestation of slot {} is of who has no seat in its committee", one.data.slot);
        }
        if (!transition.add_votes(*aggregate))
        {
            return fmt::format(
                "an attestation of slot {} from epoch {} to epoch {} does not "
                "belong on this chain, or comes too late",
                one.data.slot, one.data.source.epoch, one.data.target.epoch);
        }
    }
    return {};
}

}  // namespace runnel
