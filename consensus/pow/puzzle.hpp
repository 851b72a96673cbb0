#pragma once

#include "consensus/engine.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace runnel
{

/// What a puzzle commits to: all that a network knows of a block, and through the parent's seal all
/// blocks before it. Not its transactions: those the ledger decides when it executes the block.
///
/// Encoded as 78 bytes, numbers big-endian:
///
///     "runnel.pow"  10   keeps it apart from all else that is hashed
///     parent_seal   32
///     id             8   maker and the how-manieth of his
///     height         8
///     stated_at      8   microseconds of virtual time, by the maker's clock
///     bits           4
///     nonce          8
struct PowHeader
{
    Hash parent_seal;
    NetworkBlockId id = 0;
    std::uint64_t height = 0;
    VirtualTime stated_at = 0;
    std::uint32_t bits = 0;
};

[[nodiscard]] PowHeader header_of(const NetworkBlock& block, const Hash& parent_seal) noexcept;

/// keccak-256 of the encoded header: as a big-endian number it is not above the target of a solved
/// puzzle.
[[nodiscard]] Hash seal_of(const PowHeader& header, std::uint64_t nonce);
/// That of block 0.
[[nodiscard]] Hash genesis_seal();
[[nodiscard]] bool is_solved(const Hash& seal, std::uint32_t bits) noexcept;

/// The first nonce below @p end that solves it, tried from 0 on.
[[nodiscard]] std::optional<std::uint64_t> solve(const PowHeader& header, std::uint64_t end);

}  // namespace runnel
