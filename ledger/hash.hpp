#pragma once

#include "ledger/ids.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// 32 bytes of keccak-256.
struct Hash
{
    std::array<std::uint8_t, 32> bytes{};

    friend auto operator<=>(const Hash&, const Hash&) = default;
    /// 0x and 64 lower-case hex digits.
    [[nodiscard]] std::string to_string() const;
    static std::optional<Hash> from_string(std::string_view text);
};

/// 20 bytes, as an Ethereum address.
struct Address
{
    std::array<std::uint8_t, 20> bytes{};

    friend auto operator<=>(const Address&, const Address&) = default;
    /// 0x and 40 hex digits, lower case: how databases hold it.
    [[nodiscard]] std::string to_string() const;
    /// The same with EIP-55's capitals: how people see it.
    [[nodiscard]] std::string to_checksum_string() const;
    /// Takes both; capitals and small letters together must be EIP-55's.
    static std::optional<Address> from_string(std::string_view text);
};

/// keccak-256 with the original padding (Ethereum's), not SHA3-256.
[[nodiscard]] Hash keccak256(ByteView bytes);
[[nodiscard]] Hash keccak256(std::string_view text);

/// The address of the account with this unique name: the last 20 bytes of keccak("runnel:" name).
[[nodiscard]] Address address_of_name(std::string_view name);

/// The number of the random stream with this name: the first 8 bytes of its keccak, big-endian.
[[nodiscard]] std::uint64_t stream_of_name(std::string_view name);

/// Root of the binary Merkle tree over @p leaves; the hash of an empty string if there are none.
///
/// Leaves and inner nodes are hashed in separate domains (prefix 0 and 1), and an odd node moves up
/// unchanged, so no two lists have the same root.
[[nodiscard]] Hash merkle_root(std::vector<Hash> leaves);
/// What stands before a leaf's bytes when they are hashed.
inline constexpr std::uint8_t merkle_leaf_prefix = 0;
/// A leaf's hash: keccak(0x00 bytes).
[[nodiscard]] Hash merkle_leaf(ByteView bytes);
/// An inner node's hash: keccak(0x01 left right).
[[nodiscard]] Hash merkle_node(const Hash& left, const Hash& right);
/// What proves that @p leaves has its leaf number @p index: the siblings on the way up, lowest
/// first. A level where the node moves up unchanged has none.
[[nodiscard]] std::vector<Hash> merkle_path(std::vector<Hash> leaves, std::size_t index);
/// The root to which @p path leads from leaf number @p index of @p count; nullopt if a tree of that
/// size has no such leaf or another number of siblings.
[[nodiscard]] std::optional<Hash> merkle_root_of_path(
    const Hash& leaf, std::size_t index, std::size_t count, std::span<const Hash> path);

[[nodiscard]] std::string to_hex(ByteView bytes);
/// Reads an even number of hex digits, with or without 0x.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

}  // namespace runnel
