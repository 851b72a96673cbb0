#pragma once

#include <cstdint>

/// What the calls of Uniswap v4 use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::uniswap_v4::gas
{

inline constexpr std::uint64_t crossed_tick = 12'000;   // Of a swap: cold slots of its tick.
inline constexpr std::uint64_t bitmap_word = 3'000;     // Each word after the first.
inline constexpr std::uint64_t callback = 14'000;       // Of a hook, each: a cold account's code.
inline constexpr std::uint64_t removal_saves = 68'000;  // Slots that are there, or become empty.
inline constexpr std::uint64_t same_saves = 20'000;     // A slot set to what it holds.
inline constexpr std::uint64_t native_saves = 7'500;    // Of what moves coins and no token.

inline constexpr std::uint64_t further_hop = 60'000;  // Of the router, each pool after the first.

}  // namespace runnel::contracts::uniswap_v4::gas
