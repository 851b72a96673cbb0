#pragma once

#include "contracts/exchanges/balancer_weighted/calls.hpp"
#include "contracts/exchanges/balancer_weighted/events.hpp"
#include "contracts/exchanges/balancer_weighted/weighted_math.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/token_base.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::contracts::balancer_weighted
{

/// An amount per token; those that a pool does not have are 0.
using Tokens = std::array<Amount, tokens_max>;

/// All of a pool's state but balances and allowances of its shares.
struct PoolState
{
    Amount total_supply;  // First: weighs -1 in the conservation law.
    Tokens balances;      // What the Vault holds for the pool.
    Amount swap_fee;
    AccountId owner{};
    RUNNEL_FIELDS((total_supply, shares), (balances, smallest_unit_of_its("each token")),
        (swap_fee, wad), owner);
};

/// What a pool is created with.
struct PoolSpec
{
    std::vector<ContractId> tokens;  // Two to eight.
    std::vector<Amount> weights;     // 0.01 or more each, 18 digits; 1 in sum.
    Amount swap_fee;                 // 18 digits.
    AccountId owner = zero_account;
    std::string symbol;  // Of its shares.
};

}  // namespace runnel::contracts::balancer_weighted

namespace runnel::contracts
{

/// Balancer v2's weighted pool of two to eight tokens, the Vault's part of it included, and the
/// ERC-20 token of its shares (BPT):
///
///     prod balance_i ^ weight_i
///
/// never falls by a swap. A swap moves 30 % of a balance at most.
///
/// Units: smallest units of tokens and shares (18 digits); weights and fee with 18 digits. Tokens
/// have 18 decimals at most.
/// Rounding: in favour of the pool, see weighted_math.hpp; what comes out of it is brought back to
/// the token's decimals rounded down if it is paid, up if it is taken.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Errors: BAL#103 for lists of another length than the pool's, BAL#521 for tokens that it does not
/// have, BAL#526 if a balance passes 2^112-1, BAL#418 if a token answers false, its own reason if
/// it refuses; and those of each call, in its order.
/// Source: `@balancer-labs/v2-pool-weighted` 2.0.1 `WeightedMath.sol`, `BaseWeightedPool.sol`,
/// v2-pool-utils `BasePool.sol`, `BalancerPoolToken.sol`, v2-vault `Swaps.sol`,
/// `PoolBalances.sol`.
class BalancerWeightedPool
  : public TokenBase<BalancerWeightedPool, balancer_weighted::SwapGivenIn,
        balancer_weighted::SwapGivenOut, balancer_weighted::JoinExactTokensIn,
        balancer_weighted::JoinTokenIn, balancer_weighted::JoinAllTokensIn,
        balancer_weighted::ExitOneToken, balancer_weighted::ExitAllTokens,
        balancer_weighted::ExitExactTokens, balancer_weighted::SetSwapFeePercentage>,
    public Exchange,
    public Venue
{
public:
    /// Shares that the first join gives to the zero account for good.
    static constexpr std::uint64_t minimum_shares = 1'000'000;
    static constexpr std::uint64_t swap_fee_min = 1'000'000'000'000;
    static constexpr std::uint64_t swap_fee_max = 100'000'000'000'000'000;
    static constexpr std::uint64_t weight_min = 10'000'000'000'000'000;

    BalancerWeightedPool(ContractIdentity identity, balancer_weighted::PoolSpec spec);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const balancer_weighted::PoolState& state() const noexcept
    {
        return state_.get(0);
    }
    [[nodiscard]] const Amount& total_supply() const noexcept { return state().total_supply; }
    [[nodiscard]] const std::vector<Amount>& weights() const noexcept { return weights_; }
    /// Errors: those of invariant_down().
    [[nodiscard]] Result<Amount> invariant() const;

    // Exchange and Venue (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    [[nodiscard]] Amount reserve(ContractId token) const override;
    /// Against the first other token.
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
    [[nodiscard]] const Venue* venue() const override { return this; }
    [[nodiscard]] std::vector<const Exchange*> exchanges() const override { return {this}; }
    [[nodiscard]] bool serves(const Exchange& exchange) const override { return &exchange == this; }
    [[nodiscard]] std::uint64_t swap_gas(std::size_t hops) const noexcept override;
    void add_swap(CallWriter& calls, const SwapOrder& order) const override;
    void add_deposit(CallWriter& calls, const DepositOrder& order) const override;
    void add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const override;
    [[nodiscard]] OrderFailure failure_of(const Refusal& refusal) const override;

    // What other contracts call; @p context has the caller as sender.

    /// Returns what it pays. Errors, in this order: BAL#508 after the deadline; BAL#510 of nothing;
    /// BAL#509 for the same token; those of out_given_in_down(); BAL#507 for less than
    /// @p amount_out_min.
    Result<Amount> swap_given_in(CallContext context, const balancer_weighted::SwapGivenIn& call);
    /// Returns what it takes. Errors: as above, with in_given_out_up() and for more than
    /// amount_in_max.
    Result<Amount> swap_given_out(CallContext context, const balancer_weighted::SwapGivenOut& call);
    /// Returns the shares minted. Of a pool without shares:
    ///
    ///     invariant * tokens - 10^6, rounded down; 10^6 more go to the zero account
    ///
    /// Errors: BAL#204 if a first join's are fewer than 10^6; those of
    /// shares_out_given_amounts_in_down(); BAL#208 for fewer than asked for.
    Result<Amount> join_exact_tokens_in(
        CallContext context, const balancer_weighted::JoinExactTokensIn& call);
    /// Returns the amounts paid. Errors: BAL#417 for want of shares; BAL#505 for less than asked
    /// for.
    Result<balancer_weighted::Tokens> exit_all_tokens(
        CallContext context, const balancer_weighted::ExitAllTokens& call);

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const balancer_weighted::SwapGivenIn& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const balancer_weighted::SwapGivenOut& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const balancer_weighted::JoinExactTokensIn& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const balancer_weighted::ExitAllTokens& call, AccountId sender,
        AccessCollector& access) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20Approve& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::SwapGivenIn& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::SwapGivenOut& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::JoinExactTokensIn& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::JoinTokenIn& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::JoinAllTokensIn& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::ExitOneToken& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::ExitAllTokens& call, CallContext& context);
    Result<Returns> execute(const balancer_weighted::ExitExactTokens& call, CallContext& context);
    Result<Returns> execute(
        const balancer_weighted::SetSwapFeePercentage& call, CallContext& context);

