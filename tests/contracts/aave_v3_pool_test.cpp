#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/aave_v3/deployer.hpp"
#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/registry.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "tests/contracts/aave_v3_fixture.hpp"

#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::contracts::aave_v3;

namespace
{
using Fixture = AaveV3Fixture;

Amount decimal(std::string_view text)
{
    return Amount::from_decimal(text).value();
}

/// The last event of its type in the outcome's block.
template <typename Event>
std::optional<Event> last(const Sandbox::Outcome& outcome)
{
    std::optional<Event> result;
    for (const auto& event : outcome.block.events)
    {
        Event value;
        if (event.type == &event_type<Event> && decode(outcome.block.encoding(event), value))
            result = value;
    }
    return result;
}

/// Bob borrows 15'000 USDC of Alice's 20'000 against 10 WETH, the most that 75 % allows.
struct IndebtedFixture : Fixture
{
    IndebtedFixture()
    {
        supply(alice, usdc, tokens(20'000, 6));
        supply(bob, weth, tokens(10));
        borrow(bob, usdc, tokens(15'000, 6));
    }
};
}  // namespace

TEST_CASE("aave v3 pool: what is supplied first becomes collateral", "[contracts][aave_v3]")
{
    Fixture f;
    const auto outcome = f.expect_ok(f.alice, Supply{f.id(f.weth), tokens(3), f.bob});
    CHECK(f.token[f.weth]->balance(f.alice) == tokens(997));
    CHECK(f.pool.cash(f.weth) == tokens(3));
    const auto balance = f.balance(f.bob, f.weth);
    CHECK(balance.supplied == tokens(3));
    CHECK(balance.used_as_collateral);
    const auto data = f.data(f.bob);
    CHECK(data.collateral == f.dollars(6'000));
    CHECK(data.available_borrows == f.dollars(4'500));
    CHECK(data.ltv == 7'500);
    CHECK(data.liquidation_threshold == 8'000);
    CHECK(data.health_factor == Amount::max());

    const auto log = last<SupplyLog>(outcome).value();
    CHECK(log.user == f.alice);
    CHECK(log.on_behalf_of == f.bob);
    CHECK(log.amount == tokens(3));
    CHECK(last<CollateralEnabledLog>(outcome)->user == f.bob);
    const auto position = last<LendingPosition>(outcome).value();
    CHECK(position.account == f.bob);
    CHECK(position.collateral == data.collateral);
    CHECK(last<LendingBalance>(outcome)->supplied_raw == tokens(3));
    CHECK(last<LendingReserve>(outcome)->token == f.id(f.dai));  // One row for each reserve.

    // More of it changes no bit, and none is set without a loan-to-value.
    CHECK_FALSE(last<CollateralEnabledLog>(f.expect_ok(f.bob, Supply{f.id(f.weth), 1, f.bob})));
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{f.id(f.dai), 0, 8'000, 10'500});
    f.supply(f.bob, f.dai, tokens(1));
    CHECK_FALSE(f.balance(f.bob, f.dai).used_as_collateral);
}

TEST_CASE("aave v3 pool: a year's interest, by hand", "[contracts][aave_v3]")
{
    // 40 % usage: borrowers pay 2 %, suppliers get 2 % * 40 % * 90 % = 0.72 %.
    Fixture f;
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    f.supply(f.bob, f.weth, tokens(10));
    f.borrow(f.bob, f.usdc, tokens(4'000, 6));
    CHECK(
        f.pool.reserve_state(f.usdc).variable_borrow_rate == decimal("20000000000000000000000000"));
    CHECK(f.pool.reserve_state(f.usdc).liquidity_rate == decimal("7200000000000000000000000"));
    f.pass(seconds_per_year);

    CHECK(f.balance(f.bob, f.usdc).debt == 4'080'800'000);
    CHECK(f.balance(f.alice, f.usdc).supplied == 10'072'000'000);
    CHECK(f.data(f.bob).debt == decimal("408080000000"));
    // Views look ahead; the record is brought to now by the next operation, whoever makes it.
    CHECK(f.pool.reserve_state(f.usdc).liquidity_index == ray);
    f.supply(f.carol, f.usdc, 1);
    const auto& state = f.pool.reserve_state(f.usdc);
    CHECK(state.liquidity_index == decimal("1007200000000000000000000000"));
    CHECK(state.variable_borrow_index == decimal("1020199999993627485828216000"));
    CHECK(state.accrued_to_treasury == 8'022'240);  // 10 % of 80.8, scaled.

    MintToTreasury mint;
    mint.assets.push_back(f.id(f.usdc));
    mint.assets.push_back(native_coin);  // No reserve: skipped.
    const auto outcome = f.expect_ok(f.carol, mint);
    CHECK(last<MintedToTreasuryLog>(outcome)->amount_minted == 8'080'000);
    CHECK(f.balance(f.treasury, f.usdc).supplied == 8'080'000);
    CHECK(f.pool.reserve_state(f.usdc).accrued_to_treasury.is_zero());

    const auto repaid = f.expect_ok(f.bob, Repay{f.id(f.usdc), Amount::max(), 2, f.bob});
    CHECK(repaid.returns.values[0] == 4'080'800'000);
    CHECK_FALSE(f.pool.has_debt(f.bob));
    const auto withdrawn = f.expect_ok(f.alice, Withdraw{f.id(f.usdc), Amount::max(), f.carol});
    CHECK(withdrawn.returns.values[0] == 10'072'000'000);
    CHECK(f.token[f.usdc]->balance(f.carol) == wrapping_sub(tokens(1'010'072, 6), 1));
    CHECK_FALSE(f.balance(f.alice, f.usdc).used_as_collateral);
}

TEST_CASE("aave v3 pool: supply checks in the deployed order", "[contracts][aave_v3]")
{
    Fixture f;
    const auto asset = f.id(f.dai);
    f.expect_ok(f.admin, SetSupplyCap{asset, 100});
    f.expect_refusal(f.alice, Supply{asset, wrapping_add(tokens(100), 1), f.alice}, "51");
    f.supply(f.alice, f.dai, tokens(100));
    f.expect_refusal(f.alice, Supply{asset, 1, f.alice}, "51");
    f.expect_ok(f.admin, SetSupplyCap{asset, 0});
    f.expect_refusal(f.alice, Supply{asset, tokens(1'000'000), f.alice},
        "ERC20: transfer amount exceeds balance");
    f.expect_refusal(f.admin, Supply{asset, 1, f.alice}, "ERC20: insufficient allowance");
    f.expect_ok(f.admin, SetReserveFreeze{asset, true});
    f.expect_refusal(f.alice, Supply{asset, 1, f.alice}, "28");
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.alice, Supply{asset, 1, f.alice}, "29");
    f.expect_refusal(f.alice, Supply{asset, 0, f.alice}, "26");
    f.expect_refusal(f.alice, Supply{native_coin, 1, f.alice}, "(no reason)");
}

TEST_CASE("aave v3 pool: withdraw checks in the deployed order", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto asset = f.id(f.weth);
    f.expect_refusal(f.bob, Withdraw{asset, 0, f.bob}, "26");
    f.expect_refusal(f.carol, Withdraw{asset, Amount::max(), f.carol}, "26");
    f.expect_refusal(f.bob, Withdraw{asset, wrapping_add(tokens(10), 1), f.bob}, "32");
    // 15'000 / 0.8 = 18'750 USD must stay: 9.375 WETH.
    f.expect_refusal(f.bob, Withdraw{asset, decimal("625000000000000001"), f.bob}, "35");
    f.expect_ok(f.bob, Withdraw{asset, decimal("625000000000000000"), f.bob});
    CHECK(f.data(f.bob).health_factor == wad);
    f.expect_refusal(f.bob, Withdraw{asset, Amount::max(), f.bob}, "35");
    // What is lent out is not there: the rates cannot even be computed.
    f.expect_refusal(f.alice, Withdraw{f.id(f.usdc), Amount::max(), f.alice}, "Panic(0x11)");
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.bob, Withdraw{asset, 1, f.bob}, "29");

    // Collateral that lost its loan-to-value has to leave first.
    f.expect_ok(f.admin, SetReservePause{asset, false});
    f.supply(f.bob, f.dai, tokens(20'000));
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{f.id(f.dai), 0, 8'000, 10'500});
    f.expect_refusal(f.bob, Withdraw{asset, 1, f.bob}, "57");
    f.expect_ok(f.bob, Withdraw{f.id(f.dai), 1, f.bob});
}

TEST_CASE("aave v3 pool: borrow checks in the deployed order", "[contracts][aave_v3]")
{
    Fixture f;
    const auto asset = f.id(f.usdc);
    f.supply(f.alice, f.usdc, tokens(20'000, 6));
    f.expect_refusal(f.bob, Borrow{asset, 1, 3}, "Panic(0x21)");
    f.expect_refusal(f.bob, Borrow{native_coin, 1, 3}, "Panic(0x21)");
    f.expect_refusal(f.bob, Borrow{native_coin, 1, 2}, "(no reason)");
    f.expect_refusal(f.bob, Borrow{asset, 0, 0}, "26");
    f.expect_refusal(f.bob, Borrow{asset, 1, 0}, "33");
    f.expect_refusal(f.bob, Borrow{asset, 1, 2}, "34");
    f.supply(f.bob, f.weth, tokens(10));
    f.expect_refusal(f.bob, Borrow{asset, tokens(15'001, 6), 2}, "36");
    f.expect_refusal(f.bob, Borrow{asset, tokens(15'001, 6), 1}, "36");
    f.expect_refusal(f.bob, Borrow{asset, tokens(15'000, 6), 1}, "31");
    f.expect_ok(f.admin, SetBorrowCap{asset, 14'999});
    f.expect_refusal(f.bob, Borrow{asset, tokens(15'000, 6), 2}, "50");
    f.expect_ok(f.admin, SetBorrowCap{asset, 15'000});
    f.borrow(f.bob, f.usdc, tokens(15'000, 6));
    f.expect_refusal(f.bob, Borrow{asset, 1, 2}, "50");
    f.expect_ok(f.admin, SetBorrowCap{asset, 0});
    f.set_price(f.weth, f.dollars(1'875));  // A health factor of exactly 1 is not enough here.
    f.expect_refusal(f.bob, Borrow{asset, 1, 2}, "35");
    f.expect_ok(f.admin, SetReserveBorrowing{asset, false});
    f.expect_refusal(f.bob, Borrow{asset, 1, 0}, "30");
    f.expect_ok(f.admin, SetReserveFreeze{asset, true});
    f.expect_refusal(f.bob, Borrow{asset, 1, 0}, "28");
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.bob, Borrow{asset, 1, 0}, "29");
    f.expect_refusal(f.bob, Borrow{asset, 0, 0}, "26");

    f.supply(f.carol, f.dai, tokens(100));
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{f.id(f.dai), 0, 8'000, 10'500});
    f.expect_refusal(f.carol, Borrow{f.id(f.weth), 1, 2}, "57");
    // More than the pool holds, within what the collateral is good for.
    f.set_price(f.weth, f.dollars(100'000));
    f.expect_refusal(f.bob, Borrow{f.id(f.dai), tokens(101), 2}, "Panic(0x11)");
}

TEST_CASE("aave v3 pool: repay checks in the deployed order", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto asset = f.id(f.usdc);
    f.expect_refusal(f.bob, Repay{asset, 1, 3, f.bob}, "Panic(0x21)");
    f.expect_refusal(f.bob, Repay{asset, 0, 2, f.bob}, "26");
    f.expect_refusal(f.alice, Repay{asset, Amount::max(), 2, f.bob}, "40");
    f.expect_refusal(f.alice, Repay{asset, 1, 2, f.alice}, "39");
    f.expect_refusal(f.bob, Repay{asset, 1, 1, f.bob}, "39");
    f.expect_refusal(f.bob, RepayWithATokens{asset, 0, 2}, "26");
    f.expect_refusal(f.bob, RepayWithATokens{asset, 5, 2}, "Panic(0x11)");  // He has none.
    f.expect_refusal(f.bob, RepayWithATokens{asset, Amount::max(), 2}, "25");
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.alice, Repay{asset, 1, 2, f.alice}, "29");
    f.expect_ok(f.admin, SetReservePause{asset, false});
    // Somebody else may repay; more than the debt is not taken.
    const auto outcome = f.expect_ok(f.carol, Repay{asset, tokens(20'000, 6), 2, f.bob});
    CHECK(outcome.returns.values[0] == tokens(15'000, 6));
    const auto log = last<RepayLog>(outcome).value();
    CHECK(log.user == f.bob);
    CHECK(log.repayer == f.carol);
    CHECK(last<LendingPosition>(outcome)->health_factor == Amount::max());
}

TEST_CASE("aave v3 pool: own aTokens repay, and stay marked as collateral", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    f.supply(f.bob, f.usdc, tokens(1'000, 6));
    const auto cash = f.pool.cash(f.usdc);
    const auto outcome = f.expect_ok(f.bob, RepayWithATokens{f.id(f.usdc), Amount::max(), 2});
    CHECK(outcome.returns.values[0] == tokens(1'000, 6));
    CHECK(f.balance(f.bob, f.usdc).debt == tokens(14'000, 6));
    CHECK(f.balance(f.bob, f.usdc).supplied.is_zero());
    CHECK(f.balance(f.bob, f.usdc).used_as_collateral);
    CHECK(f.pool.cash(f.usdc) == cash);
}

TEST_CASE(
    "aave v3 pool: collateral is switched off only by who stays healthy", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto asset = f.id(f.weth);
    f.expect_refusal(f.carol, SetUserUseReserveAsCollateral{asset, false}, "43");
    f.expect_refusal(f.bob, SetUserUseReserveAsCollateral{asset, false}, "35");
    f.expect_ok(f.bob, SetUserUseReserveAsCollateral{asset, true});  // As it was: nothing happens.
    f.supply(f.bob, f.dai, tokens(20'000));
    f.expect_ok(f.bob, SetUserUseReserveAsCollateral{asset, false});
    CHECK(f.data(f.bob).collateral == f.dollars(20'000));
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{asset, 0, 8'000, 10'500});
    f.expect_refusal(f.bob, SetUserUseReserveAsCollateral{asset, true}, "62");
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.bob, SetUserUseReserveAsCollateral{asset, true}, "29");
}

TEST_CASE("aave v3 pool: a liquidation of half the debt, by hand", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    f.set_price(f.weth, f.dollars(1'800));  // Health factor 18'000 * 0.8 / 15'000 = 0.96.
    CHECK(f.data(f.bob).health_factor == decimal("960000000000000000"));
    const auto market = f.pool.market(f.now);
    CHECK(f.pool.liquidatable_debt(f.bob, f.usdc, market) == tokens(7'500, 6));
    const auto quote =
        f.pool.quote_liquidation(f.weth, f.usdc, f.bob, Amount::max(), false, market).value();

    const auto outcome = f.expect_ok(
        f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.bob, Amount::max(), false});
    // 7'500 / 1'800 * 1.05 = 4.375 WETH, less a tenth of the bonus of 0.2083 WETH.
    CHECK(outcome.returns.values[0] == tokens(7'500, 6));
    CHECK(outcome.returns.values[1] == decimal("4354166666666666666"));
    CHECK(f.balance(f.treasury, f.weth).supplied == decimal("20833333333333333"));
    CHECK(f.balance(f.bob, f.weth).supplied == decimal("5625000000000000001"));
    CHECK(f.token[f.weth]->balance(f.carol) ==
          wrapping_add(tokens(1'000), decimal("4354166666666666666")));
    CHECK(quote.debt == outcome.returns.values[0]);
    CHECK(quote.collateral == outcome.returns.values[1]);
    CHECK(quote.fee == decimal("20833333333333333"));

    const auto log = last<LiquidationCallLog>(outcome).value();
    CHECK(log.liquidator == f.carol);
    CHECK(log.liquidated_collateral_amount == decimal("4354166666666666666"));
    const auto row = last<LendingLiquidation>(outcome).value();
    CHECK(row.debt_value == f.dollars(7'500));
    CHECK(row.collateral_value == decimal("783749999999"));
    CHECK(quote.collateral_value == row.collateral_value);
    CHECK(quote.debt_value == row.debt_value);
    CHECK(last<LendingPosition>(outcome)->account == f.bob);
    CHECK(f.data(f.bob).health_factor > wad);
    CHECK(f.pool.bad_debt(f.now).is_zero());
}

TEST_CASE(
    "aave v3 pool: a liquidation that takes all collateral leaves bad debt", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    f.set_price(f.weth, f.dollars(1'200));
    CHECK(f.pool.bad_debt(f.now) == f.dollars(3'000));
    CHECK(f.pool.borrowers() == std::vector{f.bob});
    const auto outcome = f.expect_ok(
        f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.bob, tokens(15'000, 6), true});
    // 10 WETH pay for 12'000 / 1.05 USD.
    CHECK(outcome.returns.values[0] == 11'428'571'429);
    CHECK(outcome.returns.values[1] == decimal("9952380952380952381"));
    CHECK(f.balance(f.treasury, f.weth).supplied == decimal("47619047619047619"));
    CHECK(f.balance(f.bob, f.weth).supplied.is_zero());
    CHECK_FALSE(f.balance(f.bob, f.weth).used_as_collateral);
    CHECK(f.balance(f.carol, f.weth).supplied == decimal("9952380952380952381"));
    CHECK(f.balance(f.carol, f.weth).used_as_collateral);
    CHECK(f.pool.bad_debt(f.now) == decimal("357142857100"));
    // There is nothing left to take.
    f.expect_refusal(
        f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.bob, 1'000, false}, "46");
    CHECK_FALSE(
        f.pool.quote_liquidation(f.weth, f.usdc, f.bob, 1'000, false, f.pool.market(f.now)));
}

TEST_CASE(
    "aave v3 pool: a fixed close factor does not grow when health falls", "[contracts][aave_v3]")
{
    for (const auto close_factor_bps : {std::uint16_t{5'000}, std::uint16_t{2'500}})
    {
        AaveV3Fixture f{Version::v3_0_2, close_factor_bps};
        f.supply(f.alice, f.usdc, tokens(20'000, 6));
        f.supply(f.bob, f.weth, tokens(10));
        f.borrow(f.bob, f.usdc, tokens(15'000, 6));
        f.set_price(f.weth, f.dollars(1'600));  // Health factor 0.853: v3.0.2 closes all.
        const auto part = percent_mul_half_up(tokens(15'000, 6), close_factor_bps).value;
        CHECK(f.pool.liquidatable_debt(f.bob, f.usdc, f.pool.market(f.now)) == part);
        const auto outcome = f.expect_ok(
            f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.bob, Amount::max(), false});
        CHECK(outcome.returns.values[0] == part);
        CHECK(f.balance(f.bob, f.usdc).debt == wrapping_sub(tokens(15'000, 6), part));
    }
    const auto* type = find_contract_type("aave_v3_fixed_close_pool");
    REQUIRE(type == &AaveV3Pool::contract_type_fixed_close());
    const auto has_factor = [](const ContractType& kind)
    {
        return std::any_of(kind.parameters.begin(), kind.parameters.end(),
            [](const ParameterSpec& spec) { return spec.name == "close_factor_bps"; });
    };
    CHECK(has_factor(*type));
    // Of scenarios with pools of v3.0.2 the manifest stays what it was.
    CHECK_FALSE(has_factor(AaveV3Pool::contract_type()));
}

TEST_CASE(
    "aave v3 pool: collateral that is just enough pays the debt asked for", "[contracts][aave_v3]")
{
    // 7'500 / 1'800 * 1.05 WETH, each step rounded down: valued backwards it is a unit short.
    Fixture f;
    f.supply(f.alice, f.usdc, tokens(20'000, 6));
    f.set_price(f.weth, f.dollars(2'500));
    f.supply(f.bob, f.weth, decimal("4374999999999999999"));
    f.borrow(f.bob, f.usdc, tokens(7'500, 6));
    f.set_price(f.weth, f.dollars(1'800));
    const auto outcome = f.expect_ok(
        f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.bob, Amount::max(), false});
    CHECK(outcome.returns.values[0] == tokens(7'500, 6));
    CHECK(outcome.returns.values[1] == decimal("4354166666666666666"));
    CHECK(f.pool.user_config(f.bob).is_empty());
}

TEST_CASE("aave v3 pool: liquidation checks in the deployed order", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto call = [&](std::size_t collateral, std::size_t debt, const Amount& amount) {
        return LiquidationCall{f.id(collateral), f.id(debt), f.bob, amount, false};
    };
    f.expect_refusal(
        f.carol, LiquidationCall{f.id(f.weth), native_coin, f.bob, 1, false}, "(no reason)");
    f.expect_refusal(f.carol, LiquidationCall{native_coin, f.id(f.usdc), f.bob, 1, false}, "27");
    f.expect_refusal(f.carol, call(f.weth, f.usdc, 1), "45");
    f.set_price(f.weth, f.dollars(1'875));  // A health factor of exactly 1 is safe.
    f.expect_refusal(f.carol, call(f.weth, f.usdc, 1), "45");
    f.set_price(f.weth, f.dollars(1'800));
    f.expect_refusal(f.carol, call(f.dai, f.usdc, 1), "46");
    f.expect_refusal(f.carol, call(f.weth, f.dai, 1), "47");
    f.expect_refusal(f.carol, call(f.weth, f.usdc, 0), "25");
    f.expect_refusal(f.admin, call(f.weth, f.usdc, tokens(1, 6)), "ERC20: insufficient allowance");
    f.expect_ok(f.admin, SetReservePause{f.id(f.dai), true});
    f.expect_refusal(f.carol, call(f.weth, f.dai, 1), "29");
    f.expect_refusal(f.carol, call(f.dai, f.usdc, 1), "29");
    f.set_price(f.usdc, 0);  // Debt without value: no division by it is tried, it is healthy.
    f.expect_refusal(f.carol, call(f.weth, f.usdc, 1), "45");
    f.set_price(f.usdc, f.dollars(1));
    f.set_price(f.weth, 0);
    f.expect_refusal(f.carol, call(f.weth, f.usdc, 1), "Panic(0x12)");
}

TEST_CASE("aave v3 pool: of several reasons the first one counts", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto usdc = f.id(f.usdc);
    const auto weth = f.id(f.weth);
    const auto dai = f.id(f.dai);
    f.expect_ok(f.admin, SetReservePause{dai, true});
    f.expect_refusal(f.carol, LiquidationCall{weth, dai, f.bob, 1, false}, "29");  // Healthy: 45.
    f.expect_refusal(f.carol, SetUserUseReserveAsCollateral{dai, true}, "43");
    f.expect_ok(f.admin, SetReservePause{weth, true});
    f.expect_refusal(f.bob, Withdraw{weth, wrapping_add(tokens(10), 1), f.bob}, "32");
    f.expect_ok(f.admin, SetReservePause{usdc, true});
    f.expect_refusal(f.alice, Repay{usdc, Amount::max(), 2, f.bob}, "40");
    // Neither a bonus nor a product that fits: no overflow is told. No bonus without a threshold,
    // whatever was supplied.
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{dai, 0, Amount::max(), 2}, "20");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{usdc, 0, 0, 10'500}, "20");
    // Collateral without a loan-to-value, and a health factor below 1.
    for (const auto asset : {usdc, weth})
        f.expect_ok(f.admin, SetReservePause{asset, false});
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{weth, 0, 8'000, 10'500});
    f.set_price(f.weth, f.dollars(1'800));
    f.expect_refusal(f.bob, Borrow{usdc, 1, 2}, "57");
}

// By hand: 1.05 of what the debt is worth, and a tenth of what is above that for the treasury, each
// of them rounded half up.
TEST_CASE("aave v3 pool: a liquidation of a unit", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto check = [&](std::size_t collateral, std::size_t debt, AccountId user,
                           const Amount& covered, const Amount& gets, const Amount& fee)
    {
        const auto quote =
            f.pool.quote_liquidation(collateral, debt, user, covered, false, f.pool.market(f.now));
        REQUIRE(quote.has_value());
        CHECK(quote->debt == covered);
        CHECK(quote->collateral == gets);
        CHECK(quote->fee == fee);
        const auto had = f.token[collateral]->balance(f.keeper);
        f.expect_ok(f.keeper, LiquidationCall{f.id(collateral), f.id(debt), user, covered, false});
        CHECK(f.token[collateral]->balance(f.keeper) == wrapping_add(had, gets));
    };
    f.token[f.usdc]->allocate(f.keeper, tokens(1, 6));
    f.token[f.weth]->allocate(f.keeper, tokens(1));
    for (const auto reserve : {f.usdc, f.weth})
        static_cast<ContractFixture&>(f).expect_ok(
            f.keeper, f.id(reserve), Erc20Approve{f.pool.account(), Amount::max()});
    // A unit of debt.
    f.set_price(f.weth, f.dollars(1'700));
    check(f.weth, f.usdc, f.bob, 1, 614'705'882, 2'941'177);
    // A unit of collateral.
    f.supply(f.carol, f.usdc, tokens(1'000, 6));
    f.borrow(f.carol, f.weth, decimal("300000000000000000"));
    f.set_price(f.weth, f.dollars(2'800));
    check(f.usdc, f.weth, f.carol, 357'142'858, 1, 0);
}

TEST_CASE("aave v3 pool: the close factor is whole from 0.95 down", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    f.set_price(f.weth, decimal("178125000000"));  // Health factor 0.95 exactly.
    CHECK(f.data(f.bob).health_factor == decimal("950000000000000000"));
    CHECK(f.pool.liquidatable_debt(f.bob, f.usdc, f.pool.market(f.now)) == tokens(15'000, 6));
    f.set_price(f.weth, decimal("178125000013"));
    CHECK(f.pool.liquidatable_debt(f.bob, f.usdc, f.pool.market(f.now)) == tokens(7'500, 6));
}

TEST_CASE("aave v3 pool: what it says as a lending market is what its calls allow",
    "[contracts][aave_v3]")
{
    IndebtedFixture f;
    f.pass(86'400 * 30);
    const auto view = [&](std::size_t reserve) { return f.pool.view_at(f.now)->reserve(reserve); };
    CHECK(view(f.usdc).supply_room == Amount::max());
    CHECK(view(f.usdc).borrow_room == tokens(5'000, 6));  // What is left of Alice's.
    CHECK(view(f.usdc).total_debt == f.balance(f.bob, f.usdc).debt);

    // Interest since the last call, the treasury's part included, takes of the room.
    f.expect_ok(f.admin, SetSupplyCap{f.id(f.usdc), 21'000});
    const auto to_supply = view(f.usdc).supply_room;
    CHECK(to_supply < tokens(1'000, 6));
    f.expect_refusal(f.carol, Supply{f.id(f.usdc), wrapping_add(to_supply, 1), f.carol}, "51");
    f.supply(f.carol, f.usdc, to_supply);
    CHECK(view(f.usdc).supply_room <= 1);  // Scaled and back, an amount may lose a unit.

    f.expect_ok(f.admin, SetBorrowCap{f.id(f.usdc), 15'500});
    f.supply(f.carol, f.weth, tokens(100));
    f.pass(86'400);
    const auto to_borrow = view(f.usdc).borrow_room;
    CHECK(to_borrow < tokens(500, 6));
    f.expect_refusal(f.carol, Borrow{f.id(f.usdc), wrapping_add(to_borrow, 1)}, "50");
    f.borrow(f.carol, f.usdc, to_borrow);
    f.expect_ok(f.admin, SetReserveFreeze{f.id(f.usdc), true});
    CHECK(view(f.usdc).borrow_room.is_zero());
    CHECK(view(f.usdc).supply_room.is_zero());

    const auto cash = f.pool.cash(f.usdc);
    const auto fee = f.pool.view_at(f.now)->flash_fee(f.usdc, cash);
    REQUIRE(fee.has_value());
    CHECK_FALSE(f.pool.view_at(f.now)->flash_fee(f.usdc, wrapping_add(cash, 1)).has_value());
    CallWriter calls;
    f.pool.add_flash_borrow(calls, f.usdc, cash, {});
    const auto loan = f.sandbox.run(f.alice, calls);
    REQUIRE(loan.ok());
    CHECK(loan.returns.values[0] == *fee);
    f.expect_ok(f.admin, SetReserveFlashLoaning{f.id(f.usdc), false});
    CHECK_FALSE(f.pool.view_at(f.now)->flash_fee(f.usdc, 1).has_value());
}

TEST_CASE("aave v3 pool: a flash loan's premium goes to suppliers and treasury, by hand",
    "[contracts][aave_v3]")
{
    Fixture f;
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    CallWriter callback;  // He gives the loan away, and repays from his own.
    callback.add(f.id(f.usdc), Erc20Transfer{f.carol, tokens(1'000, 6)});
    const auto before = f.token[f.usdc]->balance(f.bob);
    const auto outcome =
        f.expect_ok(f.bob, FlashLoanSimple{f.id(f.usdc), tokens(1'000, 6), callback.list(), true});
    CHECK(outcome.returns.values[0] == 900'000);
    CHECK(f.token[f.usdc]->balance(f.bob) == wrapping_sub(before, 1'000'900'000));
    const auto& state = f.pool.reserve_state(f.usdc);
    CHECK(state.liquidity_index == decimal("1000063000000000000000000000"));
    CHECK(state.accrued_to_treasury == 269'983);
    CHECK(f.balance(f.alice, f.usdc).supplied == wrapping_add(tokens(10'000, 6), 630'000));
    const auto log = last<FlashLoanLog>(outcome).value();
    CHECK(log.target == f.bob);
    CHECK(log.premium == 900'000);
    CHECK(last<LendingFlashloan>(outcome)->fee_raw == 900'000);
}

TEST_CASE("aave v3 pool: a flash loan for another account runs what that has registered",
    "[contracts][aave_v3]")
{
    Fixture f;
    const auto asset = f.id(f.usdc);
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    const FlashLoanSimple call{asset, tokens(1'000, 6), {}, true, f.carol};
    f.expect_refusal(f.bob, call, "(no reason)");  // Nothing: an account without code.
    CallWriter code;
    code.add(asset, Erc20Transfer{f.bob, tokens(1'000, 6)});
    REQUIRE(f.sandbox.run(f.carol, native_coin, RegisterCalls{code.list(), 1}).ok());
    const auto bob = f.token[f.usdc]->balance(f.bob);
    const auto carol = f.token[f.usdc]->balance(f.carol);
    const auto outcome = f.expect_ok(f.bob, call);
    // Carol pays back, whoever asked for the loan.
    CHECK(f.token[f.usdc]->balance(f.bob) == wrapping_add(bob, tokens(1'000, 6)));
    CHECK(f.token[f.usdc]->balance(f.carol) == wrapping_sub(carol, 1'000'900'000));
    CHECK(outcome.undeclared_touches == 0);
    const auto log = last<FlashLoanLog>(outcome).value();
    CHECK(log.target == f.carol);
    CHECK(log.initiator == f.bob);
}

TEST_CASE("aave v3 pool: flash loan checks in the deployed order", "[contracts][aave_v3]")
{
    Fixture f;
    const auto asset = f.id(f.usdc);
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    const FlashLoanSimple call{asset, tokens(1'000, 6), {}, true};
    f.expect_refusal(f.bob, FlashLoanSimple{native_coin, 1, {}, true}, "27");
    f.expect_refusal(f.bob, FlashLoanSimple{asset, tokens(10'001, 6), {}, true},
        "ERC20: transfer amount exceeds balance");
    f.expect_refusal(f.bob, FlashLoanSimple{asset, tokens(1'000, 6), {}, false}, "13");
    // Nothing approved, and then not enough to pay the premium.
    f.expect_refusal(f.treasury, call, "ERC20: insufficient allowance");
    f.expect_ok(f.treasury, asset, Erc20Approve{f.pool.account(), Amount::max()});
    f.expect_refusal(f.treasury, call, "ERC20: transfer amount exceeds balance");
    // A refusal inside the callback is the transaction's.
    CallWriter callback;
    callback.add(f.pool.id(), Supply{asset, 0, f.bob});
    f.expect_refusal(f.bob, FlashLoanSimple{asset, tokens(1'000, 6), callback.list(), true}, "26");
    f.expect_ok(f.admin, SetReserveFlashLoaning{asset, false});
    f.expect_refusal(f.bob, call, "91");
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.bob, call, "29");
    // Without suppliers a premium has no owner.
    f.expect_refusal(f.bob, FlashLoanSimple{f.id(f.dai), 0, {}, true}, "(no reason)");
}

TEST_CASE("aave v3 pool: a flash loan's callback may use the pool", "[contracts][aave_v3]")
{
    Fixture f;
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    CallWriter callback;
    callback.add(f.pool.id(), Supply{f.id(f.weth), tokens(1), f.bob});
    callback.add(f.pool.id(), Borrow{f.id(f.usdc), tokens(500, 6), 2});
    callback.add(f.pool.id(), Supply{f.id(f.usdc), tokens(100, 6), f.bob});
    f.expect_ok(f.bob, FlashLoanSimple{f.id(f.usdc), tokens(9'000, 6), callback.list(), true});
    CHECK(f.balance(f.bob, f.usdc).debt == tokens(500, 6));
    // His 100 were there when the premium of 8.1 (5.67 for suppliers) was shared out.
    CHECK(f.balance(f.bob, f.usdc).supplied == 100'056'139);
}

TEST_CASE(
    "aave v3 pool: aTokens carry collateral from one account to another", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    const auto asset = f.id(f.weth);
    f.expect_refusal(f.bob, TransferAToken{asset, f.carol, tokens(11)}, "Panic(0x11)");
    f.expect_refusal(f.bob, TransferAToken{asset, f.carol, tokens(1)}, "35");
    f.expect_refusal(f.bob, TransferAToken{asset, f.carol, Amount::power_of_two(128)},
        "SafeCast: value doesn't fit in 128 bits");
    CHECK(f.expect_ok(f.bob, TransferAToken{asset, f.bob, tokens(10)}).returns.values[0] == 1);
    f.expect_ok(f.bob, TransferAToken{asset, f.carol, 0});
    CHECK_FALSE(f.balance(f.carol, f.weth).used_as_collateral);

    f.supply(f.bob, f.dai, tokens(20'000));
    f.expect_ok(f.bob, TransferAToken{asset, f.carol, tokens(10)});
    CHECK(f.balance(f.carol, f.weth).supplied == tokens(10));
    CHECK(f.balance(f.carol, f.weth).used_as_collateral);
    CHECK_FALSE(f.balance(f.bob, f.weth).used_as_collateral);
    f.expect_ok(f.admin, SetReservePause{asset, true});
    f.expect_refusal(f.carol, TransferAToken{asset, f.bob, 0}, "29");
}

TEST_CASE("aave v3 pool: a bit falls with the amount sent, not with the last scaled unit",
    "[contracts][aave_v3]")
{
    Fixture f;
    f.expect_ok(f.admin, UpdateFlashloanPremiumTotal{10'000});
    f.expect_ok(f.admin, UpdateFlashloanPremiumToProtocol{0});
    f.supply(f.alice, f.usdc, 10);
    f.expect_ok(f.bob, FlashLoanSimple{f.id(f.usdc), 10, {}, true});
    f.expect_ok(f.bob, FlashLoanSimple{f.id(f.usdc), 6, {}, true});
    CHECK(f.pool.reserve_state(f.usdc).liquidity_index == decimal("2600000000000000000000000000"));
    f.supply(f.carol, f.usdc, 3);  // One scaled unit, worth 2.6.
    f.expect_ok(f.carol, TransferAToken{f.id(f.usdc), f.bob, 2});
    CHECK(f.balance(f.carol, f.usdc).supplied.is_zero());
    CHECK(f.balance(f.carol, f.usdc).used_as_collateral);
}

TEST_CASE(
    "aave v3 pool: a new rate curve counts from the next operation on", "[contracts][aave_v3]")
{
    Fixture f;
    const auto usdc = f.id(f.usdc);
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(50));
    f.borrow(f.alice, f.usdc, tokens(50'000, 6));
    const auto before = f.pool.reserve_state(f.usdc).variable_borrow_rate;
    f.expect_refusal(f.alice, SetReserveInterestRateData{usdc, 5'000, 100, 300, 6'000}, "4");
    f.expect_refusal(
        f.admin, SetReserveInterestRateData{native_coin, 5'000, 100, 300, 6'000}, "82");
    f.expect_refusal(f.admin, SetReserveInterestRateData{usdc, 10'001, 100, 300, 6'000}, "83");
    f.expect_ok(f.admin, SetReserveInterestRateData{usdc, 5'000, 100, 300, 6'000});
    CHECK(f.pool.reserve_state(f.usdc).variable_borrow_rate == before);
    // Half of it is lent, the optimal usage: 1 % and all of the first slope.
    f.expect_ok(f.alice, MintToTreasury{{usdc}});
    f.supply(f.bob, f.usdc, tokens(1, 6));
    f.expect_ok(f.bob, Withdraw{usdc, tokens(1, 6), f.bob});
    CHECK(f.pool.reserve_state(f.usdc).variable_borrow_rate == percent_mul_half_up(ray, 400).value);
    // Another reserve keeps its own.
    f.supply(f.bob, f.dai, tokens(100'000));
    f.borrow(f.alice, f.dai, tokens(1'000));
    CHECK(f.pool.reserve_state(f.dai).variable_borrow_rate < before);
}

TEST_CASE("aave v3 pool: only the admin configures, within bounds", "[contracts][aave_v3]")
{
    Fixture f;
    const auto asset = f.id(f.dai);
    f.expect_refusal(f.alice, SetReserveFreeze{asset, true}, "4");
    f.expect_refusal(f.alice, SetReservePause{asset, true}, "3");
    f.expect_refusal(f.alice, SetReserveFactor{asset, 1}, "4");
    f.expect_refusal(f.alice, SetSupplyCap{asset, 1}, "4");
    f.expect_refusal(f.alice, SetBorrowCap{asset, 1}, "4");
    f.expect_refusal(f.alice, SetLiquidationProtocolFee{asset, 1}, "4");
    f.expect_refusal(f.alice, ConfigureReserveAsCollateral{asset, 1, 1, 10'001}, "4");
    f.expect_refusal(f.alice, SetReserveFlashLoaning{asset, false}, "4");
    f.expect_refusal(f.alice, SetReserveBorrowing{asset, false}, "4");
    f.expect_refusal(f.alice, UpdateFlashloanPremiumTotal{1}, "1");
    f.expect_refusal(f.alice, UpdateFlashloanPremiumToProtocol{1}, "1");

    f.expect_refusal(f.admin, SetReserveFreeze{native_coin, true}, "82");
    f.expect_refusal(f.admin, SetReserveFactor{asset, 10'001}, "67");
    f.expect_refusal(f.admin, SetSupplyCap{asset, 68'719'476'736}, "69");
    f.expect_refusal(f.admin, SetBorrowCap{asset, 68'719'476'736}, "68");
    f.expect_refusal(f.admin, SetLiquidationProtocolFee{asset, 10'001}, "70");
    f.expect_refusal(f.admin, UpdateFlashloanPremiumTotal{10'001}, "19");
    f.expect_refusal(f.admin, UpdateFlashloanPremiumToProtocol{10'001}, "19");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{asset, 8'001, 8'000, 10'500}, "20");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{asset, 1, 8'000, 10'000}, "20");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{asset, 1, 9'525, 10'500}, "20");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{asset, 0, 0, 10'500}, "20");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{asset, 0, 1, 65'536}, "65");
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{asset, 9'524, 9'524, 10'500});
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{asset, 0, 0, 0});
    f.supply(f.alice, f.dai, 1);
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{asset, 0, 0, 0}, "18");
    f.expect_ok(f.admin, UpdateFlashloanPremiumTotal{10'000});
    CHECK(f.pool.settings().flash_loan_premium_total_bps == 10'000);
}

TEST_CASE("aave v3 pool: where two reasons hold the first one counts", "[contracts][aave_v3]")
{
    Fixture f;
    const auto usdc = f.id(f.usdc);
    const auto weth = f.id(f.weth);
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(10));
    f.borrow(f.alice, f.usdc, tokens(15'000, 6));
    // A bonus of nothing beside a threshold whose product with it has no room.
    f.expect_refusal(
        f.admin, ConfigureReserveAsCollateral{f.id(f.dai), 0, Amount::max(), 10'000}, "20");
    // A bonus without a threshold where something is supplied.
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{weth, 0, 0, 1}, "20");
    f.expect_ok(f.admin, SetReservePause{usdc, true});
    f.expect_refusal(f.bob, Withdraw{usdc, tokens(100'001, 6), f.bob}, "32");
    f.expect_refusal(f.bob, Repay{usdc, Amount::max(), 2, f.alice}, "40");
    f.expect_refusal(f.carol, SetUserUseReserveAsCollateral{usdc, true}, "43");
    f.expect_refusal(f.bob, LiquidationCall{weth, usdc, f.alice, 1, false}, "29");
    f.expect_ok(f.admin, SetReservePause{usdc, false});
    f.expect_refusal(f.bob, LiquidationCall{weth, usdc, f.alice, 1, false}, "45");
    // No loan to value, and a health factor below 1.
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{weth, 0, 8'000, 10'500});
    f.set_price(f.weth, f.dollars(1'800));
    f.expect_refusal(f.alice, Borrow{usdc, 1, 2}, "57");
}

TEST_CASE("aave v3 pool: a unit is liquidated where it is quoted", "[contracts][aave_v3]")
{
    Fixture f;
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.bob, f.weth, tokens(100));
    f.supply(f.alice, f.weth, tokens(10));
    f.borrow(f.alice, f.usdc, tokens(15'000, 6));
    f.set_price(f.weth, f.dollars(1'800));
    const auto unit_of_debt =
        f.pool.quote_liquidation(f.weth, f.usdc, f.alice, 1, false, f.pool.market(f.now));
    REQUIRE(unit_of_debt.has_value());
    CHECK(unit_of_debt->debt == 1);
    f.expect_ok(f.bob, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, 1, false});

    f.supply(f.carol, f.usdc, tokens(10'000, 6));
    f.borrow(f.carol, f.weth, tokens(4));
    f.set_price(f.weth, f.dollars(2'100));
    // Of 5 * 10^8 wei, worth 1.05 units of USDC.
    const auto unit_of_collateral =
        f.pool.quote_liquidation(f.usdc, f.weth, f.carol, 500'000'000, false, f.pool.market(f.now));
    REQUIRE(unit_of_collateral.has_value());
    CHECK(unit_of_collateral->collateral == 1);
    const auto had = f.token[f.usdc]->balance(f.bob);
    f.expect_ok(f.bob, LiquidationCall{f.id(f.usdc), f.id(f.weth), f.carol, 500'000'000, false});
    CHECK(f.token[f.usdc]->balance(f.bob) == wrapping_add(had, 1));
}

TEST_CASE("aave v3 pool: what calls name may not exist", "[contracts][aave_v3]")
{
    IndebtedFixture f;
    constexpr AccountId nobody{0xFFFFFFF0};
    constexpr ContractId nothing{0xFFFFFFF0};
    f.expect_refusal(f.bob, Supply{f.id(f.usdc), 1, nobody}, "no such account");
    f.expect_refusal(f.bob, Withdraw{f.id(f.weth), 1, nobody}, "no such account");
    f.expect_refusal(f.bob, Repay{f.id(f.usdc), 1, 2, nobody}, "no such account");
    f.expect_refusal(f.bob, TransferAToken{f.id(f.weth), nobody, 1}, "no such account");
    f.expect_refusal(
        f.bob, LiquidationCall{f.id(f.weth), f.id(f.usdc), nobody, 1, false}, "no such account");
    f.expect_refusal(f.bob, Supply{nothing, 1, f.bob}, "(no reason)");
    f.expect_refusal(f.bob, SetUserUseReserveAsCollateral{nothing, true}, "(no reason)");
}

TEST_CASE("aave v3 pool: logs have the deployed topics", "[contracts][aave_v3]")
{
    // Source: the topics of @aave/core-v3's events, as explorers show them.
    const auto topic = [](std::string_view signature) { return keccak256(signature).to_string(); };
    CHECK(topic(event_type<SupplyLog>.signature) ==
          "0x2b627736bca15cd5381dcf80b0bf11fd197d01a037c52b927a881a10fb73ba61");
    CHECK(topic(event_type<WithdrawLog>.signature) ==
          "0x3115d1449a7b732c986cba18244e897a450f61e1bb8d589cd2e69e6c8924f9f7");
    CHECK(topic(event_type<BorrowLog>.signature) ==
          "0xb3d084820fb1a9decffb176436bd02558d15fac9b0ddfed8c465bc7359d7dce0");
    CHECK(topic(event_type<RepayLog>.signature) ==
          "0xa534c8dbe71f871f9f3530e97a74601fea17b426cae02e1c5aee42c96c784051");
    CHECK(topic(event_type<LiquidationCallLog>.signature) ==
          "0xe413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286");
    CHECK(topic(event_type<FlashLoanLog>.signature) ==
          "0xefefaba5e921573100900a3ad9cf29f222d995fb3b6045797eaea7521bd8d6f0");
    CHECK(topic(event_type<ReserveDataUpdatedLog>.signature) ==
          "0x804c9b842b2748a22bb64b345453a3de7ca54a6ca45ce00d415894979e22897a");
}

TEST_CASE("aave v3 pool: a scenario's liquidation takes all of the collateral, and no more",
    "[contracts][aave_v3]")
{
    const auto refusal_of = [](std::int64_t threshold)
    {
        Parameters row;
        row.set("ltv_bps", std::int64_t{7'500});
        row.set("liquidation_threshold_bps", threshold);
        row.set("liquidation_bonus_bps", std::int64_t{10'500});
        Parameters parameters;
        parameters.set("reserves", Parameters::PerToken{{ContractId{1}, row}});
        return AaveV3Pool::contract_type().validate(parameters);
    };
    CHECK(refusal_of(9'524) == "");  // 10000.2, which is 10000.
    CHECK(refusal_of(9'525) ==
          "reserves: expected liquidation_threshold_bps times liquidation_bonus_bps of at most "
          "10000 bps, got 9525 times 10500");
}

TEST_CASE("aave v3 pool: a scenario's pool starts with its liquidity", "[contracts][aave_v3]")
{
    const auto* type = find_contract_type("aave_v3_pool");
    REQUIRE(type == &AaveV3Pool::contract_type());
    Sandbox sandbox;
    auto& token = sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5);
    auto& oracle = sandbox.add<PriceOracle>(
        "oracle", "keeper", std::vector<TokenPrice>{{token.id(), 100'000'000}});
    Parameters row;
    for (const auto& [name, value] :
        std::initializer_list<std::pair<const char*, std::int64_t>>{{"ltv_bps", 7'500},
            {"liquidation_threshold_bps", 7'800}, {"liquidation_bonus_bps", 10'450},
            {"reserve_factor_bps", 1'000}, {"liquidation_protocol_fee_bps", 1'000},
            {"supply_cap", 5'000}, {"borrow_cap", 4'000}, {"optimal_usage_bps", 9'200},
            {"base_rate_bps", 25}, {"slope1_bps", 550}, {"slope2_bps", 3'500}})
        row.set(name, value);
    row.set("borrowing_enabled", true);
    row.set("flash_loan_enabled", false);
    row.set("initial_liquidity", tokens(1'000, 6));
    Parameters parameters;
    parameters.set("oracle", oracle.id());
    parameters.set("treasury", std::string{"house"});
    parameters.set("admin", std::string{"boss"});
    parameters.set("flash_loan_premium_bps", std::int64_t{5});
    parameters.set("flash_loan_premium_to_protocol_bps", std::int64_t{4'000});
    parameters.set("reserves", Parameters::PerToken{{token.id(), row}});

    auto& world = sandbox.world();
    const auto account = sandbox.account("pool");
    auto& pool = dynamic_cast<AaveV3Pool&>(
        world.add_contract(type->create(parameters, {ContractId{3}, account, "pool"})));
    sandbox.connect();
    GenesisBuilder builder{world};
    pool.genesis(parameters, builder);
    REQUIRE(builder.transaction_count() == 1);
    BlockExecution execution;
    ExecutionOptions options;
    options.free_gas = true;
    const auto block =
        execute_block(execution, world, {}, {}, {}, 0, builder.take_transactions(), {}, options);
    INFO(block.receipts.front().refusal.to_string());
    REQUIRE(block.receipts.front().status == ReceiptStatus::succeeded);
    CHECK(world.check_invariants().empty());

    CHECK(pool.cash(0) == tokens(1'000, 6));
    const auto supplier = world.find_account("pool/seed_supplier").value();
    CHECK(pool.balance(supplier, 0, pool.market(0)).supplied == tokens(1'000, 6));
    CHECK(pool.treasury() == world.find_account("house").value());
    CHECK(pool.admin() == world.find_account("boss").value());
    CHECK(pool.reserve_config(0).liquidation_bonus_bps == 10'450);
    CHECK(pool.reserve_config(0).supply_cap == 5'000);
    CHECK_FALSE(pool.reserve_config(0).flash_loan_enabled);
    CHECK(pool.settings().flash_loan_premium_to_protocol_bps == 4'000);
    // Nothing is borrowed: the base rate of 0.25 %.
    CHECK(pool.reserve_state(0).variable_borrow_rate == decimal("2500000000000000000000000"));

    // A threshold and a bonus that make 100 % when rounded half up, and more than that.
    const auto said = [&](std::int64_t threshold)
    {
        row.set("liquidation_threshold_bps", threshold);
        row.set("liquidation_bonus_bps", std::int64_t{10'500});
        parameters.set("reserves", Parameters::PerToken{{token.id(), row}});
        return type->validate(parameters);
    };
    CHECK(said(9'524).empty());
    CHECK(said(9'525) ==
          "reserves: expected liquidation_threshold_bps times liquidation_bonus_bps of at most "
          "10000 bps, got 9525 times 10500");
}

namespace
{
/// The texts of a deployment's arguments by their names.
struct Listed final : FieldSink
{
    std::map<std::string, std::string> texts;

    void text(std::string_view name, std::string value) override
    {
        texts[std::string{name}] = std::move(value);
    }
    void account(std::string_view, AccountId) override {}
    void contract(std::string_view, ContractId) override {}
};
}  // namespace

TEST_CASE("aave v3 pool: a pool that was deployed is told with all digits of its curve",
    "[contracts][aave_v3]")
{
    PoolConstructor constructor;
    ReserveConstructor reserve;
    reserve.optimal_usage_ratio = decimal("800000000000000000000000001");
    reserve.base_variable_borrow_rate = 7;
    reserve.variable_rate_slope1 = ray;
    reserve.variable_rate_slope2 = decimal("12999999999999999999999999999");
    constructor.reserves.push_back(reserve);
    Bytes encoded;
    encode(constructor, encoded);
    Listed listed;
    AaveV3Pool::contract_type().list_arguments(encoded, listed);
    CHECK(
        listed.texts["reserves.0.optimal_usage_ratio"] == "\"0.800000000000000000000000001 ray\"");
    CHECK(listed.texts["reserves.0.base_variable_borrow_rate"] ==
          "\"0.000000000000000000000000007 ray\"");
    CHECK(
        listed.texts["reserves.0.variable_rate_slope1"] == "\"1.000000000000000000000000000 ray\"");
    CHECK(listed.texts["reserves.0.variable_rate_slope2"] ==
          "\"12.999999999999999999999999999 ray\"");
}

namespace
{
Transaction transaction_of(AccountId sender, const CallWriter& calls)
{
    Transaction transaction;
    transaction.sender = sender;
    transaction.gas_limit = 1ULL << 40U;
    transaction.set_calls(calls.bytes());
    transaction.seal();
    return transaction;
}

template <typename Call>
Transaction transaction_of(AccountId sender, ContractId contract, const Call& call)
{
    CallWriter calls;
    calls.add(contract, call);
    return transaction_of(sender, calls);
}

FinishedBlock run_block(Fixture& f, std::vector<Transaction> transactions, unsigned workers)
{
    BlockExecution execution;
    BlockContext context;
    context.timestamp = f.now;
    context.gas_limit = 1ULL << 50U;
    ExecutionOptions options;
    options.free_gas = true;
    options.mode = workers > 1 ? ExecutionMode::parallel : ExecutionMode::serial;
    execution.begin(f.sandbox.world(), context, std::move(transactions), options, workers);
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < workers; ++i)
        threads.emplace_back([&execution, i] { execution.assist(i); });
    execution.plan();
    if (!execution.run())
        execution.redo();
    for (auto& thread : threads)
        thread.join();
    execution.apply(0, {});
    return execution.seal({}, {});
}
}  // namespace

TEST_CASE("aave v3 pool: a bitmap that changes within a block does not undo later calls",
    "[contracts][aave_v3]")
{
    // Bob has nothing at plan time: what his later calls touch comes in by his earlier ones, and by
    // Alice's gift to an account that is about to be liquidated.
    Fixture f;
    f.supply(f.alice, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.dai, tokens(1'000));
    f.supply(f.carol, f.weth, tokens(1));
    f.borrow(f.carol, f.usdc, tokens(1'500, 6));
    const auto pool = f.pool.id();
    std::vector<Transaction> block;
    block.push_back(transaction_of(f.bob, pool, Supply{f.id(f.weth), tokens(10), f.bob}));
    block.push_back(transaction_of(f.bob, pool, Borrow{f.id(f.usdc), tokens(5'000, 6), 2}));
    block.push_back(transaction_of(f.bob, pool, Withdraw{f.id(f.weth), tokens(1), f.bob}));
    block.push_back(
        transaction_of(f.keeper, f.oracle.id(), SetPrice{f.id(f.weth), f.dollars(1'700)}));
    block.push_back(transaction_of(f.alice, pool, TransferAToken{f.id(f.dai), f.carol, 1}));
    block.push_back(transaction_of(
        f.bob, pool, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.carol, Amount::max(), true}));
    const auto finished = run_block(f, std::move(block), 1);
    for (const auto& receipt : finished.receipts)
    {
        INFO(receipt.refusal.to_string());
        CHECK(receipt.status == ReceiptStatus::succeeded);
    }
    CHECK(f.balance(f.carol, f.dai).used_as_collateral);
}

TEST_CASE("aave v3 pool: prices and parameters are read side by side", "[contracts][aave_v3]")
{
    Fixture f;
    std::vector<Access> accesses;
    AccessCollector collector{f.sandbox.world(), accesses};
    CallWriter calls;
    calls.add(f.pool.id(), Borrow{f.id(f.usdc), 1, 2});
    collector.calls(calls.bytes(), f.bob);
    CHECK(accesses.size() < 30);
    const auto mode_of = [&](const RecordTable& table, std::uint64_t key)
    {
        for (const auto& access : accesses)
        {
            if (access.table == table.number() && access.key == key)
                return std::optional{access.mode};
        }
        return std::optional<AccessMode>{};
    };
    for (const auto reserve : {f.usdc, f.weth, f.dai})
        CHECK(mode_of(f.oracle.prices(), index(f.id(reserve))) == AccessMode::read);
    const auto& tables = f.pool.tables();
    CHECK(mode_of(*tables[0], f.usdc) == AccessMode::write);  // States,
    CHECK(mode_of(*tables[0], f.weth) == AccessMode::read);
    CHECK(mode_of(*tables[1], f.usdc) == AccessMode::read);         // configurations,
    CHECK(mode_of(*tables[2], index(f.bob)) == AccessMode::write);  // bitmaps.
    CHECK_FALSE(mode_of(*tables[2], index(f.alice)).has_value());
}

// --- Properties
// -----------------------------------------------------------------------------------

namespace
{
/// Users who do anything the pool offers, mostly within reason.
struct Crowd : Fixture
{
    explicit Crowd(std::uint64_t seed) : random{seed}
    {
        for (const auto user : {alice, bob, carol})
        {
            for (const auto reserve : {usdc, weth, dai})
                supply(
                    user, reserve, percent_mul_half_up(token[reserve]->balance(user), 3'000).value);
        }
    }

    std::uint64_t below(std::uint64_t bound) { return random() % bound; }
    AccountId user() { return std::array{alice, bob, carol}.at(below(3)); }
    std::size_t reserve() { return below(3); }
    /// A share of what there is; now and then a few units, all of it, or more.
    Amount part(const Amount& whole)
    {
        const auto kind = below(10);
        if (kind == 0)
            return below(5);
        if (kind == 1)
            return Amount::max();
        return percent_mul_half_up(whole, below(10'500)).value;
    }
    void move_price()
    {
        const auto i = reserve();
        set_price(i, percent_mul_half_up(pool.price(i), 8'000 + below(4'300)).value);
    }

    /// One random transaction; returns whether it succeeded.
    bool step()
    {
        const auto who = user();
        const auto whom = user();
        const auto i = reserve();
        const auto mine = balance(who, i);
        CallWriter calls;
        switch (below(10))
        {
            case 0: calls.add(pool.id(), Supply{id(i), part(token[i]->balance(who)), whom}); break;
            case 1: calls.add(pool.id(), Withdraw{id(i), part(mine.supplied), whom}); break;
            case 2:
            case 3: {
                const auto value = percent_mul_half_up(data(who).available_borrows, below(10'100));
                const auto amount = value * pool.reserve_unit(i) / wrapping_add(pool.price(i), 1);
                calls.add(pool.id(), Borrow{id(i), amount.value, 2});
                break;
            }
            case 4: calls.add(pool.id(), Repay{id(i), part(balance(whom, i).debt), 2, whom}); break;
            case 5: calls.add(pool.id(), RepayWithATokens{id(i), part(mine.debt), 2}); break;
            case 6:
                calls.add(pool.id(), SetUserUseReserveAsCollateral{id(i), below(2) == 0});
                break;
            case 7: calls.add(pool.id(), TransferAToken{id(i), whom, part(mine.supplied)}); break;
            case 8:
                calls.add(pool.id(), FlashLoanSimple{id(i), part(pool.cash(i)), {}, true});
                break;
            default:
                calls.add(pool.id(), LiquidationCall{id(reserve()), id(i), whom,
                                         part(balance(whom, i).debt), below(2) == 0});
        }
        return sandbox.run(who, calls).ok();
    }

    std::mt19937_64 random;
};
}  // namespace

// Method: a crowd acts at random while prices move and time passes in steps from seconds to months;
// the pool's invariants (sums, backing within the stated rounding) are checked after every step,
// debts must not shrink by waiting, and nobody's tokens may come from nowhere: what all wallets,
// claims and debts add up to in a token is what was there at the start.
TEST_CASE("aave v3 pool: interest never shrinks debt, and nothing comes from nothing",
    "[contracts][aave_v3][property]")
{
    const auto seed = GENERATE(20'260'401U, 20'260'402U, 20'260'403U);
    Crowd f{seed};
    int succeeded = 0;
    for (int i = 0; i < 1'500; ++i)
    {
        CAPTURE(seed, i);
        if (f.below(4) == 0)
        {
            std::vector<Amount> debts;
            const auto before = f.pool.market(f.now);
            f.pass(1 + f.below(f.below(20) == 0 ? 10'000'000 : 50'000));
            const auto after = f.pool.market(f.now);
            for (const auto user : {f.alice, f.bob, f.carol})
            {
                for (const auto reserve : {f.usdc, f.weth, f.dai})
                {
                    REQUIRE(f.pool.balance(user, reserve, before).debt <=
                            f.pool.balance(user, reserve, after).debt);
                    REQUIRE(f.pool.balance(user, reserve, before).supplied <=
                            f.pool.balance(user, reserve, after).supplied);
                }
            }
        }
        if (f.below(5) == 0)
            f.move_price();
        succeeded += f.step() ? 1 : 0;
        Findings findings;
        f.pool.check_invariants(f.sandbox.world(), findings);
        CAPTURE(findings);
        REQUIRE(findings.empty());
    }
    CHECK(succeeded > 500);
}

// Method: at one timestamp there is no interest, so whatever a user does with his own tokens and
// aTokens must leave him with what he had, up to half a unit times the index per call.
TEST_CASE("aave v3 pool: going in and out gains no more than half an index per call",
    "[contracts][aave_v3][property]")
{
    Crowd f{20'260'404};
    for (int i = 0; i < 200; ++i)
    {  // Until the indexes are well away from 1.
        f.pass(f.below(3'000'000));
        f.step();
    }
    constexpr std::uint64_t rounds = 400;
    for (const auto reserve : {f.usdc, f.weth, f.dai})
    {
        const auto user = f.sandbox.account("visitor");
        f.token[reserve]->allocate(user, tokens(1'000, 6));
        f.expect_ok(user, f.id(reserve), Erc20Approve{f.pool.account(), Amount::max()});
        f.supply(f.alice, reserve, 1);  // Brings the index to now.
        for (std::uint64_t i = 0; i < rounds; ++i)
        {
            CallWriter calls;
            const auto amount = 1 + f.below(50);
            if (f.below(2) == 0)
                calls.add(f.pool.id(), Supply{f.id(reserve), amount, user});
            else
                calls.add(f.pool.id(), Withdraw{f.id(reserve), amount, user});
            (void)f.sandbox.run(user, calls);
        }
        const auto has =
            wrapping_add(f.token[reserve]->balance(user), f.balance(user, reserve).supplied);
        const auto index = f.pool.reserve_state(reserve).liquidity_index;
        const auto bound = ray_mul_half_up(rounds, index) / 2 + 1;
        CHECK(has <= wrapping_add(tokens(1'000, 6), bound.value));
    }
}

// Method: positions of all sizes just below water. A call that leaves collateral must raise the
// health factor whenever it was above threshold * bonus (below that the bonus eats it up, as
// deployed); what the call takes and gives must be what the quote said.
TEST_CASE(
    "aave v3 pool: a liquidation improves or ends the position", "[contracts][aave_v3][property]")
{
    std::mt19937_64 random{20'260'405};
    for (int i = 0; i < 120; ++i)
    {
        Fixture f;
        f.supply(f.alice, f.usdc, tokens(900'000, 6));
        const Amount collateral{1'000'000'000'000'000 + random() % 10'000'000'000'000'000'000ULL};
        f.supply(f.bob, f.weth, collateral);
        const auto borrowed =
            div_down(percent_mul_half_up(f.data(f.bob).collateral, 7'400).value, 100);
        f.borrow(f.bob, f.usdc, borrowed);
        f.pass(random() % 5'000'000);
        f.set_price(f.weth, f.dollars(700 + random() % 1'200));
        CAPTURE(i, collateral.to_string(), f.pool.price(f.weth).to_string());
        const auto before = f.data(f.bob);
        if (before.health_factor >= wad)
            continue;
        const bool receive = random() % 2 == 0;
        const auto cover = random() % 3 == 0 ? Amount::max() : Amount{1 + random() % 5'000'000'000};
        const auto quote =
            f.pool.quote_liquidation(f.weth, f.usdc, f.bob, cover, receive, f.pool.market(f.now));
        REQUIRE(quote.has_value());
        const auto outcome = f.expect_ok(
            f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.bob, cover, receive});
        REQUIRE(outcome.returns.values[0] == quote->debt);
        REQUIRE(outcome.returns.values[1] == quote->collateral);
        const auto after = f.data(f.bob);
        REQUIRE(after.debt < before.debt);
        const bool ended = after.collateral.is_zero() || after.debt.is_zero();
        // 0.8 * 1.05, and a little more for the rounding of values to 1e-8 USD.
        const bool above = before.health_factor > decimal("840100000000000000");
        REQUIRE((ended || !above || after.health_factor > before.health_factor));
    }
}

TEST_CASE("aave v3 pool: blocks come out the same on any number of workers",
    "[contracts][aave_v3][property]")
{
    const auto run = [](unsigned workers)
    {
        Crowd f{20'260'406};
        std::mt19937_64 random{7};
        Hash root;
        for (int i = 0; i < 20; ++i)
        {
            std::vector<Transaction> block;
            for (int k = 0; k < 30; ++k)
            {
                const auto user = std::array{f.alice, f.bob, f.carol}.at(random() % 3);
                const auto id = f.id(random() % 3);
                const auto amount = Amount{1 + random() % 1'000'000'000};
                switch (random() % 4)
                {
                    case 0:
                        block.push_back(
                            transaction_of(user, f.pool.id(), Supply{id, amount, user}));
                        break;
                    case 1:
                        block.push_back(
                            transaction_of(user, f.pool.id(), Withdraw{id, amount, user}));
                        break;
                    case 2:
                        block.push_back(transaction_of(user, f.pool.id(), Borrow{id, amount, 2}));
                        break;
                    default:
                        block.push_back(
                            transaction_of(user, f.pool.id(), Repay{id, amount, 2, user}));
                }
            }
            f.pass(12);
            const auto finished = run_block(f, std::move(block), workers);
            for (const auto& receipt : finished.receipts)
                REQUIRE(receipt.refusal.kind != RefusalKind::ledger);
            root = finished.header.receipts_root;
        }
        return std::pair{root, f.sandbox.world().checkpoint_root()};
    };
    CHECK(run(1) == run(3));
}
