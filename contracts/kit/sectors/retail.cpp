#include "contracts/kit/sectors/retail.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Retail* find_retail(const World& world, ContractId id)
{
    return dynamic_cast<const Retail*>(world.find_contract(id));
}

}  // namespace runnel::contracts
