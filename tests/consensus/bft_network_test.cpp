#include "consensus/bft/check.hpp"
#include "consensus/bft/engine.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace runnel
{
namespace
{
NetworkModel even_network(std::uint32_t latency_ms)
{
    NetworkModel model;
    model.latency_ms = {latency_ms};
    return model;
}

BftGroup group(BftStrategy strategy, std::uint32_t validators)
{
    BftGroup result;
    result.validators = validators;
    result.strategy = strategy;
    return result;
}

/// A run of an engine, with all its steps.
struct Run
{
    Run(const BftOptions& options, const NetworkModel& model, std::uint64_t seed, VirtualTime until,
        std::uint32_t shards = 1)
      : engine{make_bft_engine(options, model, seed, serial, shards)}
    {
        while (auto step = engine->next(until))
            steps.push_back(std::move(*step));
        for (const auto& step : steps)
        {
            blocks.insert(blocks.end(), step.added.begin(), step.added.end());
            votes.insert(votes.end(), step.votes.begin(), step.votes.end());
            evidence.insert(evidence.end(), step.evidence.begin(), step.evidence.end());
        }
    }
    [[nodiscard]] std::vector<BftViolation> violations(bool has_all_votes = false) const
    {
        const auto replay = replay_bft(engine->options(), engine->genesis().seed, steps);
        return check_bft({replay.powers, blocks, votes, evidence, has_all_votes});
    }
    [[nodiscard]] std::uint64_t rounds_lost() const
    {
        std::uint64_t sum = 0;
        for (const auto& step : steps)
            sum += step.added.empty() ? 0 : step.votes.front().round;
        return sum;
    }

    SerialShardRunner serial;
    std::unique_ptr<BftEngine> engine;
    std::vector<ConsensusStep> steps;
    std::vector<NetworkBlock> blocks;
    std::vector<NetworkVotes> votes;
    std::vector<NetworkEvidence> evidence;
};

/// All that a step says, as text that can be compared.
std::vector<std::uint64_t> digest(const std::vector<ConsensusStep>& steps)
{
    std::vector<std::uint64_t> words;
    const auto add = [&](auto value) { words.push_back(static_cast<std::uint64_t>(value)); };
    const auto add_block = [&](const NetworkBlock& block)
    {
        for (const auto word : {block.id, block.parent, block.height, std::uint64_t{block.maker},
                 static_cast<std::uint64_t>(block.made_at), static_cast<std::uint64_t>(block.flaw),
                 block.round})
            words.push_back(word);
    };
    for (const auto& step : steps)
    {
        add(step.at);
        add(step.finalized);
        for (const auto& block : step.added)
            add_block(block);
        for (const auto& votes : step.votes)
        {
            for (const auto word :
                {static_cast<std::uint64_t>(votes.kind), votes.height, votes.round, votes.block})
                words.push_back(word);
            words.insert(words.end(), votes.voters.begin(), votes.voters.end());
        }
        for (const auto& one : step.evidence)
        {
            add(one.kind);
            add(one.offender);
            add(one.found_at);
            add(one.first);
            add(one.second);
        }
        for (const auto& change : step.stake)
        {
            add(change.kind);
            add(change.validator);
            add(change.delegator);
            add(change.amount.low64());
        }
        for (const auto& refused : step.refused)
        {
            add_block(refused.block);
            add(refused.kind);
        }
    }
    return words;
}

/// A network in which everything goes wrong for a while, drawn from a seed.
struct Weather
{
    BftOptions options;
    NetworkModel model;
    VirtualTime calm_from = 0;  // All is well from here on.
    VirtualTime until = 0;
};

constexpr std::uint64_t stream_weather = 1;

Weather draw_weather(std::uint64_t seed, bool only_crashes)
{
    RandomStream random{seed, stream_weather, 0, 0};
    Weather weather;
    auto& options = weather.options;
    auto& model = weather.model;
    options.validators = static_cast<std::uint32_t>(random.uniform_int(4, 10));
    options.timeout_propose = 600 * one_millisecond;
    options.timeout_propose_delta = 200 * one_millisecond;
    options.timeout_prevote = options.timeout_precommit = 300 * one_millisecond;
    options.timeout_prevote_delta = options.timeout_precommit_delta = 150 * one_millisecond;
    options.timeout_commit = 200 * one_millisecond;
    options.status_interval = 500 * one_millisecond;
    options.gossip_interval = 20 * one_millisecond;
    model = even_network(static_cast<std::uint32_t>(random.uniform_int(20, 80)));
    model.jitter = LatencyJitter::uniform;
    model.jitter_share = 0.8;
    model.fan_out = static_cast<std::uint32_t>(random.uniform_int(2, 5));
    model.loss = random.uniform_double() * 0.3;
    model.duplication = random.uniform_double() * 0.1;
    model.reordering = random.uniform_double() * 0.1;
    model.clock_drift_ppm = 200;
    weather.calm_from = 25 * one_second;
    weather.until = 60 * one_second;
    if (!only_crashes)
    {
        const auto faulty = (options.validators - 1) / 3;
        const BftStrategy strategies[] = {BftStrategy::offline, BftStrategy::equivocating,
            BftStrategy::amnesia, BftStrategy::invalid_block};
        options.groups = {group(strategies[random.uniform_below(4)], faulty)};
        options.groups[0].equivocates_always = random.bernoulli(0.5);
        // Some of them join later: never more than a third.
        options.waiting = static_cast<std::uint32_t>(random.uniform_below(faulty + 1));
        options.stake.joins_per_height = 0.2;
    }
    const auto partitions = random.uniform_int(0, 3);
    for (std::int64_t i = 0; i < partitions; ++i)
    {
        const auto from = random.uniform_int(0, 20) * one_second;
        NetworkPartition partition{from, from + random.uniform_int(1, 4) * one_second, {}};
        for (NodeId node = 0; node < options.validators; ++node)
            partition.group_of.push_back(random.bernoulli(0.5) ? 1 : 0);
        model.partitions.push_back(partition);
    }
    if (only_crashes)
    {
        // Few enough that locks of two or three decide, and messages that often get lost.
        options.validators = 4;
        model.loss = 0.2 + random.uniform_double() * 0.3;
        weather.until = 90 * one_second;
    }
    const auto outages = random.uniform_int(0, only_crashes ? 150 : 8);
    for (std::int64_t i = 0; i < outages; ++i)
    {
        NodeOutage outage;
        outage.node = static_cast<NodeId>(random.uniform_below(options.validators));
        outage.from = random.uniform_int(200, 20'000) * one_millisecond;
        outage.until =
            outage.from + random.uniform_int(20, only_crashes ? 300 : 2'000) * one_millisecond;
        const auto overlaps = std::any_of(model.outages.begin(), model.outages.end(),
            [&](const NodeOutage& old) {
                return old.node == outage.node && old.from <= outage.until &&
                       outage.from <= old.until;
            });
        if (!overlaps)
            model.outages.push_back(outage);
    }
    return weather;
}

/// What must hold whatever the weather; empty if it does.
std::string broken_promise(const Weather& weather, std::uint64_t seed)
{
    const Run run{weather.options, weather.model, seed, weather.until};
    if (!run.engine->conflicts().empty())
        return "two decisions at a height";
    const auto group_of = groups_of_validators(weather.options);
    for (const auto& evidence : run.engine->evidence_found())
    {
        if (group_of[evidence.offender] == weather.options.groups.size())
            return "evidence against an honest validator";
    }
    if (!run.violations().empty())
        return "what is stored does not pass the check";
    // Calm for long enough that something must have been decided, by everybody.
    const auto& last = run.steps.empty() ? ConsensusStep{} : run.steps.back();
    if (last.added.empty() || last.at < weather.calm_from)
        return "no decision after all faults had ended";
    for (NodeId node = 0; node < weather.options.validators; ++node)
    {
        if (group_of[node] == weather.options.groups.size() &&
            run.engine->decided_height(node) + 10 < last.finalized)
            return "an honest node was left behind";
    }
    return {};
}

NetworkModel dense(NetworkModel model, std::uint32_t nodes)
{
    model.fan_out = nodes;
    return model;
}
}  // namespace

TEST_CASE("bft: a block's time is its maker's clock, its true time is not", "[bft][network]")
{
    BftOptions options;
    options.validators = 7;
    auto model = even_network(50);
    model.clock_drift_ppm = 100'000;
    const Run run{options, model, 5, 600 * one_second};
    VirtualTime before = -1;
    VirtualTime furthest = 0;
    for (const auto& step : run.steps)
    {
        for (const auto& block : step.added)
        {
            REQUIRE(block.true_time > before);
            REQUIRE(block.true_time < step.at);
            before = block.true_time;
            furthest = std::max(furthest, block.made_at - block.true_time);
        }
    }
    // A clock that is fast by a few hundredths is ahead by tens of seconds in the end.
    CHECK(furthest > 10 * one_second);
}

TEST_CASE("a block is final three delays after it was made", "[consensus][bft]")
{
    BftOptions options;
    const Run run{options, even_network(100), 1, 20 * one_second};
    REQUIRE(run.steps.size() > 10);
    for (const auto& step : run.steps)
    {
        REQUIRE(step.added.size() == 1);
        CHECK(step.reverted == 0);
        const auto& block = step.added[0];
        CHECK(block.height == step.finalized);
        CHECK(block.round == 0);
        // Block 0 is of the first moment, and a block's time is after its parent's.
        if (block.height > 1)
            CHECK(step.at - block.made_at == 3 * 100 * one_millisecond);
    }
    CHECK(run.violations().empty());
    // A second after the decision the next height begins.
    CHECK(run.blocks[2].made_at - run.blocks[1].made_at == 1'300 * one_millisecond);
}

TEST_CASE("what Tendermint decides does not depend on the number of shards", "[consensus][bft]")
{
    for (const std::uint64_t seed : {3U, 4U, 5U})
    {
        const auto weather = draw_weather(seed, false);
        const Run reference{weather.options, weather.model, seed, weather.until};
        REQUIRE(reference.steps.size() > 5);
        for (const std::uint32_t shards : {2U, 8U})
        {
            const Run other{weather.options, weather.model, seed, weather.until, shards};
            CHECK(digest(other.steps) == digest(reference.steps));
            CHECK(other.engine->figures().events == reference.engine->figures().events);
        }
        const Run another{weather.options, weather.model, seed + 100, weather.until};
        CHECK(digest(another.steps) != digest(reference.steps));
    }
}

// Method: random networks with losses, partitions and outages, and fewer than a third of the
// validators faulty; after some time all is well. A failure prints its seed.
TEST_CASE("with fewer than a third faulty nothing conflicts and all goes on",
    "[consensus][bft][property]")
{
    for (std::uint64_t seed = 0; seed < 100; ++seed)
    {
        CAPTURE(seed);
        CHECK(broken_promise(draw_weather(seed, false), seed) == "");
    }
}

TEST_CASE("however often nodes crash nothing conflicts", "[consensus][bft][property]")
{
    for (std::uint64_t seed = 0; seed < 60; ++seed)
    {
        CAPTURE(seed);
        CHECK(broken_promise(draw_weather(seed, true), seed) == "");
    }
}

TEST_CASE("the search finds what is broken within 200 seeds", "[consensus][bft][property]")
{
    const auto finds = [](const BftBroken& broken, bool only_crashes)
    {
        for (std::uint64_t seed = 0; seed < 200; ++seed)
        {
            auto weather = draw_weather(seed, only_crashes);
            weather.options.broken = broken;
            if (broken_promise(weather, seed) == "two decisions at a height")
                return true;
        }
        return false;
    };
    BftBroken half;
    half.quorum = {1, 2};
    CHECK(finds(half, false));
    BftBroken forgetful;
    forgetful.forgets_lock = true;
    CHECK(finds(forgetful, true));
}

TEST_CASE("equivocation of more than a third decides two blocks at a height, and is proven",
    "[consensus][bft]")
{
    BftOptions options;
    options.validators = 31;
    options.gossip_peers = options.validators;
    const auto model = dense(even_network(50), options.validators);
    // 10 of 31 are less than a third, 11 are more: of the other 20 each half needs them all.
    options.groups = {group(BftStrategy::equivocating, 11)};
    const Run above{options, model, 1, 120 * one_second};
    REQUIRE(!above.engine->conflicts().empty());
    const auto& conflict = above.engine->conflicts().front();
    CHECK(conflict.commits[0].block != conflict.commits[1].block);
    // The certificates alone prove who it was: who signed both.
    std::set<NodeId> both;
    for_each_voter(conflict.commits[0].voters,
        [&](NodeId v)
        {
            if (has_voter(conflict.commits[1].voters, v))
                both.insert(v);
        });
    CHECK(both.size() * 3 > options.validators);
    CHECK(*both.begin() >= 20);
    std::set<NodeId> named;
    for (const auto& evidence : above.evidence)
        named.insert(evidence.offender);
    CHECK(named.size() * 3 > options.validators);
    CHECK(*named.begin() >= 20);
    const auto violations = above.violations();
    REQUIRE(!violations.empty());
    CHECK(violations.front().kind == BftViolationKind::conflict);
    CHECK(violations.front().height == conflict.height);
    CHECK(violations.front().validators.size() * 3 > options.validators);

    options.groups = {group(BftStrategy::equivocating, 10)};
    const Run below{options, model, 1, 120 * one_second};
    CHECK(below.engine->conflicts().empty());
    CHECK(below.violations().empty());
    // They tried, were found out, slashed, and have no vote any more.
    std::set<NodeId> slashed;
    for (const auto& step : below.steps)
    {
        for (const auto& change : step.stake)
        {
            if (change.kind == StakeChangeKind::slashing)
                slashed.insert(change.validator);
        }
    }
    CHECK(slashed.size() == 10);
    CHECK(*slashed.begin() == 21);
    const auto replay = replay_bft(options, 1, below.steps);
    CHECK(std::all_of(replay.powers.back().power.begin() + 21, replay.powers.back().power.end(),
        [](auto power) { return power == 0; }));
}

TEST_CASE(
    "who votes twice where an honest one proposes is found and gains nothing", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 7;
    options.groups = {group(BftStrategy::equivocating, 2)};
    options.groups[0].equivocates_always = true;
    const Run run{options, even_network(50), 2, 30 * one_second};
    CHECK(run.engine->conflicts().empty());
    std::set<NodeId> named;
    for (const auto& evidence : run.evidence)
        named.insert(evidence.offender);
    CHECK(named == std::set<NodeId>{5, 6});
    CHECK(run.rounds_lost() == 0);
}

TEST_CASE("blocks that break a rule are refused by who executes them", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 10;
    options.groups = {group(BftStrategy::invalid_block, 3)};
    options.groups[0].flaw = BlockFlaw::overspend;
    options.stake.tombstones = false;
    options.stake.slash_invalid_block_bps = 0;
    const Run run{options, even_network(50), 1, 90 * one_second};
    REQUIRE(run.steps.size() > 20);
    std::size_t refused = 0;
    for (const auto& step : run.steps)
    {
        for (const auto& one : step.refused)
        {
            CHECK(one.kind == BlockRefusalKind::invalid);
            CHECK(one.block.flaw == BlockFlaw::overspend);
            CHECK(one.block.maker >= 7);
            ++refused;
        }
        CHECK(step.added[0].flaw == BlockFlaw::none);
    }
    CHECK(refused > 5);
    CHECK(run.rounds_lost() >= refused);
    CHECK(!run.evidence.empty());
    for (const auto& evidence : run.evidence)
        CHECK(evidence.kind == EvidenceKind::invalid_block);
}

TEST_CASE("where few execute blocks a flawed one is decided, and who looked stands still",
    "[consensus][bft]")
{
    BftOptions options;
    options.validators = 10;
    options.groups = {group(BftStrategy::invalid_block, 3)};
    options.validation_share = 0.1;
    const Run run{options, even_network(50), 1, 90 * one_second};
    const auto& engine = *run.engine;
    // The ledger is that of the reference node, which always looks: it never has such a block.
    for (const auto& block : run.blocks)
        CHECK(block.flaw == BlockFlaw::none);
    const auto stands_at = engine.decided_height(engine.reference());
    std::uint64_t furthest = 0;
    for (NodeId node = 0; node < 7; ++node)
        furthest = std::max(furthest, engine.decided_height(node));
    CHECK(stands_at == run.blocks.size());
    CHECK(furthest > stands_at + 2);
    const auto& found = engine.evidence_found();
    CHECK(std::any_of(found.begin(), found.end(),
        [&](const NetworkEvidence& evidence)
        {
            return evidence.kind == EvidenceKind::invalid_block &&
                   evidence.height == stands_at + 1 && evidence.offender >= 7;
        }));
    // Nobody waits for what does not come.
    const auto events = [&](VirtualTime until) {
        return Run{options, even_network(50), 1, until}.engine->figures().events;
    };
    CHECK(events(2'000 * one_second) == events(4'000 * one_second));
}

TEST_CASE("who proposes a block that breaks a rule loses a part of the stake", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 10;
    options.groups = {group(BftStrategy::invalid_block, 2)};
    const Run run{options, even_network(50), 1, 90 * one_second};
    std::set<NodeId> slashed;
    for (const auto& step : run.steps)
    {
        for (const auto& change : step.stake)
        {
            if (change.kind == StakeChangeKind::slashing)
                slashed.insert(change.validator);
        }
    }
    CHECK(slashed == std::set<NodeId>{8, 9});
}

TEST_CASE("the time that executing takes comes on top of the delays", "[consensus][bft]")
{
    BftOptions options;
    options.validation_time = 70 * one_millisecond;
    const Run run{options, even_network(100), 1, 10 * one_second};
    REQUIRE(run.steps.size() > 3);
    CHECK(run.steps[1].at - run.blocks[1].made_at == 370 * one_millisecond);
}

TEST_CASE("with a third offline nothing is decided, with fewer it takes rounds", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 12;
    options.groups = {group(BftStrategy::offline, 3)};
    const Run fewer{options, even_network(50), 1, 120 * one_second};
    CHECK(fewer.steps.size() > 30);
    CHECK(fewer.rounds_lost() > 5);
    CHECK(fewer.violations().empty());
    // Of four rounds one is lost, and each lost one costs the proposal's timeout at least.
    options.groups[0].validators = 4;
    const Run third{options, even_network(50), 1, 120 * one_second};
    CHECK(third.steps.empty());
}

TEST_CASE("a partition stops the side without two thirds, and it catches up", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 10;
    auto model = even_network(50);
    NetworkPartition partition{10 * one_second, 60 * one_second, {}};
    for (NodeId node = 0; node < 10; ++node)
        partition.group_of.push_back(node < 7 ? 0 : 1);
    model.partitions.push_back(partition);
    const Run run{options, model, 1, 90 * one_second};
    CHECK(run.engine->conflicts().empty());
    CHECK(run.engine->reference() == 0);
    REQUIRE(run.steps.size() > 30);
    for (NodeId node = 0; node < 10; ++node)
        CHECK(run.engine->decided_height(node) + 1 >= run.steps.size());
    CHECK(run.violations().empty());

    // Cut in the middle nobody goes on until it is over.
    for (NodeId node = 0; node < 10; ++node)
        model.partitions[0].group_of[node] = node % 2;
    const Run halves{options, model, 1, 90 * one_second};
    CHECK(halves.engine->conflicts().empty());
    const auto during = [](const ConsensusStep& step)
    { return step.at > 11 * one_second && step.at < 60 * one_second; };
    CHECK(std::none_of(halves.steps.begin(), halves.steps.end(), during));
    CHECK(halves.steps.back().at > 80 * one_second);
}

TEST_CASE("who was away for long fetches what was decided", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 7;
    options.observers = 2;
    options.blocks_per_answer = 5;
    auto model = even_network(20);
    model.outages.push_back({3, 2 * one_second, 100 * one_second, true});
    model.outages.push_back({8, 2 * one_second, 100 * one_second, true});
    const Run run{options, model, 1, 110 * one_second};
    REQUIRE(run.steps.size() > 60);
    CHECK(run.engine->decided_height(3) + 1 >= run.steps.size());
    CHECK(run.engine->decided_height(8) + 1 >= run.steps.size());
    CHECK(run.engine->makers() == 7);
    // It votes again.
    CHECK(has_voter(run.steps.back().votes[1].voters, 3));
}

TEST_CASE("who lost its memory does not vote until blocks are newer than that", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 7;
    auto model = even_network(20);
    model.outages.push_back({3, 20 * one_second, 21 * one_second, false});
    const Run run{options, model, 1, 60 * one_second};
    CHECK(run.engine->evidence_found().empty());
    CHECK(run.engine->decided_height(3) + 1 >= run.steps.size());
    bool votes_again = false;
    for (std::size_t i = 0; i + 1 < run.steps.size(); ++i)
    {
        // The commit that the next block carries.
        const auto votes = has_voter(run.steps[i + 1].votes[1].voters, 3);
        const auto parent_made_at = i == 0 ? 0 : run.blocks[i - 1].made_at;
        if (run.blocks[i].made_at > 21 * one_second && parent_made_at <= 21 * one_second)
            CHECK(!votes);
        votes_again = votes_again || (votes && parent_made_at > 21 * one_second);
    }
    CHECK(votes_again);
}

namespace
{
NetworkPartition cut(VirtualTime from_ms, VirtualTime until_ms, std::vector<std::uint32_t> groups)
{
    return {from_ms * one_millisecond, until_ms * one_millisecond, std::move(groups)};
}

std::vector<NodeId> voters_of(const VoterBits& bits)
{
    std::vector<NodeId> result;
    for_each_voter(bits, [&](NodeId v) { result.push_back(v); });
    return result;
}
}  // namespace

// Method: four validators, the last one offline, so that all others are needed; 100 ms from
// anybody to anybody, and what they compare now and then comes too late to matter. Number 2 does
// not have block A of number 0, for which 0 and 1 prevote; its nil makes three prevotes. It
// precommits nil at 4.0 s, unheard, hears of the others' at 4.2 s, and goes on to round 1 alone.
TEST_CASE("who comes back says again what it signed in earlier rounds", "[consensus][bft]")
{
    BftOptions options;
    options.groups = {group(BftStrategy::offline, 1)};
    options.status_interval = 100'000 * one_second;
    options.reports_all_votes = true;
    auto model = even_network(100);
    model.partitions = {cut(0, 150, {0, 0, 1, 0}), cut(3'950, 4'050, {0, 0, 1, 0}),
        cut(4'150, 9'500, {0, 0, 1, 0})};
    // In round 1 it prevotes at 8.7 s.
    model.outages.push_back({2, 9 * one_second, 10 * one_second, true});
    const Run run{options, model, 1, 20 * one_second};
    REQUIRE(!run.steps.empty());
    // With nobody else's help: 0 and 1 leave round 0 by its precommit.
    const auto& step = run.steps[0];
    CHECK(step.at > 10 * one_second);
    CHECK(step.votes[0].round == 2);
    CHECK(step.added[0].maker == 2);
    const auto said = [&](VoteKind kind, std::uint64_t round, NetworkBlockId block)
    {
        for (const auto& votes : step.votes)
        {
            if (votes.kind == kind && votes.height == 1 && votes.round == round &&
                votes.block == block)
                return voters_of(votes.voters);
        }
        return std::vector<NodeId>{};
    };
    using Voters = std::vector<NodeId>;
    CHECK(said(VoteKind::prevote, 0, network_block_id(0, 1)) == Voters{0, 1});
    CHECK(said(VoteKind::prevote, 0, no_block) == Voters{2});
    CHECK(said(VoteKind::precommit, 0, no_block) == Voters{0, 1, 2});
    CHECK(said(VoteKind::prevote, 1, no_block) == Voters{2});
    CHECK(run.engine->evidence_found().empty());
    CHECK(run.violations(true).empty());

    // Nor does what it said at an earlier height come again.
    for (std::size_t i = 1; i < run.steps.size(); ++i)
        CHECK(run.steps[i].votes[0].round <= 1);
}

// Method: 0, 1 and 2 prevote for A of number 0, but 2 alone hears of all three and locks. Then all
// are down, and 1 for good: the other three are needed, of whom 0 and 3 know of no polka.
TEST_CASE("who comes back with a lock can prove it when its voters are gone", "[consensus][bft]")
{
    BftOptions options;
    options.status_interval = 100'000 * one_second;
    options.gossip_interval = one_millisecond;
    auto model = even_network(100);
    model.partitions = {cut(0, 50, {0, 0, 0, 1}), cut(50, 150, {0, 0, 1, 2}),
        cut(150, 250, {0, 0, 0, 1}), cut(250, 1'500, {0, 0, 1, 2})};
    for (const NodeId node : {0U, 1U, 2U, 3U})
    {
        const auto until = (node == 1 ? 1'000 : 2) * one_second;
        model.outages.push_back({node, one_second, until, true});
    }
    const Run run{options, model, 1, 60 * one_second};
    REQUIRE(!run.steps.empty());
    // In its next turn 2 proposes A again, and its prevotes of round 0 free the others.
    const auto& step = run.steps[0];
    CHECK(step.added[0].id == network_block_id(0, 1));
    CHECK(step.votes[0].round == 2);
    CHECK(voters_of(step.votes[0].voters) == std::vector<NodeId>{0, 2, 3});
    CHECK(run.engine->conflicts().empty());
    CHECK(run.engine->evidence_found().empty());
}

TEST_CASE("a reference node that lost its memory tells nothing twice", "[consensus][bft]")
{
    // Everybody is down once: there is no steady node to refer to.
    BftOptions options;
    auto model = even_network(50);
    for (NodeId node = 0; node < options.validators; ++node)
    {
        const auto from = (20 + 10 * static_cast<VirtualTime>(node)) * one_second;
        model.outages.push_back({node, from, from + 2 * one_second, node != 0});
    }
    const Run run{options, model, 1, 120 * one_second};
    REQUIRE(run.engine->reference() == 0);
    REQUIRE(run.blocks.size() > 30);
    for (std::size_t i = 0; i < run.blocks.size(); ++i)
        REQUIRE(run.blocks[i].height == i + 1);
    CHECK(run.steps.back().at > 100 * one_second);
    CHECK(run.violations().empty());
}

TEST_CASE("validators come and go, and each height's own votes decide", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 20;
    options.waiting = 5;
    options.stake.joins_per_height = 0.3;
    options.stake.leaves_per_height = 0.3;
    options.stake.delegators = 2;
    options.stake.delegated_share = 0.5;
    options.stake.payout_heights = 10;
    const Run run{options, even_network(30), 9, 120 * one_second};
    REQUIRE(run.steps.size() > 80);
    CHECK(run.violations().empty());
    const auto replay = replay_bft(options, 9, run.steps);
    CHECK(replay.powers.size() > 20);
    // What a replay works out is what the engine said, and the proposers are those whose turn it
    // was.
    std::size_t changes = 0;
    for (std::size_t i = 0; i < run.steps.size(); ++i)
    {
        CHECK(replay.proposers[i] == run.blocks[i].maker);
        REQUIRE(replay.changes[i].size() == run.steps[i].stake.size());
        for (std::size_t k = 0; k < replay.changes[i].size(); ++k)
        {
            CHECK(replay.changes[i][k].amount == run.steps[i].stake[k].amount);
            CHECK(replay.changes[i][k].validator == run.steps[i].stake[k].validator);
        }
        changes += replay.changes[i].size();
    }
    CHECK(changes > 200);
}

TEST_CASE("amnesia shows in stored votes", "[consensus][bft]")
{
    // A quorum of precommits that few hear of, and forgetful ones among those who hear of none:
    // searched for in bad weather.
    std::size_t found = 0;
    for (std::uint64_t seed = 0; seed < 60 && found < 3; ++seed)
    {
        CAPTURE(seed);
        auto weather = draw_weather(seed, true);
        weather.options.reports_all_votes = true;
        weather.options.groups = {
            group(BftStrategy::amnesia, (weather.options.validators - 1) / 3)};
        const Run run{weather.options, weather.model, seed, weather.until};
        CHECK(run.engine->conflicts().empty());
        const auto replay = replay_bft(weather.options, seed, run.steps);
        const auto group_of = groups_of_validators(weather.options);
        for (const auto& one : find_amnesia(replay.powers, run.votes))
        {
            ++found;
            CHECK(group_of[one.validator] == 0);
            CHECK(one.locked_round < one.prevoted_round);
        }
    }
    CHECK(found >= 3);
}

TEST_CASE("who fills blocks in a way of his own keeps to the protocol", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 6;
    options.groups = {group(BftStrategy::censoring, 1), group(BftStrategy::mev, 2)};
    SerialShardRunner serial;
    const auto engine = make_bft_engine(options, even_network(50), 1, serial);
    std::size_t steps = 0;
    while (engine->next(20 * one_second))
        ++steps;
    CHECK(steps > 10);
}

TEST_CASE("the reference node is honest, always up, and on the larger side", "[consensus][bft]")
{
    BftOptions options;
    options.validators = 5;
    auto model = even_network(50);
    model.outages.push_back({1, one_second, 2 * one_second, true});
    model.partitions.push_back({one_second, 2 * one_second, {0, 1, 1, 1, 0}});
    SerialShardRunner serial;
    CHECK(make_bft_engine(options, model, 1, serial)->reference() == 2);
    CHECK(make_bft_engine(options, even_network(50), 1, serial)->reference() == 0);
}

// ---- The check of what is stored ----

namespace
{
/// Two heights of four equal validators, as they should be stored.
struct Stored
{
    std::vector<BftPowers> powers{{1, {1, 1, 1, 1}}};
    std::vector<NetworkBlock> blocks;
    std::vector<NetworkVotes> votes;
    std::vector<NetworkEvidence> evidence;
    bool has_all_votes = false;

    Stored()
    {
        NetworkBlock block;
        block.id = 1;
        block.height = 1;
        blocks.push_back(block);
        block.id = 2;
        block.parent = 1;
        block.height = 2;
        block.maker = 1;
        blocks.push_back(block);
        votes.push_back({VoteKind::precommit, 1, 0, 1, 0, 0, {0b0111}});
        votes.push_back({VoteKind::precommit, 2, 0, 2, 0, 0, {0b1110}});
    }
    [[nodiscard]] std::vector<BftViolation> check() const
    {
        return check_bft({powers, blocks, votes, evidence, has_all_votes});
    }
};
using Violations = std::vector<BftViolation>;
}  // namespace

TEST_CASE("the check passes what is right", "[consensus][bft]")
{
    Stored stored;
    CHECK(stored.check().empty());
    // Precommits may be stored in pieces, of one round.
    stored.votes[0].voters = {0b0011};
    stored.votes.push_back({VoteKind::precommit, 1, 0, 1, 0, 0, {0b0100}});
    CHECK(stored.check().empty());
    // Whichever comes first, and however many may vote.
    stored.powers[0].power.assign(65, 0);
    for (const NodeId v : {0U, 1U, 2U, 64U})
        stored.powers[0].power[v] = 1;
    stored.votes[0].voters = {0b0001, 1};
    stored.votes[1].voters = {0b0110, 1};
    CHECK(stored.check().empty());
}

TEST_CASE("the check finds what is wrong", "[consensus][bft]")
{
    Stored stored;
    SECTION("a block that follows none")
    {
        stored.blocks[1].parent = 7;
        CHECK(stored.check() == Violations{{BftViolationKind::broken_chain, 2, 2, {}}});
    }
    SECTION("a height left out")
    {
        stored.blocks[1].height = 3;
        stored.votes[1].height = 3;
        CHECK(stored.check() == Violations{{BftViolationKind::broken_chain, 3, 2, {}}});
        // What follows it is in its place.
        auto third = stored.blocks[1];
        third.id = 3;
        third.parent = 2;
        third.height = 4;
        stored.blocks.push_back(third);
        stored.votes.push_back({VoteKind::precommit, 4, 0, 3, 0, 0, {0b0111}});
        CHECK(stored.check() == Violations{{BftViolationKind::broken_chain, 3, 2, {}}});
    }
    SECTION("several things at a height, in this order")
    {
        stored.blocks[1].parent = 7;
        stored.blocks[1].maker = 4;
        stored.votes[1].voters = {0b0110};
        CHECK(stored.check() == Violations{{BftViolationKind::broken_chain, 2, 2, {}},
                                    {BftViolationKind::wrong_proposer, 2, 2, {4}},
                                    {BftViolationKind::no_quorum, 2, 2, {}}});
    }
    SECTION("a maker without a vote")
    {
        stored.blocks[1].maker = 4;
        CHECK(stored.check() == Violations{{BftViolationKind::wrong_proposer, 2, 2, {4}}});
    }
    SECTION("a block without precommits")
    {
        stored.votes[1].kind = VoteKind::prevote;
        CHECK(stored.check() == Violations{{BftViolationKind::no_certificate, 2, 2, {}}});
    }
    SECTION("two of four are no quorum")
    {
        stored.votes[1].voters = {0b0110};
        CHECK(stored.check() == Violations{{BftViolationKind::no_quorum, 2, 2, {}}});
    }
    SECTION("nor are those of two rounds")
    {
        stored.votes[1].voters = {0b0110};
        stored.votes.push_back({VoteKind::precommit, 2, 1, 2, 0, 0, {0b1001}});
        CHECK(stored.check() == Violations{{BftViolationKind::no_quorum, 2, 2, {}}});
    }
    SECTION("two thirds of three are no quorum")
    {
        stored.powers.push_back({2, {1, 1, 1, 0}});
        stored.votes[1].voters = {0b0110};
        CHECK(stored.check() == Violations{{BftViolationKind::no_quorum, 2, 2, {}}});
        stored.votes[1].voters = {0b0111};
        CHECK(stored.check().empty());
    }
    SECTION("a voter without a vote, at that height")
    {
        stored.powers.push_back({2, {0, 1, 1, 1}});
        CHECK(stored.check().empty());
        stored.votes[1].voters = {0b1111};
        CHECK(stored.check() == Violations{{BftViolationKind::stranger_voted, 2, 2, {0}}});
    }
    SECTION("another decision at the height")
    {
        stored.votes.push_back({VoteKind::precommit, 2, 1, 3, 0, 0, {0b1101}});
        CHECK(stored.check() == Violations{{BftViolationKind::conflict, 2, 3, {2, 3}}});
    }
    SECTION("no powers at a height")
    {
        stored.powers[0].from = 2;
        // For the block, and for its votes.
        CHECK(stored.check() == Violations{{BftViolationKind::no_powers, 1, 1, {}},
                                    {BftViolationKind::no_powers, 1, 1, {}}});
    }
    SECTION("evidence against who had no vote, or of nothing")
    {
        NetworkEvidence evidence;
        evidence.height = 1;
        evidence.offender = 4;
        evidence.first = 1;
        evidence.second = 2;
        stored.evidence = {evidence};
        CHECK(stored.check() == Violations{{BftViolationKind::baseless_evidence, 1, 1, {4}}});
        stored.evidence[0].offender = 3;
        CHECK(stored.check().empty());
        stored.evidence[0].second = 1;
        CHECK(stored.check() == Violations{{BftViolationKind::baseless_evidence, 1, 1, {3}}});
    }
    SECTION("evidence of a vote that nobody stored, though all votes are")
    {
        NetworkEvidence evidence;
        evidence.height = 1;
        evidence.offender = 1;
        evidence.first = 1;
        evidence.second = no_block;
        evidence.vote = VoteKind::precommit;
        stored.evidence = {evidence};
        CHECK(stored.check().empty());
        stored.has_all_votes = true;
        CHECK(stored.check() == Violations{{BftViolationKind::innocent_accused, 1, 1, {1}}});
        stored.votes.push_back({VoteKind::precommit, 1, 0, no_block, 0, 0, {0b0010}});
        CHECK(stored.check().empty());
    }
}

TEST_CASE(
    "a prevote against one's lock is amnesia unless a polka came in between", "[consensus][bft]")
{
    const std::vector<BftPowers> powers{{1, {1, 1, 1, 1}}};
    std::vector<NetworkVotes> votes{{VoteKind::precommit, 1, 1, 5, 0, 0, {0b0011}},
        {VoteKind::prevote, 1, 3, 6, 0, 0, {0b0110}}};
    CHECK(find_amnesia(powers, votes) == std::vector<BftAmnesia>{{1, 1, 1, 5, 3, 6}});
    SECTION("a polka since the lock frees")
    {
        votes.push_back({VoteKind::prevote, 1, 1, 6, 0, 0, {0b1110}});
        CHECK(find_amnesia(powers, votes).empty());
    }
    SECTION("one of before does not")
    {
        votes.push_back({VoteKind::prevote, 1, 0, 6, 0, 0, {0b1110}});
        CHECK(find_amnesia(powers, votes).size() == 1);
    }
    SECTION("nor does two thirds short of one vote")
    {
        votes.push_back({VoteKind::prevote, 1, 2, 6, 0, 0, {0b1100}});
        CHECK(find_amnesia(powers, votes).size() == 1);
    }
    SECTION("nor does a quorum of precommits")
    {
        votes.push_back({VoteKind::precommit, 1, 2, 6, 0, 0, {0b1110}});
        CHECK(find_amnesia(powers, votes).size() == 1);
    }
    SECTION("who has no vote has no lock")
    {
        votes[0].voters = votes[1].voters = {0b10010};
        CHECK(find_amnesia(powers, votes) == std::vector<BftAmnesia>{{1, 1, 1, 5, 3, 6}});
    }
    SECTION("to prevote nil, or the lock, or at another height, is none")
    {
        votes[1].block = no_block;
        CHECK(find_amnesia(powers, votes).empty());
        votes[1].block = 5;
        CHECK(find_amnesia(powers, votes).empty());
        votes[1] = {VoteKind::prevote, 2, 3, 6, 0, 0, {0b0110}};
        CHECK(find_amnesia(powers, votes).empty());
    }
}

TEST_CASE("a replay stops at what does not follow", "[consensus][bft]")
{
    BftOptions options;
    options.stake.payout_heights = 1;
    std::vector<ConsensusStep> steps(3);
    for (std::uint64_t i = 0; i < steps.size(); ++i)
    {
        NetworkBlock block;
        block.id = i + 1;
        block.parent = i;
        block.height = i + 1;
        block.maker = static_cast<NodeId>(i);
        block.made_at = static_cast<VirtualTime>(i + 1) * one_second;
        steps[i].added = {block};
        steps[i].votes = {{VoteKind::precommit, i + 1, 0, i + 1, 0, 0, {0b0111}},
            {VoteKind::precommit, i, 0, i, 0, 0, {0b1110}}};
    }
    const auto replayed = replay_bft(options, 1, steps);
    CHECK(replayed.changes.size() == 3);
    CHECK(replayed.proposers == std::vector<NodeId>{0, 1, 2});
    // Rewards of the second block are of those whose precommits it carries, and the maker.
    std::set<NodeId> rewarded;
    for (const auto& change : replayed.changes[1])
    {
        if (change.kind == StakeChangeKind::reward)
            rewarded.insert(change.validator);
    }
    CHECK(rewarded == std::set<NodeId>{1, 2, 3});
    // Votes of another height are not its parent's, whatever block they name.
    auto strange = steps;
    strange[1].votes.push_back({VoteKind::precommit, 5, 0, 1, 0, 0, {0b0001}});
    const auto same = replay_bft(options, 1, strange);
    REQUIRE(same.changes.size() == 3);
    REQUIRE(same.changes[1].size() == replayed.changes[1].size());
    for (std::size_t i = 0; i < same.changes[1].size(); ++i)
        CHECK(same.changes[1][i].validator == replayed.changes[1][i].validator);

    auto gap = steps;
    gap[1].added[0].height = 3;
    CHECK(replay_bft(options, 1, gap).changes.size() == 1);
    auto again = steps;
    again[1].added[0].height = 1;
    CHECK(replay_bft(options, 1, again).changes.size() == 1);
    auto stranger = steps;
    stranger[1].added[0].maker = 4;
    CHECK(replay_bft(options, 1, stranger).changes.size() == 1);
}

}  // namespace runnel
