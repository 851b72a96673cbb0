#include "storage/row_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace runnel::storage
{

void ComparedTable::leave_out(std::initializer_list<std::string_view> names)
{
    for (const auto left_out : names)
    {
        const auto found = std::find(columns.begin(), columns.end(), left_out);
        if (found == columns.end())
            continue;
        const auto place = static_cast<int>(found - columns.begin());
        columns.erase(found);
        std::erase(key, place);
        for (auto& column : key)
            column -= column > place ? 1 : 0;
        number -= number > place ? 1 : 0;
    }
}

int compare_values(const Value& a, const Value& b) noexcept
{
    const auto rank = [](const Value& value)
    { return value.type == ValueType::real ? ValueType::integer : value.type; };
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? -1 : 1;
    switch (a.type)
    {
        case ValueType::null: return 0;
        case ValueType::integer:
        case ValueType::real: {
            if (a.type == ValueType::integer && b.type == ValueType::integer)
                return a.integer == b.integer ? 0 : a.integer < b.integer ? -1 : 1;
            const auto real = [](const Value& value) {
                return value.type == ValueType::real ? value.real
                                                     : static_cast<double>(value.integer);
            };
            if (real(a) != real(b))
                return real(a) < real(b) ? -1 : 1;
            return a.type == b.type ? 0 : a.type == ValueType::integer ? -1 : 1;
        }
        case ValueType::text:
        case ValueType::blob: {
            const auto size = std::min(a.size, b.size);
            const int order = size == 0 ? 0 : std::memcmp(a.data, b.data, size);
            if (order != 0)
                return order;
            return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
        }
    }
    return 0;
}

namespace
{
std::string show(const Value& value)
{
    constexpr std::size_t shown_max = 80;
    std::string text;
    switch (value.type)
    {
        case ValueType::null: return "NULL";
        case ValueType::integer: return std::to_string(value.integer);
        case ValueType::real: return fmt::format("{}", value.real);
        case ValueType::text:
            text = fmt::format(
                "'{}'", std::string_view{static_cast<const char*>(value.data), value.size});
            break;
        case ValueType::blob:
            text = "0x" + to_hex({static_cast<const std::uint8_t*>(value.data), value.size});
            break;
    }
    return shortened(text, shown_max);
}

/// Of a whole row as many columns as a line has room for; of two that differ those that name the
/// row, and those that differ.
std::string show_row(const ComparedTable& table, const RowView& row, const RowView* other)
{
    constexpr std::size_t row_max = 320;
    std::string text;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        const auto column = static_cast<int>(i);
        const bool names_row =
            std::find(table.key.begin(), table.key.end(), column) != table.key.end();
        if (other != nullptr && !names_row &&
            compare_values(row.value(column), other->value(column)) == 0)
            continue;
        if (text.size() > row_max)
            return text + " ...";
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", shortened(table.columns[i], 80),
            show(row.value(column)));
    }
    return text;
}

std::string differing_columns(const ComparedTable& table, const RowView& a, const RowView& b)
{
    std::string names;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        const int column = static_cast<int>(i);
        if (compare_values(a.value(column), b.value(column)) != 0)
            names += (names.empty() ? "" : ", ") + table.columns[i];
    }
    return shortened(names, 200);
}

LedgerDifference make_difference(const ComparedTable& table, const RowView* a, const RowView* b)
{
    LedgerDifference difference;
    difference.table = table.name;
    const auto& row = a == nullptr ? *b : *a;
    if (table.of_blocks)
    {
        const auto number = row.value(table.number);
        if (number.type == ValueType::integer)
            difference.block = number.integer;
    }
    if (a != nullptr)
        difference.a = show_row(table, *a, b);
    if (b != nullptr)
        difference.b = show_row(table, *b, a);
    if (a != nullptr && b != nullptr)
        difference.columns = differing_columns(table, *a, *b);
    return difference;
}
}  // namespace

std::optional<LedgerDifference> compare_rows(
    const ComparedTable& table, const std::optional<RowView>& a, const std::optional<RowView>& b)
{
    if (!a && !b)
        return std::nullopt;
    if (!a || !b)
        return make_difference(table, a ? &*a : nullptr, b ? &*b : nullptr);
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        const auto column = static_cast<int>(i);
        if (compare_values(a->value(column), b->value(column)) == 0)
            continue;
        for (const int key : table.key)
        {
            const int order = compare_values(a->value(key), b->value(key));
            if (order != 0)  // The lower key is missing from the other.
                return make_difference(table, order < 0 ? &*a : nullptr, order < 0 ? nullptr : &*b);
        }
        return make_difference(table, &*a, &*b);
    }
    return std::nullopt;
}

std::optional<LedgerDifference> earlier_difference(
    std::optional<LedgerDifference> a, std::optional<LedgerDifference> b)
{
    if (!a || !b)
        return a ? std::move(a) : std::move(b);
    const bool b_is_first = b->block && (!a->block || *b->block < *a->block);
    return b_is_first ? std::move(b) : std::move(a);
}

}  // namespace runnel::storage
