#include "execution/plan.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

using namespace runnel;
using namespace runnel::toy;

namespace
{
using Object = std::pair<std::uint32_t, std::uint64_t>;  // Table number, key.

/// The graph by its definition, quadratic and without any cleverness.
struct Reference
{
    explicit Reference(const BlockPlan& plan) : size{plan.size()}
    {
        std::map<Object, bool> only_added_to;
        for (std::uint32_t i = 0; i < size; ++i)
        {
            touched.emplace_back();
            for (const auto& access : plan.accesses(i))
            {
                const Object object{access.table, access.key};
                REQUIRE(access.transaction == i);
                REQUIRE(touched.back().emplace(object, access.mode).second);
                auto& only = only_added_to.try_emplace(object, true).first->second;
                only = only && access.mode == AccessMode::add;
            }
        }
        // Additions are in nobody's way unless somebody wants to know the sum.
        for (auto& objects : touched)
        {
            for (auto& [object, mode] : objects)
            {
                if (mode == AccessMode::add && !only_added_to[object])
                    mode = AccessMode::write;
            }
        }
        for (std::uint32_t i = 0; i < size; ++i)
        {
            predecessors.emplace_back();
            for (const auto& [object, mode] : touched[i])
                add_predecessors(i, object, mode);
        }
        // The costliest chain over all conflicts, not only over the edges kept.
        std::vector<std::uint64_t> end(size, 0);
        for (std::uint32_t i = 0; i < size; ++i)
        {
            for (std::uint32_t j = 0; j < i; ++j)
            {
                if (conflict(j, i))
                    end[i] = std::max(end[i], end[j]);
            }
            end[i] += plan.cost(i);
            critical_cost = std::max(critical_cost, end[i]);
            total_cost += plan.cost(i);
        }
    }

    [[nodiscard]] bool conflict(std::uint32_t a, std::uint32_t b) const
    {
        return std::any_of(touched[a].begin(), touched[a].end(),
            [&](const auto& entry)
            {
                const auto other = touched[b].find(entry.first);
                return other != touched[b].end() &&
                       (entry.second == AccessMode::write || other->second == AccessMode::write);
            });
    }

    std::size_t size;
    std::vector<std::map<Object, AccessMode>> touched;
    std::vector<std::multiset<std::uint32_t>> predecessors;  // Once per object.
    std::uint64_t critical_cost = 0;
    std::uint64_t total_cost = 0;

private:
    /// The last writer before, and for a write the readers since; the writer only if there are
    /// none.
    void add_predecessors(std::uint32_t i, const Object& object, AccessMode mode)
    {
        if (mode == AccessMode::add)
            return;
        bool read_since = false;
        for (std::uint32_t j = i; j-- > 0;)
        {
            const auto other = touched[j].find(object);
            if (other == touched[j].end())
                continue;
            const bool writes = other->second == AccessMode::write;
            if (writes && (mode == AccessMode::read || !read_since))
                predecessors[i].insert(j);
            if (writes)
                return;
            if (mode == AccessMode::write)
            {
                predecessors[i].insert(j);
                read_since = true;
            }
        }
    }
};

void require_equal(const BlockPlan& plan, const Reference& reference)
{
    REQUIRE(plan.size() == reference.size);
    REQUIRE(plan.critical_cost() == reference.critical_cost);
    REQUIRE(plan.total_cost() == reference.total_cost);
    std::vector<std::multiset<std::uint32_t>> predecessors(reference.size);
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        plan.for_each_successor(i,
            [&](std::uint32_t successor)
            {
                REQUIRE(successor > i);
                predecessors.at(successor).insert(i);
            });
    }
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        CAPTURE(i);
        REQUIRE(predecessors[i] == reference.predecessors[i]);
        REQUIRE(plan.predecessor_count(i) == predecessors[i].size());
    }
}

/// Transactions on the longest chain.
std::uint32_t depth(const BlockPlan& plan)
{
    std::vector<std::uint32_t> depths(plan.size(), 1);
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        plan.for_each_successor(
            i, [&](std::uint32_t j) { depths[j] = std::max(depths[j], depths[i] + 1); });
    }
    return plan.size() == 0 ? 0 : *std::max_element(depths.begin(), depths.end());
}

std::vector<std::uint32_t> successors(const BlockPlan& plan, std::uint32_t transaction)
{
    std::vector<std::uint32_t> result;
    plan.for_each_successor(transaction, [&](std::uint32_t i) { result.push_back(i); });
    return result;
}

/// Two transactions that conflict must be ordered by a path of edges.
void require_ordered(const BlockPlan& plan, const Reference& reference)
{
    std::vector<std::vector<bool>> before(plan.size(), std::vector<bool>(plan.size()));
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        for (const auto successor : successors(plan, i))
        {
            before[successor][i] = true;
            for (std::uint32_t j = 0; j < i; ++j)
            {
                if (before[i][j])
                    before[successor][j] = true;
            }
        }
    }
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        for (std::uint32_t j = 0; j < i; ++j)
        {
            if (reference.conflict(j, i))
                REQUIRE(before[i][j]);
        }
    }
}
}  // namespace

