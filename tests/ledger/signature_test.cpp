#include "ledger/signature.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

using namespace runnel;

namespace
{
PrivateKey key_of(std::uint8_t number)
{
    PrivateKey key{};
    key.back() = number;
    return key;
}

PrivateKey repeated(std::uint8_t byte)
{
    PrivateKey key{};
    key.fill(byte);
    return key;
}

/// The group's order: with s another signature's s is n - s.
Signature with_high_s(const Signature& signature)
{
    const auto order =
        Hash::from_string("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    auto result = signature;
    int borrow = 0;
    for (int i = 31; i >= 0; --i)
    {
        const auto place = static_cast<std::size_t>(i);
        int digit = order->bytes[place] - signature[32 + place] - borrow;
        borrow = digit < 0 ? 1 : 0;
        result[32 + place] = static_cast<std::uint8_t>(digit + 256 * borrow);
    }
    result.back() ^= 1U;
    return result;
}
}  // namespace

// Source: go-ethereum and every other client have these; keccak-256 of the public key.
TEST_CASE("signatures: addresses of known keys", "[ledger][signature]")
{
    CHECK(address_of_key(key_of(1)).to_checksum_string() ==
          "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
    CHECK(address_of_key(key_of(2)).to_checksum_string() ==
          "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF");
    CHECK(address_of_key(repeated(0x11)).to_checksum_string() ==
          "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A");
}

TEST_CASE("signatures: who signed is found, nobody else", "[ledger][signature]")
{
    std::set<Signature> signatures;
    for (int i = 0; i < 64; ++i)
    {
        CAPTURE(i);
        const auto name = "wallet/" + std::to_string(i);
        const auto key = private_key_of_name(name);
        const auto hash = keccak256(name);
        const auto signature = sign(hash, key);
        CHECK(signature == sign(hash, key));  // RFC 6979.
        CHECK(signature[32] < 0x80);          // The lower s.
        CHECK(signatures.insert(signature).second);
        CHECK(signer_of(hash, signature) == key_address_of_name(name));
        CHECK(signer_of(keccak256("another"), signature) != key_address_of_name(name));
        for (const std::size_t byte : {0U, 31U, 32U, 63U, 64U})
        {
            auto other = signature;
            other[byte] ^= 1U;
            CHECK(signer_of(hash, other) != key_address_of_name(name));
        }
    }
}

TEST_CASE("signatures: the higher s is refused", "[ledger][signature]")
{
    const auto hash = keccak256("a payment");
    const auto key = private_key_of_name("alice");
    const auto signature = sign(hash, key);
    const auto high = with_high_s(signature);
    REQUIRE(high[32] >= 0x7F);
    CHECK(signer_of(hash, signature) == address_of_key(key));
    CHECK_FALSE(signer_of(hash, high).has_value());
    CHECK(with_high_s(high) == signature);
}

TEST_CASE("signatures: what is none is refused", "[ledger][signature]")
{
    const auto hash = keccak256("a payment");
    const auto signature = sign(hash, private_key_of_name("alice"));
    CHECK_FALSE(signer_of(hash, ByteView{signature}.first(64)).has_value());
    CHECK_FALSE(signer_of(hash, {}).has_value());
    auto wrong = signature;
    wrong.back() = 4;
    CHECK_FALSE(signer_of(hash, wrong).has_value());
    std::fill(wrong.begin(), wrong.end(), std::uint8_t{0});
    CHECK_FALSE(signer_of(hash, wrong).has_value());
    std::fill(wrong.begin(), wrong.begin() + 64, std::uint8_t{0xFF});
    CHECK_FALSE(signer_of(hash, wrong).has_value());
}

// Signatures are part of chains: they may not change with a version of the library.
TEST_CASE("signatures: keys of names stay what they are", "[ledger][signature]")
{
    const auto key = private_key_of_name("alice");
    const auto expected = keccak256("runnel account key:alice");
    CHECK(std::equal(key.begin(), key.end(), expected.bytes.begin()));
    CHECK(key_address_of_name("alice") == address_of_key(key));
    CHECK(key_address_of_name("alice") != address_of_name("alice"));
    CHECK(private_key_of_name("bob") != key);
}
