#include "contracts/kit/sectors/marketplace.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Marketplace* find_marketplace(const World& world, ContractId id)
{
    return dynamic_cast<const Marketplace*>(world.find_contract(id));
}

}  // namespace runnel::contracts
