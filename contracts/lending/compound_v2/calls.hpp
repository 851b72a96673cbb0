#pragma once

#include "contracts/lending/compound_v2/gas.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of Compound v2: of a cToken, from 3 on behind ERC-20's, and of the Comptroller.
/// Underlying amounts are in the underlying token's smallest unit, cTokens have 8 decimals.
/// Returns: the error code that the deployed function returns, which is 0; some add what happened.
namespace runnel::contracts::compound_v2
{

inline constexpr std::uint8_t markets_max = 32;

// --- A cToken --------------------------------------------------------------------------------

/// Pays underlying in, for cTokens. Returns 0 and the cTokens.
struct Mint
{
    RUNNEL_CALL("mint", 3, {141'000, gas::entry});
    Amount mint_amount;
    RUNNEL_FIELDS((mint_amount, smallest_unit_of_its("underlying")));
};

/// Gives cTokens back. Returns 0 and the underlying.
struct Redeem
{
    RUNNEL_CALL("redeem", 4, {168'000, gas::entry});
    Amount redeem_tokens;
    RUNNEL_FIELDS((redeem_tokens, smallest_unit));
};

/// Gives back as many cTokens as this much underlying is worth, rounded down. Returns 0 and them.
struct RedeemUnderlying
{
    RUNNEL_CALL("redeemUnderlying", 5, {170'000, gas::entry});
    Amount redeem_amount;
    RUNNEL_FIELDS((redeem_amount, smallest_unit_of_its("underlying")));
};

/// Borrows underlying against what one has in the markets that one has entered; enters this one.
struct Borrow
{
    RUNNEL_CALL("borrow", 6, {266'000, gas::entry});
    Amount borrow_amount;
    RUNNEL_FIELDS((borrow_amount, smallest_unit_of_its("underlying")));
};

/// Repays own debt; 2^256-1: all of it. Returns 0 and the amount.
struct RepayBorrow
{
    RUNNEL_CALL("repayBorrow", 7, {128'000, gas::entry});
    Amount repay_amount;
    RUNNEL_FIELDS((repay_amount, smallest_unit_of_its("underlying")));
};

/// Repays debt of another account; 2^256-1: all of it. Returns 0 and the amount.
struct RepayBorrowBehalf
{
    RUNNEL_CALL("repayBorrowBehalf", 8, {129'000, gas::entry});
    AccountId borrower{};
    Amount repay_amount;
    RUNNEL_FIELDS(borrower, (repay_amount, smallest_unit_of_its("underlying")));
};

/// Repays debt of an account with a shortfall, and gets its cTokens of another market, or of this
/// one, at a discount. Returns 0, what was repaid and the cTokens that the caller got.
struct LiquidateBorrow
{
    RUNNEL_CALL("liquidateBorrow", 9, {386'000, gas::entry});
    AccountId borrower{};
    Amount repay_amount;
    ContractId c_token_collateral{};
    RUNNEL_FIELDS(borrower, (repay_amount, smallest_unit_of_its("underlying")), c_token_collateral);
};

/// Brings the market's interest up to this block.
struct AccrueInterest
{
    RUNNEL_CALL("accrueInterest", 10, {50'000, gas::entry});
    RUNNEL_FIELDS();
};

/// Gives underlying to the market's reserves.
struct AddReserves
{
    RUNNEL_CALL("_addReserves", 11, {92'000, gas::entry});
    Amount add_amount;
    RUNNEL_FIELDS((add_amount, smallest_unit_of_its("underlying")));
};

/// Pays reserves out to the admin, who alone may ask.
struct ReduceReserves
{
    RUNNEL_CALL("_reduceReserves", 12, {88'000, gas::entry});
    Amount reduce_amount;
    RUNNEL_FIELDS((reduce_amount, smallest_unit_of_its("underlying")));
};

/// Sets the reserves' share of interest; the admin's.
struct SetReserveFactor
{
    RUNNEL_CALL("_setReserveFactor", 13, {72'000, gas::entry});
    Amount reserve_factor;
    RUNNEL_FIELDS((reserve_factor, wad));
};

/// Names another rate model; the admin's.
struct SetInterestRateModel
{
    RUNNEL_CALL("_setInterestRateModel", 14, {75'000, gas::entry});
    ContractId new_interest_rate_model{};
    RUNNEL_FIELDS(new_interest_rate_model);
};

// --- The Comptroller -------------------------------------------------------------------------

/// Lets cTokens of these markets secure debt. Returns a code for each of the first four; 9: not
/// listed.
struct EnterMarkets
{
    RUNNEL_CALL("enterMarkets", 0, {62'000, gas::entry});
    ShortList<ContractId, markets_max> c_tokens;
    RUNNEL_FIELDS(c_tokens);
};

/// No longer lets cTokens of this market secure debt. Returns 0; 12 if the caller owes in it; 14 if
/// his other markets do not secure what he owes.
struct ExitMarket
{
    RUNNEL_CALL("exitMarket", 1, {70'000, gas::entry});
    ContractId c_token{};
    RUNNEL_FIELDS(c_token);
};

/// Credits the COMP that @p holder has earned in all markets and pays it out if there is enough.
struct ClaimComp
{
    RUNNEL_CALL("claimComp", 2, {220'000, gas::entry});
    AccountId holder{};
    RUNNEL_FIELDS(holder);
};

// The admin's. Returns are codes where the deployed function has them.

struct SetCollateralFactor
{
    RUNNEL_CALL("_setCollateralFactor", 3, {52'000, gas::entry});
    ContractId c_token{};
    Amount collateral_factor;
    RUNNEL_FIELDS(c_token, (collateral_factor, wad));
};

struct SetMintPaused
{
    RUNNEL_CALL("_setMintPaused", 4, {32'000, gas::entry});
    ContractId c_token{};
    bool state = false;
    RUNNEL_FIELDS(c_token, state);
};

struct SetBorrowPaused
{
    RUNNEL_CALL("_setBorrowPaused", 5, {32'000, gas::entry});
    ContractId c_token{};
    bool state = false;
    RUNNEL_FIELDS(c_token, state);
};

struct SetTransferPaused
{
    RUNNEL_CALL("_setTransferPaused", 6, {31'000, gas::entry});
    bool state = false;
    RUNNEL_FIELDS(state);
};

struct SetSeizePaused
{
    RUNNEL_CALL("_setSeizePaused", 7, {31'000, gas::entry});
    bool state = false;
    RUNNEL_FIELDS(state);
};

/// A debt of all of a market must stay below its cap; 0: no cap.
struct SetMarketBorrowCaps
{
    RUNNEL_CALL("_setMarketBorrowCaps", 8, {36'000, gas::entry});
    ShortList<ContractId, markets_max> c_tokens;
    ShortList<Amount, markets_max> new_borrow_caps;
    RUNNEL_FIELDS(c_tokens, new_borrow_caps);
};

/// COMP per block for all suppliers of a market, and for all its borrowers.
struct SetCompSpeeds
{
    RUNNEL_CALL("_setCompSpeeds", 9, {130'000, gas::entry});
    ShortList<ContractId, markets_max> c_tokens;
    ShortList<Amount, markets_max> supply_speeds;
    ShortList<Amount, markets_max> borrow_speeds;
    RUNNEL_FIELDS(c_tokens, supply_speeds, borrow_speeds);
};

/// The share of a debt that one liquidation may repay.
struct SetCloseFactor
{
    RUNNEL_CALL("_setCloseFactor", 10, {32'000, gas::entry});
    Amount close_factor;
    RUNNEL_FIELDS((close_factor, wad));
};

/// What a liquidator gets for a unit of value that he repays.
struct SetLiquidationIncentive
{
    RUNNEL_CALL("_setLiquidationIncentive", 11, {33'000, gas::entry});
    Amount liquidation_incentive;
    RUNNEL_FIELDS((liquidation_incentive, wad));
};

}  // namespace runnel::contracts::compound_v2
