#include "storage/chain_comparison.hpp"

#include "storage/dropped_rows.hpp"
#include "storage/truth_rows.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
constexpr int blocks = 6;
constexpr std::uint32_t transactions = 60;  // More rows than are taken at a time.

/// A ledger with rows in every table, and the chain that it was written from.
struct Ledger
{
    Ledger()
    {
        BlockMaker maker{77};
        for (int i = 0; i < blocks; ++i)
            chain.push_back(maker.make(transactions));
        for (const auto& block : chain)
            writer.append(block);
        writer.flush();
    }

    void execute(const std::string& sql) { writer.database().execute(sql); }

    [[nodiscard]] std::optional<LedgerDifference> compare()
    {
        ChainComparison comparison{writer.database(), description()};
        for (const auto& block : chain)
        {
            if (auto difference = comparison.next(*block))
                return difference;
        }
        return comparison.finish();
    }

    LedgerWriter writer = LedgerWriter::in_memory(manifest(), description());
    std::vector<std::shared_ptr<const FinishedBlock>> chain;
};

/// A condition that names a table's last row.
std::string last_row(const TableInfo& table)
{
    return " WHERE rowid = (SELECT max(rowid) FROM " + quoted_name(table.name) + ")";
}
}  // namespace

TEST_CASE("chain comparison: a ledger is the chain it was written from", "[storage][comparison]")
{
    Ledger ledger;
    CHECK_FALSE(ledger.compare().has_value());
    ledger.writer.build_indexes();
    CHECK_FALSE(ledger.compare().has_value());
}

// Method: in every block table each cell of one row is altered in turn: the row, its block and the
// column must be named. Then the row is deleted, then one is added.
TEST_CASE("chain comparison: no cell of no table is left out", "[storage][comparison]")
{
    const auto tables = Ledger{}.writer.schema().tables();
    std::size_t cells = 0;
    for (const auto& table : tables)
    {
        if (table.kind != TableKind::block)
            continue;
        CAPTURE(table.name);
        for (const auto& column : table.columns)
        {
            CAPTURE(column.name);
            Ledger ledger;
            // Of that row: the last block may have no reward.
            const auto last_block = ledger.writer.database().query_integer(
                "SELECT max(" + quoted_name(table.key.front()) + ") FROM " +
                quoted_name(table.name));
            const auto name = quoted_name(column.name);
            const bool is_key = std::count(table.key.begin(), table.key.end(), column.name) > 0;
            const auto altered = is_key                     ? name + " + 1000"
                                 : column.type == "INTEGER" ? "coalesce(" + name + ", 0) + 1"
                                 : column.type == "BLOB"    ? "CAST(" + name + " || x'00' AS BLOB)"
                                                            : "coalesce(" + name + ", '') || '0'";
            ledger.execute("UPDATE " + quoted_name(table.name) + " SET " + name + " = " + altered +
                           last_row(table));
            const auto difference = ledger.compare();
            REQUIRE(difference.has_value());
            CHECK(difference->table == table.name);
            CHECK(difference->block == last_block);
            if (is_key)
                CHECK((!difference->a.has_value() && difference->b.has_value()));
            else
                CHECK(difference->columns == column.name);
            ++cells;
        }

        Ledger shorter;
        shorter.execute("DELETE FROM " + quoted_name(table.name) + last_row(table));
        auto difference = shorter.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->table == table.name);
        CHECK_FALSE(difference->a.has_value());
        CHECK(difference->b.has_value());

        Ledger longer;
        const auto key = quoted_name(table.key.back());
        longer.execute("CREATE TEMP TABLE copy AS SELECT * FROM " + quoted_name(table.name) +
                       last_row(table) + "; UPDATE copy SET " + key + " = " + key +
                       " + 1000; INSERT INTO " + quoted_name(table.name) + " SELECT * FROM copy");
        difference = longer.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->table == table.name);
        CHECK(difference->a.has_value());
        CHECK_FALSE(difference->b.has_value());
    }
    CHECK(cells > 50);
}

TEST_CASE("chain comparison: what is only told is not compared", "[storage][comparison]")
{
    Ledger ledger;
    REQUIRE(
        ledger.writer.database().query_integer("SELECT count(*) FROM t_dropped_transactions") == 6);
    REQUIRE(ledger.writer.database().query_integer("SELECT count(*) FROM t_truth_transactions") ==
            blocks * transactions);
    ledger.execute("DELETE FROM t_dropped_transactions; DELETE FROM t_truth_transactions");
    CHECK_FALSE(ledger.compare().has_value());
}

