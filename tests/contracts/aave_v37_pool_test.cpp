#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "tests/contracts/aave_v3_fixture.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace aave_v3;

struct V37Fixture : AaveV3Fixture
{
    V37Fixture() : AaveV3Fixture{Version::v3_7} {}

    /// Runs a quoted liquidation and compares it with the quote.
    void liquidate(AccountId liquidator, std::size_t collateral, std::size_t debt, AccountId user,
        const Amount& debt_to_cover)
    {
        const auto quote =
            pool.quote_liquidation(collateral, debt, user, debt_to_cover, false, pool.market(now));
        REQUIRE(quote.has_value());
        const auto paid = token[debt]->balance(liquidator);
        const auto got = token[collateral]->balance(liquidator);
        const auto outcome = expect_ok(
            liquidator, LiquidationCall{id(collateral), id(debt), user, debt_to_cover, false});
        CHECK(outcome.returns.values[0] == quote->debt);
        CHECK(outcome.returns.values[1] == quote->collateral);
        if (collateral != debt)
        {
            CHECK(token[debt]->balance(liquidator) == wrapping_sub(paid, quote->debt));
            CHECK(token[collateral]->balance(liquidator) == wrapping_add(got, quote->collateral));
        }
    }
};
}  // namespace

TEST_CASE("aave v3.7 maths: down and up around the exact value", "[contracts][aave_v3]")
{
    CHECK(ray_mul_down(3, div_down(ray, 2)).value == 1);
    CHECK(ray_mul_up(3, div_down(ray, 2)).value == 2);
    CHECK(ray_mul_up(4, div_down(ray, 2)).value == 2);
    CHECK(ray_div_down(1, wrapping_mul(ray, 3)).value.is_zero());
    CHECK(ray_div_up(1, wrapping_mul(ray, 3)).value == 1);
    CHECK(ray_div_up(0, ray).value.is_zero());
    CHECK(percent_mul_down(9'999, 1).value.is_zero());
    CHECK(percent_mul_up(1, 1).value == 1);
    CHECK(percent_div_down(10'501, 10'500).value == 10'000);
    CHECK(percent_div_up(10'501, 10'500).value == 10'001);
    CHECK(product_div_up(7, 3, 10).value == 3);
    CHECK(ray_mul_down(Amount::max(), 2).fault == Fault::guard);
    CHECK(ray_div_up(1, 0).fault == Fault::guard);
    // 100 % for a year: 1 + 1 + 1/2 + 1/6, whose sixth is rounded down.
    CHECK(compounded_interest_v37(ray, 0, seconds_per_year).value ==
          *Amount::from_decimal("2666666666666666666666666666"));
    CHECK(compounded_interest_v37(ray, 5, 5).value == ray);
    CHECK(compounded_interest_v37(ray, 6, 5).fault == Fault::overflow);
}

TEST_CASE("aave v3.7: what does not fit its words is refused", "[contracts][aave_v3]")
{
    const auto most = wrapping_sub(Amount::power_of_two(120), 1);
    CHECK(to_uint_v37(most, 120).value() == most);
    CHECK(to_uint_v37(Amount::power_of_two(120), 120).error().to_string() ==
          "SafeCastOverflowedUintDowncast(120, " + Amount::power_of_two(120).to_string() + ")");
    // A balance has 120 bits, whatever is minted.
    Amount balance = wrapping_sub(most, 5);
    Amount supply = balance;
    REQUIRE(mint_v37(balance, supply, 5).has_value());
    CHECK(balance == most);
    CHECK(mint_v37(balance, supply, 1).error().to_string() == "Panic(0x11)");
    CHECK(supply == most);
    CHECK(mint_v37(balance, supply, Amount::power_of_two(120)).error().text ==
          "SafeCastOverflowedUintDowncast");
}

TEST_CASE("aave v3.7 pool: what it cannot divide it keeps", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(50));
    f.borrow(f.alice, f.usdc, tokens(60'000, 6));
    f.pass(40'000'000);
    // An index above 1: a unit in gives no scaled unit, a unit out takes one.
    f.expect_refusal(f.carol, Supply{f.id(f.usdc), 1, f.carol}, "InvalidAmount()");
    f.expect_ok(f.carol, Supply{f.id(f.usdc), 3, f.carol});
    CHECK(f.balance(f.carol, f.usdc).supplied_scaled == 2);
    CHECK(f.balance(f.carol, f.usdc).supplied == 2);
    f.expect_refusal(
        f.carol, Withdraw{f.id(f.usdc), 3, f.carol}, "NotEnoughAvailableUserBalance()");
    f.expect_ok(f.carol, Withdraw{f.id(f.usdc), 1, f.carol});
    CHECK(f.balance(f.carol, f.usdc).supplied_scaled == 1);
    CHECK(f.expect_ok(f.carol, Withdraw{f.id(f.usdc), Amount::max(), f.carol}).returns.values[0] ==
          1);
    CHECK_FALSE(f.pool.user_config(f.carol).is_collateral(f.usdc));
    // A debt is rounded up when it is made and when it is shown.
    f.supply(f.carol, f.weth, tokens(1));
    f.borrow(f.carol, f.usdc, 1);
    CHECK(f.balance(f.carol, f.usdc).debt_scaled == 1);
    CHECK(f.balance(f.carol, f.usdc).debt == 2);
    f.expect_refusal(f.carol, Repay{f.id(f.usdc), 1, 2, f.carol}, "InvalidBurnAmount()");
    f.expect_ok(f.carol, Repay{f.id(f.usdc), Amount::max(), 2, f.carol});
    CHECK_FALSE(f.pool.has_debt(f.carol));
}

TEST_CASE("aave v3.7 pool: checks in the deployed order, in its words", "[contracts][aave_v3]")
{
    V37Fixture f;
    const auto usdc = f.id(f.usdc);
    const auto weth = f.id(f.weth);
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(10));
    f.expect_refusal(f.alice, Borrow{usdc, 0, 2}, "InvalidAmount()");
    f.expect_refusal(f.alice, Borrow{usdc, tokens(100'001, 6), 2}, "InvalidAmount()");
    f.expect_refusal(f.alice, Borrow{usdc, 1, 1}, "InvalidInterestRateModeSelected()");
    f.expect_refusal(f.alice, Borrow{usdc, 1, 3}, "Panic(0x21)");
    f.expect_refusal(f.carol, Borrow{usdc, 1, 2}, "LtvValidationFailed()");
    f.expect_refusal(
        f.alice, Borrow{usdc, tokens(15'001, 6), 2}, "CollateralCannotCoverNewBorrow()");
    f.expect_refusal(
        f.alice, Borrow{usdc, tokens(16'001, 6), 2}, "HealthFactorLowerThanLiquidationThreshold()");
    f.borrow(f.alice, f.usdc, tokens(15'000, 6));
    f.expect_refusal(
        f.alice, Withdraw{weth, tokens(1), f.alice}, "HealthFactorLowerThanLiquidationThreshold()");
    f.expect_refusal(
        f.bob, Repay{usdc, Amount::max(), 2, f.alice}, "NoExplicitAmountToRepayOnBehalf()");
    f.expect_refusal(f.bob, Repay{usdc, 5, 2, f.bob}, "NoDebtOfSelectedType()");
    f.expect_refusal(f.alice, SetUserUseReserveAsCollateral{usdc, true}, "UnderlyingBalanceZero()");
    f.expect_refusal(f.alice, LiquidationCall{weth, usdc, f.alice, 1, false}, "SelfLiquidation()");
    f.expect_refusal(
        f.bob, LiquidationCall{weth, usdc, f.alice, 1, false}, "HealthFactorNotBelowThreshold()");
    // A health factor of exactly 1 is safe: 20,000 * 0.8 = 16,000 at 1,875 USD are 15,000.
    f.set_price(f.weth, f.dollars(1'875));
    CHECK(f.data(f.alice).health_factor == wad);
    f.expect_refusal(
        f.bob, LiquidationCall{weth, usdc, f.alice, 1, false}, "HealthFactorNotBelowThreshold()");
    f.set_price(f.weth, f.dollars(1'874));
    f.expect_refusal(
        f.bob, LiquidationCall{usdc, usdc, f.alice, 1, false}, "CollateralCannotBeLiquidated()");
    f.expect_refusal(f.bob, LiquidationCall{weth, f.id(f.dai), f.alice, 1, false},
        "SpecifiedCurrencyNotBorrowedByUser()");

    // The admin's.
    f.expect_refusal(f.bob, SetSupplyCap{usdc, 1}, "CallerNotRiskOrPoolAdmin()");
    f.expect_refusal(f.admin, SetReserveFactor{usdc, 10'001}, "InvalidReserveFactor()");
    f.expect_refusal(f.admin, SetReserveFreeze{usdc, false}, "InvalidFreezeState()");
    f.expect_refusal(f.admin, UpdateFlashloanPremiumToProtocol{1}, "(no reason)");
    f.expect_refusal(
        f.admin, SetReserveInterestRateData{usdc, 99, 0, 2, 1}, "InvalidOptimalUsageRatio()");
    f.expect_refusal(
        f.admin, SetReserveInterestRateData{usdc, 100, 0, 2, 1}, "Slope2MustBeGteSlope1()");
    f.expect_refusal(f.admin, ConfigureReserveAsCollateral{usdc, 9'000, 8'000, 10'500},
        "InvalidReserveParams()");
    f.expect_ok(f.admin, SetReserveFreeze{weth, true});
    CHECK(f.pool.reserve_config(f.weth).ltv_bps == 0);
    CHECK(f.pool.reserve_extra(f.weth).pending_ltv_bps == 7'500);
    f.expect_refusal(f.carol, Supply{weth, 1, f.carol}, "ReserveFrozen()");
    f.expect_refusal(f.carol, SetUserUseReserveAsCollateral{weth, true}, "UnderlyingBalanceZero()");
    f.expect_ok(f.admin, SetReserveFreeze{weth, false});
    // Thawed, it has no ltv until somebody says so again.
    CHECK(f.pool.reserve_config(f.weth).ltv_bps == 0);
    f.supply(f.carol, f.weth, tokens(1));
    CHECK_FALSE(f.pool.user_config(f.carol).is_collateral(f.weth));
    f.expect_refusal(
        f.carol, SetUserUseReserveAsCollateral{weth, true}, "UserHasAssetWithZeroLtv()");
    f.expect_refusal(f.bob, SetUserUseReserveAsCollateral{weth, true}, "UnderlyingBalanceZero()");
    f.expect_ok(f.admin, ConfigureReserveAsCollateral{weth, 7'500, 8'000, 10'500});
    f.expect_ok(f.carol, SetUserUseReserveAsCollateral{weth, true});
    f.expect_ok(f.admin, SetReservePause{weth, true});
    f.expect_refusal(f.carol, Withdraw{weth, 1, f.carol}, "ReservePaused()");
}

TEST_CASE("aave v3.7 pool: a reserve that is closed, frozen or paused, the first reason first",
    "[contracts][aave_v3]")
{
    V37Fixture f;
    const auto usdc = f.id(f.usdc);
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(10));
    f.borrow(f.alice, f.usdc, tokens(1'000, 6));
    const auto too_much = tokens(200'000, 6);
    const Borrow borrow{usdc, too_much, 1};
    const FlashLoanSimple flash{usdc, too_much, {}, true, {}};
    f.expect_refusal(f.alice, borrow, "InvalidAmount()");
    f.expect_ok(f.admin, SetReserveBorrowing{usdc, false});
    f.expect_refusal(f.alice, borrow, "BorrowingNotEnabled()");
    f.expect_ok(f.admin, SetReserveFreeze{usdc, true});
    f.expect_refusal(f.alice, borrow, "ReserveFrozen()");
    f.expect_refusal(f.alice, flash, "InvalidAmount()");
    f.expect_ok(f.admin, SetReserveFlashLoaning{usdc, false});
    f.expect_refusal(f.alice, flash, "FlashloanDisabled()");
    f.expect_ok(f.admin, SetReservePause{usdc, true});
    f.expect_refusal(f.alice, flash, "ReservePaused()");
    f.expect_refusal(f.alice, borrow, "ReservePaused()");
    f.expect_refusal(f.alice, Borrow{usdc, 0, 2}, "InvalidAmount()");
    f.expect_refusal(f.bob, Supply{usdc, 1, f.bob}, "ReservePaused()");
    f.expect_refusal(f.bob, Supply{usdc, 0, f.bob}, "InvalidAmount()");
    f.expect_refusal(f.bob, Withdraw{usdc, 1, f.bob}, "ReservePaused()");
    f.expect_refusal(f.bob, Withdraw{usdc, 0, f.bob}, "InvalidAmount()");
    f.expect_refusal(f.bob, Withdraw{usdc, too_much, f.bob}, "NotEnoughAvailableUserBalance()");
    // What is wrong with a repayment besides, from the last reason to the first.
    f.expect_refusal(f.bob, Repay{usdc, 1, 2, f.bob}, "ReservePaused()");
    f.expect_refusal(
        f.bob, Repay{usdc, Amount::max(), 2, f.alice}, "NoExplicitAmountToRepayOnBehalf()");
    f.expect_refusal(
        f.bob, Repay{usdc, Amount::max(), 1, f.alice}, "InvalidInterestRateModeSelected()");
    f.expect_refusal(f.bob, Repay{usdc, 0, 1, f.alice}, "InvalidAmount()");
    f.expect_refusal(f.carol, SetUserUseReserveAsCollateral{usdc, true}, "ReservePaused()");
    f.expect_refusal(f.bob, TransferAToken{usdc, f.carol, 1}, "ReservePaused()");
    f.expect_refusal(
        f.alice, LiquidationCall{f.id(f.weth), usdc, f.alice, 1, false}, "SelfLiquidation()");
    f.expect_refusal(
        f.bob, LiquidationCall{f.id(f.weth), usdc, f.alice, 1, false}, "ReservePaused()");
    f.expect_refusal(
        f.bob, LiquidationCall{usdc, f.id(f.weth), f.alice, 1, false}, "ReservePaused()");
}

TEST_CASE("aave v3.7 pool: donations change no rate, a new factor counts from its call on",
    "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(50));
    f.borrow(f.alice, f.usdc, tokens(50'000, 6));
    const auto rate = f.pool.reserve_state(f.usdc).variable_borrow_rate;
    ContractFixture* const plain = &f;
    plain->expect_ok(f.carol, f.id(f.usdc), Erc20Transfer{f.pool.account(), tokens(500'000, 6)});
    f.supply(f.carol, f.usdc, 1);
    f.expect_ok(f.carol, Withdraw{f.id(f.usdc), 1, f.carol});
    CHECK(f.pool.reserve_state(f.usdc).variable_borrow_rate == rate);
    CHECK(f.pool.reserve_extra(f.usdc).virtual_balance == tokens(50'000, 6));
    CHECK(f.pool.view_at(f.now)->reserve(f.usdc).cash == tokens(50'000, 6));
    // And nobody can take them.
    f.expect_refusal(f.bob, Withdraw{f.id(f.usdc), tokens(50'001, 6), f.bob}, "Panic(0x11)");

    f.pass(10'000'000);
    f.expect_ok(f.admin, SetReserveFactor{f.id(f.usdc), 5'000});
    const auto accrued = f.pool.reserve_state(f.usdc).accrued_to_treasury;
    const auto interest = wrapping_sub(f.balance(f.alice, f.usdc).debt, tokens(50'000, 6));
    // A tenth, as long as that was the factor.
    CHECK(ray_mul_down(accrued, f.pool.reserve_state(f.usdc).liquidity_index).value <=
          wrapping_add(div_down(interest, 10), 1));
    CHECK(accrued > div_down(interest, 11));
    CHECK(f.pool.reserve_state(f.usdc).last_update == f.now);
}

TEST_CASE("aave v3.7 pool: a flash loan's premium is the treasury's", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    const auto index = f.pool.reserve_state(f.usdc).liquidity_index;
    const auto fee = f.pool.view_at(f.now)->flash_fee(f.usdc, 1'001);
    REQUIRE(fee.has_value());
    CHECK(*fee == 1);  // 9 bps of 1,001 are 0.9: up.
    const auto outcome =
        f.expect_ok(f.alice, FlashLoanSimple{f.id(f.usdc), tokens(1'000, 6), {}, true, {}});
    CHECK(outcome.returns.values[0] == 900'000);
    CHECK(f.pool.reserve_state(f.usdc).liquidity_index == index);
    CHECK(f.pool.reserve_state(f.usdc).accrued_to_treasury == 900'000);
    CHECK(
        f.pool.reserve_extra(f.usdc).virtual_balance == wrapping_add(tokens(100'000, 6), 900'000));
    f.expect_refusal(f.alice, FlashLoanSimple{f.id(f.usdc), tokens(100'001, 6), {}, true, {}},
        "InvalidAmount()");
    f.expect_refusal(f.alice, FlashLoanSimple{f.id(f.usdc), 5, {}, false, {}},
        "InvalidFlashloanExecutorReturn()");
    // For an account without code.
    f.expect_refusal(f.bob, FlashLoanSimple{f.id(f.usdc), 5, {}, true, f.carol}, "(no reason)");
    f.expect_ok(f.alice, MintToTreasury{{f.id(f.usdc)}});
    CHECK(f.balance(f.treasury, f.usdc).supplied == 900'000);
}

TEST_CASE("aave v3.7 pool: how much of a debt is liquidated", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(200'000, 6));
    f.supply(f.bob, f.dai, tokens(200'000));
    f.supply(f.alice, f.weth, tokens(20));
    f.borrow(f.alice, f.usdc, tokens(20'000, 6));
    f.borrow(f.alice, f.dai, tokens(8'000));
    // 28,000 are owed; above 0.95 half of all of it may be repaid, of either debt.
    f.set_price(f.weth, f.dollars(1'740));
    const auto market = f.pool.market(f.now);
    CHECK(f.pool.liquidatable_debt(f.alice, f.usdc, market) == tokens(14'000, 6));
    CHECK(f.pool.liquidatable_debt(f.alice, f.dai, market) == tokens(8'000));
    // What would be left of a debt must be worth 1,000 USD, unless it is nothing.
    f.expect_refusal(f.carol,
        LiquidationCall{f.id(f.weth), f.id(f.dai), f.alice, tokens(7'500), false},
        "MustNotLeaveDust()");
    CHECK_FALSE(f.pool.quote_liquidation(f.weth, f.dai, f.alice, tokens(7'500), false, market));
    f.liquidate(f.carol, f.weth, f.dai, f.alice, tokens(8'000));
    CHECK_FALSE(f.pool.user_config(f.alice).is_borrowing(f.dai));
    // Far below, all of it.
    f.set_price(f.weth, f.dollars(1'350));
    const auto owed = f.balance(f.alice, f.usdc).debt;
    CHECK(f.pool.liquidatable_debt(f.alice, f.usdc, f.pool.market(f.now)) == owed);
    f.liquidate(f.carol, f.weth, f.usdc, f.alice, tokens(5'000, 6));
}

TEST_CASE("aave v3.7 pool: a liquidation's bounds are met to the unit", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(200'000, 6));
    // A debt worth exactly 2,000 USD is not small, and exactly 1,000 of it may be left.
    f.set_price(f.weth, f.dollars(2'700));
    f.supply(f.alice, f.weth, tokens(1));
    f.borrow(f.alice, f.usdc, tokens(2'000, 6));
    f.set_price(f.weth, f.dollars(2'450));
    const auto at_half = f.pool.market(f.now);
    CHECK(f.pool.liquidatable_debt(f.alice, f.usdc, at_half) == tokens(1'000, 6));
    CHECK(f.pool.quote_liquidation(f.weth, f.usdc, f.alice, tokens(1'000, 6), false, at_half));
    f.expect_ok(
        f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, tokens(1'000, 6), false});
}

TEST_CASE("aave v3.7 pool: collateral a fraction below a bound is below it", "[contracts][aave_v3]")
{
    // WETH at 2,000 USD and DAI that fall from 1 USD to 0.84, against 3,700 USDC.
    const auto owe = [](V37Fixture& f, const Amount& weth)
    {
        f.supply(f.bob, f.usdc, tokens(200'000, 6));
        f.supply(f.alice, f.weth, weth);
        f.supply(f.alice, f.dai, tokens(3'000));
        f.borrow(f.alice, f.usdc, tokens(3'700, 6));
        f.set_price(f.dai, 84'000'000);
    };
    // A wei less than 2,000 USD: all of the debt may be repaid for it, half of it for the DAI.
    V37Fixture small;
    owe(small, wrapping_sub(tokens(1), 1));
    CHECK(small.pool.liquidatable_debt(small.alice, small.usdc, small.pool.market(small.now)) ==
          tokens(3'700, 6));
    V37Fixture large;
    owe(large, tokens(1));
    CHECK(large.pool.liquidatable_debt(large.alice, large.usdc, large.pool.market(large.now)) ==
          tokens(1'850, 6));

    // 1,000 USDC take 0.525 WETH; what is left is a wei less than 1,000 USD.
    V37Fixture f;
    owe(f, wrapping_sub(wrapping_mul(1'025, Amount::power_of_ten(15)), 1));
    const auto part = tokens(1'000, 6);
    const auto quoted = [&] {
        return f.pool.quote_liquidation(f.weth, f.usdc, f.alice, part, false, f.pool.market(f.now));
    };
    CHECK_FALSE(quoted());
    const LiquidationCall call{f.id(f.weth), f.id(f.usdc), f.alice, part, false};
    f.expect_refusal(f.carol, call, "MustNotLeaveDust()");
    f.supply(f.alice, f.weth, 1);
    const auto quote = quoted();
    REQUIRE(quote.has_value());
    CHECK(quote->debt_value == f.dollars(1'000));
    // 0.525 WETH less a tenth of the bonus of 0.025, to the treasury.
    CHECK(quote->collateral_value == f.dollars(1'045));
    f.expect_ok(f.carol, call);
}

TEST_CASE("aave v3.7 pool: units that are no scaled unit any more", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.bob, f.weth, tokens(100));
    f.supply(f.alice, f.weth, tokens(10));
    f.borrow(f.alice, f.usdc, tokens(15'000, 6));
    f.supply(f.carol, f.usdc, tokens(10'000, 6));
    f.borrow(f.carol, f.weth, tokens(3));
    f.pass(10'000'000);
    // All that is supplied may be lent for a moment, as if it were there, and no unit more.
    const auto& state = f.pool.reserve_state(f.usdc);
    const auto income = f.pool.market(f.now).reserves.at(f.usdc).income.value;
    REQUIRE(income > ray);
    const auto supplied = mul_div_down(state.scaled_supply, income, ray).value;
    f.expect_refusal(f.bob, FlashLoanSimple{f.id(f.usdc), supplied, {}, true, {}}, "Panic(0x11)");
    f.expect_refusal(f.bob, FlashLoanSimple{f.id(f.usdc), wrapping_add(supplied, 1), {}, true, {}},
        "InvalidAmount()");

    // A unit of debt that is repaid is no scaled unit; one of collateral that goes out takes one.
    f.set_price(f.weth, f.dollars(1'800));
    const auto market = f.pool.market(f.now);
    CHECK_FALSE(f.pool.quote_liquidation(f.weth, f.usdc, f.alice, 1, false, market));
    CHECK_FALSE(
        f.sandbox
            .run(f.bob, f.pool.id(), LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, 1, false})
            .ok());
    CHECK(f.pool.quote_liquidation(f.weth, f.usdc, f.alice, 2, false, market));
    f.expect_ok(f.bob, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, 2, false});
    f.set_price(f.weth, f.dollars(2'800));
    // 7.5 * 10^8 wei are worth 2.1 units of USDC, of which the treasury takes one.
    const auto unit =
        f.pool.quote_liquidation(f.usdc, f.weth, f.carol, 750'000'000, false, f.pool.market(f.now));
    REQUIRE(unit.has_value());
    CHECK(unit->collateral == 1);
    f.expect_ok(f.bob, LiquidationCall{f.id(f.usdc), f.id(f.weth), f.carol, 750'000'000, false});
}

// Scaled amounts whose worth is a fraction above what a bound allows: supplies are rounded down
// when they are compared, debts up.
TEST_CASE("aave v3.7 pool: caps are met to the unit", "[contracts][aave_v3]")
{
    V37Fixture f;
    const auto usdc = f.id(f.usdc);
    const auto unit = Amount::power_of_ten(6);
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(50));
    f.borrow(f.alice, f.usdc, tokens(60'000, 6));
    f.pass(40'000'000);
    f.supply(f.carol, f.usdc, 5);
    const auto& state = f.pool.reserve_state(f.usdc);
    REQUIRE(state.last_update == f.now);
    const auto worth = [](const Amount& scaled, const Amount& index)
    { return mul_div_down(scaled, index, ray).value; };
    // The scaled amount that is worth @p amount and a fraction; 0 if none is.
    const auto just_above = [&](const Amount& amount, const Amount& index)
    {
        const auto scaled = wrapping_add(mul_div_down(amount, ray, index).value, 1);
        return worth(scaled, index) == amount ? scaled : Amount{};
    };

    // All that is supplied, and a fraction: more than there is, whatever cash there may be.
    Amount debt;
    for (int i = 0; i < 20 && debt.is_zero(); ++i)
    {
        f.supply(f.carol, f.usdc, 3);
        debt = just_above(
            worth(state.scaled_supply, state.liquidity_index), state.variable_borrow_index);
    }
    REQUIRE(!debt.is_zero());
    f.expect_refusal(
        f.alice, Borrow{usdc, worth(debt, state.variable_borrow_index), 2}, "InvalidAmount()");

    std::uint64_t cap = 70'000;
    while (just_above(wrapping_mul(cap, unit), state.variable_borrow_index).is_zero())
        ++cap;
    f.expect_ok(f.admin, SetBorrowCap{usdc, cap});
    const auto more_debt = wrapping_sub(
        just_above(wrapping_mul(cap, unit), state.variable_borrow_index), state.scaled_debt);
    f.expect_refusal(f.alice, Borrow{usdc, worth(more_debt, state.variable_borrow_index), 2},
        "BorrowCapExceeded()");
    f.borrow(f.alice, f.usdc, worth(wrapping_sub(more_debt, 1), state.variable_borrow_index));

    cap = 110'000;
    while (just_above(wrapping_mul(cap, unit), state.liquidity_index).is_zero())
        ++cap;
    f.expect_ok(f.admin, SetSupplyCap{usdc, cap});
    const auto more = wrapping_sub(just_above(wrapping_mul(cap, unit), state.liquidity_index),
        wrapping_add(state.scaled_supply, state.accrued_to_treasury));
    f.supply(f.carol, f.usdc, wrapping_add(worth(more, state.liquidity_index), 1));
    f.expect_refusal(f.carol, Supply{usdc, 3, f.carol}, "SupplyCapExceeded()");
}

TEST_CASE("aave v3.7 pool: what is compared with all supplies is rounded against who asks",
    "[contracts][aave_v3]")
{
    // Without a treasury. 60 % are lent at 3 % for 40,000,000 seconds: the indexes are
    // 1.022831050228310502283105022 and 1.038784900982043212363084448.
    V37Fixture f;
    const auto usdc = f.id(f.usdc);
    f.expect_ok(f.admin, SetReserveFactor{usdc, 0});
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(100));
    f.borrow(f.alice, f.usdc, tokens(60'000, 6));
    f.pass(40'000'000);
    f.expect_ok(f.alice, Repay{usdc, Amount::max(), 2, f.alice});
    CHECK(f.pool.reserve_extra(f.usdc).virtual_balance == 102'327'094'059);
    // 102,283,105,022.83 units are supplied.
    f.expect_refusal(
        f.carol, FlashLoanSimple{usdc, 102'283'105'023, {}, true, {}}, "InvalidAmount()");
    f.expect_ok(f.admin, UpdateFlashloanPremiumTotal{0});
    f.expect_ok(f.carol, FlashLoanSimple{usdc, 102'283'105'022, {}, true, {}});
    // Two units more are a scaled unit: 102,283,105,023.85. A loan of 102,283,105,023 would be a
    // debt of 102,283,105,024.
    f.supply(f.bob, f.usdc, 2);
    f.expect_refusal(f.alice, Borrow{usdc, 102'283'105'023, 2}, "InvalidAmount()");
    f.borrow(f.alice, f.usdc, 102'283'105'022);
    CHECK(f.balance(f.alice, f.usdc).debt == 102'283'105'023);
    f.expect_ok(f.alice, Repay{usdc, Amount::max(), 2, f.alice});
    // 1,000 USDC would be a debt of 1,000,000,000.6 units.
    f.expect_ok(f.admin, SetBorrowCap{usdc, 1'000});
    f.expect_refusal(f.alice, Borrow{usdc, 1'000'000'000, 2}, "BorrowCapExceeded()");
    f.borrow(f.alice, f.usdc, 999'999'998);
    CHECK(f.balance(f.alice, f.usdc).debt == 999'999'999);
    // And 102,290,000,000 and a fraction are supplied, which is the cap.
    f.expect_ok(f.admin, SetSupplyCap{usdc, 102'290});
    f.expect_refusal(f.carol, Supply{usdc, 6'894'978, f.carol}, "SupplyCapExceeded()");
    f.supply(f.carol, f.usdc, 6'894'977);
}

TEST_CASE("aave v3.7 pool: a position is small or leaves dust by a unit", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    const auto price_of = [&](std::size_t reserve, std::uint64_t value)
    { f.set_price(reserve, Amount{value}); };
    SECTION("a debt of 199999999999.99998, which counts as 2,000 USD")
    {
        f.set_price(f.weth, f.dollars(3'000));
        f.supply(f.alice, f.weth, div_down(tokens(12), 10));
        f.borrow(f.alice, f.usdc, 1'999'999'980);
        price_of(f.usdc, 100'000'001);
        f.set_price(f.weth, f.dollars(2'041));
        // Half of it: 100000000000 of value.
        CHECK(f.pool.liquidatable_debt(f.alice, f.usdc, f.pool.market(f.now)) == 999'999'990);
    }
    SECTION("collateral of 199999999999, which counts as less than 2,000 USD")
    {
        f.set_price(f.weth, f.dollars(3'000));
        f.supply(f.alice, f.weth, tokens(1));
        f.supply(f.alice, f.dai, tokens(1'000));
        f.borrow(f.alice, f.usdc, tokens(2'450, 6));
        price_of(f.weth, 199'999'999'999);
        const auto quote = f.pool.quote_liquidation(
            f.weth, f.usdc, f.alice, Amount::max(), false, f.pool.market(f.now));
        REQUIRE(quote.has_value());
        // All of it, for 1999.999999 / 1.05, up.
        CHECK(quote->debt == 1'904'761'904);
        CHECK(quote->collateral == 995'238'095'238'095'238);
        CHECK(quote->fee == 4'761'904'761'904'762);
        CHECK(quote->debt_value == 190'476'190'400);
        CHECK(quote->collateral_value == 199'047'619'046);
        f.liquidate(f.carol, f.weth, f.usdc, f.alice, Amount::max());
    }
    SECTION("debt that is left counts as 1,000 USD where it is 99999999999.99999")
    {
        f.supply(f.alice, f.weth, tokens(5));
        f.borrow(f.alice, f.usdc, tokens(5'000, 6));
        price_of(f.usdc, 100'000'001);
        f.set_price(f.weth, f.dollars(1'150));
        f.expect_refusal(f.carol,
            LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, 4'000'000'011, false},
            "MustNotLeaveDust()");
        f.liquidate(f.carol, f.weth, f.usdc, f.alice, 4'000'000'010);
    }
    SECTION("collateral that is left does not where it is 99999999999.99")
    {
        f.supply(f.alice, f.weth, Amount{4'631'818'181'809'090'908ULL});
        f.borrow(f.alice, f.usdc, tokens(5'000, 6));
        f.set_price(f.weth, f.dollars(1'100));
        f.expect_refusal(f.carol,
            LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, 3'900'000'000, false},
            "MustNotLeaveDust()");
        f.liquidate(f.carol, f.weth, f.usdc, f.alice, 3'899'999'999);
    }
}

TEST_CASE("aave v3.7 pool: a liquidation of a unit burns one of collateral, but none of debt",
    "[contracts][aave_v3]")
{
    // The indexes of USDC are above 1.
    V37Fixture f;
    f.supply(f.bob, f.dai, tokens(100'000));
    f.supply(f.bob, f.weth, tokens(100));
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    f.supply(f.carol, f.weth, tokens(3));
    f.borrow(f.carol, f.usdc, tokens(4'500, 6));
    f.borrow(f.alice, f.dai, tokens(7'000));
    f.borrow(f.alice, f.weth, 1'000'000'000);
    f.pass(10'000'000);
    f.set_price(f.usdc, Amount{85'000'000});
    // 2.35 units of USDC are owed, with the bonus 2; one of them is the treasury's.
    const auto quote = f.pool.quote_liquidation(
        f.usdc, f.weth, f.alice, Amount::max(), false, f.pool.market(f.now));
    REQUIRE(quote.has_value());
    CHECK(quote->collateral == 1);
    CHECK(quote->fee == 1);
    f.liquidate(f.carol, f.usdc, f.weth, f.alice, Amount::max());
    f.set_price(f.weth, f.dollars(1'500));
    CHECK(f.data(f.carol).health_factor < wad);
    CHECK_FALSE(f.pool.quote_liquidation(f.weth, f.usdc, f.carol, 1, false, f.pool.market(f.now)));
    f.expect_refusal(f.bob, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.carol, 1, false},
        "InvalidBurnAmount()");
    f.liquidate(f.bob, f.weth, f.usdc, f.carol, 2);
}

TEST_CASE("aave v3.7 pool: a flash loan for another account runs what that has registered",
    "[contracts][aave_v3]")
{
    V37Fixture f;
    const auto asset = f.id(f.usdc);
    f.supply(f.alice, f.usdc, tokens(10'000, 6));
    const FlashLoanSimple call{asset, tokens(1'000, 6), {}, true, f.carol};
    f.expect_refusal(f.bob, call, "(no reason)");  // Nothing: an account without code.
    CallWriter code;
    code.add(asset, Erc20Transfer{f.bob, tokens(1'000, 6)});
    REQUIRE(f.sandbox.run(f.carol, native_coin, RegisterCalls{code.list(), 1}).ok());
    const auto carol = f.token[f.usdc]->balance(f.carol);
    f.expect_ok(f.bob, call);
    CHECK(f.token[f.usdc]->balance(f.bob) == tokens(1'001'000, 6));
    CHECK(f.token[f.usdc]->balance(f.carol) == wrapping_sub(carol, 1'000'900'000));
}

TEST_CASE("aave v3.7 pool: debt that nothing secures is written off", "[contracts][aave_v3]")
{
    V37Fixture f;
    f.supply(f.bob, f.usdc, tokens(200'000, 6));
    f.supply(f.bob, f.dai, tokens(200'000));
    f.supply(f.alice, f.weth, tokens(20));
    f.borrow(f.alice, f.usdc, tokens(20'000, 6));
    f.borrow(f.alice, f.dai, tokens(8'000));
    f.pass(1'000'000);
    f.set_price(f.weth, f.dollars(500));
    const auto owed = f.balance(f.alice, f.usdc).debt;
    const auto owed_dai = f.balance(f.alice, f.dai).debt;
    const auto market = f.pool.market(f.now);
    const auto quote = f.pool.quote_liquidation(f.weth, f.usdc, f.alice, owed, false, market);
    REQUIRE(quote.has_value());
    // All of 10,000 USD with a bonus of 5 %, a tenth of it the treasury's.
    CHECK(quote->debt == Amount{9'523'809'524});
    const auto outcome =
        f.expect_ok(f.carol, LiquidationCall{f.id(f.weth), f.id(f.usdc), f.alice, owed, false});
    CHECK(outcome.returns.values[1] == quote->collateral);
    CHECK(f.pool.user_config(f.alice).is_empty());
    CHECK(f.pool.reserve_extra(f.usdc).deficit == wrapping_sub(owed, quote->debt));
    CHECK(f.pool.reserve_extra(f.dai).deficit == owed_dai);
    const auto deficits = std::count_if(outcome.block.events.begin(), outcome.block.events.end(),
        [](const auto& event) { return event.type == &event_type<DeficitCreatedLog>; });
    CHECK(deficits == 2);
    CHECK(f.pool.reserve_state(f.usdc).scaled_debt.is_zero());
    // Bob is owed what he was, and the cash is not there.
    CHECK(f.balance(f.bob, f.usdc).supplied >= tokens(200'000, 6));
    f.expect_refusal(f.bob, Withdraw{f.id(f.usdc), Amount::max(), f.bob}, "Panic(0x11)");
    // Two owners of the shortfall: a new loan earns suppliers less than it would without one.
    f.supply(f.carol, f.weth, tokens(100));
    f.borrow(f.carol, f.usdc, tokens(10'000, 6));
    const auto& state = f.pool.reserve_state(f.usdc);
    const auto debt = f.balance(f.carol, f.usdc).debt;
    const auto usage =
        ray_div_half_up(debt, Checked{debt} + f.pool.reserve_extra(f.usdc).virtual_balance +
                                  f.pool.reserve_extra(f.usdc).deficit);
    CHECK(state.liquidity_rate ==
          percent_mul_half_up(ray_mul_half_up(state.variable_borrow_rate, usage), 9'000).value);
}

TEST_CASE("aave v3.7 pool: nobody gains by going in and out, and every reserve stays backed",
    "[contracts][aave_v3]")
{
    std::mt19937_64 random{20'250'707};
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    std::size_t liquidations = 0;
    std::size_t deficits = 0;
    for (unsigned round = 0; round < 5; ++round)
    {
        V37Fixture f;
        const std::array users{f.alice, f.bob, f.carol};
        // Alice has WETH alone, so that a fall of its price can leave her without collateral.
        f.supply(f.alice, f.weth, tokens(5 + draw(100)));
        for (const auto user : {f.bob, f.carol})
        {
            f.supply(user, f.usdc, tokens(20'000 + draw(100'000), 6));
            f.supply(user, f.weth, tokens(5 + draw(100)));
        }
        for (unsigned step = 0; step < 150; ++step)
        {
            f.pass(draw(3) == 0 ? draw(4'000'000) : draw(3));
            const auto user = users[draw(3)];
            const auto other = users[draw(3)];
            const auto i = user == f.alice ? f.weth : draw(2);
            const auto amount = draw(6) == 0
                                    ? Amount{1 + draw(9)}
                                    : div_down(tokens(1 + draw(60'000), i == f.usdc ? 6 : 18),
                                          i == f.usdc ? 1U : 1'000U);
            const auto asset = f.id(i);
            CallWriter calls;
            const auto pool = f.pool.id();
            switch (draw(9))
            {
                case 0: calls.add(pool, Supply{asset, amount, user}); break;
                case 1:
                    calls.add(pool, Withdraw{asset, draw(4) == 0 ? Amount::max() : amount, user});
                    break;
                case 2:
                case 3:
                    calls.add(pool, Borrow{f.id(f.usdc), tokens(1 + draw(60'000), 6), 2});
                    break;
                case 4:
                    calls.add(pool, Repay{asset, draw(2) == 0 ? Amount::max() : amount, 2, user});
                    break;
                case 5: calls.add(pool, TransferAToken{asset, other, amount}); break;
                case 6: {
                    // In and out within a second.
                    const auto before = f.token[i]->balance(user);
                    calls.add(pool, Supply{asset, amount, user});
                    const auto in = f.sandbox.run(user, calls);
                    if (in.ok())
                    {
                        (void)f.sandbox.run(user, pool, Withdraw{asset, amount, user});
                        CHECK(f.token[i]->balance(user) <= before);
                    }
                    continue;
                }
                case 7: f.set_price(f.weth, f.dollars(100 + draw(3'000))); break;
                default: break;
            }
            (void)f.sandbox.run(user, calls);
            // Whoever is unsafe is liquidated sooner or later.
            const auto market = f.pool.market(f.now);
            const auto most = f.pool.liquidatable_debt(other, f.usdc, market);
            const auto collateral = other == f.alice ? f.weth : i;
            if (draw(2) == 0 && user != other && most <= f.token[f.usdc]->balance(user) &&
                f.pool.quote_liquidation(collateral, f.usdc, other, most, false, market))
            {
                f.liquidate(user, collateral, f.usdc, other, most);
                ++liquidations;
            }
            const auto findings = f.sandbox.world().check_invariants();
            INFO((findings.empty() ? std::string{} : findings.front()));
            REQUIRE(findings.empty());
        }
        for (const auto i : {f.usdc, f.weth})
            deficits += f.pool.reserve_extra(i).deficit.is_zero() ? 0 : 1;
    }
    CHECK(liquidations > 0);
    CHECK(deficits > 0);
}

TEST_CASE("aave v3.7 pool: a new rate curve counts from its call on", "[contracts][aave_v3]")
{
    V37Fixture f;
    const auto usdc = f.id(f.usdc);
    f.supply(f.bob, f.usdc, tokens(100'000, 6));
    f.supply(f.alice, f.weth, tokens(50));
    f.borrow(f.alice, f.usdc, tokens(50'000, 6));
    const auto before = f.pool.reserve_state(f.usdc).variable_borrow_rate;
    f.expect_refusal(f.alice, SetReserveInterestRateData{usdc, 5'000, 100, 300, 6'000},
        "CallerNotRiskOrPoolAdmin()");
    f.expect_refusal(f.admin, SetReserveInterestRateData{native_coin, 5'000, 100, 300, 6'000},
        "AssetNotListed()");
    for (const std::uint64_t ratio : {99, 9'901})
    {
        f.expect_refusal(f.admin, SetReserveInterestRateData{usdc, ratio, 100, 300, 6'000},
            "InvalidOptimalUsageRatio()");
    }
    f.expect_refusal(
        f.admin, SetReserveInterestRateData{usdc, 5'000, 0, 301, 300}, "Slope2MustBeGteSlope1()");
    f.expect_refusal(
        f.admin, SetReserveInterestRateData{usdc, 99, 0, 301, 300}, "InvalidOptimalUsageRatio()");
    f.expect_refusal(
        f.admin, SetReserveInterestRateData{usdc, 5'000, 1, 50'000, 50'000}, "InvalidMaxRate()");
    f.expect_ok(f.admin, SetReserveInterestRateData{usdc, 5'000, 0, 50'000, 50'000});

    // Half of it is lent, the optimal usage: 1 % and all of the first slope.
    f.pass(86'400);
    f.expect_ok(f.admin, SetReserveInterestRateData{usdc, 5'000, 100, 300, 6'000});
    CHECK(f.pool.reserve_state(f.usdc).last_update == f.now);
    const auto rate = f.pool.reserve_state(f.usdc).variable_borrow_rate;
    // The day at 500 % has made the debt larger: a little above the optimal usage.
    CHECK(rate > percent_mul_half_up(ray, 400).value);
    CHECK(rate < percent_mul_half_up(ray, 1'500).value);
    CHECK(rate != before);
}
}  // namespace runnel::contracts
