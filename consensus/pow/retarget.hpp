#pragma once

#include "ledger/amount.hpp"

#include <cstdint>

namespace runnel
{

/// Bitcoin's next target, at heights divisible by the period.
///
///     next = old * min(max(span, wanted / 4), 4 * wanted) / wanted, not above the limit
///
/// rounded down, and once more by the compact form. @p span lasts from the first to the last block
/// of the period: one interval less than it has blocks, in the unit of @p wanted, which is all of
/// them. @p limit is the easiest target.
/// Source: Bitcoin Core, src/pow.cpp, CalculateNextWorkRequired.
[[nodiscard]] std::uint32_t bitcoin_retarget(
    std::uint32_t bits, std::int64_t span, std::int64_t wanted, std::uint32_t limit) noexcept;

/// Ethereum's rules, which move difficulty with every block.
struct EthereumRetarget
{
    std::uint64_t seconds = 10;  // Below which a block is too fast: 10, or 9 of EIP-100.
    bool has_bomb = false;
    Amount least{131'072};
};
/// Difficulty falls by no more than this many 2048ths.
inline constexpr std::uint64_t ethereum_falls_max = 99;

/// The difficulty of the block at @p height, @p since its parent: whole seconds.
///
///     parent + parent / 2048 * max(1 - since / seconds, -99), at least `least`
///         + 2^(height / 100,000 - 2) with the bomb
///
/// every division rounded down.
/// Source: EIP-2 (Homestead); EIP-100, of parents without uncles.
[[nodiscard]] Amount ethereum_difficulty(const EthereumRetarget& rule, const Amount& parent,
    std::uint64_t since, std::uint64_t height) noexcept;

/// What the maker of a block mints: halved every @p interval blocks, rounded down; 0: never. Block
/// 0 counts, as in Bitcoin.
[[nodiscard]] Amount subsidy_at(
    const Amount& first, std::uint64_t interval, std::uint64_t height) noexcept;

}  // namespace runnel
