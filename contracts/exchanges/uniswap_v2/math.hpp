#pragma once

#include "contracts/kit/safe_math.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

/// The arithmetic of Uniswap v2, without state.
///
/// Every operation refuses as the deployed code does: ds-math's reasons on overflow, an invalid
/// opcode (Solidity < 0.8) on division by zero.
/// Source: Uniswap v2-core `SafeMath.sol`, v2-periphery `UniswapV2Library.sol`.
namespace runnel::contracts::uniswap_v2
{

/// ds-math's reasons.
struct SafeMathReasons
{
    static constexpr std::string_view add = "ds-math-add-overflow";
    static constexpr std::string_view sub = "ds-math-sub-underflow";
    static constexpr std::string_view mul = "ds-math-mul-overflow";
    static Refusal div() { return Refusal::invalid_opcode(); }
};
using SafeMath = BasicSafeMath<SafeMathReasons>;

/// What a protocol takes of every swap: 3/1000 in Uniswap v2. Forks differ by it: PancakeSwap v2
/// has 25/10000. The denominator is at most 10'000, so that no product here overflows that does not
/// in the deployed code.
struct PoolFee
{
    std::uint32_t numerator = 3;
    std::uint32_t denominator = 1'000;

    /// What is left of a whole.
    [[nodiscard]] std::uint32_t kept() const noexcept { return denominator - numerator; }
};

/// The amount of B worth as much as @p amount_a of A at the pool's ratio, without fee; rounded
/// down.
///
///     amount_b = amount_a * reserve_b / reserve_a
///
/// Errors, in this order: UniswapV2Library: INSUFFICIENT_AMOUNT if @p amount_a is 0,
/// UniswapV2Library: INSUFFICIENT_LIQUIDITY if a reserve is 0, ds-math-mul-overflow.
[[nodiscard]] inline Result<Amount> quote(
    const Amount& amount_a, const Amount& reserve_a, const Amount& reserve_b)
{
    RUNNEL_REQUIRE(!amount_a.is_zero(), Refusal::error("UniswapV2Library: INSUFFICIENT_AMOUNT"));
    RUNNEL_REQUIRE(!reserve_a.is_zero() && !reserve_b.is_zero(),
        Refusal::error("UniswapV2Library: INSUFFICIENT_LIQUIDITY"));
    return (SafeMath{amount_a} * reserve_b / reserve_a).result();
}

/// What a swap of @p amount_in leaves to those who provide liquidity, before a protocol fee;
/// rounded down.
[[nodiscard]] inline Amount lp_fee(const Amount& amount_in, const PoolFee& fee)
{
    return mul_div_down(amount_in, fee.numerator, fee.denominator).value;
}

/// What a swap of exactly @p amount_in pays out, after the fee; rounded down, in the pool's favour.
/// With Uniswap's 3/1000:
///
///     net        = amount_in * 997
///     amount_out = net * reserve_out / (reserve_in * 1000 + net)
///
/// Errors, in this order: UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT if @p amount_in is 0,
/// UniswapV2Library: INSUFFICIENT_LIQUIDITY if a reserve is 0, ds-math-mul-overflow,
/// ds-math-add-overflow.
[[nodiscard]] inline Result<Amount> get_amount_out(const Amount& amount_in,
    const Amount& reserve_in, const Amount& reserve_out, const PoolFee& fee = {})
{
    RUNNEL_REQUIRE(
        !amount_in.is_zero(), Refusal::error("UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT"));
    RUNNEL_REQUIRE(!reserve_in.is_zero() && !reserve_out.is_zero(),
        Refusal::error("UniswapV2Library: INSUFFICIENT_LIQUIDITY"));
    const auto net = SafeMath{amount_in} * fee.kept();
    return (net * reserve_out / (SafeMath{reserve_in} * fee.denominator + net)).result();
}

/// The least to pay in for @p amount_out, fee included; rounded down plus 1, which is never too
/// little and at most 1 too much. With Uniswap's 3/1000:
///
///     amount_in = reserve_in * amount_out * 1000 / ((reserve_out - amount_out) * 997) + 1
///
/// Errors, in this order: UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT if @p amount_out is 0,
/// UniswapV2Library: INSUFFICIENT_LIQUIDITY if a reserve is 0, ds-math-mul-overflow,
/// ds-math-sub-underflow if @p amount_out is more than the reserve, an invalid opcode if it is all
/// of it, ds-math-add-overflow.
[[nodiscard]] inline Result<Amount> get_amount_in(const Amount& amount_out,
    const Amount& reserve_in, const Amount& reserve_out, const PoolFee& fee = {})
{
    RUNNEL_REQUIRE(
        !amount_out.is_zero(), Refusal::error("UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT"));
    RUNNEL_REQUIRE(!reserve_in.is_zero() && !reserve_out.is_zero(),
        Refusal::error("UniswapV2Library: INSUFFICIENT_LIQUIDITY"));
    const auto numerator = SafeMath{reserve_in} * amount_out * fee.denominator;
    const auto denominator = (SafeMath{reserve_out} - amount_out) * fee.kept();
    return (numerator / denominator + 1).result();
}

/// The shares that the first mint creates in all; rounded down.
///
///     shares = sqrt(amount0 * amount1)
///
/// Errors: ds-math-mul-overflow.
[[nodiscard]] inline Result<Amount> first_shares_down(const Amount& amount0, const Amount& amount1)
{
    return sqrt_down(RUNNEL_TRY((SafeMath{amount0} * amount1).result()));
}

/// The shares that a later mint creates: the smaller of what each amount would get, so that who
/// brings too much of one token gives it away; rounded down, in favour of those who hold shares.
///
///     shares = min(amount0 * supply / reserve0, amount1 * supply / reserve1)
///
/// Errors: ds-math-mul-overflow, an invalid opcode if a reserve is 0, for token0 before token1.
[[nodiscard]] inline Result<Amount> later_shares_down(const Amount& amount0, const Amount& amount1,
    const Amount& reserve0, const Amount& reserve1, const Amount& supply)
{
    const auto shares0 = RUNNEL_TRY((SafeMath{amount0} * supply / reserve0).result());
    const auto shares1 = RUNNEL_TRY((SafeMath{amount1} * supply / reserve1).result());
    return std::min(shares0, shares1);
}

/// What burning @p shares pays of a token of which the pair holds @p balance; rounded down, in
/// favour of those who stay.
///
///     amount = shares * balance / supply
///
/// Errors: ds-math-mul-overflow, an invalid opcode without supply.
[[nodiscard]] inline Result<Amount> share_of_balance_down(
    const Amount& shares, const Amount& balance, const Amount& supply)
{
    return (SafeMath{shares} * balance / supply).result();
}

/// The shares that the protocol gets for a sixth of the growth of sqrt(k); roots and quotient are
/// rounded down. 0 if the root has not grown.
///
///     shares = supply * (sqrt(k) - sqrt(k_last)) / (5 * sqrt(k) + sqrt(k_last))
///
/// Errors: ds-math-mul-overflow, ds-math-add-overflow.
[[nodiscard]] inline Result<Amount> protocol_shares_down(
    const Amount& supply, const Amount& k, const Amount& k_last)
{
    const auto root_k = sqrt_down(k);
    const auto root_k_last = sqrt_down(k_last);
    if (root_k <= root_k_last)
        return Amount{};
    const auto numerator = SafeMath{supply} * (SafeMath{root_k} - root_k_last);
    const auto denominator = SafeMath{root_k} * 5 + root_k_last;
    return (numerator / denominator).result();
}

/// What came in, donations included, when @p balance is left after @p amount_out was paid out of
/// @p reserve; 0 if less is left than should be.
[[nodiscard]] inline Amount amount_received(
    const Amount& balance, const Amount& reserve, const Amount& amount_out)
{
    const auto kept = wrapping_sub(reserve, amount_out);
    return balance > kept ? wrapping_sub(balance, kept) : Amount{};
}

/// Whether a swap leaves enough, with the fee taken off what came in; exact. With Uniswap's 3/1000:
///
///     (balance0 * 1000 - in0 * 3) * (balance1 * 1000 - in1 * 3) >= reserve0 * reserve1 * 1000^2
///
/// Errors, beside UniswapV2: K: ds-math-mul-overflow, ds-math-sub-underflow. Reserves fit 112 bits.
[[nodiscard]] inline Result<void> require_k(const std::array<Amount, 2>& balances,
    const std::array<Amount, 2>& amounts_in, const Amount& reserve0, const Amount& reserve1,
    const PoolFee& fee)
{
    const auto adjusted = [&](std::size_t side) {
        return SafeMath{balances[side]} * fee.denominator -
               SafeMath{amounts_in[side]} * fee.numerator;
    };
    const auto k_adjusted = RUNNEL_TRY((adjusted(0) * adjusted(1)).result());
    const std::uint64_t scale = std::uint64_t{fee.denominator} * fee.denominator;
    const auto k = wrapping_mul(wrapping_mul(reserve0, reserve1), scale);
    RUNNEL_REQUIRE(k_adjusted >= k, Refusal::error("UniswapV2: K"));
    return {};
}

/// How far a price accumulator moves in @p seconds: the price of a token with @p reserve in units
/// of the one with @p reserve_other, as UQ112x112 rounded down first, times seconds. A bug if
/// @p reserve is 0.
[[nodiscard]] inline Amount price_growth_down(
    const Amount& reserve, const Amount& reserve_other, std::uint32_t seconds)
{
    return wrapping_mul(div_down(reserve_other << 112U, reserve), seconds);
}

}  // namespace runnel::contracts::uniswap_v2
