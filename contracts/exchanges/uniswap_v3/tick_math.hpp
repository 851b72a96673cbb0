#pragma once

#include "contracts/exchanges/uniswap_v3/full_math.hpp"

#include <cstdint>

/// Ticks and the prices they stand for: tick i is the price 1.0001^i of token0 in token1.
/// Source: Uniswap v3-core `TickMath.sol`, `Tick.sol`; Adams et al., "Uniswap v3 Core" (2021), 6.1.
namespace runnel::contracts::uniswap_v3
{

inline constexpr std::int32_t min_tick = -887'272;
inline constexpr std::int32_t max_tick = 887'272;
/// sqrt_ratio_at_tick() of the two.
inline constexpr Amount min_sqrt_ratio = 4'295'128'739;
inline constexpr Amount max_sqrt_ratio{0, 0xfffd8963, 0xefd1fc6a50648849, 0x5d951d5263988d26};

/// sqrt(1.0001^tick) * 2^96, rounded up; what is rounded is a product of roundings of its own.
/// Errors: T beyond min_tick and max_tick.
[[nodiscard]] Result<Amount> sqrt_ratio_at_tick(std::int32_t tick);

/// The largest tick whose sqrt_ratio_at_tick() is not above @p sqrt_price.
/// Errors: R below min_sqrt_ratio, and from max_sqrt_ratio on.
[[nodiscard]] Result<std::int32_t> tick_at_sqrt_ratio(const Amount& sqrt_price);

/// How much liquidity may refer to one tick, so that all of them together fit 128 bits; rounded
/// down. Errors: an invalid opcode for a spacing of 0.
[[nodiscard]] Result<Amount> max_liquidity_per_tick(std::int32_t tick_spacing);

}  // namespace runnel::contracts::uniswap_v3
