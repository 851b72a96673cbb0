#pragma once

#include <cstdint>

/// What the calls of Uniswap v3 use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::uniswap_v3::gas
{

inline constexpr std::uint64_t pool_deployment = 4'500'000;  // What the pool's code costs.
inline constexpr std::uint64_t crossed_tick = 27'000;        // Of a swap: four cold slots and more.
inline constexpr std::uint64_t bitmap_word = 3'000;          // Each word after the first.
inline constexpr std::uint64_t observation_slot = 22'200;    // A slot made ready.

inline constexpr std::uint64_t further_hop = 83'000;  // Of the router, each pool after the first.

}  // namespace runnel::contracts::uniswap_v3::gas
