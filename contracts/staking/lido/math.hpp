#pragma once

#include "ledger/result.hpp"

/// Lido's share arithmetic: formulas without state.
///
/// Rounding: see the names. Source: lidofinance/core `StETH.sol`, `Accounting.sol`.
namespace runnel::contracts::lido
{

inline constexpr Amount uint128_max = wrapping_sub(Amount::power_of_two(128), 1);

/// What all shares together are worth.
struct ShareRate
{
    Amount shares;
    Amount ether;  // Wei.
};

namespace detail
{
/// solc 0.4.24: a product wraps, a division by zero is an invalid opcode.
[[nodiscard]] inline Result<Amount> product_over(
    const Amount& amount, const Amount& numerator, const Amount& denominator)
{
    RUNNEL_REQUIRE(!denominator.is_zero(), Refusal::invalid_opcode());
    return div_down(wrapping_mul(amount, numerator), denominator);
}
}  // namespace detail

/// getSharesByPooledEth: ether * shares of all / ether of all. Errors: ETH_TOO_LARGE from 2^128 - 1
/// on; an invalid opcode if there is no ether.
[[nodiscard]] inline Result<Amount> shares_of_down(const ShareRate& rate, const Amount& ether)
{
    RUNNEL_REQUIRE(ether < uint128_max, Refusal::error("ETH_TOO_LARGE"));
    return detail::product_over(ether, rate.shares, rate.ether);
}

/// getPooledEthByShares: shares * ether of all / shares of all. Errors: SHARES_TOO_LARGE from
/// 2^128 - 1 on; an invalid opcode if there are no shares.
[[nodiscard]] inline Result<Amount> ether_of_down(const ShareRate& rate, const Amount& shares)
{
    RUNNEL_REQUIRE(shares < uint128_max, Refusal::error("SHARES_TOO_LARGE"));
    return detail::product_over(shares, rate.ether, rate.shares);
}

/// getPooledEthBySharesRoundUp.
[[nodiscard]] inline Result<Amount> ether_of_up(const ShareRate& rate, const Amount& shares)
{
    const auto down = RUNNEL_TRY(ether_of_down(rate, shares));
    const bool is_exact = wrapping_mul(shares, rate.ether) == wrapping_mul(down, rate.shares);
    return is_exact ? down : wrapping_add(down, 1);
}

/// The shares that a report mints as the protocol's fee: so many that they are worth @p fee of the
/// @p ether there is after the report, while the other @p shares keep the rest.
///
///     fee * shares / (ether - fee), rounded down
///
/// Errors: FEE if the fee is all there is, or more; MATH_MUL_OVERFLOW.
[[nodiscard]] inline Result<Amount> fee_shares_down(
    const Amount& fee, const Amount& shares, const Amount& ether)
{
    RUNNEL_REQUIRE(ether > fee, Refusal::error("FEE"));
    const auto product = Checked{fee} * shares;
    RUNNEL_REQUIRE(product.ok(), Refusal::error("MATH_MUL_OVERFLOW"));
    return div_down(product.value, wrapping_sub(ether, fee));
}

}  // namespace runnel::contracts::lido
