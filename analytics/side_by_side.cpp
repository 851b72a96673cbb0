#include "analytics/side_by_side.hpp"

#include "analytics/ledger_queries.hpp"
#include "analytics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace runnel::analytics
{
namespace
{
struct Key
{
    std::string key;
    std::string label;
    Unit unit = Unit::none;
};

/// The keys of a section's figures in all ledgers: those of the first in its order, those that
/// only a later one has behind.
std::vector<Key> figures_of(std::span<const NamedReport> ledgers, std::string_view section_key)
{
    std::vector<Key> keys;
    for (const auto& ledger : ledgers)
    {
        const auto* section = ledger.report.section(section_key);
        if (section == nullptr)
            continue;
        for (const auto& figure : section->figures)
        {
            const bool known = std::any_of(
                keys.begin(), keys.end(), [&](const Key& each) { return each.key == figure.key; });
            if (!known)
                keys.push_back({figure.key, figure.label, figure.unit});
        }
    }
    return keys;
}

std::string title_of(std::span<const NamedReport> ledgers, std::string_view section_key)
{
    if (section_key == "timeline")
        return "Over time";  // Each ledger's own says how long its pieces are.
    for (const auto& ledger : ledgers)
    {
        if (const auto* section = ledger.report.section(section_key); section != nullptr)
            return section->title;
    }
    return {};
}

Table heading(std::span<const NamedReport> ledgers)
{
    Table table{"figures", "", {{"key", ""}, {"figure", "Figure"}}, {}};
    for (std::size_t i = 0; i < ledgers.size(); ++i)
    {
        // People see a figure in its own unit; programs get the value.
        table.columns.push_back({fmt::format("ledger_{}", i + 1), ""});
        table.columns.push_back({fmt::format("ledger_{}_text", i + 1), ledgers[i].name});
    }
    table.columns.push_back({"change", ""});
    table.columns.push_back({"change_share", "Change", Unit::share});
    return table;
}

/// Whose difference says nothing: block hashes are no numbers, but times and seeds are.
bool is_measure(const Key& figure)
{
    return figure.unit != Unit::unix_time && figure.key != "seed";
}

// ---- What a page compares at a glance ----

/// What says most of a run, whatever it was about.
constexpr std::array headlines{
    std::string_view{"transactions.count"},
    std::string_view{"transactions.reverted_share"},
    std::string_view{"transactions.base_fee_mean_gwei"},
    std::string_view{"transactions.base_fee_peak_gwei"},
    std::string_view{"trading.volume_usd"},
    std::string_view{"trading.fees_usd"},
    std::string_view{"tvl.pools_end_usd"},
    std::string_view{"tvl.lending_end_usd"},
    std::string_view{"lending.borrowed_peak_usd"},
    std::string_view{"liquidations.calls"},
    std::string_view{"liquidations.debt_repaid_usd"},
    std::string_view{"bad_debt.bad_debt_usd"},
    std::string_view{"debt_positions.bad_debt_usd"},
    std::string_view{"mev.sandwiches"},
    std::string_view{"mev.gross_usd"},
    std::string_view{"farms.staked_peak_usd"},
    std::string_view{"farms.rate_mean"},
    std::string_view{"vaults.assets_peak_usd"},
    std::string_view{"order_books.volume_usd"},
    std::string_view{"mixers.deposits"},
    std::string_view{"escrow.agreed_usd"},
    std::string_view{"insurance.paid_usd"},
    std::string_view{"wealth.gini_end"},
};

/// A row for each of these figures and each ledger that has it, if any has anything of it.
Table headline_table(std::span<const NamedReport> ledgers)
{
    Table table{"headline", "",
        {{"key", ""}, {"section", ""}, {"figure", ""}, {"ledger", ""}, {"number", ""},
            {"text", ""}},
        {}, 0};
    for (const auto path : headlines)
    {
        const auto section_key = path.substr(0, path.find('.'));
        const auto figure_key = path.substr(section_key.size() + 1);
        std::vector<std::vector<Value>> rows;
        bool is_any = false;
        for (const auto& ledger : ledgers)
        {
            const auto* section = ledger.report.section(section_key);
            const auto* figure = section == nullptr ? nullptr : section->figure(figure_key);
            const auto value = figure == nullptr ? std::nullopt : number(figure->value);
            if (!value)
                continue;
            is_any = is_any || *value != 0;
            rows.push_back({std::string{path}, section->title, figure->label, ledger.name, *value,
                shown(figure->value, figure->unit)});
        }
        if (is_any)
            std::move(rows.begin(), rows.end(), std::back_inserter(table.rows));
    }
    return table;
}

// ---- Curves over one another ----

/// So many rows in all: a page draws a table's first thousand.
constexpr std::size_t overlay_rows_max = 1'000;

Column since_start()
{
    return {"since_start", "Since the start", Unit::seconds};
}

/// A table of rows over time in all ledgers, by seconds since each one's start.
struct Overlay
{
    std::string_view section;
    std::string_view table;  // Of the ledgers' own reports.
    std::string_view time;   // Its columns: when,
    std::string_view name;   // of what, if not of one thing alone,
    std::vector<std::string_view> values;
    std::string_view key;  // Of the table here.
    std::string_view title;
};

std::vector<Overlay> make_overlays()
{
    return {{"trading", "prices", "until", "pair", {"price", "reference"}, "prices_by_run",
                "Prices of pools, and outside"},
        {"pegs", "course", "until", "pair", {"price"}, "prices_by_run",
            "Prices of what is meant to be worth the same"},
        {"lending", "course", "until", "reserve", {"utilisation"}, "utilisation_by_run",
            "Utilisation"},
        {"bad_debt", "over_time", "time", "", {"bad_debt_usd", "liquidatable_debt_usd"},
            "bad_debt_by_run", "Debt that is not covered, and that may be liquidated"}};
}

std::optional<std::size_t> position_of(const Table& table, std::string_view key)
{
    for (std::size_t i = 0; i < table.columns.size(); ++i)
    {
        if (table.columns[i].key == key)
            return i;
    }
    return std::nullopt;
}

/// What tables name in that column, in the order in which they do.
std::vector<std::string> names_in(
    std::span<const NamedReport> ledgers, const Overlay& overlay, std::size_t most)
{
    std::vector<std::string> names;
    for (const auto& ledger : ledgers)
    {
        const auto* section = ledger.report.section(overlay.section);
        const auto* table = section == nullptr ? nullptr : section->table(overlay.table);
        const auto column = table == nullptr ? std::nullopt : position_of(*table, overlay.name);
        if (!column)
            continue;
        for (const auto& row : table->rows)
        {
            const auto* name = std::get_if<std::string>(&row[*column]);
            if (name != nullptr && names.size() < most &&
                std::find(names.begin(), names.end(), *name) == names.end())
                names.push_back(*name);
        }
    }
    return names;
}

Table overlaid(std::span<const NamedReport> ledgers, const Overlay& overlay)
{
    Table result{std::string{overlay.key}, std::string{overlay.title},
        {since_start(), {"ledger", "Ledger"}}, {}, 0};
    const bool is_named = !overlay.name.empty();
    const auto most =
        std::max<std::size_t>(1, overlay_rows_max / (LedgerQueries::piece_max * ledgers.size()));
    const auto names = is_named ? names_in(ledgers, overlay, most) : std::vector<std::string>{};
    for (const auto& ledger : ledgers)
    {
        const auto start = ledger.report.number("run.start");
        const auto* section = ledger.report.section(overlay.section);
        const auto* table = section == nullptr ? nullptr : section->table(overlay.table);
        if (table == nullptr || !start)
            continue;
        const auto time = position_of(*table, overlay.time).value();
        const auto name = is_named ? position_of(*table, overlay.name).value() : 0;
        const bool is_first = result.columns.size() == 2;
        if (is_first && is_named)
            result.columns.push_back(table->columns[name]);
        std::vector<std::size_t> values;
        for (const auto key : overlay.values)
        {
            values.push_back(position_of(*table, key).value());
            if (is_first)
                result.columns.push_back(table->columns[values.back()]);
        }
        for (const auto& row : table->rows)
        {
            const auto at = number(row[time]);
            const auto* label = is_named ? std::get_if<std::string>(&row[name]) : nullptr;
            const bool is_kept =
                !is_named ||
                (label != nullptr && std::find(names.begin(), names.end(), *label) != names.end());
            if (!at || !is_kept)
                continue;
            auto& cells = result.rows.emplace_back(std::vector<Value>{*at - *start, ledger.name});
            if (label != nullptr)
                cells.emplace_back(*label);
            for (const auto column : values)
                cells.push_back(row[column]);
        }
    }
    return result;
}

/// A curve of a section's own, which has no times.
struct CurveOverlay
{
    std::string_view section;
    std::string_view curve;
    std::string_view key;
    std::string_view title;
    std::string_view label;
};
constexpr std::array curve_overlays{
    CurveOverlay{"timeline", "base_fee_mean_gwei", "base_fee_by_run", "Base fee", "Base fee"},
    CurveOverlay{"tvl", "pools_usd", "pools_by_run", "Value in pools", "In pools"},
    CurveOverlay{"tvl", "lending_usd", "lending_by_run", "Value in lending markets, not lent",
        "In lending markets"},
};

Table overlaid(std::span<const NamedReport> ledgers, const CurveOverlay& overlay)
{
    Table result{std::string{overlay.key}, std::string{overlay.title},
        {since_start(), {"ledger", "Ledger"}}, {}, 0};
    for (const auto& ledger : ledgers)
    {
        const auto span = ledger.report.number("run.span_seconds");
        const auto* section = ledger.report.section(overlay.section);
        if (section == nullptr || !span)
            continue;
        for (const auto& curve : section->charts)
        {
            if (curve.key != overlay.curve)
                continue;
            if (result.columns.size() == 2)
                result.columns.push_back({curve.key, std::string{overlay.label}, curve.unit});
            for (std::size_t i = 0; i < curve.values.size(); ++i)
            {
                const auto share =
                    static_cast<double>(i) / static_cast<double>(curve.values.size());
                result.rows.push_back({std::floor(*span * share), ledger.name, curve.values[i]});
            }
        }
    }
    return result;
}

std::vector<Table> overlays_of(std::span<const NamedReport> ledgers, std::string_view section_key)
{
    static const auto overlays = make_overlays();
    std::vector<Table> tables;
    const auto keep = [&](Table table)
    {
        if (!table.rows.empty())
            tables.push_back(std::move(table));
    };
    for (const auto& overlay : overlays)
    {
        if (overlay.section == section_key)
            keep(overlaid(ledgers, overlay));
    }
    for (const auto& overlay : curve_overlays)
    {
        if (overlay.section == section_key)
            keep(overlaid(ledgers, overlay));
    }
    return tables;
}

Names names_of(std::span<const NamedReport> ledgers)
{
    Names all;
    for (const auto& ledger : ledgers)
    {
        const auto& own = ledger.report.names;
        all.groups.insert(all.groups.end(), own.groups.begin(), own.groups.end());
        all.tokens.insert(all.tokens.end(), own.tokens.begin(), own.tokens.end());
        all.contracts.insert(all.contracts.end(), own.contracts.begin(), own.contracts.end());
        all.runs.push_back(ledger.name);
    }
    return all;
}
}  // namespace

Report side_by_side(std::span<const NamedReport> ledgers)
{
    Report result;
    Section names{"ledgers", "Side by side", {}, {}, {}};
    Table table{
        "ledgers", "Runs", {{"key", ""}, {"ledger", "Ledger"}, {"scenario", "Scenario"}}, {}};
    for (std::size_t i = 0; i < ledgers.size(); ++i)
    {
        table.rows.push_back({fmt::format("ledger_{}", i + 1), ledgers[i].name,
            ledgers[i].report.value("run.scenario")});
    }
    table.rows_shown = table.rows.size();
    names.tables.push_back(std::move(table));
    if (auto headline = headline_table(ledgers); !headline.rows.empty())
        names.tables.push_back(std::move(headline));
    double longest = 0;
    for (const auto& ledger : ledgers)
        longest = std::max(longest, ledger.report.number("run.span_seconds").value_or(0));
    if (longest > 0)
        names.figures.push_back({"longest_seconds", "Longest run", longest, Unit::seconds});
    result.sections.push_back(std::move(names));
    result.names = names_of(ledgers);
    for (const auto section_key : section_keys())
    {
        const auto keys = figures_of(ledgers, section_key);
        auto overlays = overlays_of(ledgers, section_key);
        if (keys.empty() && overlays.empty())
            continue;
        Section section{std::string{section_key}, title_of(ledgers, section_key), {}, {}, {}};
        auto figures = heading(ledgers);
        for (const auto& figure : keys)
        {
            auto& row = figures.rows.emplace_back(std::vector<Value>{figure.key, figure.label});
            std::vector<std::optional<double>> numbers;
            for (const auto& ledger : ledgers)
            {
                const auto* own = ledger.report.section(section_key);
                const auto* found = own == nullptr ? nullptr : own->figure(figure.key);
                const auto value = found == nullptr ? Value{} : found->value;
                row.push_back(value);
                row.emplace_back(shown(value, figure.unit));
                numbers.push_back(number(value));
            }
            const auto& first = numbers.front();
            const auto& last = numbers.back();
            const bool compared = first && last && is_measure(figure);
            row.push_back(compared ? Value{*last - *first} : Value{});
            row.push_back(
                compared && *first != 0 ? Value{(*last - *first) / std::abs(*first)} : Value{});
        }
        figures.rows_shown = figures.rows.size();
        if (!keys.empty())
            section.tables.push_back(std::move(figures));
        std::move(overlays.begin(), overlays.end(), std::back_inserter(section.tables));
        result.sections.push_back(std::move(section));
    }
    return result;
}

}  // namespace runnel::analytics
