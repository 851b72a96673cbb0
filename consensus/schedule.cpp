#include "consensus/schedule.hpp"

#include "consensus/stake_rewards.hpp"
#include "ledger/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace runnel
{
namespace
{
template <typename Value>
void move_behind(std::vector<Value>& from, std::vector<Value>& to)
{
    std::move(from.begin(), from.end(), std::back_inserter(to));
    from.clear();
}
}  // namespace

std::string_view to_string(BlockFlaw flaw) noexcept
{
    switch (flaw)
    {
        case BlockFlaw::none: return "";
        case BlockFlaw::wrong_state_root: return "wrong_state_root";
        case BlockFlaw::overspend: return "overspend";
        case BlockFlaw::forged_signature: return "forged_signature";
    }
    return "";
}

std::string_view to_string(VoteKind kind) noexcept
{
    switch (kind)
    {
        case VoteKind::prevote: return "prevote";
        case VoteKind::precommit: return "precommit";
        case VoteKind::attestation: return "attestation";
    }
    return "";
}

std::string_view to_string(EvidenceKind kind) noexcept
{
    switch (kind)
    {
        case EvidenceKind::double_vote: return "double_vote";
        case EvidenceKind::surround_vote: return "surround_vote";
        case EvidenceKind::double_proposal: return "double_proposal";
        case EvidenceKind::invalid_block: return "invalid_block";
    }
    return "";
}

std::string_view to_string(BlockRefusalKind kind) noexcept
{
    switch (kind)
    {
        case BlockRefusalKind::stale: return "stale";
        case BlockRefusalKind::invalid: return "invalid";
        case BlockRefusalKind::undecided: return "undecided";
        case BlockRefusalKind::forked: return "forked";
    }
    return "";
}

std::uint64_t timestamp_of(
    const NetworkBlock& block, std::uint64_t start, std::uint64_t parent_timestamp) noexcept
{
    return std::max(
        parent_timestamp + 1, start + static_cast<std::uint64_t>(block.made_at / one_second));
}

ChainSchedule::ChainSchedule(std::unique_ptr<ConsensusEngine> engine, Options options)
  : engine_{std::move(engine)}, options_{std::move(options)}
{
    RUNNEL_CHECK(engine_ != nullptr && options_.horizon > 0);
}

AccountId ChainSchedule::account_of(NodeId maker) const
{
    return options_.accounts.at(maker);
}

AccountId ChainSchedule::account_of(const StakeChange& change) const
{
    return change.delegator == 0 ? account_of(change.validator)
                                 : options_.delegators.at(change.delegator);
}

bool ChainSchedule::is_decided(const Entry& entry) const noexcept
{
    const auto height = entry.scheduled.block.height;
    return entry.is_reverted || has_ended_ || height <= finalized_ ||
           settled_ + chain_.size() >= height + options_.horizon;
}

std::optional<ScheduledBlock> ChainSchedule::next()
{
    while (handed_out_ < options_.blocks)
    {
        while (waiting_.empty() || !is_decided(*waiting_.front()))
        {
            if (!error_.empty() || (has_ended_ && waiting_.empty()))
                return std::nullopt;
            if (!pull())
                has_ended_ = true;
        }
        const auto entry = std::move(waiting_.front());
        waiting_.pop_front();
        auto scheduled = std::move(entry->scheduled);
        scheduled.stays = !entry->is_reverted;
        move_behind(entry->notes.blocks, notes_.blocks);
        move_behind(entry->notes.votes, notes_.votes);
        move_behind(entry->notes.evidence, notes_.evidence);
        notes_.blocks.push_back(
            note_of(scheduled.block, scheduled.stays      ? "canonical"
                                     : entry->is_executed ? "reverted"
                                                          : to_string(BlockRefusalKind::stale)));
        if (!entry->is_executed)
            continue;
        if (scheduled.stays)
        {
            handed_out_ = scheduled.block.height;
            scheduled.notes = std::make_shared<ConsensusNotes>(std::exchange(notes_, {}));
        }
        return scheduled;
    }
    return std::nullopt;
}

bool ChainSchedule::skip_to(std::uint64_t number)
{
    while (handed_out_ < number)
    {
        if (!next())
            return false;
    }
    return true;
}

bool ChainSchedule::pull()
{
    auto step = next_step();
    if (!step)
    {
        // What waits still counts; without a last block the chain is short.
        if (settled_ + chain_.size() < options_.blocks)
        {
            stands_still_ = true;
            error_ = fmt::format(
                "the chain stands still: no block follows block {} until {} s after the start, nor "
                "within {} s more",
                settled_ + chain_.size(), last_at_ / one_second, options_.patience / one_second);
        }
        return false;
    }
    if (step->at > last_at_)
        previous_at_ = std::exchange(last_at_, step->at);
    take_back(step->reverted);
    if (error_.empty())
        add(*step);
    return error_.empty();
}

std::optional<ConsensusStep> ChainSchedule::next_step()
{
    auto step = peeked_ ? std::exchange(peeked_, std::nullopt)
                        : engine_->next(last_at_ + options_.patience);
    if (!step)
        return std::nullopt;
    while ((peeked_ = engine_->next(step->at + options_.patience)) && peeked_->added.empty() &&
           peeked_->reverted == 0)
    {
        move_behind(peeked_->votes, step->votes);
        move_behind(peeked_->evidence, step->evidence);
        move_behind(peeked_->refused, step->refused);
        move_behind(peeked_->double_spends, step->double_spends);
    }
    return step;
}

void ChainSchedule::take_back(std::uint64_t count)
{
    for (; count > 0; --count)
    {
        const auto height = settled_ + chain_.size();
        if (chain_.empty() || height <= handed_out_)
        {
            error_ = fmt::format(
                "block {} was taken back under {} others: the scenario's "
                "consensus.horizon must be larger",
                height, options_.horizon);
            waiting_.clear();
            return;
        }
        chain_.back()->is_reverted = true;
        reverts_due_ += chain_.back()->is_executed ? 1 : 0;
        chain_.pop_back();
    }
}

void ChainSchedule::add(const ConsensusStep& step)
{
    finalized_ = std::max(finalized_, step.finalized);
    if (step.added.empty())
    {
        note(step, notes_);
        return;
    }
    // An engine may tell of a branch block by block, each with its own stakes: nobody acts between.
    const bool goes_on = peeked_ && peeked_->at == step.at && peeked_->reverted == 0;
    for (const auto& block : step.added)
    {
        RUNNEL_CHECK(block.height == settled_ + chain_.size() + 1);
        auto entry = std::make_shared<Entry>();
        entry->scheduled.block = block;
        entry->scheduled.is_seen = !goes_on && &block == &step.added.back();
        entry->scheduled.due_from = previous_at_;
        entry->scheduled.due_until = last_at_;
        entry->scheduled.finalized = std::min(step.finalized, block.height - 1);
        entry->is_executed = block.height <= options_.blocks;
        if (entry->is_executed)
            entry->scheduled.reverts = std::exchange(reverts_due_, 0);
        chain_.push_back(entry);
        waiting_.push_back(std::move(entry));
    }
    auto& last = *chain_.back();
    auto rewards = stake_rewards(step.stake, {options_.compounds, options_.shares_fees},
        [this](const StakeChange& change) { return account_of(change); });
    move_behind(rewards, last.scheduled.rewards);
    for (const auto miner : step.double_spends)
        last.scheduled.double_spends.push_back(account_of(miner));
    note(step, last.notes);
    // What nothing takes back any more need not be remembered.
    const auto height = settled_ + chain_.size();
    const auto safe =
        std::max(finalized_, height > options_.horizon ? height - options_.horizon : 0);
    if (safe > settled_ + options_.horizon)
    {
        chain_.erase(chain_.begin(), chain_.begin() + static_cast<std::ptrdiff_t>(safe - settled_));
        settled_ = safe;
    }
}

NetworkBlockNote ChainSchedule::note_of(const NetworkBlock& block, std::string_view status) const
{
    return {status, block.id, block.parent, block.height, account_of(block.maker), block.made_at,
        block.stated_at, block.round, block.bits, block.nonce, block.is_withheld,
        to_string(block.flaw)};
}

void ChainSchedule::note(const ConsensusStep& step, ConsensusNotes& notes) const
{
    for (const auto& [block, kind] : step.refused)
        notes.blocks.push_back(note_of(block, to_string(kind)));
    for (const auto& votes : step.votes)
    {
        notes.votes.push_back({to_string(votes.kind), votes.height, votes.round, votes.block,
            votes.source_epoch, votes.target_epoch, votes.voters});
    }
    for (const auto& evidence : step.evidence)
    {
        notes.evidence.push_back({to_string(evidence.kind), account_of(evidence.offender),
            evidence.found_at, evidence.height, evidence.round, evidence.first, evidence.second});
    }
}

}  // namespace runnel
