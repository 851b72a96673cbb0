#pragma once

#include "ledger/int256.hpp"
#include "ledger/result.hpp"

/// Balancer v2's arithmetic with 18 digits behind the point: FixedPoint and LogExpMath.
///
/// Errors are numbered, BAL#003; what Solidity 0.7 itself refuses is an invalid opcode.
/// Source: `@balancer-labs/v2-solidity-utils` 4.0.0.
namespace runnel::contracts::balancer_weighted
{

inline constexpr std::uint64_t one = 1'000'000'000'000'000'000;

/// Errors: BAL#000.
[[nodiscard]] Result<Amount> add(const Amount& a, const Amount& b);
/// Errors: BAL#001 below 0.
[[nodiscard]] Result<Amount> sub(const Amount& a, const Amount& b);
/// Errors: BAL#003 if a product does not fit.
[[nodiscard]] Result<Amount> mul_fixed_down(const Amount& a, const Amount& b);
[[nodiscard]] Result<Amount> mul_fixed_up(const Amount& a, const Amount& b);
/// Errors: BAL#004 by 0; BAL#005 if the scaled dividend does not fit.
[[nodiscard]] Result<Amount> div_fixed_down(const Amount& a, const Amount& b);
[[nodiscard]] Result<Amount> div_fixed_up(const Amount& a, const Amount& b);
/// 1 - x, at least 0.
[[nodiscard]] Amount complement(const Amount& x) noexcept;

/// x^y, with a relative error below 10^-14 either way. y = 0 gives 1 even of x = 0.
/// Errors: BAL#006 of a base from 2^255 on, BAL#007 of an exponent from 2^254 / 10^20 on, BAL#008
/// if y ln x is not from -41 to 130.
[[nodiscard]] Result<Amount> pow(const Amount& x, const Amount& y);
/// pow() less, or more, its error; exponents 1, 2 and 4 are exact multiplications.
[[nodiscard]] Result<Amount> pow_down(const Amount& x, const Amount& y);
[[nodiscard]] Result<Amount> pow_up(const Amount& x, const Amount& y);

/// Errors: BAL#009 unless from -41 to 130.
[[nodiscard]] Result<Amount> exp(const Int256& x);
/// Errors: BAL#100 unless above 0.
[[nodiscard]] Result<Int256> ln(const Int256& a);
/// The logarithm of @p a to @p base. Errors: an invalid opcode of 0, or to base 1.
[[nodiscard]] Result<Int256> log(const Int256& a, const Int256& base);

}  // namespace runnel::contracts::balancer_weighted
