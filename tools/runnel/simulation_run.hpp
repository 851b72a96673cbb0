#pragma once

#include "actors/simulation.hpp"

namespace runnel::tools
{

/// The runtime of the actors', the ledger's writer, and who waits for them.
inline constexpr unsigned crew_threads = 4;

/// Runs the actors on another thread and shows progress on this one, if @p shows_progress. A signal
/// that asks for the end stops the run at a block boundary.
[[nodiscard]] SimulationResult run_with_progress(
    SimulationSetup setup, SimulationOptions simulation, bool shows_progress);

/// Some thread is stuck and holds what destructors would wait for.
[[noreturn]] void leave_stalled(const SimulationResult& result);

}  // namespace runnel::tools
