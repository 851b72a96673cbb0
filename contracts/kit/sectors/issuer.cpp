#include "contracts/kit/sectors/issuer.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Issuer* find_issuer(const World& world, ContractId id)
{
    return dynamic_cast<const Issuer*>(world.find_contract(id));
}

}  // namespace runnel::contracts
