#include "contracts/exchanges/curve_stableswap/pool.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

namespace curve = curve_stableswap;
namespace gas = curve_stableswap::gas;
using curve_stableswap::Change;
using curve_stableswap::Code;
using curve_stableswap::Coins;
using curve_stableswap::coins_max;
using curve_stableswap::PoolParameters;
using curve_stableswap::PoolState;
using curve_stableswap::Terms;
using curve_stableswap::vyper;

namespace
{
constexpr std::uint64_t day = 86'400;
constexpr std::uint64_t admin_actions_delay = 3 * day;
constexpr std::uint64_t min_ramp_time = day;
constexpr std::uint64_t a_max = 1'000'000;
constexpr std::uint64_t a_change_max = 10;
constexpr std::uint64_t fee_max = 5'000'000'000;
constexpr std::uint64_t admin_fee_max = 10'000'000'000;
/// three_pool asks what came of this coin, which may keep a fee: USDT.
constexpr unsigned measured_coin = 2;

/// Vyper 0.2.8 passes no reason on: what a token refuses is refused without one.
template <typename T>
Result<T> without_reason(Result<T> result)
{
    if (!result.has_value() && result.error().kind != RefusalKind::ledger) [[unlikely]]
        return fail(Refusal::empty());
    return result;
}
}  // namespace

CurveStableSwapPool::CurveStableSwapPool(ContractIdentity identity, curve::PoolSpec spec)
  : TokenBase{std::move(identity), TokenFlavour::weth9},  // Refuses without reasons, as Vyper's.
    coins_{std::move(spec.coins)},
    symbol_{std::move(spec.symbol)},
    code_{spec.code},
    state_{name() + ".state"},
    parameters_{name() + ".parameters"}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
    add_table(parameters_);
    curve_ = curve::Curve{code_, static_cast<unsigned>(coins_.size()), {}};
    auto& parameters = parameters_.at(0);
    parameters.owner = spec.owner;
    parameters.initial_a = wrapping_mul(spec.a, curve_.a_precision());
    parameters.future_a = parameters.initial_a;
    parameters.fee = spec.fee;
    parameters.admin_fee = spec.admin_fee;
}

std::optional<TokenInfo> CurveStableSwapPool::token_info() const
{
    return TokenInfo{symbol_, 18};
}

void CurveStableSwapPool::connect(World& world)
{
    std::array<std::uint8_t, coins_max> decimals{};
    for (unsigned i = 0; i < coins_.size(); ++i)
    {
        token_[i] = &token_at(world, coins_[i]);
        const auto info = world.contract(coins_[i]).token_info();
        RUNNEL_CHECK(info.has_value());
        decimals[i] = info->decimals;
    }
    curve_ = curve::Curve{code_, static_cast<unsigned>(coins_.size()), decimals};
}

void CurveStableSwapPool::snapshot(SnapshotContext& context) const
{
    snapshot_exchange(*this, context);
}

std::optional<Amount> CurveStableSwapPool::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

void CurveStableSwapPool::check_invariants(const World&, Findings& findings) const
{
    for (unsigned i = 0; i < coin_count(); ++i)
    {
        const auto held = token_[i]->holding(account());
        if (state().balances[i] > held && !token_[i]->rebases())
        {
            findings.push_back(fmt::format("{}: the balance of coin {} is {}, the pool holds {}",
                name(), i, state().balances[i].to_string(), held.to_string()));
        }
        for (unsigned j = 0; j < i; ++j)
        {
            if (coins_[i] == coins_[j])
                findings.push_back(fmt::format("{}: coins {} and {} are one token", name(), j, i));
        }
    }
    const auto& terms = parameters();
    if (terms.fee > Amount{fee_max} || terms.admin_fee > Amount{admin_fee_max})
        findings.push_back(fmt::format("{}: a fee is above its limit", name()));
    const auto highest = Amount{a_max * curve_.a_precision()};
    if (terms.initial_a.is_zero() || terms.future_a.is_zero() || terms.initial_a >= highest ||
        terms.future_a >= highest)
        findings.push_back(fmt::format("{}: A is out of its limits", name()));
}

// ---- Views ----

unsigned CurveStableSwapPool::number_of(ContractId token) const
{
    const auto found = std::find(coins_.begin(), coins_.end(), token);
    RUNNEL_CHECK(found != coins_.end());
    return static_cast<unsigned>(found - coins_.begin());
}

