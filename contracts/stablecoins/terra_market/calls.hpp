#pragma once

#include "ledger/call.hpp"

/// The messages of Terra's market module. Gas: estimated from what each touches
/// (docs/terra_market.md).
namespace runnel::contracts::terra_market
{

/// Burns coins of the sender and mints him what they are worth of the other, less the spread.
struct Swap
{
    RUNNEL_CALL("swap", 0, {105'000, 7'000});

    ContractId offer_token{};
    Amount offer_amount;
    ContractId ask_token{};
    RUNNEL_FIELDS(offer_token, (offer_amount, smallest_unit_of("offer_token")), ask_token);
};

/// The same for somebody else.
struct SwapSend
{
    RUNNEL_CALL("swapSend", 1, {105'000, 7'000});

    AccountId to{};
    ContractId offer_token{};
    Amount offer_amount;
    ContractId ask_token{};
    RUNNEL_FIELDS(to, offer_token, (offer_amount, smallest_unit_of("offer_token")), ask_token);
};

/// Refuses if a swap would bring less: stands before a swap in the same transaction.
struct AssertLimitOrder
{
    RUNNEL_CALL("assertLimitOrder", 2, {30'000, 7'000});

    ContractId offer_token{};
    Amount offer_amount;
    ContractId ask_token{};
    Amount minimum_receive;
    RUNNEL_FIELDS(offer_token, (offer_amount, smallest_unit_of("offer_token")), ask_token,
        (minimum_receive, smallest_unit_of("ask_token")));
};

/// Sets the module's parameters, as a proposal does that has passed; only governance may.
struct ChangeParameters
{
    RUNNEL_CALL("changeParameters", 3, {35'000, 7'000});

    Amount base_pool;
    std::uint64_t pool_recovery_period = 0;
    Amount min_stability_spread;
    RUNNEL_FIELDS((base_pool, other("1e-18 smallest units of the pools' currency")),
        (pool_recovery_period, blocks), (min_stability_spread, wad));
};

}  // namespace runnel::contracts::terra_market
