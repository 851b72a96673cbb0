#include "ledger/hash_batch.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <vector>

using namespace runnel;

TEST_CASE("hash batch: each message has the digest that it has alone", "[ledger][hash]")
{
    HashBatch batch;
    for (const std::size_t count : {0U, 1U, 3U, 8U, 128U, 200U})
    {
        CAPTURE(count);
        std::vector<Bytes> messages;
        for (std::size_t i = 0; i < count; ++i)
            messages.emplace_back(i * 37 % 500, static_cast<std::uint8_t>(i));
        const auto fill = [&]
        {
            for (const auto& message : messages)
            {
                batch.bytes().insert(batch.bytes().end(), message.begin(), message.end());
                batch.end_message();
            }
            CHECK(batch.size() == count);
            CHECK(batch.is_full() == (count >= HashBatch::messages_max));
        };
        const auto check = [&](std::span<const Hash> digests, Hash (*alone)(ByteView))
        {
            CHECK(batch.size() == 0);
            REQUIRE(digests.size() == count);
            for (std::size_t i = 0; i < count; ++i)
                REQUIRE(digests[i] == alone(messages[i]));
        };
        fill();
        check(batch.take_hashes(), keccak256);
        fill();
        check(batch.take_leaves(), merkle_leaf);
        fill();
        batch.clear();
        CHECK(batch.take_leaves().empty());
    }
}
