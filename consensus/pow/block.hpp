#pragma once

#include "consensus/engine.hpp"
#include "consensus/pow/options.hpp"
#include "consensus/pow/retarget.hpp"
#include "ledger/hash.hpp"

namespace runnel
{

/// A block of a network with proof of work. Its maker keeps it; all others point to it.
struct PowBlock
{
    NetworkBlock block;
    const PowBlock* parent = nullptr;        // nullptr: block 0.
    const PowBlock* period_first = nullptr;  // Of the retarget period that it is in.
    Amount work;                             // Hashes expected for the chain that ends here.
    Amount difficulty;                       // Hashes expected for it, before bits round them.
    Hash seal;                               // Of real puzzles.

    [[nodiscard]] std::uint64_t height() const noexcept { return block.height; }
};

/// Whether a node gives up its chain for another one: for more work. Of equals it keeps the one
/// that it saw first.
[[nodiscard]] inline bool is_preferred(const PowBlock& candidate, const PowBlock& head) noexcept
{
    return candidate.work > head.work;
}

/// The last block that two chains have in common.
[[nodiscard]] const PowBlock* common_ancestor(const PowBlock* a, const PowBlock* b) noexcept;
[[nodiscard]] const PowBlock* ancestor_at(const PowBlock* block, std::uint64_t height) noexcept;

/// What the next block's puzzle must be, by the rules of a network.
class DifficultyRule
{
public:
    explicit DifficultyRule(const PowOptions& options);

    /// Block 0, whose difficulty nobody had to meet.
    [[nodiscard]] PowBlock genesis() const;
    /// Fills in bits, and what follows from the parent, of a block that has a height and a time.
    void complete(PowBlock& block, const PowBlock& parent) const;
    /// Hashes that a child of @p parent takes if its header says @p stated_at.
    struct Difficulty
    {
        std::uint32_t bits = 0;
        Amount exact;
    };
    [[nodiscard]] Difficulty next(const PowBlock& parent, VirtualTime stated_at) const;
    /// When it changes next; never_in_virtual_time: it does not.
    [[nodiscard]] VirtualTime changes_at(const PowBlock& parent, VirtualTime stated_at) const;

private:
    [[nodiscard]] EthereumRetarget ethereum() const noexcept;
    [[nodiscard]] bool is_ethereum() const noexcept
    {
        return retarget_ == RetargetRule::homestead || retarget_ == RetargetRule::eip100;
    }

    RetargetRule retarget_;
    std::uint32_t period_;
    VirtualTime interval_;
    bool has_bomb_;
    Amount initial_;
    std::uint32_t initial_bits_;
};

}  // namespace runnel
