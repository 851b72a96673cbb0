#include "actors/simulation.hpp"
#include "state/kept_checkpoint.hpp"
#include "tests/actors/busy_setup.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/forking_engine.hpp"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::toy;

namespace
{
/// Keeps blocks and checkpoints; asks the run to stop behind a block.
struct Recorder : BlockSink
{
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        if (progress != nullptr && block->header.number >= stop_at)
            progress->stop.store(true);
        blocks.push_back(std::move(block));
    }
    void checkpoint(std::uint64_t number, CheckpointSource& parts) override
    {
        checkpoints[number] = keep(parts);
    }
    void finish() override { ++finished; }

    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
    std::map<std::uint64_t, KeptParts> checkpoints;
    SimulationProgress* progress = nullptr;
    std::uint64_t stop_at = 0;
    int finished = 0;
};

/// Their makers' own mempools, where transactions take a while to get.
std::optional<TransactionGossip> gossip_of(const SimulationSetup& setup)
{
    NetworkModel model;
    model.latency_ms = {700};
    model.fan_out = 1;
    const auto nodes = static_cast<std::uint32_t>(setup.validators.size());
    return TransactionGossip{model, 5, nodes, {1, one_second}};
}

SimulationSetup forking_setup(
    std::uint64_t blocks, ForkingEngine::Options options = {}, std::uint64_t horizon = 64)
{
    auto result = setup(busy_behaviour(), blocks);
    options.makers = static_cast<std::uint32_t>(result.validators.size());
    result.make_engine = [options](ShardRunner&, std::uint32_t)
    { return std::make_unique<ForkingEngine>(options); };
    result.schedule.blocks = blocks;
    result.schedule.horizon = horizon;
    for (const auto& validator : result.validators)
        result.schedule.accounts.push_back(validator.account);
    return result;
}

SimulationSetup forking_setup_with(bool own_mempools, std::uint64_t blocks)
{
    auto result = forking_setup(blocks);
    if (own_mempools)
        result.gossip = gossip_of(result);
    return result;
}

/// Executes what stayed on a world that never saw anything else; its root.
Hash require_same_chain(const std::vector<std::shared_ptr<const FinishedBlock>>& blocks)
{
    auto fresh = setup(busy_behaviour(), 1);
    auto& world = *fresh.world;
    BlockExecution execution;
    const auto* parent = blocks.front().get();
    REQUIRE(parent->hash == fresh.genesis.hash);
    for (std::size_t i = 1; i < blocks.size(); ++i)
    {
        const auto& block = *blocks[i];
        CAPTURE(block.header.number);
        BlockContext context;
        context.number = block.header.number;
        context.timestamp = block.header.timestamp;
        context.base_fee = block.header.base_fee;
        context.gas_limit = block.header.gas_limit;
        context.proposer = block.header.proposer;
        ExecutionOptions options;
        options.checkpoint_interval = 7;
        const auto again = execute_block(execution, world, context, parent->header, parent->hash,
            block.header.finalized_block, block.transactions, block.rewards, options);
        REQUIRE(again.header.state_root == block.header.state_root);
        REQUIRE(again.hash == block.hash);
        parent = &block;
    }
    return world.checkpoint_root();
}
}  // namespace

TEST_CASE("re-orgs: what stays is a chain, as if nothing else had ever been", "[actors][reorg]")
{
    Recorder recorder;
    const auto result = run(forking_setup(60), 2, 16, &recorder);
    REQUIRE(result.error.empty());
    CHECK(result.blocks == 60);
    CHECK(result.reverted_blocks > 20);
    CHECK(recorder.finished == 1);
    REQUIRE(recorder.blocks.size() == 61);
    std::uint64_t transactions = 0;
    for (std::size_t i = 1; i < recorder.blocks.size(); ++i)
    {
        REQUIRE(recorder.blocks[i]->header.number == i);
        REQUIRE(recorder.blocks[i]->header.parent_hash == recorder.blocks[i - 1]->hash);
        transactions += recorder.blocks[i]->transactions.size();
    }
    CHECK(result.transactions == transactions);
    CHECK(result.head_hash == recorder.blocks.back()->hash);
    require_same_chain(recorder.blocks);
}

