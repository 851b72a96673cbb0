#include "execution/execution_threads.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

using namespace runnel;
using namespace runnel::toy;

TEST_CASE("execution threads: any number of workers gives one chain", "[ledger][executor]")
{
    const auto workers = GENERATE(1U, 2U, 4U);
    const auto mode = GENERATE(ExecutionMode::automatic, ExecutionMode::parallel);
    CAPTURE(workers, static_cast<int>(mode));
    ToyChain expected{40};
    ToyWorld other{40};
    other.counters->jitter = true;
    ExecutionThreads threads{workers};
    RandomBlocks blocks{21, 12};
    BlockHeader head;
    Hash head_hash;
    for (const std::size_t size : {0U, 1U, 300U, 7U, 800U, 2U, 500U})
    {
        auto transactions = blocks.next(expected, size);
        BlockContext context;
        context.number = head.number + 1;
        context.timestamp = 1'000 + 12 * context.number;
        context.base_fee = expected.base_fee;
        context.gas_limit = 30'000'000;
        context.proposer = other.proposer;
        ExecutionOptions options;
        options.mode = mode;
        const auto block = threads.execute(
            *other.world, context, head, head_hash, head.number, transactions, {}, options);
        const auto right = expected.run(std::move(transactions));
        REQUIRE(block.hash == right.hash);
        head = block.header;
        head_hash = block.hash;
    }
    CHECK(other.world->checkpoint_root() == expected.world->checkpoint_root());
}
