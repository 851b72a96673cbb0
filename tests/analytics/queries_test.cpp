#include "tests/analytics/ledger_builder.hpp"
#include "tests/support/catch.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

// The queries of docs/queries.md, run by the client that everybody has: the sqlite3 shell. It knows
// nothing of our SQL functions.

using namespace runnel;
using namespace runnel::analytics::fixture;

namespace
{
using Rows = std::vector<std::vector<std::string>>;

/// The SQL blocks of the page by the name in their first line.
std::map<std::string, std::string> read_queries()
{
    std::ifstream page{std::string{RUNNEL_SOURCE_DIR} + "/docs/queries.md"};
    REQUIRE(page);
    std::map<std::string, std::string> queries;
    std::string* open = nullptr;
    bool begins = false;
    for (std::string line; std::getline(page, line);)
    {
        constexpr std::string_view name_mark = "-- name: ";
        if (line == "```sql")
            begins = true;
        else if (begins)
        {
            REQUIRE(line.starts_with(name_mark));
            open = &queries[line.substr(name_mark.size())];
            begins = false;
        }
        else if (line == "```")
            open = nullptr;
        else if (open != nullptr)
            *open += line + "\n";
    }
    return queries;
}

class LedgerFile
{
public:
    LedgerFile()
    {
        std::filesystem::create_directories(folder_);
        auto writer = storage::LedgerWriter::create(
            path_.string(), manifest("test", 5), description(Parts::all));
        six_blocks().write_to(writer);
        writer.finish();
    }
    ~LedgerFile() { std::filesystem::remove_all(folder_); }
    LedgerFile(const LedgerFile&) = delete;
    LedgerFile& operator=(const LedgerFile&) = delete;

    /// Runs a query of the page in the shell; @p block is -1 to leave :block unset.
    [[nodiscard]] Rows run(const std::string& name, int block = -1) const
    {
        static const auto queries = read_queries();
        const auto script = folder_ / "query.sql";
        std::ofstream file{script};
        if (block >= 0)
            file << ".parameter set :block " << block << "\n";
        file << queries.at(name);
        file.close();
        const auto command = "sqlite3 -batch -bail -readonly -noheader -separator '|' '" +
                             path_.string() + "' < '" + script.string() + "' 2>&1";
        const std::unique_ptr<FILE, int (*)(FILE*)> output{popen(command.c_str(), "r"), pclose};
        REQUIRE(output != nullptr);
        std::string text;
        std::array<char, 4096> buffer{};
        while (const auto size = fread(buffer.data(), 1, buffer.size(), output.get()))
            text.append(buffer.data(), size);
        INFO(text);
        Rows rows;
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);)
        {
            REQUIRE(line.find("rror") == std::string::npos);
            auto& row = rows.emplace_back();
            std::istringstream cells{line};
            for (std::string cell; std::getline(cells, cell, '|');)
                row.push_back(cell);
        }
        return rows;
    }

private:
    std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                    ("runnel_queries_test_" + std::to_string(getpid()));
    std::filesystem::path path_ = folder_ / "ledger.db";
};

double real(const std::string& text)
{
    return std::stod(text);
}
}  // namespace

TEST_CASE("queries: the page holds the four that are promised", "[analytics][queries]")
{
    const auto queries = read_queries();
    CHECK(queries.size() == 4);
    for (const auto& [name, sql] : queries)
    {
        CAPTURE(name);
        CHECK(sql.find("amount_") == sql.find("amount_usd"));  // No function of ours.
    }
}

TEST_CASE("queries: top receivers of WETH", "[analytics][queries]")
{
    const LedgerFile ledger;
    const auto rows = ledger.run("top_receivers");
    // The market got 10 + 20, dan 4.375, ann 2, the pool 1.
    REQUIRE(rows.size() == 4);
    CHECK(rows[0][0] == "aave");
    CHECK(rows[0][1] == "lending");
    CHECK(rows[0][3] == "2");
    CHECK(real(rows[0][4]) == Approx(30));
    CHECK(rows[1][0] == "dan");
    CHECK(rows[1][2] == "liquidator");
    CHECK(real(rows[1][4]) == Approx(4.375));
    CHECK(rows[2][0] == "ann");
    CHECK(rows[3][0] == "weth_usdc");
    CHECK(real(rows[3][4]) == Approx(1));
}

TEST_CASE("queries: volume per pair and hour", "[analytics][queries]")
{
    const LedgerFile ledger;
    const auto rows = ledger.run("volume_per_pair_and_hour");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0][0] == "USDC-WETH");
    CHECK(rows[0][1] == "2020-03-12 10:00");  // Block 2, two hours after 08:00.
    CHECK(rows[0][2] == "2");
    CHECK(real(rows[0][3]) == Approx(2 * 200 + 195));
}

TEST_CASE("queries: health factors at a block use its indexes and prices", "[analytics][queries]")
{
    const LedgerFile ledger;
    const auto class_of = [](double power, double debt) -> std::string
    {
        const auto health = power / debt;
        if (health < 0.5)
            return "a: below 0.5";
        if (health < 1)
            return "b: 0.5 to 1";
        if (health < 1.1)
            return "c: 1 to 1.1";
        if (health < 1.5)
            return "d: 1.1 to 1.5";
        if (health < 2)
            return "e: 1.5 to 2";
        return health < 3 ? "f: 2 to 3" : "g: 3 and more";
    };
    struct Position
    {
        double collateral;  // WETH
        double debt;        // USDC
    };
    struct Expected
    {
        int block;
        double price;
        std::vector<Position> positions;  // bob, cat
    };
    const std::vector<Expected> all{{0, 200, {}}, {1, 200, {{10, 1'000}, {20, 1'600}}},
        {2, 200, {{10, 1'000}, {20, 1'600}}}, {3, 120, {{5.625, 500}, {20, 1'600}}},
        {4, 90, {{1.625, 250}, {20, 1'616}}},
        // The oracle moved, nobody touched the market: the snapshot's price is old.
        {5, 60, {{1.625, 250}, {20, 1'616}}}};
    for (const auto& expected : all)
    {
        std::map<std::string, std::pair<int, double>> classes;
        for (const auto& position : expected.positions)
        {
            auto& entry =
                classes[class_of(position.collateral * expected.price * 0.825, position.debt)];
            entry.first += 1;
            entry.second += position.debt;
        }
        CAPTURE(expected.block);
        const auto rows = ledger.run("health_factors", expected.block);
        REQUIRE(rows.size() == classes.size());
        for (const auto& row : rows)
        {
            CAPTURE(row[0]);
            REQUIRE(classes.contains(row[0]));
            CHECK(std::stoi(row[1]) == classes[row[0]].first);
            CHECK(real(row[2]) == Approx(classes[row[0]].second).epsilon(1e-6));
        }
    }
    CHECK(ledger.run("health_factors") == ledger.run("health_factors", 5));
}

TEST_CASE("queries: who was liquidated and by whom", "[analytics][queries]")
{
    const LedgerFile ledger;
    const auto rows = ledger.run("liquidations");
    REQUIRE(rows.size() == 2);
    CHECK(rows[0][0] == "bob");
    CHECK(rows[0][1] == "dan");
    CHECK(rows[0][2] == "1");
    CHECK(real(rows[0][3]) == Approx(500));
    CHECK(real(rows[0][4]) == Approx(525));
    CHECK(rows[0][5] == "3");
    CHECK(rows[1][1] == "eve");
    CHECK(real(rows[1][3]) == Approx(250));
    CHECK(rows[1][6] == "4");
}
