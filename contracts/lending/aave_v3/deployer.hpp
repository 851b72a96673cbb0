#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/lending/aave_v3/interest_rate_strategy.hpp"

namespace runnel::contracts::aave_v3
{

/// A token that a deployed pool lends, and its rates.
struct ReserveConstructor
{
    ContractId asset{};
    Amount optimal_usage_ratio;
    Amount base_variable_borrow_rate;
    Amount variable_rate_slope1;
    Amount variable_rate_slope2;
    RUNNEL_FIELDS(asset, (optimal_usage_ratio, ray), (base_variable_borrow_rate, ray),
        (variable_rate_slope1, ray), (variable_rate_slope2, ray));

    [[nodiscard]] InterestRateStrategy strategy() const;
};

using ReserveConstructors = ShortList<ReserveConstructor, 16>;

struct PoolConstructor
{
    ContractId oracle{};
    AccountId treasury{};
    AccountId admin{};
    ReserveConstructors reserves;
    RUNNEL_FIELDS(oracle, treasury, admin, reserves);
};

/// Deploys a pool whose admin is the caller, with up to 16 reserves as initReserve leaves them.
struct DeployPool
{
    RUNNEL_CALL("deployPool", 0, 50'000);

    ContractId oracle{};
    AccountId treasury{};
    ReserveConstructors reserves;
    RUNNEL_FIELDS(oracle, treasury, reserves);
};

/// What a pool costs, and each of its reserves (three proxies and their initialisation). An
/// assumption from the sizes of the code, not a recording.
inline constexpr std::uint64_t pool_deployment_gas = 600'000;
inline constexpr std::uint64_t reserve_deployment_gas = 1'100'000;

}  // namespace runnel::contracts::aave_v3

namespace runnel::contracts
{

/// Stands for the transactions that deploy a market of Aave v3 on Ethereum (provider, pool,
/// configurator, tokens), which is one here. The pool's address is the one that CREATE gives from
/// the sender and the transaction's nonce. Its admin configures it by the pool's own calls.
///
/// Errors: `83` for an optimal usage above 1 or of 0; of the ledger, for an oracle that is no price
/// source, a reserve that is no token or is there twice, or a second creation in one transaction.
class AaveV3Deployer : public ContractBase<AaveV3Deployer, aave_v3::DeployPool>
{
public:
    using ContractBase::ContractBase;

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const aave_v3::DeployPool& call, AccountId sender, AccessCollector& access) const;
    /// Returns the pool's address.
    Result<Returns> execute(const aave_v3::DeployPool& call, CallContext& context);
};

}  // namespace runnel::contracts
