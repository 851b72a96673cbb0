#pragma once

#include <cstdint>

/// What dss uses on its way. The recordings have no gas: figures are the orders of magnitude of
/// mainnet's transactions (docs/gas.md). The tokens of joins say themselves what they use.
namespace runnel::contracts::makerdao_dss::gas
{

inline constexpr std::uint64_t urn = 14'000;    // An urn and its ilk, read.
inline constexpr std::uint64_t feed = 12'000;   // A pip, through its OSM.
inline constexpr std::uint64_t sale = 11'000;   // An auction and its price.
inline constexpr std::uint64_t rates = 25'000;  // A power and a fold.

}  // namespace runnel::contracts::makerdao_dss::gas
