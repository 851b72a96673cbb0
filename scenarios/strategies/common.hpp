#pragma once

#include "actors/strategy.hpp"
#include "contracts/token.hpp"

#include <cstdint>
#include <string_view>

namespace runnel::scenarios
{

/// A number of whole tokens in smallest units, rounded down; 0 for what is not positive.
[[nodiscard]] Amount to_units(double whole, std::uint8_t decimals);
/// The other way round; for beliefs only.
[[nodiscard]] double to_whole(const Amount& units, std::uint8_t decimals);

/// A number of blocks until the next event of a Poisson process with this mean time between events.
[[nodiscard]] std::uint64_t blocks_until_next(
    RandomStream& random, double mean_seconds, std::uint32_t slot_seconds);

}  // namespace runnel::scenarios
