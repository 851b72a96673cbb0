#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <fmt/format.h>

#include <numeric>

namespace runnel::analytics
{
namespace
{
constexpr unsigned usd_decimals = 8;

Money dollars(const SignedAmount& amount)
{
    return {amount.to_string(), usd_decimals, "USD"};
}

Table health_table(const Positions& positions)
{
    Table table{"health_factors", "Health factors at the end, accounts in debt",
        {{"from", "From", Unit::none}, {"to", "Below", Unit::none},
            {"accounts", "Accounts", Unit::count}, {"debt_usd", "Debt", Unit::usd},
            {"debt_share", "Of debt", Unit::bar}},
        {}, 16};
    const auto& limits = Positions::health_limits;
    double total = 0;
    for (const auto& market : positions.markets)
        total += std::accumulate(market.health_debt_usd.begin(), market.health_debt_usd.end(), 0.0);
    for (std::size_t i = 0; i <= limits.size(); ++i)
    {
        std::uint64_t accounts = 0;
        double debt = 0;
        for (const auto& market : positions.markets)
        {
            accounts += market.health_accounts[i];
            debt += market.health_debt_usd[i];
        }
        table.rows.push_back(
            {i == 0 ? 0.0 : limits[i - 1], i < limits.size() ? Value{limits[i]} : Value{},
                static_cast<std::int64_t>(accounts), debt, share_of(debt, total)});
    }
    return table;
}
/// What was owed, could be liquidated and was lost, interest included, over time.
Table course_table(const Positions& positions)
{
    Table table{"over_time", "Over time, interest included",
        {{"block", "Block", Unit::count}, {"time", "Time", Unit::unix_time},
            {"accounts", "In debt", Unit::count}, {"debt_usd", "Debt", Unit::none},
            {"liquidatable_accounts", "Health < 1", Unit::count},
            {"liquidatable_debt_usd", "their debt", Unit::none},
            {"insolvent_accounts", "Insolvent", Unit::count},
            {"bad_debt_usd", "Bad debt", Unit::none}},
        {}, 24};
    for (const auto& moment : positions.over_time)
    {
        table.rows.push_back(
            {static_cast<std::int64_t>(moment.block), static_cast<std::int64_t>(moment.timestamp),
                static_cast<std::int64_t>(moment.indebted), dollars(moment.debt),
                static_cast<std::int64_t>(moment.below_one), dollars(moment.debt_below_one),
                static_cast<std::int64_t>(moment.insolvent), dollars(moment.bad_debt)});
    }
    return table;
}
/// Debt by health factor over time.
Table health_course(const Positions& positions)
{
    Table table{"health_over_time", "Debt by health factor over time",
        {{"time", "Time", Unit::unix_time}, {"health", "Health factor", Unit::none},
            {"debt_usd", "Debt", Unit::usd}},
        {}, 0};
    const auto& limits = Positions::health_limits;
    for (const auto& moment : positions.over_time)
    {
        for (std::size_t i = 0; i <= limits.size(); ++i)
        {
            const auto health = i == 0 ? fmt::format("below {}", limits[0])
                                : i == limits.size()
                                    ? fmt::format("{} or more", limits[i - 1])
                                    : fmt::format("{} to {}", limits[i - 1], limits[i]);
            table.rows.push_back(
                {static_cast<std::int64_t>(moment.timestamp), health, moment.health_debt_usd[i]});
        }
    }
    return table;
}

/// What could be liquidated if prices fell, at each moment.
Table what_if_table(const Positions& positions)
{
    Table table{"what_if", "Collateral that a fall would lay open to liquidation",
        {{"block", "Block", Unit::count}, {"time", "Time", Unit::unix_time},
            {"fall", "Fall", Unit::share}, {"at_risk_usd", "At risk", Unit::usd}},
        {}, 0};
    for (const auto& moment : positions.over_time)
    {
        for (std::size_t i = 0; i < Positions::falls; ++i)
        {
            table.rows.push_back({static_cast<std::int64_t>(moment.block),
                static_cast<std::int64_t>(moment.timestamp),
                Positions::fall_step * static_cast<double>(i), moment.at_risk_usd[i]});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> bad_debt_section(LedgerQueries& source)
{
    if (!source.has_blocks())
        return std::nullopt;
    const auto& positions = source.positions();
    if (positions.borrowers == 0)
        return std::nullopt;
    Section section{"bad_debt", "Bad debt after the last block", {}, {}, {}};
    Table markets{"markets", "By market",
        {{"market", "Market", Unit::none}, {"accounts", "In debt", Unit::count},
            {"debt_usd", "Debt", Unit::none}, {"liquidatable_accounts", "Health < 1", Unit::count},
            {"liquidatable_debt_usd", "their debt", Unit::none},
            {"insolvent_accounts", "Insolvent", Unit::count},
            {"bad_debt_usd", "Bad debt", Unit::none}},
        {}, 12};
    SignedAmount debt;
    SignedAmount bad;
    SignedAmount below;
    std::uint64_t insolvent = 0;
    std::uint64_t liquidatable = 0;
    bool priced = true;
    for (const auto& market : positions.markets)
    {
        debt.add(market.debt);
        bad.add(market.bad_debt);
        below.add(market.debt_below_one);
        insolvent += market.insolvent;
        liquidatable += market.below_one;
        priced = priced && market.priced;
        markets.rows.push_back({source.contract_name(market.contract),
            static_cast<std::int64_t>(market.indebted), dollars(market.debt),
            static_cast<std::int64_t>(market.below_one), dollars(market.debt_below_one),
            static_cast<std::int64_t>(market.insolvent), dollars(market.bad_debt)});
    }
    section.figures = {{"bad_debt_usd", "Bad debt", dollars(bad), Unit::none},
        {"share", "Share of the peak debt",
            share_of(bad.to_double() / 1e8, positions.debt_peak_usd), Unit::share},
        {"insolvent_accounts", "Insolvent accounts", static_cast<std::int64_t>(insolvent),
            Unit::count},
        {"liquidatable_accounts", "Accounts with health below 1",
            static_cast<std::int64_t>(liquidatable), Unit::count},
        {"liquidatable_debt_usd", "their debt", dollars(below), Unit::none},
        {"debt_usd", "Debt of all accounts", dollars(debt), Unit::none}};
    if (!priced)
    {
        section.figures.push_back({"complete", "Every token had a price", false, Unit::none});
    }
    section.tables.push_back(std::move(markets));
    section.tables.push_back(health_table(positions));
    section.tables.push_back(course_table(positions));
    section.tables.push_back(health_course(positions));
    section.tables.push_back(what_if_table(positions));
    return section;
}

}  // namespace runnel::analytics
