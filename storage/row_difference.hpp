#pragma once

#include "storage/comparison.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::storage
{

/// A table whose rows are compared.
struct ComparedTable
{
    std::string name;
    std::vector<std::string> columns;
    std::vector<int> key;       // Positions of the columns that name a row, first among equals.
    bool of_blocks = false;     // Its rows come with blocks and lie in the order of the chain.
    bool is_directory = false;  // The same, but the rows of block 0 are there from the start.
    int number = 0;             // Position of the block's number, of such a table.

    /// Columns that are not to be compared.
    void leave_out(std::initializer_list<std::string_view> names);
    [[nodiscard]] const std::string& key_name(std::size_t i) const
    {
        return columns[static_cast<std::size_t>(key[i])];
    }
    [[nodiscard]] const std::string& number_name() const
    {
        return columns[static_cast<std::size_t>(number)];
    }
};

/// A row: where a statement stands, or values that wait to be bound.
class RowView
{
public:
    explicit RowView(const Statement& row) noexcept : row_{&row} {}
    explicit RowView(const Value* values) noexcept : values_{values} {}
    [[nodiscard]] Value value(int column) const
    {
        return row_ != nullptr ? row_->value(column) : values_[column];
    }

private:
    const Statement* row_ = nullptr;
    const Value* values_ = nullptr;
};

/// The order of SQLite's values: NULL, numbers, text, blobs.
[[nodiscard]] int compare_values(const Value& a, const Value& b) noexcept;

/// How the next rows of two ledgers differ, nullopt if they do not. One of them may be missing.
[[nodiscard]] std::optional<LedgerDifference> compare_rows(
    const ComparedTable& table, const std::optional<RowView>& a, const std::optional<RowView>& b);

/// Which of two differences comes first in the chain; @p a if both are in one block.
[[nodiscard]] std::optional<LedgerDifference> earlier_difference(
    std::optional<LedgerDifference> a, std::optional<LedgerDifference> b);

}  // namespace runnel::storage