Amount CurveStableSwapPool::a_precise(std::uint64_t time) const
{
    const auto& p = parameters();
    const auto a =
        curve::amplification_at(p.initial_a, p.future_a, p.initial_a_time, p.future_a_time, time);
    RUNNEL_CHECK(a.has_value() && "a ramp begins before the time that views are asked for");
    return *a;
}

Terms CurveStableSwapPool::terms_at(std::uint64_t time) const
{
    return {a_precise(time), parameters().fee, parameters().admin_fee};
}

Amount CurveStableSwapPool::admin_balance(unsigned coin) const
{
    RUNNEL_CHECK(coin < coin_count());
    return wrapping_sub(token_[coin]->holding(account()), state().balances[coin]);
}

Result<Amount> CurveStableSwapPool::virtual_price(std::uint64_t time) const
{
    const auto scaled = RUNNEL_TRY(curve_.scaled_down(state().balances));
    const auto d = RUNNEL_TRY(curve_.invariant(scaled, a_precise(time)));
    return vyper(Checked{d} * curve::precision / total_supply());
}

Result<Amount> CurveStableSwapPool::get_dy(
    std::int32_t i, std::int32_t j, const Amount& dx, std::uint64_t time) const
{
    RUNNEL_REQUIRE(has_coin(i) && has_coin(j) && i != j, Refusal::empty());
    return curve_.quote_down(
        state().balances, terms_at(time), static_cast<unsigned>(i), static_cast<unsigned>(j), dx);
}

Result<Amount> CurveStableSwapPool::calc_withdraw_one_coin(
    const Amount& shares, std::int32_t coin, std::uint64_t time) const
{
    RUNNEL_REQUIRE(has_coin(coin), Refusal::empty());
    return RUNNEL_TRY(curve_.one_coin_down(state().balances, terms_at(time), total_supply(), shares,
                          static_cast<unsigned>(coin)))
        .amount;
}

Result<Amount> CurveStableSwapPool::calc_token_amount(
    const Coins& amounts, bool is_deposit, std::uint64_t time) const
{
    return curve_.shares_down(
        state().balances, terms_at(time), total_supply(), amounts, is_deposit);
}

Result<Amount> CurveStableSwapPool::virtual_price(CallContext& context) const
{
    const auto& pool = context.read(state_, 0);
    const auto terms_now = RUNNEL_TRY(terms(context));
    const auto scaled = RUNNEL_TRY(curve_.scaled_down(pool.balances));
    const auto d = RUNNEL_TRY(curve_.invariant(scaled, terms_now.amplification));
    return vyper(Checked{d} * curve::precision / pool.total_supply);
}

Result<Amount> CurveStableSwapPool::calc_withdraw_one_coin(
    CallContext& context, const Amount& shares, std::int32_t coin) const
{
    RUNNEL_REQUIRE(has_coin(coin), Refusal::empty());
    const auto& pool = context.read(state_, 0);
    const auto terms_now = RUNNEL_TRY(terms(context));
    return RUNNEL_TRY(curve_.one_coin_down(pool.balances, terms_now, pool.total_supply, shares,
                          static_cast<unsigned>(coin)))
        .amount;
}

// ---- What calls have in common ----

Result<Terms> CurveStableSwapPool::terms(CallContext& context) const
{
    const auto& p = context.read(parameters_, 0);
    return Terms{RUNNEL_TRY(curve::amplification_at(p.initial_a, p.future_a, p.initial_a_time,
                     p.future_a_time, context.block().timestamp)),
        p.fee, p.admin_fee};
}

PoolState& CurveStableSwapPool::touch(CallContext& context)
{
    context.use_gas(gas::read_pool);
    auto& pool = context.write(state_, 0);
    pool.timestamp = context.block().timestamp;
    return pool;
}

Result<Coins> CurveStableSwapPool::coins_of(const curve::AmountList& list) const
{
    RUNNEL_REQUIRE(list.size() == coin_count(), Refusal::empty());
    Coins coins;
    std::copy(list.begin(), list.end(), coins.begin());
    return coins;
}

Result<PoolParameters*> CurveStableSwapPool::as_owner(CallContext& context)
{
    RUNNEL_REQUIRE(context.read(parameters_, 0).owner == context.sender(), Refusal::empty());
    return &context.write(parameters_, 0);
}