TEST_CASE("re-orgs: the chain does not depend on workers or cohorts", "[actors][reorg]")
{
    const bool own_mempools = GENERATE(false, true);
    CAPTURE(own_mempools);
    const auto forking = [&] { return forking_setup_with(own_mempools, 40); };
    const auto expected = run(forking(), 1, 2'048);
    REQUIRE(expected.error.empty());
    REQUIRE(expected.reverted_blocks > 10);
    for (const unsigned workers : {1U, 2U, 8U})
    {
        for (const std::uint32_t cohort_size : {1U, 7U, 2'048U})
        {
            CAPTURE(workers, cohort_size);
            const auto actual = run(forking(), workers, cohort_size);
            REQUIRE(actual.error.empty());
            REQUIRE(actual.head_hash == expected.head_hash);
            CHECK(actual.transactions == expected.transactions);
            CHECK(actual.unheard == expected.unheard);
            CHECK(actual.reverted_blocks == expected.reverted_blocks);
        }
    }
    CHECK((expected.unheard > 0) == own_mempools);
    const auto other = run(forking_setup(40, {.seed = 2}), 1, 16);
    CHECK(other.head_hash != expected.head_hash);
}

TEST_CASE("re-orgs: no block has what was sent after it was made", "[actors][reorg][gossip]")
{
    auto forking = forking_setup(60);
    Recorder shared;
    REQUIRE(run(forking_setup(60), 2, 16, &shared).error.empty());
    forking.gossip = gossip_of(forking);
    auto times = *forking.gossip;
    const auto fresh = forking_setup(1);
    Recorder own;
    const auto result = run(std::move(forking), 2, 16, &own);
    REQUIRE(result.error.empty());
    CHECK(result.unheard > 0);
    REQUIRE(own.blocks.size() == shared.blocks.size());
    std::size_t transactions = 0;
    for (std::size_t i = 1; i < own.blocks.size(); ++i)
    {
        // The network's way is the same.
        const auto& notes = own.blocks[i]->consensus->blocks;
        const auto& made = notes.back();
        REQUIRE(made.id == shared.blocks[i]->consensus->blocks.back().id);
        for (const auto& transaction : own.blocks[i]->transactions)
        {
            CAPTURE(i, transaction.arrival_ms);
            REQUIRE(transaction.sent_at > 0);
            REQUIRE(
                times.heard_at(fresh.world->account(transaction.sender).address, transaction.hash,
                    transaction.sent_at, maker_of(made.id)) <= made.made_at_us);
            ++transactions;
        }
    }
    CHECK(transactions > 100);
}

TEST_CASE("re-orgs: what was in a block that is taken back waits again", "[actors][reorg]")
{
    Recorder recorder;
    REQUIRE(run(forking_setup(60), 2, 16, &recorder).error.empty());
    std::set<Hash> included;
    std::size_t reverted = 0;
    std::size_t again = 0;
    for (const auto& block : recorder.blocks)
    {
        for (const auto& transaction : block->transactions)
            included.insert(transaction.hash);
    }
    for (const auto& block : recorder.blocks)
    {
        if (block->consensus == nullptr)
            continue;
        for (const auto& taken_back : block->consensus->reverted)
        {
            CHECK(taken_back.number > 0);
            for (const auto& transaction : taken_back.transactions)
            {
                ++reverted;
                again += included.contains(transaction.hash) ? 1 : 0;
            }
        }
    }
    CHECK(reverted > 200);
    CHECK(again * 2 > reverted);  // Most find another block; some expire.
}

TEST_CASE(
    "re-orgs: a wallet hears once of what ends the same, and keeps its nonces", "[actors][reorg]")
{
    // Every wallet pays once and then waits for news: with a nonce that is used twice, or news that
    // is lost, it would stand still or collide.
    struct Counts
    {
        std::atomic<std::uint64_t> told{0};
        std::atomic<std::uint64_t> sent{0};
    };
    const auto counts = std::make_shared<Counts>();
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->decide = [counts](std::size_t, WalletContext& wallet)
    {
        if (wallet.pending() == 0)
        {
            wallet.submit(calls(Pay{AccountId{5}, 7}), wallet.habitual_bid());
            ++counts->sent;
        }
        return wallet.view().block_number + 1;
    };
    behaviour->learn = [counts](std::size_t, const TransactionOutcome&)
    {
        ++counts->told;
        return true;
    };
    auto setup_of_payers = forking_setup(60);
    {
        auto plain = setup(behaviour, 60);
        plain.make_engine = setup_of_payers.make_engine;
        plain.schedule = setup_of_payers.schedule;
        // Nothing is given up.
        plain.mempool.lifetime_ms = 3'600'000;
        plain.mempool.capacity = 100'000;
        setup_of_payers = std::move(plain);
    }
    Recorder recorder;
    const auto result = run(std::move(setup_of_payers), 2, 16, &recorder);
    REQUIRE(result.error.empty());
    REQUIRE(result.reverted_blocks > 20);
    CHECK(counts->sent > 1'000);
    CHECK(result.transactions > 1'000);
    // Whoever was told sends again; only what is on its way at the end is not told.
    CHECK(counts->told <= counts->sent);
    CHECK(counts->told + 2 * wallet_count >= counts->sent);
    require_same_chain(recorder.blocks);
}

TEST_CASE("re-orgs: a run resumes from every checkpoint", "[actors][reorg]")
{
    const bool own_mempools = GENERATE(false, true);
    CAPTURE(own_mempools);
    const auto forking = [&] { return forking_setup_with(own_mempools, 60); };
    Recorder whole;
    const auto expected = run(forking(), 2, 16, &whole);
    REQUIRE(expected.error.empty());
    CHECK((expected.unheard > 0) == own_mempools);
    REQUIRE(whole.checkpoints.size() >= 7);
    for (const auto& [number, parts] : whole.checkpoints)
    {
        if (number == 60)
            continue;
        CAPTURE(number);
        auto setup_again = forking();
        setup_again.resume_from = std::make_shared<KeptSource>(parts);
        Recorder rest;
        const auto actual = run(std::move(setup_again), 1, 7, &rest);
        REQUIRE(actual.error.empty());
        REQUIRE(actual.head_hash == expected.head_hash);
        CHECK(actual.transactions == expected.transactions);
        REQUIRE(rest.blocks.size() == 60 - number);
        for (const auto& [later, again] : rest.checkpoints)
            CHECK((again == whole.checkpoints.at(later)));
        // What is told of the way there is the same, too.
        for (const auto& block : rest.blocks)
        {
            const auto& before = *whole.blocks[block->header.number];
            CHECK(block->consensus->blocks.size() == before.consensus->blocks.size());
            CHECK(block->consensus->reverted.size() == before.consensus->reverted.size());
        }
    }
}

TEST_CASE("re-orgs: a checkpoint's transactions were sent at some time", "[actors][reorg][gossip]")
{
    const bool own_mempools = GENERATE(false, true);
    const auto forking = [&] { return forking_setup_with(own_mempools, 60); };
    Recorder whole;
    REQUIRE(run(forking(), 1, 16, &whole).error.empty());
    const auto waiting = [](const KeptParts& parts)
    {
        return std::find_if(parts.begin(), parts.end(),
                   [](const auto& part) { return part.first == "mempool"; }) -
               parts.begin();
    };
    const auto kept = std::find_if(whole.checkpoints.begin(), whole.checkpoints.end(),
        [&](const auto& one)
        { return waiting(one.second) != static_cast<std::ptrdiff_t>(one.second.size()); });
    REQUIRE(kept != whole.checkpoints.end());
    const auto resumed_with = [&](std::uint8_t byte)
    {
        // The time is what a transaction ends with.
        auto parts = kept->second;
        auto& content = parts[static_cast<std::size_t>(waiting(parts))].second;
        std::fill(content.end() - 8, content.end(), byte);
        auto setup_again = forking();
        setup_again.resume_from = std::make_shared<KeptSource>(parts);
        return run(std::move(setup_again), 1, 16).error;
    };
    const std::string text = "the checkpoint is not one of this run";
    CHECK(resumed_with(0xFF) == text);  // -1.
    CHECK(resumed_with(0x7F) == text);  // In 290,000 years.
    CHECK(resumed_with(0x01) == (own_mempools ? "" : text));
    CHECK(resumed_with(0x00).empty());
}

TEST_CASE("re-orgs: a run stops only where nothing will be taken back", "[actors][reorg]")
{
    Recorder whole;
    const auto expected = run(forking_setup(60), 2, 16, &whole);
    KeptParts last;
    std::uint64_t at = 0;
    unsigned interruptions = 0;
    for (;; ++interruptions)
    {
        Recorder part;
        SimulationProgress progress;
        part.progress = &progress;
        part.stop_at = at + 4;
        auto next = forking_setup(60);
        if (at > 0)
            next.resume_from = std::make_shared<KeptSource>(last);
        const auto result = run(std::move(next), 2, 16, &part, &progress, 2);
        REQUIRE(result.error.empty());
        if (!result.interrupted)
        {
            CHECK(result.head_hash == expected.head_hash);
            break;
        }
        CHECK(result.head_hash == whole.blocks[result.head.number]->hash);
        last = part.checkpoints.rbegin()->second;
        at = result.head.number;
    }
    CHECK(interruptions >= 2);
}

TEST_CASE("re-orgs: consensus moves coins, and takes that back with the block", "[actors][reorg]")
{
    Recorder recorder;
    const auto result = run(forking_setup(40, {.moves_stake = true}), 2, 16, &recorder);
    REQUIRE(result.error.empty());
    Amount deposits;
    std::size_t moves = 0;
    for (const auto& block : recorder.blocks)
    {
        for (const auto& [account, amount, kind] : block->rewards)
        {
            moves += kind != RewardKind::minted ? 1 : 0;
            if (kind == RewardKind::staked)
                deposits = wrapping_add(deposits, amount);
            else if (kind != RewardKind::minted)
                deposits = wrapping_sub(deposits, amount);
        }
    }
    CHECK(moves >= 6);
    const auto account = result.world->find_account(deposits_account_name);
    REQUIRE(account);
    CHECK(result.world->account_states.get(*account).balance == deposits);
    CHECK(deposits == Amount{6 * (moves / 3)});
    require_same_chain(recorder.blocks);
}

TEST_CASE("re-orgs: a chain that stands still ends the run, with what there is", "[actors][reorg]")
{
    Recorder recorder;
    const auto result =
        run(forking_setup(60, {.fork_share = 0, .stops_after = 25}), 2, 16, &recorder);
    CHECK(result.error.empty());
    CHECK(result.halted.starts_with("the chain stands still"));
    CHECK(result.blocks == 25);
    CHECK(recorder.blocks.size() == 26);
    CHECK(recorder.finished == 1);
}

TEST_CASE(
    "re-orgs: a chain that stands still ends with the last block that stayed", "[actors][reorg]")
{
    // As many as the network takes back when it stops.
    for (const std::uint64_t last : {1U, 4U, 9U})
    {
        ForkingEngine::Options options;
        options.stops_after = 25;
        options.ends_without = last;
        std::optional<Hash> expected;
        for (const unsigned workers : {1U, 2U, 8U})
        {
            CAPTURE(last, workers);
            Recorder recorder;
            const auto result = run(forking_setup(60, options), workers, 16, &recorder);
            REQUIRE(result.error.empty());
            CHECK(result.halted.starts_with("the chain stands still"));
            CHECK(result.reverted_blocks >= last);
            REQUIRE(recorder.finished == 1);
            const auto& end = *recorder.blocks.back();
            CHECK(result.head.number == end.header.number);
            CHECK(result.head_hash == end.hash);
            CHECK(result.blocks == end.header.number);
            CHECK(result.halted.find(fmt::format("block {} until", end.header.number)) !=
                  std::string::npos);
            std::uint64_t transactions = 0;
            for (const auto& block : recorder.blocks)
                transactions += block->transactions.size();
            CHECK(result.transactions == transactions);
            CHECK(result.world->check_invariants().empty());
            CHECK(result.world->checkpoint_root() == require_same_chain(recorder.blocks));
            if (!expected)
                expected = result.head_hash;
            CHECK(result.head_hash == *expected);
        }
    }
}

TEST_CASE("re-orgs: blocks with a flaw are made, refused, and leave nothing behind",
    "[actors][reorg][validation]")
{
    ForkingEngine::Options flawed;
    flawed.flaw_every = 3;
    flawed.flaws = {BlockFlaw::wrong_state_root, BlockFlaw::overspend};
    const auto expected = run(forking_setup(60), 2, 16);
    REQUIRE(expected.error.empty());
    std::vector<RefusedBlockNote> first;
    for (const unsigned workers : {1U, 2U, 8U})
    {
        CAPTURE(workers);
        Recorder recorder;
        const auto actual = run(forking_setup(60, flawed), workers, 16, &recorder);
        REQUIRE(actual.error.empty());
        REQUIRE(actual.head_hash == expected.head_hash);
        std::vector<RefusedBlockNote> refused;
        std::size_t noted = 0;
        for (const auto& block : recorder.blocks)
        {
            if (block->consensus == nullptr)
                continue;
            for (const auto& note : block->consensus->refused)
            {
                CHECK(note.number == block->header.number);
                CHECK(note.hash != block->hash);
                refused.push_back(note);
            }
            for (const auto& note : block->consensus->blocks)
                noted += note.status == "invalid" ? 1 : 0;
        }
        CHECK(refused.size() == noted);
        REQUIRE(refused.size() > 4);
        for (std::size_t i = 0; i < refused.size(); ++i)
        {
            CHECK(refused[i].rule ==
                  (refused[i].flaw == "overspend" ? "transactions" : "state_root"));
            CHECK_FALSE(refused[i].finding.empty());
        }
        if (first.empty())
            first = refused;
        REQUIRE(first.size() == refused.size());
        for (std::size_t i = 0; i < refused.size(); ++i)
            CHECK(first[i].hash == refused[i].hash);
    }
}
