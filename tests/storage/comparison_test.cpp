#include "storage/comparison.hpp"

#include "storage/ledger_reader.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <memory>

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
/// Two copies of one ledger in memory, with rows in every table.
struct Pair
{
    Pair()
    {
        for (auto* writer : {&a, &b})
        {
            BlockMaker maker{77};
            for (int i = 0; i < 6; ++i)
                writer->append(maker.make(20));
            writer->add_metric("elapsed_s", -1, writer == &a ? 1 : 2);
            writer->flush();
        }
    }

    [[nodiscard]] std::optional<LedgerDifference> compare()
    {
        return compare_ledgers(a.database(), b.database());
    }

    /// With rows in the tables of prices, names of reasons and starting balances too.
    static LedgerDescription whole_description()
    {
        static const auto start = []
        {
            auto world = std::make_unique<World>();
            world->account_states.at(index(world->add_account({"ann", "wallet", "", {}}))).balance =
                7;
            return world;
        }();
        auto result = description();
        result.prices = {{native_coin, 0, 300'000'000'000}};
        result.reasons = {{"aave_v3_pool", {"45", "HEALTH_FACTOR_NOT_BELOW_THRESHOLD"}}};
        result.start = start.get();
        return result;
    }

    LedgerWriter a = LedgerWriter::in_memory(manifest(), whole_description());
    LedgerWriter b = LedgerWriter::in_memory(manifest(), whole_description());
};

std::string key_of_last_row(Database& database, const TableInfo& table)
{
    std::string condition;
    std::string order;
    for (const auto& column : table.key)
    {
        auto row = database.prepare("SELECT quote(" + quoted_name(column) + ") FROM " +
                                    quoted_name(table.name) + condition + " ORDER BY " +
                                    quoted_name(column) + " DESC LIMIT 1");
        REQUIRE(row.step());
        condition += (condition.empty() ? " WHERE " : " AND ") + quoted_name(column) + " = " +
                     std::string{row.text(0)};
    }
    return condition;
}
}  // namespace

TEST_CASE("comparison: equal ledgers are equal, whatever the clock said", "[storage][comparison]")
{
    Pair pair;
    CHECK_FALSE(pair.compare().has_value());
}

// Method: in every table that is compared, each cell of one row is altered in turn: the row, its
// block and the column must be named. Then the row is deleted, then one is added.
TEST_CASE("comparison: no cell of no table is left out", "[storage][comparison]")
{
    Pair pair;
    auto& database = pair.b.database();
    for (const auto& table : pair.b.schema().tables())
    {
        if (table.kind == TableKind::metrics || table.kind == TableKind::checkpoint)
            continue;
        CAPTURE(table.name);
        const auto where = key_of_last_row(database, table);
        const bool of_blocks = table.kind == TableKind::block ||
                               table.kind == TableKind::directory || table.kind == TableKind::told;
        for (const auto& column : table.columns)
        {
            CAPTURE(column.name);
            const auto name = quoted_name(column.name);
            const bool is_key = std::count(table.key.begin(), table.key.end(), column.name) > 0;
            // A key grows, so that it stays unique; other values change their kind least.
            const auto altered = is_key && column.type == "TEXT" ? name + " || 'z'"
                                 : is_key                        ? name + " + 1000"
                                 : column.type == "INTEGER"      ? "coalesce(" + name + ", 0) + 1"
                                 : column.type == "BLOB" ? "CAST(" + name + " || x'00' AS BLOB)"
                                                         : "coalesce(" + name + ", '') || '0'";
            database.execute("SAVEPOINT test; UPDATE " + quoted_name(table.name) + " SET " + name +
                             " = " + altered + where);
            const auto difference = pair.compare();
            REQUIRE(difference.has_value());
            CHECK(difference->table == table.name);
            CHECK(difference->block.has_value() == of_blocks);
            const bool is_directory =
                table.kind == TableKind::directory;  // Its rows are of block 0.
            if (of_blocks)
                CHECK(*difference->block == (is_directory ? 0 : 5));
            // A row of a directory that moved to another block is missing in its own.
            if (is_key || (is_directory && column.name == "block_number"))
                CHECK((difference->a.has_value() && !difference->b.has_value()));
            else
                CHECK(difference->columns == column.name);
            database.execute("ROLLBACK TO test; RELEASE test");
        }

        database.execute("SAVEPOINT test; DELETE FROM " + quoted_name(table.name) + where);
        auto difference = pair.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->table == table.name);
        CHECK(difference->a.has_value());
        CHECK_FALSE(difference->b.has_value());
        database.execute("ROLLBACK TO test; RELEASE test");

        const auto& key = quoted_name(table.key.back());
        database.execute("SAVEPOINT test; CREATE TEMP TABLE copy AS SELECT * FROM " +
                         quoted_name(table.name) + where + "; UPDATE copy SET " + key + " = " +
                         key + " + 1000; INSERT INTO " + quoted_name(table.name) +
                         " SELECT * FROM copy");
        difference = pair.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->table == table.name);
        CHECK_FALSE(difference->a.has_value());
        CHECK(difference->b.has_value());
        database.execute("ROLLBACK TO test; RELEASE test");
    }
    CHECK_FALSE(pair.compare().has_value());
}

TEST_CASE("comparison: a value of another type differs", "[storage][comparison]")
{
    Pair pair;
    pair.b.database().execute(
        "UPDATE t_transactions SET input = CAST('' AS BLOB), hash = CAST(hash AS TEXT) "
        "WHERE block_number = 2 AND transaction_index = 7");
    const auto difference = pair.compare();
    REQUIRE(difference.has_value());
    CHECK(difference->block == 2);
    CHECK(difference->columns == "hash, input");
    CHECK_THAT(difference->to_string("the file", "execution"),
        Catch::StartsWith(
            "t_transactions, block 2, column hash, input: the file has block_number=2"));
}

