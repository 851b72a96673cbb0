#include "contracts/lending/aave_v3/interest_rate_strategy.hpp"

namespace runnel::contracts::aave_v3
{

Result<Rates> InterestRateStrategy::rates(const RateInputs& inputs) const
{
    const auto debt = RUNNEL_TRY(Checked{inputs.total_stable_debt} + inputs.total_variable_debt);
    Amount borrow_usage;
    Amount supply_usage;
    Amount stable_to_total_debt;
    if (!debt.is_zero())
    {
        stable_to_total_debt = RUNNEL_TRY(ray_div_half_up(inputs.total_stable_debt, debt));
        const auto available_plus_debt = RUNNEL_TRY(
            Checked{inputs.cash} + inputs.liquidity_added - inputs.liquidity_taken + debt);
        borrow_usage = RUNNEL_TRY(ray_div_half_up(debt, available_plus_debt));
        supply_usage =
            RUNNEL_TRY(ray_div_half_up(debt, Checked{available_plus_debt} + inputs.unbacked));
    }

    Checked variable = base_variable_borrow_rate;
    Checked stable = Checked{variable_rate_slope1} + base_stable_rate_offset;
    if (borrow_usage > optimal_usage_ratio)
    {
        const auto excess = ray_div_half_up(
            Checked{borrow_usage} - optimal_usage_ratio, Checked{ray} - optimal_usage_ratio);
        stable = RUNNEL_TRY(
            stable + (Checked{stable_rate_slope1} + ray_mul_half_up(stable_rate_slope2, excess)));
        variable = RUNNEL_TRY(variable + (Checked{variable_rate_slope1} +
                                             ray_mul_half_up(variable_rate_slope2, excess)));
    }
    else
    {
        stable =
            RUNNEL_TRY(stable + ray_div_half_up(ray_mul_half_up(stable_rate_slope1, borrow_usage),
                                    optimal_usage_ratio));
        variable = RUNNEL_TRY(
            variable + ray_div_half_up(ray_mul_half_up(variable_rate_slope1, borrow_usage),
                           optimal_usage_ratio));
    }
    if (stable_to_total_debt > optimal_stable_to_total_debt_ratio)
    {
        const auto excess =
            ray_div_half_up(Checked{stable_to_total_debt} - optimal_stable_to_total_debt_ratio,
                Checked{ray} - optimal_stable_to_total_debt_ratio);
        stable = RUNNEL_TRY(stable + ray_mul_half_up(stable_rate_excess_offset, excess));
    }

    Checked overall{0};
    if (!debt.is_zero())
    {
        const auto weighted_variable =
            RUNNEL_TRY(ray_mul_half_up(wad_to_ray(inputs.total_variable_debt), variable));
        const auto weighted_stable = RUNNEL_TRY(ray_mul_half_up(
            wad_to_ray(inputs.total_stable_debt), inputs.average_stable_borrow_rate));
        overall = ray_div_half_up(Checked{weighted_variable} + weighted_stable, wad_to_ray(debt));
    }
    const auto liquidity = percent_mul_half_up(
        ray_mul_half_up(overall, supply_usage), Checked{bps_denominator} - inputs.reserve_factor);
    return Rates{RUNNEL_TRY(liquidity), RUNNEL_TRY(stable), RUNNEL_TRY(variable)};
}

Result<Rates> InterestRateStrategy::rates_v37(const RateInputs& inputs) const
{
    const auto& debt = inputs.total_variable_debt;
    if (debt.is_zero())
        return Rates{{}, {}, base_variable_borrow_rate};
    const auto available_plus_debt =
        RUNNEL_TRY(Checked{inputs.cash} + inputs.liquidity_added - inputs.liquidity_taken + debt);
    const auto borrow_usage = RUNNEL_TRY(ray_div_half_up(debt, available_plus_debt));
    const auto supply_usage =
        RUNNEL_TRY(ray_div_half_up(debt, Checked{available_plus_debt} + inputs.unbacked));
    Checked variable = base_variable_borrow_rate;
    if (borrow_usage > optimal_usage_ratio)
    {
        const auto excess = ray_div_half_up(
            Checked{borrow_usage} - optimal_usage_ratio, Checked{ray} - optimal_usage_ratio);
        variable = variable +
                   (Checked{variable_rate_slope1} + ray_mul_half_up(variable_rate_slope2, excess));
    }
    else
    {
        variable = variable + ray_div_half_up(ray_mul_half_up(variable_rate_slope1, borrow_usage),
                                  optimal_usage_ratio);
    }
    const auto liquidity = percent_mul_half_up(
        ray_mul_half_up(variable, supply_usage), Checked{bps_denominator} - inputs.reserve_factor);
    return Rates{RUNNEL_TRY(liquidity), {}, RUNNEL_TRY(variable)};
}

}  // namespace runnel::contracts::aave_v3
