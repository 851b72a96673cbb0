#include "contracts/lending/naive_lender/lender.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace naive_lender;

constexpr std::uint64_t start = 1'600'000'000;

Amount ether(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(18));
}
Amount milli_ether(std::uint64_t thousandths)
{
    return wrapping_mul(thousandths, Amount::power_of_ten(15));
}
Amount dollars(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(6));
}

/// Lends WETH at 2,000 USD against USDC at 1 USD.
struct LenderFixture : ContractFixture
{
    explicit LenderFixture(bool is_careful = true, std::uint32_t rate_bps = 0)
      : keeper{sandbox.account("keeper")},
        users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        weth{sandbox.add<Weth9>("WETH", "WETH")},
        usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5)},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{
                {weth.id(), 2'000 * 100'000'000ULL}, {usdc.id(), 100'000'000}})},
        lender{
            sandbox.add<NaiveLender>("lender", Setup{weth.id(), usdc.id(), oracle.id(),
                                                   Terms{7'000, 7'500, 800, rate_bps}, is_careful})}
    {
        sandbox.connect();
        sandbox.set_time(start);
        for (const auto user : users)
        {
            weth.allocate(sandbox.world(), user, ether(10'000));
            usdc.allocate(user, dollars(10'000'000));
            for (const auto token : {weth.id(), usdc.id()})
                expect_ok(user, token, Erc20Approve{lender.account(), Amount::max()});
        }
    }
    template <typename Call>
    Sandbox::Outcome call(AccountId sender, const Call& call)
    {
        return expect_ok(sender, lender.id(), call);
    }
    void set_price(ContractId token, std::uint64_t usd_e8)
    {
        expect_ok(keeper, oracle.id(), SetPrice{token, usd_e8});
    }
    [[nodiscard]] Amount coins(AccountId account)
    {
        return sandbox.world().account_states.get(account).balance;
    }

    AccountId keeper;
    std::array<AccountId, 3> users;
    Weth9& weth;
    Erc20& usdc;
    PriceOracle& oracle;
    NaiveLender& lender;
};

CallWriter again(const NaiveLender& lender, const Amount& amount)
{
    CallWriter calls;
    lender.add_coin_withdrawal(calls, amount);
    return calls;
}
}  // namespace

TEST_CASE("naive lender: lends against collateral and takes it from who does not pay",
    "[contracts][naive_lender]")
{
    LenderFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto id = f.lender.id();
    f.call(alice, Supply{f.weth.id(), ether(100), alice});
    f.call(bob, Supply{f.usdc.id(), dollars(10'000), bob});
    // 10,000 USD are 5 WETH, of which 70 % are lent.
    const auto most = milli_ether(3'500);
    f.expect_refusal(
        bob, id, Borrow{wrapping_add(most, 1)}, "NaiveLender: INSUFFICIENT_COLLATERAL");
    f.call(bob, Borrow{most});
    CHECK(f.weth.balance(bob) == milli_ether(10'003'500));
    auto view = f.lender.view_at(start);
    CHECK(view->health(bob).debt == most);
    CHECK(view->health(bob).collateral == ether(5));
    CHECK(view->health(bob).health_factor == 1'071'428'571'428'571'428ULL);  // 5 * 0.75 / 3.5
    CHECK(view->reserve(0).cash == milli_ether(96'500));
    CHECK(view->borrowers() == std::vector{bob});
    f.expect_refusal(carol, id, Liquidate{bob, most}, "NaiveLender: HEALTHY");
    // What he may take out leaves 3.5 / 0.75 WETH, 9,333.333334 USD of collateral.
    f.expect_refusal(bob, id, Withdraw{f.usdc.id(), 666'666'667, bob}, "NaiveLender: UNHEALTHY");
    f.call(bob, Withdraw{f.usdc.id(), 666'666'666, bob});

    // WETH at 2,200: his 9,333.333334 USD are 4.24 WETH, 3.18 at the threshold.
    f.set_price(f.weth.id(), 2'200 * 100'000'000ULL);
    view = f.lender.view_at(start);
    const auto preview = view->preview_liquidation({bob, 1, 0, ether(1)});
    REQUIRE(preview.has_value());
    CHECK(preview->debt == ether(1));
    CHECK(preview->collateral == 2'376'000'000ULL);  // 1.08 WETH at 0.000454545454545454.
    const auto taken = f.call(carol, Liquidate{bob, ether(1)}).returns;
    CHECK(taken.values[0] == preview->debt);
    CHECK(taken.values[1] == preview->collateral);
    CHECK(f.usdc.balance(carol) == wrapping_add(dollars(10'000'000), preview->collateral));
    // WETH at 4,000: 6,957.333334 USD are 1.7393333335 WETH. All of it goes, for that less the
    // bonus.
    f.set_price(f.weth.id(), 4'000 * 100'000'000ULL);
    const auto last = f.call(carol, Liquidate{bob, Amount::max()}).returns;
    CHECK(last.values[0] == 1'610'493'827'314'814'815ULL);
    CHECK(last.values[1] == 6'957'333'334ULL);
    view = f.lender.view_at(start);
    CHECK(view->health(bob).collateral.is_zero());
    CHECK(view->health(bob).debt == wrapping_sub(milli_ether(2'500), last.values[0]));
}

TEST_CASE("naive lender: what debtors pay goes to suppliers", "[contracts][naive_lender]")
{
    LenderFixture f{true, 1'000};
    const auto [alice, bob, carol] = f.users;
    f.call(alice, Supply{f.weth.id(), ether(100), alice});
    f.call(bob, Supply{f.usdc.id(), dollars(1'000'000), bob});
    f.call(bob, Borrow{ether(50)});
    f.sandbox.set_time(start + year_seconds);
    const auto view = f.lender.view_at(start + year_seconds);
    CHECK(view->holding(bob, 0).debt == ether(55));
    CHECK(view->holding(alice, 0).supplied == ether(105));
    CHECK(view->reserve(0).borrow_rate == Amount::power_of_ten(26));
    const auto repaid = f.call(bob, Repay{Amount::max(), bob});
    CHECK(repaid.returns.values[0] == ether(55));
    const auto paid = f.call(alice, Withdraw{f.weth.id(), Amount::max(), carol});
    CHECK(paid.returns.values[0] == ether(105));
    CHECK(f.weth.balance(carol) == ether(10'105));
    CHECK(f.lender.book().supplied_scaled.is_zero());
    CHECK(f.lender.book().debt_scaled.is_zero());
}

TEST_CASE("naive lender: refusals", "[contracts][naive_lender]")
{
    LenderFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto id = f.lender.id();
    const AccountId nobody{1'000'000};
    f.expect_refusal(alice, id, Supply{f.oracle.id(), 1, alice}, "NaiveLender: UNKNOWN_ASSET");
    f.expect_refusal(
        alice, id, Supply{ContractId{4'000'000'000U}, 1, alice}, "NaiveLender: UNKNOWN_ASSET");
    f.expect_refusal(alice, id, Supply{f.weth.id(), 0, alice}, "NaiveLender: ZERO_AMOUNT");
    f.expect_refusal(alice, id, Supply{f.usdc.id(), 0, alice}, "NaiveLender: ZERO_AMOUNT");
    CHECK_FALSE(f.sandbox.run(alice, id, Supply{f.weth.id(), 1, nobody}).ok());
    CHECK_FALSE(f.sandbox.run(alice, id, Repay{1, nobody}).ok());
    CHECK_FALSE(f.sandbox.run(alice, id, Liquidate{nobody, 1}).ok());
    f.call(alice, Supply{f.weth.id(), 100, alice});
    CHECK_FALSE(f.sandbox.run(alice, id, Withdraw{f.weth.id(), 1, nobody}).ok());
    f.expect_refusal(alice, id, Withdraw{f.oracle.id(), 1, alice}, "NaiveLender: UNKNOWN_ASSET");
    f.expect_refusal(alice, id, Withdraw{f.weth.id(), 0, alice}, "NaiveLender: ZERO_AMOUNT");
    f.expect_refusal(
        alice, id, Withdraw{f.weth.id(), 101, alice}, "NaiveLender: MORE_THAN_SUPPLIED");
    f.expect_refusal(
        bob, id, Withdraw{f.weth.id(), Amount::max(), bob}, "NaiveLender: ZERO_AMOUNT");
    f.expect_refusal(
        bob, id, Withdraw{f.usdc.id(), Amount::max(), bob}, "NaiveLender: ZERO_AMOUNT");
    f.expect_refusal(bob, id, Withdraw{f.usdc.id(), 1, bob}, "NaiveLender: MORE_THAN_SUPPLIED");
    f.expect_refusal(bob, id, Borrow{0}, "NaiveLender: ZERO_AMOUNT");
    f.expect_refusal(bob, id, Borrow{1}, "NaiveLender: INSUFFICIENT_COLLATERAL");
    f.expect_refusal(bob, id, Repay{1, alice}, "NaiveLender: ZERO_AMOUNT");
    f.expect_refusal(bob, id, WithdrawCoins{1}, "NaiveLender: MORE_THAN_SUPPLIED");
    f.set_price(f.weth.id(), 0);
    f.expect_refusal(bob, id, Borrow{1}, "NaiveLender: NO_PRICE");
    f.expect_refusal(bob, id, Liquidate{alice, 1}, "NaiveLender: NO_PRICE");

    auto& other = f.sandbox.add<NaiveLender>("other",
        Setup{f.usdc.id(), f.weth.id(), f.oracle.id(), Terms{7'000, 7'500, 800, 0}, false});
    f.sandbox.connect();
    f.expect_refusal(bob, other.id(), WithdrawCoins{1}, "NaiveLender: NO_COINS");
    CHECK(other.wrapped() == no_contract);
    CHECK(f.lender.wrapped() == f.weth.id());
}

// By hand: bob has supplied 10 WETH of 70. His list asks for his 10 again whenever it is called, at
// most six times at once: 10 * (1 + 6) = 70, all there is, of which 60 were the others'.
TEST_CASE("naive lender: who pays before he writes is paid from again",
    "[contracts][naive_lender][reentrancy]")
{
    const bool is_careful = GENERATE(false, true);
    LenderFixture f{is_careful};
    const auto [alice, bob, carol] = f.users;
    const auto id = f.lender.id();
    f.call(alice, Supply{f.weth.id(), ether(45), alice});
    f.call(carol, Supply{f.weth.id(), ether(15), carol});
    f.call(bob, Supply{f.weth.id(), ether(10), bob});
    f.expect_ok(bob, native_coin, RegisterCalls{again(f.lender, ether(10)).list(), 6});
    if (is_careful)
    {
        f.expect_refusal(bob, id, WithdrawCoins{ether(10)}, "NaiveLender: MORE_THAN_SUPPLIED");
        CHECK(f.coins(bob).is_zero());
        // Without his list he is paid once.
        f.expect_ok(bob, native_coin, RegisterCalls{{}, 1});
        f.call(bob, WithdrawCoins{Amount::max()});
        CHECK(f.coins(bob) == ether(10));
        CHECK(f.lender.book().supplied_scaled == ether(60));
        return;
    }
    f.call(bob, WithdrawCoins{ether(10)});
    CHECK(f.coins(bob) == ether(70));
    CHECK(f.weth.balance(f.lender.account()).is_zero());
    // The books know of one withdrawal: 60 are still owed to the others, and nothing is there.
    CHECK(f.lender.entry(bob).supplied_scaled.is_zero());
    CHECK(f.lender.book().supplied_scaled == ether(60));
    CHECK_FALSE(f.sandbox.run(alice, id, Withdraw{f.weth.id(), 1, alice}).ok());
}

// By hand: while the lender pays bob 4 of his 10 WETH, bob's list takes his collateral back and
// supplies 1 WETH for carol. 45 + 10 - 4 + 1 = 52 are supplied.
TEST_CASE("naive lender: what else somebody does while he is paid stays done",
    "[contracts][naive_lender][reentrancy]")
{
    LenderFixture f{GENERATE(false, true)};
    const auto [alice, bob, carol] = f.users;
    const auto id = f.lender.id();
    f.call(alice, Supply{f.weth.id(), ether(45), alice});
    f.call(bob, Supply{f.weth.id(), ether(10), bob});
    f.call(bob, Supply{f.usdc.id(), dollars(500), bob});
    CallWriter calls;
    calls.add(id, Withdraw{f.usdc.id(), dollars(500), bob});
    calls.add(id, Supply{f.weth.id(), ether(1), carol});
    f.expect_ok(bob, native_coin, RegisterCalls{calls.list(), 1});
    f.call(bob, WithdrawCoins{ether(4)});
    CHECK(f.coins(bob) == ether(4));
    CHECK(f.lender.entry(bob).supplied_scaled == ether(6));
    CHECK(f.lender.entry(bob).collateral.is_zero());
    CHECK(f.lender.entry(carol).supplied_scaled == ether(1));
    CHECK(f.lender.book().supplied_scaled == ether(52));
    Findings findings;
    f.lender.check_invariants(f.sandbox.world(), findings);
    CHECK(findings.empty());
}

namespace
{
struct Step
{
    unsigned action = 0;
    unsigned user = 0;
    unsigned other = 0;
    std::uint64_t amount = 0;
    std::uint64_t seconds = 0;
};

std::optional<tests::Broken> play(std::span<const Step> steps)
{
    LenderFixture f{true, 2'000};
    auto now = start;
    std::uint64_t weth_usd = 2'000;
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        const auto& step = steps[i];
        now += step.seconds;
        f.sandbox.set_time(now);
        const auto user = f.users[step.user];
        const auto other = f.users[step.other];
        const auto wei = Amount{step.amount};
        const Amount units{step.amount / 1'000'000'000};
        const auto before = f.lender.view_at(now)->health(user);
        CallWriter calls;
        const auto id = f.lender.id();
        switch (step.action)
        {
            case 0: calls.add(id, Supply{f.weth.id(), wei, other}); break;
            case 1: calls.add(id, Supply{f.usdc.id(), units, other}); break;
            case 2: calls.add(id, Withdraw{f.weth.id(), wei, other}); break;
            case 3: calls.add(id, Withdraw{f.usdc.id(), units, other}); break;
            case 4: calls.add(id, Borrow{wei}); break;
            case 5: calls.add(id, Repay{wei, other}); break;
            case 6: calls.add(id, Liquidate{other, wei}); break;
            case 7: calls.add(id, WithdrawCoins{wei}); break;
            case 8: calls.add(id, Withdraw{f.weth.id(), Amount::max(), user}); break;
            case 9: calls.add(id, Repay{Amount::max(), user}); break;
            default:
                weth_usd = 500 + step.amount % 4'000;
                f.set_price(f.weth.id(), weth_usd * 100'000'000);
                continue;
        }
        const bool ok = f.sandbox.run(user, calls).ok();
        Findings findings;
        f.lender.check_invariants(f.sandbox.world(), findings);
        if (!findings.empty())
            return tests::Broken{i, findings.front()};
        const auto after = f.lender.view_at(now)->health(user);
        if (ok && (step.action == 3 || step.action == 4) &&
            after.health_factor < naive_lender::wad && after.debt >= before.debt)
            return tests::Broken{i, "a call has left its sender unhealthy"};
    }
    return std::nullopt;
}

std::string describe(const Step& step)
{
    return fmt::format("action {} user {} other {} amount {} after {} s", step.action, step.user,
        step.other, step.amount, step.seconds);
}
}  // namespace

// Method: 100,000 random calls of three users, in worlds of 2,000, with interest, prices that jump
// and amounts over eighteen orders of magnitude. Claims never pass cash and debt, entries sum to
// the book, and nobody borrows or takes out what leaves him unhealthy.
TEST_CASE("naive lender: is never short of what it owes", "[contracts][naive_lender][property]")
{
    std::mt19937_64 random{20'260'502};
    for (int round = 0; round < 50; ++round)
    {
        std::vector<Step> steps(2'000);
        for (auto& step : steps)
        {
            step.action = static_cast<unsigned>(random() % 11);
            step.user = static_cast<unsigned>(random() % 3);
            step.other = static_cast<unsigned>(random() % 3);
            step.amount = (random() >> (random() % 60)) % 5'000'000'000'000'000'000ULL + 1;
            step.seconds = random() % 3 == 0 ? random() % 1'000'000 : 0;
        }
        CAPTURE(round);
        const auto broken = tests::find_counterexample(steps, play);
        std::string told;
        for (const auto& step : broken ? broken->operations : std::vector<Step>{})
            told += "\n  " + describe(step);
        INFO((broken ? broken->what : "") << told);
        REQUIRE_FALSE(broken.has_value());
    }
}

}  // namespace runnel::contracts