Result<Amount> CurveStableSwapPool::pull(CallContext& context, unsigned coin, const Amount& amount)
{
    auto& token = *token_[coin];
    const bool is_measured = is_three_pool() && coin == measured_coin;
    const auto before = is_measured ? token.holding(context, account()) : Amount{};
    RUNNEL_TRY(without_reason(
        token.transfer_from(context.as(account()), context.sender(), account(), amount)));
    if (!is_measured)
        return amount;
    return vyper(Checked{token.holding(context, account())} - before);
}

Result<void> CurveStableSwapPool::pay(
    CallContext& context, unsigned coin, AccountId to, const Amount& amount)
{
    return without_reason(token_[coin]->transfer(context.as(account()), to, amount));
}

Result<void> CurveStableSwapPool::mint(
    CallContext& context, Amount& supply, AccountId to, const Amount& shares)
{
    RUNNEL_REQUIRE(!is_three_pool() || to != zero_account, Refusal::empty());
    return without_reason(book_.mint(context, supply, to, shares));
}

Result<void> CurveStableSwapPool::burn(CallContext& context, Amount& supply, const Amount& shares)
{
    return book_.burn(context, supply, context.sender(), shares);
}

template <typename Emit>
void CurveStableSwapPool::emit_by_count(Emit&& emit) const
{
    switch (coin_count())
    {
        case 2: return emit(std::integral_constant<std::size_t, 2>{});
        case 3: return emit(std::integral_constant<std::size_t, 3>{});
        default: return emit(std::integral_constant<std::size_t, 4>{});
    }
}

// ---- Trades and liquidity ----

Result<Amount> CurveStableSwapPool::exchange(CallContext context, std::int32_t i, std::int32_t j,
    const Amount& dx, const Amount& min_dy, AccountId recipient)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    RUNNEL_REQUIRE(has_coin(i) && has_coin(j) && i != j, Refusal::empty());
    const auto in = static_cast<unsigned>(i);
    const auto out = static_cast<unsigned>(j);
    auto& pool = touch(context);
    auto received = dx;
    if (is_three_pool())
        received = RUNNEL_TRY(pull(context, in, dx));
    context.use_gas(gas::invariant + gas::balance);
    const auto terms_now = RUNNEL_TRY(terms(context));
    const auto trade =
        RUNNEL_TRY(curve_.exchange_down(pool.balances, terms_now, in, out, received));
    RUNNEL_REQUIRE(trade.amount_out >= min_dy,
        Refusal::error("Exchange resulted in fewer coins than expected"));
    pool.balances[in] = RUNNEL_TRY(vyper(Checked{pool.balances[in]} + received));
    pool.balances[out] =
        RUNNEL_TRY(vyper(Checked{pool.balances[out]} - trade.amount_out - trade.admin_fee));
    if (!is_three_pool())
        RUNNEL_TRY(pull(context, in, dx));
    RUNNEL_TRY(pay(context, out, recipient, trade.amount_out));
    context.emit(id(), curve::TokenExchangeLog{context.sender(), i, dx, j, trade.amount_out});
    context.emit(id(), DexTrade{coins_[out], coins_[in], trade.amount_out, dx, context.sender(),
                           coins_[out], trade.provider_fee});
    return trade.amount_out;
}

Result<Amount> CurveStableSwapPool::add_liquidity(CallContext context,
    const curve::AmountList& amounts, const Amount& min_mint_amount, AccountId recipient)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    const auto asked = RUNNEL_TRY(coins_of(amounts));
    auto& pool = touch(context);
    auto received = asked;
    const auto pull_all = [&]() -> Result<void>
    {
        for (unsigned i = 0; i < coin_count(); ++i)
        {
            if (!asked[i].is_zero())
                received[i] = RUNNEL_TRY(pull(context, i, asked[i]));
        }
        return {};
    };
    if (is_three_pool())
        RUNNEL_TRY(pull_all());
    context.use_gas(3 * gas::invariant);
    const auto terms_now = RUNNEL_TRY(terms(context));
    const auto change =
        RUNNEL_TRY(curve_.deposit_down(pool.balances, terms_now, pool.total_supply, received));
    RUNNEL_REQUIRE(change.shares >= min_mint_amount, Refusal::error("Slippage screwed you"));
    pool.balances = change.balances;
    if (!is_three_pool())
        RUNNEL_TRY(pull_all());
    RUNNEL_TRY(mint(context, pool.total_supply, recipient, change.shares));
    emit_by_count(
        [&]<std::size_t n>(std::integral_constant<std::size_t, n>)
        {
            context.emit(id(), curve::AddLiquidityLog<n>{context.sender(), asked, change.fees,
                                   change.invariant, pool.total_supply});
        });
    return change.shares;
}

