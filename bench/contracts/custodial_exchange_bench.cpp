#include "bench/contracts/contract_bench.hpp"
#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"

#include <array>

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// An exchange whose operator is its first customer; everybody has an account, rich in two tokens.
struct CustodyWorld
{
    explicit CustodyWorld(BenchWorld& bench)
      : clerk{bench.accounts().front()},
        first{bench.add_token("USDC").id()},
        second{bench.add_token("USDT").id()}
    {
        bench.account("keeper");
        bench.account("exchange/cold");
        custodial_exchange::Terms terms;
        for (const auto token : {first, second})
            terms.tokens.push_back({token, Amount{5}, Amount{20}, {}, Amount{1}});
        terms.operated_by = bench.world().account(clerk).name;
        terms.prices = bench
                           .add<PriceOracle>("oracle", "keeper",
                               std::vector<TokenPrice>{{first, 100'000'000}, {second, 99'950'000}})
                           .id();
        terms.spread_bps = 25;
        exchange = &bench.add<CustodialExchange>("exchange", std::move(terms));
        bench.connect();
        for (const auto token : {first, second})
            exchange->endow(bench.world(), token, Amount::power_of_ten(27));
        for (const auto account : bench.accounts())
            open(bench, account);
        for (const auto token : {first, second})
        {
            const auto& name = bench.world().contract(token).name();
            bench.show_balance("hot " + name, token, exchange->hot_wallet());
            bench.show("owed " + name, [this, token] { return exchange->owed(token); });
        }
    }
    /// An account with a million million of each token.
    void open(BenchWorld& bench, AccountId customer)
    {
        auto& world = bench.world();
        AccountInfo info{"deposits of " + world.account(customer).name, "custody", {}, {}, {}};
        info.address = exchange->deposit_address(world.account(customer).address);
        world.add_account(info);
        CallWriter calls;
        exchange->add_open(calls, world, customer, keccak256(info.name));
        bench.prepare(customer, calls);
        for (const auto token : {first, second})
        {
            CallWriter bring;
            add_deposit(bring, token, customer, Amount::power_of_ten(24));
            bench.prepare(clerk, bring);
        }
    }
    /// Whoever sends this pays; then the operator, who must be he, credits and sweeps.
    void add_deposit(
        CallWriter& calls, ContractId token, AccountId customer, const Amount& amount) const
    {
        const auto number = exchange->number_of(customer).value();
        calls.add(token, Erc20Transfer{exchange->deposit_account(number), amount});
        const std::array customers{number};
        exchange->add_credit(calls, token, customers);
        exchange->add_sweep(calls, token, customers);
    }

    AccountId clerk;
    ContractId first{};
    ContractId second{};
    CustodialExchange* exchange = nullptr;
};
}  // namespace

std::vector<ContractBench> custodial_exchange_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto fill)
    { benches.push_back(bench_in<CustodyWorld>("custodial_exchange." + std::move(name), fill)); };
    add("trade",
        [](CustodyWorld& world, BenchTransaction& transaction)
        {
            const bool forth = transaction.random.bernoulli(0.5);
            transaction.calls.add(world.exchange->id(),
                custodial_exchange::Trade{forth ? world.first : world.second,
                    forth ? world.second : world.first, transaction.amount(1'000'000), 0});
        });
    // Transfer, credit and sweep.
    add("deposit",
        [](CustodyWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.clerk;
            world.add_deposit(transaction.calls, world.first, transaction.somebody,
                transaction.amount(1'000'000));
        });
    // Asked for and paid.
    add("withdraw",
        [](CustodyWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.clerk;
            world.exchange->add_withdraw(transaction.calls, world.first,
                transaction.amount(1'000'000), transaction.somebody);
            world.exchange->add_pay(transaction.calls, world.first, 1);
        });
    return benches;
}

}  // namespace runnel::bench
