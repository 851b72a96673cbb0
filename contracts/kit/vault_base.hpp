#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/vault.hpp"

#include <type_traits>

namespace runnel::contracts
{

/// What all vaults by ERC-4626 that are Tokens of their own shares say alike: @p Derived derives
/// from TokenBase and from this, and has these calls with ERC-4626's arguments.
template <typename Derived, typename Deposit, typename Mint, typename Withdraw, typename Redeem,
    typename Interface = Vault>
class VaultBase : public Interface
{
    static_assert(std::is_base_of_v<Vault, Interface>);

public:
    [[nodiscard]] const Contract& contract() const noexcept override { return self(); }
    [[nodiscard]] Amount share_balance(AccountId account) const override
    {
        return self().balance(account);
    }

    /// Of a vault that takes no fee.
    [[nodiscard]] Result<Amount> preview_deposit(
        const Amount& assets, std::uint64_t at) const override
    {
        return this->convert_to_shares(assets, at);
    }
    [[nodiscard]] Result<Amount> preview_redeem(
        const Amount& shares, std::uint64_t at) const override
    {
        return this->convert_to_assets(shares, at);
    }

    /// Of a vault whose calls charge nothing beyond their figures.
    [[nodiscard]] CallGas gas_of(VaultAction action) const noexcept override
    {
        switch (action)
        {
            case VaultAction::deposit: return {Deposit::gas, 0};
            case VaultAction::mint: return {Mint::gas, 0};
            case VaultAction::withdraw: return {Withdraw::gas, 0};
            case VaultAction::redeem: return {Redeem::gas, 0};
        }
        return {};
    }
    void add_deposit(CallWriter& calls, const Amount& assets, AccountId receiver) const override
    {
        calls.add(self().id(), Deposit{assets, receiver});
    }
    void add_mint(CallWriter& calls, const Amount& shares, AccountId receiver) const override
    {
        calls.add(self().id(), Mint{shares, receiver});
    }
    void add_withdraw(
        CallWriter& calls, const Amount& assets, AccountId receiver, AccountId owner) const override
    {
        calls.add(self().id(), Withdraw{assets, receiver, owner});
    }
    void add_redeem(
        CallWriter& calls, const Amount& shares, AccountId receiver, AccountId owner) const override
    {
        calls.add(self().id(), Redeem{shares, receiver, owner});
    }

private:
    [[nodiscard]] const Derived& self() const noexcept
    {
        return static_cast<const Derived&>(*this);
    }
};

}  // namespace runnel::contracts
