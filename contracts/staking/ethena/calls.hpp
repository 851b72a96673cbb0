#pragma once

#include "ledger/call.hpp"

#include <cstdint>
#include <string_view>

/// The calls of sUSDe; the first three are those of every token (token.hpp). Gas: see docs/gas.md.
namespace runnel::contracts::ethena
{

/// Pays the asset in; the shares are rounded down.
struct Deposit
{
    RUNNEL_CALL("deposit", 3, {46'500, 7'200});

    Amount assets;
    AccountId receiver{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")), receiver);
};

/// Mints so many shares; what they cost is rounded up.
struct Mint
{
    RUNNEL_CALL("mint", 4, {46'500, 7'200});

    Amount shares;
    AccountId receiver{};
    RUNNEL_FIELDS((shares, smallest_unit), receiver);
};

/// Pays so much of the asset out; the shares are rounded up. Only while there is no cooldown.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 5, 47'600);

    Amount assets;
    AccountId receiver{};
    AccountId owner{};
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")), receiver, owner);
};

/// Burns so many shares; what they pay is rounded down. Only while there is no cooldown.
struct Redeem
{
    RUNNEL_CALL("redeem", 6, 45'500);

    Amount shares;
    AccountId receiver{};
    AccountId owner{};
    RUNNEL_FIELDS((shares, smallest_unit), receiver, owner);
};

/// As withdraw, but the asset waits for the cooldown's end. One that was under way starts over.
struct CooldownAssets
{
    RUNNEL_CALL("cooldownAssets", 7, 69'200);

    Amount assets;
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")));
};

/// The same as redeem.
struct CooldownShares
{
    RUNNEL_CALL("cooldownShares", 8, 67'100);

    Amount shares;
    RUNNEL_FIELDS((shares, smallest_unit));
};

/// Pays what has waited.
struct Unstake
{
    RUNNEL_CALL("unstake", 9, 18'300);

    AccountId receiver{};
    RUNNEL_FIELDS(receiver);
};

/// Pays rewards in, which become the holders' over 8 hours; only a rewarder may.
struct TransferInRewards
{
    RUNNEL_CALL("transferInRewards", 10, 34'000);

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("asset")));
};

/// 0: no cooldown, shares are redeemed at once. Those under way keep their end.
struct SetCooldownDuration
{
    RUNNEL_CALL("setCooldownDuration", 11, 9'500);

    std::uint32_t duration = 0;  // Of 24 bits.
    RUNNEL_FIELDS((duration, seconds));
};

/// Fully restricted: can neither send nor get shares. Softly: cannot deposit.
struct AddToBlacklist
{
    RUNNEL_CALL("addToBlacklist", 12, 30'300);

    AccountId target{};
    bool is_full_blacklisting = false;
    RUNNEL_FIELDS(target, is_full_blacklisting);
};

struct RemoveFromBlacklist
{
    RUNNEL_CALL("removeFromBlacklist", 13, 5'900);

    AccountId target{};
    bool is_full_blacklisting = false;
    RUNNEL_FIELDS(target, is_full_blacklisting);
};

/// Takes all shares of somebody who is fully restricted: for another account, or for all holders if
/// that is the zero account.
struct RedistributeLockedAmount
{
    RUNNEL_CALL("redistributeLockedAmount", 14, 36'900);

    AccountId from{};
    AccountId to{};
    RUNNEL_FIELDS(from, to);
};

/// Pays out tokens that came by mistake; not the asset.
struct RescueTokens
{
    RUNNEL_CALL("rescueTokens", 15, 25'000);

    ContractId token{};
    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS(token, (amount, smallest_unit_of("token")), to);
};

enum class Role : std::uint8_t
{
    admin,
    rewarder,
    blacklist_manager,
    soft_restricted,
    full_restricted,
};
[[nodiscard]] constexpr std::string_view to_string(Role role) noexcept
{
    switch (role)
    {
        case Role::admin: return "DEFAULT_ADMIN_ROLE";
        case Role::rewarder: return "REWARDER_ROLE";
        case Role::blacklist_manager: return "BLACKLIST_MANAGER_ROLE";
        case Role::soft_restricted: return "SOFT_RESTRICTED_STAKER_ROLE";
        case Role::full_restricted: break;
    }
    return "FULL_RESTRICTED_STAKER_ROLE";
}
[[nodiscard]] constexpr bool is_valid(Role role) noexcept
{
    return role <= Role::full_restricted;
}

struct GrantRole
{
    RUNNEL_CALL("grantRole", 16, 30'300);

    Role role{};
    AccountId account{};
    RUNNEL_FIELDS(role, account);
};

struct RevokeRole
{
    RUNNEL_CALL("revokeRole", 17, 5'900);

    Role role{};
    AccountId account{};
    RUNNEL_FIELDS(role, account);
};

/// Always refused: nobody may shake off a restriction.
struct RenounceRole
{
    RUNNEL_CALL("renounceRole", 18, 900);

    Role role{};
    AccountId account{};
    RUNNEL_FIELDS(role, account);
};

}  // namespace runnel::contracts::ethena
