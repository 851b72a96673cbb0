#pragma once

#include "contracts/kit/safe_math.hpp"

#include <cstdint>

/// The formulas of SushiSwap's MasterChef. Amounts in smallest units, time in blocks; rewards per
/// token staked are scaled by 10^12. All of them round down.
///
/// Errors: SafeMath's reasons. Source: sushiswap/masterchef `MasterChef.sol`.
namespace runnel::contracts::masterchef
{

using openzeppelin::SafeMath;

inline constexpr std::uint64_t reward_scale = 1'000'000'000'000;

/// What a chef is built with.
struct Schedule
{
    Amount sushi_per_block;
    std::uint64_t start_block = 0;  // Pools earn nothing before.
    Amount bonus_end_block;         // Blocks up to here count bonus_multiplier times.
    Amount bonus_multiplier{10};
};

/// How many blocks' rewards there are between two blocks.
[[nodiscard]] inline Result<Amount> multiplier(
    const Schedule& schedule, const Amount& from, const Amount& to)
{
    if (to <= schedule.bonus_end_block)
        return ((SafeMath{to} - from) * schedule.bonus_multiplier).result();
    if (from >= schedule.bonus_end_block)
        return (SafeMath{to} - from).result();
    return ((SafeMath{schedule.bonus_end_block} - from) * schedule.bonus_multiplier +
            (SafeMath{to} - schedule.bonus_end_block))
        .result();
}

/// A pool's rewards for so many blocks: blocks * per_block * alloc / total_alloc.
[[nodiscard]] inline Result<Amount> pool_reward_down(const Amount& blocks,
    const Amount& sushi_per_block, const Amount& alloc_point, const Amount& total_alloc_point)
{
    return (SafeMath{blocks} * sushi_per_block * alloc_point / total_alloc_point).result();
}

/// What one token has earned, with @p reward for @p lp_supply of them added.
[[nodiscard]] inline Result<Amount> acc_per_share_down(
    const Amount& acc_per_share, const Amount& reward, const Amount& lp_supply)
{
    return (SafeMath{acc_per_share} + SafeMath{reward} * reward_scale / lp_supply).result();
}

/// What so many tokens have earned since the pool began.
[[nodiscard]] inline Result<Amount> accumulated_down(
    const Amount& amount, const Amount& acc_per_share)
{
    return (SafeMath{amount} * acc_per_share / reward_scale).result();
}

/// The same less what was earned before they came, or was paid since.
[[nodiscard]] inline Result<Amount> pending_down(
    const Amount& amount, const Amount& acc_per_share, const Amount& reward_debt)
{
    return (SafeMath{amount} * acc_per_share / reward_scale - reward_debt).result();
}

}  // namespace runnel::contracts::masterchef
