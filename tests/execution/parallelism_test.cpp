#include "execution/parallelism.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>

using namespace runnel;

namespace
{
constexpr ContractId pool_a{5};
constexpr ContractId pool_b{9};

Touch read(std::uint32_t object, ContractId contract = pool_a)
{
    return {object, contract, AccessMode::read};
}
Touch count(std::uint32_t object, ContractId contract = pool_a)
{
    return {object, contract, AccessMode::add};
}
Touch write(std::uint32_t object, ContractId contract = pool_a)
{
    return {object, contract, AccessMode::write};
}

BlockWork work_of(const std::vector<std::pair<std::uint64_t, std::vector<Touch>>>& transactions)
{
    BlockWork work;
    for (const auto& [cost, touches] : transactions)
        work.add(cost, touches);
    return work;
}

/// The costliest chain by definition: over all pairs that conflict, optionally in one contract.
std::uint64_t longest_chain(const std::vector<std::uint64_t>& costs,
    const std::vector<std::vector<Touch>>& touches, std::optional<ContractId> contract)
{
    const auto conflict = [&](const auto& a, const auto& b)
    {
        for (const auto& x : a)
        {
            for (const auto& y : b)
            {
                if (x.object == y.object && (!contract || x.contract == *contract) &&
                    (x.mode == AccessMode::write || x.mode != y.mode))
                    return true;
            }
        }
        return false;
    };
    std::vector<std::uint64_t> finish(costs.size());
    std::uint64_t longest = 0;
    for (std::size_t i = 0; i < costs.size(); ++i)
    {
        const bool counts =
            !contract || std::any_of(touches[i].begin(), touches[i].end(),
                             [&](const auto& t) { return t.contract == *contract; });
        if (!counts)
            continue;
        for (std::size_t k = 0; k < i; ++k)
        {
            if (conflict(touches[k], touches[i]))
                finish[i] = std::max(finish[i], finish[k]);
        }
        finish[i] += costs[i];
        longest = std::max(longest, finish[i]);
    }
    return longest;
}
}  // namespace

TEST_CASE("parallelism: independent transactions spread over all workers", "[ledger][parallelism]")
{
    BlockWork work;
    for (std::uint32_t i = 0; i < 64; ++i)
        work.add(10, std::vector{write(i)});
    CHECK(work.total() == 640);
    CHECK(work.critical_path() == 10);
    CHECK(work.parallelism() == 64);
    CHECK(work.makespan(1) == 640);
    CHECK(work.makespan(2) == 320);
    CHECK(work.makespan(3) == 220);
    CHECK(work.makespan(32) == 20);
    CHECK(work.makespan(64) == 10);
    CHECK(work.makespan(100) == 10);
}

TEST_CASE("parallelism: one hot object makes a block serial", "[ledger][parallelism]")
{
    const auto work = work_of({{5, {write(0)}}, {6, {write(0)}}, {7, {write(0)}}});
    CHECK(work.critical_path() == 18);
    CHECK(work.parallelism() == 1);
    CHECK(work.makespan(64) == 18);
    REQUIRE(work.chains().size() == 1);
    CHECK(work.chains()[0].contract == pool_a);
    CHECK(work.chains()[0].longest == 18);
    CHECK(work.chains()[0].work == 18);
}

TEST_CASE(
    "parallelism: readers do not wait for each other, nor do additions", "[ledger][parallelism]")
{
    // write 10 | read 20, read 30 | add 5, add 6 | write 1
    const auto work = work_of({{10, {write(0)}}, {20, {read(0)}}, {30, {read(0)}}, {5, {count(0)}},
        {6, {count(0)}}, {1, {write(0)}}});
    CHECK(work.total() == 72);
    CHECK(work.critical_path() == 10 + 30 + 6 + 1);
    CHECK(work.makespan(2) == 47);
    CHECK(work.chains()[0].longest == 47);
}

