#include "storage/schema.hpp"

#include "ledger/check.hpp"
#include "storage/consensus_rows.hpp"
#include "storage/row_visitors.hpp"
#include "storage/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::storage
{
namespace
{
ColumnInfo integer(std::string name, std::string unit, std::string meaning)
{
    return {std::move(name), "INTEGER", std::move(unit), std::move(meaning), false, {}};
}
ColumnInfo text(std::string name, std::string unit, std::string meaning)
{
    return {std::move(name), "TEXT", std::move(unit), std::move(meaning), false, {}};
}
ColumnInfo id(std::string name, RefersTo refers_to, std::string meaning)
{
    auto column = integer(std::move(name), "", std::move(meaning));
    column.refers_to = refers_to;
    return column;
}

/// The table of rows of one description.
template <typename Row>
TableInfo described(std::string meaning, TableKind kind, std::vector<std::string> key,
    std::vector<std::vector<std::string>> indexes)
{
    TableInfo table{
        std::string{Row::table}, std::move(meaning), kind, {}, std::move(key), std::move(indexes)};
    const Row row;
    Row::describe(row, ColumnsOfRow{table.columns});
    return table;
}

std::vector<TableInfo> base_tables()
{
    std::vector<TableInfo> tables;
    tables.push_back(described<ManifestRow>(
        "What made this ledger: the scenario, its parameters, the seed, the version. Reproduces "
        "the run; its hash is the parent of block 0.",
        TableKind::fixed, {"position"}, {}));
    tables.push_back(described<DocumentationRow>(
        "What every table, view and column of this ledger means, and in which unit: this "
        "reference, as far as it is about this ledger.",
        TableKind::fixed, {"object", "position"}, {}));
    tables.push_back(described<AddressRow>("Every account: wallets, validators, contracts.",
        TableKind::directory, {"id"}, {{"address"}}));
    tables.push_back(
        described<ContractRow>("Every contract instance.", TableKind::directory, {"id"}, {}));
    tables.push_back(described<TokenRow>("Contracts that are tokens, the native coin included.",
        TableKind::directory, {"contract_id"}, {}));
    tables.push_back(described<StartingBalanceRow>(
        "What accounts own when block 0 is done: what came later is in transfers, fees and "
        "rewards.",
        TableKind::fixed, {"account_id", "token_id"}, {}));
    tables.push_back(described<ReferencePriceRow>(
        "Prices as the world outside the chain quotes them, for all blocks that were planned: a "
        "row where the price of a token changes. The manifest holds their hash.",
        TableKind::fixed, {"token_id", "from_block"}, {}));
    tables.push_back(described<EventTypeRow>(
        "The types of events that contracts may emit.", TableKind::fixed, {"id"}, {}));
    tables.push_back(described<ReasonRow>(
        "Names of reverts' reasons that are mere codes on the chain (Aave's numbers).",
        TableKind::fixed, {"reason", "contract_kind"}, {}));
    tables.push_back(described<BlockRow>("Block headers.", TableKind::block, {"number"}, {}));
    tables.push_back(
        described<TransactionRow>("Transactions with their receipts, in order of execution.",
            TableKind::block, {"block_number", "transaction_index"},
            {{"block_number", "transaction_index"}, {"hash"}, {"from_id"}}));
    tables.push_back(described<WitnessRow>(
        "What transactions' calls are proven by and no observer of a chain sees: the notes of a "
        "mixer. For `verify` alone, which executes with them; the transactions' hashes cover "
        "them. An analysis that reads this table knows what it pretends to find out.",
        TableKind::block, {"block_number", "transaction_index"}, {}));
    tables.push_back(described<RewardRow>("New coins for validators.", TableKind::block,
        {"block_number", "reward_index"}, {{"block_number", "reward_index"}}));
    tables.push_back(described<StakeChangeRow>(
        "What consensus did with validators' coins beside paying new ones.", TableKind::block,
        {"block_number", "reward_index"}, {{"block_number", "reward_index"}}));
    tables.push_back(described<NetworkNodeRow>(
        "Who is in the network that makes the chain, and knows whom: what the scenario's [network] "
        "and the seed come to.",
        TableKind::block, {"block_number", "node"}, {}));
    tables.push_back(described<NetworkBlockRow>(
        "Every block that the reference node heard of, whatever became of it; of chains that a "
        "network makes. `verify` runs the network again and compares.",
        TableKind::block, {"block_number", "note_index"}, {{"block_number", "note_index"}}));
    tables.push_back(
        described<NetworkVoteRow>("Votes that decided, put together by what they are for.",
            TableKind::block, {"block_number", "vote_index"}, {{"block_number", "vote_index"}}));
    tables.push_back(described<NetworkEvidenceRow>(
        "Who broke which rule, and by what it is proven.", TableKind::block,
        {"block_number", "evidence_index"}, {{"block_number", "evidence_index"}}));
    tables.push_back(described<RevertedBlockRow>(
        "Blocks that were executed and taken back. The chain does not hold them, so `verify` sees "
        "only that they are as they were written; runs of one scenario have the same.",
        TableKind::told, {"block_number", "revert_index"}, {{"block_number", "revert_index"}}));
    tables.push_back(described<RevertedTransactionRow>("What was in them.", TableKind::told,
        {"block_number", "entry_index"}, {{"block_number", "entry_index"}, {"hash"}}));
    tables.push_back(described<RefusedBlockRow>(
        "Blocks with a flaw, made as the proposers who cheat make them, and what validation found. "
        "The chain does not hold them, so `verify` sees only that they are as they were written, "
        "one for each block of t_network_blocks with a flaw; runs of one scenario have the same.",
        TableKind::told, {"block_number", "refusal_index"}, {{"block_number", "refusal_index"}}));
    tables.push_back(described<DroppedRow>(
        "Transactions that were given up and came into no block, with the reason. The mempool's "
        "word: the chain does not hold them, so `verify` sees only that they are as they were "
        "written; runs of one scenario have the same.",
        TableKind::told, {"block_number", "drop_index"}, {{"block_number", "drop_index"}}));
    tables.push_back(described<TruthRow>(
        "Why each transaction was sent, by whoever sent it: the truth that detectors are scored "
        "against, and that no analysis reads. Agents' own word: the chain does not hold it, so "
        "`verify` sees only that it is as it was written; runs of one scenario have the same.",
        TableKind::told, {"block_number", "transaction_index"},
        {{"block_number", "transaction_index"}}));
    tables.push_back(described<TruthDigestRow>("Digests of t_truth_transactions, block by block.",
        TableKind::told, {"block_number"}, {{"block_number"}}));
    tables.push_back(described<CheckpointRow>(
        "What a run needs to resume from a block, in parts: see docs/checkpoints.md. The newest "
        "two "
        "are kept, and the newest whose block has a root of the whole state; of the latter alone, "
        "when a run is complete, head and state: proofs need them.",
        TableKind::checkpoint, {"block_number", "part"}, {}));
    tables.push_back(described<CompletionRow>(
        "One row once the run is complete, none before: who removes its last blocks leaves it "
        "behind.",
        TableKind::checkpoint, {"block_number"}, {}));
    tables.push_back(described<MetricRow>(
        "What the clock and the machine said of the run. The only table that differs between two "
        "runs of one scenario; no hash covers it.",
        TableKind::metrics, {}, {}));
    return tables;
}

class TableColumns final : public ColumnSink
{
public:
    TableColumns(TableInfo& table, const EventType& type) noexcept : table_{table}, type_{type} {}

    void column(std::string_view name, ColumnKind kind, const Unit& unit) override
    {
        const std::string field{name};
        const auto unit_text = to_string(unit);
        auto meaning = type_.meanings.empty() ? fmt::format("The event's `{}`.", name)
                                              : std::string{type_.meanings[next_]};
        ++next_;
        switch (kind)
        {
            case ColumnKind::amount:
                return table_.columns.push_back(
                    text(field, unit_text, meaning + " Exact, decimal."));
            case ColumnKind::signed_amount:
                return table_.columns.push_back(
                    text(field, unit_text, meaning + " Exact, decimal, with a sign."));
            case ColumnKind::integer:
                return table_.columns.push_back(integer(field, unit_text, meaning));
            case ColumnKind::account:
                return table_.columns.push_back(id(id_column(name), RefersTo::addresses, meaning));
            case ColumnKind::contract:
                if (!unit_text.empty())
                    meaning += fmt::format(" {}.", unit_text);
                return table_.columns.push_back(id(id_column(name), RefersTo::contracts, meaning));
            case ColumnKind::boolean:
                return table_.columns.push_back(integer(field, "0 or 1", meaning));
            case ColumnKind::text: return table_.columns.push_back(text(field, unit_text, meaning));
        }
    }

private:
    TableInfo& table_;
    const EventType& type_;
    std::size_t next_ = 0;
};

TableInfo event_table(const EventType& type)
{
    TableInfo table{event_table_name(type), "", TableKind::block, {}, {}, {}};
    const EventPlace place{.use = type.use};
    EventPlace::describe(place, ColumnsOfRow{table.columns});
    table.key = {table.columns[0].name, table.columns[1].name};
    table.indexes = {table.key};
    switch (type.use)
    {
        case EventUse::log:
            table.meaning = fmt::format("The log {}: `{}`.", type.name, type.signature);
            break;
        case EventUse::sector:
            table.meaning = fmt::format(
                "{}: emitted beside the contracts' own events, the same for all protocols.",
                type.name);
            break;
        case EventUse::snapshot:
            table.meaning = fmt::format(
                "{}: state of a contract at the end of a block that changed it.", type.name);
            break;
    }
    const auto implicit_columns = table.columns.size();
    TableColumns columns{table, type};
    type.columns(columns);
    for (auto i = implicit_columns; i < table.columns.size(); ++i)
    {
        const auto& name = table.columns[i].name;
        const auto same = std::count_if(table.columns.begin(), table.columns.end(),
            [&](const ColumnInfo& other) { return other.name == name; });
        RUNNEL_CHECK(same == 1 && "an event's columns have different names");
        // Those who follow money look for accounts; any other index would only cost time.
        constexpr std::size_t indexes_max = 3;  // The key's among them.
        const bool by_account = table.columns[i].refers_to == RefersTo::addresses &&
                                (type.use == EventUse::sector || type.table == "token_transfers");
        if (by_account && table.indexes.size() < indexes_max)
            table.indexes.push_back({name});
    }
    if (type.table == "oracle_prices" && table.has_column("token_id"))
        table.indexes.push_back({"token_id", "block_number"});
    return table;
}

bool same_columns(const TableInfo& a, const TableInfo& b) noexcept
{
    return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
        [](const ColumnInfo& x, const ColumnInfo& y)
        { return x.name == y.name && x.type == y.type && x.nullable == y.nullable; });
}

std::string index_name(const TableInfo& table, const std::vector<std::string>& columns)
{
    return fmt::format("i{}_{}", std::string_view{table.name}.substr(1), fmt::join(columns, "_"));
}

std::string column_list(const std::vector<std::string>& columns)
{
    std::string list;
    for (const auto& column : columns)
        list += (list.empty() ? "" : ", ") + quoted_name(column);
    return list;
}

DocumentationEntry documented(std::string_view object, std::string_view kind,
    std::uint64_t position, const ColumnInfo& column)
{
    return {std::string{object}, std::string{kind}, position, column.name,
        column.type + (column.nullable ? " or NULL" : ""),
        column.refers_to == RefersTo::addresses   ? "id in t_addresses"
        : column.refers_to == RefersTo::contracts ? "id in t_contracts"
                                                  : column.unit,
        column.meaning};
}

template <typename Objects>
void document(
    std::string_view kind, const Objects& objects, std::vector<DocumentationEntry>& entries)
{
    for (const auto& object : objects)
    {
        entries.push_back({object.name, std::string{kind}, 0, "", "", "", object.meaning});
        std::uint64_t position = 0;
        for (const auto& column : object.columns)
            entries.push_back(documented(object.name, kind, ++position, column));
    }
}

/// Heading and keys of a table or view; what else is before its columns.
std::string reference_head(const Schema& schema, const DocumentationEntry& object)
{
    auto head = fmt::format("\n### `{}`\n\n{}\n", object.object, object.meaning);
    if (object.kind == "table")
    {
        const auto& table = schema.table(object.object);
        if (!table.key.empty())
            head += fmt::format("Key: `{}`.", fmt::join(table.key, "`, `"));
        for (const auto& index : table.indexes)
            head += fmt::format(" Index: `{}`.", fmt::join(index, "`, `"));
        if (!table.key.empty() || !table.indexes.empty())
            head += "\n";
    }
    return head + "\n| Column | Type | Unit | Meaning |\n|---|---|---|---|\n";
}
}  // namespace

