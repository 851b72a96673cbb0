#include "bench/contracts/contract_bench.hpp"
#include "contracts/lending/morpho_blue/adaptive_curve_irm.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "contracts/lending/morpho_blue/oracle.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"

namespace runnel::bench
{
namespace
{

using namespace contracts;

Amount tokens(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(18));
}

Amount dollars(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(8));
}

/// One market with the adaptive curve. Every account has supplied 1,000 DAI, and owes 100,000 DAI
/// against 100 WETH, which is healthy by more than a third.
struct MorphoWorld
{
    explicit MorphoWorld(BenchWorld& bench)
      : world{bench},
        keeper{bench.accounts().front()},
        owner{bench.account("owner")},
        lender{bench.account("lender")},
        dai{bench.add_token("DAI").id()},
        weth{bench.add_token("WETH").id()},
        prices{bench.add<PriceOracle>("prices", "wallet/0",
            std::vector<TokenPrice>{{dai, dollars(1)}, {weth, dollars(2'000)}})},
        oracle{bench.add<MorphoChainlinkOracle>("oracle", prices.id(), weth, dai)},
        irm{bench.add<MorphoAdaptiveCurveIrm>("irm")},
        morpho{bench.add<MorphoBlue>("morpho")},
        params{dai, weth, oracle.id(), irm.id(), Amount{800'000'000'000'000'000ULL}},
        market{bench.add<MorphoBlueMarket>(
            "market", morpho_blue::MarketConstructor{morpho.id(), params})}
    {
        morpho.set_owner(owner);
        morpho.enable(params.irm, params.lltv);
        world.connect();
        for (const auto token : {dai, weth})
            world.approve_all(token, morpho.account());
        world.prepare(keeper, morpho.id(), morpho_blue::CreateMarket{params});
        const auto lent = tokens(200'000ULL * BenchWorld::account_count);
        world.prepare(keeper, dai, Erc20Transfer{lender, lent});
        world.prepare(lender, dai, Erc20Approve{morpho.account(), lent});
        world.prepare(lender, morpho.id(), morpho_blue::Supply{params, lent, 0, lender, {}});
        for (const auto account : world.accounts())
        {
            world.prepare(
                account, morpho.id(), morpho_blue::Supply{params, tokens(1'000), 0, account, {}});
            world.prepare(account, morpho.id(),
                morpho_blue::SupplyCollateral{params, tokens(100), account, {}});
            world.prepare(account, morpho.id(),
                morpho_blue::Borrow{params, tokens(100'000), 0, account, account});
        }
        world.show_balance("dai", dai, morpho.account());
        world.show_balance("weth", weth, morpho.account());
    }

    /// Collateral is worth less than the debt with the liquidator's bonus: small liquidations leave
    /// the account as unhealthy as it was.
    void make_unhealthy() { world.prepare(keeper, prices.id(), SetPrice{weth, dollars(1'000)}); }

    BenchWorld& world;
    AccountId keeper;
    AccountId owner;
    AccountId lender;
    ContractId dai;
    ContractId weth;
    PriceOracle& prices;
    MorphoChainlinkOracle& oracle;
    MorphoAdaptiveCurveIrm& irm;
    MorphoBlue& morpho;
    morpho_blue::MarketParams params;
    MorphoBlueMarket& market;
};

}  // namespace

std::vector<ContractBench> morpho_blue_benches()
{
    constexpr std::uint64_t some_tokens = 1'000'000'000'000'000;  // A thousandth.
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call, bool unhealthy = false)
    {
        benches.push_back({"morpho_blue." + std::move(name),
            [=](BenchWorld& bench) -> MakeTransaction
            {
                const auto world = std::make_shared<MorphoWorld>(bench);
                if (unhealthy)
                    world->make_unhealthy();
                return [world, make_call](BenchTransaction& transaction)
                { transaction.calls.add(world->morpho.id(), make_call(*world, transaction)); };
            }});
    };
    using World = const MorphoWorld;
    using Draw = BenchTransaction;
    add("supply",
        [](World& world, Draw& draw) {
            return morpho_blue::Supply{world.params, draw.amount(some_tokens), 0, draw.sender, {}};
        });
    add("withdraw",
        [](World& world, Draw& draw)
        {
            return morpho_blue::Withdraw{
                world.params, draw.amount(some_tokens), 0, draw.sender, draw.sender};
        });
    add("supplyCollateral",
        [](World& world, Draw& draw) {
            return morpho_blue::SupplyCollateral{
                world.params, draw.amount(some_tokens), draw.sender, {}};
        });
    add("borrow",
        [](World& world, Draw& draw)
        {
            return morpho_blue::Borrow{
                world.params, draw.amount(some_tokens), 0, draw.sender, draw.sender};
        });
    add("repay",
        [](World& world, Draw& draw) {
            return morpho_blue::Repay{world.params, draw.amount(some_tokens), 0, draw.sender, {}};
        });
    add(
        "liquidate",
        [](World& world, Draw& draw)
        {
            return morpho_blue::Liquidate{world.params, world.world.neighbour(draw.sender, 1),
                draw.amount(some_tokens), 0, {}};
        },
        true);
    add("accrueInterest",
        [](World& world, Draw&) { return morpho_blue::AccrueInterest{world.params}; });
    add("flashLoan",
        [](World& world, Draw& draw) {
            return morpho_blue::FlashLoan{world.dai, draw.amount(some_tokens), {}};
        });
    return benches;
}

}  // namespace runnel::bench
