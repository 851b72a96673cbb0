#include "bench/contracts/contract_bench.hpp"
#include "contracts/farms/masterchef/masterchef.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;
using namespace contracts::masterchef;

/// A chef with one pool in which everybody has staked.
struct ChefWorld
{
    explicit ChefWorld(BenchWorld& bench)
      : lp{bench.add_token("LP")},
        sushi{bench.add<Erc20>(
            "SUSHI", TokenInfo{"SUSHI", 18}, TokenFlavour::openzeppelin4, bench.account("chef"))},
        chef{bench.add<MasterChef>("chef", sushi.id(),
            Schedule{Amount::power_of_ten(20), 0, {}, 10}, std::vector<FirstPool>{{lp.id(), 100}},
            bench.accounts().front(), bench.accounts().front())}
    {
        bench.connect();
        bench.approve_all(lp.id(), chef.account());
        for (const auto account : bench.accounts())
            bench.prepare(account, chef.id(), Deposit{0, Amount::power_of_ten(24)});
    }

    Erc20& lp;
    Erc20& sushi;
    MasterChef& chef;
};
}  // namespace

std::vector<ContractBench> masterchef_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call)
    {
        benches.push_back(bench_in<ChefWorld>("masterchef." + std::move(name),
            [make_call](ChefWorld& world, BenchTransaction& transaction)
            { transaction.calls.add(world.chef.id(), make_call(transaction)); }));
    };
    add("deposit",
        [](BenchTransaction& transaction) {
            return Deposit{0, transaction.amount(1'000)};
        });
    add("withdraw",
        [](BenchTransaction& transaction) {
            return Withdraw{0, transaction.amount(1'000)};
        });
    add("harvest", [](BenchTransaction&) { return Withdraw{0, 0}; });
    add("updatePool", [](BenchTransaction&) { return UpdatePool{0}; });
    return benches;
}

}  // namespace runnel::bench
