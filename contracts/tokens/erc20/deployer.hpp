#pragma once

#include "contracts/tokens/erc20/erc20.hpp"

namespace runnel::contracts
{

/// Deploys a token with a first supply.
struct DeployToken
{
    RUNNEL_CALL("deployToken", 0, 50'000);

    Hash symbol;  // Text, filled up with zeros.
    std::uint8_t decimals = 18;
    AccountId minter{};  // The zero account: nobody.
    AccountId to{};
    Amount supply;
    RUNNEL_FIELDS(symbol, decimals, minter, to, (supply, other("the token's smallest unit")));
};

/// What a token's code costs: 200 gas a byte of some 3,000, the creation and its constructor. An
/// assumption of the size of OpenZeppelin's, not a recording.
inline constexpr std::uint64_t token_deployment_gas = 700'000;

/// Stands for transactions without a recipient, whose code is a token's: there is no such contract
/// on Ethereum. The token's address is the one that CREATE gives from the sender and the
/// transaction's nonce.
///
/// Errors: of the ledger, for a symbol that is no text, more than 36 decimals, or a second creation
/// in one transaction; of the token, for a first holder that cannot be.
class Erc20Deployer : public ContractBase<Erc20Deployer, DeployToken>
{
public:
    using ContractBase::ContractBase;

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const DeployToken& call, AccountId sender, AccessCollector& access) const;
    /// Returns the token's address.
    Result<Returns> execute(const DeployToken& call, CallContext& context);
};

}  // namespace runnel::contracts
