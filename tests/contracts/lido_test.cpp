#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/staking/lido/math.hpp"
#include "contracts/staking/lido/steth.hpp"
#include "contracts/staking/lido/wsteth.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <limits>
#include <random>

namespace runnel::contracts
{
namespace
{
using namespace lido;

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

/// A fee of 10%, half of it for the operators, as Lido takes.
FeeDistribution ten_per_cent()
{
    return {ether(10), {{"operators", ether(5)}}, "treasury"};
}

Amount minus(const Amount& a, const Amount& b)
{
    return wrapping_sub(a, b);
}
Amount plus(const Amount& a, const Amount& b)
{
    return wrapping_add(a, b);
}

/// stETH whose first ten shares, a coin each, are alice's; wstETH, a plain token and a pair.
struct LidoFixture : ContractFixture
{
    LidoFixture()
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        oracle{sandbox.account("oracle")},
        operators{sandbox.account("operators")},
        treasury{sandbox.account("treasury")},
        steth{sandbox.add<LidoSteth>("stETH", "stETH", ten_per_cent(), Roles{oracle, oracle})},
        wsteth{sandbox.add<LidoWsteth>("wstETH", "wstETH", steth.id())},
        b{sandbox.add<Erc20>("B", TokenInfo{"B", 18}, TokenFlavour::uniswap)},
        factory{sandbox.add<UniswapV2Factory>("factory", zero_account, zero_account)},
        pair{sandbox.add<UniswapV2Pair>("stETH_B", steth.id(), b.id(), factory.id())},
        router{sandbox.add<UniswapV2Router>("router", factory.id())},
        vault{sandbox.add<Erc4626Vault>("vault", steth.id())}
    {
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
        steth.allocate(sandbox.world(), alice, ether(10));
        b.allocate(alice, ether(1'000'000));
        for (const auto account : {alice, bob})
        {
            auto& world = sandbox.world();
            world.account_states.at(account).balance = ether(1'000'000);
            world.native_supply.at(0) = plus(world.native_supply.at(0), ether(1'000'000));
            for (const auto spender : {wsteth.account(), router.account(), vault.account()})
                expect_ok(account, steth.id(), Approve{spender, Amount::max()});
            expect_ok(account, b.id(), Erc20Approve{router.account(), Amount::max()});
        }
    }

    Sandbox::Outcome report(const Int256& consensus, const Amount& execution = {})
    {
        return expect_ok(oracle, steth.id(), Report{consensus, execution, zero_account, 0, 0});
    }
    /// Rewards of a coin: a share is worth a little more than 1.09.
    void rise() { report(Int256::from_bits(ether(1))); }
    void fall(std::uint64_t coins) { report(Int256::from_magnitude(ether(coins), true)); }
    /// Puts 4 stETH and 400 B into the pair.
    void fill()
    {
        CallWriter calls;
        calls.add(steth.id(), Transfer{pair.account(), ether(4)});
        calls.add(b.id(), Erc20Transfer{pair.account(), ether(400)});
        calls.add(pair.id(), uniswap_v2::Mint{alice});
        expect_declared(alice, calls);
    }
    /// The calls run, and touch nothing that they have not declared.
    Sandbox::Outcome expect_declared(AccountId sender, const CallWriter& calls)
    {
        auto outcome = expect_ok(sender, calls);
        CHECK(outcome.undeclared_touches == 0);
        return outcome;
    }
    template <typename Call>
    Sandbox::Outcome expect_declared(AccountId sender, ContractId contract, const Call& call)
    {
        return expect_declared(sender, CallWriter{}.add(contract, call));
    }

