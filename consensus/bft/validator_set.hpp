#pragma once

#include "consensus/bft/options.hpp"
#include "consensus/network/virtual_time.hpp"
#include "consensus/voter_bits.hpp"
#include "ledger/amount.hpp"

#include <boost/container/small_vector.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace runnel
{

/// Bits inside of what holds them, of up to 128 validators: nodes have many, and read them with
/// every message.
using BftVoters = boost::container::small_vector<std::uint64_t, 2>;

/// A fraction of @p total, at most all of it, rounded down: what is strictly more than the fraction
/// is more than this.
[[nodiscard]] constexpr std::uint64_t part_of(
    std::uint64_t total, const BftFraction& fraction) noexcept
{
    return static_cast<std::uint64_t>(
        static_cast<uint128>(total) * fraction.numerator / fraction.denominator);
}
[[nodiscard]] constexpr bool exceeds(
    std::uint64_t power, std::uint64_t total, const BftFraction& fraction) noexcept
{
    return power > part_of(total, fraction);
}

/// Who votes at a height, with how much power, and whose turn it is to propose.
///
/// Priorities are CometBFT's (types/validator_set.go, spec/consensus/proposer-selection.md): who
/// has power p of P proposes p / P of the time, as evenly as can be. int64 arithmetic saturates.
struct BftValidatorSet
{
    std::vector<std::uint64_t> power;    // By validator; 0: not in the set.
    std::vector<std::int64_t> priority;  // By validator; 0 of who is not in the set.
    std::uint64_t total_power = 0;
    std::uint64_t common_power = 0;  // Of each member; 0: they have different ones.
    VoterBits members;
    NodeId proposer = 0;  // Of round 0.

    /// All powers together are at most 2^63 / 8: sums of priorities stay within int64.
    static constexpr std::uint64_t total_power_max = (std::uint64_t{1} << 63U) / 8;

    [[nodiscard]] bool has(NodeId validator) const noexcept
    {
        return has_voter(members, validator);
    }
    [[nodiscard]] std::uint64_t power_of(std::span<const std::uint64_t> bits) const noexcept;
    /// Of one word of bits, so many and all of members.
    [[nodiscard]] std::uint64_t power_of(
        std::size_t place, std::uint64_t word, std::uint32_t count) const noexcept
    {
        if (common_power != 0)
            return count * common_power;
        std::uint64_t sum = 0;
        for_each_voter(std::span{&word, 1}, [&](NodeId bit) { sum += power[place * 64 + bit]; });
        return sum;
    }
    /// Of a round of the height. The rule is that of as many increments at once as the round's
    /// number says.
    [[nodiscard]] NodeId proposer_of(std::uint64_t round) const;
    bool operator==(const BftValidatorSet&) const = default;
};

/// A set where nobody has proposed yet: @p power by validator, not all 0. Its proposer is that of
/// the first height.
[[nodiscard]] BftValidatorSet first_validator_set(std::vector<std::uint64_t> power);

/// Lets @p times proposers have their turn; the last one is the set's proposer then.
///
/// First, if priorities are further apart than 2P, all are divided by ceil(distance / 2P), toward
/// zero; then floor(average) is subtracted. After that, each time: everybody gains his power, who
/// has most (of equals the lowest number) proposes and loses P.
void increment_proposer_priority(BftValidatorSet& set, std::uint64_t times);

/// The set of the next height: powers change, who is new starts at -(P + P / 8), where P has all
/// powers but no removal yet; then priorities are centred and one turn passes. @p power is as long
/// as the set's, and not all 0.
[[nodiscard]] BftValidatorSet next_validator_set(
    const BftValidatorSet& set, const std::vector<std::uint64_t>& power);

}  // namespace runnel
