#include "consensus/block_times.hpp"

#include <algorithm>

namespace runnel
{

std::uint64_t BlockTimes::of(
    std::uint64_t block, std::uint64_t parent_time, std::uint32_t slot_seconds) const noexcept
{
    const auto next = std::partition_point(
        known_.begin(), known_.end(), [block](const Known& known) { return known.block < block; });
    if (next == known_.end())
        return parent_time + slot_seconds;
    const auto last = next == known_.begin() ? Known{0, start_} : *std::prev(next);
    const auto blocks = next->block - last.block;
    const auto seconds = next->time - last.time;
    const auto gone = block - last.block;
    // The product of all seconds and blocks might not fit.
    return last.time + seconds / blocks * gone + seconds % blocks * gone / blocks;
}

}  // namespace runnel
