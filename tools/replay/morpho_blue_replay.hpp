#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Morpho Blue with its rate models.
[[nodiscard]] Protocol morpho_blue_protocol();
/// The adaptive curve's functions alone.
[[nodiscard]] Protocol morpho_irm_math_protocol();

}  // namespace runnel::replay
