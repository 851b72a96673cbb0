#include "consensus/network/gossip.hpp"

#include "consensus/make_engine.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace runnel;

namespace
{
constexpr std::uint32_t nodes = 12;
constexpr VirtualTime ms = one_millisecond;

NetworkModel even_network(std::uint32_t fan_out, std::uint32_t latency_ms = 100)
{
    NetworkModel model;
    model.latency_ms = {latency_ms};
    model.fan_out = fan_out;
    return model;
}

Address someone(std::uint32_t number)
{
    return address_of_name("someone/" + std::to_string(number));
}

Hash transaction(std::uint32_t number)
{
    Bytes bytes(4, static_cast<std::uint8_t>(number));
    bytes[0] = static_cast<std::uint8_t>(number >> 8U);
    return keccak256(bytes);
}

/// The least number of connections from a node to each other one.
std::vector<std::uint32_t> hops_from(const NetworkTopology& topology, NodeId node)
{
    constexpr std::uint32_t far = 1'000;
    std::vector<std::uint32_t> hops(topology.size(), far);
    hops[node] = 0;
    for (std::uint32_t round = 0; round < topology.size(); ++round)
    {
        for (NodeId from = 0; from < topology.size(); ++from)
        {
            for (const auto to : topology.peers_of(from))
                hops[to] = std::min(hops[to], hops[from] + 1);
        }
    }
    return hops;
}

/// What transactions sent at once by many accounts take to a node, each once.
std::set<VirtualTime> delays_to(TransactionGossip& gossip, NodeId node, VirtualTime sent_at = 0)
{
    std::set<VirtualTime> delays;
    for (std::uint32_t i = 0; i < 400; ++i)
        delays.insert(gossip.heard_at(someone(i), transaction(i), sent_at, node) - sent_at);
    return delays;
}
}  // namespace

TEST_CASE("gossip: a transaction takes the shortest way, message by message", "[network][gossip]")
{
    auto model = even_network(2);
    model.processing = 3 * ms;
    const NetworkTopology topology{model, 7, nodes};
    const auto hops = hops_from(topology, 4);
    std::set<VirtualTime> expected;
    for (const auto count : hops)
        expected.insert(count * 103 * ms);
    REQUIRE(expected.size() >= 3);
    TransactionGossip sent{model, 7, nodes, {}};
    CHECK(delays_to(sent, 4) == expected);
    // Announced, asked for, sent.
    std::set<VirtualTime> thrice;
    for (const auto delay : expected)
        thrice.insert(3 * delay);
    TransactionGossip announced{model, 7, nodes, {3, 0}};
    CHECK(delays_to(announced, 4, 5 * one_second) == thrice);
}

TEST_CASE("gossip: latencies count from there to here", "[network][gossip]")
{
    NetworkModel model;
    model.regions = {{"east"}, {"west"}};
    model.latency_ms = {10, 20, 70, 40};  // East to west takes 20, west to east 70.
    model.fan_out = nodes;
    TransactionGossip sent{model, 3, nodes, {}};
    TransactionGossip announced{model, 3, nodes, {3, 0}};
    const NetworkTopology topology{model, 3, nodes};
    for (NodeId node = 0; node < nodes; ++node)
    {
        CAPTURE(node);
        const bool is_east = topology.region_of(node) == 0;
        CHECK(delays_to(sent, node) == (is_east ? std::set<VirtualTime>{0, 10 * ms, 70 * ms}
                                                : std::set<VirtualTime>{0, 20 * ms, 40 * ms}));
        // By way of a third node it is never faster here: 2 * 70 + 20 and 2 * 20 + 70.
        CHECK(
            delays_to(announced, node) == (is_east ? std::set<VirtualTime>{0, 30 * ms, 160 * ms}
                                                   : std::set<VirtualTime>{0, 110 * ms, 120 * ms}));
    }
}

