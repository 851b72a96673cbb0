#pragma once

#include "contracts/kit/token_base.hpp"

#include <cstdint>
#include <string>

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

/// What a token's transfer() and transferFrom() answer.
enum class TransferAnswer : std::uint8_t
{
    success,           // true, or they revert.
    nothing,           // No data, or they revert: USDT, BNB.
    false_on_failure,  // false for want of balance or allowance, and nothing moves: ZRX, BAT.
};

/// How a token departs from the standard.
struct TokenQuirks
{
    std::uint32_t fee_on_transfer_bps = 0;  // Kept of every transfer, rounded down.
    std::string fee_collector = {};         // Who gets it; empty: it is burnt.
    TransferAnswer answer = TransferAnswer::success;
};

/// What a token is made with that a transaction deploys; worded as OpenZeppelin 5.
struct Erc20Constructor
{
    Hash symbol;  // Text, filled up with zeros: Solidity's bytes32.
    std::uint8_t decimals = 18;
    RUNNEL_FIELDS(symbol, decimals);
};

/// A plain ERC-20 token: no rebasing, no hooks, no blocklist.
///
/// With a fee on transfer, who sends pays the whole value and who receives gets the rest:
///
///     fee = value * fee_on_transfer_bps / 10'000, rounded down
///
/// The fee goes first, as a Transfer of its own: to the zero account, or to the collector. Minting
/// and burning cost none. Source: Uniswap v2-periphery `DeflatingERC20.sol`, with its 1% made a
/// parameter.
///
/// Conservation: the sum of all balances is the supply, after every call.
/// Errors: those of TokenBook, by flavour. Mint and burn by another than the minter are refused as
/// the flavour's access control does: OwnableUnauthorizedAccount(sender), `Ownable: caller is not
/// the owner`, or `UniswapV2: FORBIDDEN`.
class Erc20 : public TokenBase<Erc20, Erc20Mint, Erc20Burn>
{
public:
    Erc20(ContractIdentity identity, TokenInfo info, TokenFlavour flavour,
        AccountId minter = zero_account, TokenQuirks quirks = {});

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return info_; }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// What the constructor of a deployed token writes: who may mint (the zero account: nobody),
    /// and the first tokens.
    Result<void> initialize(
        CallContext& context, AccountId minter, AccountId holder, const Amount& supply);

    bool allocate(World& world, AccountId account, const Amount& value) override;
    [[nodiscard]] bool can_be_allocated() const override { return true; }
    /// The same where there is no world to look at.
    void allocate(AccountId account, const Amount& value);

    [[nodiscard]] const Amount& total_supply() const noexcept { return state_.get(0).total_supply; }
    [[nodiscard]] AccountId minter() const noexcept { return state_.get(0).minter; }
    [[nodiscard]] const TokenQuirks& quirks() const noexcept { return quirks_; }

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20Approve& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);
    void declare(const Erc20Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20Burn& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Erc20Mint& call, CallContext& context);
    Result<Returns> execute(const Erc20Burn& call, CallContext& context);

private:
    [[nodiscard]] Refusal not_minter(AccountId sender) const noexcept;
    /// Takes the fee of a transfer from who sends, and returns what is left to be moved.
    Result<Amount> take_fee(CallContext& context, AccountId from, const Amount& value);
    void declare_fee(AccessCollector& access) const;
    /// What a transfer that went well, or not, returns to its caller.
    [[nodiscard]] Result<Returns> answer(const Result<void>& outcome) const;

    TokenInfo info_;
    TokenQuirks quirks_;
    AccountId fee_collector_ = zero_account;
    Table<Erc20State> state_;  // Record 0.
};

}  // namespace runnel::contracts
