#include "analytics/market.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr double price_scale = 1e8;
constexpr unsigned usd_decimals = 8;
constexpr std::uint64_t decimals_max = 77;
constexpr std::size_t top = 5;

/// Quantiles and shape of the debt repaid per call; for those that had a value.
void add_sizes(const Liquidations& liquidations, Section& section)
{
    std::vector<double> sizes;
    for (const auto& call : liquidations.calls)
    {
        if (call.debt_usd > 0)
            sizes.push_back(call.debt_usd);
    }
    if (sizes.empty())
        return;
    std::sort(sizes.begin(), sizes.end());
    auto& figures = section.figures;
    figures.push_back(
        {"size_p25_usd", "Debt repaid per call, 25%", quantile(sizes, 0.25), Unit::usd});
    figures.push_back(
        {"size_median_usd", "Debt repaid per call, median", quantile(sizes, 0.5), Unit::usd});
    figures.push_back(
        {"size_p75_usd", "Debt repaid per call, 75%", quantile(sizes, 0.75), Unit::usd});
    figures.push_back({"size_max_usd", "Debt repaid per call, largest", sizes.back(), Unit::usd});
    constexpr double iqr_of_normal = 1.3489795;  // Interquartile range / sigma.
    if (sizes.size() >= 4)
    {
        figures.push_back({"size_sigma", "Sigma of its logarithm",
            (std::log(quantile(sizes, 0.75)) - std::log(quantile(sizes, 0.25))) / iqr_of_normal,
            Unit::none});
    }
    const auto largest = (sizes.size() + 99) / 100;
    const auto total = std::accumulate(sizes.begin(), sizes.end(), 0.0);
    figures.push_back({"top1_percent_share", "Value in the largest 1% of calls",
        std::accumulate(sizes.end() - static_cast<std::ptrdiff_t>(largest), sizes.end(), 0.0) /
            total,
        Unit::share});

    Table table{"sizes", "By debt repaid",
        {{"from_usd", "From", Unit::usd}, {"to_usd", "To", Unit::usd},
            {"calls", "Calls", Unit::count}, {"value_share", "Of value", Unit::share},
            {"share", "Of calls", Unit::bar}},
        {}, 16};
    const auto decade = [](double size) { return static_cast<int>(std::floor(std::log10(size))); };
    for (auto at = sizes.begin(); at != sizes.end();)
    {
        const auto power = decade(*at);
        const auto end =
            std::find_if(at, sizes.end(), [&](double size) { return decade(size) > power; });
        table.rows.push_back({std::pow(10.0, power), std::pow(10.0, power + 1),
            static_cast<std::int64_t>(end - at), std::accumulate(at, end, 0.0) / total,
            static_cast<double>(end - at) / static_cast<double>(sizes.size())});
        at = end;
    }
    section.tables.push_back(std::move(table));
}

/// Calls on the same borrower and debt token within a day of the one before, and how many of them
/// repaid half of what that one did: both took the full close factor of 50%.
void add_repeats(const Liquidations& liquidations, std::vector<Figure>& figures)
{
    constexpr std::uint64_t day = 86'400;
    std::map<std::pair<AccountId, ContractId>, const Liquidation*> last;
    std::int64_t repeats = 0;
    std::int64_t halves = 0;
    for (const auto& call : liquidations.calls)
    {
        auto& before = last[{call.borrower, call.debt_token}];
        if (before != nullptr && call.timestamp - before->timestamp < day &&
            before->debt_amount > 0)
        {
            const auto ratio = call.debt_amount / before->debt_amount;
            ++repeats;
            halves += ratio >= 0.495 && ratio <= 0.505 ? 1 : 0;
        }
        before = &call;
    }
    figures.push_back({"repeats", "Repeated calls", repeats, Unit::count});
    if (repeats > 0)
    {
        figures.push_back({"half_repeat_share", "of these, of half the size",
            static_cast<double>(halves) / static_cast<double>(repeats), Unit::share});
    }
}

/// How they come in waves: hours of the clock in which there were any, and what the busiest tenth
/// of all hours from the first block to the last, rounded up, has of calls and of debt repaid; for
/// each the hours with most of it.
void add_hours(
    const LedgerQueries& source, const Liquidations& liquidations, std::vector<Figure>& figures)
{
    constexpr std::uint64_t hour = 3'600;
    const auto hours = source.end_time() / hour - source.start_time() / hour + 1;
    using Sums = std::pair<double, double>;  // Calls, debt in USD.
    std::map<std::uint64_t, Sums> by_hour;
    for (const auto& call : liquidations.calls)
    {
        auto& [calls, debt] = by_hour[call.timestamp / hour];
        ++calls;
        debt += call.debt_usd;
    }
    const auto share_of_busiest = [&](double Sums::*part)
    {
        std::vector<double> values;
        for (const auto& [number, sums] : by_hour)
            values.push_back(sums.*part);
        const auto total = std::accumulate(values.begin(), values.end(), 0.0);
        std::sort(values.begin(), values.end(), std::greater<>{});
        values.resize(std::min<std::size_t>(values.size(), (hours + 9) / 10));
        return share_of(std::accumulate(values.begin(), values.end(), 0.0), total);
    };
    figures.push_back({"hours_with_calls", "Hours with calls",
        static_cast<std::int64_t>(by_hour.size()), Unit::count});
    figures.push_back({"busiest_tenth_calls_share", "Calls in the busiest tenth of all hours",
        share_of_busiest(&Sums::first), Unit::share});
    figures.push_back({"busiest_tenth_value_share", "Debt repaid in the tenth with most of it",
        share_of_busiest(&Sums::second), Unit::share});
}

