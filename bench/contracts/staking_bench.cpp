#include "bench/contracts/contract_bench.hpp"
#include "contracts/staking/ethena/susde.hpp"
#include "contracts/staking/lido/steth.hpp"
#include "contracts/staking/lido/wsteth.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// stETH at a rate that rounds, and wstETH; everybody holds both.
struct LidoWorld
{
    explicit LidoWorld(BenchWorld& bench)
      : world{bench},
        oracle{bench.accounts().front()},
        steth{bench.add<LidoSteth>("stETH", "stETH",
            lido::FeeDistribution{Amount::power_of_ten(19), {}, "treasury"},
            lido::Roles{oracle, oracle})},
        wsteth{bench.add<LidoWsteth>("wstETH", "wstETH", steth.id())}
    {
        bench.account("treasury");
        bench.connect();
        const auto some = Amount::power_of_ten(27);
        steth.allocate(bench.world(), oracle, some);  // There are shares from the start.
        for (const auto account : bench.accounts())
        {
            bench.prepare(account, steth.id(), lido::Submit{some, zero_account});
            bench.prepare(account, steth.id(), lido::Approve{wsteth.account(), Amount::max()});
            bench.prepare(account, steth.id(),
                lido::Approve{bench.neighbour(account, 1), Amount::power_of_ten(40)});
        }
        bench.prepare(oracle, steth.id(),
            lido::Report{Int256::from_bits(Amount::power_of_ten(25)), 0, zero_account, 0, 0});
        for (const auto account : bench.accounts())
            bench.prepare(account, wsteth.id(), lido::Wrap{Amount::power_of_ten(26)});
    }

    BenchWorld& world;
    AccountId oracle;
    LidoSteth& steth;
    LidoWsteth& wsteth;
};

/// A vault without a cooldown, or with one; everybody holds shares.
struct EthenaWorld
{
    EthenaWorld(BenchWorld& bench, std::uint32_t cooldown)
      : usde{bench.add_token("USDe")},
        vault{bench.add<EthenaSusde>("sUSDe", "sUSDe", usde.id(), cooldown)}
    {
        bench.account(EthenaSusde::silo_name("sUSDe"));
        bench.connect();
        bench.approve_all(usde.id(), vault.account());
        for (const auto account : bench.accounts())
        {
            bench.prepare(account, vault.id(), ethena::Deposit{Amount::power_of_ten(24), account});
        }
    }

    Erc20& usde;
    EthenaSusde& vault;
};
}  // namespace

std::vector<ContractBench> staking_benches()
{
    std::vector<ContractBench> benches;
    const auto add_lido = [&](std::string name, auto add_call)
    { benches.push_back(bench_in<LidoWorld>("lido." + std::move(name), add_call)); };
    const auto add_ethena = [&](std::string name, std::uint32_t cooldown, auto add_call)
    { benches.push_back(bench_in<EthenaWorld>("ethena." + std::move(name), add_call, cooldown)); };
    add_lido("submit",
        [](LidoWorld& world, BenchTransaction& transaction) {
            transaction.calls.add(world.steth.id(), lido::Submit{transaction.amount(1'000), {}});
        });
    add_lido("transfer",
        [](LidoWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.steth.id(), lido::Transfer{transaction.somebody, transaction.amount(1'000)});
        });
    add_lido("transferFrom",
        [](LidoWorld& world, BenchTransaction& transaction)
        {
            const auto owner =
                world.world.neighbour(transaction.sender, BenchWorld::account_count - 1);
            transaction.calls.add(world.steth.id(),
                lido::TransferFrom{owner, transaction.somebody, transaction.amount(1'000)});
        });
    add_lido("report",
        [](LidoWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.oracle;
            transaction.calls.add(
                world.steth.id(), lido::Report{Int256::from_bits(transaction.amount(1'000'000)), 0,
                                      zero_account, 0, 0});
        });
    add_lido("wrap", [](LidoWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.wsteth.id(), lido::Wrap{transaction.amount(1'000)}); });
    add_lido("unwrap", [](LidoWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.wsteth.id(), lido::Unwrap{transaction.amount(1'000)}); });

    add_ethena("deposit", 0,
        [](EthenaWorld& world, BenchTransaction& transaction) {
            world.vault.add_deposit(
                transaction.calls, transaction.amount(1'000), transaction.sender);
        });
    add_ethena("redeem", 0,
        [](EthenaWorld& world, BenchTransaction& transaction)
        {
            world.vault.add_redeem(transaction.calls, transaction.amount(1'000), transaction.sender,
                transaction.sender);
        });
    add_ethena("cooldownShares", ethena::max_cooldown_duration,
        [](EthenaWorld& world, BenchTransaction& transaction) {
            transaction.calls.add(
                world.vault.id(), ethena::CooldownShares{transaction.amount(1'000)});
        });
    add_ethena("transfer", 0,
        [](EthenaWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.vault.id(), Erc20Transfer{transaction.somebody, transaction.amount(1'000)});
        });
    return benches;
}

}  // namespace runnel::bench
