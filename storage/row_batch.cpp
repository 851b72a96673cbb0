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
    std::string sql = "INSERT INTO " + quoted_name(table.name) + " VALUES " + row;
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

RowBatch::RowBatch(Database& database, const TableInfo& table)
  : columns_{table.columns.size()},
    values_(columns_ * rows_max),
    insert_many_{prepare_insert(database, table, rows_max)},
    insert_few_{prepare_insert(database, table, rows_few)},
    insert_one_{prepare_insert(database, table, 1)}
{}

void RowBatch::end_row()
{
    RUNNEL_CHECK(used_ % columns_ == 0);
    if (used_ == values_.size())
        flush();
}

void RowBatch::flush()
{
    const auto rows = used_ / columns_;
    std::size_t row = 0;
    for (; rows - row >= rows_max; row += rows_max)
        insert(insert_many_, row, rows_max);
    for (; rows - row >= rows_few; row += rows_few)
        insert(insert_few_, row, rows_few);
    for (; row < rows; ++row)
        insert(insert_one_, row, 1);
    discard();
}

void RowBatch::discard() noexcept
{
    used_ = 0;
    arena_.clear();
}

void RowBatch::insert(Statement& statement, std::size_t first_row, std::size_t rows)
{
    statement.bind_all(std::span{values_}.subspan(first_row * columns_, rows * columns_));
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

}  // namespace runnel::storage
