#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of Lido's stETH and wstETH: header `"protocol":"lido-steth"`.
[[nodiscard]] Protocol lido_protocol();

}  // namespace runnel::replay
