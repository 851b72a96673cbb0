#pragma once

#include <cstdint>

/// What the calls of Uniswap v2 use on their way, fitted to recordings (docs/gas.md). Transfers,
/// mints and burns of tokens say themselves what they use (TokenBook).
namespace runnel::contracts::uniswap_v2::gas
{

// The pair.
inline constexpr std::uint64_t lock = 2'900;
inline constexpr std::uint64_t read_reserves = 2'000;
inline constexpr std::uint64_t read_tokens = 4'200;    // Their addresses.
inline constexpr std::uint64_t pay = 3'000;            // The call, beside the transfer itself.
inline constexpr std::uint64_t read_balances = 6'100;  // Of tokens that were called before.
inline constexpr std::uint64_t read_cold_balances = 16'400;
inline constexpr std::uint64_t before_mint = 12'300;  // Reserves, balances, who gets the fee.
inline constexpr std::uint64_t before_burn = 19'900;  // The same, of cold tokens.
inline constexpr std::uint64_t read_k_last = 3'000;
inline constexpr std::uint64_t fee_roots = 10'000;  // Square roots.
inline constexpr std::uint64_t mint_fee = 5'000;    // Beside the mint itself.
/// What a call of the pair costs less,
inline constexpr std::uint64_t no_fee_saves = 26'700;        // with the protocol fee off;
inline constexpr std::uint64_t no_fee_shares_saves = 8'000;  // when it mints no shares;
inline constexpr std::uint64_t same_time_saves = 10'400;     // when no time has passed.

// The router.
inline constexpr std::uint64_t find_reserves = 7'000;
inline constexpr std::uint64_t find_amounts = 1'000;
inline constexpr std::uint64_t find_liquidity = 12'500;  // Reserves and amounts to add.
inline constexpr std::uint64_t pull = 5'200;             // The call, beside the transfer.
inline constexpr std::uint64_t call_swap = 6'100;        // Before the pair locks itself.
inline constexpr std::uint64_t call_mint = 2'900;
inline constexpr std::uint64_t pull_shares = 12'600;

}  // namespace runnel::contracts::uniswap_v2::gas
