#pragma once

#include <cstdint>

/// What the calls of Lido use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::lido::gas
{

// stETH.
inline constexpr std::uint64_t convert = 4'800;  // The rate: how much ether, how many shares.
inline constexpr std::uint64_t check_transfer = 2'900;  // Is it stopped?
inline constexpr std::uint64_t read_balance = 2'200;
inline constexpr std::uint64_t move = 10'500;  // Two slots that were written before, two logs.
inline constexpr std::uint64_t read_allowance = 2'700;
inline constexpr std::uint64_t spend_allowance = 4'600;
/// What moving shares costs less,
inline constexpr std::uint64_t of_nothing_saves = 5'600;
inline constexpr std::uint64_t of_everything_saves = 4'800;
inline constexpr std::uint64_t to_oneself_saves = 5'000;
inline constexpr std::uint64_t stake = 23'800;  // A plain payment, behind its entry.
/// What a report costs less,
inline constexpr std::uint64_t no_fee_saves = 41'000;
inline constexpr std::uint64_t no_burn_saves = 6'700;

// wstETH.
inline constexpr std::uint64_t call_steth = 5'300;
inline constexpr std::uint64_t wrap_entry = 5'700;  // Of a plain payment.
inline constexpr std::uint64_t stake_and_wrap = 42'600;

}  // namespace runnel::contracts::lido::gas
