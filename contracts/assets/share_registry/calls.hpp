#pragma once

#include "contracts/kit/token.hpp"

#include <cstdint>

/// The calls of a register of shares, beside those of its token. Gas is estimated from the slots
/// that they write: see docs/share_registry.md.
namespace runnel::contracts::share_registry
{

/// Makes an investor known: from now on he may get shares. Only the agent may.
struct RegisterIdentity
{
    RUNNEL_CALL("registerIdentity", 3, {52'000, 2'500});

    AccountId investor{};
    RUNNEL_FIELDS(investor);
};

/// He may get no more, and keeps what he has. Only the agent may.
struct DeleteIdentity
{
    RUNNEL_CALL("deleteIdentity", 4, {30'000, 2'500});

    AccountId investor{};
    RUNNEL_FIELDS(investor);
};

/// Asks the agent to be made known.
struct ApplyForRegistration
{
    RUNNEL_CALL("applyForRegistration", 5, {70'000, 2'500});
    RUNNEL_FIELDS();
};

/// Pays what the asset has earned to all shares; by allowance.
struct DistributeFunds
{
    RUNNEL_CALL("distributeFunds", 6, {75'000, 2'500});

    Amount value;
    RUNNEL_FIELDS((value, smallest_unit_of_its("currency")));
};

/// Pays out what the sender's shares have earned.
struct WithdrawFunds
{
    RUNNEL_CALL("withdrawFunds", 7, {62'000, 2'500});
    RUNNEL_FIELDS();
};

/// Offers a price for every share that the sender does not have, and locks it; by allowance.
struct OpenTender
{
    RUNNEL_CALL("openTender", 8, {135'000, 2'500});

    Amount price;  // Of a whole share.
    std::uint64_t duration = 0;
    RUNNEL_FIELDS((price, smallest_unit_of_its("currency")), (duration, seconds));
};

/// Sells shares to the bidder at once.
struct AcceptTender
{
    RUNNEL_CALL("acceptTender", 9, {110'000, 2'500});

    Amount shares;
    RUNNEL_FIELDS((shares, smallest_unit));
};

/// Ends a tender whose time is over; anybody may.
struct CloseTender
{
    RUNNEL_CALL("closeTender", 10, {70'000, 2'500});
    RUNNEL_FIELDS();
};

/// Pays out a holder who is bought out; anybody may.
struct Redeem
{
    RUNNEL_CALL("redeem", 11, {110'000, 2'500});

    AccountId holder{};
    RUNNEL_FIELDS(holder);
};

}  // namespace runnel::contracts::share_registry
