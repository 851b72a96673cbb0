#pragma once

#include "ledger/call.hpp"
#include "ledger/int256.hpp"

/// The calls of Lido. Gas: see docs/gas.md.
namespace runnel::contracts::lido
{

// ---- Of stETH; the first three are those of every token ----

struct Transfer
{
    RUNNEL_CALL("transfer", 0, {23'700, 1'100});

    AccountId to{};
    Amount value;  // Of stETH: the shares it is worth move, rounded down.
    RUNNEL_FIELDS(to, (value, smallest_unit));
};

struct Approve
{
    RUNNEL_CALL("approve", 1, {25'900, 900});

    AccountId spender{};
    Amount value;  // 2^256-1 is never used up.
    RUNNEL_FIELDS(spender, (value, smallest_unit));
};

struct TransferFrom
{
    RUNNEL_CALL("transferFrom", 2, {30'800, 3'700});

    AccountId from{};
    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(from, to, (value, smallest_unit));
};

/// Stakes native coins of the caller, who gets shares. Stands for a call with that value.
struct Submit
{
    RUNNEL_CALL("submit", 3, {24'900, 1'000});

    Amount value;
    AccountId referral{};  // Written into the log and nothing else.
    RUNNEL_FIELDS((value, wei), referral);
};

struct TransferShares
{
    RUNNEL_CALL("transferShares", 4, {23'600, 1'300});

    AccountId to{};
    Amount shares;
    RUNNEL_FIELDS(to, (shares, shares));
};

/// Takes what the shares are worth off the allowance.
struct TransferSharesFrom
{
    RUNNEL_CALL("transferSharesFrom", 5, {30'900, 3'700});

    AccountId from{};
    AccountId to{};
    Amount shares;
    RUNNEL_FIELDS(from, to, (shares, shares));
};

/// What the oracle says about the validators since its last report: every balance follows. Only the
/// oracle may.
struct Report
{
    RUNNEL_CALL("report", 6, {56'600, 3'000});

    Int256 consensus_rewards;  // Negative: penalties.
    Amount execution_rewards;
    AccountId burn_from{};  // Whose shares are burnt: covers, and what waits for withdrawal.
    Amount burn_shares;
    Amount locked_ether;  // Leaves the pool for those who withdraw.
    RUNNEL_FIELDS((consensus_rewards, wei), (execution_rewards, wei), burn_from,
        (burn_shares, shares), (locked_ether, wei));
};

/// Nothing can be staked or moved from now on; only the manager may.
struct Stop
{
    RUNNEL_CALL("stop", 7, {2'300, 2'300});
    RUNNEL_FIELDS();
};

struct Resume
{
    RUNNEL_CALL("resume", 8, 24'100);
    RUNNEL_FIELDS();
};

// ---- Of wstETH; the first three are in token.hpp ----

/// Takes stETH of the caller, which he has approved, and mints as many wstETH as it is shares.
struct Wrap
{
    RUNNEL_CALL("wrap", 3, {49'000, 600});

    Amount value;
    RUNNEL_FIELDS((value, smallest_unit_of_its("stETH")));
};

/// Burns wstETH of the caller, and pays what as many shares are worth in stETH.
struct Unwrap
{
    RUNNEL_CALL("unwrap", 4, {42'700, 600});

    Amount value;
    RUNNEL_FIELDS((value, smallest_unit));
};

}  // namespace runnel::contracts::lido
