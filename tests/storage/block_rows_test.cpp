#include "storage/block_rows.hpp"

#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

using namespace runnel;
using namespace runnel::storage;

namespace
{
struct Row
{
    std::int64_t rowid = 0;
    std::int64_t block = 0;
};

Database table_of(const std::vector<Row>& rows)
{
    auto database = Database::in_memory();
    database.execute("CREATE TABLE t (block_number INTEGER NOT NULL)");
    for (const auto& row : rows)
    {
        database.execute(fmt::format(
            "INSERT INTO t (rowid, block_number) VALUES ({}, {})", row.rowid, row.block));
    }
    return database;
}

/// Rows of ascending blocks, some blocks without any, rowids with holes.
std::vector<Row> random_rows(std::mt19937& random)
{
    std::vector<Row> rows(random() % 60);
    auto rowid = static_cast<std::int64_t>(random() % 100) - 50;
    std::int64_t block = 0;
    for (auto& row : rows)
    {
        block += random() % 3 == 0 ? static_cast<std::int64_t>(random() % 4) : 0;
        row = {rowid, block};
        rowid += 1 + static_cast<std::int64_t>(random() % 5 == 0 ? random() % 7 : 0);
    }
    return rows;
}
}  // namespace

TEST_CASE("block rows: begin where a scan of the table says", "[storage][block_rows]")
{
    std::mt19937 random{3};
    for (int round = 0; round < 200; ++round)
    {
        const auto rows = random_rows(random);
        auto database = table_of(rows);
        BlockRows block_rows{database, "t", "block_number"};
        const auto last_block = rows.empty() ? 3 : rows.back().block + 3;
        for (std::int64_t number = 0; number <= last_block; ++number)
        {
            const auto found = block_rows.first(static_cast<std::uint64_t>(number));
            for (const auto& row : rows)
            {
                CAPTURE(round, number, found, row.rowid, row.block);
                REQUIRE((row.rowid < found) == (row.block < number));
            }
        }
    }
}

TEST_CASE("block rows: see what was appended meanwhile", "[storage][block_rows]")
{
    auto database = table_of({{1, 0}, {2, 0}, {3, 1}});
    BlockRows block_rows{database, "t", "block_number"};
    CHECK(block_rows.first(2) == 4);
    database.execute("INSERT INTO t VALUES (1), (2), (2)");
    CHECK(block_rows.first(2) == 5);
    CHECK(block_rows.first(3) == 7);
    database.execute("DELETE FROM t");
    CHECK(block_rows.first(0) <= 1);
}

// Whatever the numbers are, ranges that follow one another have every row.
TEST_CASE("block rows: a damaged order is answered, and leaves no row out", "[storage][block_rows]")
{
    std::mt19937 random{4};
    for (int round = 0; round < 200; ++round)
    {
        auto rows = random_rows(random);
        for (int i = 0; i < 5 && !rows.empty(); ++i)
            rows[random() % rows.size()].block = static_cast<std::int64_t>(random() % 60) - 20;
        auto database = table_of(rows);
        BlockRows block_rows{database, "t", "block_number"};
        std::vector<std::int64_t> bounds;
        for (std::uint64_t number = 1; number < 40; number += 3)
            bounds.push_back(block_rows.first(number));
        for (const auto& row : rows)
        {
            bool covered = row.rowid < bounds.front() || row.rowid >= bounds.back();
            for (std::size_t i = 0; i + 1 < bounds.size(); ++i)
                covered = covered || (row.rowid >= bounds[i] && row.rowid < bounds[i + 1]);
            REQUIRE(covered);
        }
    }
}

TEST_CASE("block rows: numbers of another kind are errors", "[storage][block_rows]")
{
    auto text = table_of({{1, 0}, {2, 1}, {3, 2}});
    text.execute("UPDATE t SET block_number = 'x'");
    CHECK_THROWS_AS(BlockRows(text, "t", "block_number").first(1), StorageError);
    auto huge = table_of({{std::numeric_limits<std::int64_t>::max(), 0}});
    CHECK_THROWS_AS(BlockRows(huge, "t", "block_number"), StorageError);
}
