#include "contracts/lending/aave_v3/interest_rate_strategy.hpp"
#include "contracts/lending/aave_v3/math.hpp"
#include "tests/support/catch.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <random>
#include <string>

using namespace runnel;
using namespace runnel::contracts::aave_v3;

namespace
{
using Integer = boost::multiprecision::cpp_int;

Integer to_integer(const Amount& amount)
{
    return Integer{amount.to_string()};
}

/// A number of up to @p bits_max bits; every width is as likely.
Amount draw(std::mt19937_64& random, unsigned bits_max)
{
    const auto bits = static_cast<unsigned>(random() % (bits_max + 1));
    const Amount whole{random(), random(), random(), random()};
    return bits == 0 ? Amount{} : whole >> (256 - bits);
}

Amount decimal(const char* digits)
{
    return Amount::from_decimal(digits).value();
}

/// The result as unlimited integers have it; "guard" where the numerator leaves 256 bits.
std::string expected(const Integer& numerator, const Integer& divisor)
{
    if (divisor == 0 || numerator >= Integer{1} << 256)
        return "guard";
    return Integer{numerator / divisor}.str();
}

std::string text(const Checked& checked)
{
    if (checked.fault == Fault::guard)
        return "guard";
    return checked.ok() ? checked.value.to_string() : "panic";
}
}  // namespace

