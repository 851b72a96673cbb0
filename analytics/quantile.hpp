#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace runnel::analytics
{

/// The quantile of ascending values, at least one: linear between order statistics, as most
/// statistics programs do it. 0.5 gives the median: of an even number of values the mean of the two
/// in the middle.
[[nodiscard]] inline double quantile(const std::vector<double>& sorted, double share)
{
    const auto position = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const auto above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (sorted[above] - sorted[below]) * (position - std::floor(position));
}

}  // namespace runnel::analytics
