#pragma once

#include "actors/simulation.hpp"
#include "scenarios/genesis.hpp"
#include "storage/ledger_writer.hpp"

namespace runnel::scenarios
{

/// What a database says about itself: everything that determines the chain.
[[nodiscard]] storage::Manifest make_manifest(const Scenario& scenario);

/// What must have written a checkpoint for it to be readable: Runnel's version and its layout.
[[nodiscard]] std::string checkpoint_version();

/// How the scenario's proposers choose and order transactions.
/// How those of the scenario's network who have a way of their own fill their blocks.
[[nodiscard]] MakerConducts maker_conducts(const Scenario& scenario, const Genesis& genesis);
[[nodiscard]] MempoolOptions mempool_options(const Scenario& scenario, const Genesis& genesis);

/// When the wallets of a group decide nothing.
[[nodiscard]] std::vector<AgentGroupSetup::Stop> stops_of(
    const Scenario& scenario, const std::string& group);

/// What a group's parameters become, and when.
[[nodiscard]] std::vector<AgentGroupSetup::Change> changes_of(
    const Scenario& scenario, const std::string& group);

/// The validators' weights in the chain's own unit, gwei.
[[nodiscard]] std::vector<ValidatorStake> validator_stakes(const Genesis& genesis);

/// What makes the chain of a scenario in which a network does; empty where proposers are drawn.
[[nodiscard]] std::function<std::unique_ptr<ConsensusEngine>(ShardRunner&, std::uint32_t shards)>
engine_of(const Scenario& scenario);

/// How a ledger follows that engine.
[[nodiscard]] ChainSchedule::Options schedule_options(
    const Scenario& scenario, const Genesis& genesis);

/// Builds the world, executes block 0 and puts together everything the actors need.
[[nodiscard]] tl::expected<SimulationSetup, ScenarioError> make_simulation(
    const Scenario& scenario);

}  // namespace runnel::scenarios
