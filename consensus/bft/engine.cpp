#include "consensus/bft/engine.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace runnel
{
namespace
{
NodeId choose_reference(const BftOptions& options, const NetworkModel& model)
{
    const auto group_of = groups_of_validators(options);
    const auto nodes = options.validators + options.observers;
    const auto is_honest = [&](NodeId node)
    {
        return node >= group_of.size() || group_of[node] == options.groups.size() ||
               options.groups[group_of[node]].strategy == BftStrategy::honest;
    };
    const auto is_steady = [&](NodeId node)
    {
        if (std::any_of(model.outages.begin(), model.outages.end(),
                [node](const NodeOutage& outage) { return outage.node == node; }))
            return false;
        return std::all_of(model.partitions.begin(), model.partitions.end(),
            [&](const NetworkPartition& partition)
            {
                std::map<std::uint32_t, std::size_t> sizes;
                for (const auto group : partition.group_of)
                    ++sizes[group];
                const auto largest = std::max_element(sizes.begin(), sizes.end(),
                    [](const auto& a, const auto& b) { return a.second < b.second; });
                return partition.group_of[node] == largest->first;
            });
    };
    std::optional<NodeId> first;
    for (NodeId node = 0; node < nodes; ++node)
    {
        if (!is_honest(node))
            continue;
        if (is_steady(node))
            return node;
        if (!first)
            first = node;
    }
    return first.value_or(0);
}

bool keeps_to_protocol(BftStrategy strategy) noexcept
{
    return strategy != BftStrategy::equivocating && strategy != BftStrategy::amnesia;
}

NetworkVotes votes_of(const BftCertificate& commit)
{
    return {VoteKind::precommit, commit.height, commit.round, commit.block, 0, 0,
        VoterBits(commit.voters.begin(), commit.voters.end())};
}
}  // namespace

BftEngine::BftEngine(const BftOptions& options, NetworkModel model, std::uint64_t seed,
    ShardRunner& runner, std::uint32_t shards)
  : genesis_{make_bft_genesis(options, seed, choose_reference(options, model))},
    runner_{runner},
    network_{std::move(model), seed, options.validators + options.observers, shards,
        [this](NodeId node) {
            return BftNode{genesis_, node};
        }}
{}

std::optional<ConsensusStep> BftEngine::next(VirtualTime limit)
{
    while (steps_.empty())
    {
        const auto records = network_.advance(runner_, std::min(limit, end_));
        if (records.empty())
            return leftover();
        for (const auto& record : records)
            take(record);
    }
    auto step = std::move(steps_.front());
    steps_.pop_front();
    return step;
}

void BftEngine::take(const Network<BftNode>::Record& record)
{
    now_ = record.at;
    if (const auto* decided = std::get_if<BftNode::Decided>(&record.record))
    {
        take_decided(record.at, record.node, *decided);
    }
    else if (const auto* found = std::get_if<BftNode::FoundEvidence>(&record.record))
    {
        evidence_found_.push_back(found->evidence);
        if (record.node == reference())
            unreported_.push_back(found->evidence);
    }
    else
    {
        ++blocks_made_;
    }
}

void BftEngine::take_decided(VirtualTime at, NodeId node, const BftNode::Decided& decided)
{
    const auto& header = decided.block->header;
    if (heights_.size() < header.height)
        heights_.resize(header.height);
    auto& height = heights_[header.height - 1];
    const auto is_known = std::any_of(height.decisions.begin(), height.decisions.end(),
        [&](const Decision& other) { return other.block.id == header.id; });
    if (!is_known && keeps_to_protocol(genesis_->strategy_of(node)))
    {
        height.decisions.push_back({node, header, decided.commit});
        if (height.decisions.size() > 1)
        {
            const auto& first = height.decisions.front();
            conflicts_.push_back(
                {at, header.height, {first.node, node}, {*first.commit, *decided.commit}});
        }
        if (height.reference)
            report_fork(height, height.decisions.back());
    }
    if (node != reference())
    {
        if (header.flaw != BlockFlaw::none && keeps_to_protocol(genesis_->strategy_of(node)))
            refused_decisions_.insert(header.height);
        expect_end(at);
        return;
    }
    // If it lost its memory it decides once more what it knew: that is not news. On another branch,
    // where liars are enough for one, it follows that one, and the chain as told ends.
    const bool follows = header.height == decided_ + 1 &&
                         (decided_ == 0 || heights_[decided_ - 1].reference == header.parent);
    if (!follows)
        return;
    decided_ = header.height;
    height.reference = header.id;
    end_ = std::numeric_limits<VirtualTime>::max();
    expect_end(at);
    for (const auto& decision : height.decisions)
        report_fork(height, decision);
    rounds_lost_ += decided.commit->round;
    rounds_lost_most_ = std::max(rounds_lost_most_, decided.commit->round);
    voters_ = 0;
    for_each_voter(decided.state->next_set()->members, [&](NodeId) { ++voters_; });
    ConsensusStep step;
    step.at = at;
    step.added.push_back(header);
    step.finalized = header.height;
    step.votes.push_back(votes_of(*decided.commit));
    if (header.height > 1)
        step.votes.push_back(votes_of(decided.block->parent_commit));
    step.votes.insert(step.votes.end(), decided.votes.begin(), decided.votes.end());
    step.evidence = decided.block->evidence;
    std::erase_if(unreported_, [&](const NetworkEvidence& found)
        { return !admits_evidence(options(), *decided.state, found); });
    if (header.height == 1)
        step.stake = genesis_->state->changes;
    step.stake.insert(
        step.stake.end(), decided.state->changes.begin(), decided.state->changes.end());
    step.refused = decided.refused;
    step.refused.insert(step.refused.end(), refused_.begin(), refused_.end());
    refused_.clear();
    step.votes.insert(step.votes.end(), votes_.begin(), votes_.end());
    votes_.clear();
    steps_.push_back(std::move(step));
}

/// The reference node refuses a decided block with a flaw. Unless validators in league decide
/// another one at its height, which they do soon or not at all, its chain ends there, however long
/// others go on.
void BftEngine::expect_end(VirtualTime now)
{
    constexpr VirtualTime grace = 600 * one_second;
    if (refused_decisions_.contains(decided_ + 1))
        end_ = std::min(end_, now + grace);
}

void BftEngine::report_fork(const Height& height, const Decision& decision)
{
    if (decision.block.id == height.reference)
        return;
    refused_.push_back({decision.block, BlockRefusalKind::forked});
    votes_.push_back(votes_of(*decision.commit));
}

/// What there is to say though no block came.
std::optional<ConsensusStep> BftEngine::leftover()
{
    if (refused_.empty() && votes_.empty() && unreported_.empty())
        return std::nullopt;
    ConsensusStep step;
    step.at = now_;
    step.finalized = decided_;
    step.refused = std::exchange(refused_, {});
    step.votes = std::exchange(votes_, {});
    step.evidence = std::exchange(unreported_, {});
    return step;
}

ConsensusFigures BftEngine::figures() const
{
    ConsensusFigures figures;
    figures.traffic = network_.traffic();
    figures.events = network_.events();
    figures.blocks_made = blocks_made_;
    figures.joules = options().watts * static_cast<double>(network_.topology().size()) *
                     static_cast<double>(now_) / static_cast<double>(one_second);
    return figures;
}

std::vector<NamedFigure> BftEngine::details() const
{
    std::vector<NodeId> offenders;
    for (const auto& evidence : evidence_found_)
        offenders.push_back(evidence.offender);
    std::sort(offenders.begin(), offenders.end());
    offenders.erase(std::unique(offenders.begin(), offenders.end()), offenders.end());
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    const auto heights = number(std::max<std::uint64_t>(decided_, 1));
    return {{"bft.rounds_lost", number(rounds_lost_) / heights, "rounds a height"},
        {"bft.rounds_lost_most", number(rounds_lost_most_), "rounds"},
        {"bft.voters", number(voters_), "validators"},
        {"bft.offenders", number(offenders.size()), "validators"},
        {"bft.conflicts", number(conflicts_.size()), "heights"}};
}

std::unique_ptr<BftEngine> make_bft_engine(const BftOptions& options, NetworkModel model,
    std::uint64_t seed, ShardRunner& runner, std::uint32_t shards)
{
    return std::make_unique<BftEngine>(options, std::move(model), seed, runner, shards);
}

}  // namespace runnel
