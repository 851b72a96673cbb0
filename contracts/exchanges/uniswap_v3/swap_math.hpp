#pragma once

#include "contracts/exchanges/uniswap_v3/full_math.hpp"

#include <cstdint>

/// Source: Uniswap v3-core `SwapMath.sol`.
namespace runnel::contracts::uniswap_v3
{

inline constexpr std::uint32_t fee_denominator = 1'000'000;  // Fees are hundredths of a bip.

/// One step of a swap, as far as the next tick that may hold liquidity.
struct SwapStep
{
    Amount price;       // After it: a square root, as everywhere here.
    Amount amount_in;   // Without the fee; rounded up.
    Amount amount_out;  // Rounded down.
    Amount fee;         // Of the token that comes in, on top of amount_in; rounded up.
};

/// Moves the price towards @p target until @p remaining is used up: what may still come in, fee
/// included, or what is still to go out. @p fee below 1'000'000.
/// Errors, without data: what does not fit; no liquidity where the target is out of reach.
[[nodiscard]] Result<SwapStep> compute_swap_step(const Amount& price, const Amount& target,
    const Amount& liquidity, const Amount& remaining, bool exact_in, std::uint32_t fee);

}  // namespace runnel::contracts::uniswap_v3
