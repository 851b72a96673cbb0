#pragma once

#include "analytics/ledger_queries.hpp"

namespace runnel::analytics
{

/// What was issued and redeemed of stablecoins in each piece of the run, what waited to be redeemed
/// and how much there was after it: of issuers' coins, and of those that convert into another token
/// of their protocol. No rows if there are none.
[[nodiscard]] Table redemption_table(LedgerQueries& source);

}  // namespace runnel::analytics
