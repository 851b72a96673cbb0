#pragma once

#include "contracts/exchanges/curve_stableswap/calls.hpp"
#include "contracts/exchanges/curve_stableswap/events.hpp"
#include "contracts/exchanges/curve_stableswap/math.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/token_base.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::contracts::curve_stableswap
{

/// What every trade changes: one record.
struct PoolState
{
    Amount total_supply;          // First: weighs -1 in the conservation law.
    Coins balances;               // Without what the admin may withdraw.
    std::uint64_t timestamp = 0;  // Of its last call: what time views think it is.
    RUNNEL_FIELDS((total_supply, shares), (balances, smallest_unit_of_its("each coin")),
        (timestamp, unix_seconds));
};

/// What its owner may change.
struct PoolParameters
{
    AccountId owner{};
    Amount initial_a;  // Times the code's precision of A.
    Amount future_a;
    std::uint64_t initial_a_time = 0;
    std::uint64_t future_a_time = 0;
    Amount fee;
    Amount admin_fee;
    Amount future_fee;
    Amount future_admin_fee;
    std::uint64_t admin_actions_deadline = 0;  // 0: no new fees are waiting.
    RUNNEL_FIELDS(owner, initial_a, future_a, (initial_a_time, unix_seconds),
        (future_a_time, unix_seconds), (fee, other("1e-10")), (admin_fee, other("1e-10")),
        (future_fee, other("1e-10")), (future_admin_fee, other("1e-10")),
        (admin_actions_deadline, unix_seconds));
};

/// What a pool is created with.
struct PoolSpec
{
    Code code = Code::base_template;
    std::vector<ContractId> coins;
    std::uint64_t a = 100;  // n^(n-1) times the curve's.
    std::uint64_t fee = 4'000'000;
    std::uint64_t admin_fee = 5'000'000'000;
    AccountId owner = zero_account;
    std::string symbol;  // Of its shares.
};

}  // namespace runnel::contracts::curve_stableswap

