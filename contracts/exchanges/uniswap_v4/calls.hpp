#pragma once

#include "contracts/exchanges/uniswap_v4/gas.hpp"
#include "contracts/exchanges/uniswap_v4/types.hpp"

/// The calls of Uniswap v4's pool manager. Gas: see docs/gas.md.
///
/// Where the deployed code calls its caller back, unlock has a list that runs as the caller. What
/// swap, modifyLiquidity and donate return is the caller's delta of both currencies, and the same
/// without signs, so that an argument of a later call of the list may be bound to it.
/// Source: Uniswap v4-core 1.0.2 `IPoolManager.sol`, `IProtocolFees.sol`, `IERC6909Claims.sol`.
namespace runnel::contracts::uniswap_v4
{

/// Runs @p data; then nobody may have anything to get or to pay.
struct Unlock
{
    RUNNEL_CALL("unlock", 0, {4'000, 700});

    CallList data;
    RUNNEL_FIELDS(data);
};

/// Makes a pool and sets its first price.
struct Initialize
{
    RUNNEL_CALL("initialize", 1, {36'500, 1'000});

    PoolKey key;
    Amount sqrt_price_x96;
    RUNNEL_FIELDS(key, (sqrt_price_x96, other("sqrt(currency1 per currency0), Q64.96")));
};

/// Adds liquidity to a position of the caller, or takes some; either way, and for 0, what it has
/// earned is the caller's.
struct ModifyLiquidity
{
    RUNNEL_CALL("modifyLiquidity", 2, {120'000, 1'500});

    PoolKey key;
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Int256 liquidity_delta;
    Amount salt;
    RUNNEL_FIELDS(key, tick_lower, tick_upper, (liquidity_delta, other("liquidity")), salt);
};

struct Swap
{
    RUNNEL_CALL("swap", 3, {26'000, 1'700});

    PoolKey key;
    bool zero_for_one = false;
    Int256 amount_specified;  // Negative: to be paid in; positive: to be paid out.
    Amount sqrt_price_limit_x96;
    RUNNEL_FIELDS(key, zero_for_one,
        (amount_specified, smallest_unit_of_its("currency that comes in, or goes out")),
        (sqrt_price_limit_x96, other("sqrt(currency1 per currency0), Q64.96")));
};

/// Gives to the positions that are in range.
struct Donate
{
    RUNNEL_CALL("donate", 4, {12'000, 1'000});

    PoolKey key;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(key, (amount0, smallest_unit_of_its("currency0")),
        (amount1, smallest_unit_of_its("currency1")));
};

/// Notes what the manager has of a token: what it has more at the next settle() has been paid.
struct Sync
{
    RUNNEL_CALL("sync", 5, {4'500, 500});

    ContractId currency{};
    RUNNEL_FIELDS(currency);
};

/// Pays out of what the caller has to get, or lends.
struct Take
{
    RUNNEL_CALL("take", 6, {13'500, 500});

    ContractId currency{};
    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(currency, to, (amount, smallest_unit_of("currency")));
};

/// Counts what was paid since sync(), or, without one, the native coins that come along.
struct Settle
{
    RUNNEL_CALL("settle", 7, {4'000, 400});

    Amount value;
    RUNNEL_FIELDS((value, wei));
};

/// The same for somebody else, who must do away with it before the lock closes.
struct SettleFor
{
    RUNNEL_CALL("settleFor", 8, {4'000, 400});

    AccountId recipient{};
    Amount value;
    RUNNEL_FIELDS(recipient, (value, wei));
};

/// Gives up what the caller has to get, to the unit; it stays with the manager for ever.
struct Clear
{
    RUNNEL_CALL("clear", 9, {1'000, 400});

    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(currency, (amount, smallest_unit_of("currency")));
};

/// Makes a claim (ERC-6909) of what the caller has to get.
struct Mint
{
    RUNNEL_CALL("mint", 10, {10'500, 500});

    AccountId to{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(to, currency, (amount, smallest_unit_of("currency")));
};

/// Pays what the caller owes with a claim.
struct Burn
{
    RUNNEL_CALL("burn", 11, {12'000, 500});

    AccountId from{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(from, currency, (amount, smallest_unit_of("currency")));
};

/// Sets what swaps of a pool with a dynamic fee pay; its hook may.
struct UpdateDynamicLpFee
{
    RUNNEL_CALL("updateDynamicLPFee", 12, {12'000, 700});

    PoolKey key;
    std::uint32_t fee = 0;
    RUNNEL_FIELDS(key, (fee, other("1e-6")));
};

/// Of currency0 in the lower 12 bits, of currency1 above; the controller may.
struct SetProtocolFee
{
    RUNNEL_CALL("setProtocolFee", 13, {16'500, 2'800});

    PoolKey key;
    std::uint32_t fee = 0;
    RUNNEL_FIELDS(key, (fee, other("1e-6, two of 12 bits")));
};

struct SetProtocolFeeController
{
    RUNNEL_CALL("setProtocolFeeController", 14, {31'500, 2'400});

    AccountId controller{};
    RUNNEL_FIELDS(controller);
};

/// Pays out protocol fees; 0: all of them.
struct CollectProtocolFees
{
    RUNNEL_CALL("collectProtocolFees", 15, {24'000, 2'800});

    AccountId recipient{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(recipient, currency, (amount, smallest_unit_of("currency")));
};

// Claims: ERC-6909, a token's number is its currency.

struct TransferClaims
{
    RUNNEL_CALL("transfer", 16, {19'500, 600});

    AccountId receiver{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(receiver, currency, (amount, smallest_unit_of("currency")));
};

struct TransferClaimsFrom
{
    RUNNEL_CALL("transferFrom", 17, {20'800, 600});

    AccountId sender{};
    AccountId receiver{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(sender, receiver, currency, (amount, smallest_unit_of("currency")));
};

struct ApproveClaims
{
    RUNNEL_CALL("approve", 18, {31'000, 600});

    AccountId spender{};
    ContractId currency{};
    Amount amount;  // 2^256-1 is never used up.
    RUNNEL_FIELDS(spender, currency, (amount, smallest_unit_of("currency")));
};

/// Lets another one move all claims of the caller.
struct SetOperator
{
    RUNNEL_CALL("setOperator", 19, {24'700, 600});

    AccountId operator_account{};
    bool approved = false;
    RUNNEL_FIELDS(operator_account, approved);
};

struct TransferOwnership
{
    RUNNEL_CALL("transferOwnership", 20, {8'000, 2'400});

    AccountId owner{};
    RUNNEL_FIELDS(owner);
};

}  // namespace runnel::contracts::uniswap_v4
