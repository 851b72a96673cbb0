#include "analytics/market.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

namespace runnel::analytics
{
namespace
{
/// What protocols say they hold, by contract and token.
using Holdings = std::map<std::pair<ContractId, ContractId>, Amount>;

Holdings holdings_of(const Market& market)
{
    Holdings holdings;
    for (const auto& [id, pool] : market.pools())
    {
        for (const auto& held : pool.tokens)
            holdings[{id, held.token}] = held.reserve;
    }
    for (const auto& [key, reserve] : market.reserves())
        holdings[key] = reserve.cash;
    return holdings;
}
}  // namespace

std::optional<Section> reconciliation_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    Market market{source, Market::Prices::on_chain};
    market.advance(0);
    const auto start = holdings_of(market);
    market.advance_to_end();
    const auto end = holdings_of(market);
    if (end.empty())
        return std::nullopt;

    Section section{
        "books", "Books: what protocols hold against what was paid in and out", {}, {}, {}};
    Table table{"holdings", "",
        {{"contract", "Contract", Unit::none}, {"token", "", Unit::none},
            {"start", "Start", Unit::none}, {"paid_in", "Paid in", Unit::none},
            {"paid_out", "Paid out", Unit::none}, {"end", "End", Unit::none},
            {"balanced", "Exact", Unit::none}},
        {}, 12};
    const auto& flows = source.flows();
    bool all_balanced = true;
    for (const auto& [key, held] : end)
    {
        const auto [contract, token] = key;
        if (index(contract) >= source.contracts().size())
            continue;
        const auto before = start.find(key);
        const SignedAmount first =
            before == start.end() ? SignedAmount{} : SignedAmount{before->second};
        const auto moved =
            flows.contracts.find({source.contracts()[index(contract)].account, token});
        const auto sums = moved == flows.contracts.end() ? FlowTotals::Held{} : moved->second;
        auto expected = first;
        expected.add(sums.in);
        expected.subtract(sums.out);
        const bool balanced = expected == SignedAmount{held};
        // Who never had the token lets another contract keep it, as Morpho does for its markets:
        // that is shown, and nothing is said of it.
        const bool is_kept_elsewhere = !balanced && moved == flows.contracts.end();
        all_balanced = all_balanced && (balanced || is_kept_elsewhere);
        table.rows.push_back({source.contract_name(contract), source.token_name(token),
            source.money(first, token), source.money(sums.in, token), source.money(sums.out, token),
            source.money(held, token), is_kept_elsewhere ? Value{} : Value{balanced}});
    }
    section.figures = {{"balanced", "Start + paid in - paid out = end, to the last unit",
        all_balanced, Unit::none}};
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
