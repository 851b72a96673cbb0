#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Operations on a Comptroller, its cTokens and their price oracle.
[[nodiscard]] Protocol compound_v2_protocol();

}  // namespace runnel::replay
