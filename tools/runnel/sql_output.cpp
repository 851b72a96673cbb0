#include "tools/runnel/sql_output.hpp"

#include "analytics/csv.hpp"
#include "analytics/render.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::tools
{
namespace
{
using analytics::bar;
using analytics::fitted;
using analytics::merged;
using analytics::padded;
using analytics::style_cyan;
using analytics::styled;
using analytics::width_of;
using storage::Statement;
using storage::ValueType;
using Json = nlohmann::ordered_json;

/// @p digits: of a number that is no integer; 0: as many as tell it from any other.
std::string text_of(const Statement& rows, int column, int digits)
{
    switch (rows.type(column))
    {
        case ValueType::null: return {};
        case ValueType::integer: return std::to_string(rows.integer(column));
        case ValueType::real:
            return digits == 0 ? fmt::format("{}", rows.real(column))
                               : fmt::format("{:.{}g}", rows.real(column), digits);
        case ValueType::text: return std::string{rows.text(column)};
        case ValueType::blob: return "0x" + to_hex(rows.blob(column));
    }
    return {};
}

std::string names_of(const Statement& rows, int column)
{
    return std::string{rows.column_name(column)};
}

/// What a chart can draw: also decimal text, as exact amounts are.
std::optional<double> number_of(const Statement& rows, int column)
{
    if (rows.type(column) == ValueType::integer || rows.type(column) == ValueType::real)
        return rows.real(column);
    if (rows.type(column) != ValueType::text)
        return std::nullopt;
    const std::string text{rows.text(column)};
    if (text.empty() || text.find_first_not_of("-.0123456789") != std::string::npos)
        return std::nullopt;
    char* end = nullptr;
    const auto value = std::strtod(text.c_str(), &end);
    return *end == '\0' ? std::optional{value} : std::nullopt;
}

std::string short_number(double value)
{
    return fmt::format("{:.6g}", value);
}

struct Series
{
    std::string name;
    std::vector<double> values;  // NaN where there is none.
    bool has_text = false;       // Something in it is no number.
    bool has_number = false;
};

void draw_bars(
    const std::vector<std::string>& labels, const Series& series, bool colour, std::size_t width)
{
    std::size_t label_width = 0;
    double high = 0;
    for (std::size_t i = 0; i < labels.size(); ++i)
    {
        label_width = std::max(label_width, width_of(labels[i]));
        if (std::isfinite(series.values[i]))
            high = std::max(high, series.values[i]);
    }
    label_width = std::min(label_width, width / 3);
    const auto room = width - label_width - 18;
    fmt::print("{}\n", series.name);
    for (std::size_t i = 0; i < labels.size(); ++i)
    {
        const auto value = series.values[i];
        const bool is_known = std::isfinite(value);
        fmt::print("  {}  {:>12}  {}\n", padded(fitted(labels[i], label_width), label_width, false),
            is_known ? short_number(value) : "-",
            styled(is_known && high > 0 ? bar(value / high, room) : "", style_cyan, colour));
    }
}

void draw_curve(
    const std::vector<std::string>& labels, const Series& series, bool colour, std::size_t width)
{
    constexpr std::size_t height = 10;
    constexpr std::size_t margin = 14;
    constexpr std::array<std::string_view, 9> parts{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const auto values = merged(series.values, width - margin);
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const auto value : values)
    {
        if (std::isfinite(value))
        {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (low > high)
        return;
    // What keeps near a level (a price) is drawn from its lowest value.
    const auto floor = low > 0 && low < high / 2 ? 0 : low;
    fmt::print("{}\n", series.name);
    for (std::size_t row = height; row-- > 0;)
    {
        std::string line;
        for (const auto value : values)
        {
            const auto share = high > floor ? (value - floor) / (high - floor) : 1;
            // At least an eighth: a value that is there is seen.
            const auto eighths = std::isfinite(value) ? std::max(share * height * 8, 1.0) : 0.0;
            const auto above = eighths - static_cast<double>(row) * 8;
            line += parts.at(static_cast<std::size_t>(std::clamp(above + 0.5, 0.0, 8.0)));
        }
        fmt::print("{:>11} {}{}\n",
            row + 1 == height ? short_number(high)
            : row == 0        ? short_number(floor)
                              : "",
            row + 1 == height || row == 0 ? "┤" : "│", styled(line, style_cyan, colour));
    }
    const auto& first = labels.front();
    const auto& last = labels.back();
    const auto blanks = values.size() - std::min(values.size(), width_of(first) + width_of(last));
    fmt::print(
        "{:>13}{}{}{}\n", "", first, std::string(std::max<std::size_t>(blanks, 2), ' '), last);
}
}  // namespace

void print_table(Statement& rows, std::uint64_t limit, std::size_t width)
{
    constexpr int digits = 10;
    const auto columns = rows.column_count();
    std::vector<std::vector<std::string>> cells;
    std::vector<std::size_t> widths;
    std::vector<bool> right(static_cast<std::size_t>(columns), true);
    for (int i = 0; i < columns; ++i)
        widths.push_back(width_of(printable(names_of(rows, i))));
    std::uint64_t more = 0;
    while (rows.step())
    {
        if (cells.size() >= limit)
        {
            ++more;
            continue;
        }
        auto& row = cells.emplace_back();
        for (int i = 0; i < columns; ++i)
        {
            const auto column = static_cast<std::size_t>(i);
            const auto type = rows.type(i);
            row.push_back(type == ValueType::null ? "-" : printable(text_of(rows, i, digits)));
            widths[column] = std::max(widths[column], width_of(row.back()));
            if (type != ValueType::null && !number_of(rows, i))
                right[column] = false;
        }
    }
    // Where a line is too long, the widest columns give way.
    constexpr std::size_t least = 12;
    const auto used = [&]
    {
        std::size_t sum = 0;
        for (const auto column : widths)
            sum += column + 2;
        return sum;
    };
    while (used() > width + 2)
    {
        const auto widest = std::max_element(widths.begin(), widths.end());
        if (widest == widths.end() || *widest <= least)
            break;
        --*widest;
    }
    const auto print = [&](const auto& cell_of)
    {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i)
            line +=
                (i == 0 ? "" : "  ") + padded(fitted(cell_of(i), widths[i]), widths[i], right[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
    };
    print([&](std::size_t i) { return printable(names_of(rows, static_cast<int>(i))); });
    print([&](std::size_t i) { return analytics::rule(widths[i]); });
    for (const auto& row : cells)
        print([&](std::size_t i) { return row[i]; });
    if (more > 0)
        fmt::print("and {} more (--limit N)\n", more);
}

void print_csv(Statement& rows)
{
    const auto print = [&](const auto& cell_of)
    {
        std::string line;
        for (int i = 0; i < rows.column_count(); ++i)
            line += (i == 0 ? "" : ",") + cell_of(i);
        fmt::print("{}\r\n", line);
    };
    // What fails at once leaves no half of an answer.
    bool has_row = rows.step();
    print([&](int i) { return analytics::csv_cell(names_of(rows, i)); });
    const auto cell = [&](int i)
    { return rows.is_null(i) ? std::string{} : analytics::csv_cell(text_of(rows, i, 0)); };
    for (; has_row; has_row = rows.step())
        print(cell);
}

void print_json(Statement& rows)
{
    bool has_row = rows.step();
    fmt::print("[");
    for (bool is_first = true; has_row; is_first = false, has_row = rows.step())
    {
        Json row = Json::object();
        for (int i = 0; i < rows.column_count(); ++i)
        {
            auto& value = row[names_of(rows, i)];
            switch (rows.type(i))
            {
                case ValueType::null: value = nullptr; break;
                case ValueType::integer: value = rows.integer(i); break;
                case ValueType::real:
                    value = std::isfinite(rows.real(i)) ? Json(rows.real(i)) : Json(nullptr);
                    break;
                case ValueType::text:
                case ValueType::blob: value = text_of(rows, i, 0); break;
            }
        }
        fmt::print("{}\n  {}", is_first ? "" : ",",
            row.dump(-1, ' ', true, Json::error_handler_t::replace));
    }
    fmt::print("\n]\n");
}

void print_plot(Statement& rows, bool colour, std::size_t width)
{
    width = std::max<std::size_t>(width, 40);
    std::vector<std::string> labels;
    bool is_ordered = true;  // The first column: times or numbers, not names.
    std::vector<Series> series(static_cast<std::size_t>(std::max(rows.column_count() - 1, 0)));
    while (rows.step())
    {
        labels.push_back(printable(text_of(rows, 0, 10)));
        const auto& label = labels.back();
        const bool is_time = label.size() >= 10 && label[4] == '-' && label[7] == '-';
        is_ordered = is_ordered && (is_time || number_of(rows, 0));
        for (std::size_t i = 0; i < series.size(); ++i)
        {
            const auto column = static_cast<int>(i) + 1;
            const auto value = number_of(rows, column);
            series[i].has_text = series[i].has_text || (!value && !rows.is_null(column));
            series[i].has_number = series[i].has_number || value.has_value();
            series[i].values.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
        }
    }
    bool is_drawn = false;
    for (std::size_t i = 0; i < series.size(); ++i)
    {
        series[i].name = printable(names_of(rows, static_cast<int>(i) + 1));
        if (series[i].has_text || !series[i].has_number)
            continue;
        if (is_drawn)
            fmt::print("\n");
        is_drawn = true;
        if (is_ordered)
            draw_curve(labels, series[i], colour, width);
        else
            draw_bars(labels, series[i], colour, width);
    }
    if (!is_drawn)
    {
        throw CommandError{exit_bad_input,
            labels.empty() ? "--plot: there are no rows"
                           : "--plot: expected numbers in a column after the first"};
    }
}

}  // namespace runnel::tools
