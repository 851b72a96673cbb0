#pragma once

#include <cstdint>

/// What the calls of Uniswap v3 use on their way, fitted to recordings (docs/gas.md).
namespace runnel::contracts::uniswap_v3::gas
{

inline constexpr std::uint64_t pool_deployment = 4'500'000;  // What the pool's code costs.
/// Of a swap, with room for one tick of four that is crossed for the first time: see tick_step.
inline constexpr std::uint64_t crossed_tick = 40'000;
inline constexpr std::uint64_t tick_step = 7'000;          // Without the tick's slots.
inline constexpr std::uint64_t bitmap_word = 7'300;        // Each word after the first.
inline constexpr std::uint64_t observation_slot = 22'200;  // A slot made ready.

// What the EVM charges for slots of storage (EIP-2200, 2929, 3529).
inline constexpr std::uint64_t cold_slot = 2'100;
/// A write to a slot that was read. Who empties one is refunded more than the write costs, here
/// nothing.
[[nodiscard]] constexpr std::uint64_t slot_written(
    bool was_zero, bool is_zero, bool is_same) noexcept
{
    if (is_same)
        return 100;
    if (was_zero)
        return 20'000;
    return is_zero ? 0 : 2'900;
}
inline constexpr std::uint64_t slot_set = cold_slot + 20'000;
inline constexpr std::uint64_t slot_changed = cold_slot + 2'900;

// What figures count, at most, for parts of which a call has more or less.
inline constexpr std::uint64_t locked = slot_changed + 100;  // slot0, written twice
inline constexpr std::uint64_t restored = 2'800;             // less where it ends as it was.
inline constexpr std::uint64_t observed = cold_slot + slot_changed;
inline constexpr std::uint64_t growth_read = 2 * cold_slot;
inline constexpr std::uint64_t tick_set = 4 * slot_set;
inline constexpr std::uint64_t tick_changed = slot_changed + 2 * cold_slot;
inline constexpr std::uint64_t position_set = 4 * slot_set;
inline constexpr std::uint64_t position_changed = 3 * slot_changed + slot_set;
inline constexpr std::uint64_t both_ticks_emptied =
    12'000;                                       // Of refunds a fifth of all gas counts.
inline constexpr std::uint64_t in_range = 3'250;  // Arithmetic of both tokens.

inline constexpr std::uint64_t mint_token = 8'650;      // Balances before and after.
inline constexpr std::uint64_t collect_token = 16'500;  // A payment.
inline constexpr std::uint64_t protocol_token = 17'500;
inline constexpr std::uint64_t flash_token = 7'750;

// Figures of calls.
inline constexpr std::uint64_t mint = 7'450 + in_range + locked + growth_read + 2 * tick_set +
                                      2 * slot_set + observed + slot_set + position_set +
                                      2 * mint_token;
inline constexpr std::uint64_t burn_something = 7'100;  // More than what brings fees up to date.
inline constexpr std::uint64_t burn = 7'500 + burn_something + in_range + locked + growth_read +
                                      2 * tick_changed + observed + slot_changed + position_changed;
inline constexpr std::uint64_t swap =
    38'500 + locked + observed + slot_changed + slot_changed + slot_changed;
inline constexpr std::uint64_t flash = 22'450 + 2 * flash_token + slot_changed;
inline constexpr std::uint64_t collect = 10'500 + 2 * collect_token + 2'900;
inline constexpr std::uint64_t collect_protocol = 15'300 + 2 * protocol_token;

inline constexpr std::uint64_t further_hop = 83'000;  // Of the router, each pool after the first.

}  // namespace runnel::contracts::uniswap_v3::gas
