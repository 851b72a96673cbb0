#pragma once

#include "contracts/exchanges/uniswap_v3/full_math.hpp"

/// How amounts of tokens, liquidity and the square root of the price hang together.
///
/// Prices are square roots with 96 bits behind the point and fit 160 bits; liquidity fits 128.
/// Roundings favour the pool: what comes in is rounded up, what goes out down. Errors without a
/// name are reverts without data.
/// Source: Uniswap v3-core `SqrtPriceMath.sol`, `LiquidityMath.sol`; "Uniswap v3 Core" (2021), 6.2.
namespace runnel::contracts::uniswap_v3
{

/// @p liquidity changed by @p change, which fits int128. Errors: LS below 0, LA above 2^128-1.
[[nodiscard]] Result<Amount> add_delta(const Amount& liquidity, const Int256& change);

/// The token0 between two prices in either order.
///
///     liquidity * 2^96 * (b - a) / b / a, both quotients rounded up or both down
///
/// Errors: the lower price is 0.
[[nodiscard]] Result<Amount> amount0_delta(
    const Amount& price_a, const Amount& price_b, const Amount& liquidity, bool round_up);
/// The token1 between two prices in either order.
///
///     liquidity * (b - a) / 2^96
[[nodiscard]] Result<Amount> amount1_delta(
    const Amount& price_a, const Amount& price_b, const Amount& liquidity, bool round_up);

/// What a change of liquidity moves: into the pool, rounded up, or out, negative and rounded down.
/// @p change fits int128. Errors: those above; 2^255 and more.
[[nodiscard]] Result<Int256> amount0_delta(
    const Amount& price_a, const Amount& price_b, const Int256& change);
[[nodiscard]] Result<Int256> amount1_delta(
    const Amount& price_a, const Amount& price_b, const Int256& change);

/// The price after @p amount of token0 came in or went out; rounded up.
///
///     liquidity * 2^96 * price / (liquidity * 2^96 +- amount * price)
///
/// and where a product of 256 bits would overflow, liquidity * 2^96 / (liquidity * 2^96 / price +
/// amount). Errors: more goes out than there is; the price does not fit.
[[nodiscard]] Result<Amount> next_price_from_amount0_up(
    const Amount& price, const Amount& liquidity, const Amount& amount, bool comes_in);
/// The price after @p amount of token1 came in or went out; rounded down.
///
///     price +- amount * 2^96 / liquidity
///
/// Errors: as above; an invalid opcode if something comes into no liquidity.
[[nodiscard]] Result<Amount> next_price_from_amount1_down(
    const Amount& price, const Amount& liquidity, const Amount& amount, bool comes_in);

/// The price after a swap took @p amount in. Errors: no price, no liquidity; those above.
[[nodiscard]] Result<Amount> next_price_from_input(
    const Amount& price, const Amount& liquidity, const Amount& amount_in, bool zero_for_one);
/// The price after a swap paid @p amount out.
[[nodiscard]] Result<Amount> next_price_from_output(
    const Amount& price, const Amount& liquidity, const Amount& amount_out, bool zero_for_one);

}  // namespace runnel::contracts::uniswap_v3
