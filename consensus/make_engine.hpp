#pragma once

#include "consensus/engine.hpp"
#include "consensus/network/gossip.hpp"
#include "consensus/network/network.hpp"
#include "consensus/setup.hpp"

#include <memory>
#include <optional>

namespace runnel
{

/// The engine that a scenario names, with the network and its faults; nullptr: it names none that
/// has a network. What becomes of it does not depend on @p shards and @p runner, which must outlive
/// it.
[[nodiscard]] std::unique_ptr<ConsensusEngine> make_engine(
    const ConsensusSetup& setup, std::uint64_t seed, std::uint32_t shards, ShardRunner& runner);

/// How transactions get to those who make blocks; empty where all know at once what waits.
[[nodiscard]] std::optional<TransactionGossip> make_gossip(
    const ConsensusSetup& setup, std::uint64_t seed);

}  // namespace runnel
