#pragma once

#include "contracts/vaults/erc4626/erc4626.hpp"

namespace runnel::contracts
{

/// Deploys a vault for a token.
struct DeployVault
{
    RUNNEL_CALL("deployVault", 0, 50'000);

    ContractId asset{};
    std::uint8_t decimals_offset = 0;
    RUNNEL_FIELDS(asset, decimals_offset);
};

/// What a vault's code costs: 200 gas a byte of some 5,000, the creation and its constructor. An
/// assumption of the size of OpenZeppelin's, not a recording.
inline constexpr std::uint64_t vault_deployment_gas = 1'100'000;

/// Stands for transactions without a recipient, whose code is a vault's, as Erc20Deployer does for
/// tokens. Shares are called after the asset: vUSDC.
///
/// Errors: of the ledger, for an asset that is no token, an offset above decimals_offset_max, or a
/// second creation in one transaction.
class Erc4626Deployer : public ContractBase<Erc4626Deployer, DeployVault>
{
public:
    using ContractBase::ContractBase;

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const DeployVault& call, AccountId sender, AccessCollector& access) const;
    /// Returns the vault's address.
    Result<Returns> execute(const DeployVault& call, CallContext& context);
};

}  // namespace runnel::contracts
