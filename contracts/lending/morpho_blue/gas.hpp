#pragma once

#include <cstdint>

/// What the calls of Morpho Blue use on their way, fitted to recordings (docs/gas.md). Figures of
/// calls count interest by the adaptive curve.
namespace runnel::contracts::morpho_blue::gas
{

inline constexpr std::uint64_t owner_entry = 3'800;
inline constexpr std::uint64_t market_entry = 7'500;  // Hashes the parameters, reads the market.
inline constexpr std::uint64_t authorization = 2'700;

inline constexpr std::uint64_t accrual = 32'000;
inline constexpr std::uint64_t same_time_saves = 31'900;
inline constexpr std::uint64_t no_irm_saves = 28'800;
inline constexpr std::uint64_t fixed_rate_saves = 4'000;
/// Of a call that accrues and writes nothing else: what the others pay for the same slots anyway.
inline constexpr std::uint64_t accrual_alone_saves = 4'600;
inline constexpr std::uint64_t create_without_curve_saves = 22'500;

}  // namespace runnel::contracts::morpho_blue::gas
