#include "bench/contracts/contract_bench.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/stablecoins/issuer_desk/desk.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// A coin of which everybody has much and is a minter, and a desk that serves at once.
struct FiatTokenWorld
{
    explicit FiatTokenWorld(BenchWorld& bench)
      : usd{bench.add_token("USD")},
        coin{bench.add<FiatToken>(
            "USDC", fiat_token::Spec{{"USDC", 6}, "USD Coin", fiat_token::Version::v2_2, 1})},
        desk{bench.add<IssuerDesk>("desk", terms())}
    {
        const auto admin = bench.account("admin");
        coin.appoint({admin, admin, admin, admin, false, false});
        bench.connect();
        CallWriter minters;
        minters.add(
            coin.id(), fiat_token::ConfigureMinter{desk.account(), Amount::power_of_ten(60)});
        for (const auto account : bench.accounts())
        {
            coin.allocate(bench.world(), account, Amount::power_of_ten(30));
            minters.add(coin.id(), fiat_token::ConfigureMinter{account, Amount::power_of_ten(60)});
        }
        bench.prepare(admin, minters);
        bench.approve_all(coin.id(), desk.account());
        bench.approve_all(usd.id(), desk.account());
    }

    issuer_desk::Terms terms() const
    {
        issuer_desk::Terms result;
        result.coin = coin.id();
        result.reserve_token = usd.id();
        result.operated_by = "admin";
        result.hours.is_always_open = true;
        result.is_immediate = true;
        return result;
    }

    Erc20& usd;
    FiatToken& coin;
    IssuerDesk& desk;
};
}  // namespace

std::vector<ContractBench> fiat_token_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto add_call)
    { benches.push_back(bench_in<FiatTokenWorld>("fiat_token." + std::move(name), add_call)); };
    add("transfer",
        [](FiatTokenWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(world.coin.id(),
                Erc20Transfer{transaction.somebody, transaction.amount(1'000'000)});
        });
    add("mint",
        [](FiatTokenWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(world.coin.id(),
                fiat_token::Mint{transaction.somebody, transaction.amount(1'000'000)});
        });
    add("burn",
        [](FiatTokenWorld& world, BenchTransaction& transaction) {
            transaction.calls.add(world.coin.id(), fiat_token::Burn{transaction.amount(1'000'000)});
        });
    add("redeem",
        [](FiatTokenWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.desk.id(), issuer_desk::Order{true, transaction.amount(1'000'000)});
        });
    return benches;
}

}  // namespace runnel::bench
