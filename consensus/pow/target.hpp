#pragma once

#include "ledger/amount.hpp"

#include <cstdint>
#include <optional>

namespace runnel
{

/// A target in Bitcoin's compact form: the number of its bytes above, its first three below, the
/// highest bit of these being a sign. Rounded down to what fits.
[[nodiscard]] std::uint32_t compact_of_target(const Amount& target) noexcept;
/// nullopt where it is negative, zero or above 2^256 - 1: no target.
/// Source: Bitcoin Core, arith_uint256::SetCompact.
[[nodiscard]] std::optional<Amount> target_of_compact(std::uint32_t bits) noexcept;

/// Hashes that it takes on average to find one that is not above the target: 2^256 / (target + 1),
/// rounded down.
[[nodiscard]] Amount work_of_target(const Amount& target) noexcept;
/// 0 for what is no target.
[[nodiscard]] Amount work_of_compact(std::uint32_t bits) noexcept;
/// The target that takes so many hashes on average, or a little more; @p hashes is above 0.
[[nodiscard]] Amount target_of_difficulty(const Amount& hashes) noexcept;

/// The easiest target: every other hash solves it.
inline constexpr std::uint32_t easiest_bits = 0x207fffff;

}  // namespace runnel
