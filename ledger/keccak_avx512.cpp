#include "ledger/keccak_absorb.hpp"
#include "ledger/keccak_permutation.hpp"

namespace
{
using Four = std::uint64_t __attribute__((vector_size(32)));
using Eight = std::uint64_t __attribute__((vector_size(64)));

[[gnu::always_inline]] inline void add_eight_blocks(
    Eight (&words)[keccak_state_words], const std::uint8_t* const* blocks)
{
    for (std::size_t first = 0; first < 16; first += 4)
    {
        // Lanes 0 and 4, 1 and 5, ... side by side: so the rest never crosses the halves.
        Eight rows[4];
        for (std::size_t lane = 0; lane < 4; ++lane)
        {
            Four low;
            Four high;
            std::memcpy(&low, blocks[lane] + 8 * first, sizeof low);
            std::memcpy(&high, blocks[lane + 4] + 8 * first, sizeof high);
            rows[lane] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
        }
        const Eight even01 = __builtin_shufflevector(rows[0], rows[1], 0, 8, 2, 10, 4, 12, 6, 14);
        const Eight odd01 = __builtin_shufflevector(rows[0], rows[1], 1, 9, 3, 11, 5, 13, 7, 15);
        const Eight even23 = __builtin_shufflevector(rows[2], rows[3], 0, 8, 2, 10, 4, 12, 6, 14);
        const Eight odd23 = __builtin_shufflevector(rows[2], rows[3], 1, 9, 3, 11, 5, 13, 7, 15);
        words[first] ^= __builtin_shufflevector(even01, even23, 0, 1, 8, 9, 4, 5, 12, 13);
        words[first + 1] ^= __builtin_shufflevector(odd01, odd23, 0, 1, 8, 9, 4, 5, 12, 13);
        words[first + 2] ^= __builtin_shufflevector(even01, even23, 2, 3, 10, 11, 6, 7, 14, 15);
        words[first + 3] ^= __builtin_shufflevector(odd01, odd23, 2, 3, 10, 11, 6, 7, 14, 15);
    }
    std::uint64_t last[8];
    for (std::size_t lane = 0; lane < 8; ++lane)
        std::memcpy(&last[lane], blocks[lane] + 128, sizeof last[lane]);
    words[16] ^= Eight{last[0], last[1], last[2], last[3], last[4], last[5], last[6], last[7]};
}
}  // namespace

void runnel::keccak_absorb_avx512_four(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept
{
    keccak_absorb_lanes<Four>(
        state, keep, [&](Four(&words)[25]) { keccak_add_four_blocks(words, blocks); });
}

void runnel::keccak_absorb_avx512_eight(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept
{
    keccak_absorb_lanes<Eight>(
        state, keep, [&](Eight(&words)[25]) { add_eight_blocks(words, blocks); });
}
