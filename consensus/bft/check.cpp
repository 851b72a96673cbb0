#include "consensus/bft/check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace runnel
{
namespace
{
/// Powers at each height, with who has one as bits.
class PowersByHeight
{
public:
    explicit PowersByHeight(std::span<const BftPowers> powers) : powers_{powers} {}

    [[nodiscard]] const BftPowers* at(std::uint64_t height) const
    {
        const auto after = std::upper_bound(powers_.begin(), powers_.end(), height,
            [](std::uint64_t value, const BftPowers& one) { return value < one.from; });
        return after == powers_.begin() ? nullptr : &*std::prev(after);
    }

private:
    std::span<const BftPowers> powers_;
};

std::uint64_t power_of(const BftPowers& powers, NodeId validator) noexcept
{
    return validator < powers.power.size() ? powers.power[validator] : 0;
}

std::uint64_t power_of(const BftPowers& powers, const VoterBits& voters)
{
    std::uint64_t sum = 0;
    for_each_voter(voters, [&](NodeId v) { sum += power_of(powers, v); });
    return sum;
}

std::uint64_t total_of(const BftPowers& powers)
{
    std::uint64_t sum = 0;
    for (const auto power : powers.power)
        sum += power;
    return sum;
}

void merge(VoterBits& into, const VoterBits& more)
{
    if (into.size() < more.size())
        into.resize(more.size());
    for (std::size_t i = 0; i < more.size(); ++i)
        into[i] |= more[i];
}

VoterBits both(const VoterBits& a, const VoterBits& b)
{
    VoterBits result(std::min(a.size(), b.size()));
    for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = a[i] & b[i];
    return result;
}

std::vector<NodeId> validators_of(const VoterBits& voters)
{
    std::vector<NodeId> result;
    for_each_voter(voters, [&](NodeId v) { result.push_back(v); });
    return result;
}

/// Votes of one kind, merged: by height, round and block.
using VoteIndex =
    std::map<std::tuple<VoteKind, std::uint64_t, std::uint64_t, NetworkBlockId>, VoterBits>;

VoteIndex index_votes(std::span<const NetworkVotes> votes)
{
    VoteIndex index;
    for (const auto& one : votes)
        merge(index[{one.kind, one.height, one.round, one.block}], one.voters);
    return index;
}

class Check
{
public:
    Check(const BftRecord& record, const BftFraction& quorum)
      : record_{record}, quorum_{quorum}, powers_{record.powers}, votes_{index_votes(record.votes)}
    {}

    std::vector<BftViolation> run()
    {
        collect_decided();
        check_chain();
        check_voters();
        check_conflicts();
        check_evidence();
        std::stable_sort(found_.begin(), found_.end(),
            [](const BftViolation& a, const BftViolation& b) { return a.height < b.height; });
        return std::move(found_);
    }

private:
    void say(BftViolationKind kind, std::uint64_t height, NetworkBlockId block,
        std::vector<NodeId> validators = {})
    {
        found_.push_back({kind, height, block, std::move(validators)});
    }

    /// Whatever a quorum of one round has precommitted is decided, whether or not the chain has it.
    void collect_decided()
    {
        for (const auto& [key, voters] : votes_)
        {
            const auto& [kind, height, round, block] = key;
            if (kind != VoteKind::precommit || block == no_block)
                continue;
            auto& entry = precommitted_[{height, block}];
            const auto* powers = powers_.at(height);
            if (powers != nullptr && exceeds(power_of(*powers, voters), total_of(*powers), quorum_))
                merge(entry, voters);
        }
    }

    void check_chain()
    {
        NetworkBlockId parent = 0;
        std::uint64_t height = 0;
        for (const auto& block : record_.blocks)
        {
            ++height;
            if (block.height != height || block.parent != parent)
                say(BftViolationKind::broken_chain, block.height, block.id);
            parent = block.id;
            height = block.height;
            const auto* powers = powers_.at(block.height);
            if (powers == nullptr)
            {
                say(BftViolationKind::no_powers, block.height, block.id);
                continue;
            }
            if (power_of(*powers, block.maker) == 0)
                say(BftViolationKind::wrong_proposer, block.height, block.id, {block.maker});
            const auto found = precommitted_.find({block.height, block.id});
            if (found == precommitted_.end())
                say(BftViolationKind::no_certificate, block.height, block.id);
            else if (found->second.empty())
                say(BftViolationKind::no_quorum, block.height, block.id);
        }
    }

    void check_voters()
    {
        for (const auto& [key, voters] : votes_)
        {
            const auto& [kind, height, round, block] = key;
            const auto* powers = powers_.at(height);
            if (powers == nullptr)
            {
                say(BftViolationKind::no_powers, height, block);
                continue;
            }
            auto who = validators_of(voters);
            std::erase_if(who, [&](NodeId v) { return power_of(*powers, v) != 0; });
            if (!who.empty())
                say(BftViolationKind::stranger_voted, height, block, std::move(who));
        }
    }

    void check_conflicts()
    {
        std::map<std::uint64_t, std::vector<std::pair<NetworkBlockId, const VoterBits*>>> decided;
        for (const auto& [key, voters] : precommitted_)
        {
            if (!voters.empty())
                decided[key.first].emplace_back(key.second, &voters);
        }
        for (const auto& [height, blocks] : decided)
        {
            for (std::size_t i = 1; i < blocks.size(); ++i)
            {
                say(BftViolationKind::conflict, height, blocks[i].first,
                    validators_of(both(*blocks[0].second, *blocks[i].second)));
            }
        }
    }

    void check_evidence()
    {
        for (const auto& evidence : record_.evidence)
        {
            const auto* powers = powers_.at(evidence.height);
            if (powers == nullptr || power_of(*powers, evidence.offender) == 0 ||
                evidence.first == evidence.second)
            {
                say(BftViolationKind::baseless_evidence, evidence.height, evidence.first,
                    {evidence.offender});
                continue;
            }
            if (evidence.kind != EvidenceKind::double_vote || !record_.has_all_votes)
                continue;
            for (const auto block : {evidence.first, evidence.second})
            {
                const auto found =
                    votes_.find({evidence.vote, evidence.height, evidence.round, block});
                if (found != votes_.end() && has_voter(found->second, evidence.offender))
                    continue;
                say(BftViolationKind::innocent_accused, evidence.height, evidence.first,
                    {evidence.offender});
                break;
            }
        }
    }

    const BftRecord& record_;
    BftFraction quorum_;
    PowersByHeight powers_;
    VoteIndex votes_;
    /// Who signed for it in rounds with a quorum; empty: there are precommits, but no quorum.
    std::map<std::pair<std::uint64_t, NetworkBlockId>, VoterBits> precommitted_;
    std::vector<BftViolation> found_;
};
}  // namespace

std::vector<BftViolation> check_bft(const BftRecord& record, const BftFraction& quorum)
{
    return Check{record, quorum}.run();
}

std::vector<BftAmnesia> find_amnesia(std::span<const BftPowers> powers,
    std::span<const NetworkVotes> votes, const BftFraction& quorum)
{
    const PowersByHeight by_height{powers};
    const auto index = index_votes(votes);
    std::vector<BftAmnesia> found;
    std::set<std::tuple<NodeId, std::uint64_t, std::uint64_t>> named;
    for (const auto& [locking, lockers] : index)
    {
        const auto& [kind, height, locked_round, locked] = locking;
        const auto* at = by_height.at(height);
        if (kind != VoteKind::precommit || locked == no_block || at == nullptr)
            continue;
        const auto total = total_of(*at);
        // Prevotes of the height in later rounds.
        for (auto other = index.lower_bound({VoteKind::prevote, height, locked_round + 1, 0});
             other != index.end(); ++other)
        {
            const auto& [other_kind, other_height, round, block] = other->first;
            if (other_kind != VoteKind::prevote || other_height != height)
                break;
            if (block == no_block || block == locked)
                continue;
            auto is_free = false;
            for (auto polka = index.lower_bound({VoteKind::prevote, height, locked_round, 0});
                 polka != index.end() && !is_free; ++polka)
            {
                const auto& [polka_kind, polka_height, polka_round, polka_block] = polka->first;
                if (polka_kind != VoteKind::prevote || polka_height != height ||
                    polka_round >= round)
                    break;
                is_free =
                    polka_block == block && exceeds(power_of(*at, polka->second), total, quorum);
            }
            if (is_free)
                continue;
            for (const auto v : validators_of(both(lockers, other->second)))
            {
                if (power_of(*at, v) != 0 && named.insert({v, height, round}).second)
                    found.push_back({v, height, locked_round, locked, round, block});
            }
        }
    }
    return found;
}

BftReplay replay_bft(
    const BftOptions& options, std::uint64_t seed, std::span<const ConsensusStep> steps)
{
    BftReplay replay;
    auto state = first_chain_state(options);
    const auto note = [&](std::uint64_t height, const BftValidatorSet& set)
    {
        if (replay.powers.empty() || replay.powers.back().power != set.power)
            replay.powers.push_back({height, set.power});
    };
    note(1, *state.next_set());
    for (const auto& step : steps)
    {
        for (const auto& block : step.added)
        {
            if (block.height != state.height + 1 || block.maker >= options.validators)
                return replay;
            replay.proposers.push_back(state.next_set()->proposer_of(block.round));
            // Of the parent's precommits those that the block carries come last.
            VoterBits signers;
            for (const auto& votes : step.votes)
            {
                if (votes.kind == VoteKind::precommit && votes.height + 1 == block.height &&
                    votes.block == block.parent)
                    signers = votes.voters;
            }
            auto next = next_chain_state(options, seed, state,
                {block.height, block.maker, block.made_at, signers, &step.evidence});
            replay.changes.push_back(next.changes);
            if (block.height == 1)
            {
                replay.changes.back() = state.changes;
                replay.changes.back().insert(
                    replay.changes.back().end(), next.changes.begin(), next.changes.end());
            }
            state = std::move(next);
            note(block.height + 1, *state.next_set());
        }
    }
    return replay;
}

}  // namespace runnel
