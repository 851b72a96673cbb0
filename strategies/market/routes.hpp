#pragma once

#include "contracts/kit/sectors/exchange.hpp"
#include "strategies/api/strategy.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// Routes over exchanges of any protocol, and how to trade along them.
namespace runnel::strategies
{

using contracts::Exchange;
using contracts::Hop;
using contracts::OrderFailure;
using contracts::Venue;

/// The longest route.
inline constexpr std::size_t route_hops_max = 7;

/// The exchanges from @p from to @p to with the fewest hops; of several the first found in the
/// order of the list. Empty if there is no route, or if the two are one token.
[[nodiscard]] std::vector<Hop> find_route(
    std::span<const Exchange* const> exchanges, ContractId from, ContractId to);

/// The amounts that pass along a route for exactly @p amount_in, from the first to the last, by the
/// exchanges' own quotes; empty if one of them refuses. No exchange may be on the route twice.
[[nodiscard]] std::vector<Amount> quote_along(std::span<const Hop> route, const Amount& amount_in);

/// What an infinitesimal trade earns per unit: the product of prices and fees. A belief.
[[nodiscard]] double marginal_rate(std::span<const Hop> route);
/// The share of a small trade that all fees on the route take together. A belief.
[[nodiscard]] double fee_along(std::span<const Hop> route);

/// A swap along a route, and what it pays now.
struct RouteSwap
{
    std::vector<Hop> route;
    Amount amount_in;   // Smallest unit of the first token.
    Amount amount_out;  // Smallest unit of the last token, rounded as the trades round.
};

/// What swaps of these @p amounts, as quote_along() gave them, charge for ends of ranges that they
/// pass, beyond what SwapDesk::gas() leaves room for. For Bid::extra_gas.
[[nodiscard]] std::uint64_t crossing_gas(
    std::span<const Hop> route, std::span<const Amount> amounts);

/// Trades along routes of any exchanges: each part of a route that one venue serves is one order to
/// that venue.
///
///     const auto swap = desk.best_swap(debt, collateral, sold);
///     desk.add_swap(calls, view, swap->route, sold, least, wallet.account(), deadline);
///     bid.extra_gas += desk.gas(swap->route).extra;
class SwapDesk
{
public:
    /// @param venue  Takes the orders for all exchanges that it serves; nullptr: none. Others are
    ///               traded at their own venue.
    explicit SwapDesk(const Venue* venue) : venue_{venue} {}
    /// The same for a contract that is a venue, if there is one.
    SwapDesk(const World& world, std::optional<ContractId> venue);

    /// Where this desk trades on @p exchange; nullptr: nowhere.
    [[nodiscard]] const Venue* venue_for(const Exchange& exchange) const;
    /// Whether each exchange of the route has a venue.
    [[nodiscard]] bool can_trade(std::span<const Hop> route) const;

    /// The shortest route over the exchanges of its venue (find_route()); found once, then
    /// remembered.
    [[nodiscard]] std::span<const Hop> route(ContractId from, ContractId to);
    /// The swap of @p amount_in along route(); where several exchanges trade the same two tokens,
    /// it takes the one that pays most now, the first of equals. Empty if there is no route or all
    /// of them refuse.
    [[nodiscard]] std::optional<RouteSwap> best_swap(
        ContractId from, ContractId to, const Amount& amount_in);

    /// Of the orders along a route, approvals aside.
    [[nodiscard]] contracts::CallGas gas(std::span<const Hop> route) const;

    /// Adds approvals, where they are missing, and orders for exactly @p amount_in; all refuse if
    /// less than @p amount_out_min comes out. Between two venues part of the slack limits the
    /// first order, and its minimum is what the next one trades: anything above that stays with the
    /// trader.
    void add_swap(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
        const Amount& amount_in, const Amount& amount_out_min, AccountId trader,
        std::uint64_t deadline) const;
    /// The two halves of add_swap(), for orders that run inside a callback.
    void add_approvals(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
        const Amount& amount_in, AccountId trader) const;
    void add_orders(CallWriter& calls, std::span<const Hop> route, const Amount& amount_in,
        const Amount& amount_out_min, AccountId trader, std::uint64_t deadline) const;

    /// Why an order along this route was refused.
    [[nodiscard]] OrderFailure failure_of(std::span<const Hop> route, const Refusal& refusal) const;

private:
    /// The first hops of a route, as many as go into one order; a bug without a venue.
    [[nodiscard]] std::span<const Hop> first_order(std::span<const Hop> route) const;

    const Venue* venue_;
    std::map<std::pair<ContractId, ContractId>, std::vector<Hop>> routes_;
};

/// Gas of paying the first exchange and swapping from one to the next where protocols allow, by
/// orders elsewhere: see add_exact_swaps().
[[nodiscard]] contracts::CallGas exact_swaps_gas(std::span<const Hop> route, const SwapDesk& desk);

/// Adds the calls that trade along @p route for exactly the @p amounts that quote_along() gave:
/// they pay the first exchange and swap from one to the next where protocols allow, and send orders
/// elsewhere. Refused if any exchange has moved to the trader's disadvantage.
void add_exact_swaps(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
    std::span<const Amount> amounts, AccountId trader, const SwapDesk& desk);

/// Gas of a cycle that needs no capital: see add_postpaid_swaps(). Empty unless @p route is a cycle
/// of several exchanges whose first pays out before it is paid.
[[nodiscard]] std::optional<contracts::CallGas> postpaid_swaps_gas(
    std::span<const Hop> route, const SwapDesk& desk);

/// Adds the call that has the first exchange of a cycle pay out, trades the rest of it with that as
/// add_exact_swaps() does, and pays the first exchange from what comes back: what is left over is
/// the trader's. Refused as a whole if any exchange has moved to his disadvantage.
void add_postpaid_swaps(CallWriter& calls, const WorldView& view, std::span<const Hop> route,
    std::span<const Amount> amounts, AccountId trader, const SwapDesk& desk);

}  // namespace runnel::strategies
