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
    bool fees_priced = true;  // All of them.
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
        trades.pieces[source.piece_of(block)] += usd.value_or(0);
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
    return section;
}

}  // namespace runnel::analytics
