// What happens to pools: prices, positions, swaps, and the hooks beside them.

#include "contracts/exchanges/uniswap_v3/range_amounts.hpp"
#include "contracts/exchanges/uniswap_v4/events.hpp"
#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "contracts/exchanges/uniswap_v4/wrapped_error.hpp"
#include "contracts/kit/creation.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v4;
using uniswap_v3::add_delta;
using uniswap_v3::amount0_delta;
using uniswap_v3::amount1_delta;
using uniswap_v3::bit_position;
using uniswap_v3::max_tick;
using uniswap_v3::min_tick;
using uniswap_v3::sqrt_ratio_at_tick;

namespace
{
/// @p liquidity changed by @p change, which fits int128.
Result<Amount> changed(const Amount& liquidity, const Int256& change)
{
    const auto after = add_delta(liquidity, change);
    RUNNEL_REQUIRE(after.has_value(), safe_cast_overflow());
    return *after;
}

/// What a change of liquidity means for who makes it: he pays, rounded up, or gets, rounded down.
Result<BalanceDelta> principal_of(const PoolState& pool, const ModifyParams& params)
{
    const auto& change = params.liquidity_delta;
    BalanceDelta delta;
    if (change.is_zero())
        return delta;
    const bool adds = !change.is_negative();
    const auto liquidity = change.magnitude();
    const auto signed_amount = [adds](const Result<Amount>& amount) -> Result<Int256>
    {
        RUNNEL_REQUIRE(amount.has_value() && !amount->bit(255), safe_cast_overflow());
        return to_int128(Int256::from_magnitude(*amount, adds));
    };
    const auto lower = RUNNEL_TRY(sqrt_ratio_at_tick(params.tick_lower));
    const auto upper = RUNNEL_TRY(sqrt_ratio_at_tick(params.tick_upper));
    if (pool.tick < params.tick_upper)
    {
        const auto& from = pool.tick < params.tick_lower ? lower : pool.sqrt_price_x96;
        delta[0] = RUNNEL_TRY(signed_amount(amount0_delta(from, upper, liquidity, adds)));
    }
    if (pool.tick >= params.tick_lower)
    {
        const auto& to = pool.tick < params.tick_upper ? pool.sqrt_price_x96 : upper;
        delta[1] = RUNNEL_TRY(signed_amount(amount1_delta(lower, to, liquidity, adds)));
    }
    return delta;
}
}  // namespace

struct UniswapV4Manager::OpenPool
{
    const PoolKey& key;
    std::uint32_t number = 0;
    PoolState& state;
    const Amount& id;
};

struct UniswapV4Manager::TickChange
{
    Amount gross_after;
    bool flips = false;
};

Amount UniswapV4Manager::id_of(const PoolKey& key) const
{
    const auto address_of = [this](ContractId currency)
    {
        return currency == native_coin
                   ? Amount{}
                   : as_word(world_->account(world_->contract(currency).account()).address);
    };
    Bytes words;
    Encoder encoder{words};
    encoder.put(address_of(key.currency0));
    encoder.put(address_of(key.currency1));
    encoder.put(Amount{key.fee});
    encoder.put(Int256{key.tick_spacing}.bits);
    encoder.put(key.hooks == zero_account ? Amount{} : as_word(world_->account(key.hooks).address));
    const auto hash = keccak256(words);
    return Amount::load_big_endian(hash.bytes);
}

const UniswapV4Pool* UniswapV4Manager::find_exchange(const PoolKey& key) const noexcept
{
    const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
        [&key](const UniswapV4Pool* exchange) { return exchange->key() == key; });
    return found == exchanges_.end() ? nullptr : *found;
}

// ---- Hooks ----

Hook* UniswapV4Manager::find_hook(AccountId account) const noexcept
{
    const auto found = std::find_if(hooks_.begin(), hooks_.end(),
        [account](const auto& entry) { return entry.first == account; });
    return found == hooks_.end() ? nullptr : found->second;
}

/// nullptr if the pool's hook is not to be called: a hook that calls the manager is not called back
/// for it.
Hook* UniswapV4Manager::hook_for(
    const CallContext& context, const PoolKey& key, Permission permission) const noexcept
{
    if (key.hooks == zero_account || key.hooks == context.sender())
        return nullptr;
    auto* hook = find_hook(key.hooks);
    return hook != nullptr && has(hook->permissions(), permission) ? hook : nullptr;
}

