#include "analytics/market.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

namespace runnel::analytics
{
namespace
{
/// What shares of pools that groups had after block 0 have gained over the tokens that were behind
/// them then, at the last prices: else a provider's baseline would be his shares, and fees and
/// impermanent loss would not show. Pools without prices count nothing.
std::map<GroupId, double> gains_of_first_shares(LedgerQueries& source, const Market& market)
{
    std::map<GroupId, double> gains;
    if (!source.has("t_dex_shares") || !source.has("t_dex_pools"))
        return gains;
    Market start{source};
    start.advance(0);
    auto shares = source.query(
        "SELECT s.contract_id, s.share_token_id, s.total_supply, b.account_id, b.balance "
        "FROM t_dex_shares s JOIN t_starting_balances b ON b.token_id = s.share_token_id "
        "WHERE s.block_number = 0");
    while (shares.step())
    {
        const auto pool = start.pools().find(shares.contract(0));
        const auto supply = shares.amount(2).to_double();
        const auto held = shares.amount(4);
        const auto now = market.usd(held, shares.contract(1));
        if (pool == start.pools().end() || !now || !(supply > 0))
            continue;
        double then = 0;
        bool priced = true;
        for (const auto& token : pool->second.tokens)
        {
            const auto usd = market.usd(token.reserve, token.token);
            priced = priced && usd.has_value();
            then += usd.value_or(0) * held.to_double() / supply;
        }
        if (priced)
            gains[source.group_of(shares.account(3))] += *now - then;
    }
    return gains;
}

/// What a group has more than after block 0, or than what its wallets came with, at the last
/// prices: balances, lending positions, shares of pools and vaults, stakes in farms. Empty if
/// something that changed has no price.
std::optional<double> gain_usd(LedgerQueries& source, const Market& market, GroupId group)
{
    std::map<ContractId, SignedAmount> change;
    const auto add = [&](const auto& sums, bool plus)
    {
        for (const auto& [key, amount] : sums)
        {
            if (key.first != group)
                continue;
            if (plus)
                change[key.second].add(amount);
            else
                change[key.second].subtract(amount);
        }
    };
    add(source.flows().net, true);
    add(source.flows().funds, false);
    add(source.positions().net, true);
    add(source.positions().net_at_start, false);
    add(source.positions().staked, true);
    double sum = 0;
    for (const auto& [token, amount] : change)
    {
        const auto usd = market.usd(amount, token);
        if (!usd && !amount.is_zero())
            return std::nullopt;
        sum += usd.value_or(0);
    }
    return sum;
}

Table change_table(LedgerQueries& source)
{
    Table table{"changes", "What groups have more or less of than they began with",
        {{"group", "Who", Unit::none}, {"token", "", Unit::none},
            {"balance_change", "In wallets", Unit::none},
            {"lending_change", "In lending, ranges and books, less debt", Unit::none},
            {"farm_change", "In farms", Unit::none}},
        {}, 0};
    struct Change
    {
        SignedAmount balance;
        SignedAmount lending;
        SignedAmount farms;
    };
    std::map<std::pair<GroupId, ContractId>, Change> changes;
    for (const auto& [key, amount] : source.flows().net)
        changes[key].balance.add(amount);
    for (const auto& [key, amount] : source.flows().funds)
        changes[key].balance.subtract(amount);
    for (const auto& [key, amount] : source.positions().net)
        changes[key].lending.add(amount);
    for (const auto& [key, amount] : source.positions().net_at_start)
        changes[key].lending.subtract(amount);
    for (const auto& [key, amount] : source.positions().staked)
        changes[key].farms.add(amount);
    for (const auto& [key, change] : changes)
    {
        if (!source.groups()[key.first].has_result)
            continue;
        table.rows.push_back({source.groups()[key.first].name, source.token_name(key.second),
            source.money(change.balance, key.second), source.money(change.lending, key.second),
            source.money(change.farms, key.second)});
    }
    return table;
}
/// Who could not have sent his last transaction once more.
void add_gas_money(LedgerQueries& source, Section& section)
{
    Table table{"gas_money", "Who ran out of money for gas",
        {{"group", "Group", Unit::none}, {"senders", "Senders", Unit::count},
            {"ran_out", "Ran out", Unit::count}, {"out_at_end", "still at the end", Unit::count},
            {"first_block", "First in block", Unit::count}, {"first_time", "at", Unit::unix_time}},
        {}, 20};
    std::int64_t ran_out = 0;
    std::int64_t at_end = 0;
    for (std::size_t i = 0; i < source.groups().size(); ++i)
    {
        const auto& money = source.transactions().gas_money[i];
        if (!source.groups()[i].has_result || money.senders == 0)
            continue;
        ran_out += static_cast<std::int64_t>(money.ran_out);
        at_end += static_cast<std::int64_t>(money.out_at_end);
        if (money.ran_out == 0)
            continue;
        table.rows.push_back({source.groups()[i].name, static_cast<std::int64_t>(money.senders),
            static_cast<std::int64_t>(money.ran_out), static_cast<std::int64_t>(money.out_at_end),
            static_cast<std::int64_t>(money.first_block),
            static_cast<std::int64_t>(source.time_of(money.first_block))});
    }
    section.figures.push_back(
        {"ran_out_of_gas_money", "Ran out of money for gas", ran_out, Unit::count});
    section.figures.push_back({"out_of_gas_money_at_end", "still at the end", at_end, Unit::count});
    section.tables.push_back(std::move(table));
}
}  // namespace

std::optional<Section> wallets_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    Table table{"groups", "By group; gains at the last prices",
        {{"group", "Group", Unit::none}, {"strategy", "Strategy", Unit::none},
            {"wallets", "Wallets", Unit::count}, {"transactions", "Sent", Unit::count},
            {"transactions_per_wallet", "per wallet", Unit::none},
            {"reverted_share", "Reverted", Unit::share}, {"fees", "Fees paid", Unit::none},
            {"gain_usd", "Gain over holding", Unit::usd},
            {"gain_per_wallet_usd", "per wallet", Unit::usd}},
        {}, 20};
    Market market{source};
    market.advance_to_end();
    const auto first_shares = gains_of_first_shares(source, market);
    const auto& transactions = source.transactions();
    std::int64_t wallets = 0;
    for (std::size_t i = 0; i < source.groups().size(); ++i)
    {
        const auto& group = source.groups()[i];
        if (!group.has_result)
            continue;
        wallets += group.wallets ? static_cast<std::int64_t>(group.accounts) : 0;
        const auto& sent = transactions.groups[i];
        const auto count = static_cast<double>(group.accounts);
        auto fees = sent.burnt;
        fees.add(sent.tips);
        auto gain = gain_usd(source, market, static_cast<GroupId>(i));
        if (const auto first = first_shares.find(static_cast<GroupId>(i));
            gain && first != first_shares.end())
            *gain += first->second;
        table.rows.push_back({group.name, group.strategy, static_cast<std::int64_t>(group.accounts),
            static_cast<std::int64_t>(sent.transactions),
            static_cast<double>(sent.transactions) / count,
            share_of(static_cast<double>(sent.reverted), static_cast<double>(sent.transactions)),
            source.money(fees, native_coin), value_of(gain),
            gain ? Value{*gain / count} : Value{}});
    }
    if (table.rows.empty())
        return std::nullopt;
    Section section{"wallets", "Wallets", {}, {}, {}};
    section.figures = {{"wallet_count", "Wallets", wallets, Unit::count}};
    section.tables.push_back(std::move(table));
    add_gas_money(source, section);
    section.tables.push_back(change_table(source));
    return section;
}

}  // namespace runnel::analytics
