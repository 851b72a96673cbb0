#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of Ethena's sUSDe: header `"protocol":"ethena-susde"`.
[[nodiscard]] Protocol ethena_protocol();

}  // namespace runnel::replay
