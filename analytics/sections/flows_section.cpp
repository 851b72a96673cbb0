#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>

namespace runnel::analytics
{
namespace
{
std::string payer_name(const FlowTotals::Key& key, GroupId nobody, const LedgerQueries& source)
{
    return key.from == nobody ? "(mint)" : source.groups()[key.from].name;
}

std::string payee_name(const FlowTotals::Key& key, GroupId nobody, const LedgerQueries& source)
{
    return key.to == nobody ? "(burn)" : source.groups()[key.to].name;
}
}  // namespace

std::optional<Section> flows_section(LedgerQueries& source)
{
    if (!source.has_blocks())
        return std::nullopt;
    const auto& totals = source.flows();
    if (totals.flows.empty())
        return std::nullopt;
    std::vector<std::pair<FlowTotals::Key, FlowTotals::Flow>> flows{
        totals.flows.begin(), totals.flows.end()};
    std::stable_sort(flows.begin(), flows.end(),
        [](const auto& a, const auto& b)
        {
            return a.second.usd != b.second.usd ? a.second.usd > b.second.usd
                                                : a.second.count > b.second.count;
        });

    Section section{"flows", "Flows of money", {}, {}, {}};
    Table table{"flows", "Who paid whom, USD at the time",
        {{"from", "From", Unit::none}, {"to", "To", Unit::none}, {"kind", "Kind", Unit::none},
            {"token", "", Unit::none}, {"count", "Times", Unit::count},
            {"amount", "Amount", Unit::none}, {"usd", "USD", Unit::usd}},
        {}, 18};
    const auto nobody = source.group_of(zero_account);
    std::map<ContractId, FlowTotals::Flow> by_token;
    for (const auto& [key, flow] : flows)
    {
        table.rows.push_back({payer_name(key, nobody, source), payee_name(key, nobody, source),
            std::string{to_string(key.kind)}, source.token_name(key.token),
            static_cast<std::int64_t>(flow.count), source.money(flow.amount, key.token),
            flow.priced ? Value{flow.usd} : Value{}});
        if (key.kind != FlowKind::transfer)
            continue;
        auto& sum = by_token[key.token];
        sum.count += flow.count;
        sum.amount.add(flow.amount);
        sum.usd += flow.usd;
        sum.priced = sum.priced || flow.priced;
    }
    Table tokens{"tokens", "Transfers by token, USD at the time",
        {{"token", "Token", Unit::none}, {"transfers", "Transfers", Unit::count},
            {"amount", "Amount", Unit::none}, {"usd", "USD", Unit::usd}},
        {}, 12};
    for (const auto& [token, sum] : by_token)
    {
        tokens.rows.push_back({source.token_name(token), static_cast<std::int64_t>(sum.count),
            source.money(sum.amount, token), sum.priced ? Value{sum.usd} : Value{}});
    }
    if (!tokens.rows.empty())
        section.tables.push_back(std::move(tokens));
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
