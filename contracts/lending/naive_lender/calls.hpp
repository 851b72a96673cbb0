#pragma once

#include "ledger/call.hpp"

/// The calls of a naive lender. 2^256-1 is all there is to withdraw or to repay. Gas: estimated
/// from the slots that each touches, as Compound v2's.
namespace runnel::contracts::naive_lender
{

/// Supplies a token of the sender's, by allowance, for @p on_behalf_of: the token that is lent, or
/// collateral.
struct Supply
{
    RUNNEL_CALL("supply", 0, 95'000);

    ContractId asset{};
    Amount amount;
    AccountId on_behalf_of{};
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), on_behalf_of);
};

/// Pays out what the sender has supplied. Returns the amount.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 1, 85'000);

    ContractId asset{};
    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), to);
};

/// Lends the sender the token. Returns the amount.
struct Borrow
{
    RUNNEL_CALL("borrow", 2, 120'000);

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("loan")));
};

/// Repays a debt of @p on_behalf_of. Returns the amount.
struct Repay
{
    RUNNEL_CALL("repay", 3, 80'000);

    Amount amount;
    AccountId on_behalf_of{};
    RUNNEL_FIELDS((amount, smallest_unit_of_its("loan")), on_behalf_of);
};

/// Repays an unhealthy debt and takes collateral at a bonus. Returns what was repaid and taken.
struct Liquidate
{
    RUNNEL_CALL("liquidate", 4, 150'000);

    AccountId borrower{};
    Amount debt_to_cover;
    RUNNEL_FIELDS(borrower, (debt_to_cover, smallest_unit_of_its("loan")));
};

/// Pays out what the sender has supplied of wrapped native coins as coins, and hands him control.
/// Returns the amount.
struct WithdrawCoins
{
    RUNNEL_CALL("withdrawETH", 5, 95'000);

    Amount amount;
    RUNNEL_FIELDS((amount, wei));
};

}  // namespace runnel::contracts::naive_lender
