// How scenarios make pools.

#include "contracts/exchanges/uniswap_v3/first_position.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::contracts
{

using namespace uniswap_v4;

namespace
{
constexpr double amount_max = 340282366920938463463374607431768211455.0;  // 2^128 - 1

std::int32_t spacing_of(const Parameters& parameters)
{
    return static_cast<std::int32_t>(parameters.integer("tick_spacing"));
}

/// @p is_swapped: the first token as the scenario names them is the pool's currency1.
std::optional<uniswap_v3::FirstPosition> first_of(const Parameters& parameters, bool is_swapped)
{
    return uniswap_v3::first_position(parameters.amount(is_swapped ? "amount1" : "amount0"),
        parameters.amount(is_swapped ? "amount0" : "amount1"), parameters.integer("range_bps"),
        spacing_of(parameters), max_liquidity_per_tick(spacing_of(parameters)));
}

/// Without the hook's account, which is known when there is a world.
PoolKey key_of(const Parameters& parameters)
{
    const auto token0 = parameters.token("token0");
    const auto token1 = parameters.token("token1");
    return {std::min(token0, token1), std::max(token0, token1),
        parameters.boolean("dynamic_fee") ? dynamic_fee
                                          : static_cast<std::uint32_t>(parameters.integer("fee")),
        spacing_of(parameters), zero_account};
}
}  // namespace

UniswapV4Pool::UniswapV4Pool(
    ContractIdentity identity, ContractId manager, const PoolKey& key, ContractId hook)
  : ContractBase{std::move(identity)},
    manager_id_{manager},
    hook_id_{hook},
    key_{key},
    tokens_{key.currency0, key.currency1}
{}

void UniswapV4Pool::connect(World& world)
{
    world_ = &world;
    manager_ = dynamic_cast<const UniswapV4Manager*>(world.find_contract(manager_id_));
    RUNNEL_CHECK(manager_ != nullptr);
    if (hook_id_ != no_contract)
        key_.hooks = world.contract(hook_id_).account();
    router_ = nullptr;
    for (std::uint32_t i = 0; i < world.contract_count() && router_ == nullptr; ++i)
    {
        const auto* router =
            dynamic_cast<const UniswapV4Router*>(world.find_contract(ContractId{i}));
        if (router != nullptr && router->manager_id() == manager_id_)
            router_ = router;
    }
}

std::optional<Amount> UniswapV4Pool::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

const ContractType& UniswapV4Pool::contract_type()
{
    static const ContractType type{.kind = "uniswap_v4_pool",
        .help = "A pool of a Uniswap v4's manager, to be traded as any exchange.",
        .role = ContractRole::dex,
        .sectors = implements<UniswapV4Pool, Exchange, RangeExchange>(),
        .methods = methods(),
        .events = event_types<DexTrade, DexPool, DexQuote, DexRangeChange, DexRange>(),
        .parameters =
            {
                contract_parameter(
                    "manager", "uniswap_v4_manager", "The manager that has the pool."),
                token_parameter("token0", plain_tokens, "One token."),
                token_parameter("token1", plain_tokens, "Another one."),
                {"fee", ParameterKind::integer, "3000", unit::other("1e-6"),
                    "What every swap pays, unless the fee is dynamic.", 0, pips},
                {"dynamic_fee", ParameterKind::boolean, "false", {},
                    "Whether the hook sets the fee; without one there is none to set it."},
                {"tick_spacing", ParameterKind::integer, "60", {},
                    "How far apart ticks are that may hold liquidity.", 1, tick_spacing_max},
                []
                {
                    auto hook = contract_parameter("hook", Hook::sector,
                        "The contract that is called before and after what happens to the pool.");
                    hook.default_value = "\"\"";
                    return hook;
                }(),
                allocation({"amount0", ParameterKind::amount, "0", unit::smallest_unit_of("token0"),
                    "Liquidity at the start, of the account NAME/seed_lp; 0: none, and no price.",
                    0, amount_max}),
                allocation({"amount1", ParameterKind::amount, "0", unit::smallest_unit_of("token1"),
                    "Liquidity at the start; amount0 and amount1 set the first price.", 0,
                    amount_max}),
                {"range_bps", ParameterKind::integer, "0", unit::bps,
                    "How far around the first price that liquidity is: 1000 is from price / 1.1 to "
                    "price * 1.1; 0: all prices.",
                    0, 1'000'000},
            },
        .create = creator<UniswapV4Pool>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.contract("manager"), key_of(parameters),
                    parameters.has("hook") ? parameters.contract("hook") : no_contract};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.token("token0") == parameters.token("token1"))
                return "token1: expected another token than token0, got the same";
            if (parameters.boolean("dynamic_fee") && !parameters.has("hook"))
                return "dynamic_fee: expected false of a pool without a hook, got true";
            if (parameters.amount("amount0").is_zero() && parameters.amount("amount1").is_zero())
                return "";
            // Which token comes first shows when there is a world.
            if (!first_of(parameters, false) || !first_of(parameters, true))
                return "amount0: expected amounts of both tokens whose ratio is a price, from "
                       "2^-128 to 2^128, and that are some liquidity in their range";
            return "";
        }};
    return type;
}

/// Pays as anybody does: the manager is unlocked, called, and paid.
void UniswapV4Pool::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const bool is_swapped = parameters.token("token0") != key_.currency0;
    const std::array amounts{parameters.amount(is_swapped ? "amount1" : "amount0"),
        parameters.amount(is_swapped ? "amount0" : "amount1")};
    if (amounts[0].is_zero())
        return;
    const auto first = first_of(parameters, is_swapped);
    RUNNEL_CHECK(first.has_value() && "validate() saw to it");
    auto& world = builder.world();
    const auto& manager = world.contract(manager_id_);
    const auto seed = builder.account(name() + "/seed_lp", "liquidity_provider");
    CallWriter steps;
    steps.add(manager.id(),
        ModifyLiquidity{key_, first->lower, first->upper, Int256::from_bits(first->liquidity), {}});
    for (unsigned side = 0; side < 2; ++side)
    {
        const bool given = token_at(world, tokens_[side]).allocate(world, seed, amounts[side]);
        RUNNEL_CHECK(given);
        const Erc20Transfer transfer{manager.account(), {}};
        steps.add(manager.id(), Sync{tokens_[side]});
        steps.add(tokens_[side], transfer,
            Binding{transfer.value, ResultOf{0, static_cast<std::uint8_t>(2 + side)}});
        steps.add(manager.id(), Settle{});
    }
    CallWriter calls;
    calls.add(manager.id(), Initialize{key_, first->price});
    calls.add(manager.id(), Unlock{steps.list()});
    builder.transaction(seed, std::move(calls).take());
}

}  // namespace runnel::contracts
