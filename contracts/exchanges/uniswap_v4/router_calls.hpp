#pragma once

#include "contracts/exchanges/uniswap_v4/types.hpp"

/// The calls of the router. Gas: see docs/gas.md.
namespace runnel::contracts::uniswap_v4
{

/// The currencies of a swap in order of trade, from the one paid in to the one paid out, and what
/// the keys of the pools between them have beside.
struct Path
{
    ShortList<ContractId, 8> currencies;
    ShortList<std::uint32_t, 7> fees;
    ShortList<std::int32_t, 7> tick_spacings;
    ShortList<AccountId, 7> hooks;
    RUNNEL_FIELDS(currencies, (fees, other("1e-6")), tick_spacings, hooks);
};

struct SwapExactInput
{
    RUNNEL_CALL("swapExactInput", 0, {110'000, 1'500});  // Of one hop.

    Path path;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    Amount amount_in;
    Amount amount_out_minimum;
    RUNNEL_FIELDS(path, recipient, (deadline, unix_seconds),
        (amount_in, smallest_unit_of_its("the first currency")),
        (amount_out_minimum, smallest_unit_of_its("the last currency")));
};

struct SwapExactOutput
{
    RUNNEL_CALL("swapExactOutput", 1, {112'000, 1'500});  // Of one hop.

    Path path;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    Amount amount_out;
    Amount amount_in_maximum;
    RUNNEL_FIELDS(path, recipient, (deadline, unix_seconds),
        (amount_out, smallest_unit_of_its("the last currency")),
        (amount_in_maximum, smallest_unit_of_its("the first currency")));
};

/// Adds to a position of @p owner, who gets what it has earned by then: it is set against what is
/// to be paid.
struct AddLiquidity
{
    RUNNEL_CALL("addLiquidity", 2, {230'000, 1'500});

    PoolKey key;
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount liquidity;
    Amount amount0_max;
    Amount amount1_max;
    AccountId owner{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(key, tick_lower, tick_upper, (liquidity, other("liquidity")),
        (amount0_max, smallest_unit_of_its("currency0")),
        (amount1_max, smallest_unit_of_its("currency1")), owner, (deadline, unix_seconds));
};

/// Takes from a position of the caller, and what it has earned.
struct RemoveLiquidity
{
    RUNNEL_CALL("removeLiquidity", 3, {150'000, 1'500});

    PoolKey key;
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount liquidity;
    Amount amount0_min;
    Amount amount1_min;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(key, tick_lower, tick_upper, (liquidity, other("liquidity")),
        (amount0_min, smallest_unit_of_its("currency0")),
        (amount1_min, smallest_unit_of_its("currency1")), recipient, (deadline, unix_seconds));
};

}  // namespace runnel::contracts::uniswap_v4
