#include "contracts/kit/sectors/share_asset.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const ShareAsset* find_share_asset(const World& world, ContractId id)
{
    return dynamic_cast<const ShareAsset*>(world.find_contract(id));
}

}  // namespace runnel::contracts
