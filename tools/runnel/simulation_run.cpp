#include "tools/runnel/simulation_run.hpp"

#include "tools/runnel/commands.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <optional>

namespace runnel::tools
{
namespace
{

/// With a run that was asked to stop. One that stands still is left: a second signal would do it
/// too, but who sends one and waits is not to wait for ever.
class Patience
{
public:
    void look(std::uint64_t blocks)
    {
        const auto now = std::chrono::steady_clock::now();
        if (!since_ || blocks != blocks_)
        {
            since_ = now;
            blocks_ = blocks;
        }
        const auto limit = std::chrono::seconds{blocks == 0 ? 10 : 30};
        if (now - *since_ > limit)
        {
            leave_at_once(exit_interrupted,
                fmt::format("interrupted after block {}, and left without its checkpoint: nothing "
                            "moved for {} s; what was committed is safe",
                    blocks, limit.count()));
        }
    }

private:
    std::optional<std::chrono::steady_clock::time_point> since_;  // This many blocks.
    std::uint64_t blocks_ = 0;
};

}  // namespace

SimulationResult run_with_progress(
    SimulationSetup setup, SimulationOptions simulation, bool shows_progress)
{
    SimulationProgress progress;
    set_signal_use(SignalUse::stop);
    progress.stop.store(stop_requested());
    simulation.progress = &progress;
    const auto blocks = setup.blocks;
    constexpr std::chrono::seconds start_max{10};
    const auto start = std::chrono::steady_clock::now();
    auto running = std::async(std::launch::async,
        [&setup, &simulation] { return run_simulation(std::move(setup), simulation); });
    ProgressBar bar{"blocks", blocks, shows_progress};
    Patience patience;
    while (running.wait_for(std::chrono::milliseconds{50}) != std::future_status::ready)
    {
        if (!progress.started.load() && std::chrono::steady_clock::now() - start > start_max)
        {
            leave_at_once(exit_world_failed,
                "the threads of the run could not be started; see `ulimit -u` and `ulimit -v`, or "
                "take fewer --workers");
        }
        if (stop_requested())
        {
            progress.stop.store(true);
            patience.look(progress.blocks.load());
        }
        bar.update(
            progress.blocks.load(), with_commas(progress.transactions.load()) + " transactions");
    }
    bar.clear();
    set_signal_use(SignalUse::finish);
    return running.get();
}

void leave_stalled(const SimulationResult& result)
{
    std::fflush(stdout);
    leave_at_once(exit_world_failed, shortened(printable(result.error)));
}

}  // namespace runnel::tools
