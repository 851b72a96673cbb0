#pragma once

#include "ledger/check.hpp"
#include "ledger/event.hpp"
#include "storage/row_visitors.hpp"
#include "storage/schema.hpp"

#include <algorithm>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::storage
{

/// Memory for the text and bytes of rows that wait to be written; all of it is freed at once.
class RowArena
{
public:
    /// @p size bytes whose address stays the same until clear().
    char* allocate(std::size_t size)
    {
        if (chunk_ == 0 || used_ + size > chunk_size_)
            next_chunk(size);
        auto* bytes = chunks_[chunk_ - 1].bytes.get() + used_;
        used_ += size;
        return bytes;
    }
    /// Returns the end of the last allocation.
    void shrink(std::size_t unused) noexcept { used_ -= unused; }
    void clear() noexcept
    {
        chunk_ = 0;
        used_ = chunk_size_ = 0;
    }

private:
    struct Chunk
    {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };
    static constexpr std::size_t chunk_size_min = 16 * 1024;

    void next_chunk(std::size_t size);

    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;  // Chunks in use.
    std::size_t used_ = 0;   // Of the last one.
    std::size_t chunk_size_ = 0;
};

/// What becomes of the rows of one table.
class RowTarget
{
public:
    virtual ~RowTarget() = default;
    [[nodiscard]] virtual std::size_t columns() const noexcept = 0;
    /// Whole rows, their values one after another.
    virtual void take(std::span<const Value> rows) = 0;
};

/// Inserts rows of one table, many with one statement: one INSERT of many rows costs about half of
/// as many INSERTs of one.
class RowInserter final : public RowTarget
{
public:
    static constexpr std::size_t rows_max = 48;
    static constexpr std::size_t rows_few = 6;

    RowInserter(Database& database, const TableInfo& table);

    [[nodiscard]] std::size_t columns() const noexcept override { return columns_; }
    void take(std::span<const Value> rows) override;

private:
    void insert(Statement& statement, std::span<const Value> rows);

    std::size_t columns_;
    Statement many_;
    Statement few_;
    Statement one_;
};

/// Rows of one table that wait to be taken together: inserted, as a rule.
class RowBatch final : public ValueSink
{
public:
    RowBatch(Database& database, const TableInfo& table);
    RowBatch(const TableInfo& table, std::unique_ptr<RowTarget> target);

    /// Puts the columns that @p row describes; everything is copied.
    template <typename Row>
    void put_row(const Row& row)
    {
        Row::describe(row,
            [this](std::string_view, const auto& field, const ColumnText&) { put_field(field); });
    }

    // Single columns, as an event's type names them.
    void amount(const Amount& value) override
    {
        constexpr std::size_t digits_max = 78;
        auto* digits = arena_.allocate(digits_max);
        const auto size = value.write_decimal(digits);
        arena_.shrink(digits_max - size);
        put(Value{std::string_view{digits, size}});
    }
    void signed_amount(const Int256& value) override { text(value.to_string()); }
    void integer(std::int64_t value) override { put(Value{value}); }
    void account(AccountId value) override { put(Value{std::int64_t{index(value)}}); }
    void contract(ContractId value) override { put(Value{std::int64_t{index(value)}}); }
    void boolean(bool value) override { put(Value{std::int64_t{value}}); }
    void text(std::string_view value) override { put(Value{copy(value)}); }

    [[nodiscard]] std::string_view table() const noexcept { return table_; }
    /// Every column has its value; the target takes the rows when the batch is full.
    void end_row();
    /// It takes what waits.
    void flush();
    /// Drops what waits.
    void discard() noexcept;

private:
    void put(const Value& value) { values_[used_++] = value; }
    template <typename T>
    void put_field(const T& field)
    {
        if constexpr (is_optional<T>::value)
            field ? put_field(*field) : put(Value{});
        else if constexpr (std::same_as<T, Amount>)
            amount(field);
        else if constexpr (std::same_as<T, AccountId> || std::same_as<T, ContractId>)
            put(Value{std::int64_t{index(field)}});
        else if constexpr (std::integral<T>)
            put(Value{static_cast<std::int64_t>(field)});
        else if constexpr (std::same_as<T, Hash>)
            put_field(ByteView{field.bytes});
        else if constexpr (std::same_as<T, ByteView>)
        {
            const auto bytes = copy({reinterpret_cast<const char*>(field.data()), field.size()});
            put(Value{ByteView{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}});
        }
        else if constexpr (std::same_as<T, std::string_view>)
            text(field);
        else if constexpr (std::same_as<T, Address>)
            text(field.to_string());
        else
            put(Value{field});
    }
    std::string_view copy(std::string_view value)
    {
        auto* bytes = arena_.allocate(value.size());
        std::copy(value.begin(), value.end(), bytes);
        return {bytes, value.size()};
    }

    std::unique_ptr<RowTarget> target_;
    std::size_t columns_;
    std::string table_;
    std::size_t used_ = 0;
    std::vector<Value> values_;
    RowArena arena_;
};

/// A batch that takes rows of one description only.
template <typename Row>
class Rows
{
public:
    explicit Rows(RowBatch& batch) : batch_{&batch} { RUNNEL_CHECK(batch.table() == Row::table); }

    void add(const Row& row)
    {
        batch_->put_row(row);
        batch_->end_row();
    }

private:
    RowBatch* batch_;
};

}  // namespace runnel::storage
