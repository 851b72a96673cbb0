#include "consensus/setup.hpp"

#include "ledger/philox.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace runnel
{
namespace
{
constexpr std::uint64_t stream_partitions = 0x6e65742e70617274;  // "net.part"

bool is_in(const std::vector<std::string>& names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Nodes in an order of chance, cut where the shares say.
std::vector<std::uint32_t> split_by_shares(
    const std::vector<double>& shares, std::uint32_t nodes, RandomStream random)
{
    std::vector<NodeId> order(nodes);
    std::iota(order.begin(), order.end(), 0);
    for (std::uint64_t i = nodes; i > 1; --i)
        std::swap(order[i - 1], order[random.uniform_below(i)]);
    const auto total = std::accumulate(shares.begin(), shares.end(), 0.0);
    std::vector<std::uint32_t> group_of(nodes);
    std::uint32_t begin = 0;
    double sum = 0;
    for (std::uint32_t group = 0; group < shares.size(); ++group)
    {
        sum += shares[group];
        const auto end = group + 1 == shares.size()
                             ? nodes
                             : static_cast<std::uint32_t>(std::floor(sum / total * nodes + 0.5));
        for (; begin < end; ++begin)
            group_of[order[begin]] = group;
    }
    return group_of;
}

NetworkPartition partition_of(const NetworkFault& fault, const ConsensusSetup& setup,
    const NetworkTopology& topology, RandomStream random)
{
    NetworkPartition partition{fault.from, fault.until, {}};
    if (!fault.shares.empty())
    {
        partition.group_of = split_by_shares(fault.shares, setup.nodes, random);
        return partition;
    }
    for (NodeId node = 0; node < setup.nodes; ++node)
    {
        const bool is_named =
            fault.groups.empty()
                ? is_in(fault.regions, setup.network.regions[topology.region_of(node)].name)
                : is_in(fault.groups, group_of(setup, node));
        partition.group_of.push_back(is_named ? 1 : 0);
    }
    return partition;
}

void add_outages(const NetworkFault& fault, const ConsensusSetup& setup, NetworkModel& model)
{
    const auto add = [&](NodeId node) {
        model.outages.push_back({node, fault.from, fault.until, fault.keeps_memory});
    };
    if (fault.node)
        return add(*fault.node);
    for (const auto& group : setup.groups)
    {
        if (group.name != fault.group)
            continue;
        const auto count = static_cast<std::uint32_t>(std::floor(fault.share * group.count + 0.5));
        for (NodeId node = 0; node < count; ++node)
            add(group.first + node);
    }
}
}  // namespace

std::string_view to_string(ConsensusKind kind) noexcept
{
    switch (kind)
    {
        case ConsensusKind::proposer: return "proposer";
        case ConsensusKind::pow: return "pow";
        case ConsensusKind::bft: return "bft";
        case ConsensusKind::gasper: return "gasper";
    }
    return {};
}

NetworkModel network_with_faults(const ConsensusSetup& setup, std::uint64_t seed)
{
    auto model = setup.network;
    const NetworkTopology topology{model, seed, setup.nodes};
    for (std::uint64_t i = 0; i < setup.faults.size(); ++i)
    {
        const auto& fault = setup.faults[i];
        if (fault.kind == NetworkFault::Kind::outage)
            add_outages(fault, setup, model);
        else
        {
            model.partitions.push_back(
                partition_of(fault, setup, topology, RandomStream{seed, stream_partitions, i, 0}));
        }
    }
    return model;
}

std::vector<NetworkNodeNote> network_nodes(
    const ConsensusSetup& setup, std::uint64_t seed, AccountId first_maker)
{
    const NetworkTopology topology{setup.network, seed, setup.nodes};
    std::vector<NetworkNodeNote> nodes;
    for (NodeId node = 0; node < topology.size(); ++node)
    {
        NetworkNodeNote note;
        note.number = node;
        if (node < setup.makers())
            note.maker = AccountId{index(first_maker) + node};
        note.group = group_of(setup, node);
        note.region = setup.network.regions[topology.region_of(node)].name;
        const auto peers = topology.peers_of(node);
        note.peers.assign(peers.begin(), peers.end());
        nodes.push_back(std::move(note));
    }
    return nodes;
}

std::string_view group_of(const ConsensusSetup& setup, NodeId node) noexcept
{
    for (const auto& group : setup.groups)
    {
        if (node >= group.first && node - group.first < group.count)
            return group.name;
    }
    return "others";
}

}  // namespace runnel
