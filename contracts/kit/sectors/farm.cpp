#include "contracts/kit/sectors/farm.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Farm* find_farm(const World& world, ContractId id)
{
    return dynamic_cast<const Farm*>(world.find_contract(id));
}

void snapshot_farm(const Farm& farm, SnapshotContext& context)
{
    const FarmTime at{context.block().timestamp, context.block().number};
    for (std::size_t i = 0; i < farm.pool_count(); ++i)
    {
        const auto pool = farm.pool(i, at);
        for (const auto& reward : pool.rewards)
        {
            context.emit(farm.contract().id(),
                FarmPoolRow{static_cast<std::uint32_t>(i), pool.staked_token, reward.token,
                    pool.total_staked, reward.rate, reward.clock});
        }
    }
}

}  // namespace runnel::contracts
