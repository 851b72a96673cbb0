#pragma once

#include "contracts/exchanges/balancer_weighted/fixed_point.hpp"

#include <span>
#include <vector>

/// Balancer's weighted maths: a pool keeps, swap fees aside,
///
///     invariant = prod balance_i ^ weight_i
///
/// All numbers have 18 digits, weights sum to 1. Every function rounds in favour of the pool.
/// Source: `@balancer-labs/v2-pool-weighted` 2.0.1 `WeightedMath.sol`; Martinelli, Mushegian,
/// "Balancer" (2019).
namespace runnel::contracts::balancer_weighted
{

using AmountSpan = std::span<const Amount>;

/// Errors: BAL#311 if it is 0.
[[nodiscard]] Result<Amount> invariant_down(AmountSpan weights, AmountSpan balances);

/// What a swap pays for @p amount_in, without a fee. Errors: BAL#304 for more than 30 % of the
/// balance.
[[nodiscard]] Result<Amount> out_given_in_down(const Amount& balance_in, const Amount& weight_in,
    const Amount& balance_out, const Amount& weight_out, const Amount& amount_in);
/// What a swap asks for @p amount_out, without a fee. Errors: BAL#305 for more than 30 % of the
/// balance.
[[nodiscard]] Result<Amount> in_given_out_up(const Amount& balance_in, const Amount& weight_in,
    const Amount& balance_out, const Amount& weight_out, const Amount& amount_out);

/// Shares (BPT) for amounts; what is out of proportion pays the fee of a swap.
[[nodiscard]] Result<Amount> shares_out_given_amounts_in_down(AmountSpan balances,
    AmountSpan weights, AmountSpan amounts_in, const Amount& supply, const Amount& fee);
/// The amount of one token for shares. Errors: BAL#307 if they more than triple the invariant.
[[nodiscard]] Result<Amount> amount_in_given_shares_out_up(const Amount& balance,
    const Amount& weight, const Amount& shares_out, const Amount& supply, const Amount& fee);
/// The amounts of all tokens, in proportion, for shares.
[[nodiscard]] Result<std::vector<Amount>> amounts_in_given_shares_out_up(
    AmountSpan balances, const Amount& shares_out, const Amount& supply);
/// Shares for amounts out.
[[nodiscard]] Result<Amount> shares_in_given_amounts_out_up(AmountSpan balances, AmountSpan weights,
    AmountSpan amounts_out, const Amount& supply, const Amount& fee);
/// One token for shares. Errors: BAL#306 if less than 70 % of the invariant stays.
[[nodiscard]] Result<Amount> amount_out_given_shares_in_down(const Amount& balance,
    const Amount& weight, const Amount& shares_in, const Amount& supply, const Amount& fee);
[[nodiscard]] Result<std::vector<Amount>> amounts_out_given_shares_in_down(
    AmountSpan balances, const Amount& shares_in, const Amount& supply);

}  // namespace runnel::contracts::balancer_weighted
