#include "analytics/market.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

struct PoolTrades
{
    std::uint64_t trades = 0;
    double usd = 0;
    bool priced = false;
    double fees_usd = 0;
    bool fees_priced = true;            // All of them.
    std::vector<double> volume_pieces;  // USD, by piece of the run.
    std::vector<double> fee_pieces;
    struct Side
    {
        SignedAmount bought;
        SignedAmount sold;
        SignedAmount fees;
    };
    std::map<ContractId, Side> tokens;
};

struct TakerTrades
{
    std::uint64_t trades = 0;
    double usd = 0;
};

struct Trades
{
    std::uint64_t count = 0;
    double usd = 0;
    bool priced = false;
    std::map<ContractId, PoolTrades> pools;
    std::map<ContractId, PoolTrades> tokens;  // One side each.
    std::vector<TakerTrades> takers;          // By group of the transaction's sender.
    std::vector<double> pieces;               // USD.
};

Trades read_trades(LedgerQueries& source)
{
    Trades trades;
    trades.takers.resize(source.groups().size());
    trades.pieces.resize(source.pieces());
    Market market{source};
    std::uint64_t block = 0;
    auto rows = source.query(
        "SELECT r.block_number, r.contract_id, r.token_bought_id, r.token_sold_id, "
        "r.token_bought_amount_raw, r.token_sold_amount_raw, coalesce(x.from_id, r.taker_id), "
        "r.fee_token_id, r.fee_raw "
        "FROM t_dex_trades r LEFT JOIN t_transactions x ON x.block_number = r.block_number AND "
        "x.transaction_index = r.transaction_index WHERE r.block_number > 0 "
        "ORDER BY r.rowid");
    while (rows.step())
    {
        if (const auto next = rows.integer_up_to(0, integer_max); next != block)
            market.advance(block = next);
        const auto bought = rows.contract(2);
        const auto sold = rows.contract(3);
        const auto bought_amount = rows.amount(4);
        const auto sold_amount = rows.amount(5);
        const auto usd = market.trade_usd(bought_amount, bought, sold_amount, sold);

        auto& pool = trades.pools[rows.contract(1)];
        auto& taker = trades.takers[source.group_of(rows.account(6))];
        const auto add = [&](auto& sum)
        {
            ++sum.trades;
            sum.usd += usd.value_or(0);
        };
        add(pool);
        add(taker);
        add(trades.tokens[bought]);
        add(trades.tokens[sold]);
        pool.tokens[bought].bought.add(bought_amount);
        pool.tokens[sold].sold.add(sold_amount);
        const auto fee = rows.amount(8);
        const auto fee_usd = market.usd(fee, rows.contract(7));
        pool.tokens[rows.contract(7)].fees.add(fee);
        pool.fees_usd += fee_usd.value_or(0);
        pool.fees_priced = pool.fees_priced && (fee_usd || fee.is_zero());
        pool.priced = pool.priced || usd;
        trades.tokens[bought].tokens[bought].bought.add(bought_amount);
        trades.tokens[sold].tokens[sold].sold.add(sold_amount);
        ++trades.count;
        trades.usd += usd.value_or(0);
        trades.priced = trades.priced || usd;
        const auto piece = source.piece_of(block);
        pool.volume_pieces.resize(source.pieces());
        pool.fee_pieces.resize(source.pieces());
        pool.volume_pieces[piece] += usd.value_or(0);
        pool.fee_pieces[piece] += fee_usd.value_or(0);
        trades.pieces[piece] += usd.value_or(0);
    }
    return trades;
}

Table pool_table(LedgerQueries& source, const Trades& trades, double& fees_usd)
{
    Table table{"pools", "By pool",
        {{"pool", "Pool", Unit::none}, {"trades", "Trades", Unit::count},
            {"volume_usd", "Volume", Unit::usd}, {"fees_usd", "Fees to LPs", Unit::usd}},
        {}, 12};
    for (const auto& [id, pool] : trades.pools)
    {
        fees_usd += pool.fees_priced ? pool.fees_usd : 0;
        table.rows.push_back({source.contract_name(id), static_cast<std::int64_t>(pool.trades),
            pool.priced ? Value{pool.usd} : Value{},
            pool.fees_priced ? Value{pool.fees_usd} : Value{}});
    }
    return table;
}

Table pool_token_table(LedgerQueries& source, const Trades& trades)
{
    Table table{"pool_tokens", "By pool and token",
        {{"pool", "Pool", Unit::none}, {"token", "", Unit::none},
            {"bought", "Bought by traders", Unit::none}, {"sold", "Sold by traders", Unit::none},
            {"fees", "Fees to LPs", Unit::none}},
        {}, 24};
    for (const auto& [id, pool] : trades.pools)
    {
        for (const auto& [token, side] : pool.tokens)
        {
            table.rows.push_back({source.contract_name(id), source.token_name(token),
                source.money(side.bought, token), source.money(side.sold, token),
                source.money(side.fees, token)});
        }
    }
    return table;
}

/// The pools with most volume.
std::vector<ContractId> largest(const Trades& trades, std::size_t count)
{
    std::vector<ContractId> pools;
    for (const auto& [id, pool] : trades.pools)
        pools.push_back(id);
    std::stable_sort(pools.begin(), pools.end(),
        [&](ContractId a, ContractId b)
        { return trades.pools.at(a).usd > trades.pools.at(b).usd; });
    pools.resize(std::min(pools.size(), count));
    return pools;
}

