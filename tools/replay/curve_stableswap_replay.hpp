#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Operations of Curve's StableSwap pools: 3pool and the base template.
[[nodiscard]] Protocol curve_stableswap_protocol();

}  // namespace runnel::replay
