#pragma once

#include "ledger/result.hpp"

#include <cstdint>

/// sUSDe's formulas without state.
///
/// Rounding: see the names. Source: ethena-labs `StakedUSDe.sol`, OpenZeppelin Contracts 4.9.2
/// `ERC4626.sol`, `Math.sol`.
namespace runnel::contracts::ethena
{

inline constexpr std::uint64_t vesting_period = 8 * 3'600;
inline constexpr std::uint32_t max_cooldown_duration = 90 * 86'400;
inline constexpr Amount min_shares{1'000'000'000'000'000'000};

/// What all shares together are worth.
struct ShareRate
{
    Amount supply;
    Amount assets;
};

namespace detail
{
/// OpenZeppelin's mulDiv of an amount and (numerator + 1) / (denominator + 1).
[[nodiscard]] inline Result<Amount> one_more_down(
    const Amount& amount, const Amount& numerator, const Amount& denominator)
{
    const auto above = RUNNEL_TRY(Checked{numerator} + 1);
    const auto below = RUNNEL_TRY(Checked{denominator} + 1);
    const auto down = mul_div_down(amount, above, below);
    RUNNEL_REQUIRE(down.ok(), Refusal::error("Math: mulDiv overflow"));
    return down.value;
}
[[nodiscard]] inline Result<Amount> one_more_up(
    const Amount& amount, const Amount& numerator, const Amount& denominator)
{
    RUNNEL_TRY(one_more_down(amount, numerator, denominator));
    return RUNNEL_TRY(mul_div_up(amount, wrapping_add(numerator, 1), wrapping_add(denominator, 1)));
}
}  // namespace detail

/// assets * (supply + 1) / (assets of all + 1). Errors: Panic(0x11), Math: mulDiv overflow.
[[nodiscard]] inline Result<Amount> shares_of_down(const ShareRate& rate, const Amount& assets)
{
    return detail::one_more_down(assets, rate.supply, rate.assets);
}
[[nodiscard]] inline Result<Amount> shares_of_up(const ShareRate& rate, const Amount& assets)
{
    return detail::one_more_up(assets, rate.supply, rate.assets);
}
/// shares * (assets of all + 1) / (supply + 1). Errors: Panic(0x11), Math: mulDiv overflow.
[[nodiscard]] inline Result<Amount> assets_of_down(const ShareRate& rate, const Amount& shares)
{
    return detail::one_more_down(shares, rate.assets, rate.supply);
}
[[nodiscard]] inline Result<Amount> assets_of_up(const ShareRate& rate, const Amount& shares)
{
    return detail::one_more_up(shares, rate.assets, rate.supply);
}

/// What of the last rewards is not the holders' yet:
///
///     (8 hours - elapsed) * amount / 8 hours, rounded down; 0 from 8 hours on
///
/// Errors: Panic(0x11).
[[nodiscard]] inline Result<Amount> unvested_down(const Amount& amount, std::uint64_t elapsed)
{
    if (elapsed >= vesting_period)
        return Amount{};
    return RUNNEL_TRY(Checked{vesting_period - elapsed} * amount / vesting_period);
}

}  // namespace runnel::contracts::ethena
