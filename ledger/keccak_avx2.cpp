#include "ledger/keccak_absorb.hpp"
#include "ledger/keccak_permutation.hpp"

void runnel::keccak_absorb_avx2(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept
{
    using Four = std::uint64_t __attribute__((vector_size(32)));
    keccak_absorb_lanes<Four>(
        state, keep, [&](Four(&words)[25]) { keccak_add_four_blocks(words, blocks); });
}
