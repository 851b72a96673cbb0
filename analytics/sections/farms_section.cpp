#include "analytics/market.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t day_seconds = 86'400;
constexpr std::uint64_t week_seconds = 7 * day_seconds;
constexpr double year_seconds = 365.0 * day_seconds;

/// A farm and the number of its pool.
using PoolKey = std::pair<ContractId, std::uint64_t>;

/// What was paid on what was staked, over some time: the quotient is a yearly rate.
struct Yield
{
    double paid = 0;          // USD.
    double staked_years = 0;  // USD times years.

    void add(double staked, double paid_per_year, double seconds)
    {
        staked_years += staked * seconds / year_seconds;
        paid += paid_per_year * seconds / year_seconds;
    }
    void add(const Yield& other)
    {
        staked_years += other.staked_years;
        paid += other.paid;
    }
    [[nodiscard]] Value rate() const { return share_of(paid, staked_years); }
};

/// One pool while its rows are read.
struct Course
{
    ContractId staked_token{};
    Amount total_staked;
    struct Stream
    {
        Amount rate;
        bool by_block = false;
    };
    std::map<ContractId, Stream> rewards;
    double staked_usd = 0;
    double paid_per_year = 0;  // USD.
    double staked_peak = 0;
    std::optional<std::uint64_t> first_time;  // When somebody had staked.
    Yield all;
    Yield first_week;
    Yield last_week;
    struct Point
    {
        double staked_usd = 0;
        double paid_per_year = 0;
    };
    std::vector<Point> pieces;  // After each piece of the run.
};

struct Farms
{
    std::map<PoolKey, Course> pools;
    double staked_peak = 0;
    std::vector<double> staked;  // USD, after each piece of the run.
};

double seconds_per_block(const LedgerQueries& source)
{
    return static_cast<double>(source.end_time() - source.start_time()) /
           static_cast<double>(std::max<std::uint64_t>(1, source.last_block()));
}

void revalue(Course& pool, const Market& market, double block_seconds)
{
    pool.staked_usd = market.usd(pool.total_staked, pool.staked_token).value_or(0);
    pool.paid_per_year = 0;
    if (pool.total_staked.is_zero())
        return;
    for (const auto& [token, stream] : pool.rewards)
    {
        pool.paid_per_year += market.usd(stream.rate, token).value_or(0) * year_seconds /
                              (stream.by_block ? block_seconds : 1);
    }
}

/// Rates are held from one state of a farm to the next, at the prices of the former.
Farms read_course(LedgerQueries& source)
{
    Farms farms;
    farms.staked.assign(source.pieces(), 0);
    Market market{source};
    const auto block_seconds = seconds_per_block(source);
    const auto end = source.end_time();
    std::uint64_t now = source.start_time();
    std::uint64_t block = 0;
    const auto hold_until = [&](std::uint64_t time)
    {
        for (auto& [key, pool] : farms.pools)
        {
            if (!pool.first_time || !(pool.staked_usd > 0))
                continue;
            const auto hold = [&](Yield& yield, std::uint64_t from, std::uint64_t to)
            {
                const auto begin = std::max(now, from);
                const auto stop = std::min(time, to);
                if (stop > begin)
                    yield.add(
                        pool.staked_usd, pool.paid_per_year, static_cast<double>(stop - begin));
            };
            hold(pool.all, 0, integer_max);
            hold(pool.first_week, 0, *pool.first_time + week_seconds);
            hold(pool.last_week, end - std::min(end, week_seconds), integer_max);
        }
        now = time;
    };
    const auto settle = [&]
    {
        market.advance(block);
        double staked = 0;
        for (auto& [key, pool] : farms.pools)
        {
            revalue(pool, market, block_seconds);
            pool.staked_peak = std::max(pool.staked_peak, pool.staked_usd);
            if (!pool.first_time && !pool.total_staked.is_zero())
                pool.first_time = now;
            staked += pool.staked_usd;
            pool.pieces.resize(source.pieces());
            const auto from = static_cast<std::ptrdiff_t>(source.piece_of(block));
            std::fill(pool.pieces.begin() + from, pool.pieces.end(),
                Course::Point{pool.staked_usd, pool.paid_per_year});
        }
        farms.staked_peak = std::max(farms.staked_peak, staked);
        if (block > 0)
        {
            const auto from = static_cast<std::ptrdiff_t>(source.piece_of(block));
            std::fill(farms.staked.begin() + from, farms.staked.end(), staked);
        }
    };
    auto rows = source.query(
        "SELECT f.block_number, f.contract_id, f.pool, f.staked_token_id, f.reward_token_id, "
        "f.total_staked, f.reward_rate, f.clock, b.timestamp FROM t_farm_pools f JOIN t_blocks b "
        "ON b.number = f.block_number ORDER BY f.rowid");
    bool open = false;
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        if (open && next != block)
            settle();
        if (const auto time = rows.integer_up_to(8, integer_max); time > now)
            hold_until(time);
        open = true;
        block = next;
        auto& pool = farms.pools[{rows.contract(1), rows.integer_up_to(2, integer_max)}];
        pool.staked_token = rows.contract(3);
        pool.total_staked = rows.amount(5);
        pool.rewards[rows.contract(4)] = {rows.amount(6), rows.text(7) == "blocks"};
    }
    if (open)
        settle();
    hold_until(std::max(now, end));
    return farms;
}

