#include "analytics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace runnel::analytics
{
namespace
{
/// Text that Markdown takes for text, in one line: names are whatever a scenario's author wrote.
std::string escaped(std::string_view text)
{
    std::string result;
    for (const char c : text)
    {
        if (static_cast<unsigned char>(c) < 0x20U)
        {
            result += ' ';
            continue;
        }
        if (c == '<' || c == '&')
        {
            result += c == '<' ? "&lt;" : "&amp;";
            continue;
        }
        if (std::string_view{"\\`*_[]|~#!"}.find(c) != std::string_view::npos)
            result += '\\';
        result += c;
    }
    return result;
}

bool is_number(const Table& table, std::size_t column)
{
    return std::any_of(table.rows.begin(), table.rows.end(),
        [&](const auto& row) { return number(row.at(column)).has_value(); });
}

void add_figures(const std::vector<Figure>& figures, std::string& out)
{
    std::string lines;
    for (const auto& figure : figures)
    {
        if (!std::holds_alternative<std::monostate>(figure.value))
            lines += fmt::format(
                "| {} | {} |\n", escaped(figure.label), escaped(shown(figure.value, figure.unit)));
    }
    if (!lines.empty())
        out += "\n| Figure | |\n|---|--:|\n" + lines;
}

void add_table(const Table& table, std::string& out)
{
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        if (!table.columns[i].label.empty())
            columns.push_back(i);
    }
    const auto count = std::min(table.rows.size(), table.rows_shown);
    if (count == 0 || columns.empty())
        return;
    if (!table.title.empty())
        out += fmt::format("\n### {}\n", escaped(table.title));
    std::string head = "\n|";
    std::string rule = "|";
    for (const auto i : columns)
    {
        head += fmt::format(" {} |", escaped(table.columns[i].label));
        rule += is_number(table, i) ? "--:|" : "---|";
    }
    out += head + "\n" + rule + "\n";
    for (std::size_t row = 0; row < count; ++row)
    {
        out += "|";
        for (const auto i : columns)
        {
            // Bars are for terminals.
            const auto unit =
                table.columns[i].unit == Unit::bar ? Unit::share : table.columns[i].unit;
            out += fmt::format(" {} |", escaped(shown(table.rows[row].at(i), unit)));
        }
        out += "\n";
    }
    if (const auto left = table.rows.size() - count; left > 0)
        out += fmt::format("\nand {} more\n", left);
}
}  // namespace

std::string render_markdown(const Report& report)
{
    std::string out;
    for (const auto& section : report.sections)
    {
        out += fmt::format("{}## {}\n", out.empty() ? "" : "\n", escaped(section.title));
        add_figures(section.figures, out);
        for (const auto& table : section.tables)
            add_table(table, out);
    }
    return out;
}

}  // namespace runnel::analytics
