#pragma once

#include "contracts/lending/comet/gas.hpp"
#include "ledger/call.hpp"

#include <cstdint>

/// The calls of Compound III (Comet) beside those of ERC-20, which are calls 0 to 2. An asset is
/// the base token or a collateral; of the base 2^256-1 means all there is to repay, or to withdraw
/// of one's own. Gas: see docs/gas.md.
namespace runnel::contracts::comet
{

inline constexpr std::uint8_t accounts_per_call_max = 32;

/// Supplies one's own tokens for oneself: repays debt first, if it is the base.
struct Supply
{
    RUNNEL_CALL("supply", 3, {65'900, gas::guarded_entry});

    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")));
};

struct SupplyTo
{
    RUNNEL_CALL("supplyTo", 4, {65'900, gas::guarded_entry});

    AccountId dst{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(dst, asset, (amount, smallest_unit_of("asset")));
};

/// Of an account whose manager the caller is.
struct SupplyFrom
{
    RUNNEL_CALL("supplyFrom", 5, {68'600, gas::guarded_entry});

    AccountId from{};
    AccountId dst{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(from, dst, asset, (amount, smallest_unit_of("asset")));
};

/// Withdraws an asset; of the base what is more than one's balance is borrowed.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 6, {65'700, gas::guarded_entry});

    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")));
};

struct WithdrawTo
{
    RUNNEL_CALL("withdrawTo", 7, {65'700, gas::guarded_entry});

    AccountId to{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(to, asset, (amount, smallest_unit_of("asset")));
};

/// Of an account whose manager the caller is.
struct WithdrawFrom
{
    RUNNEL_CALL("withdrawFrom", 8, {68'000, gas::guarded_entry});

    AccountId src{};
    AccountId to{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(src, to, asset, (amount, smallest_unit_of("asset")));
};

/// Moves an asset within Comet.
struct TransferAsset
{
    RUNNEL_CALL("transferAsset", 9, {51'700, gas::guarded_entry});

    AccountId dst{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(dst, asset, (amount, smallest_unit_of("asset")));
};

/// Of an account whose manager the caller is.
struct TransferAssetFrom
{
    RUNNEL_CALL("transferAssetFrom", 10, {52'400, gas::guarded_entry});

    AccountId src{};
    AccountId dst{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(src, dst, asset, (amount, smallest_unit_of("asset")));
};

/// Lets another account manage one's own, or no longer.
struct Allow
{
    RUNNEL_CALL("allow", 11, {30'000, gas::entry});

    AccountId manager{};
    bool is_allowed = false;
    RUNNEL_FIELDS(manager, is_allowed);
};

/// Brings interest and an account's rewards to now.
struct AccrueAccount
{
    RUNNEL_CALL("accrueAccount", 12, {24'900, gas::entry});

    AccountId account{};
    RUNNEL_FIELDS(account);
};

/// Takes all collateral and debt of accounts that may be liquidated: the protocol pays the debt,
/// and owns the collateral from then on. One account that may not refuses them all.
struct Absorb
{
    RUNNEL_CALL("absorb", 13, {111'000, gas::absorb_entry});

    AccountId absorber{};
    ShortList<AccountId, accounts_per_call_max> accounts;
    RUNNEL_FIELDS(absorber, accounts);
};

/// Buys collateral that the protocol owns, at a discount, while its reserves are below the target.
struct BuyCollateral
{
    RUNNEL_CALL("buyCollateral", 14, {68'700, gas::guarded_entry});

    ContractId asset{};
    Amount min_amount;
    Amount base_amount;
    AccountId recipient{};
    RUNNEL_FIELDS(asset, (min_amount, smallest_unit_of("asset")),
        (base_amount, smallest_unit_of_its("base_token")), recipient);
};

/// The governor takes reserves out.
struct WithdrawReserves
{
    RUNNEL_CALL("withdrawReserves", 15, {26'700, gas::entry});

    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(to, (amount, smallest_unit_of_its("base_token")));
};

/// The governor or the guardian stops kinds of calls, or lets them go on.
struct Pause
{
    RUNNEL_CALL("pause", 16, {10'500, gas::entry});

    bool supply_paused = false;
    bool transfer_paused = false;
    bool withdraw_paused = false;
    bool absorb_paused = false;
    bool buy_paused = false;
    RUNNEL_FIELDS(supply_paused, transfer_paused, withdraw_paused, absorb_paused, buy_paused);
};

/// What liquidators' own contracts do, in one call: absorbs @p account, then buys the collateral of
/// it that @p asset is, for @p base_max at most. Returns base paid and collateral bought. Errors:
/// those of absorb() and buyCollateral().
struct AbsorbAndBuy
{
    RUNNEL_CALL("absorbAndBuy", 17, {175'000, gas::absorb_entry});

    AccountId account{};
    ContractId asset{};
    Amount base_max;
    RUNNEL_FIELDS(account, asset, (base_max, smallest_unit_of_its("base_token")));
};

/// Names another implementation, whose terms count from the last accrual on; the proxy admin's.
struct Upgrade
{
    RUNNEL_CALL("upgrade", 18, {13'400, gas::entry});

    ContractId implementation{};
    RUNNEL_FIELDS(implementation);
};

}  // namespace runnel::contracts::comet
