#include "bench/contracts/contract_bench.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"

#include <array>

namespace runnel::bench
{

using namespace contracts;

std::vector<ContractBench> price_oracle_benches()
{
    // One keeper reports three prices.
    const auto report = [](BenchWorld& world) -> MakeTransaction
    {
        std::array<ContractId, 3> tokens{};
        std::vector<TokenPrice> initial;
        for (std::size_t i = 0; i < tokens.size(); ++i)
        {
            tokens[i] = world.add_token("TOK" + std::to_string(i)).id();
            initial.push_back({tokens[i], Amount::power_of_ten(8)});
        }
        const auto oracle = world.add<PriceOracle>("oracle", std::string{"wallet/0"}, initial).id();
        world.connect();
        return [=, keeper = world.accounts().front()](BenchTransaction& transaction)
        {
            transaction.sender = keeper;
            SetPrices call;
            for (const auto token : tokens)
                call.prices.push_back({token, transaction.amount(100'000'000)});
            transaction.calls.add(oracle, call);
        };
    };
    return {{"price_oracle.setAssetPrices", report}};
}

}  // namespace runnel::bench