TEST_CASE("comparison: the first block is named, not the first table", "[storage][comparison]")
{
    Pair pair;
    pair.b.database().execute(
        "UPDATE t_blocks SET gas_used = 1 WHERE number = 4; "
        "DELETE FROM t_rewards WHERE block_number = 3; "
        "UPDATE t_dex_trades SET taker_id = taker_id + 1 WHERE block_number = 2; "
        "UPDATE t_token_transfers SET value = '1' WHERE block_number = 3");
    const auto difference = pair.compare();
    REQUIRE(difference.has_value());
    CHECK(difference->table == "t_dex_trades");
    CHECK(difference->block == 2);
}

TEST_CASE("comparison: definitions are part of it", "[storage][comparison]")
{
    const std::pair<const char*, const char*> changes[] = {
        {"CREATE TABLE extra (a)", "extra"},
        {"DROP VIEW labels", "labels"},
        {"DROP VIEW labels; CREATE VIEW labels AS SELECT 1", "labels"},
        {"ALTER TABLE t_tokens ADD COLUMN extra", "t_tokens"},
        {"CREATE INDEX late ON t_blocks (hash)", "late"},
        {"CREATE TRIGGER sly AFTER DELETE ON t_blocks BEGIN DELETE FROM t_rewards; END", "sly"},
    };
    for (const auto& [sql, name] : changes)
    {
        Pair pair;
        CAPTURE(sql);
        pair.b.database().execute(sql);
        const auto difference = pair.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->table == name);
    }
}

TEST_CASE("comparison: of two runs, what made them and where they part", "[storage][comparison]")
{
    const TemporaryFile file_a;
    const TemporaryFile file_b;
    auto other = manifest();
    other.entries[0].second = "[scenario]\nname = \"test\"\nblocks = 6\n" + std::string(500, 'x');
    other.entries[1].second = "8";
    const auto write = [](const std::string& path, const Manifest& made)
    {
        auto writer = LedgerWriter::create(path, made, description());
        BlockMaker maker{3};
        for (int i = 0; i < 6; ++i)
            writer.append(maker.make(20));
        writer.finish();
    };
    write(file_a.path(), manifest());
    write(file_b.path(), other);
    auto a = Database::open(file_a.path(), Database::Access::read_only);
    auto b = Database::open(file_b.path(), Database::Access::read_write);
    const auto compare = [&] { return compare_runs(a, manifest(), b, other); };
    const auto same = compare();
    REQUIRE(same.manifest.size() == 2);
    CHECK(same.manifest[0].to_string("a.db", "b.db") ==
          "t_manifest, scenario, line 3: a.db has \"blocks = 5\"; b.db has \"blocks = 6\"");
    CHECK(same.manifest[1].to_string("a.db", "b.db") ==
          "t_manifest, seed: a.db has \"7\"; b.db has \"8\"");
    CHECK_FALSE(same.definition);
    CHECK_FALSE(same.start);
    CHECK_FALSE(same.row);
    CHECK_FALSE(same.empty());
    CHECK(compare_runs(a, manifest(), a, manifest()).empty());

    // Blocks of other runs have other hashes: that alone is no row to be shown.
    b.execute("UPDATE t_blocks SET hash = zeroblob(32), parent_hash = zeroblob(32)");
    CHECK_FALSE(compare().row);
    b.execute(
        "INSERT INTO t_rewards VALUES (5, 0, 1, '1'); CREATE TABLE more (x); "
        "UPDATE t_transactions SET nonce = 5 WHERE block_number = 3 AND transaction_index = 2");
    const auto parted = compare();
    REQUIRE(parted.definition);
    CHECK(parted.definition->table == "more");
    REQUIRE(parted.row);
    CHECK(parted.row->table == "t_transactions");
    CHECK(parted.row->block == 3);
    CHECK(parted.row->columns == "nonce");
    CHECK_THAT(*parted.row->b, Catch::StartsWith("block_number=3 transaction_index=2 nonce=5"));
    b.execute("UPDATE t_addresses SET name = 'somebody' WHERE id = 3");
    const auto begun = compare();
    REQUIRE(begun.start);
    CHECK(begun.start->table == "t_addresses");
    CHECK(begun.row->block == 3);
    b.execute("DROP TABLE t_transactions");
    const auto poorer = compare();
    REQUIRE(poorer.row);
    CHECK(poorer.row->table == "t_rewards");
}

TEST_CASE("comparison: a difference fits into a line", "[storage][comparison]")
{
    Pair pair;
    auto& database = pair.b.database();
    const auto fits = [&]
    {
        const auto difference = pair.compare();
        REQUIRE(difference.has_value());
        CHECK(difference->to_string("the file", "execution").size() < 1'000);
    };
    SECTION("a row with long values")
    {
        database.execute(
            "UPDATE t_transactions SET input = zeroblob(100000), revert_reason = "
            "hex(zeroblob(50000)), value = hex(zeroblob(50000)) WHERE block_number = 2");
        fits();
    }
    SECTION("a row that is missing")
    {
        database.execute("DELETE FROM t_transactions WHERE block_number = 2");
        fits();
    }
    SECTION("a name")
    {
        database.execute("CREATE TABLE \"" + std::string(100'000, 'n') + "\" (x)");
        fits();
    }
    SECTION("columns")
    {
        std::string columns = "c0";
        for (int i = 1; i < 1'000; ++i)
            columns += ", c" + std::to_string(i);
        database.execute("CREATE TABLE wide (" + columns + ")");
        fits();
    }
}
