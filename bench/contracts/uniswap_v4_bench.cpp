#include "bench/contracts/contract_bench.hpp"
#include "contracts/exchanges/uniswap_v4/hooks/volatility_fee.hpp"
#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"

#include <memory>

namespace runnel::bench
{
namespace
{

using namespace contracts;
namespace v4 = contracts::uniswap_v4;

constexpr std::uint64_t some_tokens = 1'000'000'000'000'000'000;
constexpr std::uint64_t never = ~0ULL;

/// A deep pool around the price 1, with a hook or without, and accounts that let the router spend
/// their tokens.
struct V4World
{
    V4World(BenchWorld& bench, bool is_hooked)
      : world{bench},
        tokens{&bench.add_token("A"), &bench.add_token("B")},
        manager{&bench.add<UniswapV4Manager>("manager", zero_account)},
        router{&bench.add<UniswapV4Router>("router", manager->id())},
        hook{
            &bench.add<VolatilityFeeHook>("hook", v4::VolatilityFeeTerms{500, 10'000, 500, 1'800})},
        key{tokens[0]->id(), tokens[1]->id(), is_hooked ? v4::dynamic_fee : 500, 10,
            is_hooked ? hook->account() : zero_account}
    {
        world.connect();
        for (const auto* token : tokens)
            world.approve_all(token->id(), router->account());
        const auto provider = world.accounts().front();
        world.prepare(provider, manager->id(), v4::Initialize{key, Amount::power_of_two(96)});
        world.prepare(provider, router->id(),
            v4::AddLiquidity{key, -100'000, 100'000, Amount::power_of_ten(26), Amount::max(),
                Amount::max(), provider, never});
        world.show("sqrt_price", [this] { return pool().sqrt_price_x96; });
        world.show("fee_growth0", [this] { return pool().fee_growth_global0_x128; });
        world.show("fee_growth1", [this] { return pool().fee_growth_global1_x128; });
        world.show_balance("held0", tokens[0]->id(), manager->account());
        world.show_balance("held1", tokens[1]->id(), manager->account());
    }

    [[nodiscard]] const v4::PoolState& pool() const
    {
        return manager->pool(manager->find_pool(key));
    }

    BenchWorld& world;
    std::array<Erc20*, 2> tokens;
    UniswapV4Manager* manager;
    UniswapV4Router* router;
    VolatilityFeeHook* hook;
    v4::PoolKey key;
};

using Make = void (*)(const V4World&, BenchTransaction&);

[[nodiscard]] bool draw_direction(BenchTransaction& transaction)
{
    return transaction.random.uniform_below(2) == 0;
}

/// As anybody calls it: unlock, swap, pay, be paid.
void swap(const V4World& world, BenchTransaction& transaction)
{
    const bool down = draw_direction(transaction);
    const auto in = down ? world.key.currency0 : world.key.currency1;
    const auto out = down ? world.key.currency1 : world.key.currency0;
    const auto amount = transaction.amount(some_tokens);
    const auto manager = world.manager->id();
    const v4::Take take{out, transaction.sender, Amount{}};
    CallWriter steps;
    steps
        .add(manager, v4::Swap{world.key, down, Int256::from_magnitude(amount, true),
                          contracts::uniswap_v3::price_end(down)})
        .add(manager, v4::Sync{in})
        .add(in, Erc20Transfer{world.manager->account(), amount})
        .add(manager, v4::Settle{})
        .add(manager, take,
            Binding{take.amount, ResultOf{0, static_cast<std::uint8_t>(down ? 3 : 2)}});
    transaction.calls.add(manager, v4::Unlock{steps.list()});
}

void router_swap(const V4World& world, BenchTransaction& transaction)
{
    const bool down = draw_direction(transaction);
    v4::SwapExactInput call;
    call.path.currencies = {down ? world.key.currency0 : world.key.currency1,
        down ? world.key.currency1 : world.key.currency0};
    call.path.fees = {world.key.fee};
    call.path.tick_spacings = {world.key.tick_spacing};
    call.path.hooks = {world.key.hooks};
    call.recipient = transaction.sender;
    call.deadline = never;
    call.amount_in = transaction.amount(some_tokens);
    transaction.calls.add(world.router->id(), call);
}

void add_and_remove_liquidity(const V4World& world, BenchTransaction& transaction)
{
    const auto lower =
        -10'000 + 10 * static_cast<std::int32_t>(transaction.random.uniform_below(900));
    const auto upper = lower + 2'000;
    const auto liquidity = transaction.amount(some_tokens);
    transaction.calls
        .add(world.router->id(), v4::AddLiquidity{world.key, lower, upper, liquidity, Amount::max(),
                                     Amount::max(), transaction.sender, never})
        .add(world.router->id(), v4::RemoveLiquidity{world.key, lower, upper, liquidity, Amount{},
                                     Amount{}, transaction.sender, never});
}

/// A loan of a token that is given back.
void flash(const V4World& world, BenchTransaction& transaction)
{
    const auto manager = world.manager->id();
    const auto token = world.key.currency0;
    const auto amount = transaction.amount(some_tokens);
    CallWriter steps;
    steps.add(manager, v4::Take{token, transaction.sender, amount})
        .add(manager, v4::Sync{token})
        .add(token, Erc20Transfer{world.manager->account(), amount})
        .add(manager, v4::Settle{});
    transaction.calls.add(manager, v4::Unlock{steps.list()});
}

}  // namespace

std::vector<ContractBench> uniswap_v4_benches()
{
    struct Operation
    {
        std::string name;
        Make make;
        bool is_hooked = false;
    };
    std::vector<ContractBench> benches;
    for (const auto& [name, make, is_hooked] : std::vector<Operation>{{"swap", swap},
             {"router_swap", router_swap}, {"router_swap_volatility_fee", router_swap, true},
             {"add_and_remove_liquidity", add_and_remove_liquidity}, {"flash", flash}})
    {
        benches.push_back(bench_in<V4World>("uniswap_v4." + name, make, is_hooked));
    }
    return benches;
}

}  // namespace runnel::bench
