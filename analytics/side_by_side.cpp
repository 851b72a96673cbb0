#include "analytics/side_by_side.hpp"

#include "analytics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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
}  // namespace

Report side_by_side(std::span<const NamedReport> ledgers)
{
    Report result;
    Section names{"ledgers", "Side by side", {}, {}, {}};
    Table table{"ledgers", "", {{"key", ""}, {"ledger", "Ledger"}, {"scenario", "Scenario"}}, {}};
    for (std::size_t i = 0; i < ledgers.size(); ++i)
    {
        table.rows.push_back({fmt::format("ledger_{}", i + 1), ledgers[i].name,
            ledgers[i].report.value("run.scenario")});
    }
    table.rows_shown = table.rows.size();
    names.tables.push_back(std::move(table));
    result.sections.push_back(std::move(names));
    for (const auto section_key : section_keys())
    {
        const auto keys = figures_of(ledgers, section_key);
        if (keys.empty())
            continue;
        Section section{
            std::string{section_key}, title_of(ledgers, section_key), {}, {}, {heading(ledgers)}};
        auto& figures = section.tables.front();
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
        result.sections.push_back(std::move(section));
    }
    return result;
}

}  // namespace runnel::analytics
