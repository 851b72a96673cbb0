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
    static constexpr std::array<std::string_view, 1> meanings{
        "What will be paid out from now to the end of the period."};

    Amount reward;
    RUNNEL_FIELDS((reward, smallest_unit_of_its("rewards_token")));
};

struct StakedLog
{
    static constexpr std::string_view table = "staking_rewards_staked";
    static constexpr std::string_view signature = "Staked(address indexed user, uint256 amount)";
    static constexpr std::array<std::string_view, 2> meanings{"Who staked.", "How much."};

    AccountId user{};
    Amount amount;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("staking_token")));
};

struct WithdrawnLog
{
    static constexpr std::string_view table = "staking_rewards_withdrawn";
    static constexpr std::string_view signature = "Withdrawn(address indexed user, uint256 amount)";
    static constexpr std::array<std::string_view, 2> meanings{"Who took back.", "How much."};

    AccountId user{};
    Amount amount;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("staking_token")));
};

struct RewardPaidLog
{
    static constexpr std::string_view table = "staking_rewards_paid";
    static constexpr std::string_view signature =
        "RewardPaid(address indexed user, uint256 reward)";
    static constexpr std::array<std::string_view, 2> meanings{"Who was paid.", "How much."};

    AccountId user{};
    Amount reward;
    RUNNEL_FIELDS(user, (reward, smallest_unit_of_its("rewards_token")));
};

struct RewardsDurationUpdatedLog
{
    static constexpr std::string_view table = "staking_rewards_durations";
    static constexpr std::string_view signature = "RewardsDurationUpdated(uint256 newDuration)";
    static constexpr std::array<std::string_view, 1> meanings{"How long a period is from now on."};

    Amount new_duration;
    RUNNEL_FIELDS((new_duration, seconds));
};

struct RecoveredLog
{
    static constexpr std::string_view table = "staking_rewards_recovered";
    static constexpr std::string_view signature = "Recovered(address token, uint256 amount)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The token that was there by mistake.", "How much of it the owner got."};

    AccountId token{};
    Amount amount;
    RUNNEL_FIELDS(token, (amount, other("of that token, smallest units")));
};

struct PauseChangedLog
{
    static constexpr std::string_view table = "staking_rewards_pauses";
    static constexpr std::string_view signature = "PauseChanged(bool isPaused)";
    static constexpr std::array<std::string_view, 1> meanings{
        "Whether staking is paused from now on."};

    bool is_paused = false;
    RUNNEL_FIELDS(is_paused);
};

}  // namespace runnel::contracts::staking_rewards
