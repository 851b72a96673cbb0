#pragma once

#include "ledger/int256.hpp"
#include "ledger/result.hpp"

#include <cstdint>

/// Fixed-point arithmetic of MakerDAO's dss.
///
/// Units: wad 1e-18, ray 1e-27, rad 1e-45 (a wad times a ray). Quotients are rounded down, powers
/// half up at every step. Failure: the hand-written guards of Solidity 0.6 revert without data; a
/// divisor of 0 is an invalid opcode.
/// Source: makerdao/dss, src/{vat,jug,pot,clip,abaci}.sol.
namespace runnel::contracts::makerdao_dss
{

inline constexpr Amount wad{1'000'000'000'000'000'000ULL};
inline constexpr Amount ray{0, 0, 0x33B2E3CULL, 0x9FD0803CE8000000ULL};
inline constexpr Amount billion{1'000'000'000ULL};  // From a wad to a ray.

/// What a checked expression comes to, worded as dss words its failure.
[[nodiscard]] Result<Amount> guarded(const Checked& value);

/// a + b, a - b if b is negative; no reason where it leaves 256 bits.
[[nodiscard]] Result<Amount> add_signed(const Amount& a, const Int256& b);
/// a - b.
[[nodiscard]] Result<Amount> sub_signed(const Amount& a, const Int256& b);
/// a * b; no reason if a or the product leaves 255 bits.
[[nodiscard]] Result<Int256> mul_signed(const Amount& a, const Int256& b);
/// a - b of two that fit 255 bits.
[[nodiscard]] Result<Int256> difference(const Amount& a, const Amount& b);

/// a * b / 1e27, a * b / 1e18, a * 1e27 / b.
[[nodiscard]] Result<Amount> ray_mul_down(const Amount& a, const Amount& b);
[[nodiscard]] Result<Amount> wad_mul_down(const Amount& a, const Amount& b);
[[nodiscard]] Result<Amount> ray_div_down(const Amount& a, const Amount& b);

/// x^n of a ray, by squaring; every product is rounded half up, in this order:
///
///     z = n odd ? x : 1;  while (n /= 2) { x = x * x; if (n odd) z = z * x }
[[nodiscard]] Result<Amount> ray_pow_half_up(Amount x, Amount n);

}  // namespace runnel::contracts::makerdao_dss
