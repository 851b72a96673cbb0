#include "consensus/gasper/fork_choice.hpp"

#include "ledger/check.hpp"

#include <vector>

namespace runnel
{

std::size_t ghost_head(std::span<GhostBlock> tree, std::size_t root)
{
    RUNNEL_CHECK(root < tree.size());
    constexpr std::int32_t none = -1;
    std::vector<std::int32_t> best_child(tree.size(), none);
    std::vector<bool> has_child(tree.size(), false);
    // Children come before parents here, so that a block's weight and its best child are known when
    // its parent looks at it.
    for (auto i = tree.size(); i-- > 0;)
    {
        auto& block = tree[i];
        if (has_child[i])
            block.is_viable = best_child[i] != none;
        if (block.parent < 0)
            continue;
        const auto up = static_cast<std::size_t>(block.parent);
        RUNNEL_CHECK(up < i);
        tree[up].weight += block.weight;
        has_child[up] = true;
        if (!block.is_viable)
            continue;
        const auto rival = best_child[up];
        if (rival == none)
        {
            best_child[up] = static_cast<std::int32_t>(i);
            continue;
        }
        const auto& other = tree[static_cast<std::size_t>(rival)];
        const bool is_better = block.weight != other.weight
                                   ? block.weight > other.weight
                                   : mixed_id(block.id) > mixed_id(other.id);
        if (is_better)
            best_child[up] = static_cast<std::int32_t>(i);
    }
    auto head = root;
    while (best_child[head] != none)
        head = static_cast<std::size_t>(best_child[head]);
    return head;
}

}  // namespace runnel
