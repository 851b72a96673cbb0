#pragma once

#include "strategies/api/strategy.hpp"

/// The strategies of an exchange that holds its customers' coins, and of those who buy and sell
/// with them.
namespace runnel::strategies
{

[[nodiscard]] const StrategyType& exchange_operator_strategy();
[[nodiscard]] const StrategyType& exchange_customer_strategy();
[[nodiscard]] const StrategyType& shop_strategy();

}  // namespace runnel::strategies
