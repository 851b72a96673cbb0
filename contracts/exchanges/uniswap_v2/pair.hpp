#pragma once

#include "contracts/exchanges/uniswap_v2/calls.hpp"
#include "contracts/exchanges/uniswap_v2/events.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/token_base.hpp"

#include <array>
#include <cstdint>

namespace runnel::contracts::uniswap_v2
{

/// What a pair that a transaction creates is told.
struct PairConstructor
{
    ContractId token0{};
    ContractId token1{};
    ContractId factory{};
    RUNNEL_FIELDS(token0, token1, factory);
};

/// All of a pair's state but balances and allowances of its shares: one record, so that a swap
/// touches one object for it.
struct PairState
{
    Amount total_supply;  // First: weighs -1 in the conservation law.
    Amount reserve0;      // uint112
    Amount reserve1;      // uint112
    Amount k_last;        // reserve0 * reserve1 after the last mint or burn with the fee on.
    Amount price0_cumulative_last;  // Wraps modulo 2^256.
    Amount price1_cumulative_last;
    std::uint32_t block_timestamp_last = 0;  // Unix seconds modulo 2^32.
    bool locked = false;                     // Only while one of its calls runs.
    RUNNEL_FIELDS((total_supply, shares), (reserve0, smallest_unit_of_its("token0")),
        (reserve1, smallest_unit_of_its("token1")), (k_last, other("token0 * token1")),
        (price0_cumulative_last, other("token1 per token0, UQ112x112 s")),
        (price1_cumulative_last, other("token0 per token1, UQ112x112 s")),
        (block_timestamp_last, unix_seconds), locked);
};

}  // namespace runnel::contracts::uniswap_v2

