#include "execution/executor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/death.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <thread>

// Threads and the ledger, nothing else: meant to run under ThreadSanitizer too.

using namespace runnel;
using namespace runnel::toy;

namespace
{
void require_equal(const FinishedBlock& a, const FinishedBlock& b)
{
    REQUIRE(a.receipts.size() == b.receipts.size());
    for (std::size_t i = 0; i < a.receipts.size(); ++i)
    {
        CAPTURE(i);
        const auto& x = a.receipts[i];
        const auto& y = b.receipts[i];
        REQUIRE(x.status == y.status);
        REQUIRE(x.gas_used == y.gas_used);
        REQUIRE(x.effective_gas_price == y.effective_gas_price);
        REQUIRE(x.first_event == y.first_event);
        REQUIRE(x.event_count == y.event_count);
        REQUIRE(x.refusal.kind == y.refusal.kind);
        REQUIRE(x.refusal.to_string() == y.refusal.to_string());
        REQUIRE(a.transactions[i].hash == b.transactions[i].hash);
    }
    REQUIRE(a.events.size() == b.events.size());
    for (std::size_t i = 0; i < a.events.size(); ++i)
    {
        REQUIRE(a.events[i].type == b.events[i].type);
        REQUIRE(a.events[i].contract == b.events[i].contract);
        REQUIRE(a.events[i].transaction == b.events[i].transaction);
        REQUIRE(a.events[i].offset == b.events[i].offset);
        REQUIRE(a.events[i].size == b.events[i].size);
    }
    REQUIRE(a.event_bytes == b.event_bytes);
    REQUIRE(a.header.gas_used == b.header.gas_used);
    REQUIRE(a.header.transactions_root == b.header.transactions_root);
    REQUIRE(a.header.receipts_root == b.header.receipts_root);
    REQUIRE(a.header.state_root == b.header.state_root);
    REQUIRE(a.hash == b.hash);
}

void require_equal(const BlockUndo& a, const BlockUndo& b)
{
    REQUIRE(a.old_values == b.old_values);
    REQUIRE(a.entries.size() == b.entries.size());
    for (std::size_t i = 0; i < a.entries.size(); ++i)
    {
        REQUIRE(a.entries[i].table->number() == b.entries[i].table->number());
        REQUIRE(a.entries[i].key == b.entries[i].key);
    }
}

/// The same random blocks on two chains, one serial, one parallel; both must agree in everything.
struct Twins
{
    explicit Twins(std::uint32_t wallets)
      : serial{wallets, Amount{40'000'000'000U / wallets}},
        parallel{wallets, Amount{40'000'000'000U / wallets}}
    {
        parallel.counters->jitter = true;
    }
    void run(std::vector<Transaction> transactions, unsigned workers, unsigned absent = 0)
    {
        ExecutionOptions options;
        options.keep_returns = true;
        const auto expected = serial.run(transactions, 0, {{serial.proposer, 5}}, options);
        options.forget_share = forget_share;
        const auto actual = parallel.run(
            std::move(transactions), workers, {{parallel.proposer, 5}}, options, absent);
        require_equal(actual, expected);
        require_equal(parallel.undo.back(), serial.undo.back());
        const auto& returns = serial.execution.returns();
        for (std::size_t i = 0; i < returns.size(); ++i)
        {
            REQUIRE(parallel.execution.returns()[i].count == returns[i].count);
            REQUIRE(parallel.execution.returns()[i].values == returns[i].values);
        }
        succeeded +=
            static_cast<std::size_t>(std::count_if(actual.receipts.begin(), actual.receipts.end(),
                [](const Receipt& receipt) { return receipt.status == ReceiptStatus::succeeded; }));
        total += actual.receipts.size();
    }

    ToyChain serial;
    ToyChain parallel;
    double forget_share = 0;  // Of the parallel chain's declared accesses.
    std::size_t succeeded = 0;
    std::size_t total = 0;
};
}  // namespace

TEST_CASE("executor: workers produce what a single one does", "[ledger][executor][property]")
{
    struct Level
    {
        std::uint64_t objects;
        std::uint32_t wallets;
    };
    const auto level = GENERATE(Level{1, 3}, Level{6, 40}, Level{100, 400}, Level{20'000, 3'000});
    constexpr std::array<std::size_t, 8> sizes{1, 2, 3, 30, 64, 150, 500, 2'000};
    Twins twins{level.wallets};
    for (std::uint64_t seed = 0; seed < 3; ++seed)
    {
        RandomBlocks blocks{seed, level.objects};
        for (std::size_t i = 0; i < sizes.size(); ++i)
        {
            const auto workers = static_cast<unsigned>(1 + (i + 3 * seed) % 8);
            CAPTURE(level.objects, level.wallets, seed, sizes[i], workers);
            twins.run(blocks.next(twins.serial, sizes[i]), workers);
        }
    }
    CHECK(twins.parallel.world->checkpoint_root() == twins.serial.world->checkpoint_root());
    CHECK(twins.parallel.world->check_invariants().empty());
    // The blocks are worth comparing: many succeed, many fail.
    CHECK(twins.succeeded * 10 > twins.total * 2);
    CHECK(twins.succeeded * 10 < twins.total * 9);
}

TEST_CASE("executor: many small blocks in a row leave nothing behind in its buffers",
    "[ledger][executor][property]")
{
    Twins twins{12};
    RandomBlocks blocks{99, 5};
    RandomStream random{99, 7, 0, 0};
    for (int i = 0; i < 150; ++i)
    {
        CAPTURE(i);
        const auto workers = static_cast<unsigned>(1 + random.uniform_below(4));
        twins.run(blocks.next(twins.serial, random.uniform_below(25)), workers);
    }
    CHECK(twins.parallel.world->checkpoint_root() == twins.serial.world->checkpoint_root());
}

TEST_CASE("executor: what was declared decides nothing", "[ledger][executor][property]")
{
    const auto forget_share = GENERATE(0.01, 0.3, 1.0);
    Twins twins{60};
    twins.forget_share = forget_share;
    RandomBlocks blocks{11, 30};
    for (const std::size_t size : {1U, 2U, 30U, 200U, 500U, 200U})
    {
        CAPTURE(forget_share, size);
        twins.run(blocks.next(twins.serial, size), 3);
    }
    CHECK(twins.parallel.redone_blocks > 0);
    CHECK(twins.serial.redone_blocks == 0);
    CHECK(twins.parallel.world->checkpoint_root() == twins.serial.world->checkpoint_root());
}

TEST_CASE("executor: a block that must be redone is undone first", "[ledger][executor]")
{
    const auto workers = GENERATE(2U, 4U);
    ToyChain chain{300};
    chain.run(RandomBlocks{5, 40}.next(chain, 300));
    const auto before = chain.world->recompute_checkpoint_root();
    std::vector<Transaction> transactions;
    for (std::size_t i = 0; i < 300; ++i)
    {
        const auto wallet = chain.wallets[i];
        // The last but some touches what it did not declare, after most others have run.
        transactions.push_back(i == 280
                                   ? chain.make(wallet, calls(Touch{7, Mode::none, Mode::write}))
                                   : chain.make(wallet, calls(Add{i, 3}, Move{wallet, 0})));
    }
    BlockContext context;
    context.number = 2;
    context.base_fee = 10;
    context.gas_limit = 30'000'000;
    context.proposer = chain.proposer;
    ExecutionOptions options;
    options.mode = ExecutionMode::parallel;
    auto& execution = chain.execution;
    execution.begin(*chain.world, context, std::move(transactions), options, workers);
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < workers; ++i)
        threads.emplace_back([&execution, i] { execution.assist(i); });
    execution.plan();
    REQUIRE_FALSE(execution.run());
    for (auto& thread : threads)
        thread.join();
    CHECK(chain.world->recompute_checkpoint_root() == before);
    execution.redo();
    execution.apply(0, {});
    const auto block = execution.seal(chain.head, chain.head_hash);
    CHECK(block.receipts[280].status == ReceiptStatus::succeeded);
    CHECK(chain.counters->counters.get(7).value == 77);
}

TEST_CASE("executor: announced workers may stay away", "[ledger][executor]")
{
    Twins twins{50};
    RandomBlocks blocks{4, 20};
    for (const unsigned absent : {0U, 1U, 3U, 6U, 7U})
    {
        CAPTURE(absent);
        twins.run(blocks.next(twins.serial, 300), 8, absent);
    }
}

TEST_CASE("executor: a worker that comes late finds the block done", "[ledger][executor]")
{
    ToyChain chain{50};
    BlockContext context;
    context.number = 1;
    context.base_fee = 10;
    auto& execution = chain.execution;
    ExecutionOptions options;
    options.mode = ExecutionMode::parallel;
    execution.begin(*chain.world, context, RandomBlocks{1, 9}.next(chain, 100), options, 3);
    execution.plan();
    if (!execution.run())
        execution.redo();
    std::thread late{[&] { execution.assist(2); }};
    late.join();
    execution.apply(0, {});
    CHECK(execution.seal({}, {}).receipts.size() == 100);
}

TEST_CASE("executor: transactions that declare no common object may swap in time, not in effect",
    "[ledger][executor]")
{
    // One long chain of conflicts beside many independent transactions.
    Twins twins{600};
    std::vector<Transaction> transactions;
    for (std::size_t i = 0; i < 600; ++i)
    {
        const auto object = i % 3 == 0 ? std::uint64_t{0} : i;
        transactions.push_back(
            twins.serial.make(twins.serial.wallets[i], calls(Add{object, i}, Read{object})));
    }
    twins.run(std::move(transactions), 4);
    CHECK(twins.succeeded == 600);
    CHECK(twins.parallel.counters->counters.get(0).writes == 200);
}

TEST_CASE("executor: a contract that throws aborts instead of hanging the other workers",
    "[ledger][executor]")
{
    const auto death = die(
        []
        {
            ToyChain chain{4};
            chain.counters->throws_on = 3;
            std::vector<Transaction> transactions;
            for (const auto wallet : chain.wallets)
                transactions.push_back(chain.make(wallet, calls(Add{3, 1})));
            // As actors do: an exception ends who threw it, and the others wait for its share.
            const auto guarded = [](auto body)
            {
                try
                {
                    body();
                }
                catch (const std::exception&)
                {}
            };
            ExecutionOptions options;
            options.mode = ExecutionMode::parallel;
            chain.execution.begin(*chain.world, {}, std::move(transactions), options, 2);
            std::thread other{[&] { guarded([&] { chain.execution.assist(1); }); }};
            guarded(
                [&]
                {
                    chain.execution.plan();
                    (void)chain.execution.run();
                });
            other.join();
        });
    CHECK(death.aborted);
    CHECK_THAT(death.last_words, Catch::StartsWith("runnel: bug: block 0, transaction ") &&
                                     Catch::Contains("): a contract threw: toy\n"));
    CHECK(std::count(death.last_words.begin(), death.last_words.end(), '\n') == 1);
}
