#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of Uniswap v3's pools: header `"protocol":"uniswap-v3"`.
[[nodiscard]] Protocol uniswap_v3_protocol();
/// Recordings of its router, position manager and quoter: header
/// `"protocol":"uniswap-v3-periphery"`.
[[nodiscard]] Protocol uniswap_v3_periphery_protocol();
/// Recordings of the libraries of v3, and of v2's quotes: header `"protocol":"uniswap-lib"`.
[[nodiscard]] Protocol uniswap_library_protocol();

}  // namespace runnel::replay
