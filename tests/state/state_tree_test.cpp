#include "state/state_tree.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace runnel;
using namespace runnel::toy;

namespace
{
std::uint32_t counters_branch_of(const ToyWorld& toy)
{
    return StateBranch::first_table + toy.counters->counters.number();
}

/// The root of a fresh world into which all present records of @p world are put in an order of
/// @p seed.
Hash root_from_scratch(const World& world, std::uint32_t wallets, std::uint64_t seed)
{
    ToyWorld fresh{wallets};
    auto& copy = *fresh.world;
    REQUIRE(copy.account_count() == world.account_count());
    std::vector<std::pair<std::uint32_t, std::uint64_t>> records;
    for (const auto* table : copy.tables())
    {
        for (const auto key : table->keys())
            std::memset(copy.tables()[table->number()]->make_slot(key), 0, table->format().size);
    }
    for (const auto* table : world.tables())
    {
        for (const auto key : table->keys())
            records.emplace_back(table->number(), key);
    }
    RandomStream random{seed, 9, 0, 0};
    for (auto i = records.size(); i > 1; --i)
        std::swap(records[i - 1], records[random.uniform_below(i)]);
    Bytes bytes;
    for (const auto& [number, key] : records)
    {
        const auto& from = *world.tables()[number];
        auto& to = *copy.tables()[number];
        bytes.clear();
        from.format().encode(from.find(key), bytes);
        REQUIRE(to.format().decode(bytes, to.make_slot(key)));
    }
    return copy.checkpoint_root();
}

struct Reference
{
    /// The top of the tree over all leaves, by the definition.
    static Hash top(const std::map<std::uint64_t, Hash>& leaves)
    {
        std::uint64_t size = 1;
        while (!leaves.empty() && size <= leaves.rbegin()->first)
            size *= 2;
        return node(leaves, 0, size);
    }
    static Hash node(
        const std::map<std::uint64_t, Hash>& leaves, std::uint64_t first, std::uint64_t size)
    {
        const auto begin = leaves.lower_bound(first);
        if (begin == leaves.end() || begin->first >= first + size)
            return {};
        if (size == 1)
            return begin->second;
        return merkle_node(node(leaves, first, size / 2), node(leaves, first + size / 2, size / 2));
    }
};
}  // namespace