template <typename Callback>
auto UniswapV4Manager::call_hook(
    CallContext& context, const PoolKey& key, std::string_view function, Callback&& callback)
    -> decltype(callback(std::declval<const HookCall&>()))
{
    RUNNEL_TRY(context.charge_gas(gas::callback));
    auto own = context.as(account());
    auto answer = callback(HookCall{own, *this, key, context.sender()});
    if (answer.has_value()) [[likely]]
        return answer;
    const auto& reason = answer.error();
    if (reason.kind == RefusalKind::custom && reason.text == wrong_selector().text)
        return fail(Refusal::custom("InvalidHookResponse"));
    return fail(wrapped_error(reason, key.hooks, function, "HookCallFailed"));
}

// ---- Pools ----

Result<UniswapV4Manager::OpenPool> UniswapV4Manager::open_pool(
    CallContext& context, const PoolKey& key)
{
    const auto number = context.read(numbers_, key).number;
    RUNNEL_REQUIRE(number != 0, Refusal::custom("PoolNotInitialized"));
    return OpenPool{
        key, number, context.write(pools_, number), context.read(identities_, number).id};
}

Result<std::int32_t> UniswapV4Manager::initialize(
    CallContext context, const PoolKey& key, const Amount& sqrt_price_x96)
{
    RUNNEL_TRY(require_account(*world_, key.hooks));
    RUNNEL_REQUIRE(sqrt_price_x96.bit_width() <= 160, Refusal::empty());
    RUNNEL_REQUIRE(key.tick_spacing <= tick_spacing_max,
        with_signed(Refusal::custom("TickSpacingTooLarge"), key.tick_spacing));
    RUNNEL_REQUIRE(key.tick_spacing >= 1,
        with_signed(Refusal::custom("TickSpacingTooSmall"), key.tick_spacing));
    RUNNEL_TRY(require_currency(key.currency0));
    RUNNEL_TRY(require_currency(key.currency1));
    const auto account_of = [this](ContractId currency)
    { return currency == native_coin ? zero_account : world_->contract(currency).account(); };
    RUNNEL_REQUIRE(key.currency0 < key.currency1, Refusal::custom("CurrenciesOutOfOrderOrEqual")
                                                      .with(account_of(key.currency0))
                                                      .with(account_of(key.currency1)));
    const bool is_dynamic = key.fee == dynamic_fee;
    const auto* hook = find_hook(key.hooks);
    const Permissions permissions = hook == nullptr ? Permissions{} : hook->permissions();
    const auto lacks = [permissions](Permission returns, Permission callback)
    { return has(permissions, returns) && !has(permissions, callback); };
    using P = Permission;
    RUNNEL_REQUIRE(!lacks(P::before_swap_returns_delta, P::before_swap) &&
                       !lacks(P::after_swap_returns_delta, P::after_swap) &&
                       !lacks(P::after_add_liquidity_returns_delta, P::after_add_liquidity) &&
                       !lacks(P::after_remove_liquidity_returns_delta, P::after_remove_liquidity) &&
                       (key.hooks == zero_account ? !is_dynamic : permissions != 0 || is_dynamic),
        Refusal::custom("HookAddressNotValid").with(key.hooks));
    RUNNEL_REQUIRE(is_dynamic || key.fee <= pips, Refusal::custom("LPFeeTooLarge").with(key.fee));
    if (auto* called = hook_for(context, key, P::before_initialize))
    {
        RUNNEL_TRY(call_hook(context, key, "beforeInitialize",
            [&](const HookCall& call) { return called->before_initialize(call, sqrt_price_x96); }));
    }
    RUNNEL_REQUIRE(
        context.read(numbers_, key).number == 0, Refusal::custom("PoolAlreadyInitialized"));
    const auto tick = uniswap_v3::tick_at_sqrt_ratio(sqrt_price_x96);
    RUNNEL_REQUIRE(tick.has_value(), Refusal::custom("InvalidSqrtPrice").with(sqrt_price_x96));
    const auto number = ++context.write(state_, 0).pool_count;
    context.write(numbers_, key).number = number;
    const auto pool_id = id_of(key);
    context.write(identities_, number) = {key, pool_id};
    auto& pool = context.write(pools_, number);
    pool.sqrt_price_x96 = sqrt_price_x96;
    pool.tick = *tick;
    pool.lp_fee = is_dynamic ? 0 : key.fee;
    context.emit(id(), InitializeLog{pool_id, key.currency0, key.currency1, key.fee,
                           key.tick_spacing, key.hooks, sqrt_price_x96, *tick});
    if (auto* called = hook_for(context, key, P::after_initialize))
    {
        RUNNEL_TRY(call_hook(context, key, "afterInitialize",
            [&](const HookCall& call)
            { return called->after_initialize(call, sqrt_price_x96, *tick); }));
    }
    return *tick;
}

