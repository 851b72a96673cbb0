#include "consensus/pow/check.hpp"

#include "consensus/pow/puzzle.hpp"

#include <deque>

namespace runnel
{

std::string_view to_string(PowFault fault) noexcept
{
    switch (fault)
    {
        case PowFault::none: return "none";
        case PowFault::wrong_parent: return "it does not follow the block before";
        case PowFault::wrong_time: return "its header's time is not after its parent's";
        case PowFault::wrong_bits: return "its target is not what the retarget rule says";
        case PowFault::not_solved: return "its nonce does not solve its puzzle";
    }
    return {};
}

PowCheck check_pow(const PowOptions& options, std::span<const NetworkBlock> chain)
{
    const DifficultyRule rule{options};
    std::deque<PowBlock> blocks{rule.genesis()};
    PowCheck check;
    for (const auto& stored : chain)
    {
        const auto& parent = blocks.back();
        const auto fail = [&](PowFault fault)
        {
            check.fault = fault;
            check.height = parent.height() + 1;
            return check;
        };
        if (stored.parent != parent.block.id || stored.height != parent.height() + 1)
            return fail(PowFault::wrong_parent);
        if (stored.stated_at <= parent.block.stated_at)
            return fail(PowFault::wrong_time);
        PowBlock block;
        block.block = stored;
        rule.complete(block, parent);
        if (block.block.bits != stored.bits)
            return fail(PowFault::wrong_bits);
        if (options.puzzle == PuzzleKind::real)
        {
            block.seal = seal_of(header_of(stored, parent.seal), stored.nonce);
            if (!is_solved(block.seal, stored.bits))
                return fail(PowFault::not_solved);
        }
        else if (stored.nonce != 0)
            return fail(PowFault::not_solved);
        blocks.push_back(block);
        check.height = stored.height;
        check.work = block.work;
    }
    return check;
}

}  // namespace runnel
