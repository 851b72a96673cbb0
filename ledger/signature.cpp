#include "ledger/signature.hpp"

#include "ledger/check.hpp"
#include "ledger/fields.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <memory>

namespace runnel
{
namespace
{
constexpr std::string_view key_domain = "runnel account key:";

/// Made once: nobody changes it, so threads may share it.
const secp256k1_context* context()
{
    struct Destroy
    {
        void operator()(secp256k1_context* made) const noexcept { secp256k1_context_destroy(made); }
    };
    static const std::unique_ptr<secp256k1_context, Destroy> made{
        secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY)};
    return made.get();
}

Address address_of(const secp256k1_pubkey& key)
{
    std::array<std::uint8_t, 65> point{};  // 0x04, x, y.
    auto size = point.size();
    secp256k1_ec_pubkey_serialize(context(), point.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    const auto hash = keccak256(ByteView{point}.subspan(1));
    Address address;
    std::copy(hash.bytes.end() - address.bytes.size(), hash.bytes.end(), address.bytes.begin());
    return address;
}
}  // namespace

std::string_view to_string(SignatureScheme scheme) noexcept
{
    switch (scheme)
    {
        case SignatureScheme::none: return "none";
        case SignatureScheme::secp256k1: return "secp256k1";
    }
    return "unknown";
}

PrivateKey private_key_of_name(std::string_view name)
{
    Bytes preimage{key_domain.begin(), key_domain.end()};
    preimage.insert(preimage.end(), name.begin(), name.end());
    auto hash = keccak256(preimage);
    // One hash in 2^128 is zero or beyond the group's order.
    while (secp256k1_ec_seckey_verify(context(), hash.bytes.data()) == 0)
        hash = keccak256(hash.bytes);
    PrivateKey key{};
    std::copy(hash.bytes.begin(), hash.bytes.end(), key.begin());
    return key;
}

Address address_of_key(const PrivateKey& key)
{
    secp256k1_pubkey point;
    const auto is_key = secp256k1_ec_pubkey_create(context(), &point, key.data());
    RUNNEL_CHECK(is_key == 1);
    return address_of(point);
}

Address key_address_of_name(std::string_view name)
{
    return address_of_key(private_key_of_name(name));
}

Signature sign(const Hash& hash, const PrivateKey& key)
{
    secp256k1_ecdsa_recoverable_signature made;
    const auto is_signed = secp256k1_ecdsa_sign_recoverable(
        context(), &made, hash.bytes.data(), key.data(), nullptr, nullptr);
    RUNNEL_CHECK(is_signed == 1);
    Signature signature{};
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(
        context(), signature.data(), &recovery_id, &made);
    signature.back() = static_cast<std::uint8_t>(recovery_id);
    return signature;
}

std::optional<Address> signer_of(const Hash& hash, ByteView signature)
{
    if (signature.size() != sizeof(Signature) || signature.back() > 3)
        return std::nullopt;
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(
            context(), &parsed, signature.data(), signature.back()) == 0)
        return std::nullopt;
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_recoverable_signature_convert(context(), &plain, &parsed);
    if (secp256k1_ecdsa_signature_normalize(context(), nullptr, &plain) == 1)
        return std::nullopt;
    secp256k1_pubkey point;
    if (secp256k1_ecdsa_recover(context(), &point, &parsed, hash.bytes.data()) == 0)
        return std::nullopt;
    return address_of(point);
}

}  // namespace runnel
