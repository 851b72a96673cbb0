#pragma once

#include <cstdint>

/// What the calls of Compound v2 use. The recordings have no gas: figures are the orders of
/// magnitude of mainnet's transactions (docs/gas.md). Transfers of the underlying tokens say
/// themselves what they use (TokenBook).
namespace runnel::contracts::compound_v2::gas
{

inline constexpr std::uint64_t entry = 5'500;    // The proxy and its implementation.
inline constexpr std::uint64_t accrue = 42'000;  // Rate model, cash, four slots.
inline constexpr std::uint64_t accrue_same_block_saves = 37'000;
inline constexpr std::uint64_t comp = 32'000;     // One of the two indexes, one account.
inline constexpr std::uint64_t look_at = 15'000;  // One of an account's markets: snapshot, price.
/// Figures count two markets of an account.
inline constexpr std::uint64_t counted = 2;

}  // namespace runnel::contracts::compound_v2::gas
