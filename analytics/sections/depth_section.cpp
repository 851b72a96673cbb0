#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
/// Curves are drawn of so many pairs of tokens and pools: those in which most can be traded.
constexpr std::size_t drawn_max = 8;
/// Below so many smallest units of a payout its rounding bends a curve.
constexpr double payout_min = 1'000;
/// What trading costs at most, fee and move of the price, to count as depth.
constexpr double near = 0.02;
/// A curve of depth shows moves of the price up to this.
constexpr double move_max = 0.5;
constexpr double move_min = 1e-6;
/// ln(1.0001), and of twice the price in ticks.
const double tick_log = std::log(1.0001);
constexpr double doubling_ticks = 6'931;
constexpr std::size_t bins = 60;

/// What an exchange would pay. Whole tokens.
struct Quote
{
    double in = 0;
    double out = 0;
    Amount in_raw;
    Amount out_raw;
};

using Quotes = std::vector<Quote>;

/// Two tokens of an exchange, in its order, and its quotes from the smallest trade on.
struct Pair
{
    ContractId exchange{};
    ContractId first{};
    ContractId second{};
    Quotes sales;      // Of the first for the second.
    Quotes purchases;  // Of the first with the second.
    double price = 0;  // Of the first in the second.
    double usd = 0;    // Of a whole first token; 0: not known.

    /// What is lost in a trade, fee and move of the price, by the price before it.
    [[nodiscard]] double cost(const Quote& quote, bool sells) const
    {
        return 1 - (sells ? quote.out / (quote.in * price) : quote.out * price / quote.in);
    }
    /// What is paid in.
    [[nodiscard]] double size_usd(const Quote& quote, bool sells) const
    {
        return quote.in * usd / (sells ? 1 : price);
    }
    /// The largest trade that costs no more than @p most, between the quotes linearly; nothing is
    /// quoted below the smallest.
    [[nodiscard]] double depth_usd(bool sells, double most) const
    {
        double reached = 0;
        double cost_before = 0;
        for (const auto& quote : sells ? sales : purchases)
        {
            const auto size = size_usd(quote, sells);
            const auto costs = cost(quote, sells);
            if (costs > most)
            {
                const auto part = reached > 0 ? (most - cost_before) / (costs - cost_before) : 0;
                return reached + part * (size - reached);
            }
            reached = size;
            cost_before = costs;
        }
        return reached;
    }
};

/// The block after which exchanges said last what they would pay.
std::optional<std::uint64_t> last_quoted(LedgerQueries& source)
{
    auto row = source.query("SELECT max(block_number) FROM t_dex_quotes");
    if (!row.step() || row.is_null(0))
        return std::nullopt;
    return row.integer_up_to(0, integer_max);
}

double scale_of(const LedgerQueries& source, ContractId token)
{
    const auto* facts = source.token(token);
    return std::pow(10.0, facts == nullptr ? 0 : facts->decimals);
}

std::map<std::tuple<ContractId, ContractId, ContractId>, Quotes> read_quotes(
    LedgerQueries& source, std::uint64_t block)
{
    std::map<std::tuple<ContractId, ContractId, ContractId>, Quotes> all;
    auto rows = source.query(
        "SELECT contract_id, token_in_id, token_out_id, amount_in_raw, amount_out_raw "
        "FROM t_dex_quotes WHERE block_number = ?1 ORDER BY rowid");
    rows.bind(1, storage::Value{static_cast<std::int64_t>(block)});
    while (rows.step())
    {
        const auto in = rows.contract(1);
        const auto out = rows.contract(2);
        const auto paid = rows.amount(4);
        if (paid.to_double() < payout_min)
            continue;
        all[{rows.contract(0), in, out}].push_back(
            {rows.amount(3).to_double() / scale_of(source, in),
                paid.to_double() / scale_of(source, out), rows.amount(3), paid});
    }
    return all;
}

/// The price between what the smallest sale pays and what the smallest purchase costs: a fee that
/// is the same both ways, or half a book's spread, is on either side of it.
double price_of(const Pair& pair)
{
    const auto rate = [](const Quotes& quotes)
    { return quotes.empty() ? 0 : quotes.front().out / quotes.front().in; };
    const auto sale = rate(pair.sales);
    const auto purchase = rate(pair.purchases);
    if (sale > 0 && purchase > 0)
        return std::sqrt(sale / purchase);
    return sale > 0 ? sale : 1 / purchase;
}

