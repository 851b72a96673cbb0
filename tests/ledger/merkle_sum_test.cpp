#include "ledger/merkle_sum.hpp"

#include "ledger/fields.hpp"
#include "tests/support/catch.hpp"

#include <random>
#include <set>
#include <string>

namespace runnel
{
namespace
{

std::vector<MerkleSum> leaves(std::size_t count)
{
    std::vector<MerkleSum> list;
    for (std::size_t i = 0; i < count; ++i)
        list.push_back(merkle_sum_leaf(keccak256(std::to_string(i)), Amount{10 + i}));
    return list;
}

MerkleSum node(const MerkleSum& left, const MerkleSum& right)
{
    return merkle_sum_node(left, right).value();
}

/// By the definition: the left half is the largest power of two below the number of leaves.
MerkleSum reference_root(std::span<const MerkleSum> list)
{
    if (list.size() == 1)
        return list.front();
    std::size_t half = 1;
    while (half * 2 < list.size())
        half *= 2;
    return node(reference_root(list.first(half)), reference_root(list.subspan(half)));
}
}  // namespace

TEST_CASE("merkle sum: hashes are of what the header says", "[ledger][merkle_sum]")
{
    const auto owner = keccak256(std::string_view{"alice"});
    Bytes content{2};
    Encoder encoder{content};
    encoder.put(owner);
    encoder.put(Amount{7});
    const auto leaf = merkle_sum_leaf(owner, Amount{7});
    CHECK(leaf.hash == keccak256(ByteView{content}));
    CHECK(leaf.sum == 7);

    const auto other = merkle_sum_leaf(owner, Amount{5});
    content = {3};
    encoder.put(leaf.hash);
    encoder.put(leaf.sum);
    encoder.put(other.hash);
    encoder.put(other.sum);
    CHECK(node(leaf, other).hash == keccak256(ByteView{content}));
    CHECK(node(leaf, other).sum == 12);
    CHECK(node(leaf, other).hash != node(other, leaf).hash);
}

TEST_CASE("merkle sum: a root is that of the definition, and every leaf leads to it",
    "[ledger][merkle_sum]")
{
    CHECK(merkle_sum_root({}) == MerkleSum{keccak256(ByteView{}), {}});
    for (std::size_t count = 1; count <= 33; ++count)
    {
        const auto list = leaves(count);
        const auto root = merkle_sum_root(list).value();
        REQUIRE(root == reference_root(list));
        Amount sum;
        for (const auto& leaf : list)
            sum = wrapping_add(sum, leaf.sum);
        REQUIRE(root.sum == sum);
        for (std::size_t i = 0; i < count; ++i)
        {
            CAPTURE(count, i);
            const auto path = merkle_sum_path(list, i);
            REQUIRE(merkle_sum_root_of_path(list[i], i, count, path) == root);
            // Nobody else's leaf, place or size does.
            REQUIRE(merkle_sum_root_of_path(leaves(34).back(), i, count, path) != root);
            REQUIRE_FALSE(merkle_sum_root_of_path(list[i], count, count, path));
            auto longer = path;
            longer.push_back(list[0]);
            REQUIRE_FALSE(merkle_sum_root_of_path(list[i], i, count, longer));
            if (!path.empty())
            {
                REQUIRE_FALSE(merkle_sum_root_of_path(
                    list[i], i, count, std::span{path}.first(path.size() - 1)));
                REQUIRE(merkle_sum_root_of_path(list[i], i ^ 1U, count, path) != root);
            }
        }
    }
}

TEST_CASE("merkle sum: no sum is hidden behind another", "[ledger][merkle_sum]")
{
    // With hash(left.hash right.hash, total) a node over 10 and 20 could be shown to one child as
    // 10 + 20 and to the other as 0 + 30: here the sums of both children are in the hash.
    const auto list = leaves(2);
    auto moved = list;
    moved[0].sum = Amount{};
    moved[1].sum = wrapping_add(list[0].sum, list[1].sum);
    CHECK(node(moved[0], moved[1]).sum == node(list[0], list[1]).sum);
    CHECK(node(moved[0], moved[1]).hash != node(list[0], list[1]).hash);

    // A debt of somebody else's, as a number that wraps around, takes nothing off.
    auto negative = leaves(3);
    negative[1].sum = wrapping_sub(Amount{}, Amount{5});
    CHECK_FALSE(merkle_sum_node(negative[0], negative[1]));
    CHECK_FALSE(merkle_sum_root(negative));
    CHECK_FALSE(merkle_sum_root_of_path(negative[0], 0, 3, std::vector{negative[1], negative[2]}));
    negative[1].sum = wrapping_sub(Amount::max(), negative[0].sum);
    CHECK(node(negative[0], negative[1]).sum == Amount::max());
}

TEST_CASE("merkle sum: leaves and nodes are in separate domains", "[ledger][merkle_sum]")
{
    std::set<Hash> seen;
    for (std::size_t count = 0; count < 12; ++count)
        seen.insert(merkle_sum_root(leaves(count)).value().hash);
    CHECK(seen.size() == 12);
    // The last leaf twice is another list than once.
    auto doubled = leaves(3);
    doubled.push_back(doubled.back());
    CHECK(merkle_sum_root(doubled).value().hash != merkle_sum_root(leaves(3)).value().hash);
    const auto owner = keccak256(std::string_view{"alice"});
    CHECK(merkle_sum_leaf(owner, Amount{1}).hash != merkle_leaf(owner.bytes));
}

}  // namespace runnel
