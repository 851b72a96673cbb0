#include "tools/runnel/watched_run.hpp"

#include "tools/runnel/commands.hpp"

#include <chrono>
#include <future>
#include <utility>

namespace runnel::tools
{

SimulationResult run_watched(SimulationSetup setup, SimulationOptions options,
    const std::function<void(SimulationProgress&)>& watch)
{
    SimulationProgress progress;
    options.progress = &progress;
    auto running = std::async(std::launch::async,
        [&setup, &options] { return run_simulation(std::move(setup), options); });
    while (running.wait_for(std::chrono::milliseconds{2}) != std::future_status::ready)
        watch(progress);
    watch(progress);
    auto result = running.get();
    if (!result.error.empty())
        throw CommandError{exit_world_failed, result.error};
    return result;
}

}  // namespace runnel::tools