std::vector<Pair> read_pairs(LedgerQueries& source, const Market& market, std::uint64_t block)
{
    std::vector<Pair> pairs;
    auto quotes = read_quotes(source, block);
    const auto take = [&](ContractId exchange, ContractId in, ContractId out)
    {
        const auto found = quotes.find({exchange, in, out});
        return found == quotes.end() ? Quotes{} : std::move(found->second);
    };
    for (const auto& [exchange, pool] : market.pools())
    {
        for (std::size_t a = 0; a < pool.tokens.size(); ++a)
        {
            for (std::size_t b = a + 1; b < pool.tokens.size(); ++b)
            {
                Pair pair{exchange, pool.tokens[a].token, pool.tokens[b].token, {}, {}};
                pair.sales = take(exchange, pair.first, pair.second);
                pair.purchases = take(exchange, pair.second, pair.first);
                if (pair.sales.empty() && pair.purchases.empty())
                    continue;
                pair.price = price_of(pair);
                const auto of_first = market.price(pair.first);
                const auto of_second = market.price(pair.second);
                pair.usd = of_first ? *of_first : of_second ? *of_second * pair.price : 0;
                pairs.push_back(std::move(pair));
            }
        }
    }
    std::stable_sort(pairs.begin(), pairs.end(),
        [](const Pair& a, const Pair& b)
        {
            return a.depth_usd(true, near) + a.depth_usd(false, near) >
                   b.depth_usd(true, near) + b.depth_usd(false, near);
        });
    return pairs;
}

std::string name_of(const LedgerQueries& source, const Pair& pair)
{
    return fmt::format("{} {}/{}", source.contract_name(pair.exchange),
        source.token_name(pair.first), source.token_name(pair.second));
}

Table pair_table(LedgerQueries& source, const std::vector<Pair>& pairs)
{
    Table table{"pairs", "What can be traded",
        {{"pair", "Exchange and pair", Unit::none},
            {"price", "Price of the first in the second", Unit::none},
            {"cost", "A small trade costs", Unit::share},
            {"sold_usd", "Sold at no more than 2%", Unit::usd},
            {"bought_usd", "Bought at no more than 2%", Unit::usd}},
        {}, 24};
    for (const auto& pair : pairs)
    {
        const bool has_both = !pair.sales.empty() && !pair.purchases.empty();
        const auto depth = [&](bool sells)
        { return pair.usd > 0 ? Value{pair.depth_usd(sells, near)} : Value{}; };
        table.rows.push_back({name_of(source, pair), pair.price,
            has_both ? Value{pair.cost(pair.sales.front(), true)} : Value{}, depth(true),
            depth(false)});
    }
    return table;
}

Table slippage_table(LedgerQueries& source, const std::vector<Pair>& pairs)
{
    Table table{"slippage", "What trades of a size would cost",
        {{"pair", "Exchange and pair", Unit::none}, {"trade", "Trade", Unit::none},
            {"size_usd", "Size", Unit::usd}, {"amount_in", "Paid in", Unit::none},
            {"amount_out", "Paid out", Unit::none}, {"cost", "Costs", Unit::share}},
        {}, 0};
    for (const auto& pair : pairs)
    {
        for (const bool sells : {true, false})
        {
            const auto in = sells ? pair.first : pair.second;
            const auto out = sells ? pair.second : pair.first;
            for (const auto& quote : sells ? pair.sales : pair.purchases)
            {
                table.rows.push_back({name_of(source, pair),
                    fmt::format("{} {}", sells ? "sell" : "buy", source.token_name(pair.first)),
                    pair.usd > 0 ? Value{pair.size_usd(quote, sells)} : Value{},
                    source.money(quote.in_raw, in), source.money(quote.out_raw, out),
                    pair.cost(quote, sells)});
            }
        }
    }
    return table;
}

