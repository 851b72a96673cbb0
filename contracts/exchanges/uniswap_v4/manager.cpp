// Who has what to get and to pay: the lock, deltas, claims and protocol fees.

#include "contracts/exchanges/uniswap_v4/manager.hpp"

#include "contracts/exchanges/uniswap_v4/events.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "contracts/exchanges/uniswap_v4/wrapped_error.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v4;

namespace
{
/// The callback of a transaction's own call: a list that runs as its sender.
class ListLocker final : public Locker
{
public:
    explicit ListLocker(const CallList& list) noexcept : list_{list} {}

    Result<void> unlocked(CallContext& context) override
    {
        if (!list_.bytes.empty())
            RUNNEL_TRY(context.run(list_, context.sender()));
        return {};
    }

private:
    const CallList& list_;
};

void forget_sync(TransientState& state) noexcept
{
    TransientState without;
    without.is_unlocked = state.is_unlocked;
    without.nonzero_deltas = state.nonzero_deltas;
    state = without;
}

Returns returns_of(const BalanceDelta& delta)
{
    return {delta[0].bits, delta[1].bits, delta[0].magnitude(), delta[1].magnitude()};
}
}  // namespace

UniswapV4Manager::UniswapV4Manager(ContractIdentity identity, AccountId owner)
  : ContractBase{std::move(identity)},
    transient_{name() + ".transient"},
    deltas_{name() + ".deltas", KeyOf::account_contract},
    state_{name() + ".state"},
    numbers_{name() + ".numbers"},
    identities_{name() + ".identities"},
    pools_{name() + ".pools"},
    ticks_{name() + ".ticks", KeyOf::sparse_number},
    bitmap_{name() + ".bitmap", KeyOf::sparse_number},
    positions_{name() + ".positions"},
    protocol_fees_{name() + ".protocol_fees", KeyOf::contract},
    claims_{name() + ".claims", KeyOf::account_contract},
    claim_totals_{name() + ".claim_totals", KeyOf::contract},
    claims_allowances_{name() + ".claims_allowances"},
    operators_{name() + ".operators", KeyOf::account_pair}
{
    state_.at(0).owner = owner;
    claims_.set_conservation_weight(1);
    claim_totals_.set_conservation_weight(-1);
    add_table(transient_);
    for (RecordTable* table : std::initializer_list<RecordTable*>{&deltas_, &state_, &numbers_,
             &identities_, &pools_, &ticks_, &bitmap_, &positions_, &protocol_fees_, &claims_,
             &claim_totals_, &claims_allowances_, &operators_})
    {
        table->set_guard(transient_);
        add_table(*table);
    }
}

void UniswapV4Manager::connect(World& world)
{
    world_ = &world;
    coin_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
    RUNNEL_CHECK(coin_ != nullptr);
    hooks_.clear();
    exchanges_.clear();
    routers_.clear();
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        auto* contract = world.find_contract(ContractId{i});
        if (auto* hook = dynamic_cast<Hook*>(contract))
            hooks_.emplace_back(contract->account(), hook);
        const auto* exchange = dynamic_cast<const UniswapV4Pool*>(contract);
        if (exchange != nullptr && exchange->manager_id() == id())
            exchanges_.push_back(exchange);
        const auto* router = dynamic_cast<const UniswapV4Router*>(contract);
        if (router != nullptr && router->manager_id() == id())
            routers_.push_back(router->account());
    }
}

// ---- What the calls have in common ----

Result<void> UniswapV4Manager::require_unlocked(CallContext& context) const
{
    RUNNEL_REQUIRE(context.read(transient_, 0).is_unlocked, Refusal::custom("ManagerLocked"));
    return {};
}

/// On Ethereum any address goes, and the call of what is no token fails.
Result<void> UniswapV4Manager::require_currency(ContractId currency) const
{
    RUNNEL_REQUIRE(currency == native_coin || find_token(*world_, currency) != nullptr,
        Refusal::ledger("no such token"));
    return {};
}