/// What a pool's prices and reserves were after each piece of the run, and what it did in it.
void add_courses(LedgerQueries& source, const Trades& trades, Section& section)
{
    constexpr std::size_t pools_max = 8;
    Table course{"course", "Pools over time, USD at the time",
        {{"until", "Until", Unit::unix_time}, {"pool", "Pool", Unit::none},
            {"volume_usd", "Volume", Unit::usd}, {"fees_usd", "Fees to LPs", Unit::usd},
            {"value_usd", "Value locked", Unit::usd}},
        {}, 0};
    Table prices{"prices", "Prices of pools over time: the first token in the second",
        {{"until", "Until", Unit::unix_time}, {"pair", "Pool and pair", Unit::none},
            {"price", "Pool", Unit::none}, {"reference", "Outside", Unit::none}},
        {}, 0};
    Market market{source};
    const auto pools = largest(trades, pools_max);
    for (std::size_t piece = 0; piece < source.pieces(); ++piece)
    {
        market.advance(source.piece_end(piece));
        const auto until = source.piece_time(piece);
        for (const auto id : pools)
        {
            const auto& done = trades.pools.at(id);
            const auto known = market.pools().find(id);
            std::optional<double> value;
            if (known != market.pools().end())
                value = market.pool_usd(known->second);
            course.rows.push_back({until, source.contract_name(id),
                done.priced ? Value{done.volume_pieces[piece]} : Value{},
                done.fees_priced ? Value{done.fee_pieces[piece]} : Value{}, value_of(value)});
            if (known == market.pools().end())
                continue;
            const auto& tokens = known->second.tokens;
            const auto first = tokens.front().token;
            for (std::size_t i = 1; i < tokens.size(); ++i)
            {
                const auto price = market.whole_price(tokens[i], first);
                if (!price || !(*price > 0))
                    continue;
                const auto of_first = market.price(first);
                const auto of_other = market.price(tokens[i].token);
                // Prices that come from pools say nothing of the world outside.
                const bool is_outside = of_first && of_other && *of_other > 0 &&
                                        !market.is_priced_by_pools(first) &&
                                        !market.is_priced_by_pools(tokens[i].token);
                prices.rows.push_back({until,
                    source.contract_name(id) + " " + source.token_name(first) + "/" +
                        source.token_name(tokens[i].token),
                    1 / *price, is_outside ? Value{*of_first / *of_other} : Value{}});
            }
        }
    }
    section.tables.push_back(std::move(course));
    if (!prices.rows.empty())
        section.tables.push_back(std::move(prices));
}

Table token_table(LedgerQueries& source, const Trades& trades)
{
    Table table{"tokens", "By token",
        {{"token", "Token", Unit::none}, {"trades", "Trades", Unit::count},
            {"bought", "Bought by traders", Unit::none}, {"sold", "Sold by traders", Unit::none},
            {"volume_usd", "Volume", Unit::usd}},
        {}, 12};
    for (const auto& [token, sums] : trades.tokens)
    {
        const auto& side = sums.tokens.at(token);
        table.rows.push_back({source.token_name(token), static_cast<std::int64_t>(sums.trades),
            source.money(side.bought, token), source.money(side.sold, token),
            trades.priced ? Value{sums.usd} : Value{}});
    }
    return table;
}

Table taker_table(LedgerQueries& source, const Trades& trades)
{
    Table table{"traders", "By who traded",
        {{"group", "Who", Unit::none}, {"trades", "Trades", Unit::count},
            {"trades_share", "Of trades", Unit::share}, {"volume_usd", "Volume", Unit::usd},
            {"volume_share", "Of volume", Unit::share}},
        {}, 12};
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < trades.takers.size(); ++i)
    {
        if (trades.takers[i].trades > 0)
            order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
        [&](std::size_t a, std::size_t b)
        { return trades.takers[a].trades > trades.takers[b].trades; });
    for (const auto i : order)
    {
        const auto& taker = trades.takers[i];
        table.rows.push_back({source.groups()[i].name, static_cast<std::int64_t>(taker.trades),
            share_of(static_cast<double>(taker.trades), static_cast<double>(trades.count)),
            trades.priced ? Value{taker.usd} : Value{}, share_of(taker.usd, trades.usd)});
    }
    return table;
}
}  // namespace

std::optional<Section> trading_section(LedgerQueries& source)
{
    if (!source.has("t_dex_trades") || !source.has_blocks())
        return std::nullopt;
    const auto trades = read_trades(source);
    if (trades.count == 0)
        return std::nullopt;
    double fees_usd = 0;
    auto pools = pool_table(source, trades, fees_usd);
    Section section{"trading", "Trading, USD at the time of each trade", {}, {}, {}};
    section.figures = {{"trades", "Trades", static_cast<std::int64_t>(trades.count), Unit::count},
        {"volume_usd", "Volume", trades.priced ? Value{trades.usd} : Value{}, Unit::usd},
        {"fees_usd", "Fees to LPs", trades.priced ? Value{fees_usd} : Value{}, Unit::usd}};
    if (trades.priced)
        section.charts.push_back({"volume_usd", "volume", trades.pieces, Unit::usd, true});
    section.tables.push_back(std::move(pools));
    section.tables.push_back(pool_token_table(source, trades));
    section.tables.push_back(token_table(source, trades));
    section.tables.push_back(taker_table(source, trades));
    add_courses(source, trades, section);
    return section;
}

}  // namespace runnel::analytics
