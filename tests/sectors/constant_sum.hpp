#pragma once

#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/kit/token_book.hpp"

#include <cstdint>
#include <vector>

/// An exchange that no folder but this one knows: what it takes to be traded, arbitraged, provided
/// with liquidity, priced and reported.
namespace runnel::toy
{

/// One amount per token of the pool.
using Amounts = ShortList<Amount, 8>;

struct SumSwap
{
    RUNNEL_CALL("swap", 0, 40'000);
    static constexpr std::uint64_t extra_gas = 30'000;  // Charged on its way.

    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in;
    Amount amount_out_min;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_in, token_out, (amount_in, smallest_unit_of("token_in")),
        (amount_out_min, smallest_unit_of("token_out")), recipient, (deadline, unix_seconds));
};

struct SumDeposit
{
    RUNNEL_CALL("deposit", 1, 150'000);

    Amounts amounts;
    Amount shares_min;
    RUNNEL_FIELDS(amounts, shares_min);
};

struct SumWithdraw
{
    RUNNEL_CALL("withdraw", 2, 150'000);

    Amount shares;
    Amounts amounts_min;
    RUNNEL_FIELDS(shares, amounts_min);
};

/// Of one token of the pool.
struct SumReserve
{
    Amount amount;
    Amount fees;  // Ever earned; they stay in amount.
    RUNNEL_FIELDS(amount, fees);
};

/// A pool in which whole tokens of all kinds are worth the same:
///
///     fee        = amount_in * fee_bps / 10000, rounded up; it stays in the pool
///     amount_out = amount_in - fee, in units of the other token, rounded down
///     shares     = value deposited * supply / value held, rounded down; the first: the value
///
/// where the value of an amount is what it would be with 18 decimals. Its shares are a token that
/// nobody can transfer.
class ConstantSum : public ContractBase<ConstantSum, SumSwap, SumDeposit, SumWithdraw>,
                    public contracts::Exchange,
                    public contracts::Venue
{
public:
    ConstantSum(ContractIdentity identity, std::vector<ContractId> tokens, std::uint64_t fee_bps);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const Amount& fees(ContractId token) const;

    // Exchange and Venue.
    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    [[nodiscard]] Amount reserve(ContractId token) const override;
    [[nodiscard]] double spot_price(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] double fee(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    [[nodiscard]] Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const override;
    [[nodiscard]] std::optional<ContractId> share_token() const override { return id(); }
    [[nodiscard]] Amount share_supply() const override { return supply_.get(0); }
    [[nodiscard]] Amount share_balance(AccountId account) const override
    {
        return shares_.balances.get(account);
    }
    [[nodiscard]] std::vector<Amount> share_value(const Amount& shares) const override;
    [[nodiscard]] std::optional<contracts::DepositQuote> quote_deposit(
        std::span<const Amount> offered) const override;
    [[nodiscard]] const Venue* venue() const override { return this; }
    [[nodiscard]] std::vector<const Exchange*> exchanges() const override { return {this}; }
    [[nodiscard]] bool serves(const Exchange& exchange) const override { return &exchange == this; }
    [[nodiscard]] std::uint64_t swap_gas(std::size_t) const noexcept override
    {
        return SumSwap::gas + SumSwap::extra_gas;
    }
    [[nodiscard]] std::uint64_t extra_gas(std::size_t) const noexcept override
    {
        return SumSwap::extra_gas;
    }
    void add_swap(CallWriter& calls, const contracts::SwapOrder& order) const override;
    void add_deposit(CallWriter& calls, const contracts::DepositOrder& order) const override;
    void add_withdrawal(CallWriter& calls, const contracts::WithdrawalOrder& order) const override;
    [[nodiscard]] contracts::OrderFailure failure_of(const Refusal& refusal) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const SumSwap& call, AccountId sender, AccessCollector& access) const;
    void declare(const SumDeposit& call, AccountId sender, AccessCollector& access) const;
    void declare(const SumWithdraw& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const SumSwap& call, CallContext& context);
    Result<Returns> execute(const SumDeposit& call, CallContext& context);
    Result<Returns> execute(const SumWithdraw& call, CallContext& context);

private:
    /// The position of a token; tokens().size() if it is not in the pool.
    [[nodiscard]] std::size_t side(ContractId token) const noexcept;
    [[nodiscard]] Amount value(std::size_t side, const Amount& amount) const;
    /// Of all reserves.
    [[nodiscard]] Amount total_value() const;
    [[nodiscard]] Amount fee_of(const Amount& amount_in) const;
    [[nodiscard]] Result<Amount> amount_out(
        std::size_t in, std::size_t out, const Amount& amount_in, const Amount& reserve_out) const;
    [[nodiscard]] Result<Amount> shares_for(
        std::span<const Amount> amounts, const Amount& held, const Amount& supply) const;

    std::vector<ContractId> tokens_;
    std::uint64_t fee_bps_;
    std::vector<contracts::Token*> token_;
    std::vector<Amount> units_;  // Value of a smallest unit.
    contracts::TokenBook shares_;
    Table<SumReserve> reserves_;  // By side.
    Table<Amount> supply_;        // Record 0.
};

}  // namespace runnel::toy
