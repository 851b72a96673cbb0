#pragma once

#include "strategies/api/strategy.hpp"

/// The strategies of this folder, for strategies/registry.cpp.
namespace runnel::strategies
{

[[nodiscard]] const StrategyType& underwriter_strategy();
[[nodiscard]] const StrategyType& cover_buyer_strategy();
[[nodiscard]] const StrategyType& claims_assessor_strategy();

}  // namespace runnel::strategies
