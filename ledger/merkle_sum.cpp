#include "ledger/merkle_sum.hpp"

#include "ledger/check.hpp"
#include "ledger/fields.hpp"

#include <cstdint>

namespace runnel
{
namespace
{
constexpr std::uint8_t leaf_prefix = 2;
constexpr std::uint8_t node_prefix = 3;

/// Replaces a level of the tree by the one above it; false if a sum would pass 2^256-1.
[[nodiscard]] bool sum_level(std::vector<MerkleSum>& nodes)
{
    std::size_t above = 0;
    for (std::size_t i = 0; i < nodes.size(); i += 2, ++above)
    {
        if (i + 1 == nodes.size())
        {
            nodes[above] = nodes[i];
            continue;
        }
        const auto node = merkle_sum_node(nodes[i], nodes[i + 1]);
        if (!node)
            return false;
        nodes[above] = *node;
    }
    nodes.resize(above);
    return true;
}
}  // namespace

MerkleSum merkle_sum_leaf(const Hash& owner, const Amount& balance)
{
    Bytes content{leaf_prefix};
    Encoder encoder{content};
    encoder.put(owner);
    encoder.put(balance);
    return {keccak256(ByteView{content}), balance};
}

std::optional<MerkleSum> merkle_sum_node(const MerkleSum& left, const MerkleSum& right)
{
    const auto sum = Checked{left.sum} + right.sum;
    if (!sum.ok())
        return std::nullopt;
    Bytes content{node_prefix};
    Encoder encoder{content};
    for (const auto* child : {&left, &right})
    {
        encoder.put(child->hash);
        encoder.put(child->sum);
    }
    return MerkleSum{keccak256(ByteView{content}), sum.value};
}

std::optional<MerkleSum> merkle_sum_root(std::vector<MerkleSum> leaves)
{
    if (leaves.empty())
        return MerkleSum{keccak256(ByteView{}), {}};
    while (leaves.size() > 1)
    {
        if (!sum_level(leaves))
            return std::nullopt;
    }
    return leaves.front();
}

std::vector<MerkleSum> merkle_sum_path(std::vector<MerkleSum> leaves, std::size_t index)
{
    std::vector<MerkleSum> path;
    for (; leaves.size() > 1; index /= 2)
    {
        const auto sibling = index ^ 1U;
        if (sibling < leaves.size())
            path.push_back(leaves[sibling]);
        const bool fits = sum_level(leaves);
        RUNNEL_CHECK(fits);
    }
    return path;
}

std::optional<MerkleSum> merkle_sum_root_of_path(
    const MerkleSum& leaf, std::size_t index, std::size_t count, std::span<const MerkleSum> path)
{
    if (index >= count)
        return std::nullopt;
    auto node = std::optional{leaf};
    for (; count > 1; index /= 2, count = count / 2 + count % 2)
    {
        if ((index ^ 1U) >= count)
            continue;
        if (path.empty())
            return std::nullopt;
        node = index % 2 == 0 ? merkle_sum_node(*node, path.front())
                              : merkle_sum_node(path.front(), *node);
        if (!node)
            return std::nullopt;
        path = path.subspan(1);
    }
    return path.empty() ? node : std::nullopt;
}

}  // namespace runnel
