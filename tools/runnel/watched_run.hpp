#pragma once

#include "actors/simulation.hpp"

#include <functional>

namespace runnel::tools
{

/// Runs to the end, or until @p watch, called every few milliseconds, sets progress.stop. Throws a
/// CommandError if the run fails.
SimulationResult run_watched(SimulationSetup setup, SimulationOptions options,
    const std::function<void(SimulationProgress&)>& watch);

}  // namespace runnel::tools
