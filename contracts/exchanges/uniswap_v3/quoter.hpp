#pragma once

#include "contracts/exchanges/uniswap_v3/pool.hpp"

#include <cstdint>

namespace runnel::contracts::uniswap_v3
{

/// What QuoterV2 says of one pool.
struct QuoterAnswer
{
    Amount amount;  // Paid out by a swap of exact input, paid in by one of exact output.
    Amount sqrt_price_after_x96;
    std::uint32_t initialized_ticks_crossed = 0;
};

/// What a swap on committed state would do; along a path, one pool after the other: each of them is
/// asked as if the others did not move.
///
/// @p limit is 0 for none; a swap of exact output must then be able to pay it all.
/// Errors: those of the pool that have a name; Unexpected error for those without, and for a swap
/// that moves nothing. Source: Uniswap v3-periphery `QuoterV2.sol`, `PoolTicksCounter.sol`.
[[nodiscard]] Result<QuoterAnswer> quote_exact_input_single(
    const UniswapV3Pool& pool, bool zero_for_one, const Amount& amount_in, const Amount& limit);
[[nodiscard]] Result<QuoterAnswer> quote_exact_output_single(
    const UniswapV3Pool& pool, bool zero_for_one, const Amount& amount_out, const Amount& limit);

/// Of the ticks between two, those that are initialized, as PoolTicksCounter counts: the higher one
/// only upwards, the lower one only downwards, each where the price was or came to stand on it.
/// Ticks are divided towards zero there, so that beside the price 1 it may count one too many.
[[nodiscard]] std::uint32_t count_initialized_ticks_crossed(
    const UniswapV3Pool& pool, std::int32_t tick_before, std::int32_t tick_after);

}  // namespace runnel::contracts::uniswap_v3