/// What secured the debts that were repaid.
Table collateral_table(LedgerQueries& source, const Liquidations& liquidations)
{
    Table table{"collaterals", "By collateral",
        {{"collateral", "Collateral", Unit::none}, {"calls", "Calls", Unit::count},
            {"calls_share", "Of calls", Unit::share}, {"debt_usd", "Debt", Unit::usd},
            {"value_share", "Of debt", Unit::bar}},
        {}, 12};
    std::map<ContractId, std::pair<std::uint64_t, double>> sums;
    for (const auto& [tokens, pair] : liquidations.pairs)
    {
        auto& [calls, debt_usd] = sums[tokens.first];
        calls += pair.calls;
        debt_usd += pair.debt_usd;
    }
    const auto calls = static_cast<double>(liquidations.calls.size());
    const auto debt_usd = liquidations.debt_value.to_double() / price_scale;
    for (const auto& [token, sum] : sums)
    {
        table.rows.push_back({source.token_name(token), static_cast<std::int64_t>(sum.first),
            share_of(static_cast<double>(sum.first), calls), sum.second,
            share_of(sum.second, debt_usd)});
    }
    return table;
}

Table liquidator_table(
    LedgerQueries& source, const Liquidations& liquidations, std::vector<Figure>& figures)
{
    Table table{"liquidators", "Liquidators",
        {{"account", "Account", Unit::none}, {"calls", "Calls", Unit::count},
            {"calls_share", "Of calls", Unit::share},
            {"debt_repaid_usd", "Debt repaid", Unit::none},
            {"value_share", "Of value", Unit::share},
            {"gross_profit_usd", "Collateral - debt", Unit::none}},
        {}, top};
    std::vector<std::pair<AccountId, Liquidations::Liquidator>> all{
        liquidations.liquidators.begin(), liquidations.liquidators.end()};
    const auto calls = static_cast<double>(liquidations.calls.size());
    const auto share_of_top = [&](auto&& part)
    {
        std::vector<double> parts;
        for (const auto& [account, liquidator] : all)
            parts.push_back(part(liquidator));
        const auto total = std::accumulate(parts.begin(), parts.end(), 0.0);
        std::sort(parts.begin(), parts.end(), std::greater<>{});
        parts.resize(std::min(parts.size(), top));
        return share_of(std::accumulate(parts.begin(), parts.end(), 0.0), total);
    };
    figures.push_back({"top5_calls_share", "Calls by the top 5",
        share_of_top([](const auto& l) { return static_cast<double>(l.calls); }), Unit::share});
    figures.push_back({"top5_value_share", "Debt repaid by the top 5",
        share_of_top([](const auto& l) { return l.debt_value.to_double(); }), Unit::share});

    std::stable_sort(all.begin(), all.end(),
        [](const auto& a, const auto& b)
        { return a.second.debt_value.to_double() > b.second.debt_value.to_double(); });
    for (const auto& [account, liquidator] : all)
    {
        auto profit = liquidator.collateral_value;
        profit.subtract(liquidator.debt_value);
        table.rows.push_back(
            {source.account_name(account), static_cast<std::int64_t>(liquidator.calls),
                static_cast<double>(liquidator.calls) / calls,
                Money{liquidator.debt_value.to_string(), usd_decimals, "USD"},
                share_of(liquidator.debt_value.to_double(), liquidations.debt_value.to_double()),
                Money{profit.to_string(), usd_decimals, "USD"}});
    }
    return table;
}

Table pair_table(LedgerQueries& source, const Liquidations& liquidations)
{
    Table table{"pairs", "By collateral and debt",
        {{"collateral", "", Unit::none}, {"debt", "", Unit::none}, {"calls", "Calls", Unit::count},
            {"collateral_seized", "Collateral seized", Unit::none},
            {"debt_repaid", "Debt repaid", Unit::none}, {"collateral_usd", "Collateral", Unit::usd},
            {"debt_usd", "Debt", Unit::usd}},
        {}, 12};
    for (const auto& [tokens, pair] : liquidations.pairs)
    {
        table.rows.push_back({source.token_name(tokens.first), source.token_name(tokens.second),
            static_cast<std::int64_t>(pair.calls), source.money(pair.collateral, tokens.first),
            source.money(pair.debt, tokens.second), pair.collateral_usd, pair.debt_usd});
    }
    return table;
}
}  // namespace

