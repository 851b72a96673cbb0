#include "storage/comparison.hpp"

#include "storage/block_rows.hpp"
#include "storage/ledger_writer.hpp"
#include "storage/row_difference.hpp"
#include "storage/row_visitors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace runnel::storage
{
namespace
{
// What the clock said, what a run needs that is not complete, and that it is.
constexpr std::array<std::string_view, 3> not_compared{
    "t_run_metrics", "t_checkpoints", "t_completion"};

std::vector<ComparedTable> read_tables(Database& database)
{
    std::vector<ComparedTable> tables;
    auto names = database.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
    while (names.step())
    {
        ComparedTable table{.name = std::string{names.text(0)}, .columns = {}, .key = {}};
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

/// The rows of blocks before @p end, or all.
Statement select_rows(
    Database& database, const ComparedTable& table, std::optional<std::uint64_t> end)
{
    std::string sql = "SELECT ";
    for (const auto& column : table.columns)
        sql += (&column == &table.columns.front() ? "" : ", ") + quoted_name(column);
    sql += " FROM " + quoted_name(table.name);
    if (table.of_blocks)
    {
        auto rows = database.prepare(sql + (end ? " WHERE rowid < ?" : "") + " ORDER BY rowid");
        if (end)
            rows.bind(1, Value{BlockRows{database, table.name, table.number_name()}.first(*end)});
        return rows;
    }
    for (std::size_t i = 0; i < table.key.size(); ++i)
        sql += (i == 0 ? " ORDER BY " : ", ") + quoted_name(table.key_name(i));
    return database.prepare(sql);
}

std::optional<LedgerDifference> compare_table(Database& a, Database& b, const ComparedTable& table,
    std::optional<std::uint64_t> end = std::nullopt)
{
    auto rows_a = select_rows(a, table, end);
    auto rows_b = select_rows(b, table, end);
    while (true)
    {
        const auto row_a = rows_a.step() ? std::optional{RowView{rows_a}} : std::nullopt;
        const auto row_b = rows_b.step() ? std::optional{RowView{rows_b}} : std::nullopt;
        if (!row_a && !row_b)
            return std::nullopt;
        if (auto difference = compare_rows(table, row_a, row_b))
            return difference;
    }
}
}  // namespace

std::string LedgerDifference::to_string(std::string_view name_a, std::string_view name_b) const
{
    auto text = shortened(table, 80);
    if (block)
        text += fmt::format(", block {}", *block);
    if (!columns.empty())
        text += fmt::format(", column {}", columns);
    const auto part = [&](std::string_view name, const std::optional<std::string>& row) {
        return row ? fmt::format("{} has {}", name, *row) : fmt::format("{} has no such row", name);
    };
    return fmt::format("{}: {}; {}", text, part(name_a, a), part(name_b, b));
}

std::string shortened(std::string_view text, std::size_t size_max)
{
    if (text.size() <= size_max)
        return std::string{text};
    // Not in the middle of a character.
    while (size_max > 0 && (static_cast<unsigned char>(text[size_max]) & 0xC0U) == 0x80)
        --size_max;
    return std::string{text.substr(0, size_max)} + "...";
}

std::optional<LedgerDifference> compare_definitions(Database& a, Database& b)
{
    // SQLite's own: indexes of keys, and what ANALYZE counted.
    constexpr std::string_view sql =
        "SELECT type, name, tbl_name, sql FROM sqlite_master "
        // SQLite's own: indexes of keys, and what ANALYZE counts.
        "WHERE NOT (type = 'index' AND name LIKE 'sqlite\\_autoindex\\_%' ESCAPE '\\') "
        "AND NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4')) ORDER BY type, name";
    const ComparedTable table{
        .name = "sqlite_master", .columns = {"type", "name", "tbl_name", "sql"}, .key = {0, 1}};
    auto rows_a = a.prepare(sql);
    auto rows_b = b.prepare(sql);
    while (true)
    {
        const auto row_a = rows_a.step() ? std::optional{RowView{rows_a}} : std::nullopt;
        const auto row_b = rows_b.step() ? std::optional{RowView{rows_b}} : std::nullopt;
        if (!row_a && !row_b)
            return std::nullopt;
        if (auto difference = compare_rows(table, row_a, row_b))
        {
            difference->table = (difference->a ? rows_a : rows_b).text(1);
            return difference;
        }
    }
}

std::optional<LedgerDifference> compare_starting_balances(Database& a, const World& start)
{
    std::optional<LedgerDifference> difference;
    auto rows = a.prepare(select_rows<StartingBalanceRow>() + " ORDER BY account_id, token_id");
    const auto shown = [](const StartingBalanceRow& row)
    {
        return fmt::format("account_id={} token_id={} balance={}", index(row.account),
            index(row.token), row.balance.to_string());
    };
    const auto differs = [&](std::optional<std::string> stored, std::optional<std::string> real)
    {
        difference = LedgerDifference{std::string{StartingBalanceRow::table}, std::nullopt,
            std::move(stored), std::move(real), {}};
    };
    for_each_balance(start,
        [&](const StartingBalanceRow& real)
        {
            if (difference)
                return;
            if (!rows.step())
                return differs(std::nullopt, shown(real));
            const auto stored = read_row<StartingBalanceRow>(rows);
            if (stored.account != real.account || stored.token != real.token ||
                stored.balance != real.balance)
                differs(shown(stored), shown(real));
        });
    if (!difference && rows.step())
        differs(shown(read_row<StartingBalanceRow>(rows)), std::nullopt);
    return difference;
}

std::optional<LedgerDifference> compare_fixed_tables(
    Database& a, Database& b, std::string_view left_out)
{
    const auto others = read_tables(b);
    for (const auto& table : read_tables(a))
    {
        // One that only one of them has is a difference of definitions.
        const bool is_shared = std::any_of(others.begin(), others.end(),
            [&](const ComparedTable& other) { return other.name == table.name; });
        if (!is_shared || (table.of_blocks && !table.is_directory) || table.name == left_out)
            continue;
        if (auto difference = compare_table(a, b, table, 1))
            return difference;
    }
    return std::nullopt;
}

namespace
{
std::optional<LedgerDifference> compare_blocks(Database& a, Database& b)
{
    std::optional<LedgerDifference> first;
    std::optional<std::uint64_t> end;
    for (const auto& table : read_tables(a))
    {
        if (!table.of_blocks)
            continue;
        first = earlier_difference(std::move(first), compare_table(a, b, table, end));
        // Of the other tables only earlier blocks matter.
        if (first && first->block && *first->block >= 0)
            end = static_cast<std::uint64_t>(*first->block);
    }
    return first;
}
}  // namespace

std::optional<LedgerDifference> compare_ledgers(Database& a, Database& b)
{
    if (auto difference = compare_definitions(a, b))
        return difference;
    if (auto difference = compare_fixed_tables(a, b))
        return difference;
    return compare_blocks(a, b);
}

namespace
{
/// The tables that both have, less what follows from their manifests.
std::vector<ComparedTable> common_tables(Database& a, Database& b)
{
    auto tables = read_tables(a);
    const auto others = read_tables(b);
    std::erase_if(tables,
        [&](const ComparedTable& table)
        {
            return table.name == "t_manifest" ||
                   std::none_of(others.begin(), others.end(),
                       [&](const ComparedTable& other)
                       { return other.name == table.name && other.columns == table.columns; });
        });
    for (auto& table : tables)
    {
        if (table.name == "t_blocks")
            table.leave_out({"parent_hash", "hash"});
    }
    return tables;
}
}  // namespace

RunDifference compare_runs(
    Database& a, const Manifest& manifest_a, Database& b, const Manifest& manifest_b)
{
    RunDifference result;
    result.manifest = manifest_differences(manifest_a, manifest_b);
    if (result.manifest.empty())
    {
        result.row = compare_ledgers(a, b);
        return result;
    }
    result.definition = compare_definitions(a, b);
    std::optional<std::uint64_t> end;
    for (const auto& table : common_tables(a, b))
    {
        if (!table.of_blocks || table.is_directory)
        {
            if (!result.start)
                result.start = compare_table(a, b, table, 1);
            continue;
        }
        result.row = earlier_difference(std::move(result.row), compare_table(a, b, table, end));
        if (result.row && result.row->block && *result.row->block >= 0)
            end = static_cast<std::uint64_t>(*result.row->block);
    }
    return result;
}

}  // namespace runnel::storage
