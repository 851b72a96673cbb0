#include "contracts/kit/sectors/insurance.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

CoverProduct* find_cover_product(const World& world, ContractId id)
{
    return dynamic_cast<CoverProduct*>(world.find_contract(id));
}

ClaimsAssessment* find_claims_assessment(const World& world, ContractId id)
{
    return dynamic_cast<ClaimsAssessment*>(world.find_contract(id));
}

const CoverPool* find_cover_pool(const World& world, ContractId id)
{
    return dynamic_cast<const CoverPool*>(world.find_contract(id));
}

}  // namespace runnel::contracts
