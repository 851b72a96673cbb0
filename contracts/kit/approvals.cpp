#include "contracts/kit/approvals.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

void add_approval(CallWriter& calls, const World& world, ContractId token, AccountId owner,
    AccountId spender, const Amount& amount)
{
    if (token_at(world, token).allowances().get(pair_key(owner, spender)) < amount)
        calls.add(token, Erc20Approve{spender, Amount::max()});
}

}  // namespace runnel::contracts
