#include "contracts/kit/token.hpp"

#include "ledger/check.hpp"
#include "state/world.hpp"

namespace runnel::contracts
{

Amount Token::computed_holding(CallContext&, AccountId) const
{
    check_failed("a token says where its balances are, or what", __FILE__, __LINE__);
}

Amount Token::computed_holding(AccountId) const
{
    check_failed("a token says where its balances are, or what", __FILE__, __LINE__);
}

void Token::declare_computed_holding(AccessCollector&, AccountId) const
{
    check_failed("a token says where its balances are, or what", __FILE__, __LINE__);
}

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
