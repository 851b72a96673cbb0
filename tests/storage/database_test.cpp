#include "storage/database.hpp"

#include "storage/ledger_reader.hpp"
#include "tests/storage/ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <sqlite3.h>

#include <fstream>
#include <functional>
#include <iterator>

using namespace runnel;
using namespace runnel::storage;
using namespace runnel::storage::fixture;

namespace
{
std::string read_file(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const std::string& path, std::string_view bytes)
{
    std::ofstream{path, std::ios::binary}.write(
        bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void expect_error(const std::string& path, StorageErrorKind kind, const std::string& text)
{
    try
    {
        (void)LedgerReader::open(path);
        FAIL("no error");
    }
    catch (const StorageError& error)
    {
        CHECK(error.kind() == kind);
        CHECK_THAT(error.what(), Catch::StartsWith(path) && Catch::Contains(text));
    }
}

/// Changes a file as any SQLite client can, past all of our checks.
void tamper(const std::string& path, const std::string& sql)
{
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    char* message = nullptr;
    const auto code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
    UNSCOPED_INFO((message == nullptr ? "" : message));
    sqlite3_free(message);
    sqlite3_close(database);
    REQUIRE(code == SQLITE_OK);
}

/// Reads all there is to read.
void read_everything(const std::string& path)
{
    auto reader = LedgerReader::open(path);
    (void)reader.manifest();
    (void)reader.accounts();
    reader.check_description(description());
    const auto last = reader.last_block();
    for (std::uint64_t i = 0; last && i <= *last; ++i)
        (void)reader.block(i);
    auto names = reader.query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')");
    while (names.step())
    {
        auto rows = reader.query("SELECT * FROM " + quoted_name(names.text(0)));
        while (rows.step())
        {
            for (int i = 0; i < rows.column_count(); ++i)
                (void)rows.value(i);
        }
    }
}
}  // namespace

TEST_CASE("database: what is not a ledger is recognised", "[storage][database]")
{
    const TemporaryFile file;
    expect_error(file.path(), StorageErrorKind::io, "no such file");
    write_file(file.path(), "");
    expect_error(file.path(), StorageErrorKind::not_a_ledger, "not a SQLite database");
    write_file(file.path(), std::string(5'000, 'x'));
    expect_error(file.path(), StorageErrorKind::not_a_ledger, "not a SQLite database");
    write_file(file.path(), "");
    tamper(file.path(), "CREATE TABLE t_blocks (number)");
    expect_error(file.path(), StorageErrorKind::not_a_ledger, "not a Runnel ledger");
    expect_error("/", StorageErrorKind::not_a_ledger, "not a file");
}

TEST_CASE("database: a journal without anything to put back goes", "[storage][database]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 2);
    const auto journal = file.path() + "-journal";
    std::ofstream{journal}.close();
    CHECK(LedgerReader::open(file.path()).last_block() == 1U);
    CHECK_FALSE(std::filesystem::exists(journal));
}

TEST_CASE("database: another schema version is named", "[storage][database]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 2);
    tamper(file.path(), "PRAGMA user_version = 999");
    expect_error(file.path(), StorageErrorKind::wrong_version,
        "schema version 999, this program reads version " + std::to_string(schema_version));
}

TEST_CASE("database: a truncated file is recognised", "[storage][database]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 20);
    const auto bytes = read_file(file.path());
    for (const auto size : {std::size_t{4'096}, bytes.size() / 2, bytes.size() - 1})
    {
        write_file(file.path(), std::string_view{bytes}.substr(0, size));
        expect_error(file.path(), StorageErrorKind::corrupt, "truncated");
    }
    write_file(file.path(), std::string_view{bytes}.substr(0, 99));
    expect_error(file.path(), StorageErrorKind::not_a_ledger, "not a SQLite database");
}

TEST_CASE("database: a ledger without write permission can be read", "[storage][database]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 3);
    std::filesystem::permissions(file.path(), std::filesystem::perms::owner_read);
    CHECK(LedgerReader::open(file.path()).block_count() == 3);
    std::filesystem::permissions(file.path(), std::filesystem::perms::owner_all);
}

TEST_CASE("database: rows of a wrong kind are errors, not crashes", "[storage][database]")
{
    const TemporaryFile pristine;
    write_ledger(pristine.path(), 4, 6);
    const auto bytes = read_file(pristine.path());
    const char* changes[] = {
        "UPDATE t_blocks SET hash = 'text' WHERE number = 2",
        "UPDATE t_blocks SET parent_hash = x'0102' WHERE number = 2",
        "UPDATE t_blocks SET proposer_id = -1 WHERE number = 2",
        "UPDATE t_blocks SET proposer_id = 4294967296 WHERE number = 2",
        "UPDATE t_blocks SET proposer_id = 12 WHERE number = 2",
        "UPDATE t_blocks SET gas_used = 1.5 WHERE number = 2",
        "UPDATE t_blocks SET transaction_count = 1000 WHERE number = 2",
        "DELETE FROM t_blocks WHERE number = 2",
        "UPDATE t_blocks SET number = 9223372036854775807 WHERE number = 5",
        "UPDATE t_transactions SET block_number = 'x' WHERE block_number = 2",
        "UPDATE t_transactions SET block_number = -2 WHERE block_number = 2",
        "UPDATE t_transactions SET block_number = 9223372036854775807 WHERE block_number = 2",
        "UPDATE t_transactions SET rowid = 9223372036854775807 WHERE block_number = 5 AND "
        "transaction_index = 0",
        "UPDATE t_transactions SET rowid = -rowid",
        "UPDATE t_transactions SET from_id = 12 WHERE transaction_index = 0",
        "UPDATE t_transactions SET from_id = 'x' WHERE transaction_index = 0",
        "UPDATE t_transactions SET input = 5 WHERE transaction_index = 0",
        "UPDATE t_transactions SET hash = zeroblob(31) WHERE transaction_index = 0",
        "UPDATE t_transactions SET nonce = 1e300 WHERE transaction_index = 0",
        "DELETE FROM t_transactions WHERE transaction_index = 0",
        "UPDATE t_witnesses SET transaction_index = 99 WHERE transaction_index = 1",
        "UPDATE t_witnesses SET transaction_index = 1",
        "UPDATE t_witnesses SET content = x'0003ffff' WHERE transaction_index = 1",
        "UPDATE t_witnesses SET content = x'' WHERE transaction_index = 1",
        "UPDATE t_rewards SET reward_index = 7 WHERE reward_index = 0",
        "UPDATE t_rewards SET account_id = 99",
        "UPDATE t_rewards SET amount = '-1'",
        ("UPDATE t_rewards SET amount = '1157920892373161954235709850086879"
         "07853269984665640564039457584007913129639936'"),
        "UPDATE t_addresses SET address = '0x12' WHERE id = 3",
        "UPDATE t_addresses SET name = NULL WHERE 0; DELETE FROM t_addresses WHERE id = 3",
        "UPDATE t_manifest SET key = 'seed'",
        "UPDATE t_manifest SET value = x'00'",
        "DROP TABLE t_rewards",
        "DROP TABLE t_rewards; CREATE VIEW t_rewards AS SELECT 1 AS block_number",
        "ALTER TABLE t_transactions ADD COLUMN extra",
        "UPDATE t_contracts SET kind = 'other' WHERE id = 2",
    };
    for (const auto* change : changes)
    {
        CAPTURE(change);
        const TemporaryFile file;
        write_file(file.path(), bytes);
        read_everything(file.path());
        tamper(file.path(), change);
        CHECK_THROWS_AS(read_everything(file.path()), StorageError);
    }
}

// Method: flip random bits of a ledger and read all of it; whatever comes out, it is a value or a
// StorageError. The sanitizers watch.
TEST_CASE("database: an analysis cannot read what no observer sees", "[storage][database]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 2);
    tamper(file.path(),
        "CREATE VIEW harmless AS SELECT block_number, purpose FROM t_truth_transactions; "
        "CREATE VIEW deeper AS SELECT block_number FROM harmless");
    auto open = Database::open(file.path(), Database::Access::read_only);
    auto analysis = Database::open(file.path(), Database::Access::analysis);
    for (const auto* sql : {"SELECT purpose FROM t_truth_transactions",
             "SELECT count(*) FROM t_truth_transactions", "SELECT digest FROM T_Truth_Blocks",
             "SELECT content FROM t_witnesses", "SELECT content FROM t_checkpoints",
             "SELECT block_number FROM harmless", "SELECT count(*) FROM deeper",
             "SELECT number FROM t_blocks WHERE number IN (SELECT rowid FROM t_witnesses)",
             "WITH w AS (SELECT * FROM t_truth_transactions) SELECT 1 FROM w",
             "SELECT 1 FROM main.t_truth_transactions AS t"})
    {
        CAPTURE(sql);
        CHECK_NOTHROW(open.prepare(sql));
        try
        {
            (void)analysis.prepare(sql);
            FAIL("no error");
        }
        catch (const StorageError& error)
        {
            CHECK(error.kind() == StorageErrorKind::query);
            CHECK_THAT(
                error.what(), Catch::Contains("prohibited") || Catch::Contains("not authorized"));
        }
    }
    CHECK_THROWS_AS(analysis.execute("ATTACH '" + file.path() + "' AS again"), StorageError);
    CHECK(analysis.query_integer("SELECT count(*) FROM t_blocks") == 2);
    CHECK_NOTHROW(analysis.prepare("SELECT name FROM sqlite_schema"));
    CHECK_THROWS_AS(analysis.execute("DELETE FROM t_blocks"), StorageError);
}

TEST_CASE("database: an analysis cannot read it by somebody else's SELECT, nor after one",
    "[storage][database]")
{
    const TemporaryFile file;
    write_ledger(file.path(), 1, 2);
    const auto* hidden = "SELECT purpose FROM t_truth_transactions";
    auto open = Database::open(file.path(), Database::Access::read_only);
    CHECK_NOTHROW(open.prepare_select(hidden));
    CHECK_NOTHROW(open.prepare(hidden));
    auto analysis = Database::open(file.path(), Database::Access::analysis);
    CHECK_THROWS_AS(analysis.prepare_select(hidden), StorageError);
    CHECK_THROWS_AS(analysis.prepare(hidden), StorageError);
    auto seen = analysis.prepare_select("SELECT count(*) FROM t_blocks");
    CHECK_THROWS_AS(analysis.prepare(hidden), StorageError);
    CHECK_THROWS_AS(analysis.prepare_select("DELETE FROM t_blocks"), StorageError);
    CHECK_THROWS_AS(analysis.prepare(hidden), StorageError);
    CHECK_THROWS_AS(analysis.execute("ATTACH '" + file.path() + "' AS again"), StorageError);
    REQUIRE(seen.step());
    CHECK(seen.integer(0) == 2);
}

TEST_CASE("database: no flipped bit crashes the reader", "[storage][database][property]")
{
    const TemporaryFile pristine;
    write_ledger(pristine.path(), 4, 6);
    const auto bytes = read_file(pristine.path());
    std::mt19937_64 random{20'260'103};
    const TemporaryFile file;
    int errors = 0;
    for (int i = 0; i < 150; ++i)
    {
        auto damaged = bytes;
        for (auto flips = 1 + random() % 3; flips > 0; --flips)
            damaged[random() % damaged.size()] ^= static_cast<char>(1U << random() % 8);
        write_file(file.path(), damaged);
        try
        {
            read_everything(file.path());
        }
        catch (const StorageError&)
        {
            ++errors;
        }
    }
    CHECK(errors > 0);
}

TEST_CASE("database: SQL that fails says which", "[storage][database]")
{
    auto database = Database::in_memory();
    try
    {
        (void)database.prepare("SELECT x FROM nowhere");
        FAIL("no error");
    }
    catch (const StorageError& error)
    {
        CHECK(error.kind() == StorageErrorKind::query);
        CHECK(std::string{error.what()} ==
              ":memory:: `SELECT x FROM nowhere` failed: no such table: nowhere");
    }
    auto row = database.prepare("SELECT 'seven' AS number");
    REQUIRE(row.step());
    CHECK_THROWS_WITH(
        row.integer(0), Catch::Contains("column number of `SELECT 'seven' AS number` "
                                        "should hold an integer, but holds text seven"));
}

TEST_CASE("database: a transaction that is not committed is rolled back", "[storage][database]")
{
    auto database = Database::in_memory();
    database.execute("CREATE TABLE t (x)");
    {
        SqlTransaction transaction{database};
        database.execute("INSERT INTO t VALUES (1)");
    }
    {
        SqlTransaction transaction{database};
        database.execute("INSERT INTO t VALUES (2)");
        transaction.commit();
    }
    CHECK(database.query_integer("SELECT sum(x) FROM t") == 2);
}

TEST_CASE("database: values keep their type", "[storage][database]")
{
    auto database = Database::in_memory();
    auto row = database.prepare("SELECT ?, ?, ?, ?, ?, ?");
    const std::string text{"a\0b", 3};
    const Bytes bytes{1, 2};
    row.bind_all(std::array{Value{}, Value{std::int64_t{-5}}, Value{0.5},
        Value{std::string_view{text}}, Value{ByteView{bytes}}, Value{ByteView{}}});
    REQUIRE(row.step());
    CHECK(row.is_null(0));
    CHECK(row.integer(1) == -5);
    CHECK(row.real(2) == 0.5);
    CHECK(row.text(3) == text);
    CHECK(row.blob(4).size() == 2);
    CHECK(row.type(5) == ValueType::blob);
    CHECK(row.blob(5).empty());
    CHECK(quoted_name("a\"b") == "\"a\"\"b\"");
}
