#pragma once

#include "ledger/call.hpp"

#include <cstdint>

/// The calls of Uniswap v3's router and position manager. Gas: see docs/gas.md.
/// Source: Uniswap v3-periphery `ISwapRouter.sol`, `INonfungiblePositionManager.sol`.
namespace runnel::contracts::uniswap_v3
{

// ---- Of the router ----

struct ExactInputSingle
{
    RUNNEL_CALL("exactInputSingle", 0, {gas::swap + 38'300, 8'000});

    ContractId token_in{};
    ContractId token_out{};
    std::uint32_t fee = 0;
    AccountId recipient{};  // The zero account: the router itself.
    std::uint64_t deadline = 0;
    Amount amount_in;
    Amount amount_out_minimum;
    Amount sqrt_price_limit_x96;  // 0: none.
    RUNNEL_FIELDS(token_in, token_out, (fee, other("1e-6")), recipient, (deadline, unix_seconds),
        (amount_in, smallest_unit_of("token_in")),
        (amount_out_minimum, smallest_unit_of("token_out")),
        (sqrt_price_limit_x96, other("sqrt(token1 per token0), Q64.96")));
};

/// The tokens of a swap in order of trade, from the one paid in to the one paid out, and the fees
/// of the pools between them.
using TokenPath = ShortList<ContractId, 8>;
using FeePath = ShortList<std::uint32_t, 7>;

struct ExactInput
{
    RUNNEL_CALL("exactInput", 1, {gas::swap + 41'600, 8'500});  // Of one hop.

    TokenPath path;
    FeePath fees;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    Amount amount_in;
    Amount amount_out_minimum;
    RUNNEL_FIELDS(path, (fees, other("1e-6")), recipient, (deadline, unix_seconds),
        (amount_in, smallest_unit_of_its("the first token")),
        (amount_out_minimum, smallest_unit_of_its("the last token")));
};

struct ExactOutputSingle
{
    RUNNEL_CALL("exactOutputSingle", 2, {gas::swap + 41'300, 8'200});

    ContractId token_in{};
    ContractId token_out{};
    std::uint32_t fee = 0;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    Amount amount_out;
    Amount amount_in_maximum;
    Amount sqrt_price_limit_x96;
    RUNNEL_FIELDS(token_in, token_out, (fee, other("1e-6")), recipient, (deadline, unix_seconds),
        (amount_out, smallest_unit_of("token_out")),
        (amount_in_maximum, smallest_unit_of("token_in")),
        (sqrt_price_limit_x96, other("sqrt(token1 per token0), Q64.96")));
};

struct ExactOutput
{
    RUNNEL_CALL("exactOutput", 3, {gas::swap + 40'000, 8'200});  // Of one hop.

    TokenPath path;
    FeePath fees;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    Amount amount_out;
    Amount amount_in_maximum;
    RUNNEL_FIELDS(path, (fees, other("1e-6")), recipient, (deadline, unix_seconds),
        (amount_out, smallest_unit_of_its("the last token")),
        (amount_in_maximum, smallest_unit_of_its("the first token")));
};

// ---- Of the position manager; calls 0 to 2 are those of every ERC-721 token (kit/nft.hpp) ----

struct MintPosition
{
    RUNNEL_CALL("mint", 3, {gas::mint + 271'000, 8'500});

    ContractId token0{};
    ContractId token1{};
    std::uint32_t fee = 0;
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount0_desired;
    Amount amount1_desired;
    Amount amount0_min;
    Amount amount1_min;
    AccountId recipient{};
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token0, token1, (fee, other("1e-6")), tick_lower, tick_upper,
        (amount0_desired, smallest_unit_of("token0")),
        (amount1_desired, smallest_unit_of("token1")), (amount0_min, smallest_unit_of("token0")),
        (amount1_min, smallest_unit_of("token1")), recipient, (deadline, unix_seconds));
};

/// Anybody may add to any position.
struct IncreaseLiquidity
{
    RUNNEL_CALL("increaseLiquidity", 4, {gas::mint + 88'600, 6'800});

    std::uint64_t token_id = 0;
    Amount amount0_desired;
    Amount amount1_desired;
    Amount amount0_min;
    Amount amount1_min;
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_id, (amount0_desired, smallest_unit_of_its("token0")),
        (amount1_desired, smallest_unit_of_its("token1")),
        (amount0_min, smallest_unit_of_its("token0")),
        (amount1_min, smallest_unit_of_its("token1")), (deadline, unix_seconds));
};

/// Takes liquidity from a position; what it is worth is paid out by collect.
struct DecreaseLiquidity
{
    RUNNEL_CALL("decreaseLiquidity", 5, {gas::burn + 60'700, 13'700});

    std::uint64_t token_id = 0;
    Amount liquidity;
    Amount amount0_min;
    Amount amount1_min;
    std::uint64_t deadline = 0;
    RUNNEL_FIELDS(token_id, (liquidity, other("liquidity")),
        (amount0_min, smallest_unit_of_its("token0")),
        (amount1_min, smallest_unit_of_its("token1")), (deadline, unix_seconds));
};

struct CollectPosition
{
    RUNNEL_CALL("collect", 6, {gas::burn + gas::collect + 30'000, 15'000});

    std::uint64_t token_id = 0;
    AccountId recipient{};  // The zero account: the position manager itself.
    Amount amount0_max;
    Amount amount1_max;
    RUNNEL_FIELDS(token_id, recipient, (amount0_max, smallest_unit_of_its("token0")),
        (amount1_max, smallest_unit_of_its("token1")));
};

/// Destroys the token of a position that is empty and paid out.
struct BurnPosition
{
    RUNNEL_CALL("burn", 7, {73'000, 15'300});

    std::uint64_t token_id = 0;
    RUNNEL_FIELDS(token_id);
};

}  // namespace runnel::contracts::uniswap_v3
