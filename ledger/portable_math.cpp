#include "ledger/portable_math.hpp"

#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#if defined(__FAST_MATH__)
#error "Portable math needs IEEE 754 semantics: do not build with -ffast-math."
#endif

namespace runnel
{
namespace
{
static_assert(std::numeric_limits<double>::is_iec559);
static_assert(FLT_EVAL_METHOD == 0, "doubles are rounded to 53 bits after each operation");

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// ln(2) = high + low. The low 20 bits of high are 0: k * high is exact for every exponent k.
constexpr double ln2_high = 0x1.62e42feep-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double inverse_ln2 = 0x1.71547652b82fep+0;
constexpr double sqrt2 = 0x1.6a09e667f3bcdp+0;

// Above exp_max the result overflows; below exp_min it is less than half the least subnormal.
constexpr double exp_max = 0x1.62e42fefa39efp+9;
constexpr double exp_min = -0x1.74910d52d3051p+9;

constexpr unsigned mantissa_bits = 52;
constexpr int exponent_bias = 1023;

/// 1/n! from the highest power down.
constexpr auto exp_coefficients = []
{
    std::array<double, 15> coefficients{};
    double factorial = 1;  // Exact: 14! < 2^53.
    for (std::size_t n = 0; n < coefficients.size(); ++n)
    {
        if (n > 0)
            factorial *= static_cast<double>(n);
        coefficients[coefficients.size() - 1 - n] = 1 / factorial;
    }
    return coefficients;
}();

/// 1/(2n+1) from n = 12 down to 1.
constexpr auto artanh_coefficients = []
{
    std::array<double, 12> coefficients{};
    for (std::size_t n = 1; n <= coefficients.size(); ++n)
        coefficients[coefficients.size() - n] = 1 / static_cast<double>(2 * n + 1);
    return coefficients;
}();

/// Horner's rule; the coefficients run from the highest power down.
template <std::size_t Size>
constexpr double polynomial(const std::array<double, Size>& coefficients, double x) noexcept
{
    double sum = 0;
    for (const auto coefficient : coefficients)
        sum = sum * x + coefficient;
    return sum;
}

/// 2^exponent for an exponent in [-1022, 1023].
double power_of_two(int exponent) noexcept
{
    return std::bit_cast<double>(
        static_cast<std::uint64_t>(exponent + exponent_bias) << mantissa_bits);
}
}  // namespace

double portable_exp(double x) noexcept
{
    if (x != x)
        return x;
    if (x > exp_max)
        return infinity;
    if (x < exp_min)
        return 0;

    // The cast truncates towards 0, so half a unit away from 0 rounds to nearest.
    const int k = static_cast<int>(x * inverse_ln2 + (x < 0 ? -0.5 : 0.5));
    const double r = (x - k * ln2_high) - k * ln2_low;
    const double mantissa = polynomial(exp_coefficients, r);
    // In two steps: 2^k alone may lie outside of the range when the result does not.
    const int half = k / 2;
    return mantissa * power_of_two(half) * power_of_two(k - half);
}

double portable_log(double x) noexcept
{
    if (x != x || x == infinity)
        return x;
    if (x <= 0)
        return x == 0 ? -infinity : not_a_number;

    int k = 0;
    if (x < std::numeric_limits<double>::min())
    {
        x *= 0x1p54;  // Now normal, and exact.
        k = -54;
    }
    const auto bits = std::bit_cast<std::uint64_t>(x);
    k += static_cast<int>(bits >> mantissa_bits) - exponent_bias;
    constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << mantissa_bits) - 1;
    auto m = std::bit_cast<double>(
        (bits & mantissa_mask) | static_cast<std::uint64_t>(exponent_bias) << mantissa_bits);
    if (m >= sqrt2)
    {
        m *= 0.5;
        ++k;
    }

    const double s = (m - 1) / (m + 1);
    const double s2 = s * s;
    const double log_m = 2 * s + 2 * s * s2 * polynomial(artanh_coefficients, s2);
    return k * ln2_high + (k * ln2_low + log_m);
}

double portable_pow(double base, double exponent) noexcept
{
    if (exponent == 0 || base == 1)
        return 1;
    if (!(base >= 0) || exponent != exponent)
        return not_a_number;
    return portable_exp(exponent * portable_log(base));
}

double inverse_normal_cdf(double probability) noexcept
{
    if (!(probability >= 0 && probability <= 1))
        return not_a_number;
    if (probability == 0 || probability == 1)
        return probability == 0 ? -infinity : infinity;

    // Each pair: numerator and denominator of a rational approximation, highest power first.
    static constexpr std::array centre_numerator{2.5090809287301226727e+3, 3.3430575583588128105e+4,
        6.7265770927008700853e+4, 4.5921953931549871457e+4, 1.3731693765509461125e+4,
        1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080e+0};
    static constexpr std::array centre_denominator{5.2264952788528545610e+3,
        2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
        5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0};
    static constexpr std::array tail_numerator{7.74545014278341407640e-4, 2.27238449892691845833e-2,
        2.41780725177450611770e-1, 1.27045825245236838258e+0, 3.64784832476320460504e+0,
        5.76949722146069140550e+0, 4.63033784615654529590e+0, 1.42343711074968357734e+0};
    static constexpr std::array tail_denominator{1.05075007164441684324e-9,
        5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0};
    static constexpr std::array far_numerator{2.01033439929228813265e-7, 2.71155556874348757815e-5,
        1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1,
        1.78482653991729133580e+0, 5.46378491116411436990e+0, 6.65790464350110377720e+0};
    static constexpr std::array far_denominator{2.04426310338993978564e-15,
        1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};

    const double q = probability - 0.5;
    if (q >= -0.425 && q <= 0.425)
    {
        const double r = 0.180625 - q * q;
        return q * polynomial(centre_numerator, r) / polynomial(centre_denominator, r);
    }
    const double tail = q < 0 ? probability : 1 - probability;
    const double r = std::sqrt(-portable_log(tail));
    const double x =
        r <= 5 ? polynomial(tail_numerator, r - 1.6) / polynomial(tail_denominator, r - 1.6)
               : polynomial(far_numerator, r - 5) / polynomial(far_denominator, r - 5);
    return q < 0 ? -x : x;
}

}  // namespace runnel
