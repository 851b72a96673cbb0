#include "actors/simulation.hpp"

#include "actors/director.hpp"
#include "ledger/check.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <chrono>

namespace runnel
{

SimulationResult run_simulation(SimulationSetup setup, const SimulationOptions& options)
{
    RUNNEL_CHECK(!setup.validators.empty());
    RUNNEL_CHECK(options.workers >= 1 && options.workers <= workers_max);
    RUNNEL_CHECK(options.cohort_size >= 1 && options.writer_credits >= 1);
    const auto start = std::chrono::steady_clock::now();
    auto shared_setup = std::make_shared<SimulationSetup>(std::move(setup));
    auto result = std::make_shared<SimulationResult>();
    {
        caf::actor_system_config config;
        config.set("scheduler.policy", caf::atom("sharing"));
        config.set("scheduler.max-threads", std::size_t{std::max(1U, options.workers)});
        caf::actor_system system{config};
        {
            caf::scoped_actor self{system};
            const auto director =
                self->spawn<actors::Director, caf::monitored>(shared_setup, options, result);
            self->send(director, actors::Begin{});
            self->receive(
                [&](const caf::down_msg& down)
                {
                    if (down.reason && result->error.empty() &&
                        down.reason != caf::exit_reason::normal)
                    {
                        result->error = actors::error_text(system, down.reason);
                        result->error_is_bug = true;
                    }
                });
        }
        // The system's destructor waits for the whole crew to end.
    }
    if (result->error.empty())
    {
        const auto findings = shared_setup->world->check_invariants();
        if (!findings.empty())
        {
            result->error = findings.front();
            result->error_is_bug = true;
        }
    }
    // After an error the protocols' states died with their actors: there is no whole world left.
    if (result->error.empty())
        result->world = std::move(shared_setup->world);
    result->elapsed_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(*result);
}

}  // namespace runnel
