#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of Uniswap v2 pairs, factory and Router02: header `"protocol":"uniswap-v2"`.
[[nodiscard]] Protocol uniswap_v2_protocol();

}  // namespace runnel::replay
