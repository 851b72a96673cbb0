#pragma once

#include "actors/strategy.hpp"

/// The strategies of this folder, one function per file's type. A new one adds its line here and in
/// scenarios/registry.cpp.
namespace runnel::scenarios
{

[[nodiscard]] const StrategyType& payer_strategy();
[[nodiscard]] const StrategyType& merchant_strategy();
[[nodiscard]] const StrategyType& holder_strategy();

}  // namespace runnel::scenarios
