#include "analytics/report.hpp"

#include "analytics/calibration_targets.hpp"
#include "analytics/ledger_queries.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace runnel::analytics
{
namespace
{
struct SectionType
{
    std::string_view key;
    std::optional<Section> (*make)(LedgerQueries&);
};

constexpr std::array section_types{
    SectionType{"run", run_section},
    SectionType{"timeline", timeline_section},
    SectionType{"transactions", transactions_section},
    SectionType{"flows", flows_section},
    SectionType{"holders", holders_section},
    SectionType{"trading", trading_section},
    SectionType{"depth", depth_section},
    SectionType{"mev", mev_section},
    SectionType{"providers", providers_section},
    SectionType{"order_books", order_books_section},
    SectionType{"assets", assets_section},
    SectionType{"pegs", pegs_section},
    SectionType{"tvl", tvl_section},
    SectionType{"lending", lending_section},
    SectionType{"liquidations", liquidations_section},
    SectionType{"bad_debt", bad_debt_section},
    SectionType{"debt_positions", debt_positions_section},
    SectionType{"backstops", backstops_section},
    SectionType{"farms", farms_section},
    SectionType{"vaults", vaults_section},
    SectionType{"mixers", mixers_section},
    SectionType{"bridges", bridges_section},
    SectionType{"escrow", escrow_section},
    SectionType{"insurance", insurance_section},
    SectionType{"economy", economy_section},
    SectionType{"books", reconciliation_section},
    SectionType{"cross_checks", cross_checks_section},
    SectionType{"validators", validators_section},
    SectionType{"network", network_section},
    SectionType{"wallets", wallets_section},
    SectionType{"wealth", wealth_section},
    SectionType{"behaviour", behaviour_section},
    SectionType{"throughput", throughput_section},
    SectionType{"parallelism", parallelism_section},
};
constexpr std::string_view headline_key = "headline";

constexpr auto keys = []
{
    std::array<std::string_view, section_types.size() + 1> all{};
    for (std::size_t i = 0; i < section_types.size(); ++i)
        all[i] = section_types[i].key;
    all.back() = headline_key;
    return all;
}();

std::vector<std::string> split(std::string_view path)
{
    std::vector<std::string> parts;
    while (true)
    {
        const auto dot = path.find('.');
        parts.emplace_back(path.substr(0, dot));
        if (dot == std::string_view::npos)
            return parts;
        path.remove_prefix(dot + 1);
    }
}

Names names_of(const LedgerQueries& source)
{
    Names names;
    std::set<std::string_view> tokens;
    for (const auto& group : source.groups())
        names.groups.push_back(group.name);
    for (const auto& token : source.tokens())
    {
        names.tokens.push_back(token.name);
        tokens.insert(token.name);
    }
    for (const auto& contract : source.contracts())
    {
        if (!tokens.contains(contract.name))
            names.contracts.push_back({contract.name, contract.kind});
    }
    return names;
}

/// The cell of the row whose first column says @p row.
Value cell(const Table& table, const std::string& row, std::string_view column)
{
    const auto at = std::find_if(table.columns.begin(), table.columns.end(),
        [&](const Column& candidate) { return candidate.key == column; });
    for (const auto& values : table.rows)
    {
        const auto* name = std::get_if<std::string>(&values.front());
        if (at != table.columns.end() && name != nullptr && *name == row)
            return values.at(static_cast<std::size_t>(at - table.columns.begin()));
    }
    return {};
}
}  // namespace

double Money::to_double() const
{
    return std::strtod(raw.c_str(), nullptr) / std::pow(10.0, decimals);
}

std::optional<double> number(const Value& value)
{
    if (const auto* integer = std::get_if<std::int64_t>(&value))
        return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&value))
        return std::isfinite(*real) ? std::optional{*real} : std::nullopt;
    if (const auto* money = std::get_if<Money>(&value))
        return money->to_double();
    return std::nullopt;
}

const Figure* Section::figure(std::string_view figure_key) const noexcept
{
    const auto found = std::find_if(figures.begin(), figures.end(),
        [&](const Figure& candidate) { return candidate.key == figure_key; });
    return found == figures.end() ? nullptr : &*found;
}

const Table* Section::table(std::string_view table_key) const noexcept
{
    const auto found = std::find_if(tables.begin(), tables.end(),
        [&](const Table& candidate) { return candidate.key == table_key; });
    return found == tables.end() ? nullptr : &*found;
}

const Section* Report::section(std::string_view key) const noexcept
{
    const auto found = std::find_if(sections.begin(), sections.end(),
        [&](const Section& candidate) { return candidate.key == key; });
    return found == sections.end() ? nullptr : &*found;
}

Value Report::value(std::string_view path) const
{
    const auto parts = split(path);
    const auto* found = section(parts.front());
    if (found == nullptr)
        return {};
    if (parts.size() == 2)
    {
        const auto* figure = found->figure(parts[1]);
        return figure == nullptr ? Value{} : figure->value;
    }
    const auto* table = parts.size() == 4 ? found->table(parts[1]) : nullptr;
    return table == nullptr ? Value{} : cell(*table, parts[2], parts[3]);
}

std::optional<double> Report::number(std::string_view path) const
{
    return analytics::number(value(path));
}

std::span<const std::string_view> section_keys() noexcept
{
    return keys;
}

Report make_report(storage::Database& database, std::span<const std::string> sections)
{
    LedgerQueries source{database};
    const auto asked = [&](std::string_view key) {
        return sections.empty() ||
               std::find(sections.begin(), sections.end(), key) != sections.end();
    };
    const auto needed = [&](std::string_view key)
    {
        return asked(key) ||
               (asked(headline_key) && headline_needs(source.manifest("scenario_name"), key));
    };
    Report report;
    report.names = names_of(source);
    for (const auto& type : section_types)
    {
        if (!needed(type.key))
            continue;
        if (auto section = type.make(source))
            report.sections.push_back(std::move(*section));
    }
    if (asked(headline_key))
    {
        if (auto section = headline_section(source.manifest("scenario_name"), report))
            report.sections.push_back(std::move(*section));
    }
    std::erase_if(report.sections, [&](const Section& section) { return !asked(section.key); });
    return report;
}

}  // namespace runnel::analytics
