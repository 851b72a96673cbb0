#include "bench/contracts/contract_bench.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "contracts/vaults/strategy_vault/strategy_vault.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// A vault with assets, and a strategy vault that puts its own into it; everybody holds shares of
/// both.
struct VaultWorld
{
    explicit VaultWorld(BenchWorld& bench)
      : boss{bench.accounts().front()},
        asset{bench.add_token("DAI")},
        vault{bench.add<Erc4626Vault>("vault", asset.id())},
        strategy{bench.add<StrategyVault>("strategy",
            strategy_vault::Settings{asset.id(), vault.id(), 0, no_contract, {}, 864'000, "yv"},
            strategy_vault::Roles{boss, boss, boss})}
    {
        bench.connect();
        for (const auto* taker : std::initializer_list<const Contract*>{&vault, &strategy})
            bench.approve_all(asset.id(), taker->account());
        for (const auto account : bench.accounts())
        {
            bench.prepare(account, vault.id(), erc4626::Deposit{Amount::power_of_ten(24), account});
            bench.prepare(
                account, strategy.id(), strategy_vault::Deposit{Amount::power_of_ten(24), account});
        }
        bench.show("assets", [this] { return vault.total_assets(); });
        bench.show("shares", [this] { return vault.total_supply(); });
        bench.show_all("balances", [this](AccountId account) { return vault.holding(account); });
    }

    AccountId boss;
    Erc20& asset;
    Erc4626Vault& vault;
    StrategyVault& strategy;
};
}  // namespace

std::vector<ContractBench> vault_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto add_call)
    { benches.push_back(bench_in<VaultWorld>(std::move(name), add_call)); };
    add("erc4626.deposit",
        [](VaultWorld& world, BenchTransaction& transaction) {
            world.vault.add_deposit(
                transaction.calls, transaction.amount(1'000), transaction.sender);
        });
    add("erc4626.mint",
        [](VaultWorld& world, BenchTransaction& transaction) {
            world.vault.add_mint(transaction.calls, transaction.amount(1'000), transaction.sender);
        });
    add("erc4626.withdraw",
        [](VaultWorld& world, BenchTransaction& transaction)
        {
            world.vault.add_withdraw(transaction.calls, transaction.amount(1'000),
                transaction.sender, transaction.sender);
        });
    add("erc4626.redeem",
        [](VaultWorld& world, BenchTransaction& transaction)
        {
            world.vault.add_redeem(transaction.calls, transaction.amount(1'000), transaction.sender,
                transaction.sender);
        });
    add("strategy_vault.deposit",
        [](VaultWorld& world, BenchTransaction& transaction) {
            world.strategy.add_deposit(
                transaction.calls, transaction.amount(1'000), transaction.sender);
        });
    add("strategy_vault.redeem",
        [](VaultWorld& world, BenchTransaction& transaction)
        {
            world.strategy.add_redeem(transaction.calls, transaction.amount(1'000),
                transaction.sender, transaction.sender);
        });
    add("strategy_vault.report",
        [](VaultWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.boss;
            transaction.calls.add(world.strategy.id(), strategy_vault::Report{});
        });
    return benches;
}

}  // namespace runnel::bench
