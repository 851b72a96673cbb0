#pragma once

#include "contracts/kit/token_base.hpp"

#include <cstdint>

namespace runnel::contracts
{

/// Creates tokens; only the minter may.
struct Erc20Mint
{
    RUNNEL_CALL("mint", 3, 15'400);

    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, (value, smallest_unit));
};

/// Destroys tokens: the minter anybody's, a holder only its own.
struct Erc20Burn
{
    RUNNEL_CALL("burn", 4, 15'400);

    AccountId from{};
    Amount value;
    RUNNEL_FIELDS(from, (value, smallest_unit));
};

/// What a token keeps beside balances and allowances.
struct Erc20State
{
    Amount total_supply;
    AccountId minter{};  // The zero account: nobody.
    RUNNEL_FIELDS((total_supply, smallest_unit), minter);
};

/// A plain ERC-20 token: no fee on transfer, no rebasing, no hooks, no blocklist.
///
/// Conservation: the sum of all balances is the supply, after every call.
/// Errors: those of TokenBook, by flavour. Mint and burn by another than the minter are refused as
/// the flavour's access control does: OwnableUnauthorizedAccount(sender), `Ownable: caller is not
/// the owner`, or `UniswapV2: FORBIDDEN`.
class Erc20 : public TokenBase<Erc20, Erc20Mint, Erc20Burn>
{
public:
    Erc20(ContractIdentity identity, TokenInfo info, TokenFlavour flavour,
        AccountId minter = zero_account);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return info_; }
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// Gives @p value to @p account at genesis, out of nothing: balance and supply grow, no event
    /// is emitted. A bug if the supply would pass 2^256-1: the loader checks scenarios.
    void allocate(AccountId account, const Amount& value);

    [[nodiscard]] const Amount& total_supply() const noexcept { return state_.get(0).total_supply; }
    [[nodiscard]] AccountId minter() const noexcept { return state_.get(0).minter; }
    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const Erc20Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20Burn& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Erc20Mint& call, CallContext& context);
    Result<Returns> execute(const Erc20Burn& call, CallContext& context);

private:
    [[nodiscard]] Refusal not_minter(AccountId sender) const noexcept;

    TokenInfo info_;
    Table<Erc20State> state_;  // Record 0.
};

}  // namespace runnel::contracts
