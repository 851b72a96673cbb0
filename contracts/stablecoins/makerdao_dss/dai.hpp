#pragma once

#include "contracts/kit/token_base.hpp"

#include <string>

namespace runnel::contracts
{

class MakerDss;

/// The Dai token (dai.sol; MKR's words differ, its sums do not): who joins and exits mints and
/// burns.
///
/// Errors: Dai/insufficient-balance, then Dai/insufficient-allowance; whoever moves or burns his
/// own needs none. Failure: as of every token. Not modelled: permit, and the list of wards: the
/// minter alone is one.
///
/// Dai that a scenario gives at block 0 is drawn from an urn of the system's own
/// (MakerDss::back_dai()).
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

    /// Makes it the dai of @p system, which calls this when it is connected.
    void join(MakerDss& system) noexcept { system_ = &system; }
    bool allocate(World& world, AccountId account, const Amount& value) override;
    [[nodiscard]] bool can_be_allocated() const override;

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    /// Asked by the system that this is the dai of, and by nobody else.
    Result<void> mint(CallContext& context, AccountId to, const Amount& amount);
    /// @p context has the caller, who needs an allowance.
    Result<void> burn(CallContext context, AccountId from, const Amount& amount);

    void declare_mint(AccessCollector& access, AccountId to) const;
    void declare_burn(AccessCollector& access, AccountId spender, AccountId from) const;

    using TokenBase::declare;
    using TokenBase::execute;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);

private:
    Result<void> take(CallContext& context, AccountId from, const Amount& amount);

    std::string symbol_;
    MakerDss* system_ = nullptr;
    Table<Amount> supply_;  // Record 0.
};

}  // namespace runnel::contracts
