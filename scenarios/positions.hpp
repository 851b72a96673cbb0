#pragma once

#include "scenarios/genesis.hpp"

namespace runnel::scenarios
{

/// Gives every account of a [positions] table its collateral and adds the transaction of block 0
/// that supplies it and takes the loan, at the market's prices. Notes in @p genesis which position
/// each transaction is of.
///
/// Gives others the tokens of a pool, and adds the transaction that provides it with them, or lets
/// a contract spend theirs.
///
/// Errors: a market that does not list a token, or has no price for it; a token that cannot be
/// given; a pool without liquidity.
[[nodiscard]] std::optional<ScenarioError> add_positions(
    Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario);

}  // namespace runnel::scenarios
