#include "consensus/gasper/engine.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <tuple>

namespace runnel
{
namespace
{
constexpr Gwei ether = gwei_per_increment;

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

GasperOptions options_of(std::uint32_t validators, std::uint32_t slots_per_epoch = 8)
{
    GasperOptions options;
    options.validators = validators;
    options.slots_per_epoch = slots_per_epoch;
    options.shuffle_rounds = 20;
    return options;
}

NetworkModel model_of(std::uint32_t latency_ms = 100)
{
    NetworkModel model;
    model.latency_ms = {latency_ms};
    model.fan_out = 4;
    return model;
}

/// An engine, and what came of it.
struct Run
{
    SerialShardRunner serial;
    GasperEngine engine;
    std::vector<ConsensusStep> steps;
    std::vector<NetworkBlock> blocks;  // All that the reference node adopted at some time.
    std::vector<NetworkVotes> votes;
    std::vector<Checkpoint> finalized;  // Each once.
    std::map<Epoch, VirtualTime> finalized_at;
    std::uint64_t reverted = 0;
    std::uint64_t height = 0;
    std::vector<std::vector<StakeChange>> stake;  // By block of the chain.

    Run(GasperOptions options, NetworkModel model, std::uint64_t seed = 1)
      : engine{std::move(options), std::move(model), seed, serial}
    {}

