#include "consensus/network/model.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"
#include "ledger/portable_math.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace runnel
{
namespace
{
// Streams of the network's draws; the entity is a node.
constexpr std::uint64_t stream_places = 0x6e65742e706c6163;    // "net.plac"
constexpr std::uint64_t stream_peers = 0x6e65742e70656572;     // "net.peer"
constexpr std::uint64_t stream_clocks = 0x6e65742e636c6f63;    // "net.cloc"
constexpr std::uint64_t stream_messages = 0x6e65742e6d657373;  // "net.mess"

constexpr double pareto_offset_ms = 5;
constexpr double pareto_shape_per_ms = 0.2;

std::uint64_t in_2_to_32(double probability) noexcept
{
    return static_cast<std::uint64_t>(std::clamp(probability, 0.0, 1.0) * 4294967296.0);
}
}  // namespace

NetworkModel simblock_network(int year)
{
    RUNNEL_CHECK(year == 2015 || year == 2019);
    const bool is_new = year == 2019;
    constexpr std::array<const char*, 6> names{
        "north_america", "europe", "south_america", "asia_pacific", "japan", "australia"};
    constexpr std::array<double, 6> share_2015{.3869, .5159, .0113, .0574, .0119, .0166};
    constexpr std::array<double, 6> share_2019{.3316, .4998, .0090, .1177, .0224, .0195};
    // Kilobits a second.
    constexpr std::array<std::uint64_t, 6> down_2015{25'000, 24'000, 6'500, 10'000, 17'500, 14'000};
    constexpr std::array<std::uint64_t, 6> down_2019{
        52'000, 40'000, 18'000, 22'800, 22'800, 29'900};
    constexpr std::array<std::uint64_t, 6> up_2015{4'700, 8'100, 1'800, 5'300, 3'400, 5'200};
    constexpr std::array<std::uint64_t, 6> up_2019{19'200, 20'700, 5'800, 15'700, 10'200, 11'300};
    NetworkModel model;
    model.regions.clear();
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        model.regions.push_back({names[i], is_new ? share_2019[i] : share_2015[i],
            (is_new ? down_2019[i] : down_2015[i]) * 1000,
            (is_new ? up_2019[i] : up_2015[i]) * 1000});
    }
    if (is_new)
    {
        model.latency_ms = {32, 124, 184, 198, 151, 189,  //
            124, 11, 227, 237, 252, 294,                  //
            184, 227, 88, 325, 301, 322,                  //
            198, 237, 325, 85, 58, 198,                   //
            151, 252, 301, 58, 12, 126,                   //
            189, 294, 322, 198, 126, 16};
    }
    else
    {
        model.latency_ms = {36, 119, 255, 310, 154, 208,  //
            119, 12, 221, 242, 266, 350,                  //
            255, 221, 137, 347, 256, 269,                 //
            310, 242, 347, 99, 172, 278,                  //
            154, 266, 256, 172, 9, 163,                   //
            208, 350, 269, 278, 163, 22};
    }
    model.jitter = LatencyJitter::pareto;
    return model;
}

NetworkTraffic& NetworkTraffic::operator+=(const NetworkTraffic& other) noexcept
{
    messages += other.messages;
    bytes += other.bytes;
    lost += other.lost;
    cut_off += other.cut_off;
    unheard += other.unheard;
    duplicates += other.duplicates;
    late += other.late;
    return *this;
}

// ---- Topology ----

NetworkTopology::NetworkTopology(const NetworkModel& model, std::uint64_t seed, std::uint32_t nodes)
{
    RUNNEL_CHECK(nodes > 0 && !model.regions.empty());
    RUNNEL_CHECK(model.latency_ms.size() == model.regions.size() * model.regions.size());
    place(model, seed, nodes);
    connect(std::min(model.fan_out, nodes - 1), seed);
    for (NodeId node = 0; node < nodes; ++node)
    {
        RandomStream random{seed, stream_clocks, node, 0};
        const auto bound = static_cast<std::int64_t>(model.clock_drift_ppm);
        drift_ppm_.push_back(random.uniform_int(-bound, bound));
    }
}

