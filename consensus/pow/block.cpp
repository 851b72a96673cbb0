#include "consensus/pow/block.hpp"

#include "consensus/network/network.hpp"
#include "consensus/pow/puzzle.hpp"
#include "consensus/pow/target.hpp"

#include <algorithm>

namespace runnel
{

const PowBlock* ancestor_at(const PowBlock* block, std::uint64_t height) noexcept
{
    while (block->height() > height)
        block = block->parent;
    return block;
}

const PowBlock* common_ancestor(const PowBlock* a, const PowBlock* b) noexcept
{
    a = ancestor_at(a, b->height());
    b = ancestor_at(b, a->height());
    while (a != b)
    {
        a = a->parent;
        b = b->parent;
    }
    return a;
}

DifficultyRule::DifficultyRule(const PowOptions& options)
  : retarget_{options.retarget},
    period_{options.retarget_blocks},
    interval_{options.block_interval},
    has_bomb_{options.has_bomb}
{
    const auto interval_s = static_cast<double>(options.block_interval) / one_second;
    const auto hashes = options.initial_difficulty > 0 ? options.initial_difficulty
                                                       : options.hash_rate * interval_s;
    initial_ = std::max(Amount::from_double(hashes), Amount{1});
    initial_bits_ = std::min(compact_of_target(target_of_difficulty(initial_)), easiest_bits);
}

EthereumRetarget DifficultyRule::ethereum() const noexcept
{
    EthereumRetarget rule;
    rule.seconds = retarget_ == RetargetRule::homestead ? 10 : 9;
    rule.has_bomb = has_bomb_;
    // A network may begin below Ethereum's least.
    rule.least = std::min(rule.least, initial_);
    return rule;
}

PowBlock DifficultyRule::genesis() const
{
    PowBlock block;
    block.block.bits = initial_bits_;
    block.difficulty = initial_;
    block.seal = genesis_seal();
    return block;
}

DifficultyRule::Difficulty DifficultyRule::next(const PowBlock& parent, VirtualTime stated_at) const
{
    const auto height = parent.height() + 1;
    if (is_ethereum())
    {
        const auto since =
            static_cast<std::uint64_t>((stated_at - parent.block.stated_at) / one_second);
        const auto exact = ethereum_difficulty(ethereum(), parent.difficulty, since, height);
        return {std::min(compact_of_target(target_of_difficulty(exact)), easiest_bits), exact};
    }
    if (retarget_ == RetargetRule::bitcoin && height % period_ == 0)
    {
        const auto* first = parent.period_first == nullptr ? &parent : parent.period_first;
        const auto bits =
            bitcoin_retarget(parent.block.bits, parent.block.stated_at - first->block.stated_at,
                static_cast<std::int64_t>(period_) * interval_, easiest_bits);
        return {bits, work_of_compact(bits)};
    }
    return {parent.block.bits, parent.difficulty};
}

VirtualTime DifficultyRule::changes_at(const PowBlock& parent, VirtualTime stated_at) const
{
    if (!is_ethereum())
        return never_in_virtual_time;
    const auto step = static_cast<VirtualTime>(ethereum().seconds) * one_second;
    const auto slow = (stated_at - parent.block.stated_at) / step;
    if (slow > static_cast<VirtualTime>(ethereum_falls_max))
        return never_in_virtual_time;
    return parent.block.stated_at + (slow + 1) * step;
}

void DifficultyRule::complete(PowBlock& block, const PowBlock& parent) const
{
    const auto difficulty = next(parent, block.block.stated_at);
    block.parent = &parent;
    block.block.parent = parent.block.id;
    block.block.bits = difficulty.bits;
    block.difficulty = difficulty.exact;
    block.work = wrapping_add(parent.work, work_of_compact(difficulty.bits));
    const auto* parents_first = parent.period_first == nullptr ? &parent : parent.period_first;
    block.period_first = block.height() % period_ == 0 ? nullptr : parents_first;
}

}  // namespace runnel
