#include "contracts/exchanges/uniswap_v4/router.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v4;

namespace
{
/// A swap of a path, as the manager is asked for it.
struct Leg
{
    PoolKey key;
    bool zero_for_one = false;
};

bool is_path(const Path& path) noexcept
{
    const auto hops = path.fees.size();
    return hops > 0 && path.currencies.size() == hops + 1 && path.tick_spacings.size() == hops &&
           path.hooks.size() == hops;
}

Leg leg_of(const Path& path, std::size_t hop)
{
    const auto in = path.currencies[hop];
    const auto out = path.currencies[hop + 1];
    const bool zero_for_one = in < out;
    return {{zero_for_one ? in : out, zero_for_one ? out : in, path.fees[hop],
                path.tick_spacings[hop], path.hooks[hop]},
        zero_for_one};
}
}  // namespace

const ContractType& UniswapV4Router::contract_type()
{
    static const ContractType type{.kind = "uniswap_v4_router",
        .help = "Swaps along paths of a Uniswap v4's pools, and keeps positions in them.",
        .role = ContractRole::ledger,
        .sectors = implements<UniswapV4Router, Venue>(),
        .methods = methods(),
        .events = {},
        .parameters = {contract_parameter(
            "manager", "uniswap_v4_manager", "The manager whose pools it uses.")},
        .create = creator<UniswapV4Router>([](const Parameters& parameters)
            { return std::tuple{parameters.contract("manager")}; })};
    return type;
}

void UniswapV4Router::connect(World& world)
{
    world_ = &world;
    manager_ = dynamic_cast<UniswapV4Manager*>(world.find_contract(manager_id_));
    RUNNEL_CHECK(manager_ != nullptr);
}

// ---- Payments ----

/// Pays what the router owes of a currency, if it does.
Result<void> UniswapV4Router::settle(CallContext& context, ContractId currency, AccountId payer)
{
    const auto delta = manager_->delta(context, account(), currency);
    if (!delta.is_negative())
        return {};
    const auto owed = delta.magnitude();
    const auto own = context.as(account());
    if (currency == native_coin)
    {
        // The coins that came along with the call.
        RUNNEL_TRY(manager_->settle(context.as(payer), account(), owed));
        return {};
    }
    RUNNEL_TRY(manager_->sync(own, currency));
    RUNNEL_TRY(token_at(*world_, currency).transfer_from(own, payer, manager_->account(), owed));
    RUNNEL_TRY(manager_->settle(own, account(), {}));
    return {};
}

/// Pays out what the router has to get of a currency, if it does.
Result<void> UniswapV4Router::take(CallContext& context, ContractId currency, AccountId recipient)
{
    const auto delta = manager_->delta(context, account(), currency);
    if (delta.is_negative() || delta.is_zero())
        return {};
    return manager_->take(context.as(account()), currency, recipient, delta.bits);
}

// ---- Swaps ----

class UniswapV4Router::InputSwap final : public Locker
{
public:
    InputSwap(UniswapV4Router& router, const SwapExactInput& call, AccountId payer) noexcept
      : router_{router}, call_{call}, payer_{payer}
    {}
    Result<void> unlocked(CallContext& context) override
    {
        const auto& path = call_.path;
        amount_ = call_.amount_in;
        for (std::size_t hop = 0; hop < path.fees.size(); ++hop)
        {
            const auto [key, zero_for_one] = leg_of(path, hop);
            const auto paid_in = RUNNEL_TRY(to_int128(amount_));
            const auto delta = RUNNEL_TRY(router_.manager_->swap(context, key,
                {zero_for_one, -paid_in, uniswap_v3::price_end(zero_for_one)}, call_.recipient));
            const auto& got = delta[zero_for_one ? 1 : 0];
            RUNNEL_REQUIRE(!got.is_negative(), safe_cast_overflow());
            amount_ = got.bits;
        }
        RUNNEL_REQUIRE(amount_ >= call_.amount_out_minimum,
            Refusal::custom("V4TooLittleReceived").with(call_.amount_out_minimum).with(amount_));
        RUNNEL_TRY(router_.settle(context, path.currencies[0], payer_));
        return router_.take(context, path.currencies[path.fees.size()], call_.recipient);
    }
    [[nodiscard]] const Amount& amount_out() const noexcept { return amount_; }

private:
    UniswapV4Router& router_;
    const SwapExactInput& call_;
    AccountId payer_;
    Amount amount_;
};

