#pragma once

#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/thresholds.hpp"

#include <map>
#include <set>
#include <vector>

namespace runnel::analytics
{

/// Money that goes from account to account and loses a little on the way.
struct PeelChain
{
    std::vector<AccountId> hops;  // In the order in which they first passed something on.
    /// Who got the small parts, and of which hops; ascending, each once.
    std::map<AccountId, std::set<AccountId>> peeled;
    std::vector<Place> payments;  // What came to the first hop, and what the hops paid.
    ContractId token{};
    Amount moved;  // What came to the first hop, in all.
};

/// Chains of at least peel_chain_hops_min hops, in the order in which they began. A fifth, seven
/// tenths and two hours below are defaults of Thresholds.
///
/// A hop is an account without code that does one thing only: of what has come it pays at most a
/// fifth to somebody, then at least seven tenths of what is left to somebody else, each within two
/// hours. Where more comes in between, it counts as having come at once. Who does anything else
/// with the token, payments to contracts included, is no hop from then on.
///
/// Source: none agreed. References give four hops, a fifth and one hour as their own choice; the
/// hour is doubled, because wallets here look at what they have every few minutes and blocks may
/// be minutes apart.
[[nodiscard]] std::vector<PeelChain> find_peel_chains(
    LedgerQueries& source, const Thresholds& thresholds);

}  // namespace runnel::analytics
