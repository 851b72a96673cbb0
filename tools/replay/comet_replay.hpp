#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Compound III: header `"protocol":"compound-v3"`.
[[nodiscard]] Protocol comet_protocol();

}  // namespace runnel::replay
