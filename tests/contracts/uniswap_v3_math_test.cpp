// Where the arithmetic's roundings and bounds show, by exact whole numbers: the formulas of the
// libraries that the headers name, and of what a scenario's first liquidity is.

#include "contracts/exchanges/uniswap_v3/first_position.hpp"
#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/sqrt_price_math.hpp"
#include "contracts/exchanges/uniswap_v3/tick_math.hpp"
#include "tests/support/catch.hpp"

#include <string_view>

namespace runnel::contracts::uniswap_v3
{

namespace
{
Amount decimal(std::string_view text)
{
    return *Amount::from_decimal(text);
}

// (2^128 - 1) / 29575, of ticks 60 apart.
const Amount most_liquidity = decimal("11505743598341114571880798222544994");

FirstPosition first(std::string_view amount0, std::string_view amount1, std::int64_t range_bps)
{
    const auto found =
        first_position(decimal(amount0), decimal(amount1), range_bps, 60, most_liquidity);
    REQUIRE(found.has_value());
    return *found;
}
}  // namespace

TEST_CASE("uniswap v3 first position: a price and liquidity from amounts, rounded down",
    "[contracts][uniswap_v3]")
{
    // sqrt(7 / 3) and all prices.
    const auto all = first("3000000000000000000", "7000000000000000000", 0);
    CHECK(all.price == decimal("121023017297959709708926085430"));
    CHECK(all.lower == -887'220);
    CHECK(all.upper == 887'220);
    CHECK(all.liquidity == decimal("4582575694955840006"));
    // A ratio that leaves no room for 192 bits behind the point has 128.
    const auto steep = first("1000000", "1180591620717411303424012345", 0);
    CHECK(steep.price == decimal("2722258935367507707707011092267095031808"));
    CHECK(steep.liquidity == decimal("34359738368000000"));
    // A ratio that is a fraction less than a square.
    const auto square = first("472236648286954422512699448771061280595", "100000000000000003", 0);
    CHECK(square.price == decimal("1152921504606859320"));
    CHECK(square.liquidity == decimal("6871947673599926618263990511"));

    const auto made =
        [](const Amount& amount0, const Amount& amount1, const Amount& most = most_liquidity)
    { return first_position(amount0, amount1, 0, 60, most).has_value(); };
    CHECK(made(1'000, 1'000, 1'000));
    CHECK_FALSE(made(1'000, 1'000, 999));
    CHECK_FALSE(made(0, 1'000));
    CHECK_FALSE(made(1'000, 0));
    CHECK_FALSE(made(1, Amount::power_of_two(130)));
    CHECK_FALSE(made(Amount::power_of_two(130), 1));
}

// Prices that are a fraction of a unit below a tick of the grid at an end of their range: that end
// is the tick of the grid before.
TEST_CASE(
    "uniswap v3 first position: its range ends where prices are reached", "[contracts][uniswap_v3]")
{
    const auto* const unit = "79228162514264337593543950336";  // 2^96
    // Four times the price, twice its root: 2P + 1 is the price of tick 6000, 2P the one's before.
    const auto fourfold = first(unit, "36089698474390297235483453369", 30'000);
    CHECK(fourfold.price == decimal("53472614447208322380581688706"));
    CHECK(fourfold.lower == -21'780);
    CHECK(fourfold.upper == 5'940);
    CHECK(fourfold.liquidity == decimal("106664411173513983164568258875"));
    // 2.25 times: 1.5 P is half a unit below the price of tick 6180.
    const auto above = first(unit, "65324731995092473167767043386", 12'500);
    CHECK(above.price == decimal("71941354468121808479657544169"));
    CHECK(above.lower == -10'080);
    CHECK(above.upper == 6'120);
    CHECK(above.liquidity == decimal("214952611474214448122772194549"));
    // P / 1.5 is a third of a unit below the price of tick -6000.
    const auto below = first(unit, "97835944200546795377618946134", 12'500);
    CHECK(below.price == decimal("88041820101911904021895131343"));
    CHECK(below.lower == -6'060);
    CHECK(below.upper == 10'200);
    CHECK(below.liquidity == decimal("262552583938759423377773132422"));
}

TEST_CASE("uniswap v3 math: what does not fit a signed number is refused without a reason",
    "[contracts][uniswap_v3]")
{
    const auto top = Amount::power_of_two(255);
    const auto most = Int256::from_bits(wrapping_sub(top, 1));
    const auto least = Int256::from_bits(top);
    const auto refused = [](const auto& result)
    { return !result.has_value() && result.error().to_string() == "(no reason)"; };
    CHECK(to_int256(most.bits) == most);
    CHECK(refused(to_int256(top)));
    CHECK(add(most, 0) == most);
    CHECK(add(most, -1) == Int256::from_bits(wrapping_sub(top, 2)));
    CHECK(refused(add(most, 1)));
    CHECK(refused(add(least, -1)));
    CHECK(subtract(least, 0) == least);
    CHECK(subtract(most, most) == Int256{});
    CHECK(refused(subtract(least, 1)));
    CHECK(refused(subtract(most, -1)));
    CHECK(refused(subtract(0, least)));
}

TEST_CASE("uniswap v3 math: quotients of quotients are rounded down, and none is by 0",
    "[contracts][uniswap_v3]")
{
    // 1000003 * 2^96 * (7 - 3) / 7 / 3: the first quotient is less by one than a multiple of 3.
    const auto amounts = amounts_for_liquidity(2, 3, 7, 1'000'003);
    REQUIRE(amounts.has_value());
    CHECK((*amounts)[0] == decimal("15091123847381310549820329708162096"));
    CHECK((*amounts)[1].is_zero());
    CHECK(amounts_for_liquidity(0, 0, 7, 1'000'003).error().to_string() == "(invalid opcode)");
    CHECK(max_liquidity_per_tick(0).error().to_string() == "(invalid opcode)");
    CHECK(max_liquidity_per_tick(60) == most_liquidity);
}

// Then it is L * 2^96 / (L * 2^96 / P + amount), the inner quotient rounded down.
TEST_CASE("uniswap v3 math: a price after what is too much to be multiplied with it",
    "[contracts][uniswap_v3]")
{
    const auto price = wrapping_add(Amount::power_of_two(159), 1);
    const auto liquidity = wrapping_sub(Amount::power_of_two(127), 1);
    const auto amount = wrapping_add(Amount::power_of_two(97), 1);
    CHECK(next_price_from_input(price, liquidity, amount, true) ==
          decimal("85070591720331095552713531163221688320"));
}

}  // namespace runnel::contracts::uniswap_v3
