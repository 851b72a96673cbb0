#include "bench/contracts/contract_bench.hpp"
#include "contracts/exchanges/balancer_weighted/pool.hpp"

namespace runnel::bench
{
namespace
{

using namespace contracts;
namespace balancer = contracts::balancer_weighted;

constexpr std::uint64_t no_deadline = ~0ULL;
constexpr std::uint64_t some_tokens = 1'000'000'000'000'000'000;  // Smallest units.

/// A deep pool of 80 % and 20 %, and accounts that hold both and shares and let the pool spend
/// them.
struct WeightedWorld
{
    explicit WeightedWorld(BenchWorld& bench)
      : world{bench}, a{bench.add_token("A")}, b{bench.add_token("B")}
    {
        balancer::PoolSpec spec;
        spec.tokens = {a.id(), b.id()};
        spec.weights = {Amount{balancer::one / 5 * 4}, Amount{balancer::one / 5}};
        spec.swap_fee = balancer::one / 1'000;
        pool = &bench.add<BalancerWeightedPool>("pool", spec);
        world.connect();
        for (const auto token : {a.id(), b.id()})
            world.approve_all(token, pool->account());
        const auto provider = world.accounts().front();
        const auto depth = Amount::power_of_ten(27);
        world.prepare(
            provider, pool->id(), balancer::JoinExactTokensIn{{depth, depth}, Amount{}, provider});
        for (const auto account : world.accounts())
        {
            if (account != provider)
                world.prepare(
                    provider, pool->id(), Erc20Transfer{account, Amount::power_of_ten(24)});
        }
    }

    BenchWorld& world;
    Erc20& a;
    Erc20& b;
    BalancerWeightedPool* pool = nullptr;
};

using Make = void (*)(const WeightedWorld&, BenchTransaction&);

void swap_given_in(const WeightedWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(world.pool->id(),
        balancer::SwapGivenIn{world.a.id(), world.b.id(), transaction.amount(some_tokens),
            Amount{1}, transaction.sender, no_deadline});
}

void swap_given_out(const WeightedWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(world.pool->id(),
        balancer::SwapGivenOut{world.b.id(), world.a.id(), transaction.amount(some_tokens),
            Amount::max(), transaction.sender, no_deadline});
}

void join(const WeightedWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(
        world.pool->id(), balancer::JoinExactTokensIn{{transaction.amount(some_tokens), Amount{}},
                              Amount{}, transaction.sender});
}

void exit(const WeightedWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(world.pool->id(), balancer::ExitAllTokens{transaction.amount(some_tokens),
                                                {Amount{}, Amount{}}, transaction.sender});
}

}  // namespace

std::vector<ContractBench> balancer_weighted_benches()
{
    const std::vector<std::pair<std::string, Make>> operations{{"swap_given_in", swap_given_in},
        {"swap_given_out", swap_given_out}, {"join", join}, {"exit", exit}};
    std::vector<ContractBench> benches;
    for (const auto& [name, make] : operations)
    {
        benches.push_back(bench_in<WeightedWorld>("balancer_weighted." + name, make));
    }
    return benches;
}

}  // namespace runnel::bench
