#include "storage/database.hpp"
#include "tests/support/catch.hpp"

using namespace runnel;
using namespace runnel::storage;

TEST_CASE("Foreign SQL: one SELECT and nothing else", "[storage][sql]")
{
    auto ledger = Database::in_memory();
    ledger.execute(
        "CREATE TABLE t_blocks (number); INSERT INTO t_blocks VALUES (0), (1), (2); CREATE "
        "TABLE t_rewards (amount)");
    for (const auto* sql :
        {"INSERT INTO t_rewards VALUES ('1')", "DELETE FROM t_blocks", "ATTACH ':memory:' AS o",
            "PRAGMA user_version = 1", "PRAGMA table_info(t_blocks)", "CREATE TEMP TABLE x (y)",
            "SELECT 1; DELETE FROM t_blocks", "SELECT 1; SELECT 2", "BEGIN", "VACUUM", "",
            "  -- nothing", ";", "WITH x AS (SELECT 1) DELETE FROM t_blocks", "SELEC"})
    {
        CAPTURE(sql);
        CHECK_THROWS_AS(ledger.prepare_select(sql), StorageError);
    }
    CHECK(ledger.query_integer("SELECT count(*) FROM t_blocks") == 3);
    auto row = ledger.prepare_select(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 4) SELECT "
        "sum(x) + (SELECT count(*) FROM t_blocks) + :more FROM n; -- done");
    REQUIRE(row.parameter_count() == 1);
    CHECK(row.parameter_name(1) == ":more");
    row.bind(1, Value{std::int64_t{5}});
    REQUIRE(row.step());
    CHECK(row.integer(0) == 18);
    // It is refused to strangers only.
    ledger.execute("DELETE FROM t_rewards");
}
