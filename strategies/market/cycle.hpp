#pragma once

#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "ledger/amount.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel::strategies
{

/// One swap of a route: into @p pair with @p token_in.
struct Hop
{
    const contracts::UniswapV2Pair* pair = nullptr;
    ContractId token_in{};
};

/// Worth of a token's smallest unit in any common unit, as a fraction of integers that are positive
/// and below 2^128.
struct UnitValue
{
    Amount numerator{1};
    Amount denominator{1};
};

/// The amount paid into a route of up to three hops that earns most, rounded down; 0 if none earns.
///
/// What a route pays out for x is of the form a x / (b + c x), since each hop is:
///
///     hop:       a = 997 * reserve_out, b = 1000 * reserve_in, c = 997
///     in a row:  (a, b, c) then (a', b', c') is (a a', b b', b' c + c' a)
///
/// and value_out * a x / (b + c x) - value_in * x is greatest at
///
///     x = (sqrt(a b value_out / value_in) - b) / c
///
/// Computed in integers wide enough for every step; root and divisions round down. That each hop
/// rounds what it pays is left out: verify with quote_along().
[[nodiscard]] Amount best_amount_in(
    std::span<const Hop> route, const UnitValue& value_in, const UnitValue& value_out);

/// The amounts that pass along a route for exactly @p amount_in, from the first to the last, by the
/// pairs' own quotes; empty if one of them refuses.
[[nodiscard]] std::vector<Amount> quote_along(std::span<const Hop> route, const Amount& amount_in);

/// What the first infinitesimal unit earns: the product of prices and fees. A belief.
[[nodiscard]] double marginal_rate(std::span<const Hop> route);

}  // namespace runnel::strategies