Liquidations make_liquidations(LedgerQueries& source)
{
    Liquidations result;
    if (!source.has("t_lending_liquidations"))
        return result;
    auto rows = source.query(
        "SELECT r.block_number, b.timestamp, r.borrower_id, r.liquidator_id, "
        "r.collateral_token_id, "
        "r.debt_token_id, r.collateral_amount_raw, r.protocol_fee_raw, r.debt_amount_raw, "
        "r.collateral_value, r.debt_value, r.value_token_id, r.value_decimals "
        "FROM t_lending_liquidations r "
        "CROSS JOIN t_blocks b ON b.number = r.block_number ORDER BY r.rowid");
    Market market{source, Market::Prices::on_chain};
    while (rows.step())
    {
        const auto unit = rows.contract(11);
        if (unit != no_contract)  // Others need no price.
            market.advance(rows.integer_up_to(0, integer_max));
        const auto value = [&](int column)
        {
            const auto decimals = static_cast<unsigned>(rows.integer_up_to(12, decimals_max));
            return market.value_usd(rows.amount(column), unit, decimals).value_or(Amount{});
        };
        const auto collateral_value = value(9);
        const auto debt_value = value(10);
        const auto debt = rows.amount(8);
        Liquidation call;
        call.block = rows.integer_up_to(0, integer_max);
        call.timestamp = rows.integer_up_to(1, integer_max);
        call.borrower = rows.account(2);
        call.liquidator = rows.account(3);
        call.collateral_token = rows.contract(4);
        call.debt_token = rows.contract(5);
        call.debt_amount = debt.to_double();
        call.debt_usd = debt_value.to_double() / price_scale;
        call.collateral_usd = collateral_value.to_double() / price_scale;

        result.debt_value.add(debt_value);
        result.collateral_value.add(collateral_value);
        auto& pair = result.pairs[{call.collateral_token, call.debt_token}];
        ++pair.calls;
        pair.collateral.add(rows.amount(6));
        pair.collateral.add(rows.amount(7));
        pair.debt.add(debt);
        pair.collateral_usd += call.collateral_usd;
        pair.debt_usd += call.debt_usd;
        auto& liquidator = result.liquidators[call.liquidator];
        ++liquidator.calls;
        liquidator.debt_value.add(debt_value);
        liquidator.collateral_value.add(collateral_value);
        result.calls.push_back(call);
    }
    return result;
}

std::optional<Section> liquidations_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_lending_liquidations"))
        return std::nullopt;
    const auto& liquidations = source.liquidations();
    const auto borrowers = static_cast<double>(source.positions().borrowers);
    if (liquidations.calls.empty() && borrowers == 0)
        return std::nullopt;
    Section section{
        "liquidations", "Liquidations, at the market's prices at each call", {}, {}, {}};
    auto& figures = section.figures;
    const auto calls = static_cast<double>(liquidations.calls.size());
    figures.push_back(
        {"calls", "Calls", static_cast<std::int64_t>(liquidations.calls.size()), Unit::count});
    figures.push_back({"calls_per_100_borrowers", "Calls per 100 borrowers",
        share_of(calls * 100, borrowers), Unit::none});
    if (liquidations.calls.empty())
    {
        figures.push_back({"debt_liquidated_share", "Share of the peak debt", 0.0, Unit::share});
        return section;
    }
    std::set<AccountId> liquidated;
    for (const auto& call : liquidations.calls)
        liquidated.insert(call.borrower);
    figures.push_back({"borrower_count", "Borrowers liquidated",
        static_cast<std::int64_t>(liquidated.size()), Unit::count});
    figures.push_back({"borrowers_share", "of all borrowers",
        share_of(static_cast<double>(liquidated.size()), borrowers), Unit::share});
    figures.push_back({"liquidator_count", "Liquidators",
        static_cast<std::int64_t>(liquidations.liquidators.size()), Unit::count});
    figures.push_back({"debt_repaid_usd", "Debt repaid",
        Money{liquidations.debt_value.to_string(), usd_decimals, "USD"}, Unit::none});
    figures.push_back({"collateral_seized_usd", "Collateral seized",
        Money{liquidations.collateral_value.to_string(), usd_decimals, "USD"}, Unit::none});
    figures.push_back({"debt_liquidated_share", "Share of the peak debt",
        share_of(
            liquidations.debt_value.to_double() / price_scale, source.positions().debt_peak_usd),
        Unit::share});
    add_repeats(liquidations, figures);
    add_sizes(liquidations, section);
    auto liquidators = liquidator_table(source, liquidations, figures);
    add_hours(source, liquidations, figures);
    section.tables.insert(section.tables.begin(), pair_table(source, liquidations));
    section.tables.insert(section.tables.begin(), collateral_table(source, liquidations));
    section.tables.insert(section.tables.begin(), std::move(liquidators));
    return section;
}

}  // namespace runnel::analytics
