#pragma once

#include "consensus/engine.hpp"
#include "consensus/network/network.hpp"
#include "consensus/pow/options.hpp"

#include <cstdint>
#include <memory>

namespace runnel
{

/// Agreement by proof of work: `nodes` of them, those of options.groups first.
///
/// The reference node is the first one that only relays and never fails; without one the first
/// honest miner that never fails. Each step of its chain adds at most one block, with the reward of
/// its maker: what is reverted takes its rewards along.
///
/// The difficulty rule, withheld blocks, bits and nonces are in the blocks; check_pow() checks a
/// stored chain of them. `refused` has what the reference node received and did not adopt, and what
/// it reverted; either may be added later. A block is final only with options.final_after.
///
/// @p runner must outlive it.
[[nodiscard]] std::unique_ptr<ConsensusEngine> make_pow_engine(const PowOptions& options,
    const NetworkModel& model, std::uint32_t nodes, std::uint64_t seed, std::uint32_t shards,
    ShardRunner& runner);

}  // namespace runnel
