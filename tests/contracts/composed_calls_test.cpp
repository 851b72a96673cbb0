#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <random>

using namespace runnel;
using namespace runnel::contracts;

namespace
{
constexpr std::uint64_t never = ~std::uint64_t{0};

struct Fixture : UniswapV2Fixture
{
    Fixture()
    {
        add_liquidity(ether(100), ether(400));
        expect_ok(alice, a.id(), Erc20Transfer{bob, ether(10)});
        for (auto* token : {&a, &b})
            expect_ok(bob, token->id(), Erc20Approve{router.account(), Amount::max()});
    }
    [[nodiscard]] uniswap_v2::SwapExactTokensForTokens sell(const Amount& amount) const
    {
        return {amount, 0, {a.id(), b.id()}, bob, never};
    }
    [[nodiscard]] const Amount& balance(const Erc20& token, AccountId account) const
    {
        return token.balance(account);
    }
};
}  // namespace

TEST_CASE_METHOD(Fixture, "composed calls: half is sold, all of both goes into the pool",
    "[contracts][composition]")
{
    CallWriter calls;
    calls.add(router.id(), sell(ether(5)));
    const uniswap_v2::AddLiquidity provide{
        a.id(), b.id(), ether(5), ether(1), 0, 0, bob, never};  // ether(1) is a guess.
    calls.add(router.id(), provide, Binding{provide.amount_a_desired, BalanceOf{a.id()}},
        Binding{provide.amount_b_desired, ResultOf{0, 1}});
    const auto bought = pair.quote_exact_input(a.id(), b.id(), ether(5)).value();
    expect_ok(bob, calls);
    // Selling made A cheaper, so the rest of A needs a little less B than was bought.
    const auto reserves = pair.state();
    CHECK(pair.share_balance(bob) > 0);
    CHECK(balance(a, bob) <= 1);
    CHECK(balance(b, bob) > 0);
    CHECK(balance(b, bob) < ether(1));
    CHECK(reserves.reserve1 == wrapping_sub(ether(400), balance(b, bob)));
    CHECK(bought > ether(1));
}

TEST_CASE_METHOD(Fixture, "composed calls: the balance is that of the moment, the whole of it",
    "[contracts][composition]")
{
    CallWriter calls;
    calls.add(a.id(), Erc20Transfer{alice, ether(3)});
    const Erc20Transfer rest{alice, 0};
    calls.add(a.id(), rest, Binding{rest.value, BalanceOf{a.id()}});
    const auto block = expect_ok(bob, calls).block;
    CHECK(balance(a, bob).is_zero());
    const auto transfers = events_of<TransferLog>(block);
    REQUIRE(transfers.size() == 2);
    CHECK(transfers[1].value == ether(7));
}

TEST_CASE_METHOD(Fixture, "composed calls: all of them or none", "[contracts][composition]")
{
    CallWriter calls;
    calls.add(router.id(), sell(ether(5)));
    const Erc20Transfer all{alice, 0};
    calls.add(b.id(), all, Binding{all.value, ResultOf{0, 1}});
    calls.add(b.id(), Erc20Transfer{alice, 1});
    expect_refusal(bob, calls, "ds-math-sub-underflow");
}

TEST_CASE_METHOD(
    Fixture, "composed calls: what is not there is refused", "[contracts][composition]")
{
    const Erc20Transfer all{alice, 0};
    const auto with = [&](const Binding& binding)
    { return CallWriter{}.add(router.id(), sell(ether(1))).add(b.id(), all, binding); };
    expect_refusal(bob, with({all.value, ResultOf{1, 0}}), "no such result");
    expect_refusal(bob, with({all.value, ResultOf{0, 2}}), "no such result");
    expect_refusal(bob, with({all.value, BalanceOf{router.id()}}), "no such token");
    expect_refusal(bob, with({all.value, BalanceOf{ContractId{999}}}), "no such token");
}

TEST_CASE_METHOD(
    Fixture, "composed calls: people can read what is bound", "[contracts][composition]")
{
    const Erc20Transfer all{alice, 0};
    const auto writer = CallWriter{}.add(
        b.id(), all, Binding{all.value, ResultOf{2, 1}}, Binding{all.value, BalanceOf{a.id()}});
    CallReader reader{writer.bytes()};
    const auto call = reader.next();
    REQUIRE(call.has_value());
    CHECK(call->method == Erc20Transfer::method);
    CHECK(dump_bindings(call->bindings) ==
          " [bytes 4 to 35: result 1 of call 2, bytes 4 to 35: balance of token #" +
              std::to_string(index(a.id())) + "]");
    CHECK_FALSE(reader.next().has_value());
    CHECK(reader.ok());
}

// Method: bytes of a good list are changed at random; whatever comes out is refused or harmless.
TEST_CASE_METHOD(Fixture, "composed calls: hostile bindings change nothing that they may not",
    "[contracts][composition][property]")
{
    const Erc20Transfer all{alice, 0};
    const auto good = CallWriter{}
                          .add(router.id(), sell(1'000))
                          .add(b.id(), all, Binding{all.value, ResultOf{0, 1}})
                          .bytes();
    std::mt19937_64 random{20'261'129};
    std::size_t accepted = 0;
    for (int i = 0; i < 2'000; ++i)
    {
        auto bytes = good;
        for (auto changes = 1 + random() % 3; changes > 0; --changes)
            bytes[bytes.size() - 1 - random() % 48] = static_cast<std::uint8_t>(random());
        if (random() % 4 == 0)
            bytes.resize(bytes.size() - random() % 12);
        CAPTURE(i, to_hex(bytes));
        CallWriter calls;
        calls.add_encoded(bytes);
        const auto outcome = sandbox.run(bob, calls);
        accepted += outcome.ok() ? 1 : 0;
    }
    CHECK(sandbox.world().check_invariants().empty());
    CHECK(accepted > 0);
    CHECK(accepted < 1'500);
}
