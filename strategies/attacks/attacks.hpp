#pragma once

#include "strategies/api/strategy.hpp"

/// Attackers and their victims, one function per type, as strategies/strategies.hpp has them of all
/// other trades.
namespace runnel::strategies
{

[[nodiscard]] const StrategyType& vault_inflator_strategy();
[[nodiscard]] const StrategyType& coin_drainer_strategy();
[[nodiscard]] const StrategyType& price_manipulator_strategy();
[[nodiscard]] const StrategyType& governor_attacker_strategy();
[[nodiscard]] const StrategyType& token_voter_strategy();
[[nodiscard]] const StrategyType& vault_manipulator_strategy();
[[nodiscard]] const StrategyType& rug_puller_strategy();
[[nodiscard]] const StrategyType& hype_buyer_strategy();
[[nodiscard]] const StrategyType& wash_trader_strategy();
[[nodiscard]] const StrategyType& phisher_strategy();
[[nodiscard]] const StrategyType& phishing_victim_strategy();
[[nodiscard]] const StrategyType& address_poisoner_strategy();
[[nodiscard]] const StrategyType& habitual_payer_strategy();

}  // namespace runnel::strategies
