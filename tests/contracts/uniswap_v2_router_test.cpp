#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <array>
#include <limits>
#include <random>
#include <vector>

namespace runnel::contracts
{
namespace
{
constexpr AccountId nobody{1'000'000};
constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

struct RouterFixture : UniswapV2Fixture
{
    explicit RouterFixture(TokenFlavour flavour = TokenFlavour::uniswap) : UniswapV2Fixture{flavour}
    {
        add_liquidity(ether(5), ether(10));
        expect_ok(alice, CallWriter{}
                             .add(b.id(), Erc20Transfer{pair_bc.account(), ether(20)})
                             .add(c.id(), Erc20Transfer{pair_bc.account(), ether(50)})
                             .add(pair_bc.id(), uniswap_v2::Mint{alice}));
    }

    [[nodiscard]] uniswap_v2::Path path_ac() const { return {a.id(), b.id(), c.id()}; }
};

const auto amount_text = [](const Result<Amount>& result)
{ return result.has_value() ? result->to_string() : result.error().to_string(); };
}  // namespace

TEST_CASE(
    "uniswap v2 library: values and refusals are the recorded ones", "[contracts][uniswap_v2]")
{
    using uniswap_v2::get_amount_in;
    using uniswap_v2::get_amount_out;
    using uniswap_v2::quote;
    // Source: Uniswap v2-periphery, test/UniswapV2Router01.spec.ts.
    CHECK(amount_text(quote(1, 100, 200)) == "2");
    CHECK(amount_text(quote(2, 200, 100)) == "1");
    CHECK(amount_text(quote(0, 100, 200)) == "UniswapV2Library: INSUFFICIENT_AMOUNT");
    CHECK(amount_text(quote(1, 0, 200)) == "UniswapV2Library: INSUFFICIENT_LIQUIDITY");
    CHECK(amount_text(quote(1, 100, 0)) == "UniswapV2Library: INSUFFICIENT_LIQUIDITY");
    CHECK(amount_text(get_amount_out(2, 100, 100)) == "1");
    // Where the division leaves no rest: 997000 * 2 / (997000 + 997000), 997 * 1000 / 997 + 1.
    CHECK(amount_text(get_amount_out(1'000, 997, 2)) == "1");
    CHECK(amount_text(get_amount_in(1, 997, 2)) == "1001");
    CHECK(amount_text(get_amount_out(0, 0, 100)) == "UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT");
    CHECK(amount_text(get_amount_out(2, 0, 100)) == "UniswapV2Library: INSUFFICIENT_LIQUIDITY");
    CHECK(amount_text(get_amount_in(1, 100, 100)) == "2");
    CHECK(amount_text(get_amount_in(0, 0, 100)) == "UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT");
    CHECK(amount_text(get_amount_in(1, 100, 0)) == "UniswapV2Library: INSUFFICIENT_LIQUIDITY");
    // Source: calls of the deployed router's pure functions.
    CHECK(
        amount_text(quote(decimal("39874387311826028015734"), 1024, 1)) == "38939831359205105484");
    CHECK(amount_text(get_amount_out(decimal("39874387311826028015734"), 1024, 1)) == "0");
    CHECK(amount_text(get_amount_in(decimal("282669123102748696482173"),
              decimal("310984722775517479941"), decimal("15154225054302693676667186950"))) ==
          "5818307046013342");
    CHECK(amount_text(get_amount_in(100, 100, 100)) == "(invalid opcode)");
    CHECK(amount_text(get_amount_in(101, 100, 100)) == "ds-math-sub-underflow");
    // The numerator is computed first: its overflow hides the denominator's underflow.
    CHECK(amount_text(get_amount_in(Amount::max(), 100, 100)) == "ds-math-mul-overflow");
    CHECK(amount_text(get_amount_out(Amount::max(), 100, 100)) == "ds-math-mul-overflow");
    CHECK(
        amount_text(get_amount_out(div_down(Amount::max(), 997), 1, 1)) == "ds-math-add-overflow");
    CHECK(amount_text(quote(Amount::max(), 100, 2)) == "ds-math-mul-overflow");
}

TEST_CASE("uniswap v2 router: adds liquidity at the pool's ratio", "[contracts][uniswap_v2]")
{
    RouterFixture f;
    const auto add = [&](std::uint64_t a_desired, std::uint64_t b_desired, std::uint64_t a_min,
                         std::uint64_t b_min)
    {
        return uniswap_v2::AddLiquidity{
            f.a.id(), f.b.id(), a_desired, b_desired, a_min, b_min, f.bob, forever};
    };
    SECTION("token B gives way")
    {
        const auto outcome = f.expect_ok(f.alice, f.router.id(), add(1'000, 3'000, 1'000, 2'000));
        CHECK(outcome.returns.values[0] == 1'000);
        CHECK(outcome.returns.values[1] == 2'000);
        CHECK(outcome.returns.values[2] == f.pair.share_balance(f.bob));
        CHECK(f.pair.share_balance(f.bob) == 1'414);  // floor(1000 * sqrt(50) / 5).
    }
    SECTION("token A gives way, whichever is token0")
    {
        const uniswap_v2::AddLiquidity call{
            f.b.id(), f.a.id(), 5'000, 1'000, 2'000, 1'000, f.bob, forever};
        const auto outcome = f.expect_ok(f.alice, f.router.id(), call);
        CHECK(outcome.returns.values[0] == 2'000);
        CHECK(outcome.returns.values[1] == 1'000);
    }
    SECTION("an exact fit is taken as it is, though its ratio rounds")
    {
        const uniswap_v2::AddLiquidity call{f.b.id(), f.c.id(), 3, 7, 3, 7, f.bob, forever};
        const auto outcome = f.expect_ok(f.alice, f.router.id(), call);
        CHECK(outcome.returns.values[0] == 3);
        CHECK(outcome.returns.values[1] == 7);
    }
    SECTION("an empty pool takes what it is given")
    {
        UniswapV2Fixture empty;
        const uniswap_v2::AddLiquidity call{
            empty.a.id(), empty.b.id(), 5'000, 80'000, 5'000, 80'000, empty.alice, forever};
        const auto outcome = empty.expect_ok(empty.alice, empty.router.id(), call);
        CHECK(outcome.returns.values[1] == 80'000);
        CHECK(outcome.returns.values[2] == 19'000);
    }
    SECTION("refusals")
    {
        const auto id = f.router.id();
        f.expect_refusal(
            f.alice, id, add(1'000, 3'000, 0, 2'001), "UniswapV2Router: INSUFFICIENT_B_AMOUNT");
        f.expect_refusal(
            f.alice, id, add(2'000, 2'000, 1'001, 0), "UniswapV2Router: INSUFFICIENT_A_AMOUNT");
        f.expect_refusal(f.alice, id, add(0, 2'000, 0, 0), "UniswapV2Library: INSUFFICIENT_AMOUNT");
        f.expect_refusal(
            f.bob, id, add(1'000, 3'000, 0, 0), "TransferHelper: TRANSFER_FROM_FAILED");
        auto late = add(1'000, 3'000, 0, 0);
        late.deadline = 1'599'999'999;
        f.expect_refusal(f.alice, id, late, "UniswapV2Router: EXPIRED");
        auto lost = add(1'000, 3'000, 0, 0);
        lost.to = nobody;
        f.expect_refusal(f.alice, id, lost, "no such account");
        const auto pair_of = [&](ContractId token_a, ContractId token_b) {
            return uniswap_v2::AddLiquidity{token_a, token_b, 5, 5, 0, 0, f.bob, forever};
        };
        f.expect_refusal(
            f.alice, id, pair_of(f.a.id(), f.a.id()), "UniswapV2: IDENTICAL_ADDRESSES");
        f.expect_refusal(f.alice, id, pair_of(f.a.id(), ContractId{9'999}), "no such token");
        f.expect_refusal(f.alice, id, pair_of(f.router.id(), f.factory.id()), "no such token");
    }
}

TEST_CASE("uniswap v2 router: removes liquidity, minima checked after the burn",
    "[contracts][uniswap_v2]")
{
    RouterFixture f;
    const auto remove = [&](std::uint64_t a_min, std::uint64_t b_min)
    {
        return uniswap_v2::RemoveLiquidity{
            f.b.id(), f.a.id(), 1'000'000, a_min, b_min, f.bob, forever};
    };
    const auto id = f.router.id();
    // shares * 10 / sqrt(50) = 1,414,213.56.. of B, half as much of A.
    f.expect_refusal(f.alice, id, remove(1'414'214, 0), "UniswapV2Router: INSUFFICIENT_A_AMOUNT");
    f.expect_refusal(f.alice, id, remove(0, 707'107), "UniswapV2Router: INSUFFICIENT_B_AMOUNT");
    f.expect_refusal(
        f.alice, id, remove(1'414'214, 707'107), "UniswapV2Router: INSUFFICIENT_A_AMOUNT");
    f.expect_refusal(f.bob, id, remove(0, 0), "ds-math-sub-underflow");
    auto wrong = remove(0, 0);
    wrong.token_a = wrong.token_b;
    f.expect_refusal(f.alice, id, wrong, "UniswapV2Library: IDENTICAL_ADDRESSES");
    wrong.token_a = f.c.id();
    f.expect_refusal(f.alice, id, wrong, "(no reason)");
    wrong.deadline = 1;
    f.expect_refusal(f.alice, id, wrong, "UniswapV2Router: EXPIRED");

    const auto outcome = f.expect_ok(f.alice, id, remove(1'414'213, 707'106));
    CHECK(outcome.returns.values[0] == 1'414'213);
    CHECK(f.b.balance(f.bob) == 1'414'213);
    CHECK(f.a.balance(f.bob) == 707'106);
}

TEST_CASE(
    "uniswap v2: what strategies and reports are told is rounded down", "[contracts][uniswap_v2]")
{
    RouterFixture f;
    CHECK(uniswap_v2::lp_fee(999, {3, 1'000}) == 2);
    // A share is 5 / sqrt(50) of A and 10 / sqrt(50) of B.
    CHECK(f.pair.share_value(1) == std::vector<Amount>{0, 1});
    CHECK(f.pair.share_value(1'000) == std::vector<Amount>{707, 1'414});
    // And 1,000 of A with 2,000 of B are 1,000 * sqrt(50) / 5 shares.
    const std::array<Amount, 2> offered{1'000, 2'000};
    const auto deposit = f.pair.quote_deposit(offered);
    REQUIRE(deposit.has_value());
    CHECK(deposit->shares == 1'414);
}

TEST_CASE("uniswap v2 router: swaps along a path", "[contracts][uniswap_v2]")
{
    RouterFixture f;
    const auto id = f.router.id();
    // One unit of A in: the published amount of B, which then buys C.
    const auto middle = decimal("1662497915624478906");
    const auto last = uniswap_v2::get_amount_out(middle, ether(20), ether(50)).value();
    CHECK(f.router.quote_exact_input({f.a.id(), f.b.id()}, ether(1)).value() == middle);
    CHECK(f.router.quote_exact_input(f.path_ac(), ether(1)).value() == last);

    SECTION("with an exact input")
    {
        f.expect_refusal(f.alice, id,
            uniswap_v2::SwapExactTokensForTokens{
                ether(1), wrapping_add(last, 1), f.path_ac(), f.bob, forever},
            "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT");
        f.sandbox.set_time(1'600'000'012);
        const auto outcome = f.expect_ok(f.alice, id,
            uniswap_v2::SwapExactTokensForTokens{
                ether(1), last, f.path_ac(), f.bob, 1'600'000'012});
        CHECK(outcome.returns.count == 2);
        CHECK(outcome.returns.values[0] == ether(1));
        CHECK(outcome.returns.values[1] == last);
        CHECK(f.c.balance(f.bob) == last);
        CHECK(f.b.balance(f.router.account()) == 0);
        const auto swaps = f.events_of<uniswap_v2::SwapLog>(outcome.block);
        REQUIRE(swaps.size() == 2);
        CHECK(swaps[0].sender == f.router.account());
        CHECK(swaps[0].to_address == f.pair_bc.account());
        CHECK(swaps[1].amount0_in == middle);
        CHECK(swaps[1].to_address == f.bob);
        // Of the unlimited allowance nothing is taken off.
        CHECK(outcome.receipt.gas_used == intrinsic_gas +
                                              uniswap_v2::SwapExactTokensForTokens::gas +
                                              UniswapV2Router::hop_gas - 3'100);
    }
    SECTION("with an exact output")
    {
        const auto cost = f.router.quote_exact_output(f.path_ac(), 1'000'000).value();
        f.expect_refusal(f.alice, id,
            uniswap_v2::SwapTokensForExactTokens{
                1'000'000, wrapping_sub(cost, 1), f.path_ac(), f.bob, forever},
            "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT");
        const auto outcome = f.expect_ok(f.alice, id,
            uniswap_v2::SwapTokensForExactTokens{1'000'000, cost, f.path_ac(), f.bob, forever});
        CHECK(outcome.returns.values[0] == cost);
        CHECK(f.c.balance(f.bob) == 1'000'000);
    }
    SECTION("there and back through one pair: the first hop pays the pair itself")
    {
        f.expect_refusal(f.alice, id,
            uniswap_v2::SwapExactTokensForTokens{
                ether(1), 0, {f.a.id(), f.b.id(), f.a.id()}, f.bob, forever},
            "UniswapV2: INSUFFICIENT_INPUT_AMOUNT");
    }
}

TEST_CASE("uniswap v2 router: hostile paths are refused", "[contracts][uniswap_v2]")
{
    RouterFixture f;
    const auto refused = [&](const uniswap_v2::Path& path, std::string_view reason)
    {
        f.expect_refusal(f.alice, f.router.id(),
            uniswap_v2::SwapExactTokensForTokens{1'000, 0, path, f.bob, forever}, reason);
        f.expect_refusal(f.alice, f.router.id(),
            uniswap_v2::SwapTokensForExactTokens{1'000, Amount::max(), path, f.bob, forever},
            reason);
        CHECK_FALSE(f.router.quote_exact_input(path, 1'000).has_value());
        CHECK_FALSE(f.router.quote_exact_output(path, 1'000).has_value());
    };
    refused({}, "UniswapV2Library: INVALID_PATH");
    refused({f.a.id()}, "UniswapV2Library: INVALID_PATH");
    refused({f.a.id(), f.a.id()}, "UniswapV2Library: IDENTICAL_ADDRESSES");
    refused({f.a.id(), f.c.id()}, "(no reason)");
    refused({f.a.id(), native_coin}, "(no reason)");
    refused({f.a.id(), ContractId{0xFFFF'FFFF}}, "(no reason)");
    refused({f.router.id(), f.pair.id()}, "(no reason)");

    f.expect_refusal(f.alice, f.router.id(),
        uniswap_v2::SwapExactTokensForTokens{1'000, 0, {f.a.id(), f.b.id()}, nobody, forever},
        "no such account");
    f.expect_refusal(f.bob, f.router.id(),
        uniswap_v2::SwapExactTokensForTokens{1'000, 0, {f.a.id(), f.b.id()}, f.bob, forever},
        "TransferHelper: TRANSFER_FROM_FAILED");
    f.expect_refusal(f.alice, f.router.id(),
        uniswap_v2::SwapExactTokensForTokens{1'000, 0, {f.a.id(), f.b.id()}, f.bob, 1'599'999'999},
        "UniswapV2Router: EXPIRED");
}

TEST_CASE("uniswap v2 router: a swap declares six objects", "[contracts][uniswap_v2]")
{
    RouterFixture f;
    CallWriter calls;
    calls.add(f.router.id(),
        uniswap_v2::SwapExactTokensForTokens{1'000, 0, {f.a.id(), f.b.id()}, f.alice, forever});
    CHECK(f.declared_objects(f.alice, calls) == 6);
}

TEST_CASE("uniswap v2 factory: only the setter sets, no pair twice", "[contracts][uniswap_v2]")
{
    RouterFixture f;
    const auto id = f.factory.id();
    f.expect_refusal(f.alice, id, uniswap_v2::SetFeeTo{f.alice}, "UniswapV2: FORBIDDEN");
    f.expect_refusal(f.alice, id, uniswap_v2::SetFeeToSetter{f.alice}, "UniswapV2: FORBIDDEN");
    f.expect_refusal(f.owner, id, uniswap_v2::SetFeeTo{nobody}, "no such account");
    f.expect_ok(f.owner, id, uniswap_v2::SetFeeTo{f.collector});
    CHECK(f.factory.fee_to() == f.collector);
    f.expect_ok(f.owner, id, uniswap_v2::SetFeeToSetter{f.bob});
    f.expect_refusal(f.owner, id, uniswap_v2::SetFeeTo{zero_account}, "UniswapV2: FORBIDDEN");
    f.expect_ok(f.bob, id, uniswap_v2::SetFeeTo{zero_account});
    CHECK(f.factory.fee_to_setter() == f.bob);

    const auto create = [&](AccountId token_a, AccountId token_b, std::string_view reason) {
        f.expect_refusal(f.alice, id, uniswap_v2::CreatePair{token_a, token_b}, reason);
    };
    create(f.a.account(), f.a.account(), "UniswapV2: IDENTICAL_ADDRESSES");
    create(zero_account, zero_account, "UniswapV2: IDENTICAL_ADDRESSES");
    create(f.a.account(), zero_account, "UniswapV2: ZERO_ADDRESS");
    create(f.b.account(), f.a.account(), "UniswapV2: PAIR_EXISTS");
    create(f.a.account(), f.b.account(), "UniswapV2: PAIR_EXISTS");
    create(f.a.account(), nobody, "no such token");
    create(f.a.account(), f.bob, "no such token");
}

// Method: random amounts along both paths, quoted and then swapped.
TEST_CASE(
    "uniswap v2 router: a swap gives exactly what was quoted", "[contracts][uniswap_v2][property]")
{
    std::mt19937_64 random{20'260'105};
    RouterFixture f;
    for (int i = 0; i < 300; ++i)
    {
        uniswap_v2::Path path =
            random() % 2 == 0 ? f.path_ac() : uniswap_v2::Path{f.b.id(), f.a.id()};
        const Amount amount{1 + random() % (1ULL << (random() % 62))};
        CAPTURE(i, path.size(), amount.to_string());
        if (random() % 2 == 0)
        {
            const auto quoted = f.router.quote_exact_input(path, amount);
            const auto outcome = f.sandbox.run(f.alice, f.router.id(),
                uniswap_v2::SwapExactTokensForTokens{amount, 0, path, f.bob, forever});
            REQUIRE((!outcome.ok() || outcome.returns.values[1] == *quoted));
            REQUIRE((outcome.ok() || !quoted.has_value() ||
                     outcome.receipt.refusal.text == "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"));
        }
        else
        {
            const auto quoted = f.router.quote_exact_output(path, amount);
            const auto outcome = f.sandbox.run(f.alice, f.router.id(),
                uniswap_v2::SwapTokensForExactTokens{amount, Amount::max(), path, f.bob, forever});
            REQUIRE(outcome.ok() == quoted.has_value());
            REQUIRE((!outcome.ok() || outcome.returns.values[0] == *quoted));
        }
    }
    CHECK(f.sandbox.world().check_invariants().empty());
}

// Method: every call of every contract with random arguments, one to three in a transaction: ids
// that exist and that do not, amounts of all sizes, callbacks, a last byte that is missing.
TEST_CASE("uniswap v2: random calls are run or refused, and keep all invariants",
    "[contracts][uniswap_v2][property]")
{
    std::mt19937_64 random{20'260'106};
    RouterFixture f;
    f.expect_ok(f.owner, f.factory.id(), uniswap_v2::SetFeeTo{f.collector});
    auto& world = f.sandbox.world();
    const auto account = [&]
    {
        return random() % 20 == 0
                   ? AccountId{static_cast<std::uint32_t>(random())}
                   : AccountId{static_cast<std::uint32_t>(random() % world.account_count())};
    };
    const auto contract = [&]
    {
        return random() % 20 == 0
                   ? ContractId{static_cast<std::uint32_t>(random())}
                   : ContractId{static_cast<std::uint32_t>(random() % world.contract_count())};
    };
    const auto amount = [&]
    {
        const Amount any{random(), random(), random(), random()};
        return any >>
               static_cast<unsigned>(random() % 5 == 0 ? random() % 256 : 190 + random() % 66);
    };
    const auto path = [&]
    {
        uniswap_v2::Path tokens;
        for (auto length = random() % 5; length > 0; --length)
            tokens.push_back(contract());
        return tokens;
    };
    const std::array tokens{f.a.id(), f.b.id(), f.c.id(), f.pair.id(), f.pair_bc.id()};
    const std::array pairs{f.pair.id(), f.pair_bc.id()};
    const auto add_call = [&](CallWriter& calls, const CallList& callback)
    {
        const auto token = random() % 10 == 0 ? contract() : tokens[random() % tokens.size()];
        const auto pair = random() % 10 == 0 ? contract() : pairs[random() % pairs.size()];
        switch (random() % 18)
        {
            case 0: calls.add(token, Erc20Approve{account(), amount()}); break;
            case 1: calls.add(token, Erc20TransferFrom{account(), account(), amount()}); break;
            case 2: calls.add(token, Erc20Mint{account(), amount()}); break;
            case 3: calls.add(token, Erc20Burn{account(), amount()}); break;
            case 4:
            case 5: calls.add(pair, uniswap_v2::Mint{account()}); break;
            case 6: calls.add(pair, uniswap_v2::Burn{account()}); break;
            case 7:
            case 8: calls.add(pair, uniswap_v2::Swap{amount(), 0, account(), callback}); break;
            case 9: calls.add(pair, uniswap_v2::Swap{0, amount(), account(), callback}); break;
            case 10: calls.add(pair, uniswap_v2::Skim{account()}); break;
            case 11: calls.add(pair, uniswap_v2::Sync{}); break;
            case 12: calls.add(f.factory.id(), uniswap_v2::CreatePair{account(), account()}); break;
            case 13:
                calls.add(f.router.id(),
                    uniswap_v2::SwapExactTokensForTokens{amount(), 0, path(), account(), forever});
                break;
            case 14:
                calls.add(f.router.id(), uniswap_v2::SwapTokensForExactTokens{
                                             amount(), Amount::max(), path(), account(), forever});
                break;
            case 15:
                calls.add(f.router.id(), uniswap_v2::AddLiquidity{contract(), contract(), amount(),
                                             amount(), 0, 0, account(), forever});
                break;
            case 16:
                calls.add(f.router.id(), uniswap_v2::RemoveLiquidity{contract(), contract(),
                                             amount(), 0, 0, account(), forever});
                break;
            default:
                calls.add(
                    token, Erc20Transfer{world.contract(pairs[random() % 2]).account(), amount()});
                break;
        }
    };
    int accepted = 0;
    for (int i = 0; i < 20'000; ++i)
    {
        CallWriter callback;
        for (auto count = random() % 3; count > 0; --count)
            add_call(callback, {});
        auto nested = callback.list();
        if (random() % 20 == 0 && !nested.bytes.empty())
            nested.bytes = nested.bytes.first(nested.bytes.size() - 1);
        CallWriter calls;
        for (auto count = 1 + random() % 3; count > 0; --count)
            add_call(calls, nested);
        const auto outcome = f.sandbox.run(f.alice, calls);
        accepted += outcome.ok() ? 1 : 0;
        // What is declared beforehand covers whatever a call touches; what touches a new pair, and
        // may come to nothing, is only declared to deploy.
        REQUIRE((outcome.deploys || outcome.undeclared_touches == 0));
        REQUIRE((outcome.deploys || outcome.block.contracts.empty()));
        if (i % 500 == 0)
            REQUIRE(world.check_invariants().empty());
    }
    CHECK(accepted > 1'500);
    CHECK(world.check_invariants().empty());
}

}  // namespace runnel::contracts
