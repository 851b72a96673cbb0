#pragma once

#include "ledger/call.hpp"

/// The calls of SushiSwap's MasterChef. Gas: estimated from the slots that each touches
/// (docs/masterchef.md).
namespace runnel::contracts::masterchef
{

/// Gives a token a pool and a share of all rewards; only the owner may. The token is named by its
/// contract's account.
struct Add
{
    RUNNEL_CALL("add", 0, {118'000, 2'200});

    Amount alloc_point;
    AccountId lp_token{};
    bool with_update = false;  // Brings all pools up to date before.
    RUNNEL_FIELDS((alloc_point, other("points")), lp_token, with_update);
};

/// Changes a pool's share; only the owner may. Without an update the new share counts from the
/// pool's last one on.
struct Set
{
    RUNNEL_CALL("set", 1, {18'000, 2'200});

    Amount pid;
    Amount alloc_point;
    bool with_update = false;
    RUNNEL_FIELDS((pid, other("pool")), (alloc_point, other("points")), with_update);
};

/// Puts tokens of the sender, by allowance, into a pool, and pays what he had earned there.
struct Deposit
{
    RUNNEL_CALL("deposit", 2, {178'000, 2'100});

    Amount pid;
    Amount amount;
    RUNNEL_FIELDS((pid, other("pool")), (amount, other("of the pool's token, smallest units")));
};

/// Takes tokens out of a pool, and pays what was earned there; of 0, pays alone.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 3, {142'000, 4'200});

    Amount pid;
    Amount amount;
    RUNNEL_FIELDS((pid, other("pool")), (amount, other("of the pool's token, smallest units")));
};

/// Takes all of the sender's tokens out and forgoes rewards.
struct EmergencyWithdraw
{
    RUNNEL_CALL("emergencyWithdraw", 4, {34'000, 4'200});

    Amount pid;
    RUNNEL_FIELDS((pid, other("pool")));
};

/// Mints what a pool has earned by now.
struct UpdatePool
{
    RUNNEL_CALL("updatePool", 5, {81'000, 4'200});

    Amount pid;
    RUNNEL_FIELDS((pid, other("pool")));
};

struct MassUpdatePools
{
    RUNNEL_CALL("massUpdatePools", 6, {3'000, 2'200});  // Each pool costs what an update does.

    RUNNEL_FIELDS();
};

/// Makes another account the one that a tenth of all rewards is minted for; that alone may.
struct Dev
{
    RUNNEL_CALL("dev", 7, {8'000, 2'200});

    AccountId dev_address{};
    RUNNEL_FIELDS(dev_address);
};

}  // namespace runnel::contracts::masterchef