void NetworkTopology::place(const NetworkModel& model, std::uint64_t seed, std::uint32_t nodes)
{
    // As many in each region as its share says, the rest where most is missing; who is where is
    // chance.
    const auto total = std::accumulate(model.regions.begin(), model.regions.end(), 0.0,
        [](double sum, const NetworkRegion& region) { return sum + region.share; });
    struct Missing
    {
        double rest = 0;
        std::uint32_t region = 0;
    };
    std::vector<Missing> missing;
    for (std::uint32_t region = 0; region < model.regions.size(); ++region)
    {
        const auto wanted = model.regions[region].share / total * nodes;
        const auto whole = std::floor(wanted);
        region_of_.insert(region_of_.end(), static_cast<std::size_t>(whole), region);
        missing.push_back({wanted - whole, region});
    }
    std::stable_sort(missing.begin(), missing.end(),
        [](const Missing& a, const Missing& b) { return a.rest > b.rest; });
    for (std::size_t i = 0; region_of_.size() < nodes; ++i)
        region_of_.push_back(missing[i % missing.size()].region);
    region_of_.resize(nodes);
    RandomStream random{seed, stream_places, 0, 0};
    for (std::uint64_t i = nodes; i > 1; --i)
        std::swap(region_of_[i - 1], region_of_[random.uniform_below(i)]);
}

void NetworkTopology::connect(std::uint32_t fan_out, std::uint64_t seed)
{
    const auto nodes = size();
    std::vector<std::pair<NodeId, NodeId>> pairs;
    const auto add = [&](NodeId a, NodeId b)
    {
        if (a == b)
            return;
        pairs.emplace_back(a, b);
        pairs.emplace_back(b, a);
    };
    // Who wants to know everybody does.
    if (fan_out + 1 >= nodes)
    {
        for (NodeId node = 0; node < nodes; ++node)
        {
            for (NodeId other = node + 1; other < nodes; ++other)
                add(node, other);
        }
    }
    // A ring in an order of chance leaves nobody alone; the rest is chance.
    std::vector<NodeId> ring(nodes);
    std::iota(ring.begin(), ring.end(), 0);
    RandomStream order{seed, stream_peers, nodes, 0};
    for (std::uint64_t i = nodes; i > 1; --i)
        std::swap(ring[i - 1], ring[order.uniform_below(i)]);
    for (std::size_t i = 0; i < nodes && fan_out > 0; ++i)
        add(ring[i], ring[(i + 1) % nodes]);
    for (NodeId node = 0; node < nodes; ++node)
    {
        RandomStream random{seed, stream_peers, node, 0};
        for (std::uint32_t i = 1; i < fan_out; ++i)
            add(node, static_cast<NodeId>(random.uniform_below(nodes)));
    }
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    first_peer_.assign(nodes + 1, 0);
    for (const auto& [from, to] : pairs)
    {
        ++first_peer_[from + 1];
        peers_.push_back(to);
    }
    std::partial_sum(first_peer_.begin(), first_peer_.end(), first_peer_.begin());
}

// ---- Links ----

NetworkLinks::NetworkLinks(
    const NetworkModel& model, const NetworkTopology& topology, std::uint64_t seed)
  : model_{model},
    topology_{topology},
    seed_{seed},
    loss_{in_2_to_32(model.loss)},
    duplication_{in_2_to_32(model.duplication)},
    reordering_{in_2_to_32(model.reordering)}
{
    std::vector<bool> is_used(model.regions.size());
    for (NodeId node = 0; node < topology.size(); ++node)
        is_used[topology.region_of(node)] = true;
    least_latency_ = std::numeric_limits<VirtualTime>::max();
    for (std::uint32_t from = 0; from < is_used.size(); ++from)
    {
        for (std::uint32_t to = 0; to < is_used.size(); ++to)
        {
            if (!is_used[from] || !is_used[to])
                continue;
            const auto mean = model.mean_latency_ms(from, to);
            RUNNEL_CHECK(mean >= (model.jitter == LatencyJitter::pareto ? 6 : 1));
            // The largest word is the fastest message.
            least_latency_ = std::min(least_latency_,
                draw_latency(mean, std::numeric_limits<std::uint64_t>::max()) + model.processing);
        }
    }
    RUNNEL_CHECK(least_latency_ > 0);
    has_chance_ = model.jitter != LatencyJitter::none || (loss_ | duplication_ | reordering_) != 0;
}

