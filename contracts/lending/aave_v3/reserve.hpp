#pragma once

#include "contracts/lending/aave_v3/interest_rate_strategy.hpp"
#include "contracts/lending/aave_v3/math.hpp"
#include "ledger/fields.hpp"

#include <cstdint>

namespace runnel::contracts::aave_v3
{

/// Which of Aave's releases a pool is. Their pools have the same calls, records and events;
/// formulas, roundings, orders of checks and errors differ.
enum class Version : std::uint8_t
{
    v3_0_2,
    v3_7,
};

/// What operations write of a reserve. Indexes in ray, rates in ray per year.
struct ReserveState
{
    Amount liquidity_index;
    Amount variable_borrow_index;
    Amount liquidity_rate;
    Amount variable_borrow_rate;
    Amount stable_borrow_rate;
    Amount accrued_to_treasury;  // Scaled by the liquidity index, not minted yet.
    Amount scaled_supply;        // Of aTokens, the treasury's included.
    Amount scaled_debt;
    std::uint64_t last_update = 0;  // Unix seconds; 0 before the first touch.
    // Ours, for the check of backing; no rate or balance depends on them.
    std::uint64_t roundings = 0;  // Operations so far that rounded an amount or an index.
    Amount excess_income_scaled;  // Credited beyond interest while rates were known stale.
    bool rates_stale = false;     // They were last computed for another cash or factor.
    RUNNEL_FIELDS((liquidity_index, ray), (variable_borrow_index, ray),
        (liquidity_rate, ray_per_year), (variable_borrow_rate, ray_per_year),
        (stable_borrow_rate, ray_per_year), (accrued_to_treasury, per_liquidity_index),
        (scaled_supply, per_liquidity_index), (scaled_debt, per_variable_borrow_index),
        (last_update, unix_seconds), roundings, (excess_income_scaled, per_liquidity_index),
        rates_stale);
};

/// What operations only read of a reserve, and the admin writes.
struct ReserveConfig
{
    std::uint16_t ltv_bps = 0;
    std::uint16_t liquidation_threshold_bps = 0;
    std::uint16_t liquidation_bonus_bps = 0;  // Of the debt's value: 10'500 is a bonus of 5 %.
    std::uint16_t reserve_factor_bps = 0;
    std::uint16_t liquidation_protocol_fee_bps = 0;  // Of the bonus.
    std::uint64_t supply_cap = 0;                    // Whole tokens; 0 is no cap.
    std::uint64_t borrow_cap = 0;
    bool frozen = false;
    bool paused = false;
    bool borrowing_enabled = false;
    bool flash_loan_enabled = false;
    RUNNEL_FIELDS((ltv_bps, bps), (liquidation_threshold_bps, bps), (liquidation_bonus_bps, bps),
        (reserve_factor_bps, bps), (liquidation_protocol_fee_bps, bps), (supply_cap, tokens),
        (borrow_cap, tokens), frozen, paused, borrowing_enabled, flash_loan_enabled);
};

/// A rate curve that the admin has set in place of the one a reserve began with; in bps.
struct RateCurve
{
    bool is_set = false;
    std::uint16_t optimal_usage_bps = 0;
    std::uint32_t base_rate_bps = 0;
    std::uint32_t slope1_bps = 0;
    std::uint32_t slope2_bps = 0;
    RUNNEL_FIELDS(is_set, (optimal_usage_bps, bps), (base_rate_bps, other("bps per year")),
        (slope1_bps, other("bps per year")), (slope2_bps, other("bps per year")));

    [[nodiscard]] InterestRateStrategy strategy() const;
};

/// What a reserve of v3.7 has beside.
struct ReserveExtra
{
    Amount virtual_balance;             // Cash without donations: what rates are computed from.
    Amount deficit;                     // Bad debt written off, which suppliers still are owed.
    std::uint16_t pending_ltv_bps = 0;  // Set aside while the reserve is frozen.
    RUNNEL_FIELDS((virtual_balance, smallest_unit_of_its("reserve")),
        (deficit, smallest_unit_of_its("reserve")), (pending_ltv_bps, bps));
};

/// What one account has in one reserve.
struct Position
{
    Amount supplied_scaled;
    Amount debt_scaled;
    RUNNEL_FIELDS((supplied_scaled, per_liquidity_index), (debt_scaled, per_variable_borrow_index));
};

/// Which reserves an account borrows and uses as collateral: bit 2 * id and bit 2 * id + 1.
struct UserConfig
{
    Amount bitmap;
    RUNNEL_FIELDS(bitmap);

