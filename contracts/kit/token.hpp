#pragma once

#include "contracts/kit/contract_base.hpp"

#include <array>

namespace runnel::contracts
{

/// ERC-20's Transfer, whoever emits it.
struct TransferLog
{
    static constexpr std::string_view table = "token_transfers";
    static constexpr std::string_view signature =
        "Transfer(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{"Who paid; address zero for a mint.",
        "Who was paid; address zero for a burn.", "How much."};

    AccountId from_address{};
    AccountId to_address{};
    Amount value;
    RUNNEL_FIELDS(from_address, to_address, (value, smallest_unit));
};

/// ERC-20's Approval, whoever emits it.
struct ApprovalLog
{
    static constexpr std::string_view table = "token_approvals";
    static constexpr std::string_view signature =
        "Approval(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose tokens.", "Who may move them.", "How much may be moved from now on."};

    AccountId owner{};
    AccountId spender{};
    Amount value;
    RUNNEL_FIELDS(owner, spender, (value, smallest_unit));
};

// The first three calls are those of every ERC-20 token and have the same numbers in all of them,
// shares of pools and vaults included (token_base.hpp).

struct Erc20Transfer
{
    RUNNEL_CALL("transfer", 0, 13'300);

    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, (value, smallest_unit));
};

struct Erc20Approve
{
    RUNNEL_CALL("approve", 1, 25'000);

    AccountId spender{};
    Amount value;  // 2^256-1 is never used up.
    RUNNEL_FIELDS(spender, (value, smallest_unit));
};

struct Erc20TransferFrom
{
    RUNNEL_CALL("transferFrom", 2, {19'400, 3'600});

    AccountId from{};
    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(from, to, (value, smallest_unit));
};

/// What a caller sees of a token that answers false instead of reverting: Solidity's callers refuse
/// it with a reason of their own.
[[nodiscard]] inline Refusal token_said_false()
{
    return Refusal::custom("TokenSaidFalse");
}
[[nodiscard]] inline bool is_token_said_false(const Refusal& refusal) noexcept
{
    return refusal.kind == RefusalKind::custom && refusal.text == "TokenSaidFalse";
}

/// What one contract may ask of another that is a token. The caller passes its own context with
/// itself as sender: `token.transfer(context.as(account()), to, amount)`.
///
/// A token may deliver less than @p amount (a fee on transfer), and refuse with token_said_false().
class Token
{
public:
    virtual ~Token() = default;

    /// What @p account has as the running transaction sees it.
    [[nodiscard]] Amount holding(CallContext& context, AccountId account) const
    {
        return balances_ != nullptr ? context.read(*balances_, account)
                                    : computed_holding(context, account);
    }
    /// The same after the last block.
    [[nodiscard]] Amount holding(AccountId account) const
    {
        return balances_ != nullptr ? balances_->get(account) : computed_holding(account);
    }
    /// Declares that somebody looks at it.
    void declare_holding(AccessCollector& access, AccountId account) const
    {
        if (balances_ != nullptr)
            access.read(*balances_, account);
        else
            declare_computed_holding(access, account);
    }
    /// Balances change without a transfer, and a transfer may deliver a few units less: what a
    /// contract has counted may be more than it holds.
    [[nodiscard]] bool rebases() const noexcept { return balances_ == nullptr; }

    [[nodiscard]] virtual const Table<Amount>& allowances()
        const = 0;  // By pair_key(owner, spender).

    virtual Result<void> transfer(CallContext context, AccountId to, const Amount& amount) = 0;
    virtual Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) = 0;

    /// Declares what these may touch. Balances of both sides are written, allowance of the spender.
    virtual void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const = 0;
    virtual void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const = 0;

    /// Gives @p value to @p account at genesis, out of nothing and without an event. False of a
    /// token that cannot be given: the shares of a pool. A bug if the supply would pass 2^256-1:
    /// the loader checks scenarios.
    virtual bool allocate(World&, AccountId, const Amount&) { return false; }
    [[nodiscard]] virtual bool can_be_allocated() const { return false; }

protected:
    /// Balances are records; said once, when it is made. Without it they are computed.
    void keep_balances_in(const Table<Amount>& balances) noexcept { balances_ = &balances; }
    // Of a token that has no such records.
    [[nodiscard]] virtual Amount computed_holding(CallContext&, AccountId) const;
    [[nodiscard]] virtual Amount computed_holding(AccountId) const;
    virtual void declare_computed_holding(AccessCollector&, AccountId) const;

private:
    const Table<Amount>* balances_ = nullptr;
};

/// The token with this id; a bug if the contract is not one: the loader checks scenarios, contracts
/// check what calls name.
[[nodiscard]] Token& token_at(const World& world, ContractId id);
/// The same for ids from calls, which are hostile: nullptr if it is not a token.
[[nodiscard]] Token* find_token(const World& world, ContractId id);

}  // namespace runnel::contracts
