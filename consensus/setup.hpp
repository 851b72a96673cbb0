#pragma once

#include "consensus/bft/options.hpp"
#include "consensus/gasper/options.hpp"
#include "consensus/network/model.hpp"
#include "consensus/pow/options.hpp"
#include "ledger/consensus_notes.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

enum class ConsensusKind : std::uint8_t
{
    proposer,  // One proposer after another, drawn by stake; no network.
    pow,
    bft,
    gasper,
};
[[nodiscard]] std::string_view to_string(ConsensusKind kind) noexcept;

/// Nodes with consecutive numbers.
struct NodeGroup
{
    std::string name;
    NodeId first = 0;
    std::uint32_t count = 0;
};

/// [faults.NAME], before anybody has a number.
struct NetworkFault
{
    enum class Kind : std::uint8_t
    {
        partition,
        outage,
    };
    std::string name;
    Kind kind = Kind::partition;
    VirtualTime from = 0;
    VirtualTime until = 0;
    // Of a partition, one of these: nodes by chance, or those named against the others.
    std::vector<double> shares;
    std::vector<std::string> groups;
    std::vector<std::string> regions;
    // Of an outage: one node, or a share of a group's, its first ones.
    std::optional<NodeId> node;
    std::string group;
    double share = 1;
    bool keeps_memory = true;
};

/// How the makers of a group fill their blocks, where not as the chain's ordering has it.
struct GroupConduct
{
    std::string group;  // Of ConsensusSetup::groups.
    bool reorders = false;
    std::string censors;  // A group of agents; empty: nobody.
    VirtualTime from = 0;
    VirtualTime until = std::numeric_limits<VirtualTime>::max();
};

/// [consensus], [network] and [faults] of a scenario.
struct ConsensusSetup
{
    ConsensusKind engine = ConsensusKind::proposer;
    std::uint32_t nodes = 0;
    std::vector<NodeGroup> groups;  // Those who make blocks, in the order of their numbers.
    NetworkModel network;           // Without faults.
    bool own_mempools = false;      // Each maker's is what it has heard of.
    /// What a transaction waits for at a node beyond what its messages take; the mean.
    VirtualTime transaction_delay = 0;
    std::vector<NetworkFault> faults;
    std::vector<GroupConduct> conducts;
    PowOptions pow;
    BftOptions bft;
    GasperOptions gasper;
    /// Blocks under which a ledger takes a block for settled that no vote made final.
    std::uint64_t horizon = 200;

    /// Whether tips are dealt out by stake instead of being whose turn it was.
    [[nodiscard]] bool shares_fees() const noexcept
    {
        return engine == ConsensusKind::bft && bft.stake.shares_fees;
    }
    /// How many nodes make blocks; their numbers are below it.
    [[nodiscard]] std::uint32_t makers() const noexcept
    {
        if (engine == ConsensusKind::bft)
            return bft.validators;
        if (engine == ConsensusKind::gasper)
            return gasper.validators;
        return groups.empty() ? 0 : groups.back().first + groups.back().count;
    }
};

/// The network with its faults: who is where, and by chance, a seed tells.
[[nodiscard]] NetworkModel network_with_faults(const ConsensusSetup& setup, std::uint64_t seed);

/// Who is in the network, by number. @p first_maker: the account of node 0; makers have consecutive
/// ones.
[[nodiscard]] std::vector<NetworkNodeNote> network_nodes(
    const ConsensusSetup& setup, std::uint64_t seed, AccountId first_maker);

/// The name of the group that a node belongs to; "others" for those of none.
[[nodiscard]] std::string_view group_of(const ConsensusSetup& setup, NodeId node) noexcept;

}  // namespace runnel
