#pragma once

#include <cstdint>

/// What the calls of Morpho Blue use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::morpho_blue::gas
{

inline constexpr std::uint64_t owner_entry = 2'700;
inline constexpr std::uint64_t market_entry = 3'600;  // Hashes the parameters, reads the market.

}  // namespace runnel::contracts::morpho_blue::gas