class UniswapV4Router::OutputSwap final : public Locker
{
public:
    OutputSwap(UniswapV4Router& router, const SwapExactOutput& call, AccountId payer) noexcept
      : router_{router}, call_{call}, payer_{payer}
    {}
    Result<void> unlocked(CallContext& context) override
    {
        const auto& path = call_.path;
        amount_ = call_.amount_out;
        for (auto hop = path.fees.size(); hop-- > 0;)
        {
            const auto [key, zero_for_one] = leg_of(path, hop);
            const auto paid_out = RUNNEL_TRY(to_int128(amount_));
            const auto delta = RUNNEL_TRY(router_.manager_->swap(context, key,
                {zero_for_one, paid_out, uniswap_v3::price_end(zero_for_one)}, call_.recipient));
            const auto& paid = delta[zero_for_one ? 0 : 1];
            RUNNEL_REQUIRE(paid.is_negative() || paid.is_zero(), safe_cast_overflow());
            amount_ = paid.magnitude();
        }
        RUNNEL_REQUIRE(amount_ <= call_.amount_in_maximum,
            Refusal::custom("V4TooMuchRequested").with(call_.amount_in_maximum).with(amount_));
        RUNNEL_TRY(router_.settle(context, path.currencies[0], payer_));
        return router_.take(context, path.currencies[path.fees.size()], call_.recipient);
    }
    [[nodiscard]] const Amount& amount_in() const noexcept { return amount_; }

private:
    UniswapV4Router& router_;
    const SwapExactOutput& call_;
    AccountId payer_;
    Amount amount_;
};

Result<Returns> UniswapV4Router::execute(const SwapExactInput& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.recipient));
    RUNNEL_REQUIRE(
        context.block().timestamp <= call.deadline, Refusal::custom("TransactionDeadlinePassed"));
    RUNNEL_REQUIRE(is_path(call.path), Refusal::empty());
    if (const auto hops = call.path.fees.size(); hops > 1)
        RUNNEL_TRY(context.charge_gas(gas::further_hop * (hops - 1)));
    InputSwap swap{*this, call, context.sender()};
    RUNNEL_TRY(manager_->unlock(context.as(account()), swap));
    return Returns{swap.amount_out()};
}

Result<Returns> UniswapV4Router::execute(const SwapExactOutput& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.recipient));
    RUNNEL_REQUIRE(
        context.block().timestamp <= call.deadline, Refusal::custom("TransactionDeadlinePassed"));
    RUNNEL_REQUIRE(is_path(call.path), Refusal::empty());
    if (const auto hops = call.path.fees.size(); hops > 1)
        RUNNEL_TRY(context.charge_gas(gas::further_hop * (hops - 1)));
    OutputSwap swap{*this, call, context.sender()};
    RUNNEL_TRY(manager_->unlock(context.as(account()), swap));
    return Returns{swap.amount_in()};
}

// ---- Liquidity ----

class UniswapV4Router::Change final : public Locker
{
public:
    /// @p payer pays what there is to pay, @p recipient gets what there is to get.
    Change(UniswapV4Router& router, const PoolKey& key, const ModifyParams& params,
        const std::array<Amount, 2>& limits, AccountId payer, AccountId recipient) noexcept
      : router_{router},
        key_{key},
        params_{params},
        limits_{limits},
        payer_{payer},
        recipient_{recipient}
    {}
    Result<void> unlocked(CallContext& context) override
    {
        const auto change = RUNNEL_TRY(router_.manager_->modify_liquidity(context, key_, params_));
        principal_ = RUNNEL_TRY(subtract(change.caller, change.fees));
        for (unsigned side = 0; side < 2; ++side)
            RUNNEL_TRY(check_limit(side));
        for (const auto currency : {key_.currency0, key_.currency1})
        {
            RUNNEL_TRY(router_.settle(context, currency, payer_));
            RUNNEL_TRY(router_.take(context, currency, recipient_));
        }
        return {};
    }
    [[nodiscard]] Returns amounts() const
    {
        return {principal_[0].magnitude(), principal_[1].magnitude()};
    }

private:
    [[nodiscard]] Result<void> check_limit(unsigned side) const
    {
        const auto& limit = limits_[side];
        const auto amount = principal_[side].magnitude();
        const bool is_paid = principal_[side].is_negative();
        // A hook may have turned what is paid into what is got.
        if (params_.liquidity_delta.is_negative())
        {
            RUNNEL_REQUIRE(!is_paid && amount >= limit,
                Refusal::custom("MinimumAmountInsufficient").with(limit).with(amount));
        }
        else
        {
            RUNNEL_REQUIRE(!is_paid || amount <= limit,
                Refusal::custom("MaximumAmountExceeded").with(limit).with(amount));
        }
        return {};
    }

