#pragma once

// Private to the pool's sources: the evaluation of an account, once for execution and for views.

#include "contracts/lending/aave_v3/pool.hpp"

namespace runnel::contracts
{

/// An account's position, reserves in the order of their numbers.
///
///     c = ray_mul_half_up(scaled, income) * price / unit         collateral of one reserve,
///     rounded down d = price * ray_mul_half_up(scaled, debt index) / unit     debt in one reserve,
///     rounded down ltv = sum(c * ltv) / C, threshold = sum(c * threshold) / C rounded down health
///     factor = wad_div_half_up(percent_mul_half_up(C, threshold), D)
///
/// v3.7 rounds what is supplied down and what is owed up, at each step, counts every token that is
/// used as collateral, and does not round the threshold on the way to the health factor.
///
/// Does not fill in available_borrows.
template <typename Reader, typename Income, typename Debt>
Result<aave_v3::AccountData> AaveV3Pool::evaluate(
    Reader& reader, AccountId user, const Income& income, const Debt& debt) const
{
    aave_v3::AccountData data;
    const auto& user_config = reader.read(user_configs_, user);
    if (user_config.is_empty())
        return data;

    Checked collateral_sum{0};
    Checked debt_sum{0};
    Checked ltv_sum{0};
    Checked threshold_sum{0};
    for (std::size_t i = 0; i < reserves_.size(); ++i)
    {
        if (!user_config.is_collateral(i) && !user_config.is_borrowing(i))
            continue;
        const auto& reserve = reserves_[i];
        const auto& config = reader.read(configs_, i);
        const auto& position = reader.read(*reserve.positions, user);
        const auto& price = reader.read(oracle_->prices(), index(reserve.token_id)).price;
        if ((config.liquidation_threshold_bps != 0 || is_v37()) && user_config.is_collateral(i))
        {
            const auto value = RUNNEL_TRY(aave_v3::quotient_down(
                aave_v3::supplied_of(version_, position.supplied_scaled, income(i)) * price,
                reserve.unit));
            collateral_sum = RUNNEL_TRY(collateral_sum + value);
            if (config.ltv_bps != 0)
                ltv_sum = RUNNEL_TRY(ltv_sum + Checked{value} * config.ltv_bps);
            else
                data.has_zero_ltv_collateral = true;
            threshold_sum =
                RUNNEL_TRY(threshold_sum + Checked{value} * config.liquidation_threshold_bps);
        }
        if (user_config.is_borrowing(i) && !position.debt_scaled.is_zero())
        {
            const auto owed = aave_v3::debt_of(version_, position.debt_scaled, debt(i));
            debt_sum = RUNNEL_TRY(
                debt_sum + (is_v37()
                                   ? aave_v3::product_div_up(owed, price, reserve.unit)
                                   : aave_v3::quotient_down(Checked{price} * owed, reserve.unit)));
        }
    }
    data.collateral = collateral_sum.value;
    data.debt = debt_sum.value;
    if (!data.collateral.is_zero())
    {
        data.ltv = aave_v3::quotient_down(ltv_sum, data.collateral).value;
        data.liquidation_threshold = aave_v3::quotient_down(threshold_sum, data.collateral).value;
    }
    if (!data.debt.is_zero() && is_v37())
    {
        data.health_factor = RUNNEL_TRY(aave_v3::quotient_down(
            aave_v3::wad_div_half_up(threshold_sum, data.debt), aave_v3::bps_denominator));
    }
    else if (!data.debt.is_zero())
    {
        data.health_factor = RUNNEL_TRY(aave_v3::wad_div_half_up(
            aave_v3::percent_mul_half_up(data.collateral, data.liquidation_threshold), data.debt));
    }
    return data;
}

}  // namespace runnel::contracts