Result<void> UniswapV4Manager::update_dynamic_lp_fee(
    CallContext context, const PoolKey& key, std::uint32_t fee)
{
    RUNNEL_REQUIRE(key.fee == dynamic_fee && context.sender() == key.hooks,
        Refusal::custom("UnauthorizedDynamicLPFeeUpdate"));
    RUNNEL_REQUIRE(fee <= pips, Refusal::custom("LPFeeTooLarge").with(fee));
    auto pool = RUNNEL_TRY(open_pool(context, key));
    pool.state.lp_fee = fee;
    return {};
}

// ---- Positions ----

Result<void> UniswapV4Manager::flip_tick(
    CallContext& context, const OpenPool& pool, std::int32_t tick)
{
    const auto spacing = pool.key.tick_spacing;
    RUNNEL_REQUIRE(tick % spacing == 0,
        with_signed(with_signed(Refusal::custom("TickMisaligned"), tick), spacing));
    const auto [word, bit] = bit_position(tick / spacing);
    auto& bits = context.write(bitmap_, word_key(pool.number, word));
    bits.set_bit(bit, !bits.bit(bit));
    return {};
}

Result<UniswapV4Manager::TickChange> UniswapV4Manager::update_tick(CallContext& context,
    const OpenPool& pool, std::int32_t tick, const Int256& change, bool is_upper)
{
    auto& info = context.write(ticks_, tick_key(pool.number, tick));
    const auto after = RUNNEL_TRY(changed(info.liquidity_gross, change));
    const bool was_empty = info.liquidity_gross.is_zero();
    // By convention all that ever grew grew below the tick.
    if (was_empty && tick <= pool.state.tick)
    {
        info.fee_growth_outside0_x128 = pool.state.fee_growth_global0_x128;
        info.fee_growth_outside1_x128 = pool.state.fee_growth_global1_x128;
    }
    const auto net =
        is_upper ? difference_of(info.liquidity_net, change) : sum_of(info.liquidity_net, change);
    RUNNEL_REQUIRE(uniswap_v3::fits_int128(net), Refusal::panic(0x11));
    info.liquidity_net = net;
    info.liquidity_gross = after;
    return TickChange{after, after.is_zero() != was_empty};
}

