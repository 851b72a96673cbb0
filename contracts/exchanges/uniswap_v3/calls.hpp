#pragma once

#include "contracts/exchanges/uniswap_v3/gas.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of Uniswap v3's factory and pools. Gas: see docs/gas.md.
///
/// Where the deployed code calls its caller back to be paid, a call has a list that runs as the
/// caller then; the arguments of the callback, what is owed of token0 and of token1, may be bound
/// to arguments of the list (ResultOf::callback).
namespace runnel::contracts::uniswap_v3
{

// ---- Of the factory ----

struct CreatePool
{
    RUNNEL_CALL("createPool", 0, {10'000, 900});  // A pool costs pool_deployment_gas more.

    AccountId token_a{};
    AccountId token_b{};
    std::uint32_t fee = 0;
    RUNNEL_FIELDS(token_a, token_b, (fee, other("1e-6")));
};

struct SetOwner
{
    RUNNEL_CALL("setOwner", 1, {29'000, 2'400});

    AccountId owner{};
    RUNNEL_FIELDS(owner);
};

/// Lets pools be created with another fee.
struct EnableFeeAmount
{
    RUNNEL_CALL("enableFeeAmount", 2, {29'000, 2'400});

    std::uint32_t fee = 0;
    std::int32_t tick_spacing = 0;
    RUNNEL_FIELDS((fee, other("1e-6")), tick_spacing);
};

// ---- Of a pool ----

/// Sets the first price.
struct Initialize
{
    RUNNEL_CALL("initialize", 0, {49'200, 2'600});

    Amount sqrt_price_x96;
    RUNNEL_FIELDS((sqrt_price_x96, other("sqrt(token1 per token0), Q64.96")));
};

/// Adds liquidity to a position of @p recipient.
struct Mint
{
    RUNNEL_CALL("mint", 1, {gas::mint, 3'400});

    AccountId recipient{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount;
    CallList data;
    RUNNEL_FIELDS(recipient, tick_lower, tick_upper, (amount, other("liquidity")), data);
};

/// Takes liquidity from a position of the caller; 0 brings what it has earned up to date. Nothing
/// is paid before collect.
struct Burn
{
    RUNNEL_CALL("burn", 2, {gas::burn, 1'100});

    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount;
    RUNNEL_FIELDS(tick_lower, tick_upper, (amount, other("liquidity")));
};

/// Pays out what a position of the caller is owed, at most what is asked for.
struct Collect
{
    RUNNEL_CALL("collect", 3, {gas::collect, 3'400});

    AccountId recipient{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount0_requested;
    Amount amount1_requested;
    RUNNEL_FIELDS(recipient, tick_lower, tick_upper,
        (amount0_requested, smallest_unit_of_its("token0")),
        (amount1_requested, smallest_unit_of_its("token1")));
};

struct Swap
{
    RUNNEL_CALL("swap", 4, {gas::swap, 2'000});

    AccountId recipient{};
    bool zero_for_one = false;
    Int256 amount_specified;  // Positive: to come in; negative: to go out.
    Amount sqrt_price_limit_x96;
    CallList data;
    RUNNEL_FIELDS(recipient, zero_for_one,
        (amount_specified, smallest_unit_of_its("token that comes in, or goes out")),
        (sqrt_price_limit_x96, other("sqrt(token1 per token0), Q64.96")), data);
};

struct Flash
{
    RUNNEL_CALL("flash", 5, {gas::flash, 3'400});

    AccountId recipient{};
    Amount amount0;
    Amount amount1;
    CallList data;
    RUNNEL_FIELDS(recipient, (amount0, smallest_unit_of_its("token0")),
        (amount1, smallest_unit_of_its("token1")), data);
};

/// What part of the fees the protocol gets: none or a fourth to a tenth.
struct SetFeeProtocol
{
    RUNNEL_CALL("setFeeProtocol", 6, {13'600, 5'700});

    std::uint8_t fee_protocol0 = 0;
    std::uint8_t fee_protocol1 = 0;
    RUNNEL_FIELDS(fee_protocol0, fee_protocol1);
};

struct CollectProtocol
{
    RUNNEL_CALL("collectProtocol", 7, {gas::collect_protocol, 6'400});

    AccountId recipient{};
    Amount amount0_requested;
    Amount amount1_requested;
    RUNNEL_FIELDS(recipient, (amount0_requested, smallest_unit_of_its("token0")),
        (amount1_requested, smallest_unit_of_its("token1")));
};

struct IncreaseObservationCardinalityNext
{
    RUNNEL_CALL("increaseObservationCardinalityNext", 8, {10'000, 3'400});

    std::uint16_t observation_cardinality_next = 0;
    RUNNEL_FIELDS(observation_cardinality_next);
};

}  // namespace runnel::contracts::uniswap_v3