/// Stakes and rewards of a pool.
struct Moves
{
    std::uint64_t stakes = 0;
    std::uint64_t withdrawals = 0;
    double staked_usd = 0;  // At the time.
    double withdrawn_usd = 0;
    std::map<ContractId, SignedAmount> rewards;
    double rewards_usd = 0;
};

/// How long accounts stay: an entry is a stake by one who had nothing in the pool, and ends when he
/// has nothing there again.
struct Entries
{
    static constexpr std::uint64_t days_short = 5;
    static constexpr std::uint64_t days_long = 15;

    std::uint64_t count = 0;
    std::uint64_t seen_short = 0;  // That came at least so long before the end.
    std::uint64_t gone_short = 0;  // Of those, gone within that time.
    std::uint64_t seen_long = 0;
    std::uint64_t gone_long = 0;
    std::vector<double> stays;  // Seconds, of those that ended.

    void add(std::uint64_t from, std::optional<std::uint64_t> to, std::uint64_t end)
    {
        ++count;
        if (to)
            stays.push_back(static_cast<double>(*to - from));
        const auto see = [&](std::uint64_t days, std::uint64_t& seen, std::uint64_t& gone)
        {
            if (from + days * day_seconds > end)
                return;
            ++seen;
            gone += to && *to <= from + days * day_seconds ? 1 : 0;
        };
        see(days_short, seen_short, gone_short);
        see(days_long, seen_long, gone_long);
    }
};

struct Stake
{
    Amount amount;
    std::uint64_t since = 0;
};

void read_moves(LedgerQueries& source, std::map<PoolKey, Moves>& pools, Entries& entries)
{
    if (!source.has("t_farm_moves"))
        return;
    Market market{source};
    std::map<std::pair<PoolKey, AccountId>, Stake> stakes;
    std::uint64_t block = 0;
    auto rows = source.query(
        "SELECT m.block_number, m.contract_id, m.pool, m.transaction_type, m.account_id, "
        "m.token_id, m.amount_raw, b.timestamp FROM t_farm_moves m JOIN t_blocks b "
        "ON b.number = m.block_number ORDER BY m.rowid");
    while (rows.step())
    {
        const auto next = rows.integer_up_to(0, integer_max);
        const PoolKey key{rows.contract(1), rows.integer_up_to(2, integer_max)};
        const auto kind = rows.text(3);
        const auto amount = rows.amount(6);
        const auto time = rows.integer_up_to(7, integer_max);
        if (next != block)
            market.advance(block = next);
        const auto usd = market.usd(amount, rows.contract(5)).value_or(0);
        auto& pool = pools[key];
        auto& stake = stakes[{key, rows.account(4)}];
        if (kind == "reward")
        {
            pool.rewards[rows.contract(5)].add(amount);
            pool.rewards_usd += usd;
        }
        else if (kind == "stake")
        {
            if (stake.amount.is_zero())
                stake.since = time;
            stake.amount = wrapping_add(stake.amount, amount);
            pool.stakes += next > 0 ? 1 : 0;
            pool.staked_usd += next > 0 ? usd : 0;
        }
        else
        {
            const auto left = Checked{stake.amount} - amount;
            if (!left.ok())
                rows.fail(6, "at most what was staked");
            stake.amount = left.value;
            ++pool.withdrawals;
            pool.withdrawn_usd += usd;
            if (stake.amount.is_zero() && !amount.is_zero())
                entries.add(stake.since, time, source.end_time());
        }
    }
    for (const auto& [key, stake] : stakes)
    {
        if (!stake.amount.is_zero())
            entries.add(stake.since, std::nullopt, source.end_time());
    }
}

std::string pool_name(const LedgerQueries& source, const PoolKey& key)
{
    return fmt::format("{}/{}", source.contract_name(key.first), key.second);
}