    [[nodiscard]] constexpr bool is_empty() const noexcept { return bitmap.is_zero(); }
    [[nodiscard]] constexpr bool is_borrowing(std::size_t id) const noexcept
    {
        return bitmap.bit(static_cast<unsigned>(2 * id));
    }
    [[nodiscard]] constexpr bool is_collateral(std::size_t id) const noexcept
    {
        return bitmap.bit(static_cast<unsigned>(2 * id + 1));
    }
    [[nodiscard]] constexpr bool is_borrowing_any() const noexcept
    {
        constexpr std::uint64_t even = 0x5555'5555'5555'5555ULL;
        return !(bitmap & Amount{even, even, even, even}).is_zero();
    }
    constexpr void set_borrowing(std::size_t id, bool on) noexcept
    {
        bitmap.set_bit(static_cast<unsigned>(2 * id), on);
    }
    constexpr void set_collateral(std::size_t id, bool on) noexcept
    {
        bitmap.set_bit(static_cast<unsigned>(2 * id + 1), on);
    }
};

/// What holds for the whole pool.
struct PoolSettings
{
    std::uint16_t flash_loan_premium_total_bps = 0;
    std::uint16_t flash_loan_premium_to_protocol_bps = 0;  // Of the premium.
    RUNNEL_FIELDS((flash_loan_premium_total_bps, bps), (flash_loan_premium_to_protocol_bps, bps));
};

/// The liquidity index as it would be at @p now; what one scaled aToken is worth.
[[nodiscard]] Checked normalized_income(const ReserveState& reserve, std::uint64_t now);
/// The variable borrow index as it would be at @p now; what one scaled debt token owes.
[[nodiscard]] Checked normalized_debt(
    const ReserveState& reserve, std::uint64_t now, Version version = Version::v3_0_2);
/// What a scaled balance of aTokens is worth, and a scaled debt owes: v3.0.2 rounds half up, v3.7
/// rounds down what an account has and up what it owes.
[[nodiscard]] Checked supplied_of(Version version, const Checked& scaled, const Checked& income);
[[nodiscard]] Checked debt_of(Version version, const Checked& scaled, const Checked& index);

/// Brings the indexes to @p now and sets the treasury's part of the interest aside.
///
///     index  = ray_mul_half_up(growth since the last update, index)
///     minted = percent_mul_half_up(ray_mul_half_up(debt, new index) - ray_mul_half_up(debt, old
///     index), reserve factor) accrued_to_treasury += ray_div_half_up(minted, new liquidity index)
///
/// Nothing happens twice at one timestamp. The factor is today's, for the past period as well.
[[nodiscard]] Result<void> update_state(
    ReserveState& reserve, std::uint64_t reserve_factor_bps, std::uint64_t now);

/// The same of v3.7:
///
///     minted = percent_mul_half_up(ray_mul_down(debt, new index - old index), reserve factor)
///     accrued_to_treasury += ray_div_down(minted, new liquidity index)
[[nodiscard]] Result<void> update_state_v37(
    ReserveState& reserve, std::uint64_t reserve_factor_bps, std::uint64_t now);
/// Sets the rates of v3.7 for the debt as it is now and the virtual balance + @p added - @p taken,
/// and makes that the virtual balance.
[[nodiscard]] Result<void> update_rates_v37(ReserveState& reserve, ReserveExtra& extra,
    const InterestRateStrategy& strategy, std::uint64_t reserve_factor_bps, const Amount& added,
    const Amount& taken);
/// OpenZeppelin 5's SafeCast.
[[nodiscard]] Result<Amount> to_uint_v37(const Checked& value, unsigned bits);
/// Adds scaled aTokens or debt, which fit 120 bits, to @p balance and @p supply.
[[nodiscard]] Result<void> mint_v37(Amount& balance, Amount& supply, const Amount& scaled);
/// Takes them off. Errors: InvalidBurnAmount() of nothing; Panic(0x11).
[[nodiscard]] Result<void> burn_v37(Amount& balance, Amount& supply, const Amount& scaled);

/// Sets the rates for the debt as it is now and @p cash + @p added - @p taken.
[[nodiscard]] Result<void> update_rates(ReserveState& reserve, const InterestRateStrategy& strategy,
    std::uint64_t reserve_factor_bps, const Amount& cash, const Amount& added, const Amount& taken);

/// Mints ray_div_half_up(amount, index) to @p balance and @p supply. Returns whether the balance
/// was 0.
///
/// Errors: 24 if that is 0; SafeCast's text or Panic(0x11) beyond 128 bits.
[[nodiscard]] Result<bool> mint_scaled(
    Amount& balance, Amount& supply, const Amount& amount, const Amount& index);
/// Burns ray_div_half_up(amount, index) of @p balance and @p supply.
///
/// Errors: 25 if that is 0; Panic(0x11) if the balance is smaller, which half-up rounding can do.
[[nodiscard]] Result<void> burn_scaled(
    Amount& balance, Amount& supply, const Amount& amount, const Amount& index);
/// Moves ray_div_half_up(amount, index) between two balances, which may be the same.
///
/// Errors: Panic(0x11) if @p from is smaller.
[[nodiscard]] Result<void> move_scaled(
    Amount& from, Amount& to, const Amount& amount, const Amount& index);

}  // namespace runnel::contracts::aave_v3
