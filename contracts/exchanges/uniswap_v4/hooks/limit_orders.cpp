#include "contracts/exchanges/uniswap_v4/hooks/limit_orders.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/sector.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <map>

namespace runnel::contracts
{

using namespace uniswap_v4;

namespace
{
constexpr std::uint64_t tick_gas = 2'200;    // A place looked at: a cold slot.
constexpr std::uint64_t fill_gas = 120'000;  // An order filled: a position and two claims.

std::int32_t grid_tick(std::int32_t tick, std::int32_t spacing) noexcept
{
    return uniswap_v3::compressed_tick(tick, spacing) * spacing;
}

ModifyParams params_of(const OrderPlace& place, const Int256& change, std::uint64_t order)
{
    return {place.tick_lower, place.tick_lower + place.key.tick_spacing, change, Amount{order}};
}
}  // namespace

LimitOrderHook::LimitOrderHook(ContractIdentity identity, ContractId manager)
  : ContractBase{std::move(identity)},
    manager_id_{manager},
    count_{name() + ".count"},
    last_ticks_{name() + ".last_ticks"},
    open_{name() + ".open"},
    orders_{name() + ".orders"},
    liquidity_{name() + ".liquidity", KeyOf::numbered_account}
{
    add_table(count_);
    for (RecordTable* table :
        std::initializer_list<RecordTable*>{&last_ticks_, &open_, &orders_, &liquidity_})
    {
        table->set_guard(count_);
        add_table(*table);
    }
}

const ContractType& LimitOrderHook::contract_type()
{
    static const ContractType type{.kind = "uniswap_v4_limit_orders",
        .help = "A hook that keeps limit orders for its pools.",
        .role = ContractRole::ledger,
        .sectors = implements<LimitOrderHook, Hook>(),
        .methods = methods(),
        .events =
            event_types<OrderPlacedLog, OrderFilledLog, OrderCancelledLog, OrderWithdrawnLog>(),
        .parameters = {contract_parameter(
            "manager", "uniswap_v4_manager", "The manager that has the pools.")},
        .create = creator<LimitOrderHook>([](const Parameters& parameters)
            { return std::tuple{parameters.contract("manager")}; })};
    return type;
}

void LimitOrderHook::connect(World& world)
{
    world_ = &world;
    manager_ = dynamic_cast<UniswapV4Manager*>(world.find_contract(manager_id_));
    RUNNEL_CHECK(manager_ != nullptr);
}

void LimitOrderHook::check_invariants(const World&, Findings& findings) const
{
    std::map<ContractId, Amount> owed;
    for (std::uint64_t number = 1; number <= order_count(); ++number)
    {
        const auto& of = order(number);
        const auto& key = of.place.key;
        owed[key.currency0] = wrapping_add(owed[key.currency0], of.total0);
        owed[key.currency1] = wrapping_add(owed[key.currency1], of.total1);
        if (of.is_filled)
            continue;
        const auto params = params_of(of.place, {}, number);
        const auto& position = manager_->position({manager_->find_pool(key), account(),
            params.tick_lower, params.tick_upper, params.salt});
        if (position.liquidity != of.liquidity)
        {
            findings.push_back(fmt::format("{}: order {} is {} of liquidity, its position {}",
                name(), number, of.liquidity.to_string(), position.liquidity.to_string()));
        }
    }
    for (const auto& [currency, amount] : owed)
    {
        const auto& claims = manager_->claims(account(), currency);
        if (claims < amount)
        {
            findings.push_back(fmt::format("{}: owes {} of currency {}, has claims of {}", name(),
                amount.to_string(), index(currency), claims.to_string()));
        }
    }
}

/// Keeps what the manager owes the hook, for those of an order.
Result<void> LimitOrderHook::keep(
    CallContext& context, const PoolKey& key, const BalanceDelta& amounts, LimitOrder& order)
{
    const std::array currencies{key.currency0, key.currency1};
    for (unsigned side = 0; side < 2; ++side)
    {
        const auto& amount = amounts[side].bits;
        if (amount.is_zero())
            continue;
        RUNNEL_TRY(manager_->mint(context.as(account()), account(), currencies[side], amount));
        auto& total = side == 0 ? order.total0 : order.total1;
        total = RUNNEL_TRY(Checked{total} + amount);
    }
    return {};
}

// ---- The callbacks ----

Result<void> LimitOrderHook::after_initialize(
    const HookCall& call, const Amount&, std::int32_t tick)
{
    RUNNEL_REQUIRE(&call.manager == manager_, Refusal::custom("NotPoolManager"));
    call.context.write(last_ticks_, call.key) = {true, grid_tick(tick, call.key.tick_spacing)};
    return {};
}

Result<void> LimitOrderHook::fill(const HookCall& call, const OrderPlace& place)
{
    auto& context = call.context;
    RUNNEL_TRY(context.charge_gas(tick_gas));
    const auto number = context.read(open_, place).number;
    if (number == 0)
        return {};
    RUNNEL_TRY(context.charge_gas(fill_gas));
    context.write(open_, place).number = 0;
    auto& order = context.write(orders_, number);
    order.is_filled = true;
    if (order.liquidity.is_zero())
        return {};
    const auto change = -RUNNEL_TRY(to_int128(order.liquidity));
    const auto got = RUNNEL_TRY(manager_->modify_liquidity(
        context.as(account()), place.key, params_of(place, change, number)));
    RUNNEL_TRY(keep(context, place.key, got.caller, order));
    context.emit(id(), OrderFilledLog{number, got.caller[0].bits, got.caller[1].bits});
    return {};
}

/// Fills what lies between where the last swap left the price and where this one did.
Result<Int256> LimitOrderHook::after_swap(
    const HookCall& call, const SwapParams&, const BalanceDelta&)
{
    const auto spacing = call.key.tick_spacing;
    auto& last = call.context.write(last_ticks_, call.key);
    const auto from = last.tick;
    const auto to = grid_tick(manager_->pool(call.context, call.key).tick, spacing);
    last.tick = to;
    // Upwards it has bought currency0 of those who sell it, from the lowest on.
    for (auto tick = from; tick < to; tick += spacing)
        RUNNEL_TRY(fill(call, {call.key, tick, true}));
    for (auto tick = from; tick > to; tick -= spacing)
        RUNNEL_TRY(fill(call, {call.key, tick, false}));
    return Int256{};
}

// ---- The calls ----

class LimitOrderHook::Placing final : public Locker
{
public:
    Placing(LimitOrderHook& hook, const OrderPlace& place, const ModifyParams& params,
        AccountId owner, LimitOrder& order) noexcept
      : hook_{hook}, place_{place}, params_{params}, owner_{owner}, order_{order}
    {}
    Result<void> unlocked(CallContext& context) override
    {
        auto& manager = *hook_.manager_;
        const auto& key = place_.key;
        const auto change = RUNNEL_TRY(manager.modify_liquidity(context, key, params_));
        const auto owed = RUNNEL_TRY(subtract(change.caller, change.fees));
        const unsigned sold = owed[0].is_zero() ? 1 : 0;
        RUNNEL_REQUIRE(owed[0].is_zero() || owed[1].is_zero(), Refusal::custom("InRange"));
        RUNNEL_REQUIRE(place_.zero_for_one == (sold == 0), Refusal::custom("CrossedRange"));
        // What others' liquidity here has earned is theirs.
        RUNNEL_TRY(hook_.keep(context, key, change.fees, order_));
        const auto currency = sold == 0 ? key.currency0 : key.currency1;
        const auto amount = owed[sold].magnitude();
        if (currency == native_coin)
        {
            RUNNEL_TRY(manager.settle(context.as(owner_), hook_.account(), amount));
            return {};
        }
        RUNNEL_TRY(manager.sync(context, currency));
        RUNNEL_TRY(token_at(*hook_.world_, currency)
                       .transfer_from(context, owner_, manager.account(), amount));
        RUNNEL_TRY(manager.settle(context, hook_.account(), {}));
        return {};
    }

private:
    LimitOrderHook& hook_;
    const OrderPlace& place_;
    const ModifyParams& params_;
    AccountId owner_;
    LimitOrder& order_;
};

Result<Returns> LimitOrderHook::execute(const PlaceOrder& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.liquidity.is_zero(), Refusal::custom("ZeroLiquidity"));
    RUNNEL_REQUIRE(call.key.hooks == account(), Refusal::custom("NotItsPool"));
    const auto owner = context.sender();
    const OrderPlace place{call.key, call.tick_lower, call.zero_for_one};
    auto& open = context.write(open_, place).number;
    if (open == 0)
    {
        open = ++context.write(count_, 0).number;
        context.write(orders_, open).place = place;
    }
    auto& order = context.write(orders_, open);
    const auto params = params_of(place, RUNNEL_TRY(to_int128(call.liquidity)), open);
    Placing placing{*this, place, params, owner, order};
    RUNNEL_TRY(manager_->unlock(context.as(account()), placing));
    order.liquidity = RUNNEL_TRY(Checked{order.liquidity} + call.liquidity);
    auto& part = context.write(liquidity_, part_key(open, owner));
    part = RUNNEL_TRY(Checked{part} + call.liquidity);
    context.emit(
        id(), OrderPlacedLog{owner, open, call.tick_lower, call.zero_for_one, call.liquidity});
    return Returns{open};
}

