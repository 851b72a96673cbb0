#pragma once

#include "contracts/exchanges/uniswap_v4/calls.hpp"
#include "contracts/exchanges/uniswap_v4/hook.hpp"
#include "contracts/exchanges/uniswap_v4/swap_loop.hpp"
#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::contracts::uniswap_v4
{

/// What lives no longer than a transaction. On Ethereum it is in transient storage; here it is a
/// record that is zero again when the lock has closed, but for a sync() outside of it, which says
/// of which transaction it is.
struct TransientState
{
    bool is_unlocked = false;
    std::uint32_t nonzero_deltas = 0;
    bool is_synced = false;
    ContractId synced{};
    Amount reserves;  // What the manager had of it then.
    // Of whom and when, if it was outside of the lock.
    AccountId synced_by{};
    std::uint64_t synced_block = 0;
    std::uint64_t synced_nonce = 0;
    RUNNEL_FIELDS(is_unlocked, nonzero_deltas, is_synced, synced,
        (reserves, smallest_unit_of("synced")), synced_by, synced_block, synced_nonce);
};

/// Positive: the account has it to get; negative: it owes it.
struct CurrencyDelta
{
    Int256 amount;
    RUNNEL_FIELDS(amount);
};

struct ManagerState
{
    AccountId owner{};
    AccountId protocol_fee_controller{};
    std::uint32_t pool_count = 0;
    RUNNEL_FIELDS(owner, protocol_fee_controller, pool_count);
};

/// Pools are numbered from 1 in the order in which they were initialized.
struct PoolNumber
{
    std::uint32_t number = 0;
    RUNNEL_FIELDS(number);
};

/// What never changes of a pool.
struct PoolIdentity
{
    PoolKey key;
    Amount id;  // keccak-256 of the key.
    RUNNEL_FIELDS(key, id);
};

struct PoolState
{
    Amount sqrt_price_x96;           // uint160
    Amount liquidity;                // uint128, of the positions in range.
    Amount fee_growth_global0_x128;  // Per unit of liquidity; wraps.
    Amount fee_growth_global1_x128;
    std::int32_t tick = 0;
    std::uint32_t protocol_fee = 0;  // Of currency0 in the lower 12 bits, of currency1 above.
    std::uint32_t lp_fee = 0;
    RUNNEL_FIELDS((sqrt_price_x96, other("sqrt(currency1 per currency0), Q64.96")),
        (liquidity, other("liquidity")),
        (fee_growth_global0_x128, other("currency0 per liquidity, Q128")),
        (fee_growth_global1_x128, other("currency1 per liquidity, Q128")), tick,
        (protocol_fee, other("1e-6, two of 12 bits")), (lp_fee, other("1e-6")));
};

struct TickInfo
{
    Amount liquidity_gross;  // uint128
    Int256 liquidity_net;    // int128
    Amount fee_growth_outside0_x128;
    Amount fee_growth_outside1_x128;
    RUNNEL_FIELDS((liquidity_gross, other("liquidity")), (liquidity_net, other("liquidity")),
        (fee_growth_outside0_x128, other("currency0 per liquidity, Q128")),
        (fee_growth_outside1_x128, other("currency1 per liquidity, Q128")));
};

struct PositionKey
{
    std::uint32_t pool = 0;
    AccountId owner{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount salt;
    RUNNEL_FIELDS(pool, owner, tick_lower, tick_upper, salt);
};

struct Position
{
    Amount liquidity;  // uint128
    Amount fee_growth_inside0_last_x128;
    Amount fee_growth_inside1_last_x128;
    RUNNEL_FIELDS((liquidity, other("liquidity")),
        (fee_growth_inside0_last_x128, other("currency0 per liquidity, Q128")),
        (fee_growth_inside1_last_x128, other("currency1 per liquidity, Q128")));
};

struct ClaimsAllowanceKey
{
    AccountId owner{};
    AccountId spender{};
    ContractId currency{};
    RUNNEL_FIELDS(owner, spender, currency);
};

/// Who is called back while the manager is unlocked, as `unlockCallback` is.
class Locker
{
public:
    /// @p context is that of the call of unlock().
    virtual Result<void> unlocked(CallContext& context) = 0;

protected:
    ~Locker() = default;
};

/// What a change of a position came to.
struct LiquidityChange
{
    BalanceDelta caller;  // Fees included, what a hook took or gave too.
    BalanceDelta fees;
};

/// What a swap would do, and where it would leave the pool.
struct SwapQuote
{
    BalanceDelta amounts;
    Amount sqrt_price_after_x96;
    std::uint32_t fee = 0;
    std::uint32_t ticks_crossed = 0;
    std::uint64_t gas = 0;  // Of ticks and words of the bitmap on its way.
};

}  // namespace runnel::contracts::uniswap_v4

namespace runnel::contracts
{

class NativeCoin;
class UniswapV4Pool;

/// All pools of a Uniswap v4, in one contract that holds their tokens.
///
/// Who wants something of it unlocks it and is called back. What he does then only changes what he
/// has to get or to pay of each currency; tokens move when he takes or settles, and when the lock
/// closes nothing may be left of anybody. So a swap along three pools moves two tokens, and whoever
/// gives back before the end may take what he likes. Instead of tokens he may keep claims
/// (ERC-6909) and pay with them.
///
/// A pool is one of Uniswap v3 (same prices, ticks and positions) with three differences: fees are
/// paid out whenever a position is touched, the protocol's part is of what comes in, and a
/// contract, the pool's hook, may be called before and after everything that happens to it, change
/// the fee of a swap, and take or give tokens in it.
///
/// Units: smallest units of the currencies. Rounding: what comes in up, what goes out down, each
/// step of a swap by itself. Failure: a refusal may leave records half written; the ledger rolls
/// the transaction back. Source: Uniswap v4-core 1.0.2 `PoolManager.sol` and its libraries.
class UniswapV4Manager
  : public ContractBase<UniswapV4Manager, uniswap_v4::Unlock, uniswap_v4::Initialize,
        uniswap_v4::ModifyLiquidity, uniswap_v4::Swap, uniswap_v4::Donate, uniswap_v4::Sync,
        uniswap_v4::Take, uniswap_v4::Settle, uniswap_v4::SettleFor, uniswap_v4::Clear,
        uniswap_v4::Mint, uniswap_v4::Burn, uniswap_v4::UpdateDynamicLpFee,
        uniswap_v4::SetProtocolFee, uniswap_v4::SetProtocolFeeController,
        uniswap_v4::CollectProtocolFees, uniswap_v4::TransferClaims, uniswap_v4::TransferClaimsFrom,
        uniswap_v4::ApproveClaims, uniswap_v4::SetOperator, uniswap_v4::TransferOwnership>
{
public:
    UniswapV4Manager(ContractIdentity identity, AccountId owner);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state.

    /// 0 if nobody has initialized it.
    [[nodiscard]] std::uint32_t find_pool(const uniswap_v4::PoolKey& key) const
    {
        return numbers_.get(key).number;
    }
    [[nodiscard]] std::uint32_t pool_count() const { return state_.get(0).pool_count; }
    [[nodiscard]] const uniswap_v4::PoolIdentity& identity(std::uint32_t pool) const
    {
        return identities_.get(pool);
    }
    [[nodiscard]] const uniswap_v4::PoolState& pool(std::uint32_t pool) const
    {
        return pools_.get(pool);
    }
    [[nodiscard]] const uniswap_v4::TickInfo& tick_info(std::uint32_t pool, std::int32_t tick) const
    {
        return ticks_.get(tick_key(pool, tick));
    }
    [[nodiscard]] const Amount& bitmap_word(std::uint32_t pool, std::int32_t position) const
    {
        return bitmap_.get(word_key(pool, position));
    }
    [[nodiscard]] const uniswap_v4::Position& position(const uniswap_v4::PositionKey& key) const
    {
        return positions_.get(key);
    }
    /// What a position has earned and is paid when it is touched next.
    [[nodiscard]] std::vector<Amount> fees_of(const uniswap_v4::PositionKey& key) const;
    /// Whose liquidity it is: a router's positions are of those for whom it keeps them.
    [[nodiscard]] AccountId provider_of(AccountId owner, const Amount& salt) const noexcept;
    [[nodiscard]] const Amount& claims(AccountId account, ContractId currency) const
    {
        return claims_.get(account_contract_key(account, currency));
    }
    [[nodiscard]] const Amount& claims_allowance(
        AccountId owner, AccountId spender, ContractId currency) const
    {
        return claims_allowances_.get({owner, spender, currency});
    }
    [[nodiscard]] const Amount& protocol_fees(ContractId currency) const
    {
        return protocol_fees_.get(index(currency));
    }
    /// All ticks of a pool that are initialized, ascending.
    [[nodiscard]] std::vector<std::int32_t> initialized_ticks(std::uint32_t pool) const;
    /// What a swap would do now, the hook's part as it previews it. Errors: those of the swap.
    [[nodiscard]] Result<uniswap_v4::SwapQuote> quote_swap(
        const uniswap_v4::PoolKey& key, const uniswap_v4::SwapParams& params) const;
    /// What a swap would pay now, the protocol's part included; in pips.
    [[nodiscard]] std::uint32_t swap_fee(const uniswap_v4::PoolKey& key, bool zero_for_one) const;
    /// What the liquidity of all positions of a pool is worth now of one of its currencies, each
    /// part between two ticks rounded down.
    [[nodiscard]] Amount principal(std::uint32_t pool, unsigned side) const;
    /// That of all pools, claims and protocol fees: what the manager must have at least.
    [[nodiscard]] Amount liabilities(ContractId currency) const;
    [[nodiscard]] Amount holding(ContractId currency) const;

    /// The pool as contracts know it that know no Uniswap, if a scenario has one.
    [[nodiscard]] const UniswapV4Pool* find_exchange(const uniswap_v4::PoolKey& key) const noexcept;
    [[nodiscard]] const std::vector<const UniswapV4Pool*>& exchanges() const noexcept
    {
        return exchanges_;
    }

    // What other contracts call; @p context has the caller as its sender.

    /// Errors: AlreadyUnlocked; what the caller refuses; CurrencyNotSettled.
    Result<void> unlock(CallContext context, uniswap_v4::Locker& locker);
    /// Errors, in this order: TickSpacingTooLarge, TickSpacingTooSmall,
    /// CurrenciesOutOfOrderOrEqual, HookAddressNotValid, LPFeeTooLarge; the hook's;
    /// PoolAlreadyInitialized, InvalidSqrtPrice; the hook's. Returns the tick.
    Result<std::int32_t> initialize(
        CallContext context, const uniswap_v4::PoolKey& key, const Amount& sqrt_price_x96);
    /// Errors, in this order: ManagerLocked, PoolNotInitialized; the hook's; SafeCastOverflow,
    /// TicksMisordered, TickLowerOutOfBounds, TickUpperOutOfBounds; SafeCastOverflow,
    /// TickLiquidityOverflow, TickMisaligned of the lower tick, then of the upper one;
    /// CannotUpdateEmptyPosition; the hook's.
    Result<uniswap_v4::LiquidityChange> modify_liquidity(CallContext context,
        const uniswap_v4::PoolKey& key, const uniswap_v4::ModifyParams& params);
    /// Errors, in this order: ManagerLocked, SwapAmountCannotBeZero, PoolNotInitialized; the
    /// hook's; HookDeltaExceedsSwapAmount, LPFeeTooLarge, InvalidFeeForExactOut,
    /// PriceLimitAlreadyExceeded, PriceLimitOutOfBounds; the hook's. @p taker is who the rows of
    /// trades name.
    Result<uniswap_v4::BalanceDelta> swap(CallContext context, const uniswap_v4::PoolKey& key,
        const uniswap_v4::SwapParams& params, AccountId taker);
    /// Errors, in this order: ManagerLocked, PoolNotInitialized; the hook's;
    /// NoLiquidityToReceiveFees, SafeCastOverflow; the hook's.
    Result<uniswap_v4::BalanceDelta> donate(CallContext context, const uniswap_v4::PoolKey& key,
        const Amount& amount0, const Amount& amount1);
    Result<void> sync(CallContext context, ContractId currency);
    /// Errors: ManagerLocked, SafeCastOverflow; WrappedError of the transfer.
    Result<void> take(CallContext context, ContractId currency, AccountId to, const Amount& amount);
    /// Moves @p value native coins of the caller. Errors: without data if he has less;
    /// ManagerLocked, NonzeroNativeValue. Returns what was paid.
    Result<Amount> settle(CallContext context, AccountId recipient, const Amount& value);
    /// Errors: ManagerLocked, SafeCastOverflow, MustClearExactPositiveDelta.
    Result<void> clear(CallContext context, ContractId currency, const Amount& amount);
    /// Errors: ManagerLocked, SafeCastOverflow.
    Result<void> mint(CallContext context, AccountId to, ContractId currency, const Amount& amount);
    /// Errors: ManagerLocked, SafeCastOverflow; Panic(0x11) for want of allowance or claims.
    Result<void> burn(
        CallContext context, AccountId from, ContractId currency, const Amount& amount);
    /// Errors: UnauthorizedDynamicLPFeeUpdate, LPFeeTooLarge, PoolNotInitialized.
    Result<void> update_dynamic_lp_fee(
        CallContext context, const uniswap_v4::PoolKey& key, std::uint32_t fee);

    /// What @p account has to get (negative: owes) as the running transaction sees it.
    [[nodiscard]] const Int256& delta(
        CallContext& context, AccountId account, ContractId currency) const
    {
        return context.read(deltas_, account_contract_key(account, currency)).amount;
    }
    [[nodiscard]] const uniswap_v4::PoolState& pool(
        CallContext& context, const uniswap_v4::PoolKey& key) const
    {
        return context.read(pools_, context.read(numbers_, key).number);
    }
    [[nodiscard]] const uniswap_v4::Position& position(CallContext& context,
        const uniswap_v4::PoolKey& key, AccountId owner,
        const uniswap_v4::ModifyParams& params) const
    {
        return context.read(positions_, {context.read(numbers_, key).number, owner,
                                            params.tick_lower, params.tick_upper, params.salt});
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const uniswap_v4::Unlock& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v4::Initialize& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::ModifyLiquidity& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::Swap& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::Donate& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::Sync& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v4::Take& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::Settle& call, AccountId sender, AccessCollector& access) const;
    void declare(const uniswap_v4::Mint& call, AccountId, AccessCollector& access) const;
    void declare(const uniswap_v4::Burn& call, AccountId, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v4::Unlock& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Initialize& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::ModifyLiquidity& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Swap& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Donate& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Sync& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Take& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Settle& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::SettleFor& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Clear& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Mint& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::Burn& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::UpdateDynamicLpFee& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::SetProtocolFee& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::SetProtocolFeeController& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::CollectProtocolFees& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::TransferClaims& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::TransferClaimsFrom& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::ApproveClaims& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::SetOperator& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::TransferOwnership& call, CallContext& context);

    /// What every call that changes a pool may touch, its hook's records included.
    void declare_pool(const uniswap_v4::PoolKey& key, AccessCollector& access) const;
    /// What take() may touch.
    void declare_take(ContractId currency, AccountId to, AccessCollector& access) const;

private:
    class SwapSteps;
    struct OpenPool;
    struct TickChange;

    [[nodiscard]] static constexpr std::uint64_t tick_key(
        std::uint32_t pool, std::int32_t tick) noexcept
    {
        return static_cast<std::uint64_t>(pool) << 32U |
               static_cast<std::uint32_t>(tick - uniswap_v3::min_tick);
    }
    [[nodiscard]] static constexpr std::uint64_t word_key(
        std::uint32_t pool, std::int32_t position) noexcept
    {
        return static_cast<std::uint64_t>(pool) << 32U |
               static_cast<std::uint32_t>(position + 32'768);
    }
    // Accounting (manager.cpp).
    Result<void> require_unlocked(CallContext& context) const;
    Result<void> require_currency(ContractId currency) const;
    void account_delta(
        CallContext& context, ContractId currency, AccountId account, const Int256& change);
    void account_pool_delta(CallContext& context, const uniswap_v4::PoolKey& key, AccountId account,
        const uniswap_v4::BalanceDelta& delta);
    [[nodiscard]] bool is_synced(CallContext& context) const;
    void keep_sync(CallContext& context, uniswap_v4::TransientState& state);
    Result<Amount> held(CallContext& context, ContractId currency) const;
    Result<void> pay(CallContext& context, ContractId currency, AccountId to, const Amount& amount);
    Result<void> add_claims(CallContext& context, AccountId from, AccountId to, ContractId currency,
        const Amount& amount);
    Result<void> spend_claims(
        CallContext& context, AccountId from, ContractId currency, const Amount& amount);

    // Pools (manager_pools.cpp).
    [[nodiscard]] uniswap_v4::Hook* find_hook(AccountId account) const noexcept;
    [[nodiscard]] uniswap_v4::Hook* hook_for(const CallContext& context,
        const uniswap_v4::PoolKey& key, uniswap_v4::Permission permission) const noexcept;
    [[nodiscard]] uniswap_v4::BeforeSwapAnswer preview(const uniswap_v4::PoolKey& key) const;
    template <typename Callback>
    auto call_hook(CallContext& context, const uniswap_v4::PoolKey& key, std::string_view function,
        Callback&& callback) -> decltype(callback(std::declval<const uniswap_v4::HookCall&>()));
    Result<OpenPool> open_pool(CallContext& context, const uniswap_v4::PoolKey& key);
    Result<TickChange> update_tick(CallContext& context, const OpenPool& pool, std::int32_t tick,
        const Int256& change, bool is_upper);
    Result<void> flip_tick(CallContext& context, const OpenPool& pool, std::int32_t tick);
    void emit_range_change(CallContext& context, const OpenPool& pool,
        const uniswap_v4::ModifyParams& params, const uniswap_v4::LiquidityChange& change) const;
    Result<uniswap_v4::LiquidityChange> modify_position(
        CallContext& context, OpenPool& pool, const uniswap_v4::ModifyParams& params);
    Result<uniswap_v4::BalanceDelta> swap_in_pool(CallContext& context, OpenPool& pool,
        const uniswap_v4::SwapParams& params, const Int256& amount, std::uint32_t fee_override,
        Amount& to_providers);
    [[nodiscard]] Amount id_of(const uniswap_v4::PoolKey& key) const;

    World* world_ = nullptr;
    NativeCoin* coin_ = nullptr;
    std::vector<std::pair<AccountId, uniswap_v4::Hook*>> hooks_;
    std::vector<const UniswapV4Pool*> exchanges_;
    std::vector<AccountId> routers_;
    Table<uniswap_v4::TransientState> transient_;  // Record 0; guards all that follow.
    Table<uniswap_v4::CurrencyDelta> deltas_;      // By account and currency.
    Table<uniswap_v4::ManagerState> state_;        // Record 0.
    KeyedTable<uniswap_v4::PoolKey, uniswap_v4::PoolNumber> numbers_;
    Table<uniswap_v4::PoolIdentity> identities_;  // By number.
    Table<uniswap_v4::PoolState> pools_;          // By number.
    Table<uniswap_v4::TickInfo> ticks_;           // By pool and tick, counted from the lowest.
    Table<Amount> bitmap_;                        // By pool and word.
    KeyedTable<uniswap_v4::PositionKey, uniswap_v4::Position> positions_;
    Table<Amount> protocol_fees_;  // By currency: what the protocol has to get.
    Table<Amount> claims_;         // By account and currency; weighs +1 in the conservation law.
    Table<Amount> claim_totals_;   // By currency; weighs -1.
    KeyedTable<uniswap_v4::ClaimsAllowanceKey, Amount> claims_allowances_;
    Table<bool> operators_;  // By pair_key(owner, operator).
};

}  // namespace runnel::contracts
