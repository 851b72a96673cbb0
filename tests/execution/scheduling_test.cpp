#include "execution/cost_model.hpp"
#include "execution/executor.hpp"
#include "execution/mode_chooser.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <cmath>
#include <thread>

using namespace runnel;
using namespace runnel::toy;

TEST_CASE("cost model: learns what kinds of calls cost, and what their accesses add",
    "[ledger][cost_model]")
{
    const ToyWorld toy{1};
    CostModel model;
    model.bind(*toy.world);
    const auto cheap = calls(Read{1});
    const auto dear = calls(Add{1, 1}, Add{2, 1});
    RandomStream random{1, 2, 3, 4};
    const auto cost_of = [](bool is_dear, std::size_t accesses)
    { return (is_dear ? 4'000.0 : 300.0) + 50.0 * static_cast<double>(accesses); };
    for (int i = 0; i < 20'000; ++i)
    {
        const bool is_dear = random.bernoulli(0.5);
        const auto accesses = 1 + random.uniform_below(30);
        const auto noise = 0.8 + 0.4 * random.uniform_double();
        model.learn((is_dear ? dear : cheap).bytes(), accesses,
            static_cast<float>(cost_of(is_dear, accesses) * noise));
    }
    for (const std::size_t accesses : {2U, 10U, 30U})
    {
        CAPTURE(accesses);
        CHECK(
            std::abs(model.predict(cheap.bytes(), accesses) / cost_of(false, accesses) - 1) < 0.25);
        CHECK(std::abs(model.predict(dear.bytes(), accesses) / cost_of(true, accesses) - 1) < 0.25);
    }
    CHECK(model.relative_error() < 0.25F);
    CHECK(std::abs(model.mean() - 2'925) < 600);
}

TEST_CASE("cost model: one interruption does not spoil it, hostile calls do not crash it",
    "[ledger][cost_model]")
{
    const ToyWorld toy{1};
    CostModel model;
    model.bind(*toy.world);
    const auto list = calls(Add{1, 1});
    for (int i = 0; i < 2'000; ++i)
        model.learn(list.bytes(), 2, 1'000);
    model.learn(list.bytes(), 2, 50'000'000);
    CHECK(model.predict(list.bytes(), 2) < 2'000);

    const Bytes unknown{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0};
    CHECK(std::isfinite(model.predict(unknown, 0)));
    CHECK(std::isfinite(model.predict(ByteView{}, 1'000'000)));
    model.learn(unknown, 3, 10);
    model.learn(ByteView{list.bytes()}.first(3), 0, 0);
    CHECK(model.predict(list.bytes(), 2) > 0);
}

TEST_CASE("mode chooser: settles on the faster way and goes on trying the other",
    "[ledger][mode_chooser]")
{
    for (const double parallel_ratio : {0.55, 0.95, 1.2, 3.0})
    {
        CAPTURE(parallel_ratio);
        ModeChooser chooser;
        const ModeChooser::Block block{200, 200'000};
        constexpr std::size_t accesses = 2'000;
        int parallel = 0;
        constexpr int blocks = 2'000;
        for (int i = 0; i < blocks; ++i)
        {
            const bool chosen = chooser.prefers_parallel(block);
            parallel += chosen ? 1 : 0;
            chooser.note(
                block, chosen, 300.0 * accesses * (chosen ? parallel_ratio : 1.0), accesses);
        }
        if (parallel_ratio < 1)
            CHECK(parallel > blocks * 97 / 100);
        else
            CHECK(parallel < blocks * 3 / 100);
        CHECK(parallel > 1);
        CHECK(parallel < blocks);
        // The machine changes its mood.
        parallel = 0;
        for (int i = 0; i < blocks; ++i)
        {
            const bool chosen = chooser.prefers_parallel(block);
            parallel += chosen ? 1 : 0;
            chooser.note(
                block, chosen, 300.0 * accesses * (chosen ? 1 / parallel_ratio : 1.0), accesses);
        }
        CHECK((parallel > blocks / 10) == (parallel_ratio > 1));
    }
}

TEST_CASE(
    "mode chooser: predictions that follow the chosen way do not bias it", "[ledger][mode_chooser]")
{
    // Cores that are far from each other: records move, so transactions cost more where helpers
    // are, predictions learn that, and the block takes longer than it would serially.
    ModeChooser chooser;
    double predicted = 200'000;
    int parallel = 0;
    constexpr int blocks = 2'000;
    for (int i = 0; i < blocks; ++i)
    {
        const ModeChooser::Block block{200, predicted};
        const bool chosen = chooser.prefers_parallel(block);
        parallel += chosen ? 1 : 0;
        chooser.note(block, chosen, chosen ? 230'000 : 200'000, 2'000);
        predicted += ((chosen ? 250'000 : 200'000) - predicted) / 4;
    }
    CHECK(parallel < blocks * 3 / 100);
}

TEST_CASE("gate: a helper gets in for the open epoch only", "[ledger][executor]")
{
    ToyChain chain{50};
    ExecutionGate gate;
    BlockContext context;
    context.number = 1;
    context.base_fee = 10;
    ExecutionOptions options;
    options.mode = ExecutionMode::parallel;
    gate.assist(1, 1);  // Nothing is open: returns at once.
    gate.execution.begin(*chain.world, context, RandomBlocks{3, 20}.next(chain, 400), options, 3);
    gate.open(7);
    gate.assist(6, 1);
    std::thread helper{[&] { gate.assist(7, 1); }};
    std::thread other{[&] { gate.assist(7, 2); }};
    gate.execution.plan();
    CHECK(gate.execution.is_parallel());
    if (!gate.execution.run())
        gate.execution.redo();
    gate.close();
    gate.assist(7, 1);
    helper.join();
    other.join();
    gate.execution.apply(0, {});
    CHECK(gate.execution.seal({}, {}).receipts.size() == 400);
}

TEST_CASE("executor: a block that is called off lets its helpers go", "[ledger][executor]")
{
    ToyChain chain{50};
    ExecutionGate gate;
    ExecutionOptions options;
    options.mode = ExecutionMode::parallel;
    gate.execution.begin(*chain.world, {}, RandomBlocks{3, 20}.next(chain, 100), options, 2);
    gate.open(1);
    std::thread helper{[&] { gate.assist(1, 1); }};
    gate.execution.plan();
    gate.execution.cancel();
    gate.close();
    helper.join();
    SUCCEED("nobody waits");
}

TEST_CASE("executor: small blocks and chains call nobody, whatever the number of workers",
    "[ledger][executor]")
{
    ToyChain chain{300};
    BlockExecution execution;
    RandomBlocks blocks{1, 1'000};
    execution.begin(*chain.world, {}, blocks.next(chain, 5), {}, 4);
    CHECK_FALSE(execution.wants_help());
    execution.plan();
    CHECK_FALSE(execution.is_parallel());
    execution.begin(*chain.world, {}, blocks.next(chain, 5'000), {}, 4);
    CHECK(execution.wants_help());
    execution.begin(*chain.world, {}, blocks.next(chain, 5'000), {}, 1);
    CHECK_FALSE(execution.wants_help());

    std::vector<Transaction> transactions;
    for (const auto wallet : chain.wallets)
        transactions.push_back(chain.make(wallet, calls(Add{1, 1})));
    execution.begin(*chain.world, {}, std::move(transactions), {}, 4);
    CHECK(execution.wants_help());
    execution.plan();
    CHECK_FALSE(execution.is_parallel());
}
