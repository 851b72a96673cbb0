#include "bench/contracts/contract_bench.hpp"
#include "contracts/assets/share_registry/registry.hpp"
#include "contracts/commerce/marketplace/marketplace.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// An asset whose shares everybody has, and everybody's listing of a lot of a plain token.
struct AssetWorld
{
    explicit AssetWorld(BenchWorld& bench)
      : agent{bench.accounts().front()},
        currency{bench.add_token("USDC")},
        lots{bench.add_token("LOTS")}
    {
        share_registry::Terms terms;
        terms.info = {"ART", 18};
        terms.currency = currency.id();
        terms.agent = bench.world().account(agent).name;
        terms.issuer = terms.agent;
        terms.shares = 1'000'000'000'000;
        terms.tender_seconds_min = 1;
        asset = &bench.add<ShareRegistry>("ART", terms);
        market = &bench.add<NftMarketplace>("market", marketplace::Terms{250, terms.agent, 500, 0});
        bench.connect();
        asset->issue(bench.world());
        bench.approve_all(currency.id(), asset->account());
        bench.approve_all(currency.id(), market->account());
        bench.approve_all(lots.id(), market->account());
        for (const auto account : bench.accounts())
        {
            if (account != agent)
            {
                bench.prepare(agent, asset->id(), share_registry::RegisterIdentity{account});
                bench.prepare(agent, asset->id(), Erc20Transfer{account, Amount::power_of_ten(24)});
            }
            bench.prepare(account, market->id(),
                marketplace::List{SaleKind::dutch_auction, lots.id(), 0, Amount::power_of_ten(24),
                    currency.id(), Amount::power_of_ten(25), Amount::power_of_ten(24), 0,
                    1ULL << 39U});
        }
        bench.show_balance("paid in", currency.id(), asset->account());
        bench.show_all("lots", [this](AccountId account) { return lots.balance(account); });
    }

    AccountId agent;
    Erc20& currency;
    Erc20& lots;
    ShareRegistry* asset = nullptr;
    NftMarketplace* market = nullptr;
};
}  // namespace

std::vector<ContractBench> asset_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto fill)
    { benches.push_back(bench_in<AssetWorld>(std::move(name), fill)); };
    add("share_registry.transfer",
        [](AssetWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.asset->id(), Erc20Transfer{transaction.somebody, transaction.amount(1'000)});
        });
    add("share_registry.distributeFunds",
        [](AssetWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.asset->id(), share_registry::DistributeFunds{transaction.amount(1'000'000)});
        });
    add("share_registry.withdrawFunds", [](AssetWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.asset->id(), share_registry::WithdrawFunds{}); });
    add("marketplace.fulfil",
        [](AssetWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.market->id(), marketplace::Fulfil{transaction.somebody, 1,
                                        transaction.amount(1'000), Amount::max()});
        });
    return benches;
}

}  // namespace runnel::bench
