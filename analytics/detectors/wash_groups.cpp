#include "analytics/detectors/wash_groups.hpp"

#include "analytics/signed_amount.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace runnel::analytics
{
namespace
{

using Edges = std::set<std::pair<AccountId, AccountId>>;

/// Who delivers to whom, by pool.
std::map<ContractId, Edges> deliveries(LedgerQueries& source)
{
    const CodeAccounts code{source};
    std::map<ContractId, Edges> by_pool;
    std::map<ContractId, Edges> by_token;                  // From account to account.
    std::map<ContractId, std::set<ContractId>> tokens_of;  // By pool.
    TradeReader trades{source};
    PaymentReader payments{source};
    Payment payment;
    bool has_payment = payments.next(payment);
    const auto between_people = [&]
    {
        if (code.is_person(payment.from) && code.is_person(payment.to) &&
            payment.from != payment.to && !payment.value.is_zero())
            by_token[payment.token].emplace(payment.from, payment.to);
    };
    SentTrade trade;
    for (bool has_trade = trades.next(trade); has_trade;)
    {
        // All swaps of a transaction, then all its payments.
        const auto place = trade.place;
        const auto sender = trade.sender;
        std::vector<std::pair<AccountId, ContractId>> pools;  // And their accounts.
        for (; has_trade && trade.place == place; has_trade = trades.next(trade))
        {
            pools.emplace_back(account_of(source, trade.pool), trade.pool);
            tokens_of[trade.pool].insert({trade.bought, trade.sold});
        }
        for (; has_payment && payment.place < place; has_payment = payments.next(payment))
            between_people();
        for (; has_payment && payment.place == place; has_payment = payments.next(payment))
        {
            between_people();
            for (const auto& [account, pool] : pools)
            {
                if (payment.from == account && code.is_person(payment.to) && payment.to != sender)
                    by_pool[pool].emplace(sender, payment.to);
                if (payment.to == account && code.is_person(payment.from) && payment.from != sender)
                    by_pool[pool].emplace(payment.from, sender);
            }
        }
    }
    for (; has_payment; has_payment = payments.next(payment))
        between_people();
    for (const auto& [pool, tokens] : tokens_of)
    {
        for (const auto token : tokens)
        {
            if (const auto found = by_token.find(token); found != by_token.end())
                by_pool[pool].insert(found->second.begin(), found->second.end());
        }
    }
    return by_pool;
}

/// Strongly connected components of at least two accounts, by Kosaraju's two searches; without
/// recursion, for graphs of any depth.
std::vector<std::vector<AccountId>> components(const Edges& edges)
{
    std::map<AccountId, std::vector<AccountId>> out;
    std::map<AccountId, std::vector<AccountId>> in;
    for (const auto& [from, to] : edges)
    {
        out[from].push_back(to);
        in[to].push_back(from);
        out[to];
        in[from];
    }
    std::set<AccountId> seen;
    std::vector<std::pair<AccountId, std::size_t>> path;
    const auto search = [&](auto& graph, AccountId start, auto&& leave)
    {
        if (!seen.insert(start).second)
            return;
        path.emplace_back(start, 0);
        while (!path.empty())
        {
            auto& [account, next] = path.back();
            const auto& neighbours = graph.at(account);
            if (next == neighbours.size())
            {
                leave(account);
                path.pop_back();
                continue;
            }
            const auto neighbour = neighbours[next++];
            if (seen.insert(neighbour).second)
                path.emplace_back(neighbour, 0);
        }
    };
    std::vector<AccountId> order;
    for (const auto& entry : out)
        search(out, entry.first, [&](AccountId account) { order.push_back(account); });
    seen.clear();
    std::vector<std::vector<AccountId>> found;
    for (auto account = order.rbegin(); account != order.rend(); ++account)
    {
        std::vector<AccountId> members;
        search(in, *account, [&](AccountId member) { members.push_back(member); });
        if (members.size() < 2)
            continue;
        std::sort(members.begin(), members.end());
        found.push_back(std::move(members));
    }
    std::sort(found.begin(), found.end());
    return found;
}

struct Position
{
    SignedAmount net;
    SignedAmount volume;
};

SignedAmount magnitude(const SignedAmount& amount)
{
    SignedAmount result;
    if (amount.is_negative())
        result.subtract(amount);
    else
        result.add(amount);
    return result;
}

Amount to_amount(const SignedAmount& amount)
{
    return Amount::from_decimal(amount.to_string()).value_or(Amount::max());
}

/// The token of which least is left; false if that is more than @p net_max of every one's volume.
bool hardly_changes(
    const std::map<ContractId, Position>& positions, const Share& net_max, WashGroup& group)
{
    double least = net_max.value();
    for (const auto& [token, position] : positions)
    {
        const auto net = magnitude(position.net);
        const auto share = net.to_double() / position.volume.to_double();
        if (share > least || (share == least && group.token != no_contract))
            continue;
        least = share;
        group.token = token;
        group.volume = to_amount(position.volume);
        group.net = to_amount(net);
    }
    return group.token != no_contract;
}
}  // namespace

std::vector<WashGroup> find_wash_groups(LedgerQueries& source, const Thresholds& thresholds)
{
    const Share net_max{thresholds.wash_trading_net_max};
    std::vector<WashGroup> groups;
    std::map<std::pair<ContractId, AccountId>, std::size_t> group_of;
    for (const auto& [pool, edges] : deliveries(source))
    {
        for (auto& members : components(edges))
        {
            for (const auto member : members)
                group_of.emplace(std::pair{pool, member}, groups.size());
            groups.push_back({pool, std::move(members), {}, no_contract, {}, {}});
        }
    }
    if (groups.empty())
        return groups;
    std::vector<std::map<ContractId, Position>> positions(groups.size());
    TradeReader trades{source};
    for (SentTrade trade; trades.next(trade);)
    {
        const auto found = group_of.find({trade.pool, trade.sender});
        if (found == group_of.end())
            continue;
        groups[found->second].trades.push_back(trade.place);
        auto& bought = positions[found->second][trade.bought];
        bought.net.add(trade.bought_amount);
        bought.volume.add(trade.bought_amount);
        auto& sold = positions[found->second][trade.sold];
        sold.net.subtract(trade.sold_amount);
        sold.volume.add(trade.sold_amount);
    }
    std::vector<WashGroup> result;
    for (std::size_t i = 0; i < groups.size(); ++i)
    {
        if (groups[i].trades.size() >= thresholds.wash_trading_trades_min &&
            hardly_changes(positions[i], net_max, groups[i]))
            result.push_back(std::move(groups[i]));
    }
    return result;
}

}  // namespace runnel::analytics
