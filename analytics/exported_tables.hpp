#pragma once

#include "storage/database.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Tables of a ledger as the tools of others take them.
namespace runnel::analytics
{

enum class ColumnType : std::uint8_t
{
    integer,  // Of 64 bits.
    real,
    text,
    amount,  // A whole number as decimal text: it may have 78 digits, and a sign.
};

struct ExportedColumn
{
    std::string name;
    ColumnType type = ColumnType::text;
};

struct ExportedTable
{
    std::string name;
    std::string query;  // Its columns are these, in the order of the chain.
    std::vector<ExportedColumn> columns;
    std::optional<std::string> block;  // The column that says which block a row is of, if any does.
};

/// The files that ethereum-etl writes, with the columns of its exporters in their order: blocks,
/// transactions, receipts, logs, token_transfers, contracts, tokens. What this chain has not is
/// empty.
[[nodiscard]] std::vector<ExportedTable> etl_tables();

/// The views of a ledger; of these names, or all. Throws a StorageError (query) if there is none
/// of a name.
[[nodiscard]] std::vector<ExportedTable> view_tables(
    storage::Database& database, const std::vector<std::string>& names);

/// How many digits the longest value of each amount has; 0 for other columns. A table without rows
/// has none: nullopt.
[[nodiscard]] std::optional<std::vector<std::size_t>> digits_of_amounts(
    storage::Database& database, const ExportedTable& table);

/// Hands out the heading and all rows as CSV (RFC 4180, lines end with a line feed), some kilobytes
/// at a time; returns the number of rows. NULL is nothing, an empty text is `""`.
std::uint64_t write_rows(storage::Database& database, const ExportedTable& table,
    const std::function<void(std::string_view)>& write);

}  // namespace runnel::analytics
