#include "analytics/exported_tables.hpp"

#include "analytics/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <limits>

namespace runnel::analytics
{
namespace
{
using storage::Database;
using storage::Statement;
using storage::Value;
using storage::ValueType;

constexpr std::size_t chunk = 1 << 16;

/// A column of an ethereum-etl file: `name`, and where it is called something else in our view or
/// computed, what it is.
struct EtlColumn
{
    const char* name;
    const char* expression = nullptr;
    ColumnType type = ColumnType::text;
};

ExportedTable etl_table(
    const char* name, const char* view, const std::vector<EtlColumn>& columns, const char* block)
{
    ExportedTable table{name, "SELECT ", {}, block};
    for (const auto& column : columns)
    {
        table.query += fmt::format("{}{} AS {}", table.columns.empty() ? "" : ", ",
            column.expression == nullptr ? storage::quoted_name(column.name) : column.expression,
            storage::quoted_name(column.name));
        table.columns.push_back({column.name, column.type});
    }
    table.query += fmt::format(" FROM {}", view);
    return table;
}

std::vector<ExportedColumn> columns_of(Database& database, std::string_view view)
{
    auto rows = database.prepare(
        "SELECT column_name, type, meaning FROM t_documentation "
        "WHERE object = ? AND position > 0 ORDER BY position");
    rows.bind(1, Value{view});
    std::vector<ExportedColumn> columns;
    while (rows.step())
    {
        const auto type = rows.text(1);
        const bool is_exact = rows.text(2).find("Exact, decimal") != std::string_view::npos;
        columns.push_back(
            {std::string{rows.text(0)}, type.starts_with("INTEGER") ? ColumnType::integer
                                        : type.starts_with("REAL")  ? ColumnType::real
                                        : is_exact                  ? ColumnType::amount
                                                                    : ColumnType::text});
    }
    return columns;
}

std::optional<std::string> block_of(const std::vector<ExportedColumn>& columns, bool is_of_blocks)
{
    const auto wanted = is_of_blocks ? "number" : "block_number";
    const bool has = std::any_of(columns.begin(), columns.end(),
        [&](const ExportedColumn& column)
        { return column.name == wanted && column.type == ColumnType::integer; });
    return has ? std::optional<std::string>{wanted} : std::nullopt;
}

void add_value(std::string& line, const Statement& rows, int column)
{
    switch (rows.type(column))
    {
        case ValueType::null: return;
        case ValueType::integer:
            fmt::format_to(std::back_inserter(line), "{}", rows.integer(column));
            return;
        case ValueType::real:
            fmt::format_to(std::back_inserter(line), "{}", rows.real(column));
            return;
        case ValueType::text: line += csv_cell(rows.text(column)); return;
        case ValueType::blob: rows.fail(column, "a number or text");
    }
}
}  // namespace

std::vector<ExportedTable> etl_tables()
{
    constexpr auto integer = ColumnType::integer;
    constexpr auto amount = ColumnType::amount;
    const char* none = "NULL";
    std::vector<ExportedTable> tables;
    tables.push_back(etl_table("blocks", "blocks",
        {{"number", nullptr, integer}, {"hash"}, {"parent_hash"}, {"nonce"}, {"sha3_uncles"},
            {"logs_bloom"}, {"transactions_root"}, {"state_root"}, {"receipts_root"}, {"miner"},
            {"difficulty"}, {"total_difficulty"}, {"size"}, {"extra_data"},
            {"gas_limit", nullptr, integer}, {"gas_used", nullptr, integer},
            {"timestamp", nullptr, integer}, {"transaction_count", nullptr, integer},
            {"base_fee_per_gas", nullptr, integer}, {"withdrawals_root", none},
            {"withdrawals", none}, {"blob_gas_used", none}, {"excess_blob_gas", none}},
        "number"));
    tables.push_back(etl_table("transactions", "transactions",
        {{"hash"}, {"nonce", nullptr, integer}, {"block_hash"}, {"block_number", nullptr, integer},
            {"transaction_index", nullptr, integer}, {"from_address"}, {"to_address"},
            {"value", nullptr, amount}, {"gas", nullptr, integer}, {"gas_price", nullptr, integer},
            {"input"}, {"block_timestamp", nullptr, integer}, {"max_fee_per_gas", nullptr, integer},
            {"max_priority_fee_per_gas", nullptr, integer}, {"transaction_type", nullptr, integer},
            {"max_fee_per_blob_gas", none}, {"blob_versioned_hashes", none}},
        "block_number"));
    tables.push_back(etl_table("receipts", "transactions",
        {{"transaction_hash", "hash"}, {"transaction_index", nullptr, integer}, {"block_hash"},
            {"block_number", nullptr, integer},
            {"cumulative_gas_used", "receipt_cumulative_gas_used", integer},
            {"gas_used", "receipt_gas_used", integer},
            {"contract_address", "receipt_contract_address"}, {"root", "receipt_root"},
            {"status", "receipt_status", integer},
            {"effective_gas_price", "receipt_effective_gas_price", integer}, {"l1_fee", none},
            {"l1_gas_used", none}, {"l1_gas_price", none}, {"l1_fee_scalar", none},
            {"blob_gas_price", none}, {"blob_gas_used", none}},
        "block_number"));
    tables.push_back(etl_table("logs", "logs",
        {{"log_index", nullptr, integer}, {"transaction_hash"},
            {"transaction_index", nullptr, integer}, {"block_hash"},
            {"block_number", nullptr, integer}, {"address"}, {"data"},
            {"topics",
                "topic0 || ifnull(',' || topic1, '') || ifnull(',' || topic2, '') || "
                "ifnull(',' || topic3, '')"}},
        "block_number"));
    tables.push_back(etl_table("token_transfers", "token_transfers",
        {{"token_address"}, {"from_address"}, {"to_address"}, {"value", nullptr, amount},
            {"transaction_hash"}, {"log_index", nullptr, integer},
            {"block_number", nullptr, integer}},
        "block_number"));
    tables.push_back(etl_table("contracts", "contracts",
        {{"address"}, {"bytecode"}, {"function_sighashes"},
            {"is_erc20", "iif(is_erc20, 'True', 'False')"},
            {"is_erc721", "iif(is_erc721, 'True', 'False')"}, {"block_number", nullptr, integer}},
        "block_number"));
    tables.push_back(etl_table("tokens", "tokens",
        {{"address"}, {"symbol"}, {"name"}, {"decimals", nullptr, integer}, {"total_supply"},
            {"block_number", nullptr, integer}},
        "block_number"));
    return tables;
}

std::vector<ExportedTable> view_tables(Database& database, const std::vector<std::string>& names)
{
    std::vector<std::string> views;
    auto found = database.prepare(
        "SELECT object FROM t_documentation WHERE position = 0 AND kind = 'view' ORDER BY object");
    while (found.step())
        views.emplace_back(found.text(0));
    for (const auto& name : names)
    {
        if (std::find(views.begin(), views.end(), name) == views.end())
        {
            throw storage::StorageError{storage::StorageErrorKind::query,
                fmt::format("{}: there is no view {}; there are {}", database.path(), name,
                    fmt::join(views, ", "))};
        }
    }
    std::vector<ExportedTable> tables;
    for (const auto& view : names.empty() ? views : names)
    {
        ExportedTable table{view, "SELECT ", columns_of(database, view), {}};
        for (const auto& column : table.columns)
        {
            table.query += fmt::format("{}{}", &column == table.columns.data() ? "" : ", ",
                storage::quoted_name(column.name));
        }
        table.query += " FROM " + storage::quoted_name(view);
        table.block = block_of(table.columns, view == "blocks");
        tables.push_back(std::move(table));
    }
    return tables;
}

std::optional<std::vector<std::size_t>> digits_of_amounts(
    Database& database, const ExportedTable& table)
{
    std::string sql = "SELECT count(*)";
    for (const auto& column : table.columns)
    {
        if (column.type == ColumnType::amount)
        {
            sql += fmt::format(
                ", ifnull(max(length(ltrim({}, '-'))), 0)", storage::quoted_name(column.name));
        }
    }
    auto rows = database.prepare(fmt::format("{} FROM ({})", sql, table.query));
    if (!rows.step() || rows.integer(0) == 0)
        return std::nullopt;
    std::vector<std::size_t> digits(table.columns.size());
    int next = 1;
    for (std::size_t i = 0; i < digits.size(); ++i)
    {
        if (table.columns[i].type == ColumnType::amount)
        {
            digits[i] = static_cast<std::size_t>(
                rows.integer_up_to(next++, std::numeric_limits<std::int32_t>::max()));
        }
    }
    return digits;
}

std::uint64_t write_rows(Database& database, const ExportedTable& table,
    const std::function<void(std::string_view)>& write)
{
    std::string text;
    for (const auto& column : table.columns)
    {
        text += &column == table.columns.data() ? "" : ",";
        text += csv_cell(column.name);
    }
    text += '\n';
    auto rows = database.prepare(table.query);
    std::uint64_t count = 0;
    while (rows.step())
    {
        for (int i = 0; i < rows.column_count(); ++i)
        {
            if (i > 0)
                text += ',';
            add_value(text, rows, i);
        }
        text += '\n';
        ++count;
        if (text.size() >= chunk)
        {
            write(text);
            text.clear();
        }
    }
    write(text);
    return count;
}

}  // namespace runnel::analytics
