#include "contracts/tokens/erc20/deployer.hpp"

#include "contracts/kit/creation.hpp"
#include "contracts/kit/registration.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

const ContractType& Erc20Deployer::contract_type()
{
    static const ContractType type{.kind = "erc20_deployer",
        .help = "Deploys ERC-20 tokens in the middle of a run.",
        .role = ContractRole::ledger,
        .sectors = {deployer_sector},
        .methods = methods(),
        .events = {},
        .parameters = {},
        .create = creator<Erc20Deployer>([](const Parameters&) { return std::tuple{}; }),
        .deploys = {&Erc20::contract_type()}};
    return type;
}

void Erc20Deployer::declare(const DeployToken&, AccountId, AccessCollector& access) const
{
    access.deploys();
}

Result<Returns> Erc20Deployer::execute(const DeployToken& call, CallContext& context)
{
    RUNNEL_TRY(context.charge_gas(token_deployment_gas));
    Bytes arguments;
    encode(Erc20Constructor{call.symbol, call.decimals}, arguments);
    const auto address = creation_address(context);
    auto* made =
        RUNNEL_TRY(context.deploy(Erc20::contract_type(), *this, address, std::move(arguments)));
    RUNNEL_TRY(static_cast<Erc20&>(*made).initialize(context, call.minter, call.to, call.supply));
    return Returns{as_word(address)};
}

}  // namespace runnel::contracts
