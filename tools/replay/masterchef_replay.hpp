#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of SushiSwap's MasterChef: header `"protocol":"sushi-masterchef"`.
[[nodiscard]] Protocol masterchef_protocol();

}  // namespace runnel::replay
