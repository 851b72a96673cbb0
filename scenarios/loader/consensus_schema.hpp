#pragma once

#include "scenarios/loader/schema.hpp"

#include <vector>

namespace runnel::scenarios
{

/// [consensus] with its tables, [network] and [faults].
[[nodiscard]] std::vector<Section> consensus_sections();

}  // namespace runnel::scenarios
