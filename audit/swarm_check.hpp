#pragma once

#include "audit/network_check.hpp"
#include "scenarios/scenario.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace runnel::audit
{

/// What is broken on purpose: a swarm that does not find it is worth nothing.
enum class SwarmBreakage : std::uint8_t
{
    none,
    quorum_half,   // Tendermint decides by more than half of the votes.
    forgets_lock,  // Its nodes come back from an outage without their locks.
    forgets_undo,  // The first block that is taken back stays in the state.
};
[[nodiscard]] std::string_view to_string(SwarmBreakage breakage) noexcept;

struct SwarmCheckOptions
{
    SwarmBreakage breakage = SwarmBreakage::none;
    std::string scratch_file;  // For a ledger; replaced and removed.
    const std::atomic<bool>* stop = nullptr;
};

/// What came of a swarm's scenario.
struct SwarmCheck
{
    std::string failure;   // Empty: none. Else `CHECK: what was found`.
    bool stalled = false;  // A run stood still: its threads are still there.
    bool interrupted = false;
    NetworkCheck network;
    std::uint64_t blocks = 0;  // Of the ledger.
    std::uint64_t transactions = 0;
    std::uint64_t reverted_blocks = 0;
    bool halted = false;    // Its chain ended early, where it may.
    bool resumed = false;   // A run was cut short and went on.
    bool verified = false;  // A file was written and verified.
};

/// Checks the network of a scenario (check_network) and then its ledger:
///
/// - run: it ends without an error, or stands still where liars are too many;
/// - conservation: balances add up to supplies, and the supply of native coins is what it was, plus
///   what was minted, less what was burnt, block by block;
/// - replay: a world that never saw what was taken back comes to the same hashes;
/// - replicas: other workers and cohorts come to the same head;
/// - resume: so does a run that was cut short, from its checkpoint;
/// - file: `verify` finds nothing in the ledger that was written, if the seed says so.
[[nodiscard]] SwarmCheck check_swarm(
    const scenarios::Scenario& scenario, const SwarmCheckOptions& options);

}  // namespace runnel::audit