VirtualTime NetworkLinks::draw_latency(std::uint32_t mean_ms, std::uint64_t word) const noexcept
{
    const auto mean = static_cast<double>(mean_ms);
    // In (0, 1].
    const auto u = static_cast<double>((word >> 11U) + 1) * 0x1p-53;
    switch (model_.jitter)
    {
        case LatencyJitter::none: return VirtualTime{mean_ms} * one_millisecond;
        case LatencyJitter::pareto: {
            const auto factor = portable_pow(u, -1 / (pareto_shape_per_ms * mean));
            const auto ms = (mean - pareto_offset_ms) * factor;
            // Rounded to whole milliseconds, as there; beyond an hour a message is as good as lost.
            return static_cast<VirtualTime>(std::floor(std::min(ms, 3.6e6) + 0.5)) *
                   one_millisecond;
        }
        case LatencyJitter::uniform: {
            const auto low = mean * (1 - model_.jitter_share);
            const auto wide = 2 * mean * model_.jitter_share;
            const auto us = (low + wide * (1 - u)) * 1000;
            return std::max<VirtualTime>(1, static_cast<VirtualTime>(us));
        }
    }
    return one_millisecond;
}

bool NetworkLinks::is_cut(NodeId from, NodeId to, VirtualTime now) const noexcept
{
    return std::any_of(model_.partitions.begin(), model_.partitions.end(),
        [&](const NetworkPartition& partition) { return partition.cuts(from, to, now); });
}

NetworkLinks::Fate NetworkLinks::send(NodeId from, NodeId to, VirtualTime now, std::uint32_t bytes,
    std::uint64_t sequence, VirtualTime& upload_free, NetworkTraffic& traffic) const
{
    ++traffic.messages;
    traffic.bytes += bytes;
    const auto& here = model_.regions[topology_.region_of(from)];
    const auto& there = model_.regions[topology_.region_of(to)];
    const auto bits = std::uint64_t{bytes} * 8;
    // A node uploads one message at a time, as fast as the slower end of the wire takes it.
    auto departure = now;
    const auto rate = here.upload_bps == 0      ? there.download_bps
                      : there.download_bps == 0 ? here.upload_bps
                                                : std::min(here.upload_bps, there.download_bps);
    if (rate != 0)
    {
        departure = std::max(now, upload_free) +
                    static_cast<VirtualTime>((bits * one_second + rate - 1) / rate);
        upload_free = departure;
    }
    Fate fate;
    if (!model_.partitions.empty() && is_cut(from, to, now))
    {
        ++traffic.cut_off;
        return fate;
    }
    const auto words = has_chance_
                           ? philox_4x64_10({from, sequence, 0, 0}, {seed_, stream_messages})
                           : std::array<std::uint64_t, 4>{};
    if ((words[1] >> 32U) < loss_)
    {
        ++traffic.lost;
        return fate;
    }
    const auto mean = model_.mean_latency_ms(topology_.region_of(from), topology_.region_of(to));
    auto arrival = departure + draw_latency(mean, words[0]) + model_.processing;
    if ((words[2] >> 32U) < reordering_)
    {
        ++traffic.late;
        arrival += static_cast<VirtualTime>(
            (words[2] & 0xFFFF'FFFFU) * static_cast<std::uint64_t>(model_.reordering_delay) >> 32U);
    }
    fate.copies = 1;
    fate.arrivals[0] = arrival;
    if ((words[1] & 0xFFFF'FFFFU) < duplication_)
    {
        ++traffic.duplicates;
        fate.copies = 2;
        fate.arrivals[1] = departure + draw_latency(mean, words[3]) + model_.processing;
    }
    return fate;
}

}  // namespace runnel
