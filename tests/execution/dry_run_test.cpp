#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <memory>

using namespace runnel;
using namespace runnel::toy;

namespace
{
/// Moves a pool's price by so many ticks, and writes each tick on the way.
struct Cross
{
    RUNNEL_CALL("cross", 0, 10'000);
    std::uint64_t pool = 0;
    std::uint64_t ticks = 0;
    RUNNEL_FIELDS(pool, ticks);
};

/// A state machine that leaves its accesses to dry runs. Pool 0 has its ticks in a table that its
/// record guards, the others have them in a table without a guard.
class Pools : public ContractBase<Pools, Cross>
{
public:
    explicit Pools(ContractIdentity identity) : ContractBase{std::move(identity)}
    {
        ticks.set_guard(guard);
        for (RecordTable* table :
            {static_cast<RecordTable*>(&guard), static_cast<RecordTable*>(&ticks),
                static_cast<RecordTable*>(&prices), static_cast<RecordTable*>(&loose_ticks)})
            add_table(*table);
    }
    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "toy_pools",
            .help = "Crosses ticks.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }

    using ContractBase::execute;
    Result<Returns> execute(const Cross& call, CallContext& context)
    {
        auto& price = call.pool == 0 ? context.write(guard, 0) : context.write(prices, call.pool);
        auto& table = call.pool == 0 ? ticks : loose_ticks;
        for (std::uint64_t i = 0; i < call.ticks; ++i)
        {
            price.value = wrapping_add(price.value, 1);
            const auto key = call.pool << 32U | price.value.low64();
            ++context.write(table, key).writes;
        }
        return Returns{price.value};
    }

    Table<Counter> guard{"guard"};
    Table<Counter> ticks{"ticks", KeyOf::something_else};
    Table<Counter> prices{"prices"};
    Table<Counter> loose_ticks{"loose_ticks", KeyOf::something_else};
};

struct PoolsChain : ToyChain
{
    PoolsChain() : ToyChain{200}
    {
        const auto id = ContractId{static_cast<std::uint32_t>(world->contract_count())};
        const auto account = world->add_account({"pools", "dex", "", {}});
        pools = static_cast<Pools*>(
            &world->add_contract(std::make_unique<Pools>(ContractIdentity{id, account, "pools"})));
    }
    [[nodiscard]] std::vector<Transaction> crossings(std::uint64_t pool_count) const
    {
        std::vector<Transaction> transactions;
        for (std::size_t i = 0; i < wallets.size(); ++i)
        {
            CallWriter list;
            list.add(pools->id(), Cross{i % pool_count, 1 + i % 3});
            transactions.push_back(make(wallets[i], list));
        }
        return transactions;
    }
    Pools* pools = nullptr;
};
}  // namespace

TEST_CASE("dry run: finds what a contract does not declare", "[execution][plan]")
{
    PoolsChain chain;
    auto transactions = chain.crossings(2);
    BlockPlan plan;
    plan.build(*chain.world, transactions, true);
    // Of pool 0 the guard alone; of pool 1 its price and the two ticks on the way.
    const auto guarded = plan.accesses(0);
    REQUIRE(guarded.size() == 1);
    CHECK(guarded[0].table == chain.pools->guard.number());
    CHECK(guarded[0].mode == AccessMode::write);
    const auto loose = plan.accesses(1);
    REQUIRE(loose.size() == 3);
    CHECK(loose[0].table == chain.pools->prices.number());
    CHECK(loose[1].table == chain.pools->loose_ticks.number());
    CHECK(loose[1].key == (std::uint64_t{1} << 32U | 1U));
    CHECK(loose[2].key == (std::uint64_t{1} << 32U | 2U));
    // Nothing was written.
    CHECK(chain.pools->guard.keys().empty());
    CHECK(chain.pools->loose_ticks.keys().empty());
}

TEST_CASE("dry run: a guarded table needs no redoing", "[execution][executor]")
{
    // Later crossings touch ticks that nobody could know: under the guard they may.
    PoolsChain serial;
    PoolsChain parallel;
    const auto expected = serial.run(serial.crossings(1));
    const auto actual = parallel.run(parallel.crossings(1), 3);
    CHECK(actual.hash == expected.hash);
    CHECK(parallel.redone_blocks == 0);
    CHECK(parallel.execution.undeclared_touches() == 0);
    CHECK(serial.execution.undeclared_touches() == 0);
    CHECK(serial.pools->guard.get(0).value == parallel.pools->guard.get(0).value);
    CHECK(parallel.pools->ticks.keys() == serial.pools->ticks.keys());
    CHECK(parallel.world->checkpoint_root() == serial.world->checkpoint_root());
}

TEST_CASE("dry run: a guess that was wrong is redone", "[execution][executor]")
{
    // The second crossing of a pool writes ticks that the dry run on committed state did not see.
    PoolsChain serial;
    PoolsChain parallel;
    const auto expected = serial.run(serial.crossings(7));
    const auto actual = parallel.run(parallel.crossings(7), 3);
    CHECK(actual.hash == expected.hash);
    CHECK(parallel.redone_blocks == 1);
    CHECK(serial.execution.undeclared_touches() > 0);
    CHECK(parallel.world->checkpoint_root() == serial.world->checkpoint_root());
}
