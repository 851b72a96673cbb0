#include "analytics/market.hpp"
#include "analytics/measures.hpp"
#include "analytics/sections.hpp"
#include "analytics/totals.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::size_t tokens_max = 8;  // Of curves.

struct Holder
{
    AccountId account{};
    SignedAmount amount;
};

/// What accounts have of a token after the last block: only what is above zero.
using Holders = std::map<ContractId, std::vector<Holder>>;

Holders read_holders(LedgerQueries& source)
{
    std::unordered_map<std::uint64_t, SignedAmount> held = source.flows().transferred;
    if (source.has("t_starting_balances"))
    {
        auto rows = source.query("SELECT account_id, token_id, balance FROM t_starting_balances");
        while (rows.step())
        {
            static_cast<void>(source.group_of(rows.account(0)));  // Throws if there is none.
            held[holding(rows.account(0), rows.contract(1))].add(rows.amount(2));
        }
    }
    const auto& coins = source.transactions().coins;
    for (std::size_t i = 0; i < coins.size(); ++i)
        held[holding(AccountId{static_cast<std::uint32_t>(i)}, native_coin)] = coins[i];

    Holders holders;
    for (const auto& [key, amount] : held)
    {
        const AccountId account{static_cast<std::uint32_t>(key >> 32U)};
        const ContractId token{static_cast<std::uint32_t>(key)};
        if (account != zero_account && !amount.is_negative() && !amount.is_zero())
            holders[token].push_back({account, amount});
    }
    // The table above has no order of its own.
    for (auto& [token, all] : holders)
    {
        std::sort(all.begin(), all.end(),
            [](const Holder& a, const Holder& b)
            {
                const auto left = a.amount.to_double();
                const auto right = b.amount.to_double();
                return left != right ? left > right : a.account < b.account;
            });
    }
    return holders;
}

/// How unequally people hold a token; contracts and validators are left out.
struct Spread
{
    std::vector<double> held;  // Ascending.
    double sum = 0;

    [[nodiscard]] Value top_share(std::size_t count) const
    {
        double top = 0;
        for (std::size_t i = held.size() - std::min(count, held.size()); i < held.size(); ++i)
            top += held[i];
        return share_of(top, sum);
    }
    /// What the poorest @p share of holders have, between holders linearly.
    [[nodiscard]] double lorenz(double share) const
    {
        const auto position = share * static_cast<double>(held.size());
        double below = 0;
        for (std::size_t i = 0; i < held.size() && static_cast<double>(i) < position; ++i)
            below += held[i] * std::min(1.0, position - static_cast<double>(i));
        return sum > 0 ? below / sum : 0;
    }
};

Spread spread_of(const LedgerQueries& source, const std::vector<Holder>& holders)
{
    Spread spread;
    for (auto holder = holders.rbegin(); holder != holders.rend(); ++holder)
    {
        if (!source.groups()[source.group_of(holder->account)].has_result)
            continue;
        spread.held.push_back(holder->amount.to_double());
        spread.sum += spread.held.back();
    }
    return spread;
}

/// Tokens by the value of what people hold of them, those without a price last.
std::vector<ContractId> by_value(const std::map<ContractId, Spread>& spreads, const Market& market)
{
    std::vector<std::pair<double, ContractId>> order;
    for (const auto& [token, spread] : spreads)
    {
        const auto unit = market.usd(Amount{1}, token).value_or(0);
        order.emplace_back(-spread.sum * unit, token);
    }
    std::sort(order.begin(), order.end());
    std::vector<ContractId> tokens;
    for (const auto& [value, token] : order)
        tokens.push_back(token);
    return tokens;
}

Table token_table(LedgerQueries& source, const Holders& holders,
    const std::map<ContractId, Spread>& spreads, const std::vector<ContractId>& order)
{
    Table table{"tokens", "Supply, and how people hold it at the end",
        {{"token", "Token", Unit::none}, {"supply", "Supply", Unit::none},
            {"holders", "Holders", Unit::count}, {"people", "People", Unit::count},
            {"people_share", "hold", Unit::share}, {"gini", "Gini", Unit::none},
            {"hhi", "HHI", Unit::none}, {"top10_share", "Ten largest", Unit::share}},
        {}, 16};
    constexpr std::size_t top = 10;
    for (const auto token : order)
    {
        const auto& all = holders.at(token);
        const auto& spread = spreads.at(token);
        SignedAmount supply;
        for (const auto& holder : all)
            supply.add(holder.amount);
        table.rows.push_back({source.token_name(token), source.money(supply, token),
            static_cast<std::int64_t>(all.size()), static_cast<std::int64_t>(spread.held.size()),
            share_of(spread.sum, supply.to_double()), value_of(gini(spread.held)),
            value_of(concentration(spread.held)), spread.top_share(top)});
    }
    return table;
}