void UniswapV4Manager::account_delta(
    CallContext& context, ContractId currency, AccountId account, const Int256& change)
{
    if (change.is_zero())
        return;
    auto& delta = context.write(deltas_, account_contract_key(account, currency)).amount;
    const bool was_zero = delta.is_zero();
    delta = sum_of(delta, change);
    auto& count = context.write(transient_, 0).nonzero_deltas;
    if (delta.is_zero())
        --count;
    else if (was_zero)
        ++count;
}

void UniswapV4Manager::account_pool_delta(
    CallContext& context, const PoolKey& key, AccountId account, const BalanceDelta& delta)
{
    account_delta(context, key.currency0, account, delta[0]);
    account_delta(context, key.currency1, account, delta[1]);
}

/// A sync() outside of the lock holds until its transaction ends: an account's nonce tells its
/// transactions apart, a block those of contracts.
bool UniswapV4Manager::is_synced(CallContext& context) const
{
    const auto& state = context.read(transient_, 0);
    if (!state.is_synced || state.synced_block == 0)
        return state.is_synced;
    return state.synced_block == context.block().number &&
           state.synced_nonce == context.read(world_->account_states, state.synced_by).nonce;
}

void UniswapV4Manager::keep_sync(CallContext& context, TransientState& state)
{
    state.synced_by = context.sender();
    state.synced_block = context.block().number;
    state.synced_nonce = context.read(world_->account_states, context.sender()).nonce;
}

Amount UniswapV4Manager::holding(ContractId currency) const
{
    return currency == native_coin ? world_->account_states.get(account()).balance
                                   : token_at(*world_, currency).holding(account());
}

Result<Amount> UniswapV4Manager::held(CallContext& context, ContractId currency) const
{
    const auto* token = find_token(*world_, currency);
    RUNNEL_REQUIRE(token != nullptr, Refusal::ledger("no such token"));
    return token->holding(context, account());
}

Result<void> UniswapV4Manager::pay(
    CallContext& context, ContractId currency, AccountId to, const Amount& amount)
{
    if (currency == native_coin)
    {
        // A contract without receive() takes no coins.
        const auto* contract = world_->contract_of(to);
        const bool takes_coins =
            contract == nullptr || dynamic_cast<const NativeReceiver*>(contract) != nullptr;
        const auto paid = takes_coins ? coin_->pay(context.as(account()), to, amount)
                                      : Result<void>{fail(Refusal::empty())};
        if (!paid.has_value()) [[unlikely]]
            return fail(wrapped_error(paid.error(), to, "0x0", "NativeTransferFailed"));
        return {};
    }
    auto* token = find_token(*world_, currency);
    RUNNEL_REQUIRE(token != nullptr, Refusal::ledger("no such token"));
    const auto paid = token->transfer(context.as(account()), to, amount);
    if (!paid.has_value()) [[unlikely]]
    {
        const auto reason = is_token_said_false(paid.error()) ? Refusal::empty() : paid.error();
        return fail(wrapped_error(
            reason, world_->contract(currency).account(), "transfer", "ERC20TransferFailed"));
    }
    return {};
}

// ---- The lock ----

Result<void> UniswapV4Manager::unlock(CallContext context, Locker& locker)
{
    auto& state = context.write(transient_, 0);
    RUNNEL_REQUIRE(!state.is_unlocked, Refusal::custom("AlreadyUnlocked"));
    if (state.is_synced && !is_synced(context))
        forget_sync(state);
    state.is_unlocked = true;
    RUNNEL_TRY(locker.unlocked(context));
    RUNNEL_REQUIRE(state.nonzero_deltas == 0, Refusal::custom("CurrencyNotSettled"));
    state.is_unlocked = false;
    if (state.is_synced && state.synced_block == 0)
        keep_sync(context, state);
    return {};
}

Result<void> UniswapV4Manager::sync(CallContext context, ContractId currency)
{
    auto& state = context.write(transient_, 0);
    forget_sync(state);
    if (currency == native_coin)
        return {};
    state.reserves = RUNNEL_TRY(held(context, currency));
    state.synced = currency;
    state.is_synced = true;
    if (!state.is_unlocked)
        keep_sync(context, state);
    return {};
}

Result<void> UniswapV4Manager::take(
    CallContext context, ContractId currency, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(*world_, to));
    RUNNEL_TRY(require_unlocked(context));
    RUNNEL_TRY(require_currency(currency));
    account_delta(context, currency, context.sender(), -RUNNEL_TRY(to_int128(amount)));
    return pay(context, currency, to, amount);
}

