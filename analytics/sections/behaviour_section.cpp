#include "analytics/market.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr double day_seconds = 86'400;
constexpr double year_seconds = 365 * day_seconds;

double run_seconds(const LedgerQueries& source)
{
    return static_cast<double>(source.end_time() - source.start_time());
}

double median_of(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

struct Searcher
{
    GroupId group = 0;
    std::uint64_t sent = 0;
    std::uint64_t reverted = 0;
    double gross = 0;  // USD: what came in less what went out.
    double fees = 0;   // USD.
    bool priced = true;

    [[nodiscard]] double net() const { return gross - fees; }
};

/// What each searcher's transactions brought and cost, everything at the price of its block.
class Searchers
{
public:
    explicit Searchers(LedgerQueries& source) : source_{source}
    {
        std::vector<bool> groups;
        for (const auto& group : source.groups())
            groups.push_back(is_searcher(group.strategy));
        if (std::find(groups.begin(), groups.end(), true) == groups.end())
            return;
        auto accounts = source.query("SELECT id FROM t_addresses ORDER BY id");
        while (accounts.step())
        {
            const auto account = accounts.account(0);
            const auto group = source.group_of(account);
            if (groups[group])
                searchers_[account].group = group;
        }
        for (const auto* table : {"t_token_transfers", "t_native_transfers"})
        {
            if (source.has(table))
                read_transfers(table);
        }
        // Wrapping and unwrapping emit no transfer of the token; the coins' own is one.
        if (source.has("t_weth9_deposits"))
            read_wrapped("t_weth9_deposits", "dst_id", 1);
        if (source.has("t_weth9_withdrawals"))
            read_wrapped("t_weth9_withdrawals", "src_id", -1);
        read_fees();
    }

    [[nodiscard]] const std::map<AccountId, Searcher>& all() const noexcept { return searchers_; }

private:
    Searcher* find(AccountId account)
    {
        const auto found = searchers_.find(account);
        return found == searchers_.end() ? nullptr : &found->second;
    }

    void read_transfers(const std::string& table)
    {
        Market market{source_};
        std::uint64_t block = 0;
        auto rows = source_.query("SELECT block_number, contract_id, from_id, to_id, value FROM " +
                                  table + " WHERE block_number > 0 ORDER BY rowid");
        while (rows.step())
        {
            auto* payer = find(rows.account(2));
            auto* payee = find(rows.account(3));
            if (payer == nullptr && payee == nullptr)
                continue;
            if (const auto next = rows.integer_up_to(0, integer_max); next != block)
                market.advance(block = next);
            const auto usd = market.usd(rows.amount(4), rows.contract(1));
            if (payer != nullptr)
                payer->gross -= usd.value_or(0);
            if (payee != nullptr)
                payee->gross += usd.value_or(0);
            for (auto* searcher : {payer, payee})
            {
                if (searcher != nullptr)
                    searcher->priced = searcher->priced && usd;
            }
        }
    }

    void read_wrapped(const std::string& table, const std::string& account, double sign)
    {
        Market market{source_};
        std::uint64_t block = 0;
        auto rows = source_.query("SELECT block_number, contract_id, " + account + ", wad FROM " +
                                  table + " WHERE block_number > 0 ORDER BY rowid");
        while (rows.step())
        {
            auto* searcher = find(rows.account(2));
            if (searcher == nullptr)
                continue;
            if (const auto next = rows.integer_up_to(0, integer_max); next != block)
                market.advance(block = next);
            const auto usd = market.usd(rows.amount(3), rows.contract(1));
            searcher->gross += sign * usd.value_or(0);
            searcher->priced = searcher->priced && usd;
        }
    }

    void read_fees()
    {
        Market market{source_};
        std::uint64_t block = 0;
        auto rows = source_.query(
            "SELECT block_number, from_id, receipt_status, receipt_gas_used, "
            "receipt_effective_gas_price FROM t_transactions WHERE block_number > 0 "
            "ORDER BY rowid");
        while (rows.step())
        {
            auto* searcher = find(rows.account(1));
            if (searcher == nullptr)
                continue;
            if (const auto next = rows.integer_up_to(0, integer_max); next != block)
                market.advance(block = next);
            ++searcher->sent;
            searcher->reverted += rows.integer_up_to(2, 1) == 0 ? 1 : 0;
            const auto fee =
                Amount::from_uint128(static_cast<uint128>(rows.integer_up_to(3, integer_max)) *
                                     rows.integer_up_to(4, integer_max));
            const auto usd = market.usd(fee, native_coin);
            searcher->fees += usd.value_or(0);
            searcher->priced = searcher->priced && usd;
        }
    }

    LedgerQueries& source_;
    std::map<AccountId, Searcher> searchers_;
};

struct SearcherSums
{
    std::uint64_t wallets = 0;
    std::uint64_t sent = 0;
    std::uint64_t reverted = 0;
    double gross = 0;
    double fees = 0;
    std::vector<double> nets;  // Of those who sent anything, if all of it has a price.

    void add(const Searcher& searcher)
    {
        ++wallets;
        sent += searcher.sent;
        reverted += searcher.reverted;
        if (searcher.sent == 0 || !searcher.priced)
            return;
        gross += searcher.gross;
        fees += searcher.fees;
        nets.push_back(searcher.net());
    }
};

void add_searchers(LedgerQueries& source, Section& section)
{
    const Searchers searchers{source};
    if (searchers.all().empty())
        return;
    SearcherSums everybody;
    std::map<GroupId, SearcherSums> groups;
    for (const auto& [account, searcher] : searchers.all())
    {
        everybody.add(searcher);
        groups[searcher.group].add(searcher);
    }
    Table table{"searchers", "Searchers: what their transactions brought and cost",
        {{"group", "Group", Unit::none}, {"wallets", "Wallets", Unit::count},
            {"active", "Active", Unit::count}, {"net_median_usd", "Net, median", Unit::usd},
            {"net_lowest_usd", "lowest", Unit::usd}, {"net_highest_usd", "highest", Unit::usd},
            {"net_usd", "all", Unit::usd}, {"fees_usd", "Fees", Unit::usd},
            {"sent", "Sent", Unit::count}, {"reverted_share", "Reverted", Unit::share}},
        {}, 12};
    for (const auto& [group, sums] : groups)
    {
        const auto of_nets = [&](double value)
        { return sums.nets.empty() ? Value{} : Value{value}; };
        const auto [low, high] = std::minmax_element(sums.nets.begin(), sums.nets.end());
        table.rows.push_back({source.groups()[group].name, static_cast<std::int64_t>(sums.wallets),
            static_cast<std::int64_t>(sums.nets.size()),
            sums.nets.empty() ? Value{} : Value{median_of(sums.nets)},
            sums.nets.empty() ? Value{} : Value{*low}, sums.nets.empty() ? Value{} : Value{*high},
            of_nets(sums.gross - sums.fees), of_nets(sums.fees),
            static_cast<std::int64_t>(sums.sent),
            share_of(static_cast<double>(sums.reverted), static_cast<double>(sums.sent))});
    }
    const auto& nets = everybody.nets;
    const auto count = static_cast<double>(nets.size());
    const auto losers = std::count_if(nets.begin(), nets.end(), [](double net) { return net < 0; });
    const auto landed = static_cast<double>(everybody.sent - everybody.reverted);
    const auto net = everybody.gross - everybody.fees;
    auto& figures = section.figures;
    figures.push_back({"searchers_active", "Searchers who sent anything",
        static_cast<std::int64_t>(nets.size()), Unit::count});
    figures.push_back({"searcher_net_median_usd", "Median searcher, net of gas and reverts",
        nets.empty() ? Value{} : Value{median_of(nets)}, Unit::usd});
    figures.push_back({"searcher_losers_share", "Searchers who lost",
        share_of(static_cast<double>(losers), count), Unit::share});
    figures.push_back({"searcher_net_per_trade_usd", "Searchers' net, per success",
        nets.empty() ? Value{} : share_of(net, landed), Unit::usd});
    figures.push_back({"searcher_fees_share", "Fees, share of searchers' gains",
        everybody.gross > 0 ? share_of(everybody.fees, everybody.gross) : Value{}, Unit::share});
    figures.push_back({"searcher_reverted_share", "Searchers' transactions reverted",
        share_of(static_cast<double>(everybody.reverted), static_cast<double>(everybody.sent)),
        Unit::share});
    section.tables.push_back(std::move(table));
}

/// What liquidity providers have from a pool: fees, and what traders left there or took.
struct PoolResult
{
    double volume = 0;  // USD, at the price of the block.
    double fees = 0;    // USD, at the price of the block.
    double tvl_seconds = 0;
    std::map<ContractId, SignedAmount> left;  // By traders.
};

std::map<ContractId, PoolResult> pool_results(LedgerQueries& source)
{
    std::map<ContractId, PoolResult> results;
    {
        Market market{source};
        std::uint64_t block = 0;
        auto rows = source.query(
            "SELECT block_number, contract_id, token_bought_id, token_sold_id, "
            "token_bought_amount_raw, token_sold_amount_raw, fee_token_id, fee_raw "
            "FROM t_dex_trades WHERE block_number > 0 ORDER BY rowid");
        while (rows.step())
        {
            if (const auto next = rows.integer_up_to(0, integer_max); next != block)
                market.advance(block = next);
            auto& pool = results[rows.contract(1)];
            const auto bought = rows.amount(4);
            const auto sold = rows.amount(5);
            pool.left[rows.contract(3)].add(sold);
            pool.left[rows.contract(2)].subtract(bought);
            pool.volume +=
                market.trade_usd(bought, rows.contract(2), sold, rows.contract(3)).value_or(0);
            pool.fees += market.usd(rows.amount(7), rows.contract(6)).value_or(0);
        }
    }
    Market market{source};
    const auto block_seconds =
        run_seconds(source) / static_cast<double>(std::max<std::uint64_t>(1, source.last_block()));
    std::uint64_t since = 0;
    std::map<ContractId, double> value;
    const auto hold_until = [&](std::uint64_t block)
    {
        for (const auto& [pool, usd] : value)
            results[pool].tvl_seconds += usd * static_cast<double>(block - since) * block_seconds;
        since = block;
    };
    while (const auto block = market.next_change())
    {
        hold_until(*block);
        market.advance(*block);
        for (const auto& [id, pool] : market.pools())
            value[id] = market.pool_usd(pool).value_or(0);
    }
    hold_until(source.last_block());
    return results;
}

void add_providers(LedgerQueries& source, Section& section)
{
    if (!source.has("t_dex_pools") || !source.has("t_dex_trades"))
        return;
    const auto results = pool_results(source);
    Market market{source};
    market.advance_to_end();
    const auto seconds = run_seconds(source);
    const auto yearly = year_seconds / seconds;
    Table table{"providers", "Liquidity providers: fees, and the result against holding, a year",
        {{"pool", "Pool", Unit::none}, {"tvl_mean_usd", "Value, mean", Unit::usd},
            {"volume_per_tvl_day", "Volume a day", Unit::share}, {"fee_yield", "Fees", Unit::share},
            {"net_yield", "Net", Unit::share}},
        {}, 12};
    PoolResult all;
    double all_net = 0;
    bool all_priced = true;
    for (const auto& [id, pool] : results)
    {
        const auto tvl = pool.tvl_seconds / seconds;
        double net = 0;
        bool priced = true;
        for (const auto& [token, amount] : pool.left)
        {
            const auto usd = market.usd(amount, token);
            priced = priced && (usd || amount.is_zero());
            net += usd.value_or(0);
        }
        all.volume += pool.volume;
        all.fees += pool.fees;
        all.tvl_seconds += pool.tvl_seconds;
        all_net += net;
        all_priced = all_priced && priced;
        table.rows.push_back(
            {source.contract_name(id), tvl, share_of(pool.volume * day_seconds / seconds, tvl),
                share_of(pool.fees * yearly, tvl), priced ? share_of(net * yearly, tvl) : Value{}});
    }
    const auto tvl = all.tvl_seconds / seconds;
    if (!(tvl > 0))
        return;
    auto& figures = section.figures;
    figures.push_back({"pool_volume_day_usd", "Volume of all pools, a day",
        all.volume * day_seconds / seconds, Unit::usd});
    figures.push_back({"pool_volume_per_tvl_day", "Volume a day, share of pools' value",
        share_of(all.volume * day_seconds / seconds, tvl), Unit::share});
    figures.push_back({"provider_fee_yield", "Fees to LPs, a year, share of pools' value",
        share_of(all.fees * yearly, tvl), Unit::share});
    figures.push_back({"provider_net_yield", "LPs against holding, a year",
        all_priced ? share_of(all_net * yearly, tvl) : Value{}, Unit::share});
    section.tables.push_back(std::move(table));
}

struct ReserveUse
{
    double seconds = 0;
    double used_seconds = 0;
    double full_seconds = 0;
    double highest = 0;
};

void add_reserves(LedgerQueries& source, Section& section)
{
    if (!source.has("t_lending_reserves"))
        return;
    constexpr double full = 0.99;
    constexpr double hour_seconds = 3'600;
    Market market{source, Market::Prices::on_chain};  // Of which only amounts are used.
    const auto block_seconds =
        run_seconds(source) / static_cast<double>(std::max<std::uint64_t>(1, source.last_block()));
    std::map<Market::ReserveKey, ReserveUse> uses;
    std::map<Market::ReserveKey, double> now;
    std::uint64_t since = 0;
    const auto hold_until = [&](std::uint64_t block)
    {
        const auto seconds = static_cast<double>(block - since) * block_seconds;
        since = block;
        for (const auto& [key, share] : now)
        {
            auto& use = uses[key];
            use.seconds += seconds;
            use.used_seconds += share * seconds;
            use.full_seconds += share > full ? seconds : 0;
            use.highest = std::max(use.highest, share);
        }
    };
    while (const auto block = market.next_change())
    {
        hold_until(*block);
        market.advance(*block);
        for (const auto& [key, reserve] : market.reserves())
        {
            const auto debt = reserve.total_debt.to_double();
            const auto all = debt + reserve.cash.to_double();
            now[key] = all > 0 ? debt / all : 0;
        }
    }
    hold_until(source.last_block());
    if (uses.empty())
        return;
    Table table{"reserves", "Reserves: how much of them is lent out, over time",
        {{"reserve", "Reserve", Unit::none}, {"use_mean", "Mean", Unit::share},
            {"use_highest", "Highest", Unit::share}, {"full_hours", "Hours above 99%", Unit::none}},
        {}, 16};
    double full_hours = 0;
    double use_highest_mean = 0;
    for (const auto& [key, use] : uses)
    {
        const auto mean = use.seconds > 0 ? use.used_seconds / use.seconds : 0;
        full_hours = std::max(full_hours, use.full_seconds / hour_seconds);
        use_highest_mean = std::max(use_highest_mean, mean);
        table.rows.push_back({source.contract_name(key.first) + " " + source.token_name(key.second),
            mean, use.highest, use.full_seconds / hour_seconds});
    }
    section.figures.push_back(
        {"reserve_use_mean", "Most used reserve, mean use", use_highest_mean, Unit::share});
    section.figures.push_back(
        {"reserve_full_hours", "Hours above 99% use, the worst reserve", full_hours, Unit::none});
    section.tables.push_back(std::move(table));
}

/// For how many days of the run the wallets of each group were there, all together: those that
/// arrived, from then on.
std::vector<double> wallet_days(LedgerQueries& source)
{
    std::vector<double> days;
    for (const auto& group : source.groups())
        days.push_back(static_cast<double>(group.accounts) * run_seconds(source) / day_seconds);
    auto arrivals = source.query(
        "SELECT a.id, b.timestamp FROM t_addresses a JOIN t_blocks b ON b.number = a.block_number "
        "WHERE a.block_number > 0 AND a.strategy != ''");
    while (arrivals.step())
    {
        const auto late = arrivals.integer_up_to(1, source.end_time()) - source.start_time();
        days[source.group_of(arrivals.account(0))] -= static_cast<double>(late) / day_seconds;
    }
    return days;
}

void add_rates(LedgerQueries& source, Section& section)
{
    const auto days = wallet_days(source);
    const auto& transactions = source.transactions();
    Table table{"rates", "How often a wallet acts, a day",
        {{"group", "Group", Unit::none}, {"strategy", "Strategy", Unit::none},
            {"succeeded_day", "Succeeded", Unit::none}, {"reverted_day", "Reverted", Unit::none}},
        {}, 20};
    for (std::size_t i = 0; i < source.groups().size(); ++i)
    {
        const auto& group = source.groups()[i];
        const auto& sent = transactions.groups[i];
        if (group.strategy.empty() || sent.transactions == 0)
            continue;
        table.rows.push_back({group.name, group.strategy,
            static_cast<double>(sent.transactions - sent.reverted) / days[i],
            static_cast<double>(sent.reverted) / days[i]});
    }
    if (!table.rows.empty())
        section.tables.push_back(std::move(table));
}
}  // namespace

bool is_searcher(std::string_view strategy)
{
    constexpr std::array<std::string_view, 7> searchers{"arbitrageur", "auction_keeper",
        "collateral_buyer", "front_runner", "liquidator", "peg_arbitrageur", "sandwicher"};
    return std::find(searchers.begin(), searchers.end(), strategy) != searchers.end();
}

std::optional<Section> behaviour_section(LedgerQueries& source)
{
    if (source.last_block() == 0 || !(run_seconds(source) > 0))
        return std::nullopt;
    Section section{"behaviour", "How people behaved", {}, {}, {}};
    add_rates(source, section);
    add_searchers(source, section);
    add_providers(source, section);
    add_reserves(source, section);
    if (section.tables.empty())
        return std::nullopt;
    return section;
}

}  // namespace runnel::analytics
