#include "bench/contracts/contract_bench.hpp"

namespace runnel::bench
{
namespace
{

using namespace contracts;

/// A token whose minter is the first account, and where everybody may spend what the account before
/// has: slots are full, as they mostly are.
struct TokenWorld
{
    explicit TokenWorld(BenchWorld& bench)
      : world{bench}, minter{bench.accounts().front()}, token{bench.add_token("TOK", minter)}
    {
        world.connect();
        for (const auto owner : world.accounts())
        {
            world.prepare(owner, token.id(),
                Erc20Approve{world.neighbour(owner, 1), Amount::power_of_ten(40)});
        }
        world.show_all("balances", [this](AccountId account) { return token.holding(account); });
        world.show_all("allowances",
            [this](AccountId owner) { return token.allowance(owner, world.neighbour(owner, 1)); });
    }

    BenchWorld& world;
    AccountId minter;
    Erc20& token;
};

}  // namespace

std::vector<ContractBench> erc20_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call)
    {
        benches.push_back(bench_in<TokenWorld>("erc20." + std::move(name),
            [make_call](TokenWorld& world, BenchTransaction& transaction)
            { transaction.calls.add(world.token.id(), make_call(world, transaction)); }));
    };
    add("transfer",
        [](TokenWorld&, BenchTransaction& transaction) {
            return Erc20Transfer{transaction.somebody, transaction.amount(1'000)};
        });
    add("approve",
        [](TokenWorld& world, BenchTransaction& transaction) {
            return Erc20Approve{
                world.world.neighbour(transaction.sender, 1), transaction.amount(1'000)};
        });
    add("transferFrom",
        [](TokenWorld& world, BenchTransaction& transaction)
        {
            const auto owner =
                world.world.neighbour(transaction.sender, BenchWorld::account_count - 1);
            return Erc20TransferFrom{owner, transaction.somebody, transaction.amount(1'000)};
        });
    add("mint",
        [](TokenWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.minter;
            return Erc20Mint{transaction.somebody, transaction.amount(1'000)};
        });
    add("burn",
        [](TokenWorld&, BenchTransaction& transaction) {
            return Erc20Burn{transaction.sender, transaction.amount(1'000)};
        });
    return benches;
}

}  // namespace runnel::bench
