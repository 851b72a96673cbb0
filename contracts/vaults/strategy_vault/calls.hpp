#pragma once

#include "ledger/call.hpp"

#include <cstdint>

/// The calls of a strategy vault; calls 0 to 2 are those of every ERC-20 token, of its shares, 3 to
/// 6 those of ERC-4626. Gas is the vault's own: what it calls to deploy or free assets comes on top
/// (StrategyVault::gas_of()).
namespace runnel::contracts::strategy_vault
{

/// Takes assets of the sender, by allowance, puts them to work, and mints the shares they are
/// worth.
struct Deposit
{
    RUNNEL_CALL("deposit", 3, {90'000, 6'900});

    Amount assets;  // 2^256-1: all that the sender has.
    AccountId receiver{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")), receiver);
};

struct Mint
{
    RUNNEL_CALL("mint", 4, {90'000, 6'900});

    Amount shares;
    AccountId receiver{};
    RUNNEL_FIELDS((shares, other("vault shares")), receiver);
};

/// Pays so many assets for the shares of @p owner that they are worth. What is missing after all
/// that was asked for was freed is a loss, the owner's: at most max_loss of the assets.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 5, {80'000, 9'000});

    Amount assets;
    AccountId receiver{};
    AccountId owner{};
    std::uint16_t max_loss = 0;
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")), receiver, owner, (max_loss, bps));
};

/// Burns so many shares and pays what they are worth, less a loss as above. ERC-4626's redeem takes
/// any: 10,000.
struct Redeem
{
    RUNNEL_CALL("redeem", 6, {80'000, 4'800});

    Amount shares;
    AccountId receiver{};
    AccountId owner{};
    std::uint16_t max_loss = 10'000;
    RUNNEL_FIELDS((shares, other("vault shares")), receiver, owner, (max_loss, bps));
};

/// Claims rewards, swaps them for the asset, puts all to work again, and counts: a gain pays fees
/// and is locked, a loss is taken from what is locked first. Only the keeper or the management may.
struct Report
{
    RUNNEL_CALL("report", 7, {180'000, 5'000});

    Amount swap_min;  // Assets that the rewards must bring, else it is refused.
    std::uint64_t deadline = ~0ULL;
    RUNNEL_FIELDS((swap_min, smallest_unit_of_its("asset")), (deadline, unix_seconds));
};

/// Puts what lies idle to work, without counting; only the keeper or the management may.
struct Tend
{
    RUNNEL_CALL("tend", 8, {30'000, 5'000});

    RUNNEL_FIELDS();
};

/// Takes no more deposits, for good; only the management may.
struct ShutdownStrategy
{
    RUNNEL_CALL("shutdownStrategy", 9, {30'000, 2'300});

    RUNNEL_FIELDS();
};

/// After a shutdown: frees so many assets and leaves them idle; only the management may.
struct EmergencyWithdraw
{
    RUNNEL_CALL("emergencyWithdraw", 10, {40'000, 2'300});

    Amount amount;  // More than there is: all.
    RUNNEL_FIELDS((amount, smallest_unit_of_its("asset")));
};

/// What gains pay to the fee recipient, of the gain and of the assets per year; only the management
/// may set it.
struct SetFees
{
    RUNNEL_CALL("setFees", 11, {32'000, 2'300});

    std::uint16_t performance_fee = 0;
    std::uint16_t management_fee = 0;
    RUNNEL_FIELDS((performance_fee, bps), (management_fee, bps_per_year));
};

}  // namespace runnel::contracts::strategy_vault
