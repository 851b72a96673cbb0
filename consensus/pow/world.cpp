#include "consensus/pow/node.hpp"
#include "ledger/philox.hpp"

#include <algorithm>

namespace runnel
{
namespace
{
// The entity is a node.
constexpr std::uint64_t stream_rates = 0x706f772e72617465;  // "pow.rate"
constexpr std::uint64_t stream_relay = 0x706f772e72656c61;  // "pow.rela"
constexpr std::uint64_t stream_peers = 0x706f772e70656572;  // "pow.peer"
}  // namespace

PowWorld::PowWorld(
    const PowOptions& given, const NetworkModel& model, std::uint64_t the_seed, std::uint32_t nodes)
  : options{given},
    seed{the_seed},
    rule{given},
    genesis{rule.genesis()},
    profiles(nodes),
    outages{model.outages}
{
    for (std::uint32_t group = 0; group < options.groups.size(); ++group)
    {
        for (std::uint32_t i = 0; i < options.groups[group].count && miners < nodes; ++i)
            profiles[miners++].group = group;
    }
    for (NodeId node = miners; node < nodes; ++node)
        profiles[node].group = static_cast<std::uint32_t>(options.groups.size());
    tracks_tips = std::any_of(options.groups.begin(), options.groups.end(),
        [](const MinerGroup& group) { return group.strategy == MinerStrategy::selfish; });
    draw_hash_rates();
    draw_relay();
    draw_further_peers(NetworkTopology{model, seed, nodes});
    choose_reference();
}

void PowWorld::draw_hash_rates()
{
    double shares = 0;
    for (const auto& group : options.groups)
        shares += group.share;
    if (!(shares > 0))
        return;
    NodeId first = 0;
    for (const auto& group : options.groups)
    {
        const auto end = std::min(first + group.count, miners);
        double sum = 0;
        for (auto node = first; node < end; ++node)
        {
            RandomStream random{seed, stream_rates, node, 0};
            constexpr double least = 0.01;
            profiles[node].hash_rate = std::max(least, 1 + group.spread * random.normal());
            sum += profiles[node].hash_rate;
        }
        for (auto node = first; node < end; ++node)
            profiles[node].hash_rate *= options.hash_rate * (group.share / shares) / sum;
        first = end;
    }
}

void PowWorld::draw_relay()
{
    for (NodeId node = 0; node < profiles.size(); ++node)
    {
        RandomStream random{seed, stream_relay, node, 0};
        profiles[node].knows_compact = random.bernoulli(options.compact_share);
        profiles[node].comes_and_goes = random.bernoulli(options.churn_share);
    }
}

void PowWorld::draw_further_peers(const NetworkTopology& topology)
{
    for (NodeId node = 0; node < miners; ++node)
    {
        const auto connectivity = options.groups[profiles[node].group].connectivity;
        if (!(connectivity > 0))
            continue;
        RandomStream random{seed, stream_peers, node, 0};
        const auto peers = topology.peers_of(node);
        for (NodeId other = 0; other < profiles.size(); ++other)
        {
            auto& mine = profiles[node].further_peers;
            const bool is_drawn = random.bernoulli(connectivity);
            const bool is_peer = other == node ||
                                 std::binary_search(peers.begin(), peers.end(), other) ||
                                 std::find(mine.begin(), mine.end(), other) != mine.end();
            if (!is_drawn || is_peer)
                continue;
            mine.push_back(other);
            profiles[other].further_peers.push_back(node);
        }
    }
}

void PowWorld::choose_reference()
{
    const auto is_fit = [&](NodeId node, bool may_fail)
    {
        const auto strategy = strategy_of(node);
        const bool is_honest =
            strategy == MinerStrategy::honest || strategy == MinerStrategy::pool_hopping;
        const bool fails = std::any_of(outages.begin(), outages.end(),
            [node](const NodeOutage& outage) { return outage.node == node; });
        return is_honest && (may_fail || !fails);
    };
    // A node that only relays sees the chain as an explorer does.
    for (const bool may_fail : {false, true})
    {
        for (NodeId i = 0; i < profiles.size(); ++i)
        {
            const auto node = static_cast<NodeId>((miners + i) % profiles.size());
            if (is_fit(node, may_fail))
            {
                reference = node;
                return;
            }
        }
    }
}

}  // namespace runnel
