#pragma once

#include "tools/replay/replay.hpp"

namespace runnel::replay
{

/// Recordings of Synthetix' StakingRewards: header `"protocol":"synthetix-staking-rewards"`.
[[nodiscard]] Protocol staking_rewards_protocol();

}  // namespace runnel::replay