namespace runnel::contracts
{

class UniswapV2Factory;

/// A constant-product pool of two tokens with its factory's fee, 0.3% by default, and the ERC-20
/// token of its shares.
///
/// A swap is accepted if, with the fee taken off what came in,
///
///     (balance0 * 1000 - in0 * 3) * (balance1 * 1000 - in1 * 3) >= reserve0 * reserve1 * 1000^2
///
/// so k = reserve0 * reserve1 never falls by a swap. Shares are minted and burnt pro rata, rounded
/// down: the pool never pays more than it was given.
///
/// Units: smallest units of token0, token1 and shares; reserves fit 112 bits. token0 is the first
/// as the scenario names them, not the lower address.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Errors of every call: UniswapV2: LOCKED inside the callback of a swap, UniswapV2: OVERFLOW if a
/// balance passes 2^112-1, UniswapV2: TRANSFER_FAILED if a token refuses to be paid out, and
/// ds-math's reasons on overflow.
/// Source: Uniswap v2-core `UniswapV2Pair.sol`; Adams, Zinsmeister, Robinson, "Uniswap v2 Core"
/// (2020).
class UniswapV2Pair : public TokenBase<UniswapV2Pair, uniswap_v2::Mint, uniswap_v2::Burn,
                          uniswap_v2::Swap, uniswap_v2::Skim, uniswap_v2::Sync>,
                      public Exchange
{
public:
    /// Shares that the first mint gives to the zero account for good.
    static constexpr std::uint64_t minimum_liquidity = 1'000;

    UniswapV2Pair(
        ContractIdentity identity, ContractId token0, ContractId token1, ContractId factory);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state, for strategies and reports.

    [[nodiscard]] ContractId token0() const noexcept { return tokens_[0]; }
    [[nodiscard]] ContractId token1() const noexcept { return tokens_[1]; }
    [[nodiscard]] ContractId factory() const noexcept { return factory_id_; }
    /// The other of the two; a bug unless trades(@p token).
    [[nodiscard]] ContractId other(ContractId token) const;
    [[nodiscard]] const uniswap_v2::PairState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const Amount& total_supply() const noexcept { return state().total_supply; }

    // Exchange (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    [[nodiscard]] Amount reserve(ContractId token) const override;
    [[nodiscard]] double spot_price(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] double fee(ContractId token_in, ContractId token_out) const override;
    /// Errors: those of uniswap_v2::get_amount_out(); also of the swap itself: UniswapV2:
    /// INSUFFICIENT_OUTPUT_AMOUNT if it rounds to 0, UniswapV2: OVERFLOW.
    [[nodiscard]] Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    /// Errors: those of uniswap_v2::get_amount_in(); UniswapV2: OVERFLOW.
    [[nodiscard]] Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const override;
    [[nodiscard]] std::optional<RationalPayout> payout(
        ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] std::optional<ContractId> share_token() const override { return id(); }
    [[nodiscard]] Amount share_supply() const override { return total_supply(); }
    /// Before a protocol fee that is still to be minted. Zeros without shares.
    [[nodiscard]] std::vector<Amount> share_value(const Amount& shares) const override;
    /// As the router's addLiquidity chooses the amounts; shares before a protocol fee.
    [[nodiscard]] std::optional<DepositQuote> quote_deposit(
        std::span<const Amount> offered) const override;
    /// The router of the pair's factory.
    [[nodiscard]] const Venue* venue() const override;
    [[nodiscard]] std::optional<std::uint64_t> prepaid_swap_gas() const override
    {
        return uniswap_v2::Swap::gas;
    }
    void add_prepaid_swap(CallWriter& calls, ContractId token_in, ContractId token_out,
        const Amount& amount_out, AccountId recipient) const override;
    [[nodiscard]] std::optional<CallGas> postpaid_swap_gas() const override;
    void add_postpaid_swap(
        CallWriter& calls, const PostpaidSwap& swap, CallList nested) const override;

    // What other contracts call; @p context has the caller as sender.

    /// The reserves as the running transaction sees them.
    [[nodiscard]] std::array<Amount, 2> reserves(CallContext& context) const;
    /// The same of all of its state, accumulated prices included: for oracles.
    [[nodiscard]] const uniswap_v2::PairState& state(CallContext& context) const
    {
        return context.read(state_, 0);
    }

    /// Returns the shares minted to @p to:
    ///
    ///     first:  sqrt(amount0 * amount1) - 1000, rounded down; 1000 more go to the zero account
    ///     later:  min(amount0 * supply / reserve0, amount1 * supply / reserve1), rounded down
    ///
    /// with the supply after the protocol fee (mint_fee()) was minted.
    /// Errors, in this order: UniswapV2: LOCKED; ds-math-sub-underflow if a first mint's root is
    /// below 1000; an invalid opcode if a reserve is 0; UniswapV2:
    /// INSUFFICIENT_LIQUIDITY_MINTED if no share comes out; UniswapV2: OVERFLOW.
    Result<Amount> mint(CallContext context, AccountId to);

    /// Burns all shares that the pair itself holds and returns the amounts paid to @p to:
    ///
    ///     amount = shares * balance / supply, rounded down
    ///
    /// of balances, not reserves: donations are shared out.
    /// Errors, in this order: UniswapV2: LOCKED; an invalid opcode without supply; UniswapV2:
    /// INSUFFICIENT_LIQUIDITY_BURNED if either amount is 0; UniswapV2: TRANSFER_FAILED;
    /// UniswapV2: OVERFLOW.
    Result<std::array<Amount, 2>> burn(CallContext context, AccountId to);

    /// Pays out, calls @p to if there is @p data, and checks that enough came in, donations
    /// included. Returns the amounts that came in. Errors, in this order: UniswapV2: LOCKED;
    /// UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT if both are 0; UniswapV2: INSUFFICIENT_LIQUIDITY if
    /// one is not below its reserve; UniswapV2: INVALID_TO if @p to is a token; UniswapV2:
    /// TRANSFER_FAILED; whatever the callback refuses, without a reason if @p to has registered
    /// nothing; UniswapV2: INSUFFICIENT_INPUT_AMOUNT if nothing came in; UniswapV2: K; UniswapV2:
    /// OVERFLOW.
    Result<std::array<Amount, 2>> swap(CallContext context, const Amount& amount0_out,
        const Amount& amount1_out, AccountId to, const CallList& data);

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const uniswap_v2::Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v2::Burn& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v2::Swap& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v2::Skim& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v2::Sync& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v2::Mint& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::Burn& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::Swap& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::Skim& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::Sync& call, CallContext& context);

private:
    [[nodiscard]] unsigned side(ContractId token) const;
    [[nodiscard]] std::array<Amount, 2> balances_held(CallContext& context) const;
    /// The state to write, locked; UniswapV2: LOCKED if it already was.
    Result<uniswap_v2::PairState*> lock(CallContext& context);
    Result<void> pay(CallContext& context, unsigned side, AccountId to, const Amount& amount);
    Result<bool> mint_fee(CallContext& context, uniswap_v2::PairState& state);
    Result<void> update(
        CallContext& context, uniswap_v2::PairState& state, const std::array<Amount, 2>& balances);
    [[nodiscard]] Result<void> check_room(
        unsigned side_in, const Amount& amount_in, const Amount& amount_out) const;

    std::array<ContractId, 2> tokens_;
    ContractId factory_id_;
    std::array<Token*, 2> token_{};
    std::array<AccountId, 2> token_account_{};
    const UniswapV2Factory* factory_ = nullptr;
    Table<uniswap_v2::PairState> state_;  // Record 0.
};

}  // namespace runnel::contracts
