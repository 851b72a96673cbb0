#include "bench/contracts/contract_bench.hpp"
#include "contracts/lending/comet/comet.hpp"
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

Amount wad_of_bps(std::uint64_t bps)
{
    return wrapping_mul(bps, Amount::power_of_ten(14));
}

/// DAI against WETH and LINK. Every account owes 100,000 DAI against 100 WETH and 10,000 LINK,
/// which is healthy by more than a half. All tokens have 18 decimals.
struct CometWorld
{
    explicit CometWorld(BenchWorld& bench)
      : world{bench},
        keeper{bench.accounts().front()},
        lender{bench.account("lender")},
        dai{bench.add_token("DAI").id()},
        weth{bench.add_token("WETH").id()},
        link{bench.add_token("LINK").id()},
        prices{bench.add<PriceOracle>("prices", "wallet/0",
            std::vector<TokenPrice>{
                {dai, dollars(1)}, {weth, dollars(2'000)}, {link, dollars(10)}})},
        comet{bench.add<Comet>("comet", spec(), BenchWorld::start_time - 1)}
    {
        world.connect();
        for (const auto token : {dai, weth, link})
            world.approve_all(token, comet.account());
        const auto lent = tokens(200'000ULL * BenchWorld::account_count);
        world.prepare(keeper, dai, Erc20Transfer{lender, lent});
        world.prepare(lender, dai, Erc20Approve{comet.account(), lent});
        world.prepare(lender, comet.id(), comet::Supply{dai, lent});
        for (const auto account : world.accounts())
        {
            world.prepare(account, comet.id(), comet::Supply{weth, tokens(100)});
            world.prepare(account, comet.id(), comet::Supply{link, tokens(10'000)});
            world.prepare(account, comet.id(), comet::Withdraw{dai, tokens(100'000)});
        }
    }

    comet::CometSpec spec() const
    {
        comet::CometSpec made;
        made.base_token = dai;
        made.price_source = prices.id();
        made.governor = "governor";
        made.pause_guardian = "guardian";
        made.supply =
            comet::RateCurve::per_year(wad_of_bps(8'000), wad_of_bps(325), wad_of_bps(4'000), {});
        made.borrow = comet::RateCurve::per_year(
            wad_of_bps(8'000), wad_of_bps(350), wad_of_bps(2'500), wad_of_bps(150));
        made.store_front_price_factor = wad_of_bps(5'000);
        made.base_tracking_supply_speed = 1'000'000'000;
        made.base_tracking_borrow_speed = 1'000'000'000;
        made.base_min_for_rewards = tokens(1'000);
        made.target_reserves = tokens(1'000'000'000'000);
        for (const auto token : {weth, link})
        {
            made.assets.push_back({token, wad_of_bps(8'000), wad_of_bps(8'500), wad_of_bps(9'500),
                Amount{1'000'000'000'000}});
        }
        return made;
    }
    /// The protocol owns a part of the collateral, as after absorptions.
    void stock() { world.prepare(keeper, weth, Erc20Transfer{comet.account(), tokens(1'000'000)}); }

    BenchWorld& world;
    AccountId keeper;
    AccountId lender;
    ContractId dai;
    ContractId weth;
    ContractId link;
    PriceOracle& prices;
    Comet& comet;
};

}  // namespace

std::vector<ContractBench> comet_benches()
{
    constexpr std::uint64_t some_tokens = 1'000'000'000'000'000;  // A thousandth.
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call)
    {
        benches.push_back({"comet." + std::move(name),
            [=](BenchWorld& bench) -> MakeTransaction
            {
                const auto world = std::make_shared<CometWorld>(bench);
                world->stock();
                return [world, make_call](BenchTransaction& transaction)
                { transaction.calls.add(world->comet.id(), make_call(*world, transaction)); };
            }});
    };
    using World = const CometWorld;
    using Draw = BenchTransaction;
    add("supplyCollateral",
        [](World& world, Draw& draw) {
            return comet::Supply{world.weth, draw.amount(some_tokens)};
        });
    add("withdrawCollateral",
        [](World& world, Draw& draw) {
            return comet::Withdraw{world.weth, draw.amount(some_tokens)};
        });
    add("borrow",
        [](World& world, Draw& draw) {
            return comet::Withdraw{world.dai, draw.amount(some_tokens)};
        });
    add("repay",
        [](World& world, Draw& draw) {
            return comet::Supply{world.dai, draw.amount(some_tokens)};
        });
    add("transfer",
        [](World& world, Draw& draw) {
            return Erc20Transfer{world.world.neighbour(draw.sender, 1), draw.amount(some_tokens)};
        });
    add("buyCollateral",
        [](World& world, Draw& draw) {
            return comet::BuyCollateral{world.weth, 0, draw.amount(some_tokens), draw.sender};
        });
    add("accrueAccount", [](World&, Draw& draw) { return comet::AccrueAccount{draw.sender}; });
    return benches;
}

}  // namespace runnel::bench
