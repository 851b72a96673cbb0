#include "bench/contracts/contract_bench.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/stablecoins/terra_market/market.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;
using namespace contracts::terra_market;

/// A market that is so large that swaps of the measurement do not move it.
struct MarketWorld
{
    explicit MarketWorld(BenchWorld& bench)
      : market_account{bench.account("market")},
        ust{bench.add_token("UST", market_account)},
        luna{bench.add_token("LUNA", market_account)},
        oracle{bench.add<PriceOracle>(
            "oracle", "keeper", std::vector<TokenPrice>{{luna.id(), 6'813'000'000U}})},
        market{bench.add<TerraMarket>(
            "market", MarketSetup{ust.id(), luna.id(), oracle.id(), Amount{dec_one},
                          {Amount::power_of_ten(36), 36, Amount{dec_one / 50}}, {}})}
    {
        bench.connect();
    }

    AccountId market_account;
    Erc20& ust;
    Erc20& luna;
    PriceOracle& oracle;
    TerraMarket& market;
};
}  // namespace

std::vector<ContractBench> terra_market_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call)
    {
        benches.push_back(bench_in<MarketWorld>("terra_market." + std::move(name),
            [make_call](MarketWorld& world, BenchTransaction& transaction)
            { transaction.calls.add(world.market.id(), make_call(world, transaction)); }));
    };
    add("redeem",
        [](MarketWorld& world, BenchTransaction& transaction) {
            return Swap{world.ust.id(), transaction.amount(1'000'000), world.luna.id()};
        });
    add("mint",
        [](MarketWorld& world, BenchTransaction& transaction) {
            return Swap{world.luna.id(), transaction.amount(1'000'000), world.ust.id()};
        });
    return benches;
}

}  // namespace runnel::bench
