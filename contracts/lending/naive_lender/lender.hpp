#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/coin_withdrawal.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/lending/naive_lender/calls.hpp"
#include "contracts/lending/naive_lender/math.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace runnel::contracts
{

class NativeCoin;
class Weth9;

namespace naive_lender
{
struct Setup
{
    ContractId loan{};
    ContractId collateral{};
    ContractId oracle{};
    Terms terms;
    bool is_careful = true;
};
class View;
}  // namespace naive_lender

/// A lending market of one token against another, as small as they come, and with the two holes
/// that drained the most of them: it believes whatever price source it is given, one that reads a
/// pool's reserves too; and, unless it is careful, it pays native coins before it writes down that
/// it has paid.
///
/// What is supplied earns what debtors pay at a fixed rate (math.hpp); collateral earns nothing. A
/// debt may be ltv_bps of the collateral's value, is unhealthy above threshold_bps, and is then
/// anybody's to repay as a whole, for collateral of that value and the bonus.
///
/// Units: smallest units of the two tokens; values are in the token lent. Rounding: against whoever
/// calls. Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Errors: `NaiveLender: ...` as each call says; those of the tokens; Panic(0x11) beyond 256 bits.
class NaiveLender : public ContractBase<NaiveLender, naive_lender::Supply, naive_lender::Withdraw,
                        naive_lender::Borrow, naive_lender::Repay, naive_lender::Liquidate,
                        naive_lender::WithdrawCoins>,
                    public LendingMarket,
                    public CoinWithdrawal
{
public:
    static constexpr std::size_t loan_reserve = 0;
    static constexpr std::size_t collateral_reserve = 1;

    NaiveLender(ContractIdentity identity, const naive_lender::Setup& setup);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const naive_lender::Book& book() const noexcept { return book_.get(0); }
    [[nodiscard]] const naive_lender::Entry& entry(AccountId account) const noexcept
    {
        return entries_.get(account);
    }

    // LendingMarket.

    [[nodiscard]] std::unique_ptr<const LendingView> view_at(
        std::uint64_t timestamp) const override;
    [[nodiscard]] std::optional<std::size_t> find_reserve(ContractId token) const noexcept override;
    [[nodiscard]] UnitOfAccount unit_of_account() const noexcept override
    {
        return {setup_.loan, loan_decimals_};
    }
    [[nodiscard]] ContractId price_source() const noexcept override { return setup_.oracle; }
    [[nodiscard]] AccountId spender() const noexcept override { return account(); }
    [[nodiscard]] CallGas gas_of(LendingAction action) const noexcept override;
    void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const override;
    void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const override;
    void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const override;
    void add_repay(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId debtor) const override;
    void add_liquidation(CallWriter& calls, const LiquidationOrder& order) const override;

    // CoinWithdrawal.

    [[nodiscard]] ContractId wrapped() const noexcept override
    {
        return weth_ != nullptr ? setup_.loan : no_contract;
    }
    [[nodiscard]] CallGas coin_withdrawal_gas() const noexcept override;
    void add_coin_withdrawal(CallWriter& calls, const Amount& amount) const override;

    using ContractBase::execute;
    /// Errors: NaiveLender: UNKNOWN_ASSET; NaiveLender: ZERO_AMOUNT, also of what is worth nothing
    /// at the index.
    Result<Returns> execute(const naive_lender::Supply& call, CallContext& context);
    /// Errors: NaiveLender: UNKNOWN_ASSET; NaiveLender: ZERO_AMOUNT; NaiveLender:
    /// MORE_THAN_SUPPLIED; of a debtor's collateral, NaiveLender: NO_PRICE; NaiveLender: UNHEALTHY.
    /// What the market has not is the token's to refuse.
    Result<Returns> execute(const naive_lender::Withdraw& call, CallContext& context);
    /// Errors: NaiveLender: ZERO_AMOUNT; NaiveLender: NO_PRICE; NaiveLender:
    /// INSUFFICIENT_COLLATERAL.
    Result<Returns> execute(const naive_lender::Borrow& call, CallContext& context);
    /// Errors: NaiveLender: ZERO_AMOUNT, also where nothing is owed.
    Result<Returns> execute(const naive_lender::Repay& call, CallContext& context);
    /// Errors: NaiveLender: NO_PRICE; NaiveLender: HEALTHY.
    Result<Returns> execute(const naive_lender::Liquidate& call, CallContext& context);
    /// Errors: NaiveLender: NO_COINS unless the token lent is wrapped native coins; those of a
    /// withdrawal; what the receiver's calls refuse.
    Result<Returns> execute(const naive_lender::WithdrawCoins& call, CallContext& context);

private:
    friend class naive_lender::View;

    [[nodiscard]] Token& token_of(std::size_t reserve) const noexcept
    {
        return reserve == loan_reserve ? *loan_ : *collateral_;
    }
    [[nodiscard]] ContractId id_of(std::size_t reserve) const noexcept
    {
        return reserve == loan_reserve ? setup_.loan : setup_.collateral;
    }
    /// The value of a whole token of collateral, in the token lent, down.
    template <typename Reader>
    [[nodiscard]] Result<Amount> price(Reader&& reader) const;
    /// The book to write, its indices brought to the block's time.
    Result<naive_lender::Book*> touch(CallContext& context);
    /// Takes @p wanted of what an account has supplied off its claim and the book's; returns it.
    Result<Amount> claim(
        naive_lender::Book& book, naive_lender::Entry& entry, const Amount& wanted) const;
    /// The same of a debt.
    Result<void> forgive(
        naive_lender::Book& book, naive_lender::Entry& entry, const Amount& repaid) const;
    void emit_supply(CallContext& context, LendingSupplyType type, std::size_t reserve,
        AccountId depositor, AccountId on_behalf_of, AccountId to, const Amount& amount) const;
    void emit_account(CallContext& context, AccountId account) const;

    naive_lender::Setup setup_;
    Token* loan_ = nullptr;
    Token* collateral_ = nullptr;
    const PriceSource* oracle_ = nullptr;
    Weth9* weth_ = nullptr;  // The token lent, if it is that.
    NativeCoin* coin_ = nullptr;
    std::uint8_t loan_decimals_ = 18;
    Amount collateral_unit_;
    Table<naive_lender::Book> book_;      // Record 0.
    Table<naive_lender::Entry> entries_;  // By account.
};

}  // namespace runnel::contracts