/// Pool.modifyLiquidity: what it means for the owner, who is the sender, without hooks.
Result<LiquidityChange> UniswapV4Manager::modify_position(
    CallContext& context, OpenPool& pool, const ModifyParams& params)
{
    const auto change = RUNNEL_TRY(to_int128(params.liquidity_delta));
    const auto lower = params.tick_lower;
    const auto upper = params.tick_upper;
    RUNNEL_REQUIRE(
        lower < upper, with_signed(with_signed(Refusal::custom("TicksMisordered"), lower), upper));
    RUNNEL_REQUIRE(lower >= min_tick, with_signed(Refusal::custom("TickLowerOutOfBounds"), lower));
    RUNNEL_REQUIRE(upper <= max_tick, with_signed(Refusal::custom("TickUpperOutOfBounds"), upper));
    std::array<TickChange, 2> ticks;
    const std::array ends{lower, upper};
    if (!change.is_zero())
    {
        for (unsigned end = 0; end < 2; ++end)
            ticks[end] = RUNNEL_TRY(update_tick(context, pool, ends[end], change, end == 1));
        if (!change.is_negative())
        {
            const auto most = max_liquidity_per_tick(pool.key.tick_spacing);
            for (unsigned end = 0; end < 2; ++end)
            {
                RUNNEL_REQUIRE(ticks[end].gross_after <= most,
                    with_signed(Refusal::custom("TickLiquidityOverflow"), ends[end]));
            }
        }
        for (unsigned end = 0; end < 2; ++end)
        {
            if (ticks[end].flips)
                RUNNEL_TRY(flip_tick(context, pool, ends[end]));
        }
    }
    const auto growth = uniswap_v3::growth_inside(pool.state, {lower, upper},
        context.read(ticks_, tick_key(pool.number, lower)),
        context.read(ticks_, tick_key(pool.number, upper)));
    auto& position = context.write(
        positions_, PositionKey{pool.number, context.sender(), lower, upper, params.salt});
    const auto liquidity = position.liquidity;
    if (change.is_zero())
        RUNNEL_REQUIRE(!liquidity.is_zero(), Refusal::custom("CannotUpdateEmptyPosition"));
    else
        position.liquidity = RUNNEL_TRY(changed(liquidity, change));
    const auto earned = [&liquidity](const Amount& inside, const Amount& last) -> Result<Int256>
    {
        return to_int128(RUNNEL_TRY(uniswap_v3::mul_shift_rounding_down(
            wrapping_sub(inside, last), liquidity, uniswap_v3::fixed_point_128)));
    };
    LiquidityChange result;
    result.fees[0] = RUNNEL_TRY(earned(growth[0], position.fee_growth_inside0_last_x128));
    result.fees[1] = RUNNEL_TRY(earned(growth[1], position.fee_growth_inside1_last_x128));
    position.fee_growth_inside0_last_x128 = growth[0];
    position.fee_growth_inside1_last_x128 = growth[1];
    if (change.is_negative())
    {
        for (unsigned end = 0; end < 2; ++end)
        {
            if (ticks[end].flips)
                context.write(ticks_, tick_key(pool.number, ends[end])) = {};
        }
    }
    result.caller = RUNNEL_TRY(principal_of(pool.state, params));
    if (!change.is_zero() && pool.state.tick >= lower && pool.state.tick < upper)
        pool.state.liquidity = RUNNEL_TRY(changed(pool.state.liquidity, change));
    return result;
}

/// Rows of dex_range_changes, of a pool that a scenario names: what a hook takes or gives of it is
/// the hook's affair.
void UniswapV4Manager::emit_range_change(CallContext& context, const OpenPool& pool,
    const ModifyParams& params, const LiquidityChange& change) const
{
    const auto* exchange = find_exchange(pool.key);
    if (exchange == nullptr)
        return;
    std::array<Amount, 2> principal;
    std::array<Amount, 2> payout;
    const bool removes = params.liquidity_delta.is_negative();
    for (unsigned side = 0; side < 2; ++side)
    {
        principal[side] = change.caller[side].magnitude();
        payout[side] = change.fees[side].bits;
        if (removes)
            payout[side] = wrapping_add(payout[side], principal[side]);
    }
    const auto provider = provider_of(context.sender(), params.salt);
    const auto emit =
        [&](DexRangeChangeType type, const Amount& liquidity, const std::array<Amount, 2>& amounts)
    {
        if (liquidity.is_zero() && amounts[0].is_zero() && amounts[1].is_zero())
            return;
        context.emit(exchange->id(),
            DexRangeChange{type, provider, params.tick_lower, params.tick_upper, liquidity,
                pool.key.currency0, pool.key.currency1, amounts[0], amounts[1]});
    };
    using Type = DexRangeChangeType;
    emit(removes ? Type::withdrawal : Type::deposit, params.liquidity_delta.magnitude(), principal);
    emit(Type::payout, {}, payout);
}

