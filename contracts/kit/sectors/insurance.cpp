#include "contracts/kit/sectors/insurance.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{
namespace
{
Refusal not_assessed()
{
    return Refusal::error("CoverProduct: not assessed");
}
}  // namespace

Result<std::uint64_t> CoverProduct::start_assessment(CallContext, AccountId, const Amount&)
{
    return fail(not_assessed());
}

Result<bool> CoverProduct::outcome(CallContext&, std::uint64_t)
{
    return fail(not_assessed());
}

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
