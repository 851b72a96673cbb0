#include "ledger/amount.hpp"
#include "storage/database.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <random>

using namespace runnel;
using namespace runnel::storage;

namespace
{
/// One value as text; empty for NULL.
std::optional<std::string> evaluate(Database& database, const std::string& expression)
{
    auto row = database.prepare("SELECT " + expression);
    if (!row.step() || row.is_null(0))
        return std::nullopt;
    if (row.type(0) == ValueType::integer)
        return std::to_string(row.integer(0));
    return std::string{row.text(0)};
}

std::string call(const std::string& function, const std::string& a, const std::string& b)
{
    return function + "('" + a + "', '" + b + "')";
}
}  // namespace

TEST_CASE("SQL functions: exact where SQLite's own are not", "[storage][sql]")
{
    auto database = Database::in_memory();
    const std::pair<const char*, const char*> cases[] = {
        {"amount_add('9007199254740993', '0')", "9007199254740993"},
        {"amount_add(5, '-7')", "-2"},
        {"amount_add('-5', -7)", "-12"},
        {"amount_add('-7', '7')", "0"},
        {"amount_sub('1', '1000000000000000000000')", "-999999999999999999999"},
        {"amount_sub('1000000000', '1')", "999999999"},
        {"amount_mul('-1000000001', '1000000001')", "-1000000002000000001"},
        {"amount_mul('0', '-5')", "0"},
        {"amount_div('7', '2')", "3"},
        {"amount_div('-7', '2')", "-4"},
        {"amount_div('7', '-2')", "-4"},
        {"amount_div('-8', '-2')", "4"},
        {"amount_div('-8', '2')", "-4"},
        {"amount_div('1', '1000000000000000000')", "0"},
        {"amount_div('999999999999999999999999999', '1000000000000000001')", "999999999"},
        {"amount_cmp('10', '9')", "1"},
        {"amount_cmp('-10', '9')", "-1"},
        {"amount_cmp('-10', '-9')", "-1"},
        {"amount_cmp('0', '-0')", "0"},
        {"amount_cmp('007', 7)", "0"},
        {"amount_scaled('1500000', 6)", "1.5"},
        {"amount_scaled('1', 18)", "0.000000000000000001"},
        {"amount_scaled('-1', 2)", "-0.01"},
        {"amount_scaled('100', 2)", "1"},
        {"amount_scaled('0', 18)", "0"},
        {"amount_scaled('42', 0)", "42"},
        {"amount_sum(column1) FROM (VALUES ('10'), (NULL), ('-3'), (4))", "11"},
        {"amount_max(column1) FROM (VALUES ('9'), ('10'), (NULL), ('-11'))", "10"},
        {"amount_min(column1) FROM (VALUES ('9'), ('10'), (NULL), ('-11'))", "-11"},
    };
    for (const auto& [expression, expected] : cases)
    {
        CAPTURE(expression);
        CHECK(evaluate(database, expression) == expected);
    }
}

TEST_CASE("SQL functions: NULL is handled as SQL does", "[storage][sql]")
{
    auto database = Database::in_memory();
    for (const auto* expression :
        {"amount_add(NULL, '1')", "amount_sub('1', NULL)", "amount_mul(NULL, NULL)",
            "amount_div('1', NULL)", "amount_cmp(NULL, '1')", "amount_scaled(NULL, 6)",
            "amount_sum(column1) FROM (VALUES (NULL))", "amount_sum(1) FROM sqlite_master",
            "amount_max(column1) FROM (VALUES (NULL))", "amount_min(1) FROM sqlite_master"})
    {
        CAPTURE(expression);
        CHECK_FALSE(evaluate(database, expression).has_value());
    }
}

