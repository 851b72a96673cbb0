#pragma once

#include "ledger/call.hpp"

/// The calls of Synthetix' StakingRewards. Gas: estimated from the slots that each touches
/// (docs/staking_rewards.md).
namespace runnel::contracts::staking_rewards
{

/// Puts staking tokens of the sender, by allowance, into the farm.
struct Stake
{
    RUNNEL_CALL("stake", 0, {116'100, 7'100});

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("staking_token")));
};

/// Takes them out again; rewards stay to be claimed.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 1, {94'000, 5'000});

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("staking_token")));
};

/// Pays what the sender has earned.
struct GetReward
{
    RUNNEL_CALL("getReward", 2, {71'200, 5'000});

    RUNNEL_FIELDS();
};

/// Withdraws all and pays what was earned.
struct Exit
{
    RUNNEL_CALL("exit", 3, {128'000, 5'000});

    RUNNEL_FIELDS();
};

/// Starts a reward period, or adds to the one under way, with tokens that the farm was paid before;
/// only the distributor may.
struct NotifyRewardAmount
{
    RUNNEL_CALL("notifyRewardAmount", 4, {57'000, 2'200});

    Amount reward;
    RUNNEL_FIELDS((reward, smallest_unit_of_its("rewards_token")));
};

/// Sets how long the next period will be, once the last is over; only the owner may.
struct SetRewardsDuration
{
    RUNNEL_CALL("setRewardsDuration", 5, {12'000, 2'200});

    Amount rewards_duration;
    RUNNEL_FIELDS((rewards_duration, seconds));
};

/// Stops staking, or lets it go on; only the owner may.
struct SetPaused
{
    RUNNEL_CALL("setPaused", 6, {47'000, 2'200});

    bool paused = false;
    RUNNEL_FIELDS(paused);
};

/// Says who may start reward periods; only the owner may.
struct SetRewardsDistribution
{
    RUNNEL_CALL("setRewardsDistribution", 7, {8'000, 2'200});

    AccountId rewards_distribution{};
    RUNNEL_FIELDS(rewards_distribution);
};

/// Sends the owner tokens that came here by mistake; not those that the farm deals in. The token is
/// named by its contract's account.
struct RecoverErc20
{
    RUNNEL_CALL("recoverERC20", 8, {30'000, 2'200});

    AccountId token_address{};
    Amount token_amount;
    RUNNEL_FIELDS(token_address, (token_amount, other("of that token, smallest units")));
};

}  // namespace runnel::contracts::staking_rewards