TEST_CASE("parallelism: a diamond by hand", "[ledger][parallelism]")
{
    // 0 writes both, 1 and 2 one each, 3 reads both; 4 is alone and long.
    const auto work = work_of({{3, {write(0), write(1, pool_b)}}, {8, {write(0)}},
        {4, {write(1, pool_b)}}, {2, {read(0), read(1, pool_b)}}, {9, {write(2, pool_b)}}});
    CHECK(work.total() == 26);
    CHECK(work.critical_path() == 3 + 8 + 2);
    // Two workers in block order: 0 [0,3], 4 [0,9], 1 [3,11], 2 [9,13], 3 [13,15].
    CHECK(work.makespan(2, ScheduleOrder::block) == 15);
    CHECK(work.makespan(3) == 13);
    const auto chains = work.chains();
    REQUIRE(chains.size() == 2);
    CHECK(chains[0].longest == 3 + 8 + 2);
    CHECK(chains[0].work == 13);
    CHECK(chains[1].longest == 9);  // 3 + 4 + 2 is as long as the one that is alone.
    CHECK(chains[1].work == 3 + 4 + 2 + 9);
}

TEST_CASE(
    "parallelism: the critical path first can beat the order of the block", "[ledger][parallelism]")
{
    // Four short ones, then a chain of three long ones.
    const auto work = work_of({{5, {write(1)}}, {5, {write(2)}}, {5, {write(3)}}, {5, {write(4)}},
        {10, {write(0)}}, {10, {write(0)}}, {10, {write(0)}}});
    CHECK(work.makespan(2, ScheduleOrder::block) == 40);
    CHECK(work.makespan(2, ScheduleOrder::critical_path) == 30);
}

TEST_CASE("parallelism: planning delays, and less when it is streamed", "[ledger][parallelism]")
{
    BlockWork work;
    for (std::uint32_t i = 0; i < 10; ++i)
        work.add(10, std::vector{write(i)});
    CHECK(work.makespan(1, ScheduleOrder::block, {20, false}) == 120);
    CHECK(work.makespan(2, ScheduleOrder::block, {20, false}) == 70);
    // The second worker starts after 2; the planner joins at 20: 12, 22, ... and 30, 40, ...
    CHECK(work.makespan(2, ScheduleOrder::block, {20, true}) == 62);
    CHECK(work.makespan(64, ScheduleOrder::block, {20, false}) == 30);
    CHECK(work.makespan(64, ScheduleOrder::block, {20, true}) == 30);
    CHECK(work.makespan(64, ScheduleOrder::block, {}) == 10);
}