TEST_CASE("SQL functions: what is no amount is an error", "[storage][sql]")
{
    auto database = Database::in_memory();
    const std::string long_text(1'001, '1');
    for (const auto& argument :
        {std::string{"''"}, std::string{"'-'"}, std::string{"'1.5'"}, std::string{"1.5"},
            std::string{"'1e5'"}, std::string{"' 1'"}, std::string{"'+1'"}, std::string{"'0x10'"},
            std::string{"x'31'"}, std::string{"'--1'"}, "'" + long_text + "'"})
    {
        CAPTURE(argument);
        CHECK_THROWS_AS(evaluate(database, "amount_add(1, " + argument + ")"), StorageError);
        CHECK_THROWS_AS(evaluate(database, "amount_sum(" + argument + ")"), StorageError);
        CHECK_THROWS_AS(evaluate(database, "amount_max(" + argument + ")"), StorageError);
    }
    CHECK_THROWS_AS(evaluate(database, "amount_div('1', '0')"), StorageError);
    CHECK_THROWS_AS(evaluate(database, "amount_scaled('1', -1)"), StorageError);
    CHECK_THROWS_AS(evaluate(database, "amount_scaled('1', 256)"), StorageError);
}

// Method: random amounts of every width against Amount's own arithmetic, where that has a result.
TEST_CASE("SQL functions: agree with Amount", "[storage][sql][property]")
{
    auto database = Database::in_memory();
    std::mt19937_64 random{20'260'102};
    const auto draw = [&]
    {
        const Amount wide{random(), random(), random(), random()};
        return wide >> static_cast<unsigned>(random() % 256);
    };
    for (int i = 0; i < 2'000; ++i)
    {
        const auto a = draw();
        const auto b = draw();
        const auto x = a.to_string();
        const auto y = b.to_string();
        CAPTURE(i, x, y);
        if (const auto sum = Checked{a} + b; sum.ok())
            REQUIRE(evaluate(database, call("amount_add", x, y)) == sum.value.to_string());
        if (const auto product = Checked{a} * b; product.ok())
            REQUIRE(evaluate(database, call("amount_mul", x, y)) == product.value.to_string());
        const auto larger = std::max(a, b);
        const auto smaller = std::min(a, b);
        const auto difference = wrapping_sub(larger, smaller).to_string();
        REQUIRE(evaluate(database, call("amount_sub", larger.to_string(), smaller.to_string())) ==
                difference);
        REQUIRE(evaluate(database, call("amount_sub", smaller.to_string(), larger.to_string())) ==
                (difference == "0" ? "0" : "-" + difference));
        if (!b.is_zero())
            REQUIRE(evaluate(database, call("amount_div", x, y)) == div_down(a, b).to_string());
        REQUIRE(evaluate(database, call("amount_cmp", x, y)) == std::to_string(a < b    ? -1
                                                                               : a == b ? 0
                                                                                        : 1));
    }
}

TEST_CASE("SQL functions: sums of many uint256 do not overflow", "[storage][sql]")
{
    auto database = Database::in_memory();
    const auto max = Amount::max().to_string();
    database.execute(
        "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
        "FROM n LIMIT 100000) SELECT i, '" +
        max + "' AS x FROM n");
    CHECK(evaluate(database, "amount_sum(x) FROM t") ==
          evaluate(database, call("amount_mul", max, "100000")));
    const std::string nines(400, '9');  // Longer than the fast path.
    CHECK(evaluate(database, "amount_sum(column1) FROM (VALUES ('" + nines + "'), (1))") ==
          "1" + std::string(400, '0'));
}

TEST_CASE("SQL functions: a moving sum leaves what it passed", "[storage][sql][property]")
{
    auto database = Database::in_memory();
    database.execute("CREATE TABLE t (i INTEGER PRIMARY KEY, x)");
    std::mt19937_64 random{5};
    std::vector<std::int64_t> values;
    auto insert = database.prepare("INSERT INTO t VALUES (?, ?)");
    for (std::int64_t i = 0; i < 200; ++i)
    {
        values.push_back(
            static_cast<std::int64_t>(random() % 2'000'000'000'000) - 1'000'000'000'000);
        insert.bind(1, Value{i});
        const auto text = std::to_string(values.back());
        insert.bind(2, i % 7 == 0 ? Value{} : Value{std::string_view{text}});
        insert.run();
    }
    auto rows = database.prepare(
        "SELECT amount_sum(x) OVER (ORDER BY i ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM t");
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        REQUIRE(rows.step());
        std::int64_t expected = 0;
        for (auto k = i < 3 ? 0 : i - 3; k <= i; ++k)
            expected += k % 7 == 0 ? 0 : values[k];
        if (i == 0)
            CHECK(rows.is_null(0));
        else
            CHECK(rows.text(0) == std::to_string(expected));
    }
}

TEST_CASE("SQL functions: the extension loads in the sqlite3 shell", "[storage][sql]")
{
    const std::filesystem::path extension{
        std::string{RUNNEL_BINARY_DIR} + "/storage/runnel_sqlite.so"};
    if (!std::filesystem::exists(extension) ||
        std::system("sqlite3 --version > /dev/null 2>&1") != 0)
    {
        WARN("not run: it needs the sqlite3 shell and " << extension);
        return;
    }
    const auto command = "sqlite3 :memory: \".load " + extension.string() +
                         "\" \"SELECT amount_sum(column1) || ' ' || amount_scaled('1', 3) FROM "
                         "(VALUES ('" +
                         Amount::max().to_string() + "'), (1))\"";
    auto* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::array<char, 256> line{};
    const bool read = std::fgets(line.data(), line.size(), pipe) != nullptr;
    CHECK(pclose(pipe) == 0);
    REQUIRE(read);
    // 2^256 = 1157...9936.
    CHECK(std::string{line.data()} ==
          "115792089237316195423570985008687907853269984665640564039457584007913129639936 0.001\n");
}
