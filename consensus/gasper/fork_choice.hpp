#pragma once

#include "consensus/gasper/finality.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace runnel
{

/// A block in a tree of blocks, in which parents stand before their children.
struct GhostBlock
{
    NetworkBlockId id = 0;
    std::int32_t parent = -1;  // Its place; -1: not in the tree.
    Gwei weight = 0;           // Of those who voted for this block itself.
    bool is_viable = true;     // Whether it may be the head, if nothing is built on it.
};

/// The head of the tree below @p root: from block to block always to the child whose tree has the
/// most votes, among those that lead to a viable one; ties go to the larger mixed_id(). Adds the
/// weights of children to those of their parents.
///
/// Source: phase0/fork-choice.md, get_head and filter_block_tree.
[[nodiscard]] std::size_t ghost_head(std::span<GhostBlock> tree, std::size_t root);

/// An order of blocks that favours nobody: a mixing of the bits of @p id.
[[nodiscard]] constexpr std::uint64_t mixed_id(NetworkBlockId id) noexcept
{
    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    id = (id ^ id >> 30U) * 0xbf58476d1ce4e5b9U;
    id = (id ^ id >> 27U) * 0x94d049bb133111ebU;
    return id ^ id >> 31U;
}

/// What a block in time for its slot counts for beside its votes, until the next: a share of the
/// stake that attests in a slot on average. Rounded down twice, as get_proposer_score.
[[nodiscard]] constexpr Gwei proposer_boost(
    Gwei total_active_gwei, std::uint32_t slots_per_epoch, std::uint32_t percent) noexcept
{
    return total_active_gwei / slots_per_epoch * percent / 100;
}

}  // namespace runnel