/// The price that what lies between two sizes would trade at, by that of the smallest trade; found
/// at the size between them.
Table curve_table(LedgerQueries& source, const std::vector<Pair>& pairs)
{
    Table table{"curve", "What trades would move prices by",
        {{"pair", "Exchange and pair", Unit::none}, {"move", "Price moves by", Unit::share},
            {"traded_usd", "Traded", Unit::usd}},
        {}, 0};
    for (const auto& pair : pairs)
    {
        if (!(pair.usd > 0))
            continue;
        const auto name = name_of(source, pair);
        std::vector<std::pair<double, double>> points{{0, 0}};
        for (const bool sells : {true, false})
        {
            const auto& quotes = sells ? pair.sales : pair.purchases;
            const auto side = points.size();
            double reached = 0;
            for (std::size_t i = 1; i < quotes.size(); ++i)
            {
                const auto& before = quotes[i - 1];
                const auto& after = quotes[i];
                const auto first_rate = quotes.front().out / quotes.front().in;
                const auto rate = (after.out - before.out) / (after.in - before.in);
                if (!(rate > 0))
                    break;
                // How far the price has moved: down in a sale, up in a purchase.
                const auto move = sells ? 1 - rate / first_rate : first_rate / rate - 1;
                const auto size = (pair.size_usd(before, sells) + pair.size_usd(after, sells)) / 2;
                // Orders of one price, or rounding: more trades at the same price.
                if (move > reached + move_min)
                    points.emplace_back(sells ? -move : move, size);
                else if (points.size() > side)
                    points.back().second = size;
                reached = std::max(reached, move);
            }
        }
        std::sort(points.begin(), points.end());
        for (const auto& [move, size] : points)
        {
            if (std::abs(move) <= move_max)
                table.rows.push_back({name, move, size});
        }
    }
    return table;
}

// ---- Liquidity between prices ----

/// A pool's liquidity, from each tick at which it changes on.
struct Ladder
{
    ContractId first{};
    ContractId second{};
    std::map<std::int64_t, double> changes;
};

std::map<ContractId, Ladder> read_ladders(LedgerQueries& source, std::uint64_t block)
{
    std::map<ContractId, Ladder> ladders;
    if (!source.has("t_dex_ranges"))
        return ladders;
    constexpr std::int64_t tick_max = 1'000'000;
    auto rows = source.query(
        "SELECT contract_id, tick_lower, tick_upper, liquidity, token0_id, token1_id "
        "FROM t_dex_ranges WHERE block_number = ?1 ORDER BY rowid");
    rows.bind(1, storage::Value{static_cast<std::int64_t>(block)});
    while (rows.step())
    {
        const auto lower = std::clamp(rows.integer(1), -tick_max, tick_max);
        const auto upper = std::clamp(rows.integer(2), -tick_max, tick_max);
        auto& ladder = ladders[rows.contract(0)];
        ladder.first = rows.contract(4);
        ladder.second = rows.contract(5);
        const auto liquidity = rows.amount(3).to_double();
        ladder.changes[lower] += liquidity;
        ladder.changes[upper] -= liquidity;
    }
    return ladders;
}

/// One stretch of prices, in ticks, with the same liquidity.
struct Stretch
{
    double from = 0;
    double to = 0;
    double liquidity = 0;
};

std::vector<Stretch> stretches_of(const Ladder& ladder)
{
    std::vector<Stretch> stretches;
    double liquidity = 0;
    for (auto at = ladder.changes.begin(); at != ladder.changes.end(); ++at)
    {
        liquidity += at->second;
        if (const auto next = std::next(at); next != ladder.changes.end())
        {
            stretches.push_back({static_cast<double>(at->first), static_cast<double>(next->first),
                std::max(0.0, liquidity)});
        }
    }
    return stretches;
}

/// What lies in the part of stretches between two ticks: liquidity times ticks.
double mass_between(const std::vector<Stretch>& stretches, double from, double to)
{
    double mass = 0;
    for (const auto& stretch : stretches)
    {
        const auto width = std::min(to, stretch.to) - std::max(from, stretch.from);
        mass += width > 0 ? width * stretch.liquidity : 0;
    }
    return mass;
}

/// How far from the price most of what is near it lies: half of it to twice, or so many halves of
/// that way.
double window_of(const std::vector<Stretch>& stretches, double now)
{
    constexpr double most = 0.9;
    constexpr double narrowest = 20;
    const auto all = mass_between(stretches, now - doubling_ticks, now + doubling_ticks);
    auto window = doubling_ticks;
    while (window > narrowest &&
           mass_between(stretches, now - window / 2, now + window / 2) >= most * all)
        window /= 2;
    return window;
}

