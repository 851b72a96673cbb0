#pragma once

#include <cstdint>

/// What the calls of sUSDe use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::ethena::gas
{

inline constexpr std::uint64_t convert = 9'900;        // Supply, balance, vesting.
inline constexpr std::uint64_t check_roles = 4'700;    // Of two accounts.
inline constexpr std::uint64_t cooldown = 22'100;      // The first time; later 17,100 less.
inline constexpr std::uint64_t missing_role = 27'000;  // Its words are put together.

}  // namespace runnel::contracts::ethena::gas
