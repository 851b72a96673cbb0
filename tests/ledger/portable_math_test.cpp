#include "ledger/portable_math.hpp"

#include "ledger/philox.hpp"
#include "tests/support/catch.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

using namespace runnel;

namespace
{
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

double relative_error(double actual, double expected)
{
    return std::abs(actual - expected) / std::abs(expected);
}

std::uint64_t bits_of(double x)
{
    return std::bit_cast<std::uint64_t>(x);
}
}  // namespace

// Method: the oracle is long double's libm, rounded; 1e-14 leaves it room on machines where long
// double is a plain double.
TEST_CASE("portable math: exp agrees with the standard library", "[ledger][portable_math]")
{
    RandomStream random{1, 0, 0, 0};
    double worst = 0;
    for (int i = 0; i < 200'000; ++i)
    {
        const double range = i % 2 == 0 ? 708.0 : 2.0;
        const double x = (2 * random.uniform_double() - 1) * range;
        CAPTURE(x);
        const auto expected = static_cast<double>(std::exp(static_cast<long double>(x)));
        const double error = relative_error(portable_exp(x), expected);
        REQUIRE(error < 1e-14);
        worst = std::max(worst, error);
    }
    CHECK(worst < 1e-15);
}

TEST_CASE("portable math: log agrees with the standard library", "[ledger][portable_math]")
{
    RandomStream random{2, 0, 0, 0};
    double worst = 0;
    for (int i = 0; i < 200'000; ++i)
    {
        // Every exponent with subnormals; every second one close to 1, where the result is small.
        const double x = i % 2 == 0
                             ? std::ldexp(1 + random.uniform_double(),
                                   static_cast<int>(random.uniform_int(-1074, 1023)))
                             : 1 + (random.uniform_double() - 0.5) * std::ldexp(1.0, -(i % 40));
        if (x == 1)
            continue;
        CAPTURE(x);
        const auto expected = static_cast<double>(std::log(static_cast<long double>(x)));
        const double error = relative_error(portable_log(x), expected);
        REQUIRE(error < 1e-14);
        worst = std::max(worst, error);
    }
    CHECK(worst < 1e-15);
}

TEST_CASE("portable math: pow agrees with the standard library", "[ledger][portable_math]")
{
    RandomStream random{3, 0, 0, 0};
    for (int i = 0; i < 100'000; ++i)
    {
        const double base = portable_exp((2 * random.uniform_double() - 1) * 20);
        const double exponent = (2 * random.uniform_double() - 1) * 30;
        CAPTURE(base, exponent);
        const auto expected = static_cast<double>(
            std::pow(static_cast<long double>(base), static_cast<long double>(exponent)));
        const double bound = 1e-15 * (1 + std::abs(exponent * std::log(base)));
        REQUIRE(relative_error(portable_pow(base, exponent), expected) < bound);
    }
}

TEST_CASE("portable math: the ends of the range are exact", "[ledger][portable_math]")
{
    CHECK(portable_exp(0) == 1);
    CHECK(portable_exp(-0.0) == 1);
    CHECK(portable_exp(infinity) == infinity);
    CHECK(portable_exp(-infinity) == 0);
    CHECK(portable_exp(709.79) == infinity);
    CHECK(portable_exp(709.78) < infinity);
    CHECK(portable_exp(-745.13) == std::numeric_limits<double>::denorm_min());
    CHECK(portable_exp(-745.14) == 0);
    CHECK(portable_exp(not_a_number) != portable_exp(not_a_number));

    CHECK(portable_log(1) == 0);
    CHECK(portable_log(0) == -infinity);
    CHECK(portable_log(infinity) == infinity);
    CHECK(portable_log(-1) != portable_log(-1));
    CHECK(portable_log(not_a_number) != portable_log(not_a_number));

    CHECK(portable_pow(0, 0) == 1);
    CHECK(portable_pow(not_a_number, 0) == 1);
    CHECK(portable_pow(1, not_a_number) == 1);
    CHECK(portable_pow(0, 2.5) == 0);
    CHECK(portable_pow(0, -1) == infinity);
    CHECK(portable_pow(-2, 2) != portable_pow(-2, 2));
}

TEST_CASE("portable math: inverse normal CDF undoes the CDF", "[ledger][portable_math]")
{
    // Independent oracle: the error function of the standard library.
    for (double x = -8.2; x <= 0; x += 0.0078125)
    {
        CAPTURE(x);
        const double probability = 0.5 * std::erfc(-x / std::sqrt(2.0));
        // An error of one part in 2^52 of the probability moves x by this much.
        const double density = std::exp(-x * x / 2) / 2.5066282746310002;
        const double bound = 1e-14 + 4e-16 * probability / density;
        REQUIRE(std::abs(inverse_normal_cdf(probability) - x) < bound);
    }
    // Source: Wichura (1988), the check values of PPND16 at 0.25, 0.001 and 1e-20.
    CHECK(relative_error(inverse_normal_cdf(0.25), -0.6744897501960817) < 1e-15);
    CHECK(relative_error(inverse_normal_cdf(0.001), -3.090232306167814) < 1e-15);
    CHECK(relative_error(inverse_normal_cdf(1e-20), -9.262340089798408) < 1e-15);

    CHECK(inverse_normal_cdf(0.5) == 0);
    CHECK(inverse_normal_cdf(0.75) == -inverse_normal_cdf(0.25));
    CHECK(inverse_normal_cdf(0) == -infinity);
    CHECK(inverse_normal_cdf(1) == infinity);
    CHECK(inverse_normal_cdf(-0.1) != inverse_normal_cdf(-0.1));
    CHECK(inverse_normal_cdf(not_a_number) != inverse_normal_cdf(not_a_number));
}

// Method: the sum of a wide sample's bits, so that a difference in the last bit of any shows.
TEST_CASE("portable math: results have the same bits everywhere", "[ledger][portable_math]")
{
    CHECK(bits_of(portable_exp(1)) == 0x4005bf0a8b14576a);
    CHECK(bits_of(portable_exp(-123.456)) == 0x34cda9fb9e4ee720);
    CHECK(bits_of(portable_exp(-740)) == 85);
    CHECK(bits_of(portable_log(10)) == 0x40026bb1bbb55516);
    CHECK(bits_of(portable_log(0x1.8p-1060)) == 0xc086f2a4f5736e06);
    CHECK(bits_of(portable_pow(1.0001, 200'000)) == 0x41bce3a271065074);
    CHECK(bits_of(inverse_normal_cdf(0.3)) == 0xbfe0c7e39582c5fa);
    CHECK(bits_of(inverse_normal_cdf(1e-6)) == 0xc0130381a9799f7e);
    CHECK(bits_of(inverse_normal_cdf(1e-30)) == 0xc026ed94a4dacdc9);

    RandomStream random{4, 0, 0, 0};
    std::uint64_t sum = 0;
    for (int i = 0; i < 100'000; ++i)
    {
        const double x = random.uniform_double();
        sum = sum * 31 + bits_of(portable_exp((x - 0.5) * 1400));
        sum = sum * 31 + bits_of(portable_log(x + 0x1p-60));
        sum = sum * 31 + bits_of(inverse_normal_cdf(x * x * x));
    }
    CHECK(sum == 0x21e8d377574e5183);
}
