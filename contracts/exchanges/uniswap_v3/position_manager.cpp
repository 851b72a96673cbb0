#include "contracts/exchanges/uniswap_v3/position_manager.hpp"

#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/payments.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v3;

/// Pays a pool for liquidity from the caller's allowance.
class UniswapV3PositionManager::Payer final : public PoolCaller
{
public:
    Payer(const UniswapV3PositionManager& manager, const UniswapV3Pool& pool,
        AccountId payer) noexcept
      : manager_{manager}, pool_{pool}, payer_{payer}
    {}
    Result<void> pay(CallContext context, const std::array<Int256, 2>& amounts) override
    {
        const std::array tokens{pool_.token0(), pool_.token1()};
        for (unsigned side = 0; side < 2; ++side)
        {
            if (amounts[side].is_zero())
                continue;
            RUNNEL_TRY(
                pay_pool(context, manager_.account(), token_at(*manager_.world_, tokens[side]),
                    payer_, pool_.account(), amounts[side].bits));
        }
        return {};
    }

private:
    const UniswapV3PositionManager& manager_;
    const UniswapV3Pool& pool_;
    AccountId payer_;
};

UniswapV3PositionManager::UniswapV3PositionManager(ContractIdentity identity, ContractId factory)
  : ContractBase{std::move(identity)},
    factory_id_{factory},
    book_{id(), name()},
    state_{name() + ".state"},
    positions_{name() + ".positions", KeyOf::sparse_number}
{
    add_table(book_.tokens);
    add_table(book_.balances);
    add_table(book_.operators);
    add_table(state_);
    add_table(positions_);
}

const ContractType& UniswapV3PositionManager::contract_type()
{
    static const ContractType type{.kind = "uniswap_v3_position_manager",
        .help = "Holds positions in a Uniswap v3's pools and gives tokens for them, each another.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<NftTransferLog, NftApprovalLog, NftApprovalForAllLog,
            IncreaseLiquidityLog, DecreaseLiquidityLog, CollectPositionLog>(),
        .parameters = {contract_parameter(
            "factory", "uniswap_v3_factory", "The factory whose pools it uses.")},
        .create = creator<UniswapV3PositionManager>([](const Parameters& parameters)
            { return std::tuple{parameters.contract("factory")}; })};
    return type;
}

void UniswapV3PositionManager::connect(World& world)
{
    world_ = &world;
    factory_ = dynamic_cast<const UniswapV3Factory*>(world.find_contract(factory_id_));
    RUNNEL_CHECK(factory_ != nullptr);
}

UniswapV3Pool* UniswapV3PositionManager::pool_of(const ManagedPosition& position) const
{
    return position.exists ? dynamic_cast<UniswapV3Pool*>(world_->find_contract(position.pool))
                           : nullptr;
}

Result<void> UniswapV3PositionManager::require_authorized(
    CallContext& context, std::uint64_t token_id) const
{
    RUNNEL_REQUIRE(
        RUNNEL_TRY(book_.is_approved_or_owner(context, token_id)), Refusal::error("Not approved"));
    return {};
}

Result<UniswapV3PositionManager::Added> UniswapV3PositionManager::add_liquidity(
    CallContext& context, UniswapV3Pool& pool, std::int32_t tick_lower, std::int32_t tick_upper,
    const std::array<Amount, 2>& desired, const std::array<Amount, 2>& least)
{
    const auto price = pool.state(context).sqrt_price_x96;
    const auto lower = RUNNEL_TRY(sqrt_ratio_at_tick(tick_lower));
    const auto upper = RUNNEL_TRY(sqrt_ratio_at_tick(tick_upper));
    Added added;
    added.liquidity =
        RUNNEL_TRY(liquidity_for_amounts(price, lower, upper, desired[0], desired[1]));
    Payer payer{*this, pool, context.sender()};
    added.amounts = RUNNEL_TRY(pool.mint(
        context.as(account()), account(), tick_lower, tick_upper, added.liquidity, payer));
    RUNNEL_REQUIRE(added.amounts[0] >= least[0] && added.amounts[1] >= least[1],
        Refusal::error("Price slippage check"));
    return added;
}

