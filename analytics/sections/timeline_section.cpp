#include "analytics/market.hpp"
#include "analytics/render.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double gwei = 1e9;

/// A token's price over the run.
struct PriceCourse
{
    ContractId token{};
    double start = unknown;
    double end = unknown;
    double low = unknown;
    double high = unknown;
    double highest_close = unknown;
    double fall = 0;  // From the highest hourly close before to an hourly close.
    std::vector<double> pieces;

    void put(double price)
    {
        start = std::isnan(start) ? price : start;
        low = std::isnan(low) ? price : std::min(low, price);
        high = std::isnan(high) ? price : std::max(high, price);
        end = price;
    }
    void close_hour()
    {
        if (std::isnan(end))
            return;
        highest_close = std::isnan(highest_close) ? end : std::max(highest_close, end);
        if (highest_close > 0)
            fall = std::max(fall, 1 - end / highest_close);
    }
};

/// Prices of tokens that move; shares of pools are left out.
std::vector<PriceCourse> read_prices(LedgerQueries& source)
{
    Market market{source, Market::Prices::on_chain};
    std::vector<PriceCourse> courses;
    for (const auto& token : source.tokens())
    {
        courses.push_back({});
        courses.back().token = token.contract;
        courses.back().pieces.resize(source.pieces(), unknown);
    }
    auto blocks = source.query("SELECT number, timestamp FROM t_blocks ORDER BY number");
    std::size_t hour = 0;
    while (blocks.step())
    {
        const auto block = static_cast<std::uint64_t>(blocks.integer(0));
        const auto timestamp = static_cast<std::uint64_t>(blocks.integer(1));
        if (const auto next = source.hour_of(timestamp); next != hour)
        {
            hour = next;
            for (auto& course : courses)
                course.close_hour();
        }
        market.advance(block);
        for (auto& course : courses)
        {
            const auto price = market.price(course.token);
            if (!price)
                continue;
            course.put(*price);
            if (block > 0)
                course.pieces[source.piece_of(block)] = *price;
        }
    }
    std::erase_if(courses,
        [&](PriceCourse& course)
        {
            course.close_hour();
            return course.token == native_coin || market.is_share(course.token) ||
                   std::isnan(course.start) || course.low == course.high;
        });
    return courses;
}

std::string column_of(std::string name)
{
    for (auto& c : name)
        c = std::isalnum(static_cast<unsigned char>(c)) != 0
                ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                : '_';
    return "price_" + name;
}

void add_prices(LedgerQueries& source, const std::vector<PriceCourse>& courses, Section& section)
{
    Table table{"prices", "Prices on chain, after each block",
        {{"token", "Token", Unit::none}, {"start_usd", "Start", Unit::usd_price},
            {"low_usd", "Low", Unit::usd_price}, {"high_usd", "High", Unit::usd_price},
            {"end_usd", "End", Unit::usd_price}, {"fall", "Largest fall", Unit::share}},
        {}, 12};
    for (const auto& course : courses)
    {
        const auto name = source.token_name(course.token);
        section.charts.push_back({column_of(name), name, course.pieces, Unit::usd_price, false});
        table.rows.push_back(
            {name, course.start, course.low, course.high, course.end, course.fall});
    }
    if (!table.rows.empty())
        section.tables.push_back(std::move(table));
}
}  // namespace

std::optional<Section> timeline_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    const auto length = static_cast<double>(source.end_time() - source.start_time()) /
                        static_cast<double>(source.pieces());
    Section section{"timeline",
        fmt::format("Over time, one column is {}", shown(Value{length}, Unit::seconds)), {}, {},
        {}};
    const auto courses = read_prices(source);
    add_prices(source, courses, section);

    const auto& pieces = source.blocks().pieces;
    const auto& reverted = source.transactions().piece_reverted;
    std::vector<double> liquidations(pieces.size(), 0);
    std::vector<double> liquidated_usd(pieces.size(), 0);
    for (const auto& call : source.liquidations().calls)
    {
        const auto piece = source.piece_of(call.block);
        liquidations[piece] += 1;
        liquidated_usd[piece] += call.debt_usd;
    }
    Table table{"pieces", "",
        {{"first_block", "", Unit::count}, {"timestamp", "", Unit::unix_time},
            {"blocks", "", Unit::count}, {"transactions", "", Unit::count},
            {"reverted", "", Unit::count}, {"base_fee_mean_gwei", "", Unit::gwei},
            {"base_fee_max_gwei", "", Unit::gwei}, {"fullness_mean", "", Unit::share},
            {"liquidations", "", Unit::count}, {"debt_liquidated_usd", "", Unit::usd}},
        {}, 0};
    for (const auto& course : courses)
        table.columns.push_back({column_of(source.token_name(course.token)), "", Unit::usd_price});
    Chart base_fee{"base_fee_mean_gwei", "base fee", {}, Unit::gwei, true};
    Chart fullness{"fullness_mean", "blocks filled", {}, Unit::share, true};
    Chart transactions{"transactions", "transactions", {}, Unit::count, true};
    for (std::size_t i = 0; i < pieces.size(); ++i)
    {
        const auto& piece = pieces[i];
        const auto blocks = static_cast<double>(piece.blocks);
        const auto mean_fee = blocks > 0 ? piece.base_fee_sum / blocks / gwei : unknown;
        const auto mean_fullness = blocks > 0 ? piece.fullness_sum / blocks : unknown;
        base_fee.values.push_back(mean_fee);
        fullness.values.push_back(mean_fullness);
        transactions.values.push_back(static_cast<double>(piece.transactions));
        std::vector<Value> row{static_cast<std::int64_t>(piece.first_block),
            static_cast<std::int64_t>(piece.first_timestamp),
            static_cast<std::int64_t>(piece.blocks), static_cast<std::int64_t>(piece.transactions),
            static_cast<std::int64_t>(reverted[i]), mean_fee,
            static_cast<double>(piece.base_fee_max) / gwei, mean_fullness,
            static_cast<std::int64_t>(liquidations[i]), liquidated_usd[i]};
        for (const auto& course : courses)
            row.emplace_back(course.pieces[i]);
        table.rows.push_back(std::move(row));
    }
    section.charts.push_back(std::move(base_fee));
    section.charts.push_back(std::move(fullness));
    section.charts.push_back(std::move(transactions));
    if (!source.liquidations().calls.empty())
    {
        section.charts.push_back(
            {"liquidations", "liquidations", std::move(liquidations), Unit::count, true});
    }
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
