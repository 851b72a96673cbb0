#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of an Aave v3.0.2 pool: header `"protocol":"aave-v3 pool"`.
[[nodiscard]] Protocol aave_v3_pool_protocol();
/// Recordings of its mathematics: header `"protocol":"aave-v3 math libraries"`.
[[nodiscard]] Protocol aave_v3_math_protocol();

/// The same of v3.7: `"aave-v3.7 pool"`, `"aave-v3.7 math libraries"`.
[[nodiscard]] Protocol aave_v37_pool_protocol();
[[nodiscard]] Protocol aave_v37_math_protocol();

}  // namespace runnel::replay