Result<LiquidityChange> UniswapV4Manager::modify_liquidity(
    CallContext context, const PoolKey& key, const ModifyParams& params)
{
    RUNNEL_TRY(require_unlocked(context));
    auto pool = RUNNEL_TRY(open_pool(context, key));
    const bool adds = !params.liquidity_delta.is_negative() && !params.liquidity_delta.is_zero();
    using P = Permission;
    if (auto* hook =
            hook_for(context, key, adds ? P::before_add_liquidity : P::before_remove_liquidity))
    {
        RUNNEL_TRY(call_hook(context, key, adds ? "beforeAddLiquidity" : "beforeRemoveLiquidity",
            [&](const HookCall& call)
            {
                return adds ? hook->before_add_liquidity(call, params)
                            : hook->before_remove_liquidity(call, params);
            }));
    }
    auto change = RUNNEL_TRY(modify_position(context, pool, params));
    const auto of_pool = change;
    change.caller = RUNNEL_TRY(add(change.caller, change.fees));
    context.emit(id(), ModifyLiquidityLog{pool.id, context.sender(), params.tick_lower,
                           params.tick_upper, params.liquidity_delta, params.salt});
    emit_range_change(context, pool, params, of_pool);
    if (auto* hook =
            hook_for(context, key, adds ? P::after_add_liquidity : P::after_remove_liquidity))
    {
        const auto taken = RUNNEL_TRY(call_hook(context, key,
            adds ? "afterAddLiquidity" : "afterRemoveLiquidity",
            [&](const HookCall& call)
            {
                return adds
                           ? hook->after_add_liquidity(call, params, change.caller, change.fees)
                           : hook->after_remove_liquidity(call, params, change.caller, change.fees);
            }));
        const bool counts = has(hook->permissions(),
            adds ? P::after_add_liquidity_returns_delta : P::after_remove_liquidity_returns_delta);
        if (counts && !is_zero(taken))
        {
            change.caller = RUNNEL_TRY(subtract(change.caller, taken));
            account_pool_delta(context, key, key.hooks, taken);
        }
    }
    account_pool_delta(context, key, context.sender(), change.caller);
    return change;
}

Result<BalanceDelta> UniswapV4Manager::donate(
    CallContext context, const PoolKey& key, const Amount& amount0, const Amount& amount1)
{
    RUNNEL_TRY(require_unlocked(context));
    const auto pool = RUNNEL_TRY(open_pool(context, key));
    if (auto* hook = hook_for(context, key, Permission::before_donate))
    {
        RUNNEL_TRY(call_hook(context, key, "beforeDonate",
            [&](const HookCall& call) { return hook->before_donate(call, amount0, amount1); }));
    }
    auto& state = pool.state;
    RUNNEL_REQUIRE(!state.liquidity.is_zero(), Refusal::custom("NoLiquidityToReceiveFees"));
    const BalanceDelta delta{-RUNNEL_TRY(to_int128(amount0)), -RUNNEL_TRY(to_int128(amount1))};
    // Below 2^127 each: shifted they fit 256 bits.
    const auto growth = [&state](const Amount& amount)
    { return div_down(amount << uniswap_v3::fixed_point_128, state.liquidity); };
    state.fee_growth_global0_x128 = wrapping_add(state.fee_growth_global0_x128, growth(amount0));
    state.fee_growth_global1_x128 = wrapping_add(state.fee_growth_global1_x128, growth(amount1));
    account_pool_delta(context, key, context.sender(), delta);
    context.emit(id(), DonateLog{pool.id, context.sender(), amount0, amount1});
    if (auto* hook = hook_for(context, key, Permission::after_donate))
    {
        RUNNEL_TRY(call_hook(context, key, "afterDonate",
            [&](const HookCall& call) { return hook->after_donate(call, amount0, amount1); }));
    }
    return delta;
}

// ---- Swaps ----

/// What a swap finds and leaves on its way, in the state of a transaction.
class UniswapV4Manager::SwapSteps
{
public:
    SwapSteps(UniswapV4Manager& manager, CallContext& context, const OpenPool& pool,
        bool zero_for_one) noexcept
      : manager_{manager}, context_{context}, pool_{pool}, zero_for_one_{zero_for_one}
    {}

    const Amount& word(std::int32_t position)
    {
        return context_.read(manager_.bitmap_, word_key(pool_.number, position));
    }
    Int256 cross(std::int32_t tick, const Amount& fee_growth)
    {
        auto& info = context_.write(manager_.ticks_, tick_key(pool_.number, tick));
        const auto& state = pool_.state;
        info.fee_growth_outside0_x128 =
            wrapping_sub(zero_for_one_ ? fee_growth : state.fee_growth_global0_x128,
                info.fee_growth_outside0_x128);
        info.fee_growth_outside1_x128 =
            wrapping_sub(zero_for_one_ ? state.fee_growth_global1_x128 : fee_growth,
                info.fee_growth_outside1_x128);
        return info.liquidity_net;
    }

private:
    UniswapV4Manager& manager_;
    CallContext& context_;
    const OpenPool& pool_;  // Still as the swap found it.
    bool zero_for_one_;
};