    AccountId alice;
    AccountId bob;
    AccountId oracle;
    AccountId operators;
    AccountId treasury;
    LidoSteth& steth;
    LidoWsteth& wsteth;
    Erc20& b;
    UniswapV2Factory& factory;
    UniswapV2Pair& pair;
    UniswapV2Router& router;
    Erc4626Vault& vault;
};
}  // namespace

// Figures by hand, in exact integers.
TEST_CASE_METHOD(LidoFixture, "stETH: a report changes every balance", "[contracts][lido]")
{
    const auto outcome = report(Int256::from_bits(ether(1)));
    CHECK(outcome.undeclared_touches == 0);
    // 0.1 * 10 / (11 - 0.1) shares are the fee.
    CHECK(outcome.returns.values[0] == decimal("91743119266055045"));
    CHECK(steth.shares(operators) == decimal("45871559633027522"));
    CHECK(steth.shares(treasury) == decimal("45871559633027523"));  // The rest.
    CHECK(steth.balance(alice) == decimal("10900000000000000000"));
    const auto rebases = ContractFixture::events_of<TokenRebasedLog>(outcome.block);
    REQUIRE(rebases.size() == 1);
    CHECK(rebases[0].pre_total_ether == ether(10));
    CHECK(rebases[0].post_total_ether == ether(11));
    CHECK(rebases[0].shares_minted_as_fees == decimal("91743119266055045"));

    // Penalties take from all alike, and rewards of the execution layer pay no fee then.
    const auto shares = steth.state().total_shares;
    report(Int256::from_magnitude(ether(2), true), ether(1));
    CHECK(steth.state().total_shares == shares);
    CHECK(steth.state().pooled_ether == ether(10));
}

TEST_CASE_METHOD(LidoFixture, "stETH: a transfer delivers a wei less", "[contracts][lido]")
{
    rise();
    const auto outcome = expect_declared(alice, steth.id(), Transfer{bob, ether(1)});
    CHECK(steth.shares(bob) == decimal("917431192660550458"));
    CHECK(steth.balance(bob) == decimal("999999999999999999"));
    CHECK(steth.balance(alice) == decimal("9900000000000000001"));
    const auto logs = ContractFixture::events_of<TransferLog>(outcome.block);
    REQUIRE(logs.size() == 1);
    CHECK(logs[0].value == ether(1));  // What was asked for.

    // Nothing may move as long as it is worth less than a share.
    fall(1);
    fall(9);  // A wei is worth ten shares now.
    expect_ok(bob, steth.id(), TransferShares{alice, 5});
    CHECK(steth.shares(bob) == decimal("917431192660550453"));
}

TEST_CASE_METHOD(LidoFixture, "stETH: what is refused, in which order", "[contracts][lido]")
{
    const auto too_large = minus(Amount::power_of_two(128), 1);
    expect_refusal(alice, steth.id(), Transfer{zero_account, too_large}, "ETH_TOO_LARGE");
    expect_refusal(alice, steth.id(), Transfer{zero_account, ether(99)}, "TRANSFER_TO_ZERO_ADDR");
    expect_refusal(
        alice, steth.id(), Transfer{steth.account(), ether(99)}, "TRANSFER_TO_STETH_CONTRACT");
    expect_refusal(alice, steth.id(), Transfer{bob, plus(ether(10), 1)}, "BALANCE_EXCEEDED");
    expect_refusal(
        bob, steth.id(), TransferFrom{alice, zero_account, too_large}, "ALLOWANCE_EXCEEDED");
    expect_refusal(bob, steth.id(), TransferFrom{zero_account, bob, 0}, "APPROVE_FROM_ZERO_ADDR");
    expect_refusal(alice, steth.id(), Approve{zero_account, 1}, "APPROVE_TO_ZERO_ADDR");
    expect_refusal(alice, steth.id(), Report{}, "APP_AUTH_FAILED");
    expect_refusal(alice, steth.id(), Stop{}, "APP_AUTH_FAILED");
    expect_refusal(oracle, steth.id(), Resume{}, "CONTRACT_IS_ACTIVE");
    expect_refusal(oracle, steth.id(),
        Report{Int256::from_magnitude(plus(ether(10), 1), true), ether(5), zero_account, 0, 0},
        "NEGATIVE_POOL");
    expect_refusal(oracle, steth.id(),
        Report{Int256::from_bits(ether(1)), 0, zero_account, 1, plus(ether(11), 1)},
        "LOCK_TOO_LARGE");
    expect_refusal(oracle, steth.id(),
        Report{Int256::from_bits(ether(1)), 0, zero_account, 1, ether(11)}, "BURN_FROM_ZERO_ADDR");
    expect_refusal(oracle, steth.id(), Report{Int256::from_bits(ether(1)), 0, bob, 1, ether(11)},
        "BALANCE_EXCEEDED");
    expect_refusal(oracle, steth.id(),
        Report{Int256::from_bits(ether(1)), 0, zero_account, 0, ether(11)}, "FEE");
    expect_refusal(bob, steth.id(), Submit{0, zero_account}, "ZERO_DEPOSIT");
    expect_ok(oracle, steth.id(), Stop{});
    expect_refusal(oracle, steth.id(), Stop{}, "CONTRACT_IS_STOPPED");
    expect_refusal(bob, steth.id(), Submit{0, zero_account}, "ZERO_DEPOSIT");
    expect_refusal(bob, steth.id(), Submit{1, zero_account}, "CONTRACT_IS_STOPPED");
    expect_refusal(
        alice, steth.id(), TransferShares{steth.account(), 1}, "TRANSFER_TO_STETH_CONTRACT");
    expect_refusal(alice, steth.id(), TransferShares{bob, ether(99)}, "CONTRACT_IS_STOPPED");
    expect_ok(alice, steth.id(), Approve{bob, 1});  // Goes on.
    expect_ok(oracle, steth.id(), Resume{});
    expect_ok(bob, steth.id(), TransferSharesFrom{alice, bob, 1});
    CHECK(steth.allowance(alice, bob) == 0);
}

TEST_CASE_METHOD(
    LidoFixture, "stETH: numbers that are too large are refused by name", "[contracts][lido]")
{
    const auto report_of = [](const Amount& consensus, const Amount& execution) {
        return Report{Int256::from_bits(consensus), execution, zero_account, 0, 0};
    };
    const auto too_large = minus(Amount::power_of_two(128), 1);
    const ShareRate even{1, 1};
    CHECK(shares_of_down(even, too_large).error().to_string() == "ETH_TOO_LARGE");
    CHECK(ether_of_down(even, too_large).error().to_string() == "SHARES_TOO_LARGE");
    CHECK(ether_of_down(even, minus(too_large, 1)).value() == minus(too_large, 1));
    // Where all is lost nothing can be staked.
    CHECK(shares_of_down({1, 0}, 1).error().to_string() == "(invalid opcode)");

    expect_refusal(oracle, steth.id(), report_of(1, Amount::max()), "MATH_ADD_OVERFLOW");
    // A tenth of 2^195 is not computed, a tenth of 2^191 is; but not times shares of 10^23.
    expect_refusal(
        oracle, steth.id(), report_of(Amount::power_of_two(195), 0), "MATH_MUL_OVERFLOW");
    expect_ok(bob, steth.id(), Submit{ether(100'000), zero_account});
    expect_refusal(
        oracle, steth.id(), report_of(Amount::power_of_two(191), 0), "MATH_MUL_OVERFLOW");

    expect_refusal(alice, steth.id(), Resume{}, "APP_AUTH_FAILED");
    expect_ok(oracle, steth.id(), Stop{});
    expect_refusal(alice, steth.id(), Stop{}, "APP_AUTH_FAILED");
    expect_ok(oracle, steth.id(), Resume{});

    // All shares together fit 128 bits: where a wei is worth 10^23 of them, 3402 wei are as many.
    fall(100'009);
    report(Int256::from_magnitude(minus(ether(1), 1), true));
    REQUIRE(steth.state().pooled_ether == 1);
    const auto shares = steth.state().total_shares;
    const auto room = div_down(minus(too_large, shares), shares);
    expect_refusal(bob, steth.id(), Submit{plus(room, 1), zero_account}, "SHARES_OVERFLOW");
    expect_ok(bob, steth.id(), Submit{room, zero_account});
    CHECK(steth.state().total_shares == plus(shares, wrapping_mul(room, shares)));
}

// A report locks all but the fee and a wei, so that the shares of the fee are the fee times the
// shares there are.
TEST_CASE_METHOD(
    LidoFixture, "stETH: shares of a fee that are too many are refused", "[contracts][lido]")
{
    const auto report_of = [](const Amount& fee, const Amount& ether_before)
    {
        const auto rewards = wrapping_mul(fee, 10);
        return Report{Int256::from_bits(rewards), 0, zero_account, 0,
            minus(plus(ether_before, rewards), plus(fee, 1))};
    };
    // 10^19 shares times 10^20 are beyond 2^128; times 10^42, and the operators' 5 * 10^18, beyond
    // 2^256.
    expect_refusal(
        oracle, steth.id(), report_of(Amount::power_of_ten(20), ether(10)), "SHARES_OVERFLOW");
    expect_refusal(
        oracle, steth.id(), report_of(Amount::power_of_ten(42), ether(10)), "MATH_MUL_OVERFLOW");

    auto& alone = sandbox.add<LidoSteth>(
        "alone", "alone", FeeDistribution{ether(10), {}, "treasury"}, Roles{oracle, oracle});
    auto& own = sandbox.add<LidoSteth>(
        "own", "own", FeeDistribution{ether(10), {}, "own"}, Roles{oracle, oracle});
    sandbox.connect();
    for (auto* each : {&alone, &own})
        each->allocate(sandbox.world(), alice, ether(1'000));
    // As many shares of a fee as there can be, and a thousand coins of them before.
    const auto most = div_down(Amount::max(), ether(1'000));
    expect_refusal(oracle, alone.id(), report_of(most, ether(1'000)), "MATH_ADD_OVERFLOW");
    expect_refusal(oracle, own.id(), Report{Int256::from_bits(ether(1)), 0, zero_account, 0, 0},
        "MINT_TO_STETH_CONTRACT");
}

TEST_CASE_METHOD(LidoFixture, "wstETH: what stakers are told is what they get", "[contracts][lido]")
{
    rise();
    CHECK(wsteth.quote_stake(0).error().to_string() == "ZERO_DEPOSIT");
    const auto quote = wsteth.quote_stake(ether(2)).value();
    expect_declared(bob, native_coin, NativeTransfer{wsteth.account(), ether(2)});
    CHECK(wsteth.balance(bob) == quote);
    expect_ok(oracle, steth.id(), Stop{});
    CHECK(wsteth.quote_stake(0).error().to_string() == "ZERO_DEPOSIT");
    CHECK(wsteth.quote_stake(1).error().to_string() == "CONTRACT_IS_STOPPED");
}

TEST_CASE_METHOD(
    LidoFixture, "wstETH: wraps shares, and keeps a share of dust at times", "[contracts][lido]")
{
    rise();
    expect_declared(alice, wsteth.id(), Wrap{ether(1)});
    CHECK(wsteth.balance(alice) == decimal("917431192660550458"));
    CHECK(steth.shares(wsteth.account()) == decimal("917431192660550458"));
    const auto outcome = expect_declared(alice, wsteth.id(), Unwrap{decimal("917431192660550458")});
    CHECK(outcome.returns.values[0] == decimal("999999999999999999"));
    CHECK(wsteth.total_supply() == 0);
    CHECK(steth.shares(wsteth.account()) == 1);

    // A plain payment stakes and wraps.
    const auto before = sandbox.world().account_states.get(steth.account()).balance;
    expect_declared(bob, native_coin, NativeTransfer{wsteth.account(), ether(2)});
    CHECK(wsteth.balance(bob) ==
          shares_of_down({decimal("10091743119266055045"), ether(11)}, ether(2)).value());
    CHECK(sandbox.world().account_states.get(steth.account()).balance == plus(before, ether(2)));
    CHECK(sandbox.world().account_states.get(wsteth.account()).balance == 0);

    // The balance is looked at before the allowance, which is used up even if it is 2^256-1.
    expect_refusal(alice, wsteth.id(), Erc20TransferFrom{bob, alice, ether(99)},
        "ERC20: transfer amount exceeds balance");
    expect_refusal(alice, wsteth.id(), Erc20TransferFrom{bob, alice, 1},
        "ERC20: transfer amount exceeds allowance");
    expect_ok(bob, wsteth.id(), Erc20Approve{alice, Amount::max()});
    expect_declared(alice, wsteth.id(), Erc20TransferFrom{bob, alice, 1});
    CHECK(wsteth.allowance(bob, alice) == minus(Amount::max(), 1));
    expect_refusal(alice, wsteth.id(), Wrap{0}, "wstETH: can't wrap zero stETH");
    expect_refusal(alice, wsteth.id(), Unwrap{0}, "wstETH: zero amount unwrap not allowed");
    expect_refusal(alice, wsteth.id(), Unwrap{2}, "ERC20: burn amount exceeds balance");
}

// Figures by hand, in exact integers.
TEST_CASE_METHOD(LidoFixture, "stETH in a Uniswap v2 pair: skim takes rewards, sync losses",
    "[contracts][lido][uniswap_v2]")
{
    rise();
    fill();
    // The pair counts what it has, a wei less than was sent.
    CHECK(steth.shares(pair.account()) == decimal("3669724770642201834"));
    const auto reserve = decimal("3999999999999999999");
    CHECK(pair.state().reserve0 == reserve);
    CHECK(steth.holding(pair.account()) == reserve);

    rise();  // Rewards are a donation to the pair,
    CHECK(pair.state().reserve0 == reserve);
    CHECK(steth.holding(pair.account()) == decimal("4327272727272727272"));
    expect_declared(alice, pair.id(), uniswap_v2::Skim{bob});  // for whoever takes it.
    CHECK(steth.holding(pair.account()) == reserve);
    CHECK(steth.balance(bob) == decimal("327272727272727272"));
    CHECK(pair.state().reserve0 == reserve);

    fall(2);  // The pair counts more than it has,
    CHECK(steth.holding(pair.account()) == decimal("3333333333333333333"));
    expect_refusal(alice, pair.id(), uniswap_v2::Skim{bob}, "ds-math-sub-underflow");
    expect_refusal(alice, pair.id(), uniswap_v2::Mint{alice}, "ds-math-sub-underflow");
    CallWriter swap;  // whose price is one at which nobody can sell it stETH.
    swap.add(b.id(), Erc20Transfer{pair.account(), ether(1)});
    swap.add(pair.id(), uniswap_v2::Swap{1, 0, bob, {}});
    expect_refusal(alice, swap, "UniswapV2: K");
    expect_declared(alice, pair.id(), uniswap_v2::Sync{});  // Until somebody says so.
    CHECK(pair.state().reserve0 == decimal("3333333333333333333"));
    expect_declared(alice, swap);

    rise();
    const auto held = steth.holding(pair.account());
    expect_declared(alice, pair.id(), uniswap_v2::Sync{});  // Rewards for its providers.
    CHECK(pair.state().reserve0 == held);
    CHECK(pair.share_value(pair.total_supply())[0] == held);
}

TEST_CASE_METHOD(LidoFixture, "stETH through the router: a wei short is K, supporting calls go",
    "[contracts][lido][uniswap_v2]")
{
    rise();
    fill();
    rise();
    expect_ok(alice, pair.id(), uniswap_v2::Sync{});
    const auto rate = steth.rate();
    const auto held = steth.shares(pair.account());
    const auto delivered = [&](const Amount& value)
    {
        const auto shares = shares_of_down(rate, value).value();
        return minus(
            ether_of_down(rate, plus(held, shares)).value(), ether_of_down(rate, held).value());
    };
    auto value = ether(1);
    while (delivered(value) == value)
        value = plus(value, 1);
    REQUIRE(delivered(value) == minus(value, 1));
    // Of B, of which a wei of stETH buys a hundred, the difference shows.
    expect_refusal(alice, router.id(),
        uniswap_v2::SwapExactTokensForTokens{value, 0, {steth.id(), b.id()}, bob, never},
        "UniswapV2: K");
    const auto& state = pair.state();
    const auto out =
        uniswap_v2::get_amount_out(delivered(value), state.reserve0, state.reserve1, factory.fee())
            .value();
    expect_ok(alice, router.id(),
        uniswap_v2::SwapExactTokensForTokensSupportingFeeOnTransferTokens{
            value, out, {steth.id(), b.id()}, bob, never});
    CHECK(b.balance(bob) == out);
}

TEST_CASE_METHOD(
    LidoFixture, "stETH in a vault: rewards are its shareholders'", "[contracts][lido][erc4626]")
{
    rise();
    expect_declared(alice, vault.id(), erc4626::Deposit{ether(4), alice});
    CHECK(vault.balance(alice) == ether(4));
    CHECK(vault.total_assets() == decimal("3999999999999999999"));
    rise();
    const auto held = decimal("4327272727272727272");
    CHECK(vault.total_assets() == held);
    // Shares of a vault of one holder, but for the one that is never there.
    const auto all = mul_div_down(ether(4), plus(held, 1), plus(ether(4), 1)).value;
    const auto outcome = expect_declared(alice, vault.id(), erc4626::Redeem{ether(4), bob, alice});
    CHECK(outcome.returns.values[0] == all);
    CHECK(steth.balance(bob) <= all);
    CHECK(plus(steth.balance(bob), 2) >= all);
}

TEST_CASE("stETH: random operations keep its laws", "[contracts][lido]")
{
    std::mt19937_64 random{20'261'130};
    for (int run = 0; run < 20; ++run)
    {
        LidoFixture f;
        const std::array people{f.alice, f.bob, f.oracle};
        const auto somebody = [&] { return people[random() % people.size()]; };
        for (int step = 0; step < 60; ++step)
        {
            INFO("run " << run << ", step " << step);
            const auto before = f.steth.rate();
            const auto who = somebody();
            const auto most = f.steth.balance(who);
            const Amount part =
                most.is_zero() ? Amount{} : remainder(Amount{0, 0, random(), random()}, most);
            bool is_loss = false;
            CallWriter calls;
            switch (random() % 8)
            {
                case 0: calls.add(f.steth.id(), Submit{random() % 1'000'000, who}); break;
                case 1: calls.add(f.steth.id(), Transfer{somebody(), part}); break;
                case 2:
                    calls.add(f.steth.id(),
                        TransferShares{somebody(), remainder(part, plus(f.steth.shares(who), 1))});
                    break;
                case 3: calls.add(f.wsteth.id(), Wrap{part}); break;
                case 4: calls.add(f.wsteth.id(), Unwrap{f.wsteth.balance(who)}); break;
                case 5:
                    calls.add(native_coin,
                        NativeTransfer{random() % 2 == 0 ? f.steth.account() : f.wsteth.account(),
                            random() % 1'000});
                    break;
                case 6: calls.add(f.vault.id(), erc4626::Deposit{part, who}); break;
                default: {
                    is_loss = random() % 3 == 0;
                    const auto size = Amount{random() % 1'000'000'000};
                    const auto outcome = f.sandbox.run(f.oracle, f.steth.id(),
                        Report{Int256::from_magnitude(size, is_loss), random() % 1'000,
                            zero_account, 0, 0});
                    REQUIRE(outcome.ok());
                    CHECK(outcome.undeclared_touches == 0);
                }
            }
            const auto outcome = f.sandbox.run(who, calls);
            if (outcome.ok())
                CHECK(outcome.undeclared_touches == 0);
            REQUIRE(f.sandbox.world().check_invariants().empty());
            const auto after = f.steth.rate();
            // Only penalties make a share worth less, whatever the rounding.
            if (!is_loss)
                CHECK(wrapping_mul(after.ether, before.shares) >=
                      wrapping_mul(before.ether, after.shares));
            Amount all;
            for (const auto account : {f.alice, f.bob, f.oracle, f.operators, f.treasury,
                     f.wsteth.account(), f.vault.account()})
                all = plus(all, f.steth.holding(account));
            CHECK(all <= f.steth.state().pooled_ether);
            CHECK(plus(all, 7) > f.steth.state().pooled_ether);
        }
    }
}

}  // namespace runnel::contracts
