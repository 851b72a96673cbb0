#pragma once

#include "contracts/kit/token_base.hpp"
#include "contracts/lending/compound_v2/calls.hpp"
#include "contracts/lending/compound_v2/errors.hpp"
#include "contracts/lending/compound_v2/math.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace runnel::contracts
{

class CompoundV2Comptroller;

namespace compound_v2
{

/// One market as a whole.
struct MarketState
{
    Amount total_supply;  // cTokens.
    Amount total_borrows;
    Amount total_reserves;
    Amount borrow_index;  // 1e18 at the start.
    Amount reserve_factor;
    std::uint64_t accrual_block = 0;
    std::uint64_t accrual_time = 0;  // Of that block, for views; the deployed contract has none.
    RUNNEL_FIELDS((total_supply, smallest_unit),
        (total_borrows, smallest_unit_of_its("underlying")),
        (total_reserves, smallest_unit_of_its("underlying")), (borrow_index, wad),
        (reserve_factor, wad), (accrual_block, block_number), (accrual_time, unix_seconds));
};

/// An account's debt at its last change, and the market's index then.
struct BorrowSnapshot
{
    Amount principal;
    Amount interest_index;
    RUNNEL_FIELDS((principal, smallest_unit_of_its("underlying")), (interest_index, wad));
};

/// Up to where an account has been credited with COMP; 0: never.
struct CompIndexes
{
    Amount supplier;
    Amount borrower;
    RUNNEL_FIELDS((supplier, other("1e-36")), (borrower, other("1e-36")));
};

/// What an accrual added.
struct Accrual
{
    Amount interest;
};

/// Brings a market's interest from its last block to @p block:
///
///     factor = borrow rate * blocks
///     interest = factor * total_borrows / 1e18                     rounded down, as all of these
///     total_reserves += reserve_factor * interest / 1e18
///     borrow_index += factor * borrow_index / 1e18
///
/// Simple interest for the whole time since. Errors: "borrow rate is absurdly high"; panics.
[[nodiscard]] Result<Accrual> accrue(
    MarketState& state, const JumpRateModel& model, const Amount& cash, std::uint64_t block);

/// Underlying per cToken, times 1e18:
///
///     (cash + total_borrows - total_reserves) * 1e18 / total_supply
///
/// rounded down; the initial one without supply.
[[nodiscard]] Checked exchange_rate_down(
    const MarketState& state, const Amount& cash, const Amount& initial);

/// principal * borrow_index / interest_index, rounded down, in the debtor's favour.
[[nodiscard]] Checked borrow_balance_down(const BorrowSnapshot& debt, const Amount& borrow_index);

/// What a market begins with.
struct CTokenSettings
{
    JumpRateModel model;                  // For ever,
    ContractId rate_model = no_contract;  // or, if one is named, what this contract says.
    Amount initial_exchange_rate;         // 1e18 times underlying units per cToken unit,
    Amount initial_whole_rate;            // or, if that is 0, the same of whole tokens.
    Amount reserve_factor;
    std::uint64_t accrual_block = 0;
    std::uint64_t block_offset = 0;  // See contracts/kit/block_offset.hpp.
};

}  // namespace compound_v2

/// A market of Compound v2: CErc20Immutable of one underlying token with a JumpRateModelV2. It is
/// the token that suppliers get, lends what they paid in, and asks its Comptroller before it does
/// anything.
///
/// Units: underlying amounts in the underlying token's smallest unit, cTokens have 8 decimals,
/// mantissas 1e-18, rates per block. Rounding: every quotient down. So suppliers get a little less
/// than what they paid in is worth, and a redemption of an underlying amount burns up to a cToken
/// unit too few (docs/compound_v2.md).
/// Errors: custom errors and reasons of the deployed code, in the order of its checks.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Source: compound-finance/compound-protocol at a3214f67, contracts/CToken.sol, CErc20.sol. Not
/// modelled: sweepToken, changes of admin and comptroller.
class CompoundV2CToken
  : public TokenBase<CompoundV2CToken, compound_v2::Mint, compound_v2::Redeem,
        compound_v2::RedeemUnderlying, compound_v2::Borrow, compound_v2::RepayBorrow,
        compound_v2::RepayBorrowBehalf, compound_v2::LiquidateBorrow, compound_v2::AccrueInterest,
        compound_v2::AddReserves, compound_v2::ReduceReserves, compound_v2::SetReserveFactor,
        compound_v2::SetInterestRateModel>
{
public:
    CompoundV2CToken(ContractIdentity identity, std::string symbol, ContractId underlying,
        const compound_v2::CTokenSettings& settings);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override
    {
        return TokenInfo{symbol_, 8};
    }
    void connect(World& world) override;
    /// Balances and debts add up; what suppliers own and reserves are covered by cash and debt,
    /// which the exchange rate ensures; debts one by one are covered by their sum up to
    /// debt_tolerance().
    void check_invariants(const World& world, Findings& findings) const override;

    /// Makes it market @p number of @p comptroller, which calls this when it is connected.
    void join(CompoundV2Comptroller& comptroller, std::size_t number) noexcept
    {
        comptroller_ = &comptroller;
        market_ = number;
    }
    [[nodiscard]] const CompoundV2Comptroller* comptroller() const noexcept { return comptroller_; }
    /// The running block's number, as its records count them.
    [[nodiscard]] std::uint64_t block_number(const CallContext& context) const;

    // --- Committed state, and the tables that the Comptroller reads ------------------------------

    [[nodiscard]] ContractId underlying() const noexcept { return underlying_id_; }
    [[nodiscard]] Token& underlying_token() const noexcept { return *underlying_; }
    /// 10^decimals of the underlying token.
    [[nodiscard]] const Amount& underlying_unit() const noexcept { return underlying_unit_; }
    [[nodiscard]] unsigned underlying_decimals() const noexcept { return underlying_decimals_; }
    /// The curve that counts, after the last block or as the running transaction sees it.
    [[nodiscard]] const compound_v2::JumpRateModel& model() const;
    [[nodiscard]] const compound_v2::JumpRateModel& model(CallContext& context) const;
    [[nodiscard]] const Amount& initial_exchange_rate() const noexcept
    {
        return settings_.initial_exchange_rate;
    }
    [[nodiscard]] const compound_v2::MarketState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] Amount cash() const { return underlying_->holding(account()); }
    [[nodiscard]] Amount cash(CallContext& context) const
    {
        return underlying_->holding(context, account());
    }
    [[nodiscard]] const Table<compound_v2::MarketState>& states() const noexcept { return state_; }
    [[nodiscard]] const Table<Amount>& balances() const noexcept { return book_.balances; }
    [[nodiscard]] const Table<compound_v2::BorrowSnapshot>& debts() const noexcept
    {
        return debts_;
    }
    [[nodiscard]] Table<compound_v2::CompIndexes>& comp_indexes() noexcept { return comp_indexes_; }
    [[nodiscard]] const Table<compound_v2::CompIndexes>& comp_indexes() const noexcept
    {
        return comp_indexes_;
    }
    /// exchangeRateStored(), borrowBalanceStored(): without interest since the last accrual.
    [[nodiscard]] Checked exchange_rate_stored() const
    {
        return compound_v2::exchange_rate_down(state(), cash(), initial_exchange_rate());
    }
    [[nodiscard]] Checked exchange_rate_stored(CallContext& context) const
    {
        return compound_v2::exchange_rate_down(
            context.read(state_, 0), cash(context), initial_exchange_rate());
    }
    [[nodiscard]] Checked borrow_balance_stored(AccountId user) const
    {
        return compound_v2::borrow_balance_down(debts_.get(user), state().borrow_index);
    }
    [[nodiscard]] Checked borrow_balance_stored(CallContext& context, AccountId user) const
    {
        return compound_v2::borrow_balance_down(
            context.read(debts_, user), context.read(state_, 0).borrow_index);
    }
    /// How far the sum of debts may exceed total_borrows: every accrual and every change of a debt
    /// rounds down on its own.
    [[nodiscard]] Amount debt_tolerance() const;

    // --- What a token does -----------------------------------------------------------------------

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;

    using TokenBase::declare;
    using TokenBase::execute;
    // What moves cTokens, and what the admin does, is left to dry runs.
    void declare(const Erc20Transfer&, AccountId, AccessCollector&) const = delete;
    void declare(const Erc20TransferFrom&, AccountId, AccessCollector&) const = delete;
    void declare(const compound_v2::Mint&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::Redeem&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::RedeemUnderlying&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::Borrow&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::RepayBorrow&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::RepayBorrowBehalf&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::LiquidateBorrow&, AccountId, AccessCollector&) const;
    void declare(const compound_v2::AccrueInterest&, AccountId, AccessCollector&) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);
    Result<Returns> execute(const compound_v2::Mint& call, CallContext& context);
    Result<Returns> execute(const compound_v2::Redeem& call, CallContext& context);
    Result<Returns> execute(const compound_v2::RedeemUnderlying& call, CallContext& context);
    Result<Returns> execute(const compound_v2::Borrow& call, CallContext& context);
    Result<Returns> execute(const compound_v2::RepayBorrow& call, CallContext& context);
    Result<Returns> execute(const compound_v2::RepayBorrowBehalf& call, CallContext& context);
    Result<Returns> execute(const compound_v2::LiquidateBorrow& call, CallContext& context);
    Result<Returns> execute(const compound_v2::AccrueInterest& call, CallContext& context);
    Result<Returns> execute(const compound_v2::AddReserves& call, CallContext& context);
    Result<Returns> execute(const compound_v2::ReduceReserves& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetReserveFactor& call, CallContext& context);
    Result<Returns> execute(const compound_v2::SetInterestRateModel& call, CallContext& context);

