#include "contracts/kit/token_book.hpp"

#include "contracts/kit/gas.hpp"
#include "contracts/kit/token.hpp"
#include "state/world.hpp"

#include <string>

namespace runnel::contracts
{
namespace
{
// What is used by then: a call that moves tokens and is refused later on pays for it.
constexpr std::uint64_t transfer_gas = 10'000;
constexpr std::uint64_t to_oneself_saves = 7'600;  // And a call that makes it costs less.
constexpr std::uint64_t of_nothing_saves = 5'600;
constexpr std::uint64_t of_everything_saves = 4'800;
constexpr std::uint64_t allowance_gas = 2'600;        // Read,
constexpr std::uint64_t spend_allowance_gas = 3'100;  // and written.
constexpr std::uint64_t mint_gas = 13'000;
constexpr std::uint64_t burn_gas = 12'000;

/// Each flavour's word for one and the same rule.
Refusal zero_account_refusal(
    TokenFlavour flavour, std::string_view openzeppelin5, std::string_view openzeppelin4)
{
    return flavour == TokenFlavour::openzeppelin5
               ? Refusal::custom(openzeppelin5).with(zero_account)
               : Refusal::error(openzeppelin4);
}

bool is_known(const World& world, AccountId account) noexcept
{
    return index(account) < world.account_count();
}
}  // namespace

Result<void> require_account(const World& world, AccountId account)
{
    RUNNEL_REQUIRE(is_known(world, account), Refusal::ledger("no such account"));
    return {};
}

TokenBook::TokenBook(ContractId token, std::string_view name, TokenFlavour flavour)
  : balances{std::string{name} + ".balances", KeyOf::account},
    allowances{std::string{name} + ".allowances", KeyOf::account_pair},
    token_{token},
    flavour_{flavour}
{
    balances.set_conservation_weight(1);
}

Result<void> TokenBook::debit(Amount& balance, AccountId from, const Amount& value,
    std::string_view openzeppelin4_reason) const
{
    if (balance < value) [[unlikely]]
    {
        switch (flavour_)
        {
            case TokenFlavour::openzeppelin5:
                return fail(Refusal::custom("ERC20InsufficientBalance")
                                .with(from)
                                .with(balance)
                                .with(value));
            case TokenFlavour::openzeppelin4: return fail(openzeppelin4_reason);
            case TokenFlavour::uniswap: return fail("ds-math-sub-underflow");
            case TokenFlavour::weth9: return fail(Refusal::empty());
        }
    }
    balance = wrapping_sub(balance, value);
    return {};
}

bool TokenBook::lacks_funds(CallContext& context, AccountId from, const Amount& value) const
{
    return context.read(balances, from) < value;
}

bool TokenBook::lacks_allowance(CallContext& context, AccountId from, const Amount& value) const
{
    // 2^256-1 is never used up, and enough for every value.
    return context.read(allowances, pair_key(from, context.sender())) < value;
}

Result<void> TokenBook::transfer(
    CallContext& context, AccountId from, AccountId to, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    if (minds_zero_account())
    {
        RUNNEL_REQUIRE(from != zero_account, zero_account_refusal(flavour_, "ERC20InvalidSender",
                                                 "ERC20: transfer from the zero address"));
        RUNNEL_REQUIRE(to != zero_account, zero_account_refusal(flavour_, "ERC20InvalidReceiver",
                                               "ERC20: transfer to the zero address"));
    }
    auto& balance = context.write(balances, from);
    RUNNEL_TRY(debit(balance, from, value, "ERC20: transfer amount exceeds balance"));
    const auto saved = from == to          ? to_oneself_saves
                       : value.is_zero()   ? of_nothing_saves
                       : balance.is_zero() ? of_everything_saves
                                           : 0;
    // Cannot overflow: all balances together are the supply, which fits.
    context.credit(balances, to, value);
    context.emit(token_, TransferLog{from, to, value});
    context.save_gas(saved);
    context.use_gas(transfer_gas - saved);
    return {};
}

Result<void> TokenBook::approve(
    CallContext& context, AccountId owner, AccountId spender, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), owner));
    RUNNEL_TRY(require_account(context.world(), spender));
    if (minds_zero_account())
    {
        RUNNEL_REQUIRE(owner != zero_account, zero_account_refusal(flavour_, "ERC20InvalidApprover",
                                                  "ERC20: approve from the zero address"));
        RUNNEL_REQUIRE(
            spender != zero_account, zero_account_refusal(flavour_, "ERC20InvalidSpender",
                                         "ERC20: approve to the zero address"));
    }
    auto& allowance = context.write(allowances, pair_key(owner, spender));
    context.save_gas(gas_saved_by_write(allowance.is_zero(), value.is_zero(), allowance == value));
    allowance = value;
    context.emit(token_, ApprovalLog{owner, spender, value});
    return {};
}