namespace
{
/// What a quote finds on its way; nothing is changed.
class QuoteSteps
{
public:
    QuoteSteps(const UniswapV4Manager& manager, std::uint32_t pool) noexcept
      : manager_{manager}, pool_{pool}
    {}
    const Amount& word(std::int32_t position) const
    {
        return manager_.bitmap_word(pool_, position);
    }
    Int256 cross(std::int32_t tick, const Amount&) const
    {
        return manager_.tick_info(pool_, tick).liquidity_net;
    }

private:
    const UniswapV4Manager& manager_;
    std::uint32_t pool_;
};

/// What a pool makes of a swap's order. Errors: LPFeeTooLarge, InvalidFeeForExactOut.
Result<SwapTerms> terms_of(const PoolState& pool, const PoolKey& key, const SwapParams& params,
    const Int256& amount, std::uint32_t fee_override)
{
    auto lp_fee = pool.lp_fee;
    if ((fee_override & override_fee) != 0)
    {
        lp_fee = fee_override & ~override_fee;
        RUNNEL_REQUIRE(lp_fee <= pips, Refusal::custom("LPFeeTooLarge").with(lp_fee));
    }
    const auto protocol_fee = protocol_fee_of(pool.protocol_fee, params.zero_for_one);
    const auto fee = protocol_fee == 0 ? lp_fee : swap_fee_of(protocol_fee, lp_fee);
    const bool exact_in = amount.is_negative();
    RUNNEL_REQUIRE(
        fee < pips || exact_in || amount.is_zero(), Refusal::custom("InvalidFeeForExactOut"));
    return SwapTerms{params.zero_for_one, exact_in, amount.magnitude(), params.sqrt_price_limit_x96,
        key.tick_spacing, fee, protocol_fee};
}

SwapProgress start_of(const PoolState& pool, const SwapTerms& terms)
{
    return {pool.sqrt_price_x96, pool.tick, pool.liquidity,
        terms.zero_for_one ? pool.fee_growth_global0_x128 : pool.fee_growth_global1_x128,
        terms.amount, {}, {}, {}};
}

/// What a swap uses for the ticks and words of the bitmap that it passes.
std::uint64_t gas_of(const SwapProgress& progress) noexcept
{
    return gas::crossed_tick * progress.ticks_crossed + gas::bitmap_word * (progress.words - 1);
}

/// What a swap came to for who made it.
Result<BalanceDelta> delta_of(const SwapProgress& progress, const SwapTerms& terms)
{
    const auto used = wrapping_sub(terms.amount, progress.remaining);
    const auto paid =
        RUNNEL_TRY(to_int128(Int256::from_magnitude(terms.exact_in ? used : progress.moved, true)));
    const auto got = RUNNEL_TRY(to_int128(terms.exact_in ? progress.moved : used));
    return terms.zero_for_one ? BalanceDelta{paid, got} : BalanceDelta{got, paid};
}

/// The amount that goes to the pool when a hook has taken its part of what was asked for.
Result<Int256> amount_to_swap(const SwapParams& params, const Int256& hook_specified)
{
    const auto& asked = params.amount_specified;
    if (hook_specified.is_zero())
        return asked;
    const auto amount = sum_of(asked, hook_specified);
    RUNNEL_REQUIRE((amount < asked) == hook_specified.is_negative(), Refusal::panic(0x11));
    RUNNEL_REQUIRE(amount.is_zero() || amount.is_negative() == asked.is_negative(),
        Refusal::custom("HookDeltaExceedsSwapAmount"));
    return amount;
}
BalanceDelta by_currency(
    const SwapParams& params, const Int256& specified, const Int256& unspecified)
{
    return params.specifies0() ? BalanceDelta{specified, unspecified}
                               : BalanceDelta{unspecified, specified};
}
}  // namespace