    UniswapV4Router& router_;
    const PoolKey& key_;
    const ModifyParams& params_;
    const std::array<Amount, 2>& limits_;
    AccountId payer_;
    AccountId recipient_;
    BalanceDelta principal_;
};

Result<Returns> UniswapV4Router::execute(const AddLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.owner));
    RUNNEL_REQUIRE(context.block().timestamp <= call.deadline,
        Refusal::custom("DeadlinePassed").with(call.deadline));
    const ModifyParams params{call.tick_lower, call.tick_upper,
        RUNNEL_TRY(to_int128(call.liquidity)), salt_of(call.owner)};
    const std::array limits{call.amount0_max, call.amount1_max};
    Change change{*this, call.key, params, limits, context.sender(), call.owner};
    RUNNEL_TRY(manager_->unlock(context.as(account()), change));
    return change.amounts();
}

Result<Returns> UniswapV4Router::execute(const RemoveLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(require_account(*world_, call.recipient));
    RUNNEL_REQUIRE(context.block().timestamp <= call.deadline,
        Refusal::custom("DeadlinePassed").with(call.deadline));
    const auto owner = context.sender();
    const ModifyParams params{
        call.tick_lower, call.tick_upper, -RUNNEL_TRY(to_int128(call.liquidity)), salt_of(owner)};
    const std::array limits{call.amount0_min, call.amount1_min};
    Change change{*this, call.key, params, limits, owner, call.recipient};
    RUNNEL_TRY(manager_->unlock(context.as(account()), change));
    return change.amounts();
}

// ---- What calls touch ----

void UniswapV4Router::declare_payment(
    ContractId currency, AccountId payer, AccessCollector& access) const
{
    if (currency == native_coin)
        manager_->declare(Settle{1}, payer, access);
    else if (const auto* token = find_token(*world_, currency))
    {
        token->declare_holding(access, manager_->account());
        token->declare_transfer_from(access, account(), payer, manager_->account());
    }
}

void UniswapV4Router::declare_swap(
    const Path& path, AccountId payer, AccountId recipient, AccessCollector& access) const
{
    if (!is_path(path))
        return;
    for (std::size_t hop = 0; hop < path.fees.size(); ++hop)
        manager_->declare_pool(leg_of(path, hop).key, access);
    declare_payment(path.currencies[0], payer, access);
    manager_->declare_take(path.currencies[path.fees.size()], recipient, access);
}

void UniswapV4Router::declare(
    const SwapExactInput& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.path, sender, call.recipient, access);
}

void UniswapV4Router::declare(
    const SwapExactOutput& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.path, sender, call.recipient, access);
}

void UniswapV4Router::declare(
    const AddLiquidity& call, AccountId sender, AccessCollector& access) const
{
    manager_->declare_pool(call.key, access);
    declare_payment(call.key.currency0, sender, access);
    declare_payment(call.key.currency1, sender, access);
}

void UniswapV4Router::declare(const RemoveLiquidity& call, AccountId, AccessCollector& access) const
{
    manager_->declare_pool(call.key, access);
    manager_->declare_take(call.key.currency0, call.recipient, access);
    manager_->declare_take(call.key.currency1, call.recipient, access);
}

}  // namespace runnel::contracts
