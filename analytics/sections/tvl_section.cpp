#include "analytics/market.hpp"
#include "analytics/sections.hpp"

#include <cmath>
#include <limits>

namespace runnel::analytics
{
namespace
{
/// A sum in USD over the run.
struct Curve
{
    double start = 0;
    double peak = 0;
    double end = 0;
    std::uint64_t peak_block = 0;
    std::vector<double> pieces;

    void put(std::uint64_t block, double value, const LedgerQueries& source)
    {
        if (block == 0)
            start = value;
        if (value > peak)
        {
            peak = value;
            peak_block = block;
        }
        end = value;
        if (block > 0)
            pieces.at(source.piece_of(block)) = value;
    }
    /// A value holds until the next one.
    void fill()
    {
        double last = start;
        for (auto& value : pieces)
            last = value = std::isnan(value) ? last : value;
    }
};

double pools_usd(const Market& market)
{
    double sum = 0;
    for (const auto& [id, pool] : market.pools())
    {
        if (!market.pool_usd(pool))
            continue;
        for (const auto& held : pool.tokens)
            sum += market.backed_usd(held.reserve, held.token).value_or(0);
    }
    return sum;
}

/// The part of it in tokens that have no price but what pools say.
double pool_priced_usd(const Market& market)
{
    double sum = 0;
    for (const auto& [id, pool] : market.pools())
    {
        if (!market.pool_usd(pool))
            continue;
        for (const auto& held : pool.tokens)
        {
            if (market.is_priced_by_pools(held.token))
                sum += market.backed_usd(held.reserve, held.token).value_or(0);
        }
    }
    return sum;
}

double cash_usd(const Market& market)
{
    double sum = 0;
    for (const auto& [key, reserve] : market.reserves())
        sum += market.usd(reserve.cash, key.second).value_or(0);
    return sum;
}

void add_figures(const std::string& key, const std::string& label, const Curve& curve,
    std::vector<Figure>& figures)
{
    figures.push_back({key + "_start_usd", label + ", start", curve.start, Unit::usd});
    figures.push_back({key + "_peak_usd", label + ", peak", curve.peak, Unit::usd});
    figures.push_back({key + "_end_usd", label + ", end", curve.end, Unit::usd});
}

Table pool_table(LedgerQueries& source, const Market& market)
{
    Table table{"pools", "Pools at the end",
        {{"pool", "Pool", Unit::none}, {"token", "", Unit::none},
            {"reserve", "Reserve", Unit::none}, {"price_token", "", Unit::none},
            {"price", "Price in the first token", Unit::none}, {"value_usd", "Value", Unit::usd}},
        {}, 24};
    for (const auto& [id, pool] : market.pools())
    {
        const auto first = pool.tokens.front().token;
        for (const auto& held : pool.tokens)
        {
            const auto value = market.backed_usd(held.reserve, held.token);
            const auto price = market.whole_price(held, first);
            table.rows.push_back({source.contract_name(id), source.token_name(held.token),
                source.money(held.reserve, held.token), source.token_name(first), value_of(price),
                value_of(value)});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> tvl_section(LedgerQueries& source)
{
    if (!source.has_blocks() || (!source.has("t_dex_pools") && !source.has("t_lending_reserves")))
        return std::nullopt;
    Market market{source};
    Curve pools;
    Curve lending;
    pools.pieces.resize(source.pieces(), std::numeric_limits<double>::quiet_NaN());
    lending.pieces = pools.pieces;
    while (const auto block = market.next_change())
    {
        market.advance(*block);
        pools.put(*block, pools_usd(market), source);
        lending.put(*block, cash_usd(market), source);
    }
    if (market.pools().empty() && market.reserves().empty())
        return std::nullopt;
    Section section{"tvl", "Value locked, at the prices of the time", {}, {}, {}};
    if (pools.peak > 0)
    {
        pools.fill();
        add_figures("pools", "Pools", pools, section.figures);
        if (const auto part = pool_priced_usd(market); part > 0)
        {
            section.figures.push_back({"pools_end_priced_by_pools_usd",
                "in tokens priced by pools alone", part, Unit::usd});
        }
        section.charts.push_back({"pools_usd", "pools", pools.pieces, Unit::usd, false});
    }
    if (lending.peak > 0)
    {
        lending.fill();
        add_figures("lending", "Lending (cash)", lending, section.figures);
        section.charts.push_back({"lending_usd", "lending", lending.pieces, Unit::usd, false});
    }
    if (!market.pools().empty())
        section.tables.push_back(pool_table(source, market));
    return section;
}

}  // namespace runnel::analytics
