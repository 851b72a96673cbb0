#pragma once

#include "consensus/network/virtual_time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace runnel
{

/// Where nodes are, and how fast the wires between them.
struct NetworkRegion
{
    std::string name;
    double share = 1;  // Of the nodes, relative to the other regions.
    /// Bits a second; 0: as fast as one likes.
    std::uint64_t download_bps = 0;
    std::uint64_t upload_bps = 0;
};

/// What of a message's latency is chance.
enum class LatencyJitter : std::uint8_t
{
    none,
    /// (mean - 5 ms) / u^(1 / (0.2 * mean in ms)), u uniform: what SimBlock draws (Aoki et al.,
    /// "SimBlock: A Blockchain Network Simulator", 2019). Means are at least 6 ms.
    pareto,
    uniform,  // Within mean * (1 +- jitter_share).
};

/// Of a node that a partition does not cut off from anybody: one that attacks both sides.
inline constexpr std::uint32_t every_partition_group = 0xFFFF'FFFF;

/// Messages between groups are lost while it lasts.
struct NetworkPartition
{
    VirtualTime from = 0;
    VirtualTime until = 0;
    std::vector<std::uint32_t> group_of;  // By node.

    [[nodiscard]] bool cuts(NodeId one, NodeId other, VirtualTime now) const
    {
        return from <= now && now < until && group_of[one] != group_of[other] &&
               group_of[one] != every_partition_group && group_of[other] != every_partition_group;
    }
};

/// A node that is down: it hears nothing and its timers are void.
struct NodeOutage
{
    NodeId node = 0;
    VirtualTime from = 0;
    VirtualTime until = 0;
    bool keeps_memory = true;  // What it had written to its disk; else it starts anew.
};

/// How messages travel, and what goes wrong with them and with nodes.
struct NetworkModel
{
    std::vector<NetworkRegion> regions{{"everywhere"}};
    /// Mean one-way latency from a region (row) to a region (column): milliseconds, at least 1.
    std::vector<std::uint32_t> latency_ms{100};
    LatencyJitter jitter = LatencyJitter::none;
    double jitter_share = 0;
    /// What a message waits for at its receiver beside the wire.
    VirtualTime processing = 0;
    /// Connections that every node opens; others open some to it.
    std::uint32_t fan_out = 8;
    double loss = 0;         // The probability that a message is lost,
    double duplication = 0;  // that it comes twice,
    double reordering = 0;   // and that it comes late, by up to
    VirtualTime reordering_delay = one_second;
    /// A node's clock runs at a rate within 1 +- this.
    double clock_drift_ppm = 0;
    std::vector<NetworkPartition> partitions;
    std::vector<NodeOutage> outages;

    [[nodiscard]] std::uint32_t mean_latency_ms(std::uint32_t from, std::uint32_t to) const
    {
        return latency_ms[from * regions.size() + to];
    }
};

/// The six regions of SimBlock with the wires of 2015 or 2019, and nodes where Bitcoin's were.
/// Source: dsg-titech/simblock, settings/NetworkConfiguration.java.
[[nodiscard]] NetworkModel simblock_network(int year);

/// Who is where and knows whom, drawn from a seed.
class NetworkTopology
{
public:
    NetworkTopology(const NetworkModel& model, std::uint64_t seed, std::uint32_t nodes);

    [[nodiscard]] std::uint32_t size() const noexcept
    {
        return static_cast<std::uint32_t>(region_of_.size());
    }
    [[nodiscard]] std::uint32_t region_of(NodeId node) const { return region_of_[node]; }
    /// Ascending; whoever is a node's peer has it as a peer, and there is a way between any two.
    [[nodiscard]] std::span<const NodeId> peers_of(NodeId node) const
    {
        return std::span{peers_}.subspan(
            first_peer_[node], first_peer_[node + 1] - first_peer_[node]);
    }
    /// By how many millionths a node's clock is fast.
    [[nodiscard]] std::int64_t drift_ppm(NodeId node) const { return drift_ppm_[node]; }

private:
    void place(const NetworkModel& model, std::uint64_t seed, std::uint32_t nodes);
    void connect(std::uint32_t fan_out, std::uint64_t seed);

    std::vector<std::uint32_t> region_of_;
    std::vector<std::uint32_t> first_peer_;
    std::vector<NodeId> peers_;
    std::vector<std::int64_t> drift_ppm_;
};

/// What messages did; adds up.
struct NetworkTraffic
{
    std::uint64_t messages = 0;    // Sent.
    std::uint64_t bytes = 0;       // Of those.
    std::uint64_t lost = 0;        // On the way.
    std::uint64_t cut_off = 0;     // By partitions.
    std::uint64_t unheard = 0;     // Came while the receiver was down.
    std::uint64_t duplicates = 0;  // Came a second time.
    std::uint64_t late = 0;        // Came after its time.

    NetworkTraffic& operator+=(const NetworkTraffic& other) noexcept;
    bool operator==(const NetworkTraffic&) const = default;
};

/// The fate of messages: a function of the model, the seed, who sends, and its how-manieth message
/// it is. Whoever asks, and when, does not matter.
class NetworkLinks
{
public:
    /// Both must outlive it.
    NetworkLinks(const NetworkModel& model, const NetworkTopology& topology, std::uint64_t seed);

    /// No message is faster, to nobody but oneself.
    [[nodiscard]] VirtualTime least_latency() const noexcept { return least_latency_; }

    struct Fate
    {
        std::uint32_t copies = 0;   // That arrive: 0, 1 or 2.
        VirtualTime arrivals[2]{};  // When.
    };
    /// @p sequence numbers the sender's messages. @p upload_free: when its wire is free; moved on
    /// by what the message takes. Counts in @p traffic.
    [[nodiscard]] Fate send(NodeId from, NodeId to, VirtualTime now, std::uint32_t bytes,
        std::uint64_t sequence, VirtualTime& upload_free, NetworkTraffic& traffic) const;

private:
    [[nodiscard]] VirtualTime draw_latency(
        std::uint32_t mean_ms, std::uint64_t word) const noexcept;
    [[nodiscard]] bool is_cut(NodeId from, NodeId to, VirtualTime now) const noexcept;

    const NetworkModel& model_;
    const NetworkTopology& topology_;
    std::uint64_t seed_;
    VirtualTime least_latency_ = 0;
    bool has_chance_ = false;  // Else nothing about a message is drawn.
    // Probabilities in units of 2^-32.
    std::uint64_t loss_ = 0;
    std::uint64_t duplication_ = 0;
    std::uint64_t reordering_ = 0;
};

}  // namespace runnel
