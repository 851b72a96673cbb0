#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/compound_v2/events.hpp"
#include "contracts/lending/compound_v2/jump_rate_model.hpp"
#include "contracts/lending/compound_v2/simple_price_oracle.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "state/world.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/contracts/lending_teller.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace compound_v2;

Amount whole(std::uint64_t tokens, unsigned decimals)
{
    return wrapping_mul(tokens, Amount::power_of_ten(decimals));
}
Amount decimal(std::string_view text)
{
    return Amount::from_decimal(text).value();
}
Amount share(std::uint64_t percent)
{
    return whole(percent, 16);
}

/// USDC at 1 USD and WETH at 2,000; 75 % of either secures debt, half of a debt may be liquidated
/// at a time, for 8 % more. A unit of COMP for the suppliers of USDC, and for its borrowers, in
/// each block.
struct CompoundFixture : ContractFixture
{
    static constexpr std::uint64_t start = 1'700'000'000;
    static constexpr std::uint64_t slot = 12;
    static constexpr std::size_t usdc = 0;
    static constexpr std::size_t weth = 1;

    explicit CompoundFixture(TokenQuirks quirks = {})
      : keeper{sandbox.account("keeper")},
        admin{sandbox.account("admin")},
        users{sandbox.account("alice"), sandbox.account("bob"), sandbox.account("carol")},
        token{&sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin4,
                  zero_account, std::move(quirks)),
            &sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin4)},
        comp{sandbox.add<Erc20>("COMP", TokenInfo{"COMP", 18}, TokenFlavour::openzeppelin4)},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{
                {token[usdc]->id(), whole(1, 8)}, {token[weth]->id(), whole(2'000, 8)}})},
        model{&sandbox.add<CompoundV2JumpRateModel>("model", settings().model, "admin"),
            &sandbox.add<CompoundV2JumpRateModel>(
                "flat", JumpRateModel::per_year(share(50), {}, {}, share(80)), "admin")},
        c_token{&sandbox.add<CompoundV2CToken>(
                    "cUSDC", "cUSDC", token[usdc]->id(), settings(model[0]->id())),
            &sandbox.add<CompoundV2CToken>("cWETH", "cWETH", token[weth]->id(), settings())},
        comptroller{sandbox.add<CompoundV2Comptroller>("compound", setup(),
            std::vector<MarketSpec>{
                {c_token[usdc]->id(), config(1)}, {c_token[weth]->id(), config(0)}})}
    {
        sandbox.connect();
        comp.allocate(comptroller.account(), whole(1'000, 18));
        advance(1);
        for (const auto user : users)
        {
            token[usdc]->allocate(user, whole(1'000'000, 6));
            token[weth]->allocate(user, whole(1'000, 18));
            for (const auto i : {usdc, weth})
            {
                expect_ok(
                    user, token[i]->id(), Erc20Approve{comptroller.spender_of(i), Amount::max()});
            }
        }
    }

    static CTokenSettings settings(ContractId rate_model = no_contract)
    {
        CTokenSettings result;
        result.rate_model = rate_model;
        result.model = JumpRateModel::per_year(share(2), share(10), share(400), share(80));
        result.initial_whole_rate = share(2);
        result.reserve_factor = share(10);
        return result;
    }
    static MarketConfig config(std::uint64_t speed)
    {
        MarketConfig result;
        result.collateral_factor = share(75);
        result.comp_supply_speed = whole(speed, 18);
        result.comp_borrow_speed = whole(speed, 18);
        return result;
    }
    CompoundV2Comptroller::Setup setup() const
    {
        CompoundV2Comptroller::Setup result;
        result.oracle = oracle.id();
        result.comp = comp.id();
        result.admin = "admin";
        result.settings = {share(50), share(108), false, false};
        result.block_seconds = slot;
        return result;
    }

    void advance(std::uint64_t blocks)
    {
        block += blocks;
        sandbox.set_block(block);
        sandbox.set_time(now());
    }
    [[nodiscard]] std::uint64_t now() const { return start + block * slot; }
    // A sandbox goes on to the next block by itself; here all is in one until advance().
    template <typename... Arguments>
    Sandbox::Outcome expect_ok(Arguments&&... arguments)
    {
        sandbox.set_block(block);
        return ContractFixture::expect_ok(std::forward<Arguments>(arguments)...);
    }
    template <typename... Arguments>
    void expect_refusal(Arguments&&... arguments)
    {
        sandbox.set_block(block);
        ContractFixture::expect_refusal(std::forward<Arguments>(arguments)...);
    }
    void set_price(std::size_t reserve, std::uint64_t cents)
    {
        expect_ok(keeper, oracle.id(), SetPrice{token[reserve]->id(), whole(cents, 6)});
    }
    Sandbox::Outcome expect_declared(AccountId user, const CallWriter& calls)
    {
        auto outcome = expect_ok(user, calls);
        CHECK(outcome.undeclared_touches == 0);
        return outcome;
    }
    Sandbox::Outcome supply(AccountId user, std::size_t reserve, const Amount& amount)
    {
        CallWriter calls;
        comptroller.add_supply(calls, reserve, amount, user);
        return expect_declared(user, calls);
    }
    Sandbox::Outcome borrow(AccountId user, std::size_t reserve, const Amount& amount)
    {
        CallWriter calls;
        comptroller.add_borrow(calls, reserve, amount);
        return expect_declared(user, calls);
    }
    /// Runs a previewed liquidation and compares it with the preview.
    void liquidate(AccountId liquidator, const LiquidationOrder& order)
    {
        const auto preview = comptroller.view_at(now())->preview_liquidation(order);
        REQUIRE(preview.has_value());
        const auto reserves = c_token[order.collateral]->state().total_reserves;
        const auto paid_before = token[order.debt]->balance(liquidator);
        const auto got_before = token[order.collateral]->balance(liquidator);
        CallWriter calls;
        // The calls count those before them.
        calls.add(token[order.debt]->id(),
            Erc20Approve{comptroller.spender_of(order.debt), Amount::max()});
        comptroller.add_liquidation(calls, order);
        const auto outcome = expect_ok(liquidator, calls);
        CHECK(outcome.receipt.gas_used > 0);
        if (order.debt == order.collateral)
        {
            CHECK(token[order.debt]->balance(liquidator) ==
                  wrapping_sub(wrapping_add(paid_before, preview->collateral), preview->debt));
        }
        else
        {
            CHECK(
                token[order.debt]->balance(liquidator) == wrapping_sub(paid_before, preview->debt));
            CHECK(token[order.collateral]->balance(liquidator) ==
                  wrapping_add(got_before, preview->collateral));
        }
        CHECK(c_token[order.collateral]->state().total_reserves >=
              wrapping_add(reserves, preview->fee));
        CHECK(c_token[order.collateral]->balance(liquidator).is_zero());
    }

    AccountId keeper, admin;
    std::array<AccountId, 3> users;
    std::array<Erc20*, 2> token;
    Erc20& comp;
    PriceOracle& oracle;
    std::array<CompoundV2JumpRateModel*, 2> model;  // Of cUSDC, and another one.
    std::array<CompoundV2CToken*, 2> c_token;
    CompoundV2Comptroller& comptroller;
    std::uint64_t block = 0;
};
}  // namespace

TEST_CASE("compound: interest is simple from accrual to accrual, and all its quotients go down",
    "[contracts][lending]")
{
    MarketState state;
    state.borrow_index = one;
    state.reserve_factor = share(10);
    state.total_borrows = 1'000'000;
    state.total_supply = 999'983;
    JumpRateModel model;
    model.base_rate_per_block = 7;
    model.multiplier_per_block = 3'000'000'019;
    model.jump_multiplier_per_block = 90'000'000'001;
    model.kink = share(80);
    // Utilization 1e6 / 1e7: 3,000,000,019 / 10 = 300,000,001.9 and the base.
    CHECK(model.borrow_rate_down(9'000'000, 1'000'000, 0).value == 300'000'008);
    // 0.1 * (300,000,008 * 0.9) = 27,000,000.72.
    CHECK(model.supply_rate_down(9'000'000, 1'000'000, 0, share(10)).value == 27'000'000);
    // Beyond the kink: 0.1 * 90,000,000,001 + (0.8 * 3,000,000,019 + 7), each rounded down.
    CHECK(model.borrow_rate_down(100'000, 900'000, 0).value == 9'000'000'000 + 2'400'000'015 + 7);
    CHECK(model.borrow_rate_down(5, 0, 0).value == 7);
    // A third of all at a rate that is the utilization, and a third of that third.
    const JumpRateModel steep{0, one, 0, one};
    CHECK(steep.borrow_rate_down(2, 1, 0).value == 333'333'333'333'333'333);
    CHECK(steep.supply_rate_down(2, 1, 0, 0).value == 111'111'111'111'111'110);
    // A rate of 300,000,008 for 10,000 blocks is 3.00000008e-6: 3 of a million, 0 for reserves.
    const auto accrual = accrue(state, model, 9'000'000, 10'000);
    REQUIRE(accrual.has_value());
    CHECK(accrual->interest == 3);
    CHECK(state.total_borrows == 1'000'003);
    CHECK(state.total_reserves.is_zero());
    CHECK(state.borrow_index == 1'000'003'000'000'080'000ULL);
    // 10,000,003 / 999,983 = 10.000173...
    CHECK(exchange_rate_down(state, 9'000'000, 5).value == 10'000'173'002'941'049'997ULL);
    CHECK(exchange_rate_down({}, 9'000'000, 5).value == 5);
    CHECK(borrow_balance_down({1'000'000, one}, state.borrow_index).value == 1'000'003);
    CHECK(borrow_balance_down({}, state.borrow_index).value.is_zero());
    model.base_rate_per_block = wrapping_add(borrow_rate_max, 1);
    const auto absurd = accrue(state, model, 9'000'000, 10'001);
    REQUIRE_FALSE(absurd.has_value());
    CHECK(absurd.error().text == "borrow rate is absurdly high");
}

TEST_CASE("compound: what the view says is what the calls do", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    f.supply(bob, f.usdc, whole(500'000, 6));
    f.supply(alice, f.weth, whole(100, 18));
    f.borrow(alice, f.usdc, whole(140'000, 6));
    f.advance(1'000);
    auto view = f.comptroller.view_at(f.now());
    CHECK(view->accounts() == std::vector{std::min(alice, bob), std::max(alice, bob)});
    CHECK(view->borrowers() == std::vector{alice});
    const auto owed = view->holding(alice, f.usdc).debt;
    CHECK(owed > whole(140'000, 6));
    CHECK(view->holding(alice, f.weth).secures_debt);
    CHECK(view->reserve(f.usdc).total_debt >= owed);
    CHECK(view->max_liquidatable_debt(alice, f.usdc).is_zero());
    CHECK_FALSE(view->preview_liquidation({alice, f.weth, f.usdc, owed}).has_value());
    // 150,000 of 200,000 secure what is owed.
    const auto health = view->health(alice);
    CHECK(health.collateral == whole(200'000, 18));
    CHECK(health.threshold == Approx(0.75));
    CHECK(health.health_factor > share(100));
    CHECK(health.health_factor < share(108));

    // Bob takes out all he has, as far as the view says it is.
    const auto saved = view->holding(bob, f.usdc).supplied;
    CHECK(saved > whole(500'000, 6));
    const auto room = view->reserve(f.usdc).borrow_room;
    CHECK(room == whole(360'000, 6));
    CallWriter too_much;
    f.comptroller.add_withdraw(too_much, f.usdc, Amount::max(), bob);
    f.expect_refusal(bob, too_much, "RedeemTransferOutNotPossible()");
    f.supply(carol, f.usdc, whole(500'000, 6));
    const auto before = f.token[f.usdc]->balance(bob);
    const auto now = f.comptroller.view_at(f.now())->holding(bob, f.usdc).supplied;
    CallWriter all;
    f.comptroller.add_withdraw(all, f.usdc, Amount::max(), bob);
    f.expect_ok(bob, all);
    CHECK(f.token[f.usdc]->balance(bob) == wrapping_add(before, now));
    CHECK(f.c_token[f.usdc]->balance(bob).is_zero());

    // And alice owes to the unit what it says. The last of all borrowers may owe a unit more than
    // the market has on its books, and could not repay it: so there is another one.
    f.borrow(carol, f.usdc, whole(10, 6));
    f.advance(7);
    const auto due = f.comptroller.view_at(f.now())->holding(alice, f.usdc).debt;
    const auto had = f.token[f.usdc]->balance(bob);
    CallWriter repay;
    f.comptroller.add_repay(repay, f.usdc, Amount::max(), alice);
    const auto repaid = f.expect_declared(bob, repay);
    CHECK(repaid.returns.values[1] == due);
    CHECK(f.token[f.usdc]->balance(bob) == wrapping_sub(had, due));
    CHECK(f.comptroller.view_at(f.now())->borrowers() == std::vector{carol});
}

TEST_CASE("compound: a liquidation takes and gives what the preview says", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    f.supply(bob, f.usdc, whole(500'000, 6));
    f.supply(bob, f.weth, whole(50, 18));
    f.supply(alice, f.weth, whole(100, 18));
    f.supply(alice, f.usdc, whole(7'777, 6));
    f.borrow(alice, f.usdc, whole(150'000, 6));
    f.advance(50);
    f.set_price(f.weth, 190'000);
    const auto view = f.comptroller.view_at(f.now());
    const auto most = view->max_liquidatable_debt(alice, f.usdc);
    CHECK(most == div_down(view->holding(alice, f.usdc).debt, 2));
    f.liquidate(carol, {alice, f.weth, f.usdc, most});
    f.advance(3);
    // Of one market alone, and a few units of the smallest token.
    f.set_price(f.weth, 90'000);
    // Without the redemption, which is bound to it, a liquidation is declared.
    f.expect_declared(carol, CallWriter{}.add(f.c_token[f.usdc]->id(),
                                 LiquidateBorrow{alice, 1'000, f.c_token[f.weth]->id()}));
    f.expect_ok(carol, f.c_token[f.weth]->id(), Redeem{f.c_token[f.weth]->balance(carol)});
    f.liquidate(carol, {alice, f.usdc, f.usdc, whole(1'234, 6)});
    f.liquidate(carol, {alice, f.weth, f.usdc, 3});
    // More than the collateral is enough for is not asked for: deployed, that is refused.
    f.advance(11);
    const LiquidationOrder rest{alice, f.usdc, f.usdc, whole(30'000, 6)};
    const auto preview = f.comptroller.view_at(f.now())->preview_liquidation(rest);
    REQUIRE(preview.has_value());
    CHECK(preview->debt < whole(7'000, 6));
    f.expect_refusal(carol, f.c_token[f.usdc]->id(),
        LiquidateBorrow{alice, rest.debt_to_cover, f.c_token[f.usdc]->id()},
        "LIQUIDATE_SEIZE_TOO_MUCH");
    const auto held = f.c_token[f.usdc]->balance(alice);
    f.liquidate(carol, rest);
    // All but what the interest of the blocks since the last accrual is worth.
    CHECK(f.c_token[f.usdc]->balance(alice) < div_down(held, 1'000));
    // With no block in between, all but less than a unit of USDC takes: 1.08 / 0.02, in 1e-8.
    f.expect_ok(carol, f.c_token[f.usdc]->id(), Mint{whole(500, 6)});
    f.expect_ok(
        carol, f.c_token[f.usdc]->id(), Erc20Transfer{alice, f.c_token[f.usdc]->balance(carol)});
    f.liquidate(carol, rest);
    CHECK(f.c_token[f.usdc]->balance(alice) < Amount{5'400});
    f.expect_refusal(carol, f.c_token[f.usdc]->id(),
        LiquidateBorrow{alice, whole(60'000, 6), f.c_token[f.weth]->id()},
        "LiquidateComptrollerRejection(17)");
    f.expect_refusal(alice, f.c_token[f.usdc]->id(),
        LiquidateBorrow{alice, 5, f.c_token[f.weth]->id()}, "LiquidateLiquidatorIsBorrower()");
}

// Source of the amounts: CToken.sol, Comptroller.sol and BaseJumpRateModelV2.sol in exact integers.
TEST_CASE("compound: what strategies, contracts and reports are told", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto& teller = f.sandbox.add<LendingTeller>("teller");
    f.sandbox.connect();
    const auto price = [&](std::size_t reserve, std::uint64_t value) {
        f.expect_ok(f.keeper, f.oracle.id(), SetPrice{f.token[reserve]->id(), Amount{value}});
    };
    f.supply(bob, f.usdc, Amount{500'000'000'003});
    f.supply(alice, f.weth, decimal("100000000000000000007"));
    f.borrow(alice, f.usdc, Amount{140'000'000'001});
    f.supply(carol, f.weth, decimal("70000000000000000013"));
    f.borrow(carol, f.usdc, Amount{33'333'333'333});
    price(f.usdc, 99'970'003);
    price(f.weth, 199'912'345'678);
    f.advance(1'000);

    const auto view = f.comptroller.view_at(f.now());
    const auto& told = view->reserve(f.usdc);
    CHECK(told.price == decimal("999700030000000000"));
    CHECK(told.total_supplied == Amount{500'004'699'393});
    CHECK(told.total_debt == Amount{173'338'554'879});
    CHECK(told.treasury_claim == Amount{522'154});
    CHECK(told.supply_index == decimal("200001879756399000000000"));
    CHECK(told.borrow_index == decimal("1000030133815608165000000000"));
    // 30,124,729,561 and 9,399,110,418 a block, as doubles.
    CHECK(told.borrow_rate == decimal("79167789286308001125236736"));
    CHECK(told.supply_rate == decimal("24700862178504001355513856"));
    CHECK(view->holding(bob, f.usdc).supplied == Amount{500'004'699'393});
    CHECK(view->holding(alice, f.usdc).debt == Amount{140'004'217'403});
    CHECK(view->holding(alice, f.weth).supplied == decimal("100000000000000000011"));
    auto health = view->health(alice);
    CHECK(health.collateral == decimal("199912345678000000021990"));
    CHECK(health.debt == decimal("139962220337905622090000"));
    CHECK(health.health_factor == decimal("1071248076063092257"));
    const auto asked = f.expect_ok(bob, teller.id(), AskSupplied{f.comptroller.id(), bob, f.usdc});
    CHECK(asked.returns.values[0] == Amount{500'004'699'393});

    // Rows after a repayment, after a supply and after a loan.
    const auto repaid = f.expect_ok(carol, f.c_token[f.usdc]->id(), RepayBorrow{Amount{1'000'001}});
    auto balance = f.events_of<LendingBalance>(repaid.block).at(0);
    CHECK(balance.debt_scaled == Amount{33'332'333'044});
    CHECK(balance.debt_raw == Amount{33'333'337'475});
    auto position = f.events_of<LendingPosition>(repaid.block).at(0);
    CHECK(position.collateral == decimal("139938641974600000015992"));
    CHECK(position.debt == decimal("33323338473757624250000"));
    CHECK(position.liquidation_threshold == Amount{7'500});
    CHECK(position.health_factor == decimal("3149563827874030011"));
    const auto minted = f.supply(bob, f.usdc, Amount{3'000'001});
    balance = f.events_of<LendingBalance>(minted.block).at(0);
    CHECK(balance.supplied_scaled == Amount{2'500'014'999'879'019});
    CHECK(balance.supplied_raw == Amount{500'007'699'394});
    const auto lent = f.borrow(bob, f.weth, decimal("150000000000000000001"));
    balance = f.events_of<LendingBalance>(lent.block).at(0);
    CHECK(balance.debt_scaled == decimal("149998571646007966862"));
    CHECK(balance.debt_raw == decimal("150000000000000000001"));
    position = f.events_of<LendingPosition>(lent.block).at(0);
    CHECK(position.collateral == decimal("499857712084412781820000"));
    CHECK(position.debt == decimal("299868518517000000001999"));
    CHECK(position.liquidation_threshold == Amount{7'500});
    CHECK(position.health_factor == decimal("1250192203963571564"));

    const auto check = [&](const LiquidationOrder& order, const Amount& most, const Amount& gets,
                           const Amount& fee)
    {
        const auto now = f.comptroller.view_at(f.now());
        CHECK(now->max_liquidatable_debt(order.borrower, order.debt) == most);
        const auto preview = now->preview_liquidation(order);
        REQUIRE(preview.has_value());
        CHECK(preview->debt == order.debt_to_cover);
        CHECK(preview->collateral == gets);
        CHECK(preview->fee == fee);
        CallWriter calls;
        f.comptroller.add_liquidation(calls, order);
        const auto had = f.token[order.collateral]->balance(carol);
        const auto outcome = f.expect_ok(carol, calls);
        CHECK(f.token[order.collateral]->balance(carol) == wrapping_add(had, gets));
        return outcome;
    };
    // All that a borrower's collateral is enough for, where more is to be covered.
    const auto asked_for = [&](LiquidationOrder order)
    {
        order.debt_to_cover = Amount::max();
        CallWriter calls;
        f.comptroller.add_liquidation(calls, order);
        CallReader reader{calls.bytes()};
        LiquidateBorrow call;
        REQUIRE(decode(reader.next()->arguments, call));
        return call.repay_amount;
    };
    // WETH is worth less.
    price(f.weth, 179'912'345'678);
    const LiquidationOrder falling{alice, f.weth, f.usdc, Amount{12'345'678'901}};
    CHECK(asked_for(falling) == Amount{166'635'490'905});
    CHECK(f.comptroller.view_at(f.now())->health(alice).health_factor ==
          decimal("964076298109112578"));
    const auto c_usdc = f.c_token[f.usdc]->id();
    const auto c_weth = f.c_token[f.weth]->id();
    f.expect_refusal(
        alice, c_usdc, LiquidateBorrow{alice, 0, c_weth}, "LiquidateLiquidatorIsBorrower()");
    f.expect_refusal(carol, c_usdc, LiquidateBorrow{alice, Amount{70'002'108'702}, c_weth},
        "LiquidateComptrollerRejection(17)");
    f.expect_refusal(
        carol, c_usdc, LiquidateBorrow{alice, 5, f.token[f.weth]->id()}, "(no reason)");
    const auto liquidated = check(falling, Amount{70'002'108'701}, decimal("7201346979800000000"),
        decimal("207446209200000000"));
    const auto row = f.events_of<LendingLiquidation>(liquidated.block).at(0);
    CHECK(row.collateral_amount_raw == decimal("7201346979800000000"));
    CHECK(row.protocol_fee_raw == decimal("207446209200000000"));
    CHECK(row.collateral_value == decimal("12956112271769988833044"));
    CHECK(row.debt_value == decimal("12341975567700067030000"));
    const auto balances = f.events_of<LendingBalance>(liquidated.block);
    CHECK(balances.at(0).debt_scaled == Amount{127'654'691'779});
    CHECK(balances.at(0).debt_raw == Amount{127'658'538'502});
    CHECK(balances.at(1).supplied_scaled == Amount{462'956'034'055});
    CHECK(balances.at(1).supplied_raw == decimal("92591206811000000010"));
    position = f.events_of<LendingPosition>(liquidated.block).at(0);
    CHECK(position.collateral == decimal("166583012065238200146571"));
    CHECK(position.health_factor == decimal("978976801634349478"));
    // WETH is worth more: many units of it for few of USDC. So much more that the ratio of seized
    // cTokens, 14,049,238,655,983, would be another one if anything in it were a unit more.
    price(f.weth, 260'095'487'259);
    const LiquidationOrder rising{bob, f.usdc, f.weth, decimal("1235339420123456789")};
    CHECK(asked_for(rising) == decimal("177946653273938454555"));
    CHECK(
        f.comptroller.view_at(f.now())->health(bob).health_factor == decimal("960911927679198874"));
    check(rising, decimal("75000000000000000000"), Amount{3'373'956'138}, Amount{97'192'152});
    CHECK(f.c_token[f.usdc]->balance(bob) == Amount{2'482'659'421'544'561});
}

TEST_CASE("compound: only the two markets of a liquidation are brought up to date",
    "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    f.supply(bob, f.usdc, whole(900'000, 6));
    f.supply(alice, f.weth, whole(100, 18));
    // As much as it may: the next block's interest is too much, but nobody has accrued it.
    f.borrow(alice, f.usdc, whole(150'000, 6));
    f.advance(1);
    const auto view = f.comptroller.view_at(f.now());
    CHECK(view->health(alice).health_factor < share(100));
    CHECK_FALSE(view->preview_liquidation({alice, f.weth, f.weth, 5}).has_value());
    f.expect_refusal(carol, f.c_token[f.weth]->id(),
        LiquidateBorrow{alice, 5, f.c_token[f.weth]->id()}, "LiquidateComptrollerRejection(3)");
    f.liquidate(carol, {alice, f.weth, f.usdc, whole(10, 6)});
}

TEST_CASE("compound: markets are entered and left, codes say why not", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto id = f.comptroller.id();
    const auto c_usdc = f.c_token[f.usdc]->id();
    const auto c_weth = f.c_token[f.weth]->id();
    f.supply(bob, f.usdc, whole(1'000, 6));
    f.supply(alice, f.weth, whole(1, 18));
    const auto entered = f.expect_ok(alice, id, EnterMarkets{{c_weth, f.token[0]->id(), c_usdc}});
    CHECK(entered.returns.values[0] == 0);
    CHECK(entered.returns.values[1] == 9);
    CHECK(entered.returns.values[2] == 0);
    CHECK(f.comptroller.membership(alice).markets.size() == 2);
    f.borrow(alice, f.usdc, whole(1'000, 6));
    f.expect_refusal(alice, id, ExitMarket{f.token[f.usdc]->id()}, "(no reason)");
    CHECK(f.expect_ok(alice, id, ExitMarket{c_usdc}).returns.values[0] == 12);
    CHECK(f.expect_ok(alice, id, ExitMarket{c_weth}).returns.values[0] == 14);
    // cTokens that secure debt do not move; what is free does, and allowances count.
    const auto held = f.c_token[f.weth]->balance(alice);
    f.expect_refusal(alice, c_weth, Erc20Transfer{bob, held}, "TransferComptrollerRejection(4)");
    f.expect_refusal(alice, c_weth, Erc20Transfer{alice, 1}, "TransferNotAllowed()");
    f.expect_refusal(bob, c_weth, Erc20TransferFrom{alice, bob, 1}, "Panic(0x11)");
    f.expect_ok(alice, c_weth, Erc20Approve{bob, 10});
    f.expect_ok(bob, c_weth, Erc20TransferFrom{alice, carol, 4});
    CHECK(f.c_token[f.weth]->allowance(alice, bob) == 6);
    CHECK(f.c_token[f.weth]->balance(carol) == 4);
    f.expect_ok(alice, c_usdc, RepayBorrow{Amount::max()});
    CHECK(f.expect_ok(alice, id, ExitMarket{c_weth}).returns.values[0] == 0);
    CHECK(f.comptroller.membership(alice).markets.size() == 1);
    CHECK(f.comptroller.membership(alice).has(f.usdc));
    f.expect_refusal(alice, c_usdc, Borrow{1}, "BorrowComptrollerRejection(4)");
    f.set_price(f.usdc, 0);
    f.expect_refusal(alice, c_usdc, Borrow{1}, "BorrowComptrollerRejection(13)");
}

TEST_CASE("compound: the admin's calls, and what they are refused with", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto id = f.comptroller.id();
    const auto c_usdc = f.c_token[f.usdc]->id();
    const auto nobody = f.token[f.usdc]->id();
    f.supply(bob, f.usdc, whole(1'000, 6));
    f.supply(bob, f.weth, whole(10, 18));
    CHECK(f.expect_ok(bob, id, SetCollateralFactor{c_usdc, 0}).returns.values[0] == 1);
    CHECK(f.expect_ok(f.admin, id, SetCollateralFactor{nobody, 0}).returns.values[0] == 9);
    CHECK(f.expect_ok(f.admin, id, SetCollateralFactor{c_usdc, share(91)}).returns.values[0] == 6);
    CHECK(f.expect_ok(f.admin, id, SetCollateralFactor{c_usdc, share(60)}).returns.values[0] == 0);
    CHECK(f.comptroller.config(f.usdc).collateral_factor == share(60));
    f.expect_refusal(
        bob, id, SetMintPaused{c_usdc, true}, "only pause guardian and admin can pause");
    f.expect_refusal(
        f.admin, id, SetMintPaused{nobody, true}, "cannot pause a market that is not listed");
    f.expect_ok(f.admin, id, SetMintPaused{c_usdc, true});
    f.expect_refusal(bob, c_usdc, Mint{1}, "mint is paused");
    CHECK(f.comptroller.view_at(f.now())->reserve(f.usdc).supply_room.is_zero());
    f.expect_ok(f.admin, id, SetMarketBorrowCaps{{c_usdc}, {whole(100, 6)}});
    CHECK(f.comptroller.view_at(f.now())->reserve(f.usdc).borrow_room ==
          wrapping_sub(whole(100, 6), 1));
    f.expect_refusal(bob, c_usdc, Borrow{whole(100, 6)}, "market borrow cap reached");
    f.borrow(bob, f.usdc, wrapping_sub(whole(100, 6), 1));
    f.expect_refusal(f.admin, id, SetMarketBorrowCaps{{c_usdc}, {}}, "invalid input");
    f.expect_ok(f.admin, id, SetBorrowPaused{c_usdc, true});
    f.expect_refusal(bob, c_usdc, Borrow{1}, "borrow is paused");
    f.expect_ok(f.admin, id, SetTransferPaused{true});
    f.expect_refusal(bob, c_usdc, Erc20Transfer{carol, 1}, "transfer is paused");
    f.expect_refusal(bob, c_usdc, SetReserveFactor{0}, "SetReserveFactorAdminCheck()");
    f.expect_refusal(
        bob, c_usdc, SetReserveFactor{wrapping_add(one, 1)}, "SetReserveFactorAdminCheck()");
    f.expect_refusal(
        f.admin, c_usdc, SetReserveFactor{wrapping_add(one, 1)}, "SetReserveFactorBoundsCheck()");
    f.expect_refusal(bob, c_usdc, ReduceReserves{0}, "ReduceReservesAdminCheck()");
    f.expect_refusal(bob, c_usdc, ReduceReserves{Amount::max()}, "ReduceReservesAdminCheck()");
    f.expect_ok(bob, c_usdc, AddReserves{whole(5, 6)});
    f.expect_refusal(f.admin, c_usdc, ReduceReserves{wrapping_add(whole(5, 6), 1)},
        "ReduceReservesCashValidation()");
    f.expect_ok(f.admin, c_usdc, ReduceReserves{whole(5, 6)});
    CHECK(f.token[f.usdc]->balance(f.admin) == whole(5, 6));

    // A market that is wound up: whoever owes in it may be liquidated, solvent or not.
    f.expect_ok(f.admin, id, SetCollateralFactor{c_usdc, 0});
    f.expect_ok(f.admin, c_usdc, SetReserveFactor{one});
    const auto owed = f.comptroller.view_at(f.now())->holding(bob, f.usdc).debt;
    CHECK(f.comptroller.view_at(f.now())->max_liquidatable_debt(bob, f.usdc) == owed);
    f.expect_refusal(alice, c_usdc,
        LiquidateBorrow{bob, wrapping_add(owed, 1), f.c_token[f.weth]->id()},
        "Can not repay more than the total borrow");
    f.set_price(f.weth, 0);
    f.expect_refusal(alice, c_usdc, LiquidateBorrow{bob, owed, f.c_token[f.weth]->id()},
        "LIQUIDATE_COMPTROLLER_CALCULATE_AMOUNT_SEIZE_FAILED");
    f.set_price(f.weth, 200'000);
    f.expect_ok(f.admin, id, SetSeizePaused{true});
    f.expect_refusal(
        alice, c_usdc, LiquidateBorrow{bob, owed, f.c_token[f.weth]->id()}, "seize is paused");
    f.expect_ok(f.admin, id, SetSeizePaused{false});
    f.liquidate(alice, {bob, f.weth, f.usdc, owed});
}

TEST_CASE("compound: governance names another rate model, and its owner sets a curve",
    "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    auto& market = *f.c_token[f.usdc];
    const auto c_usdc = market.id();
    const auto flat = f.model[1]->id();
    f.supply(alice, f.usdc, whole(1'000, 6));
    f.supply(bob, f.weth, whole(1, 18));
    CallWriter enter;
    enter.add(f.comptroller.id(), EnterMarkets{{f.c_token[f.weth]->id()}});
    f.expect_ok(bob, enter);
    f.borrow(bob, f.usdc, whole(800, 6));

    f.expect_refusal(bob, c_usdc, SetInterestRateModel{flat}, "SetInterestRateModelOwnerCheck()");
    f.expect_refusal(f.admin, c_usdc, SetInterestRateModel{f.token[0]->id()}, "(no reason)");
    f.expect_refusal(f.admin, c_usdc, SetInterestRateModel{ContractId{10'000}}, "(no reason)");
    f.expect_refusal(
        f.admin, f.c_token[f.weth]->id(), SetInterestRateModel{flat}, "this market's curve stays");
    f.expect_refusal(bob, f.c_token[f.weth]->id(), SetInterestRateModel{flat},
        "SetInterestRateModelOwnerCheck()");
    f.expect_refusal(f.admin, f.c_token[f.weth]->id(), SetInterestRateModel{f.token[0]->id()},
        "this market's curve stays");

    // Up to now by the old curve, at its kink: 800 USDC at (2 % + 10 %) a year of 2,102,400 blocks,
    // for 100,000 of them.
    f.advance(100'000);
    const auto view = [&] { return f.comptroller.view_at(f.now()); };
    CHECK(view()->reserves()[f.usdc].borrow_rate.to_double() < 0.2e27);
    const auto outcome = f.expect_ok(f.admin, c_usdc, SetInterestRateModel{flat});
    const auto named = ContractFixture::events_of<NewMarketInterestRateModelLog>(outcome.block);
    REQUIRE(named.size() == 1);
    CHECK(named[0].old_interest_rate_model == f.model[0]->id());
    CHECK(named[0].new_interest_rate_model == flat);
    CHECK(market.state().total_borrows == Amount{804'566'210});
    CHECK(view()->reserves()[f.usdc].borrow_rate.to_double() > 0.4e27);

    // From now on 50 %, and whoever looks ahead knows.
    f.advance(100'000);
    const auto ahead = view()->reserves()[f.usdc].total_debt;
    CHECK(f.expect_ok(bob, c_usdc, AccrueInterest{}).undeclared_touches == 0);
    CHECK(market.state().total_borrows == Amount{823'700'680});
    CHECK(ahead == market.state().total_borrows);

    // A curve that is set counts from the last accrual on: ten blocks at 100 %.
    const UpdateJumpRateModel update{whole(1, 18), {}, {}, share(80)};
    f.advance(10);
    f.expect_refusal(bob, flat, update, "only the owner may call this function.");
    f.expect_refusal(f.admin, flat, UpdateJumpRateModel{whole(1, 18), {}, {}, {}}, "Panic(0x12)");
    f.expect_refusal(f.admin, flat,
        UpdateJumpRateModel{{}, Amount::power_of_two(200), {}, share(80)}, "Panic(0x11)");
    const auto updated =
        ContractFixture::events_of<NewInterestParamsLog>(f.expect_ok(f.admin, flat, update).block);
    REQUIRE(updated.size() == 1);
    CHECK(updated[0].base_rate_per_block == Amount{475'646'879'756});
    CHECK(updated[0].kink == share(80));
    f.expect_ok(bob, c_usdc, AccrueInterest{});
    CHECK(market.state().total_borrows == Amount{823'704'597});

    // Interest beyond 0.0005 % a block is refused, whoever chose the curve.
    f.expect_ok(f.admin, flat, UpdateJumpRateModel{whole(11, 18), {}, {}, share(80)});
    f.advance(1);
    f.expect_refusal(bob, c_usdc, AccrueInterest{}, "borrow rate is absurdly high");
    f.expect_refusal(
        f.admin, c_usdc, SetInterestRateModel{f.model[0]->id()}, "borrow rate is absurdly high");
    f.expect_ok(f.admin, flat, update);
    f.expect_ok(f.admin, c_usdc, SetInterestRateModel{f.model[0]->id()});
}

TEST_CASE("compound: COMP goes to suppliers and borrowers by their shares", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto claim = [&](AccountId user)
    {
        f.expect_ok(user, f.comptroller.id(), ClaimComp{user});
        return f.comp.balance(user);
    };
    f.supply(alice, f.usdc, whole(3'000, 6));
    f.supply(bob, f.usdc, whole(1'000, 6));
    f.supply(carol, f.weth, whole(10, 18));
    f.advance(100);
    // Three quarters and one quarter of a COMP a block, all but a rounding.
    CHECK(wrapping_sub(whole(75, 18), claim(alice)) < Amount{1'000'000'000});
    CHECK(wrapping_sub(whole(25, 18), claim(bob)) < Amount{1'000'000'000});
    CHECK(claim(carol).is_zero());
    f.borrow(carol, f.usdc, whole(500, 6));
    f.advance(40);
    CHECK(wrapping_sub(whole(40, 18), claim(carol)) < Amount{1'000'000'000});
    // What is not there stays owed: 860 are left, and she has earned more.
    f.advance(2'000);
    const auto before = f.comp.balance(carol);
    CHECK(claim(carol) == before);
    CHECK(
        wrapping_sub(whole(2'000, 18), f.comptroller.comp_accrued(carol)) < Amount{1'000'000'000});
    // A new speed counts from now on.
    f.expect_ok(
        f.admin, f.comptroller.id(), SetCompSpeeds{{f.c_token[f.usdc]->id()}, {whole(2, 18)}, {0}});
    f.advance(10);
    CHECK(f.comptroller.comp_state(f.usdc).borrow_block == f.block - 10);
    f.expect_refusal(alice, f.comptroller.id(), SetCompSpeeds{{f.c_token[f.usdc]->id()}, {0}, {0}},
        "only admin can set comp speed");
    for (const auto& call : {SetCompSpeeds{{f.c_token[f.usdc]->id()}, {}, {0}},
             SetCompSpeeds{{f.c_token[f.usdc]->id()}, {0}, {}}})
    {
        f.expect_refusal(
            f.admin, f.comptroller.id(), call, "Comptroller::_setCompSpeeds invalid input");
    }
}

// 2^130 units a block for fifty c-tokens, or for a debt of a few units: about 2^244 a token.
TEST_CASE("compound: an index of COMP beyond 224 bits is refused", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto c_usdc = f.c_token[f.usdc]->id();
    f.supply(alice, f.usdc, 1);
    const auto speed = Amount::power_of_two(130);
    f.expect_ok(f.admin, f.comptroller.id(), SetCompSpeeds{{c_usdc}, {speed}, {0}});
    f.advance(1);
    f.expect_refusal(bob, c_usdc, Mint{1}, "new index exceeds 224 bits");

    CompoundFixture g;
    g.supply(alice, g.usdc, whole(1, 6));
    g.supply(carol, g.weth, whole(1, 18));
    g.borrow(carol, g.usdc, 3);
    g.expect_ok(g.admin, g.comptroller.id(), SetCompSpeeds{{c_usdc}, {0}, {speed}});
    g.advance(1);
    g.expect_refusal(carol, c_usdc, Borrow{1}, "new index exceeds 224 bits");
}

TEST_CASE("compound: a token that answers false is refused", "[contracts][lending]")
{
    CompoundFixture f{TokenQuirks{0, {}, TransferAnswer::false_on_failure}};
    const auto id = f.c_token[f.usdc]->id();
    f.expect_refusal(f.users[0], id, Mint{whole(1'000'001, 6)}, "TOKEN_TRANSFER_IN_FAILED");
    f.expect_ok(f.users[0], id, Mint{whole(1'000'000, 6)});
}

TEST_CASE("compound: who posts prices, and of what", "[contracts][lending]")
{
    ContractFixture f;
    const auto poster = f.sandbox.account("poster");
    const auto alice = f.sandbox.account("alice");
    auto& token = f.sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin4);
    auto& oracle = f.sandbox.add<CompoundV2SimplePriceOracle>(
        "oracle", "poster", std::vector<std::pair<ContractId, Amount>>{{token.id(), 7}});
    f.sandbox.connect();
    const ContractId unknown{99};
    f.expect_refusal(alice, oracle.id(), SetDirectPrice{unknown, 8},
        "SimplePriceOracle: caller is not the poster");
    f.expect_refusal(
        poster, oracle.id(), SetDirectPrice{unknown, 8}, "SimplePriceOracle: unknown token");
    CHECK(oracle.prices().get(index(token.id())) == Amount{7});
    f.expect_ok(poster, oracle.id(), SetDirectPrice{token.id(), 8});
    CHECK(oracle.prices().get(index(token.id())) == Amount{8});

    // Without such an account nobody posts, the zero account included.
    auto& orphan = f.sandbox.add<CompoundV2SimplePriceOracle>(
        "orphan", "somebody", std::vector<std::pair<ContractId, Amount>>{});
    f.sandbox.connect();
    f.expect_refusal(zero_account, orphan.id(), SetDirectPrice{token.id(), 8},
        "SimplePriceOracle: caller is not the poster");
}

TEST_CASE("compound: roundings favour whom the deployed market favours", "[contracts][lending]")
{
    CompoundFixture f;
    const auto [alice, bob, carol] = f.users;
    const auto c_weth = f.c_token[f.weth]->id();
    // 0.02 WETH are a cToken: a unit of it is 2e8 wei, and less is nothing.
    f.expect_ok(alice, c_weth, Mint{299'999'999});
    CHECK(f.c_token[f.weth]->balance(alice) == 1);
    f.expect_ok(alice, c_weth, Mint{99'999'999});
    CHECK(f.c_token[f.weth]->balance(alice) == 1);
    // The rate has grown by what came for nothing.
    CHECK(f.c_token[f.weth]->exchange_rate_stored().value == wrapping_mul(399'999'998, one));
    f.expect_refusal(alice, c_weth, RedeemUnderlying{399'999'997}, "redeemTokens zero");
    CHECK(f.expect_ok(alice, c_weth, RedeemUnderlying{399'999'998}).returns.values[1] == 1);
    CHECK(f.c_token[f.weth]->cash().is_zero());
    // Without supply the first rate is the rate again.
    CHECK(f.c_token[f.weth]->exchange_rate_stored().value == wrapping_mul(200'000'000, one));
}

TEST_CASE("compound: random operations keep every market solvent", "[contracts][lending]")
{
    std::mt19937_64 random{20'240'131};
    std::size_t liquidations = 0;
    for (unsigned round = 0; round < 6; ++round)
    {
        CompoundFixture f;
        const auto draw = [&](std::uint64_t below) { return random() % below; };
        for (const auto user : f.users)
        {
            f.supply(user, f.usdc, whole(10'000 + draw(100'000), 6));
            f.supply(user, f.weth, whole(10 + draw(100), 18));
        }
        for (unsigned step = 0; step < 160; ++step)
        {
            f.advance(draw(3) == 0 ? draw(20'000) : draw(3));
            const auto user = f.users[draw(3)];
            const auto other = f.users[draw(3)];
            const auto reserve = draw(2);
            const auto decimals = reserve == f.usdc ? 6U : 18U;
            const auto amount = draw(8) == 0 ? Amount{draw(3)}
                                             : div_down(whole(1 + draw(40'000), decimals),
                                                   reserve == f.usdc ? 1U : 1'000U);
            CallWriter calls;
            switch (draw(8))
            {
                case 0: f.comptroller.add_supply(calls, reserve, amount, user); break;
                case 1: f.comptroller.add_withdraw(calls, reserve, amount, user); break;
                case 2:
                case 3: f.comptroller.add_borrow(calls, reserve, amount); break;
                case 4:
                    f.comptroller.add_repay(
                        calls, reserve, draw(2) == 0 ? Amount::max() : amount, other);
                    break;
                case 5:
                    calls.add(f.c_token[reserve]->id(),
                        Erc20Transfer{other, f.c_token[reserve]->balance(user)});
                    break;
                case 6: f.set_price(f.weth, 50'000 + draw(400'000)); continue;
                default: {
                    const auto view = f.comptroller.view_at(f.now());
                    const auto debt = draw(2);
                    const LiquidationOrder order{
                        other, reserve, debt, view->max_liquidatable_debt(other, debt)};
                    if (user != other && f.c_token[reserve]->balance(user).is_zero() &&
                        view->preview_liquidation(order).has_value() &&
                        view->preview_liquidation(order)->debt <= f.token[debt]->balance(user))
                    {
                        f.liquidate(user, order);
                        ++liquidations;
                    }
                    continue;
                }
            }
            f.sandbox.set_block(f.block);
            (void)f.sandbox.run(user, calls);
            const auto findings = f.sandbox.world().check_invariants();
            INFO((findings.empty() ? std::string{} : findings.front()));
            REQUIRE(findings.empty());
            // What is owned, and the reserves, is what is there.
            for (const auto* market : f.c_token)
            {
                const auto& state = market->state();
                const auto owned =
                    multiply_down(market->exchange_rate_stored(), state.total_supply) +
                    state.total_reserves;
                REQUIRE(owned.value <= wrapping_add(market->cash(), state.total_borrows));
            }
        }
    }
    CHECK(liquidations > 0);
}

}  // namespace runnel::contracts
