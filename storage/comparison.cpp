#include "storage/comparison.hpp"

#include "storage/block_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace runnel::storage
{
namespace
{
// What the clock said, and what only an interrupted run has.
constexpr std::array<std::string_view, 2> not_compared{"t_run_metrics", "t_checkpoints"};

/// A table as a ledger's own schema has it.
struct Table
{
    std::string name;
    std::vector<std::string> columns;
    std::vector<int> key;       // Positions of the columns that name a row, first among equals.
    bool of_blocks = false;     // Its rows come with blocks and lie in the order of the chain.
    bool is_directory = false;  // The same, but the rows of block 0 are there from the start.
    int number = 0;             // Position of the block's number, of such a table.

    [[nodiscard]] const std::string& key_name(std::size_t i) const
    {
        return columns[static_cast<std::size_t>(key[i])];
    }
};

std::vector<Table> read_tables(Database& database)
{
    std::vector<Table> tables;
    auto names = database.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
    while (names.step())
    {
        Table table{.name = std::string{names.text(0)}, .columns = {}, .key = {}};
        if (std::find(not_compared.begin(), not_compared.end(), table.name) != not_compared.end())
            continue;
        auto columns = database.prepare("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid");
        columns.bind(1, Value{std::string_view{table.name}});
        std::vector<std::pair<std::int64_t, int>> key;
        while (columns.step())
        {
            if (columns.integer(1) > 0)
                key.emplace_back(columns.integer(1), static_cast<int>(table.columns.size()));
            table.columns.emplace_back(columns.text(0));
        }
        std::sort(key.begin(), key.end());
        for (const auto& [position, column] : key)
            table.key.push_back(column);
        // Tables that blocks are written to have no key, but rows in the order of the chain.
        if (table.key.empty() && table.columns.size() >= 2 &&
            table.columns.front() == "block_number")
            table.key = {0, 1};
        const auto number = std::find(table.columns.begin(), table.columns.end(), "block_number");
        table.is_directory = number != table.columns.end() && !table.key.empty() &&
                             table.key_name(0) != "block_number";
        table.of_blocks =
            !table.key.empty() && (table.name == "t_blocks" || number != table.columns.end());
        if (number != table.columns.end())
            table.number = static_cast<int>(number - table.columns.begin());
        tables.push_back(std::move(table));
    }
    return tables;
}

/// The order of SQLite's values: NULL, numbers, text, blobs.
int compare_values(const Value& a, const Value& b) noexcept
{
    const auto rank = [](const Value& value)
    { return value.type == ValueType::real ? ValueType::integer : value.type; };
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    switch (a.type)
    {
        case ValueType::null: return 0;
        case ValueType::integer:
        case ValueType::real: {
            if (a.type == ValueType::integer && b.type == ValueType::integer)
                return a.integer == b.integer ? 0 : a.integer < b.integer ? -1 : 1;
            const auto real = [](const Value& value) {
                return value.type == ValueType::real ? value.real
                                                     : static_cast<double>(value.integer);
            };
            if (real(a) != real(b))
                return real(a) < real(b) ? -1 : 1;
            return a.type == b.type ? 0 : a.type == ValueType::integer ? -1 : 1;
        }
        case ValueType::text:
        case ValueType::blob: {
            const auto size = std::min(a.size, b.size);
            const int order = size == 0 ? 0 : std::memcmp(a.data, b.data, size);
            if (order != 0)
                return order;
            return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
        }
    }
    return 0;
}

std::string show(const Value& value)
{
    constexpr std::size_t shown_max = 200;
    std::string text;
    switch (value.type)
    {
        case ValueType::null: return "NULL";
        case ValueType::integer: return std::to_string(value.integer);
        case ValueType::real: return fmt::format("{}", value.real);
        case ValueType::text:
            text = fmt::format(
                "'{}'", std::string_view{static_cast<const char*>(value.data), value.size});
            break;
        case ValueType::blob:
            text = "0x" + to_hex({static_cast<const std::uint8_t*>(value.data), value.size});
            break;
    }
    return text.size() <= shown_max ? text : text.substr(0, shown_max) + "...";
}

std::string show_row(const Table& table, const Statement& row)
{
    std::string text;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        text += fmt::format(
            "{}{}={}", i == 0 ? "" : " ", table.columns[i], show(row.value(static_cast<int>(i))));
    }
    return text;
}

std::string differing_columns(const Table& table, const Statement& a, const Statement& b)
{
    std::string names;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        const int column = static_cast<int>(i);
        if (compare_values(a.value(column), b.value(column)) != 0)
            names += (names.empty() ? "" : ", ") + table.columns[i];
    }
    return names;
}

Statement select_rows(Database& database, const Table& table, const BlockRange& range)
{
    std::string sql = "SELECT ";
    for (const auto& column : table.columns)
        sql += (&column == &table.columns.front() ? "" : ", ") + quoted_name(column);
    sql += " FROM " + quoted_name(table.name);
    std::vector<Value> bounds;
    if (table.of_blocks)
    {
        BlockRows block_rows{
            database, table.name, table.columns[static_cast<std::size_t>(table.number)]};
        const auto bound = [&](std::optional<std::uint64_t> number, std::string_view comparison)
        {
            if (!number)
                return;
            sql += fmt::format(" {} rowid {} ?", bounds.empty() ? "WHERE" : "AND", comparison);
            bounds.emplace_back(block_rows.first(*number));
        };
        bound(range.first, ">=");
        bound(range.end, "<");
        sql += " ORDER BY rowid";
    }
    else
    {
        for (std::size_t i = 0; i < table.key.size(); ++i)
            sql += (i == 0 ? " ORDER BY " : ", ") + quoted_name(table.key_name(i));
    }
    auto rows = database.prepare(sql);
    rows.bind_all(bounds);
    return rows;
}

