#pragma once

#include "consensus/network/virtual_time.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

/// A bit for each validator, or for each place in a committee, the lowest first.
using VoterBits = std::vector<std::uint64_t>;

[[nodiscard]] constexpr std::size_t words_for_voters(std::size_t voters) noexcept
{
    return (voters + 63) / 64;
}
/// Of whom there is no bit, has not voted.
[[nodiscard]] inline bool has_voter(std::span<const std::uint64_t> bits, NodeId voter) noexcept
{
    return voter / 64 < bits.size() && (bits[voter / 64] >> (voter % 64) & 1U) != 0;
}
/// @pre there are words enough.
inline void add_voter(std::span<std::uint64_t> bits, NodeId voter) noexcept
{
    bits[voter / 64] |= std::uint64_t{1} << (voter % 64);
}
/// Calls @p visit with the number of each bit that is set, ascending.
template <typename Visit>
void for_each_voter(std::span<const std::uint64_t> bits, const Visit& visit)
{
    for (std::size_t i = 0; i < bits.size(); ++i)
    {
        for (auto word = bits[i]; word != 0; word &= word - 1)
            visit(static_cast<NodeId>(i * 64 + static_cast<unsigned>(std::countr_zero(word))));
    }
}

}  // namespace runnel
