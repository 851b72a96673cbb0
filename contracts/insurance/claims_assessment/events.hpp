#pragma once

#include "ledger/event.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// Nexus Mutual's events of `Assessment`, without the hashes of documents; those of appeals and
/// verdicts are ours.
namespace runnel::contracts::claims_assessment
{

struct StakeDepositedLog
{
    static constexpr std::string_view table = "assessment_stakes";
    static constexpr std::string_view signature = "StakeDeposited(address user, uint256 amount)";
    static constexpr std::array<std::string_view, 2> meanings{"Who staked.", "How much."};

    AccountId user{};
    Amount amount;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("stake_token")));
};

struct StakeWithdrawnLog
{
    static constexpr std::string_view table = "assessment_unstakes";
    static constexpr std::string_view signature =
        "StakeWithdrawn(address indexed user, address to, uint256 amount)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose stake it was.", "Who got it.", "How much."};

    AccountId user{};
    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(user, to, (amount, smallest_unit_of_its("stake_token")));
};

struct VoteCastLog
{
    static constexpr std::string_view table = "assessment_votes";
    static constexpr std::string_view signature =
        "VoteCast(address indexed user, uint256 assessmentId, uint256 stakedAmount, bool accepted)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who voted.", "The poll's number.", "The vote's weight.", "What he voted for."};

    AccountId user{};
    std::uint64_t poll_number = 0;
    Amount staked_amount;
    bool accepted = false;
    RUNNEL_FIELDS(
        user, poll_number, (staked_amount, smallest_unit_of_its("stake_token")), accepted);
};

struct AppealedLog
{
    static constexpr std::string_view table = "assessment_appeals";
    static constexpr std::string_view signature =
        "Appealed(address indexed user, uint256 assessmentId, uint256 round, uint256 quorum)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who paid for it.", "The poll's number.", "The new round, from 1.", "Its quorum."};

    AccountId user{};
    std::uint64_t poll_number = 0;
    std::uint64_t round = 0;
    Amount quorum;
    RUNNEL_FIELDS(user, poll_number, round, (quorum, smallest_unit_of_its("stake_token")));
};

struct RewardWithdrawnLog
{
    static constexpr std::string_view table = "assessment_rewards";
    static constexpr std::string_view signature = "RewardWithdrawn(address staker, uint256 amount)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who was paid.", "How much, beside the bond that went back to his stake."};

    AccountId user{};
    Amount amount;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("stake_token")));
};

}  // namespace runnel::contracts::claims_assessment
