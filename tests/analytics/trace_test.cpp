#include "analytics/tracing/trace.hpp"

#include "tests/analytics/ledger_builder.hpp"
#include "tests/support/catch.hpp"

using namespace runnel;
using namespace runnel::analytics;
using namespace runnel::analytics::fixture;
using namespace runnel::analytics::tracing;

namespace
{
Amount loot_at(const Trace& trace, Place place)
{
    Amount sum;
    for (const auto& stake : trace.stakes)
    {
        if (stake.place == place)
            sum = wrapping_add(sum, total_units(stake.units));
    }
    return sum;
}

bool sums_to_loot(const Trace& trace)
{
    Units taken;
    for (std::uint32_t i = 0; i < trace.kinds.size(); ++i)
        add_units(taken, {{i, trace.kinds[i].taken}});
    return sum_of_stakes(trace.stakes) == taken;
}
}  // namespace

TEST_CASE("a ledger is traced forward, backward and from a transaction", "[tracing]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::all));
    six_blocks().write_to(writer);
    LedgerQueries source{writer.database()};
    TraceRequest request;

    SECTION("forward: ann gets 2 WETH and swaps one of them")
    {
        request.sources = {ann};
        request.policy = GENERATE(PolicyKind::haircut, PolicyKind::fifo, PolicyKind::provenance);
        const auto trace = make_trace(source, request);
        REQUIRE(trace.kinds.size() == 1);
        CHECK(trace.kinds[0].token == weth);
        CHECK(trace.kinds[0].taken == ether(2));
        CHECK(loot_at(trace, {ann, weth}) == ether(1));
        CHECK(loot_at(trace, {ann, usdc}) == ether(1));
        CHECK(sums_to_loot(trace));
        REQUIRE(trace.hops.size() == 1);
        CHECK(trace.hops[0].from == Place{ann, weth});
        CHECK(trace.hops[0].to == Place{ann, usdc});
        CHECK(trace.hops[0].through == pair_account);
        CHECK(trace.hops[0].first_block == 2);
    }
    SECTION("backward: what ann has in the end was all paid for in USDC")
    {
        request.sources = {ann};
        request.direction = Direction::backward;
        const auto trace = make_trace(source, request);
        REQUIRE(trace.kinds.size() == 2);
        CHECK(loot_at(trace, {ann, usdc}) == wrapping_add(ether(1), dollars(195)));
        CHECK(sums_to_loot(trace));
    }
    SECTION("a liquidation brings its sender the collateral")
    {
        auto row = source.query(
            "SELECT hash FROM t_transactions WHERE block_number = 3 AND transaction_index = 1");
        REQUIRE(row.step());
        request.transaction = row.hash(0);
        const auto trace = make_trace(source, request);
        REQUIRE(trace.kinds.size() == 1);
        CHECK(trace.kinds[0].token == weth);
        CHECK(loot_at(trace, {dan, weth}) == trace.kinds[0].taken);
        CHECK(trace.roots == std::vector{Place{dan, weth}});
        CHECK(sums_to_loot(trace));
    }
    SECTION("there is no such transaction")
    {
        request.transaction = Hash{};
        CHECK_THROWS_AS(make_trace(source, request), std::invalid_argument);
    }
}

TEST_CASE("rows that no chain has are found", "[tracing]")
{
    auto writer = storage::LedgerWriter::in_memory(manifest("test", 5), description(Parts::all));
    six_blocks().write_to(writer);
    const std::string damage = GENERATE("UPDATE t_token_transfers SET value = 'x' WHERE rowid = 4",
        "UPDATE t_token_transfers SET to_id = 4000000 WHERE rowid = 4",
        "UPDATE t_token_transfers SET contract_id = 77 WHERE rowid = 4",
        "UPDATE t_token_transfers SET block_number = 5 WHERE rowid = 4",
        "UPDATE t_transactions SET from_id = 4000000 WHERE block_number = 3");
    writer.database().execute(damage);
    LedgerQueries source{writer.database()};
    TraceRequest request;
    request.sources = {ann};
    CHECK_THROWS_AS(make_trace(source, request), storage::StorageError);
}
