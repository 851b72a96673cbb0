#include "ledger/keccak_absorb.hpp"
#include "ledger/keccak_permutation.hpp"

void runnel::keccak_absorb_bmi2(
    std::uint64_t* state, const std::uint8_t* const* blocks, const std::uint64_t* keep) noexcept
{
    keccak_absorb_one(state, *blocks, *keep);
}
