#include "contracts/lending/compound_v2/math.hpp"

#include "ledger/check.hpp"

namespace runnel::contracts::compound_v2
{

Result<JumpRateModel> JumpRateModel::checked_per_year(
    const Amount& base, const Amount& multiplier, const Amount& jump_multiplier, const Amount& kink)
{
    JumpRateModel model;
    model.base_rate_per_block = div_down(base, Amount{blocks_per_year});
    model.multiplier_per_block =
        RUNNEL_TRY(Checked{multiplier} * one / (Checked{blocks_per_year} * kink));
    model.jump_multiplier_per_block = div_down(jump_multiplier, Amount{blocks_per_year});
    model.kink = kink;
    return model;
}

JumpRateModel JumpRateModel::per_year(
    const Amount& base, const Amount& multiplier, const Amount& jump_multiplier, const Amount& kink)
{
    const auto model = checked_per_year(base, multiplier, jump_multiplier, kink);
    RUNNEL_CHECK(model.has_value());
    return *model;
}

Checked JumpRateModel::utilization_down(
    const Checked& cash, const Checked& borrows, const Checked& reserves)
{
    if (borrows.ok() && borrows.value.is_zero())
        return 0;
    return divide_down(borrows, cash + borrows - reserves);
}

Checked JumpRateModel::borrow_rate_down(
    const Checked& cash, const Checked& borrows, const Checked& reserves) const
{
    const auto utilization = utilization_down(cash, borrows, reserves);
    if (!utilization.ok())
        return utilization;
    if (utilization.value <= kink)
        return multiply_down(utilization, multiplier_per_block) + base_rate_per_block;
    const auto normal = multiply_down(kink, multiplier_per_block) + base_rate_per_block;
    return multiply_down(utilization - kink, jump_multiplier_per_block) + normal;
}

Checked JumpRateModel::supply_rate_down(const Checked& cash, const Checked& borrows,
    const Checked& reserves, const Checked& reserve_factor) const
{
    const auto to_suppliers = Checked{one} - reserve_factor;
    const auto rate = multiply_down(borrow_rate_down(cash, borrows, reserves), to_suppliers);
    return multiply_down(utilization_down(cash, borrows, reserves), rate);
}

}  // namespace runnel::contracts::compound_v2
