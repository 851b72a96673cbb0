#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/position_manager.hpp"
#include "contracts/exchanges/uniswap_v3/quoter.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/philox.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <map>
#include <set>
#include <tuple>

namespace runnel::contracts
{
using namespace uniswap_v3;

namespace
{
const Amount price_one = Amount::power_of_two(96);
constexpr std::uint64_t never = ~0ULL;

struct V3Fixture : ContractFixture
{
    explicit V3Fixture(std::uint32_t fee = 3'000, std::int32_t spacing = 60)
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        owner{sandbox.account("owner")},
        a{sandbox.add<Erc20>("A", TokenInfo{"A", 18}, TokenFlavour::uniswap)},
        b{sandbox.add<Erc20>("B", TokenInfo{"B", 18}, TokenFlavour::uniswap)},
        factory{sandbox.add<UniswapV3Factory>("factory", owner)},
        pool{sandbox.add<UniswapV3Pool>(
            "pool", PoolConstructor{a.id(), b.id(), factory.id(), fee, spacing})},
        router{sandbox.add<UniswapV3Router>("router", factory.id())},
        manager{sandbox.add<UniswapV3PositionManager>("manager", factory.id())}
    {
        for (const auto account : {alice, bob})
        {
            a.allocate(account, Amount::power_of_two(150));
            b.allocate(account, Amount::power_of_two(150));
        }
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
        for (const auto account : {alice, bob})
        {
            for (const auto spender : {router.account(), manager.account()})
            {
                expect_ok(account, a.id(), Erc20Approve{spender, Amount::max()});
                expect_ok(account, b.id(), Erc20Approve{spender, Amount::max()});
            }
        }
    }

    /// Pays whatever the pool asks for, from whoever called it.
    [[nodiscard]] CallWriter payments() const
    {
        CallWriter calls;
        for (std::uint8_t side = 0; side < 2; ++side)
        {
            const Erc20Transfer transfer{pool.account(), {}};
            calls.add(side == 0 ? a.id() : b.id(), transfer,
                Binding{transfer.value, ResultOf{ResultOf::callback, side}});
        }
        return calls;
    }
    /// Pays a swap, which owes one token only.
    [[nodiscard]] CallWriter payment(bool zero_for_one) const
    {
        const Erc20Transfer transfer{pool.account(), {}};
        const std::uint8_t side = zero_for_one ? 0 : 1;
        return CallWriter{}.add(zero_for_one ? a.id() : b.id(), transfer,
            Binding{transfer.value, ResultOf{ResultOf::callback, side}});
    }
    [[nodiscard]] CallWriter mint_calls(
        AccountId recipient, std::int32_t lower, std::int32_t upper, const Amount& liquidity) const
    {
        const auto pay = payments();
        return CallWriter{}.add(pool.id(), Mint{recipient, lower, upper, liquidity, pay.list()});
    }
    [[nodiscard]] CallWriter swap_calls(AccountId recipient, bool zero_for_one,
        const Int256& amount, std::optional<Amount> limit = {}) const
    {
        const auto pay = payment(zero_for_one);
        const auto end =
            zero_for_one ? wrapping_add(min_sqrt_ratio, 1) : wrapping_sub(max_sqrt_ratio, 1);
        return CallWriter{}.add(pool.id(),
            uniswap_v3::Swap{recipient, zero_for_one, amount, limit.value_or(end), pay.list()});
    }
    std::array<Amount, 2> held(AccountId account) const
    {
        return {a.balance(account), b.balance(account)};
    }

    AccountId alice;
    AccountId bob;
    AccountId owner;
    Erc20& a;
    Erc20& b;
    UniswapV3Factory& factory;
    UniswapV3Pool& pool;
    UniswapV3Router& router;
    UniswapV3PositionManager& manager;
};

Amount tokens(std::uint64_t count)
{
    return wrapping_mul(count, Amount::power_of_ten(18));
}
}  // namespace

TEST_CASE("uniswap v3 pool: a callback's list pays what it is told", "[contracts][uniswap_v3]")
{
    V3Fixture f;
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    const auto before = f.held(f.alice);
    const auto outcome = f.expect_ok(f.alice, f.mint_calls(f.alice, -600, 600, tokens(1'000)));
    const auto after = f.held(f.alice);
    CHECK(outcome.returns.values[0] == wrapping_sub(before[0], after[0]));
    CHECK(outcome.returns.values[1] == wrapping_sub(before[1], after[1]));
    // Around the price 1 both tokens are worth the same.
    CHECK(outcome.returns.values[0] == outcome.returns.values[1]);

    CallWriter unpaid;
    unpaid.add(f.pool.id(), Mint{f.alice, -600, 600, tokens(1), {}});
    f.expect_refusal(f.alice, unpaid, "M0");
    CallWriter unpaid_swap;
    unpaid_swap.add(
        f.pool.id(), uniswap_v3::Swap{f.bob, true, 1'000, wrapping_add(min_sqrt_ratio, 1), {}});
    f.expect_refusal(f.alice, unpaid_swap, "IIA");
    // Whoever has another's list has no more arguments than the callback gives.
    const Erc20Transfer transfer{f.pool.account(), {}};
    const auto wrong = CallWriter{}.add(
        f.a.id(), transfer, Binding{transfer.value, ResultOf{ResultOf::callback, 2}});
    f.expect_refusal(f.alice,
        CallWriter{}.add(f.pool.id(), Mint{f.alice, -600, 600, 1, wrong.list()}), "no such result");
    f.expect_refusal(f.alice,
        CallWriter{}.add(
            f.a.id(), transfer, Binding{transfer.value, ResultOf{ResultOf::callback, 0}}),
        "no such result");
}

TEST_CASE("uniswap v3 pool: a callback cannot enter it again", "[contracts][uniswap_v3]")
{
    V3Fixture f;
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    f.expect_ok(f.alice, f.mint_calls(f.alice, -600, 600, tokens(1'000)));
    auto enter = CallWriter{}.add(f.pool.id(), uniswap_v3::Burn{-600, 600, 0});
    f.expect_refusal(f.alice,
        CallWriter{}.add(f.pool.id(), Mint{f.alice, -600, 600, 1'000, enter.list()}), "LOK");
    f.expect_refusal(
        f.alice, CallWriter{}.add(f.pool.id(), Flash{f.alice, 1'000, 0, enter.list()}), "LOK");
    // Nor by a swap, whose limit, on the wrong side here, is looked at later.
    auto swap = CallWriter{}.add(f.pool.id(), uniswap_v3::Swap{f.alice, true, 1, price_one, {}});
    f.expect_refusal(
        f.alice, CallWriter{}.add(f.pool.id(), Flash{f.alice, 1'000, 0, swap.list()}), "LOK");
}

TEST_CASE("uniswap v3 pool: without a price it is locked, without liquidity it quotes nothing",
    "[contracts][uniswap_v3]")
{
    V3Fixture f;
    const auto refusal_of = [&](const Amount& amount) {
        return f.pool.quote_swap({true, true, amount, price_end(true)}).error().to_string();
    };
    CHECK(refusal_of(0) == "AS");
    CHECK(refusal_of(1) == "LOK");
    f.expect_refusal(f.alice, f.swap_calls(f.alice, true, 1), "LOK");
    CHECK(f.pool.depth(f.a.id()).is_zero());
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    CHECK(refusal_of(0) == "AS");
    for (const auto& [in, out] : {std::pair{f.a.id(), f.b.id()}, {f.b.id(), f.a.id()}})
    {
        CHECK(f.pool.quote_exact_input(in, out, 1).error().to_string() == "(no reason)");
        CHECK(f.pool.quote_exact_output(in, out, 1).error().to_string() == "(no reason)");
    }
}

TEST_CASE("uniswap v3 pool: words with more bits than their type are refused without a reason",
    "[contracts][uniswap_v3]")
{
    V3Fixture f;
    const auto refused = [&](AccountId who, const auto& call)
    { f.expect_refusal(who, f.pool.id(), call, "(no reason)"); };
    const auto wide = Amount::power_of_two(160);
    refused(f.alice, Initialize{wide});
    f.expect_refusal(f.alice, f.pool.id(), Initialize{wrapping_sub(wide, 1)}, "R");
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    f.expect_ok(f.alice, f.mint_calls(f.alice, -600, 600, tokens(1'000)));
    refused(f.alice, uniswap_v3::Swap{f.alice, false, 1, wide, {}});
    f.expect_refusal(f.alice, f.pool.id(),
        uniswap_v3::Swap{f.alice, false, 1, wrapping_sub(wide, 1), {}}, "SPL");
    const auto most = uint128_max;
    const auto above = Amount::power_of_two(128);
    refused(f.alice, uniswap_v3::Collect{f.alice, -600, 600, above, most});
    refused(f.alice, uniswap_v3::Collect{f.alice, -600, 600, most, above});
    f.expect_ok(f.alice, f.pool.id(), uniswap_v3::Collect{f.alice, -600, 600, most, most});
    refused(f.owner, CollectProtocol{f.owner, above, most});
    refused(f.owner, CollectProtocol{f.owner, most, above});
    f.expect_ok(f.owner, f.pool.id(), CollectProtocol{f.owner, most, most});
}

TEST_CASE("uniswap v3 pool: says which protocol fees it had before", "[contracts][uniswap_v3]")
{
    V3Fixture f;
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    f.expect_ok(f.owner, f.pool.id(), SetFeeProtocol{4, 7});
    const auto outcome = f.expect_ok(f.owner, f.pool.id(), SetFeeProtocol{10, 0});
    const auto said = f.events_of<SetFeeProtocolLog>(outcome.block);
    REQUIRE(said.size() == 1);
    CHECK(unsigned{said[0].fee_protocol0_old} == 4);
    CHECK(unsigned{said[0].fee_protocol1_old} == 7);
    CHECK(unsigned{said[0].fee_protocol0_new} == 10);
    CHECK(unsigned{said[0].fee_protocol1_new} == 0);
}

TEST_CASE("uniswap v3 pool: a tick costs the same wherever its bit is in its word",
    "[contracts][uniswap_v3]")
{
    const auto gas_of = [](std::int32_t lower, std::int32_t upper)
    {
        V3Fixture f;
        f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
        return f.expect_ok(f.alice, f.mint_calls(f.alice, lower, upper, tokens(1)))
            .receipt.gas_used;
    };
    const auto inside = gas_of(-100 * 60, 100 * 60);
    CHECK(gas_of(-100 * 60, 255 * 60) == inside);
    CHECK(gas_of(-256 * 60, 100 * 60) == inside);
    CHECK(gas_of(-1 * 60, 100 * 60) == inside);
    // Two bits of one word, which has a bit already when the second one comes.
    CHECK(gas_of(0, 255 * 60) < inside);
}

TEST_CASE("uniswap v3 pool: a state that it is given is one that it had", "[contracts][uniswap_v3]")
{
    V3Fixture had;
    had.expect_ok(had.alice, had.pool.id(), Initialize{price_one});
    had.expect_ok(had.alice, had.mint_calls(had.alice, -256 * 60, 255 * 60, tokens(1'000)));
    had.expect_ok(had.alice, had.mint_calls(had.alice, -60, 60, tokens(500)));
    had.expect_ok(had.bob, had.swap_calls(had.bob, true, Int256::from_bits(tokens(20))));
    const std::vector<std::int32_t> ticks{-256 * 60, -60, 60, 255 * 60};
    REQUIRE(had.pool.initialized_ticks() == ticks);

    PoolSnapshot snapshot{had.pool.state(), {}, {}, {had.pool.observation(0)}};
    for (const auto tick : ticks)
        snapshot.ticks.emplace_back(tick, had.pool.tick_info(tick));
    for (const auto& key : {PositionKey{had.alice, -256 * 60, 255 * 60}, {had.alice, -60, 60}})
        snapshot.positions.emplace_back(key, had.pool.position(key));
    V3Fixture given;
    given.pool.restore(snapshot);
    CHECK(given.pool.initialized_ticks() == ticks);
    CHECK(given.sandbox.world().check_invariants().empty());
    CHECK(given.pool.range_liquidity(given.alice, {-60, 60}) == tokens(500));
    for (const bool down : {true, false})
    {
        const SwapRequest request{down, true, tokens(100), price_end(down)};
        const auto wanted = had.pool.quote_swap(request);
        const auto found = given.pool.quote_swap(request);
        REQUIRE(wanted.has_value());
        REQUIRE(found.has_value());
        CHECK(found->amounts == wanted->amounts);
        CHECK(found->ticks_crossed == wanted->ticks_crossed);
        CHECK(found->sqrt_price_after_x96 == wanted->sqrt_price_after_x96);
    }
}

TEST_CASE(
    "uniswap v3 pool: what a quote says is what a swap does", "[contracts][uniswap_v3][property]")
{
    V3Fixture f{500, 10};
    RandomStream random{20'260'101, 301, 0, 0};
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    for (int i = 0; i < 40; ++i)
    {
        const auto lower = 10 * (static_cast<std::int32_t>(random.uniform_below(400)) - 200);
        const auto upper = lower + 10 + 10 * static_cast<std::int32_t>(random.uniform_below(200));
        f.expect_ok(
            f.alice, f.mint_calls(f.alice, lower, upper, tokens(1 + random.uniform_below(500))));
    }
    int crossings = 0;
    for (int i = 0; i < 300; ++i)
    {
        const bool down = random.bernoulli(0.5);
        const bool exact_in = random.bernoulli(0.6);
        const auto amount = wrapping_mul(1 + random.uniform_below(50),
            Amount::power_of_ten(static_cast<unsigned>(8 + random.uniform_below(14))));
        const auto limit = down ? wrapping_add(min_sqrt_ratio, 1) : wrapping_sub(max_sqrt_ratio, 1);
        const auto quote = f.pool.quote_swap({down, exact_in, amount, limit});
        REQUIRE(quote.has_value());
        const auto tick_before = f.pool.state().tick;
        const auto outcome = f.expect_ok(
            f.bob, f.swap_calls(f.bob, down, Int256::from_magnitude(amount, !exact_in)));
        CHECK(Int256::from_bits(outcome.returns.values[0]) == quote->amounts[0]);
        CHECK(Int256::from_bits(outcome.returns.values[1]) == quote->amounts[1]);
        CHECK(f.pool.state().sqrt_price_x96 == quote->sqrt_price_after_x96);
        CHECK(f.pool.state().tick == quote->tick_after);
        CHECK((down ? f.pool.state().tick <= tick_before : f.pool.state().tick >= tick_before));
        crossings += quote->ticks_crossed > 0 ? 1 : 0;
        if (f.pool.state().liquidity.is_zero())
        {
            // Back to where there is some.
            f.expect_ok(f.bob, f.swap_calls(f.bob, !down,
                                   Int256::from_magnitude(tokens(1'000'000), false), price_one));
        }
    }
    CHECK(crossings > 30);
}

// All rounding is in the pool's favour: nobody takes out more than was put in, whatever the order.
TEST_CASE("uniswap v3 pool: everybody can leave, and no swap and back gains",
    "[contracts][uniswap_v3][property]")
{
    V3Fixture f;
    RandomStream random{20'260'101, 302, 0, 0};
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    f.expect_ok(f.owner, f.pool.id(), SetFeeProtocol{4, 7});
    std::set<std::tuple<AccountId, std::int32_t, std::int32_t>> positions;
    std::uint64_t time = 1'700'000'000;
    for (int i = 0; i < 250; ++i)
    {
        time += random.uniform_below(40);
        f.sandbox.set_time(time);
        const auto who = random.bernoulli(0.5) ? f.alice : f.bob;
        if (positions.empty() || random.bernoulli(0.35))
        {
            const auto lower = 60 * (static_cast<std::int32_t>(random.uniform_below(60)) - 40);
            const auto upper =
                lower + 60 + 60 * static_cast<std::int32_t>(random.uniform_below(50));
            const auto liquidity = 1 + random.uniform_below(1'000'000'000'000ULL);
            f.expect_ok(who, f.mint_calls(who, lower, upper, liquidity));
            positions.emplace(who, lower, upper);
        }
        else if (random.bernoulli(0.3))
        {
            auto at = positions.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(random.uniform_below(positions.size())));
            const auto [holder, lower, upper] = *at;
            const auto& held = f.pool.position({holder, lower, upper}).liquidity;
            if (held.is_zero())
                continue;
            const auto part = div_down(held, 1 + random.uniform_below(3));
            f.expect_ok(holder, CallWriter{}
                                    .add(f.pool.id(), uniswap_v3::Burn{lower, upper, part})
                                    .add(f.pool.id(), uniswap_v3::Collect{holder, lower, upper,
                                                          uint128_max, uint128_max}));
        }
        else
        {
            const bool down = random.bernoulli(0.5);
            const auto amount = 1 + random.uniform_below(30'000'000'000ULL);
            const auto before = f.held(who);
            // There and back again with what came out.
            const auto out = f.sandbox.run(who, f.swap_calls(who, down, Int256::from_bits(amount)));
            REQUIRE(out.ok());
            const auto received = Int256::from_bits(out.returns.values[down ? 1 : 0]).magnitude();
            if (!received.is_zero())
                f.expect_ok(who, f.swap_calls(who, !down, Int256::from_bits(received)));
            const auto after = f.held(who);
            const unsigned paid = down ? 0 : 1;
            CHECK(after[paid] <= before[paid]);
        }
    }
    for (const auto& [holder, lower, upper] : positions)
    {
        const auto liquidity = f.pool.position({holder, lower, upper}).liquidity;
        CallWriter calls;
        if (!liquidity.is_zero())
            calls.add(f.pool.id(), uniswap_v3::Burn{lower, upper, liquidity});
        calls.add(f.pool.id(), uniswap_v3::Collect{holder, lower, upper, uint128_max, uint128_max});
        f.expect_ok(holder, calls);
    }
    CHECK(f.pool.initialized_ticks().empty());
    CHECK(f.pool.state().liquidity.is_zero());
    const auto& state = f.pool.state();
    CHECK(!state.protocol_fees0.is_zero());
    f.expect_ok(f.owner, f.pool.id(), CollectProtocol{f.owner, uint128_max, uint128_max});
    // What is left is rounding: some units for each thing that happened.
    CHECK(f.a.balance(f.pool.account()) < 2'000);
    CHECK(f.b.balance(f.pool.account()) < 2'000);
}

TEST_CASE("uniswap v3 pool: an average tick over time is what a plain sum gives",
    "[contracts][uniswap_v3][property]")
{
    V3Fixture f;
    RandomStream random{20'260'101, 303, 0, 0};
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    f.expect_ok(f.alice, f.mint_calls(f.alice, -60'000, 60'000, tokens(1'000)));
    f.expect_ok(f.alice, f.pool.id(), IncreaseObservationCardinalityNext{30});
    std::uint64_t time = 1'700'000'000;
    std::map<std::uint64_t, std::int64_t> sums{{time, 0}};  // Of ticks times seconds, by second.
    const auto start = time;
    for (int i = 0; i < 120; ++i)
    {
        const auto tick = f.pool.state().tick;
        for (auto left = 1 + random.uniform_below(20); left > 0; --left)
        {
            sums[time + 1] = sums[time] + tick;
            ++time;
        }
        f.sandbox.set_time(time);
        f.expect_ok(f.bob, f.swap_calls(f.bob, random.bernoulli(0.5),
                               Int256::from_bits(tokens(1 + random.uniform_below(200)))));
        const auto oldest = f.pool.observe(time, 0);
        REQUIRE(oldest.has_value());
        const auto ago = random.uniform_below(std::min<std::uint64_t>(time - start, 250) + 1);
        const auto past = f.pool.observe(time, static_cast<std::uint32_t>(ago));
        if (!past.has_value())
        {
            CHECK(past.error().text == "OLD");
            continue;
        }
        // Interpolation between observations rounds the tick of every second towards zero.
        const auto expected = sums[time] - sums[time - ago];
        const auto got = oldest->tick - past->tick;
        CHECK(got <= expected + 20);
        CHECK(got >= expected - 20);
    }
    CHECK(f.pool.state().observation_cardinality == 30);
}

TEST_CASE("uniswap v3 factory: pools have the addresses that they have on mainnet",
    "[contracts][uniswap_v3]")
{
    ContractFixture f;
    auto& world = f.sandbox.world();
    const auto at = [&world](std::string_view text)
    {
        const auto address = Address::from_string(text).value();
        world.add_account({std::string{text}, "wallet", "", address, {}});
        return std::string{text};
    };
    const auto factory_name = at("0x1F98431c8aD98523631AE4a59f267346ea31F984");
    auto& factory = f.sandbox.add<UniswapV3Factory>(factory_name);
    const auto token = [&](std::string_view address, std::string_view symbol) -> Erc20&
    {
        return f.sandbox.add<Erc20>(
            at(address), TokenInfo{std::string{symbol}, 18}, TokenFlavour::uniswap);
    };
    const auto& usdc = token("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC");
    const auto& weth = token("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "WETH");
    const auto alice = f.sandbox.account("alice");
    f.sandbox.connect();
    f.expect_ok(alice, factory.id(), CreatePool{weth.account(), usdc.account(), 3'000});
    const auto* pool = factory.find_pool(usdc.id(), weth.id(), 3'000);
    REQUIRE(pool != nullptr);
    CHECK(pool->token0() == usdc.id());
    CHECK(pool->tick_spacing() == 60);
    CHECK(world.account(pool->account()).address.to_checksum_string() ==
          "0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8");
    f.expect_ok(alice, factory.id(), CreatePool{usdc.account(), weth.account(), 500});
    CHECK(world.account(factory.find_pool(usdc.id(), weth.id(), 500)->account())
              .address.to_checksum_string() == "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640");

    f.expect_refusal(
        alice, factory.id(), CreatePool{usdc.account(), weth.account(), 500}, "(no reason)");
    f.expect_refusal(
        alice, factory.id(), CreatePool{usdc.account(), weth.account(), 700}, "(no reason)");
    f.expect_refusal(
        alice, factory.id(), CreatePool{usdc.account(), usdc.account(), 500}, "(no reason)");
    f.expect_refusal(alice, factory.id(), CreatePool{usdc.account(), alice, 500}, "no such token");
    for (const auto& pair : {CreatePool{zero_account, weth.account(), 500},
             CreatePool{weth.account(), zero_account, 500}})
        f.expect_refusal(alice, factory.id(), pair, "(no reason)");
}

TEST_CASE("uniswap v3 factory: its owner adds fees, within bounds", "[contracts][uniswap_v3]")
{
    V3Fixture f;
    const auto refused = [&](AccountId who, const auto& call)
    { f.expect_refusal(who, f.factory.id(), call, "(no reason)"); };
    const CreatePool pool{f.a.account(), f.b.account(), 999'999};
    refused(f.alice, pool);
    refused(f.alice, EnableFeeAmount{999'999, 16'383});
    refused(f.owner, EnableFeeAmount{1'000'000, 1});
    refused(f.owner, EnableFeeAmount{999'999, 0});
    refused(f.owner, EnableFeeAmount{999'999, -1});
    refused(f.owner, EnableFeeAmount{999'999, 16'384});
    f.expect_ok(f.owner, f.factory.id(), EnableFeeAmount{999'999, 16'383});
    refused(f.owner, EnableFeeAmount{999'999, 1});
    refused(f.owner, EnableFeeAmount{3'000, 1});
    f.expect_ok(f.alice, f.factory.id(), pool);
    CHECK(f.factory.find_pool(f.a.id(), f.b.id(), 999'999)->tick_spacing() == 16'383);

    refused(f.alice, SetOwner{f.alice});
    f.expect_ok(f.owner, f.factory.id(), SetOwner{f.alice});
    refused(f.owner, EnableFeeAmount{200, 4});
    f.expect_ok(f.alice, f.factory.id(), EnableFeeAmount{200, 4});
}

TEST_CASE("uniswap v3 pool: is an exchange to those who know no Uniswap", "[contracts][uniswap_v3]")
{
    V3Fixture f;
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    const Exchange& exchange = f.pool;
    const auto* venue = exchange.venue();
    REQUIRE(venue == &f.router);
    REQUIRE(venue->serves(exchange));

    const std::array offered{tokens(100), tokens(300)};
    const auto deposit = exchange.quote_deposit(offered);
    REQUIRE(deposit.has_value());
    const auto before = f.held(f.alice);
    CallWriter calls;
    venue->add_deposit(
        calls, {&exchange, {offered.begin(), offered.end()}, {0, 0}, 0, f.alice, never});
    f.expect_ok(f.alice, calls);
    const auto after = f.held(f.alice);
    CHECK(wrapping_sub(before[0], after[0]) == deposit->amounts[0]);
    CHECK(wrapping_sub(before[1], after[1]) == deposit->amounts[1]);
    CHECK(exchange.share_balance(f.alice) == deposit->shares);
    CHECK(exchange.depth(f.a.id()).to_double() == Approx(100e18).epsilon(1e-6));
    CHECK(exchange.spot_price(f.a.id(), f.b.id()) == Approx(1.0));

    const auto quote = exchange.quote_exact_input(f.a.id(), f.b.id(), tokens(1));
    REQUIRE(quote.has_value());
    const std::array route{Hop{&exchange, f.a.id(), f.b.id()}};
    CallWriter swap;
    venue->add_swap(swap, {route, tokens(1), *quote, f.bob, never});
    const auto outcome = f.expect_ok(f.bob, swap);
    CHECK(outcome.returns.values[0] == *quote);
    CallWriter greedy;
    venue->add_swap(greedy, {route, tokens(1), *quote, f.bob, never});
    const auto refused = f.sandbox.run(f.bob, greedy);
    REQUIRE_FALSE(refused.ok());
    CHECK(venue->failure_of(refused.receipt.refusal) == OrderFailure::limit);
    CHECK_FALSE(exchange.quote_exact_output(f.a.id(), f.b.id(), tokens(1'000)).has_value());

    const auto shares = exchange.share_balance(f.alice);
    const auto worth = exchange.share_value(shares);
    const auto held = f.held(f.alice);
    CallWriter leave;
    venue->add_withdrawal(leave, {&exchange, shares, {0, 0}, f.alice, never});
    f.expect_ok(f.alice, leave);
    // What the position is worth, and the fee of the swap: 0.3% of one token.
    CHECK(wrapping_sub(f.held(f.alice)[0], held[0]).to_double() ==
          Approx(worth[0].to_double() + 0.003e18).epsilon(1e-9));
    CHECK(wrapping_sub(f.held(f.alice)[1], held[1]) == worth[1]);
}

// At sqrt(7 / 3), by the formulas of SqrtPriceMath and SwapMath in whole numbers.
TEST_CASE("uniswap v3 pool: what it says of liquidity and fees is rounded down, to the unit",
    "[contracts][uniswap_v3]")
{
    V3Fixture f;
    const auto decimal = [](std::string_view text) { return *Amount::from_decimal(text); };
    f.expect_ok(f.alice, f.pool.id(), Initialize{decimal("121023017297959709708926085430")});
    CHECK(f.pool.tick() == 8'473);
    const auto widest = f.pool.widest();
    CHECK(widest.lower == -887'220);
    CHECK(widest.upper == 887'220);
    const auto of_alice = wrapping_add(tokens(1'000), 3);
    const auto of_bob = wrapping_add(tokens(700), 1);
    f.expect_ok(f.alice, f.mint_calls(f.alice, 7'800, 9'000, of_alice));
    f.expect_ok(f.bob, f.mint_calls(f.bob, widest.lower, widest.upper, of_bob));

    CHECK(f.pool.depth(f.a.id()) == decimal("1112911240203561144459"));
    CHECK(f.pool.depth(f.b.id()) == decimal("2596792893808309337072"));
    using Amounts = std::vector<Amount>;
    CHECK(f.pool.range_value({7'800, 9'000}, of_alice) ==
          Amounts{decimal("17011173247783542237"), decimal("50573236694082054245")});
    const auto some = decimal("12345678901234567");
    CHECK(f.pool.range_value({9'000, 9'060}, some) == Amounts{decimal("23579822193543"), 0});
    CHECK(f.pool.range_value({7'740, 7'800}, some) == Amounts{0, decimal("54617227628683")});
    CHECK(f.pool.range_value({9'000, 9'000}, some) == Amounts{0, 0});

    const auto outcome =
        f.expect_ok(f.bob, f.swap_calls(f.bob, true, Int256::from_bits(tokens(1))));
    CHECK(Int256::from_bits(outcome.returns.values[1]) ==
          Int256::from_magnitude(decimal("2324251156139896391"), true));
    // Of the fee of 3 * 10^15, by their part of the liquidity.
    CHECK(f.pool.range_owed(f.alice, {7'800, 9'000}) == Amounts{decimal("1764705882352941"), 0});
    CHECK(f.pool.range_owed(f.bob, widest) == Amounts{decimal("1235294117647058"), 0});
    for (const auto& [who, range] : {std::pair{f.alice, PriceRange{7'800, 9'000}}, {f.bob, widest}})
    {
        const auto owed = f.pool.range_owed(who, range);
        const auto paid = f.expect_ok(who,
            CallWriter{}
                .add(f.pool.id(), uniswap_v3::Burn{range.lower, range.upper, 0})
                .add(f.pool.id(),
                    uniswap_v3::Collect{who, range.lower, range.upper, uint128_max, uint128_max}));
        CHECK(paid.returns.values[0] == owed[0]);
        CHECK(paid.returns.values[1] == owed[1]);
        CHECK(f.pool.range_owed(who, range) == Amounts{0, 0});
    }
}

TEST_CASE("uniswap v3 pool: quotes what lies far away, and refuses what lies nowhere",
    "[contracts][uniswap_v3]")
{
    // Two ranges with a gap between that has more empty words than a quote looks at first.
    V3Fixture f{100, 1};
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    REQUIRE(f.sandbox.run(f.alice, f.mint_calls(f.alice, -10, 10, tokens(1'000))).ok());
    REQUIRE(f.sandbox.run(f.alice, f.mint_calls(f.alice, -20'000, -10'000, tokens(1'000))).ok());
    REQUIRE(f.sandbox.run(f.alice, f.mint_calls(f.alice, 10'000, 20'000, tokens(1'000))).ok());
    const auto first = f.a.id();
    const auto second = f.b.id();
    for (const bool down : {true, false})
    {
        CAPTURE(down);
        const auto in = down ? first : second;
        const auto out = down ? second : first;
        const auto amount = tokens(100);
        const auto quote = f.pool.quote_exact_input(in, out, amount);
        REQUIRE(quote.has_value());
        // As the pool itself, in the state that another order finds.
        const auto before = f.held(f.bob);
        const auto saved = f.pool.state().sqrt_price_x96;
        REQUIRE(f.sandbox.run(f.bob, f.swap_calls(f.bob, down, Int256::from_bits(amount))).ok());
        const auto side = down ? 1U : 0U;
        CHECK(wrapping_sub(f.held(f.bob)[side], before[side]) == *quote);
        CHECK(f.pool.crossing_gas(in, tokens(1)) > 0);
        REQUIRE(f.sandbox
                    .run(f.bob, f.swap_calls(f.bob, !down,
                                    Int256::from_bits(Amount::power_of_two(140)), saved))
                    .ok());
        CHECK_FALSE(f.pool.quote_exact_input(in, out, tokens(10'000)).has_value());
        CHECK_FALSE(f.pool.quote_exact_output(in, out, tokens(10'000)).has_value());
    }
    CHECK(f.pool.crossing_gas(first, tokens(100)) >
          2 * 27'000 + 30 * 3'000);  // Out of one range, through the words, into the other.
    CHECK(f.pool.crossing_gas(first, Amount{1'000}) < 27'000);
}

// Ticks one apart reach the last prices of all, next to which every swap stops.
TEST_CASE("uniswap v3 pool: quotes far into liquidity over all prices", "[contracts][uniswap_v3]")
{
    for (const bool down : {true, false})
    {
        CAPTURE(down);
        V3Fixture f{100, 1};
        f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
        const auto widest = f.pool.widest();
        REQUIRE(widest.lower == min_tick);
        f.expect_ok(f.alice, f.mint_calls(f.alice, widest.lower, widest.upper, tokens(1'000)));
        const auto in = down ? f.a.id() : f.b.id();
        const auto out = down ? f.b.id() : f.a.id();
        // To a quarter or four times the price.
        const auto quote = f.pool.quote_exact_input(in, out, tokens(1'000));
        const auto cost = f.pool.quote_exact_output(in, out, tokens(500));
        REQUIRE(quote.has_value());
        REQUIRE(cost.has_value());
        CHECK(quote->to_double() == Approx(1'000e18 * 0.9999 / 1.9999).epsilon(1e-12));
        CHECK(cost->to_double() == Approx(1'000e18 / 0.9999).epsilon(1e-12));
        CHECK_FALSE(f.pool.quote_exact_output(in, out, tokens(1'000)).has_value());
        const auto outcome =
            f.expect_ok(f.bob, f.swap_calls(f.bob, down, Int256::from_bits(tokens(1'000))));
        CHECK(Int256::from_bits(outcome.returns.values[down ? 1 : 0]) ==
              Int256::from_magnitude(*quote, true));
    }
}

TEST_CASE("uniswap v3 position manager: tokens of one range earn apart", "[contracts][uniswap_v3]")
{
    V3Fixture f;
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    const auto mint = [&](AccountId who, std::uint64_t amount)
    {
        const auto outcome = f.expect_ok(who, f.manager.id(),
            MintPosition{f.a.id(), f.b.id(), 3'000, -600, 600, tokens(amount), tokens(amount), 0, 0,
                who, never});
        return outcome.returns.values[0].low64();
    };
    const auto first = mint(f.alice, 100);
    f.expect_ok(f.bob, f.router.id(),
        ExactInputSingle{f.a.id(), f.b.id(), 3'000, f.bob, never, tokens(1), 0, 0});
    const auto second = mint(f.bob, 100);
    CHECK(first == 1);
    CHECK(second == 2);
    CHECK(f.manager.owner_of(second) == f.bob);

    // The first alone earned the fee of the swap before the second came.
    const auto collect = [&](AccountId who, std::uint64_t token_id)
    {
        return f
            .expect_ok(
                who, f.manager.id(), CollectPosition{token_id, who, uint128_max, uint128_max})
            .returns.values[0];
    };
    CHECK(collect(f.bob, second).is_zero());
    CHECK(collect(f.alice, first).to_double() == Approx(0.003e18).epsilon(1e-9));

    f.expect_refusal(
        f.bob, f.manager.id(), CollectPosition{first, f.bob, uint128_max, 0}, "Not approved");
    f.expect_refusal(f.bob, f.manager.id(), BurnPosition{second}, "Not cleared");
    f.expect_refusal(
        f.bob, f.manager.id(), BurnPosition{77}, "ERC721: operator query for nonexistent token");
    // A token may be sold: who owns it may take out what is in it.
    f.expect_ok(f.alice, f.manager.id(), NftTransferFrom{f.alice, f.bob, first});
    const auto liquidity = f.manager.position(first).liquidity;
    f.expect_refusal(
        f.alice, f.manager.id(), DecreaseLiquidity{first, liquidity, 0, 0, never}, "Not approved");
    f.expect_ok(f.bob, f.manager.id(), DecreaseLiquidity{first, liquidity, 0, 0, never});
    f.expect_ok(f.bob, f.manager.id(), CollectPosition{first, f.bob, uint128_max, uint128_max});
    f.expect_ok(f.bob, f.manager.id(), BurnPosition{first});
    CHECK_FALSE(f.manager.position(first).exists);
}

TEST_CASE(
    "uniswap v3 periphery: what has no pool, no path or no amount is refused without a reason",
    "[contracts][uniswap_v3]")
{
    V3Fixture f;
    CHECK(f.pool.observe(1'700'000'000, 0).error().to_string() == "I");
    f.expect_ok(f.alice, f.pool.id(), Initialize{price_one});
    CHECK(f.pool.observe(1'700'000'000, 0).has_value());
    const auto refused = [&](ContractId contract, const auto& call)
    { f.expect_refusal(f.alice, contract, call, "(no reason)"); };
    MintPosition mint{
        f.a.id(), f.b.id(), 3'000, -600, 600, tokens(1), tokens(1), 0, 0, f.alice, never};
    std::swap(mint.token0, mint.token1);
    refused(f.manager.id(), mint);  // The pool's own order, please.
    std::swap(mint.token0, mint.token1);
    mint.fee = 500;
    refused(f.manager.id(), mint);
    mint.fee = 3'000;
    f.expect_ok(f.alice, f.manager.id(), mint);

    const auto liquidity = f.manager.position(1).liquidity;
    refused(f.manager.id(), IncreaseLiquidity{2, tokens(1), tokens(1), 0, 0, never});
    refused(f.manager.id(), DecreaseLiquidity{1, {}, 0, 0, never});
    refused(f.manager.id(), DecreaseLiquidity{1, wrapping_add(liquidity, 1), 0, 0, never});
    f.expect_ok(f.alice, f.manager.id(), DecreaseLiquidity{1, div_down(liquidity, 2), 0, 0, never});
    const auto too_wide = wrapping_add(uint128_max, 1);
    for (const auto& [most0, most1] :
        {std::pair{Amount{}, Amount{}}, {too_wide, Amount{1}}, {Amount{1}, too_wide}})
        refused(f.manager.id(), CollectPosition{1, f.alice, most0, most1});
    f.expect_ok(f.alice, f.manager.id(), CollectPosition{1, f.alice, {}, 1});

    const auto path_of =
        [&](std::initializer_list<ContractId> tokens, std::initializer_list<std::uint32_t> fees)
    {
        ExactInput call;
        for (const auto token : tokens)
            call.path.push_back(token);
        for (const auto fee : fees)
            call.fees.push_back(fee);
        call.recipient = f.alice;
        call.deadline = never;
        call.amount_in = 1'000'000;
        return call;
    };
    refused(f.router.id(), path_of({}, {}));
    refused(f.router.id(), path_of({f.a.id()}, {}));
    refused(f.router.id(), path_of({f.a.id(), f.b.id()}, {}));
    refused(f.router.id(), path_of({f.a.id(), f.b.id()}, {3'000, 3'000}));
    refused(f.router.id(), path_of({f.a.id(), f.a.id()}, {3'000}));
    refused(f.router.id(), path_of({f.a.id(), f.b.id()}, {500}));
    f.expect_ok(f.alice, f.router.id(), path_of({f.a.id(), f.b.id()}, {3'000}));
}

}  // namespace runnel::contracts
