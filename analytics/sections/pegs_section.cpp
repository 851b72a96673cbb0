#include "analytics/convertibles.hpp"
#include "analytics/market.hpp"
#include "analytics/redemptions.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace runnel::analytics
{
namespace
{
/// Tokens are meant to be worth the same if a pool begins with them within this of each other.
constexpr double pegged = 0.1;
/// An hour that ends so far from one to one counts as apart, and within this as together.
constexpr double apart = 0.05;
constexpr double together = 0.005;
constexpr double hour_seconds = 3'600;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct Extremes
{
    double first = unknown;
    double low = unknown;
    double high = unknown;
    double last = unknown;
    double hour_low = unknown;  // Of what it was when hours ended.
    double hour_high = unknown;
    double hours_apart = 0;
    double together_after = 0;   // Hours.
    std::vector<double> days;    // What it was when each day ended.
    std::vector<double> pieces;  // When each piece of the run did.

    void put(double value)
    {
        first = std::isnan(first) ? value : first;
        low = std::isnan(low) ? value : std::min(low, value);
        high = std::isnan(high) ? value : std::max(high, value);
        last = value;
    }
    /// Of the hours before @p next that have ended since @p hour.
    void close_hours(std::size_t hour, std::size_t next)
    {
        hour_low = std::isnan(hour_low) ? last : std::min(hour_low, last);
        hour_high = std::isnan(hour_high) ? last : std::max(hour_high, last);
        if (std::abs(last - 1) > apart)
            hours_apart += static_cast<double>(next - hour);
        if (std::abs(last - 1) > together)
            together_after = static_cast<double>(next);
    }
    void close_pieces_before(std::size_t piece)
    {
        pieces.resize(std::max(pieces.size(), piece), last);
    }
    void close_days_before(std::size_t day)
    {
        while (days.size() < day)
            days.push_back(last);
    }
};

/// A pool and two positions in it.
using PairKey = std::tuple<ContractId, std::size_t, std::size_t>;

/// What a pool has of a token, whole.
double whole(const LedgerQueries& source, const Market::PoolToken& held)
{
    const auto* facts = source.token(held.token);
    return facts == nullptr ? 0 : held.reserve.to_double() / std::pow(10.0, facts->decimals);
}

struct Courses
{
    std::map<PairKey, Extremes> prices;
    std::map<std::pair<ContractId, std::size_t>, Extremes> shares;
};

void put_prices(const Market& market, ContractId id, const Market::Pool& pool, Courses& courses)
{
    for (std::size_t a = 0; a < pool.tokens.size(); ++a)
    {
        for (std::size_t b = a + 1; b < pool.tokens.size(); ++b)
        {
            const auto first = pool.tokens[0].token;
            const auto of_a = market.whole_price(pool.tokens[a], first);
            const auto of_b = market.whole_price(pool.tokens[b], first);
            if (of_a && of_b && *of_b > 0)
                courses.prices[{id, a, b}].put(*of_a / *of_b);
        }
    }
}

Courses read_courses(LedgerQueries& source, Market& market)
{
    Courses courses;
    const auto slot_seconds = (source.end_time() - source.start_time()) / source.last_block();
    std::size_t hour = 0;
    while (const auto block = market.next_change())
    {
        const auto time = source.start_time() + *block * slot_seconds;
        const auto next = source.hour_of(time);
        const auto day = day_of(source, time);
        for (auto& [key, course] : courses.prices)
        {
            course.close_days_before(day);
            course.close_pieces_before(*block == 0 ? 0 : source.piece_of(*block));
            if (next != hour)
                course.close_hours(hour, next);
        }
        hour = next;
        market.advance(*block);
        for (const auto& [id, pool] : market.pools())
        {
            put_prices(market, id, pool, courses);
            double all = 0;
            for (const auto& held : pool.tokens)
                all += whole(source, held);
            for (std::size_t i = 0; i < pool.tokens.size() && all > 0; ++i)
                courses.shares[{id, i}].put(whole(source, pool.tokens[i]) / all);
        }
    }
    for (auto& [key, course] : courses.prices)
    {
        course.close_hours(hour, hour + 1);
        course.close_pieces_before(source.pieces());
        course.close_days_before(day_of(source, source.end_time()) + 1);
    }
    return courses;
}

/// What a token cost when a day ended, in the other token of the pool of pegged tokens that had
/// most of it at the end.
std::optional<double> day_price(LedgerQueries& source, const Market& market, const Courses& courses,
    const std::set<ContractId>& unpegged, ContractId token, std::size_t day)
{
    std::optional<double> price;
    double most = 0;
    for (const auto& [key, course] : courses.prices)
    {
        const auto& [pool, a, b] = key;
        const auto& tokens = market.pools().at(pool).tokens;
        const bool is_first = tokens[a].token == token;
        if (unpegged.contains(pool) || (!is_first && tokens[b].token != token) ||
            day >= course.days.size() || !(course.days[day] > 0))
            continue;
        const auto held = whole(source, tokens[is_first ? a : b]);
        if (price && held <= most)
            continue;
        most = held;
        price = is_first ? course.days[day] : 1 / course.days[day];
    }
    return price;
}

// ---- Issuers ----

constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// One issuer over the run; amounts in whole tokens.
struct IssuerCourse
{
    ContractId coin{};
    ContractId reserve_token{};
    Extremes supply;
    Extremes reserves;
    Extremes cover;  // Reserves per coin.
    Extremes waiting;
    SignedAmount issued;
    SignedAmount redeemed;
    SignedAmount fees;
    std::uint64_t longest_wait = 0;  // Seconds.
};

std::map<ContractId, IssuerCourse> read_issuers(LedgerQueries& source)
{
    std::map<ContractId, IssuerCourse> issuers;
    if (!source.has("t_issuers"))
        return issuers;
    const auto scale = [&](ContractId token)
    {
        const auto* facts = source.token(token);
        return std::pow(10.0, facts == nullptr ? 0 : facts->decimals);
    };
    auto rows = source.query(
        "SELECT contract_id, coin_id, reserve_token_id, supply, reserves, waiting_redeem "
        "FROM t_issuers ORDER BY rowid");
    while (rows.step())
    {
        auto& issuer = issuers[rows.contract(0)];
        issuer.coin = rows.contract(1);
        issuer.reserve_token = rows.contract(2);
        const auto supply = rows.amount(3).to_double() / scale(issuer.coin);
        const auto reserves = rows.amount(4).to_double() / scale(issuer.reserve_token);
        issuer.supply.put(supply);
        issuer.reserves.put(reserves);
        if (supply > 0)
            issuer.cover.put(reserves / supply);
        issuer.waiting.put(rows.amount(5).to_double() / scale(issuer.coin));
    }
    if (!source.has("t_issuer_flows"))
        return issuers;
    auto flows = source.query(
        "SELECT f.contract_id, f.transaction_type, f.coin_amount_raw, f.fee_raw, f.ordered_at, "
        "b.timestamp FROM t_issuer_flows f JOIN t_blocks b ON b.number = f.block_number "
        "ORDER BY f.rowid");
    while (flows.step())
    {
        auto& issuer = issuers[flows.contract(0)];
        (flows.text(1) == "redeem" ? issuer.redeemed : issuer.issued).add(flows.amount(2));
        issuer.fees.add(flows.amount(3));
        issuer.longest_wait = std::max(issuer.longest_wait,
            flows.integer_up_to(5, integer_max) - flows.integer_up_to(4, integer_max));
    }
    return issuers;
}

Table issuer_table(LedgerQueries& source)
{
    Table table{"issuers", "Issuers of coins; reserves are whole tokens held per coin",
        {{"issuer", "Issuer", Unit::none}, {"supply_start", "Supply, start", Unit::none},
            {"supply_end", "Supply, end", Unit::none}, {"supply_change", "Change", Unit::share},
            {"issued", "Issued", Unit::none}, {"redeemed", "Redeemed", Unit::none},
            {"issued_share", "Issued / start", Unit::share},
            {"redeemed_share", "Redeemed / start", Unit::share},
            {"waiting_most", "To be redeemed, most", Unit::none},
            {"waiting_end", "At the end", Unit::none},
            {"longest_wait", "Longest wait", Unit::seconds}, {"fees", "Fees", Unit::none},
            {"cover_low", "Reserves per coin, lowest", Unit::none},
            {"cover_end", "At the end", Unit::none}},
        {}, 24};
    for (const auto& [id, issuer] : read_issuers(source))
    {
        const auto* facts = source.token(issuer.coin);
        const auto scale = std::pow(10.0, facts == nullptr ? 0 : facts->decimals);
        const auto start = issuer.supply.first;
        const auto issued = issuer.issued.to_double() / scale;
        const auto redeemed = issuer.redeemed.to_double() / scale;
        table.rows.push_back({source.contract_name(id), start, issuer.supply.last,
            share_of(issuer.supply.last - start, start), issued, redeemed, share_of(issued, start),
            share_of(redeemed, start), issuer.waiting.high, issuer.waiting.last,
            static_cast<double>(issuer.longest_wait),
            source.money(issuer.fees, issuer.reserve_token), issuer.cover.low, issuer.cover.last});
    }
    return table;
}
}  // namespace

std::optional<Section> pegs_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    Market market{source};
    const auto courses = read_courses(source, market);
    Table prices{"prices", "Price of the first in the second, whole tokens, after each block",
        {{"pair", "Pool and pair", Unit::none}, {"start", "Start", Unit::none},
            {"low", "Low", Unit::none}, {"high", "High", Unit::none},
            {"hour_low", "Hours, low", Unit::none}, {"hour_high", "Hours, high", Unit::none},
            {"end", "End", Unit::none}, {"hours_apart", "Hours 5% apart", Unit::none},
            {"together_after", "Within 0.5% from", Unit::seconds}},
        {}, 24};
    std::set<ContractId> pools;
    std::set<ContractId> others;
    for (const auto& [key, course] : courses.prices)
    {
        const auto is_pegged = std::abs(course.first - 1) <= pegged;
        (is_pegged ? pools : others).insert(std::get<0>(key));
    }
    const auto name = [&](ContractId pool, std::size_t position)
    { return source.token_name(market.pools().at(pool).tokens[position].token); };
    Table over_time{"course", "Price of the first in the second over time",
        {{"until", "Until", Unit::unix_time}, {"pair", "Pool and pair", Unit::none},
            {"price", "Price", Unit::none}},
        {}, 0};
    constexpr std::size_t pairs_max = 16;
    for (const auto& [key, course] : courses.prices)
    {
        const auto& [pool, a, b] = key;
        if (!others.contains(pool) && prices.rows.size() < pairs_max)
        {
            for (std::size_t piece = 0; piece < course.pieces.size(); ++piece)
            {
                over_time.rows.push_back({source.piece_time(piece),
                    source.contract_name(pool) + " " + name(pool, a) + "/" + name(pool, b),
                    course.pieces[piece]});
            }
        }
        if (!others.contains(pool))
        {
            prices.rows.push_back(
                {source.contract_name(pool) + " " + name(pool, a) + "/" + name(pool, b),
                    course.first, course.low, course.high, course.hour_low, course.hour_high,
                    course.last, course.hours_apart, course.together_after * hour_seconds});
        }
    }
    auto convertibles = convertible_tables(source, [&](ContractId token, std::size_t day)
        { return day_price(source, market, courses, others, token, day); });
    auto issuers = issuer_table(source);
    if (prices.rows.empty() && convertibles.empty() && issuers.rows.empty())
        return std::nullopt;
    Table shares{"shares", "Share of a token in its pool, by number of whole tokens",
        {{"token", "Pool and token", Unit::none}, {"start", "Start", Unit::share},
            {"lowest", "Lowest", Unit::share}, {"highest", "Highest", Unit::share},
            {"end", "End", Unit::share}},
        {}, 24};
    for (const auto& [key, course] : courses.shares)
    {
        if (pools.contains(key.first) && !others.contains(key.first))
        {
            shares.rows.push_back(
                {source.contract_name(key.first) + " " + name(key.first, key.second), course.first,
                    course.low, course.high, course.last});
        }
    }
    Section section{"pegs", "Tokens that are meant to be worth the same", {}, {}, {}};
    if (!prices.rows.empty())
    {
        section.tables.push_back(std::move(prices));
        section.tables.push_back(std::move(shares));
        section.tables.push_back(std::move(over_time));
    }
    std::move(convertibles.begin(), convertibles.end(), std::back_inserter(section.tables));
    if (!issuers.rows.empty())
        section.tables.push_back(std::move(issuers));
    if (auto redemptions = redemption_table(source); !redemptions.rows.empty())
        section.tables.push_back(std::move(redemptions));
    return section;
}

}  // namespace runnel::analytics
