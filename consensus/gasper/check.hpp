#pragma once

#include "consensus/gasper/finality.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace runnel
{

/// Who could vote for an epoch's target, and with how much.
struct EpochStake
{
    Gwei total = 0;                          // Of all who are active.
    std::vector<Gwei> weight;                // By validator; 0: not active, or slashed.
    std::vector<Gwei> previous_weight = {};  // Of who was active in the epoch before, as it is now.
};

/// What a second look at finality found.
struct GasperFindings
{
    std::vector<std::string> problems;  // Empty: what is called final is.
    /// Validators of whom there are two votes that no one may cast: ascending.
    std::vector<std::uint32_t> offenders;
    /// Pairs of final checkpoints of which neither is on the way to the other.
    std::vector<std::pair<Checkpoint, Checkpoint>> conflicts;
};

/// Checks from votes alone that checkpoints are final: that each is justified by two thirds of its
/// epoch's stake, and so is one behind it, from it (Casper FFG, Buterin and Griffith 2017); and
/// that no two of them conflict. Names whom the votes convict.
///
/// An epoch's votes are counted when it ends and when the next one ends, by the stake of then: who
/// has left in between is in the total no more (consensus-specs, process_justification_and_
/// finalization: get_total_active_balance is of the current epoch for both). Either will do.
///
/// @param blocks     All that votes and checkpoints name, and their ancestors; block 0 is given.
/// @param votes      Attestations.
/// @param finalized  By epoch.
/// @param stakes     By epoch; an epoch without has that of the last one before it.
[[nodiscard]] GasperFindings check_gasper(std::span<const NetworkBlock> blocks,
    std::span<const NetworkVotes> votes, std::span<const Checkpoint> finalized,
    const std::map<Epoch, EpochStake>& stakes, std::uint32_t slots_per_epoch);

}  // namespace runnel