std::string id_column(std::string_view field)
{
    constexpr std::string_view suffix = "_address";
    if (field.ends_with(suffix))
        field.remove_suffix(suffix.size());
    return std::string{field} + "_id";
}

bool has_table(Database& database, std::string_view name)
{
    auto row = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
    return row.bind(1, Value{name}).step();
}

bool has_table_or_view(Database& database, std::string_view name)
{
    auto row = database.prepare(
        "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?");
    return row.bind(1, Value{name}).step();
}

std::string event_table_name(const EventType& type)
{
    return "t_" + std::string{type.table};
}

bool TableInfo::has_column(std::string_view column) const noexcept
{
    return std::any_of(columns.begin(), columns.end(),
        [&](const ColumnInfo& candidate) { return candidate.name == column; });
}

std::string TableInfo::create_sql() const
{
    std::string sql = "CREATE TABLE " + quoted_name(name) + " (";
    for (const auto& column : columns)
        sql +=
            quoted_name(column.name) + " " + column.type + (column.nullable ? ", " : " NOT NULL, ");
    // A block's number is its rowid; rows of several columns are found by BlockRows.
    // The same for a directory's ids.
    const bool has_rowid = kind == TableKind::block || kind == TableKind::directory ||
                           kind == TableKind::told || key.empty();
    if (has_rowid && key.size() != 1)
        return sql.erase(sql.size() - 2) + ")";
    return sql + "PRIMARY KEY (" + column_list(key) + (has_rowid ? "))" : ")) WITHOUT ROWID");
}

