#include "ledger/hash.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace runnel;

namespace
{
Hash leaf(std::uint64_t i)
{
    const Bytes bytes{static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
    return merkle_leaf(bytes);
}

Hash node(const Hash& left, const Hash& right)
{
    Bytes bytes{1};
    bytes.insert(bytes.end(), left.bytes.begin(), left.bytes.end());
    bytes.insert(bytes.end(), right.bytes.begin(), right.bytes.end());
    return keccak256(bytes);
}

std::vector<Hash> leaves(std::size_t count)
{
    std::vector<Hash> result;
    for (std::size_t i = 0; i < count; ++i)
        result.push_back(leaf(i));
    return result;
}

/// The tree by its recursive definition: the left half is the largest power of two below the count.
Hash reference_root(const std::vector<Hash>& list)
{
    if (list.size() == 1)
        return list.front();
    std::size_t half = 1;
    while (half * 2 < list.size())
        half *= 2;
    const auto middle = list.begin() + static_cast<std::ptrdiff_t>(half);
    return node(reference_root({list.begin(), middle}), reference_root({middle, list.end()}));
}
}  // namespace

TEST_CASE("hash: keccak-256 matches published vectors", "[ledger][hash]")
{
    struct Case
    {
        std::string text;
        const char* hash;
    };
    // Sources: the Keccak team's KAT for the empty string; Ethereum's well-known signatures.
    const auto c =
        GENERATE(Case{"", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
            Case{"abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
            Case{"The quick brown fox jumps over the lazy dog",
                "0x4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
            Case{"Transfer(address,address,uint256)",
                "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"});
    CHECK(keccak256(c.text).to_string() == c.hash);
}

TEST_CASE("hash: addresses get EIP-55 capitals", "[ledger][hash]")
{
    // Source: EIP-55, test cases.
    const std::string text = GENERATE("0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D", "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb");
    const auto bytes = from_hex(text);
    REQUIRE(bytes.has_value());
    REQUIRE(bytes->size() == 20);
    Address address;
    std::copy(bytes->begin(), bytes->end(), address.bytes.begin());
    CHECK(address.to_checksum_string() == text);
    auto lower = text;
    std::transform(lower.begin() + 2, lower.end(), lower.begin() + 2,
        [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    CHECK(address.to_string() == lower);
}

TEST_CASE("hash: hex text is read strictly", "[ledger][hash]")
{
    CHECK(from_hex("0x00ffAb") == Bytes{0, 255, 0xAB});
    CHECK(from_hex("00ff") == Bytes{0, 255});
    CHECK(from_hex("") == Bytes{});
    for (const auto* text : {"0", "0x0", "0xzz", "0x 1", "0X00", "g0", "0x00 "})
        CHECK_FALSE(from_hex(text).has_value());
    const auto hash = keccak256(std::string_view{"x"});
    CHECK(Hash::from_string(hash.to_string()) == hash);
    CHECK_FALSE(Hash::from_string(hash.to_string().substr(0, 64)).has_value());
    CHECK_FALSE(Hash::from_string(hash.to_string() + "00").has_value());
}

TEST_CASE("hash: names make addresses and streams", "[ledger][hash]")
{
    const auto hash = keccak256(std::string_view{"runnel:alice"});
    CHECK(address_of_name("alice").to_string() == "0x" + hash.to_string().substr(26));
    CHECK(stream_of_name("Transfer(address,address,uint256)") == 0xddf252ad1be2c89bU);
}

TEST_CASE("hash: the Merkle root follows its recursive definition for every count",
    "[ledger][hash][property]")
{
    CHECK(merkle_root({}) == keccak256(ByteView{}));
    for (std::size_t count = 1; count < 70; ++count)
    {
        CAPTURE(count);
        REQUIRE(merkle_root(leaves(count)) == reference_root(leaves(count)));
    }
    const auto l = leaves(3);
    CHECK(merkle_root(l) == node(node(l[0], l[1]), l[2]));
}

TEST_CASE("hash: leaves and nodes are in separate domains", "[ledger][hash]")
{
    const auto list = leaves(2);
    // A leaf whose bytes are those of an inner node is not that node: no second preimage.
    Bytes children(list[0].bytes.begin(), list[0].bytes.end());
    children.insert(children.end(), list[1].bytes.begin(), list[1].bytes.end());
    CHECK(merkle_root({merkle_leaf(children)}) != merkle_root(list));
    Bytes with_prefix = children;
    with_prefix.insert(with_prefix.begin(), 1);
    CHECK(merkle_leaf(with_prefix) != merkle_root(list));
    CHECK(keccak256(with_prefix) == merkle_root(list));
    CHECK(merkle_leaf({}) != keccak256(ByteView{}));
    CHECK(merkle_root({merkle_leaf({})}) != merkle_root({}));
}

TEST_CASE("hash: different lists have different roots", "[ledger][hash][property]")
{
    std::set<Hash> roots{merkle_root({})};
    std::size_t lists = 1;
    // Every list over two leaves up to 9 long, repeated leaves at the end included.
    for (std::size_t count = 1; count < 10; ++count)
    {
        for (std::size_t bits = 0; bits < std::size_t{1} << count; ++bits)
        {
            std::vector<Hash> list;
            for (std::size_t i = 0; i < count; ++i)
                list.push_back(leaf(bits >> i & 1U));
            roots.insert(merkle_root(std::move(list)));
            ++lists;
        }
    }
    CHECK(roots.size() == lists);
}

TEST_CASE(
    "hash: a path leads from its leaf to the root, and from no other", "[ledger][hash][property]")
{
    for (std::size_t count = 1; count < 40; ++count)
    {
        const auto list = leaves(count);
        const auto root = merkle_root(list);
        for (std::size_t i = 0; i < count; ++i)
        {
            CAPTURE(count, i);
            auto path = merkle_path(list, i);
            REQUIRE(merkle_root_of_path(list[i], i, count, path) == root);
            for (std::size_t other = 0; other < count; ++other)
            {
                if (other != i)
                {
                    REQUIRE(merkle_root_of_path(list[i], other, count, path) != root);
                    REQUIRE(merkle_root_of_path(list[other], i, count, path) != root);
                }
            }
            for (auto& sibling : path)
            {
                sibling.bytes[i % 32] ^= 1;
                REQUIRE(merkle_root_of_path(list[i], i, count, path) != root);
                sibling.bytes[i % 32] ^= 1;
            }
            path.push_back(root);
            REQUIRE_FALSE(merkle_root_of_path(list[i], i, count, path).has_value());
            path.resize(path.size() - 1);
            if (!path.empty())
            {
                path.pop_back();
                REQUIRE_FALSE(merkle_root_of_path(list[i], i, count, path).has_value());
            }
        }
        REQUIRE_FALSE(merkle_root_of_path(list[0], count, count, {}).has_value());
    }
    CHECK_FALSE(merkle_root_of_path(leaf(0), 0, 0, {}).has_value());
}
