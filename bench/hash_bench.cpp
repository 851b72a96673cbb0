#include "ledger/keccak.hpp"

#include <benchmark/benchmark.h>
#include <cryptopp/keccak.h>

#include <optional>
#include <vector>

/// What a message's hash costs, by how many messages are hashed at a time (first argument) and how
/// long they are (second).
namespace
{
using namespace runnel;

struct Input
{
    explicit Input(const benchmark::State& state)
      : bytes(static_cast<std::size_t>(state.range(0)),
            Bytes(static_cast<std::size_t>(state.range(1)), 0x5A)),
        views(bytes.begin(), bytes.end()),
        digests(bytes.size())
    {}

    std::vector<Bytes> bytes;
    std::vector<ByteView> views;
    std::vector<Hash> digests;
};

void per_message(benchmark::State& state)
{
    state.counters["per_message"] = benchmark::Counter(static_cast<double>(state.range(0)),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void library(benchmark::State& state)
{
    Input input{state};
    for (auto _ : state)
    {
        for (std::size_t i = 0; i < input.views.size(); ++i)
        {
            CryptoPP::Keccak_256 keccak;
            keccak.Update(input.views[i].data(), input.views[i].size());
            keccak.TruncatedFinal(input.digests[i].bytes.data(), 32);
        }
        benchmark::DoNotOptimize(input.digests.data());
    }
    per_message(state);
}

void path(benchmark::State& state, KeccakPath path)
{
    Input input{state};
    for (auto _ : state)
    {
        keccak256_many(input.views, input.digests, path);
        benchmark::DoNotOptimize(input.digests.data());
    }
    per_message(state);
}

void root(benchmark::State& state)
{
    const std::vector<Hash> leaves(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(merkle_root(leaves));
}

const bool registered = []
{
    const auto arguments = [](benchmark::internal::Benchmark* bench) {
        bench->ArgsProduct({{1, 2, 4, 8, 1'000}, {65, 136, 300}});
    };
    benchmark::RegisterBenchmark("library", library)->Apply(arguments);
    constexpr const char* names[] = {"portable", "bmi2", "avx2", "avx512"};
    for (const auto way : keccak_paths())
    {
        benchmark::RegisterBenchmark(names[static_cast<std::size_t>(way)], path, way)
            ->Apply(arguments);
    }
    benchmark::RegisterBenchmark("merkle_root", root)->Arg(1'000);
    return true;
}();
}  // namespace
