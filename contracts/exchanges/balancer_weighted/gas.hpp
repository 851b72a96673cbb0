#pragma once

#include <cstdint>

/// What the calls of a weighted pool use, the Vault's part included. The recordings are of
/// functions alone and have no gas: figures are those of usual transactions on mainnet, see
/// docs/balancer_weighted.md.
namespace runnel::contracts::balancer_weighted::gas
{

inline constexpr std::uint64_t entry = 3'400;
inline constexpr std::uint64_t swap = 95'000;
inline constexpr std::uint64_t join = 150'000;
inline constexpr std::uint64_t exit = 140'000;

// Used on the way.
inline constexpr std::uint64_t read_pool = 18'000;  // The pool's balances and fee.
inline constexpr std::uint64_t power = 7'000;       // Each.

}  // namespace runnel::contracts::balancer_weighted::gas
