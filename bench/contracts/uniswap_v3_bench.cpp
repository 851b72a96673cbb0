#include "bench/contracts/contract_bench.hpp"
#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/position_manager.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"

#include <array>
#include <stdexcept>

namespace runnel::bench
{
namespace
{

using namespace contracts;
using namespace contracts::uniswap_v3;

constexpr std::uint64_t no_deadline = ~0ULL;
constexpr std::uint64_t some_tokens = 1'000'000;  // Smallest units.
constexpr std::int32_t spacing = 60;

/// Two tokens and a deep pool of them with a position that ends at every tick of its grid around
/// the price, and accounts that hold both tokens.
struct ConcentratedWorld
{
    explicit ConcentratedWorld(BenchWorld& bench)
      : world{bench},
        a{bench.add_token("A")},
        b{bench.add_token("B")},
        factory{bench.add<UniswapV3Factory>("factory")},
        pool{bench.add<UniswapV3Pool>(
            "A_B", PoolConstructor{a.id(), b.id(), factory.id(), 3'000, spacing})},
        router{bench.add<UniswapV3Router>("router", factory.id())},
        manager{bench.add<UniswapV3PositionManager>("manager", factory.id())}
    {
        world.connect();
        const auto provider = world.accounts().front();
        world.prepare(provider, pool.id(), Initialize{*sqrt_ratio_at_tick(spacing / 2)});
        const auto pay = payments();
        const auto liquidity = Amount::power_of_ten(22);
        world.prepare(provider, pool.id(),
            uniswap_v3::Mint{provider, -887'220, 887'220, liquidity, pay.list()});
        for (std::int32_t tick = -20 * spacing; tick <= 20 * spacing; tick += spacing)
        {
            world.prepare(provider, pool.id(),
                uniswap_v3::Mint{
                    provider, tick, tick + spacing, Amount::power_of_ten(20), pay.list()});
        }
        for (const auto token : {a.id(), b.id()})
        {
            world.approve_all(token, router.account());
            world.approve_all(token, manager.account());
        }
        world.show("sqrt_price", [this] { return pool.state().sqrt_price_x96; });
        world.show("liquidity", [this] { return pool.state().liquidity; });
        world.show("fee_growth0", [this] { return pool.state().fee_growth_global0_x128; });
        world.show("fee_growth1", [this] { return pool.state().fee_growth_global1_x128; });
        world.show_balance("held0", a.id(), pool.account());
        world.show_balance("held1", b.id(), pool.account());
    }

    CallWriter& add_payment(CallWriter& calls, unsigned side) const
    {
        const Erc20Transfer transfer{pool.account(), {}};
        return calls.add((side == 0 ? a : b).id(), transfer,
            Binding{transfer.value, ResultOf{ResultOf::callback, static_cast<std::uint8_t>(side)}});
    }
    [[nodiscard]] CallWriter payments() const
    {
        CallWriter calls;
        add_payment(add_payment(calls, 0), 1);
        return calls;
    }
    /// A swap by a call of the pool itself, which goes to @p tick at most.
    void swap_to(BenchTransaction& transaction, bool zero_for_one, const Amount& amount,
        std::int32_t tick) const
    {
        CallWriter pay;
        add_payment(pay, zero_for_one ? 0 : 1);
        transaction.calls.add(
            pool.id(), uniswap_v3::Swap{transaction.sender, zero_for_one, Int256::from_bits(amount),
                           *sqrt_ratio_at_tick(tick), pay.list()});
    }

    [[nodiscard]] const Exchange& exchange() const noexcept { return pool; }

    BenchWorld& world;
    Erc20& a;
    Erc20& b;
    UniswapV3Factory& factory;
    UniswapV3Pool& pool;
    UniswapV3Router& router;
    UniswapV3PositionManager& manager;
    std::uint64_t number = 0;  // Of the transaction.
};

using Make = void (*)(ConcentratedWorld&, BenchTransaction&);

void swap_in_range(ConcentratedWorld& world, BenchTransaction& transaction)
{
    const bool down = world.number++ % 2 == 0;
    world.swap_to(transaction, down, transaction.amount(some_tokens), down ? -887'220 : 887'220);
}

/// To and fro between two prices with @p count ticks between them.
template <std::int32_t count>
void swap_across(ConcentratedWorld& world, BenchTransaction& transaction)
{
    const bool up = world.number++ % 2 == 0;
    world.swap_to(transaction, !up, Amount::power_of_ten(28),
        up ? spacing / 2 + count * spacing : spacing / 2);
}

void mint_and_burn(ConcentratedWorld& world, BenchTransaction& transaction)
{
    const auto pay = world.payments();
    const auto liquidity = transaction.amount(some_tokens);
    transaction.calls
        .add(
            world.pool.id(), uniswap_v3::Mint{transaction.sender, -600, 660, liquidity, pay.list()})
        .add(world.pool.id(), uniswap_v3::Burn{-600, 660, liquidity})
        .add(world.pool.id(), Collect{transaction.sender, -600, 660, uint128_max, uint128_max});
}

void exact_input_single(ConcentratedWorld& world, BenchTransaction& transaction)
{
    const bool down = world.number++ % 2 == 0;
    transaction.calls.add(world.router.id(),
        ExactInputSingle{(down ? world.a : world.b).id(), (down ? world.b : world.a).id(), 3'000,
            transaction.sender, no_deadline, transaction.amount(some_tokens), Amount{1}, Amount{}});
}

void mint_position(ConcentratedWorld& world, BenchTransaction& transaction)
{
    const auto amount = transaction.amount(some_tokens);
    transaction.calls.add(
        world.manager.id(), MintPosition{world.a.id(), world.b.id(), 3'000, -600, 660, amount,
                                amount, Amount{}, Amount{}, transaction.sender, no_deadline});
}

/// For strategies, which know exchanges but not Uniswap.
Amount answer(const Result<Amount>& quote)
{
    if (!quote.has_value())
        throw std::runtime_error{"a quote of a benchmark: " + quote.error().to_string()};
    return quote.value();
}

using Ask = Amount (*)(const ConcentratedWorld&, RandomStream&);

Amount quote_input(const ConcentratedWorld& world, RandomStream& random)
{
    const auto amount = some_tokens + random.uniform_below(some_tokens);
    return answer(world.exchange().quote_exact_input(world.a.id(), world.b.id(), amount));
}

Amount quote_output(const ConcentratedWorld& world, RandomStream& random)
{
    const auto amount = some_tokens + random.uniform_below(some_tokens);
    return answer(world.exchange().quote_exact_output(world.a.id(), world.b.id(), amount));
}

/// Enough to move the price by ten steps of the grid.
Amount quote_far(const ConcentratedWorld& world, RandomStream& random)
{
    const auto amount = wrapping_add(
        wrapping_mul(305, Amount::power_of_ten(18)), random.uniform_below(some_tokens));
    return answer(world.exchange().quote_exact_input(world.a.id(), world.b.id(), amount));
}

Amount quote_deposit(const ConcentratedWorld& world, RandomStream& random)
{
    const auto amount = Amount{some_tokens + random.uniform_below(some_tokens)};
    const RangeExchange& range = world.pool;
    const auto quote = range.quote_range_deposit({-600, 660}, std::array{amount, amount});
    if (!quote.has_value())
        throw std::runtime_error{"a quote of a benchmark: no deposit"};
    return quote->shares;
}

}  // namespace

std::vector<QuoteBench> uniswap_v3_quote_benches()
{
    std::vector<QuoteBench> benches;
    for (const auto& [name, ask] : std::initializer_list<std::pair<const char*, Ask>>{
             {"exact_input_in_range", quote_input}, {"exact_output_in_range", quote_output},
             {"exact_input_across_10_ticks", quote_far}, {"range_deposit", quote_deposit}})
    {
        benches.push_back({std::string{"uniswap_v3."} + name,
            [ask = ask](BenchWorld& bench) -> std::function<Amount(RandomStream&)>
            {
                const auto world = std::make_shared<ConcentratedWorld>(bench);
                return [world, ask](RandomStream& random) { return ask(*world, random); };
            }});
    }
    return benches;
}

std::vector<ContractBench> uniswap_v3_benches()
{
    const std::vector<std::pair<std::string, Make>> operations{{"swap_in_range", swap_in_range},
        {"swap_across_1_tick", swap_across<1>}, {"swap_across_10_ticks", swap_across<10>},
        {"mint_burn_collect", mint_and_burn}, {"exactInputSingle", exact_input_single},
        {"mint_position", mint_position}};
    std::vector<ContractBench> benches;
    for (const auto& [name, make] : operations)
    {
        benches.push_back(bench_in<ConcentratedWorld>("uniswap_v3." + name, make));
    }
    return benches;
}

}  // namespace runnel::bench
