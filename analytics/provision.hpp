#pragma once

#include "analytics/market.hpp"

#include <map>
#include <utility>
#include <vector>

namespace runnel::analytics
{

/// What those who provide liquidity put into pools, have there, earned and lost, for pools whose
/// shares are a token, and for those whose liquidity lies in ranges of prices.
///
/// Fees and losses of a trade belong to the shares that there were at that moment, or to the
/// liquidity that it moved through. Who gets shares puts in what stands behind them, and who gives
/// them away takes it out.
struct Provision
{
    struct Result
    {
        // At the last prices, USD.
        double deposited = 0;  // What was put in.
        double held = 0;       // Of that, less what was taken out.
        double worth = 0;  // What stands behind the shares, or is in a range and owed beside it.
        double fees = 0;
        // At the reference prices of each trade, USD.
        double fees_then = 0;
        double loss_to_rebalancing = 0;
        bool priced = true;  // Everything that counts has a price.

        [[nodiscard]] double gain() const noexcept { return worth - held; }
        /// What prices took, fees left out; below zero: a loss.
        [[nodiscard]] double impermanent() const noexcept { return gain() - fees; }
        [[nodiscard]] double over_rebalancing() const noexcept
        {
            return fees_then - loss_to_rebalancing;
        }
        void add(const Result& other) noexcept;
    };
    std::map<ContractId, Result>
        pools;  // Of all shares; worth and held of those that somebody has.
    std::map<std::pair<AccountId, ContractId>, Result> accounts;  // By account and pool.
};

[[nodiscard]] Provision make_provision(LedgerQueries& source);

/// The part of make_provision() that reads ranges.
///
/// Fees at the last prices are exact, from what was paid in, paid out and is owed at the end. The
/// ledger does not say which position earned what in a trade: to value fees and losses at the
/// trades' prices the trades are walked again, in doubles, along the liquidity that positions put
/// in, each from the price where the one before it ended, and from the recorded one in every block.
void add_range_provision(LedgerQueries& source, Provision& provision);

}  // namespace runnel::analytics
