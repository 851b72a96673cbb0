#pragma once

#include "contracts/kit/token.hpp"
#include "contracts/kit/token_book.hpp"

#include <optional>
#include <utility>

namespace runnel::contracts
{

/// What every contract that is an ERC-20 token has in common, be it a plain token or the shares of
/// a pool or a vault: transfer, approve and transferFrom with their numbers 0 to 2, the tables
/// behind them, and the interface Token. Derived adds @p Calls, numbered from 3, as for
/// ContractBase, and mints and burns through book_.
///
/// Units, rounding, errors: those of TokenBook. The record that holds the supply is Derived's own
/// and weighs -1 in the conservation law.
template <typename Derived, typename... Calls>
class TokenBase
  : public ContractBase<Derived, Erc20Transfer, Erc20Approve, Erc20TransferFrom, Calls...>,
    public Token
{
    using Base = ContractBase<Derived, Erc20Transfer, Erc20Approve, Erc20TransferFrom, Calls...>;

public:
    TokenBase(ContractIdentity identity, TokenFlavour flavour)
      : Base{std::move(identity)}, book_{this->id(), this->name(), flavour}
    {
        keep_balances_in(book_.balances);
        this->add_table(book_.balances);
        this->add_table(book_.allowances);
    }

    [[nodiscard]] const Table<Amount>& allowances() const final { return book_.allowances; }
    [[nodiscard]] const Amount& balance(AccountId account) const noexcept
    {
        return book_.balances.get(account);
    }
    [[nodiscard]] const Amount& allowance(AccountId owner, AccountId spender) const noexcept
    {
        return book_.allowances.get(pair_key(owner, spender));
    }

    [[nodiscard]] std::optional<Amount> balance_of(
        CallContext& context, AccountId account) const final
    {
        return context.read(book_.balances, account);
    }

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override
    {
        return book_.transfer(context, context.sender(), to, amount);
    }
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override
    {
        return book_.transfer_from(context, from, to, amount);
    }
    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override
    {
        book_.declare_transfer(access, from, to);
    }
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override
    {
        book_.declare_transfer_from(access, spender, from, to);
    }

    using Base::declare;
    using Base::execute;
    void declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const
    {
        book_.declare_transfer(access, sender, call.to);
    }
    void declare(const Erc20Approve& call, AccountId sender, AccessCollector& access) const
    {
        book_.declare_approve(access, sender, call.spender);
    }
    void declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const
    {
        book_.declare_transfer_from(access, sender, call.from, call.to);
    }
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context)
    {
        RUNNEL_TRY(book_.transfer(context, context.sender(), call.to, call.value));
        return Returns{1};
    }
    Result<Returns> execute(const Erc20Approve& call, CallContext& context)
    {
        RUNNEL_TRY(book_.approve(context, context.sender(), call.spender, call.value));
        return Returns{1};
    }
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context)
    {
        RUNNEL_TRY(transfer_from(context, call.from, call.to, call.value));
        return Returns{1};
    }

protected:
    TokenBook book_;
};

}  // namespace runnel::contracts
