#include "contracts/lending/aave_v3/deployer.hpp"

#include "contracts/kit/creation.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/lending/aave_v3/errors.hpp"
#include "contracts/lending/aave_v3/math.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

using namespace aave_v3;

InterestRateStrategy ReserveConstructor::strategy() const
{
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = optimal_usage_ratio;
    strategy.base_variable_borrow_rate = base_variable_borrow_rate;
    strategy.variable_rate_slope1 = variable_rate_slope1;
    strategy.variable_rate_slope2 = variable_rate_slope2;
    strategy.optimal_stable_to_total_debt_ratio = ray;
    return strategy;
}

const ContractType& AaveV3Deployer::contract_type()
{
    static const ContractType type{.kind = "aave_v3_deployer",
        .help = "Deploys lending pools of Aave v3 in the middle of a run.",
        .role = ContractRole::ledger,
        .sectors = {deployer_sector},
        .methods = methods(),
        .events = {},
        .parameters = {},
        .create = creator<AaveV3Deployer>([](const Parameters&) { return std::tuple{}; }),
        .deploys = {&AaveV3Pool::contract_type()}};
    return type;
}

void AaveV3Deployer::declare(const DeployPool&, AccountId, AccessCollector& access) const
{
    access.deploys();
}

Result<Returns> AaveV3Deployer::execute(const DeployPool& call, CallContext& context)
{
    RUNNEL_TRY(
        context.charge_gas(pool_deployment_gas + reserve_deployment_gas * call.reserves.size()));
    for (const auto& reserve : call.reserves)
    {
        RUNNEL_REQUIRE(reserve.optimal_usage_ratio <= ray && !reserve.optimal_usage_ratio.is_zero(),
            Refusal::error(errors::invalid_optimal_usage_ratio));
    }
    Bytes arguments;
    encode(PoolConstructor{call.oracle, call.treasury, context.sender(), call.reserves}, arguments);
    const auto address = creation_address(context);
    auto* made = RUNNEL_TRY(
        context.deploy(AaveV3Pool::contract_type(), *this, address, std::move(arguments)));
    static_cast<AaveV3Pool&>(*made).initialize(context);
    return Returns{as_word(address)};
}

}  // namespace runnel::contracts
