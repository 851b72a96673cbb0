#include "storage/chain_comparison.hpp"

#include "ledger/check.hpp"
#include "storage/block_rows.hpp"
#include "storage/row_difference.hpp"

#include <algorithm>
#include <limits>

namespace runnel::storage
{
namespace
{
ComparedTable compared_table(const TableInfo& info)
{
    ComparedTable table;
    table.name = info.name;
    for (const auto& column : info.columns)
        table.columns.push_back(column.name);
    for (const auto& key : info.key)
    {
        const auto found = std::find(table.columns.begin(), table.columns.end(), key);
        RUNNEL_CHECK(found != table.columns.end());
        table.key.push_back(static_cast<int>(found - table.columns.begin()));
    }
    table.of_blocks = true;
    table.is_directory = info.kind == TableKind::directory;
    const auto number = std::find(table.columns.begin(), table.columns.end(), "block_number");
    if (number != table.columns.end())
        table.number = static_cast<int>(number - table.columns.begin());
    return table;
}

std::string select_all(const ComparedTable& table)
{
    std::string sql;
    for (const auto& column : table.columns)
        sql += (sql.empty() ? "SELECT " : ", ") + quoted_name(column);
    return sql + " FROM " + quoted_name(table.name) + " WHERE rowid >= ? ORDER BY rowid";
}
}  // namespace

/// A table's rows in the file, and which of them was compared last.
class ChainComparison::Cursor
{
public:
    Cursor(Database& database, const TableInfo& info)
      : table_{compared_table(info)}, rows_{database.prepare(select_all(table_))}
    {
        // Who was there at genesis is in the description, and compared with it.
        if (table_.is_directory)
            rows_.bind(1, Value{BlockRows{database, table_.name, table_.number_name()}.first(1)});
        else
            rows_.bind(1, Value{std::numeric_limits<std::int64_t>::min()});
        advance();
    }

    [[nodiscard]] const std::string& name() const noexcept { return table_.name; }
    [[nodiscard]] std::size_t columns() const noexcept { return table_.columns.size(); }

    void compare(std::span<const Value> rows)
    {
        for (; !rows.empty() && !difference_; rows = rows.subspan(columns()))
        {
            difference_ = compare_rows(table_, row(), RowView{rows.data()});
            if (!difference_)
                advance();
        }
    }
    /// The file's next row is a difference if it is of block @p number or an earlier one.
    void end_block(std::int64_t number)
    {
        if (!difference_ && has_row_ && next_block_ <= number)
            difference_ = compare_rows(table_, row(), std::nullopt);
    }
    [[nodiscard]] std::optional<LedgerDifference> take_difference()
    {
        return std::exchange(difference_, std::nullopt);
    }

private:
    void advance()
    {
        has_row_ = rows_.step();
        if (!has_row_)
            return;
        const auto number = rows_.value(table_.number);
        // What is no number has its place in the order of values, too: NULL before, others behind.
        next_block_ = number.type == ValueType::integer ? number.integer
                      : number.type == ValueType::null  ? std::numeric_limits<std::int64_t>::min()
                                                        : std::numeric_limits<std::int64_t>::max();
    }
    [[nodiscard]] std::optional<RowView> row() const
    {
        return has_row_ ? std::optional{RowView{rows_}} : std::nullopt;
    }

    ComparedTable table_;
    Statement rows_;
    bool has_row_ = false;
    std::int64_t next_block_ = 0;
    std::optional<LedgerDifference> difference_;
};

ChainComparison::ChainComparison(Database database, const LedgerDescription& description)
  : database_{std::move(database)}, transaction_{database_}
{
    /// Hands the rows that a table must have to its cursor.
    class Target final : public RowTarget
    {
    public:
        explicit Target(std::shared_ptr<Cursor> cursor) noexcept : cursor_{std::move(cursor)} {}
        [[nodiscard]] std::size_t columns() const noexcept override { return cursor_->columns(); }
        void take(std::span<const Value> rows) override { cursor_->compare(rows); }

    private:
        std::shared_ptr<Cursor> cursor_;
    };
    rows_.emplace(Schema{description.events}, address_book(description),
        [&](const TableInfo& table) -> std::unique_ptr<RowTarget>
        {
            if (table.kind == TableKind::told)
                return nullptr;
            cursors_.push_back(std::make_shared<Cursor>(database_, table));
            return std::make_unique<Target>(cursors_.back());
        });
    std::sort(cursors_.begin(), cursors_.end(),
        [](const auto& a, const auto& b) { return a->name() < b->name(); });
}

ChainComparison::~ChainComparison() = default;

std::optional<LedgerDifference> ChainComparison::next(const FinishedBlock& block)
{
    rows_->add(block);
    rows_->flush();
    std::optional<LedgerDifference> first;
    for (const auto& cursor : cursors_)
    {
        cursor->end_block(static_cast<std::int64_t>(block.header.number));
        first = earlier_difference(std::move(first), cursor->take_difference());
    }
    return first;
}

std::optional<LedgerDifference> ChainComparison::finish()
{
    std::optional<LedgerDifference> first;
    for (const auto& cursor : cursors_)
    {
        cursor->end_block(std::numeric_limits<std::int64_t>::max());
        first = earlier_difference(std::move(first), cursor->take_difference());
    }
    return first;
}

}  // namespace runnel::storage
