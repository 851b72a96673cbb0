#include "analytics/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace runnel::analytics
{
namespace
{
constexpr std::string_view prefix = "parallelism_";
constexpr std::string_view speed_up_prefix = "parallelism_speedup_";
constexpr std::string_view serialised_prefix = "parallelism_serialised_";

struct Serialised
{
    std::string contract;
    double share = 0;
};

std::string kind_of(const LedgerQueries& source, const std::string& contract)
{
    for (const auto& facts : source.contracts())
    {
        if (facts.name == contract)
            return facts.kind;
    }
    return {};
}

/// What the figures say, in words that fit a line.
std::string verdict(const std::vector<Serialised>& contracts)
{
    if (contracts.empty() || contracts.front().share <= 0)
        return "no contract stands in the way";
    const auto& first = contracts.front();
    return fmt::format(
        "{} alone serialises {:.0f}% of the chain", first.contract, 100 * first.share);
}
}  // namespace

std::optional<Section> parallelism_section(LedgerQueries& source)
{
    if (!source.has("t_run_metrics") || source.last_block() == 0)
        return std::nullopt;
    Section section{"parallelism", "What more cores would give (predicted)", {}, {}, {}};
    Table speed_ups{"speed_ups", "Execution with more workers",
        {{"workers", "Workers", Unit::count}, {"speed_up", "Speed-up", Unit::ratio}}, {}};
    std::vector<Serialised> contracts;
    std::optional<double> available;
    auto rows = source.query(
        "SELECT name, value FROM t_run_metrics WHERE block_number IS NULL ORDER BY rowid");
    while (rows.step())
    {
        const auto name = rows.text(0);
        const auto value = rows.real(1);
        if (name == "redone_blocks")
        {
            section.figures.push_back({"redone_blocks", "Blocks redone in order",
                static_cast<std::int64_t>(std::llround(value)), Unit::count});
        }
        if (!name.starts_with(prefix))
            continue;
        if (name == "parallelism_blocks")
        {
            section.figures.push_back({"blocks_sampled", "Blocks sampled",
                static_cast<std::int64_t>(std::llround(value)), Unit::count});
        }
        else if (name == "parallelism_transactions")
        {
            section.figures.push_back({"transactions_sampled", "Transactions sampled",
                static_cast<std::int64_t>(std::llround(value)), Unit::count});
        }
        else if (name == "parallelism_available")
        {
            available = value;
            section.figures.push_back({"available", "Available parallelism", value, Unit::ratio});
        }
        else if (name.starts_with(speed_up_prefix))
        {
            const auto digits = name.substr(speed_up_prefix.size());
            std::int64_t workers = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), workers);
            speed_ups.rows.push_back({workers, value});
        }
        else if (name.starts_with(serialised_prefix))
            contracts.push_back({std::string{name.substr(serialised_prefix.size())}, value});
    }
    if (!available)
    {
        section.figures.push_back({"recorded", "Recorded", false, Unit::none});
        section.figures.push_back({"verdict", "In words",
            std::string{"this run recorded none (it was cut off, or is not finished)"},
            Unit::none});
        return section;
    }
    std::stable_sort(contracts.begin(), contracts.end(),
        [](const auto& a, const auto& b) { return a.share > b.share; });
    section.figures.push_back({"recorded", "Recorded", true, Unit::none});
    section.figures.push_back({"verdict", "In words", verdict(contracts), Unit::none});
    Table serialised{"serialised", "Share of the chain that a contract alone serialises",
        {{"contract", "Contract", Unit::none}, {"kind", "Kind", Unit::none},
            {"share", "Share", Unit::share}},
        {}};
    for (const auto& contract : contracts)
    {
        serialised.rows.push_back(
            {contract.contract, kind_of(source, contract.contract), contract.share});
    }
    section.tables.push_back(std::move(speed_ups));
    section.tables.push_back(std::move(serialised));
    return section;
}

}  // namespace runnel::analytics