Result<Amount> UniswapV4Manager::settle(
    CallContext context, AccountId recipient, const Amount& value)
{
    RUNNEL_TRY(require_account(*world_, recipient));
    if (!value.is_zero())
        RUNNEL_TRY(coin_->move(context, account(), value));
    RUNNEL_TRY(require_unlocked(context));
    auto currency = native_coin;
    Amount paid = value;
    if (is_synced(context))
    {
        RUNNEL_REQUIRE(value.is_zero(), Refusal::custom("NonzeroNativeValue"));
        auto& state = context.write(transient_, 0);
        currency = state.synced;
        const auto has = RUNNEL_TRY(held(context, currency));
        paid = RUNNEL_TRY(Checked{has} - state.reserves);
        forget_sync(state);
    }
    account_delta(context, currency, recipient, RUNNEL_TRY(to_int128(paid)));
    return paid;
}

Result<void> UniswapV4Manager::clear(CallContext context, ContractId currency, const Amount& amount)
{
    RUNNEL_TRY(require_unlocked(context));
    const auto given = RUNNEL_TRY(to_int128(amount));
    RUNNEL_REQUIRE(given == delta(context, context.sender(), currency),
        Refusal::custom("MustClearExactPositiveDelta"));
    account_delta(context, currency, context.sender(), -given);
    return {};
}

// ---- Claims ----

/// @p from and @p to are for the log; the zero account is nobody.
Result<void> UniswapV4Manager::add_claims(
    CallContext& context, AccountId from, AccountId to, ContractId currency, const Amount& amount)
{
    auto& claims = context.write(claims_, account_contract_key(to, currency));
    claims = RUNNEL_TRY(Checked{claims} + amount);
    context.emit(id(), ClaimsTransferLog{context.sender(), from, to, currency, amount});
    return {};
}

/// By the sender; an operator needs no allowance.
Result<void> UniswapV4Manager::spend_claims(
    CallContext& context, AccountId from, ContractId currency, const Amount& amount)
{
    const auto sender = context.sender();
    if (sender != from && !context.read(operators_, pair_key(from, sender)))
    {
        const ClaimsAllowanceKey key{from, sender, currency};
        const auto allowed = context.read(claims_allowances_, key);
        if (allowed != Amount::max())
        {
            const auto left = RUNNEL_TRY(Checked{allowed} - amount);
            context.write(claims_allowances_, key) = left;
        }
    }
    const auto key = account_contract_key(from, currency);
    const auto left = RUNNEL_TRY(Checked{context.read(claims_, key)} - amount);
    context.write(claims_, key) = left;
    return {};
}

Result<void> UniswapV4Manager::mint(
    CallContext context, AccountId to, ContractId currency, const Amount& amount)
{
    RUNNEL_TRY(require_account(*world_, to));
    RUNNEL_TRY(require_unlocked(context));
    RUNNEL_TRY(require_currency(currency));
    account_delta(context, currency, context.sender(), -RUNNEL_TRY(to_int128(amount)));
    auto& total = context.write(claim_totals_, index(currency));
    total = RUNNEL_TRY(Checked{total} + amount);
    return add_claims(context, zero_account, to, currency, amount);
}

Result<void> UniswapV4Manager::burn(
    CallContext context, AccountId from, ContractId currency, const Amount& amount)
{
    RUNNEL_TRY(require_account(*world_, from));
    RUNNEL_TRY(require_unlocked(context));
    RUNNEL_TRY(require_currency(currency));
    account_delta(context, currency, context.sender(), RUNNEL_TRY(to_int128(amount)));
    RUNNEL_TRY(spend_claims(context, from, currency, amount));
    auto& total = context.write(claim_totals_, index(currency));
    total = wrapping_sub(total, amount);  // Somebody had them.
    context.emit(id(), ClaimsTransferLog{context.sender(), from, zero_account, currency, amount});
    return {};
}

// ---- The calls ----