/// Those with most staked, over time.
Table course_table(LedgerQueries& source, const Farms& farms)
{
    constexpr std::size_t pools_max = 8;
    std::vector<std::pair<double, PoolKey>> order;
    for (const auto& [key, pool] : farms.pools)
        order.emplace_back(-pool.staked_peak, key);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), pools_max));
    Table table{"course", "Pools of farms over time",
        {{"until", "Until", Unit::unix_time}, {"pool", "Pool", Unit::none},
            {"staked_usd", "Staked", Unit::usd}, {"rate", "A year", Unit::share}},
        {}, 0};
    for (std::size_t piece = 0; piece < source.pieces(); ++piece)
    {
        for (const auto& [peak, key] : order)
        {
            const auto& point = farms.pools.at(key).pieces.at(piece);
            table.rows.push_back({source.piece_time(piece), pool_name(source, key),
                point.staked_usd, share_of(point.paid_per_year, point.staked_usd)});
        }
    }
    return table;
}

Value fall_of(const Yield& first, const Yield& last)
{
    const auto before = number(first.rate());
    const auto after = number(last.rate());
    return before && after && *before > 0 ? Value{1 - *after / *before} : Value{};
}

Value share_of_count(std::uint64_t part, std::uint64_t all)
{
    return share_of(static_cast<double>(part), static_cast<double>(all));
}
}  // namespace

std::optional<Section> farms_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_farm_pools"))
        return std::nullopt;
    const auto farms = read_course(source);
    if (farms.pools.empty())
        return std::nullopt;
    std::map<PoolKey, Moves> moves;
    Entries entries;
    read_moves(source, moves, entries);

    Section section{"farms", "Farms, at the prices of the time", {}, {}, {}};
    section.charts.push_back({"staked", "staked", farms.staked, Unit::usd, true});
    Table pools{"pools", "Pools of farms",
        {{"pool", "Pool", Unit::none}, {"staked_token", "Staked", Unit::none},
            {"staked_peak_usd", "Most", Unit::usd}, {"staked_end_usd", "At the end", Unit::usd},
            {"stakes", "Stakes", Unit::count}, {"withdrawals", "Withdrawals", Unit::count},
            {"rewards_usd", "Rewards paid", Unit::usd},
            {"rate_first_week", "A year, first week", Unit::share},
            {"rate_mean", "mean", Unit::share}, {"rate_last_week", "last week", Unit::share}},
        {}, 20};
    Table rewards{"rewards", "What farms paid",
        {{"pool", "Pool", Unit::none}, {"token", "", Unit::none}, {"amount", "Amount", Unit::none}},
        {}, 20};
    double staked_end = 0;
    double rewards_usd = 0;
    Yield all;
    Yield first_week;
    Yield last_week;
    for (const auto& [key, pool] : farms.pools)
    {
        const auto& moved = moves[key];
        staked_end += pool.staked_usd;
        rewards_usd += moved.rewards_usd;
        all.add(pool.all);
        first_week.add(pool.first_week);
        last_week.add(pool.last_week);
        pools.rows.push_back({pool_name(source, key), source.token_name(pool.staked_token),
            pool.staked_peak, pool.staked_usd, static_cast<std::int64_t>(moved.stakes),
            static_cast<std::int64_t>(moved.withdrawals), moved.rewards_usd, pool.first_week.rate(),
            pool.all.rate(), pool.last_week.rate()});
        for (const auto& [token, amount] : moved.rewards)
        {
            rewards.rows.push_back(
                {pool_name(source, key), source.token_name(token), source.money(amount, token)});
        }
    }
    std::sort(entries.stays.begin(), entries.stays.end());
    section.figures = {{"staked_peak_usd", "Staked, peak", farms.staked_peak, Unit::usd},
        {"staked_end_usd", "Staked, end", staked_end, Unit::usd},
        {"rewards_usd", "Rewards paid", rewards_usd, Unit::usd},
        {"rate_mean", "Rewards a year, mean", all.rate(), Unit::share},
        {"rate_first_week", "First week of each pool", first_week.rate(), Unit::share},
        {"rate_last_week", "Last week", last_week.rate(), Unit::share},
        {"rate_fall", "Fall of the rate, first week to last", fall_of(first_week, last_week),
            Unit::share},
        {"entries", "Entries", static_cast<std::int64_t>(entries.count), Unit::count},
        {"stay_median_seconds", "Stay, median of those that ended",
            entries.stays.empty() ? Value{} : Value{quantile(entries.stays, 0.5)}, Unit::seconds},
        {"gone_5_days_share", "Gone within 5 days",
            share_of_count(entries.gone_short, entries.seen_short), Unit::share},
        {"gone_15_days_share", "Gone within 15 days",
            share_of_count(entries.gone_long, entries.seen_long), Unit::share}};
    section.tables.push_back(std::move(pools));
    if (!rewards.rows.empty())
        section.tables.push_back(std::move(rewards));
    section.tables.push_back(course_table(source, farms));
    return section;
}

}  // namespace runnel::analytics
