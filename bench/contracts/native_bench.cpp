#include "bench/contracts/contract_bench.hpp"
#include "contracts/tokens/native/native_coin.hpp"

namespace runnel::bench
{

std::vector<ContractBench> native_benches()
{
    const auto transfer = [](BenchWorld& world) -> MakeTransaction
    {
        world.connect();
        return [](BenchTransaction& transaction)
        {
            transaction.calls.add(native_coin,
                contracts::NativeTransfer{transaction.somebody, transaction.amount(1'000)});
        };
    };
    return {{"native.transfer", transfer}};
}

}  // namespace runnel::bench
