#pragma once

#include <cstdint>

/// One step of each way to compute keccak-256: adds a block of 136 bytes to each lane's state and
/// permutes it. Word i of lane j is at state[i * lanes + j]; a lane starts as zeros where keep is 0
/// instead of all ones.
namespace runnel
{

// Each compiled for its processors, so to be called on no others.

void keccak_absorb_bmi2(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept;
/// Four lanes.
void keccak_absorb_avx2(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept;
/// Four lanes.
void keccak_absorb_avx512_four(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept;
/// Eight lanes.
void keccak_absorb_avx512_eight(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept;

}  // namespace runnel
