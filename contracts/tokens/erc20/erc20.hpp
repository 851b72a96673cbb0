#pragma once

#include "contracts/kit/token.hpp"
#include "contracts/kit/token_book.hpp"

#include <cstdint>

namespace runnel::contracts
{

// The first three calls are those of every ERC-20 token and have the same numbers in all of them,
// shares of Uniswap pairs included.

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
    RUNNEL_CALL("transferFrom", 2, 19'400);

    AccountId from{};
    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(from, to, (value, smallest_unit));
};

/// Creates tokens; only the minter may.
struct Erc20Mint
{
    RUNNEL_CALL("mint", 3, 15'400);

    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, (value, smallest_unit));
};

/// Destroys tokens: the minter those of anybody, a holder his own.
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
class Erc20 : public ContractBase<Erc20, Erc20Transfer, Erc20Approve, Erc20TransferFrom, Erc20Mint,
                  Erc20Burn>,
              public Token
{
public:
    Erc20(ContractIdentity identity, TokenInfo info, TokenFlavour flavour,
        AccountId minter = zero_account);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return info_; }
    [[nodiscard]] std::optional<Amount> balance_of(
        CallContext& context, AccountId account) const override
    {
        return context.read(book_.balances, account);
    }
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// Gives @p value to @p account at genesis, out of nothing: balance and supply grow, nothing is
    /// emitted. A bug if the supply would pass 2^256-1: the loader checks scenarios.
    void allocate(AccountId account, const Amount& value);

    [[nodiscard]] const Amount& total_supply() const noexcept { return state_.get(0).total_supply; }
    [[nodiscard]] AccountId minter() const noexcept { return state_.get(0).minter; }
    [[nodiscard]] const Amount& balance(AccountId account) const noexcept
    {
        return book_.balances.get(account);
    }
    [[nodiscard]] const Amount& allowance(AccountId owner, AccountId spender) const noexcept
    {
        return book_.allowances.get(pair_key(owner, spender));
    }

    [[nodiscard]] const Table<Amount>& balances() const override { return book_.balances; }
    [[nodiscard]] const Table<Amount>& allowances() const override { return book_.allowances; }
    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20Approve& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20Burn& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20Approve& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);
    Result<Returns> execute(const Erc20Mint& call, CallContext& context);
    Result<Returns> execute(const Erc20Burn& call, CallContext& context);

private:
    [[nodiscard]] Refusal not_minter(AccountId sender) const noexcept;

    TokenInfo info_;
    TokenBook book_;
    Table<Erc20State> state_;  // Record 0.
};

}  // namespace runnel::contracts
