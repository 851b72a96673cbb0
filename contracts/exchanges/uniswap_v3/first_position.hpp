#pragma once

#include "ledger/amount.hpp"

#include <cstdint>
#include <optional>

/// How a scenario says what a pool of concentrated liquidity begins with.
namespace runnel::contracts::uniswap_v3
{

/// The first liquidity of a scenario's pool.
struct FirstPosition
{
    Amount price;  // A square root with 96 bits behind the point.
    std::int32_t lower = 0;
    std::int32_t upper = 0;
    Amount liquidity;
};

/// From amounts that make the price, and how far around it the liquidity is: 10000 is between half
/// and twice of it; 0: all prices. Empty if they make no price, or no liquidity, or more than
/// @p liquidity_max.
[[nodiscard]] std::optional<FirstPosition> first_position(const Amount& amount0,
    const Amount& amount1, std::int64_t range_bps, std::int32_t spacing,
    const Amount& liquidity_max);

}  // namespace runnel::contracts::uniswap_v3
