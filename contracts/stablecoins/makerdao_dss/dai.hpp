#pragma once

#include "contracts/kit/token_base.hpp"

#include <string>

namespace runnel::contracts
{

/// The Dai token (dai.sol; MKR's words differ, its sums do not): who joins and exits mints and
/// burns.
///
/// Errors: Dai/insufficient-balance, then Dai/insufficient-allowance; whoever moves or burns his
/// own needs none. Failure: as of every token. Not modelled: permit, and the list of wards: the
/// minter alone is one.
class Dai : public TokenBase<Dai>
{
public:
    Dai(ContractIdentity identity, std::string symbol);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override
    {
        return TokenInfo{symbol_, 18};
    }
    [[nodiscard]] const Amount& total_supply() const noexcept { return supply_.get(0); }

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    /// Asked by the system that this is the dai of, and by nobody else.
    Result<void> mint(CallContext& context, AccountId to, const Amount& amount);
    /// @p context has the caller, who needs an allowance.
    Result<void> burn(CallContext context, AccountId from, const Amount& amount);

    using TokenBase::declare;
    using TokenBase::execute;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);

private:
    Result<void> take(CallContext& context, AccountId from, const Amount& amount);

    std::string symbol_;
    Table<Amount> supply_;  // Record 0.
};

}  // namespace runnel::contracts
