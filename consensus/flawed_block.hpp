#pragma once

#include "consensus/engine.hpp"
#include "consensus/validation.hpp"

#include <vector>

namespace runnel
{

/// The block that a proposer who cheats makes where an honest one would make one of
/// @p transactions, the scenario's script first. Its header is right for what is in it, but with
/// wrong_state_root.
///
/// - wrong_state_root: a bit of the state root is flipped.
/// - overspend: behind the script stands a transaction of the proposer's own whose gas he cannot
///   pay at its max_fee.
/// - forged_signature: behind the script stands somebody else's transaction, signed by the
///   proposer; the first of @p transactions, or, if there is none, one that does nothing.
///
/// What does not fit into the block any more is left out, from its end. @p world is as before.
[[nodiscard]] FinishedBlock make_flawed_block(BlockFlaw flaw, BlockValidator& maker, World& world,
    const ParentBlock& parent, const DueBlock& due, std::vector<Transaction> transactions);

/// The rule that a block with this flaw breaks, first of all; of none there is no such rule.
[[nodiscard]] BlockRule rule_broken_by(BlockFlaw flaw);

}  // namespace runnel