// Method: each cell of one row is altered, a row is deleted, the last one is: each is found by the
// digests, and the block is named.
TEST_CASE("dropped rows: what was altered later is found", "[storage][comparison]")
{
    Ledger ledger;
    auto& database = ledger.writer.database();
    const auto last = last_dropped_digest(database);
    const auto check = [&](const std::string& sql)
    {
        database.execute("SAVEPOINT test; " + sql);
        auto wrong = check_dropped_rows(database, blocks - 1, last);
        database.execute("ROLLBACK TO test; RELEASE test");
        return wrong;
    };
    REQUIRE(check("SELECT 1").empty());
    CHECK(last != Hash{});
    const std::string row = " WHERE rowid = 2";
    for (const auto& column : ledger.writer.schema().table("t_dropped_transactions").columns)
    {
        CAPTURE(column.name);
        const auto altered = column.type == "BLOB"   ? "zeroblob(32)"
                             : column.type == "TEXT" ? "reason || 'x'"
                                                     : column.name + " + 1";
        CHECK_THAT(
            check("UPDATE t_dropped_transactions SET " + column.name + " = " + altered + row),
            Catch::StartsWith("t_dropped_transactions, block "));
    }
    CHECK_THAT(
        check("DELETE FROM t_dropped_transactions" + row), Catch::Contains("as it was written"));
    CHECK_THAT(check("DELETE FROM t_dropped_transactions WHERE rowid = (SELECT max(rowid) FROM "
                     "t_dropped_transactions)"),
        Catch::Contains("the last rows"));
    CHECK_THAT(check("DELETE FROM t_dropped_transactions"), Catch::Contains("the last rows"));
    CHECK_THAT(check("UPDATE t_dropped_transactions SET block_number = 6 WHERE rowid = 6"),
        Catch::Contains("no such block"));
}

// Method: as above; and blocks are taken away at the end.
TEST_CASE("truth rows: what was altered later is found", "[storage][comparison]")
{
    Ledger ledger;
    auto& database = ledger.writer.database();
    const auto last = last_truth_digest(database);
    const auto check = [&](const std::string& sql, const std::optional<Hash>& expected)
    {
        database.execute("SAVEPOINT test; " + sql);
        auto wrong = check_truth_rows(database, expected);
        database.execute("ROLLBACK TO test; RELEASE test");
        return wrong;
    };
    REQUIRE(check("SELECT 1", last).empty());
    REQUIRE(check("SELECT 1", std::nullopt).empty());
    CHECK(last != Hash{});
    for (const std::string row :
        {" WHERE rowid = 2", " WHERE rowid = 3"})  // With and without a theft.
    {
        for (const auto& column : ledger.writer.schema().table("t_truth_transactions").columns)
        {
            CAPTURE(column.name, row);
            const auto altered =
                column.name == "purpose" ? "'phishing'" : "coalesce(" + column.name + " + 1, 1)";
            CHECK_THAT(
                check("UPDATE t_truth_transactions SET " + column.name + " = " + altered + row,
                    std::nullopt),
                Catch::StartsWith("t_truth_"));
        }
    }
    const std::string first = " WHERE rowid = 2";
    CHECK_THAT(check("DELETE FROM t_truth_transactions" + first, std::nullopt),
        Catch::Equals(
            "t_truth_transactions, block 0: a row is not as it was written, or one before "
            "it is missing"));
    CHECK_THAT(check("UPDATE t_truth_blocks SET digest = zeroblob(32)" + first, std::nullopt),
        Catch::Contains("as it was written"));
    const std::string last_block = " WHERE block_number = 5";
    CHECK_THAT(check("DELETE FROM t_truth_blocks" + last_block, std::nullopt),
        Catch::Contains("no digest"));
    const auto cut = "DELETE FROM t_truth_blocks" + last_block +
                     "; DELETE FROM t_truth_transactions" + last_block;
    CHECK_THAT(check(cut, last), Catch::Contains("the run was complete"));
    CHECK_THAT(check(cut, std::nullopt), Catch::Contains("does not end where"));
}

TEST_CASE(
    "chain comparison: the first block is named, not the first table", "[storage][comparison]")
{
    Ledger ledger;
    ledger.execute(
        "UPDATE t_blocks SET gas_used = 1 WHERE number = 4; "
        "DELETE FROM t_rewards WHERE block_number = 3; "
        "UPDATE t_dex_trades SET taker_id = taker_id + 1 WHERE block_number = 2; "
        "UPDATE t_token_transfers SET value = '1' WHERE block_number = 3");
    const auto difference = ledger.compare();
    REQUIRE(difference.has_value());
    CHECK(difference->table == "t_dex_trades");
    CHECK(difference->block == 2);
}

TEST_CASE("chain comparison: a row of no block is found", "[storage][comparison]")
{
    for (const auto* number :
        {"-3", "2", "2.5", "3.999", "99", "'x'", "x'00'", "9223372036854775807"})
    {
        CAPTURE(number);
        Ledger ledger;
        ledger.execute(std::string{"INSERT INTO t_rewards VALUES ("} + number + ", 0, 1, '5')");
        const auto difference = ledger.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->table == "t_rewards");
        CHECK(difference->a.has_value());
        CHECK_FALSE(difference->b.has_value());
    }
}

TEST_CASE("chain comparison: a row in another place is found", "[storage][comparison]")
{
    Ledger ledger;
    ledger.execute(
        "UPDATE t_transactions SET rowid = rowid + 1000 WHERE rowid = (SELECT min(rowid) FROM "
        "t_transactions)");
    const auto difference = ledger.compare();
    REQUIRE(difference.has_value());
    CHECK(difference->table == "t_transactions");
    CHECK(difference->block == 0);
}
