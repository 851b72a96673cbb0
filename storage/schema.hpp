#pragma once

#include "ledger/event.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::storage
{

/// When a table's rows are written, and how two ledgers' rows are compared.
enum class TableKind : std::uint8_t
{
    fixed,       // Once, when the ledger is made.
    directory,   // Who there is: at genesis, and when a block brings somebody. By id.
    block,       // With each block.
    told,        // With each block, but the chain does not hold it: compared between two ledgers,
                 // never with execution.
    metrics,     // Whenever the clock was read; neither hashed nor compared.
    checkpoint,  // Now and then, and deleted again; not compared, `verify` checks it on its own.
};

/// What a row's description says about a column besides its name; see storage/rows.hpp.
struct ColumnText
{
    std::string_view meaning;
    Unit unit = {};
    bool derived = false;  // Follows from re-execution: written for readers, never read back.
};

/// Whose id a column holds.
enum class RefersTo : std::uint8_t
{
    nothing,
    addresses,
    contracts,
};

/// A column of a table or a view, and what the reference says about it.
struct ColumnInfo
{
    std::string name;
    std::string type;  // SQLite's: INTEGER, REAL, TEXT, BLOB.
    std::string unit;
    std::string meaning;
    bool nullable = false;
    std::string expression = {};  // Of a view's column.
    RefersTo refers_to = RefersTo::nothing;
};

/// A base table.
///
/// Rows of a block table lie in the order of the chain, which is the order of their rowids and of
/// their keys: appending them costs a fifth less than to a table that is clustered by its key,
/// and BlockRows finds a block's rows; so do those of a directory, whose ids are the rowids. Rows
/// of the other tables are clustered by their keys.
struct TableInfo
{
    std::string name;
    std::string meaning;
    TableKind kind = TableKind::fixed;
    std::vector<ColumnInfo> columns;
    std::vector<std::string>
        key;  // Of a row; the first one of a block table is the block's number.
    std::vector<std::vector<std::string>> indexes;  // For readers; built when a run ends.

    [[nodiscard]] bool has_column(std::string_view column) const noexcept;
    [[nodiscard]] std::string create_sql() const;
};

/// A view with the names and hex text that other tools expect.
struct ViewInfo
{
    std::string name;
    std::string meaning;
    std::vector<ColumnInfo> columns;
    std::string source;  // After FROM.

    [[nodiscard]] std::string create_sql() const;
};

/// The tables and views of a ledger with these types of events: one description for the SQL that
/// makes them, the rows that fill them and the reference that explains them.
///
/// Types that share a table must have the same columns (a bug otherwise). Event columns keep their
/// names, but accounts and contracts are stored as ids: `taker` is stored as `taker_id`,
/// `from_address` as `from_id`; views show their addresses under the event's own names.
class Schema
{
public:
    explicit Schema(std::span<const EventType* const> events);

    [[nodiscard]] const std::vector<TableInfo>& tables() const noexcept { return tables_; }
    [[nodiscard]] const std::vector<ViewInfo>& views() const noexcept { return views_; }
    [[nodiscard]] const TableInfo& table(std::string_view name) const;
    /// The types, each once; a type's position is its id in t_event_types.
    [[nodiscard]] const std::vector<const EventType*>& events() const noexcept { return events_; }

    /// Makes all tables and views.
    void create(Database& database) const;
    /// Makes, or drops, the indexes that only readers need.
    void create_indexes(Database& database) const;
    void drop_indexes(Database& database) const;

private:
    void add_event(const EventType& type);

    std::vector<const EventType*> events_;
    std::vector<TableInfo> tables_;
    std::vector<ViewInfo> views_;
};

/// What the reference says of a table, a view or a column of them.
struct DocumentationEntry
{
    std::string object;          // The table or view.
    std::string kind;            // table or view.
    std::uint64_t position = 0;  // 0: of the whole; from 1: of its columns.
    std::string column;          // Empty for the whole.
    std::string type;            // INTEGER, REAL, TEXT or BLOB, `or NULL`; empty for the whole.
    std::string unit;
    std::string meaning;
};
/// Of all tables, then of all views, in their order: the source of t_documentation and of
/// docs/database.md.
[[nodiscard]] std::vector<DocumentationEntry> documentation(const Schema& schema);

/// Whether a ledger has a table of this name: those of events are there where contracts emit them.
[[nodiscard]] bool has_table(Database& database, std::string_view name);
/// The same, or a view.
[[nodiscard]] bool has_table_or_view(Database& database, std::string_view name);

/// The name of an event's table: `t_` and what the event says.
[[nodiscard]] std::string event_table_name(const EventType& type);

/// The column that holds a field's id: `taker` -> `taker_id`, `from_address` -> `from_id`.
[[nodiscard]] std::string id_column(std::string_view field);

/// The views over the tables (storage/views.cpp); those over event tables that are there.
[[nodiscard]] std::vector<ViewInfo> make_views(
    const std::vector<TableInfo>& tables, std::span<const EventType* const> events);

/// Every table and view, column by column, as Markdown: docs/database.md.
[[nodiscard]] std::string database_reference(std::span<const EventType* const> events);

}  // namespace runnel::storage
