#include "actors/simulation.hpp"

#include "actors/director.hpp"
#include "ledger/check.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace runnel
{
namespace
{
using std::chrono::milliseconds;

/// How often the watchdog looks within a timeout. Looks are counted rather than time: a process
/// that was stopped as a whole, or a machine that slept, is not taken for a stall.
constexpr int looks = 20;
/// The actors of a run.
struct Stage
{
    explicit Stage(unsigned workers)
    {
        config.set("scheduler.policy", caf::atom("sharing"));
        config.set("scheduler.max-threads", std::size_t{std::max(1U, workers)});
        system = std::make_unique<caf::actor_system>(config);
    }

    caf::actor_system_config config;
    std::unique_ptr<caf::actor_system> system;  // Its destructor waits for all actors to end.
    std::shared_ptr<ExecutionGate> gate = std::make_shared<ExecutionGate>();
    std::shared_ptr<actors::RoundWatch> watch = std::make_shared<actors::RoundWatch>();
};

/// Who keeps the run waiting, as a person would say it.
std::string held_up(const Stage& stage)
{
    const auto& watch = *stage.watch;
    if (!watch.executing())
    {
        const auto awaited = watch.awaited();
        return awaited.empty() ? "the director itself" : awaited;
    }
    const auto transactions = stage.gate->execution.under_way();
    if (transactions.empty())
        return "the execution of the block";
    const auto others = transactions.size() - 1;
    return fmt::format("transaction {}{}", transactions.front(),
        others == 0 ? "" : fmt::format(" and {} more in parallel with it", others));
}

/// Runs it to its end; false if it stood still. Then its actors are still there.
bool drive(Stage& stage, const std::shared_ptr<SimulationSetup>& setup,
    const SimulationOptions& options, const std::shared_ptr<SimulationResult>& result,
    SimulationResult& given_up)
{
    caf::scoped_actor self{*stage.system};
    caf::actor writer;
    if (options.sink != nullptr)
        writer = self->spawn<actors::WriterActor, caf::detached>(options.sink);
    const auto director = self->spawn<actors::Director, caf::monitored>(
        setup, options, result, writer, stage.gate, stage.watch);
    self->send(director, actors::Begin{});

    const caf::duration interval =
        options.stall_timeout.count() == 0
            ? caf::duration{caf::infinite}
            : caf::duration{std::max(options.stall_timeout / looks, milliseconds{1})};
    bool ended = false;
    int idle = 0;
    auto moves = stage.watch->moves();
    while (!ended && idle <= looks)
    {
        self->receive(
            [&](const caf::down_msg& down)
            {
                ended = true;
                if (down.reason && result->error.empty() && down.reason != caf::exit_reason::normal)
                {
                    result->error = actors::error_text(*stage.system, down.reason);
                    result->error_is_bug = true;
                }
            },
            caf::after(interval) >>
                [&]
                {
                    const auto now = stage.watch->moves();
                    idle = now == moves ? idle + 1 : 0;
                    moves = now;
                });
    }
    if (ended)
        return true;

    given_up.stalled = true;
    given_up.error =
        fmt::format("block {}: no progress for {} s, waiting for {}", stage.watch->block(),
            std::chrono::duration<double>(options.stall_timeout).count(), held_up(stage));
    if (writer)
    {
        // All finished blocks are in its mailbox or in its hands. It gets as long as everybody.
        self->request(writer, caf::duration{options.stall_timeout}, actors::FlushLedger{})
            .receive([&](const actors::LedgerFlushed&)
                { given_up.error += "; all blocks before it are safe: continue with --resume"; },
                [&](const caf::error&)
                {
                    given_up.error +=
                        "; the ledger writer does not answer either: what it committed is safe, "
                        "continue with --resume";
                });
    }
    return false;
}

/// The same; an exception is one more way to stand still, for actors that were started never end.
bool drive_or_give_up(Stage& stage, const std::shared_ptr<SimulationSetup>& setup,
    const SimulationOptions& options, const std::shared_ptr<SimulationResult>& result,
    SimulationResult& given_up)
{
    try
    {
        return drive(stage, setup, options, result, given_up);
    }
    catch (const std::exception& error)
    {
        given_up.stalled = true;
        given_up.error = fmt::format("the run could not be set up: {}", error.what());
        return false;
    }
}
}  // namespace

SimulationResult run_simulation(SimulationSetup setup, const SimulationOptions& options)
{
    RUNNEL_CHECK(!setup.validators.empty());
    RUNNEL_CHECK(options.workers >= 1 && options.workers <= workers_max);
    RUNNEL_CHECK(options.cohort_size >= 1 && options.writer_credits >= 1);
    RUNNEL_CHECK((setup.make_engine == nullptr || options.replicas == 1) &&
                 "replicas do not follow a chain that takes blocks back");
    const auto start = std::chrono::steady_clock::now();
    auto shared_setup = std::make_shared<SimulationSetup>(std::move(setup));
    auto result = std::make_shared<SimulationResult>();
    auto stage = std::make_unique<Stage>(options.workers);
    if (options.progress != nullptr)
        options.progress->started.store(true);
    SimulationResult given_up;
    if (!drive_or_give_up(*stage, shared_setup, options, result, given_up))
    {
        // Nobody can end a thread that is stuck; what it uses stays.
        static std::vector<Stage*> abandoned;
        abandoned.push_back(stage.release());
        return given_up;
    }
    stage.reset();
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
