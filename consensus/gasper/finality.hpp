#pragma once

#include "consensus/engine.hpp"

#include <cstdint>
#include <optional>

namespace runnel
{

using Slot = std::uint64_t;
using Epoch = std::uint64_t;
using Gwei = std::uint64_t;

/// The last block of a chain that is not after an epoch's first slot, as that epoch's.
struct Checkpoint
{
    Epoch epoch = 0;
    NetworkBlockId block = 0;
    bool operator==(const Checkpoint&) const = default;
};

/// What an attestation says: this block is the head in this slot (LMD-GHOST), and from `source`,
/// which is justified, `target` shall be (Casper FFG).
struct AttestationData
{
    Slot slot = 0;
    NetworkBlockId block = 0;
    Checkpoint source;
    Checkpoint target;
    bool operator==(const AttestationData&) const = default;
};

/// Which rule somebody breaks who attests both; nullopt: none.
///
/// Source: consensus-specs, phase0/beacon-chain.md, is_slashable_attestation_data, both ways
/// around.
[[nodiscard]] std::optional<EvidenceKind> slashable_pair(
    const AttestationData& first, const AttestationData& second) noexcept;

/// What a chain holds for justified and final.
struct Finality
{
    /// Bit i: the checkpoint of i epochs ago is justified.
    std::uint8_t justified_bits = 0;
    Checkpoint previous_justified;
    Checkpoint current_justified;
    Checkpoint finalized;
    bool operator==(const Finality&) const = default;
};

/// Stake that attested the targets of two epochs on this chain.
struct TargetStake
{
    Checkpoint previous;  // The one before the epoch that ends,
    Checkpoint current;   // and that one.
    Gwei previous_gwei = 0;
    Gwei current_gwei = 0;
    Gwei total_gwei = 0;  // Of all who are active.
};

/// Whether @p gwei is two thirds of @p total_gwei or more.
[[nodiscard]] bool is_supermajority(Gwei gwei, Gwei total_gwei) noexcept;

/// @p finality at the end of the epoch of @p stake `.current`: justifies what has two thirds, and
/// finalises by one of four patterns: the source of the newest links, if all between is justified.
///
/// Source: phase0/beacon-chain.md, weigh_justification_and_finalization; in the first two epochs
/// nothing changes (process_justification_and_finalization).
[[nodiscard]] Finality weigh_justification(Finality finality, const TargetStake& stake) noexcept;

}  // namespace runnel