Result<Coins> CurveStableSwapPool::remove_liquidity(CallContext context, const Amount& amount,
    const curve::AmountList& min_amounts, AccountId recipient)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    const auto least = RUNNEL_TRY(coins_of(min_amounts));
    auto& pool = touch(context);
    Coins amounts;
    for (unsigned i = 0; i < coin_count(); ++i)
    {
        amounts[i] = RUNNEL_TRY(vyper(Checked{pool.balances[i]} * amount / pool.total_supply));
        RUNNEL_REQUIRE(amounts[i] >= least[i],
            Refusal::error("Withdrawal resulted in fewer coins than expected"));
        pool.balances[i] = RUNNEL_TRY(vyper(Checked{pool.balances[i]} - amounts[i]));
        RUNNEL_TRY(pay(context, i, recipient, amounts[i]));
    }
    RUNNEL_TRY(burn(context, pool.total_supply, amount));
    emit_by_count(
        [&]<std::size_t n>(std::integral_constant<std::size_t, n>)
        {
            context.emit(id(),
                curve::RemoveLiquidityLog<n>{context.sender(), amounts, {}, pool.total_supply});
        });
    return amounts;
}

Result<Amount> CurveStableSwapPool::remove_liquidity_imbalance(CallContext context,
    const curve::AmountList& amounts, const Amount& max_burn_amount, AccountId recipient)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    const auto asked = RUNNEL_TRY(coins_of(amounts));
    auto& pool = touch(context);
    context.use_gas(3 * gas::invariant);
    const auto terms_now = RUNNEL_TRY(terms(context));
    const auto change =
        RUNNEL_TRY(curve_.withdrawal_up(pool.balances, terms_now, pool.total_supply, asked));
    RUNNEL_REQUIRE(change.shares <= max_burn_amount, Refusal::error("Slippage screwed you"));
    pool.balances = change.balances;
    RUNNEL_TRY(burn(context, pool.total_supply, change.shares));
    for (unsigned i = 0; i < coin_count(); ++i)
    {
        if (!asked[i].is_zero())
            RUNNEL_TRY(pay(context, i, recipient, asked[i]));
    }
    emit_by_count(
        [&]<std::size_t n>(std::integral_constant<std::size_t, n>)
        {
            context.emit(id(), curve::RemoveLiquidityImbalanceLog<n>{context.sender(), asked,
                                   change.fees, change.invariant, pool.total_supply});
        });
    return change.shares;
}

Result<Amount> CurveStableSwapPool::remove_liquidity_one_coin(CallContext context,
    const Amount& token_amount, std::int32_t i, const Amount& min_amount, AccountId recipient)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    RUNNEL_REQUIRE(has_coin(i), Refusal::empty());
    const auto coin = static_cast<unsigned>(i);
    auto& pool = touch(context);
    context.use_gas(gas::invariant + 2 * gas::balance);
    const auto terms_now = RUNNEL_TRY(terms(context));
    const auto paid = RUNNEL_TRY(
        curve_.one_coin_down(pool.balances, terms_now, pool.total_supply, token_amount, coin));
    RUNNEL_REQUIRE(paid.amount >= min_amount, Refusal::error("Not enough coins removed"));
    const auto admin_fee =
        RUNNEL_TRY(vyper(Checked{paid.fee} * terms_now.admin_fee / curve::fee_denominator));
    pool.balances[coin] =
        RUNNEL_TRY(vyper(pool.balances[coin] - (Checked{paid.amount} + admin_fee)));
    RUNNEL_TRY(burn(context, pool.total_supply, token_amount));
    RUNNEL_TRY(pay(context, coin, recipient, paid.amount));
    if (is_three_pool())
    {
        context.emit(
            id(), curve::RemoveLiquidityOneLog{context.sender(), token_amount, paid.amount});
    }
    else
    {
        context.emit(id(), curve::RemoveLiquidityOneWithSupplyLog{
                               context.sender(), token_amount, paid.amount, pool.total_supply});
    }
    return paid.amount;
}

