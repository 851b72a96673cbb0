#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Functions of Balancer's weighted maths, their fixed-point powers and logarithms included.
[[nodiscard]] Protocol balancer_weighted_protocol();

}  // namespace runnel::replay
