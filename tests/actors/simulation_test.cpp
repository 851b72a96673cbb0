#include "actors/simulation.hpp"

#include "tests/actors/busy_setup.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/death.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace runnel;
using namespace runnel::toy;

namespace
{
/// Keeps all blocks; throws where it is told to.
struct Blocks : BlockSink
{
    void append(std::shared_ptr<const FinishedBlock> block) override
    {
        if (block->header.number == throws_at)
            throw std::runtime_error{"disk full: 3 bytes missing"};
        if (on_append)
            on_append(*block);
        blocks.push_back(std::move(block));
    }
    void flush() override { flushed = blocks.size(); }
    void finish() override
    {
        if (throws_at_finish)
            throw std::runtime_error{"disk gone"};
        ++finished;
    }

    std::function<void(const FinishedBlock&)> on_append;
    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
    std::uint64_t throws_at = ~0ULL;
    bool throws_at_finish = false;
    int finished = 0;
    std::size_t flushed = 0;
};
}  // namespace

TEST_CASE("simulation: the chain does not depend on workers or cohorts", "[actors][simulation]")
{
    constexpr std::uint64_t blocks = 30;
    const auto behaviour = busy_behaviour();
    const auto expected = run(setup(behaviour, blocks), 1, 2'048);
    REQUIRE(expected.error.empty());
    CHECK(expected.blocks == blocks);
    CHECK(expected.transactions > 1'000);
    CHECK(expected.reverted > 100);
    CHECK(expected.parallel_share == 0);
    CHECK_FALSE(expected.interrupted);
    double parallel_share = 0;
    CHECK(expected.parallelism.blocks() == 1);  // The first one.
    CHECK(expected.parallelism.transactions() > 0);
    CHECK(expected.parallelism.parallelism() >= 1);
    CHECK(expected.parallelism.serialised().at(counters_id) > 0);
    CHECK(expected.parallelism.serialised().at(counters_id) <= 1);
    for (const unsigned workers : {1U, 2U, 3U, 8U})
    {
        for (const std::uint32_t cohort_size : {1U, 7U, 2'048U})
        {
            CAPTURE(workers, cohort_size);
            const auto actual = run(setup(behaviour, blocks), workers, cohort_size);
            REQUIRE(actual.error.empty());
            REQUIRE(actual.head_hash == expected.head_hash);
            REQUIRE(actual.head.state_root == expected.head.state_root);
            REQUIRE(actual.transactions == expected.transactions);
            REQUIRE(actual.reverted == expected.reverted);
            REQUIRE(actual.world->checkpoint_root() == expected.world->checkpoint_root());
            parallel_share += actual.parallel_share;
        }
    }
    CHECK(parallel_share > 1);  // Of 9: the helpers did take part.
    auto other = setup(behaviour, blocks);
    other.seed = 43;
    CHECK(run(std::move(other)).head_hash != expected.head_hash);
}

TEST_CASE("simulation: the blocks alone lead to the same chain", "[actors][simulation]")
{
    Blocks sink;
    const auto result = run(setup(busy_behaviour(), 25), 3, 16, &sink);
    REQUIRE(result.error.empty());
    CHECK(sink.finished == 1);
    REQUIRE(sink.blocks.size() == 26);
    CHECK(sink.blocks.back()->hash == result.head_hash);

    const auto fresh = setup(busy_behaviour(), 25);
    BlockExecution execution;
    for (std::size_t i = 1; i < sink.blocks.size(); ++i)
    {
        const auto& block = *sink.blocks[i];
        const auto& parent = *sink.blocks[i - 1];
        const auto& header = block.header;
        CAPTURE(i);
        REQUIRE(header.number == i);
        REQUIRE(header.gas_used <= header.gas_limit);
        REQUIRE(header.timestamp == parent.header.timestamp + 12);
        const BlockContext context{
            header.number, header.timestamp, header.base_fee, header.gas_limit, header.proposer};
        ExecutionOptions options;
        options.checkpoint_interval = 7;
        const auto again = execute_block(execution, *fresh.world, context, parent.header,
            parent.hash, header.finalized_block, block.transactions, block.rewards, options);
        REQUIRE(again.hash == block.hash);
        REQUIRE((header.checkpoint_root == Hash{}) == (i % 7 != 0));
        for (const auto& receipt : block.receipts)
        {
            // Fitness in the mempool means that gas can be paid and nonces follow.
            REQUIRE(receipt.refusal.to_string() != "wrong nonce");
        }
    }
    CHECK(fresh.world->checkpoint_root() == result.world->checkpoint_root());
    for (std::uint32_t i = 0; i < result.world->contract_count(); ++i)
        CHECK(result.world->holds(ContractId{i}));
}

TEST_CASE(
    "simulation: a strategy that throws ends the run with its message", "[actors][simulation]")
{
    const auto workers = GENERATE(1U, 2U, 4U);
    const auto block = GENERATE(as<std::uint64_t>{}, 1, 2, 9);
    const auto where = GENERATE(0, 1, 2, 3);
    CAPTURE(workers, block, where);
    const auto behaviour = busy_behaviour();
    const auto bomb = [block](std::uint64_t now)
    {
        if (now == block)
            throw std::runtime_error{"toy strategy: out of ideas"};
    };
    const auto decide = behaviour->decide;
    const auto quoted = behaviour->quoted;
    const auto learn = behaviour->learn;
    if (where == 0)
    {
        behaviour->decide = [=](std::size_t position, WalletContext& wallet)
        {
            if (wallet.number() == 7)
                bomb(wallet.view().block_number);
            return decide(position, wallet);
        };
    }
    else if (where == 1)
    {
        behaviour->quoted =
            [=](std::size_t position, WalletContext& wallet, std::span<const QuoteAnswer> answers)
        {
            bomb(wallet.view().block_number);
            return quoted(position, wallet, answers);
        };
    }
    else if (where == 2)
    {
        behaviour->learn = [](std::size_t, const TransactionOutcome&) -> bool
        { throw std::runtime_error{"toy strategy: out of ideas"}; };
    }
    else
    {
        behaviour->first_block = [](std::size_t) -> std::uint64_t
        { throw std::runtime_error{"toy strategy: out of ideas"}; };
    }
    Blocks sink;
    const auto result = run(setup(behaviour, 50), workers, 16, &sink);
    CHECK(result.error == "toy strategy: out of ideas");
    CHECK(result.error_is_bug);
    CHECK(result.blocks < 50);
    CHECK(sink.finished == 0);
}

TEST_CASE(
    "simulation: a protocol that throws ends the run with its message", "[actors][simulation]")
{
    const auto behaviour = busy_behaviour();
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        wallet.ask(counters_id, {{}, {}, Amount::max()});
        return wallet.view().block_number + 1;
    };
    const auto result = run(setup(behaviour, 50));
    CHECK(result.error == "toy quote");
    CHECK(result.error_is_bug);
}

TEST_CASE("simulation: nobody reads state that a dying run has destroyed", "[actors][simulation]")
{
    // One wallet gives up while the others are in the middle of reading a protocol's view.
    std::atomic<int> readers{0};
    const auto behaviour = busy_behaviour();
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        if (wallet.number() == 0 && wallet.view().block_number == 2)
        {
            while (readers.load() < 2)
                std::this_thread::yield();
            throw std::runtime_error{"gives up"};
        }
        if (wallet.view().block_number == 2)
        {
            ++readers;
            const auto& state = wallet.view().state<Counters>(counters_id);
            const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{3};
            while (std::chrono::steady_clock::now() < end)
            {
                if (state.supply.get(0) != 0 || state.name() != "counters")
                    wallet.submit(calls(Read{1}), wallet.habitual_bid());
            }
            wallet.ask(counters_id, {{}, {}, 1});
        }
        return wallet.view().block_number + 1;
    };
    const auto result = run(setup(behaviour, 50), 4, 5);
    CHECK(result.error == "gives up");
}

TEST_CASE("simulation: a sink that throws ends the run with its message", "[actors][simulation]")
{
    const auto workers = GENERATE(1U, 3U);
    const auto block = GENERATE(as<std::uint64_t>{}, 0, 1, 6, 20);
    CAPTURE(workers, block);
    Blocks sink;
    sink.throws_at = block;
    const auto result = run(setup(busy_behaviour(), 20), workers, 16, &sink);
    CHECK(result.error == "disk full: 3 bytes missing");
    CHECK_FALSE(result.error_is_bug);
    CHECK(sink.finished == 0);
    CHECK(sink.blocks.size() == block);
}

TEST_CASE("simulation: a sink that throws at the end ends the run with its message",
    "[actors][simulation]")
{
    Blocks sink;
    sink.throws_at_finish = true;
    const auto result = run(setup(busy_behaviour(), 5), 2, 16, &sink);
    CHECK(result.error == "disk gone");
    CHECK_FALSE(result.error_is_bug);
}

TEST_CASE("simulation: stop ends the run between two blocks", "[actors][simulation]")
{
    const auto whole = [&]
    {
        Blocks sink;
        REQUIRE(run(setup(busy_behaviour(), 30), 2, 16, &sink).error.empty());
        return std::move(sink.blocks);
    }();
    SimulationProgress progress;
    Blocks sink;
    sink.on_append = [&](const FinishedBlock& block)
    {
        if (block.header.number == 5)
            progress.stop = true;
    };
    // With one credit the director cannot run ahead of the sink by more than a block or two.
    const auto result = run(setup(busy_behaviour(), 30), 2, 16, &sink, &progress, 1);
    CHECK(result.error.empty());
    CHECK(result.interrupted);
    CHECK(result.blocks >= 5);
    CHECK(result.blocks <= 8);
    CHECK(progress.blocks == result.blocks);
    CHECK(progress.transactions == result.transactions);
    CHECK(sink.finished == 1);
    REQUIRE(sink.blocks.size() == result.blocks + 1);
    for (std::size_t i = 0; i < sink.blocks.size(); ++i)
        CHECK(sink.blocks[i]->hash == whole[i]->hash);
    CHECK(result.head_hash == whole[result.blocks]->hash);
    CHECK(result.world->check_invariants().empty());

    // Stopped before it began: not a single block, and no error.
    const auto none = run(setup(busy_behaviour(), 30), 2, 16, nullptr, &progress);
    CHECK(none.error.empty());
    CHECK(none.interrupted);
    CHECK(none.blocks == 0);
}

TEST_CASE("simulation: the director waits for a slow sink", "[actors][simulation]")
{
    SimulationProgress progress;
    Blocks sink;
    std::uint64_t lead_max = 0;
    sink.on_append = [&](const FinishedBlock& block)
    {
        std::this_thread::sleep_for(std::chrono::milliseconds{3});
        lead_max = std::max(lead_max, progress.blocks.load() - block.header.number);
    };
    const auto result = run(setup(busy_behaviour(), 40), 2, 16, &sink, &progress, 3);
    CHECK(result.error.empty());
    CHECK(sink.blocks.size() == 41);
    CHECK(lead_max >= 2);
    CHECK(lead_max <= 3);
}

TEST_CASE("simulation: a run without blocks or wallets is one too", "[actors][simulation]")
{
    Blocks sink;
    auto result = run(setup(busy_behaviour(), 0), 2, 16, &sink);
    CHECK(result.error.empty());
    CHECK_FALSE(result.interrupted);
    CHECK(sink.blocks.size() == 1);

    auto quiet = setup(busy_behaviour(), 12);
    quiet.groups.clear();
    result = run(std::move(quiet));
    CHECK(result.error.empty());
    CHECK(result.blocks == 12);
    CHECK(result.transactions == 0);
}

// Method: 2,000 blocks of a fixed seed; bounds are 4 standard deviations.
TEST_CASE("simulation: proposers are picked in proportion to their stake", "[actors][simulation]")
{
    Blocks sink;
    auto quiet = setup(busy_behaviour(), 2'000, {10, 0, 30, 60});
    quiet.groups.clear();
    const auto validators = quiet.validators;
    const auto result = run(std::move(quiet), 1, 16, &sink);
    REQUIRE(result.error.empty());
    std::map<AccountId, int> counts;
    for (std::size_t i = 1; i < sink.blocks.size(); ++i)
        ++counts[sink.blocks[i]->header.proposer];
    CHECK(counts.size() == 3);
    for (const auto& validator : validators)
    {
        const auto share = static_cast<double>(validator.stake) / 100;
        CAPTURE(validator.stake, counts[validator.account]);
        CHECK(std::abs(counts[validator.account] - 2'000 * share) <=
              4 * std::sqrt(2'000 * share * (1 - share)));
    }
}

TEST_CASE(
    "simulation: a block is final when two thirds of the stake attested it", "[actors][simulation]")
{
    const auto participation = GENERATE(1.0, 0.65, 0.3);
    CAPTURE(participation);
    Blocks sink;
    auto quiet = setup(busy_behaviour(), 300, {40, 30, 20, 10, 5}, participation);
    quiet.groups.clear();
    const auto validators = quiet.validators;
    REQUIRE(run(std::move(quiet), 1, 16, &sink).error.empty());
    const Amount reward{1'000'003};
    const auto proposer_share = div_down(reward, 8);
    std::uint64_t finalized = 0;
    std::size_t lags = 0;
    CHECK(sink.blocks[1]->rewards.empty());
    CHECK(sink.blocks[1]->header.finalized_block == 0);
    for (std::size_t i = 2; i < sink.blocks.size(); ++i)
    {
        CAPTURE(i);
        // The rewards name who attested the parent.
        const auto& block = *sink.blocks[i];
        REQUIRE_FALSE(block.rewards.empty());
        REQUIRE(block.rewards[0].account == block.header.proposer);
        REQUIRE(block.rewards[0].amount == proposer_share);
        std::uint64_t stake = 0;
        for (std::size_t k = 1; k < block.rewards.size(); ++k)
        {
            const auto validator = std::find_if(validators.begin(), validators.end(),
                [&](const auto& other) { return other.account == block.rewards[k].account; });
            REQUIRE(validator != validators.end());
            stake += validator->stake;
            REQUIRE(
                block.rewards[k].amount ==
                mul_div_down(wrapping_sub(reward, proposer_share), validator->stake, 105).value);
        }
        if (stake >= 70)
            finalized = i - 1;
        REQUIRE(block.header.finalized_block == finalized);
        lags += finalized + 1 < i ? 1 : 0;
    }
    if (participation == 1.0)
        CHECK(lags == 0);
    else
        CHECK(lags > 50);
    CHECK(finalized > 0);
}

TEST_CASE("simulation: wallets learn what became of their transactions", "[actors][simulation]")
{
    // One wallet bids too little and waits until the mempool gives up both its transactions, the
    // second of which waits for the first one's nonce; then it pays what is asked.
    std::vector<TransactionOutcome> told;
    const auto behaviour = std::make_shared<Behaviour>();
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        const auto block = wallet.view().block_number;
        if (block == 1)
        {
            wallet.submit(calls(Read{1}), {1, 1, 0}, 90);
            wallet.submit(calls(Read{1}), wallet.habitual_bid(), 91);
        }
        else if (told.size() == 2 && wallet.pending() == 0)
        {
            wallet.submit(calls(Read{1}), wallet.habitual_bid(), 92);
            wallet.submit(calls(Refuse{1, RefusalKind::error}), wallet.habitual_bid(), 93);
        }
        return block + 1;
    };
    behaviour->learn = [&](std::size_t, const TransactionOutcome& outcome)
    {
        told.push_back(outcome);
        return false;
    };
    auto one_wallet = setup(behaviour, 12);
    one_wallet.groups.resize(1);
    one_wallet.groups[0].accounts.resize(1);
    one_wallet.mempool.lifetime_ms = 24'000;
    const auto result = run(std::move(one_wallet));
    REQUIRE(result.error.empty());
    CHECK(result.transactions == 2);
    CHECK(result.reverted == 1);
    REQUIRE(told.size() == 4);
    using Kind = TransactionOutcome::Kind;
    constexpr std::array kinds{Kind::dropped, Kind::dropped, Kind::succeeded, Kind::reverted};
    for (std::size_t i = 0; i < told.size(); ++i)
    {
        CAPTURE(i);
        CHECK(told[i].kind == kinds[i]);
        CHECK(told[i].nonce == i % 2);
        CHECK(told[i].tag == 90 + i);
    }
    CHECK(told[2].gas_used == intrinsic_gas + Read::gas);
    CHECK(told[2].gas_price > 0);
    CHECK(told[3].refusal.to_string() == "Toy: REFUSED");
}

TEST_CASE("simulation: a transaction that was not includable is dropped, its nonce is free again",
    "[actors][simulation]")
{
    // The first payment leaves less than the second transaction's maximal fee.
    std::vector<TransactionOutcome> told;
    Amount left;
    const auto behaviour = std::make_shared<Behaviour>();
    behaviour->decide = [&](std::size_t, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto& balance = view.account(wallet.account()).balance;
        auto bid = wallet.habitual_bid();
        if (view.block_number == 1)
        {
            left = wrapping_mul(intrinsic_gas, bid.max_fee);
            wallet.submit(calls(Pay{zero_account, wrapping_sub(balance, left)}), bid, 1);
            wallet.submit(calls(Read{1}), bid, 2);
        }
        else if (told.size() == 2 && wallet.pending() == 0)
        {
            left = balance;
            bid.max_fee = view.base_fee;
            bid.priority_fee = 0;
            wallet.submit(calls(Pay{zero_account, 0}), bid, 3);
        }
        return view.block_number + 1;
    };
    behaviour->learn = [&](std::size_t, const TransactionOutcome& outcome)
    {
        told.push_back(outcome);
        return false;
    };
    auto one_wallet = setup(behaviour, 12);
    one_wallet.groups.resize(1);
    one_wallet.groups[0].accounts.resize(1);
    const auto result = run(std::move(one_wallet));
    REQUIRE(result.error.empty());
    REQUIRE(told.size() == 3);
    using Kind = TransactionOutcome::Kind;
    CHECK(told[0].kind == Kind::succeeded);
    CHECK(told[1].kind == Kind::dropped);
    CHECK(told[1].nonce == 1);
    CHECK(told[1].gas_used == 0);
    CHECK(told[2].kind == Kind::succeeded);
    CHECK(told[2].nonce == 1);
}

namespace
{
/// The one line that a run ends with which stands still; what it may say after "stored" is how many
/// blocks its sink had made safe.
std::string last_words_of_stall(std::shared_ptr<Behaviour> behaviour, unsigned workers,
    const std::function<void(SimulationSetup&, Blocks&)>& plant, unsigned replicas = 1)
{
    const auto death = die(
        [&]
        {
            Blocks sink;
            auto chain = setup(behaviour, 30);
            plant(chain, sink);
            SimulationOptions options;
            options.workers = workers;
            options.cohort_size = 16;
            options.sink = &sink;
            options.stall_timeout = std::chrono::milliseconds{400};
            options.replicas = replicas;
            const auto result = run_simulation(std::move(chain), options);
            std::fprintf(stderr, "%s, %s, %s, flushed %zu of %zu", result.error.c_str(),
                result.stalled ? "stalled" : "not stalled", result.error_is_bug ? "bug" : "no bug",
                sink.flushed, sink.blocks.size());
            std::_Exit(0);
        });
    CHECK_FALSE(death.aborted);
    return death.last_words;
}

[[noreturn]] void hang()
{
    while (true)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
}
/// In block 6 one wallet adds to object 77, on which a world may be told to hang.
std::shared_ptr<Behaviour> script_that_meets_77()
{
    auto behaviour = busy_behaviour();
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        const auto block = wallet.view().block_number;
        wallet.submit(
            calls(Add{block == 6 && wallet.number() == 40 ? 77 : wallet.number() + 1000, 1}),
            wallet.habitual_bid());
        return block + 1;
    };
    return behaviour;
}
}  // namespace

TEST_CASE("simulation: a cohort that never answers is named", "[actors][simulation][faults]")
{
    const auto workers = GENERATE(1U, 2U, 4U);
    const auto behaviour = busy_behaviour();
    const auto decide = behaviour->decide;
    behaviour->decide = [decide](std::size_t position, WalletContext& wallet)
    {
        if (wallet.number() == 20 && wallet.view().block_number == 9)
            hang();
        (void)decide(position, wallet);
        return wallet.view().block_number + 1;
    };
    // Block 8 is whole and was handed over: what comes after it waits for the wallet.
    CHECK_THAT(last_words_of_stall(behaviour, workers, [](auto&, auto&) {}),
        Catch::StartsWith("block 9: no progress for 0.4 s, waiting for cohort ") &&
            Catch::Contains("(one)") &&
            Catch::Contains("; all blocks before it are safe: continue with --resume, stalled, no "
                            "bug, flushed 9 of 9"));
}

TEST_CASE("simulation: a transaction that never ends is named", "[actors][simulation][faults]")
{
    const auto workers = GENERATE(1U, 2U, 4U);
    const auto plant = [](SimulationSetup& chain, Blocks&)
    { dynamic_cast<Counters&>(chain.world->contract(counters_id)).hangs_on = 77; };
    CHECK_THAT(last_words_of_stall(script_that_meets_77(), workers, plant),
        Catch::StartsWith("block 6: no progress for 0.4 s, waiting for transaction ") &&
            Catch::Contains("stalled, no bug, flushed 6 of 6"));
}

TEST_CASE("simulation: a replica that never answers is named", "[actors][simulation][faults]")
{
    const auto workers = GENERATE(1U, 2U, 4U);
    // The director's own world executes the block; its twin hangs.
    const auto plant = [](SimulationSetup& chain, Blocks&)
    {
        chain.make_world = [make = chain.make_world]
        {
            auto world = make();
            dynamic_cast<Counters&>(world->contract(counters_id)).hangs_on = 77;
            return world;
        };
    };
    CHECK_THAT(last_words_of_stall(script_that_meets_77(), workers, plant, 2),
        Catch::StartsWith("block 6: no progress for 0.4 s, waiting for replica 1; ") &&
            Catch::Contains("stalled, no bug, flushed 6 of 6"));
}

TEST_CASE("simulation: a sink that never returns is named", "[actors][simulation][faults]")
{
    const auto workers = GENERATE(1U, 3U);
    const auto plant = [](SimulationSetup&, Blocks& sink)
    {
        sink.on_append = [](const FinishedBlock& block)
        {
            if (block.header.number == 30)
                hang();
        };
    };
    // It blocks the flush too, for which the watchdog waits as long as for anything else.
    CHECK_THAT(last_words_of_stall(busy_behaviour(), workers, plant),
        Catch::Contains(
            "waiting for the ledger writer; the ledger writer does not answer either") &&
            Catch::Contains("flushed 0 of 30"));
}

TEST_CASE("simulation: slow is not stalled", "[actors][simulation][faults]")
{
    const auto behaviour = busy_behaviour();
    const auto decide = behaviour->decide;
    behaviour->decide = [decide](std::size_t position, WalletContext& wallet)
    {
        if (wallet.number() == 3)
            std::this_thread::sleep_for(std::chrono::milliseconds{60});
        return decide(position, wallet);
    };
    SimulationOptions options;
    options.workers = 2;
    options.stall_timeout = std::chrono::milliseconds{2'000};
    const auto slow = run_simulation(setup(behaviour, 40), options);
    CHECK(slow.error.empty());
    CHECK_FALSE(slow.stalled);
    CHECK(slow.head_hash == run(setup(busy_behaviour(), 40)).head_hash);
}

namespace
{
struct RedundantRun
{
    SimulationResult result;
    std::vector<std::string> warnings;
    std::vector<std::shared_ptr<const FinishedBlock>> blocks;
};

RedundantRun run_redundantly(
    std::uint64_t blocks, unsigned workers, std::vector<BitFlip> flips,
    const std::function<void(SimulationSetup&)>& change = [](SimulationSetup&) {})
{
    const Deadline deadline;
    RedundantRun run;
    Blocks sink;
    auto chain = setup(busy_behaviour(), blocks);
    change(chain);
    SimulationOptions options;
    options.workers = workers;
    options.cohort_size = 16;
    options.sink = &sink;
    options.replicas = 2;
    options.flips = std::move(flips);
    options.warn = [&](const std::string& warning) { run.warnings.push_back(warning); };
    run.result = run_simulation(std::move(chain), options);
    run.blocks = std::move(sink.blocks);
    return run;
}
}  // namespace

TEST_CASE("redundancy: a replica that was flipped is found at that block and rebuilt",
    "[actors][simulation][faults]")
{
    const auto workers = GENERATE(1U, 2U, 4U);
    const auto expected = run(setup(busy_behaviour(), 25), workers);
    const auto healthy = run_redundantly(25, workers, {});
    REQUIRE(healthy.result.error.empty());
    CHECK(healthy.warnings.empty());
    CHECK(healthy.result.head_hash == expected.head_hash);

    // Before, at and behind checkpoints, which are every 7 blocks; both replicas; several times.
    const std::vector<std::vector<BitFlip>> plans{{{0, 1}}, {{1, 1}}, {{0, 6}}, {{1, 7}}, {{0, 8}},
        {{1, 25}}, {{0, 3}, {1, 4}, {0, 5}, {1, 13}, {0, 21}}};
    for (const auto& flips : plans)
    {
        CAPTURE(workers, flips.front().replica, flips.front().block);
        const auto flipped = run_redundantly(25, workers, flips);
        CAPTURE(flipped.result.error);
        REQUIRE(flipped.result.error.empty());
        CHECK(flipped.result.head_hash == expected.head_hash);
        CHECK(flipped.result.transactions == expected.transactions);
        CHECK(flipped.result.reverted == expected.reverted);
        CHECK(flipped.result.world->checkpoint_root() == expected.world->checkpoint_root());
        CHECK(flipped.result.repairs == flips.size());
        REQUIRE(flipped.warnings.size() == flips.size());
        for (std::size_t i = 0; i < flips.size(); ++i)
        {
            CHECK_THAT(flipped.warnings[i],
                Catch::StartsWith("block " + std::to_string(flips[i].block) + ": replica " +
                                  std::to_string(flips[i].replica) + " was wrong (its block "));
        }
        REQUIRE(flipped.blocks.size() == healthy.blocks.size());
        for (std::size_t i = 0; i < flipped.blocks.size(); ++i)
            REQUIRE(flipped.blocks[i]->hash == healthy.blocks[i]->hash);
    }
}

TEST_CASE("redundancy: a flip that no block reads is found at the next checkpoint",
    "[actors][simulation][faults]")
{
    const auto replica = GENERATE(0U, 1U);
    // A validator that earns nothing: nobody touches its account.
    const auto idle = [](SimulationSetup& chain) { chain.validators.resize(2); };
    AccountId account{};
    {
        auto chain = setup(busy_behaviour(), 1);
        account = chain.validators[2].account;
    }
    const auto healthy = run_redundantly(20, 2, {}, idle);
    const auto flipped = run_redundantly(20, 2, {{replica, 9, account}}, idle);
    CAPTURE(flipped.result.error);
    REQUIRE(flipped.result.error.empty());
    CHECK(flipped.result.head_hash == healthy.result.head_hash);
    REQUIRE(flipped.warnings.size() == 1);
    // By its block, if another account of the bucket was touched, or else by its whole state.
    CHECK_THAT(flipped.warnings[0],
        Catch::StartsWith("block 14: replica " + std::to_string(replica) + " was wrong (its ") &&
            Catch::EndsWith("it was rebuilt from block 7 and the run goes on"));
    CHECK(flipped.result.world->check_invariants().empty());
}

TEST_CASE("redundancy: without a majority the run ends", "[actors][simulation][faults]")
{
    const auto broken = run_redundantly(20, 2, {{0, 9}, {1, 9, AccountId{5}}});
    CHECK(broken.result.error ==
          "block 9: two replicas and a third execution give three different results");
    CHECK(broken.result.error_is_bug);
    CHECK(broken.result.blocks < 9);
    for (const auto& block : broken.blocks)
        CHECK(block->header.number < 9);
}
