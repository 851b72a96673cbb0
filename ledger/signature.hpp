#pragma once

#include "ledger/hash.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// Signatures as Ethereum has them: ECDSA over secp256k1, from which the signer's key, and so the
/// account's address, is recovered. Curve arithmetic is libsecp256k1's.
namespace runnel
{

/// How a chain's transactions are signed.
enum class SignatureScheme : std::uint8_t
{
    none,
    secp256k1,
};
[[nodiscard]] std::string_view to_string(SignatureScheme scheme) noexcept;

using PrivateKey = std::array<std::uint8_t, 32>;  // Big-endian, from 1 to the group's order - 1.

/// r (32 bytes), s (32 bytes, the lower half of its range), the recovery id (1 byte, 0 to 3).
using Signature = std::array<std::uint8_t, 65>;

/// The key of the account with this name: keccak-256 of "runnel account key:" and the name, hashed
/// again until it is a key. No secret, as in any simulation: whoever knows the name has it.
[[nodiscard]] PrivateKey private_key_of_name(std::string_view name);

/// The last 20 bytes of keccak-256 of the public key's coordinates. @p key must be a key. Source:
/// Ethereum's yellow paper, appendix F.
[[nodiscard]] Address address_of_key(const PrivateKey& key);

/// The address of private_key_of_name().
[[nodiscard]] Address key_address_of_name(std::string_view name);

/// Signs a hash. The nonce is RFC 6979's: a key gives a hash one signature and no other.
[[nodiscard]] Signature sign(const Hash& hash, const PrivateKey& key);

/// Whose key signed the hash; empty if these bytes are no signature of it by anybody. That with the
/// higher s of the two that every signature has is none (EIP-2).
[[nodiscard]] std::optional<Address> signer_of(const Hash& hash, ByteView signature);

}  // namespace runnel
