#include "bench/contracts/contract_bench.hpp"
#include "contracts/mixers/tornado/tornado.hpp"

namespace runnel::bench
{

using namespace contracts;

std::vector<ContractBench> tornado_benches()
{
    return {{"tornado.deposit",
        [](BenchWorld& bench) -> MakeTransaction
        {
            const auto& mixer =
                bench.add<Tornado>("mixer", native_coin, Amount::power_of_ten(18), 20U);
            bench.connect();
            bench.show("deposits", [&mixer] { return Amount{mixer.deposits()}; });
            return [&mixer](BenchTransaction& transaction)
            {
                MixerNote note;
                for (auto* number : {&note.nullifier, &note.secret})
                {
                    for (auto& byte : number->bytes)
                        byte = static_cast<std::uint8_t>(transaction.random.next_uint64());
                }
                mixer.add_deposit(transaction.calls, note);
            };
        }}};
}

}  // namespace runnel::bench