Table lorenz_table(const LedgerQueries& source, const std::map<ContractId, Spread>& spreads,
    const std::vector<ContractId>& order)
{
    constexpr int steps = 40;
    Table table{"lorenz", "What the poorest holders have together",
        {{"holders_share", "Of holders", Unit::share}, {"token", "Token", Unit::none},
            {"held_share", "hold", Unit::share}},
        {}, 0};
    std::size_t drawn = 0;
    for (const auto token : order)
    {
        const auto& spread = spreads.at(token);
        if (spread.held.size() < 2 || drawn++ >= tokens_max)
            continue;
        for (int i = 0; i <= steps; ++i)
        {
            const auto share = static_cast<double>(i) / steps;
            table.rows.push_back({share, source.token_name(token), spread.lorenz(share)});
        }
    }
    return table;
}

Table largest_table(LedgerQueries& source, const Holders& holders,
    const std::vector<ContractId>& order, const Market& market)
{
    Table table{"largest", "Who holds most at the end",
        {{"token", "Token", Unit::none}, {"account", "Account", Unit::none},
            {"group", "Group", Unit::none}, {"amount", "Amount", Unit::none},
            {"share", "Of supply", Unit::share}, {"usd", "USD", Unit::usd}},
        {}, 12};
    constexpr std::size_t accounts_max = 10;
    for (const auto token : order)
    {
        const auto& all = holders.at(token);
        double supply = 0;
        for (const auto& holder : all)
            supply += holder.amount.to_double();
        for (std::size_t i = 0; i < std::min(accounts_max, all.size()); ++i)
        {
            const auto usd = market.usd(all[i].amount, token);
            table.rows.push_back({source.token_name(token), source.account_name(all[i].account),
                source.groups()[source.group_of(all[i].account)].name,
                source.money(all[i].amount, token), share_of(all[i].amount.to_double(), supply),
                value_of(usd)});
        }
    }
    return table;
}

/// Of tokens that are minted or burned in the run.
Table supply_table(
    LedgerQueries& source, const Holders& holders, const std::vector<ContractId>& order)
{
    Table table{"supply", "Supply over time",
        {{"until", "Until", Unit::unix_time}, {"token", "Token", Unit::none},
            {"supply", "Supply", Unit::none}},
        {}, 0};
    std::size_t drawn = 0;
    for (const auto token : order)
    {
        const auto minted = source.flows().minted.find(token);
        if (minted == source.flows().minted.end() || drawn++ >= tokens_max)
            continue;
        // Backwards from the end, then in order of time.
        SignedAmount supply;
        for (const auto& holder : holders.at(token))
            supply.add(holder.amount);
        std::vector<SignedAmount> course(minted->second.size());
        for (std::size_t i = course.size(); i-- > 0;)
        {
            course[i] = supply;
            supply.subtract(minted->second[i]);
        }
        for (std::size_t i = 0; i < course.size(); ++i)
        {
            table.rows.push_back(
                {source.piece_time(i), source.token_name(token), source.money(course[i], token)});
        }
    }
    return table;
}

/// What groups hold, in wallets alone, at the last prices.
Table group_table(const LedgerQueries& source, const Holders& holders, const Market& market)
{
    Table table{"groups", "What groups hold in their own accounts at the end",
        {{"group", "Group", Unit::none}, {"accounts", "Accounts", Unit::count},
            {"usd", "USD", Unit::usd}, {"share", "Of all", Unit::share}},
        {}, 20};
    std::vector<double> usd(source.groups().size());
    double sum = 0;
    for (const auto& [token, all] : holders)
    {
        for (const auto& holder : all)
        {
            const auto value = market.usd(holder.amount, token).value_or(0);
            usd[source.group_of(holder.account)] += value;
            sum += value;
        }
    }
    std::vector<std::size_t> order(usd.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(
        order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return usd[a] > usd[b]; });
    for (const auto i : order)
    {
        if (usd[i] > 0)
        {
            table.rows.push_back(
                {source.groups()[i].name, static_cast<std::int64_t>(source.groups()[i].accounts),
                    usd[i], share_of(usd[i], sum)});
        }
    }
    return table;
}
}  // namespace

std::optional<Section> holders_section(LedgerQueries& source)
{
    if (source.last_block() == 0)
        return std::nullopt;
    const auto holders = read_holders(source);
    if (holders.empty())
        return std::nullopt;
    Market market{source};
    market.advance_to_end();
    std::map<ContractId, Spread> spreads;
    for (const auto& [token, all] : holders)
        spreads.emplace(token, spread_of(source, all));
    const auto order = by_value(spreads, market);

    Section section{"holders", "Supply and holders, at the last prices", {}, {}, {}};
    section.tables.push_back(token_table(source, holders, spreads, order));
    section.tables.push_back(group_table(source, holders, market));
    section.tables.push_back(largest_table(source, holders, order, market));
    for (auto table : {lorenz_table(source, spreads, order), supply_table(source, holders, order)})
    {
        if (!table.rows.empty())
            section.tables.push_back(std::move(table));
    }
    return section;
}

}  // namespace runnel::analytics
