#pragma once

#include "contracts/exchanges/uniswap_v3/calls.hpp"
#include "contracts/exchanges/uniswap_v3/events.hpp"
#include "contracts/exchanges/uniswap_v3/oracle.hpp"
#include "contracts/exchanges/uniswap_v3/swap_loop.hpp"
#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/range_exchange.hpp"
#include "contracts/kit/token.hpp"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace runnel::contracts::uniswap_v3
{

/// What a pool that a transaction creates is told.
struct PoolConstructor
{
    ContractId token0{};
    ContractId token1{};
    ContractId factory{};
    std::uint32_t fee = 0;
    std::int32_t tick_spacing = 0;
    RUNNEL_FIELDS(token0, token1, factory, (fee, other("1e-6")), tick_spacing);
};

/// A pool's slot0 and what stands beside it: one record, so that a swap within a tick touches one
/// object for it.
struct PoolState
{
    Amount sqrt_price_x96;           // uint160; 0 before the first price.
    Amount liquidity;                // uint128, of the positions in range.
    Amount fee_growth_global0_x128;  // Per unit of liquidity; wraps.
    Amount fee_growth_global1_x128;
    Amount protocol_fees0;  // uint128, owed to the protocol.
    Amount protocol_fees1;
    std::int32_t tick = 0;
    std::uint16_t observation_index = 0;
    std::uint16_t observation_cardinality = 0;
    std::uint16_t observation_cardinality_next = 0;
    std::uint8_t fee_protocol = 0;  // Of token0 in the lower four bits, of token1 above.
    bool unlocked = false;
    RUNNEL_FIELDS((sqrt_price_x96, other("sqrt(token1 per token0), Q64.96")),
        (liquidity, other("liquidity")),
        (fee_growth_global0_x128, other("token0 per liquidity, Q128")),
        (fee_growth_global1_x128, other("token1 per liquidity, Q128")),
        (protocol_fees0, smallest_unit_of_its("token0")),
        (protocol_fees1, smallest_unit_of_its("token1")), tick, observation_index,
        observation_cardinality, observation_cardinality_next, fee_protocol, unlocked);
};

/// What happens at the border of a tick. The values outside are on the other side of it, seen from
/// the current tick, and mean something only in differences.
struct TickInfo
{
    Amount liquidity_gross;  // uint128, of all positions that end here.
    Int256 liquidity_net;    // int128: what comes in range when the price rises through it.
    Amount fee_growth_outside0_x128;
    Amount fee_growth_outside1_x128;
    Amount seconds_per_liquidity_outside_x128;  // uint160
    std::int64_t tick_cumulative_outside = 0;   // int56
    std::uint32_t seconds_outside = 0;
    bool initialized = false;
    RUNNEL_FIELDS((liquidity_gross, other("liquidity")), (liquidity_net, other("liquidity")),
        (fee_growth_outside0_x128, other("token0 per liquidity, Q128")),
        (fee_growth_outside1_x128, other("token1 per liquidity, Q128")),
        (seconds_per_liquidity_outside_x128, other("seconds per liquidity, Q128")),
        tick_cumulative_outside, (seconds_outside, seconds), initialized);
};

struct PositionKey
{
    AccountId owner{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    RUNNEL_FIELDS(owner, tick_lower, tick_upper);
};

struct Position
{
    Amount liquidity;  // uint128
    Amount fee_growth_inside0_last_x128;
    Amount fee_growth_inside1_last_x128;
    Amount tokens_owed0;  // uint128
    Amount tokens_owed1;
    RUNNEL_FIELDS((liquidity, other("liquidity")),
        (fee_growth_inside0_last_x128, other("token0 per liquidity, Q128")),
        (fee_growth_inside1_last_x128, other("token1 per liquidity, Q128")),
        (tokens_owed0, smallest_unit_of_its("token0")),
        (tokens_owed1, smallest_unit_of_its("token1")));
};

/// Who is asked to pay in the middle of a call, as `uniswapV3MintCallback` and its like are.
class PoolCaller
{
public:
    /// @p amounts: owed of token0 and token1; of a swap one is negative, and has been paid out; of
    /// a flash, the fees. @p context is the caller's own.
    virtual Result<void> pay(CallContext context, const std::array<Int256, 2>& amounts) = 0;

protected:
    ~PoolCaller() = default;
};

/// What a swap moved: positive came in, negative went out.
using SwapAmounts = std::array<Int256, 2>;

/// What a swap would do, and where it would leave the pool.
struct SwapQuote
{
    SwapAmounts amounts;
    Amount sqrt_price_after_x96;
    std::int32_t tick_after = 0;
    std::uint32_t ticks_crossed = 0;
};

/// All of a pool's state.
struct PoolSnapshot
{
    PoolState state;
    std::vector<std::pair<std::int32_t, TickInfo>> ticks;
    std::vector<std::pair<PositionKey, Position>> positions;
    std::vector<Observation> observations;  // All slots, in order.
};

/// `snapshotCumulativesInside`.
struct CumulativesInside
{
    Cumulatives cumulatives;
    std::uint32_t seconds = 0;
};

}  // namespace runnel::contracts::uniswap_v3

namespace runnel::contracts
{

class UniswapV3Factory;

/// A pool of two tokens whose liquidity is put between prices of the provider's choice, with a fee
/// of its factory's.
///
/// Between two initialized ticks it is a constant-product pool of virtual reserves
///
///     x = L * 2^96 / P,   y = L * P / 2^96,   P = sqrt(price) * 2^96
///
/// with L the liquidity in range. Fees are kept apart from liquidity: they grow per unit of it, and
/// positions are paid what has grown within their range since they were last touched.
///
/// Units: smallest units of token0 and token1; token0 is the first as the scenario names them, not
/// the lower address. Rounding: what comes in is rounded up, what goes out down, each step of a
/// swap by itself. Failure: a refusal may leave records half written; the ledger rolls the
/// transaction back. Errors of every call but initialize: LOK before the first price and inside a
/// callback. Source: Uniswap v3-core 1.0.1 `UniswapV3Pool.sol` and its libraries; Adams et al.,
/// "Uniswap v3 Core" (2021).
class UniswapV3Pool
  : public ContractBase<UniswapV3Pool, uniswap_v3::Initialize, uniswap_v3::Mint, uniswap_v3::Burn,
        uniswap_v3::Collect, uniswap_v3::Swap, uniswap_v3::Flash, uniswap_v3::SetFeeProtocol,
        uniswap_v3::CollectProtocol, uniswap_v3::IncreaseObservationCardinalityNext>,
    public Exchange,
    public RangeExchange
{
public:
    UniswapV3Pool(ContractIdentity identity, const uniswap_v3::PoolConstructor& arguments);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state, for strategies and reports.

    [[nodiscard]] ContractId token0() const noexcept { return arguments_.token0; }
    [[nodiscard]] ContractId token1() const noexcept { return arguments_.token1; }
    [[nodiscard]] ContractId factory() const noexcept { return arguments_.factory; }
    [[nodiscard]] std::uint32_t swap_fee() const noexcept { return arguments_.fee; }
    [[nodiscard]] const Amount& max_liquidity_per_tick() const noexcept
    {
        return max_liquidity_per_tick_;
    }
    [[nodiscard]] const uniswap_v3::PoolState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const uniswap_v3::TickInfo& tick_info(std::int32_t tick) const
    {
        return ticks_.get(tick_key(tick));
    }
    [[nodiscard]] const Amount& bitmap_word(std::int32_t position) const
    {
        return bitmap_.get(word_key(position));
    }
    [[nodiscard]] const uniswap_v3::Observation& observation(std::uint16_t slot) const
    {
        return observations_.get(slot);
    }
    [[nodiscard]] const uniswap_v3::Position& position(const uniswap_v3::PositionKey& key) const
    {
        return positions_.get(key);
    }
    /// All ticks that are initialized, ascending.
    [[nodiscard]] std::vector<std::int32_t> initialized_ticks() const;
    /// What a swap would do now. Errors: those of the swap itself but for its payments.
    [[nodiscard]] Result<uniswap_v3::SwapQuote> quote_swap(
        const uniswap_v3::SwapRequest& request) const;
    /// Cumulative values @p seconds_ago, seen at @p time (Unix seconds). Errors: I, OLD.
    [[nodiscard]] Result<uniswap_v3::Cumulatives> observe(
        std::uint64_t time, std::uint32_t seconds_ago) const;
    /// Errors: TLU, TLM, TUM; without data for a tick that is not initialized; I.
    [[nodiscard]] Result<uniswap_v3::CumulativesInside> snapshot_cumulatives_inside(
        std::uint64_t time, std::int32_t tick_lower, std::int32_t tick_upper) const;

    // Exchange (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    /// What it holds without what it owes the protocol, in whatever range it lies.
    [[nodiscard]] Amount reserve(ContractId token) const override;
    /// The virtual reserve of the liquidity in range.
    [[nodiscard]] Amount depth(ContractId token) const override;
    [[nodiscard]] double spot_price(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] double fee(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    [[nodiscard]] Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const override;
    /// The liquidity in range.
    [[nodiscard]] Amount share_supply() const override { return state().liquidity; }
    [[nodiscard]] Amount share_balance(AccountId account) const override;
    /// Without fees that are owed.
    [[nodiscard]] std::vector<Amount> share_value(const Amount& shares) const override;
    [[nodiscard]] std::optional<DepositQuote> quote_deposit(
        std::span<const Amount> offered) const override;
    /// The router of the pool's factory.
    [[nodiscard]] const Venue* venue() const override;
    [[nodiscard]] std::optional<CallGas> postpaid_swap_gas() const override;
    void add_postpaid_swap(
        CallWriter& calls, const PostpaidSwap& swap, CallList nested) const override;

    // RangeExchange (range_exchange.cpp): positions of accounts in the pool itself. Those that the
    // position manager holds for others are its own.

    [[nodiscard]] const Exchange& exchange() const noexcept override { return *this; }
    [[nodiscard]] std::int32_t tick() const override { return state().tick; }
    [[nodiscard]] std::int32_t tick_spacing() const noexcept override
    {
        return arguments_.tick_spacing;
    }
    [[nodiscard]] PriceRange widest() const noexcept override;
    [[nodiscard]] std::optional<DepositQuote> quote_range_deposit(
        const PriceRange& range, std::span<const Amount> offered) const override;
    [[nodiscard]] Amount range_liquidity(AccountId owner, const PriceRange& range) const override;
    [[nodiscard]] std::vector<Amount> range_value(
        const PriceRange& range, const Amount& liquidity) const override;
    [[nodiscard]] std::vector<Amount> range_owed(
        AccountId owner, const PriceRange& range) const override;
    void add_range_deposit(CallWriter& calls, const PriceRange& range, const Amount& liquidity,
        AccountId sender) const override;
    void add_range_withdrawal(CallWriter& calls, const PriceRange& range, const Amount& liquidity,
        AccountId recipient) const override;
    [[nodiscard]] std::uint64_t crossing_gas(
        ContractId token_in, const Amount& amount_in) const override;
    [[nodiscard]] CallGas range_deposit_gas() const noexcept override;
    [[nodiscard]] CallGas range_withdrawal_gas() const noexcept override;

    /// Before the first block: makes this the pool's state. Its ticks must be on the grid.
    void restore(const uniswap_v3::PoolSnapshot& snapshot);

    // What other contracts call; @p context has the caller as sender, who pays in the callback.

    /// The price and what is beside it, as the running transaction sees it.
    [[nodiscard]] const uniswap_v3::PoolState& state(CallContext& context) const
    {
        return context.read(state_, 0);
    }
    [[nodiscard]] const uniswap_v3::Position& position(
        CallContext& context, const uniswap_v3::PositionKey& key) const
    {
        return context.read(positions_, key);
    }

    /// Errors, in this order: LOK; without data for no amount, or one of 2^127 and more; TLU, TLM,
    /// TUM; LO above max_liquidity_per_tick(); without data for ticks between the spacing; M0 and
    /// M1 if too little was paid. Returns the amounts paid.
    Result<std::array<Amount, 2>> mint(CallContext context, AccountId recipient,
        std::int32_t tick_lower, std::int32_t tick_upper, const Amount& amount,
        uniswap_v3::PoolCaller& caller);
    /// Errors: LOK; without data from 2^127 on; TLU, TLM, TUM; LS below 0; NP for nothing of
    /// nothing. Returns what the position is now owed more.
    Result<std::array<Amount, 2>> burn(CallContext context, std::int32_t tick_lower,
        std::int32_t tick_upper, const Amount& amount);
    /// Errors: LOK, TF.
    Result<std::array<Amount, 2>> collect(CallContext context, AccountId recipient,
        std::int32_t tick_lower, std::int32_t tick_upper, const Amount& amount0_requested,
        const Amount& amount1_requested);
    /// Errors, in this order: AS for 0; LOK; SPL for a limit on the wrong side; those of the
    /// arithmetic; TF; whatever the callback refuses; IIA if too little was paid.
    Result<uniswap_v3::SwapAmounts> swap(CallContext context, AccountId recipient,
        bool zero_for_one, const Int256& amount_specified, const Amount& sqrt_price_limit_x96,
        uniswap_v3::PoolCaller& caller);
    /// Errors, in this order: LOK; L without liquidity; TF; the callback's; F0, F1. Returns what
    /// was paid on top of what was lent.
    Result<std::array<Amount, 2>> flash(CallContext context, AccountId recipient,
        const Amount& amount0, const Amount& amount1, uniswap_v3::PoolCaller& caller);

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const uniswap_v3::Initialize& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v3::Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v3::Burn& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v3::Collect& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v3::Swap& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v3::Initialize& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::Mint& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::Burn& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::Collect& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::Swap& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::Flash& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::SetFeeProtocol& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::CollectProtocol& call, CallContext& context);
    Result<Returns> execute(
        const uniswap_v3::IncreaseObservationCardinalityNext& call, CallContext& context);

    /// What a swap touches beside what its callback does.
    void declare_swap(bool zero_for_one, AccountId recipient, AccessCollector& access) const;

private:
    class SwapSteps;

    [[nodiscard]] static constexpr std::uint64_t tick_key(std::int32_t tick) noexcept
    {
        return static_cast<std::uint64_t>(std::int64_t{tick} - uniswap_v3::min_tick);
    }
    [[nodiscard]] static constexpr std::uint64_t word_key(std::int32_t position) noexcept
    {
        return static_cast<std::uint64_t>(position + 32'768);
    }
    [[nodiscard]] static std::uint32_t now(const CallContext& context) noexcept
    {
        return static_cast<std::uint32_t>(context.block().timestamp);
    }
    [[nodiscard]] Amount held(CallContext& context, unsigned side) const;
    Result<void> pay(CallContext& context, unsigned side, AccountId to, const Amount& amount);
    /// The state to write, locked; LOK if it already was.
    Result<uniswap_v3::PoolState*> lock(CallContext& context);
    [[nodiscard]] uniswap_v3::Cumulatives cumulatives_now(
        CallContext& context, const uniswap_v3::PoolState& pool) const;
    void write_observation(CallContext& context, uniswap_v3::PoolState& pool, std::int32_t tick,
        const Amount& liquidity);
    struct Change;
    struct Changed;
    Result<Changed> modify_position(
        CallContext& context, uniswap_v3::PoolState& pool, const Change& change);
    Result<uniswap_v3::Position*> update_position(
        CallContext& context, const uniswap_v3::PoolState& pool, const Change& change);
    Result<bool> update_tick(CallContext& context, const uniswap_v3::PoolState& pool,
        std::int32_t tick, const Int256& liquidity_change, const uniswap_v3::Cumulatives& sums,
        bool is_upper);
    [[nodiscard]] std::array<Amount, 2> fee_growth_inside(CallContext& context,
        const uniswap_v3::PoolState& pool, std::int32_t tick_lower, std::int32_t tick_upper) const;
    [[nodiscard]] std::uint64_t observation_gas(
        CallContext& context, const uniswap_v3::PoolState& pool) const;
    Result<void> flip_tick(CallContext& context, std::int32_t tick);
    struct RangeChange;
    void emit_change(CallContext& context, const RangeChange& change) const;
    [[nodiscard]] AccountId factory_owner(CallContext& context) const;
    [[nodiscard]] unsigned side(ContractId token) const;
    [[nodiscard]] Amount last_price(bool down) const;
    [[nodiscard]] Result<uniswap_v3::SwapQuote> quote_whole(
        ContractId token_in, const Amount& amount, bool exact_in) const;
    [[nodiscard]] Result<Amount> quote_exact(
        ContractId token_in, const Amount& amount, bool exact_in) const;

    uniswap_v3::PoolConstructor arguments_;
    std::array<ContractId, 2> tokens_;
    Amount max_liquidity_per_tick_;
    std::array<Token*, 2> token_{};
    std::array<const Contract*, 2> token_contract_{};
    const UniswapV3Factory* factory_ = nullptr;
    Table<uniswap_v3::PoolState> state_;           // Record 0; guards all that follow.
    Table<uniswap_v3::TickInfo> ticks_;            // By tick, counted from the lowest.
    Table<Amount> bitmap_;                         // By word.
    Table<uniswap_v3::Observation> observations_;  // By slot.
    KeyedTable<uniswap_v3::PositionKey, uniswap_v3::Position> positions_;
};

}  // namespace runnel::contracts