std::string ViewInfo::create_sql() const
{
    std::string sql = "CREATE VIEW " + quoted_name(name) + " AS SELECT";
    for (const auto& column : columns)
    {
        sql += (&column == &columns.front() ? " " : ", ") + column.expression + " AS " +
               quoted_name(column.name);
    }
    return sql + " FROM " + source;
}

Schema::Schema(std::span<const EventType* const> events) : tables_{base_tables()}
{
    for (const auto* type : events)
    {
        if (std::find(events_.begin(), events_.end(), type) == events_.end())
            add_event(*type);
    }
    views_ = make_views(tables_, events_);
}

void Schema::add_event(const EventType& type)
{
    events_.push_back(&type);
    auto made = event_table(type);
    const auto same_name = std::find_if(tables_.begin(), tables_.end(),
        [&](const TableInfo& other) { return other.name == made.name; });
    if (same_name == tables_.end())
        tables_.push_back(std::move(made));
    else
        RUNNEL_CHECK(same_columns(*same_name, made) && "events of one table have the same columns");
}

const TableInfo& Schema::table(std::string_view name) const
{
    const auto found = std::find_if(tables_.begin(), tables_.end(),
        [&](const TableInfo& candidate) { return candidate.name == name; });
    RUNNEL_CHECK(found != tables_.end());
    return *found;
}

