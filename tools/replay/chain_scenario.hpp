#pragma once

#include <string>

/// A scenario that does again what a file of recorded events tells.
namespace runnel::replay
{

/// The TOML of a scenario whose script has a transaction for each event of a file that
/// replay_chain() reads, with what was recorded as what is expected of it. What a pool had before
/// the first event, if the file says it, is its state at block 0; blocks come when they came.
/// docs/uniswap_v3.md says who sends and pays where the file does not.
///
/// @p snapshots: as for replay_chain(); the pool of a .csv stands at the price of the last of them.
/// @p tokens: a .csv with symbols and decimals of tokens, `address,symbol,decimals`; empty: none.
/// Throws std::invalid_argument with one line.
[[nodiscard]] std::string chain_scenario(
    const std::string& path, const std::string& snapshots, const std::string& tokens);

}  // namespace runnel::replay