TEST_CASE(
    "gossip: accounts send through nodes by chance, each through its own", "[network][gossip]")
{
    // Whose transaction is there at once lives there.
    TransactionGossip gossip{even_network(nodes), 11, nodes, {}};
    std::vector<std::uint32_t> at_home(nodes);
    for (std::uint32_t i = 0; i < 1'200; ++i)
    {
        std::uint32_t homes = 0;
        for (NodeId node = 0; node < nodes; ++node)
        {
            const bool is_home = gossip.heard_at(someone(i), transaction(i), 9, node) == 9;
            homes += is_home ? 1 : 0;
            at_home[node] += is_home ? 1 : 0;
            CHECK(gossip.heard_at(someone(i), transaction(i + 1), 9, node) ==
                  (is_home ? 9 : 9 + 100 * ms));
        }
        REQUIRE(homes == 1);
    }
    // 100 each on average, with a standard deviation of 9.6.
    CHECK(*std::min_element(at_home.begin(), at_home.end()) > 60);
    CHECK(*std::max_element(at_home.begin(), at_home.end()) < 140);
}

TEST_CASE("gossip: what is chance is a draw for each transaction and node", "[network][gossip]")
{
    TransactionGossip gossip{even_network(nodes), 5, nodes, {1, 2 * one_second}};
    TransactionGossip again{even_network(nodes), 5, nodes, {1, 2 * one_second}};
    double sum = 0;
    std::uint32_t count = 0;
    std::set<VirtualTime> different;
    for (std::uint32_t i = 0; i < 4'000; ++i)
    {
        const auto at = gossip.heard_at(someone(i % 50), transaction(i), 0, 2);
        if (at == 0)
            continue;  // Its own node need not wait.
        CHECK(at >= 100 * ms);
        sum += static_cast<double>(at - 100 * ms);
        ++count;
        different.insert(at);
        REQUIRE(again.heard_at(someone(i % 50), transaction(i), 0, 2) == at);
        CHECK(gossip.heard_at(someone(i % 50), transaction(i), 0, 3) != at);
    }
    REQUIRE(count > 3'000);
    CHECK(different.size() > count - 10);
    // The mean's standard error is about 35 ms.
    CHECK(sum / count == Approx(2 * one_second).margin(140 * ms));
}

TEST_CASE("gossip: nothing passes a partition until it heals", "[network][gossip]")
{
    auto model = even_network(nodes);
    NetworkPartition partition{10 * one_second, 30 * one_second, {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node < 4 ? 0 : node < 11 ? 1 : every_partition_group);
    model.partitions.push_back(partition);
    TransactionGossip gossip{model, 21, nodes, {}};
    std::uint32_t waited = 0;
    for (std::uint32_t i = 0; i < 200; ++i)
    {
        CAPTURE(i);
        const auto heard = [&](VirtualTime sent_at, NodeId node)
        { return gossip.heard_at(someone(i), transaction(i), sent_at, node); };
        const bool lives_here = heard(0, 0) == 0 || heard(0, 1) == 0;
        const bool lives_in_both = heard(0, 11) == 0;
        CHECK(heard(9 * one_second, 0) <= 9 * one_second + 100 * ms);
        // Node 11 passes on what the two parts do not tell each other.
        const auto through = heard(10 * one_second, 0);
        CHECK(through <= 10 * one_second + 200 * ms);
        waited += through == 10 * one_second + 200 * ms ? 1 : 0;
        CHECK(heard(30 * one_second, 0) <= 30 * one_second + 100 * ms);
        if (lives_here || lives_in_both)
            CHECK(through <= 10 * one_second + 100 * ms);
    }
    CHECK(waited > 50);

    model.partitions.front().group_of[11] = 1;
    TransactionGossip cut{model, 21, nodes, {}};
    std::set<VirtualTime> delays = delays_to(cut, 0, 12 * one_second);
    CHECK(delays == std::set<VirtualTime>{0, 100 * ms, 18 * one_second + 100 * ms});
}

TEST_CASE("gossip: a node that is down neither hears nor passes on", "[network][gossip]")
{
    // A ring: every way is known.
    auto model = even_network(1);
    const NetworkTopology topology{model, 2, nodes};
    const auto peers = topology.peers_of(0);
    REQUIRE(peers.size() == 2);
    // Its neighbours are down: who sends through others is heard of when the first one is back.
    model.outages.push_back({peers[0], one_second, 5 * one_second, true});
    model.outages.push_back({peers[1], one_second, 9 * one_second, false});
    TransactionGossip gossip{model, 2, nodes, {}};
    const auto delays = delays_to(gossip, 0, 2 * one_second);
    CHECK(delays == std::set<VirtualTime>{0, 3 * one_second + 200 * ms});
    // Nobody sends through a node that is down.
    std::uint32_t through_it = 0;
    for (std::uint32_t i = 0; i < 400; ++i)
    {
        const auto heard = [&](VirtualTime sent_at)
        { return gossip.heard_at(someone(i), transaction(i), sent_at, peers[0]); };
        through_it += heard(0) == 0 ? 1 : 0;
        CHECK(heard(2 * one_second) >= 5 * one_second);
    }
    CHECK(through_it > 10);
    // It itself is down for good: it never hears.
    model.outages = {{3, 0, TransactionGossip::never, true}};
    TransactionGossip silent{model, 2, nodes, {}};
    CHECK(silent.heard_at(someone(1), transaction(1), 0, 3) == TransactionGossip::never);
}

TEST_CASE("gossip: whoever has a transaction tells who comes back", "[network][gossip]")
{
    // Node 0 is down while people send. When it is back it is cut off from half of the others, but
    // those on its side have heard of everything.
    auto model = even_network(nodes);
    model.outages.push_back({0, one_second, 5 * one_second, true});
    NetworkPartition partition{5 * one_second, 50 * one_second, {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node % 2);
    model.partitions.push_back(partition);
    TransactionGossip gossip{model, 8, nodes, {}};
    for (std::uint32_t i = 0; i < 200; ++i)
    {
        const auto at = gossip.heard_at(someone(i), transaction(i), 2 * one_second, 0);
        CHECK(at == 5 * one_second + 100 * ms);
    }
    CHECK(gossip.heard_at(someone(1), transaction(1), 2 * one_second, 0, 4 * one_second) >
          4 * one_second);
}

TEST_CASE("gossip: what somebody has heard he can tell later", "[network][gossip]")
{
    // By node % 3: first 0 and 1 are together, then nobody, then 1 and 2.
    auto model = even_network(nodes);
    model.partitions = {{one_second, 10 * one_second, {}}, {10 * one_second, 20 * one_second, {}},
        {20 * one_second, 50 * one_second, {}}};
    for (NodeId node = 0; node < nodes; ++node)
    {
        const auto third = node % 3;
        model.partitions[0].group_of.push_back(third == 2 ? 1 : 0);
        model.partitions[1].group_of.push_back(third);
        model.partitions[2].group_of.push_back(third == 0 ? 0 : 1);
    }
    TransactionGossip gossip{model, 8, nodes, {}};
    CHECK(delays_to(gossip, 2, 2 * one_second) ==
          std::set<VirtualTime>{0, 100 * ms, 18 * one_second + 100 * ms});
}

TEST_CASE("gossip: who has gone down tells nobody", "[network][gossip]")
{
    auto model = even_network(1);
    model.outages = {
        {0, one_second, 5 * one_second, true}, {1, 5 * one_second, 9 * one_second, true}};
    TransactionGossip gossip{model, 8, 2, {}};
    CHECK(delays_to(gossip, 0, 2 * one_second) == std::set<VirtualTime>{7 * one_second + 100 * ms});
}

TEST_CASE(
    "gossip: nothing crosses a partition because its sender's node fails", "[network][gossip]")
{
    auto model = even_network(nodes);
    NetworkPartition partition{one_second, 50 * one_second, {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node < nodes / 2 ? 0 : 1);
    model.partitions.push_back(partition);
    for (NodeId node = 0; node < nodes / 2 - 1; ++node)
        model.outages.push_back({node, 10 * one_second, 20 * one_second, true});
    TransactionGossip gossip{model, 8, nodes, {}};
    std::uint32_t waits = 0;
    for (std::uint32_t i = 0; i < 200; ++i)
    {
        const auto here =
            gossip.heard_at(someone(i), transaction(i), 2 * one_second, nodes / 2 - 1);
        const auto there = gossip.heard_at(someone(i), transaction(i), 2 * one_second, nodes - 1);
        CHECK(std::min(here, there) <= 2 * one_second + 100 * ms);
        CHECK(std::max(here, there) == 50 * one_second + 100 * ms);
        waits += there > here ? 1 : 0;
    }
    CHECK(waits > 60);
    CHECK(waits < 140);
}

TEST_CASE("gossip: a network with proof of work announces what others send", "[network][gossip]")
{
    ConsensusSetup setup;
    setup.engine = ConsensusKind::pow;
    setup.nodes = nodes;
    setup.network = even_network(nodes);
    setup.own_mempools = true;
    const auto slowest = [&]
    {
        auto gossip = make_gossip(setup, 3);
        REQUIRE(gossip);
        return *delays_to(*gossip, 4).rbegin();
    };
    setup.pow.relay = BlockRelay::push;
    CHECK(slowest() == 100 * ms);
    for (const auto relay : {BlockRelay::inventory, BlockRelay::compact})
    {
        setup.pow.relay = relay;
        CHECK(slowest() == 300 * ms);
    }
    setup.transaction_delay = one_second;
    CHECK(slowest() > 3 * one_second);
    setup.transaction_delay = 0;
    for (const auto engine : {ConsensusKind::bft, ConsensusKind::gasper})
    {
        setup.engine = engine;
        CHECK(slowest() == 100 * ms);
    }
    setup.own_mempools = false;
    CHECK_FALSE(make_gossip(setup, 3));
}

TEST_CASE("gossip: who asks first does not matter", "[network][gossip]")
{
    auto model = simblock_network(2019);
    model.outages.push_back({1, one_second, 3 * one_second, true});
    constexpr std::uint32_t many = 60;
    TransactionGossip forwards{model, 4, many, {3, one_second}};
    // It remembers what one node needs.
    TransactionGossip backwards{model, 4, many, {3, one_second, many}};
    std::vector<VirtualTime> heard;
    for (std::uint32_t i = 0; i < 600; ++i)
    {
        heard.push_back(forwards.heard_at(
            someone(i), transaction(i), i * 10 * ms, static_cast<NodeId>(i % many)));
    }
    for (std::uint32_t i = 600; i-- > 0;)
    {
        REQUIRE(backwards.heard_at(someone(i), transaction(i), i * 10 * ms,
                    static_cast<NodeId>(i % many)) == heard[i]);
    }
}

TEST_CASE("moments within a span are rounded down and do not overflow", "[network][gossip]")
{
    CHECK(moment_within(10, 20, 0, 12'000) == 10);
    CHECK(moment_within(10, 20, 12'000, 12'000) == 20);
    CHECK(moment_within(10, 21, 6'000, 12'000) == 15);
    CHECK(moment_within(10, 10, 6'000, 12'000) == 10);
    constexpr VirtualTime month = 30 * 86'400 * one_second;
    constexpr std::int64_t day_ms = 86'400'000;
    CHECK(moment_within(0, month + 1, day_ms / 3, day_ms) == month / 3);
    CHECK(moment_within(0, month + 1, day_ms - 1, day_ms) == month - month / day_ms);
}
