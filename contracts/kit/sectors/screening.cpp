#include "contracts/kit/sectors/screening.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const ScreeningBook* find_screening_book(const World& world, ContractId id)
{
    return dynamic_cast<const ScreeningBook*>(world.find_contract(id));
}

const AccountFreezer* find_account_freezer(const World& world, ContractId id)
{
    return dynamic_cast<const AccountFreezer*>(world.find_contract(id));
}

}  // namespace runnel::contracts
