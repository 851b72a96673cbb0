#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace runnel
{

/// When blocks come: one a slot or, of a chain that retells another one, when they came there.
class BlockTimes
{
public:
    struct Known
    {
        std::uint64_t block = 0;
        std::uint64_t time = 0;  // Unix seconds.
        bool operator==(const Known&) const = default;
    };

    BlockTimes() = default;
    /// @p start is the time of block 0. @p known: ascending by block, from 1 on, no time before
    /// the one in front of it.
    BlockTimes(std::uint64_t start, std::vector<Known> known)
      : start_{start}, known_{std::move(known)}
    {}

    [[nodiscard]] const std::vector<Known>& known() const noexcept { return known_; }
    /// The time of a block, from 1 on, whose parent has @p parent_time: a slot later, or as time
    /// goes evenly, in whole seconds, from one known block to the next.
    [[nodiscard]] std::uint64_t of(
        std::uint64_t block, std::uint64_t parent_time, std::uint32_t slot_seconds) const noexcept;

private:
    std::uint64_t start_ = 0;
    std::vector<Known> known_;
};

}  // namespace runnel
