#pragma once

#include "contracts/kit/safe_math.hpp"

/// The formulas of Synthetix' StakingRewards. Amounts in smallest units, times in seconds; rewards
/// per token staked are scaled by 10^18. All of them round down.
///
/// Errors: SafeMath's reasons. Source: Synthetixio/synthetix `StakingRewards.sol`.
namespace runnel::contracts::staking_rewards
{

using openzeppelin::SafeMath;

inline constexpr std::uint64_t reward_scale = 1'000'000'000'000'000'000;

/// What one token staked has earned since the farm began.
///
///     stored + (applicable - last_update) * rate * 10^18 / total
///
/// @p stored alone while nothing is staked: what is paid out then is nobody's, for good.
[[nodiscard]] inline Result<Amount> reward_per_token_down(const Amount& stored,
    const Amount& applicable, const Amount& last_update, const Amount& rate, const Amount& total)
{
    if (total.is_zero())
        return stored;
    return (SafeMath{stored} +
            (SafeMath{applicable} - last_update) * rate * SafeMath{reward_scale} / total)
        .result();
}

/// What a staker has earned and not been paid: balance * (per_token - paid) / 10^18 + rewards.
[[nodiscard]] inline Result<Amount> earned_down(const Amount& balance, const Amount& per_token,
    const Amount& per_token_paid, const Amount& rewards)
{
    return (SafeMath{balance} * (SafeMath{per_token} - per_token_paid) / reward_scale + rewards)
        .result();
}

/// The rate of a period that begins now, with what is left of the one under way.
///
///     reward / duration                                   if that is over
///     (reward + (finish - now) * rate) / duration         if not
[[nodiscard]] inline Result<Amount> reward_rate_down(const Amount& reward, const Amount& now,
    const Amount& finish, const Amount& rate, const Amount& duration)
{
    if (now >= finish)
        return (SafeMath{reward} / duration).result();
    const auto leftover = RUNNEL_TRY(((SafeMath{finish} - now) * rate).result());
    return ((SafeMath{reward} + leftover) / duration).result();
}

}  // namespace runnel::contracts::staking_rewards
