#pragma once

#include "ledger/call.hpp"
#include "ledger/fields.hpp"
#include "ledger/ids.hpp"

#include <cstdint>

/// Named after Nexus Mutual's `Assessment`. Gas is estimated from what the calls read and write.
namespace runnel::contracts::claims_assessment
{

struct Stake
{
    RUNNEL_CALL("stake", 0, 78'000);

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("stake_token")));
};

/// Takes stake back, once the last vote is long enough ago.
struct Unstake
{
    RUNNEL_CALL("unstake", 1, 66'000);

    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS((amount, smallest_unit_of_its("stake_token")), to);
};

/// Votes with all stake; a part of it is the bond that the losing side loses.
struct CastVote
{
    RUNNEL_CALL("castVote", 2, 96'000);

    std::uint64_t poll = 0;
    bool accepts = false;
    RUNNEL_FIELDS((poll, other("number of the poll")), accepts);
};

/// Pays for another round, with twice the quorum.
struct Appeal
{
    RUNNEL_CALL("appeal", 3, 110'000);

    std::uint64_t poll = 0;
    RUNNEL_FIELDS((poll, other("number of the poll")));
};

/// Ends a poll that nobody may appeal any more.
struct ClosePoll
{
    RUNNEL_CALL("closePoll", 4, 95'000);

    std::uint64_t poll = 0;
    RUNNEL_FIELDS((poll, other("number of the poll")));
};

/// Takes what a closed poll owes the sender: the bond goes back to the stake, the reward is paid.
struct WithdrawRewards
{
    RUNNEL_CALL("withdrawRewards", 5, 80'000);

    std::uint64_t poll = 0;
    RUNNEL_FIELDS((poll, other("number of the poll")));
};

}  // namespace runnel::contracts::claims_assessment