TEST_CASE("parallelism: chains and schedules keep their laws", "[ledger][parallelism][property]")
{
    const std::uint64_t seed = GENERATE(range<std::uint64_t>(1, 25));
    RandomStream random{seed, 3, 0, 0};
    const auto count_of = 1 + random.uniform_below(120);
    const auto objects = 1 + random.uniform_below(60);
    std::vector<std::uint64_t> costs;
    std::vector<std::vector<Touch>> touches;
    BlockWork work;
    for (std::uint64_t i = 0; i < count_of; ++i)
    {
        costs.push_back(random.uniform_below(1'000));
        auto& list = touches.emplace_back();
        for (auto left = 1 + random.uniform_below(4); left > 0; --left)
        {
            const auto object = static_cast<std::uint32_t>(random.uniform_below(objects));
            if (std::any_of(list.begin(), list.end(),
                    [&](const auto& touch) { return touch.object == object; }))
                continue;
            list.push_back(
                {object, ContractId{object % 3}, static_cast<AccessMode>(random.uniform_below(3))});
        }
        work.add(costs.back(), list);
    }
    CHECK(work.critical_path() == longest_chain(costs, touches, std::nullopt));
    for (const auto& chain : work.chains())
    {
        CHECK(chain.longest == longest_chain(costs, touches, chain.contract));
        CHECK(chain.longest <= work.critical_path());
        CHECK(chain.longest <= chain.work);
        CHECK(chain.work <= work.total());
    }
    for (const auto order : {ScheduleOrder::block, ScheduleOrder::critical_path})
    {
        for (const auto& planning :
            {PlanningCost{}, PlanningCost{5'000, false}, PlanningCost{5'000, true}})
        {
            auto before = planning.ns + work.total();
            CHECK(work.makespan(1, order, planning) == before);
            for (unsigned workers = 2; workers <= 64; workers *= 2)
            {
                const auto span = work.makespan(workers, order, planning);
                CHECK(span <= before);
                CHECK(span >= work.critical_path());
                CHECK(span * workers >= planning.ns + work.total());
                CHECK(span >= planning.ns);
                CHECK(span == work.makespan(workers, order, planning));
                if (planning.streamed)
                    CHECK(span <= work.makespan(workers, order, {5'000, false}) + 5'000);
                before = span;
            }
            // A greedy schedule is at most twice the best one.
            CHECK(before <= planning.ns + work.total() / 64 + work.critical_path());
        }
    }
}

TEST_CASE("parallelism: totals over blocks", "[ledger][parallelism]")
{
    ParallelismTotals totals;
    CHECK(totals.parallelism() == 1);
    CHECK(totals.speed_up(6) == 1);
    CHECK(totals.serialised().empty());
    // One block that is serial through a pool, one that is not.
    totals.add(work_of({{10, {write(0)}}, {10, {write(0)}}}));
    totals.add(work_of(
        {{10, {write(0, pool_b)}}, {10, {write(1, pool_b)}}, {10, {write(2)}}, {10, {write(3)}}}));
    CHECK(totals.blocks() == 2);
    CHECK(totals.transactions() == 6);
    CHECK(totals.total() == 60);
    CHECK(totals.parallelism() == 2);
    CHECK(totals.speed_up(0) == 1);
    CHECK(totals.speed_up(1) == Approx(60.0 / 40));
    CHECK(totals.speed_up(2) == 2);
    CHECK(totals.speed_up(6) == 2);
    CHECK(totals.serialised().at(pool_a) == Approx(0.5));
    CHECK(totals.serialised().at(pool_b) == Approx(10.0 / 60));

    // A plan that costs more than it saves is not made.
    ParallelismTotals dear;
    dear.add(work_of({{10, {write(0)}}, {10, {write(1)}}}), {100, false});
    CHECK(dear.speed_up(6) == 1);
}

TEST_CASE(
    "parallelism: a planned block has the graph that its accesses make", "[ledger][parallelism]")
{
    using namespace runnel::toy;
    ToyChain chain{50, Amount{1'000'000'000}};
    const auto alice = chain.wallets[0];
    std::vector<Transaction> transactions;
    transactions.push_back(chain.make(alice, calls(Add{1, 1})));
    transactions.push_back(chain.make(chain.wallets[1], calls(Add{1, 1})));
    transactions.push_back(chain.make(chain.wallets[2], calls(Add{2, 1})));
    transactions.push_back(chain.make(chain.wallets[3], calls(Add{1, 1})));
    BlockPlan plan;
    plan.build(*chain.world, transactions, false);
    const std::vector<std::uint32_t> costs{100, 10, 60, 5};
    const BlockWork work{*chain.world, plan, costs};
    CHECK(work.size() == 4);
    CHECK(work.total() == 175);
    CHECK(work.critical_path() == 115);
    CHECK(work.makespan(2) == 115);
    const auto chains = work.chains();
    REQUIRE(chains.size() == 2);  // The coin, by the senders' accounts, and the counters.
    CHECK(chains[0].contract == coin_id);
    CHECK(chains[0].longest == 100);
    CHECK(chains[1].contract == counters_id);
    CHECK(chains[1].longest == 115);
}
