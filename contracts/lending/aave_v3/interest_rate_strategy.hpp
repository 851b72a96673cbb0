#pragma once

#include "contracts/lending/aave_v3/math.hpp"

namespace runnel::contracts::aave_v3
{

/// What a reserve's rates depend on. Amounts in the token's smallest unit.
struct RateInputs
{
    Amount cash;             // Underlying that the reserve holds.
    Amount liquidity_added;  // Comes in after the rates are computed.
    Amount liquidity_taken;  // Goes out after the rates are computed.
    Amount total_stable_debt;
    Amount total_variable_debt;
    Amount average_stable_borrow_rate;  // Ray per year.
    Amount unbacked;                    // aTokens minted against a bridge's promise.
    Amount reserve_factor;              // Bps.
};

/// Yearly rates, ray.
struct Rates
{
    Amount liquidity;
    Amount stable;
    Amount variable;
};

/// Two straight lines that meet at the optimal usage; all in ray.
///
/// With D = total debt, available = cash + added - taken, u = ray_div_half_up(D, available + D):
///
///     variable = base + slope1 * u / optimal                                     for u <= optimal
///     variable = base + slope1 + slope2 * (u - optimal) / (1 - optimal)          above
///     liquidity = percent_mul_half_up(ray_mul_half_up(overall, su), 10'000 - reserve factor)
///
/// where su is u with unbacked in the divisor, and overall is the debt-weighted mean of the borrow
/// rates. It makes a round trip through wad_to_ray() and back even without stable debt, with a
/// rounding of its own. Without debt, available is not looked at.
///
/// Errors: Panic(0x11) where available is negative or a sum overflows; no reason from ray_*().
/// Source: @aave/core-v3 1.19.3, DefaultReserveInterestRateStrategy.calculateInterestRates().
struct InterestRateStrategy
{
    Amount optimal_usage_ratio;
    Amount base_variable_borrow_rate;
    Amount variable_rate_slope1;
    Amount variable_rate_slope2;
    Amount stable_rate_slope1;
    Amount stable_rate_slope2;
    Amount base_stable_rate_offset;
    Amount stable_rate_excess_offset;
    Amount optimal_stable_to_total_debt_ratio;

    [[nodiscard]] Result<Rates> rates(const RateInputs& inputs) const;
    /// The same of v3.7: no stable debt, the deficit in place of what is unbacked, and
    ///
    ///     liquidity = percent_mul_half_up(ray_mul_half_up(variable, supply usage), 10'000 -
    ///     factor)
    ///
    /// without a detour over an overall rate. Without debt it is 0 and the variable one the base.
    [[nodiscard]] Result<Rates> rates_v37(const RateInputs& inputs) const;
};

}  // namespace runnel::contracts::aave_v3