TEST_CASE("state tree: a hash tree is a function of its leaves", "[ledger][state][property]")
{
    const std::uint64_t spread = GENERATE(1, 3, 40, 5'000, 1'000'000);
    RandomStream random{1, spread, 0, 0};
    HashTree tree;
    std::map<std::uint64_t, Hash> model;
    CHECK(tree.top() == Hash{});
    for (int round = 0; round < 60; ++round)
    {
        for (auto left = random.uniform_below(8); left > 0; --left)
        {
            const auto leaf = random.uniform_below(spread);
            if (random.bernoulli(0.4))
            {
                tree.set(leaf, Hash{});
                model.erase(leaf);
                continue;
            }
            const auto hash = keccak256(std::to_string(random.uniform_below(1'000)));
            tree.set(leaf, hash);
            model[leaf] = hash;
        }
        tree.update();
        REQUIRE(tree.top() == Reference::top(model));
        const auto leaf = random.uniform_below(spread);
        auto hash = tree.leaf(leaf);
        REQUIRE(hash == (model.contains(leaf) ? model[leaf] : Hash{}));
        if (leaf >> tree.height() != 0)
        {
            REQUIRE(tree.path(leaf).empty());
            continue;
        }
        auto at = leaf;
        for (const auto& sibling : tree.path(leaf))
        {
            if (hash != Hash{} || sibling != Hash{})
                hash = at % 2 == 0 ? merkle_node(hash, sibling) : merkle_node(sibling, hash);
            at /= 2;
        }
        REQUIRE(hash == tree.top());
    }
}

TEST_CASE("state tree: the root of a history is that of the state it leads to",
    "[ledger][state][property]")
{
    const std::uint64_t seed = GENERATE(range(1, 7));
    const std::uint64_t objects = GENERATE(5, 400);
    CAPTURE(seed, objects);
    constexpr std::uint32_t wallets = 60;
    ToyChain chain{wallets, Amount{1'000'000'000}};
    RandomBlocks blocks{seed, objects};
    RandomStream random{seed, objects, 0, 0};
    std::vector<std::pair<BlockHeader, Hash>> heads;
    ExecutionOptions options;
    options.checkpoint_interval = 1 + seed % 3;
    for (int step = 0; step < 40; ++step)
    {
        if (!heads.empty() && random.bernoulli(0.3))
        {
            // Back by some blocks, and on along a fork.
            for (auto left = 1 + random.uniform_below(4); left > 0 && !heads.empty(); --left)
            {
                chain.world->revert(chain.undo.back());
                chain.undo.pop_back();
                std::tie(chain.head, chain.head_hash) = heads.back();
                heads.pop_back();
            }
        }
        else
        {
            heads.emplace_back(chain.head, chain.head_hash);
            const auto block = chain.run(blocks.next(chain, 1 + random.uniform_below(80)),
                static_cast<unsigned>(step % 3), {{chain.wallets[0], 3}}, options);
            const bool due = block.header.number % options.checkpoint_interval == 0;
            REQUIRE((block.header.checkpoint_root != Hash{}) == due);
            if (due)
            {
                REQUIRE(
                    block.header.checkpoint_root == root_from_scratch(*chain.world, wallets, seed));
            }
        }
        if (random.bernoulli(0.4))
        {
            REQUIRE(chain.world->checkpoint_root() ==
                    root_from_scratch(*chain.world, wallets, seed + 100));
        }
    }
}

TEST_CASE("state tree: checkpoints do not depend on the number of workers", "[ledger][state]")
{
    const auto last_of = [](unsigned workers, std::uint64_t interval)
    {
        ToyChain chain{100, Amount{1'000'000'000}};
        RandomBlocks blocks{8, 30};
        ExecutionOptions options;
        options.checkpoint_interval = interval;
        for (int i = 0; i < 12; ++i)
            chain.run(blocks.next(chain, 120), workers, {{chain.proposer, 5}}, options);
        return std::pair{chain.head.checkpoint_root, chain.head_hash};
    };
    const auto serial = last_of(0, 4);
    CHECK(serial.first != Hash{});
    for (unsigned workers = 1; workers <= 8; ++workers)
        CHECK(last_of(workers, 4) == serial);
    // How often roots were computed on the way is not seen in the last one.
    CHECK(last_of(0, 12).first == serial.first);
    CHECK(last_of(0, 1).first == serial.first);
    CHECK(last_of(0, 0).first == Hash{});
}

TEST_CASE("state tree: every change of a record changes the root", "[ledger][state][property]")
{
    ToyChain chain{80, Amount{1'000'000'000}};
    RandomBlocks blocks{4, 300};
    for (int i = 0; i < 5; ++i)
        chain.run(blocks.next(chain, 100));
    auto& world = *chain.world;
    const auto root = world.checkpoint_root();
    std::set<Hash> roots{root};
    std::size_t changes = 0;
    Bytes bytes;
    for (auto* table : world.tables())
    {
        for (const auto key : table->keys())
        {
            bytes.clear();
            table->format().encode(table->find(key), bytes);
            auto changed = bytes;
            changed[changes % changed.size()] ^= static_cast<std::uint8_t>(1U << changes % 8);
            REQUIRE(table->format().decode(changed, table->make_slot(key)));
            roots.insert(world.checkpoint_root());
            ++changes;
            REQUIRE(table->format().decode(bytes, table->make_slot(key)));
        }
    }
    CHECK(world.checkpoint_root() == root);
    CHECK(changes > 300);
    CHECK(roots.size() == changes + 1);
}

TEST_CASE("state tree: a record that changed by itself is found when all are hashed again",
    "[ledger][state]")
{
    ToyChain chain{80, Amount{1'000'000'000}};
    RandomBlocks blocks{4, 300};
    for (int i = 0; i < 5; ++i)
        chain.run(blocks.next(chain, 100));
    auto& world = *chain.world;
    const auto root = world.checkpoint_root();
    CHECK(world.recompute_checkpoint_root() == root);
    for (auto* table : world.tables())
    {
        for (const auto key : table->keys())
        {
            auto* bytes = static_cast<std::uint8_t*>(table->find(key));
            bytes[0] ^= 4U;
            REQUIRE(world.checkpoint_root() == root);
            REQUIRE(world.recompute_checkpoint_root() != root);
            bytes[0] ^= 4U;
            REQUIRE(world.recompute_checkpoint_root() == root);
        }
    }
}

TEST_CASE("state tree: the number of a sparse table's buckets follows from its records",
    "[ledger][state]")
{
    ToyWorld toy{2};
    auto& counters = toy.counters->counters;
    auto& world = *toy.world;
    const auto number = counters_branch_of(toy);
    std::vector<Hash> roots{world.checkpoint_root()};
    for (std::uint64_t i = 0; i < 400; ++i)
    {
        counters.at(i * 0x1'0000'0003U).value = i + 1;
        roots.push_back(world.checkpoint_root());
        const auto bits = world.prove(number, 0).branch.bucket_bits;
        REQUIRE(std::uint64_t{16} << bits >= i + 1);
        REQUIRE((bits == 0 || std::uint64_t{8} << bits < i + 1));
    }
    // And back, through roots that were there before.
    for (std::uint64_t i = 400; i-- > 0;)
    {
        REQUIRE(world.checkpoint_root() == roots[i + 1]);
        counters.at(i * 0x1'0000'0003U) = {};
    }
    CHECK(world.checkpoint_root() == roots[0]);
    counters.at(std::uint64_t{5}).value = 1;
    CHECK(world.checkpoint_root() != roots[0]);
    counters.clear();
    CHECK(world.checkpoint_root() == roots[0]);
}

TEST_CASE(
    "state tree: every record is proven, and that others are absent", "[ledger][state][property]")
{
    ToyChain chain{70, Amount{1'000'000'000}};
    RandomBlocks blocks{4, 200};
    for (int i = 0; i < 5; ++i)
        chain.run(blocks.next(chain, 100));
    auto& world = *chain.world;
    const auto root = world.checkpoint_root();
    RandomStream random{1, 1, 1, 1};
    std::size_t absent = 0;
    for (const auto* table : world.tables())
    {
        auto keys = table->keys();
        const auto present = keys.size();
        for (int i = 0; i < 200; ++i)
        {
            keys.push_back(table->key_kind() == KeyKind::dense ? random.uniform_below(3'000)
                                                               : random.uniform_below(~0ULL));
        }
        for (std::size_t i = 0; i < keys.size(); ++i)
        {
            const auto proof = world.prove(StateBranch::first_table + table->number(), keys[i]);
            const auto record = proof.check(root);
            REQUIRE(record.has_value());
            Bytes expected;
            const auto* stored = table->find(keys[i]);
            if (stored != nullptr && !table->is_absent(stored))
                table->format().encode(stored, expected);
            REQUIRE(*record == expected);
            REQUIRE((i >= present || !expected.empty()));
            absent += expected.empty() ? 1 : 0;
            auto other = root;
            other.bytes[i % 32] ^= 1;
            REQUIRE_FALSE(proof.check(other).has_value());
        }
    }
    CHECK(absent > 300);

    const auto alice = index(chain.wallets[3]);
    const auto listing =
        AccountListing::decode(world.prove(StateBranch::accounts, alice).check(root).value());
    REQUIRE(listing.has_value());
    CHECK(listing->name == "wallet/3");
    CHECK(listing->role == "wallet");
    CHECK(listing->address == address_of_name("wallet/3"));
    CHECK(world.prove(StateBranch::accounts, 1'000'000).check(root).value().empty());
    const auto contract = ContractListing::decode(
        world.prove(StateBranch::contracts, index(counters_id)).check(root).value());
    REQUIRE(contract.has_value());
    CHECK(contract->kind == "toy_counters");
    CHECK(contract->name == "counters");
    CHECK_FALSE(contract->is_token);
}

TEST_CASE("state tree: a proof with a byte changed proves nothing else", "[ledger][state][fuzz]")
{
    ToyChain chain{40, Amount{1'000'000'000}};
    RandomBlocks blocks{4, 120};
    for (int i = 0; i < 5; ++i)
        chain.run(blocks.next(chain, 100));
    auto& world = *chain.world;
    const auto root = world.checkpoint_root();
    const auto& counters = chain.counters->counters;
    const auto some = counters.keys().at(17);
    const std::vector<std::pair<std::uint32_t, std::uint64_t>> claims{
        {counters_branch_of(chain), some}, {counters_branch_of(chain), some + 1},
        {StateBranch::first_table, index(chain.wallets[7])}, {StateBranch::first_table, 100'000},
        {StateBranch::accounts, 5}};
    std::size_t tried = 0;
    for (const auto& [branch, key] : claims)
    {
        const auto proof = world.prove(branch, key);
        const auto truth = proof.check(root).value();
        const auto refused = [&](auto change)
        {
            auto changed = proof;
            change(changed);
            ++tried;
            const auto record = changed.check(root);
            if (record)
            {
                // What still holds is true of the key it names.
                CHECK(changed.branch.number == branch);
                CHECK(*record == world.prove(branch, changed.key).check(root));
            }
            return !record.has_value();
        };
        for (unsigned bit = 0; bit < 8; ++bit)
        {
            const auto mask = static_cast<std::uint8_t>(1U << bit);
            for (std::size_t i = 0; i < proof.bucket.size(); ++i)
                CHECK(refused([&](auto& p) { p.bucket[i] ^= mask; }));
            for (std::size_t i = 0; i < proof.path.size(); ++i)
                CHECK(refused([&](auto& p) { p.path[i].bytes[i * 7 % 32] ^= mask; }));
            for (std::size_t i = 0; i < proof.branch_path.size(); ++i)
                CHECK(refused([&](auto& p) { p.branch_path[i].bytes[i * 5 % 32] ^= mask; }));
            CHECK(refused([&](auto& p) { p.branch.top.bytes[bit * 4] ^= mask; }));
            CHECK(refused([&](auto& p) { p.branch.number ^= mask; }));
            CHECK(refused([&](auto& p) { p.branch.height ^= mask; }));
            CHECK(refused([&](auto& p) { p.branch.bucket_bits ^= mask; }));
            CHECK(refused(
                [&](auto& p) {
                    p.branch.key_kind =
                        static_cast<KeyKind>(static_cast<unsigned>(p.branch.key_kind) ^ mask);
                }));
            CHECK(refused(
                [&](auto& p) {
                    p.branch.conservation_weight =
                        static_cast<std::int8_t>(p.branch.conservation_weight ^ mask);
                }));
            CHECK(refused(
                [&](auto& p) { p.branch.owner = ContractId{index(p.branch.owner) ^ mask}; }));
            // Another key may share the bucket: then the proof is one of that key.
            (void)refused([&](auto& p) { p.key ^= mask; });
            (void)refused([&](auto& p) { p.key ^= std::uint64_t{mask} << 56U; });
        }
        CHECK(refused([](auto& p) { p.branch.name += 'x'; }));
        CHECK(refused([](auto& p) { p.path.push_back({}); }));
        CHECK(refused([](auto& p) { p.branch_path.pop_back(); }));
        CHECK(refused([](auto& p) { p.branch_path.resize(80); }));
        CHECK((proof.path.empty() || refused([](auto& p) { p.path.pop_back(); })));
        // A bucket that claims to be empty.
        CHECK((proof.bucket.empty() || refused([](auto& p) { p.bucket.clear(); })));
        CHECK(proof.check(root) == truth);
    }
    CHECK(tried > 2'000);
}
