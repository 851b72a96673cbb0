#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cmath>
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
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct Extremes
{
    double first = unknown;
    double low = unknown;
    double high = unknown;
    double last = unknown;
    double hour_low = unknown;  // Of what it was when hours ended.
    double hour_high = unknown;

    void put(double value)
    {
        first = std::isnan(first) ? value : first;
        low = std::isnan(low) ? value : std::min(low, value);
        high = std::isnan(high) ? value : std::max(high, value);
        last = value;
    }
    void close_hour()
    {
        hour_low = std::isnan(hour_low) ? last : std::min(hour_low, last);
        hour_high = std::isnan(hour_high) ? last : std::max(hour_high, last);
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
        const auto next = source.hour_of(source.start_time() + *block * slot_seconds);
        for (auto& [key, course] : courses.prices)
        {
            if (next != hour)
                course.close_hour();
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
        course.close_hour();
    return courses;
}
}  // namespace

std::optional<Section> pegs_section(LedgerQueries& source)
{
    if (source.last_block() == 0 || !source.has("t_dex_pools"))
        return std::nullopt;
    Market market{source};
    const auto courses = read_courses(source, market);
    Table prices{"prices", "Price of the first in the second, whole tokens, after each block",
        {{"pair", "Pool and pair", Unit::none}, {"start", "Start", Unit::none},
            {"low", "Low", Unit::none}, {"high", "High", Unit::none},
            {"hour_low", "Hours, low", Unit::none}, {"hour_high", "Hours, high", Unit::none},
            {"end", "End", Unit::none}},
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
    for (const auto& [key, course] : courses.prices)
    {
        const auto& [pool, a, b] = key;
        if (!others.contains(pool))
        {
            prices.rows.push_back(
                {source.contract_name(pool) + " " + name(pool, a) + "/" + name(pool, b),
                    course.first, course.low, course.high, course.hour_low, course.hour_high,
                    course.last});
        }
    }
    if (prices.rows.empty())
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
    Section section{"pegs", "Pools of tokens that are meant to be worth the same", {}, {}, {}};
    section.tables.push_back(std::move(prices));
    section.tables.push_back(std::move(shares));
    return section;
}

}  // namespace runnel::analytics
