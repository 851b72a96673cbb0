#pragma once

#include "storage/schema.hpp"

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

/// How described rows (storage/rows.hpp) become columns, and how they are read. RowBatch writes
/// them.
namespace runnel::storage
{

template <typename T>
struct is_optional : std::false_type
{};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type
{};

/// The columns of a row's description, for a table.
struct ColumnsOfRow
{
    std::vector<ColumnInfo>& columns;

    template <typename T>
    void operator()(std::string_view name, const T&, const ColumnText& text) const
    {
        ColumnInfo column{std::string{name}, "", to_string(text.unit), std::string{text.meaning}};
        set_type<T>(column);
        columns.push_back(std::move(column));
    }

private:
    template <typename T>
    static void set_type(ColumnInfo& column)
    {
        if constexpr (is_optional<T>::value)
        {
            column.nullable = true;
            set_type<typename T::value_type>(column);
        }
        else if constexpr (std::same_as<T, AccountId> || std::same_as<T, ContractId>)
        {
            column.type = "INTEGER";
            column.refers_to =
                std::same_as<T, AccountId> ? RefersTo::addresses : RefersTo::contracts;
        }
        else if constexpr (std::integral<T>)
            column.type = "INTEGER";
        else if constexpr (std::floating_point<T>)
            column.type = "REAL";
        else if constexpr (std::same_as<T, Amount> || std::same_as<T, Address> ||
                           std::same_as<T, std::string_view>)
            column.type = "TEXT";
        else
        {
            static_assert(std::same_as<T, Hash> || std::same_as<T, ByteView>);
            column.type = "BLOB";
        }
    }
};

/// `SELECT ... FROM ...` of what read_row() reads.
template <typename Row>
[[nodiscard]] std::string select_rows()
{
    std::string sql;
    const auto add = [&sql](std::string_view name, const auto&, const ColumnText& text)
    {
        if (!text.derived)
            sql += (sql.empty() ? "SELECT " : ", ") + quoted_name(name);
    };
    const Row row;
    Row::describe(row, add);
    return sql + " FROM " + quoted_name(Row::table);
}

template <typename T>
[[nodiscard]] T read_field(const Statement& statement, int at)
{
    if constexpr (is_optional<T>::value)
    {
        if (statement.is_null(at))
            return std::nullopt;
        return read_field<typename T::value_type>(statement, at);
    }
    else if constexpr (std::same_as<T, Hash>)
        return statement.hash(at);
    else if constexpr (std::same_as<T, AccountId>)
        return statement.account(at);
    else if constexpr (std::same_as<T, ContractId>)
        return statement.contract(at);
    else if constexpr (std::same_as<T, Address>)
        return statement.address(at);
    else if constexpr (std::same_as<T, Amount>)
        return statement.amount(at);
    else if constexpr (std::same_as<T, std::string_view>)
        return statement.text(at);
    else if constexpr (std::same_as<T, ByteView>)
        return statement.blob(at);
    else if constexpr (sizeof(T) < sizeof(std::int64_t))
        return static_cast<T>(statement.integer_up_to(at, std::numeric_limits<T>::max()));
    else
        return static_cast<T>(statement.integer(at));  // Of 64 bits: stored as they are.
}

/// Reads the columns that are not derived, as strictly as Statement does. Text and bytes are valid
/// until the statement's next step.
template <typename Row>
[[nodiscard]] Row read_row(const Statement& statement)
{
    Row row;
    int next = 0;
    const auto read = [&]<typename T>(std::string_view, T& field, const ColumnText& text)
    {
        if (!text.derived)
            field = read_field<T>(statement, next++);
    };
    Row::describe(row, read);
    return row;
}

}  // namespace runnel::storage
