#include "actors/load_governor.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace runnel;

namespace
{
/// A machine with @p cores on which the writer needs @p writer_us of CPU per transaction, execution
/// @p execute_us: what a block of 1,000 transactions takes with so many workers.
struct Machine
{
    double cores;
    double execute_us;
    double writer_us;

    void run(LoadGovernor& governor, int blocks) const
    {
        for (int i = 0; i < blocks; ++i)
        {
            constexpr std::size_t transactions = 1'000;
            const double workers = governor.workers();
            // Workers that wait awake for a core slow the writer down.
            const auto writer =
                writer_us * (workers >= cores ? 1 + 0.4 * (workers - cores + 1) : 1);
            const auto execution = execute_us / workers;
            const auto us = std::max(writer, execution) * transactions;
            governor.note_block(
                transactions, us * 1e-6, std::max(0.0, writer - execution) * transactions * 1e-6);
        }
    }
};
}  // namespace

TEST_CASE("load governor: gives a core to the writer when the run waits for it",
    "[actors][load_governor]")
{
    LoadGovernor governor{{4, 0, true, 0}};
    Machine{4, 6, 5}.run(governor, 2'000);
    CHECK(governor.workers() < 4);
    // The load changes: execution is what takes long now.
    Machine{4, 40, 1}.run(governor, 8'000);
    CHECK(governor.workers() == 4);
}

TEST_CASE("load governor: keeps all workers when fewer are slower, and when told to",
    "[actors][load_governor]")
{
    LoadGovernor governor{{4, 0, true, 0}};
    Machine{8, 40, 1}.run(governor, 5'000);
    CHECK(governor.workers() == 4);
    LoadGovernor fixed{{4, 0, false, 0}};
    Machine{4, 6, 50}.run(fixed, 5'000);
    CHECK(fixed.workers() == 4);
    LoadGovernor alone{{1, 0, true, 0}};
    Machine{1, 6, 50}.run(alone, 5'000);
    CHECK(alone.workers() == 1);
}

TEST_CASE(
    "load governor: a trial that failed is repeated ever more rarely", "[actors][load_governor]")
{
    // Waiting for the writer, but with fewer workers it is worse still.
    LoadGovernor governor{{3, 0, true, 0}};
    int trials = 0;
    for (int block = 0; block < 32 * 200; ++block)
    {
        const bool fewer = governor.workers() < 3;
        trials += fewer && block % 32 == 0 ? 1 : 0;
        governor.note_block(1'000, fewer ? 0.02 : 0.01, 0.005);
    }
    CHECK(governor.workers() == 3);
    CHECK(trials >= 3);
    CHECK(trials <= 12);
}

TEST_CASE("load governor: a worker stands aside while the writer is behind without a core",
    "[actors][load_governor]")
{
    const LoadGovernor crowded{{4, 4, false, 0}};
    CHECK(crowded.workers_for_block(0) == 4);
    CHECK(crowded.workers_for_block(1) == 4);
    CHECK(crowded.workers_for_block(2) == 3);
    CHECK(crowded.workers_for_block(30) == 3);
    CHECK(crowded.workers() == 4);
    const LoadGovernor with_a_spare_core{{4, 5, false, 0}};
    CHECK(with_a_spare_core.workers_for_block(30) == 4);
    const LoadGovernor alone{{1, 1, false, 0}};
    CHECK(alone.workers_for_block(30) == 1);
}

TEST_CASE("load governor: near the ceiling blocks wait for the writer; beyond it the run stops",
    "[actors][load_governor]")
{
    constexpr std::uint64_t gib = 1U << 30U;
    LoadGovernor governor{{2, 0, false, gib}};
    CHECK(governor.admits_block(30, gib / 2));
    CHECK_FALSE(governor.admits_block(1, gib * 95 / 100));
    CHECK(governor.admits_block(0, gib * 95 / 100));
    CHECK(governor.exhausted().empty());
    CHECK_FALSE(governor.admits_block(3, 2 * gib));
    CHECK(governor.exhausted().empty());
    // This process is smaller than it claims: what counts is what is left after freeing.
    CHECK(governor.admits_block(0, 2 * gib));
    CHECK(governor.exhausted().empty());

    LoadGovernor tight{{2, 0, false, 4096}};
    CHECK(tight.admits_block(0, resident_memory()));
    CHECK(tight.exhausted().find("--max-memory is 0 MiB") != std::string::npos);
    CHECK(resident_memory() > 1'000'000);
    LoadGovernor free{{2, 0, false, 0}};
    CHECK(free.admits_block(100, ~std::uint64_t{0}));
}
