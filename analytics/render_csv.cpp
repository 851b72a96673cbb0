#include "analytics/csv.hpp"
#include "analytics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace runnel::analytics
{
namespace
{
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
    return text == nullptr ? std::string{} : csv_cell(*text);
}

std::string raw(const Value& value)
{
    const auto* money = std::get_if<Money>(&value);
    return money == nullptr ? std::string{} : money->raw;
}

/// One file of the report, made in memory: all are written, or none.
class CsvFile
{
public:
    explicit CsvFile(std::filesystem::path path) : path_{std::move(path)} {}

    void line(const std::vector<std::string>& cells)
    {
        text_ += fmt::format("{}\n", fmt::join(cells, ","));
    }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Whether a file looks as if it was this one, of another ledger.
    [[nodiscard]] bool is_alike(std::string_view beginning) const
    {
        return kind_of(beginning) == kind_of(text_);
    }

private:
    /// The heading without what depends on the rows: amounts have a second column only if there are
    /// any, and charts have one for every token.
    static std::string kind_of(std::string_view text)
    {
        const auto heading = text.substr(0, text.find('\n'));
        if (heading.starts_with("piece,"))
            return "piece";
        std::string kind;
        for (std::size_t begin = 0; begin <= heading.size();)
        {
            const auto end = std::min(heading.find(',', begin), heading.size());
            const auto name = heading.substr(begin, end - begin);
            if (!name.ends_with("_raw"))
                kind += fmt::format("{},", name);
            begin = end + 1;
        }
        return kind;
    }

    std::filesystem::path path_;
    std::string text_;
};

CsvFile table_file(const Table& table, std::filesystem::path path)
{
    std::vector<bool> exact(table.columns.size());
    for (const auto& row : table.rows)
    {
        for (std::size_t i = 0; i < row.size(); ++i)
            exact[i] = exact[i] || std::holds_alternative<Money>(row[i]);
    }
    CsvFile file{std::move(path)};
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        if (exact[i])
            cells.push_back(table.columns[i].key + "_raw");
        cells.push_back(table.columns[i].key);
    }
    file.line(cells);
    for (const auto& row : table.rows)
    {
        cells.clear();
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            if (exact[i])
                cells.push_back(raw(row[i]));
            cells.push_back(cell(row[i]));
        }
        file.line(cells);
    }
    return file;
}

CsvFile charts_file(const Section& section, std::filesystem::path path)
{
    CsvFile file{std::move(path)};
    std::vector<std::string> cells{"piece"};
    std::size_t pieces = 0;
    for (const auto& chart : section.charts)
    {
        cells.push_back(chart.key);
        pieces = std::max(pieces, chart.values.size());
    }
    file.line(cells);
    for (std::size_t i = 0; i < pieces; ++i)
    {
        cells = {std::to_string(i)};
        for (const auto& chart : section.charts)
            cells.push_back(i < chart.values.size() ? real(chart.values[i]) : std::string{});
        file.line(cells);
    }
    return file;
}

CsvFile figures_file(const Report& report, std::filesystem::path path)
{
    CsvFile file{std::move(path)};
    file.line({"section", "figure", "value", "raw", "label"});
    for (const auto& section : report.sections)
    {
        for (const auto& figure : section.figures)
        {
            file.line({section.key, figure.key, cell(figure.value), raw(figure.value),
                csv_cell(figure.label)});
        }
    }
    return file;
}
}  // namespace

std::vector<std::filesystem::path> write_csv(
    const Report& report, const std::filesystem::path& folder, storage::CommandFiles command)
{
    std::vector<CsvFile> files{figures_file(report, folder / "figures.csv")};
    for (const auto& section : report.sections)
    {
        for (const auto& table : section.tables)
            files.push_back(
                table_file(table, folder / fmt::format("{}_{}.csv", section.key, table.key)));
        if (!section.charts.empty())
            files.push_back(charts_file(section, folder / (section.key + "_charts.csv")));
    }

    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw std::runtime_error{fmt::format("{}: {}", folder.string(), error.message())};
    std::vector<storage::OutputFile> outputs;
    for (const auto& file : files)
    {
        command.writes(file.path(), "a table");
        outputs.emplace_back(
            file.path(), [&](std::string_view beginning) { return file.is_alike(beginning); },
            "this table of a report");
    }
    std::vector<std::filesystem::path> paths;
    for (std::size_t i = 0; i < files.size(); ++i)
        outputs[i].write(files[i].text());
    for (auto& output : outputs)
    {
        output.commit();
        paths.push_back(output.path());
    }
    return paths;
}

}  // namespace runnel::analytics
