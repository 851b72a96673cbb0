#pragma once

#include "ledger/call.hpp"
#include "ledger/fields.hpp"
#include "ledger/ids.hpp"

#include <cstdint>

/// A pool's calls; 0 to 2 are those of the underwriters' shares as an ERC-20 token. Gas is
/// estimated from what the calls read and write.
namespace runnel::contracts::cover_pool
{

/// Puts capital behind covers.
struct Deposit
{
    RUNNEL_CALL("deposit", 3, {125'000, 8'000});

    Amount assets;
    RUNNEL_FIELDS((assets, smallest_unit_of_its("asset")));
};

/// Begins the notice after which shares may be withdrawn: they wait in the pool, and bear losses
/// until they leave. What an earlier request left waits anew.
struct RequestWithdrawal
{
    RUNNEL_CALL("requestWithdrawal", 4, 62'000);

    Amount shares;
    RUNNEL_FIELDS((shares, other("pool shares")));
};

/// Takes out what was requested, as far as covers do not need it.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 5, {98'000, 8'000});

    Amount shares;
    RUNNEL_FIELDS((shares, other("pool shares")));
};

/// Pays for a cover from now on.
struct BuyCover
{
    RUNNEL_CALL("buyCover", 6, {310'000, 8'000});

    std::uint32_t product = 0;
    Amount amount;
    std::uint64_t period = 0;
    Amount premium_max;
    RUNNEL_FIELDS((product, other("number of the pool's product")),
        (amount, smallest_unit_of_its("asset")), (period, seconds),
        (premium_max, smallest_unit_of_its("asset")));
};

/// Says that a loss happened. Of a measured product, now: the pool looks, and the cover is claimed.
/// Of an assessed one, how much in all and when: the assessors vote.
struct SubmitIncident
{
    RUNNEL_CALL("submitIncident", 7, {260'000, 8'000});

    std::uint64_t cover = 0;  // Of the sender.
    Amount loss;
    std::uint64_t occurred_at = 0;
    RUNNEL_FIELDS((cover, other("number of the cover")), (loss, wad), (occurred_at, unix_seconds));
};

/// Takes note of what the assessors have decided.
struct ResolveIncident
{
    RUNNEL_CALL("resolveIncident", 8, 60'000);

    std::uint64_t incident = 0;
    RUNNEL_FIELDS((incident, other("number of the incident")));
};

/// Claims for a cover that its product's open incident has hit.
struct SubmitClaim
{
    RUNNEL_CALL("submitClaim", 9, {105'000, 8'000});

    std::uint64_t cover = 0;  // Of the sender.
    RUNNEL_FIELDS((cover, other("number of the cover")));
};

/// Ends the time for claims: what each is paid is known from then on.
struct SettleIncident
{
    RUNNEL_CALL("settleIncident", 10, {75'000, 8'000});

    std::uint64_t incident = 0;
    RUNNEL_FIELDS((incident, other("number of the incident")));
};

/// Pays a claim of a settled incident.
struct RedeemPayout
{
    RUNNEL_CALL("redeemPayout", 11, 72'000);

    std::uint64_t cover = 0;
    RUNNEL_FIELDS((cover, other("number of the cover")));
};

namespace gas
{
inline constexpr std::uint64_t per_bucket = 6'500;    // Whose covers have ended.
inline constexpr std::uint64_t per_product = 4'400;   // Whose concentration a withdrawal looks at.
inline constexpr std::uint64_t measure = 30'000;      // Of what is covered.
inline constexpr std::uint64_t assessment = 160'000;  // To start one.
}  // namespace gas

}  // namespace runnel::contracts::cover_pool
