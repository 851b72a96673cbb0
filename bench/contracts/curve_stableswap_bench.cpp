#include "bench/contracts/contract_bench.hpp"
#include "contracts/exchanges/curve_stableswap/pool.hpp"

namespace runnel::bench
{
namespace
{

using namespace contracts;
namespace curve = contracts::curve_stableswap;

constexpr std::uint64_t some_coins = 1'000'000'000'000'000'000;  // Smallest units.

/// A deep pool of three coins, and accounts that hold all of them and shares and let the pool spend
/// them.
struct StableWorld
{
    StableWorld(BenchWorld& bench, curve::Code code)
      : world{bench}, coins{&bench.add_token("A"), &bench.add_token("B"), &bench.add_token("C")}
    {
        curve::PoolSpec spec;
        spec.code = code;
        for (const auto* coin : coins)
            spec.coins.push_back(coin->id());
        pool = &bench.add<CurveStableSwapPool>("pool", spec);
        world.connect();
        for (const auto* coin : coins)
            world.approve_all(coin->id(), pool->account());
        const auto provider = world.accounts().front();
        const auto depth = Amount::power_of_ten(27);
        world.prepare(
            provider, pool->id(), curve::AddLiquidity{{depth, depth, depth}, Amount{}, provider});
        for (const auto account : world.accounts())
        {
            if (account != provider)
                world.prepare(
                    provider, pool->id(), Erc20Transfer{account, Amount::power_of_ten(24)});
        }
    }

    BenchWorld& world;
    std::array<Erc20*, 3> coins;
    CurveStableSwapPool* pool = nullptr;
};

using Make = void (*)(const StableWorld&, BenchTransaction&);

void exchange(const StableWorld& world, BenchTransaction& transaction)
{
    const auto i = static_cast<std::int32_t>(transaction.random.uniform_below(3));
    transaction.calls.add(
        world.pool->id(), curve::Exchange{i, (i + 1) % 3, transaction.amount(some_coins), Amount{1},
                              transaction.sender});
}

void add_liquidity(const StableWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(world.pool->id(),
        curve::AddLiquidity{{transaction.amount(some_coins), transaction.amount(some_coins),
                                transaction.amount(some_coins)},
            Amount{}, transaction.sender});
}

void remove_liquidity(const StableWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(
        world.pool->id(), curve::RemoveLiquidity{transaction.amount(some_coins),
                              {Amount{}, Amount{}, Amount{}}, transaction.sender});
}

void remove_liquidity_imbalance(const StableWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(world.pool->id(),
        curve::RemoveLiquidityImbalance{{transaction.amount(some_coins), Amount{}, Amount{}},
            Amount::max(), transaction.sender});
}

void remove_liquidity_one_coin(const StableWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(
        world.pool->id(), curve::RemoveLiquidityOneCoin{
                              transaction.amount(some_coins), 1, Amount{}, transaction.sender});
}

}  // namespace

std::vector<ContractBench> curve_stableswap_benches()
{
    const std::vector<std::pair<std::string, Make>> operations{{"exchange", exchange},
        {"add_liquidity", add_liquidity}, {"remove_liquidity", remove_liquidity},
        {"remove_liquidity_imbalance", remove_liquidity_imbalance},
        {"remove_liquidity_one_coin", remove_liquidity_one_coin}};
    std::vector<ContractBench> benches;
    for (const auto code : {curve::Code::base_template, curve::Code::three_pool})
    {
        const std::string protocol = code == curve::Code::three_pool ? "curve_3pool." : "curve.";
        for (const auto& [name, make] : operations)
        {
            benches.push_back(bench_in<StableWorld>(protocol + name, make, code));
        }
    }
    return benches;
}

}  // namespace runnel::bench
