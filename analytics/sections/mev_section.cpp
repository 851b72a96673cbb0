#include "analytics/market.hpp"
#include "analytics/sandwiches.hpp"
#include "analytics/sections.hpp"

#include <map>

namespace runnel::analytics
{
namespace
{
struct Taken
{
    std::uint64_t sandwiches = 0;
    std::uint64_t losing = 0;  // Paid more for the tokens than they brought.
    std::uint64_t victims = 0;
    double gross_usd = 0;
    double fees_usd = 0;
    double victims_usd = 0;  // What they traded.
    void add(const Taken& other)
    {
        sandwiches += other.sandwiches;
        losing += other.losing;
        victims += other.victims;
        gross_usd += other.gross_usd;
        fees_usd += other.fees_usd;
        victims_usd += other.victims_usd;
    }
};

class SandwichCount
{
public:
    explicit SandwichCount(LedgerQueries& source) : source_{source}, market_{source} {}

    void run()
    {
        for_each_sandwich(source_, [this](std::uint64_t block, ContractId pool,
                                       const Sandwich& sandwich) { add(block, pool, sandwich); });
    }

    std::map<AccountId, Taken> by_taker;
    std::map<ContractId, Taken> by_pool;
    Taken all;

private:
    void add(std::uint64_t block, ContractId pool, const Sandwich& sandwich)
    {
        market_.advance(block);
        const auto paid = sandwich.front->sold_amount;
        const auto got = sandwich.back->bought_amount;
        const auto difference = got >= paid ? wrapping_sub(got, paid) : wrapping_sub(paid, got);
        const auto usd = market_.usd(difference, sandwich.front->sold).value_or(0);
        Taken taken;
        taken.sandwiches = 1;
        taken.losing = got < paid ? 1 : 0;
        taken.victims = sandwich.victims.size();
        taken.gross_usd = got >= paid ? usd : -usd;
        taken.fees_usd = fee_usd(*sandwich.front) + fee_usd(*sandwich.back);
        for (const auto* victim : sandwich.victims)
            taken.victims_usd += market_.usd(victim->sold_amount, victim->sold).value_or(0);
        all.add(taken);
        by_taker[sandwich.front->sender].add(taken);
        by_pool[pool].add(taken);
    }

    [[nodiscard]] double fee_usd(const PoolTrade& trade) const
    {
        const auto wei = wrapping_mul(Amount{trade.gas_used}, Amount{trade.gas_price});
        return market_.usd(wei, native_coin).value_or(0);
    }

    LedgerQueries& source_;
    Market market_;
};

template <typename Key, typename Name>
Table taken_table(
    std::string key, std::string title, Column first, const std::map<Key, Taken>& by, Name&& name)
{
    Table table{std::move(key), std::move(title),
        {std::move(first), {"sandwiches", "Sandwiches", Unit::count},
            {"victims", "Victims", Unit::count}, {"victims_usd", "They traded", Unit::usd},
            {"gross_usd", "It brought", Unit::usd}, {"fees_usd", "Fees", Unit::usd},
            {"net_usd", "Net", Unit::usd}},
        {}, 12};
    for (const auto& [id, taken] : by)
    {
        table.rows.push_back({name(id), static_cast<std::int64_t>(taken.sandwiches),
            static_cast<std::int64_t>(taken.victims), taken.victims_usd, taken.gross_usd,
            taken.fees_usd, taken.gross_usd - taken.fees_usd});
    }
    return table;
}
}  // namespace

std::optional<Section> mev_section(LedgerQueries& source)
{
    if (source.last_block() == 0 || !source.has("t_dex_trades"))
        return std::nullopt;
    SandwichCount count{source};
    count.run();
    if (count.all.sandwiches == 0)
        return std::nullopt;
    const auto blocks = static_cast<double>(source.last_block());
    const auto sandwiches = static_cast<double>(count.all.sandwiches);
    Section section{"mev", "Sandwiches, told from the trades", {}, {}, {}};
    section.figures = {
        {"sandwiches", "Sandwiches", static_cast<std::int64_t>(count.all.sandwiches), Unit::count},
        {"sandwiches_per_block", "Sandwiches a block", sandwiches / blocks, Unit::none},
        {"victims", "Their victims' swaps", static_cast<std::int64_t>(count.all.victims),
            Unit::count},
        {"gross_usd", "They brought", count.all.gross_usd, Unit::usd},
        {"fees_share", "Of that to proposers and burnt",
            count.all.gross_usd > 0 ? Value{count.all.fees_usd / count.all.gross_usd} : Value{},
            Unit::share},
        {"net_per_sandwich", "Net, per sandwich",
            (count.all.gross_usd - count.all.fees_usd) / sandwiches, Unit::usd},
        {"losing", "Sold for less than they paid", static_cast<std::int64_t>(count.all.losing),
            Unit::count},
    };
    section.tables.push_back(
        taken_table("takers", "By who took", {"account", "Account", Unit::none}, count.by_taker,
            [&](AccountId id) { return source.account_name(id); }));
    section.tables.push_back(taken_table("pools", "By pool", {"pool", "Pool", Unit::none},
        count.by_pool, [&](ContractId id) { return source.contract_name(id); }));
    return section;
}

}  // namespace runnel::analytics
