#pragma once

#include "ledger/block.hpp"
#include "scenarios/world_state.hpp"
#include "storage/rows.hpp"

#include <span>
#include <string>

namespace runnel::scenarios
{

/// What another scenario can start from.
struct StateExport
{
    std::string scenario;  // TOML; names the files of the state as FILE.csv beside it.
    WorldState state;
};

/// A chain's state at the end of a block, and a scenario that starts from it: the same tokens,
/// contracts (those that transactions have deployed too), agents and chain, with nothing else in
/// their wallets; the time and the base fee of the block, and the blocks that were left. Prices of
/// a model with a start go on from the block's, others are @p prices themselves. Events, scripts
/// and positions are left out.
///
/// Errors: a contract that was deployed and that a scenario cannot name.
[[nodiscard]] tl::expected<StateExport, ScenarioError> export_state(const World& world,
    const Scenario& scenario, const BlockHeader& block,
    std::span<const storage::ReferencePriceRow> prices);

}  // namespace runnel::scenarios