private:
    /// nullptr if it is no rate model, as a state from a file may say: check_invariants() refuses
    /// it.
    [[nodiscard]] const Table<compound_v2::JumpRateModel>* models_of(ContractId rate_model) const;
    // declare.cpp
    void declare_accrual(AccessCollector& access) const;
    void declare_market(AccessCollector& access) const;
    void declare_supplier(AccessCollector& access, AccountId user) const;
    void declare_debtor(AccessCollector& access, AccountId user) const;
    void declare_redemption(AccessCollector& access, AccountId user) const;
    void declare_repayment(AccessCollector& access, AccountId payer, AccountId borrower) const;

    Result<compound_v2::MarketState*> accrue(CallContext& context);
    /// Takes underlying in and returns what came: a token may deliver less.
    Result<Amount> pull(CallContext& context, AccountId from, const Amount& amount);
    Result<void> send(CallContext& context, AccountId to, const Amount& amount);
    Result<void> move(CallContext& context, AccountId from, AccountId to, const Amount& tokens);
    Result<Returns> redeem(CallContext& context, const Amount& tokens_in, const Amount& amount_in);
    /// Of a market whose interest is brought up to date. Returns what was repaid.
    Result<Amount> repay(
        CallContext& context, AccountId payer, AccountId borrower, const Amount& amount);
    struct Seizure
    {
        Amount to_liquidator;  // cTokens.
        Amount to_reserves;    // Underlying.
    };
    /// Called by the market of the debt, which may be this one.
    Result<Seizure> seize(
        CallContext& context, AccountId liquidator, AccountId borrower, const Amount& tokens);

    std::string symbol_;
    ContractId underlying_id_;
    compound_v2::CTokenSettings settings_;
    Token* underlying_ = nullptr;
    Amount underlying_unit_;
    unsigned underlying_decimals_ = 18;
    CompoundV2Comptroller* comptroller_ = nullptr;
    std::size_t market_ = 0;
    Table<compound_v2::MarketState> state_;         // Record 0.
    Table<compound_v2::BorrowSnapshot> debts_;      // By account.
    Table<compound_v2::CompIndexes> comp_indexes_;  // By account; the Comptroller's.
    // Record 0: the contract that has the curve; of markets that begin with one.
    std::unique_ptr<Table<ContractId>> rate_model_;
    const World* world_ = nullptr;
};

}  // namespace runnel::contracts
