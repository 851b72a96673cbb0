#pragma once

#include "contracts/kit/token.hpp"

namespace runnel::contracts
{

/// Adds the call by which @p owner lets @p spender move all he has, unless he lets him move
/// @p amount already.
void add_approval(CallWriter& calls, const World& world, ContractId token, AccountId owner,
    AccountId spender, const Amount& amount);

}  // namespace runnel::contracts
