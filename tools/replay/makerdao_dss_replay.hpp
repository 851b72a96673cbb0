#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Operations on the modules of MakerDAO's dss.
[[nodiscard]] Protocol makerdao_dss_protocol();

}  // namespace runnel::replay
