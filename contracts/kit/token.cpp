#include "contracts/kit/token.hpp"

#include "ledger/check.hpp"
#include "state/world.hpp"

namespace runnel::contracts
{

Token* find_token(const World& world, ContractId id)
{
    return dynamic_cast<Token*>(world.find_contract(id));
}

Token& token_at(const World& world, ContractId id)
{
    auto* token = find_token(world, id);
    RUNNEL_CHECK(token != nullptr);
    return *token;
}

}  // namespace runnel::contracts
