#pragma once

#include "contracts/kit/contract_base.hpp"

#include <cstdint>
#include <string_view>

namespace runnel::contracts
{

/// Which deployed code a token copies: how it words its refusals, in which order it checks, and
/// which events it emits. The sums are the same.
enum class TokenFlavour : std::uint8_t
{
    openzeppelin5,  // Custom errors: `ERC20InsufficientBalance(sender, balance, needed)`.
    openzeppelin4,  // Reasons: `ERC20: transfer amount exceeds balance`.
    uniswap,        // ds-math: `ds-math-sub-underflow`; zero addresses are not special.
    weth9,          // No reasons; the balance before the allowance, which one's own needs none.
};

/// Refuses accounts that do not exist: ids in calls are hostile.
///
/// Whoever a transaction names by address is an account from then on (state/references.hpp).
[[nodiscard]] Result<void> require_account(const World& world, AccountId account);

/// Who owns and who may spend how much of one ERC-20 token: what every token contract has in
/// common.
///
/// Units: the token's smallest unit. Rounding: none, there is no division.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Source: OpenZeppelin Contracts 5.x and 4.9 `ERC20.sol`, Uniswap v2-core `UniswapV2ERC20.sol`,
/// canonical-weth `WETH9.sol`.
class TokenBook
{
public:
    /// @param token  The contract that emits the events.
    /// @param name   Put before the tables' names.
    TokenBook(ContractId token, std::string_view name, TokenFlavour flavour);

    /// Moves @p value from @p from to @p to; emits Transfer. To oneself is legal.
    ///
    /// Errors, in this order:
    ///  - openzeppelin5: ERC20InvalidSender(0), ERC20InvalidReceiver(0),
    ///    ERC20InsufficientBalance(from, balance, value);
    ///  - openzeppelin4: ERC20: transfer from the zero address, ERC20: transfer to the zero
    ///    address, ERC20: transfer amount exceeds balance;
    ///  - uniswap: ds-math-sub-underflow; weth9: no reason.
    Result<void> transfer(CallContext& context, AccountId from, AccountId to, const Amount& value);

    /// Sets what @p spender may take from @p owner; emits Approval.
    ///
    /// Errors: ERC20InvalidApprover(0), ERC20InvalidSpender(0); ERC20: approve from the zero
    /// address, ERC20: approve to the zero address; none in flavour uniswap.
    Result<void> approve(
        CallContext& context, AccountId owner, AccountId spender, const Amount& value);

    /// Takes @p value off the allowance of the caller, unless that is 2^256-1, then moves it as
    /// transfer() does. Flavour openzeppelin4 emits Approval for the rest of the allowance.
    ///
    /// Errors: ERC20InsufficientAllowance(spender, allowance, value), ERC20: insufficient
    /// allowance, or ds-math-sub-underflow; the errors of approve() where the allowance is not
    /// 2^256-1; those of transfer(). Flavour weth9: nothing but no reason, for want of balance or
    /// allowance alike; whoever moves his own tokens needs no allowance.
    Result<void> transfer_from(
        CallContext& context, AccountId from, AccountId to, const Amount& value);

    /// The first half of transfer_from().
    Result<void> spend_allowance(CallContext& context, AccountId from, const Amount& value);

    /// Creates @p value for @p to and adds it to @p supply; emits Transfer from the zero account.
    ///
    /// Errors: ERC20InvalidReceiver(0), ERC20: mint to the zero address; Panic(0x11) if the supply
    /// would pass 2^256-1, ds-math-add-overflow in flavour uniswap, which may mint to zero.
    Result<void> mint(CallContext& context, Amount& supply, AccountId to, const Amount& value);

    /// Destroys @p value of @p from; emits Transfer to the zero account.
    ///
    /// Errors: ERC20InvalidSender(0), ERC20: burn from the zero address;
    /// ERC20InsufficientBalance(..), ERC20: burn amount exceeds balance, ds-math-sub-underflow.
    Result<void> burn(CallContext& context, Amount& supply, AccountId from, const Amount& value);

    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const;
    void declare_approve(AccessCollector& access, AccountId owner, AccountId spender) const;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const;
    /// Of the holder whose balance a burn takes from, or a call looks at.
    void declare_balance(AccessCollector& access, AccountId holder) const;
    /// Of the holder whose balance a mint adds to.
    void declare_credit(AccessCollector& access, AccountId holder) const;

    /// Whether a transfer of @p value by the caller would be refused for want of balance,
    /// allowance.
    [[nodiscard]] bool lacks_funds(CallContext& context, AccountId from, const Amount& value) const;
    [[nodiscard]] bool lacks_allowance(
        CallContext& context, AccountId from, const Amount& value) const;

    [[nodiscard]] TokenFlavour flavour() const noexcept { return flavour_; }
    /// Of OpenZeppelin's tokens alone.
    [[nodiscard]] bool minds_zero_account() const noexcept
    {
        return flavour_ == TokenFlavour::openzeppelin5 || flavour_ == TokenFlavour::openzeppelin4;
    }

    Table<Amount> balances;    // By account; weighs +1 in the conservation law.
    Table<Amount> allowances;  // By pair_key(owner, spender).

private:
    Result<void> debit(Amount& balance, AccountId from, const Amount& value,
        std::string_view openzeppelin4_reason) const;

    ContractId token_;
    TokenFlavour flavour_;
};

}  // namespace runnel::contracts
