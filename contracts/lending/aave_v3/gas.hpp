#pragma once

#include <cstdint>

/// What the calls of Aave v3 use on their way, fitted to recordings (docs/gas.md). Transfers of the
/// underlying tokens say themselves what they use (TokenBook).
namespace runnel::contracts::aave_v3::gas
{

inline constexpr std::uint64_t entry = 7'200;  // The proxy, the pool, one of its libraries.

inline constexpr std::uint64_t admin_entry = 19'400;  // The configurator's proxy, who may do it.

// A reserve is brought up to date; less, and the call costs less, if no time has passed.
inline constexpr std::uint64_t accrue = 62'800;
inline constexpr std::uint64_t accrue_same_time = 46'300;
inline constexpr std::uint64_t same_time_saves = 12'000;

// An account's health: for each reserve that is its collateral, and each that it borrows. Figures
// count three of both, so a call costs less for each one fewer.
inline constexpr std::uint64_t evaluate = 14'000;
inline constexpr std::uint64_t evaluate_nothing = 2'000;  // Neither.
inline constexpr std::uint64_t evaluate_collateral = 18'000;
inline constexpr std::uint64_t evaluate_debt = 21'000;
inline constexpr std::uint64_t counted = 3;
inline constexpr std::uint64_t no_collateral_saves = 17'000;
inline constexpr std::uint64_t no_debt_saves = 20'000;

// What each call uses beside these, in its order, and what it saves in its cheaper cases.
inline constexpr std::uint64_t supply_cap = 11'700;  // Read and compared, if there is one.
inline constexpr std::uint64_t supply_rates = 23'000;
inline constexpr std::uint64_t supply_again_saves = 12'300;

inline constexpr std::uint64_t withdraw_balance = 20'400;
inline constexpr std::uint64_t withdraw_rates = 12'800;
inline constexpr std::uint64_t withdraw_burn = 25'600;
inline constexpr std::uint64_t withdraw_unchecked_saves = 122'400;

inline constexpr std::uint64_t borrow_checks = 17'100;
inline constexpr std::uint64_t borrow_mint = 20'000;

inline constexpr std::uint64_t repay_balance = 7'300;
inline constexpr std::uint64_t repay_burn = 49'200;
inline constexpr std::uint64_t repay_a_tokens = 16'000;
inline constexpr std::uint64_t repay_part_saves = 3'500;

inline constexpr std::uint64_t collateral_balance = 67'000;
inline constexpr std::uint64_t collateral_off = 18'000;
inline constexpr std::uint64_t collateral_unchecked_saves = 149'100;

inline constexpr std::uint64_t liquidation_reserves = 24'000;
inline constexpr std::uint64_t liquidation_amounts = 35'000;
inline constexpr std::uint64_t liquidation_payout = 129'000;
/// The collateral stays in the pool, as aTokens, or is of the same reserve as the debt.
inline constexpr std::uint64_t liquidation_inside_saves = 40'000;

inline constexpr std::uint64_t flash_checks = 25'000;
inline constexpr std::uint64_t flash_call = 30'000;
inline constexpr std::uint64_t flash_rates = 80'000;

inline constexpr std::uint64_t transfer_balances = 27'000;
inline constexpr std::uint64_t transfer_move = 50'000;
inline constexpr std::uint64_t transfer_unchecked_saves = 140'000;

inline constexpr std::uint64_t mint_to_treasury = 38'000;  // For each asset.

}  // namespace runnel::contracts::aave_v3::gas
