#include "bench/contracts/contract_bench.hpp"
#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"

namespace runnel::bench
{
namespace
{

using namespace contracts;

constexpr std::uint64_t no_deadline = ~0ULL;
constexpr std::uint64_t some_tokens = 1'000'000;  // Smallest units.

/// Three tokens, the deep pairs A-B and B-C, and accounts that hold all of them and shares of A-B
/// and let the router spend them.
struct ExchangeWorld
{
    explicit ExchangeWorld(BenchWorld& bench)
      : world{bench},
        a{bench.add_token("A")},
        b{bench.add_token("B")},
        c{bench.add_token("C")},
        factory{bench.add<UniswapV2Factory>("factory")},
        pair{bench.add<UniswapV2Pair>("A_B", a.id(), b.id(), factory.id())},
        pair_bc{bench.add<UniswapV2Pair>("B_C", b.id(), c.id(), factory.id())},
        router{bench.add<UniswapV2Router>("router", factory.id())}
    {
        world.connect();
        provide(pair, a, b);
        provide(pair_bc, b, c);
        const auto provider = world.accounts().front();
        for (const auto account : world.accounts())
        {
            if (account != provider)
                world.prepare(
                    provider, pair.id(), Erc20Transfer{account, Amount::power_of_ten(18)});
        }
        for (const auto token : {a.id(), b.id(), c.id(), pair.id()})
            world.approve_all(token, router.account());
        world.show("reserve0", [this] { return pair.reserve(a.id()); });
        world.show("reserve1", [this] { return pair.reserve(b.id()); });
        world.show("shares", [this] { return pair.total_supply(); });
    }

    void provide(const UniswapV2Pair& to, const Erc20& token0, const Erc20& token1)
    {
        const auto depth = Amount::power_of_ten(24);
        const auto provider = world.accounts().front();
        world.prepare(provider, CallWriter{}
                                    .add(token0.id(), Erc20Transfer{to.account(), depth})
                                    .add(token1.id(), Erc20Transfer{to.account(), depth})
                                    .add(to.id(), uniswap_v2::Mint{provider}));
    }

    CallWriter& pay(BenchTransaction& transaction, const Erc20& token, const Amount& amount) const
    {
        return transaction.calls.add(token.id(), Erc20Transfer{pair.account(), amount});
    }

    BenchWorld& world;
    Erc20& a;
    Erc20& b;
    Erc20& c;
    UniswapV2Factory& factory;
    UniswapV2Pair& pair;
    UniswapV2Pair& pair_bc;
    UniswapV2Router& router;
};

using Make = void (*)(const ExchangeWorld&, BenchTransaction&);

// Calls of the pair itself, paid for in the same transaction.

void mint(const ExchangeWorld& world, BenchTransaction& transaction)
{
    const auto amount = transaction.amount(some_tokens);
    world.pay(transaction, world.a, amount);
    world.pay(transaction, world.b, amount)
        .add(world.pair.id(), uniswap_v2::Mint{transaction.sender});
}

void burn(const ExchangeWorld& world, BenchTransaction& transaction)
{
    transaction.calls
        .add(world.pair.id(), Erc20Transfer{world.pair.account(), transaction.amount(some_tokens)})
        .add(world.pair.id(), uniswap_v2::Burn{transaction.sender});
}

void swap(const ExchangeWorld& world, BenchTransaction& transaction)
{
    world.pay(transaction, world.a, transaction.amount(some_tokens))
        .add(world.pair.id(), uniswap_v2::Swap{Amount{}, Amount{1}, transaction.sender, {}});
}

void skim(const ExchangeWorld& world, BenchTransaction& transaction)
{
    world.pay(transaction, world.a, transaction.amount(some_tokens))
        .add(world.pair.id(), uniswap_v2::Skim{transaction.sender});
}

void sync(const ExchangeWorld& world, BenchTransaction& transaction)
{
    world.pay(transaction, world.a, transaction.amount(some_tokens))
        .add(world.pair.id(), uniswap_v2::Sync{});
}

// Calls of the router.

void swap_along(const ExchangeWorld& world, BenchTransaction& transaction,
    std::initializer_list<const Erc20*> path)
{
    uniswap_v2::SwapExactTokensForTokens call;
    call.amount_in = transaction.amount(some_tokens);
    call.amount_out_min = Amount{1};
    for (const auto* token : path)
        call.path.push_back(token->id());
    call.to = transaction.sender;
    call.deadline = no_deadline;
    transaction.calls.add(world.router.id(), call);
}

void router_swap(const ExchangeWorld& world, BenchTransaction& transaction)
{
    swap_along(world, transaction, {&world.a, &world.b});
}

void router_swap_two_hops(const ExchangeWorld& world, BenchTransaction& transaction)
{
    swap_along(world, transaction, {&world.a, &world.b, &world.c});
}

void add_liquidity(const ExchangeWorld& world, BenchTransaction& transaction)
{
    const auto amount = transaction.amount(some_tokens);
    transaction.calls.add(
        world.router.id(), uniswap_v2::AddLiquidity{world.a.id(), world.b.id(), amount, amount,
                               Amount{}, Amount{}, transaction.sender, no_deadline});
}

void remove_liquidity(const ExchangeWorld& world, BenchTransaction& transaction)
{
    transaction.calls.add(world.router.id(),
        uniswap_v2::RemoveLiquidity{world.a.id(), world.b.id(), transaction.amount(some_tokens),
            Amount{}, Amount{}, transaction.sender, no_deadline});
}

}  // namespace

std::vector<ContractBench> uniswap_v2_benches()
{
    const std::vector<std::pair<std::string, Make>> operations{{"mint", mint}, {"burn", burn},
        {"swap", swap}, {"skim", skim}, {"sync", sync}, {"swapExactTokensForTokens", router_swap},
        {"swapExactTokensForTokens_two_hops", router_swap_two_hops},
        {"addLiquidity", add_liquidity}, {"removeLiquidity", remove_liquidity}};
    std::vector<ContractBench> benches;
    for (const auto& [name, make] : operations)
    {
        benches.push_back(bench_in<ExchangeWorld>("uniswap_v2." + name, make));
    }
    return benches;
}

}  // namespace runnel::bench
