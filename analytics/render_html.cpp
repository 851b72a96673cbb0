#include "analytics/page/charts.hpp"
#include "analytics/page/document.hpp"
#include "analytics/page/embedded.hpp"
#include "analytics/render.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <stdexcept>
#include <utility>

namespace runnel::analytics
{
namespace
{
using Json = nlohmann::ordered_json;

/// A page stays below a few megabytes: what is left out is said, and in the files of `--csv`.
constexpr std::size_t rows_max = 1'000;
/// Of tables that charts draw, which would end early if the last rows were left out.
constexpr std::size_t drawn_rows_max = 5'000;
/// Integers beyond this are not exact in JavaScript, and are written as text.
constexpr std::int64_t exact_max = std::int64_t{1} << 53U;

std::string_view name_of(Unit unit)
{
    switch (unit)
    {
        case Unit::none: return "none";
        case Unit::count: return "count";
        case Unit::share: return "share";
        case Unit::bar: return "bar";
        case Unit::usd: return "usd";
        case Unit::usd_price: return "usd_price";
        case Unit::gwei: return "gwei";
        case Unit::gas: return "gas";
        case Unit::seconds: return "seconds";
        case Unit::ratio: return "ratio";
        case Unit::per_second: return "per_second";
        case Unit::unix_time: return "unix_time";
    }
    return "none";
}

std::string_view name_of(ChartKind kind)
{
    switch (kind)
    {
        case ChartKind::line: return "line";
        case ChartKind::area: return "area";
        case ChartKind::bar: return "bar";
        case ChartKind::heat_map: return "heat_map";
        case ChartKind::sankey: return "sankey";
        case ChartKind::network: return "network";
        case ChartKind::cards: return "cards";
        case ChartKind::runs: return "runs";
    }
    return "line";
}

Json cell(const Value& value)
{
    if (const auto* money = std::get_if<Money>(&value))
        return Json::array({money->raw, money->decimals, money->symbol});
    if (const auto* number = std::get_if<double>(&value))
        return std::isfinite(*number) ? Json(*number) : Json(nullptr);
    if (const auto* integer = std::get_if<std::int64_t>(&value))
    {
        const bool exact = *integer <= exact_max && *integer >= -exact_max;
        return exact ? Json(*integer) : Json(std::to_string(*integer));
    }
    if (const auto* yes = std::get_if<bool>(&value))
        return *yes;
    if (const auto* text = std::get_if<std::string>(&value))
        return *text;
    return nullptr;
}

Json column(std::string_view key, std::string_view label, Unit unit)
{
    return {{"key", key}, {"label", label}, {"unit", name_of(unit)}};
}

bool is_drawn(const Section& section, const Table& table)
{
    const auto charts = page_charts();
    return std::any_of(charts.begin(), charts.end(),
        [&](const PageChart& chart)
        { return chart.section == section.key && chart.table == table.key; });
}

Json table_of(const Section& section, const Table& table)
{
    Json object{{"key", table.key}, {"title", table.title}, {"shown", table.rows_shown}};
    auto& columns = object["columns"] = Json::array();
    for (const auto& [key, label, unit] : table.columns)
        columns.push_back(column(key, label, unit));
    auto& rows = object["rows"] = Json::array();
    const auto count =
        std::min(table.rows.size(), is_drawn(section, table) ? drawn_rows_max : rows_max);
    for (std::size_t i = 0; i < count; ++i)
    {
        auto& row = rows.emplace_back(Json::array());
        for (const auto& value : table.rows[i])
            row.push_back(cell(value));
    }
    object["left_out"] = table.rows.size() - count;
    return object;
}

/// When the pieces of curves begin, if the report says when the run did.
struct Pieces
{
    std::optional<double> start;
    double seconds = 0;  // The whole run.
};

/// The curves of a section as a table: a line for each piece of the run.
Json curves_of(const Section& section, const Pieces& run)
{
    Json object{{"key", "charts"}, {"title", ""}, {"shown", 0}, {"left_out", 0}};
    auto& columns = object["columns"] = Json::array();
    columns.push_back(run.start ? column("time", "Time", Unit::unix_time)
                                : column("piece", "Piece", Unit::count));
    std::size_t pieces = 0;
    for (const auto& chart : section.charts)
    {
        columns.push_back(column(chart.key, chart.label, chart.unit));
        columns.back()["from_zero"] = chart.from_zero;
        pieces = std::max(pieces, chart.values.size());
    }
    auto& rows = object["rows"] = Json::array();
    for (std::size_t i = 0; i < pieces; ++i)
    {
        const auto share = static_cast<double>(i) / static_cast<double>(pieces);
        auto& row = rows.emplace_back(Json::array());
        row.push_back(run.start ? Json(std::floor(*run.start + share * run.seconds)) : Json(i));
        for (const auto& chart : section.charts)
            row.push_back(i < chart.values.size() ? cell(Value{chart.values[i]}) : Json(nullptr));
    }
    return object;
}

Json section_of(const Section& section, const Pieces& run)
{
    Json object{{"key", section.key}, {"title", section.title}};
    auto& figures = object["figures"] = Json::array();
    for (const auto& figure : section.figures)
    {
        figures.push_back({{"label", figure.label}, {"unit", name_of(figure.unit)},
            {"value", cell(figure.value)}});
    }
    auto& tables = object["tables"] = Json::array();
    for (const auto& table : section.tables)
    {
        if (!table.rows.empty())
            tables.push_back(table_of(section, table));
    }
    if (!section.charts.empty())
        object["curves"] = curves_of(section, run);
    return object;
}

void require_column(const Table& table, const PageChart& chart, std::string_view key)
{
    const auto found = std::any_of(table.columns.begin(), table.columns.end(),
        [&](const Column& candidate) { return candidate.key == key; });
    if (!found)
    {
        throw std::logic_error{fmt::format(
            "the chart of {}.{} asks for the column {}", chart.section, chart.table, key)};
    }
}

Json chart_of(const PageChart& chart, const Table& table)
{
    const auto checked = [&](std::string_view key)
    {
        require_column(table, chart, key);
        return key;
    };
    const auto all = [&](const std::vector<std::string_view>& keys)
    {
        auto list = Json::array();
        for (const auto key : keys)
            list.push_back(checked(key));
        return list;
    };
    Json object{{"section", chart.section}, {"table", chart.table}, {"kind", name_of(chart.kind)},
        {"title", chart.title}, {"sentence", chart.sentence}, {"x", checked(chart.x)},
        {"y", all(chart.y)}, {"series", all(chart.series)}, {"whole", chart.whole},
        {"diagonal", chart.diagonal}, {"log", chart.logarithmic}};
    if (!chart.names.empty())
        object["names"] = chart.names;
    if (!chart.facet.empty())
        object["facet"] = checked(chart.facet);
    if (!chart.mark.empty())
        object["mark"] = checked(chart.mark);
    if (!chart.slider.empty())
        object["slider"] = checked(chart.slider);
    return object;
}

std::string text_of(const Report& report, std::string_view path)
{
    const auto value = report.value(path);
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? std::string{} : *text;
}

std::string title_of(const Report& report)
{
    if (!report.names.runs.empty())
        return fmt::format("{}", fmt::join(report.names.runs, " · "));
    for (const auto* path : {"run.title", "run.scenario"})
    {
        if (auto text = text_of(report, path); !text.empty())
            return text;
    }
    return "A ledger of Runnel";
}

/// What was run: name, seed, blocks, when.
std::string subtitle_of(const Report& report)
{
    std::vector<std::string> parts;
    if (const auto name = text_of(report, "run.scenario"); !name.empty())
        parts.push_back(name);
    const auto add = [&](std::string_view path, std::string_view form, Unit unit)
    {
        const auto value = report.value(path);
        if (!std::holds_alternative<std::monostate>(value))
            parts.push_back(fmt::format(fmt::runtime(form), shown(value, unit)));
    };
    add("run.seed", "seed {}", Unit::none);
    add("run.blocks", "{} blocks", Unit::count);
    add("run.start", "from {} UTC", Unit::unix_time);
    add("run.span_seconds", "for {}", Unit::seconds);
    return fmt::format("{}", fmt::join(parts, " · "));
}

/// What cells say, and the parts of it: a cell names a pool and a pair of tokens, or a group and
/// the number of a wallet.
std::set<std::string, std::less<>> words_of(const Report& report)
{
    std::set<std::string, std::less<>> words;
    for (const auto& section : report.sections)
    {
        for (const auto& table : section.tables)
        {
            for (const auto& row : table.rows)
            {
                for (const auto& value : row)
                {
                    const auto* text = std::get_if<std::string>(&value);
                    if (text == nullptr || !words.insert(*text).second)
                        continue;
                    for (std::size_t from = 0; from < text->size();)
                    {
                        const auto to = std::min(text->find_first_of(" /,", from), text->size());
                        words.insert(text->substr(from, to - from));
                        from = to + 1;
                    }
                }
            }
        }
    }
    return words;
}

/// What a reader may pick rows by: names that tables say.
Json names_of(const Report& report)
{
    const auto words = words_of(report);
    const auto listed = [&](const std::vector<std::string>& names)
    {
        auto list = Json::array();
        for (const auto& name : std::set<std::string>{names.begin(), names.end()})
        {
            if (words.contains(name))
                list.push_back(name);
        }
        return list;
    };
    auto contracts = Json::array();
    std::set<std::pair<std::string, std::string>> sorted;
    for (const auto& [name, kind] : report.names.contracts)
    {
        if (words.contains(name))
            sorted.emplace(kind, name);
    }
    for (const auto& [kind, name] : sorted)
        contracts.push_back({name, kind});
    return {{"runs", listed(report.names.runs)}, {"groups", listed(report.names.groups)},
        {"tokens", listed(report.names.tokens)}, {"contracts", std::move(contracts)}};
}

/// What a reader may narrow charts over time to, if the report says how long the run was.
Json range_of(const Report& report, const Pieces& run)
{
    if (!report.names.runs.empty())
    {
        const auto longest = report.number("ledgers.longest_seconds");
        return longest ? Json{{"unit", "seconds"}, {"from", 0}, {"to", *longest}} : Json(nullptr);
    }
    const auto blocks = report.number("run.blocks");
    if (!run.start || !blocks || !(*blocks > 1))
        return nullptr;
    return {{"unit", "unix_time"}, {"from", *run.start}, {"to", *run.start + run.seconds},
        {"blocks", *blocks}};
}

Json page_of(const Report& report)
{
    const Pieces run{report.number("run.start"), report.number("run.span_seconds").value_or(0)};
    Json page{{"title", title_of(report)}, {"subtitle", subtitle_of(report)}};
    auto& sections = page["sections"] = Json::array();
    // Figures beside real ones are computed last and read first.
    if (const auto* headline = report.section("headline"))
        sections.push_back(section_of(*headline, run));
    for (const auto& section : report.sections)
    {
        if (section.key != "headline")
            sections.push_back(section_of(section, run));
    }
    page["names"] = names_of(report);
    page["range"] = range_of(report, run);
    auto& charts = page["charts"] = Json::array();
    for (const auto& chart : page_charts())
    {
        // Of several ledgers `headline.figures` has a column for each and no band.
        if (chart.kind == ChartKind::cards && !report.names.runs.empty())
            continue;
        const auto* section = report.section(chart.section);
        const auto* table = section == nullptr ? nullptr : section->table(chart.table);
        if (table != nullptr && !table->rows.empty())
            charts.push_back(chart_of(chart, *table));
    }
    return page;
}
}  // namespace

bool has_html() noexcept
{
    return !page::echarts().empty();
}

std::string render_html(const Report& report)
{
    const auto json = page_of(report);
    return page::filled(page::html(), json["title"], json, page::style(), page::script());
}

bool is_html_report(std::string_view beginning)
{
    return page::begins_as(page::html(), beginning);
}

}  // namespace runnel::analytics