class LimitOrderHook::Cancelling final : public Locker
{
public:
    Cancelling(LimitOrderHook& hook, const OrderPlace& place, const ModifyParams& params,
        AccountId to, LimitOrder& order) noexcept
      : hook_{hook}, place_{place}, params_{params}, to_{to}, order_{order}
    {}
    Result<void> unlocked(CallContext& context) override
    {
        auto& manager = *hook_.manager_;
        const auto& key = place_.key;
        const auto change = RUNNEL_TRY(manager.modify_liquidity(context, key, params_));
        RUNNEL_TRY(hook_.keep(context, key, change.fees, order_));
        principal_ = RUNNEL_TRY(subtract(change.caller, change.fees));
        const std::array currencies{key.currency0, key.currency1};
        for (unsigned side = 0; side < 2; ++side)
        {
            if (!principal_[side].is_zero())
                RUNNEL_TRY(manager.take(context, currencies[side], to_, principal_[side].bits));
        }
        return {};
    }
    [[nodiscard]] const BalanceDelta& principal() const noexcept { return principal_; }

private:
    LimitOrderHook& hook_;
    const OrderPlace& place_;
    const ModifyParams& params_;
    AccountId to_;
    LimitOrder& order_;
    BalanceDelta principal_;
};

class LimitOrderHook::Withdrawing final : public Locker
{
public:
    Withdrawing(LimitOrderHook& hook, const PoolKey& key, const std::array<Amount, 2>& amounts,
        AccountId to) noexcept
      : hook_{hook}, key_{key}, amounts_{amounts}, to_{to}
    {}
    Result<void> unlocked(CallContext& context) override
    {
        auto& manager = *hook_.manager_;
        const std::array currencies{key_.currency0, key_.currency1};
        for (unsigned side = 0; side < 2; ++side)
        {
            if (amounts_[side].is_zero())
                continue;
            RUNNEL_TRY(manager.burn(context, hook_.account(), currencies[side], amounts_[side]));
            RUNNEL_TRY(manager.take(context, currencies[side], to_, amounts_[side]));
        }
        return {};
    }

private:
    LimitOrderHook& hook_;
    const PoolKey& key_;
    const std::array<Amount, 2>& amounts_;
    AccountId to_;
};