/// PoolManager._swap: without hooks.
Result<BalanceDelta> UniswapV4Manager::swap_in_pool(CallContext& context, OpenPool& pool,
    const SwapParams& params, const Int256& amount, std::uint32_t fee_override,
    Amount& to_providers)
{
    auto& state = pool.state;
    const auto terms = RUNNEL_TRY(terms_of(state, pool.key, params, amount, fee_override));
    BalanceDelta delta;
    if (!amount.is_zero())
    {
        RUNNEL_TRY(check_price_limit(state.sqrt_price_x96, terms.price_limit, terms.zero_for_one));
        auto progress = start_of(state, terms);
        SwapSteps steps{*this, context, pool, terms.zero_for_one};
        RUNNEL_TRY(run_swap(progress, terms, steps));
        if (const auto passed = gas_of(progress); passed != 0)
            RUNNEL_TRY(context.charge_gas(passed));
        delta = RUNNEL_TRY(delta_of(progress, terms));
        state.sqrt_price_x96 = progress.price;
        state.tick = progress.tick;
        state.liquidity = progress.liquidity;
        (terms.zero_for_one ? state.fee_growth_global0_x128 : state.fee_growth_global1_x128) =
            progress.fee_growth;
        if (!progress.to_protocol.is_zero())
        {
            auto& accrued = context.write(protocol_fees_,
                index(terms.zero_for_one ? pool.key.currency0 : pool.key.currency1));
            accrued = wrapping_add(accrued, progress.to_protocol);
        }
        to_providers = progress.to_providers;
    }
    context.emit(id(), SwapLog{pool.id, context.sender(), delta[0], delta[1], state.sqrt_price_x96,
                           state.liquidity, state.tick, terms.fee});
    return delta;
}

Result<BalanceDelta> UniswapV4Manager::swap(
    CallContext context, const PoolKey& key, const SwapParams& params, AccountId taker)
{
    RUNNEL_TRY(require_unlocked(context));
    RUNNEL_REQUIRE(params.sqrt_price_limit_x96.bit_width() <= 160, Refusal::empty());
    RUNNEL_REQUIRE(!params.amount_specified.is_zero(), Refusal::custom("SwapAmountCannotBeZero"));
    auto pool = RUNNEL_TRY(open_pool(context, key));
    Int256 hook_specified;
    Int256 hook_unspecified;
    std::uint32_t fee_override = 0;
    if (auto* hook = hook_for(context, key, Permission::before_swap))
    {
        const auto answer = RUNNEL_TRY(call_hook(context, key, "beforeSwap",
            [&](const HookCall& call) { return hook->before_swap(call, params); }));
        if (key.fee == dynamic_fee)
            fee_override = answer.fee;
        if (has(hook->permissions(), Permission::before_swap_returns_delta))
        {
            hook_specified = answer.specified;
            hook_unspecified = answer.unspecified;
        }
    }
    const auto amount = RUNNEL_TRY(amount_to_swap(params, hook_specified));
    Amount to_providers;
    auto delta =
        RUNNEL_TRY(swap_in_pool(context, pool, params, amount, fee_override, to_providers));
    if (auto* hook = hook_for(context, key, Permission::after_swap))
    {
        const auto answer = RUNNEL_TRY(call_hook(context, key, "afterSwap",
            [&](const HookCall& call) { return hook->after_swap(call, params, delta); }));
        if (has(hook->permissions(), Permission::after_swap_returns_delta))
        {
            hook_unspecified = sum_of(hook_unspecified, RUNNEL_TRY(to_int128(answer)));
            RUNNEL_REQUIRE(uniswap_v3::fits_int128(hook_unspecified), Refusal::panic(0x11));
        }
    }
    if (!hook_specified.is_zero() || !hook_unspecified.is_zero())
    {
        const auto taken = by_currency(params, hook_specified, hook_unspecified);
        delta = RUNNEL_TRY(subtract(delta, taken));
        account_pool_delta(context, key, key.hooks, taken);
    }
    account_pool_delta(context, key, context.sender(), delta);

    // A row of dex_trades says what was paid for what: not of a swap that only moved the price.
    const unsigned in = params.zero_for_one ? 0 : 1;
    if (delta[in].is_negative() && !delta[1 - in].is_negative() && !delta[1 - in].is_zero())
    {
        const std::array currencies{key.currency0, key.currency1};
        const auto* exchange = find_exchange(key);
        context.emit(exchange != nullptr ? exchange->id() : id(),
            DexTrade{currencies[1 - in], currencies[in], delta[1 - in].bits, delta[in].magnitude(),
                taker, currencies[in], to_providers});
    }
    return delta;
}

// ---- Views of committed state ----

