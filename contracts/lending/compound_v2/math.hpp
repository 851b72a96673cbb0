#pragma once

#include "ledger/fields.hpp"
#include "ledger/result.hpp"

#include <cstdint>

/// Fixed-point arithmetic of Compound v2: ExponentialNoError and JumpRateModelV2.
///
/// Units: mantissas are 1e-18, COMP's indexes 1e-36, rates are per block. Every quotient is rounded
/// down. Failure: Panic(0x11) on overflow, Panic(0x12) where a divisor is 0.
/// Source: compound-finance/compound-protocol, contracts/ExponentialNoError.sol and
/// contracts/BaseJumpRateModelV2.sol.
namespace runnel::contracts::compound_v2
{

inline constexpr Amount one{1'000'000'000'000'000'000ULL};                               // 1e18
inline constexpr Amount double_one{0, 0, 0x00C097CE7BC90715ULL, 0xB34B9F1000000000ULL};  // 1e36

/// Of the deployed model: 15 seconds each, whatever blocks take today.
inline constexpr std::uint64_t blocks_per_year = 2'102'400;
/// CTokenInterfaces.sol: 0.0005 % per block.
inline constexpr Amount borrow_rate_max{5'000'000'000'000ULL};
/// CTokenInterfaces.sol: what the protocol keeps of seized collateral, 2.8 %.
inline constexpr Amount protocol_seize_share{28'000'000'000'000'000ULL};
/// Comptroller.sol: no collateral factor is above 0.9.
inline constexpr Amount collateral_factor_max{900'000'000'000'000'000ULL};

/// a * b / 1e18
[[nodiscard]] inline Checked multiply_down(const Checked& a, const Checked& b)
{
    return a * b / one;
}
/// a * 1e18 / b
[[nodiscard]] inline Checked divide_down(const Checked& a, const Checked& b)
{
    return a * one / b;
}

/// The rate of a market by its utilization: one slope up to the kink, another one beyond it.
struct JumpRateModel
{
    Amount base_rate_per_block;
    Amount multiplier_per_block;       // Of full utilization, if there were no kink.
    Amount jump_multiplier_per_block;  // The same beyond the kink.
    Amount kink;                       // Utilization, 1e18 is all.
    RUNNEL_FIELDS((base_rate_per_block, other("1e-18 per block")),
        (multiplier_per_block, other("1e-18 per block")),
        (jump_multiplier_per_block, other("1e-18 per block")), (kink, wad));

    /// As the deployed model computes them.
    ///
    ///     base       = base_per_year / blocks_per_year
    ///     multiplier = multiplier_per_year * 1e18 / (blocks_per_year * kink)
    ///     jump       = jump_per_year / blocks_per_year
    ///
    /// Errors: Panic(0x11), of a kink of 0 Panic(0x12).
    [[nodiscard]] static Result<JumpRateModel> checked_per_year(const Amount& base,
        const Amount& multiplier, const Amount& jump_multiplier, const Amount& kink);
    /// The same of values that somebody has checked; a bug where they are refused.
    [[nodiscard]] static JumpRateModel per_year(const Amount& base, const Amount& multiplier,
        const Amount& jump_multiplier, const Amount& kink);

    /// borrows * 1e18 / (cash + borrows - reserves); 0 without borrows.
    [[nodiscard]] static Checked utilization_down(
        const Checked& cash, const Checked& borrows, const Checked& reserves);
    ///     utilization * multiplier / 1e18 + base                                up to the kink
    ///     (utilization - kink) * jump / 1e18 + (kink * multiplier / 1e18 + base)    beyond
    [[nodiscard]] Checked borrow_rate_down(
        const Checked& cash, const Checked& borrows, const Checked& reserves) const;
    /// utilization * (borrow rate * (1e18 - reserve_factor) / 1e18) / 1e18
    [[nodiscard]] Checked supply_rate_down(const Checked& cash, const Checked& borrows,
        const Checked& reserves, const Checked& reserve_factor) const;
};

}  // namespace runnel::contracts::compound_v2
