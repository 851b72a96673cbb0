#pragma once

#include "strategies/api/view.hpp"

#include <cstdint>
#include <vector>

namespace runnel::strategies
{

/// What a transaction that waits would pay the proposer in the block to come, wei per gas. A bug
/// unless it can pay the base fee.
[[nodiscard]] std::uint64_t tip_of(const PendingTransaction& waiting, const WorldView& view);

/// Those of the mempool that can be in the block to come and whose calls can be read, as a proposer
/// would order them who looks at tips alone. Valid for the round.
[[nodiscard]] std::vector<const PendingTransaction*> includable_by_tip(const WorldView& view);

}  // namespace runnel::strategies
