#pragma once

#include "strategies/market/routes.hpp"

#include <functional>
#include <span>

namespace runnel::strategies
{

/// Worth of a token's smallest unit in any common unit, as a fraction of integers that are positive
/// and below 2^128.
struct UnitValue
{
    Amount numerator{1};
    Amount denominator{1};
};

/// The amount paid into a route that earns most; 0 if none earns. Verify it with quote_along().
///
/// By search_amount_in(), but for a formula: where up to three exchanges all have a formula
/// (RationalPayout), so has the route,
///
///     in a row:  (a, b, c) then (a', b', c') is (a a', b b', b' c + c' a)
///
/// and value_out * a x / (b + c x) - value_in * x is greatest at
///
///     x = (sqrt(a b value_out / value_in) - b) / c
///
/// computed in integers wide enough for every step, root and divisions rounded down; that each hop
/// rounds what it pays is left out.
[[nodiscard]] Amount best_amount_in(
    std::span<const Hop> route, const UnitValue& value_in, const UnitValue& value_out);

/// The amount for which @p profit is greatest, found from a @p guess: at most 64 questions. It
/// expects profit to rise to one peak and to fall after it, and comes within 0.1% of that peak's
/// amount; 0 if nothing that it tried has a profit.
[[nodiscard]] Amount search_peak(
    const std::function<double(const Amount&)>& profit, const Amount& guess);

/// The same as best_amount_in() by exact quotes: at most 64, and none unless the first unit earns.
/// It expects profit to rise to one peak and to fall after it, and comes within 0.1% of that peak's
/// amount.
[[nodiscard]] Amount search_amount_in(
    std::span<const Hop> route, const UnitValue& value_in, const UnitValue& value_out);

}  // namespace runnel::strategies
