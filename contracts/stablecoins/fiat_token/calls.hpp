#pragma once

#include "ledger/call.hpp"
#include "ledger/ids.hpp"

#include <cstdint>

/// The calls that a fiat-backed token has beside those of every ERC-20 token. Gas is estimated by
/// the EVM's prices of slots and events (docs/fiat_token.md).
namespace runnel::contracts::fiat_token
{

struct Mint
{
    RUNNEL_CALL("mint", 3, {31'000, 9'400});

    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(to, (amount, smallest_unit));
};

/// Of the sender's own tokens; only minters may.
struct Burn
{
    RUNNEL_CALL("burn", 4, {26'000, 9'400});

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit));
};

struct IncreaseAllowance
{
    RUNNEL_CALL("increaseAllowance", 5, {34'000, 7'300});

    AccountId spender{};
    Amount increment;
    RUNNEL_FIELDS(spender, (increment, smallest_unit));
};

struct DecreaseAllowance
{
    RUNNEL_CALL("decreaseAllowance", 6, {34'000, 7'300});

    AccountId spender{};
    Amount decrement;
    RUNNEL_FIELDS(spender, (decrement, smallest_unit));
};

/// Makes an account a minter, or gives a minter another allowance.
struct ConfigureMinter
{
    RUNNEL_CALL("configureMinter", 7, {57'000, 9'400});

    AccountId minter{};
    Amount minter_allowed_amount;
    RUNNEL_FIELDS(minter, (minter_allowed_amount, smallest_unit));
};

struct RemoveMinter
{
    RUNNEL_CALL("removeMinter", 8, {21'000, 9'400});

    AccountId minter{};
    RUNNEL_FIELDS(minter);
};

struct Pause
{
    RUNNEL_CALL("pause", 9, {13'500, 7'300});
    RUNNEL_FIELDS();
};

struct Unpause
{
    RUNNEL_CALL("unpause", 10, {13'500, 7'300});
    RUNNEL_FIELDS();
};

struct Blacklist
{
    RUNNEL_CALL("blacklist", 11, {33'000, 7'300});

    AccountId account{};
    RUNNEL_FIELDS(account);
};

struct UnBlacklist
{
    RUNNEL_CALL("unBlacklist", 12, {16'000, 7'300});

    AccountId account{};
    RUNNEL_FIELDS(account);
};

/// An approval that its owner has signed (EIP-2612).
struct Permit
{
    RUNNEL_CALL("permit", 13, {62'000, 9'400});

    AccountId owner{};
    AccountId spender{};
    Amount value;
    Amount deadline;
    std::uint8_t v = 0;
    Amount r;
    Amount s;
    RUNNEL_FIELDS(owner, spender, (value, smallest_unit), (deadline, unix_seconds), v, r, s);
};

struct TransferOwnership
{
    RUNNEL_CALL("transferOwnership", 14, {16'000, 7'300});

    AccountId new_owner{};
    RUNNEL_FIELDS(new_owner);
};

struct UpdateMasterMinter
{
    RUNNEL_CALL("updateMasterMinter", 15, {16'000, 7'300});

    AccountId new_master_minter{};
    RUNNEL_FIELDS(new_master_minter);
};

struct UpdatePauser
{
    RUNNEL_CALL("updatePauser", 16, {16'000, 7'300});

    AccountId new_pauser{};
    RUNNEL_FIELDS(new_pauser);
};

struct UpdateBlacklister
{
    RUNNEL_CALL("updateBlacklister", 17, {16'000, 7'300});

    AccountId new_blacklister{};
    RUNNEL_FIELDS(new_blacklister);
};

}  // namespace runnel::contracts::fiat_token