namespace runnel::contracts
{

/// Curve's StableSwap: a pool of two to four coins that are worth the same, flat around balance,
/// and the ERC-20 token of its shares (on mainnet a contract of its own).
///
/// Units: smallest units of coins and shares (18 digits); fees 1e-10; A as its code stores it.
/// Rounding: see curve_stableswap::Curve; all in favour of who stays in the pool.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Errors: empty, as Vyper's asserts, whatever fails in arithmetic, a coin that cannot be paid,
/// shares or allowances that are lacking, lists of another length than the pool's, and what is not
/// the owner's; with a reason where a limit is missed, as each call says.
/// Source: curve-contract `StableSwap3Pool.vy` with `CurveTokenV2.vy`, `SwapTemplateBase.vy` with
/// `CurveTokenV3.vy`.
class CurveStableSwapPool
  : public TokenBase<CurveStableSwapPool, curve_stableswap::Exchange,
        curve_stableswap::AddLiquidity, curve_stableswap::RemoveLiquidity,
        curve_stableswap::RemoveLiquidityImbalance, curve_stableswap::RemoveLiquidityOneCoin,
        curve_stableswap::RampA, curve_stableswap::StopRampA, curve_stableswap::CommitNewFee,
        curve_stableswap::ApplyNewFee, curve_stableswap::RevertNewParameters,
        curve_stableswap::WithdrawAdminFees, curve_stableswap::DonateAdminFees>,
    public Exchange,
    public Venue
{
public:
    CurveStableSwapPool(ContractIdentity identity, curve_stableswap::PoolSpec spec);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state. A moves with time, so that views take one.

    [[nodiscard]] const curve_stableswap::Curve& curve() const noexcept { return curve_; }
    [[nodiscard]] unsigned coin_count() const noexcept { return curve_.count(); }
    [[nodiscard]] const curve_stableswap::PoolState& state() const noexcept
    {
        return state_.get(0);
    }
    [[nodiscard]] const curve_stableswap::PoolParameters& parameters() const noexcept
    {
        return parameters_.get(0);
    }
    [[nodiscard]] const Amount& total_supply() const noexcept { return state().total_supply; }
    /// A times the code's precision of it.
    [[nodiscard]] Amount a_precise(std::uint64_t time) const;
    /// Coins that the pool holds beyond its balances; a bug unless there is such a coin.
    [[nodiscard]] Amount admin_balance(unsigned coin) const;
    /// What a share is worth, 1e-18. Errors: empty without supply.
    [[nodiscard]] Result<Amount> virtual_price(std::uint64_t time) const;
    /// Errors: empty, as the exchange, which may pay 1 less or more: see Curve::quote_down().
    [[nodiscard]] Result<Amount> get_dy(
        std::int32_t i, std::int32_t j, const Amount& dx, std::uint64_t time) const;
    [[nodiscard]] Result<Amount> calc_withdraw_one_coin(
        const Amount& shares, std::int32_t coin, std::uint64_t time) const;
    [[nodiscard]] Result<Amount> calc_token_amount(
        const curve_stableswap::Coins& amounts, bool is_deposit, std::uint64_t time) const;

    // Exchange and Venue (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return coins_; }
    [[nodiscard]] Amount reserve(ContractId token) const override;
    /// Against the first other coin.
    [[nodiscard]] Amount depth(ContractId token) const override;
    [[nodiscard]] double spot_price(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] double fee(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    [[nodiscard]] Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const override;
    [[nodiscard]] std::optional<ContractId> share_token() const override { return id(); }
    [[nodiscard]] Amount share_supply() const override { return total_supply(); }
    [[nodiscard]] std::vector<Amount> share_value(const Amount& shares) const override;
    [[nodiscard]] std::optional<DepositQuote> quote_deposit(
        std::span<const Amount> offered) const override;
    [[nodiscard]] std::optional<Amount> quote_single_withdrawal(
        const Amount& shares, ContractId token) const override;
    [[nodiscard]] const Venue* venue() const override { return this; }
    [[nodiscard]] std::vector<const Exchange*> exchanges() const override { return {this}; }
    [[nodiscard]] bool serves(const Exchange& exchange) const override { return &exchange == this; }
    [[nodiscard]] std::uint64_t swap_gas(std::size_t hops) const noexcept override;
    void add_swap(CallWriter& calls, const SwapOrder& order) const override;
    void add_deposit(CallWriter& calls, const DepositOrder& order) const override;
    void add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const override;
    void add_single_withdrawal(
        CallWriter& calls, const SingleWithdrawalOrder& order) const override;
    [[nodiscard]] OrderFailure failure_of(const Refusal& refusal) const override;

    // What other contracts call; @p context has the caller as sender.

    /// The views of the same names as the running transaction sees the pool.
    [[nodiscard]] Result<Amount> virtual_price(CallContext& context) const;
    [[nodiscard]] Result<Amount> calc_withdraw_one_coin(
        CallContext& context, const Amount& shares, std::int32_t coin) const;

    /// Takes @p dx of coin @p i from the caller and returns what it pays of coin @p j. three_pool
    /// takes the coin before it computes, and counts what came of its third one.
    /// Errors: Exchange resulted in fewer coins than expected.
    Result<Amount> exchange(CallContext context, std::int32_t i, std::int32_t j, const Amount& dx,
        const Amount& min_dy, AccountId recipient);
    /// Returns the shares minted. Errors: Slippage screwed you, if they are fewer than asked for.
    Result<Amount> add_liquidity(CallContext context, const curve_stableswap::AmountList& amounts,
        const Amount& min_mint_amount, AccountId recipient);
    /// Errors: Withdrawal resulted in fewer coins than expected.
    Result<curve_stableswap::Coins> remove_liquidity(CallContext context, const Amount& amount,
        const curve_stableswap::AmountList& min_amounts, AccountId recipient);
    /// Returns the shares burnt. Errors: Slippage screwed you, if they are more than allowed.
    Result<Amount> remove_liquidity_imbalance(CallContext context,
        const curve_stableswap::AmountList& amounts, const Amount& max_burn_amount,
        AccountId recipient);
    /// Returns what it pays. Errors: Not enough coins removed.
    Result<Amount> remove_liquidity_one_coin(CallContext context, const Amount& token_amount,
        std::int32_t i, const Amount& min_amount, AccountId recipient);

    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(
        const curve_stableswap::Exchange& call, AccountId sender, AccessCollector& access) const;
    void declare(const curve_stableswap::AddLiquidity& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const curve_stableswap::RemoveLiquidity& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const curve_stableswap::RemoveLiquidityImbalance& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const curve_stableswap::RemoveLiquidityOneCoin& call, AccountId sender,
        AccessCollector& access) const;
    Result<Returns> execute(const Erc20Approve& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::Exchange& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::AddLiquidity& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::RemoveLiquidity& call, CallContext& context);
    Result<Returns> execute(
        const curve_stableswap::RemoveLiquidityImbalance& call, CallContext& context);
    Result<Returns> execute(
        const curve_stableswap::RemoveLiquidityOneCoin& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::RampA& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::StopRampA& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::CommitNewFee& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::ApplyNewFee& call, CallContext& context);
    Result<Returns> execute(
        const curve_stableswap::RevertNewParameters& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::WithdrawAdminFees& call, CallContext& context);
    Result<Returns> execute(const curve_stableswap::DonateAdminFees& call, CallContext& context);

private:
    [[nodiscard]] bool is_three_pool() const noexcept
    {
        return curve_.code() == curve_stableswap::Code::three_pool;
    }
    [[nodiscard]] bool has_coin(std::int32_t coin) const noexcept
    {
        return coin >= 0 && coin < static_cast<std::int32_t>(curve_.count());
    }
    [[nodiscard]] unsigned number_of(ContractId token) const;
    [[nodiscard]] curve_stableswap::Terms terms_at(std::uint64_t time) const;
    /// The same for a running call.
    [[nodiscard]] Result<curve_stableswap::Terms> terms(CallContext& context) const;
    /// The state to write, at the block's time.
    curve_stableswap::PoolState& touch(CallContext& context);
    [[nodiscard]] Result<curve_stableswap::Coins> coins_of(
        const curve_stableswap::AmountList& list) const;
    /// The parameters to write; empty unless the caller is the owner.
    Result<curve_stableswap::PoolParameters*> as_owner(CallContext& context);
    /// Takes a coin from the caller; returns what counts as received.
    Result<Amount> pull(CallContext& context, unsigned coin, const Amount& amount);
    Result<void> pay(CallContext& context, unsigned coin, AccountId to, const Amount& amount);
    Result<void> mint(CallContext& context, Amount& supply, AccountId to, const Amount& shares);
    Result<void> burn(CallContext& context, Amount& supply, const Amount& shares);
    template <typename Emit>
    void emit_by_count(Emit&& emit) const;
    void declare_payments(AccessCollector& access, AccountId recipient) const;

    std::vector<ContractId> coins_;
    std::string symbol_;
    curve_stableswap::Curve curve_;
    curve_stableswap::Code code_;
    std::array<Token*, curve_stableswap::coins_max> token_{};
    Table<curve_stableswap::PoolState> state_;            // Record 0.
    Table<curve_stableswap::PoolParameters> parameters_;  // Record 0.
};

}  // namespace runnel::contracts
