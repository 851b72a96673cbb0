#pragma once

namespace runnel
{

// Elementary functions with the same bits on every IEEE 754 machine, compiler and build type.
//
// libm differs between machines, so these use + - * / and sqrt only, which IEEE 754 rounds
// correctly, and the bits of the representation for powers of two. The build forbids contraction
// into fused operations (-ffp-contract=off). A constant folded by the compiler has the same bits.

/// e^x. Relative error below 1e-15 where the result is normal.
///
/// Above 709.79 infinity, below -745.14 zero, NaN for NaN.
/// Method: x = k * ln(2) + r with |r| <= ln(2) / 2, where ln(2) is the sum of two doubles of which
/// the first times k is exact; Taylor's polynomial of degree 14 at r; then k goes into the
/// exponent.
[[nodiscard]] double portable_exp(double x) noexcept;

/// The natural logarithm. Relative error below 1e-15, also near 1 and for subnormal numbers.
///
/// -infinity for 0, NaN below 0 and for NaN, infinity for infinity.
/// Method: x = m * 2^k with m in [sqrt(1/2), sqrt(2)); ln(m) = 2 * artanh((m - 1) / (m + 1)) by its
/// odd series to the 25th power; k * ln(2) is added in two parts.
[[nodiscard]] double portable_log(double x) noexcept;

/// base^exponent = e^(exponent * ln(base)), for a base that is not negative (NaN otherwise).
///
/// Relative error below 1e-15 * (1 + |exponent * ln(base)|). Anything to the power 0 is 1, and so
/// is 1 to any power. 0 to a negative power is infinity.
[[nodiscard]] double portable_pow(double base, double exponent) noexcept;

/// The x below which a standard normal variable falls with this @p probability.
///
/// -infinity for 0, infinity for 1, NaN outside of [0, 1]. Relative error about 1e-15.
/// Source: Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
/// Statistics 37 (1988), 477-484, routine PPND16.
[[nodiscard]] double inverse_normal_cdf(double probability) noexcept;

}  // namespace runnel
