#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of Uniswap v4's pool manager: header `"protocol":"uniswap-v4"`.
[[nodiscard]] Protocol uniswap_v4_protocol();

}  // namespace runnel::replay