TEST_CASE("plan: the graph equals its definition by pairs", "[ledger][plan][property]")
{
    BlockPlan plan;
    for (std::uint64_t seed = 0; seed < 60; ++seed)
    {
        const auto objects = std::array<std::uint64_t, 4>{1, 4, 30, 1'000}[seed % 4];
        const auto wallets = std::array<std::uint32_t, 3>{1, 8, 300}[seed % 3];
        const ToyWorld toy{wallets};
        const auto size = std::array<std::size_t, 5>{1, 2, 17, 60, 140}[seed % 5];
        CAPTURE(seed, objects, wallets, size);
        const auto transactions = RandomBlocks{seed, objects}.next(toy, size);
        // The same plan object again: what an earlier block left in it must not show.
        plan.build(*toy.world, transactions, seed % 7 == 0);
        const Reference reference{plan};
        require_equal(plan, reference);
        require_ordered(plan, reference);
    }
}

TEST_CASE("plan: an empty block has no path", "[ledger][plan]")
{
    const ToyWorld toy{1};
    BlockPlan plan;
    plan.build(*toy.world, RandomBlocks{1, 2}.next(toy, 9), false);
    plan.build(*toy.world, {}, false);
    CHECK(plan.size() == 0);
    CHECK(plan.critical_cost() == 0);
    CHECK(plan.total_cost() == 0);
    CHECK(plan.access_count() == 0);
}

TEST_CASE("plan: readers run side by side, writers one after another", "[ledger][plan]")
{
    ToyChain chain{20};
    std::vector<Transaction> transactions;
    const auto add = [&](const CallWriter& list)
    {
        auto transaction = chain.make(chain.wallets[transactions.size()], list);
        transactions.push_back(std::move(transaction));
    };
    BlockPlan plan;
    SECTION("readers")
    {
        for (int i = 0; i < 20; ++i)
            add(calls(Read{1}));
        plan.build(*chain.world, transactions, false);
        CHECK(depth(plan) == 1);
    }
    SECTION("writers")
    {
        for (int i = 0; i < 20; ++i)
            add(calls(Add{1, 1}));
        plan.build(*chain.world, transactions, false);
        CHECK(depth(plan) == 20);
        CHECK(plan.predecessor_count(19) == 1);
    }
    SECTION("a writer, readers, a writer")
    {
        add(calls(Add{1, 1}));
        for (int i = 0; i < 18; ++i)
            add(calls(Read{1}));
        add(calls(Add{1, 1}));
        plan.build(*chain.world, transactions, false);
        CHECK(depth(plan) == 3);
        CHECK(successors(plan, 0).size() == 18);
        CHECK(plan.predecessor_count(19) == 18);
    }
    SECTION("additions, and nobody who wants to know the sum")
    {
        for (int i = 0; i < 20; ++i)
            add(calls(Touch{1, Mode::credit, Mode::credit}));
        plan.build(*chain.world, transactions, false);
        CHECK(depth(plan) == 1);
    }
    SECTION("additions, a reader, additions")
    {
        for (int i = 0; i < 19; ++i)
            add(i == 9 ? calls(Read{1}) : calls(Touch{1, Mode::credit, Mode::credit}));
        plan.build(*chain.world, transactions, false);
        CHECK(depth(plan) == 19);
        for (std::uint32_t i = 0; i < 18; ++i)
            CHECK(successors(plan, i) == std::vector{i + 1});
    }
    SECTION("one sender's transactions depend on each other by its nonce, unless gas is free")
    {
        for (std::uint64_t i = 0; i < 5; ++i)
        {
            auto transaction = chain.make(chain.wallets[0], calls(Add{i, 1}));
            transaction.nonce = i;
            transactions.push_back(std::move(transaction));
        }
        plan.build(*chain.world, transactions, false);
        CHECK(depth(plan) == 5);
        plan.build(*chain.world, transactions, true);
        CHECK(depth(plan) == 1);
    }
}

TEST_CASE("plan: any number of workers makes the same graph", "[ledger][plan]")
{
    const ToyWorld toy{60};
    const auto transactions = RandomBlocks{8, 40}.next(toy, 900);
    CostModel costs;
    costs.bind(*toy.world);
    BlockPlan alone;
    alone.build(*toy.world, transactions, false);
    const auto workers = GENERATE(2U, 3U, 11U);
    const auto for_all = [workers](const auto& step)
    {
        std::vector<std::thread> threads;
        for (unsigned worker = 0; worker < workers; ++worker)
            threads.emplace_back([&step, worker] { step(worker); });
        for (auto& thread : threads)
            thread.join();
    };
    BlockPlan together;
    for (int round = 0; round < 3; ++round)
    {
        together.begin(*toy.world, transactions, {}, costs, workers);
        for_all([&together](unsigned worker) { together.declare(worker); });
        REQUIRE(together.declared());
        together.gather();
        // The first transactions beforehand, or all at once.
        REQUIRE(together.begin_connecting(round == 0 ? 0.5 : 0.0));
        for_all([&together](unsigned) { together.connect(); });
        REQUIRE(together.connected());
        CHECK(together.finish_connecting());
        REQUIRE(together.access_count() == alone.access_count());
        CHECK(together.touched() == alone.touched());
        CHECK(together.critical_cost() <= alone.critical_cost());
        for (std::uint32_t i = 0; i < alone.size(); ++i)
        {
            REQUIRE(together.predecessor_count(i) == alone.predecessor_count(i));
            REQUIRE(successors(together, i) == successors(alone, i));
        }
    }
}

/// Plans @p transactions for two workers, of which one does all; whether they reach @p parallelism.
bool connects(BlockPlan& plan, const World& world, const std::vector<Transaction>& transactions,
    double parallelism)
{
    CostModel costs;
    costs.bind(world);
    plan.begin(world, transactions, {}, costs, 2);
    plan.declare(0);
    plan.gather();
    if (!plan.begin_connecting(parallelism))
        return false;
    plan.connect();
    return plan.finish_connecting();
}

TEST_CASE("plan: a block that is a chain is given up early", "[ledger][plan]")
{
    ToyChain chain{400};
    std::vector<Transaction> transactions;
    for (const auto wallet : chain.wallets)
        transactions.push_back(chain.make(wallet, calls(Add{1, 1})));
    BlockPlan plan;
    CHECK_FALSE(connects(plan, *chain.world, transactions, 1.1));
    CHECK_FALSE(plan.connected());
    // Only the beginning was looked at.
    CHECK(plan.critical_cost() * 2 < plan.total_cost());
    CHECK(plan.critical_cost() > 0);
    // Too few for a beginning: the whole block is looked at.
    transactions.resize(90);
    CHECK_FALSE(connects(plan, *chain.world, transactions, 1.1));
    CHECK(plan.connected());
    CHECK(plan.critical_cost() == plan.total_cost());
}

TEST_CASE("plan: a chain after a promising beginning is given up in the end", "[ledger][plan]")
{
    ToyChain chain{1'000};
    std::vector<Transaction> transactions;
    for (std::size_t i = 0; i < chain.wallets.size(); ++i)
    {
        const std::uint64_t counter = i >= 100 || i % 2 == 0 ? 1 : 2;
        transactions.push_back(chain.make(chain.wallets[i], calls(Add{counter, 1})));
    }
    BlockPlan plan;
    CHECK_FALSE(connects(plan, *chain.world, transactions, 1.1));
    CHECK(plan.connected());
    CHECK(connects(plan, *chain.world, transactions, 1.01));
}

TEST_CASE("plan: additions to an account that spends form a chain", "[ledger][plan]")
{
    // Found out late: each payment to it stands alone until it spends what it got.
    ToyChain chain{400};
    const auto hub = chain.wallets.front();
    std::vector<Transaction> transactions;
    for (std::size_t i = 1; i < chain.wallets.size(); ++i)
    {
        transactions.push_back(chain.make(chain.wallets[i], calls(Pay{hub, 7})));
        transactions.push_back(chain.make(hub, calls(Pay{chain.wallets[i], 3})));
    }
    BlockPlan plan;
    CHECK_FALSE(connects(plan, *chain.world, transactions, 1.1));
    CHECK(connects(plan, *chain.world, transactions, 0.9));
    CHECK(plan.critical_cost() == plan.total_cost());

    // Many hubs: no figure of the whole block is needed.
    transactions.clear();
    for (std::size_t i = 0; i + 1 < chain.wallets.size(); i += 2)
    {
        transactions.push_back(chain.make(chain.wallets[i], calls(Pay{chain.wallets[i + 1], 7})));
        transactions.push_back(chain.make(chain.wallets[i + 1], calls(Pay{chain.wallets[i], 3})));
    }
    CHECK(connects(plan, *chain.world, transactions, 1.1));
    const auto bound = plan.critical_cost();
    plan.build(*chain.world, transactions, false);
    CHECK(bound <= plan.critical_cost());
}

TEST_CASE("plan: planning writes nothing", "[ledger][plan]")
{
    const ToyWorld toy{30};
    const auto root = toy.world->checkpoint_root();
    const auto transactions = RandomBlocks{5, 10}.next(toy, 200);
    BlockPlan plan;
    plan.build(*toy.world, transactions, false);
    CHECK(toy.world->checkpoint_root() == root);
    CHECK(toy.counters->counters.find(0) == nullptr);
}
