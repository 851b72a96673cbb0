#include "consensus/stake_rewards.hpp"

namespace runnel
{
namespace
{
RewardKind kind_of(StakeChangeKind kind, bool compounds) noexcept
{
    switch (kind)
    {
        case StakeChangeKind::deposit: return RewardKind::staked;
        case StakeChangeKind::withdrawal: return RewardKind::freed;
        case StakeChangeKind::reward: return compounds ? RewardKind::staked : RewardKind::minted;
        case StakeChangeKind::leak:
        case StakeChangeKind::penalty:
        case StakeChangeKind::slashing: return RewardKind::burnt;
        case StakeChangeKind::fee_share: return RewardKind::fee_share;
    }
    return RewardKind::minted;
}
}  // namespace

std::vector<Reward> stake_rewards(std::span<const StakeChange> changes,
    const StakeRewardRules& rules,
    const std::function<AccountId(const StakeChange& change)>& account_of)
{
    std::vector<Reward> rewards;
    for (const auto& change : changes)
    {
        const bool is_his_who_made_it =
            change.kind == StakeChangeKind::fee_share && !rules.shares_fees;
        if (is_his_who_made_it || change.amount.is_zero())
            continue;
        rewards.push_back(
            {account_of(change), change.amount, kind_of(change.kind, rules.compounds)});
    }
    return rewards;
}

}  // namespace runnel
