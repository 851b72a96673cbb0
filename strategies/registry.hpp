#pragma once

#include "strategies/api/strategy.hpp"

#include <span>

namespace runnel::strategies
{

/// Every strategy a scenario may name, in the order of registration.
[[nodiscard]] std::span<const StrategyType* const> strategy_types();
/// The strategy with this name; nullptr if there is none.
[[nodiscard]] const StrategyType* find_strategy_type(std::string_view name);

}  // namespace runnel::strategies
