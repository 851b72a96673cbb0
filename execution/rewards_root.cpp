#include "execution/rewards_root.hpp"

#include <cstdint>

namespace runnel
{

Hash rewards_root(std::span<const Reward> rewards, HashBatch& batch)
{
    for (const auto& reward : rewards)
    {
        encode(reward, batch.bytes());
        if (reward.kind != RewardKind::minted)
            encode(static_cast<std::uint8_t>(reward.kind), batch.bytes());
        batch.end_message();
    }
    const auto leaves = batch.take_leaves();
    return merkle_root({leaves.begin(), leaves.end()});
}

}  // namespace runnel
