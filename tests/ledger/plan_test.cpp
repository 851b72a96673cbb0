#include "ledger/plan.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace runnel;
using namespace runnel::toy;

namespace
{
using Object = std::pair<std::uint32_t, std::uint64_t>;  // Table number, key.

/// The graph by its definition, quadratic and without any cleverness.
struct Reference
{
    explicit Reference(BlockPlan& plan) : size{plan.size()}
    {
        std::set<Object> objects;
        for (std::uint32_t i = 0; i < size; ++i)
        {
            touched.emplace_back();
            for (const auto& access : plan.accesses(i))
            {
                const Object object{access.table->number(), access.key};
                objects.insert(object);
                touched.back()[object] = access.mode;
            }
            predecessors.emplace_back();
            for (const auto& [object, mode] : touched.back())
                add_predecessors(i, object, mode);
        }
        object_count = objects.size();
        // The longest chain over all conflicts, not only over the edges kept.
        std::vector<std::uint32_t> depth(size, 1);
        for (std::uint32_t i = 0; i < size; ++i)
        {
            for (std::uint32_t j = 0; j < i; ++j)
            {
                if (conflict(j, i))
                    depth[i] = std::max(depth[i], depth[j] + 1);
            }
            critical_path = std::max(critical_path, depth[i]);
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
    std::vector<std::set<std::uint32_t>> predecessors;
    std::size_t object_count = 0;
    std::uint32_t critical_path = 0;

private:
    /// The last writer before, and for a write the readers since; the writer only if there are
    /// none.
    void add_predecessors(std::uint32_t i, const Object& object, AccessMode mode)
    {
        for (std::uint32_t j = i; j-- > 0;)
        {
            const auto other = touched[j].find(object);
            if (other == touched[j].end())
                continue;
            const bool writes = other->second == AccessMode::write;
            if (writes && (mode == AccessMode::read || !read_since_[{i, object}]))
                predecessors[i].insert(j);
            if (writes)
                return;
            if (mode == AccessMode::write)
            {
                predecessors[i].insert(j);
                read_since_[{i, object}] = true;
            }
        }
    }
    std::map<std::pair<std::uint32_t, Object>, bool> read_since_;
};

void require_equal(const BlockPlan& plan, const Reference& reference)
{
    REQUIRE(plan.size() == reference.size);
    REQUIRE(plan.object_count() == reference.object_count);
    REQUIRE(plan.critical_path() == reference.critical_path);
    std::vector<std::set<std::uint32_t>> predecessors(reference.size);
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        const auto successors = plan.successors(i);
        REQUIRE(std::is_sorted(successors.begin(), successors.end()));
        for (const auto successor : successors)
        {
            REQUIRE(successor > i);
            REQUIRE(predecessors.at(successor).insert(i).second);
        }
    }
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        CAPTURE(i);
        REQUIRE(predecessors[i] == reference.predecessors[i]);
        REQUIRE(plan.predecessor_count(i) == predecessors[i].size());
    }
}

/// Two transactions that conflict must be ordered by a path of edges.
void require_ordered(const BlockPlan& plan, const Reference& reference)
{
    std::vector<std::vector<bool>> before(plan.size(), std::vector<bool>(plan.size()));
    for (std::uint32_t i = 0; i < plan.size(); ++i)
    {
        for (const auto successor : plan.successors(i))
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
    CHECK(plan.critical_path() == 0);
    CHECK(plan.object_count() == 0);
    CHECK(plan.all_accesses().empty());
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
        CHECK(plan.critical_path() == 1);
    }
    SECTION("writers")
    {
        for (int i = 0; i < 20; ++i)
            add(calls(Add{1, 1}));
        plan.build(*chain.world, transactions, false);
        CHECK(plan.critical_path() == 20);
        CHECK(plan.predecessor_count(19) == 1);
    }
    SECTION("a writer, readers, a writer")
    {
        add(calls(Add{1, 1}));
        for (int i = 0; i < 18; ++i)
            add(calls(Read{1}));
        add(calls(Add{1, 1}));
        plan.build(*chain.world, transactions, false);
        CHECK(plan.critical_path() == 3);
        CHECK(plan.successors(0).size() == 18);
        CHECK(plan.predecessor_count(19) == 18);
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
        CHECK(plan.critical_path() == 5);
        plan.build(*chain.world, transactions, true);
        CHECK(plan.critical_path() == 1);
    }
}

TEST_CASE("plan: planning writes nothing", "[ledger][plan]")
{
    const ToyWorld toy{30};
    const auto root = toy.world->full_state_root();
    const auto transactions = RandomBlocks{5, 10}.next(toy, 200);
    BlockPlan plan;
    plan.build(*toy.world, transactions, false);
    CHECK(toy.world->full_state_root() == root);
    CHECK(toy.counters->counters.find(0) == nullptr);
}