    [[nodiscard]] VirtualTime epoch_start(Epoch epoch) const
    {
        return static_cast<VirtualTime>(epoch) * engine.options().slots_per_epoch *
               engine.options().slot_seconds * one_second;
    }
    Run& until_epoch(Epoch epoch)
    {
        while (auto step = engine.next(epoch_start(epoch) + one_second))
        {
            reverted += step->reverted;
            REQUIRE(step->reverted <= height);
            height = height - step->reverted + step->added.size();
            blocks.insert(blocks.end(), step->added.begin(), step->added.end());
            votes.insert(votes.end(), step->votes.begin(), step->votes.end());
            stake.resize(stake.size() - step->reverted);
            stake.resize(stake.size() + step->added.size());
            REQUIRE((step->stake.empty() || !step->added.empty()));
            if (!step->stake.empty())
                stake.back() = step->stake;
            if (finalized.empty() || finalized.back() != engine.finalized())
            {
                finalized.push_back(engine.finalized());
                finalized_at.emplace(engine.finalized().epoch, step->at);
            }
            steps.push_back(std::move(*step));
        }
        return *this;
    }
    [[nodiscard]] Gwei total(StakeChangeKind kind, NodeId node) const
    {
        uint128 wei = 0;
        for (const auto& changes : stake)
        {
            for (const auto& change : changes)
            {
                if (change.kind == kind && change.validator == node)
                    wei += change.amount.low128();
            }
        }
        CHECK(wei % 1'000'000'000 == 0);
        return static_cast<Gwei>(wei / 1'000'000'000);
    }
    [[nodiscard]] std::vector<NetworkEvidence> evidence() const
    {
        std::vector<NetworkEvidence> all;
        for (const auto& step : steps)
            all.insert(all.end(), step.evidence.begin(), step.evidence.end());
        return all;
    }
    [[nodiscard]] GasperFindings second_look() const
    {
        auto known = blocks;
        for (const auto& step : steps)
        {
            for (const auto& refused : step.refused)
                known.push_back(refused.block);
        }
        return check_gasper(
            known, votes, finalized, engine.stakes(), engine.options().slots_per_epoch);
    }
    [[nodiscard]] BlockPtr final_block(NodeId node) const
    {
        return engine.node(node).view().store().entries().front().block;
    }
};

bool is_ancestor(const BlockPtr& ancestor, BlockPtr block)
{
    while (block && block->slot > ancestor->slot)
        block = block->parent;
    return block == ancestor;
}

/// Whether no two honest nodes hold blocks for final that conflict.
bool agree(const Run& run)
{
    BlockPtr longest = run.final_block(run.engine.reference_node());
    for (NodeId node = 0; node < run.engine.options().nodes(); ++node)
    {
        if (run.engine.strategy_of(node, 0) != GasperStrategy::honest)
            continue;
        const auto other = run.final_block(node);
        if (!is_ancestor(other, longest) && !is_ancestor(longest, other))
            return false;
        if (other->slot > longest->slot)
            longest = other;
    }
    return true;
}

NetworkPartition partition_of(
    const Run& times, Epoch from, Epoch until, std::uint32_t nodes, std::uint32_t first_side)
{
    NetworkPartition partition{times.epoch_start(from), times.epoch_start(until), {}};
    for (NodeId node = 0; node < nodes; ++node)
        partition.group_of.push_back(node < first_side ? 0 : 1);
    return partition;
}

using StepKey = std::tuple<VirtualTime, std::uint64_t, std::vector<NetworkBlockId>, std::uint64_t,
    std::size_t, std::vector<std::vector<std::uint64_t>>, std::size_t, std::size_t>;
std::vector<StepKey> keys_of(const std::vector<ConsensusStep>& steps)
{
    std::vector<StepKey> keys;
    for (const auto& step : steps)
    {
        std::vector<NetworkBlockId> ids;
        for (const auto& block : step.added)
            ids.push_back(block.id);
        std::vector<std::vector<std::uint64_t>> voters;
        for (const auto& votes : step.votes)
            voters.push_back(votes.voters);
        keys.emplace_back(step.at, step.reverted, ids, step.finalized, step.evidence.size(), voters,
            step.stake.size(), step.refused.size());
    }
    return keys;
}
}  // namespace

TEST_CASE("gasper: an epoch is final two epochs after it began", "[consensus][gasper]")
{
    Run run{options_of(64, 32), model_of()};
    run.until_epoch(7);
    CHECK(run.reverted == 0);
    CHECK(run.height == 7 * 32);  // A block in every slot from 1 on; that of 224 is just made.
    for (Epoch epoch = 2; epoch <= 5; ++epoch)
    {
        REQUIRE(run.finalized_at.contains(epoch));
        CHECK(run.finalized_at.at(epoch) == run.epoch_start(epoch + 2));
    }
    CHECK(run.engine.finalized().epoch == 5);
    CHECK(run.engine.justified().epoch == 6);
    CHECK(run.steps.back().finalized == 5 * 32);
    CHECK(run.second_look().problems == std::vector<std::string>{});
    CHECK(run.second_look().offenders.empty());
    CHECK(run.evidence().empty());
    CHECK(agree(run));

    // What was said of stakes adds up to the balances.
    const auto& validators = run.engine.state()->registry->validators;
    for (NodeId node = 0; node < 64; ++node)
    {
        CHECK(run.total(StakeChangeKind::penalty, node) == 0);
        CHECK(run.total(StakeChangeKind::reward, node) > 0);
        CHECK(32 * ether + run.total(StakeChangeKind::reward, node) ==
              validators[node].balance + run.total(StakeChangeKind::withdrawal, node));
    }
}

TEST_CASE("gasper: what comes of a network does not depend on shards", "[consensus][gasper]")
{
    auto options = options_of(40);
    options.validators_per_node = 2;
    options.observers = 3;
    options.groups = {{"two_faced", GasperStrategy::equivocating, 2},
        {"bent", GasperStrategy::surround, 1}, {"false", GasperStrategy::invalid_block, 1},
        {"late", GasperStrategy::ex_ante_reorg, 2}};
    auto model = simblock_network(2019);
    model.fan_out = 4;
    model.loss = 0.02;
    model.duplication = 0.05;
    model.reordering = 0.05;
    model.clock_drift_ppm = 50;
    const Run times{options, model_of()};
    model.partitions.push_back(partition_of(times, 3, 5, options.nodes(), 12));
    model.outages.push_back({9, times.epoch_start(2), times.epoch_start(4), false});
    Run reference{options, model, 7};
    reference.until_epoch(8);
    const auto expected = keys_of(reference.steps);
    CHECK(reference.height > 30);
    CHECK(reference.reverted > 0);
    CHECK(!reference.evidence().empty());
    ThreadedShardRunner threads;
    for (const std::uint32_t shards : {2U, 8U})
    {
        GasperEngine engine{options, model, 7, threads, shards};
        std::vector<ConsensusStep> steps;
        while (auto step = engine.next(times.epoch_start(8) + one_second))
            steps.push_back(std::move(*step));
        CHECK(keys_of(steps) == expected);
        CHECK(engine.figures().traffic == reference.engine.figures().traffic);
        CHECK(engine.figures().events == reference.engine.figures().events);
    }
    Run other{options, model, 8};
    CHECK(keys_of(other.until_epoch(8).steps) != expected);
}

// Method: random mixtures of faults that never concern a third of the validators, in networks that
// lose, delay, repeat and cut; no two honest nodes may hold conflicting blocks for final.
TEST_CASE(
    "gasper: below a third of faults nothing final conflicts", "[consensus][gasper][property]")
{
    Epoch furthest = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
    {
        CAPTURE(seed);
        RandomStream random{seed, 99, 0, 0};
        auto options = options_of(30, 4);
        constexpr GasperStrategy kinds[] = {GasperStrategy::offline, GasperStrategy::equivocating,
            GasperStrategy::surround, GasperStrategy::invalid_block, GasperStrategy::ex_ante_reorg};
        for (std::uint32_t left = 9; left > 0;)
        {
            const auto count = 1 + static_cast<std::uint32_t>(random.uniform_below(left));
            const auto kind = kinds[random.uniform_below(std::size(kinds))];
            options.groups.push_back({"g", kind, count});
            left -= count;
        }
        auto model = model_of(50 + static_cast<std::uint32_t>(random.uniform_below(1500)));
        model.loss = 0.1 * random.uniform_double();
        model.reordering = 0.2 * random.uniform_double();
        model.reordering_delay = 10 * one_second;
        const Run times{options, model_of()};
        auto partition = partition_of(times, 3, 8, 30, 0);
        for (auto& group : partition.group_of)
            group = static_cast<std::uint32_t>(random.uniform_below(2));
        model.partitions.push_back(partition);
        const auto down = static_cast<NodeId>(random.uniform_below(30));
        model.outages.push_back({down, times.epoch_start(5), times.epoch_start(9), seed % 2 == 0});
        Run run{options, model, seed};
        run.until_epoch(16);
        CHECK(agree(run));
        const auto findings = run.second_look();
        CHECK(findings.problems == std::vector<std::string>{});
        for (const auto& evidence : run.evidence())
            CHECK(run.engine.strategy_of(evidence.offender, 0) != GasperStrategy::honest);
        furthest = std::max(furthest, run.engine.finalized().epoch);
    }
    CHECK(furthest >= 12);
}

TEST_CASE(
    "gasper: two halves finalise nothing, leak, and come together again", "[consensus][gasper]")
{
    const auto options = options_of(32);
    const Run times{options, model_of()};
    auto model = model_of();
    model.partitions.push_back(partition_of(times, 4, 12, 32, 16));
    Run run{options, model};
    run.until_epoch(11);
    CHECK(run.engine.finalized().epoch == 2);
    CHECK(run.engine.justified().epoch == 3);
    std::optional<Epoch> leaks_from;
    for (const auto& step : run.steps)
    {
        for (const auto& change : step.stake)
        {
            if (change.kind == StakeChangeKind::leak && !leaks_from)
                leaks_from = step.added.back().round / 8;
        }
    }
    // Epoch 2 is final; at the end of epoch 8 the epoch before is more than four after it.
    REQUIRE(leaks_from);
    CHECK(*leaks_from == 9);
    CHECK(run.total(StakeChangeKind::leak, 20) > 0);
    CHECK(run.total(StakeChangeKind::leak, 0) == 0);  // Present on its own side.
    const auto left = run.engine.node(0).view().store().entries().back().block;
    const auto right = run.engine.node(31).view().store().entries().back().block;
    CHECK(!is_ancestor(left->parent, right));

    run.until_epoch(17);
    CHECK(run.engine.finalized().epoch >= 14);
    CHECK(agree(run));
    std::set<NetworkBlockId> finals;
    for (NodeId node = 0; node < 32; ++node)
        finals.insert(run.final_block(node)->header.id);
    CHECK(finals.size() == 1);
    CHECK(run.second_look().problems == std::vector<std::string>{});
    CHECK(run.evidence().empty());  // Nobody has broken a rule.
}

TEST_CASE("gasper: a side with more than two thirds goes on finalising", "[consensus][gasper]")
{
    const auto options = options_of(32);
    const Run times{options, model_of()};
    auto model = model_of();
    model.partitions.push_back(partition_of(times, 3, 9, 32, 24));
    Run run{options, model};
    // 24 of 32 are two thirds only with the votes of an epoch's last slot, which stand in the next
    // epoch's blocks: an epoch is justified when the next one ends, and final two epochs later.
    run.until_epoch(8);
    CHECK(run.engine.finalized().epoch >= 4);
    CHECK(run.final_block(31)->slot <= 2 * 8);
    run.until_epoch(13);
    CHECK(run.final_block(31) == run.final_block(0));
    CHECK(run.engine.finalized().epoch >= 10);
}

TEST_CASE("gasper: more than a third can split the chain, and are named", "[consensus][gasper]")
{
    auto options = options_of(24);
    options.groups = {{"two_faced", GasperStrategy::equivocating, 10}};
    const Run times{options, model_of()};
    auto model = model_of();
    // 10 live on both sides, 7 on each.
    model.partitions.push_back(partition_of(times, 0, 100, 24, 17));
    Run run{options, model};
    run.until_epoch(8);
    const auto left = run.final_block(10);
    const auto right = run.final_block(23);
    CHECK(left->slot > 0);
    CHECK(right->slot > 0);
    CHECK(!is_ancestor(left, right));
    CHECK(!is_ancestor(right, left));
    CHECK(!agree(run));

    std::vector<NetworkBlock> blocks;
    std::vector<NetworkVotes> votes;
    std::vector<Checkpoint> finalized;
    for (const NodeId node : {10U, 23U})
    {
        const auto& store = run.engine.node(node).view().store();
        finalized.push_back(store.finalized());
        for (auto block = store.entries().back().block; block->slot > 0; block = block->parent)
        {
            blocks.push_back(block->header);
            for (const auto& each : block->votes)
                votes.push_back(record_of(*each, 0, 24));
        }
    }
    const auto findings = check_gasper(blocks, votes, finalized, run.engine.stakes(), 8);
    REQUIRE(findings.conflicts.size() == 1);
    CHECK(findings.problems.size() == 1);  // Each of the two is final by its votes.
    CHECK(3 * findings.offenders.size() >= 24);
    for (const auto offender : findings.offenders)
        CHECK(offender < 10);
}

TEST_CASE("gasper: who votes or proposes twice is slashed", "[consensus][gasper]")
{
    auto options = options_of(40);
    options.groups = {{"two_faced", GasperStrategy::equivocating, 6}};
    options.groups[0].equivocates_always = true;
    Run run{options, model_of()};
    run.until_epoch(8);
    std::set<NodeId> offenders;
    std::set<EvidenceKind> kinds;
    for (const auto& evidence : run.evidence())
    {
        offenders.insert(evidence.offender);
        kinds.insert(evidence.kind);
        CHECK(evidence.first != evidence.second);
    }
    CHECK(offenders == std::set<NodeId>{0, 1, 2, 3, 4, 5});
    CHECK(kinds.contains(EvidenceKind::double_vote));
    for (NodeId node = 0; node < 6; ++node)
    {
        CHECK(run.total(StakeChangeKind::slashing, node) == 7'812'500U);
        CHECK(run.engine.state()->registry->validators[node].is_slashed());
    }
    CHECK(run.total(StakeChangeKind::slashing, 10) == 0);
    CHECK(run.engine.finalized().epoch >= 5);
    CHECK(agree(run));
}

TEST_CASE("gasper: who proposes twice is slashed for that alone", "[consensus][gasper]")
{
    // Few of many: they propose before it is their turn to vote, or vote alike.
    std::set<EvidenceKind> kinds;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
    {
        auto options = options_of(16);
        options.groups = {{"two_faced", GasperStrategy::equivocating, 2}};
        Run run{options, model_of(), seed};
        run.until_epoch(6);
        for (const auto& evidence : run.evidence())
            kinds.insert(evidence.kind);
    }
    CHECK(kinds.contains(EvidenceKind::double_proposal));
}

TEST_CASE("gasper: who surrounds his own vote is slashed", "[consensus][gasper]")
{
    auto options = options_of(40);
    options.groups = {{"bent", GasperStrategy::surround, 4}};
    Run run{options, model_of()};
    run.until_epoch(8);
    std::set<NodeId> offenders;
    for (const auto& evidence : run.evidence())
    {
        CHECK(evidence.kind == EvidenceKind::surround_vote);
        offenders.insert(evidence.offender);
    }
    CHECK(offenders == std::set<NodeId>{0, 1, 2, 3});
    CHECK(run.engine.finalized().epoch >= 5);
}

TEST_CASE("gasper: who keeps to the rules signs nothing slashable, whatever branch he is on",
    "[consensus][gasper][property]")
{
    // Messages are late and get lost, for two epochs two halves hear nothing of each other, and
    // nodes forget all: on another branch, or once more on the same one, a validator may have
    // another turn in an epoch, and there an older source.
    std::size_t slashable = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
    {
        CAPTURE(seed);
        auto model = model_of(1'500);
        model.loss = 0.3;
        const Run times{options_of(16, 4), model};
        model.partitions.push_back(partition_of(times, 3, 5, 16, 8));
        RandomStream random{seed, 1, 0, 0};
        for (NodeId node = 0; node < 12; ++node)
        {
            const auto from = times.epoch_start(2) +
                              static_cast<VirtualTime>(random.uniform_below(200)) * one_second;
            model.outages.push_back({node, from, from + 5 * one_second, false});
        }
        Run run{options_of(16, 4), model, seed};
        run.until_epoch(10);
        slashable += run.evidence().size() + run.second_look().offenders.size();
    }
    CHECK(slashable == 0);
}

TEST_CASE("gasper: invalid blocks get no votes and no successors", "[consensus][gasper]")
{
    auto options = options_of(24);
    options.groups = {{"false", GasperStrategy::invalid_block, 4}};
    options.groups[0].flaw = BlockFlaw::overspend;
    // All look; or one in five does, and tells.
    const double looks = GENERATE(1.0, 0.2);
    options.validation_probability = looks;
    Run run{options, model_of()};
    run.until_epoch(8);
    std::size_t invalid = 0;
    for (const auto& step : run.steps)
    {
        for (const auto& refused : step.refused)
        {
            if (refused.kind == BlockRefusalKind::invalid && refused.block.flaw != BlockFlaw::none)
            {
                ++invalid;
                CHECK(refused.block.maker < 4);
                CHECK(refused.block.flaw == BlockFlaw::overspend);
            }
        }
    }
    CHECK(invalid > 3);
    for (const auto& block : run.blocks)
        CHECK(block.flaw == BlockFlaw::none);
    std::set<NetworkBlockId> adopted{0};
    for (const auto& block : run.blocks)
        adopted.insert(block.id);
    std::size_t votes_for_others = 0;
    for (const auto& votes : run.votes)
        votes_for_others += adopted.contains(votes.block) ? 0 : 1;
    if (looks == 1.0)
    {
        // Only their makers and their friends vote for them, and those are not taken by others.
        for (const auto& votes : run.votes)
        {
            for (NodeId v = 4; v < 24 && !adopted.contains(votes.block); ++v)
                CHECK((votes.voters[0] >> v & 1U) == 0);
        }
    }
    CHECK(votes_for_others < run.votes.size() / 4);
    CHECK(run.evidence().size() >= 1);
    CHECK(run.engine.finalized().epoch >= 5);
}

TEST_CASE("gasper: who makes an invalid block is slashed where the scenario says so",
    "[consensus][gasper]")
{
    auto options = options_of(24);
    options.groups = {{"false", GasperStrategy::invalid_block, 4}};
    options.slashes_invalid_blocks = GENERATE(false, true);
    options.validation_probability = GENERATE(1.0, 0.2);
    Run run{options, model_of()};
    run.until_epoch(8);
    std::set<NodeId> made;
    for (const auto& step : run.steps)
    {
        for (const auto& refused : step.refused)
        {
            if (refused.block.flaw != BlockFlaw::none)
                made.insert(refused.block.maker);
        }
    }
    CHECK(made.size() > 2);
    // Who is slashed makes no block any more, with a flaw or without.
    std::set<NodeId> gone;
    for (const auto& step : run.steps)
    {
        const auto is_gone = [&](NodeId maker) { return gone.contains(maker); };
        for (const auto& block : step.added)
            CHECK_FALSE(is_gone(block.maker));
        for (const auto& refused : step.refused)
            CHECK_FALSE(is_gone(refused.block.maker));
        for (const auto& evidence : step.evidence)
        {
            if (options.slashes_invalid_blocks)
                gone.insert(evidence.offender);
        }
    }
    std::multiset<NodeId> accused;
    for (const auto& evidence : run.evidence())
    {
        CHECK(evidence.kind == EvidenceKind::invalid_block);
        accused.insert(evidence.offender);
    }
    for (NodeId node = 0; node < 24; ++node)
    {
        CAPTURE(node);
        const auto& record = run.engine.state()->registry->validators[node];
        CHECK(record.is_slashed() == (options.slashes_invalid_blocks && made.contains(node)));
        // Evidence comes once where it slashes, else with each block.
        CHECK((accused.count(node) > 0) == made.contains(node));
        CHECK((!options.slashes_invalid_blocks || accused.count(node) <= 1));
    }
    CHECK(run.engine.finalized().epoch >= 5);
}

TEST_CASE("gasper: withheld blocks displace others, but for the boost", "[consensus][gasper]")
{
    std::map<std::uint32_t, std::size_t> displaced;
    std::map<std::uint32_t, std::size_t> tried;
    for (const std::uint32_t boost : {0U, 40U})
    {
        for (std::uint64_t seed = 1; seed <= 4; ++seed)
        {
            auto options = options_of(256);
            options.proposer_boost_percent = boost;
            options.groups = {{"late", GasperStrategy::ex_ante_reorg, 64}};
            Run run{options, model_of(), seed};
            run.until_epoch(7);
            std::map<std::uint64_t, NetworkBlock> stale_by_slot;
            for (const auto& step : run.steps)
            {
                for (const auto& refused : step.refused)
                {
                    tried[boost] += refused.block.is_withheld ? 1 : 0;
                    if (!refused.block.is_withheld)
                        stale_by_slot[refused.block.round] = refused.block;
                }
                for (const auto& block : step.added)
                    tried[boost] += block.is_withheld ? 1 : 0;
            }
            for (const auto& block : run.blocks)
                displaced[boost] +=
                    block.is_withheld && stale_by_slot.contains(block.round + 1) ? 1 : 0;
            CHECK(run.engine.finalized().epoch >= 2);
        }
    }
    CHECK(tried[0] > 20);
    CHECK(displaced[0] > 10);
    // A quarter of a slot's votes is less than 40%.
    CHECK(4 * displaced[40] < displaced[0]);
}

TEST_CASE("gasper: validators come, serve, leave and are paid out", "[consensus][gasper]")
{
    auto options = options_of(18);
    options.genesis_validators = 16;
    options.shard_committee_period_epochs = 3;
    options.withdrawability_delay_epochs = 2;
    options.deposits = {{10 * one_second, 16, 32 * ether}, {20 * one_second, 17, 20 * ether},
        {400 * one_second, 17, 12 * ether}};
    options.exits = {{600 * one_second, 3, 0}};
    Run run{options, model_of()};
    run.until_epoch(20);
    const auto& validators = run.engine.state()->registry->validators;
    CHECK(run.total(StakeChangeKind::deposit, 16) == 32 * ether);
    CHECK(run.total(StakeChangeKind::deposit, 17) == 32 * ether);
    CHECK(validators[16].activation_epoch < validators[17].activation_epoch);
    CHECK(validators[17].activation_epoch < 18);
    CHECK(run.total(StakeChangeKind::reward, 16) > 0);
    // 600 s is slot 50, epoch 6; out at 6 + 5, paid two epochs later.
    CHECK(validators[3].exit_epoch == 11);
    CHECK(validators[3].balance == 0);
    CHECK(run.total(StakeChangeKind::withdrawal, 3) >= 32 * ether);
    bool votes_after = false;
    bool new_one_votes = false;
    for (const auto& votes : run.votes)
    {
        votes_after =
            votes_after || (votes.target_epoch >= 11 && (votes.voters[0] >> 3U & 1U) != 0);
        new_one_votes = new_one_votes || (votes.voters[0] >> 16U & 1U) != 0;
    }
    CHECK(!votes_after);
    CHECK(new_one_votes);
}

// Method: five of eight are offline from the start, so nothing is final until they are ejected.
// Their balances must be those of a second computation, by the specification's formulas and the
// totals that follow from them, to the gwei.
TEST_CASE("gasper: a network without finality leaks by the specification", "[consensus][gasper]")
{
    auto options = options_of(8);
    options.shuffle_rounds = 2;
    options.groups = {{"away", GasperStrategy::offline, 5}};
    options.inactivity_penalty_quotient = 1U << 18U;  // As 2^24, eight times as fast.
    auto model = model_of();
    model.fan_out = 7;  // Who is away passes nothing on.
    Run run{options, model};
    Gwei balance = 32 * ether;
    Gwei effective = balance;
    std::uint64_t score = 0;
    std::map<Epoch, Gwei> expected;  // After the end of an epoch.
    Epoch ejected = 0;
    for (Epoch epoch = 0; epoch < 700; ++epoch)
    {
        if (epoch > 0)
        {
            const auto total = (3 * 32 * ether + 5 * effective) / ether;
            const Gwei per_ether = ether * 64 / integer_square_root(total * ether);
            const auto base = effective / ether * per_ether;
            const bool leaks = epoch - 1 > 4;
            score += 4;
            if (!leaks)
                score -= std::min<std::uint64_t>(16, score);
            balance -= base * 14 / 64 + base * 26 / 64;
            balance -= effective * score / (Gwei{4} << 18U);
        }
        if (effective <= 16 * ether)
        {
            ejected = epoch;
            break;
        }
        if (balance + ether / 4 < effective)
            effective = balance / ether * ether;
        expected[epoch] = balance;
    }
    REQUIRE(ejected > 400);
    for (const Epoch epoch : {Epoch{3}, Epoch{100}, Epoch{300}, ejected - 2})
    {
        run.until_epoch(epoch + 1);
        // Blocks of the epoch that began may not have come: go by the state's own epoch.
        const auto& state = *run.engine.state();
        const auto ended = state.epoch(options) - 1;
        CAPTURE(epoch, ended);
        REQUIRE(expected.contains(ended));
        CHECK(state.registry->validators[0].balance == expected.at(ended));
        CHECK(state.registry->validators[4].balance == expected.at(ended));
        CHECK(state.registry->validators[6].balance <= 32 * ether);
    }
    CHECK(run.engine.finalized().epoch == 0);
    run.until_epoch(ejected + 20);
    const auto& gone = run.engine.state()->registry->validators[0];
    CHECK(gone.exit_epoch == ejected + 5);
    CHECK(run.engine.finalized().epoch >= ejected + 5);  // The three who stayed are all there is.
}

TEST_CASE("gasper: a node that was down catches up", "[consensus][gasper]")
{
    const auto options = options_of(16);
    const Run times{options, model_of()};
    const bool keeps_memory = GENERATE(true, false);
    auto model = model_of();
    model.outages.push_back({5, times.epoch_start(2), times.epoch_start(6), keeps_memory});
    Run run{options, model};
    run.until_epoch(9);
    CHECK(run.final_block(5) == run.final_block(0));
    CHECK(run.evidence().empty());
    bool votes_again = false;
    for (const auto& votes : run.votes)
        votes_again = votes_again || (votes.target_epoch >= 7 && (votes.voters[0] >> 5U & 1U) != 0);
    CHECK(votes_again);
    CHECK(run.engine.finalized().epoch >= 7);
}

TEST_CASE("gasper: a thousand validators", "[.measure]")
{
    auto options = options_of(1000, 32);
    options.shuffle_rounds = 90;
    auto model = simblock_network(2019);
    model.fan_out = 8;
    Run run{options, model};
    run.until_epoch(31);
    const auto figures = run.engine.figures();
    WARN("height " << run.height << " reverted " << run.reverted << " finalized "
                   << run.engine.finalized().epoch << " messages " << figures.traffic.messages
                   << " bytes " << figures.traffic.bytes << " events " << figures.events);
}

}  // namespace runnel
