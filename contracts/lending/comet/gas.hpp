#pragma once

#include <cstdint>

/// What the calls of Comet use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::comet::gas
{

/// Comet's re-entrancy guard is paid for before anything is checked, and mostly paid back at the
/// end.
inline constexpr std::uint64_t guarded_entry = 27'000;
inline constexpr std::uint64_t absorb_entry = 20'000;
inline constexpr std::uint64_t entry = 2'500;

inline constexpr std::uint64_t supply_base_saves = 13'200;
inline constexpr std::uint64_t withdraw_collateral_saves = 19'700;
inline constexpr std::uint64_t further_account = 85'000;  // Of absorb, each after the first.
inline constexpr std::uint64_t base_moved = 23'000;       // Until a debt's size is looked at.
inline constexpr std::uint64_t collateral_check = 30'000;
inline constexpr std::uint64_t buy_reserves = 11'400;

}  // namespace runnel::contracts::comet::gas
