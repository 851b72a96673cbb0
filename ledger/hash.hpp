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

[[nodiscard]] std::string to_hex(ByteView bytes);
/// Reads an even number of hex digits, with or without 0x.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

}  // namespace runnel
