#include "ledger/keccak.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <cryptopp/keccak.h>

#include <algorithm>
#include <vector>

using namespace runnel;

namespace
{
/// By another library.
Hash reference(ByteView bytes)
{
    Hash hash;
    CryptoPP::Keccak_256 keccak;
    keccak.Update(bytes.data(), bytes.size());
    keccak.TruncatedFinal(hash.bytes.data(), hash.bytes.size());
    return hash;
}

Hash reference(std::uint8_t prefix, ByteView bytes)
{
    Bytes all{prefix};
    all.insert(all.end(), bytes.begin(), bytes.end());
    return reference(all);
}

Bytes random_bytes(RandomStream& random, std::size_t size)
{
    Bytes bytes(size);
    for (auto& byte : bytes)
        byte = static_cast<std::uint8_t>(random.uniform_below(256));
    return bytes;
}

std::vector<ByteView> views(const std::vector<Bytes>& messages)
{
    return {messages.begin(), messages.end()};
}

/// Both ways to hash lists of messages, on every path that this machine has.
void check(const std::vector<Bytes>& messages)
{
    const auto list = views(messages);
    for (const auto path : keccak_paths())
    {
        CAPTURE(static_cast<int>(path), messages.size());
        std::vector<Hash> digests(messages.size());
        std::vector<Hash> leaves(messages.size());
        keccak256_many(list, digests, path);
        merkle_leaves(list, leaves, path);
        for (std::size_t i = 0; i < messages.size(); ++i)
        {
            CAPTURE(i, messages[i].size());
            REQUIRE(digests[i] == reference(messages[i]));
            REQUIRE(leaves[i] == reference(merkle_leaf_prefix, messages[i]));
        }
    }
}
}  // namespace

TEST_CASE("keccak: every length from 0 to 1,000 as Crypto++ hashes it", "[ledger][keccak]")
{
    RandomStream random{1, 1, 1, 1};
    std::vector<Bytes> all;
    for (std::size_t size = 0; size <= 1'000; ++size)
    {
        const auto message = random_bytes(random, size);
        REQUIRE(keccak256(message) == reference(message));
        REQUIRE(merkle_leaf(message) == reference(merkle_leaf_prefix, message));
        all.push_back(message);
    }
    // Neighbours in length, then each length beside itself in all lanes.
    check(all);
    for (std::size_t size = 0; size <= 1'000; ++size)
        check(std::vector<Bytes>(9, all[size]));
}

TEST_CASE("keccak: counts that do not fill the lanes", "[ledger][keccak]")
{
    RandomStream random{2, 1, 1, 1};
    std::vector<Bytes> messages;
    for (std::size_t count = 0; count <= 40; ++count)
    {
        check(messages);
        messages.push_back(random_bytes(random, 65));
    }
}

TEST_CASE("keccak: lengths mixed at random", "[ledger][keccak]")
{
    RandomStream random{3, 1, 1, 1};
    for (int round = 0; round < 200; ++round)
    {
        std::vector<Bytes> messages(random.uniform_below(50));
        for (auto& message : messages)
        {
            const auto blocks = random.uniform_below(8);
            message = random_bytes(random, random.uniform_below(136 * (blocks + 1)));
        }
        check(messages);
    }
}

TEST_CASE("keccak: one long message among short ones", "[ledger][keccak]")
{
    RandomStream random{4, 1, 1, 1};
    for (std::size_t position = 0; position < 20; ++position)
    {
        std::vector<Bytes> messages(20, Bytes(30, 7));
        messages[position] = random_bytes(random, 10'000);
        check(messages);
    }
}

TEST_CASE("keccak: parents are written over their children", "[ledger][keccak]")
{
    RandomStream random{5, 1, 1, 1};
    for (std::size_t count = 0; count <= 70; ++count)
    {
        std::vector<Hash> children(2 * count);
        for (auto& child : children)
            child = reference(random_bytes(random, 8));
        std::vector<Hash> expected;
        for (std::size_t i = 0; i < count; ++i)
        {
            Bytes both{children[2 * i].bytes.begin(), children[2 * i].bytes.end()};
            both.insert(
                both.end(), children[2 * i + 1].bytes.begin(), children[2 * i + 1].bytes.end());
            expected.push_back(reference(1, both));
        }
        for (const auto path : keccak_paths())
        {
            CAPTURE(static_cast<int>(path), count);
            auto hashes = children;
            merkle_nodes(hashes, std::span{hashes}.first(count), path);
            hashes.resize(count);
            CHECK(hashes == expected);
        }
    }
}