Result<SwapQuote> UniswapV4Manager::quote_swap(const PoolKey& key, const SwapParams& params) const
{
    RUNNEL_REQUIRE(!params.amount_specified.is_zero(), Refusal::custom("SwapAmountCannotBeZero"));
    const auto number = find_pool(key);
    RUNNEL_REQUIRE(number != 0, Refusal::custom("PoolNotInitialized"));
    const auto& state = pool(number);
    const auto answer = preview(key);
    const auto amount = RUNNEL_TRY(amount_to_swap(params, answer.specified));
    const auto terms = RUNNEL_TRY(terms_of(state, key, params, amount, answer.fee));
    SwapQuote quote{{}, state.sqrt_price_x96, terms.fee, 0, 0};
    if (!amount.is_zero())
    {
        RUNNEL_TRY(check_price_limit(state.sqrt_price_x96, terms.price_limit, terms.zero_for_one));
        auto progress = start_of(state, terms);
        QuoteSteps steps{*this, number};
        RUNNEL_TRY(run_swap(progress, terms, steps));
        quote.amounts = RUNNEL_TRY(delta_of(progress, terms));
        quote.sqrt_price_after_x96 = progress.price;
        quote.ticks_crossed = progress.ticks_crossed;
        quote.gas = gas_of(progress);
    }
    quote.amounts = RUNNEL_TRY(
        subtract(quote.amounts, by_currency(params, answer.specified, answer.unspecified)));
    return quote;
}

std::uint32_t UniswapV4Manager::swap_fee(const PoolKey& key, bool zero_for_one) const
{
    const auto& state = pool(find_pool(key));
    SwapParams params;
    params.zero_for_one = zero_for_one;
    const auto terms = terms_of(state, key, params, {}, preview(key).fee);
    return terms.has_value() ? terms->fee : pips;
}

/// What the pool's hook would answer to a swap now; the fee only if it counts.
BeforeSwapAnswer UniswapV4Manager::preview(const PoolKey& key) const
{
    const auto* hook = find_hook(key.hooks);
    if (hook == nullptr || !has(hook->permissions(), Permission::before_swap))
        return {};
    auto answer = hook->preview_swap(*this, key);
    if (key.fee != dynamic_fee)
        answer.fee = 0;
    if (!has(hook->permissions(), Permission::before_swap_returns_delta))
        answer.specified = answer.unspecified = {};
    return answer;
}

std::vector<Amount> UniswapV4Manager::fees_of(const PositionKey& key) const
{
    const auto& found = position(key);
    std::vector<Amount> fees(2);
    if (found.liquidity.is_zero())
        return fees;
    const auto growth = uniswap_v3::growth_inside(pool(key.pool), {key.tick_lower, key.tick_upper},
        tick_info(key.pool, key.tick_lower), tick_info(key.pool, key.tick_upper));
    const std::array last{found.fee_growth_inside0_last_x128, found.fee_growth_inside1_last_x128};
    for (unsigned side = 0; side < 2; ++side)
    {
        const auto earned = uniswap_v3::mul_shift_rounding_down(
            wrapping_sub(growth[side], last[side]), found.liquidity, uniswap_v3::fixed_point_128);
        if (earned.has_value())
            fees[side] = *earned;
    }
    return fees;
}

AccountId UniswapV4Manager::provider_of(AccountId owner, const Amount& salt) const noexcept
{
    if (std::find(routers_.begin(), routers_.end(), owner) == routers_.end())
        return owner;
    const auto provider = UniswapV4Router::owner_of(salt);
    // A state from a file may have any salt.
    const bool exists = index(provider) < world_->account_count();
    return exists && UniswapV4Router::salt_of(provider) == salt ? provider : owner;
}

std::vector<std::int32_t> UniswapV4Manager::initialized_ticks(std::uint32_t pool) const
{
    std::vector<std::int32_t> found;
    const auto spacing = identity(pool).key.tick_spacing;
    for (const auto key : bitmap_.keys())
    {
        if (key >> 32U != pool)
            continue;
        const auto word = static_cast<std::int32_t>(static_cast<std::uint32_t>(key)) - 32'768;
        const auto& bits = bitmap_.get(key);
        for (unsigned bit = 0; bit < 256; ++bit)
        {
            if (bits.bit(bit))
                found.push_back((word * 256 + static_cast<std::int32_t>(bit)) * spacing);
        }
    }
    return found;
}

}  // namespace runnel::contracts
