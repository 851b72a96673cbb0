#include "bench/contracts/contract_bench.hpp"
#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;
using namespace contracts::compound_v2;

/// Two markets in which everybody has supplied, entered and borrowed; COMP for those of the first.
struct CompoundWorld
{
    explicit CompoundWorld(BenchWorld& bench)
      : first{bench.accounts()[0]},
        second{bench.accounts()[1]},
        usdc{bench.add_token("USDC")},
        weth{bench.add_token("WETH")},
        oracle{bench.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{{usdc.id(), Amount::power_of_ten(8)},
                {weth.id(), wrapping_mul(2'000, Amount::power_of_ten(8))}})},
        c_usdc{bench.add<CompoundV2CToken>("cUSDC", "cUSDC", usdc.id(), settings())},
        c_weth{bench.add<CompoundV2CToken>("cWETH", "cWETH", weth.id(), settings())},
        comptroller{bench.add<CompoundV2Comptroller>("compound", setup(),
            std::vector<MarketSpec>{{c_usdc.id(), config()}, {c_weth.id(), config()}})}
    {
        (void)bench.account("keeper");
        bench.connect();
        bench.approve_all(usdc.id(), c_usdc.account());
        bench.approve_all(weth.id(), c_weth.account());
        for (const auto account : bench.accounts())
        {
            CallWriter calls;
            calls.add(c_usdc.id(), Mint{wrapping_mul(100'000, whole())});
            calls.add(c_weth.id(), Mint{wrapping_mul(100, whole())});
            calls.add(comptroller.id(), EnterMarkets{{c_usdc.id(), c_weth.id()}});
            calls.add(c_usdc.id(), Borrow{wrapping_mul(10'000, whole())});
            bench.prepare(account, calls);
        }
        show(bench, "usdc", c_usdc);
        show(bench, "weth", c_weth);
    }

    static void show(BenchWorld& bench, const std::string& name, const CompoundV2CToken& market)
    {
        const auto figure = [&](const std::string& of, Amount compound_v2::MarketState::*member)
        { bench.show(name + "." + of, [&market, member] { return market.state().*member; }); };
        figure("borrow_index", &compound_v2::MarketState::borrow_index);
        figure("total_borrows", &compound_v2::MarketState::total_borrows);
        figure("total_reserves", &compound_v2::MarketState::total_reserves);
        figure("total_supply", &compound_v2::MarketState::total_supply);
        bench.show(name + ".cash", [&market] { return market.cash(); });
    }

    static Amount whole() { return Amount::power_of_ten(18); }
    static CTokenSettings settings()
    {
        CTokenSettings result;
        result.model = JumpRateModel::per_year(div_down(one, 50), div_down(one, 10),
            wrapping_mul(one, 4), div_down(wrapping_mul(one, 4), 5));
        result.initial_whole_rate = div_down(one, 50);
        result.reserve_factor = div_down(one, 10);
        return result;
    }
    static MarketConfig config()
    {
        MarketConfig result;
        result.collateral_factor = div_down(wrapping_mul(one, 3), 4);
        result.comp_supply_speed = whole();
        result.comp_borrow_speed = whole();
        return result;
    }
    CompoundV2Comptroller::Setup setup() const
    {
        CompoundV2Comptroller::Setup result;
        result.oracle = oracle.id();
        result.admin = "admin";
        result.settings = {div_down(one, 2), wrapping_add(one, div_down(one, 12)), false, false};
        return result;
    }

    AccountId first;
    AccountId second;
    Erc20& usdc;
    Erc20& weth;
    PriceOracle& oracle;
    CompoundV2CToken& c_usdc;
    CompoundV2CToken& c_weth;
    CompoundV2Comptroller& comptroller;
};
}  // namespace

std::vector<ContractBench> compound_v2_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto add_calls)
    { benches.push_back(bench_in<CompoundWorld>("compound_v2." + std::move(name), add_calls)); };
    const auto some = [](BenchTransaction& transaction)
    { return transaction.amount(1'000'000'000'000ULL); };
    add("mint", [some](CompoundWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.c_usdc.id(), Mint{some(transaction)}); });
    add("redeemUnderlying", [some](CompoundWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.c_usdc.id(), RedeemUnderlying{some(transaction)}); });
    add("borrow", [some](CompoundWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.c_usdc.id(), Borrow{some(transaction)}); });
    add("repayBorrow", [some](CompoundWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.c_usdc.id(), RepayBorrow{some(transaction)}); });
    add("accrueInterest", [](CompoundWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.c_usdc.id(), AccrueInterest{}); });
    benches.push_back({"compound_v2.liquidateBorrow",
        [some](BenchWorld& bench) -> MakeTransaction
        {
            const auto world = std::make_shared<CompoundWorld>(bench);
            // What everybody owes once WETH is worth nothing is more than his USDC secures, and
            // remains so whatever is liquidated.
            for (const auto account : bench.accounts())
            {
                bench.prepare(account, world->c_usdc.id(),
                    Borrow{wrapping_mul(70'000, CompoundWorld::whole())});
            }
            bench.prepare(
                bench.account("keeper"), world->oracle.id(), SetPrice{world->weth.id(), 1});
            return [world, some](BenchTransaction& transaction)
            {
                const auto borrower = transaction.somebody == transaction.sender
                                          ? world->first
                                          : transaction.somebody;
                if (borrower == transaction.sender)
                    transaction.sender = world->second;
                transaction.calls.add(world->c_usdc.id(),
                    LiquidateBorrow{borrower, some(transaction), world->c_usdc.id()});
            };
        }});
    return benches;
}

}  // namespace runnel::bench
