#pragma once

#include "tools/replay/replay.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Events of mainnet's Uniswap v3 pools, done again.
namespace runnel::replay
{

/// What came of a file of events.
struct ChainReport
{
    std::uint64_t pools = 0;
    std::uint64_t initializations = 0;
    std::uint64_t mints = 0;
    std::uint64_t burns = 0;
    std::uint64_t swaps = 0;
    std::uint64_t first_block = 0;
    std::uint64_t last_block = 0;
    std::uint64_t end_states = 0;  // Compared with a recorded state of the pool.
    std::uint64_t comparisons = 0;
    std::uint64_t mismatches = 0;
    std::vector<std::string> kept;   // The first mismatches.
    std::vector<std::string> notes;  // What else is to be said, a sentence each.
    std::string error;               // Not empty: the file could not be read; one line.
    bool error_is_worlds = false;

    [[nodiscard]] std::uint64_t events() const noexcept
    {
        return initializations + mints + burns + swaps;
    }
};

/// Replays a file of events through Runnel's own pools and compares every amount, price, liquidity
/// and tick that it has: an .ndjson(.gz) of many pools or of one, from its first block or from a
/// recorded state, or a .csv(.gz) of one pool's mints and burns. docs/uniswap_v3.md has the
/// formats. The file is read twice: memory is bounded by what it names, not by its length.
///
/// @p snapshots: a .json(.gz) of recorded states of the one pool of a .csv; each must be the state
/// after one of its events. Empty: none.
[[nodiscard]] ChainReport replay_chain(const std::string& path, const std::string& snapshots = {});

}  // namespace runnel::replay