Result<Returns> UniswapV4Manager::execute(const Unlock& call, CallContext& context)
{
    ListLocker locker{call.data};
    RUNNEL_TRY(unlock(context, locker));
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const Initialize& call, CallContext& context)
{
    const auto tick = RUNNEL_TRY(initialize(context, call.key, call.sqrt_price_x96));
    return Returns{Int256{tick}.bits};
}

Result<Returns> UniswapV4Manager::execute(const ModifyLiquidity& call, CallContext& context)
{
    const auto change = RUNNEL_TRY(modify_liquidity(
        context, call.key, {call.tick_lower, call.tick_upper, call.liquidity_delta, call.salt}));
    if (call.liquidity_delta.is_negative() || call.liquidity_delta.is_zero())
        context.save_gas(gas::removal_saves);
    return returns_of(change.caller);
}

Result<Returns> UniswapV4Manager::execute(const Swap& call, CallContext& context)
{
    return returns_of(RUNNEL_TRY(swap(context, call.key,
        {call.zero_for_one, call.amount_specified, call.sqrt_price_limit_x96}, context.sender())));
}

Result<Returns> UniswapV4Manager::execute(const Donate& call, CallContext& context)
{
    return returns_of(RUNNEL_TRY(donate(context, call.key, call.amount0, call.amount1)));
}

Result<Returns> UniswapV4Manager::execute(const Sync& call, CallContext& context)
{
    RUNNEL_TRY(sync(context, call.currency));
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const Take& call, CallContext& context)
{
    RUNNEL_TRY(take(context, call.currency, call.to, call.amount));
    if (call.currency == native_coin)
        context.save_gas(gas::native_saves);
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const Settle& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(settle(context, context.sender(), call.value))};
}

Result<Returns> UniswapV4Manager::execute(const SettleFor& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(settle(context, call.recipient, call.value))};
}

Result<Returns> UniswapV4Manager::execute(const Clear& call, CallContext& context)
{
    RUNNEL_TRY(clear(context, call.currency, call.amount));
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const Mint& call, CallContext& context)
{
    RUNNEL_TRY(mint(context, call.to, call.currency, call.amount));
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const Burn& call, CallContext& context)
{
    RUNNEL_TRY(burn(context, call.from, call.currency, call.amount));
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const UpdateDynamicLpFee& call, CallContext& context)
{
    RUNNEL_TRY(update_dynamic_lp_fee(context, call.key, call.fee));
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const SetProtocolFee& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == context.read(state_, 0).protocol_fee_controller,
        Refusal::custom("InvalidCaller"));
    RUNNEL_REQUIRE((call.fee & 0xFFFU) <= protocol_fee_max && call.fee >> 12U <= protocol_fee_max,
        Refusal::custom("ProtocolFeeTooLarge").with(call.fee));
    const auto number = context.read(numbers_, call.key).number;
    RUNNEL_REQUIRE(number != 0, Refusal::custom("PoolNotInitialized"));
    context.write(pools_, number).protocol_fee = call.fee;
    context.emit(id(), ProtocolFeeUpdatedLog{context.read(identities_, number).id, call.fee});
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(
    const SetProtocolFeeController& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.controller));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.owner, Refusal::error("UNAUTHORIZED"));
    state.protocol_fee_controller = call.controller;
    context.emit(id(), ProtocolFeeControllerUpdatedLog{call.controller});
    return Returns{};
}

Result<Returns> UniswapV4Manager::execute(const CollectProtocolFees& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.recipient));
    RUNNEL_TRY(require_currency(call.currency));
    RUNNEL_REQUIRE(context.sender() == context.read(state_, 0).protocol_fee_controller,
        Refusal::custom("InvalidCaller"));
    // What is about to be counted must not leave meanwhile.
    RUNNEL_REQUIRE(call.currency == native_coin || !is_synced(context) ||
                       context.read(transient_, 0).synced != call.currency,
        Refusal::custom("ProtocolFeeCurrencySynced"));
    auto& accrued = context.write(protocol_fees_, index(call.currency));
    const Amount amount = call.amount.is_zero() ? accrued : call.amount;
    accrued = RUNNEL_TRY(Checked{accrued} - amount);
    RUNNEL_TRY(pay(context, call.currency, call.recipient, amount));
    return Returns{amount};
}

