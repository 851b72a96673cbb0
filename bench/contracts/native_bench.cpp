#include "bench/contracts/contract_bench.hpp"
#include "contracts/tokens/native/native_coin.hpp"

namespace runnel::bench
{

std::vector<ContractBench> native_benches()
{
    const auto transfer = [](BenchWorld& world) -> MakeTransaction
    {
        world.connect();
        world.show_all("coins", [&world](AccountId account)
            { return world.world().account_states.get(account).balance; });
        return [](BenchTransaction& transaction)
        {
            transaction.calls.add(native_coin,
                contracts::NativeTransfer{transaction.somebody, transaction.amount(1'000)});
        };
    };
    return {{"native.transfer", transfer}};
}

}  // namespace runnel::bench
