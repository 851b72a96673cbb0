#pragma once

#include "consensus/gasper/finality.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace runnel
{

/// A validator by its number.
using ValidatorId = std::uint32_t;
inline constexpr ValidatorId no_validator = std::numeric_limits<ValidatorId>::max();

/// Where the element @p index of @p count goes: a permutation by @p rounds of swap-or-not.
///
/// Source: phase0/beacon-chain.md, compute_shuffled_index, with keccak-256 for SHA-256 (Hoang,
/// Morris, Rogaway, "An Enciphering Scheme Based on a Card Shuffle", 2012).
[[nodiscard]] std::uint32_t shuffled_index(
    std::uint32_t index, std::uint32_t count, const Hash& seed, std::uint32_t rounds);
/// shuffled_index() of 0, 1, .. @p count - 1.
[[nodiscard]] std::vector<std::uint32_t> shuffled_indices(
    std::uint32_t count, const Hash& seed, std::uint32_t rounds);

/// What seeds an epoch's draws: of committees (domain 1) and of proposers (domain 0).
///
/// hash(domain, epoch, mix), where the mix of RANDAO is 32 bytes of the scenario's seed for that
/// epoch: on every branch the same, and nobody bends it.
[[nodiscard]] Hash epoch_seed(std::uint64_t seed, Epoch epoch, std::uint32_t domain);

/// Who makes the block of a slot: candidates in shuffled order, each taken with probability
/// effective balance / @p effective_max.
///
/// @param active     Ascending; not empty.
/// @param effective  Of all validators, gwei.
/// Source: phase0/beacon-chain.md, compute_proposer_index.
[[nodiscard]] ValidatorId draw_proposer(std::span<const ValidatorId> active,
    std::span<const Gwei> effective, Gwei effective_max, const Hash& seed, std::uint32_t rounds);

/// Who does what in an epoch. Every active validator attests once.
class Duties
{
public:
    /// @param active     Validators, ascending.
    /// @param effective  Of all validators, gwei.
    Duties(Epoch epoch, std::span<const ValidatorId> active, std::span<const Gwei> effective,
        Gwei effective_max, std::uint64_t seed, std::uint32_t slots_per_epoch,
        std::uint32_t rounds);

    [[nodiscard]] Epoch epoch() const noexcept { return epoch_; }
    /// no_validator if nobody is active.
    [[nodiscard]] ValidatorId proposer(Slot slot) const
    {
        return proposers_[slot % proposers_.size()];
    }
    /// All who attest in a slot, in shuffled order: the committees of the slot one after another.
    [[nodiscard]] std::span<const ValidatorId> committee(Slot slot) const
    {
        const auto i = slot % proposers_.size();
        return std::span{order_}.subspan(first_[i], first_[i + 1] - first_[i]);
    }
    struct Seat
    {
        std::uint32_t slot = no_validator;  // Within the epoch; no_validator: not active.
        std::uint32_t place = 0;            // In its committee.
    };
    [[nodiscard]] Seat seat_of(ValidatorId validator) const { return seats_[validator]; }

private:
    Epoch epoch_;
    std::vector<ValidatorId> order_;
    std::vector<std::uint32_t> first_;  // Of each slot in order_, and the end.
    std::vector<ValidatorId> proposers_;
    std::vector<Seat> seats_;
};

}  // namespace runnel