private:
    using Tokens = balancer_weighted::Tokens;

    [[nodiscard]] unsigned count() const noexcept { return static_cast<unsigned>(tokens_.size()); }
    [[nodiscard]] unsigned number_of(ContractId token) const;
    /// Errors: BAL#521.
    [[nodiscard]] Result<unsigned> find_token_of(ContractId token) const;
    [[nodiscard]] Result<Tokens> amounts_of(const balancer_weighted::AmountList& list) const;
    /// An amount with 18 digits, and back.
    [[nodiscard]] Result<Amount> upscaled(unsigned token, const Amount& amount) const;
    [[nodiscard]] Result<Amount> downscaled_down(unsigned token, const Amount& amount) const;
    [[nodiscard]] Result<Amount> downscaled_up(unsigned token, const Amount& amount) const;
    [[nodiscard]] Result<std::vector<Amount>> upscaled(const Tokens& amounts) const;

    struct SwapAmounts
    {
        Amount in;
        Amount out;
        Amount fee;  // Of what comes in.
    };
    [[nodiscard]] Result<SwapAmounts> given_in(const balancer_weighted::PoolState& pool,
        unsigned in, unsigned out, const Amount& amount_in) const;
    [[nodiscard]] Result<SwapAmounts> given_out(const balancer_weighted::PoolState& pool,
        unsigned in, unsigned out, const Amount& amount_out) const;
    [[nodiscard]] Result<Amount> shares_for(
        const balancer_weighted::PoolState& pool, const Tokens& amounts) const;
    Result<void> settle(CallContext& context, balancer_weighted::PoolState& pool, unsigned in,
        unsigned out, const SwapAmounts& amounts, AccountId recipient);

    Result<balancer_weighted::PoolState*> touch(CallContext& context);
    /// Errors: BAL#206 without shares.
    Result<balancer_weighted::PoolState*> touch_open(CallContext& context);
    Result<void> pull(CallContext& context, balancer_weighted::PoolState& pool, unsigned token,
        const Amount& amount);
    Result<void> pay(CallContext& context, balancer_weighted::PoolState& pool, unsigned token,
        AccountId to, const Amount& amount);
    Result<void> join(CallContext& context, balancer_weighted::PoolState& pool,
        const Tokens& amounts, AccountId recipient, const Amount& shares);
    Result<void> exit(CallContext& context, balancer_weighted::PoolState& pool,
        const Tokens& amounts, AccountId recipient, const Amount& shares);
    void declare_swap(ContractId token_in, ContractId token_out, AccountId sender,
        AccountId recipient, AccessCollector& access) const;

    std::vector<ContractId> tokens_;
    std::vector<Amount> weights_;
    std::string symbol_;
    Tokens scaling_;  // 10^(36 - decimals)
    Amount pool_id_;
    std::array<Token*, balancer_weighted::tokens_max> token_{};
    Table<balancer_weighted::PoolState> state_;  // Record 0.
};

}  // namespace runnel::contracts
