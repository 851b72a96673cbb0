#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <limits>
#include <optional>
#include <tuple>
#include <utility>

namespace runnel::contracts
{
namespace
{
using namespace uniswap_v2;

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

/// A token that is not as others are, a plain one, wrapped coins, and a router with pairs between.
struct QuirksFixture : ContractFixture
{
    explicit QuirksFixture(
        TokenQuirks quirks, TokenFlavour flavour = TokenFlavour::uniswap, PoolFee fee = {})
      : native{sandbox.add<NativeCoin>("ETH", TokenInfo{"ETH", 18})},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        odd{sandbox.add<Erc20>("ODD", TokenInfo{"ODD", 18}, flavour, zero_account, quirks)},
        plain{sandbox.add<Erc20>("PLAIN", TokenInfo{"PLAIN", 18}, flavour)},
        weth{sandbox.add<Weth9>("WETH", "WETH")},
        factory{sandbox.add<UniswapV2Factory>("factory", zero_account, zero_account, fee)},
        odd_plain{sandbox.add<UniswapV2Pair>("ODD_PLAIN", odd.id(), plain.id(), factory.id())},
        odd_weth{sandbox.add<UniswapV2Pair>("ODD_WETH", odd.id(), weth.id(), factory.id())},
        router{sandbox.add<UniswapV2Router>("router", factory.id(), std::optional{weth.id()})}
    {
        sandbox.connect();
        sandbox.set_time(1'600'000'000);
        for (auto account : {alice, bob})
        {
            for (Token* token : {static_cast<Token*>(&odd), static_cast<Token*>(&plain),
                     static_cast<Token*>(&weth)})
                token->allocate(sandbox.world(), account, ether(1'000'000));
            give_native(account, ether(1'000'000));
        }
        for (const auto token : {odd.id(), plain.id(), weth.id(), odd_plain.id(), odd_weth.id()})
            expect_ok(alice, token, Erc20Approve{router.account(), Amount::max()});
    }

    void give_native(AccountId account, const Amount& value)
    {
        auto& world = sandbox.world();
        auto& balance = world.account_states.at(account).balance;
        balance = wrapping_add(balance, value);
        auto& supply = world.native_supply.at(0);
        supply = wrapping_add(supply, value);
    }
    [[nodiscard]] Amount native_of(AccountId account)
    {
        return sandbox.world().account_states.get(account).balance;
    }
    /// Puts as much into the pool as the call says, fee or not.
    void fill(UniswapV2Pair& pair, const Amount& amount0, const Amount& amount1)
    {
        CallWriter calls;
        calls.add(pair.token0(), Erc20Transfer{pair.account(), amount0});
        calls.add(pair.token1(), Erc20Transfer{pair.account(), amount1});
        calls.add(pair.id(), Mint{alice});
        expect_ok(alice, calls);
    }

    NativeCoin& native;
    AccountId alice;
    AccountId bob;
    Erc20& odd;
    Erc20& plain;
    Weth9& weth;
    UniswapV2Factory& factory;
    UniswapV2Pair& odd_plain;
    UniswapV2Pair& odd_weth;
    UniswapV2Router& router;
};

TokenQuirks one_per_cent(std::string collector = {})
{
    return {100, std::move(collector), TransferAnswer::success};
}

Amount minus(const Amount& a, const Amount& b)
{
    return wrapping_sub(a, b);
}
}  // namespace

TEST_CASE(
    "fee on transfer: who sends pays the whole, who receives gets the rest", "[contracts][erc20]")
{
    QuirksFixture f{one_per_cent()};
    const auto supply = f.odd.total_supply();
    const auto paid = f.expect_ok(f.alice, f.odd.id(), Erc20Transfer{f.bob, 12'345});
    CHECK(minus(ether(1'000'000), f.odd.balance(f.alice)) == 12'345);
    CHECK(minus(f.odd.balance(f.bob), ether(1'000'000)) == 12'222);  // 123 burnt, rounded down.
    CHECK(minus(supply, f.odd.total_supply()) == 123);
    const auto logs = ContractFixture::events_of<TransferLog>(paid.block);
    REQUIRE(logs.size() == 2);
    CHECK(logs[0].to_address == zero_account);
    CHECK(logs[0].value == 123);
    CHECK(logs[1].to_address == f.bob);
    CHECK(logs[1].value == 12'222);
    CHECK(paid.undeclared_touches == 0);

    // The whole value must be there, and the whole is taken off an allowance.
    f.expect_refusal(
        f.alice, f.odd.id(), Erc20Transfer{f.bob, ether(1'000'000)}, "ds-math-sub-underflow");
    f.expect_ok(f.alice, f.odd.id(), Erc20Approve{f.bob, 1'000});
    f.expect_refusal(
        f.bob, f.odd.id(), Erc20TransferFrom{f.alice, f.bob, 1'001}, "ds-math-sub-underflow");
    const auto pulled = f.expect_ok(f.bob, f.odd.id(), Erc20TransferFrom{f.alice, f.bob, 1'000});
    CHECK(f.odd.allowance(f.alice, f.bob) == 0);
    CHECK(minus(f.odd.balance(f.bob), ether(1'000'000)) == 12'222 + 990);
    CHECK(pulled.undeclared_touches == 0);
}

TEST_CASE("fee on transfer: a collector may get it", "[contracts][erc20]")
{
    QuirksFixture f{one_per_cent("bob")};
    const auto supply = f.odd.total_supply();
    const auto paid = f.expect_ok(f.alice, f.odd.id(), Erc20Transfer{f.alice, 1'000});
    CHECK(f.odd.total_supply() == supply);
    CHECK(minus(f.odd.balance(f.bob), ether(1'000'000)) == 10);
    CHECK(minus(ether(1'000'000), f.odd.balance(f.alice)) == 10);
    CHECK(paid.undeclared_touches == 0);
}

// By hand, as the published router and pair compute: a pool of 100 and 200 after its fee.
TEST_CASE("fee on transfer: exact calls are refused with K, supporting ones are not",
    "[contracts][uniswap_v2]")
{
    QuirksFixture f{one_per_cent()};
    f.fill(f.odd_plain, wrapping_mul(ether(1), 1'000), ether(2'000));
    REQUIRE(f.odd_plain.state().reserve0 == ether(990));
    const Path out{f.odd.id(), f.plain.id()};
    f.expect_refusal(f.alice, f.router.id(),
        SwapExactTokensForTokens{ether(10), 0, out, f.alice, never}, "UniswapV2: K");
    f.expect_refusal(f.alice, f.router.id(),
        SwapTokensForExactTokens{ether(1), ether(100), out, f.alice, never}, "UniswapV2: K");

    // 10 less 1% reach the pool.
    const auto expected = get_amount_out(decimal("9900000000000000000"), ether(990), ether(2'000));
    using Supporting = SwapExactTokensForTokensSupportingFeeOnTransferTokens;
    f.expect_refusal(f.alice, f.router.id(),
        Supporting{ether(10), wrapping_add(*expected, 1), out, f.alice, never},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
    const auto before = f.plain.balance(f.alice);
    const auto swapped =
        f.expect_ok(f.alice, f.router.id(), Supporting{ether(10), *expected, out, f.alice, never});
    CHECK(minus(f.plain.balance(f.alice), before) == *expected);
    CHECK(swapped.returns.count == 0);

    // Bought, the token takes its fee from what arrives: the exact call's minimum does not see it.
    const Path in{f.plain.id(), f.odd.id()};
    const auto bought =
        get_amount_out(ether(10), f.odd_plain.state().reserve1, f.odd_plain.state().reserve0);
    const auto fee = mul_div_down(*bought, 100, 10'000).value;
    f.expect_refusal(f.alice, f.router.id(),
        Supporting{ether(10), wrapping_add(minus(*bought, fee), 1), in, f.alice, never},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
    const auto odd_before = f.odd.balance(f.alice);
    f.expect_ok(
        f.alice, f.router.id(), SwapExactTokensForTokens{ether(10), *bought, in, f.alice, never});
    CHECK(minus(f.odd.balance(f.alice), odd_before) == minus(*bought, fee));
}

TEST_CASE("fee on transfer: supporting calls refuse as the router does", "[contracts][uniswap_v2]")
{
    QuirksFixture f{one_per_cent()};
    f.fill(f.odd_plain, ether(1'000), ether(2'000));
    using Supporting = SwapExactTokensForTokensSupportingFeeOnTransferTokens;
    const Path path{f.odd.id(), f.plain.id()};
    f.expect_refusal(
        f.alice, f.router.id(), Supporting{1, 0, path, f.alice, 1}, "UniswapV2Router: EXPIRED");
    f.expect_refusal(
        f.alice, f.router.id(), Supporting{1, 0, {f.odd.id()}, f.alice, never}, "(invalid opcode)");
    f.expect_refusal(f.alice, f.router.id(),
        Supporting{1, 0, {f.plain.id(), f.weth.id()}, f.alice, never}, "(no reason)");
    f.expect_refusal(f.alice, f.router.id(), Supporting{ether(2'000'000), 0, path, f.alice, never},
        "TransferHelper: TRANSFER_FROM_FAILED");
    f.expect_refusal(f.alice, f.router.id(), Supporting{0, 0, path, f.alice, never},
        "UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT");
}

TEST_CASE("tokens that answer nothing or false are taken as TransferHelper takes them",
    "[contracts][uniswap_v2][erc20]")
{
    {
        QuirksFixture f{{0, {}, TransferAnswer::nothing}};
        f.fill(f.odd_plain, ether(1'000), ether(2'000));
        const Path path{f.odd.id(), f.plain.id()};
        CHECK(f.expect_ok(f.alice, f.odd.id(), Erc20Transfer{f.bob, 5}).returns.count == 0);
        f.expect_ok(
            f.alice, f.router.id(), SwapExactTokensForTokens{ether(1), 0, path, f.alice, never});
        f.expect_ok(f.alice, f.router.id(),
            SwapExactTokensForTokens{ether(1), 0, {f.plain.id(), f.odd.id()}, f.alice, never});
        f.expect_refusal(
            f.alice, f.odd.id(), Erc20Transfer{f.bob, ether(2'000'000)}, "ds-math-sub-underflow");
    }
    QuirksFixture f{{0, {}, TransferAnswer::false_on_failure}};
    f.fill(f.odd_plain, ether(1'000), ether(2'000));
    const Path path{f.odd.id(), f.plain.id()};
    f.expect_ok(
        f.alice, f.router.id(), SwapExactTokensForTokens{ether(1), 0, path, f.alice, never});
    f.expect_refusal(f.alice, f.router.id(),
        SwapExactTokensForTokens{ether(2'000'000), 0, path, f.alice, never},
        "TransferHelper: TRANSFER_FROM_FAILED");
    // By itself the call goes well, says so, and moves nothing.
    const auto root = f.odd.holding(f.alice);
    const auto said = f.expect_ok(f.alice, f.odd.id(), Erc20Transfer{f.bob, ether(2'000'000)});
    REQUIRE(said.returns.count == 1);
    CHECK(said.returns.values[0] == 0);
    CHECK(ContractFixture::events_of<TransferLog>(said.block).empty());
    CHECK(f.odd.holding(f.alice) == root);
    const auto from = f.expect_ok(f.bob, f.odd.id(), Erc20TransferFrom{f.alice, f.bob, 1});
    REQUIRE(from.returns.count == 1);
    CHECK(from.returns.values[0] == 0);
    CHECK(f.expect_ok(f.alice, f.odd.id(), Erc20Transfer{f.bob, 1}).returns.values[0] == 1);
}

TEST_CASE("weth9: deposits and withdrawals turn coins into tokens and back", "[contracts][weth9]")
{
    QuirksFixture f{{}};
    const auto coins = f.native_of(f.bob);
    const auto tokens = f.weth.balance(f.bob);
    const auto in = f.expect_ok(f.bob, f.weth.id(), Weth9Deposit{ether(3)});
    CHECK(f.native_of(f.bob) == minus(coins, ether(3)));
    CHECK(f.weth.balance(f.bob) == wrapping_add(tokens, ether(3)));
    CHECK(in.undeclared_touches == 0);
    const auto deposits = ContractFixture::events_of<Weth9DepositLog>(in.block);
    REQUIRE(deposits.size() == 1);
    CHECK(deposits[0].dst == f.bob);
    CHECK(deposits[0].wad == ether(3));
    CHECK(ContractFixture::events_of<TransferLog>(in.block).empty());

    // A plain payment is a deposit too.
    const auto payment =
        f.expect_ok(f.bob, f.native.id(), NativeTransfer{f.weth.account(), ether(2)});
    CHECK(f.weth.balance(f.bob) == wrapping_add(tokens, ether(5)));
    CHECK(ContractFixture::events_of<Weth9DepositLog>(payment.block).size() == 1);
    CHECK(payment.undeclared_touches == 0);

    const auto out = f.expect_ok(f.bob, f.weth.id(), Weth9Withdraw{ether(5)});
    CHECK(f.native_of(f.bob) == coins);
    CHECK(f.weth.balance(f.bob) == tokens);
    CHECK(out.undeclared_touches == 0);
    CHECK(ContractFixture::events_of<Weth9WithdrawalLog>(out.block).size() == 1);
    CHECK(f.weth.total_supply() == f.native_of(f.weth.account()));

    // Every refusal is bare, the balance is looked at before the allowance, one's own needs none.
    f.expect_refusal(f.bob, f.weth.id(), Weth9Withdraw{ether(2'000'000)}, "(no reason)");
    f.expect_refusal(f.bob, f.weth.id(), Weth9Deposit{ether(2'000'000)}, "(no reason)");
    f.expect_refusal(f.bob, f.weth.id(), Erc20Transfer{f.alice, ether(2'000'000)}, "(no reason)");
    f.expect_refusal(f.bob, f.weth.id(), Erc20TransferFrom{f.alice, f.bob, 1}, "(no reason)");
    f.expect_ok(f.bob, f.weth.id(), Erc20TransferFrom{f.bob, f.alice, 1});
    f.expect_ok(f.bob, f.weth.id(), Erc20Transfer{zero_account, 1});
    // 2,300 gas are not enough to run anything.
    CallWriter nothing;
    nothing.add(f.weth.id(), Erc20Transfer{f.alice, 0});
    f.expect_ok(f.bob, f.native.id(), RegisterCalls{nothing.list(), 1});
    f.expect_refusal(f.bob, f.weth.id(), Weth9Withdraw{1}, "(no reason)");
}

TEST_CASE("router: swaps that begin or end in native coins", "[contracts][uniswap_v2][weth9]")
{
    QuirksFixture f{{}};
    f.fill(f.odd_weth, ether(1'000), ether(2'000));
    const Path from_eth{f.weth.id(), f.odd.id()};
    const Path to_eth{f.odd.id(), f.weth.id()};
    const auto reserves = [&f] {
        return std::array{f.odd_weth.state().reserve0, f.odd_weth.state().reserve1};
    };

    auto coins = f.native_of(f.alice);
    auto tokens = f.odd.balance(f.alice);
    auto [odd, weth] = reserves();
    auto expected = get_amount_out(ether(10), weth, odd).value();
    auto done = f.expect_ok(f.alice, f.router.id(),
        SwapExactETHForTokens{ether(10), expected, from_eth, f.alice, never});
    CHECK(done.returns.values[1] == expected);
    CHECK(minus(coins, f.native_of(f.alice)) == ether(10));
    CHECK(minus(f.odd.balance(f.alice), tokens) == expected);

    coins = f.native_of(f.alice);
    std::tie(odd, weth) = std::pair{reserves()[0], reserves()[1]};
    expected = get_amount_in(ether(1), weth, odd).value();
    f.expect_ok(f.alice, f.router.id(),
        SwapETHForExactTokens{ether(50), ether(1), from_eth, f.alice, never});
    CHECK(minus(coins, f.native_of(f.alice)) == expected);  // The rest came back.
    f.expect_refusal(f.alice, f.router.id(),
        SwapETHForExactTokens{1, ether(1), from_eth, f.alice, never},
        "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT");

    coins = f.native_of(f.bob);
    std::tie(odd, weth) = std::pair{reserves()[0], reserves()[1]};
    expected = get_amount_out(ether(7), odd, weth).value();
    f.expect_ok(
        f.alice, f.router.id(), SwapExactTokensForETH{ether(7), expected, to_eth, f.bob, never});
    CHECK(minus(f.native_of(f.bob), coins) == expected);
    f.expect_refusal(f.alice, f.router.id(),
        SwapExactTokensForETH{ether(7), expected, to_eth, f.bob, never},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");

    coins = f.native_of(f.bob);
    tokens = f.odd.balance(f.alice);
    std::tie(odd, weth) = std::pair{reserves()[0], reserves()[1]};
    expected = get_amount_in(ether(2), odd, weth).value();
    f.expect_ok(
        f.alice, f.router.id(), SwapTokensForExactETH{ether(2), expected, to_eth, f.bob, never});
    CHECK(minus(f.native_of(f.bob), coins) == ether(2));
    CHECK(minus(tokens, f.odd.balance(f.alice)) == expected);

    // Limits that nothing can meet.
    f.expect_refusal(f.alice, f.router.id(),
        SwapExactETHForTokens{ether(1), ether(900), from_eth, f.alice, never},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
    f.expect_refusal(f.alice, f.router.id(),
        SwapTokensForExactETH{ether(2), 1, to_eth, f.bob, never},
        "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT");
    f.expect_refusal(f.alice, f.router.id(),
        uniswap_v2::SwapExactETHForTokensSupportingFeeOnTransferTokens{
            ether(1), ether(900), from_eth, f.alice, never},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
    f.expect_refusal(f.alice, f.router.id(),
        uniswap_v2::SwapExactTokensForETHSupportingFeeOnTransferTokens{
            ether(1), ether(900), to_eth, f.alice, never},
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");

    f.expect_refusal(f.alice, f.router.id(), SwapExactETHForTokens{1, 0, to_eth, f.alice, never},
        "UniswapV2Router: INVALID_PATH");
    f.expect_refusal(f.alice, f.router.id(), SwapExactTokensForETH{1, 0, from_eth, f.alice, never},
        "UniswapV2Router: INVALID_PATH");
    f.expect_refusal(f.alice, f.router.id(), SwapExactETHForTokens{1, 0, {}, f.alice, never},
        "(invalid opcode)");
    f.expect_refusal(f.alice, f.router.id(), SwapExactETHForTokens{1, 0, from_eth, f.alice, 1},
        "UniswapV2Router: EXPIRED");
    // receive() takes coins of WETH9 alone, and nothing stays behind.
    f.expect_refusal(
        f.alice, f.native.id(), NativeTransfer{f.router.account(), 1}, "(invalid opcode)");
    CHECK(f.native_of(f.router.account()) == 0);
    CHECK(f.weth.balance(f.router.account()) == 0);
}

TEST_CASE("router: liquidity of native coins, and of tokens that take a fee",
    "[contracts][uniswap_v2][weth9]")
{
    QuirksFixture f{one_per_cent()};
    f.fill(f.odd_weth, ether(1'000), ether(1'980));  // 990 and 1980: 1 to 2.
    const auto coins = f.native_of(f.alice);
    const auto added = f.expect_ok(f.alice, f.router.id(),
        AddLiquidityETH{ether(50), f.odd.id(), ether(10), 0, 0, f.alice, never});
    CHECK(added.returns.values[0] == ether(10));
    CHECK(added.returns.values[1] == ether(20));
    CHECK(minus(coins, f.native_of(f.alice)) == ether(20));

    // The exact call cannot pass on what the pool's own transfer lost on its way.
    const auto shares = div_down(f.odd_weth.balance(f.alice), 10);
    f.expect_refusal(f.alice, f.router.id(),
        RemoveLiquidityETH{f.odd.id(), shares, 0, 0, f.alice, never},
        "TransferHelper: TRANSFER_FAILED");
    const auto before = f.native_of(f.alice);
    const auto removed = f.expect_ok(f.alice, f.router.id(),
        RemoveLiquidityETHSupportingFeeOnTransferTokens{f.odd.id(), shares, 0, 0, f.alice, never});
    CHECK(minus(f.native_of(f.alice), before) == removed.returns.values[0]);
    CHECK(f.odd.balance(f.router.account()) == 0);

    // Supporting swaps in both directions.
    auto& pool = f.odd_weth.state();
    const auto bought = get_amount_out(ether(5), pool.reserve1, pool.reserve0).value();
    const auto fee = mul_div_down(bought, 100, 10'000).value;
    const auto odd = f.odd.balance(f.alice);
    f.expect_ok(f.alice, f.router.id(),
        SwapExactETHForTokensSupportingFeeOnTransferTokens{
            ether(5), minus(bought, fee), {f.weth.id(), f.odd.id()}, f.alice, never});
    CHECK(minus(f.odd.balance(f.alice), odd) == minus(bought, fee));
    const auto sold =
        get_amount_out(decimal("4950000000000000000"), pool.reserve0, pool.reserve1).value();
    const auto rich = f.native_of(f.bob);
    f.expect_ok(f.alice, f.router.id(),
        SwapExactTokensForETHSupportingFeeOnTransferTokens{
            ether(5), sold, {f.odd.id(), f.weth.id()}, f.bob, never});
    CHECK(minus(f.native_of(f.bob), rich) == sold);
}

TEST_CASE(
    "router: without a WETH9 its calls of native coins are refused", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    f.add_liquidity(ether(10), ether(10));
    f.expect_refusal(f.alice, f.router.id(),
        SwapExactTokensForETH{1, 0, {f.a.id(), f.b.id()}, f.alice, never}, "(no reason)");
}

// Method: PancakeSwap v2's published library (9975 of 10000) by hand.
TEST_CASE("pool fee: forks differ by it", "[contracts][uniswap_v2]")
{
    const PoolFee pancake{25, 10'000};
    // 1e18 * 9975 * 200e18 / (100e18 * 10000 + 1e18 * 9975) = 1.975297...
    CHECK(get_amount_out(ether(1), ether(100), ether(200), pancake) ==
          decimal("1975296418228173964"));
    CHECK(get_amount_out(ether(1), ether(100), ether(200)) == decimal("1974316068794122597"));
    CHECK(
        get_amount_in(decimal("1975296418228173964"), ether(100), ether(200), pancake) == ether(1));
    // Without a fee k stands still.
    CHECK(get_amount_out(ether(100), ether(100), ether(200), PoolFee{0, 1}) == ether(100));

    QuirksFixture f{{}, TokenFlavour::uniswap, pancake};
    f.fill(f.odd_plain, ether(100), ether(200));
    const Path path{f.odd.id(), f.plain.id()};
    const auto swapped = f.expect_ok(
        f.alice, f.router.id(), SwapExactTokensForTokens{ether(1), 0, path, f.alice, never});
    CHECK(swapped.returns.values[1] == decimal("1975296418228173964"));
    CHECK(f.odd_plain.fee(f.odd.id(), f.plain.id()) == 0.0025);
    const auto trades = ContractFixture::events_of<::runnel::DexTrade>(swapped.block);
    REQUIRE(trades.size() == 1);
    CHECK(trades[0].fee_raw == div_down(ether(25), 10'000));
    // One unit more than the formula allows is too much.
    const auto& pool = f.odd_plain.state();
    const auto most = get_amount_out(1'000'000, pool.reserve0, pool.reserve1, pancake).value();
    CallWriter greedy;
    greedy.add(f.odd.id(), Erc20Transfer{f.odd_plain.account(), 1'000'000});
    greedy.add(f.odd_plain.id(), Swap{0, wrapping_add(most, 1), f.alice, {}});
    f.expect_refusal(f.alice, greedy, "UniswapV2: K");
}

}  // namespace runnel::contracts
