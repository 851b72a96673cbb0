#include "analytics/risk.hpp"

#include "analytics/ledger_queries.hpp"
#include "analytics/measures.hpp"
#include "analytics/provision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace runnel::analytics
{
namespace
{
/// Prices are looked at once in so long.
constexpr std::uint64_t step_seconds = 3'600;
constexpr double steps_per_year = seconds_per_year / static_cast<double>(step_seconds);
/// Fewer returns than a day's say nothing of a year.
constexpr std::size_t returns_min = 24;
/// What was begun with less than this has no return.
constexpr double worth_min_usd = 1;
constexpr double ray = 1e27;

/// `a / b` of two columns of a report's table, for each row in which b is at least @p least.
void add_ratios(std::vector<double>& ratios, const Report& report, std::string_view section_key,
    std::string_view table_key, std::string_view above, std::string_view below, double least)
{
    const auto* section = report.section(section_key);
    const auto* table = section == nullptr ? nullptr : section->table(table_key);
    if (table == nullptr)
        return;
    const auto column = [table](std::string_view key)
    {
        const auto found = std::find_if(table->columns.begin(), table->columns.end(),
            [key](const Column& each) { return each.key == key; });
        return static_cast<std::size_t>(found - table->columns.begin());
    };
    const auto a = column(above);
    const auto b = column(below);
    for (const auto& row : table->rows)
    {
        const auto part = number(row.at(a));
        const auto whole = number(row.at(b));
        if (part && whole && *whole >= least)
            ratios.push_back(*part / *whole);
    }
}

/// Of wallets of agents, what they have less than if they had held, of what they put in: as
/// `providers.results` of the report.
void add_provider_losses(std::vector<double>& losses, LedgerQueries& source)
{
    if (source.last_block() == 0)
        return;
    for (const auto& [key, result] : make_provision(source).accounts)
    {
        if (!source.groups()[source.group_of(key.first)].strategy.empty() && result.priced &&
            result.deposited >= worth_min_usd)
            losses.push_back(-result.gain() / result.deposited);
    }
}

/// The values once in a step from the first observation on, the last of them before @p end.
std::vector<double> sampled(const std::vector<Observation>& observations, std::uint64_t end)
{
    std::vector<double> values;
    std::size_t i = 0;
    for (auto at = observations.front().at; at < end; at += step_seconds)
    {
        while (i + 1 < observations.size() && observations[i + 1].at <= at)
            ++i;
        values.push_back(observations[i].value);
    }
    return values;
}

std::vector<Value> price_row(const std::string& ledger, const std::string& token,
    const std::vector<Observation>& observations, std::uint64_t end)
{
    const auto values = sampled(observations, end);
    std::vector<double> all;
    for (const auto& observation : observations)
        all.push_back(observation.value);
    const auto returns = log_returns(values);
    std::vector<double> simple;
    for (const auto each : returns)
        simple.push_back(std::expm1(each));
    const bool is_long = returns.size() >= returns_min;
    const auto yearly = [&](const std::optional<double>& ratio)
    { return is_long && ratio ? Value{*ratio * std::sqrt(steps_per_year)} : Value{}; };
    return {ledger, token, observations.front().value, observations.back().value,
        time_weighted_mean(observations, end), time_weighted_geometric_mean(observations, end),
        max_drawdown(all), yearly(standard_deviation(returns)), yearly(sharpe_ratio(simple)),
        yearly(sortino_ratio(simple))};
}

void add_prices(
    std::vector<std::vector<Value>>& table, LedgerQueries& source, const std::string& ledger)
{
    if (!source.has("t_reference_prices"))
        return;
    std::map<ContractId, std::vector<Observation>> tokens;
    auto rows = source.query(
        "SELECT p.token_id, b.timestamp, p.price FROM t_reference_prices p JOIN t_blocks b ON "
        "b.number = p.from_block WHERE p.price > 0 ORDER BY p.token_id, p.from_block");
    while (rows.step())
    {
        constexpr double unit = 1e-8;
        tokens[rows.contract(0)].push_back(
            {rows.integer_up_to(1, std::numeric_limits<std::int64_t>::max()),
                static_cast<double>(rows.integer(2)) * unit});
    }
    for (const auto& [token, observations] : tokens)
    {
        // What never moves has no risk to measure.
        if (observations.size() > 1 && source.end_time() > observations.back().at)
        {
            table.push_back(
                price_row(ledger, source.token_name(token), observations, source.end_time()));
        }
    }
}

struct Rates
{
    std::vector<Observation> supply;
    std::vector<Observation> borrow;
};

void add_rates(
    std::vector<std::vector<Value>>& table, LedgerQueries& source, const std::string& ledger)
{
    if (!source.has("t_lending_reserves"))
        return;
    std::map<std::pair<ContractId, ContractId>, Rates> reserves;
    auto rows = source.query(
        "SELECT r.contract_id, r.token_id, b.timestamp, r.liquidity_rate, r.borrow_rate FROM "
        "t_lending_reserves r JOIN t_blocks b ON b.number = r.block_number ORDER BY r.rowid");
    while (rows.step())
    {
        auto& rates = reserves[{rows.contract(0), rows.contract(1)}];
        const auto at = rows.integer_up_to(2, std::numeric_limits<std::int64_t>::max());
        rates.supply.push_back({at, rows.amount(3).to_double() / ray});
        rates.borrow.push_back({at, rows.amount(4).to_double() / ray});
    }
    for (const auto& [reserve, rates] : reserves)
    {
        const auto end = source.end_time();
        if (end <= rates.supply.front().at)
            continue;
        const auto supply = time_weighted_mean(rates.supply, end);
        const auto borrow = time_weighted_mean(rates.borrow, end);
        if (supply > 0 || borrow > 0)
        {
            table.push_back({ledger, source.contract_name(reserve.first),
                source.token_name(reserve.second), supply, apy_of_apr(supply, seconds_per_year),
                borrow, apy_of_apr(borrow, seconds_per_year)});
        }
    }
}

std::vector<Value> tail_row(
    const char* key, const char* label, std::vector<double> losses, double confidence)
{
    std::sort(losses.begin(), losses.end());
    const auto risk = tail_risk(losses, confidence);
    const auto mean =
        std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
    return {std::string{key}, std::string{label}, static_cast<std::int64_t>(losses.size()), mean,
        risk.value, risk.shortfall, value_of(risk.low), value_of(risk.high), losses.back()};
}
}  // namespace

void RiskReport::add(storage::Database& database, const std::string& name)
{
    const std::array<std::string, 4> sections{"run", "bad_debt", "liquidations", "providers"};
    const auto report = make_report(database, sections);
    LedgerQueries source{database};
    const auto bad_debt = report.number("bad_debt.bad_debt_usd");
    // A market that nobody was liquidated in is one in which nothing was.
    const auto liquidated = bad_debt ? report.number("liquidations.debt_repaid_usd").value_or(0)
                                     : report.number("liquidations.debt_repaid_usd");
    if (bad_debt)
        bad_debt_.push_back(*bad_debt);
    if (liquidated)
        liquidated_.push_back(*liquidated);
    add_provider_losses(providers_, source);
    std::vector<double> gains;
    add_ratios(gains, report, "liquidations", "liquidators", "gross_profit_usd", "debt_repaid_usd",
        worth_min_usd);
    for (const auto gain : gains)
        liquidators_.push_back(-gain);
    ledgers_.push_back(
        {name, report.value("run.scenario"), report.value("run.seed"), report.value("run.blocks"),
            value_of(bad_debt), value_of(liquidated), report.value("providers.gain_usd")});
    add_prices(prices_, source, name);
    add_rates(rates_, source, name);
}

Report RiskReport::report() const
{
    const auto at = fmt::format("at {:g}%", confidence_ * 100);
    Report report;
    Section ledgers{"ledgers", "What was looked at", {}, {}, {}};
    ledgers.tables.push_back({"ledgers", "",
        {{"ledger", "Ledger"}, {"scenario", "Scenario"}, {"seed", "Seed"},
            {"blocks", "Blocks", Unit::count}, {"bad_debt_usd", "Bad debt", Unit::usd},
            {"liquidated_usd", "Liquidated", Unit::usd},
            {"provider_gain_usd", "LPs against holding", Unit::usd}},
        ledgers_});
    report.sections.push_back(std::move(ledgers));

    Section tails{"tails", "What may be lost, " + at, {}, {}, {}};
    tails.figures.push_back({"confidence", "Confidence", confidence_, Unit::share});
    const auto table = [&](const char* key, const char* title, const char* of, Unit unit)
    {
        return Table{key, title,
            {{"key", ""}, {"loss", "Loss"}, {"count", of, Unit::count}, {"mean", "Mean", unit},
                {"value_at_risk", "VaR", unit}, {"expected_shortfall", "Shortfall", unit},
                {"value_at_risk_low", "VaR from", unit}, {"value_at_risk_high", "to", unit},
                {"worst", "Worst", unit}},
            {}};
    };
    auto runs = table("runs", "Of runs", "Runs", Unit::usd);
    if (!bad_debt_.empty())
        runs.rows.push_back(tail_row("bad_debt", "Bad debt at the end", bad_debt_, confidence_));
    if (!liquidated_.empty())
        runs.rows.push_back(tail_row("liquidated", "Debt liquidated", liquidated_, confidence_));
    auto accounts = table("accounts", "Of accounts, of what they put in", "Accounts", Unit::share);
    if (!providers_.empty())
    {
        accounts.rows.push_back(
            tail_row("providers", "LPs against holding", providers_, confidence_));
    }
    if (!liquidators_.empty())
    {
        accounts.rows.push_back(
            tail_row("liquidators", "Liquidators, of debt repaid", liquidators_, confidence_));
    }
    for (auto* each : {&runs, &accounts})
    {
        if (!each->rows.empty())
            tails.tables.push_back(std::move(*each));
    }
    if (!tails.tables.empty())
        report.sections.push_back(std::move(tails));
    if (!prices_.empty())
    {
        Section prices{"prices", "Prices outside, by the hour", {}, {}, {}};
        prices.tables.push_back({"prices", "",
            {{"ledger", "Ledger"}, {"token", "Token"}, {"start_usd", "Start", Unit::usd_price},
                {"end_usd", "End", Unit::usd_price}, {"mean_usd", "TWAP", Unit::usd_price},
                {"geometric_mean_usd", "geometric", Unit::usd_price},
                {"max_drawdown", "Drawdown", Unit::share},
                {"volatility_year", "Volatility", Unit::share}, {"sharpe_year", "Sharpe"},
                {"sortino_year", "Sortino"}},
            prices_});
        report.sections.push_back(std::move(prices));
    }
    if (!rates_.empty())
    {
        Section rates{"rates", "Rates of lending, mean over time", {}, {}, {}};
        rates.tables.push_back({"rates", "",
            {{"ledger", "Ledger"}, {"market", "Market"}, {"token", "Token"},
                {"supply_apr", "Supply APR", Unit::share}, {"supply_apy", "APY", Unit::share},
                {"borrow_apr", "Borrow APR", Unit::share}, {"borrow_apy", "APY", Unit::share}},
            rates_});
        report.sections.push_back(std::move(rates));
    }
    return report;
}

}  // namespace runnel::analytics