TEST_CASE("aave v3 math: half a unit rounds up, less rounds down", "[contracts][aave_v3]")
{
    const auto half_ray = div_down(ray, 2);
    CHECK(ray_mul_half_up(1, half_ray).value == 1);
    CHECK(ray_mul_half_up(1, wrapping_sub(half_ray, 1)).value == 0);
    CHECK(ray_div_half_up(1, wrapping_mul(ray, 2)).value == 1);  // (1e27 + 1e27) / 2e27
    CHECK(ray_div_half_up(1, wrapping_add(wrapping_mul(ray, 2), 1)).value == 0);
    CHECK(wad_mul_half_up(3, div_down(wad, 2)).value == 2);
    CHECK(wad_div_half_up(2, 3).value == decimal("666666666666666667"));
    CHECK(percent_mul_half_up(1, 5'000).value == 1);
    CHECK(percent_mul_half_up(1, 4'999).value == 0);
    CHECK(percent_div_half_up(1, 20'000).value == 1);
    CHECK(percent_div_half_up(1, 20'001).value ==
          0);  // Half of an odd divisor is rounded down first.
    CHECK(ray_to_wad_half_up(499'999'999).value == 0);
    CHECK(ray_to_wad_half_up(500'000'000).value == 1);
    CHECK(wad_to_ray(7).value == 7'000'000'000);
}

TEST_CASE("aave v3 math: assembly guards revert without data, plain arithmetic panics",
    "[contracts][aave_v3]")
{
    CHECK(ray_mul_half_up(Amount::max(), 0).value == 0);
    CHECK(ray_mul_half_up(Amount::max(), 1).fault == Fault::guard);
    CHECK(ray_div_half_up(1, 0).fault == Fault::guard);
    CHECK(percent_div_half_up(1, 0).fault == Fault::guard);
    CHECK(wad_to_ray(Amount::max()).fault == Fault::guard);
    CHECK(linear_interest(1, 2, 1).fault == Fault::overflow);
    CHECK(linear_interest(Amount::max(), 0, 2).fault == Fault::overflow);
    CHECK(compounded_interest(1, 2, 1).fault == Fault::overflow);
    CHECK(compounded_interest(Amount::power_of_two(200), 0, 1).fault == Fault::guard);
    // A fault of an operand is not turned into another one.
    CHECK(ray_mul_half_up(Checked{1} - 2, 1).fault == Fault::overflow);
    CHECK(to_uint128(Amount::power_of_two(128)).error().text ==
          "SafeCast: value doesn't fit in 128 bits");
    CHECK(to_uint128(wrapping_sub(Amount::power_of_two(128), 1)).has_value());
    CHECK(add_uint128(wrapping_sub(Amount::power_of_two(128), 1), 1).fault == Fault::overflow);
}

// Method: operands of every width against unlimited integers, so that rounding, guards and the
// narrow and wide paths of Amount are all met.
TEST_CASE(
    "aave v3 math: equals unlimited integers at every width", "[contracts][aave_v3][property]")
{
    std::mt19937_64 random{20'260'301};
    const Integer ray_integer = to_integer(ray);
    const Integer wad_integer = to_integer(wad);
    for (int i = 0; i < 20'000; ++i)
    {
        const auto a = draw(random, 256);
        const auto b = draw(random, 256);
        CAPTURE(a.to_string(), b.to_string());
        const auto x = to_integer(a);
        const auto y = to_integer(b);
        REQUIRE(text(quotient_down(a, b)) == (y == 0 ? "panic" : Integer{x / y}.str()));
        REQUIRE(text(ray_mul_half_up(a, b)) == expected(x * y + ray_integer / 2, ray_integer));
        REQUIRE(text(wad_mul_half_up(a, b)) == expected(x * y + wad_integer / 2, wad_integer));
        REQUIRE(text(percent_mul_half_up(a, b)) == expected(x * y + 5'000, 10'000));
        REQUIRE(text(ray_div_half_up(a, b)) == expected(x * ray_integer + y / 2, y));
        REQUIRE(text(wad_div_half_up(a, b)) == expected(x * wad_integer + y / 2, y));
        REQUIRE(text(percent_div_half_up(a, b)) == expected(x * 10'000 + y / 2, y));
        REQUIRE(text(ray_to_wad_half_up(a)) == expected(x + 500'000'000, 1'000'000'000));
    }
}

// Method: limbs of zeros, ones and single bits make the digits of a long division guess wrong,
// which random ones nearly never do.
TEST_CASE("aave v3 math: long division corrects its digits", "[contracts][aave_v3][property]")
{
    std::mt19937_64 random{20'260'302};
    const auto limb = [&]() -> std::uint64_t
    {
        switch (random() % 6)
        {
            case 0: return 0;
            case 1: return ~0ULL;
            case 2: return 1ULL << 63U;
            case 3: return (1ULL << 63U) - random() % 3;
            case 4: return random() % 3;
            default: return random();
        }
    };
    for (int i = 0; i < 200'000; ++i)
    {
        const Amount a{limb(), limb(), limb(), limb()};
        const Amount b = Amount{limb(), limb(), limb(), limb()} >> (64 * (random() % 4));
        if (b.is_zero())
            continue;
        const auto result = quotient_down(a, b).value;
        if (result != div_down(a, b))
        {
            CAPTURE(a.to_string(), b.to_string());
            REQUIRE(result == div_down(a, b));
        }
    }
}

TEST_CASE("aave v3 math: interest of known rates", "[contracts][aave_v3]")
{
    const auto rate = decimal("50000000000000000000000000");  // 5 % a year.
    CHECK(linear_interest(rate, 0, seconds_per_year).value ==
          decimal("1050000000000000000000000000"));
    CHECK(linear_interest(rate, 100, 100).value == ray);
    // Derived by hand from the three terms, each rounded down:
    //   p2 = floor(0.0025e27 / YEAR^2) = 2'513'777'269, p3 = floor(0.05 * p2 / YEAR) = 3
    //   1e27 + 0.05e27 + n * (n - 1) * p2 / 2 + n * (n - 1) * (n - 2) * p3 / 6
    CHECK(compounded_interest(rate, 0, seconds_per_year).value ==
          decimal("1051265681539063650421944000"));
    CHECK(compounded_interest(rate, 7, 7).value == ray);
    // One second: no second or third term.
    CHECK(compounded_interest(rate, 0, 1).value == linear_interest(rate, 0, 1).value);
    // Two seconds: n - 2 is 0, the third term is missing.
    CHECK(compounded_interest(rate, 0, 2).value == decimal("1000000003170979200890235919"));
}

TEST_CASE("aave v3 rates: two lines meet at the optimal usage", "[contracts][aave_v3]")
{
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = decimal("800000000000000000000000000");
    strategy.base_variable_borrow_rate = decimal("10000000000000000000000000");
    strategy.variable_rate_slope1 = decimal("40000000000000000000000000");
    strategy.variable_rate_slope2 = decimal("750000000000000000000000000");
    strategy.optimal_stable_to_total_debt_ratio = ray;
    struct Case
    {
        std::uint64_t cash, debt;
        const char* variable;
        const char* liquidity;  // With a reserve factor of 10 %.
    };
    const auto c = GENERATE(
        // No debt: the base rate, and nothing for suppliers.
        Case{100, 0, "10000000000000000000000000", "0"},
        // Half of the optimal usage: base + slope1 / 2; 3 % * 0.4 * 0.9.
        Case{60, 40, "30000000000000000000000000", "10800000000000000000000000"},
        Case{20, 80, "50000000000000000000000000", "36000000000000000000000000"},
        // Half of the way from 80 % to 100 %: base + slope1 + slope2 / 2; 42.5 % * 0.9 * 0.9.
        Case{10, 90, "425000000000000000000000000", "344250000000000000000000000"},
        Case{0, 100, "800000000000000000000000000", "720000000000000000000000000"});
    RateInputs inputs;
    inputs.cash = wrapping_mul(c.cash, wad);
    inputs.total_variable_debt = wrapping_mul(c.debt, wad);
    inputs.reserve_factor = 1'000;
    const auto rates = strategy.rates(inputs).value();
    CHECK(rates.variable == decimal(c.variable));
    CHECK(rates.liquidity == decimal(c.liquidity));

    // What comes in or goes out counts as if it already had.
    inputs.cash = wrapping_add(inputs.cash, 5);
    inputs.liquidity_added = 4;
    inputs.liquidity_taken = 9;
    CHECK(strategy.rates(inputs).value().variable == rates.variable);
}

TEST_CASE("aave v3 rates: usage at the optimum is still on the first line", "[contracts][aave_v3]")
{
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = ray;  // There is no second line to divide by.
    strategy.variable_rate_slope1 = decimal("70000000000000000000000000");
    strategy.optimal_stable_to_total_debt_ratio = ray;
    RateInputs inputs;
    inputs.total_variable_debt = wad;
    const auto rates = strategy.rates(inputs);
    REQUIRE(rates.has_value());
    CHECK(rates->variable == strategy.variable_rate_slope1);
}

TEST_CASE("aave v3 rates: what is not there cannot be taken", "[contracts][aave_v3]")
{
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = div_down(ray, 2);
    strategy.optimal_stable_to_total_debt_ratio = ray;
    RateInputs inputs;
    inputs.cash = 9;
    inputs.liquidity_taken = 10;
    // Without debt nobody looks.
    CHECK(strategy.rates(inputs).has_value());
    inputs.total_variable_debt = 1;
    const auto rates = strategy.rates(inputs);
    REQUIRE_FALSE(rates.has_value());
    CHECK(rates.error().to_string() == "Panic(0x11)");
    inputs.liquidity_taken = 9;
    inputs.reserve_factor = 10'001;
    CHECK(strategy.rates(inputs).error().to_string() == "Panic(0x11)");
}
