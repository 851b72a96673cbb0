#pragma once

#include "consensus/engine.hpp"
#include "ledger/philox.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace runnel::toy
{

/// A chain that goes back and forth by chance: what a ledger must follow. As engines do, it tells
/// of a branch block by block.
class ForkingEngine final : public ConsensusEngine
{
public:
    struct Options
    {
        std::uint64_t seed = 1;
        std::uint32_t makers = 3;
        std::uint64_t depth_max = 5;     // Blocks taken back at once.
        double fork_share = 0.3;         // Of the steps.
        std::uint64_t stops_after = 0;   // Steps; 0: never.
        std::uint64_t ends_without = 0;  // Newest blocks, taken back when it stops.
        std::uint64_t final_behind = 0;  // Heights; 0: nothing is ever final.
        bool moves_stake = false;
        bool accuses = false;
        std::uint64_t flaw_every = 0;  // So many steps there is a block with a flaw; 0: never.
        std::vector<BlockFlaw> flaws = {BlockFlaw::wrong_state_root};  // In turn.
    };
    explicit ForkingEngine(Options options) noexcept : options_{options}, counts_(options.makers) {}

    [[nodiscard]] std::optional<ConsensusStep> next(VirtualTime /*limit*/) override
    {
        if (told_.empty() && (options_.stops_after == 0 || steps_ < options_.stops_after))
            make();
        else if (told_.empty() && !std::exchange(has_stopped_, true))
            take_back_last();
        if (told_.empty())
            return std::nullopt;
        auto step = std::move(told_.front());
        told_.pop_front();
        return step;
    }
    [[nodiscard]] ConsensusFigures figures() const override { return {}; }
    [[nodiscard]] std::uint32_t makers() const noexcept override { return options_.makers; }

private:
    void take_back_last()
    {
        if (options_.ends_without == 0)
            return;
        ConsensusStep step;
        step.at = time_ += one_second;
        step.reverted = options_.ends_without;
        for (auto i = step.reverted; i > 0; --i)
        {
            step.refused.push_back({chain_.back(), BlockRefusalKind::stale});
            chain_.pop_back();
        }
        told_.push_back(std::move(step));
    }
    void make()
    {
        RandomStream random{options_.seed, 99, 0, steps_++};
        ConsensusStep step;
        step.at = time_ += static_cast<VirtualTime>(1 + random.uniform_below(20)) * one_second;
        const auto safe =
            options_.final_behind == 0
                ? 0
                : chain_.size() - std::min<std::uint64_t>(chain_.size(), options_.final_behind);
        finalized_ = std::max<std::uint64_t>(finalized_, safe);
        if (random.bernoulli(options_.fork_share))
        {
            step.reverted = std::min<std::uint64_t>(
                chain_.size() - finalized_, 1 + random.uniform_below(options_.depth_max));
        }
        for (auto i = step.reverted; i > 0; --i)
        {
            step.refused.push_back({chain_.back(), BlockRefusalKind::stale});
            chain_.pop_back();
        }
        for (auto i = step.reverted + 1; i > 0; --i)
        {
            NetworkBlock block;
            block.maker = static_cast<NodeId>(random.uniform_below(options_.makers));
            block.id = network_block_id(block.maker, ++counts_[block.maker]);
            block.parent = chain_.empty() ? 0 : chain_.back().id;
            block.height = chain_.size() + 1;
            block.made_at = time_ - static_cast<VirtualTime>(i) * one_second / 2;
            block.true_time = block.made_at;
            chain_.push_back(block);
            step.added = {block};
            step.stake = {{StakeChangeKind::reward, block.maker, Amount{5'000 + i}}};
            step.finalized = finalized_;
            if (i > 1)
            {
                told_.push_back(step);
                step.reverted = 0;
                step.refused.clear();
            }
        }
        if (options_.moves_stake && steps_ % 3 == 0)
        {
            step.stake.push_back({StakeChangeKind::deposit, 0, Amount{11}});
            step.stake.push_back({StakeChangeKind::slashing, 0, Amount{3}});
            step.stake.push_back({StakeChangeKind::withdrawal, 0, Amount{2}});
        }
        if (options_.flaw_every != 0 && steps_ % options_.flaw_every == 0)
        {
            NetworkBlock flawed = chain_.back();
            flawed.maker = static_cast<NodeId>(steps_ % options_.makers);
            flawed.id = network_block_id(flawed.maker, ++counts_[flawed.maker]);
            flawed.flaw = options_.flaws[flawed_++ % options_.flaws.size()];
            step.refused.push_back({flawed, BlockRefusalKind::invalid});
        }
        NetworkVotes votes;
        votes.kind = VoteKind::precommit;
        votes.height = chain_.size();
        votes.block = chain_.back().id;
        votes.voters = {0b101};
        step.votes.push_back(votes);
        told_.push_back(std::move(step));
        if (options_.accuses)
        {
            // Something is found out while the chain does not go on.
            ConsensusStep found;
            found.at = time_ + one_second / 4;
            found.evidence.push_back({EvidenceKind::double_vote, 1, found.at, chain_.size(), 0,
                chain_.back().id, no_block, VoteKind::prevote});
            told_.push_back(std::move(found));
        }
    }

    Options options_;
    std::deque<ConsensusStep> told_;  // Not yet.
    std::vector<std::uint32_t> counts_;
    std::vector<NetworkBlock> chain_;
    std::uint64_t steps_ = 0;
    std::size_t flawed_ = 0;
    std::uint64_t finalized_ = 0;
    VirtualTime time_ = 0;
    bool has_stopped_ = false;
};

}  // namespace runnel::toy