Result<Returns> UniswapV4Manager::execute(const TransferClaims& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.receiver));
    RUNNEL_TRY(require_currency(call.currency));
    const auto sender = context.sender();
    RUNNEL_TRY(spend_claims(context, sender, call.currency, call.amount));
    RUNNEL_TRY(add_claims(context, sender, call.receiver, call.currency, call.amount));
    return Returns{1};
}

Result<Returns> UniswapV4Manager::execute(const TransferClaimsFrom& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.sender));
    RUNNEL_TRY(require_account(*world_, call.receiver));
    RUNNEL_TRY(require_currency(call.currency));
    RUNNEL_TRY(spend_claims(context, call.sender, call.currency, call.amount));
    RUNNEL_TRY(add_claims(context, call.sender, call.receiver, call.currency, call.amount));
    return Returns{1};
}

Result<Returns> UniswapV4Manager::execute(const ApproveClaims& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.spender));
    RUNNEL_TRY(require_currency(call.currency));
    const auto owner = context.sender();
    context.write(claims_allowances_, {owner, call.spender, call.currency}) = call.amount;
    context.emit(id(), ClaimsApprovalLog{owner, call.spender, call.currency, call.amount});
    return Returns{1};
}

Result<Returns> UniswapV4Manager::execute(const SetOperator& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.operator_account));
    const auto owner = context.sender();
    auto& approved = context.write(operators_, pair_key(owner, call.operator_account));
    if (approved == call.approved)
        context.save_gas(gas::same_saves);
    approved = call.approved;
    context.emit(id(), OperatorSetLog{owner, call.operator_account, call.approved});
    return Returns{1};
}

Result<Returns> UniswapV4Manager::execute(const TransferOwnership& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.owner));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.owner, Refusal::error("UNAUTHORIZED"));
    state.owner = call.owner;
    context.emit(id(), OwnershipTransferredLog{context.sender(), call.owner});
    return Returns{};
}

// ---- What calls touch ----

void UniswapV4Manager::declare_pool(const PoolKey& key, AccessCollector& access) const
{
    access.write(transient_, 0);
    if (const auto* hook = find_hook(key.hooks))
        hook->declare_callbacks(key, access);
}

void UniswapV4Manager::declare_take(
    ContractId currency, AccountId to, AccessCollector& access) const
{
    access.write(transient_, 0);
    if (currency == native_coin)
        coin_->declare_pay(access, account(), to);
    else if (const auto* token = find_token(*world_, currency))
        token->declare_transfer(access, account(), to);
}

void UniswapV4Manager::declare(const Unlock& call, AccountId sender, AccessCollector& access) const
{
    access.write(transient_, 0);
    access.calls(call.data, sender);
}

void UniswapV4Manager::declare(const Initialize& call, AccountId, AccessCollector& access) const
{
    declare_pool(call.key, access);
}

void UniswapV4Manager::declare(
    const ModifyLiquidity& call, AccountId, AccessCollector& access) const
{
    declare_pool(call.key, access);
}

void UniswapV4Manager::declare(const Swap& call, AccountId, AccessCollector& access) const
{
    declare_pool(call.key, access);
}

void UniswapV4Manager::declare(const Donate& call, AccountId, AccessCollector& access) const
{
    declare_pool(call.key, access);
}

void UniswapV4Manager::declare(const Sync& call, AccountId, AccessCollector& access) const
{
    access.write(transient_, 0);
    if (const auto* token = find_token(*world_, call.currency))
        token->declare_holding(access, account());
}

void UniswapV4Manager::declare(const Take& call, AccountId, AccessCollector& access) const
{
    declare_take(call.currency, call.to, access);
}

void UniswapV4Manager::declare(const Settle& call, AccountId sender, AccessCollector& access) const
{
    access.write(transient_, 0);
    if (!call.value.is_zero())
        coin_->declare(NativeTransfer{account(), call.value}, sender, access);
}

void UniswapV4Manager::declare(const Mint&, AccountId, AccessCollector& access) const
{
    access.write(transient_, 0);
}

void UniswapV4Manager::declare(const Burn&, AccountId, AccessCollector& access) const
{
    access.write(transient_, 0);
}

}  // namespace runnel::contracts
