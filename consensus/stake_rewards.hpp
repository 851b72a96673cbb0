#pragma once

#include "consensus/engine.hpp"
#include "ledger/block.hpp"

#include <functional>
#include <span>
#include <vector>

namespace runnel
{

/// How a ledger carries out what an engine does to stakes.
struct StakeRewardRules
{
    bool compounds = false;    // Rewards stay with the stake.
    bool shares_fees = false;  // Tips are dealt out by stake.
};

/// The rewards of the block with which the changes come, in their order: what is executed, and what
/// its header commits to. Changes of nothing are left out, and so are shares of tips where these
/// are whose turn it was. @p account_of: whose a change is.
[[nodiscard]] std::vector<Reward> stake_rewards(std::span<const StakeChange> changes,
    const StakeRewardRules& rules,
    const std::function<AccountId(const StakeChange& change)>& account_of);

}  // namespace runnel
