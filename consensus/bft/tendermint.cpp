#include "consensus/bft/tendermint.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <bit>

namespace runnel
{
namespace
{
constexpr BftFraction one_third{1, 3};

bool holds(BftStep step, BftStep earliest) noexcept
{
    return static_cast<int>(step) >= static_cast<int>(earliest);
}
}  // namespace

Tendermint::Tendermint(TendermintHost& host, std::shared_ptr<const BftValidatorSet> set,
    NodeId self, BftFraction quorum, std::uint64_t future_rounds)
  : host_{host}, set_{std::move(set)}, self_{self}, future_rounds_{future_rounds}
{
    RUNNEL_CHECK(set_ != nullptr && quorum.numerator < quorum.denominator);
    below_quorum_ = part_of(set_->total_power, quorum);
}

void Tendermint::start()
{
    start_round(0);
    evaluate();
}

void Tendermint::resume(std::uint64_t round, BftStep step, const BftLock& lock)
{
    round_ = round;
    step_ = step;
    lock_ = lock;
    if (step == BftStep::propose)
        host_.start_timeout(BftStep::propose, round);
}

Tendermint::Round& Tendermint::known(std::uint64_t round)
{
    if (round >= rounds_.size())
        rounds_.resize(round + 1);
    auto& slot = rounds_[round];
    if (slot == nullptr)
    {
        slot = std::make_unique<Round>();
        slot->prevotes.voters.assign(set_->members.size(), 0);
        slot->precommits.voters.assign(set_->members.size(), 0);
    }
    return *slot;
}

BftTally* Tendermint::tally(VoteKind kind, std::uint64_t round) noexcept
{
    if (round >= rounds_.size() || rounds_[round] == nullptr)
        return nullptr;
    return kind == VoteKind::prevote ? &rounds_[round]->prevotes : &rounds_[round]->precommits;
}

std::span<const Tendermint::Proposal> Tendermint::proposals(std::uint64_t round) const noexcept
{
    if (round >= rounds_.size() || rounds_[round] == nullptr)
        return {};
    return rounds_[round]->proposals;
}

NodeId Tendermint::proposer_of(std::uint64_t round)
{
    while (proposers_.size() <= round)
        proposers_.push_back(set_->proposer_of(proposers_.size()));
    return proposers_[round];
}

// ---- What comes in ----

bool Tendermint::add_proposal(
    NodeId proposer, std::uint64_t round, NetworkBlockId block, std::int64_t valid_round)
{
    if (round > round_ + future_rounds_)
    {
        // The proposer of a round that is far ahead costs many turns to find: his word is that of
        // any validator.
        saw_in_round(proposer, round);
        return false;
    }
    if (proposer != proposer_of(round) || block == no_block)
        return false;
    if (valid_round < -1 || valid_round >= static_cast<std::int64_t>(round))
        return false;
    auto& proposals = known(round).proposals;
    if (std::any_of(proposals.begin(), proposals.end(),
            [&](const Proposal& one) { return one.block == block; }) ||
        proposals.size() == 2)
        return false;
    proposals.push_back({block, valid_round});
    if (proposals.size() == 2)
        host_.double_proposal(proposer, round, proposals[0].block, block);
    if (round > round_)
        saw_in_round(proposer, round);
    return true;
}

Tendermint::AddedVotes Tendermint::add_votes(
    VoteKind kind, std::uint64_t round, NetworkBlockId block, std::span<const std::uint64_t> voters)
{
    const auto words = std::min(voters.size(), set_->members.size());
    if (round > round_ + future_rounds_)
    {
        for_each_voter(voters.first(words), [&](NodeId v) { saw_in_round(v, round); });
        return {};
    }
    auto& of_round = known(round);
    auto& all = kind == VoteKind::prevote ? of_round.prevotes : of_round.precommits;
    auto* found = const_cast<BftTally::ForBlock*>(all.of(block));
    if (found == nullptr)
    {
        all.blocks.push_back({block, BftVoters(set_->members.size()), 0, 0});
        found = &all.blocks.back();
    }
    AddedVotes added;
    added.had_quorum = is_quorum(found->power);
    std::uint64_t power = 0;
    std::uint64_t power_again = 0;
    for (std::size_t i = 0; i < words; ++i)
    {
        const auto word = voters[i] & set_->members[i] & ~found->voters[i];
        if (word == 0)
            continue;
        found->voters[i] |= word;
        const auto again = word & all.voters[i];
        all.voters[i] |= word;
        const auto base = static_cast<NodeId>(i * 64);
        const auto count = static_cast<std::uint32_t>(std::popcount(word));
        added.fresh += count;
        power += set_->power_of(i, word, count);
        for_each_voter(std::span{&again, 1},
            [&](NodeId bit)
            {
                const auto v = base + bit;
                power_again += set_->power[v];
                const auto first = std::find_if(all.blocks.begin(), all.blocks.end(),
                    [&](const BftTally::ForBlock& one)
                    { return one.block != block && has_voter(one.voters, v); });
                host_.double_vote(v, kind, round, first->block, block);
            });
        if (round > round_)
            for_each_voter(
                std::span{&word, 1}, [&](NodeId bit) { saw_in_round(base + bit, round); });
    }
    found->power += power;
    all.power += power - power_again;
    found->fresh += added.fresh;
    if (kind == VoteKind::precommit && block != no_block && !added.had_quorum &&
        is_quorum(found->power))
        decidable_.emplace_back(round, block);
    return added;
}

void Tendermint::saw_in_round(NodeId validator, std::uint64_t round)
{
    if (!set_->has(validator) || round <= round_)
        return;
    if (seen_in_.empty())
        seen_in_.assign(set_->power.size(), 0);
    auto& seen = seen_in_[validator];
    if (round <= seen)
        return;
    const auto entry_of = [&](std::uint64_t which)
    {
        auto at = std::lower_bound(ahead_.begin(), ahead_.end(), which,
            [](const auto& entry, std::uint64_t value) { return entry.first < value; });
        if (at == ahead_.end() || at->first != which)
            at = ahead_.insert(at, {which, 0});
        return at;
    };
    const auto power = set_->power[validator];
    // What lies behind is forgotten as rounds pass: see start_round().
    if (seen > round_)
    {
        const auto entry = entry_of(seen);
        entry->second -= power;
        if (entry->second == 0)
            ahead_.erase(entry);
    }
    seen = round;
    entry_of(round)->second += power;
}

void Tendermint::time_out(BftStep step, std::uint64_t round)
{
    if (decision_ || round != round_ || step_ == BftStep::new_height)
        return;
    if (step == BftStep::propose && step_ == BftStep::propose)
        prevote(no_block);
    else if (step == BftStep::prevote && step_ == BftStep::prevote)
        precommit(no_block);
    else if (step == BftStep::precommit)
        start_round(round + 1);
    evaluate();
}

// ---- Rules ----

void Tendermint::start_round(std::uint64_t round)
{
    round_ = round;
    step_ = BftStep::propose;
    ahead_.erase(ahead_.begin(), std::find_if(ahead_.begin(), ahead_.end(),
                                     [&](const auto& entry) { return entry.first > round; }));
    known(round);
    host_.entered(round);
    // The proposer too: his host may have nothing to propose.
    host_.start_timeout(BftStep::propose, round);
    if (proposer_of(round) == self_)
        host_.propose(round, lock_);
}

void Tendermint::prevote(NetworkBlockId block)
{
    step_ = BftStep::prevote;
    host_.vote(VoteKind::prevote, round_, block);
}

void Tendermint::precommit(NetworkBlockId block)
{
    step_ = BftStep::precommit;
    host_.vote(VoteKind::precommit, round_, block);
}

void Tendermint::evaluate()
{
    while (!decision_)
    {
        if (apply_decision())
            return;
        if (step_ == BftStep::new_height)
            return;
        if (apply_later_round())
            continue;
        auto& round = known(round_);
        if (apply_proposal(round) || apply_polka(round))
            continue;
        apply_waits(round);
        return;
    }
}

/// Rule 8. Any round will do, and a height that has not begun here may be decided elsewhere.
bool Tendermint::apply_decision()
{
    for (const auto& [round, block] : decidable_)
    {
        const auto& proposals = known(round).proposals;
        const auto is_known = std::any_of(proposals.begin(), proposals.end(),
            [id = block](const Proposal& one) { return one.block == id; });
        if (!is_known || host_.validity_of(block) != BlockValidity::valid)
            continue;
        decision_ = {round, block};
        return true;
    }
    return false;
}

/// Rule 9. Who was last seen in a later round has been in all before it, or is faulty: of the
/// rounds that more than a third have reached the last one is it.
bool Tendermint::apply_later_round()
{
    std::uint64_t power = 0;
    for (auto entry = ahead_.rbegin(); entry != ahead_.rend(); ++entry)
    {
        power += entry->second;
        if (!exceeds(power, set_->total_power, one_third))
            continue;
        start_round(entry->first);
        return true;
    }
    return false;
}

/// Rules 2 and 3.
bool Tendermint::apply_proposal(Round& round)
{
    if (step_ != BftStep::propose)
        return false;
    for (const auto& [block, valid_round] : round.proposals)
    {
        if (valid_round >= 0)
        {
            const auto* polka = tally(VoteKind::prevote, static_cast<std::uint64_t>(valid_round));
            if (polka == nullptr || !is_quorum(polka->power_for(block)))
                continue;
        }
        const auto validity = host_.validity_of(block);
        if (validity == BlockValidity::unknown)
            continue;
        const auto is_free =
            lock_.locked == block ||
            (valid_round >= 0 ? lock_.locked_round <= valid_round : lock_.locked_round == -1);
        prevote(validity == BlockValidity::valid && is_free ? block : no_block);
        return true;
    }
    return false;
}

/// Rules 5 and 6.
bool Tendermint::apply_polka(Round& round)
{
    if (!holds(step_, BftStep::prevote))
        return false;
    if (!round.has_polka)
    {
        for (const auto& [block, valid_round] : round.proposals)
        {
            if (!is_quorum(round.prevotes.power_for(block)) ||
                host_.validity_of(block) != BlockValidity::valid)
                continue;
            round.has_polka = true;
            lock_.valid = block;
            lock_.valid_round = static_cast<std::int64_t>(round_);
            if (step_ == BftStep::prevote)
            {
                lock_.locked = block;
                lock_.locked_round = static_cast<std::int64_t>(round_);
                precommit(block);
            }
            return true;
        }
    }
    if (step_ == BftStep::prevote && is_quorum(round.prevotes.power_for(no_block)))
    {
        precommit(no_block);  // Locked as before.
        return true;
    }
    return false;
}

/// Rules 4 and 7.
void Tendermint::apply_waits(Round& round)
{
    if (step_ == BftStep::prevote && !round.waits_for_prevotes && is_quorum(round.prevotes.power))
    {
        round.waits_for_prevotes = true;
        host_.start_timeout(BftStep::prevote, round_);
    }
    if (!round.waits_for_precommits && is_quorum(round.precommits.power))
    {
        round.waits_for_precommits = true;
        host_.start_timeout(BftStep::precommit, round_);
    }
}

}  // namespace runnel
