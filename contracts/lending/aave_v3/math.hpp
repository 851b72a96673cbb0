#pragma once

#include "ledger/result.hpp"

#include <cstdint>

/// Fixed-point arithmetic of Aave v3.0.2: WadRayMath, PercentageMath, MathUtils.
///
/// Units: wad 1e-18, ray 1e-27, percentages in basis points (1e-4). Products and quotients are
/// rounded half up: a result never differs from the exact one by more than half a unit, in either
/// direction. Failure: where the numerator leaves 256 bits, or a divisor is 0, the libraries'
/// assembly reverts without data (Fault::guard); plain arithmetic panics.
/// Source: @aave/core-v3 1.19.3, contracts/protocol/libraries/math.
namespace runnel::contracts::aave_v3
{

inline constexpr Amount wad{1'000'000'000'000'000'000ULL};
inline constexpr Amount ray{0, 0, 0x33B2E3CULL, 0x9FD0803CE8000000ULL};
inline constexpr std::uint64_t bps_denominator = 10'000;
inline constexpr std::uint64_t seconds_per_year = 31'536'000;

/// a / b rounded down, as Solidity's `/`; the same as Amount's, limb by limb.
[[nodiscard]] Checked quotient_down(const Checked& a, const Checked& b);
/// (a * b + wad / 2) / wad
[[nodiscard]] Checked wad_mul_half_up(const Checked& a, const Checked& b);
/// (a * wad + b / 2) / b
[[nodiscard]] Checked wad_div_half_up(const Checked& a, const Checked& b);
/// (a * b + ray / 2) / ray
[[nodiscard]] Checked ray_mul_half_up(const Checked& a, const Checked& b);
/// (a * ray + b / 2) / b
[[nodiscard]] Checked ray_div_half_up(const Checked& a, const Checked& b);
/// a / 1e9, rounded half up; never fails.
[[nodiscard]] Checked ray_to_wad_half_up(const Checked& a);
/// a * 1e9
[[nodiscard]] Checked wad_to_ray(const Checked& a);
/// bps * 1e23
[[nodiscard]] Amount ray_of_bps(std::uint64_t bps);
/// (value * bps + 5'000) / 10'000
[[nodiscard]] Checked percent_mul_half_up(const Checked& value, const Checked& bps);
/// (value * 10'000 + bps / 2) / bps
[[nodiscard]] Checked percent_div_half_up(const Checked& value, const Checked& bps);

// Of v3.7, which says for each amount in whose favour it is rounded; the same guards.

/// a * b / ray
[[nodiscard]] Checked ray_mul_down(const Checked& a, const Checked& b);
[[nodiscard]] Checked ray_mul_up(const Checked& a, const Checked& b);
/// a * ray / b
[[nodiscard]] Checked ray_div_down(const Checked& a, const Checked& b);
[[nodiscard]] Checked ray_div_up(const Checked& a, const Checked& b);
/// value * bps / 10'000
[[nodiscard]] Checked percent_mul_down(const Checked& value, const Checked& bps);
[[nodiscard]] Checked percent_mul_up(const Checked& value, const Checked& bps);
/// value * 10'000 / bps
[[nodiscard]] Checked percent_div_down(const Checked& value, const Checked& bps);
[[nodiscard]] Checked percent_div_up(const Checked& value, const Checked& bps);
/// a * b / c; the product must fit 256 bits.
[[nodiscard]] Checked product_div_up(const Checked& a, const Checked& b, const Checked& c);

/// Growth of what borrowers owe in v3.7, with x = rate * (now - last) / seconds_per_year:
///
///     ray + x + ray_mul_half_up(x, x / 2 + ray_mul_half_up(x, x / 6))
[[nodiscard]] Checked compounded_interest_v37(
    const Checked& rate, const Checked& last, const Checked& now);

/// Growth of what suppliers own, without compounding; rate in ray per year, times in unix seconds.
///
///     ray + rate * (now - last) / seconds_per_year         rounded down
///
/// Errors: Panic(0x11) if now is before last, or on overflow.
[[nodiscard]] Checked linear_interest(const Checked& rate, const Checked& last, const Checked& now);

/// Growth of what borrowers owe: the first terms of (1 + rate / seconds_per_year)^n with
/// n = now - last.
///
///     p2 = ray_mul_half_up(rate, rate) / seconds_per_year^2
///     p3 = ray_mul_half_up(p2, rate) / seconds_per_year
///     ray + rate * n / seconds_per_year + n * (n-1) * p2 / 2 + n * (n-1) * max(n-2, 0) * p3 / 6
///
/// Every quotient is rounded down, which favours the borrower against exact compounding.
/// Errors: Panic(0x11) if now is before last, or on overflow; no reason from ray_mul_half_up().
[[nodiscard]] Checked compounded_interest(
    const Checked& rate, const Checked& last, const Checked& now);

/// Storage slots of 128 bits: what does not fit is refused with SafeCast's text.
[[nodiscard]] Result<Amount> to_uint128(const Checked& value);
/// a + b as Solidity adds two uint128: Panic(0x11) above 2^128 - 1.
[[nodiscard]] Checked add_uint128(const Amount& a, const Amount& b);

}  // namespace runnel::contracts::aave_v3
