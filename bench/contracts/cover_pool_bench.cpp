#include "bench/contracts/contract_bench.hpp"
#include "contracts/insurance/cover_pool/cover_pool.hpp"
#include "contracts/insurance/cover_products/products.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// A pool to which everybody has brought capital, more than is ever covered, against the fall of a
/// token's price.
struct CoverWorld
{
    static constexpr std::uint64_t day = 86'400;

    explicit CoverWorld(BenchWorld& bench)
    {
        const auto asset = bench.add_token("USDC").id();
        const auto coin = bench.add_token("COIN").id();
        bench.account("keeper");
        const auto oracle =
            bench.add<PriceOracle>("oracle", "keeper", std::vector<TokenPrice>{{coin, 100'000'000}})
                .id();
        const auto product = bench
                                 .add<DepegCover>("depeg", cover_products::DepegTerms{oracle, coin,
                                                               100'000'000, 99'000'000})
                                 .id();
        cover_pool::Terms terms;
        terms.asset = asset;
        terms.products = {product};
        const auto percent = Amount::power_of_ten(16);
        terms.curve = {percent, wrapping_mul(percent, 4), wrapping_mul(percent, 40), 8'000};
        terms.symbol = "cUSDC";
        pool = &bench.add<CoverPoolContract>("pool", std::move(terms));
        bench.connect();
        bench.approve_all(asset, pool->account());
        for (const auto account : bench.accounts())
            bench.prepare(account, pool->id(), cover_pool::Deposit{Amount::power_of_ten(24)});
        bench.show_balance("assets", asset, pool->account());
        bench.show_all("shares", [this](AccountId account) { return pool->balance(account); });
        bench.show("cover", [this] { return pool->state().active_cover; });
    }

    CoverPoolContract* pool = nullptr;
};
}  // namespace

std::vector<ContractBench> cover_pool_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call)
    {
        benches.push_back(bench_in<CoverWorld>("cover_pool." + std::move(name),
            [make_call](CoverWorld& world, BenchTransaction& transaction)
            { transaction.calls.add(world.pool->id(), make_call(transaction)); }));
    };
    add("deposit", [](BenchTransaction& transaction)
        { return cover_pool::Deposit{transaction.amount(1'000'000)}; });
    add("requestWithdrawal", [](BenchTransaction& transaction)
        { return cover_pool::RequestWithdrawal{transaction.amount(1'000'000)}; });
    // Covers end in buckets of a day: each purchase changes that of one of a hundred days.
    add("buyCover",
        [](BenchTransaction& transaction)
        {
            const auto days = 1 + transaction.random.uniform_below(100);
            return cover_pool::BuyCover{
                0, transaction.amount(1'000'000'000), days * CoverWorld::day, Amount::max()};
        });
    return benches;
}

}  // namespace runnel::bench
