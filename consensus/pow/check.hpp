#pragma once

#include "consensus/pow/block.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace runnel
{

enum class PowFault : std::uint8_t
{
    none,
    wrong_parent,  // It, or its height, does not follow the block before.
    wrong_time,    // Its header's is not after its parent's.
    wrong_bits,    // Its target is not what the retarget rule says.
    not_solved,    // Its nonce does not solve its puzzle; or a drawn one has a nonce.
};
[[nodiscard]] std::string_view to_string(PowFault fault) noexcept;

/// What a chain's proof of work is worth.
struct PowCheck
{
    PowFault fault = PowFault::none;
    std::uint64_t height = 0;  // Of the block at fault; else of the last one.
    Amount work;               // Accumulated up to there: hashes expected.
};

/// Checks a chain from block 1 on, as it was stored, by the rules alone: nobody's word is taken for
/// bits, nonces or work.
[[nodiscard]] PowCheck check_pow(const PowOptions& options, std::span<const NetworkBlock> chain);

}  // namespace runnel
