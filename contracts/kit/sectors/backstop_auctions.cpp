#include "contracts/kit/sectors/backstop_auctions.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const BackstopAuctions* find_backstop_auctions(const World& world, ContractId id)
{
    return dynamic_cast<const BackstopAuctions*>(world.find_contract(id));
}

}  // namespace runnel::contracts
