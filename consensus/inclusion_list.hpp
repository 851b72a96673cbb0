#pragma once

#include "consensus/block_builder.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

/// A proposer's inclusion list: of what everybody sees and could be in the block, those that have
/// waited longest, as far as @p gas_max goes. They must be in the block if there is room; that is
/// what censors cannot get around. A proposer signs it before it sees bids (as EIP-7547 has it, and
/// FOCIL with a committee in its place).
///
/// @p builder stands before the pool's first transaction.
[[nodiscard]] std::vector<ListedTransaction> make_inclusion_list(std::span<const Transaction> pool,
    const World& world, std::uint64_t gas_max, BlockBuilder& builder);

/// The hashes, ascending.
[[nodiscard]] std::vector<Hash> hashes_of(std::span<const ListedTransaction> list);

}  // namespace runnel
