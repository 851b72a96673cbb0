#include "consensus/network/network.hpp"

#include "consensus/network/event_queue.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <map>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

namespace runnel
{
namespace
{
/// Tells its peers each second what it has heard first, and passes on what is new to it.
struct Gossiper
{
    struct Message
    {
        NodeId author = 0;
        std::uint32_t number = 0;
        VirtualTime written_at = 0;
    };
    struct Timer
    {
        std::uint32_t number = 0;
    };
    struct Record
    {
        NodeId author = 0;
        std::uint32_t number = 0;
        NodeId from = 0;
        VirtualTime local = 0;
        std::uint64_t draw = 0;
        bool is_restart = false;
        bool operator==(const Record&) const = default;
    };
    using Context = Network<Gossiper>::Context;

    std::uint32_t rumours = 3;
    std::uint32_t bytes = 200;
    std::set<std::pair<NodeId, std::uint32_t>> heard;

    void start(Context& context) { context.wake_at_local(one_second, {1}); }
    void wake(Context& context, const Timer& timer)
    {
        heard.insert({context.self(), timer.number});
        context.record({context.self(), timer.number, context.self(), context.local_time(),
            context.random().next_uint64(), false});
        context.gossip({context.self(), timer.number, context.now()}, bytes);
        if (timer.number < rumours)
            context.wake_at_local((timer.number + 1) * one_second, {timer.number + 1});
    }
    void receive(Context& context, NodeId from, const Message& message)
    {
        if (!heard.insert({message.author, message.number}).second)
            return;
        context.record({message.author, message.number, from, context.local_time(),
            context.random().next_uint64(), false});
        context.gossip(message, bytes, from);
    }
    void restart(Context& context, bool keeps_memory)
    {
        if (!keeps_memory)
            heard.clear();
        context.record({context.self(), 0, context.self(), context.local_time(), 0, true});
    }
};

/// Shards on threads of their own, as actors run them.
class ThreadedShardRunner final : public ShardRunner
{
public:
    void run(std::span<NetworkShard* const> shards, VirtualTime until) override
    {
        std::vector<std::thread> threads;
        for (auto* shard : shards)
            threads.emplace_back([shard, until] { shard->run(until); });
        for (auto& thread : threads)
            thread.join();
    }
};

using Row = std::tuple<VirtualTime, NodeId, NodeId, std::uint32_t, NodeId, VirtualTime,
    std::uint64_t, bool>;

std::vector<Row> rows_of(const std::vector<Network<Gossiper>::Record>& records)
{
    std::vector<Row> rows;
    for (const auto& [at, node, what] : records)
    {
        rows.emplace_back(
            at, node, what.author, what.number, what.from, what.local, what.draw, what.is_restart);
    }
    return rows;
}

NetworkModel troubled_network(std::uint32_t nodes)
{
    auto model = simblock_network(2019);
    model.fan_out = 4;
    model.loss = 0.05;
    model.duplication = 0.1;
    model.reordering = 0.1;
    model.clock_drift_ppm = 100;
    NetworkPartition partition{one_second, 2 * one_second, {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node % 3 == 0 ? 1 : 0);
    model.partitions.push_back(partition);
    model.outages.push_back({2, one_second / 2, 2 * one_second, true});
    model.outages.push_back({5, one_second / 2, 5 * one_second / 2, false});
    return model;
}

NetworkModel plain_network(std::uint32_t latency_ms)
{
    NetworkModel model;
    model.latency_ms = {latency_ms};
    model.fan_out = 3;
    return model;
}

const auto make_gossiper = [](NodeId) { return Gossiper{}; };
}  // namespace

TEST_CASE("events come in the order of time, origin and receiver", "[network]")
{
    const auto key = [](const NetworkEvent& event) {
        return std::tuple{event.at, event.origin, event.to, event.what};
    };
    EventQueue queue;
    std::set<std::tuple<VirtualTime, std::uint64_t, NodeId, std::uint32_t>> expected;
    RandomStream random{7, 7, 7, 7};
    VirtualTime now = 0;
    std::uint32_t pushed = 0;
    CHECK(queue.next() == never_in_virtual_time);
    for (int i = 0; i < 100'000; ++i)
    {
        // Now, soon, or much later; often several in one moment.
        if (expected.empty() || random.bernoulli(0.505))
        {
            const VirtualTime waits[] = {0, 0, 1, 50'000, 12'000'000,
                static_cast<VirtualTime>(random.uniform_below(std::uint64_t{1} << 40U))};
            const NetworkEvent event{now + waits[random.uniform_below(6)],
                random.uniform_below(1'000) << 40U, static_cast<NodeId>(random.uniform_below(9)),
                ++pushed};
            queue.push(event);
            // Twice the same is in no order.
            if (!expected.insert(key(event)).second)
                FAIL("pushed twice");
            continue;
        }
        REQUIRE(queue.next() == std::get<0>(*expected.begin()));
        const auto event = queue.pop();
        const auto first = *expected.begin();
        REQUIRE(std::tuple{event.at, event.origin, event.to} ==
                std::tuple{std::get<0>(first), std::get<1>(first), std::get<2>(first)});
        REQUIRE(expected.erase(key(event)) == 1);
        now = event.at;
    }
    CHECK(expected.size() > 100);
}

TEST_CASE("a network does not depend on how many shards it has, nor on who runs them", "[network]")
{
    constexpr std::uint32_t nodes = 40;
    SerialShardRunner serial;
    ThreadedShardRunner threads;
    Network<Gossiper> reference{troubled_network(nodes), 7, nodes, 1, make_gossiper};
    const auto expected = rows_of(reference.run_until(serial, 20 * one_second));
    REQUIRE(expected.size() > nodes * 3 * nodes / 2);
    for (const std::uint32_t shards : {2U, 3U, 8U, 100U})
    {
        CAPTURE(shards);
        Network<Gossiper> network{troubled_network(nodes), 7, nodes, shards, make_gossiper};
        ShardRunner& runner = shards == 100 ? static_cast<ShardRunner&>(serial) : threads;
        CHECK(rows_of(network.run_until(runner, 20 * one_second)) == expected);
        CHECK(network.traffic() == reference.traffic());
        CHECK(network.events() == reference.events());
    }
    Network<Gossiper> other{troubled_network(nodes), 8, nodes, 1, make_gossiper};
    CHECK(rows_of(other.run_until(serial, 20 * one_second)) != expected);

    // Handed out piece by piece they are the same records.
    Network<Gossiper> stepped{troubled_network(nodes), 7, nodes, 2, make_gossiper};
    std::vector<Network<Gossiper>::Record> pieces;
    for (auto some = stepped.advance(serial, 20 * one_second); !some.empty();
         some = stepped.advance(serial, 20 * one_second))
        pieces.insert(pieces.end(), some.begin(), some.end());
    CHECK(rows_of(pieces) == expected);
}

TEST_CASE(
    "without faults everybody hears everything once, after as many hops as it takes", "[network]")
{
    constexpr std::uint32_t nodes = 25;
    SerialShardRunner serial;
    Network<Gossiper> network{plain_network(100), 3, nodes, 2, make_gossiper};
    const auto records = network.run_until(serial, 60 * one_second);
    CHECK(records.size() == nodes * nodes * 3);
    std::map<std::pair<NodeId, std::uint32_t>, VirtualTime> written;
    for (const auto& [at, node, what] : records)
    {
        if (what.author == node)
            written[{node, what.number}] = at;
        // A whole number of hops of 100 ms each.
        CHECK((at - written[{what.author, what.number}]) % (100 * one_millisecond) == 0);
    }
    const auto& traffic = network.traffic();
    CHECK(traffic.lost + traffic.cut_off + traffic.unheard + traffic.duplicates == 0);
    // To all peers, and by those who hear it to all but whom they heard it from.
    std::uint64_t links = 0;
    for (NodeId node = 0; node < nodes; ++node)
        links += network.topology().peers_of(node).size();
    CHECK(traffic.messages == 3 * nodes * (links - (nodes - 1)));
    CHECK(traffic.bytes == traffic.messages * 200);
}

TEST_CASE("a node uploads one message at a time", "[network]")
{
    auto model = plain_network(50);
    model.fan_out = 1;
    model.regions[0].upload_bps = 8'000;  // A kilobyte a second.
    model.regions[0].download_bps = 16'000;
    const NetworkTopology topology{model, 1, 3};
    const NetworkLinks links{model, topology, 1};
    NetworkTraffic traffic;
    VirtualTime free = 0;
    const auto first = links.send(0, 1, 0, 1000, 0, free, traffic);
    const auto second = links.send(0, 2, 0, 500, 1, free, traffic);
    const auto third = links.send(0, 1, 10 * one_second, 1000, 2, free, traffic);
    CHECK(first.arrivals[0] == one_second + 50 * one_millisecond);
    CHECK(second.arrivals[0] == 3 * one_second / 2 + 50 * one_millisecond);
    CHECK(third.arrivals[0] == 11 * one_second + 50 * one_millisecond);
    CHECK(links.least_latency() == 50 * one_millisecond);
}

TEST_CASE("no message is faster than the least latency, and their mean is Pareto's", "[network]")
{
    const auto model = simblock_network(2019);
    const NetworkTopology topology{model, 1, 200};
    const NetworkLinks links{model, topology, 1};
    // Europe's own 11 ms less the offset.
    CHECK(links.least_latency() == 6 * one_millisecond);
    NodeId a = 0;
    while (topology.region_of(a) != 0)
        ++a;
    NodeId b = 0;
    while (topology.region_of(b) != 3)
        ++b;
    NetworkTraffic traffic;
    double sum = 0;
    constexpr int draws = 20'000;
    for (int i = 0; i < draws; ++i)
    {
        VirtualTime free = 0;
        const auto fate = links.send(a, b, 0, 0, static_cast<std::uint64_t>(i), free, traffic);
        REQUIRE(fate.copies == 1);
        REQUIRE(fate.arrivals[0] >= 193 * one_millisecond);
        sum += static_cast<double>(fate.arrivals[0]) / 1000;
    }
    // Scale 193 ms, shape 0.2 * 198 = 39.6: mean 193 * 39.6 / 38.6 = 198.
    CHECK(std::abs(sum / draws - 198.0) < 0.2);
}

TEST_CASE("losses, duplicates and late messages come as often as they should", "[network]")
{
    auto model = plain_network(100);
    model.loss = 0.1;
    model.duplication = 0.2;
    model.reordering = 0.3;
    const NetworkTopology topology{model, 1, 10};
    const NetworkLinks links{model, topology, 5};
    NetworkTraffic traffic;
    std::uint64_t copies = 0;
    constexpr std::uint64_t draws = 50'000;
    for (std::uint64_t i = 0; i < draws; ++i)
    {
        VirtualTime free = 0;
        copies += links.send(3, 4, 0, 10, i, free, traffic).copies;
    }
    // Four standard deviations are below 0.01.
    const auto share = [&](std::uint64_t count) { return static_cast<double>(count) / draws; };
    CHECK(std::abs(share(traffic.lost) - 0.1) < 0.01);
    CHECK(std::abs(share(traffic.duplicates) - 0.9 * 0.2) < 0.01);
    CHECK(std::abs(share(traffic.late) - 0.9 * 0.3) < 0.01);
    CHECK(copies == draws - traffic.lost + traffic.duplicates);
}

TEST_CASE("a partition cuts off, and ends", "[network]")
{
    constexpr std::uint32_t nodes = 10;
    auto model = plain_network(100);
    NetworkPartition partition{0, 3 * one_second / 2, {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node < 5 ? 0 : 1);
    model.partitions.push_back(partition);
    SerialShardRunner serial;
    Network<Gossiper> network{model, 3, nodes, 2, make_gossiper};
    std::size_t across_early = 0;
    std::size_t second_rumours = 0;
    for (const auto& [at, node, what] : network.run_until(serial, 60 * one_second))
    {
        across_early += what.number == 1 && (what.author < 5) != (node < 5) ? 1 : 0;
        second_rumours += what.number == 2 ? 1 : 0;
    }
    CHECK(across_early == 0);
    CHECK(second_rumours == nodes * nodes);
    CHECK(network.traffic().cut_off > 0);
}

TEST_CASE("a node that is down hears nothing, and its timers are void", "[network]")
{
    constexpr std::uint32_t nodes = 6;
    auto model = plain_network(100);
    model.outages.push_back({4, one_second / 2, 5 * one_second / 2, false});
    SerialShardRunner serial;
    Network<Gossiper> network{model, 3, nodes, 2, make_gossiper};
    bool is_back = false;
    for (const auto& [at, node, what] : network.run_until(serial, 60 * one_second))
    {
        if (node != 4)
            continue;
        is_back = is_back || what.is_restart;
        CHECK((at < one_second / 2 || at >= 5 * one_second / 2));
        CHECK((what.is_restart || what.number == 3));
        CHECK(what.author != 4U + (what.is_restart ? 1 : 0));  // No rumour of its own.
    }
    CHECK(is_back);
    CHECK(network.traffic().unheard > 0);
}

TEST_CASE("clocks drift", "[network]")
{
    auto model = plain_network(10);
    model.clock_drift_ppm = 5'000;
    SerialShardRunner serial;
    Network<Gossiper> network{model, 3, 20, 1, make_gossiper};
    bool one_is_fast = false;
    bool one_is_slow = false;
    for (const auto& [at, node, what] : network.run_until(serial, 60 * one_second))
    {
        if (what.author != node || what.number != 3)
            continue;
        const auto drift = network.topology().drift_ppm(node);
        // Its clock says three seconds, to a few microseconds for each second.
        CHECK(std::abs(what.local - 3 * one_second) <= 6'000);
        CHECK(std::abs(static_cast<double>(at) - 3e6 / (1 + static_cast<double>(drift) * 1e-6)) <
              6'000);
        one_is_fast = one_is_fast || at < 3 * one_second;
        one_is_slow = one_is_slow || at > 3 * one_second;
    }
    CHECK(one_is_fast);
    CHECK(one_is_slow);
}

TEST_CASE("regions have their shares of nodes, and peers know each other", "[network]")
{
    const auto model = simblock_network(2015);
    const NetworkTopology topology{model, 11, 600};
    std::vector<std::uint32_t> count(6);
    for (NodeId node = 0; node < topology.size(); ++node)
    {
        ++count[topology.region_of(node)];
        for (const auto peer : topology.peers_of(node))
        {
            const auto theirs = topology.peers_of(peer);
            CHECK(std::binary_search(theirs.begin(), theirs.end(), node));
            CHECK(peer != node);
        }
        CHECK(topology.peers_of(node).size() >= model.fan_out);
    }
    CHECK(count == std::vector<std::uint32_t>{232, 310, 7, 34, 7, 10});
}

TEST_CASE("who wants to know everybody does, others by a ring in an order of chance", "[network]")
{
    auto model = plain_network(100);
    model.fan_out = 8;
    for (const std::uint32_t nodes : {1U, 2U, 5U, 9U})
    {
        const NetworkTopology everybody{model, 3, nodes};
        for (NodeId node = 0; node < nodes; ++node)
            CHECK(everybody.peers_of(node).size() == nodes - 1);
    }
    constexpr std::uint32_t nodes = 100;
    const NetworkTopology many{model, 3, nodes};
    std::size_t peers = 0;
    for (NodeId node = 0; node < nodes; ++node)
        peers += many.peers_of(node).size();
    // Eight of its own and as many of others, less those that met.
    CHECK(peers > 14 * nodes);
    CHECK(peers <= 16 * nodes);

    model.fan_out = 1;
    const NetworkTopology ring{model, 3, nodes};
    std::uint32_t in_order = 0;
    NodeId before = 0;
    NodeId at = ring.peers_of(0)[0];
    std::uint32_t steps = 1;
    for (; at != 0 && steps <= nodes; ++steps)
    {
        REQUIRE(ring.peers_of(at).size() == 2);
        in_order += at == before + 1 || before == at + 1 ? 1 : 0;
        const auto two = ring.peers_of(at);
        const auto next = two[0] == before ? two[1] : two[0];
        before = std::exchange(at, next);
    }
    CHECK(steps == nodes);
    CHECK(in_order < 10);
    model.fan_out = 0;
    CHECK(NetworkTopology(model, 3, nodes).peers_of(0).empty());
}

TEST_CASE("regions without a node make nothing faster", "[network]")
{
    NetworkModel model;
    model.regions = {{"here"}, {"nowhere", 0}};
    model.latency_ms = {100, 1, 2, 3};
    model.processing = 5;
    const NetworkTopology topology{model, 1, 10};
    const NetworkLinks links{model, topology, 1};
    CHECK(links.least_latency() == 100 * one_millisecond + 5);
}

TEST_CASE("uniform latencies are within their share of the mean", "[network]")
{
    auto model = plain_network(100);
    model.jitter = LatencyJitter::uniform;
    model.jitter_share = 0.5;
    const NetworkTopology topology{model, 1, 4};
    const NetworkLinks links{model, topology, 1};
    CHECK(links.least_latency() == 50 * one_millisecond);
    NetworkTraffic traffic;
    double sum = 0;
    VirtualTime latest = 0;
    constexpr int draws = 10'000;
    for (int i = 0; i < draws; ++i)
    {
        VirtualTime free = 0;
        const auto at =
            links.send(0, 1, 0, 0, static_cast<std::uint64_t>(i), free, traffic).arrivals[0];
        REQUIRE(at >= 50 * one_millisecond);
        REQUIRE(at <= 150 * one_millisecond);
        latest = std::max(latest, at);
        sum += static_cast<double>(at) / 1000;
    }
    // The deviation of one is 28.9 ms: four of the mean's are 1.2 ms.
    CHECK(std::abs(sum / draws - 100) < 1.2);
    CHECK(latest > 149 * one_millisecond);
}

TEST_CASE("late messages come up to the delay later", "[network]")
{
    auto model = plain_network(100);
    model.reordering = 1;
    model.reordering_delay = 3 * one_second;
    const NetworkTopology topology{model, 1, 4};
    const NetworkLinks links{model, topology, 1};
    NetworkTraffic traffic;
    double sum = 0;
    VirtualTime latest = 0;
    constexpr int draws = 10'000;
    for (int i = 0; i < draws; ++i)
    {
        VirtualTime free = 0;
        const auto at =
            links.send(0, 1, 0, 0, static_cast<std::uint64_t>(i), free, traffic).arrivals[0];
        REQUIRE(at >= 100 * one_millisecond);
        REQUIRE(at < 3'100 * one_millisecond);
        latest = std::max(latest, at);
        sum += static_cast<double>(at) / one_second;
    }
    // Uniform in three seconds: four deviations of the mean are 0.035.
    CHECK(std::abs(sum / draws - 1.6) < 0.035);
    CHECK(latest > 3 * one_second);
    CHECK(traffic.late == draws);
}

TEST_CASE("a partition lasts from its first moment to before its last", "[network]")
{
    auto model = plain_network(100);
    model.partitions.push_back({one_second, 2 * one_second, {0, 0, 1, every_partition_group}});
    const NetworkTopology topology{model, 1, 4};
    const NetworkLinks links{model, topology, 1};
    NetworkTraffic traffic;
    const auto arrives = [&](NodeId from, NodeId to, VirtualTime now)
    {
        VirtualTime free = 0;
        return links.send(from, to, now, 0, 0, free, traffic).copies == 1;
    };
    CHECK(arrives(0, 2, one_second - 1));
    CHECK(!arrives(0, 2, one_second));
    CHECK(!arrives(2, 0, 2 * one_second - 1));
    CHECK(arrives(0, 2, 2 * one_second));
    for (const auto& [from, to] : {std::pair<NodeId, NodeId>{0, 1}, {0, 3}, {3, 0}, {2, 3}, {3, 2}})
        CHECK(arrives(from, to, one_second));
    CHECK(traffic.cut_off == 2);
}

TEST_CASE("traffic adds up", "[network]")
{
    NetworkTraffic sum{1, 2, 3, 4, 5, 6, 7};
    sum += {10, 20, 30, 40, 50, 60, 70};
    CHECK(sum == NetworkTraffic{11, 22, 33, 44, 55, 66, 77});
}

}  // namespace runnel
