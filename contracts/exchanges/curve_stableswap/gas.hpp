#pragma once

#include <cstdint>

/// What the calls of a StableSwap pool use. The recordings have no gas: figures are those of usual
/// transactions of pools of three coins on mainnet, see docs/curve_stableswap.md.
namespace runnel::contracts::curve_stableswap::gas
{

inline constexpr std::uint64_t entry = 3'400;
inline constexpr std::uint64_t exchange = 105'000;
inline constexpr std::uint64_t add_liquidity = 185'000;
inline constexpr std::uint64_t remove_liquidity = 125'000;
inline constexpr std::uint64_t remove_liquidity_imbalance = 210'000;
inline constexpr std::uint64_t remove_liquidity_one_coin = 135'000;

// Used on the way.
inline constexpr std::uint64_t read_pool = 12'000;  // Balances, A and fees.
inline constexpr std::uint64_t invariant = 16'000;  // Each time that it is computed.
inline constexpr std::uint64_t balance = 10'000;    // Likewise of a coin's balance.

}  // namespace runnel::contracts::curve_stableswap::gas
