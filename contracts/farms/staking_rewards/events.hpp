#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

/// The logs of Synthetix' StakingRewards.
namespace runnel::contracts::staking_rewards
{

struct RewardAddedLog
{
    static constexpr std::string_view table = "staking_rewards_added";
    static constexpr std::string_view signature = "RewardAdded(uint256 reward)";

    Amount reward;
    RUNNEL_FIELDS((reward, smallest_unit_of_its("rewards_token")));
};

struct StakedLog
{
    static constexpr std::string_view table = "staking_rewards_staked";
    static constexpr std::string_view signature = "Staked(address indexed user, uint256 amount)";

    AccountId user{};
    Amount amount;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("staking_token")));
};

struct WithdrawnLog
{
    static constexpr std::string_view table = "staking_rewards_withdrawn";
    static constexpr std::string_view signature = "Withdrawn(address indexed user, uint256 amount)";

    AccountId user{};
    Amount amount;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("staking_token")));
};

struct RewardPaidLog
{
    static constexpr std::string_view table = "staking_rewards_paid";
    static constexpr std::string_view signature =
        "RewardPaid(address indexed user, uint256 reward)";

    AccountId user{};
    Amount reward;
    RUNNEL_FIELDS(user, (reward, smallest_unit_of_its("rewards_token")));
};

struct RewardsDurationUpdatedLog
{
    static constexpr std::string_view table = "staking_rewards_durations";
    static constexpr std::string_view signature = "RewardsDurationUpdated(uint256 newDuration)";

    Amount new_duration;
    RUNNEL_FIELDS((new_duration, seconds));
};

struct RecoveredLog
{
    static constexpr std::string_view table = "staking_rewards_recovered";
    static constexpr std::string_view signature = "Recovered(address token, uint256 amount)";

    AccountId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, other("of that token, smallest units")));
};

struct PauseChangedLog
{
    static constexpr std::string_view table = "staking_rewards_pauses";
    static constexpr std::string_view signature = "PauseChanged(bool isPaused)";

    bool is_paused = false;
    RUNNEL_FIELDS(is_paused);
};

}  // namespace runnel::contracts::staking_rewards
