#include "storage/insert_cost.hpp"

#include "ledger/thread_cpu.hpp"
#include "storage/block_rows.hpp"
#include "storage/row_batch.hpp"
#include "storage/write_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace runnel::storage
{
namespace
{
/// One table's rows of a range of blocks, copied out of a ledger.
class TableRows
{
public:
    TableRows(Database& from, Database& to, const TableInfo& table)
      : block_rows_{from, table.name, table.key.front()},
        select_{from.prepare(
            fmt::format("SELECT * FROM {} WHERE rowid >= ? AND rowid < ? ORDER BY rowid",
                quoted_name(table.name)))},
        inserter_{to, table}
    {}

    /// Rows of blocks from @p first up to and not including @p end. Returns their number; adds the
    /// size of their values to @p bytes.
    std::uint64_t load(std::uint64_t first, std::uint64_t end, std::uint64_t& bytes)
    {
        values_.clear();
        arena_.clear();
        select_.bind(1, Value{block_rows_.first(first)});
        select_.bind(2, Value{block_rows_.first(end)});
        while (select_.step())
        {
            for (int column = 0; column < select_.column_count(); ++column)
                bytes += add(select_.value(column));
        }
        select_.reset();
        return values_.size() / inserter_.columns();
    }
    void insert() { inserter_.take(values_); }

private:
    std::uint64_t add(Value value)
    {
        if (value.type != ValueType::text && value.type != ValueType::blob)
        {
            values_.push_back(value);
            return value.type == ValueType::null ? 0 : sizeof value.integer;
        }
        auto* copy = arena_.allocate(value.size);
        std::copy_n(static_cast<const char*>(value.data), value.size, copy);
        value.data = copy;
        values_.push_back(value);
        return value.size;
    }

    BlockRows block_rows_;
    Statement select_;
    RowInserter inserter_;
    std::vector<Value> values_;
    RowArena arena_;
};
}  // namespace

InsertCost measure_inserts(const std::string& path, const std::string& scratch,
    const Schema& schema, const WriterOptions& options)
{
    auto from = Database::open(path, Database::Access::read_only);
    auto to = Database::create(scratch, options.force);
    apply_write_settings(to, options.durability);
    schema.create(to);
    std::deque<TableRows> tables;
    std::uint64_t rows = 0;
    for (const auto& table : schema.tables())
    {
        if (table.kind != TableKind::block)
            continue;
        tables.emplace_back(from, to, table);
        rows += static_cast<std::uint64_t>(
            from.query_integer("SELECT count(*) FROM " + quoted_name(table.name)));
    }
    const auto blocks =
        static_cast<std::uint64_t>(from.query_integer("SELECT count(*) FROM t_blocks"));
    const auto group =
        std::max<std::uint64_t>(1, options.group_rows * blocks / std::max<std::uint64_t>(1, rows));
    InsertCost cost;
    for (std::uint64_t first = 0; first < blocks; first += group)
    {
        for (auto& table : tables)
            cost.rows += table.load(first, first + group, cost.bytes);
        const auto start = thread_cpu_seconds();
        to.execute("BEGIN");
        for (auto& table : tables)
            table.insert();
        to.execute("COMMIT");
        cost.cpu_seconds += thread_cpu_seconds() - start;
    }
    return cost;
}

}  // namespace runnel::storage
