#pragma once

#include "analytics/detectors/chain_rows.hpp"

#include <vector>

namespace runnel::analytics
{

/// Accounts that trade one pool's tokens among themselves.
struct WashGroup
{
    ContractId pool{};
    std::vector<AccountId> accounts;  // Ascending.
    std::vector<Place> trades;        // Of its members in the pool.
    ContractId token = no_contract;   // Of the pool: the one whose net change is the least part,
    Amount volume;                    // what they bought and sold of it,
    Amount net;                       // and what is left when sales are taken off purchases.
};

/// Groups of at least two accounts, in the order of pools and accounts.
///
/// Who buys on an exchange of pools buys from the pool, so what joins accounts is where tokens go:
/// an edge for each account (without code) that gets what somebody else's swap has bought, or what
/// somebody else has paid for a swap of his, and for each payment of the pool's tokens from account
/// to account. A group is a strongly connected component of those (tokens go round and come back)
/// that has made at least wash_trading_trades_min swaps and whose net change of one of the tokens
/// is at most wash_trading_net_max of what it has bought and sold of it.
///
/// Source: Victor and Weintraud, "Detecting and Quantifying Wash Trading on Decentralized
/// Cryptocurrency Exchanges" (2021): components, and a position that hardly changes. They take 1%
/// within an hour, a day or a week; here it is, by default, 5% of all of the ledger. An account
/// that buys from and sells to a pool by itself looks like a market maker or a sandwich and is
/// none.
[[nodiscard]] std::vector<WashGroup> find_wash_groups(
    LedgerQueries& source, const Thresholds& thresholds);

}  // namespace runnel::analytics
