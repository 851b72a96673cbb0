#pragma once

#include "actors/simulation.hpp"
#include "scenarios/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// Something that a scenario may say, and that its author probably does not mean.
struct Warning
{
    std::string code;     // Short: "pool_price".
    std::string subject;  // The table it is about: "contracts.weth_usdc".
    std::string message;
    std::string place;  // "FILE:LINE".

    /// One line: `FILE:LINE: SUBJECT: MESSAGE (CODE)`.
    [[nodiscard]] std::string to_string() const;
};

/// What looks wrong in the economy of a scenario, by the sectors' interfaces and a look at block 0:
///
/// | Code | |
/// |---|---|
/// | oracle_price | An oracle begins more than twice off the reference price. |
/// | pool_price | An exchange begins more than twice off the reference prices. |
/// | feed_refuses | A feed refuses reports from the group that is to keep it. |
/// | no_bonus | Nobody gains by liquidating a collateral. |
/// | no_gas | A group that acts owns no native coins. |
/// | little_gas | Its wallets can pay for fewer than ten transactions at the first base fee. |
/// | no_wallets | A group has none. |
/// | never | An event, a script's line or a wallet comes after the last block. |
/// | underfunded | Who pays wallets that arrive owns less than what they get. |
///
/// @p setup is that of @p scenario, before its first block. Without those that the scenario's
/// `allow_warnings` names.
[[nodiscard]] std::vector<Warning> find_warnings(
    const Scenario& scenario, const SimulationSetup& setup);

}  // namespace runnel::scenarios
