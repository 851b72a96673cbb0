#pragma once

#include "state/world.hpp"

#include <cstdint>

namespace runnel
{

/// The gas of a transaction that makes @p calls, nested lists included: what it needs if all
/// succeed and none charges beyond its figure. Calls of contracts that are to be deployed, or that
/// nobody knows, count nothing.
[[nodiscard]] std::uint64_t gas_figure_of(const World& world, ByteView calls);

}  // namespace runnel
