#pragma once

#include "scenarios/loader/schema.hpp"

#include <vector>

namespace runnel::scenarios
{

/// [consensus] with its tables, [network] and [faults].
[[nodiscard]] std::vector<Section> consensus_sections();
/// [consensus.bft] and [consensus.stakes].
[[nodiscard]] std::vector<Section> bft_sections();
/// What groups of validators can do besides being honest.
[[nodiscard]] std::vector<Variant> bft_strategies();
/// [consensus.gasper] and [consensus.orders].
[[nodiscard]] std::vector<Section> gasper_sections();
/// What only groups of its validators can do.
[[nodiscard]] std::vector<Variant> gasper_strategies();

}  // namespace runnel::scenarios
