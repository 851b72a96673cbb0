#include "contracts/kit/sectors/vault.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

const Vault* find_vault(const World& world, ContractId id)
{
    return dynamic_cast<const Vault*>(world.find_contract(id));
}

const ReportingVault* find_reporting_vault(const World& world, ContractId id)
{
    return dynamic_cast<const ReportingVault*>(world.find_contract(id));
}

void snapshot_vault(const Vault& vault, SnapshotContext& context)
{
    const auto id = vault.contract().id();
    const auto at = context.block().timestamp;
    context.emit(id, VaultRow{vault.asset(), id, vault.total_assets(at), vault.share_supply(at)});
}

}  // namespace runnel::contracts
