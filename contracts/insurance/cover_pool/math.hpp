#pragma once

#include "ledger/amount.hpp"

#include <cstdint>

/// What covers cost and what capital they need. No state; names say how they round.
namespace runnel::contracts::cover_pool
{

inline constexpr std::uint32_t bps_whole = 10'000;
inline constexpr std::uint64_t year_seconds = 31'536'000;  // 365 days.

/// 1e18: a share or a yearly rate of 1.
[[nodiscard]] inline Amount wad() noexcept
{
    return Amount::power_of_ten(18);
}
/// Premiums that flow are counted in 1e-18 of the asset's smallest unit.
[[nodiscard]] inline Amount flow_scale() noexcept
{
    return Amount::power_of_ten(18);
}

/// Yearly rates, 1e-18, by how much of the cover that capital allows is sold:
///
///     up to the kink   base + slope1 * u / kink
///     beyond it        base + slope1 + slope2 * (u - kink) / (1 - kink)
struct PremiumCurve
{
    Amount base;
    Amount slope1;
    Amount slope2;
    std::uint32_t kink_bps = 8'000;  // From 1 to 9,999.
};

/// The rate at which the next unit of cover is sold when @p cover of @p cover_max is sold; the
/// slopes' parts are rounded up. 2^256-1 overflows nowhere: amounts are below 2^128.
[[nodiscard]] inline Amount premium_rate_up(
    const PremiumCurve& curve, const Amount& cover, const Amount& cover_max)
{
    const auto kink = mul_div_down(cover_max, curve.kink_bps, bps_whole).value;
    if (cover <= kink)
    {
        if (kink.is_zero())
            return curve.base;
        return wrapping_add(curve.base, mul_div_up(curve.slope1, cover, kink).value);
    }
    const auto beyond =
        mul_div_up(curve.slope2, wrapping_sub(cover, kink), wrapping_sub(cover_max, kink)).value;
    return wrapping_add(wrapping_add(curve.base, curve.slope1), beyond);
}

/// What covering from @p from to @p to, at most @p cover_max, costs a year: the area under the
/// curve, so that it makes no difference in how many pieces cover is bought, roundings aside.
[[nodiscard]] inline Amount yearly_premium_up(
    const PremiumCurve& curve, const Amount& from, const Amount& to, const Amount& cover_max)
{
    const auto kink = mul_div_down(cover_max, curve.kink_bps, bps_whole).value;
    const auto two = Amount::power_of_ten(18) << 1U;
    const auto below = to < kink ? to : kink;
    Amount sum;
    if (from < below)
    {
        const auto rates = wrapping_add(
            premium_rate_up(curve, from, cover_max), premium_rate_up(curve, below, cover_max));
        sum = mul_div_up(wrapping_sub(below, from), rates, two).value;
    }
    const auto above = from > kink ? from : kink;
    if (above < to)
    {
        const auto rates = wrapping_add(
            premium_rate_up(curve, above, cover_max), premium_rate_up(curve, to, cover_max));
        sum = wrapping_add(sum, mul_div_up(wrapping_sub(to, above), rates, two).value);
    }
    return sum;
}

/// The premium of a period, by the product's risk.
[[nodiscard]] inline Amount premium_up(
    const Amount& yearly, std::uint32_t risk_bps, std::uint64_t period_seconds)
{
    const auto weighed = mul_div_up(yearly, risk_bps, bps_whole).value;
    return mul_div_up(weighed, period_seconds, year_seconds).value;
}

/// The most cover that @p capital allows at @p limit_bps of it.
[[nodiscard]] inline Amount cover_max_down(const Amount& capital, std::uint64_t limit_bps)
{
    return mul_div_down(capital, limit_bps, bps_whole).value;
}
/// The least capital that allows @p cover.
[[nodiscard]] inline Amount capital_min_up(const Amount& cover, std::uint64_t limit_bps)
{
    return mul_div_up(cover, bps_whole, limit_bps).value;
}

/// Shares for assets that come: @p capital and @p supply are those before. The first get one share
/// a unit. Rounded down, in favour of those who are there.
[[nodiscard]] inline Checked shares_down(
    const Amount& assets, const Amount& supply, const Amount& capital)
{
    return supply.is_zero() ? Checked{assets} : mul_div_down(assets, supply, capital);
}
/// Assets for shares that go, rounded down, in favour of those who stay.
[[nodiscard]] inline Amount assets_down(
    const Amount& shares, const Amount& supply, const Amount& capital)
{
    return supply.is_zero() ? Amount{} : mul_div_down(shares, capital, supply).value;
}

/// The share of @p base that is lost when @p level is left; 0 if it has not fallen.
[[nodiscard]] inline Amount fall_share_down(const Amount& base, const Amount& level)
{
    if (base <= level)
        return {};
    return mul_div_down(wrapping_sub(base, level), wad(), base).value;
}
/// The share that @p lost is of @p whole, at most 1.
[[nodiscard]] inline Amount share_of_down(const Amount& lost, const Amount& whole)
{
    if (lost >= whole)
        return lost.is_zero() ? Amount{} : wad();
    return mul_div_down(lost, wad(), whole).value;
}

}  // namespace runnel::contracts::cover_pool