LedgerDifference make_difference(const Table& table, const Statement* a, const Statement* b)
{
    LedgerDifference difference;
    difference.table = table.name;
    const auto& row = a == nullptr ? *b : *a;
    if (table.of_blocks)
    {
        const auto number = row.value(table.number);
        if (number.type == ValueType::integer)
            difference.block = number.integer;
    }
    if (a != nullptr)
        difference.a = show_row(table, *a);
    if (b != nullptr)
        difference.b = show_row(table, *b);
    if (a != nullptr && b != nullptr)
        difference.columns = differing_columns(table, *a, *b);
    return difference;
}

std::optional<LedgerDifference> compare_table(
    Database& a, Database& b, const Table& table, const BlockRange& range)
{
    auto rows_a = select_rows(a, table, range);
    auto rows_b = select_rows(b, table, range);
    const auto columns = static_cast<int>(table.columns.size());
    while (true)
    {
        const bool more_a = rows_a.step();
        const bool more_b = rows_b.step();
        if (!more_a && !more_b)
            return std::nullopt;
        if (!more_b)
            return make_difference(table, &rows_a, nullptr);
        if (!more_a)
            return make_difference(table, nullptr, &rows_b);
        for (int i = 0; i < columns; ++i)
        {
            if (compare_values(rows_a.value(i), rows_b.value(i)) == 0)
                continue;
            for (const int key : table.key)
            {
                const int order = compare_values(rows_a.value(key), rows_b.value(key));
                if (order != 0)  // The lower key is missing from the other.
                    return make_difference(
                        table, order < 0 ? &rows_a : nullptr, order < 0 ? nullptr : &rows_b);
            }
            return make_difference(table, &rows_a, &rows_b);
        }
    }
}
}  // namespace

std::string LedgerDifference::to_string(std::string_view name_a, std::string_view name_b) const
{
    auto text = table;
    if (block)
        text += fmt::format(", block {}", *block);
    if (!columns.empty())
        text += fmt::format(", column {}", columns);
    const auto part = [&](std::string_view name, const std::optional<std::string>& row) {
        return row ? fmt::format("{} has {}", name, *row) : fmt::format("{} has no such row", name);
    };
    return fmt::format("{}: {}; {}", text, part(name_a, a), part(name_b, b));
}

std::optional<LedgerDifference> compare_definitions(Database& a, Database& b)
{
    constexpr std::string_view sql =
        "SELECT type, name, tbl_name, sql FROM sqlite_master "
        "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name";
    const Table table{
        .name = "sqlite_master", .columns = {"type", "name", "tbl_name", "sql"}, .key = {0, 1}};
    auto rows_a = a.prepare(sql);
    auto rows_b = b.prepare(sql);
    while (true)
    {
        const bool more_a = rows_a.step();
        const bool more_b = rows_b.step();
        if (!more_a && !more_b)
            return std::nullopt;
        int order = !more_a ? 1 : !more_b ? -1 : 0;
        for (const int key : table.key)
        {
            if (order == 0)
                order = compare_values(rows_a.value(key), rows_b.value(key));
        }
        const bool same = order == 0 && compare_values(rows_a.value(2), rows_b.value(2)) == 0 &&
                          compare_values(rows_a.value(3), rows_b.value(3)) == 0;
        if (same)
            continue;
        auto difference =
            make_difference(table, order <= 0 ? &rows_a : nullptr, order >= 0 ? &rows_b : nullptr);
        difference.table = (order <= 0 ? rows_a : rows_b).text(1);
        return difference;
    }
}

std::optional<LedgerDifference> compare_fixed_tables(Database& a, Database& b)
{
    for (const auto& table : read_tables(a))
    {
        if (table.of_blocks && !table.is_directory)
            continue;
        if (auto difference = compare_table(a, b, table, {std::nullopt, 1}))
            return difference;
    }
    return std::nullopt;
}

std::optional<LedgerDifference> compare_blocks(Database& a, Database& b, const BlockRange& range)
{
    std::optional<LedgerDifference> first;
    auto rest = range;
    for (const auto& table : read_tables(a))
    {
        if (!table.of_blocks)
            continue;
        auto difference = compare_table(a, b, table, rest);
        if (!difference)
            continue;
        if (!first || (difference->block && (!first->block || *difference->block < *first->block)))
            first = std::move(difference);
        // Of the other tables only earlier blocks matter.
        if (first->block && *first->block >= 0)
            rest.end = static_cast<std::uint64_t>(*first->block);
    }
    return first;
}

std::optional<LedgerDifference> compare_ledgers(Database& a, Database& b)
{
    if (auto difference = compare_definitions(a, b))
        return difference;
    if (auto difference = compare_fixed_tables(a, b))
        return difference;
    return compare_blocks(a, b);
}

}  // namespace runnel::storage
