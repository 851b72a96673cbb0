#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/stablecoins/terra_market/market.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace terra_market;

Amount amount(std::string_view digits)
{
    return Amount::from_decimal(digits).value();
}
Amount sum(const Amount& a, const Amount& b)
{
    return wrapping_add(a, b);
}
Amount less(const Amount& a, const Amount& b)
{
    return wrapping_sub(a, b);
}
Amount times(const Amount& a, const Amount& b)
{
    return wrapping_mul(a, b);
}
Int256 signed_of(std::string_view digits)
{
    const bool is_negative = digits.starts_with('-');
    return Int256::from_magnitude(amount(digits.substr(is_negative ? 1 : 0)), is_negative);
}

constexpr std::uint64_t unit = 1'000'000;  // Of UST and LUNA.
constexpr std::uint64_t two_percent = dec_one / 50;
/// 1,000,000 UST as a decimal.
Amount million()
{
    return amount("1000000000000000000000000000000");
}

struct MarketFixture : ContractFixture
{
    explicit MarketFixture(Amount base_pool = million(), std::uint64_t period = 36,
        Amount spread_min = two_percent, Amount base_unit_price = {},
        std::uint64_t price = 170'000'000, std::uint8_t volatile_decimals = 6)
      : keeper{sandbox.account("keeper")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        market_account{sandbox.account("market")},
        ust{sandbox.add<Erc20>(
            "UST", TokenInfo{"UST", 6}, TokenFlavour::openzeppelin5, market_account)},
        luna{sandbox.add<Erc20>("LUNA", TokenInfo{"LUNA", volatile_decimals},
            TokenFlavour::openzeppelin5, market_account)},
        oracle{sandbox.add<PriceOracle>(
            "oracle", "keeper", std::vector<TokenPrice>{{luna.id(), Amount{price}}})},
        market{sandbox.add<TerraMarket>(
            "market", MarketSetup{ust.id(), luna.id(), oracle.id(), base_unit_price,
                          {base_pool, period, spread_min}, "keeper"})}
    {
        sandbox.connect();
        sandbox.set_block(1);
        for (const auto user : {alice, bob})
        {
            ust.allocate(user, Amount::power_of_ten(24));
            luna.allocate(user, Amount::power_of_ten(24));
        }
    }

    template <typename Call>
    Sandbox::Outcome call(AccountId sender, const Call& call)
    {
        auto outcome = expect_ok(sender, market.id(), call);
        REQUIRE(outcome.undeclared_touches == 0);
        return outcome;
    }
    Sandbox::Outcome redeem(const Amount& ust_in)
    {
        return call(alice, Swap{ust.id(), ust_in, luna.id()});
    }
    Sandbox::Outcome mint(const Amount& luna_in)
    {
        return call(alice, Swap{luna.id(), luna_in, ust.id()});
    }
    void set_price(const Amount& price)
    {
        expect_ok(keeper, oracle.id(), SetPrice{luna.id(), price});
    }

    AccountId keeper, alice, bob, market_account;
    Erc20& ust;
    Erc20& luna;
    PriceOracle& oracle;
    TerraMarket& market;
};
}  // namespace