Result<void> TokenBook::transfer_from(
    CallContext& context, AccountId from, AccountId to, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    if (flavour_ == TokenFlavour::weth9)
    {
        RUNNEL_REQUIRE(!lacks_funds(context, from, value), Refusal::empty());
        if (from == context.sender())
            return transfer(context, from, to, value);
    }
    RUNNEL_TRY(spend_allowance(context, from, value));
    return transfer(context, from, to, value);
}

Result<void> TokenBook::spend_allowance(CallContext& context, AccountId from, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), from));
    const auto spender = context.sender();
    const auto& allowance = context.read(allowances, pair_key(from, spender));
    if (allowance != Amount::max())
    {
        if (allowance < value) [[unlikely]]
        {
            switch (flavour_)
            {
                case TokenFlavour::openzeppelin5:
                    return fail(Refusal::custom("ERC20InsufficientAllowance")
                                    .with(spender)
                                    .with(allowance)
                                    .with(value));
                case TokenFlavour::openzeppelin4: return fail("ERC20: insufficient allowance");
                case TokenFlavour::uniswap: return fail("ds-math-sub-underflow");
                case TokenFlavour::weth9: return fail(Refusal::empty());
            }
        }
        if (minds_zero_account())
        {
            // The decrement is an approval, with an approval's checks.
            RUNNEL_REQUIRE(
                from != zero_account, zero_account_refusal(flavour_, "ERC20InvalidApprover",
                                          "ERC20: approve from the zero address"));
            RUNNEL_REQUIRE(
                spender != zero_account, zero_account_refusal(flavour_, "ERC20InvalidSpender",
                                             "ERC20: approve to the zero address"));
        }
        if (value.is_zero())
            context.save_gas(spend_allowance_gas);
        else
            context.use_gas(spend_allowance_gas);
        auto& rest = context.write(allowances, pair_key(from, spender));
        rest = wrapping_sub(rest, value);
        if (flavour_ == TokenFlavour::openzeppelin4)
            context.emit(token_, ApprovalLog{from, spender, rest});
    }
    else
        context.save_gas(spend_allowance_gas);
    context.use_gas(allowance_gas);
    return {};
}

Result<void> TokenBook::mint(
    CallContext& context, Amount& supply, AccountId to, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), to));
    const bool is_uniswap = flavour_ == TokenFlavour::uniswap;
    RUNNEL_REQUIRE(!minds_zero_account() || to != zero_account,
        zero_account_refusal(flavour_, "ERC20InvalidReceiver", "ERC20: mint to the zero address"));
    const auto new_supply = Checked{supply} + value;
    RUNNEL_REQUIRE(new_supply.ok(),
        is_uniswap ? Refusal::error("ds-math-add-overflow") : Refusal::of(new_supply.fault));
    supply = new_supply.value;
    context.credit(balances, to, value);
    context.emit(token_, TransferLog{zero_account, to, value});
    context.use_gas(mint_gas);
    return {};
}

Result<void> TokenBook::burn(
    CallContext& context, Amount& supply, AccountId from, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_REQUIRE(!minds_zero_account() || from != zero_account,
        zero_account_refusal(flavour_, "ERC20InvalidSender", "ERC20: burn from the zero address"));
    RUNNEL_TRY(
        debit(context.write(balances, from), from, value, "ERC20: burn amount exceeds balance"));
    supply = wrapping_sub(supply, value);
    context.emit(token_, TransferLog{from, zero_account, value});
    context.use_gas(burn_gas);
    return {};
}

void TokenBook::declare_balance(AccessCollector& access, AccountId holder) const
{
    if (is_known(access.world(), holder))
        access.write(balances, holder);
}

void TokenBook::declare_credit(AccessCollector& access, AccountId holder) const
{
    if (is_known(access.world(), holder))
        access.credit(balances, holder);
}

void TokenBook::declare_transfer(AccessCollector& access, AccountId from, AccountId to) const
{
    declare_balance(access, from);
    declare_credit(access, to);
}

void TokenBook::declare_approve(AccessCollector& access, AccountId owner, AccountId spender) const
{
    if (is_known(access.world(), owner) && is_known(access.world(), spender))
        access.write(allowances, pair_key(owner, spender));
}

void TokenBook::declare_transfer_from(
    AccessCollector& access, AccountId spender, AccountId from, AccountId to) const
{
    declare_approve(access, from, spender);
    declare_transfer(access, from, to);
}

}  // namespace runnel::contracts
