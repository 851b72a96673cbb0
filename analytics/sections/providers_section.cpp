#include "analytics/provision.hpp"
#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cmath>

namespace runnel::analytics
{
namespace
{
using Result = Provision::Result;

/// The columns that all tables have, and a row's cells for them.
void add_columns(std::vector<Column>& columns)
{
    for (const auto& column : {Column{"held_usd", "Held", Unit::usd},
             Column{"worth_usd", "Worth", Unit::usd}, Column{"fees_usd", "Fees", Unit::usd},
             Column{"impermanent_loss_usd", "Imperm. loss", Unit::usd},
             Column{"gain_usd", "Over holding", Unit::usd},
             Column{"fees_then_usd", "Fees then", Unit::usd}, Column{"lvr_usd", "LVR", Unit::usd},
             Column{"over_rebalancing_usd", "Fees - LVR", Unit::usd}})
        columns.push_back(column);
}

void add_cells(const Result& result, std::vector<Value>& row)
{
    for (const auto value :
        {result.held, result.worth, result.fees, result.impermanent(), result.gain(),
            result.fees_then, result.loss_to_rebalancing, result.over_rebalancing()})
    {
        if (result.priced)
            row.emplace_back(value);
        else
            row.emplace_back();
    }
}

Table group_table(LedgerQueries& source, const Provision& provision)
{
    struct Group
    {
        std::int64_t accounts = 0;
        Result result;
    };
    std::map<std::pair<GroupId, ContractId>, Group> groups;
    for (const auto& [key, result] : provision.accounts)
    {
        auto& group = groups[{source.group_of(key.first), key.second}];
        ++group.accounts;
        group.result.add(result);
    }
    Table table{"groups",
        "By group, tokens at the last prices; fees then and LVR at those of each trade",
        {{"group", "Group", Unit::none}, {"pool", "Pool", Unit::none},
            {"accounts", "Accounts", Unit::count}},
        {}, 20};
    add_columns(table.columns);
    for (const auto& [key, group] : groups)
    {
        auto& row = table.rows.emplace_back(std::vector<Value>{
            source.groups()[key.first].name, source.contract_name(key.second), group.accounts});
        add_cells(group.result, row);
    }
    return table;
}

/// How the people of each pool fared against holding: shares of what they put in, at the last
/// prices. Who provides a pool's first liquidity is nobody's model and left out.
Table results_table(LedgerQueries& source, const Provision& provision)
{
    struct Fates
    {
        Result sum;
        std::vector<double> gains;
        std::int64_t below = 0;
    };
    std::map<ContractId, Fates> pools;
    for (const auto& [key, result] : provision.accounts)
    {
        if (source.groups()[source.group_of(key.first)].strategy.empty() || !result.priced ||
            !(result.deposited > 0))
            continue;
        auto& fates = pools[key.second];
        fates.sum.add(result);
        fates.gains.push_back(result.gain() / result.deposited);
        fates.below += result.gain() < 0 ? 1 : 0;
    }
    Table table{"results", "People by pool: against holding, shares of what they put in",
        {{"pool", "Pool", Unit::none}, {"accounts", "Accounts", Unit::count},
            {"below_holding", "Below holding", Unit::share},
            {"fees_over_loss", "Fees / imperm. loss", Unit::none},
            {"fees_share", "Fees", Unit::share}, {"gain_median", "Median", Unit::share},
            {"gain_q10", "10%", Unit::share}, {"gain_q90", "90%", Unit::share},
            {"gain_spread", "10% to 90%", Unit::share}},
        {}, 12};
    for (auto& [pool, fates] : pools)
    {
        auto& gains = fates.gains;
        std::sort(gains.begin(), gains.end());
        const auto low = quantile(gains, 0.1);
        const auto high = quantile(gains, 0.9);
        const auto loss = -fates.sum.impermanent();
        table.rows.push_back({source.contract_name(pool), static_cast<std::int64_t>(gains.size()),
            static_cast<double>(fates.below) / static_cast<double>(gains.size()),
            loss > 0 ? Value{fates.sum.fees / loss} : Value{}, fates.sum.fees / fates.sum.deposited,
            quantile(gains, 0.5), low, high, high - low});
    }
    return table;
}

Table account_table(LedgerQueries& source, const Provision& provision)
{
    using Entry = std::pair<std::pair<AccountId, ContractId>, Result>;
    std::vector<Entry> entries{provision.accounts.begin(), provision.accounts.end()};
    std::stable_sort(entries.begin(), entries.end(),
        [](const Entry& a, const Entry& b) { return a.second.worth > b.second.worth; });
    Table table{"accounts", "By account",
        {{"account", "Account", Unit::none}, {"pool", "Pool", Unit::none}}, {}, 8};
    add_columns(table.columns);
    for (const auto& [key, result] : entries)
    {
        auto& row = table.rows.emplace_back(
            std::vector<Value>{source.account_name(key.first), source.contract_name(key.second)});
        add_cells(result, row);
    }
    return table;
}
}  // namespace

std::optional<Section> providers_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    const auto provision = make_provision(source);
    if (provision.accounts.empty())
        return std::nullopt;
    Section section{"providers", "Liquidity providers against holding and rebalancing", {}, {}, {}};
    Table pools{"pools", "By pool", {{"pool", "Pool", Unit::none}}, {}, 12};
    add_columns(pools.columns);
    Result sum;
    for (const auto& [id, result] : provision.pools)
    {
        auto& row = pools.rows.emplace_back(std::vector<Value>{source.contract_name(id)});
        add_cells(result, row);
        sum.add(result);
    }
    const auto value = [&](double figure) { return sum.priced ? Value{figure} : Value{}; };
    section.figures = {{"fees_usd", "Fees, last prices", value(sum.fees), Unit::usd},
        {"fees_then_usd", "Fees, prices of the trades", value(sum.fees_then), Unit::usd},
        {"impermanent_loss_usd", "Impermanent loss", value(sum.impermanent()), Unit::usd},
        {"lvr_usd", "Loss against rebalancing", value(sum.loss_to_rebalancing), Unit::usd},
        {"gain_usd", "Over holding", value(sum.gain()), Unit::usd},
        {"over_rebalancing_usd", "Over rebalancing", value(sum.over_rebalancing()), Unit::usd}};
    section.tables.push_back(std::move(pools));
    if (auto results = results_table(source, provision); !results.rows.empty())
        section.tables.push_back(std::move(results));
    section.tables.push_back(group_table(source, provision));
    section.tables.push_back(account_table(source, provision));
    return section;
}

}  // namespace runnel::analytics