void add_ranges(
    LedgerQueries& source, const Market& market, ContractId id, const Ladder& ladder, Table& table)
{
    const auto pool = market.pools().find(id);
    if (pool == market.pools().end() || pool->second.tokens.size() != 2)
        return;
    // Smallest units of the second for one of the first.
    const auto spot = pool->second.tokens[1].spot_price;
    if (!(spot > 0))
        return;
    const auto now = -std::log(spot) / tick_log;
    const auto stretches = stretches_of(ladder);
    const auto window = window_of(stretches, now);
    if (!(mass_between(stretches, now - window, now + window) > 0))
        return;
    const auto to_whole = scale_of(source, ladder.first) / scale_of(source, ladder.second);
    const auto root = [](double tick) { return std::exp(tick * tick_log / 2); };
    const auto usd_of = [&](ContractId token)
    { return market.price(token).value_or(0) / scale_of(source, token); };
    const auto first_usd = usd_of(ladder.first);
    const auto second_usd = usd_of(ladder.second);
    const bool is_priced = first_usd > 0 && second_usd > 0;
    const auto width = 2 * window / static_cast<double>(bins);
    const auto name = source.contract_name(id);
    for (std::size_t i = 0; i < bins; ++i)
    {
        const auto from = now - window + width * static_cast<double>(i);
        const auto to = from + width;
        double value = 0;
        for (const auto& stretch : stretches)
        {
            const auto a = std::max(from, stretch.from);
            const auto b = std::min(to, stretch.to);
            if (!(b > a))
                continue;
            // Below the price the second token waits, above it the first.
            const auto middle = std::clamp(now, a, b);
            value += stretch.liquidity * ((root(middle) - root(a)) * second_usd +
                                             (1 / root(middle) - 1 / root(b)) * first_usd);
        }
        table.rows.push_back({name, std::exp((from + width / 2) * tick_log) * to_whole,
            mass_between(stretches, from, to) / width, is_priced ? Value{value} : Value{},
            to_whole / spot});
    }
}

Table range_table(LedgerQueries& source, const Market& market, std::uint64_t block)
{
    Table table{"ranges", "Liquidity between prices",
        {{"pool", "Pool", Unit::none}, {"price", "Price of the first in the second", Unit::none},
            {"liquidity", "Liquidity", Unit::count}, {"value_usd", "Value", Unit::usd},
            {"price_now", "Price at the end", Unit::none}},
        {}, 0};
    const auto ladders = read_ladders(source, block);
    std::vector<std::pair<double, ContractId>> order;
    for (const auto& [id, ladder] : ladders)
    {
        const auto pool = market.pools().find(id);
        if (pool != market.pools().end())
            order.emplace_back(-market.pool_usd(pool->second).value_or(0), id);
    }
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), drawn_max));
    for (const auto& [value, id] : order)
        add_ranges(source, market, id, ladders.at(id), table);
    return table;
}
}  // namespace

std::optional<Section> depth_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_dex_quotes"))
        return std::nullopt;
    const auto block = last_quoted(source);
    if (!block)
        return std::nullopt;
    Market market{source};
    market.advance(*block);
    auto pairs = read_pairs(source, market, *block);
    if (pairs.empty())
        return std::nullopt;
    Section section{"depth", "Depth of exchanges", {}, {}, {}};
    double sold = 0;
    double bought = 0;
    for (const auto& pair : pairs)
    {
        sold += pair.usd > 0 ? pair.depth_usd(true, near) : 0;
        bought += pair.usd > 0 ? pair.depth_usd(false, near) : 0;
    }
    section.figures = {
        {"after_block", "After block", static_cast<std::int64_t>(*block), Unit::count},
        {"sold_usd", "First tokens that can be sold at no more than 2%", sold, Unit::usd},
        {"bought_usd", "and bought", bought, Unit::usd}};
    section.tables.push_back(pair_table(source, pairs));
    pairs.resize(std::min(pairs.size(), drawn_max));
    section.tables.push_back(slippage_table(source, pairs));
    if (auto curve = curve_table(source, pairs); !curve.rows.empty())
        section.tables.push_back(std::move(curve));
    if (auto ranges = range_table(source, market, *block); !ranges.rows.empty())
        section.tables.push_back(std::move(ranges));
    return section;
}

}  // namespace runnel::analytics