// By hand: what is cut off is .5, .5, .5 and 0.25 of a unit in the 18th place, and so on.
TEST_CASE("terra market: decimals round to the nearest, halves to the even digit",
    "[contracts][stablecoins]")
{
    const Amount half{dec_one / 2};
    CHECK(mul_half_even(1, half).value() == 0);
    CHECK(mul_half_even(3, half).value() == 2);
    CHECK(mul_half_even(5, half).value() == 2);
    CHECK(mul_half_even(5, sum(half, 1)).value() == 3);
    CHECK(mul_half_even(5, dec_one / 4).value() == 1);
    CHECK(mul_half_even(Amount::power_of_ten(58), Amount::power_of_ten(36)).value() ==
          Amount::power_of_ten(76));
    CHECK(quo_half_even(dec_one, 3 * dec_one).value() == 333'333'333'333'333'333U);
    CHECK(quo_half_even(2 * dec_one, 3 * dec_one).value() == 666'666'666'666'666'667U);
    CHECK(quo_half_even(1, 2 * dec_one).value() == 0);
    CHECK(quo_half_even(3, 2 * dec_one).value() == 2);
    // A hair above a half, which is cut off at the 36th digit before the 18th is rounded.
    CHECK(quo_half_even(1, 2 * dec_one - 1).value() == 0);
    CHECK(quo_half_even(1, 0).error().to_string() == "division by zero");
    CHECK(mul_half_even(Amount::max(), Amount::max()).error().to_string() == "Int overflow");
    CHECK(quo_half_even(Amount::max(), 1).error().to_string() == "Int overflow");
}

// Pools of 1 each, so that the 18th place shows: 1 / 1.5, and what half of one takes out of it.
TEST_CASE("terra market: pools and spreads round to the nearest", "[contracts][stablecoins]")
{
    const auto moved = pools_of(dec_one, Int256{500'000'000'000'000'000}).value();
    CHECK(moved.product == dec_one);
    CHECK(moved.stable == 1'500'000'000'000'000'000U);
    CHECK(moved.volatile_ == 666'666'666'666'666'667U);
    const auto still = pools_of(dec_one, 0).value();
    // 0.5 brings 1 - 1 / 1.5 = 0.333333333333333333; a third is lost.
    CHECK(spread_of(still, true, dec_one / 2, 0).value() == 333'333'333'333'333'334U);
    // 1.4 bring 0.583333333333333333 and lose 0.816666666666666667, 7 / 12 of it.
    CHECK(spread_of(still, true, 14 * (dec_one / 10), 0).value() == 583'333'333'333'333'334U);
    // 2 bring 0.666666666666666667: two thirds are lost.
    CHECK(spread_of(still, true, 2 * dec_one, 0).value() == 666'666'666'666'666'666U);
    // 0.2 bring 1 - 1 / 1.2 = 0.166666666666666667.
    CHECK(spread_of(still, false, dec_one / 5, 0).value() == 166'666'666'666'666'665U);
    CHECK(spread_of(moved, false, dec_one / 2, 0).value() == 0);
    CHECK(pools_of(dec_one, -std::int64_t{dec_one}).error().to_string() == "division by zero");
}

// Values by a second derivation over exact fractions.
TEST_CASE("terra market: swaps to the last unit", "[contracts][stablecoins]")
{
    struct Case
    {
        std::uint64_t price;
        const char* base_pool;
        const char* delta;
        std::uint64_t spread_min;
        bool offers_stable;
        const char* offer;
        const char* base_unit_price;
        const char* swap_coin;
        const char* fee_coin;
        const char* delta_after;
    };
    const auto* const m = "1000000000000000000000000000000";
    const auto* const m50 = "50000000000000000000000000000000";
    const auto* const sdr = "1340000000000000000";
    const auto c = GENERATE_COPY(
        // 1 UST at 1.70: 0.588235 LUNA less 2%.
        Case{170'000'000, m, "0", two_percent, true, "1000000", "0", "576470", "11765",
            "1000000000000000000000000"},
        // A tenth of the pool loses an eleventh.
        Case{170'000'000, m, "0", two_percent, true, "100000000000", "0", "53475935828",
            "5347593583", "100000000000000000000000000000"},
        // Once more, and back: the way back is only as bad as the least spread.
        Case{170'000'000, m, "100000000000000000000000000000", two_percent, true, "100000000000",
            "0", "44563279857", "14260249554", "200000000000000000000000000000"},
        Case{170'000'000, m, "100000000000000000000000000000", two_percent, false, "100000000000",
            "0", "166600000000", "3400000000", "-66600000000000000000000000000"},
        Case{170'000'000, m, "-299999999999999999999999999993", two_percent, false, "100000000000",
            "0", "74441465594", "95558534406", "-374441465594280607749999999993"},
        // The delta shows the fee's last place.
        Case{170'000'000, m, "-200000000000000000000000000000", two_percent, false, "30000000007",
            "0", "31360491936", "19639508075", "-231360491936315764904766273917"},
        // Pools in SDR: 285 million UST at once on 7 May 2022.
        Case{6'813'000'000, m50, "0", two_percent, true, "285000000000000", sdr, "796230134902",
            "3386949081302", "212686567164179104478423601937472"},
        Case{6'813'000'000, m50, "12345678901234567890123456789012", two_percent, false,
            "3000000000000", sdr, "66152253940963", "138237746059037",
            "-37021674786051333330669418180314"},
        Case{7, m50, "0", two_percent, true, "12345", sdr, "172829999999", "3527142858",
            "9212686567137857142857"},
        // Less than a unit: nothing comes of it, and the pools move.
        Case{32, m50, "0", 0, false, "777", sdr, "0", "0", "-185552237500000"});
    CAPTURE(c.price, c.delta, c.offer);
    Rates rates;
    rates.stable = times(c.price, Amount::power_of_ten(10));
    const auto unit_price = amount(c.base_unit_price);
    rates.is_base_stable = unit_price.is_zero();
    rates.base =
        rates.is_base_stable ? rates.stable : quo_half_even(rates.stable, unit_price).value();
    const auto plan = plan_swap(rates, amount(c.base_pool), signed_of(c.delta),
        Amount{c.spread_min}, c.offers_stable, amount(c.offer))
                          .value();
    CHECK(plan.swap_coin == amount(c.swap_coin));
    CHECK(plan.fee_coin == amount(c.fee_coin));
    CHECK(plan.delta == signed_of(c.delta_after));
}

TEST_CASE("terra market: a swap burns one token and mints the other", "[contracts][stablecoins]")
{
    MarketFixture f;
    const auto had = Amount::power_of_ten(24);
    const auto supply = f.ust.total_supply();
    const auto outcome = f.redeem(unit);
    CHECK(outcome.returns.values[0] == 576'470);
    CHECK(outcome.returns.values[1] == 11'765);
    CHECK(f.ust.balance(f.alice) == less(had, unit));
    CHECK(f.luna.balance(f.alice) == sum(had, 576'470));
    CHECK(f.luna.balance(f.market_account) == 11'765);
    CHECK(f.ust.total_supply() == less(supply, unit));
    CHECK(f.luna.total_supply() == sum(supply, 588'235));
    std::string names;
    for (const auto& event : outcome.block.events)
        names += std::string{event.type->name} + ' ';
    CHECK(names == "Transfer Transfer Transfer StablecoinConversion StablecoinState ");

    f.call(f.alice, SwapSend{f.bob, f.luna.id(), unit, f.ust.id()});
    // 1 LUNA is 1.7 UST less 2%.
    CHECK(f.ust.balance(f.bob) == sum(had, 1'666'000));
    CHECK(f.ust.balance(f.market_account) == 34'000);
    CHECK(f.market.totals().stable_minted == 1'700'000);
    CHECK(f.market.totals().stable_burned == unit);
    CHECK(f.market.totals().volatile_minted == 588'235);
    CHECK(f.market.totals().volatile_burned == unit);
}

TEST_CASE(
    "terra market: every block makes good a part of what is missing", "[contracts][stablecoins]")
{
    // 36,000 less a 36th each: 35,000, then 34,028 (972 off), then 33,083 (945 off).
    CHECK(replenish(36'000, 36, 0) == 36'000);
    CHECK(replenish(36'000, 36, 1) == 35'000);
    CHECK(replenish(-36'000, 36, 2) == -34'028);
    CHECK(replenish(36'000, 36, 3) == 33'083);
    CHECK(replenish(36'000, 1, 1) == 0);
    // The last units are never made good.
    CHECK(replenish(36'000, 36, 1'000'000) == 35);
    CHECK(replenish(Int256::from_magnitude(Amount::power_of_ten(40), true), 36, 10'000) == -35);

    MarketFixture f;
    f.sandbox.set_block(10);
    f.redeem(100'000 * unit);
    const auto moved = signed_of("100000000000000000000000000000");
    CHECK(f.market.delta_in(10) == moved);
    CHECK(f.market.delta_in(11) == signed_of("97222222222222222222222222223"));
    CHECK(f.market.state_in(10).redeem_spread == 173'553'719'008'264'463U);  // 1 - 1 / 1.21.
    CHECK(f.market.state_in(10).mint_spread == two_percent);
    // As on a chain that starts from another one's state: its block 3, not the other's 10.
    CHECK(f.market.delta_in(3) == replenish(moved, 36, 3));
    f.sandbox.set_block(3);
    const auto early = f.market.quote_conversion(f.ust.id(), unit, 3).value();
    CHECK(f.redeem(unit).returns.values[0] == early.amount_out);
    CHECK(f.market.delta_in(3).bits == sum(replenish(moved, 36, 3).bits, times(unit, dec_one)));
    f.sandbox.set_block(46);
    const auto before = f.market.delta_in(46);
    f.redeem(unit);
    CHECK(before < moved);
    CHECK(f.market.delta_in(46).bits == sum(before.bits, times(unit, dec_one)));
}

TEST_CASE("terra market: refusals in the module's order", "[contracts][stablecoins]")
{
    MarketFixture f;
    const auto id = f.market.id();
    const auto ust = f.ust.id();
    const auto luna = f.luna.id();
    f.expect_refusal(f.alice, id, Swap{ust, 0, ust}, "invalid coins");
    f.expect_refusal(f.alice, id, Swap{ust, Amount{1} << 100U, luna}, "invalid coins");
    CHECK(f.market.quote_conversion(ust, Amount{1} << 100U, 5).error().to_string() ==
          "invalid coins");
    CHECK(f.market.quote_conversion(ust, less(Amount{1} << 100U, 1), 5).has_value());
    f.expect_refusal(f.alice, id, Swap{ust, 1, ust}, "recursive swap");
    f.expect_refusal(f.alice, id, Swap{ust, 1, id}, "no price registered with oracle");
    f.expect_refusal(
        f.alice, id, Swap{ContractId{999}, 1, luna}, "no price registered with oracle");
    f.expect_refusal(f.keeper, id, Swap{ust, unit, luna},
        "ERC20InsufficientBalance(#" + std::to_string(index(f.keeper)) + ", 0, 1000000)");
    f.expect_refusal(
        f.alice, id, AssertLimitOrder{ust, unit, luna, 576'471}, "minimum receive not met");
    f.call(f.alice, AssertLimitOrder{ust, unit, luna, 576'470});
    f.set_price(0);
    f.expect_refusal(f.alice, id, Swap{ust, unit, luna}, "no price registered with oracle");
    CHECK(f.market.quote_conversion(ust, unit, 5).error().to_string() ==
          "no price registered with oracle");
    f.set_price(100'000'000);
    // Of an amount that is worth less than 1e-18.
    MarketFixture poor{million(), 36, two_percent, Amount{dec_one}, 1, 26};
    poor.expect_refusal(poor.alice, poor.market.id(), Swap{poor.luna.id(), 1, poor.ust.id()},
        "no price registered with oracle");
}

TEST_CASE("terra market: governance changes the parameters", "[contracts][stablecoins]")
{
    MarketFixture f;
    const auto id = f.market.id();
    f.redeem(100'000 * unit);
    f.expect_refusal(f.alice, id, ChangeParameters{million(), 18, 0}, "unauthorized");
    f.expect_refusal(
        f.keeper, id, ChangeParameters{million(), 0, 0}, "pool recovery period should be positive");
    f.expect_refusal(f.keeper, id, ChangeParameters{million(), 1, dec_one + 1},
        "market minimum stability spread should be a value between [0,1]");
    const auto block = f.market.delta_in(12);
    f.sandbox.set_block(12);
    f.call(f.keeper, ChangeParameters{times(2, million()), 18, Amount{dec_one / 100}});
    CHECK(f.market.delta_in(12) == block);
    CHECK(f.market.delta_in(13) == replenish(block, 18, 1));
    CHECK(f.market.parameters().base_pool == times(2, million()));
    f.mint(1'000'000 * unit);
    const auto delta = f.market.delta_in(14);
    REQUIRE(delta.is_negative());
    f.sandbox.set_block(14);
    f.expect_refusal(f.keeper, id, ChangeParameters{delta.magnitude(), 18, 0},
        "base pool below the pools' delta");
}

TEST_CASE("terra market: tokens of other decimals keep the price", "[contracts][stablecoins]")
{
    MarketFixture f{million(), 36, two_percent, {}, 170'000'000, 18};
    const auto outcome = f.redeem(unit);
    CHECK(outcome.returns.values[0] == amount("576470588235294117"));
    MarketFixture coarse{million(), 36, two_percent, {}, 170'000'000, 2};
    // 58.8235 hundredths less 2%: 57.6470.
    CHECK(coarse.redeem(unit).returns.values[0] == 57);
}

// Method: random swaps, prices that stand still for a while, blocks that pass; least spreads from 0
// to 5%. The seed is fixed. Worth is in UST at the oracle's price.
TEST_CASE("terra market: only the price makes money", "[contracts][stablecoins][property]")
{
    std::mt19937_64 random{20'220'509};
    for (int round = 0; round < 12; ++round)
    {
        const Amount spread_min{dec_one / 1'000 * (random() % 51)};
        const Amount unit_price{round % 3 == 0 ? 0 : 1'340'000'000'000'000'000U};
        MarketFixture f{million(), 1 + random() % 60, spread_min, unit_price, 6'813'000'000};
        std::uint64_t price = 6'813'000'000;
        std::uint64_t block = 1;
        for (int i = 0; i < 120; ++i)
        {
            block += 1 + random() % 4;
            if (i % 20 == 19)
            {
                price = 1'000 + random() % (std::uint64_t{1} << (10 + random() % 30));
                f.set_price(price);
            }
            f.sandbox.set_block(block);
            const bool is_stable = random() % 2 == 0;
            const auto offer = 1 + random() % (std::uint64_t{1} << (8 + random() % 30));
            const auto token = is_stable ? f.ust.id() : f.luna.id();
            CAPTURE(round, i, price, is_stable, offer);
            const auto quote = f.market.quote_conversion(token, offer, block);
            if (!quote)
                continue;
            const auto ust_supply = f.ust.total_supply();
            const auto luna_supply = f.luna.total_supply();
            const auto delta = f.market.delta_in(block);
            const auto outcome = is_stable ? f.redeem(offer) : f.mint(offer);
            REQUIRE(outcome.returns.values[0] == quote->amount_out);
            REQUIRE(outcome.returns.values[1] == quote->fee);

            // Supplies: what was offered is gone, what came of it is there.
            const auto made = sum(quote->amount_out, quote->fee);
            REQUIRE(f.ust.total_supply() ==
                    (is_stable ? less(ust_supply, offer) : sum(ust_supply, made)));
            REQUIRE(f.luna.total_supply() ==
                    (is_stable ? sum(luna_supply, made) : less(luna_supply, offer)));
            // Worth in 1e-8 of the smallest unit of UST: never more than what was given, whose
            // rounding is in the 18th place of its price.
            const auto scale = Amount::power_of_ten(8);
            const auto given = times(offer, is_stable ? scale : Amount{price});
            const auto got = times(made, is_stable ? Amount{price} : scale);
            REQUIRE(got <= sum(given, 1));
            // The least spread is taken, up to the rounding of whole coins.
            const auto least = times(quote->amount_out, dec_one);
            REQUIRE(least <= times(sum(made, 1), less(dec_one, spread_min)));
            // Redeeming fills the stable pool, minting drains it, but never to the bottom.
            const auto after = f.market.delta_in(block);
            REQUIRE((is_stable ? after > delta : after <= delta));
            REQUIRE((!after.is_negative() || after.magnitude() < million()));
        }
        // Left alone, the pools come back to all but a rest that is below the period.
        const auto rest = f.market.delta_in(block + 20'000);
        REQUIRE(rest.magnitude() < f.market.parameters().pool_recovery_period);
    }
}

// Without a least spread, that is: it is taken of every part alike.
TEST_CASE("terra market: in one block two swaps are worth one of both",
    "[contracts][stablecoins][property]")
{
    std::mt19937_64 random{20'220'510};
    for (int i = 0; i < 100; ++i)
    {
        MarketFixture whole{million(), 36, 0};
        MarketFixture parts{million(), 36, 0};
        const bool is_stable = random() % 2 == 0;
        const auto swap = [is_stable](MarketFixture& f, const Amount& offer)
        { return (is_stable ? f.redeem(offer) : f.mint(offer)).returns.values[0]; };
        const auto first = 1'000 + random() % (std::uint64_t{1} << (10 + random() % 30));
        const auto second = 1'000 + random() % (std::uint64_t{1} << (10 + random() % 30));
        CAPTURE(is_stable, first, second);
        const auto all = swap(whole, sum(first, second));
        const auto one = swap(parts, first);
        parts.sandbox.set_block(1);
        const auto two = swap(parts, second);
        const auto both = sum(one, two);
        // Each is rounded down to whole coins.
        REQUIRE(both <= sum(all, 1));
        REQUIRE(sum(both, 2) >= all);
        // In a later block the second finds fuller pools.
        MarketFixture patient{million(), 36, 0};
        swap(patient, first);
        patient.sandbox.set_block(30);
        REQUIRE(swap(patient, second) >= two);
    }
}

}  // namespace runnel::contracts