// ---- Shares ----

Result<void> CurveStableSwapPool::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), from));
    const auto key = pair_key(from, context.sender());
    const auto& allowance = context.read(book_.allowances, key);
    RUNNEL_REQUIRE(allowance >= amount, Refusal::empty());
    // CurveTokenV2 uses an endless allowance up, too.
    if (is_three_pool() || allowance != Amount::max())
    {
        auto& rest = context.write(book_.allowances, key);
        rest = wrapping_sub(rest, amount);
    }
    return book_.transfer(context, from, to, amount);
}

Result<Returns> CurveStableSwapPool::execute(const Erc20Approve& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.spender));
    const auto& allowance =
        context.read(book_.allowances, pair_key(context.sender(), call.spender));
    RUNNEL_REQUIRE(call.value.is_zero() || allowance.is_zero(), Refusal::empty());
    return TokenBase::execute(call, context);
}

// ---- Calls ----

Result<Returns> CurveStableSwapPool::execute(const curve::Exchange& call, CallContext& context)
{
    return Returns{
        RUNNEL_TRY(exchange(context, call.i, call.j, call.dx, call.min_dy, call.recipient))};
}

Result<Returns> CurveStableSwapPool::execute(const curve::AddLiquidity& call, CallContext& context)
{
    return Returns{
        RUNNEL_TRY(add_liquidity(context, call.amounts, call.min_mint_amount, call.recipient))};
}

Result<Returns> CurveStableSwapPool::execute(
    const curve::RemoveLiquidity& call, CallContext& context)
{
    const auto amounts =
        RUNNEL_TRY(remove_liquidity(context, call.amount, call.min_amounts, call.recipient));
    Returns returns;
    returns.values = amounts;
    returns.count = static_cast<std::uint8_t>(coin_count());
    return returns;
}

Result<Returns> CurveStableSwapPool::execute(
    const curve::RemoveLiquidityImbalance& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(
        remove_liquidity_imbalance(context, call.amounts, call.max_burn_amount, call.recipient))};
}

Result<Returns> CurveStableSwapPool::execute(
    const curve::RemoveLiquidityOneCoin& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(remove_liquidity_one_coin(
        context, call.token_amount, call.i, call.min_amount, call.recipient))};
}

Result<Returns> CurveStableSwapPool::execute(const curve::RampA& call, CallContext& context)
{
    auto& p = *RUNNEL_TRY(as_owner(context));
    const auto now = context.block().timestamp;
    const auto soonest = Checked{p.initial_a_time} + min_ramp_time;
    RUNNEL_REQUIRE(Amount{now} >= soonest.value, Refusal::empty());
    const auto shortest = Checked{now} + min_ramp_time;
    RUNNEL_REQUIRE(Amount{call.future_time} >= shortest.value, Refusal::empty());

    const auto initial_a = RUNNEL_TRY(terms(context)).amplification;
    RUNNEL_REQUIRE(!call.future_a.is_zero() && call.future_a < Amount{a_max}, Refusal::empty());
    const auto future_a = wrapping_mul(call.future_a, curve_.a_precision());
    // Up or down by a factor of 10 at most.
    RUNNEL_REQUIRE(future_a < initial_a ? wrapping_mul(future_a, a_change_max) >= initial_a
                                        : future_a <= wrapping_mul(initial_a, a_change_max),
        Refusal::empty());
    p.initial_a = initial_a;
    p.future_a = future_a;
    p.initial_a_time = now;
    p.future_a_time = call.future_time;
    touch(context);
    context.emit(id(), curve::RampALog{initial_a, future_a, now, call.future_time});
    return Returns{};
}

Result<Returns> CurveStableSwapPool::execute(const curve::StopRampA&, CallContext& context)
{
    auto& p = *RUNNEL_TRY(as_owner(context));
    const auto a = RUNNEL_TRY(terms(context)).amplification;
    const auto now = context.block().timestamp;
    p.initial_a = a;
    p.future_a = a;
    p.initial_a_time = now;
    p.future_a_time = now;
    touch(context);
    context.emit(id(), curve::StopRampALog{a, now});
    return Returns{};
}

