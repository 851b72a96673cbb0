#include "contracts/lending/aave_v3/reserve.hpp"

#include "contracts/lending/aave_v3/errors.hpp"

namespace runnel::contracts::aave_v3
{

Checked normalized_income(const ReserveState& reserve, std::uint64_t now)
{
    if (reserve.last_update == now)
        return reserve.liquidity_index;
    return ray_mul_half_up(
        linear_interest(reserve.liquidity_rate, reserve.last_update, now), reserve.liquidity_index);
}

Checked normalized_debt(const ReserveState& reserve, std::uint64_t now, Version version)
{
    if (reserve.last_update == now)
        return reserve.variable_borrow_index;
    const auto growth =
        version == Version::v3_7
            ? compounded_interest_v37(reserve.variable_borrow_rate, reserve.last_update, now)
            : compounded_interest(reserve.variable_borrow_rate, reserve.last_update, now);
    return ray_mul_half_up(growth, reserve.variable_borrow_index);
}

Checked supplied_of(Version version, const Checked& scaled, const Checked& income)
{
    return version == Version::v3_7 ? ray_mul_down(scaled, income)
                                    : ray_mul_half_up(scaled, income);
}

Checked debt_of(Version version, const Checked& scaled, const Checked& index)
{
    return version == Version::v3_7 ? ray_mul_up(scaled, index) : ray_mul_half_up(scaled, index);
}

Result<Amount> to_uint_v37(const Checked& value, unsigned bits)
{
    const auto amount = RUNNEL_TRY(value);
    RUNNEL_REQUIRE(amount.bit_width() <= bits,
        Refusal::custom("SafeCastOverflowedUintDowncast").with(Amount{bits}).with(amount));
    return amount;
}

Result<void> mint_v37(Amount& balance, Amount& supply, const Amount& scaled)
{
    constexpr unsigned balance_bits = 120;
    RUNNEL_TRY(to_uint_v37(scaled, balance_bits));
    const auto sum = RUNNEL_TRY(Checked{balance} + scaled);
    RUNNEL_REQUIRE(sum.bit_width() <= balance_bits, Refusal::panic(0x11));
    supply = RUNNEL_TRY(Checked{supply} + scaled);
    balance = sum;
    return {};
}

Result<void> burn_v37(Amount& balance, Amount& supply, const Amount& scaled)
{
    RUNNEL_REQUIRE(!scaled.is_zero(), Refusal::custom("InvalidBurnAmount"));
    balance = RUNNEL_TRY(Checked{balance} - scaled);
    supply = RUNNEL_TRY(Checked{supply} - scaled);
    return {};
}

Result<void> update_state_v37(
    ReserveState& reserve, std::uint64_t reserve_factor_bps, std::uint64_t now)
{
    constexpr unsigned index_bits = 128;
    if (reserve.last_update == now)
        return {};
    const auto old_borrow_index = reserve.variable_borrow_index;
    if (!reserve.liquidity_rate.is_zero())
    {
        const auto income = normalized_income(reserve, now);
        reserve.liquidity_index = RUNNEL_TRY(to_uint_v37(income, index_bits));
    }
    if (!reserve.scaled_debt.is_zero())
    {
        const auto debt = normalized_debt(reserve, now, Version::v3_7);
        reserve.variable_borrow_index = RUNNEL_TRY(to_uint_v37(debt, index_bits));
    }
    reserve.last_update = now;
    ++reserve.roundings;
    if (reserve_factor_bps == 0)
        return {};
    const auto interest = ray_mul_down(
        reserve.scaled_debt, Checked{reserve.variable_borrow_index} - old_borrow_index);
    const auto minted = RUNNEL_TRY(percent_mul_half_up(interest, reserve_factor_bps));
    if (!minted.is_zero())
    {
        const auto scaled =
            RUNNEL_TRY(to_uint_v37(ray_div_down(minted, reserve.liquidity_index), index_bits));
        reserve.accrued_to_treasury = RUNNEL_TRY(add_uint128(reserve.accrued_to_treasury, scaled));
    }
    return {};
}

Result<void> update_rates_v37(ReserveState& reserve, ReserveExtra& extra,
    const InterestRateStrategy& strategy, std::uint64_t reserve_factor_bps, const Amount& added,
    const Amount& taken)
{
    constexpr unsigned rate_bits = 128;
    RateInputs inputs;
    inputs.cash = extra.virtual_balance;
    inputs.liquidity_added = added;
    inputs.liquidity_taken = taken;
    inputs.total_variable_debt =
        RUNNEL_TRY(ray_mul_up(reserve.scaled_debt, reserve.variable_borrow_index));
    inputs.unbacked = extra.deficit;
    inputs.reserve_factor = reserve_factor_bps;
    const auto rates = RUNNEL_TRY(strategy.rates_v37(inputs));
    reserve.liquidity_rate = RUNNEL_TRY(to_uint_v37(rates.liquidity, rate_bits));
    reserve.variable_borrow_rate = RUNNEL_TRY(to_uint_v37(rates.variable, rate_bits));
    const auto in = RUNNEL_TRY(to_uint_v37(added, rate_bits));
    const auto more = RUNNEL_TRY(add_uint128(extra.virtual_balance, in));
    const auto out = RUNNEL_TRY(to_uint_v37(taken, rate_bits));
    extra.virtual_balance = RUNNEL_TRY(Checked{more} - out);
    ++reserve.roundings;
    return {};
}

Result<void> update_state(
    ReserveState& reserve, std::uint64_t reserve_factor_bps, std::uint64_t now)
{
    if (reserve.last_update == now)
        return {};
    const auto old_liquidity_index = reserve.liquidity_index;
    const auto old_borrow_index = reserve.variable_borrow_index;
    const auto earning = Checked{reserve.scaled_supply} + reserve.accrued_to_treasury;
    if (!reserve.liquidity_rate.is_zero())
        reserve.liquidity_index = RUNNEL_TRY(to_uint128(normalized_income(reserve, now)));
    if (!reserve.scaled_debt.is_zero())
        reserve.variable_borrow_index = RUNNEL_TRY(to_uint128(normalized_debt(reserve, now)));
    reserve.last_update = now;
    ++reserve.roundings;

    const auto interest = ray_mul_half_up(reserve.scaled_debt, reserve.variable_borrow_index) -
                          ray_mul_half_up(reserve.scaled_debt, old_borrow_index);
    Amount minted;
    if (reserve_factor_bps != 0)
    {
        minted = RUNNEL_TRY(percent_mul_half_up(interest, reserve_factor_bps));
        if (!minted.is_zero())
        {
            const auto scaled =
                RUNNEL_TRY(to_uint128(ray_div_half_up(minted, reserve.liquidity_index)));
            reserve.accrued_to_treasury =
                RUNNEL_TRY(add_uint128(reserve.accrued_to_treasury, scaled));
        }
    }
    if (reserve.rates_stale)
    {
        const auto credited = ray_mul_half_up(earning, reserve.liquidity_index) -
                              ray_mul_half_up(earning, old_liquidity_index) + minted;
        const auto excess = credited - interest;  // Overflow here: there is none.
        if (excess.ok())
        {
            reserve.excess_income_scaled = wrapping_add(reserve.excess_income_scaled,
                ray_div_half_up(excess, reserve.liquidity_index).value);
        }
    }
    return {};
}

InterestRateStrategy RateCurve::strategy() const
{
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = ray_of_bps(optimal_usage_bps);
    strategy.base_variable_borrow_rate = ray_of_bps(base_rate_bps);
    strategy.variable_rate_slope1 = ray_of_bps(slope1_bps);
    strategy.variable_rate_slope2 = ray_of_bps(slope2_bps);
    strategy.optimal_stable_to_total_debt_ratio = ray;
    return strategy;
}

Result<void> update_rates(ReserveState& reserve, const InterestRateStrategy& strategy,
    std::uint64_t reserve_factor_bps, const Amount& cash, const Amount& added, const Amount& taken)
{
    RateInputs inputs;
    inputs.cash = cash;
    inputs.liquidity_added = added;
    inputs.liquidity_taken = taken;
    inputs.total_variable_debt =
        RUNNEL_TRY(ray_mul_half_up(reserve.scaled_debt, reserve.variable_borrow_index));
    inputs.reserve_factor = reserve_factor_bps;
    const auto rates = RUNNEL_TRY(strategy.rates(inputs));
    reserve.liquidity_rate = RUNNEL_TRY(to_uint128(rates.liquidity));
    reserve.stable_borrow_rate = RUNNEL_TRY(to_uint128(rates.stable));
    reserve.variable_borrow_rate = RUNNEL_TRY(to_uint128(rates.variable));
    reserve.rates_stale = false;
    ++reserve.roundings;
    return {};
}

Result<bool> mint_scaled(Amount& balance, Amount& supply, const Amount& amount, const Amount& index)
{
    const auto scaled = RUNNEL_TRY(ray_div_half_up(amount, index));
    RUNNEL_REQUIRE(!scaled.is_zero(), Refusal::error(errors::invalid_mint_amount));
    const bool is_first = balance.is_zero();
    RUNNEL_TRY(to_uint128(scaled));
    supply = RUNNEL_TRY(Checked{supply} + scaled);
    balance = RUNNEL_TRY(add_uint128(balance, scaled));
    return is_first;
}

Result<void> burn_scaled(Amount& balance, Amount& supply, const Amount& amount, const Amount& index)
{
    const auto scaled = RUNNEL_TRY(ray_div_half_up(amount, index));
    RUNNEL_REQUIRE(!scaled.is_zero(), Refusal::error(errors::invalid_burn_amount));
    RUNNEL_TRY(to_uint128(scaled));
    supply = RUNNEL_TRY(Checked{supply} - scaled);
    balance = RUNNEL_TRY(Checked{balance} - scaled);
    return {};
}

Result<void> move_scaled(Amount& from, Amount& to, const Amount& amount, const Amount& index)
{
    const auto scaled = RUNNEL_TRY(to_uint128(ray_div_half_up(amount, index)));
    from = RUNNEL_TRY(Checked{from} - scaled);
    to = RUNNEL_TRY(add_uint128(to, scaled));
    return {};
}

}  // namespace runnel::contracts::aave_v3