Result<void> UniswapV3PositionManager::take_fees(CallContext& context, const UniswapV3Pool& pool,
    ManagedPosition& position, const Amount& liquidity)
{
    const auto& held = pool.position(context, key_of(position));
    const auto add = [&](Amount& owed, const Amount& growth, Amount& last) -> Result<void>
    {
        const auto earned = RUNNEL_TRY(
            mul_shift_rounding_down(wrapping_sub(growth, last), liquidity, fixed_point_128));
        owed = wrapping_add(owed, earned & uint128_max) & uint128_max;
        last = growth;
        return {};
    };
    RUNNEL_TRY(add(position.tokens_owed0, held.fee_growth_inside0_last_x128,
        position.fee_growth_inside0_last_x128));
    return add(position.tokens_owed1, held.fee_growth_inside1_last_x128,
        position.fee_growth_inside1_last_x128);
}

Result<Returns> UniswapV3PositionManager::execute(const MintPosition& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_TRY(check_deadline(context, call.deadline));
    auto* pool = factory_->find_pool(call.token0, call.token1, call.fee);
    RUNNEL_REQUIRE(pool != nullptr && pool->token0() == call.token0, Refusal::empty());
    const auto added = RUNNEL_TRY(add_liquidity(context, *pool, call.tick_lower, call.tick_upper,
        {call.amount0_desired, call.amount1_desired}, {call.amount0_min, call.amount1_min}));
    const auto token_id = ++context.write(state_, 0).next_id;
    RUNNEL_TRY(book_.mint(context, call.recipient, token_id));
    auto& position = context.write(positions_, token_id);
    position = {.pool = pool->id(),
        .exists = true,
        .tick_lower = call.tick_lower,
        .tick_upper = call.tick_upper,
        .liquidity = added.liquidity,
        .fee_growth_inside0_last_x128 = {},
        .fee_growth_inside1_last_x128 = {},
        .tokens_owed0 = {},
        .tokens_owed1 = {}};
    const auto& held = pool->position(context, key_of(position));
    position.fee_growth_inside0_last_x128 = held.fee_growth_inside0_last_x128;
    position.fee_growth_inside1_last_x128 = held.fee_growth_inside1_last_x128;
    context.emit(
        id(), IncreaseLiquidityLog{token_id, added.liquidity, added.amounts[0], added.amounts[1]});
    return Returns{token_id, added.liquidity, added.amounts[0], added.amounts[1]};
}

Result<Returns> UniswapV3PositionManager::execute(
    const IncreaseLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(check_deadline(context, call.deadline));
    const ManagedPosition before = context.read(positions_, call.token_id);
    auto* pool = pool_of(before);
    RUNNEL_REQUIRE(pool != nullptr, Refusal::empty());
    const auto added =
        RUNNEL_TRY(add_liquidity(context, *pool, before.tick_lower, before.tick_upper,
            {call.amount0_desired, call.amount1_desired}, {call.amount0_min, call.amount1_min}));
    auto& position = context.write(positions_, call.token_id);
    RUNNEL_TRY(take_fees(context, *pool, position, position.liquidity));
    position.liquidity = wrapping_add(position.liquidity, added.liquidity) & uint128_max;
    context.emit(id(),
        IncreaseLiquidityLog{call.token_id, added.liquidity, added.amounts[0], added.amounts[1]});
    return Returns{added.liquidity, added.amounts[0], added.amounts[1]};
}

