#pragma once

#include "ledger/int256.hpp"
#include "ledger/result.hpp"

/// What the arithmetic of concentrated liquidity is made of. Whatever does not fit reverts without
/// data, as the deployed code's guards do; products and quotients have 512 bits in between.
/// Source: Uniswap v3-core `FullMath.sol`, `UnsafeMath.sol`, `SafeCast.sol`, `LowGasSafeMath.sol`.
namespace runnel::contracts::uniswap_v3
{

inline constexpr Amount uint128_max = wrapping_sub(Amount::power_of_two(128), 1);
inline constexpr Amount uint160_max = wrapping_sub(Amount::power_of_two(160), 1);
inline constexpr unsigned fixed_point_96 = 96;  // Bits behind the point of square roots of prices,
inline constexpr unsigned fixed_point_128 = 128;  // and of fee growth.

[[nodiscard]] inline Result<Amount> guarded(const Checked& checked)
{
    RUNNEL_REQUIRE(checked.ok(), Refusal::empty());
    return checked.value;
}

/// a * b / denominator, rounded down.
[[nodiscard]] inline Result<Amount> mul_div_rounding_down(
    const Amount& a, const Amount& b, const Amount& denominator)
{
    return guarded(mul_div_down(a, b, denominator));
}
/// The same rounded up.
[[nodiscard]] inline Result<Amount> mul_div_rounding_up(
    const Amount& a, const Amount& b, const Amount& denominator)
{
    return guarded(mul_div_up(a, b, denominator));
}
/// a * b / 2^bits, rounded down.
[[nodiscard]] inline Result<Amount> mul_shift_rounding_down(
    const Amount& a, const Amount& b, unsigned bits)
{
    return guarded(mul_shift_down(a, b, bits));
}
/// The same rounded up.
[[nodiscard]] inline Result<Amount> mul_shift_rounding_up(
    const Amount& a, const Amount& b, unsigned bits)
{
    return guarded(mul_shift_up(a, b, bits));
}

/// Rounded up; 0 by 0, as the EVM divides.
[[nodiscard]] inline Amount div_rounding_up(const Amount& dividend, const Amount& divisor)
{
    if (divisor.is_zero())
        return {};
    const auto quotient = div_down(dividend, divisor);
    const bool is_exact = wrapping_mul(quotient, divisor) == dividend;
    return is_exact ? quotient : wrapping_add(quotient, 1);
}

/// SafeCast's toInt256.
[[nodiscard]] inline Result<Int256> to_int256(const Amount& amount)
{
    RUNNEL_REQUIRE(!amount.bit(255), Refusal::empty());
    return Int256::from_bits(amount);
}
/// toInt128 of what is not negative.
[[nodiscard]] inline Result<Int256> to_int128(const Amount& amount)
{
    RUNNEL_REQUIRE(amount < Amount::power_of_two(127), Refusal::empty());
    return Int256::from_bits(amount);
}

/// a + b and a - b; a sum that leaves 256 bits reverts.
[[nodiscard]] inline Result<Int256> add(const Int256& a, const Int256& b)
{
    const auto sum = Int256::from_bits(wrapping_add(a.bits, b.bits));
    RUNNEL_REQUIRE((sum >= a) != b.is_negative(), Refusal::empty());
    return sum;
}
[[nodiscard]] inline Result<Int256> subtract(const Int256& a, const Int256& b)
{
    const auto difference = Int256::from_bits(wrapping_sub(a.bits, b.bits));
    RUNNEL_REQUIRE((difference <= a) != b.is_negative(), Refusal::empty());
    return difference;
}

/// Whether a number fits int128.
[[nodiscard]] inline bool fits_int128(const Int256& value)
{
    return wrapping_add(value.bits, Amount::power_of_two(127)).fits_uint128();
}

}  // namespace runnel::contracts::uniswap_v3
