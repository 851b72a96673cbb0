#include "strategies/market/split.hpp"

#include "ledger/check.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{
/// Finds all routes, depth first, in the order of the exchanges.
class RouteFinder
{
public:
    RouteFinder(
        std::span<const Exchange* const> exchanges, ContractId to, std::size_t hops_max) noexcept
      : exchanges_{exchanges}, to_{to}, hops_max_{hops_max}
    {}

    std::vector<std::vector<Hop>> find(ContractId from)
    {
        extend(from);
        return std::move(found_);
    }

private:
    void extend(ContractId token)
    {
        if (route_.size() == hops_max_)
            return;
        for (const auto* exchange : exchanges_)
        {
            const auto is_used = [exchange](const Hop& hop) { return hop.exchange == exchange; };
            if (!exchange->trades(token) || std::any_of(route_.begin(), route_.end(), is_used))
                continue;
            for (const auto next : exchange->tokens())
            {
                const auto was_here = [next](const Hop& hop) { return hop.token_in == next; };
                if (next == token || std::any_of(route_.begin(), route_.end(), was_here))
                    continue;
                route_.push_back({exchange, token, next});
                if (next == to_)
                    found_.push_back(route_);
                else
                    extend(next);
                route_.pop_back();
            }
        }
    }

    std::span<const Exchange* const> exchanges_;
    ContractId to_;
    std::size_t hops_max_;
    std::vector<Hop> route_;
    std::vector<std::vector<Hop>> found_;
};

/// What a route has got so far.
struct Share
{
    const std::vector<Hop>* route = nullptr;
    Amount in;
    Amount out;
};

Amount quote(const std::vector<Hop>& route, const Amount& amount_in)
{
    const auto amounts = quote_along(route, amount_in);
    return amounts.empty() ? Amount{} : amounts.back();
}

/// Gives slice after slice to the route that pays most for it; false if none takes one.
bool spread(std::vector<Share>& shares, const Amount& amount_in, unsigned slices)
{
    Amount given;
    for (unsigned i = 1; i <= slices; ++i)
    {
        const auto until = mul_div_down(amount_in, i, slices).value;
        const auto slice = wrapping_sub(until, given);
        given = until;
        if (slice.is_zero())
            continue;
        Share* best = nullptr;
        Amount best_more;
        Amount best_out;
        for (auto& share : shares)
        {
            const auto out = quote(*share.route, wrapping_add(share.in, slice));
            if (out <= share.out)
                continue;
            const auto more = wrapping_sub(out, share.out);
            if (best != nullptr && more <= best_more)
                continue;
            best = &share;
            best_more = more;
            best_out = out;
        }
        if (best == nullptr)
            return false;
        best->in = wrapping_add(best->in, slice);
        best->out = best_out;
    }
    return true;
}

SplitOrder order_of(const std::vector<Share>& shares)
{
    SplitOrder order;
    for (const auto& share : shares)
    {
        if (share.in.is_zero())
            continue;
        order.parts.push_back({*share.route, share.in, share.out});
        order.amount_out = wrapping_add(order.amount_out, share.out);
    }
    return order;
}
}  // namespace

std::vector<std::vector<Hop>> disjoint_routes(std::span<const Exchange* const> exchanges,
    ContractId from, ContractId to, std::size_t hops_max, std::size_t routes_max)
{
    RUNNEL_CHECK(from != to);
    auto all = RouteFinder{exchanges, to, hops_max}.find(from);
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < all.size(); ++i)
        order.emplace_back(marginal_rate(all[i]), i);
    std::stable_sort(
        order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::vector<Hop>> chosen;
    std::vector<const Exchange*> used;
    for (const auto& [rate, i] : order)
    {
        const auto clashes = [&used](const Hop& hop)
        { return std::find(used.begin(), used.end(), hop.exchange) != used.end(); };
        if (chosen.size() == routes_max || !(rate > 0))
            break;
        if (std::any_of(all[i].begin(), all[i].end(), clashes))
            continue;
        for (const auto& hop : all[i])
            used.push_back(hop.exchange);
        chosen.push_back(std::move(all[i]));
    }
    return chosen;
}

std::optional<SplitOrder> split_order(std::span<const std::vector<Hop>> routes,
    const Amount& amount_in, const Amount& cost_out, unsigned slices)
{
    RUNNEL_CHECK(slices > 0);
    std::vector<Share> shares;
    for (const auto& route : routes)
        shares.push_back({&route, {}, {}});
    std::optional<SplitOrder> best;
    Amount best_left;
    while (!shares.empty())
    {
        for (auto& share : shares)
            share.in = share.out = {};
        if (!spread(shares, amount_in, slices))
            break;
        auto order = order_of(shares);
        const auto cost = Checked{cost_out} * Amount{order.parts.size()};
        const auto left = cost.ok() && cost.value < order.amount_out
                              ? wrapping_sub(order.amount_out, cost.value)
                              : Amount{};
        if (!best || left > best_left)
        {
            best = std::move(order);
            best_left = left;
        }
        // Without those that got nothing, or least.
        const auto least = std::min_element(shares.begin(), shares.end(),
            [](const Share& a, const Share& b) { return a.in < b.in; });
        shares.erase(least);
    }
    return best;
}

}  // namespace runnel::strategies