Result<Returns> CurveStableSwapPool::execute(const curve::CommitNewFee& call, CallContext& context)
{
    auto& p = *RUNNEL_TRY(as_owner(context));
    RUNNEL_REQUIRE(p.admin_actions_deadline == 0, Refusal::empty());
    RUNNEL_REQUIRE(call.new_fee <= Amount{fee_max}, Refusal::empty());
    RUNNEL_REQUIRE(call.new_admin_fee <= Amount{admin_fee_max}, Refusal::empty());
    p.admin_actions_deadline = context.block().timestamp + admin_actions_delay;
    p.future_fee = call.new_fee;
    p.future_admin_fee = call.new_admin_fee;
    context.emit(
        id(), curve::CommitNewFeeLog{p.admin_actions_deadline, p.future_fee, p.future_admin_fee});
    return Returns{};
}

Result<Returns> CurveStableSwapPool::execute(const curve::ApplyNewFee&, CallContext& context)
{
    auto& p = *RUNNEL_TRY(as_owner(context));
    RUNNEL_REQUIRE(
        context.block().timestamp >= p.admin_actions_deadline && p.admin_actions_deadline != 0,
        Refusal::empty());
    p.admin_actions_deadline = 0;
    p.fee = p.future_fee;
    p.admin_fee = p.future_admin_fee;
    context.emit(id(), curve::NewFeeLog{p.fee, p.admin_fee});
    return Returns{};
}

Result<Returns> CurveStableSwapPool::execute(
    const curve::RevertNewParameters&, CallContext& context)
{
    RUNNEL_TRY(as_owner(context))->admin_actions_deadline = 0;
    return Returns{};
}

Result<Returns> CurveStableSwapPool::execute(const curve::WithdrawAdminFees&, CallContext& context)
{
    RUNNEL_TRY(as_owner(context));
    const auto balances = context.read(state_, 0).balances;
    for (unsigned i = 0; i < coin_count(); ++i)
    {
        const auto surplus =
            RUNNEL_TRY(vyper(Checked{token_[i]->holding(context, account())} - balances[i]));
        if (!surplus.is_zero())
            RUNNEL_TRY(pay(context, i, context.sender(), surplus));
    }
    return Returns{};
}

Result<Returns> CurveStableSwapPool::execute(const curve::DonateAdminFees&, CallContext& context)
{
    RUNNEL_TRY(as_owner(context));
    auto& pool = touch(context);
    for (unsigned i = 0; i < coin_count(); ++i)
        pool.balances[i] = token_[i]->holding(context, account());
    return Returns{};
}

// ---- Accesses ----

void CurveStableSwapPool::declare_payments(AccessCollector& access, AccountId recipient) const
{
    for (unsigned i = 0; i < coin_count(); ++i)
        token_[i]->declare_transfer(access, account(), recipient);
}

void CurveStableSwapPool::declare(
    const curve::Exchange& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.read(parameters_, 0);
    if (!has_coin(call.i) || !has_coin(call.j))
        return;
    token_[static_cast<unsigned>(call.i)]->declare_transfer_from(
        access, account(), sender, account());
    token_[static_cast<unsigned>(call.j)]->declare_transfer(access, account(), call.recipient);
    if (is_three_pool() && call.i == static_cast<std::int32_t>(measured_coin))
        token_[measured_coin]->declare_holding(access, account());
}

void CurveStableSwapPool::declare(
    const curve::AddLiquidity& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.read(parameters_, 0);
    for (unsigned i = 0; i < coin_count() && i < call.amounts.size(); ++i)
    {
        if (call.amounts[i].is_zero())
            continue;
        token_[i]->declare_transfer_from(access, account(), sender, account());
        if (is_three_pool() && i == measured_coin)
            token_[i]->declare_holding(access, account());
    }
    book_.declare_credit(access, call.recipient);
}

void CurveStableSwapPool::declare(
    const curve::RemoveLiquidity& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    declare_payments(access, call.recipient);
    book_.declare_balance(access, sender);
}

void CurveStableSwapPool::declare(
    const curve::RemoveLiquidityImbalance& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.read(parameters_, 0);
    declare_payments(access, call.recipient);
    book_.declare_balance(access, sender);
}

void CurveStableSwapPool::declare(
    const curve::RemoveLiquidityOneCoin& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    access.read(parameters_, 0);
    if (has_coin(call.i))
        token_[static_cast<unsigned>(call.i)]->declare_transfer(access, account(), call.recipient);
    book_.declare_balance(access, sender);
}

}  // namespace runnel::contracts
