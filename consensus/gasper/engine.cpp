#include "consensus/gasper/engine.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <utility>

namespace runnel
{
namespace
{
/// Nodes from number 0 on, group by group.
void assign_groups(GasperWorld& world)
{
    const auto makers = world.options.makers();
    world.group_of.assign(world.options.nodes(), nullptr);
    std::uint32_t next = 0;
    for (const auto& group : world.options.groups)
    {
        for (std::uint32_t i = 0; i < group.count && next < makers; ++i)
            world.group_of[next++] = &group;
    }
}

NodeId choose_reference(const GasperWorld& world, const NetworkModel& model)
{
    std::map<std::uint32_t, std::uint32_t> size_of;
    std::uint32_t largest = 0;
    if (!model.partitions.empty())
    {
        for (const auto group : model.partitions.front().group_of)
            ++size_of[group];
        std::uint32_t size = 0;
        for (const auto& [group, count] : size_of)
        {
            if (count > size && group != every_partition_group)
            {
                size = count;
                largest = group;
            }
        }
    }
    const auto is_honest = [&](NodeId node)
    {
        const auto* group = world.group_of[node];
        return group == nullptr || group->strategy == GasperStrategy::honest;
    };
    const auto is_up = [&](NodeId node)
    {
        return std::none_of(model.outages.begin(), model.outages.end(),
            [&](const NodeOutage& outage) { return outage.node == node; });
    };
    const auto is_central = [&](NodeId node)
    { return model.partitions.empty() || model.partitions.front().group_of[node] == largest; };
    const auto nodes = world.options.nodes();
    for (NodeId node = 0; node < nodes; ++node)
    {
        if (is_honest(node) && is_up(node) && is_central(node))
            return node;
    }
    for (NodeId node = 0; node < nodes; ++node)
    {
        if (is_honest(node))
            return node;
    }
    return nodes - 1;
}

bool is_earlier(const GasperStakeOrder& a, const GasperStakeOrder& b) noexcept
{
    return a.at < b.at;
}

std::unique_ptr<const GasperWorld> make_world(
    GasperOptions options, NetworkModel& model, std::uint64_t seed)
{
    RUNNEL_CHECK(options.validators > 0 && options.validators_per_node > 0);
    RUNNEL_CHECK(options.genesis_validators <= options.validators);
    RUNNEL_CHECK(options.slots_per_epoch > 1 && options.slot_seconds > 0);
    RUNNEL_CHECK(std::is_sorted(options.deposits.begin(), options.deposits.end(), is_earlier));
    RUNNEL_CHECK(std::is_sorted(options.exits.begin(), options.exits.end(), is_earlier));
    auto world = std::make_unique<GasperWorld>();
    world->options = std::move(options);
    world->seed = seed;
    assign_groups(*world);
    for (auto& partition : model.partitions)
    {
        partition.group_of.resize(world->options.nodes());
        // Who deceives both sides of a partition is in touch with both.
        for (NodeId node = 0; node < world->options.nodes(); ++node)
        {
            const auto* group = world->group_of[node];
            if (group != nullptr && group->strategy == GasperStrategy::equivocating)
                partition.group_of[node] = every_partition_group;
        }
    }
    world->partitions = model.partitions;
    world->reference = choose_reference(*world, model);
    world->genesis = std::make_shared<const BeaconBlock>();
    world->genesis_state = std::make_shared<const BeaconState>(genesis_state(world->options, seed));
    return world;
}

EpochStake epoch_stake(const BeaconState& state, Epoch epoch)
{
    EpochStake stake;
    stake.total = state.total_active;
    for (const auto& record : state.registry->validators)
    {
        const auto weight_in = [&](Epoch voted) {
            return record.is_active(voted) && record.slashed_epoch >= voted
                       ? record.effective_balance
                       : 0;
        };
        stake.weight.push_back(weight_in(epoch));
        stake.previous_weight.push_back(epoch > 0 ? weight_in(epoch - 1) : 0);
    }
    return stake;
}
}  // namespace

NetworkVotes record_of(const Aggregate& votes, std::uint64_t height, std::uint32_t validators)
{
    NetworkVotes out;
    out.kind = VoteKind::attestation;
    out.height = height;
    out.round = votes.data.slot;
    out.block = votes.data.block;
    out.source_epoch = votes.data.source.epoch;
    out.target_epoch = votes.data.target.epoch;
    out.voters.resize(words_for_voters(validators));
    votes.for_each([&](ValidatorId v) { add_voter(out.voters, v); });
    return out;
}

GasperEngine::GasperEngine(GasperOptions options, NetworkModel model, std::uint64_t seed,
    ShardRunner& runner, std::uint32_t shards)
  : world_{make_world(std::move(options), model, seed)}, runner_{runner}
{
    const auto& world = *world_;
    network_ =
        std::make_unique<Network<GasperNode>>(std::move(model), seed, world.options.nodes(), shards,
            [&world](NodeId node) {
                return GasperNode{world, node};
            });
    chain_.push_back(world.genesis);
    heights_.emplace(0, 0);
    state_ = world.genesis_state;
    stakes_.emplace(0, epoch_stake(*state_, 0));
}

std::optional<ConsensusStep> GasperEngine::next(VirtualTime limit)
{
    while (steps_.empty())
    {
        const auto records = network_->advance(runner_, limit);
        if (records.empty())
            return std::nullopt;
        for (const auto& record : records)
            take(record);
    }
    auto step = std::move(steps_.front());
    steps_.pop_front();
    return step;
}

void GasperEngine::take(const Network<GasperNode>::Record& record)
{
    now_ = std::max(now_, record.at);
    const auto& what = record.record;
    switch (what.kind)
    {
        case GasperRecord::Kind::made: ++blocks_made_; return;
        case GasperRecord::Kind::heard: {
            const auto slots = world_->options.slots_per_epoch;
            const auto& block = *what.block;
            heights_.emplace(block.header.id, block.header.height);
            heard_.push_back(what.block);
            if (block.slot / slots != block.parent->slot / slots)
                stake_of_.emplace(block.header.id, epoch_stake(*what.state, block.slot / slots));
            return;
        }
        case GasperRecord::Kind::invalid: {
            const auto& header = what.block->header;
            heights_.emplace(header.id, header.height);
            refused_.push_back({header, BlockRefusalKind::invalid});
            // Whoever builds on it unawares has made no false block himself. Where it costs its
            // maker his stake, the evidence is in the block that says so.
            if (header.flaw != BlockFlaw::none && !world_->options.slashes_invalid_blocks)
            {
                evidence_.push_back({EvidenceKind::invalid_block, header.maker, record.at,
                    header.height, header.round, header.id, header.id});
            }
            return;
        }
        case GasperRecord::Kind::head: follow(record.at, what); return;
    }
}

std::uint64_t GasperEngine::height_of(NetworkBlockId id) const
{
    const auto found = heights_.find(id);
    return found == heights_.end() ? 0 : found->second;
}

void GasperEngine::follow(VirtualTime at, const GasperRecord& record)
{
    std::vector<BlockPtr> added;
    auto block = record.block;
    while (block->header.height >= chain_.size() || chain_[block->header.height] != block)
    {
        added.push_back(block);
        block = block->parent;
    }
    std::reverse(added.begin(), added.end());

    ConsensusStep step;
    step.at = at;
    step.finalized = finalized_height_;
    step.reverted = chain_.size() - 1 - block->header.height;
    for (auto height = chain_.size() - 1; height > block->header.height; --height)
        step.refused.push_back({chain_[height]->header, BlockRefusalKind::stale});
    chain_.resize(block->header.height + 1);
    for (std::size_t i = 0; i < added.size(); ++i)
    {
        // One block a step: what it does to stakes is undone with it, and with it alone.
        if (i > 0)
        {
            steps_.push_back(std::exchange(step, ConsensusStep{}));
            step.at = at;
            step.finalized = finalized_height_;
        }
        add_block(step, added[i]);
    }
    justified_ = record.justified;
    finalized_ = record.finalized;
    state_ = record.state;
    // The last block of the chain that is not after the first slot of the final epoch.
    const auto start = finalized_.epoch * world_->options.slots_per_epoch;
    const auto after = std::upper_bound(chain_.begin(), chain_.end(), start,
        [](Slot slot, const BlockPtr& other) { return slot < other->slot; });
    finalized_height_ = static_cast<std::uint64_t>(after - chain_.begin()) - 1;
    step.finalized = finalized_height_;
    report_stale(step);
    step.evidence.insert(step.evidence.end(), evidence_.begin(), evidence_.end());
    evidence_.clear();
    steps_.push_back(std::move(step));
}

void GasperEngine::add_block(ConsensusStep& step, const BlockPtr& block)
{
    const auto& options = world_->options;
    chain_.push_back(block);
    step.added.push_back(block->header);
    if (const auto found = stake_of_.find(block->header.id); found != stake_of_.end())
        stakes_[block->slot / options.slots_per_epoch] = found->second;
    for (const auto& votes : block->votes)
    {
        step.votes.push_back(record_of(*votes, height_of(votes->data.block), options.validators));
    }
    for (const auto& proof : block->slashings)
    {
        const auto offender = world_->node_of(proof.validator);
        if (!proven_.emplace(offender, proof.kind).second)
            continue;
        step.evidence.push_back({proof.kind, offender, proof.found_at, height_of(proof.second),
            proof.slot, proof.first, proof.second});
    }
    step.stake = stake_changes(block->changes, options);
}

void GasperEngine::report_stale(ConsensusStep& step)
{
    step.refused.insert(step.refused.end(), refused_.begin(), refused_.end());
    refused_.clear();
    const auto head_slot = chain_.back()->slot;
    std::erase_if(heard_,
        [&](const BlockPtr& block)
        {
            const auto height = block->header.height;
            if (height < chain_.size() && chain_[height] == block)
                return true;
            if (block->slot >= head_slot)
                return false;
            const bool is_told = std::any_of(step.refused.begin(), step.refused.end(),
                [&](const RefusedBlock& told) { return told.block.id == block->header.id; });
            if (!is_told)
                step.refused.push_back({block->header, BlockRefusalKind::stale});
            return true;
        });
}

ConsensusFigures GasperEngine::figures() const
{
    ConsensusFigures figures;
    figures.traffic = network_->traffic();
    figures.events = network_->events();
    figures.blocks_made = blocks_made_;
    figures.joules = world_->options.watts_per_node * world_->options.nodes() *
                     (static_cast<double>(now_) / one_second);
    return figures;
}

std::vector<NamedFigure> GasperEngine::details() const
{
    const auto& options = world_->options;
    const auto& registry = *state_->registry;
    const auto epoch = state_->epoch(options);
    std::uint64_t active = 0;
    std::uint64_t slashed = 0;
    std::uint64_t ejected = 0;
    double stake = 0;
    double least = 0;
    for (const auto& record : registry.validators)
    {
        const auto ether = static_cast<double>(record.balance) / gwei_per_increment;
        stake += ether;
        slashed += record.is_slashed() ? 1 : 0;
        if (!record.is_active(epoch))
        {
            ejected += record.activation_epoch <= epoch && !record.is_slashed() ? 1 : 0;
            continue;
        }
        least = active == 0 ? ether : std::min(least, ether);
        ++active;
    }
    const auto slots = static_cast<double>(std::max<Slot>(state_->slot, 1));
    return {
        {"gasper.epoch", static_cast<double>(epoch), "epochs"},
        {"gasper.justified_epoch", static_cast<double>(justified_.epoch), "epochs"},
        {"gasper.finalized_epoch", static_cast<double>(finalized_.epoch), "epochs"},
        {"gasper.missed_slots", 1 - static_cast<double>(chain_.size() - 1) / slots, ""},
        {"gasper.active", static_cast<double>(active), "validators"},
        {"gasper.left", static_cast<double>(ejected), "validators"},
        {"gasper.slashed", static_cast<double>(slashed), "validators"},
        {"gasper.stake", stake, "ether"},
        {"gasper.least_balance", least, "ether"},
    };
}

std::unique_ptr<ConsensusEngine> make_gasper_engine(GasperOptions options, NetworkModel model,
    std::uint64_t seed, ShardRunner& runner, std::uint32_t shards)
{
    return std::make_unique<GasperEngine>(
        std::move(options), std::move(model), seed, runner, shards);
}

}  // namespace runnel
