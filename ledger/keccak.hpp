#pragma once

#include "ledger/hash.hpp"

#include <optional>
#include <span>

namespace runnel
{

/// What computes keccak-256, slowest first. Digests never depend on it.
enum class KeccakPath : std::uint8_t
{
    portable,  // One message at a time, any machine.
    bmi2,      // The same with x86's and-not and rotations that keep their source.
    avx2,      // Four messages at a time.
    avx512,    // Eight, or four if there are few.
};

/// What this machine has, slowest first; the last one is what keccak256() and the functions below
/// choose.
[[nodiscard]] std::span<const KeccakPath> keccak_paths();

/// keccak-256 of each message into the digest at its position; as many digests as messages. Several
/// messages are hashed at a time, of whatever lengths, and nothing is allocated.
void keccak256_many(std::span<const ByteView> messages, std::span<Hash> digests,
    std::optional<KeccakPath> path = std::nullopt);

/// merkle_leaf() of each of @p contents, into the position of it.
void merkle_leaves(std::span<const ByteView> contents, std::span<Hash> leaves,
    std::optional<KeccakPath> path = std::nullopt);

/// merkle_node() of children 0 and 1, of 2 and 3, and so on: half as many parents as children.
/// @p parents may be where the children are: a parent is written when its children and all before
/// them were read.
void merkle_nodes(std::span<const Hash> children, std::span<Hash> parents,
    std::optional<KeccakPath> path = std::nullopt);

}  // namespace runnel
