#include "audit/network_check.hpp"

#include "consensus/bft/check.hpp"
#include "consensus/bft/engine.hpp"
#include "consensus/bft/stake.hpp"
#include "consensus/gasper/check.hpp"
#include "consensus/gasper/engine.hpp"
#include "consensus/pow/check.hpp"
#include "consensus/pow/engine.hpp"
#include "consensus/pow/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace runnel::audit
{
namespace
{

/// When the last fault has ended.
VirtualTime calm_from(const NetworkModel& model)
{
    VirtualTime calm = 0;
    for (const auto& partition : model.partitions)
        calm = std::max(calm, partition.until);
    for (const auto& outage : model.outages)
        calm = std::max(calm, outage.until);
    return calm;
}

/// The steps of an engine, and the chain that they make.
struct History
{
    std::vector<ConsensusStep> steps;
    std::vector<NetworkBlock> chain;  // From height 1 on.
    std::uint64_t finalized = 0;      // Height.
    std::string failure;

    void run(ConsensusEngine& engine, VirtualTime until)
    {
        while (auto step = engine.next(until))
        {
            take(std::move(*step));
            if (!failure.empty())
                return;
        }
    }
    void take(ConsensusStep step)
    {
        follow(step);
        steps.push_back(std::move(step));
    }

private:
    void follow(const ConsensusStep& step)
    {
        const auto fail = [&](std::string_view what)
        { failure = fmt::format("steps: at {} us {}", step.at, what); };
        if (!steps.empty() && step.at < steps.back().at)
            return fail("is before the step before it");
        if (step.reverted > chain.size())
            return fail("more is reverted than there is");
        if (chain.size() - step.reverted < std::min<std::uint64_t>(finalized, chain.size()))
        {
            return fail(fmt::format("block {} is reverted, though block {} was final",
                chain.size() - step.reverted + 1, finalized));
        }
        // What a node that lost its memory knows is nothing new.
        if (step.finalized < finalized && !step.added.empty())
            return fail(fmt::format("block {} was final, and is no more", finalized));
        finalized = std::max(finalized, step.finalized);
        chain.resize(chain.size() - step.reverted);
        for (const auto& block : step.added)
        {
            const auto parent = chain.empty() ? 0 : chain.back().id;
            if (block.height != chain.size() + 1 || block.parent != parent)
                return fail(fmt::format("block {:#x} does not follow the one before", block.id));
            chain.push_back(block);
        }
    }
};

void count(NetworkCheck& check, const History& history, VirtualTime until)
{
    check.until = until;
    check.blocks = history.chain.size();
    check.finalized = history.finalized;
    for (const auto& step : history.steps)
    {
        check.reverted += step.reverted;
        check.evidence += step.evidence.size();
    }
    check.failure = history.failure;
}

/// Whether something at the end of the chain was made after a moment.
bool goes_on(const History& history, VirtualTime since)
{
    return !history.chain.empty() && history.chain.back().made_at > since;
}

std::set<NodeId> forgetful_nodes(const NetworkModel& model)
{
    std::set<NodeId> nodes;
    for (const auto& outage : model.outages)
    {
        if (!outage.keeps_memory)
            nodes.insert(outage.node);
    }
    return nodes;
}

/// Whether what one says reaches all others, though silent nodes pass nothing on.
template <typename Predicate>
bool is_in_touch(const NetworkTopology& topology, const Predicate& is_silent)
{
    std::vector<NodeId> todo;
    std::vector<bool> is_reached(topology.size());
    const auto reach = [&](NodeId node)
    {
        if (is_reached[node] || is_silent(node))
            return;
        is_reached[node] = true;
        todo.push_back(node);
    };
    for (NodeId node = 0; node < topology.size() && todo.empty(); ++node)
        reach(node);
    while (!todo.empty())
    {
        const auto node = todo.back();
        todo.pop_back();
        for (const auto peer : topology.peers_of(node))
            reach(peer);
    }
    for (NodeId node = 0; node < topology.size(); ++node)
    {
        if (!is_reached[node] && !is_silent(node))
            return false;
    }
    return true;
}

// ---- Tendermint ----

bool keeps_to_protocol(BftStrategy strategy)
{
    return strategy == BftStrategy::honest || strategy == BftStrategy::censoring ||
           strategy == BftStrategy::mev;
}

class BftCheck
{
public:
    BftCheck(const ConsensusSetup& setup, std::uint64_t seed)
      : seed_{seed},
        model_{network_with_faults(setup, seed)},
        engine_{make_bft_engine(setup.bft, model_, seed, runner_)},
        group_of_{groups_of_validators(setup.bft)}
    {}

    NetworkCheck run()
    {
        const auto& options = engine_->options();
        const auto calm = calm_from(model_);
        // Rounds get longer while nothing is decided: the time for a hundred proposals is enough
        // for the longest that lost messages have been seen to cause.
        constexpr int proposals = 100;
        const auto until = calm + proposals * options.timeout_propose;
        history_.run(*engine_, until);
        NetworkCheck check;
        count(check, history_, until);
        replay_ = replay_bft(options, seed_, history_.steps);
        check.must_be_safe = is_below_third([&](NodeId v) { return !is_honest(v); });
        const auto forgetful = forgetful_nodes(model_);
        check.must_go_on =
            is_below_third([&](NodeId v) { return !is_honest(v) || forgetful.contains(v); }) &&
            is_in_touch({model_, seed_, options.validators + options.observers},
                [&](NodeId v) { return strategy_of(v) == BftStrategy::offline; });
        check.conflicts = engine_->conflicts().size();
        if (check.failure.empty())
            check.failure = look(check, calm);
        return check;
    }

private:
    [[nodiscard]] BftStrategy strategy_of(NodeId node) const
    {
        const auto& groups = engine_->options().groups;
        return node >= group_of_.size() || group_of_[node] >= groups.size()
                   ? BftStrategy::honest
                   : groups[group_of_[node]].strategy;
    }
    [[nodiscard]] bool is_honest(NodeId node) const { return keeps_to_protocol(strategy_of(node)); }

    [[nodiscard]] bool has_strategy(BftStrategy strategy) const
    {
        const auto& groups = engine_->options().groups;
        return std::any_of(groups.begin(), groups.end(),
            [strategy](const BftGroup& group) { return group.strategy == strategy; });
    }

    /// Of the votes at every height.
    template <typename Predicate>
    [[nodiscard]] bool is_below_third(const Predicate& counts) const
    {
        return std::all_of(replay_.powers.begin(), replay_.powers.end(),
            [&](const BftPowers& powers)
            {
                uint128 all = 0;
                uint128 counted = 0;
                for (NodeId v = 0; v < powers.power.size(); ++v)
                {
                    all += powers.power[v];
                    counted += counts(v) ? powers.power[v] : 0;
                }
                return 3 * counted < all;
            });
    }

    [[nodiscard]] std::string look(const NetworkCheck& check, VirtualTime calm) const
    {
        for (const auto& evidence : engine_->evidence_found())
        {
            if (is_honest(evidence.offender))
            {
                return fmt::format("accusation: honest validator {} at height {}",
                    evidence.offender, evidence.height);
            }
        }
        for (const auto& conflict : engine_->conflicts())
        {
            const auto what = fmt::format(
                "safety: nodes {} and {} decided blocks {:#x} and {:#x} "
                "at height {}",
                conflict.nodes[0], conflict.nodes[1], conflict.commits[0].block,
                conflict.commits[1].block, conflict.height);
            if (check.must_be_safe)
                return what;
            if (!is_signed_twice(conflict))
                return what + ", and no third of the votes signed both";
            // Who forgot what he was locked on has signed nothing twice in one round.
            if (check.evidence == 0 && !has_strategy(BftStrategy::amnesia))
                return what + ", and no evidence is on record";
        }
        if (auto found = look_at_record(check.must_be_safe); !found.empty())
            return found;
        return check.must_go_on ? look_at_progress(calm) : std::string{};
    }

    /// Whether more than a third of the votes are behind both decisions.
    [[nodiscard]] bool is_signed_twice(const BftConflict& conflict) const
    {
        const auto after =
            std::upper_bound(replay_.powers.begin(), replay_.powers.end(), conflict.height,
                [](std::uint64_t height, const BftPowers& one) { return height < one.from; });
        if (after == replay_.powers.begin())
            return false;
        const auto& power = std::prev(after)->power;
        uint128 all = 0;
        uint128 both = 0;
        for (NodeId v = 0; v < power.size(); ++v)
        {
            all += power[v];
            if (has_voter(conflict.commits[0].voters, v) &&
                has_voter(conflict.commits[1].voters, v))
                both += power[v];
        }
        return 3 * both > all;
    }

    [[nodiscard]] std::string look_at_record(bool must_be_safe) const
    {
        std::vector<NetworkVotes> votes;
        std::vector<NetworkEvidence> evidence;
        for (const auto& step : history_.steps)
        {
            votes.insert(votes.end(), step.votes.begin(), step.votes.end());
            evidence.insert(evidence.end(), step.evidence.begin(), step.evidence.end());
        }
        // By the quorum that nodes use, even a broken one: what it does is to be found, and not
        // that it is another one.
        for (const auto& violation :
            check_bft({replay_.powers, history_.chain, votes, evidence, false},
                engine_->options().broken.quorum))
        {
            if (must_be_safe || violation.kind != BftViolationKind::conflict)
            {
                return fmt::format("record: violation {} of check_bft at height {}, block {:#x}",
                    static_cast<int>(violation.kind), violation.height, violation.block);
            }
        }
        return {};
    }

    [[nodiscard]] std::string look_at_progress(VirtualTime calm) const
    {
        const auto& options = engine_->options();
        if (history_.steps.empty() || history_.steps.back().at < calm || !goes_on(history_, calm))
        {
            return fmt::format("liveness: nothing was decided in {} s after the last fault",
                100 * options.timeout_propose / one_second);
        }
        constexpr std::uint64_t behind_max = 20;
        for (NodeId node = 0; node < options.validators + options.observers; ++node)
        {
            if (is_honest(node) &&
                engine_->decided_height(node) + behind_max < history_.chain.size())
            {
                return fmt::format("liveness: honest node {} is at height {} of {}", node,
                    engine_->decided_height(node), history_.chain.size());
            }
        }
        return {};
    }

    std::uint64_t seed_;
    NetworkModel model_;
    SerialShardRunner runner_;
    std::unique_ptr<BftEngine> engine_;
    std::vector<std::uint32_t> group_of_;
    History history_;
    BftReplay replay_;
};

// ---- Gasper ----

bool keeps_to_protocol(GasperStrategy strategy)
{
    return strategy == GasperStrategy::honest || strategy == GasperStrategy::censoring ||
           strategy == GasperStrategy::mev;
}

bool is_ancestor(const BlockPtr& ancestor, BlockPtr block)
{
    while (block != nullptr && block->slot > ancestor->slot)
        block = block->parent;
    return block == ancestor;
}

class GasperCheck
{
public:
    GasperCheck(const ConsensusSetup& setup, std::uint64_t seed)
      : seed_{seed},
        model_{network_with_faults(setup, seed)},
        engine_{setup.gasper, model_, seed, runner_}
    {}

    NetworkCheck run()
    {
        const auto& options = engine_.options();
        const VirtualTime epoch =
            VirtualTime{options.slots_per_epoch} * options.slot_seconds * one_second;
        const auto calm = calm_from(model_);
        // Two epochs to justify and finalise, and as many again for those who leak or catch up.
        constexpr int epochs = 10;
        const auto until = calm + epochs * epoch;
        while (auto step = engine_.next(until))
        {
            take(std::move(*step));
            if (!history_.failure.empty())
                break;
        }
        NetworkCheck check;
        count(check, history_, until);
        const auto liars = liars_of(options);
        check.must_be_safe = 3 * liars < options.makers();
        constexpr double loss_max = 0.05;
        check.must_go_on = 4 * liars <= options.makers() && model_.loss <= loss_max &&
                           is_in_touch({model_, seed_, options.nodes()}, [&](NodeId node)
                               { return engine_.strategy_of(node, 0) == GasperStrategy::offline; });
        if (check.failure.empty())
            check.failure = look(check, calm, epoch);
        return check;
    }

private:
    static std::uint32_t liars_of(const GasperOptions& options)
    {
        std::uint32_t liars = 0;
        for (const auto& group : options.groups)
            liars += keeps_to_protocol(group.strategy) ? 0 : group.count;
        return liars;
    }
    [[nodiscard]] bool is_honest(NodeId node) const
    {
        return keeps_to_protocol(engine_.strategy_of(node, 0));
    }

    void take(ConsensusStep step)
    {
        blocks_.insert(blocks_.end(), step.added.begin(), step.added.end());
        for (const auto& refused : step.refused)
            blocks_.push_back(refused.block);
        votes_.insert(votes_.end(), step.votes.begin(), step.votes.end());
        if (finalized_.empty() || finalized_.back() != engine_.finalized())
            finalized_.push_back(engine_.finalized());
        history_.take(std::move(step));
        look_at_branches();
    }

    /// Votes in blocks of branches count as well: what makes a checkpoint final need not be on the
    /// chain that stands in the end, or ever have been its end. And votes may name a false block
    /// as the head, or one on it, that the reference node has refused: for what is final their
    /// target counts alone, and others know where it stands.
    void look_at_branches()
    {
        for (NodeId node = 0; node < engine_.options().nodes(); ++node)
        {
            const bool counts = node == engine_.reference_node();
            for (const auto& entry : engine_.node(node).view().store().entries())
            {
                const auto& header = entry.block->header;
                if (header.height == 0)
                    continue;
                if (known_.insert(header.id).second)
                    blocks_.push_back(header);
                if (!counts || !counted_.insert(header.id).second)
                    continue;
                for (const auto& votes : entry.block->votes)
                    votes_.push_back(record_of(*votes, 0, engine_.options().validators));
            }
        }
    }

    [[nodiscard]] std::string look(NetworkCheck& check, VirtualTime calm, VirtualTime epoch) const
    {
        for (const auto& step : history_.steps)
        {
            for (const auto& evidence : step.evidence)
            {
                if (is_honest(evidence.offender))
                {
                    return fmt::format("accusation: honest node {} at height {}", evidence.offender,
                        evidence.height);
                }
            }
        }
        if (const auto found = find_conflict(); !found.empty())
        {
            ++check.conflicts;
            if (check.must_be_safe)
                return "safety: " + found;
            if (check.evidence == 0)
                return "safety: " + found + ", and no evidence is on record";
        }
        const auto findings = check_gasper(
            blocks_, votes_, finalized_, engine_.stakes(), engine_.options().slots_per_epoch);
        for (const auto offender : findings.offenders)
        {
            const auto node = offender / engine_.options().validators_per_node;
            if (is_honest(node))
                return fmt::format("accusation: votes convict honest validator {}", offender);
        }
        if (check.must_be_safe && !findings.problems.empty())
            return "record: " + findings.problems.front();
        return look_at_progress(check, calm, epoch);
    }

    /// Two honest nodes whose final blocks are on different branches.
    [[nodiscard]] std::string find_conflict() const
    {
        const auto final_block = [&](NodeId node)
        { return engine_.node(node).view().store().entries().front().block; };
        auto holder = engine_.reference_node();
        auto longest = final_block(holder);
        for (NodeId node = 0; node < engine_.options().nodes(); ++node)
        {
            if (!is_honest(node))
                continue;
            auto other = final_block(node);
            if (!is_ancestor(other, longest) && !is_ancestor(longest, other))
            {
                return fmt::format("nodes {} and {} hold blocks {:#x} and {:#x} for final", holder,
                    node, longest->header.id, other->header.id);
            }
            if (other->slot > longest->slot)
            {
                longest = std::move(other);
                holder = node;
            }
        }
        return {};
    }

    [[nodiscard]] std::string look_at_progress(
        const NetworkCheck& check, VirtualTime calm, VirtualTime epoch) const
    {
        if (!check.must_be_safe)
            return {};
        if (!goes_on(history_, calm))
            return "liveness: no block was made after the last fault";
        const auto calm_epoch = static_cast<Epoch>(calm / epoch);
        if (check.must_go_on && engine_.finalized().epoch < calm_epoch + 1)
        {
            return fmt::format(
                "liveness: epoch {} is final ten epochs after epoch {}, when the "
                "last fault ended",
                engine_.finalized().epoch, calm_epoch);
        }
        return {};
    }

    std::uint64_t seed_;
    NetworkModel model_;
    SerialShardRunner runner_;
    GasperEngine engine_;
    History history_;
    std::vector<NetworkBlock> blocks_;
    std::vector<NetworkVotes> votes_;
    std::set<NetworkBlockId> known_;    // By any node.
    std::set<NetworkBlockId> counted_;  // By the reference node, with their votes.
    std::vector<Checkpoint> finalized_;
};

// ---- Proof of work ----

class PowNetworkCheck
{
public:
    PowNetworkCheck(const ConsensusSetup& setup, std::uint64_t seed)
      : setup_{setup}, seed_{seed}, model_{network_with_faults(setup, seed)}
    {}

    NetworkCheck run()
    {
        // Enough for those who are behind to catch up, and for blocks to be many enough that
        // chance alone does not leave them out.
        constexpr int intervals = 60;
        const auto calm = calm_from(model_);
        const auto until = calm + intervals * setup_.pow.block_interval;
        const auto engine = make_pow_engine(setup_.pow, model_, setup_.nodes, seed_, 1, runner_);
        History history;
        history.run(*engine, until);
        NetworkCheck check;
        count(check, history, until);
        check.must_be_safe = check.must_go_on = attackers_share() < 0.5;
        if (check.failure.empty())
            check.failure = look(check, history, calm, until);
        return check;
    }

private:
    [[nodiscard]] double attackers_share() const
    {
        double all = 0;
        double attackers = 0;
        for (const auto& group : setup_.pow.groups)
        {
            all += group.share;
            const bool attacks = group.strategy == MinerStrategy::selfish ||
                                 group.strategy == MinerStrategy::double_spend;
            attackers += attacks ? group.share : 0;
        }
        return all > 0 ? attackers / all : 0;
    }

    [[nodiscard]] std::string look(const NetworkCheck& check, const History& history,
        VirtualTime calm, VirtualTime until) const
    {
        const auto record = check_pow(setup_.pow, history.chain);
        if (record.fault != PowFault::none)
            return fmt::format("record: block {}: {}", record.height, to_string(record.fault));
        if (!check.must_go_on)
            return {};
        const auto since_calm = std::count_if(history.chain.begin(), history.chain.end(),
            [calm](const NetworkBlock& block) { return block.made_at > calm; });
        constexpr int least = 4;
        if (since_calm < least)
        {
            return fmt::format(
                "liveness: {} blocks in the time of 60 after the last fault", since_calm);
        }
        return look_at_heads(until);
    }

    /// Whether honest nodes agree on all but the newest blocks: the network once more, to look into
    /// each of them.
    [[nodiscard]] std::string look_at_heads(VirtualTime until) const
    {
        const PowWorld world{setup_.pow, model_, seed_, setup_.nodes};
        Network<PowNode> network{
            model_, seed_, setup_.nodes, 1, [&](NodeId) { return PowNode{world}; }};
        SerialShardRunner runner;
        static_cast<void>(network.run_until(runner, until));
        constexpr std::uint64_t apart_max = 25;
        const auto* reference = network.node(world.reference).head();
        for (NodeId node = 0; node < setup_.nodes; ++node)
        {
            const auto strategy = world.strategy_of(node);
            if (strategy == MinerStrategy::selfish || strategy == MinerStrategy::double_spend)
                continue;
            const auto* head = network.node(node).head();
            const auto common = common_ancestor(reference, head)->height();
            const auto longer = std::max(reference->height(), head->height());
            if (longer > common + apart_max)
            {
                return fmt::format("safety: nodes {} and {} agree up to block {} only, of {}",
                    world.reference, node, common, longer);
            }
        }
        return {};
    }

    const ConsensusSetup& setup_;
    std::uint64_t seed_;
    NetworkModel model_;
    SerialShardRunner runner_;
};
}  // namespace

NetworkCheck check_network(const ConsensusSetup& setup, std::uint64_t seed)
{
    switch (setup.engine)
    {
        case ConsensusKind::bft: return BftCheck{setup, seed}.run();
        case ConsensusKind::gasper: return GasperCheck{setup, seed}.run();
        case ConsensusKind::pow: return PowNetworkCheck{setup, seed}.run();
        case ConsensusKind::proposer: break;
    }
    return {};
}

}  // namespace runnel::audit