void Schema::create(Database& database) const
{
    for (const auto& table : tables_)
        database.execute(table.create_sql());
    for (const auto& view : views_)
        database.execute(view.create_sql());
}

void Schema::create_indexes(Database& database) const
{
    for (const auto& table : tables_)
    {
        for (const auto& columns : table.indexes)
        {
            database.execute(fmt::format("CREATE {}INDEX IF NOT EXISTS {} ON {} ({})",
                columns == table.key ? "UNIQUE " : "", quoted_name(index_name(table, columns)),
                quoted_name(table.name), column_list(columns)));
        }
    }
}

void Schema::drop_indexes(Database& database) const
{
    for (const auto& table : tables_)
    {
        for (const auto& columns : table.indexes)
            database.execute("DROP INDEX IF EXISTS " + quoted_name(index_name(table, columns)));
    }
}

std::vector<DocumentationEntry> documentation(const Schema& schema)
{
    std::vector<DocumentationEntry> entries;
    document("table", schema.tables(), entries);
    document("view", schema.views(), entries);
    return entries;
}

std::string database_reference(std::span<const EventType* const> events)
{
    const Schema schema{events};
    std::string page =
        "# The database\n\n"
        "A ledger is one SQLite file. Base tables (`t_...`) refer to accounts and contracts by id; "
        "views without the prefix show addresses as hex text, under the names of ethereum-etl and "
        "Spellbook. Amounts are exact decimal text, which `CAST(x AS REAL)` understands; the "
        "extension `runnel_sqlite` adds exact sums (`amount_sum` and others). Event tables exist "
        "in ledgers whose contracts emit the event. Rows of blocks lie in the order of the chain, "
        "which is that of their rowids; a unique index over their key, like all indexes, is there "
        "once a run has ended. The ledger of a run that was killed has none: lookups and prices "
        "(`amount_usd`) are slow until `run --resume` has ended it.\n\n"
        "This page is generated from the code that makes the tables, and so is `t_documentation` "
        "in "
        "every ledger: `SELECT * FROM t_documentation WHERE object = 'dex_trades'`.\n";
    std::string kind;
    for (const auto& entry : documentation(schema))
    {
        if (entry.kind != kind)
            page += entry.kind == "table" ? "\n## Tables\n" : "\n## Views\n";
        kind = entry.kind;
        page += entry.position == 0 ? reference_head(schema, entry)
                                    : fmt::format("| `{}` | {} | {} | {} |\n", entry.column,
                                          entry.type, entry.unit, entry.meaning);
    }
    return page;
}

}  // namespace runnel::storage
