#include "storage/row_batch.hpp"

#include "ledger/check.hpp"

#include <algorithm>

namespace runnel::storage
{
namespace
{
Statement prepare_insert(Database& database, const TableInfo& table, std::size_t rows)
{
    std::string row = "(?";
    for (std::size_t i = 1; i < table.columns.size(); ++i)
        row += ",?";
    row += ")";
    // OR ROLLBACK: a row that may not be there ends the run. The default would keep a journal of
    // every page that a statement changes, to undo it alone; that costs a fifth of all inserts.
    std::string sql = "INSERT OR ROLLBACK INTO " + quoted_name(table.name) + " VALUES " + row;
    for (std::size_t i = 1; i < rows; ++i)
        sql += "," + row;
    return database.prepare(sql);
}
}  // namespace

void RowArena::next_chunk(std::size_t size)
{
    while (chunk_ < chunks_.size() && chunks_[chunk_].size < size)
        ++chunk_;
    if (chunk_ == chunks_.size())
    {
        const auto chunk_size = std::max(size, chunk_size_min);
        chunks_.push_back({std::make_unique_for_overwrite<char[]>(chunk_size), chunk_size});
    }
    chunk_size_ = chunks_[chunk_++].size;
    used_ = 0;
}

RowInserter::RowInserter(Database& database, const TableInfo& table)
  : columns_{table.columns.size()},
    many_{prepare_insert(database, table, rows_max)},
    few_{prepare_insert(database, table, rows_few)},
    one_{prepare_insert(database, table, 1)}
{}

void RowInserter::take(std::span<const Value> rows)
{
    for (; rows.size() >= rows_max * columns_; rows = rows.subspan(rows_max * columns_))
        insert(many_, rows.first(rows_max * columns_));
    for (; rows.size() >= rows_few * columns_; rows = rows.subspan(rows_few * columns_))
        insert(few_, rows.first(rows_few * columns_));
    for (; !rows.empty(); rows = rows.subspan(columns_))
        insert(one_, rows.first(columns_));
}

void RowInserter::insert(Statement& statement, std::span<const Value> rows)
{
    statement.bind_all(rows);
    try
    {
        statement.run();
    }
    catch (const StorageError&)
    {
        statement.reset();
        throw;
    }
}

RowBatch::RowBatch(Database& database, const TableInfo& table)
  : RowBatch{table, std::make_unique<RowInserter>(database, table)}
{}

RowBatch::RowBatch(const TableInfo& table, std::unique_ptr<RowTarget> target)
  : target_{std::move(target)},
    columns_{target_->columns()},
    table_{table.name},
    values_(columns_ * RowInserter::rows_max)
{}

void RowBatch::end_row()
{
    RUNNEL_CHECK(used_ % columns_ == 0);
    if (used_ == values_.size())
        flush();
}

void RowBatch::flush()
{
    target_->take(std::span{values_}.first(used_));
    discard();
}

void RowBatch::discard() noexcept
{
    used_ = 0;
    arena_.clear();
}

}  // namespace runnel::storage
