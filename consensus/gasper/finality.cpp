#include "consensus/gasper/finality.hpp"

#include "ledger/amount.hpp"

namespace runnel
{

std::optional<EvidenceKind> slashable_pair(
    const AttestationData& first, const AttestationData& second) noexcept
{
    if (first == second)
        return std::nullopt;
    if (first.target.epoch == second.target.epoch)
        return EvidenceKind::double_vote;
    const auto surrounds = [](const AttestationData& outer, const AttestationData& inner)
    { return outer.source.epoch < inner.source.epoch && inner.target.epoch < outer.target.epoch; };
    if (surrounds(first, second) || surrounds(second, first))
        return EvidenceKind::surround_vote;
    return std::nullopt;
}

bool is_supermajority(Gwei gwei, Gwei total_gwei) noexcept
{
    return static_cast<uint128>(gwei) * 3 >= static_cast<uint128>(total_gwei) * 2;
}

Finality weigh_justification(Finality finality, const TargetStake& stake) noexcept
{
    const auto current = stake.current.epoch;
    if (current <= 1)
        return finality;
    const auto old_previous = finality.previous_justified;
    const auto old_current = finality.current_justified;

    finality.previous_justified = finality.current_justified;
    auto bits = static_cast<unsigned>(finality.justified_bits) << 1U & 0xFU;
    if (is_supermajority(stake.previous_gwei, stake.total_gwei))
    {
        finality.current_justified = stake.previous;
        bits |= 2U;
    }
    if (is_supermajority(stake.current_gwei, stake.total_gwei))
    {
        finality.current_justified = stake.current;
        bits |= 1U;
    }
    finality.justified_bits = static_cast<std::uint8_t>(bits);

    const auto all = [bits](unsigned mask) { return (bits & mask) == mask; };
    // The 2nd, 3rd and 4th newest epochs are justified, the 2nd from the 4th; and so on.
    if (all(0b1110U) && old_previous.epoch + 3 == current)
        finality.finalized = old_previous;
    if (all(0b0110U) && old_previous.epoch + 2 == current)
        finality.finalized = old_previous;
    if (all(0b0111U) && old_current.epoch + 2 == current)
        finality.finalized = old_current;
    if (all(0b0011U) && old_current.epoch + 1 == current)
        finality.finalized = old_current;
    return finality;
}

}  // namespace runnel
