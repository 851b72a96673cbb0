#pragma once

#include "contracts/lending/morpho_blue/gas.hpp"
#include "contracts/lending/morpho_blue/market_state.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of Morpho Blue. Where both assets and shares may be given, one of them is 0. Gas: see
/// docs/gas.md.
///
/// Where the deployed code calls its caller back if there is data for it, a call has a list that
/// runs as the caller then; the callback's first argument, the amount that is about to be pulled,
/// may be bound to arguments of the list (ResultOf::callback).
namespace runnel::contracts::morpho_blue
{

// ---- Of the owner ----

struct SetOwner
{
    RUNNEL_CALL("setOwner", 0, {7'800, gas::owner_entry});

    AccountId new_owner{};
    RUNNEL_FIELDS(new_owner);
};

/// Lets markets be created with this rate model; no_contract: with none.
struct EnableIrm
{
    RUNNEL_CALL("enableIrm", 1, {27'500, gas::owner_entry});

    ContractId irm = no_contract;
    RUNNEL_FIELDS(irm);
};

/// Lets markets be created with this limit.
struct EnableLltv
{
    RUNNEL_CALL("enableLltv", 2, {27'300, gas::owner_entry});

    Amount lltv;
    RUNNEL_FIELDS((lltv, wad));
};

/// Sets the recipient's share of a market's interest.
struct SetFee
{
    RUNNEL_CALL("setFee", 3, {47'500, gas::owner_entry});

    MarketParams market_params;
    Amount new_fee;
    RUNNEL_FIELDS(market_params, (new_fee, wad));
};

struct SetFeeRecipient
{
    RUNNEL_CALL("setFeeRecipient", 4, {27'600, gas::owner_entry});

    AccountId new_fee_recipient{};
    RUNNEL_FIELDS(new_fee_recipient);
};

// ---- Of anybody ----

/// Makes a market. Anybody may, with a rate model and a limit that the owner has enabled.
struct CreateMarket
{
    RUNNEL_CALL("createMarket", 5, {177'600, gas::market_entry});

    MarketParams market_params;
    RUNNEL_FIELDS(market_params);
};

/// Returns assets and shares.
struct Supply
{
    RUNNEL_CALL("supply", 6, {89'100, gas::market_entry});

    MarketParams market_params;
    Amount assets;
    Amount shares;
    AccountId on_behalf{};
    CallList data;
    RUNNEL_FIELDS(market_params, (assets, smallest_unit_of_its("loan_token")), (shares, shares),
        on_behalf, data);
};

/// Returns assets and shares.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 7, {70'200, gas::market_entry});

    MarketParams market_params;
    Amount assets;
    Amount shares;
    AccountId on_behalf{};
    AccountId receiver{};
    RUNNEL_FIELDS(market_params, (assets, smallest_unit_of_its("loan_token")), (shares, shares),
        on_behalf, receiver);
};

/// Returns assets and shares.
struct Borrow
{
    RUNNEL_CALL("borrow", 8, {77'500, gas::market_entry});

    MarketParams market_params;
    Amount assets;
    Amount shares;
    AccountId on_behalf{};
    AccountId receiver{};
    RUNNEL_FIELDS(market_params, (assets, smallest_unit_of_its("loan_token")), (shares, shares),
        on_behalf, receiver);
};

/// Returns assets and shares.
struct Repay
{
    RUNNEL_CALL("repay", 9, {71'800, gas::market_entry});

    MarketParams market_params;
    Amount assets;
    Amount shares;
    AccountId on_behalf{};
    CallList data;
    RUNNEL_FIELDS(market_params, (assets, smallest_unit_of_its("loan_token")), (shares, shares),
        on_behalf, data);
};

struct SupplyCollateral
{
    RUNNEL_CALL("supplyCollateral", 10, {49'500, gas::market_entry});

    MarketParams market_params;
    Amount assets;
    AccountId on_behalf{};
    CallList data;
    RUNNEL_FIELDS(
        market_params, (assets, smallest_unit_of_its("collateral_token")), on_behalf, data);
};

struct WithdrawCollateral
{
    RUNNEL_CALL("withdrawCollateral", 11, {68'100, gas::market_entry});

    MarketParams market_params;
    Amount assets;
    AccountId on_behalf{};
    AccountId receiver{};
    RUNNEL_FIELDS(
        market_params, (assets, smallest_unit_of_its("collateral_token")), on_behalf, receiver);
};

/// Repays debt of an unhealthy borrower for collateral at the market's bonus: as much collateral,
/// or as many shares of debt, as the caller says. Returns the collateral and what it cost.
struct Liquidate
{
    RUNNEL_CALL("liquidate", 12, {96'300, gas::market_entry});

    MarketParams market_params;
    AccountId borrower{};
    Amount seized_assets;
    Amount repaid_shares;
    CallList data;
    RUNNEL_FIELDS(market_params, borrower,
        (seized_assets, smallest_unit_of_its("collateral_token")), (repaid_shares, shares), data);
};

/// Lends whatever Morpho holds of a token for the length of a callback, for nothing.
struct FlashLoan
{
    RUNNEL_CALL("flashLoan", 13, {20'900, 3'200});

    ContractId token{};
    Amount assets;
    CallList data;
    RUNNEL_FIELDS(token, (assets, smallest_unit_of("token")), data);
};

/// Lets another account manage one's positions in all markets, or no longer.
struct SetAuthorization
{
    RUNNEL_CALL("setAuthorization", 14, {27'000, 2'000});

    AccountId authorized{};
    bool new_is_authorized = false;
    RUNNEL_FIELDS(authorized, new_is_authorized);
};

/// The same by a signature (EIP-712) of the account that is to be managed.
struct SetAuthorizationWithSig
{
    RUNNEL_CALL("setAuthorizationWithSig", 15, {57'300, 4'600});

    AccountId authorizer{};
    AccountId authorized{};
    bool is_authorized = false;
    Amount nonce;
    Amount deadline;
    std::uint8_t v = 0;
    Amount r;
    Amount s;
    RUNNEL_FIELDS(authorizer, authorized, is_authorized, nonce, (deadline, unix_seconds), v, r, s);
};

struct AccrueInterest
{
    RUNNEL_CALL("accrueInterest", 16, {42'500, gas::market_entry});

    MarketParams market_params;
    RUNNEL_FIELDS(market_params);
};

}  // namespace runnel::contracts::morpho_blue
