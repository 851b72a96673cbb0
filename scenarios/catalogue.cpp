#include "contracts/registry.hpp"
#include "scenarios/scenario.hpp"
#include "strategies/registry.hpp"

namespace runnel::scenarios
{

Catalogue standard_catalogue()
{
    return {contracts::contract_types(), strategies::strategy_types()};
}

}  // namespace runnel::scenarios
