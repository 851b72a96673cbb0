#include "contracts/vaults/erc4626/deployer.hpp"

#include "contracts/kit/creation.hpp"
#include "contracts/kit/registration.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

const ContractType& Erc4626Deployer::contract_type()
{
    static const ContractType type{.kind = "erc4626_deployer",
        .help = "Deploys ERC-4626 vaults in the middle of a run.",
        .role = ContractRole::ledger,
        .sectors = {deployer_sector},
        .methods = methods(),
        .events = {},
        .parameters = {},
        .create = creator<Erc4626Deployer>([](const Parameters&) { return std::tuple{}; }),
        .deploys = {&Erc4626Vault::contract_type()}};
    return type;
}

void Erc4626Deployer::declare(const DeployVault&, AccountId, AccessCollector& access) const
{
    access.deploys();
}

Result<Returns> Erc4626Deployer::execute(const DeployVault& call, CallContext& context)
{
    RUNNEL_TRY(context.charge_gas(vault_deployment_gas));
    Bytes arguments;
    encode(erc4626::Constructor{call.asset, call.decimals_offset}, arguments);
    const auto address = creation_address(context);
    RUNNEL_TRY(context.deploy(Erc4626Vault::contract_type(), *this, address, std::move(arguments)));
    return Returns{as_word(address)};
}

}  // namespace runnel::contracts
