#pragma once

#include "ledger/call.hpp"

/// The calls of a vault by ERC-4626; calls 0 to 2 are those of every ERC-20 token, of its shares
/// (contracts/kit/token.hpp). Gas: estimated from the slots that each touches (docs/erc4626.md).
namespace runnel::contracts::erc4626
{

/// Takes assets of the sender, by allowance, and mints the shares they are worth.
struct Deposit
{
    RUNNEL_CALL("deposit", 3, {64'000, 6'900});

    Amount assets;
    AccountId receiver{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")), receiver);
};

/// Mints so many shares, for the assets they are worth.
struct Mint
{
    RUNNEL_CALL("mint", 4, {64'000, 6'900});

    Amount shares;
    AccountId receiver{};
    RUNNEL_FIELDS((shares, other("vault shares")), receiver);
};

/// Pays so many assets, for the shares of @p owner that they are worth; another's by allowance.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 5, {55'000, 9'000});

    Amount assets;
    AccountId receiver{};
    AccountId owner{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")), receiver, owner);
};

/// Burns so many shares of @p owner and pays what they are worth.
struct Redeem
{
    RUNNEL_CALL("redeem", 6, {55'000, 4'800});

    Amount shares;
    AccountId receiver{};
    AccountId owner{};
    RUNNEL_FIELDS((shares, other("vault shares")), receiver, owner);
};

}  // namespace runnel::contracts::erc4626
