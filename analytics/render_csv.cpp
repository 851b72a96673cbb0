#include "analytics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

namespace runnel::analytics
{
namespace
{
std::string quoted(const std::string& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string result = "\"";
    for (const char c : text)
        result += c == '"' ? std::string{"\"\""} : std::string{c};
    return result + "\"";
}

std::string real(double value)
{
    return std::isfinite(value) ? fmt::format("{}", value) : std::string{};
}

/// The rounded form of a value; exact amounts have a column of their own.
std::string cell(const Value& value)
{
    if (const auto* money = std::get_if<Money>(&value))
        return real(money->to_double());
    if (const auto* number = std::get_if<double>(&value))
        return real(*number);
    if (const auto* integer = std::get_if<std::int64_t>(&value))
        return std::to_string(*integer);
    if (const auto* yes = std::get_if<bool>(&value))
        return *yes ? "true" : "false";
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? std::string{} : quoted(*text);
}

std::string raw(const Value& value)
{
    const auto* money = std::get_if<Money>(&value);
    return money == nullptr ? std::string{} : money->raw;
}

class Writer
{
public:
    explicit Writer(std::filesystem::path path) : path_{std::move(path)}, stream_{path_} {}

    void line(const std::vector<std::string>& cells)
    {
        stream_ << fmt::format("{}\n", fmt::join(cells, ","));
    }
    std::filesystem::path close()
    {
        stream_.close();
        if (!stream_)
            throw std::runtime_error{fmt::format("{}: cannot be written", path_.string())};
        return path_;
    }

private:
    std::filesystem::path path_;
    std::ofstream stream_;
};

std::filesystem::path write_table(const Table& table, std::filesystem::path path)
{
    std::vector<bool> exact(table.columns.size());
    for (const auto& row : table.rows)
    {
        for (std::size_t i = 0; i < row.size(); ++i)
            exact[i] = exact[i] || std::holds_alternative<Money>(row[i]);
    }
    Writer writer{std::move(path)};
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        if (exact[i])
            cells.push_back(table.columns[i].key + "_raw");
        cells.push_back(table.columns[i].key);
    }
    writer.line(cells);
    for (const auto& row : table.rows)
    {
        cells.clear();
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            if (exact[i])
                cells.push_back(raw(row[i]));
            cells.push_back(cell(row[i]));
        }
        writer.line(cells);
    }
    return writer.close();
}

std::filesystem::path write_charts(const Section& section, std::filesystem::path path)
{
    Writer writer{std::move(path)};
    std::vector<std::string> cells{"piece"};
    std::size_t pieces = 0;
    for (const auto& chart : section.charts)
    {
        cells.push_back(chart.key);
        pieces = std::max(pieces, chart.values.size());
    }
    writer.line(cells);
    for (std::size_t i = 0; i < pieces; ++i)
    {
        cells = {std::to_string(i)};
        for (const auto& chart : section.charts)
            cells.push_back(i < chart.values.size() ? real(chart.values[i]) : std::string{});
        writer.line(cells);
    }
    return writer.close();
}

std::filesystem::path write_figures(const Report& report, std::filesystem::path path)
{
    Writer writer{std::move(path)};
    writer.line({"section", "figure", "value", "raw", "label"});
    for (const auto& section : report.sections)
    {
        for (const auto& figure : section.figures)
        {
            writer.line({section.key, figure.key, cell(figure.value), raw(figure.value),
                quoted(figure.label)});
        }
    }
    return writer.close();
}
}  // namespace

std::vector<std::filesystem::path> write_csv(
    const Report& report, const std::filesystem::path& folder)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw std::runtime_error{fmt::format("{}: {}", folder.string(), error.message())};
    std::vector<std::filesystem::path> files{write_figures(report, folder / "figures.csv")};
    for (const auto& section : report.sections)
    {
        for (const auto& table : section.tables)
            files.push_back(
                write_table(table, folder / fmt::format("{}_{}.csv", section.key, table.key)));
        if (!section.charts.empty())
            files.push_back(write_charts(section, folder / (section.key + "_charts.csv")));
    }
    return files;
}

}  // namespace runnel::analytics