Result<Returns> LimitOrderHook::execute(const CancelOrder& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.to));
    const auto owner = context.sender();
    const OrderPlace place{call.key, call.tick_lower, call.zero_for_one};
    const auto number = context.read(open_, place).number;
    auto& part = context.write(liquidity_, part_key(number, owner));
    RUNNEL_REQUIRE(number != 0 && !part.is_zero(), Refusal::custom("NothingOrdered"));
    auto& order = context.write(orders_, number);
    const Amount liquidity = part;
    const auto params = params_of(place, -RUNNEL_TRY(to_int128(liquidity)), number);
    part = {};
    order.liquidity = wrapping_sub(order.liquidity, liquidity);
    Cancelling cancelling{*this, place, params, call.to, order};
    RUNNEL_TRY(manager_->unlock(context.as(account()), cancelling));
    // Nobody stays whom the earnings could be left to.
    if (order.liquidity.is_zero())
    {
        const std::array earned{order.total0, order.total1};
        order.total0 = order.total1 = {};
        Withdrawing withdrawing{*this, place.key, earned, call.to};
        RUNNEL_TRY(manager_->unlock(context.as(account()), withdrawing));
    }
    context.emit(id(), OrderCancelledLog{owner, number, liquidity});
    const auto& principal = cancelling.principal();
    return Returns{principal[0].bits, principal[1].bits};
}

Result<Returns> LimitOrderHook::execute(const WithdrawOrder& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.to));
    RUNNEL_REQUIRE(call.order <= context.read(count_, 0).number, Refusal::custom("NotFilled"));
    auto& order = context.write(orders_, call.order);
    RUNNEL_REQUIRE(order.is_filled, Refusal::custom("NotFilled"));
    const auto owner = context.sender();
    auto& part = context.write(liquidity_, part_key(call.order, owner));
    RUNNEL_REQUIRE(!part.is_zero(), Refusal::custom("NothingOrdered"));
    const std::array amounts{RUNNEL_TRY(mul_div_down(order.total0, part, order.liquidity)),
        RUNNEL_TRY(mul_div_down(order.total1, part, order.liquidity))};
    order.total0 = wrapping_sub(order.total0, amounts[0]);
    order.total1 = wrapping_sub(order.total1, amounts[1]);
    order.liquidity = wrapping_sub(order.liquidity, part);
    part = {};
    Withdrawing withdrawing{*this, order.place.key, amounts, call.to};
    RUNNEL_TRY(manager_->unlock(context.as(account()), withdrawing));
    context.emit(id(), OrderWithdrawnLog{owner, call.order, amounts[0], amounts[1]});
    return Returns{amounts[0], amounts[1]};
}

}  // namespace runnel::contracts