Result<Returns> UniswapV3PositionManager::execute(
    const DecreaseLiquidity& call, CallContext& context)
{
    RUNNEL_TRY(require_authorized(context, call.token_id));
    RUNNEL_TRY(check_deadline(context, call.deadline));
    auto& position = context.write(positions_, call.token_id);
    RUNNEL_REQUIRE(
        !call.liquidity.is_zero() && call.liquidity <= position.liquidity, Refusal::empty());
    auto& pool = *pool_of(position);
    const auto amounts = RUNNEL_TRY(
        pool.burn(context.as(account()), position.tick_lower, position.tick_upper, call.liquidity));
    RUNNEL_REQUIRE(amounts[0] >= call.amount0_min && amounts[1] >= call.amount1_min,
        Refusal::error("Price slippage check"));
    position.tokens_owed0 = wrapping_add(position.tokens_owed0, amounts[0]) & uint128_max;
    position.tokens_owed1 = wrapping_add(position.tokens_owed1, amounts[1]) & uint128_max;
    RUNNEL_TRY(take_fees(context, pool, position, position.liquidity));
    position.liquidity = wrapping_sub(position.liquidity, call.liquidity);
    context.emit(id(), DecreaseLiquidityLog{call.token_id, call.liquidity, amounts[0], amounts[1]});
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV3PositionManager::execute(const CollectPosition& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_TRY(require_authorized(context, call.token_id));
    RUNNEL_REQUIRE(call.amount0_max.fits_uint128() && call.amount1_max.fits_uint128() &&
                       (!call.amount0_max.is_zero() || !call.amount1_max.is_zero()),
        Refusal::empty());
    auto& position = context.write(positions_, call.token_id);
    auto& pool = *pool_of(position);
    if (!position.liquidity.is_zero())
    {
        // Brings the pool's own reading up to date.
        RUNNEL_TRY(
            pool.burn(context.as(account()), position.tick_lower, position.tick_upper, Amount{}));
        RUNNEL_TRY(take_fees(context, pool, position, position.liquidity));
    }
    else
        context.save_gas(gas::burn);
    const auto wanted0 = std::min(call.amount0_max, position.tokens_owed0);
    const auto wanted1 = std::min(call.amount1_max, position.tokens_owed1);
    const auto recipient = call.recipient == zero_account ? account() : call.recipient;
    // A pool sometimes pays a unit less than was noted here: roundings of several tokens add up.
    const auto amounts = RUNNEL_TRY(pool.collect(context.as(account()), recipient,
        position.tick_lower, position.tick_upper, wanted0, wanted1));
    position.tokens_owed0 = wrapping_sub(position.tokens_owed0, wanted0);
    position.tokens_owed1 = wrapping_sub(position.tokens_owed1, wanted1);
    context.emit(id(), CollectPositionLog{call.token_id, recipient, wanted0, wanted1});
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV3PositionManager::execute(const BurnPosition& call, CallContext& context)
{
    RUNNEL_TRY(require_authorized(context, call.token_id));
    auto& position = context.write(positions_, call.token_id);
    RUNNEL_REQUIRE(position.liquidity.is_zero() && position.tokens_owed0.is_zero() &&
                       position.tokens_owed1.is_zero(),
        Refusal::error("Not cleared"));
    position = {};
    RUNNEL_TRY(book_.burn(context, call.token_id));
    return Returns{};
}

Result<void> UniswapV3PositionManager::transfer_nft(
    CallContext context, AccountId from, AccountId to, std::uint64_t token_id)
{
    RUNNEL_TRY(require_account(context.world(), to));
    return book_.transfer_from(context, {from, to, token_id});
}

Result<Returns> UniswapV3PositionManager::execute(const NftTransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer_nft(context, call.from, call.to, call.token_id));
    return Returns{};
}

Result<Returns> UniswapV3PositionManager::execute(const NftApprove& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_TRY(book_.approve(context, call));
    return Returns{};
}

Result<Returns> UniswapV3PositionManager::execute(
    const NftSetApprovalForAll& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.operator_address));
    RUNNEL_TRY(book_.set_approval_for_all(context, call));
    return Returns{};
}

}  // namespace runnel::contracts
