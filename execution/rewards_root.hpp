#pragma once

#include "ledger/block.hpp"
#include "ledger/hash_batch.hpp"

#include <span>

namespace runnel
{

/// What a header commits to of its block's rewards: the Merkle root over them in their order. A
/// leaf is the hash of the encoded reward, and of its kind behind it where it is not `minted`.
/// @p batch: empty, and empty again afterwards.
[[nodiscard]] Hash rewards_root(std::span<const Reward> rewards, HashBatch& batch);

}  // namespace runnel
