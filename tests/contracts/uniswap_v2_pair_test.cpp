#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <random>

namespace runnel::contracts
{
namespace
{
constexpr AccountId nobody{1'000'000};
const Amount uint112_max = wrapping_sub(Amount::power_of_two(112), 1);

Amount k(const UniswapV2Pair& pair)
{
    return wrapping_mul(pair.state().reserve0, pair.state().reserve1);
}

CallWriter one_call(ContractId contract, const auto& call)
{
    return CallWriter{}.add(contract, call);
}
}  // namespace

TEST_CASE("uniswap v2 pair: the most that a swap may take is the published amount",
    "[contracts][uniswap_v2]")
{
    struct Case
    {
        std::uint64_t amount_in, reserve0, reserve1;  // In units of 10^18.
        const char* amount_out;
    };
    // Source: Uniswap v2-core, test/UniswapV2Pair.spec.ts, getInputPrice.
    const auto c = GENERATE(Case{1, 5, 10, "1662497915624478906"},
        Case{1, 10, 5, "453305446940074565"}, Case{2, 5, 10, "2851015155847869602"},
        Case{2, 10, 5, "831248957812239453"}, Case{1, 10, 10, "906610893880149131"},
        Case{1, 100, 100, "987158034397061298"}, Case{1, 1000, 1000, "996006981039903216"});
    UniswapV2Fixture f;
    f.add_liquidity(ether(c.reserve0), ether(c.reserve1));
    const auto amount_in = ether(c.amount_in);
    const auto amount_out = decimal(c.amount_out);

    CHECK(f.pair.quote_exact_input(f.a.id(), f.b.id(), amount_in).value() == amount_out);
    CHECK(f.pair.quote({f.a.id(), f.b.id(), amount_in}) == amount_out);
    f.expect_refusal(
        f.alice, f.swap_calls(amount_in, 0, 0, wrapping_add(amount_out, 1)), "UniswapV2: K");
    f.expect_ok(f.alice, f.swap_calls(amount_in, 0, 0, amount_out));
    CHECK(f.pair.reserve(f.a.id()) == wrapping_add(ether(c.reserve0), amount_in));
    CHECK(f.pair.reserve(f.b.id()) == wrapping_sub(ether(c.reserve1), amount_out));
}

TEST_CASE(
    "uniswap v2 pair: the fee is also taken of what is returned in kind", "[contracts][uniswap_v2]")
{
    struct Case
    {
        const char* amount_out;
        std::uint64_t reserve0, reserve1;  // In units of 10^18.
        const char* amount_in;
    };
    // Source: Uniswap v2-core, test/UniswapV2Pair.spec.ts, optimistic.
    const auto c = GENERATE(Case{"997000000000000000", 5, 10, "1000000000000000000"},
        Case{"997000000000000000", 10, 5, "1000000000000000000"},
        Case{"997000000000000000", 5, 5, "1000000000000000000"},
        Case{"1000000000000000000", 5, 5, "1003009027081243732"});
    UniswapV2Fixture f;
    f.add_liquidity(ether(c.reserve0), ether(c.reserve1));
    const auto amount_in = decimal(c.amount_in);
    const auto amount_out = decimal(c.amount_out);
    f.expect_refusal(
        f.alice, f.swap_calls(amount_in, 0, wrapping_add(amount_out, 1), 0), "UniswapV2: K");
    f.expect_ok(f.alice, f.swap_calls(amount_in, 0, amount_out, 0));
}

TEST_CASE("uniswap v2 pair: it states what trades of all sizes would pay, when all is shown",
    "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(1'000), ether(5'000));
    const auto stated = [&](Snapshots snapshots)
    {
        EventArena arena;
        const BlockContext context;
        SnapshotContext shown{context, arena, 0, snapshots};
        f.pair.snapshot(shown);
        FinishedBlock block;
        block.events = arena.events;
        block.event_bytes = arena.event_bytes;
        return f.events_of<DexQuote>(block);
    };
    CHECK(stated(Snapshots::changed).empty());
    CHECK(stated(Snapshots::all).empty());
    const auto quotes = stated(Snapshots::all_in_full);
    REQUIRE(quotes.size() == 60);
    for (std::size_t i = 0; i < quotes.size(); ++i)
    {
        const auto& [token_in, token_out, amount_in, amount_out] = quotes[i];
        const bool is_first = i < 30;
        CHECK(token_in == (is_first ? f.a.id() : f.b.id()));
        CHECK(token_out == (is_first ? f.b.id() : f.a.id()));
        // 2/8192, 3/8192, 4/8192, 6/8192 and so on of the reserve, rounded down.
        const auto part = (i % 2 == 0 ? 2U : 3U) << (i % 30 / 2);
        const auto reserve = ether(is_first ? 1'000 : 5'000);
        CHECK(amount_in == mul_div_down(reserve, part, 8'192).value);
        // floor(997 in * out's reserve / (1000 in's reserve + 997 in)), as the library has it.
        const auto net = wrapping_mul(amount_in, 997);
        CHECK(amount_out == mul_div_down(net, ether(is_first ? 5'000 : 1'000),
                                wrapping_add(wrapping_mul(reserve, 1'000), net))
                                .value);
    }
}

TEST_CASE("uniswap v2 pair: shares are minted as published", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    // Source: Uniswap v2-core, test/UniswapV2Pair.spec.ts, mint.
    const auto outcome = f.add_liquidity(ether(1), ether(4));
    CHECK(outcome.returns.values[0] == wrapping_sub(ether(2), 1'000));
    CHECK(f.pair.total_supply() == ether(2));
    CHECK(f.pair.share_balance(zero_account) == 1'000);
    CHECK(f.pair.share_balance(f.alice) == wrapping_sub(ether(2), 1'000));
    CHECK(f.pair.state().k_last == 0);

    std::string names;
    for (const auto& event : outcome.block.events)
        names += std::string{event.type->name} + ' ';
    CHECK(names == "Transfer Transfer Transfer Transfer Sync Mint DexPool DexPool DexShares ");
    const auto mint = f.events_of<uniswap_v2::MintLog>(outcome.block).at(0);
    CHECK(mint.sender == f.alice);
    CHECK(mint.amount0 == ether(1));
    CHECK(mint.amount1 == ether(4));
    const auto pool = f.events_of<DexPool>(outcome.block).at(1);
    CHECK(pool.token == f.b.id());
    CHECK(pool.reserve == ether(4));
    CHECK(pool.spot_price.to_double() == Approx(0.25e36));
    CHECK(f.events_of<DexShares>(outcome.block).at(0).share_token == f.pair.id());
    CHECK(f.events_of<DexShares>(outcome.block).at(0).total_supply == ether(2));
    CHECK(f.pair.spot_price(f.a.id(), f.b.id()) == 4.0);
    CHECK(f.pair.spot_price(f.b.id(), f.a.id()) == 0.25);

    SECTION("later ones are worth the scarcer side, rounded down")
    {
        CHECK(f.add_liquidity(3, 9).returns.values[0] == 4);  // min(3 * 2, floor(9 / 2)).
        CHECK(f.pair.total_supply() == wrapping_add(ether(2), 4));
    }
    SECTION("one that is worth less than a share is refused")
    {
        f.expect_refusal(f.alice, f.pay(1, 0).add(f.pair.id(), uniswap_v2::Mint{f.alice}),
            "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED");
        f.expect_refusal(f.alice, f.pair.id(), uniswap_v2::Mint{f.alice},
            "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED");
    }
    SECTION("an account that does not exist gets none")
    {
        f.expect_refusal(
            f.alice, f.pay(5, 5).add(f.pair.id(), uniswap_v2::Mint{nobody}), "no such account");
    }
}

TEST_CASE("uniswap v2 pair: the first mint must be worth more than what it locks",
    "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    const auto mint = [&](const Amount& amount0, const Amount& amount1)
    { return f.pay(amount0, amount1).add(f.pair.id(), uniswap_v2::Mint{f.alice}); };
    f.expect_refusal(f.alice, mint(1'000, 999), "ds-math-sub-underflow");
    // The thousand shares of the zero account are taken back.
    f.expect_refusal(f.alice, mint(1'000, 1'000), "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED");
    f.expect_refusal(f.alice, mint(Amount::power_of_two(112), 1'000), "UniswapV2: OVERFLOW");
    f.expect_ok(f.alice, mint(uint112_max, 1'000));
    CHECK(f.pair.total_supply() == sqrt_down(wrapping_mul(uint112_max, 1'000)));
}

TEST_CASE("uniswap v2 pair: burning pays the share of what is held", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    // Source: Uniswap v2-core, test/UniswapV2Pair.spec.ts, burn.
    f.add_liquidity(ether(3), ether(3));
    const auto burn = [&](const Amount& shares, AccountId to)
    {
        return CallWriter{}
            .add(f.pair.id(), Erc20Transfer{f.pair.account(), shares})
            .add(f.pair.id(), uniswap_v2::Burn{to});
    };
    const auto shares = wrapping_sub(ether(3), 1'000);

    SECTION("all but the locked shares")
    {
        CHECK(f.pair.share_value(shares)[0] == shares);
        const auto outcome = f.expect_ok(f.alice, burn(shares, f.bob));
        CHECK(outcome.returns.values[0] == shares);
        CHECK(outcome.returns.values[1] == shares);
        CHECK(f.a.balance(f.bob) == shares);
        CHECK(f.pair.total_supply() == 1'000);
        CHECK(f.a.balance(f.pair.account()) == 1'000);
        CHECK(f.pair.state().reserve1 == 1'000);
        const auto event = f.events_of<uniswap_v2::BurnLog>(outcome.block).at(0);
        CHECK(event.to_address == f.bob);
        CHECK(event.amount1 == shares);
    }
    SECTION("donations included, rounded down")
    {
        f.expect_ok(f.alice, f.pay(10, 5));
        const auto outcome = f.expect_ok(f.alice, burn(div_down(ether(3), 2), f.bob));
        CHECK(outcome.returns.values[0] == wrapping_add(div_down(ether(3), 2), 5));
        CHECK(outcome.returns.values[1] == wrapping_add(div_down(ether(3), 2), 2));
    }
    SECTION("shares that the pair was sent before are burnt with them")
    {
        f.expect_ok(f.alice, f.pair.id(), Erc20Transfer{f.pair.account(), 7});
        CHECK(f.expect_ok(f.bob, f.pair.id(), uniswap_v2::Burn{f.bob}).returns.values[0] == 7);
    }
    SECTION("nothing of one token is refused, however much it is of the other")
    {
        UniswapV2Fixture lopsided;
        const auto& pair = lopsided.pair;
        lopsided.add_liquidity(1'000'000'000, 10'000);
        lopsided.expect_refusal(lopsided.alice,
            CallWriter{}
                .add(pair.id(), Erc20Transfer{pair.account(), 100})
                .add(pair.id(), uniswap_v2::Burn{lopsided.alice}),
            "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED");
    }
    SECTION("refusals")
    {
        f.expect_refusal(f.alice, f.pair.id(), uniswap_v2::Burn{f.alice},
            "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED");
        f.expect_refusal(f.alice, burn(ether(3), f.alice), "ds-math-sub-underflow");
        f.expect_refusal(f.alice, burn(10, nobody), "no such account");
        // Without any shares the EVM divides by zero.
        f.expect_refusal(f.alice, f.pair_bc.id(), uniswap_v2::Burn{f.alice}, "(invalid opcode)");
    }
}

TEST_CASE("uniswap v2 pair: the protocol fee is a sixth of the growth of sqrt(k)",
    "[contracts][uniswap_v2]")
{
    // Source: Uniswap v2-core, test/UniswapV2Pair.spec.ts, feeTo:off and feeTo:on.
    UniswapV2Fixture f;
    const bool fee_on = GENERATE(false, true);
    if (fee_on)
        f.expect_ok(f.owner, f.factory.id(), uniswap_v2::SetFeeTo{f.collector});
    f.add_liquidity(ether(1000), ether(1000));
    CHECK(f.pair.state().k_last == (fee_on ? k(f.pair) : 0));
    f.expect_ok(f.alice, f.swap_calls(0, ether(1), decimal("996006981039903216"), 0));
    CHECK(f.pair.state().k_last <= k(f.pair));
    f.expect_ok(f.alice,
        CallWriter{}
            .add(f.pair.id(), Erc20Transfer{f.pair.account(), wrapping_sub(ether(1000), 1'000)})
            .add(f.pair.id(), uniswap_v2::Burn{f.alice}));
    if (!fee_on)
    {
        CHECK(f.pair.total_supply() == 1'000);
        return;
    }
    CHECK(f.pair.total_supply() == decimal("249750499252388"));
    CHECK(f.pair.share_balance(f.collector) == decimal("249750499251388"));
    CHECK(f.a.balance(f.pair.account()) == decimal("249501683698445"));
    CHECK(f.b.balance(f.pair.account()) == decimal("250000187313969"));
    CHECK(f.pair.state().k_last == k(f.pair));

    // A mint after more growth: the fee is minted first, and dilutes what the mint is worth.
    f.add_liquidity(ether(1000), ether(1000));
    f.expect_ok(f.alice, f.swap_calls(ether(500), 0, 0, ether(300)));
    const auto root = sqrt_down(k(f.pair));
    const auto old_root = sqrt_down(f.pair.state().k_last);
    const auto supply = f.pair.total_supply();
    const auto fee = mul_div_down(
        supply, wrapping_sub(root, old_root), wrapping_add(wrapping_mul(root, 5), old_root))
                         .value;
    REQUIRE(fee > 1'000'000);
    const auto reserve0 = f.pair.state().reserve0;
    const auto minted = f.add_liquidity(ether(3), ether(3)).returns.values[0];
    CHECK(minted == mul_div_down(ether(3), wrapping_add(supply, fee), reserve0).value);
    CHECK(f.pair.share_balance(f.collector) == wrapping_add(fee, decimal("249750499251388")));

    // The first mint after it is switched off forgets k.
    f.expect_ok(f.owner, f.factory.id(), uniswap_v2::SetFeeTo{zero_account});
    CHECK(f.pair.state().k_last != 0);
    f.add_liquidity(ether(1), ether(1));
    CHECK(f.pair.state().k_last == 0);
}

TEST_CASE("uniswap v2 pair: the price accumulators add the old price times its age",
    "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    const std::uint64_t start = (1ULL << 32U) - 5;  // Wraps 5 seconds later.
    f.sandbox.set_time(start);
    f.add_liquidity(ether(3), ether(4));
    CHECK(f.pair.state().price0_cumulative_last == 0);
    const auto price0 = div_down(Amount{4} << 112U, 3);  // Rounded down before it is multiplied.
    const auto price1 = div_down(Amount{3} << 112U, 4);

    f.expect_ok(f.alice, f.pair.id(), uniswap_v2::Sync{});  // In the same second: nothing.
    CHECK(f.pair.state().price0_cumulative_last == 0);
    f.sandbox.set_time(start + 10);
    f.expect_ok(f.alice, f.swap_calls(ether(3), 0, 0, ether(1)));
    CHECK(f.pair.state().block_timestamp_last == 5);
    CHECK(f.pair.state().price0_cumulative_last == wrapping_mul(price0, 10));
    CHECK(f.pair.state().price1_cumulative_last == wrapping_mul(price1, 10));
    f.sandbox.set_time(start + 12);
    f.expect_ok(f.alice, f.pair.id(), uniswap_v2::Sync{});
    const auto after = div_down(ether(3) << 112U, ether(6));
    CHECK(f.pair.state().price0_cumulative_last ==
          wrapping_add(wrapping_mul(price0, 10), wrapping_mul(after, 2)));
}

TEST_CASE(
    "uniswap v2 pair: a swap's refusals come in the deployed order", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(5), ether(10));
    const auto swap = [&](const Amount& out0, const Amount& out1, AccountId to) {
        return one_call(f.pair.id(), uniswap_v2::Swap{out0, out1, to, {}});
    };
    const auto token0 = f.a.account();
    f.expect_refusal(f.alice, swap(0, 0, token0), "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT");
    f.expect_refusal(f.alice, swap(ether(5), 1, token0), "UniswapV2: INSUFFICIENT_LIQUIDITY");
    f.expect_refusal(f.alice, swap(1, ether(10), f.alice), "UniswapV2: INSUFFICIENT_LIQUIDITY");
    f.expect_refusal(f.alice, swap(0, 1, token0), "UniswapV2: INVALID_TO");
    f.expect_refusal(f.alice, swap(1, 0, f.b.account()), "UniswapV2: INVALID_TO");
    f.expect_refusal(f.alice, swap(0, 1, f.alice), "UniswapV2: INSUFFICIENT_INPUT_AMOUNT");
    f.expect_refusal(f.alice, swap(0, 1, nobody), "no such account");
    f.expect_refusal(f.alice, f.swap_calls(1, 0, 0, 2), "UniswapV2: K");
    // K is looked at before the reserves' 112 bits.
    f.expect_refusal(f.alice, f.swap_calls(uint112_max, 0, 0, 1), "UniswapV2: OVERFLOW");
    f.expect_refusal(
        f.alice, f.swap_calls(uint112_max, 0, 0, wrapping_sub(ether(10), 1)), "UniswapV2: K");
    // A reserve cannot be bought up, and a swap to the pair itself pays nobody.
    f.expect_refusal(f.alice, swap(1, 0, f.pair.account()), "UniswapV2: K");
}

TEST_CASE("uniswap v2 pair: donations count as paid in", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(5), ether(10));
    f.expect_ok(f.alice, f.pay(ether(1), 0));
    const auto outcome = f.expect_ok(
        f.bob, f.pair.id(), uniswap_v2::Swap{0, decimal("1662497915624478906"), f.bob, {}});
    const auto event = f.events_of<uniswap_v2::SwapLog>(outcome.block).at(0);
    CHECK(event.amount0_in == ether(1));
    CHECK(event.sender == f.bob);
    const auto trade = f.events_of<DexTrade>(outcome.block).at(0);
    CHECK(trade.token_sold == f.a.id());
    CHECK(trade.token_bought == f.b.id());
    CHECK(trade.token_sold_amount_raw == ether(1));
    CHECK(trade.token_bought_amount_raw == decimal("1662497915624478906"));
    CHECK(trade.taker == f.bob);
    CHECK(trade.fee_token == f.a.id());
    CHECK(trade.fee_raw == wrapping_mul(3, Amount::power_of_ten(15)));

    // Token0 in, both out: as Spellbook has it, token0 was bought and sold.
    const auto both = f.expect_ok(f.alice, f.swap_calls(1'000, 0, 10, 20));
    const auto row = f.events_of<DexTrade>(both.block).at(0);
    CHECK(row.token_bought == f.a.id());
    CHECK(row.token_sold == f.a.id());
    CHECK(row.token_bought_amount_raw == 10);
    CHECK(row.token_sold_amount_raw == 1'000);
    CHECK(row.fee_raw == 3);
}

TEST_CASE("uniswap v2 pair: a flash swap is repaid inside its callback", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(100), ether(100));
    const auto flash = [&](const CallWriter& callback) {
        return one_call(f.pair.id(), uniswap_v2::Swap{1'000'000, 0, f.alice, callback.list()});
    };
    // 1,000,000 / 0.997 rounded up: the fee is taken of all that comes in.
    f.expect_refusal(f.alice, flash(f.pay(1'003'009, 0)), "UniswapV2: K");
    const auto before = f.a.balance(f.alice);
    f.expect_ok(f.alice, flash(f.pay(1'003'010, 0)));
    CHECK(f.a.balance(f.alice) == wrapping_sub(before, 3'010));
    f.expect_ok(f.alice, flash(f.pay(0, 1'003'010)));  // Or in the other token.

    f.expect_refusal(f.alice, flash(one_call(f.a.id(), Erc20Transfer{f.bob, 1})),
        "UniswapV2: INSUFFICIENT_INPUT_AMOUNT");
    // What the callback refuses, the swap refuses.
    f.expect_refusal(
        f.alice, flash(one_call(f.b.id(), Erc20Transfer{nobody, 1})), "no such account");
    f.expect_refusal(f.alice, flash(one_call(f.a.id(), Erc20Transfer{f.bob, Amount::max()})),
        "ds-math-sub-underflow");

    SECTION("its own calls are locked meanwhile, its shares are not")
    {
        const auto locked = [&](const auto& call)
        {
            auto callback = one_call(f.pair.id(), call);
            callback.add(f.a.id(), Erc20Transfer{f.pair.account(), 2'000'000});
            f.expect_refusal(f.alice, flash(callback), "UniswapV2: LOCKED");
        };
        locked(uniswap_v2::Mint{f.alice});
        locked(uniswap_v2::Burn{f.alice});
        locked(uniswap_v2::Swap{1, 0, f.alice, {}});
        locked(uniswap_v2::Skim{f.alice});
        locked(uniswap_v2::Sync{});
        f.expect_ok(f.alice, flash(one_call(f.pair.id(), Erc20Transfer{f.bob, 5})
                                       .add(f.a.id(), Erc20Transfer{f.pair.account(), 2'000'000})));
    }
    SECTION("a callback may use another pair")
    {
        f.expect_ok(f.alice, CallWriter{}
                                 .add(f.b.id(), Erc20Transfer{f.pair_bc.account(), ether(50)})
                                 .add(f.c.id(), Erc20Transfer{f.pair_bc.account(), ether(50)})
                                 .add(f.pair_bc.id(), uniswap_v2::Mint{f.alice}));
        CallWriter callback;
        callback.add(f.b.id(), Erc20Transfer{f.pair_bc.account(), 2'000'000})
            .add(f.pair_bc.id(), uniswap_v2::Swap{0, 1'000'000, f.alice, {}})
            .add(f.a.id(), Erc20Transfer{f.pair.account(), 1'003'010});
        f.expect_ok(f.alice, flash(callback));
    }
    SECTION("malformed and too deep callbacks are refused")
    {
        const Bytes rubbish{1, 2, 3};
        f.expect_refusal(f.alice, f.pair.id(),
            uniswap_v2::Swap{1'000'000, 0, f.alice, CallList{rubbish}}, "malformed calls");
        const auto unknown = one_call(ContractId{77}, uniswap_v2::Sync{});
        f.expect_refusal(f.alice, flash(unknown), "no such contract or method");
    }
}

TEST_CASE("uniswap v2 pair: skim pays out the surplus, sync keeps it", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(5), ether(10));
    f.expect_ok(f.alice, f.pay(7, 9));
    SECTION("skim")
    {
        f.expect_ok(f.bob, f.pair.id(), uniswap_v2::Skim{f.bob});
        CHECK(f.a.balance(f.bob) == 7);
        CHECK(f.b.balance(f.bob) == 9);
        CHECK(f.pair.state().reserve0 == ether(5));
        f.expect_refusal(f.bob, f.pair.id(), uniswap_v2::Skim{nobody}, "no such account");
    }
    SECTION("sync")
    {
        f.expect_ok(f.bob, f.pair.id(), uniswap_v2::Sync{});
        CHECK(f.pair.state().reserve0 == wrapping_add(ether(5), 7));
        CHECK(f.pair.state().reserve1 == wrapping_add(ether(10), 9));
        f.expect_ok(f.alice, f.pay(Amount::power_of_two(112), 0));
        f.expect_refusal(f.bob, f.pair.id(), uniswap_v2::Sync{}, "UniswapV2: OVERFLOW");
        CHECK(f.pair.quote_exact_input(f.b.id(), f.a.id(), 1'000'000).error().text ==
              "UniswapV2: OVERFLOW");
        CHECK_FALSE(f.pair.quote({f.b.id(), f.a.id(), 1'000'000}).has_value());
    }
}

TEST_CASE("uniswap v2 pair: a token's refusal to be paid out gets the pair's reason",
    "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f{TokenFlavour::openzeppelin5};
    f.add_liquidity(ether(5), ether(10));
    f.expect_refusal(f.alice,
        f.pay(ether(1), 0).add(f.pair.id(), uniswap_v2::Swap{0, 5, zero_account, {}}),
        "UniswapV2: TRANSFER_FAILED");
    f.expect_refusal(
        f.alice, f.pair.id(), uniswap_v2::Skim{zero_account}, "UniswapV2: TRANSFER_FAILED");
}

TEST_CASE("uniswap v2 pair: what it is not asked it does not answer", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    CHECK_FALSE(f.pair.quote({f.a.id(), f.b.id(), 1}).has_value());  // Without liquidity.
    CHECK(f.pair.spot_price(f.a.id(), f.b.id()) == 0);
    CHECK(f.pair.share_value(1)[0] == 0);
    f.add_liquidity(ether(5), ether(10));
    CHECK_FALSE(f.pair.quote({f.a.id(), f.a.id(), 1}).has_value());
    CHECK_FALSE(f.pair.quote({f.a.id(), f.c.id(), 1}).has_value());
    CHECK_FALSE(f.pair.quote({f.c.id(), f.b.id(), 1}).has_value());
    CHECK_FALSE(f.pair.quote({f.a.id(), f.b.id(), 0}).has_value());
    CHECK(f.pair.quote_exact_input(f.b.id(), f.a.id(), 1).error().text ==
          "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT");
    CHECK(f.pair.quote_exact_output(f.a.id(), f.b.id(), ether(10)).error().kind ==
          RefusalKind::invalid_opcode);
    CHECK(f.pair.quote_exact_output(f.a.id(), f.b.id(), ether(11)).error().text ==
          "ds-math-sub-underflow");
}

TEST_CASE("uniswap v2 pair: calls declare few objects", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(5), ether(10));
    CHECK(f.declared_objects(f.alice, f.swap_calls(5, 0, 0, 1)) == 5);
    CHECK(
        f.declared_objects(f.alice, f.pay(5, 5).add(f.pair.id(), uniswap_v2::Mint{f.alice})) == 7);
    f.expect_ok(f.owner, f.factory.id(), uniswap_v2::SetFeeTo{f.collector});
    CHECK(f.declared_objects(f.alice, one_call(f.pair.id(), uniswap_v2::Burn{f.alice})) == 8);
}

TEST_CASE("uniswap v2 pair: its invariants see what is wrong", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(5), ether(10));
    CHECK(f.sandbox.world().check_invariants().empty());
    const auto findings = [&](auto&& break_it)
    {
        auto& table = *static_cast<Table<uniswap_v2::PairState>*>(f.pair.tables().at(2));
        const auto good = table.get(0);
        break_it(table.at(0));
        Findings found;
        f.pair.check_invariants(f.sandbox.world(), found);
        table.at(0) = good;
        return found.size();
    };
    CHECK(findings([](auto& pair) { pair.reserve0 = wrapping_add(pair.reserve0, 1); }) == 1);
    CHECK(findings([](auto& pair) { pair.reserve1 = 0; }) == 1);
    CHECK(findings([](auto& pair) { pair.locked = true; }) == 1);
    CHECK(findings([](auto& pair) { pair.k_last = Amount::max(); }) == 1);
    CHECK(findings([](auto&) {}) == 0);

    // What a scenario may get wrong: one token twice, two pairs of the same tokens.
    const auto& same = f.sandbox.add<UniswapV2Pair>("A_A", f.a.id(), f.a.id(), f.factory.id());
    const auto& twin = f.sandbox.add<UniswapV2Pair>("B_A", f.b.id(), f.a.id(), f.factory.id());
    f.sandbox.connect();
    Findings found;
    f.pair.check_invariants(f.sandbox.world(), found);
    CHECK(found.empty());
    same.check_invariants(f.sandbox.world(), found);
    twin.check_invariants(f.sandbox.world(), found);
    CHECK(found == Findings{"A_A: token0 and token1 are one token",
                       "B_A: another pair of its factory trades the same tokens"});
}

TEST_CASE("uniswap v2 pair: a scenario's parameters make a pool with liquidity",
    "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    Parameters parameters;
    parameters.set("token0", f.c.id());
    parameters.set("token1", f.a.id());
    parameters.set("factory", f.factory.id());
    parameters.set("amount0", ether(9));
    parameters.set("amount1", ether(4));
    auto& world = f.sandbox.world();
    const ContractId id{static_cast<std::uint32_t>(world.contract_count())};
    auto& pair = dynamic_cast<UniswapV2Pair&>(world.add_contract(
        UniswapV2Pair::contract_type().create(parameters, {id, f.sandbox.account("C_A"), "C_A"})));
    world.connect();
    CHECK(f.factory.find_pair(f.a.id(), f.c.id()) == &pair);
    CHECK(f.factory.pairs().size() == 3);

    GenesisBuilder builder{world};
    pair.genesis(parameters, builder);
    REQUIRE(builder.transaction_count() == 1);
    BlockExecution execution;
    const auto block = execute_block(execution, world, {}, {}, {}, 0, builder.take_transactions(),
        {}, {.keep_returns = false, .free_gas = true});
    CHECK(block.receipts.at(0).status == ReceiptStatus::succeeded);
    const auto seed = world.find_account("C_A/seed_lp");
    REQUIRE(seed.has_value());
    CHECK(pair.share_balance(*seed) == wrapping_sub(ether(6), 1'000));
    CHECK(pair.reserve(f.a.id()) == ether(4));
    CHECK(world.check_invariants().empty());
}

// Method: random pools over nine orders of magnitude and trades around their size, so that rounding
// matters in some and not in others; what comes out is checked against the pool's own quotes and
// the definition of k. The seed is fixed.
TEST_CASE("uniswap v2 pair: rounding never favours the trader", "[contracts][uniswap_v2][property]")
{
    std::mt19937_64 random{20'260'103};
    std::uniform_int_distribution<std::uint64_t> magnitudes{4, 12};
    int traded = 0;
    for (int i = 0; i < 60; ++i)
    {
        UniswapV2Fixture f;
        const auto draw = [&]
        {
            std::uint64_t top = 1;
            for (auto digits = magnitudes(random); digits > 0; --digits)
                top *= 10;
            return Amount{1 + random() % top};
        };
        f.add_liquidity(wrapping_add(draw(), 1'001), wrapping_add(draw(), 1'001));
        for (int j = 0; j < 15; ++j)
        {
            const bool sells_a = random() % 2 == 0;
            const auto token_in = sells_a ? f.a.id() : f.b.id();
            const auto token_out = f.pair.other(token_in);
            const auto amount_in = draw();
            CAPTURE(i, j, sells_a, amount_in.to_string(), dump(f.pair.state()));
            const auto quoted = f.pair.quote_exact_input(token_in, token_out, amount_in);
            if (!quoted.has_value())
            {
                REQUIRE(quoted.error().text == "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT");
                continue;
            }
            // Buying the same output costs no more than was offered, yet enough to get it.
            const auto cost = f.pair.quote_exact_output(token_in, token_out, *quoted).value();
            REQUIRE(cost <= wrapping_add(amount_in, 1));
            REQUIRE(f.pair.quote_exact_input(token_in, token_out, cost).value() >= *quoted);

            const auto k_before = k(f.pair);
            const auto calls = [&](const Amount& out) {
                return sells_a ? f.swap_calls(amount_in, 0, 0, out)
                               : f.swap_calls(0, amount_in, out, 0);
            };
            REQUIRE_FALSE(f.sandbox.run(f.alice, calls(wrapping_add(*quoted, 1))).ok());
            REQUIRE(f.sandbox.run(f.alice, calls(*quoted)).ok());
            REQUIRE(k(f.pair) >= k_before);
            ++traded;
        }
        REQUIRE(f.sandbox.world().check_invariants().empty());
    }
    CHECK(traded > 400);
}

// Method: liquidity added and taken out at once, with the protocol fee on, in random pools.
TEST_CASE("uniswap v2 pair: adding and removing liquidity never pays",
    "[contracts][uniswap_v2][property]")
{
    std::mt19937_64 random{20'260'104};
    for (int i = 0; i < 40; ++i)
    {
        UniswapV2Fixture f;
        f.expect_ok(f.owner, f.factory.id(), uniswap_v2::SetFeeTo{f.collector});
        f.add_liquidity(2'000 + random() % 1'000'000, 2'000 + random() % 1'000'000'000);
        for (int j = 0; j < 10; ++j)
        {
            const Amount amount0{1 + random() % 100'000};
            const Amount amount1{1 + random() % 100'000'000};
            CAPTURE(i, j, amount0.to_string(), amount1.to_string());
            const auto minted = f.sandbox.run(
                f.alice, f.pay(amount0, amount1).add(f.pair.id(), uniswap_v2::Mint{f.alice}));
            if (!minted.ok())
                continue;
            const auto burnt = f.sandbox.run(f.alice,
                CallWriter{}
                    .add(f.pair.id(), Erc20Transfer{f.pair.account(), minted.returns.values[0]})
                    .add(f.pair.id(), uniswap_v2::Burn{f.alice}));
            if (burnt.ok())
            {
                REQUIRE(burnt.returns.values[0] <= amount0);
                REQUIRE(burnt.returns.values[1] <= amount1);
            }
            const Amount swapped{1 + random() % 50'000};
            if (const auto out = f.pair.quote_exact_input(f.a.id(), f.b.id(), swapped);
                out.has_value())
                REQUIRE(f.sandbox.run(f.alice, f.swap_calls(swapped, 0, 0, *out)).ok());
        }
        REQUIRE(f.sandbox.world().check_invariants().empty());
    }
}

}  // namespace runnel::contracts
