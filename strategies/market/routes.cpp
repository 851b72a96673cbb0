#include "strategies/market/routes.hpp"

#include "contracts/kit/sectors/order_exchange.hpp"
#include "contracts/kit/sectors/range_exchange.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "ledger/transaction.hpp"
#include "strategies/market/common.hpp"

#include <algorithm>
#include <limits>

namespace runnel::strategies
{

std::vector<Hop> find_route(
    std::span<const Exchange* const> exchanges, ContractId from, ContractId to)
{
    // Breadth first from the end, so that the exchanges come out in order of trade.
    std::map<ContractId, std::size_t> distances{{to, 0}};
    for (std::size_t distance = 0; distance < route_hops_max && !distances.contains(from);
         ++distance)
    {
        for (const auto* exchange : exchanges)
        {
            const auto tokens = exchange->tokens();
            const auto is_here = [&](ContractId token)
            {
                const auto known = distances.find(token);
                return known != distances.end() && known->second == distance;
            };
            if (!std::any_of(tokens.begin(), tokens.end(), is_here))
                continue;
            for (const auto token : tokens)
                distances.try_emplace(token, distance + 1);
        }
    }
    std::vector<Hop> route;
    const auto start = distances.find(from);
    if (start == distances.end())
        return route;
    for (auto left = start->second; left > 0; --left)
    {
        const auto token = route.empty() ? from : route.back().token_out;
        const auto leads_on = [&](ContractId next)
        {
            const auto known = distances.find(next);
            return known != distances.end() && known->second + 1 == left;
        };
        const auto* exchange = *std::find_if(exchanges.begin(), exchanges.end(),
            [&](const Exchange* candidate)
            {
                const auto tokens = candidate->tokens();
                return candidate->trades(token) &&
                       std::any_of(tokens.begin(), tokens.end(), leads_on);
            });
        const auto tokens = exchange->tokens();
        route.push_back({exchange, token, *std::find_if(tokens.begin(), tokens.end(), leads_on)});
    }
    return route;
}

std::vector<Amount> quote_along(std::span<const Hop> route, const Amount& amount_in)
{
    if (route.empty())
        return {};
    std::vector<Amount> amounts{amount_in};
    for (const auto& hop : route)
    {
        const auto amount_out =
            hop.exchange->quote_exact_input(hop.token_in, hop.token_out, amounts.back());
        if (!amount_out.has_value())
            return {};
        amounts.push_back(*amount_out);
    }
    return amounts;
}

std::uint64_t crossing_gas(std::span<const Hop> route, std::span<const Amount> amounts)
{
    std::uint64_t gas = 0;
    for (std::size_t i = 0; i < route.size() && i < amounts.size(); ++i)
    {
        const auto& exchange = *route[i].exchange;
        std::uint64_t all = 0;
        std::uint64_t room = 0;  // That there is anyway.
        if (const auto* book = dynamic_cast<const contracts::OrderExchange*>(&exchange))
        {
            all = book->fills_gas(route[i].token_in, amounts[i]);
            room = exchange.venue()->extra_gas(1);
        }
        else if (const auto* ranges = dynamic_cast<const contracts::RangeExchange*>(&exchange))
        {
            all = ranges->crossing_gas(route[i].token_in, amounts[i]);
            room = exchange.postpaid_swap_gas().value_or(contracts::CallGas{}).extra;
        }
        // Half of the room stays for what comes in the way until it runs.
        gas += all > room / 2 ? all - room / 2 : 0;
    }
    return gas;
}

double marginal_rate(std::span<const Hop> route)
{
    double rate = 1;
    for (const auto& [exchange, token_in, token_out] : route)
    {
        rate *=
            exchange->spot_price(token_in, token_out) * (1 - exchange->fee(token_in, token_out));
    }
    return rate;
}

double fee_along(std::span<const Hop> route)
{
    double kept = 1;
    for (const auto& [exchange, token_in, token_out] : route)
        kept *= 1 - exchange->fee(token_in, token_out);
    return 1 - kept;
}

namespace
{
const Venue* venue_at(const World& world, std::optional<ContractId> id)
{
    if (!id)
        return nullptr;
    const auto* venue = contracts::find_venue(world, *id);
    RUNNEL_CHECK(venue != nullptr);
    return venue;
}
}  // namespace

SwapDesk::SwapDesk(const World& world, std::optional<ContractId> venue)
  : SwapDesk{venue_at(world, venue)}
{}

const Venue* SwapDesk::venue_for(const Exchange& exchange) const
{
    return venue_ != nullptr && venue_->serves(exchange) ? venue_ : exchange.venue();
}

bool SwapDesk::can_trade(std::span<const Hop> route) const
{
    return std::all_of(route.begin(), route.end(),
        [this](const Hop& hop) { return venue_for(*hop.exchange) != nullptr; });
}

std::span<const Hop> SwapDesk::route(ContractId from, ContractId to)
{
    auto known = routes_.find({from, to});
    if (known == routes_.end())
    {
        const auto exchanges =
            venue_ == nullptr ? std::vector<const Exchange*>{} : venue_->exchanges();
        known = routes_.emplace(std::pair{from, to}, find_route(exchanges, from, to)).first;
    }
    return known->second;
}

std::optional<RouteSwap> SwapDesk::best_swap(
    ContractId from, ContractId to, const Amount& amount_in)
{
    const auto shortest = route(from, to);
    if (shortest.empty())
        return std::nullopt;
    RouteSwap swap{{shortest.begin(), shortest.end()}, amount_in, amount_in};
    const auto exchanges = venue_->exchanges();
    for (auto& hop : swap.route)
    {
        std::optional<Amount> most;
        for (const auto* exchange : exchanges)
        {
            if (!exchange->trades(hop.token_in) || !exchange->trades(hop.token_out))
                continue;
            const auto quote =
                exchange->quote_exact_input(hop.token_in, hop.token_out, swap.amount_out);
            if (quote.has_value() && (!most || *quote > *most))
            {
                most = *quote;
                hop.exchange = exchange;
            }
        }
        if (!most)
            return std::nullopt;
        swap.amount_out = *most;
    }
    return swap;
}

std::span<const Hop> SwapDesk::first_order(std::span<const Hop> route) const
{
    const auto* venue = venue_for(*route.front().exchange);
    RUNNEL_CHECK(venue != nullptr);
    const auto limit = std::min(route.size(), venue->hops_max());
    std::size_t hops = 1;
    while (hops < limit && venue_for(*route[hops].exchange) == venue)
        ++hops;
    return route.first(hops);
}

contracts::CallGas SwapDesk::gas(std::span<const Hop> route) const
{
    contracts::CallGas gas;
    while (!route.empty())
    {
        const auto part = first_order(route);
        const auto* venue = venue_for(*part.front().exchange);
        const auto extra = venue->extra_gas(part.size());
        gas += {venue->swap_gas(part.size()) - extra, extra};
        route = route.subspan(part.size());
    }
    return gas;
}

void SwapDesk::add_approvals(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
    const Amount& amount_in, AccountId trader) const
{
    auto amount = amount_in;
    while (!route.empty())
    {
        const auto part = first_order(route);
        const auto& venue = venue_for(*part.front().exchange)->contract();
        add_approval(calls, view, part.front().token_in, trader, venue.account(), amount);
        // Later orders pay with what the ones before bring in: never more than is quoted now.
        route = route.subspan(part.size());
        if (route.empty())
            return;
        const auto amounts = quote_along(part, amount);
        amount = amounts.empty() ? Amount::power_of_two(255) : amounts.back();
    }
}

void SwapDesk::add_orders(CallWriter& calls, std::span<const Hop> route, const Amount& amount_in,
    const Amount& amount_out_min, AccountId trader, std::uint64_t deadline) const
{
    auto part = first_order(route);
    auto amount = amount_in;
    if (part.size() < route.size())
    {
        // Each order but the last may use half of the slack that is left.
        const auto quoted = quote_along(route, amount_in);
        auto slack =
            quoted.empty() ? 0.0 : 1 - amount_out_min.to_double() / quoted.back().to_double();
        while (part.size() < route.size())
        {
            slack = std::max(0.0, slack / 2);
            const auto amounts = quote_along(part, amount);
            const auto least = amounts.empty() ? Amount{}
                                               : min_amount_out(amounts.back(),
                                                     static_cast<std::uint32_t>(slack * 10'000));
            venue_for(*part.front().exchange)
                ->add_swap(calls, {part, amount, least, trader, deadline});
            amount = least;
            route = route.subspan(part.size());
            part = first_order(route);
        }
    }
    venue_for(*part.front().exchange)
        ->add_swap(calls, {part, amount, amount_out_min, trader, deadline});
}

void SwapDesk::add_swap(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
    const Amount& amount_in, const Amount& amount_out_min, AccountId trader,
    std::uint64_t deadline) const
{
    add_approvals(calls, view, route, amount_in, trader);
    add_orders(calls, route, amount_in, amount_out_min, trader, deadline);
}

OrderFailure SwapDesk::failure_of(std::span<const Hop> route, const Refusal& refusal) const
{
    for (const auto& hop : route)
    {
        const auto* venue = venue_for(*hop.exchange);
        const auto failure = venue == nullptr ? OrderFailure::other : venue->failure_of(refusal);
        if (failure != OrderFailure::other)
            return failure;
    }
    return OrderFailure::other;
}

contracts::CallGas exact_swaps_gas(std::span<const Hop> route, const SwapDesk& desk)
{
    contracts::CallGas gas;
    bool paid = false;  // By the hop before.
    for (const auto& hop : route)
    {
        if (const auto prepaid = hop.exchange->prepaid_swap_gas())
        {
            gas.method += *prepaid + (paid ? 0 : contracts::Erc20Transfer::gas);
            paid = true;
            continue;
        }
        gas.method += contracts::Erc20Approve::gas;
        gas += desk.gas({&hop, 1});
        paid = false;
    }
    return gas;
}

void add_exact_swaps(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
    std::span<const Amount> amounts, AccountId trader, const SwapDesk& desk)
{
    constexpr auto no_deadline = std::numeric_limits<std::uint64_t>::max();
    bool paid = false;
    for (std::size_t i = 0; i < route.size(); ++i)
    {
        const auto& hop = route[i];
        const auto& exchange = hop.exchange->contract();
        if (!hop.exchange->prepaid_swap_gas())
        {
            desk.add_swap(calls, view, {&hop, 1}, amounts[i], amounts[i + 1], trader, no_deadline);
            paid = false;
            continue;
        }
        if (!paid)
            add_payment(calls, hop.token_in, exchange.account(), amounts[i]);
        const auto* next = i + 1 < route.size() ? route[i + 1].exchange : nullptr;
        paid = next != nullptr && next->prepaid_swap_gas().has_value();
        hop.exchange->add_prepaid_swap(calls, hop.token_in, hop.token_out, amounts[i + 1],
            paid ? next->contract().account() : trader);
    }
}

std::optional<contracts::CallGas> postpaid_swaps_gas(
    std::span<const Hop> route, const SwapDesk& desk)
{
    if (route.size() < 2 || route.front().token_in != route.back().token_out)
        return std::nullopt;
    auto gas = route.front().exchange->postpaid_swap_gas();
    if (!gas)
        return std::nullopt;
    *gas += exact_swaps_gas(route.subspan(1), desk);
    gas->method += contracts::Erc20Transfer::gas;
    return gas;
}

void add_postpaid_swaps(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
    std::span<const Amount> amounts, AccountId trader, const SwapDesk& desk)
{
    const auto& first = route.front();
    CallWriter nested;
    add_exact_swaps(nested, view, route.subspan(1), amounts.subspan(1), trader, desk);
    add_payment(nested, first.token_in, first.exchange->contract().account(), amounts.front());
    first.exchange->add_postpaid_swap(
        calls, {first.token_in, first.token_out, amounts[0], amounts[1], trader}, nested.list());
}

}  // namespace runnel::strategies
