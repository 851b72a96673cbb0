#pragma once

#include "contracts/exchanges/curve_stableswap/gas.hpp"
#include "contracts/exchanges/curve_stableswap/math.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of a StableSwap pool; 0 to 2 are those of its shares. Coins are named by their number
/// in the pool, lists have an entry for each. Whom a call pays is an argument, as in the pools of
/// Curve's factory; 3pool and its like pay the caller.
namespace runnel::contracts::curve_stableswap
{

/// One amount per coin.
using AmountList = ShortList<Amount, coins_max>;

/// Sells @p dx of coin @p i for coin @p j.
struct Exchange
{
    RUNNEL_CALL("exchange", 3, {gas::exchange, gas::entry});

    std::int32_t i = 0;
    std::int32_t j = 0;
    Amount dx;
    Amount min_dy;
    AccountId recipient{};
    RUNNEL_FIELDS(i, j, (dx, smallest_unit_of_its("coin i")),
        (min_dy, smallest_unit_of_its("coin j")), recipient);
};

struct AddLiquidity
{
    RUNNEL_CALL("add_liquidity", 4, {gas::add_liquidity, gas::entry});

    AmountList amounts;
    Amount min_mint_amount;
    AccountId recipient{};
    RUNNEL_FIELDS((amounts, smallest_unit_of_its("coin")), (min_mint_amount, shares), recipient);
};

/// Takes out the same part of every coin, without a fee.
struct RemoveLiquidity
{
    RUNNEL_CALL("remove_liquidity", 5, {gas::remove_liquidity, gas::entry});

    Amount amount;
    AmountList min_amounts;
    AccountId recipient{};
    RUNNEL_FIELDS((amount, shares), (min_amounts, smallest_unit_of_its("coin")), recipient);
};

struct RemoveLiquidityImbalance
{
    RUNNEL_CALL("remove_liquidity_imbalance", 6, {gas::remove_liquidity_imbalance, gas::entry});

    AmountList amounts;
    Amount max_burn_amount;
    AccountId recipient{};
    RUNNEL_FIELDS((amounts, smallest_unit_of_its("coin")), (max_burn_amount, shares), recipient);
};

struct RemoveLiquidityOneCoin
{
    RUNNEL_CALL("remove_liquidity_one_coin", 7, {gas::remove_liquidity_one_coin, gas::entry});

    Amount token_amount;
    std::int32_t i = 0;
    Amount min_amount;
    AccountId recipient{};
    RUNNEL_FIELDS(
        (token_amount, shares), i, (min_amount, smallest_unit_of_its("coin i")), recipient);
};

// ---- Of the owner ----

/// Lets A run from what it is now to @p future_a at @p future_time.
struct RampA
{
    RUNNEL_CALL("ramp_A", 8, {36'000, gas::entry});

    Amount future_a;
    std::uint64_t future_time = 0;
    RUNNEL_FIELDS(future_a, (future_time, unix_seconds));
};

struct StopRampA
{
    RUNNEL_CALL("stop_ramp_A", 9, {32'000, gas::entry});
    RUNNEL_FIELDS();
};

/// The first half of a change of fees, three days before the second.
struct CommitNewFee
{
    RUNNEL_CALL("commit_new_fee", 10, {71'000, gas::entry});

    Amount new_fee;
    Amount new_admin_fee;
    RUNNEL_FIELDS((new_fee, other("1e-10")), (new_admin_fee, other("1e-10")));
};

struct ApplyNewFee
{
    RUNNEL_CALL("apply_new_fee", 11, {20'000, gas::entry});
    RUNNEL_FIELDS();
};

struct RevertNewParameters
{
    RUNNEL_CALL("revert_new_parameters", 12, {8'000, gas::entry});
    RUNNEL_FIELDS();
};

/// Pays the owner whatever the pool holds beyond its balances.
struct WithdrawAdminFees
{
    RUNNEL_CALL("withdraw_admin_fees", 13, {75'000, gas::entry});
    RUNNEL_FIELDS();
};

/// Gives that to the pool's providers.
struct DonateAdminFees
{
    RUNNEL_CALL("donate_admin_fees", 14, {35'000, gas::entry});
    RUNNEL_FIELDS();
};

}  // namespace runnel::contracts::curve_stableswap
