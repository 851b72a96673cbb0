#pragma once

#include "ledger/fields.hpp"

#include <compare>
#include <cstdint>

namespace runnel::contracts::morpho_blue
{

/// What a market is: these five, which never change. Its id is their keccak.
struct MarketParams
{
    ContractId loan_token = no_contract;
    ContractId collateral_token = no_contract;  // no_contract: address zero, here and below.
    ContractId oracle = no_contract;
    ContractId irm = no_contract;
    Amount lltv;  // Wad: debt above this share of the collateral's value may be liquidated.
    RUNNEL_FIELDS(loan_token, collateral_token, oracle, irm, (lltv, wad));

    friend auto operator<=>(const MarketParams&, const MarketParams&) = default;
};

/// All sums are of 128 bits.
struct MarketState
{
    Amount total_supply_assets;
    Amount total_supply_shares;
    Amount total_borrow_assets;
    Amount total_borrow_shares;
    std::uint64_t last_update = 0;  // Unix seconds; 0: not created.
    Amount fee;                     // Wad, of the interest.
    RUNNEL_FIELDS((total_supply_assets, smallest_unit_of_its("loan_token")),
        (total_supply_shares, shares), (total_borrow_assets, smallest_unit_of_its("loan_token")),
        (total_borrow_shares, shares), (last_update, unix_seconds), (fee, wad));
};

/// What one account has in a market.
struct Position
{
    Amount supply_shares;
    Amount borrow_shares;  // uint128
    Amount collateral;     // uint128
    RUNNEL_FIELDS((supply_shares, shares), (borrow_shares, shares),
        (collateral, smallest_unit_of_its("collateral_token")));
};

/// A market as others are told of it.
struct MarketRef
{
    ContractId contract{};
    const Amount& id;
    const MarketState& state;
};

}  // namespace runnel::contracts::morpho_blue
