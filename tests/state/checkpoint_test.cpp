#include "state/checkpoint.hpp"

#include "state/kept_checkpoint.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>

using namespace runnel;
using namespace runnel::toy;

namespace
{
KeptParts state_of(const World& world)
{
    StateParts parts{world};
    return keep(parts);
}

bool load(const KeptParts& parts, World& world)
{
    return std::all_of(parts.begin(), parts.end(),
        [&](const auto& part) { return load_state_part(part.second, world); });
}
}  // namespace

TEST_CASE("checkpoint: a world is the same after its state went out and in", "[ledger][checkpoint]")
{
    ToyChain chain{300};
    RandomBlocks blocks{7, 60};
    for (int i = 0; i < 10; ++i)
        chain.run(blocks.next(chain, 80));
    const auto parts = state_of(*chain.world);
    for (const auto& part : parts)
        CHECK(part.first == state_part_name);

    ToyChain other{300};
    RandomBlocks elsewhere{8, 90};
    other.run(elsewhere.next(other, 80));  // What is not in the checkpoint must go.
    const auto* record = other.world->account_states.find(index(other.wallets[0]));
    clear_state(*other.world);
    CHECK(state_of(*other.world).size() == 0);
    REQUIRE(load(parts, *other.world));
    CHECK(other.world->account_states.find(index(other.wallets[0])) == record);
    CHECK(other.world->checkpoint_root() == chain.world->checkpoint_root());
    CHECK(state_of(*other.world) == parts);

    // And it goes on alike.
    other.head = chain.head;
    other.head_hash = chain.head_hash;
    const auto transactions = blocks.next(chain, 80);
    CHECK(chain.run(transactions).hash == other.run(transactions).hash);
}

TEST_CASE("checkpoint: a part is cut when it is large enough", "[ledger][checkpoint]")
{
    ToyWorld toy{20'000};
    const auto parts = state_of(*toy.world);
    std::size_t total = 0;
    for (const auto& part : parts)
    {
        CHECK(part.second.size() < checkpoint_part_bytes + record_size_max + 10);
        total += part.second.size();
    }
    CHECK(parts.size() >= 4);
    CHECK(total > 3 * checkpoint_part_bytes);
    ToyWorld other{20'000, Amount{1}};
    clear_state(*other.world);
    REQUIRE(load(parts, *other.world));
    CHECK(other.world->checkpoint_root() == toy.world->checkpoint_root());
}

TEST_CASE("checkpoint: what is no part of a state is refused", "[ledger][checkpoint]")
{
    ToyWorld toy{3};
    const auto part = state_of(*toy.world).front().second;
    ToyWorld other{3};
    REQUIRE(load_state_part(part, *other.world));

    CHECK_FALSE(load_state_part({}, *other.world));
    auto no_table = part;
    no_table[0] = 0x7F;
    CHECK_FALSE(load_state_part(no_table, *other.world));
    auto beyond_dense_keys = part;
    beyond_dense_keys[4] = 0x7F;
    CHECK_FALSE(load_state_part(beyond_dense_keys, *other.world));
    auto other_size = part;
    ++other_size[13];
    CHECK_FALSE(load_state_part(other_size, *other.world));
    const auto record = (part.size() - 4) / 3;
    for (std::size_t size = 1; size < part.size(); ++size)
    {
        CAPTURE(size);
        const bool is_whole = size >= 4 && (size - 4) % record == 0;
        CHECK(load_state_part(ByteView{part}.first(size), *other.world) == is_whole);
    }
}
