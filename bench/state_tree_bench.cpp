#include "ledger/philox.hpp"
#include "state/world.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

/// What a root of the whole state costs: the first one of a world with a million accounts, and the
/// next ones by how many accounts changed since.
namespace
{
using namespace runnel;

constexpr std::uint32_t account_count = 1'000'000;

std::unique_ptr<World> make_world()
{
    auto world = std::make_unique<World>();
    while (world->account_count() < account_count)
    {
        const auto id = world->add_account(
            {"wallet/" + std::to_string(world->account_count()), "wallet", "", {}});
        world->account_states.at(id) = {Amount{1'000 + index(id)}, 1};
    }
    return world;
}

void first_root(benchmark::State& state)
{
    for (auto _ : state)
    {
        state.PauseTiming();
        const auto world = make_world();
        state.ResumeTiming();
        benchmark::DoNotOptimize(world->checkpoint_root());
    }
}
BENCHMARK(first_root)->Unit(benchmark::kMillisecond)->Iterations(1);

void next_root(benchmark::State& state)
{
    static const auto world = make_world();
    (void)world->checkpoint_root();
    std::uint64_t round = 0;
    for (auto _ : state)
    {
        state.PauseTiming();
        RandomStream random{1, ++round, 0, 0};
        for (auto left = state.range(0); left > 0; --left)
            ++world->account_states.at(random.uniform_below(account_count)).nonce;
        state.ResumeTiming();
        benchmark::DoNotOptimize(world->checkpoint_root());
    }
    state.counters["accounts"] = account_count;
}
BENCHMARK(next_root)
    ->Unit(benchmark::kMicrosecond)
    ->Arg(0)
    ->Arg(1)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000);
}  // namespace
