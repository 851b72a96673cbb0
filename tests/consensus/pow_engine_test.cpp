#include "consensus/make_engine.hpp"
#include "consensus/network/thread_runner.hpp"
#include "consensus/pow/check.hpp"
#include "consensus/pow/engine.hpp"
#include "consensus/pow/node.hpp"
#include "consensus/pow/retarget.hpp"
#include "consensus/report.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace runnel
{
namespace
{

/// Everybody hears everything after the same time, however long messages are.
NetworkModel plain_network(std::uint32_t latency_ms, std::uint32_t fan_out = 1'000)
{
    NetworkModel model;
    model.latency_ms = {latency_ms};
    model.fan_out = fan_out;
    return model;
}

MinerGroup group(const std::string& name, std::uint32_t count, double share,
    MinerStrategy strategy = MinerStrategy::honest)
{
    MinerGroup made;
    made.name = name;
    made.count = count;
    made.share = share;
    made.strategy = strategy;
    return made;
}

/// Fast to simulate: blocks are pushed, difficulty stands still.
ConsensusSetup network_of(
    const std::vector<MinerGroup>& groups, const NetworkModel& model, VirtualTime interval)
{
    ConsensusSetup setup;
    setup.engine = ConsensusKind::pow;
    setup.network = model;
    setup.pow.relay = BlockRelay::push;
    setup.pow.retarget = RetargetRule::fixed;
    setup.pow.block_interval = interval;
    setup.pow.hash_rate = 1e12;
    setup.pow.subsidy = Amount::power_of_ten(18);
    setup.pow.groups = groups;
    for (const auto& one : groups)
    {
        setup.groups.push_back({one.name, setup.nodes, one.count});
        setup.nodes += one.count;
    }
    return setup;
}

struct Run
{
    std::vector<ConsensusStep> steps;
    std::vector<NetworkBlock> chain;
    std::map<std::string, double> figures;
    ConsensusFigures counted;
};

Run run(const ConsensusSetup& setup, std::uint64_t blocks, std::uint64_t seed = 1,
    std::uint32_t shards = 1, VirtualTime limit = never_in_virtual_time - 1)
{
    ThreadShardRunner threads{shards};
    SerialShardRunner serial;
    ShardRunner& runner = shards > 1 ? static_cast<ShardRunner&>(threads) : serial;
    const auto engine = make_engine(setup, seed, shards, runner);
    ConsensusReport report{setup};
    Run result;
    VirtualTime now = 0;
    while (report.blocks() < blocks)
    {
        auto step = engine->next(limit);
        if (!step)
            break;
        now = step->at;
        report.add(*step);
        result.chain.resize(result.chain.size() - step->reverted);
        result.chain.insert(result.chain.end(), step->added.begin(), step->added.end());
        result.steps.push_back(std::move(*step));
    }
    for (const auto& figure : report.figures(*engine, now))
        result.figures[figure.name] = figure.value;
    result.counted = engine->figures();
    return result;
}

/// Eyal and Sirer (2014), equation 8.
double selfish_revenue(double a, double g)
{
    return (a * (1 - a) * (1 - a) * (4 * a + g * (1 - 2 * a)) - a * a * a) /
           (1 - a * (1 + (2 - a) * a));
}

/// Rosenfeld (2014): the attacker draws level (with a block mined before), or gets ahead.
double double_spend_success(double q, int k, bool premines)
{
    const auto p = 1 - q;
    const int ahead = premines ? 0 : 1;
    double fails = 0;
    double binomial = 1;  // C(m + k - 1, m)
    for (int m = 0; m < k + ahead; ++m)
    {
        const auto probability = binomial * std::pow(p, k) * std::pow(q, m);
        fails += probability * (1 - std::pow(q / p, k - m + ahead));
        binomial *= static_cast<double>(m + k) / (m + 1);
    }
    return 1 - fails;
}

std::string text_of(const Run& run)
{
    std::string text;
    const auto add = [&](auto value) { text += std::to_string(value) + ' '; };
    const auto add_block = [&](const NetworkBlock& block)
    {
        add(block.id);
        add(block.parent);
        add(block.height);
        add(block.made_at);
        add(block.stated_at);
        add(block.bits);
        add(block.nonce);
        add(block.is_withheld ? 1 : 0);
    };
    for (const auto& step : run.steps)
    {
        add(step.at);
        add(step.reverted);
        add(step.finalized);
        for (const auto& block : step.added)
            add_block(block);
        for (const auto& refused : step.refused)
            add_block(refused.block);
        for (const auto& change : step.stake)
            text += std::to_string(change.validator) + change.amount.to_string();
        text += '\n';
    }
    for (const auto& [name, value] : run.figures)
        text += name + '=' + std::to_string(value) + '\n';
    return text;
}

/// All that can go wrong, with all strategies.
ConsensusSetup troubled_setup()
{
    auto hopper = group("hopper", 2, 1, MinerStrategy::pool_hopping);
    hopper.pool = "pool";
    auto selfish = group("selfish", 1, 4, MinerStrategy::selfish);
    selfish.connectivity = 0.5;
    auto spender = group("spender", 1, 2, MinerStrategy::double_spend);
    spender.confirmations = 1;
    auto late = group("late", 2, 2);
    late.mines_from = 100 * one_second;
    late.mines_until = 2'000 * one_second;
    late.spread = 0.3;
    auto setup = network_of({group("honest", 12, 5), hopper, selfish, spender, late},
        simblock_network(2019), 15 * one_second);
    setup.nodes += 6;
    setup.network.fan_out = 4;
    setup.network.loss = 0.02;
    setup.network.duplication = 0.05;
    setup.network.reordering = 0.05;
    setup.network.clock_drift_ppm = 50;
    setup.pow.relay = BlockRelay::compact;
    setup.pow.retarget = RetargetRule::bitcoin;
    setup.pow.retarget_blocks = 20;
    setup.pow.request_timeout = 5 * one_second;
    setup.pow.pools.push_back({"pool", PoolPayout::proportional, 0.01});
    NetworkFault partition;
    partition.from = 300 * one_second;
    partition.until = 600 * one_second;
    partition.shares = {0.5, 0.5};
    NetworkFault outage;
    outage.kind = NetworkFault::Kind::outage;
    outage.from = 700 * one_second;
    outage.until = 900 * one_second;
    outage.group = "honest";
    outage.share = 0.5;
    outage.keeps_memory = false;
    setup.faults = {partition, outage};
    return setup;
}

}  // namespace

TEST_CASE("stale blocks are as many as delay and interval say", "[consensus][pow]")
{
    struct Case
    {
        std::uint32_t miners;
        double delay_per_interval;
    };
    // s = (1 - 1/n) * x / (1 + x) for n equal miners and a constant delay.
    const auto c = GENERATE(Case{2, 1}, Case{10, 0.5}, Case{10, 0.1});
    CAPTURE(c.miners, c.delay_per_interval);
    constexpr VirtualTime interval = 10 * one_second;
    const auto latency_ms = static_cast<std::uint32_t>(c.delay_per_interval * 10'000);
    const auto result =
        run(network_of({group("honest", c.miners, 1)}, plain_network(latency_ms), interval),
            c.miners == 2 ? 40'000 : 15'000);
    const auto x = c.delay_per_interval;
    const auto expected = (1 - 1.0 / c.miners) * x / (1 + x);
    const auto made = result.figures.at("blocks_made");
    const auto error = std::sqrt(expected * (1 - expected) / made);
    CHECK(std::abs(result.figures.at("stale_share") - expected) < 4 * error);
    CHECK(std::abs(result.figures.at("propagation.mean") - latency_ms / 1000.0) < 1e-9);
}

TEST_CASE("a selfish miner earns what Eyal and Sirer say", "[consensus][pow]")
{
    // Everybody a hop from everybody: the pool's answer comes after what it answers.
    auto setup =
        network_of({group("honest", 5, 0.7), group("pool", 1, 0.3, MinerStrategy::selfish)},
            plain_network(10), 600 * one_second);
    constexpr std::uint64_t blocks = 60'000;
    const auto deaf = run(setup, blocks);
    CHECK(deaf.figures.at("gamma") == 0);
    CHECK(deaf.figures.at("races") > 5'000);
    // Blocks of one round of the pool's hang together: about three times as uncertain as tosses.
    constexpr double tolerance = 0.009;
    CHECK(
        std::abs(deaf.figures.at("groups.pool.block_share") - selfish_revenue(0.3, 0)) < tolerance);
    // All blocks in the chain over all made: 0.788 at this size (Monte Carlo of the state machine).
    CHECK(std::abs(1 - deaf.figures.at("stale_share") - 0.788) < tolerance);
    CHECK(deaf.figures.at("withheld_blocks") > 0);
    // Nobody mines on a branch that is as long: without others' help a third is the threshold.
    CHECK(deaf.figures.at("groups.pool.block_share") < 0.3);

    // Others are several hops apart, the pool is at one hop from all.
    setup = network_of({group("honest", 24, 0.65), group("pool", 1, 0.35, MinerStrategy::selfish)},
        plain_network(10, 2), 600 * one_second);
    setup.pow.groups[1].connectivity = 1;
    const auto connected = run(setup, blocks);
    const auto gamma = connected.figures.at("gamma");
    CHECK(gamma > 0.3);
    CHECK(gamma < 0.8);
    CHECK(std::abs(connected.figures.at("groups.pool.block_share") - selfish_revenue(0.35, gamma)) <
          tolerance);
    CHECK(connected.figures.at("groups.pool.block_share") > 0.37);
}

TEST_CASE("double spends succeed as often as Rosenfeld says", "[consensus][pow]")
{
    // The formula against the published table.
    CHECK(std::abs(double_spend_success(0.1, 6, true) - 0.0005914) < 1e-7);
    CHECK(std::abs(double_spend_success(0.3, 6, true) - 0.1564496) < 1e-7);
    CHECK(std::abs(double_spend_success(0.3, 1, false) - 0.308571) < 1e-6);
    struct Case
    {
        double q;
        std::uint32_t k;
        bool premines;
    };
    const auto c =
        GENERATE(Case{0.1, 1, true}, Case{0.1, 2, true}, Case{0.1, 6, true}, Case{0.3, 1, true},
            Case{0.3, 2, true}, Case{0.3, 6, true}, Case{0.3, 1, false}, Case{0.3, 6, false});
    CAPTURE(c.q, c.k, c.premines);
    auto setup = network_of(
        {group("honest", 1, 1 - c.q), group("attacker", 1, c.q, MinerStrategy::double_spend)},
        plain_network(1), 600 * one_second);
    setup.pow.groups[1].confirmations = c.k;
    setup.pow.groups[1].premines = c.premines;
    setup.pow.groups[1].gives_up_behind = 20;
    const auto result = run(setup, 120'000);
    const auto ended = result.figures.at("groups.attacker.attempts") - 1;
    const auto expected = double_spend_success(c.q, static_cast<int>(c.k), c.premines);
    const auto error = std::sqrt(expected * (1 - expected) / ended);
    CAPTURE(ended, expected);
    CHECK(ended > 2'500);
    CHECK(std::abs(result.figures.at("groups.attacker.success_rate") - expected) < 4 * error);
    // What is undone is at least what the victim waited for.
    std::uint64_t least = ~0ULL;
    for (const auto& step : result.steps)
    {
        if (step.reverted != 0)
            least = std::min(least, step.reverted);
    }
    CHECK(least >= c.k);
}

TEST_CASE("retargets hold the interval", "[consensus][pow]")
{
    SECTION("Bitcoin's, that begins far off")
    {
        auto setup = network_of({group("honest", 4, 1)}, plain_network(100), 600 * one_second);
        setup.pow.retarget = RetargetRule::bitcoin;
        setup.pow.retarget_blocks = 100;
        setup.pow.initial_difficulty = 1e12 * 600 / 20;
        const auto chain = run(setup, 21'000).chain;
        const auto mean = [&](std::size_t from, std::size_t to)
        {
            return static_cast<double>(chain[to].made_at - chain[from].made_at) / one_second /
                   static_cast<double>(to - from);
        };
        CHECK(std::abs(mean(0, 98) - 30) < 12);
        // The well-known off by one: 99 intervals are taken for 100. Of what a period's estimate is
        // uncertain by, the mean interval keeps 1/100 (E[1/Gamma]).
        CHECK(std::abs(mean(1'000, 20'999) - 600.0 * 100 / 98) < 4 * 600 / std::sqrt(20'000));
    }
    SECTION("Ethereum's")
    {
        struct Case
        {
            RetargetRule rule;
            double seconds;
        };
        // Where the expected step is none: 10 / ln 2, 9 / ln 2.
        const auto c =
            GENERATE(Case{RetargetRule::homestead, 14.4270}, Case{RetargetRule::eip100, 12.9843});
        auto setup = network_of({group("honest", 2, 1)}, plain_network(1), 30 * one_second);
        setup.pow.retarget = c.rule;
        const auto chain = run(setup, 40'000).chain;
        const auto mean =
            static_cast<double>(chain.back().made_at - chain[10'000].made_at) / one_second / 29'999;
        // From 30 s on it has to fall first; then every block is pulled to the mean.
        CHECK(std::abs(mean - c.seconds) < 0.02 * c.seconds);
    }
}

TEST_CASE("a stored chain's proof of work is checked by the rules alone", "[consensus][pow]")
{
    const bool is_real = GENERATE(true, false);
    CAPTURE(is_real);
    auto setup = network_of({group("honest", 3, 1)}, plain_network(100), 10 * one_second);
    setup.pow.hash_rate = 100;
    setup.pow.puzzle = is_real ? PuzzleKind::real : PuzzleKind::drawn;
    setup.pow.retarget = GENERATE(RetargetRule::bitcoin, RetargetRule::homestead);
    setup.pow.retarget_blocks = 10;
    const auto result = run(setup, 120);
    const auto& chain = result.chain;
    const auto check = check_pow(setup.pow, chain);
    CHECK(check.fault == PowFault::none);
    CHECK(check.height == 120);
    CHECK(check.work.to_double() == result.figures.at("work"));
    // A thousand hashes each, and 120 of them: within four standard errors.
    if (setup.pow.retarget == RetargetRule::bitcoin)
        CHECK(std::abs(result.figures.at("interval.mean") - 10) < 5);

    const auto fault_of = [&](auto change)
    {
        auto other = chain;
        change(other[57]);
        const auto found = check_pow(setup.pow, other);
        CHECK(found.height >= 58);
        return found.fault;
    };
    CHECK(fault_of([](NetworkBlock& block) { ++block.parent; }) == PowFault::wrong_parent);
    CHECK(fault_of([](NetworkBlock& block) { ++block.height; }) == PowFault::wrong_parent);
    CHECK(fault_of([](NetworkBlock& block) { ++block.bits; }) == PowFault::wrong_bits);
    CHECK(fault_of([](NetworkBlock& block) { block.stated_at -= 1'000 * one_second; }) ==
          PowFault::wrong_time);
    CHECK(fault_of([&](NetworkBlock& block) { block.stated_at = chain[56].stated_at; }) ==
          PowFault::wrong_time);
    CHECK(fault_of([](NetworkBlock& block) { ++block.nonce; }) == PowFault::not_solved);
    if (is_real)
        CHECK(fault_of([](NetworkBlock& block) { ++block.stated_at; }) == PowFault::not_solved);
}

TEST_CASE("a network with proof of work does not depend on shards and threads", "[consensus][pow]")
{
    for (const auto puzzle : {PuzzleKind::drawn, PuzzleKind::real})
    {
        auto setup = troubled_setup();
        setup.pow.puzzle = puzzle;
        if (puzzle == PuzzleKind::real)
            setup.pow.hash_rate = 50;
        const auto expected = text_of(run(setup, 150));
        CHECK(expected.size() > 10'000);
        for (const std::uint32_t shards : {2U, 5U})
        {
            CAPTURE(shards);
            CHECK(text_of(run(setup, 150, 1, shards)) == expected);
        }
        CHECK(text_of(run(setup, 150, 2)) != expected);
    }
}

TEST_CASE("steps add up to a chain with its rewards", "[consensus][pow]")
{
    auto setup = troubled_setup();
    setup.pow.halving_interval = 40;
    setup.pow.subsidy = 1'000;
    std::uint64_t reverted = 0;
    std::vector<NetworkBlock> chain;
    std::map<NetworkBlockId, int> refused;
    for (const auto& step : run(setup, 200).steps)
    {
        REQUIRE(step.reverted <= chain.size());
        reverted += step.reverted;
        for (std::uint64_t i = 0; i < step.reverted; ++i)
        {
            const auto id = chain.back().id;
            CHECK(std::any_of(step.refused.begin(), step.refused.end(),
                [id](const RefusedBlock& block) { return block.block.id == id; }));
            chain.pop_back();
        }
        REQUIRE(step.added.size() <= 1);
        if (step.added.empty())
            continue;
        const auto& block = step.added.front();
        CHECK(block.parent == (chain.empty() ? 0 : chain.back().id));
        CHECK(block.height == chain.size() + 1);
        CHECK(step.at >= block.made_at);
        CHECK((block.id >> 32U) == block.maker);
        REQUIRE(step.stake.size() == 1);
        CHECK(step.stake.front().validator == block.maker);
        CHECK(step.stake.front().amount == Amount{1'000ULL >> (block.height / 40)});
        chain.push_back(block);
    }
    CHECK(reverted > 3);
}

TEST_CASE(
    "a partition ends with the heavier side's chain, unless blocks are final", "[consensus][pow]")
{
    auto setup = network_of(
        {group("large", 6, 0.7), group("small", 4, 0.3)}, plain_network(100), 60 * one_second);
    NetworkFault partition;
    partition.from = 600 * one_second;
    partition.until = 6'600 * one_second;
    partition.groups = {"small"};
    setup.faults = {partition};
    // The reference node is the first of all: on the other side for a change.
    std::swap(setup.pow.groups[0], setup.pow.groups[1]);
    std::swap(setup.groups[0], setup.groups[1]);
    setup.groups[0].first = 0;
    setup.groups[1].first = 4;
    constexpr auto limit = 12'000 * one_second;
    const auto healed = run(setup, 1'000'000, 1, 1, limit);
    CHECK(healed.figures.at("reorganisations.deepest") > 15);
    CHECK(healed.figures.at("finality.blocks") == 0);
    setup.pow.final_after = 10;
    const auto apart = run(setup, 1'000'000, 1, 1, limit);
    CHECK(apart.figures.at("reorganisations.deepest") <= 10);
    CHECK(apart.figures.at("groups.large.block_share") < 0.3);
    CHECK(apart.figures.at("finality.blocks") == apart.figures.at("blocks") - 10);
}

TEST_CASE("however blocks are relayed, all nodes end with one chain", "[consensus][pow]")
{
    const auto relay = GENERATE(BlockRelay::push, BlockRelay::inventory, BlockRelay::compact);
    auto setup = troubled_setup();
    setup.pow.relay = relay;
    constexpr auto end = 3'000 * one_second;
    for (auto& one : setup.pow.groups)
        one.mines_until = end;
    setup.network.fan_out = 8;
    setup.network.loss = 0.1;
    setup.pow.compact_share = 0.7;
    const auto model = network_with_faults(setup, 3);
    const PowWorld world{setup.pow, model, 3, setup.nodes};
    Network<PowNode> network{model, 3, setup.nodes, 2, [&](NodeId) { return PowNode{world}; }};
    SerialShardRunner serial;
    const auto records = network.run_until(serial, end + 600 * one_second);
    const auto* head = network.node(world.reference).head();
    CHECK(head->height() > 100);
    for (NodeId node = 0; node < setup.nodes; ++node)
    {
        CAPTURE(node);
        // Of two last blocks some may have seen one first, some the other.
        CHECK(network.node(node).head()->work == head->work);
    }
    CHECK(records.size() > 200);
}

// Method: what a miner draws is how many difficulties' worth of hashes it will take, whatever its
// hash rate. A fast one finds the block before the difficulty falls, which tells the draw; a slow
// one must need as many by a sum over the steps of ten seconds.
TEST_CASE("the slower a block is the easier it becomes, where a rule says so", "[consensus][pow]")
{
    auto setup = network_of({group("miner", 1, 1)}, plain_network(100), 15 * one_second);
    setup.pow.retarget = RetargetRule::homestead;
    setup.pow.initial_difficulty = 2e9;
    const auto found_after = [&](double hash_rate)
    {
        setup.pow.hash_rate = hash_rate;
        const PowWorld world{setup.pow, setup.network, 3, setup.nodes};
        Network<PowNode> network{
            setup.network, 3, setup.nodes, 1, [&](NodeId) { return PowNode{world}; }};
        SerialShardRunner serial;
        for (VirtualTime until = one_second;; until += one_second)
        {
            (void)network.run_until(serial, until);
            const auto* head = network.node(0).head();
            if (head->height() > 0)
                return static_cast<double>(ancestor_at(head, 1)->block.made_at) / one_second;
        }
    };
    const Amount first{2'000'000'000};
    const EthereumRetarget rule;
    const auto difficulty = [&](std::uint64_t since)
    { return ethereum_difficulty(rule, first, since, 1).to_double(); };
    const auto fast = found_after(1e9);
    REQUIRE(fast < 10);
    const auto drawn = fast * 1e9 / difficulty(0);
    for (const auto expected : {95.0, 600.0, 3'000.0})  // Beyond 1,000 s it falls no more.
    {
        const auto hash_rate = drawn * 2e9 / expected;
        const auto slow = found_after(hash_rate);
        CAPTURE(expected, slow);
        double sum = 0;
        for (double from = 0; from < slow; from += 10)
        {
            sum += hash_rate * (std::min(from + 10, slow) - from) /
                   difficulty(static_cast<std::uint64_t>(from));
        }
        CHECK(std::abs(sum / drawn - 1) < 1e-4);
        CHECK(slow < expected + 1);
    }
}

TEST_CASE("who was down asks what he missed, though nothing new comes", "[consensus][pow]")
{
    constexpr auto end = 500 * one_second;
    auto setup = network_of({group("honest", 3, 1)}, plain_network(100), 10 * one_second);
    setup.pow.groups[0].mines_until = end;
    SerialShardRunner serial;
    for (const bool keeps_memory : {true, false})
    {
        auto model = setup.network;
        model.outages.push_back({2, 300 * one_second, 600 * one_second, keeps_memory});
        const PowWorld world{setup.pow, model, 3, setup.nodes};
        Network<PowNode> network{model, 3, setup.nodes, 1, [&](NodeId) { return PowNode{world}; }};
        (void)network.run_until(serial, 600 * one_second);
        const auto before = network.node(2).head()->height();
        CHECK(before > 10);
        CHECK(network.node(0).head()->height() > before + 5);
        (void)network.run_until(serial, 600 * one_second + 1);
        CHECK(network.node(2).head()->height() == (keeps_memory ? before : 0));
        (void)network.run_until(serial, 602 * one_second);
        CHECK(network.node(2).head() == network.node(0).head());
    }
}

// Method: number 2 hears of a block of 0, asks 0, and is cut off from it; number 1 has the block
// meanwhile, and says so. The time of the block is known from a run before.
TEST_CASE("who gets no answer asks another one who has the block", "[consensus][pow]")
{
    auto setup = network_of(
        {group("miner", 1, 1), group("others", 2, 0)}, plain_network(100), 10 * one_second);
    setup.pow.relay = BlockRelay::inventory;
    setup.pow.request_timeout = 5 * one_second;
    SerialShardRunner serial;
    const auto heads_after = [&](NetworkModel model, VirtualTime until)
    {
        const PowWorld world{setup.pow, model, 3, setup.nodes};
        Network<PowNode> network{model, 3, setup.nodes, 1, [&](NodeId) { return PowNode{world}; }};
        (void)network.run_until(serial, until);
        std::vector<std::uint64_t> heights;
        for (NodeId node = 0; node < setup.nodes; ++node)
            heights.push_back(network.node(node).head()->height());
        const auto made_at = network.node(0).head()->block.made_at;
        return std::pair{heights, made_at};
    };
    VirtualTime made_at = 0;
    for (VirtualTime until = one_second; made_at == 0; until += one_second)
        made_at = heads_after(setup.network, until).second;
    setup.pow.groups[0].mines_until = made_at + 1;
    auto model = setup.network;
    model.partitions.push_back(
        {made_at + 50 * one_millisecond, 1'000'000 * one_second, {0, every_partition_group, 1}});
    using Heights = std::vector<std::uint64_t>;
    CHECK(heads_after(model, made_at + 4 * one_second).first == Heights{1, 1, 0});
    CHECK(heads_after(model, made_at + 6 * one_second).first == Heights{1, 1, 1});
}

TEST_CASE(
    "who hops between pools earns more from those that pay proportionally", "[consensus][pow]")
{
    // A small hopper at the best moment: 1 + x * E1(x) at x = 0.4348, where e^x * E1(x) = 1
    // (Rosenfeld 2011, section 3.1: 1.28).
    auto hopper = group("hopper", 1, 0.05, MinerStrategy::pool_hopping);
    hopper.pool = "pool";
    auto loyal = group("loyal", 1, 0.45);
    loyal.pool = "pool";
    auto setup =
        network_of({group("others", 1, 0.5), hopper, loyal}, plain_network(1), 600 * one_second);
    const auto luck = [&](PoolPayout payout, const std::string& name)
    {
        setup.pow.pools = {{"pool", payout, 0}};
        const auto result = run(setup, 60'000);
        // What a pool earns it pays: all but the last round.
        if (payout == PoolPayout::proportional)
            CHECK(std::abs(result.figures.at("pools.pool.paid") -
                           result.figures.at("pools.pool.blocks")) < 1e-6 * 60'000);
        CHECK(std::abs(result.figures.at("groups.hopper.hashed_in_pool") - 0.36) < 0.04);
        return result.figures.at("groups." + name + ".income_per_expected");
    };
    // A hopper can expect 3,000 blocks, of which it mines 2,000 alone: 1.5% of its income.
    CHECK(std::abs(luck(PoolPayout::proportional, "hopper") - 1.2815) < 0.06);
    CHECK(luck(PoolPayout::proportional, "loyal") < 0.99);
    CHECK(std::abs(luck(PoolPayout::score, "hopper") - 1) < 0.06);
    CHECK(std::abs(luck(PoolPayout::pay_per_share, "hopper") - 1) < 0.06);
    CHECK(std::abs(luck(PoolPayout::pay_per_share, "loyal") - 1) < 1e-6);
}

TEST_CASE("energy is hash rate, time, machine and site", "[consensus][pow]")
{
    auto setup =
        network_of({group("old", 2, 1), group("new", 2, 3)}, plain_network(100), 600 * one_second);
    setup.pow.hash_rate = 6e20;
    setup.pow.groups[0].joules_per_terahash = 98;
    setup.pow.groups[1].joules_per_terahash = 17.5;
    setup.pow.power_usage_effectiveness = 1.1;
    const auto result = run(setup, 100);
    const auto watts = 6e20 * (0.25 * 98 + 0.75 * 17.5) * 1e-12 * 1.1;
    CHECK(std::abs(result.figures.at("energy.power") - watts) < 1e-9 * watts);
    CHECK(std::abs(result.figures.at("energy.per_transaction") * 2'000 -
                   result.figures.at("energy.per_block")) < 1e-6);
    // An outage is paid for by nobody.
    NetworkFault outage;
    outage.kind = NetworkFault::Kind::outage;
    outage.from = 1'000 * one_second;
    outage.until = 2'000 * one_second;
    outage.group = "old";
    setup.faults = {outage};
    constexpr auto limit = 10'000 * one_second;
    const auto some = run(setup, 1'000'000, 1, 1, limit).counted;
    const auto old_watts = 6e20 * 0.25 * 98 * 1e-12 * 1.1;
    CHECK(std::abs(some.joules - (watts * 10'000 - old_watts * 1'000)) < 1e-3 * some.joules);
}

}  // namespace runnel
