#include "bench/contracts/contract_bench.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"

#include <array>

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

/// Three reserves. Every account has 100 WETH and 100,000 DAI as collateral and owes 200,000 USDC,
/// which is healthy by a fifth. All tokens have 18 decimals.
struct LendingWorld
{
    explicit LendingWorld(BenchWorld& bench)
      : world{bench},
        keeper{bench.accounts().front()},
        lender{bench.account("lender")},
        usdc{bench.add_token("USDC").id()},
        weth{bench.add_token("WETH").id()},
        dai{bench.add_token("DAI").id()},
        oracle{bench.add<PriceOracle>("oracle", "wallet/0",
            std::vector<TokenPrice>{
                {usdc, dollars(1)}, {weth, dollars(2'000)}, {dai, dollars(1)}})},
        pool{bench.add<AaveV3Pool>(
            "pool", oracle.id(), reserves(), aave_v3::PoolSettings{9, 3'000}, "treasury", "admin")}
    {
        bench.account("treasury");
        bench.account("admin");
        world.connect();
        for (const auto token : {usdc, weth, dai})
            world.approve_all(token, pool.account());
        lend(tokens(400'000ULL * BenchWorld::account_count));
        for (const auto account : world.accounts())
        {
            supply(account, weth, tokens(100));
            supply(account, dai, tokens(100'000));
            world.prepare(account, pool.id(), aave_v3::Borrow{usdc, tokens(200'000)});
        }
        show("usdc", usdc);
        show("weth", weth);
        show("dai", dai);
    }

    void show(const std::string& name, ContractId token)
    {
        const auto figure = [&](const std::string& of, Amount aave_v3::ReserveState::*member)
        {
            const auto reserve = *pool.find_reserve(token);
            world.show(name + "." + of,
                [this, reserve, member] { return pool.reserve_state(reserve).*member; });
        };
        figure("liquidity_index", &aave_v3::ReserveState::liquidity_index);
        figure("variable_borrow_index", &aave_v3::ReserveState::variable_borrow_index);
        figure("scaled_supply", &aave_v3::ReserveState::scaled_supply);
        figure("scaled_debt", &aave_v3::ReserveState::scaled_debt);
        world.show_balance(name + ".cash", token, pool.account());
    }

    std::vector<aave_v3::ReserveSpec> reserves() const
    {
        std::vector<aave_v3::ReserveSpec> specs;
        for (const auto token : {usdc, weth, dai})
        {
            aave_v3::ReserveSpec spec;
            spec.token = token;
            spec.config.ltv_bps = 7'500;
            spec.config.liquidation_threshold_bps = 8'000;
            spec.config.liquidation_bonus_bps = 10'500;
            spec.config.reserve_factor_bps = 1'000;
            spec.config.liquidation_protocol_fee_bps = 1'000;
            spec.config.borrowing_enabled = true;
            spec.config.flash_loan_enabled = true;
            spec.strategy.optimal_usage_ratio =
                aave_v3::percent_mul_half_up(aave_v3::ray, 8'000).value;
            spec.strategy.variable_rate_slope1 =
                aave_v3::percent_mul_half_up(aave_v3::ray, 400).value;
            spec.strategy.variable_rate_slope2 =
                aave_v3::percent_mul_half_up(aave_v3::ray, 7'500).value;
            spec.strategy.optimal_stable_to_total_debt_ratio = aave_v3::ray;
            specs.push_back(spec);
        }
        return specs;
    }

    /// What the accounts borrow, by somebody whom nobody liquidates.
    void lend(const Amount& amount)
    {
        world.prepare(world.accounts().front(), usdc, Erc20Transfer{lender, amount});
        world.prepare(lender, usdc, Erc20Approve{pool.account(), amount});
        supply(lender, usdc, amount);
    }
    void supply(AccountId account, ContractId token, const Amount& amount)
    {
        world.prepare(account, pool.id(), aave_v3::Supply{token, amount, account});
    }
    /// Collateral is worth less than the debt with the liquidator's bonus: small liquidations leave
    /// the account as unhealthy as it was.
    void make_unhealthy() { world.prepare(keeper, oracle.id(), SetPrice{weth, dollars(1'000)}); }

    BenchWorld& world;
    AccountId keeper;
    AccountId lender;
    ContractId usdc;
    ContractId weth;
    ContractId dai;
    PriceOracle& oracle;
    AaveV3Pool& pool;
};

}  // namespace

std::vector<ContractBench> aave_v3_benches()
{
    constexpr std::uint64_t some_tokens = 1'000'000'000'000'000;  // A thousandth.
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto make_call, bool unhealthy = false)
    {
        benches.push_back({"aave_v3." + std::move(name),
            [=](BenchWorld& bench) -> MakeTransaction
            {
                const auto world = std::make_shared<LendingWorld>(bench);
                if (unhealthy)
                    world->make_unhealthy();
                return [world, make_call](BenchTransaction& transaction)
                { transaction.calls.add(world->pool.id(), make_call(*world, transaction)); };
            }});
    };
    using World = const LendingWorld;
    using Draw = BenchTransaction;
    add("supply",
        [](World& world, Draw& draw) {
            return aave_v3::Supply{world.dai, draw.amount(some_tokens), draw.sender};
        });
    add("withdraw",
        [](World& world, Draw& draw) {
            return aave_v3::Withdraw{world.dai, draw.amount(some_tokens), draw.sender};
        });
    add("borrow",
        [](World& world, Draw& draw) {
            return aave_v3::Borrow{world.usdc, draw.amount(some_tokens)};
        });
    add("repay",
        [](World& world, Draw& draw) {
            return aave_v3::Repay{world.usdc, draw.amount(some_tokens), 2, draw.sender};
        });
    add(
        "liquidationCall",
        [](World& world, Draw& draw)
        {
            return aave_v3::LiquidationCall{world.weth, world.usdc,
                world.world.neighbour(draw.sender, 1), draw.amount(some_tokens), false};
        },
        true);
    add("flashLoanSimple",
        [](World& world, Draw& draw) {
            return aave_v3::FlashLoanSimple{world.usdc, draw.amount(some_tokens), {}, true};
        });
    return benches;
}

}  // namespace runnel::bench
