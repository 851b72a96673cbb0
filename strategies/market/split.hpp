#pragma once

#include "strategies/market/routes.hpp"

#include <optional>
#include <span>
#include <vector>

/// How an order is spread over several routes, as aggregators do.
namespace runnel::strategies
{

/// All routes between two tokens of at most @p hops_max exchanges, no token and no exchange twice,
/// that have no exchange in common: the one of the best price first, fees included, then what is
/// left. At most @p routes_max.
[[nodiscard]] std::vector<std::vector<Hop>> disjoint_routes(
    std::span<const Exchange* const> exchanges, ContractId from, ContractId to,
    std::size_t hops_max, std::size_t routes_max);

/// An order in parts, one for each route that gets something, in the routes' order.
struct SplitOrder
{
    std::vector<RouteSwap> parts;
    Amount amount_out;  // Of all parts.
};

/// Spreads @p amount_in over routes without a common exchange so that most comes out, by exact
/// quotes.
///
/// The order is cut into @p slices; each goes where it pays most after those before it. What pays
/// ever less the more it gets (a pool) is spread that way as well as slices can be. Each part costs
/// @p cost_out of what comes out: with fewer routes, those that got most, it is tried again, and
/// the number of routes that leaves most is taken.
/// Empty if no route takes the order.
[[nodiscard]] std::optional<SplitOrder> split_order(std::span<const std::vector<Hop>> routes,
    const Amount& amount_in, const Amount& cost_out, unsigned slices);

}  // namespace runnel::strategies
