#include "contracts/exchanges/balancer_weighted/fixed_point.hpp"

#include <array>

namespace runnel::contracts::balancer_weighted
{
namespace
{
constexpr std::uint64_t max_pow_relative_error = 10'000;  // 10^-14

const Amount one_20 = Amount::power_of_ten(20);
const Amount one_36 = Amount::power_of_ten(36);

/// A number with a sign; magnitudes stay far below 2^255 here, as LogExpMath's int256 do.
struct Signed
{
    Amount magnitude;
    bool is_negative = false;
};

Signed difference(const Amount& a, const Amount& b) noexcept
{
    return a >= b ? Signed{wrapping_sub(a, b), false} : Signed{wrapping_sub(b, a), true};
}
Signed sum(const Signed& a, const Signed& b) noexcept
{
    if (a.is_negative == b.is_negative)
        return {wrapping_add(a.magnitude, b.magnitude), a.is_negative};
    const auto result = difference(a.magnitude, b.magnitude);
    return {result.magnitude, result.is_negative != a.is_negative};
}
Signed times(const Signed& a, const Amount& b) noexcept
{
    return {wrapping_mul(a.magnitude, b), a.is_negative};
}
/// Towards 0, as the EVM's sdiv.
Signed divided(const Signed& a, const Amount& b) noexcept
{
    return {runnel::div_down(a.magnitude, b), a.is_negative};
}

/// e^power, power with 18 digits, the value a whole number.
struct LargeStep
{
    Amount power;
    Amount value;
};
/// The same with 20 digits each.
struct SmallStep
{
    Amount power;
    Amount value;
};

const std::array large_steps{
    LargeStep{wrapping_mul(128, one),
        *Amount::from_decimal("38877084059945950922200000000000000000000000000000000000")},
    LargeStep{wrapping_mul(64, one), *Amount::from_decimal("6235149080811616882910000000")},
};
/// e^32 to e^(1/16).
const std::array small_steps{
    SmallStep{
        wrapping_mul(32, one_20), *Amount::from_decimal("7896296018268069516100000000000000")},
    SmallStep{wrapping_mul(16, one_20), *Amount::from_decimal("888611052050787263676000000")},
    SmallStep{wrapping_mul(8, one_20), *Amount::from_decimal("298095798704172827474000")},
    SmallStep{wrapping_mul(4, one_20), *Amount::from_decimal("5459815003314423907810")},
    SmallStep{wrapping_mul(2, one_20), *Amount::from_decimal("738905609893065022723")},
    SmallStep{one_20, *Amount::from_decimal("271828182845904523536")},
    SmallStep{runnel::div_down(one_20, 2), *Amount::from_decimal("164872127070012814685")},
    SmallStep{runnel::div_down(one_20, 4), *Amount::from_decimal("128402541668774148407")},
    SmallStep{runnel::div_down(one_20, 8), *Amount::from_decimal("113314845306682631683")},
    SmallStep{runnel::div_down(one_20, 16), *Amount::from_decimal("106449445891785942956")},
};
constexpr std::size_t small_steps_of_exp = 8;  // It leaves the last two to its series.

constexpr std::uint64_t exponent_max = 130;
constexpr std::uint64_t exponent_min = 41;  // Below 0.

Amount mul_div(const Amount& a, const Amount& b, const Amount& c) noexcept
{
    return runnel::div_down(wrapping_mul(a, b), c);
}

bool is_exponent(const Signed& x) noexcept
{
    return x.magnitude <= wrapping_mul(x.is_negative ? exponent_min : exponent_max, one);
}

/// e^x, x within bounds.
Amount exp_within(const Signed& exponent)
{
    if (exponent.is_negative)
        return runnel::div_down(one_36, exp_within({exponent.magnitude, false}));
    auto x = exponent.magnitude;
    Amount first{1};
    for (const auto& step : large_steps)
    {
        if (x >= step.power)
        {
            x = wrapping_sub(x, step.power);
            first = step.value;
            break;
        }
    }
    x = wrapping_mul(x, 100);
    auto product = one_20;
    for (std::size_t i = 0; i < small_steps_of_exp; ++i)
    {
        const auto& step = small_steps.at(i);
        if (x >= step.power)
        {
            x = wrapping_sub(x, step.power);
            product = mul_div(product, step.value, one_20);
        }
    }
    // Taylor's series to the twelfth term.
    auto series = wrapping_add(one_20, x);
    auto term = x;
    for (std::uint64_t n = 2; n <= 12; ++n)
    {
        term = runnel::div_down(mul_div(term, x, one_20), n);
        series = wrapping_add(series, term);
    }
    return runnel::div_down(wrapping_mul(mul_div(product, series, one_20), first), 100);
}

/// ln a with 18 digits; a is not 0.
Signed ln_18(const Amount& of)
{
    if (of < Amount{one})
    {
        auto inverse = ln_18(runnel::div_down(one_36, of));
        inverse.is_negative = true;
        return inverse;
    }
    auto a = of;
    Amount result;
    for (const auto& step : large_steps)
    {
        if (a >= wrapping_mul(step.value, one))
        {
            a = runnel::div_down(a, step.value);
            result = wrapping_add(result, step.power);
        }
    }
    result = wrapping_mul(result, 100);
    a = wrapping_mul(a, 100);
    for (const auto& step : small_steps)
    {
        if (a >= step.value)
        {
            a = mul_div(a, one_20, step.value);
            result = wrapping_add(result, step.power);
        }
    }
    // 2 artanh of z, to z^11.
    const auto z = mul_div(wrapping_sub(a, one_20), one_20, wrapping_add(a, one_20));
    const auto z_squared = mul_div(z, z, one_20);
    auto term = z;
    auto series = z;
    for (std::uint64_t n = 3; n <= 11; n += 2)
    {
        term = mul_div(term, z_squared, one_20);
        series = wrapping_add(series, runnel::div_down(term, n));
    }
    return {runnel::div_down(wrapping_add(result, wrapping_add(series, series)), 100), false};
}

/// ln x with 36 digits, of x near 1.
Signed ln_36(const Amount& of)
{
    const auto x = wrapping_mul(of, one);
    const auto z = divided(times(difference(x, one_36), one_36), wrapping_add(x, one_36));
    const auto z_squared = mul_div(z.magnitude, z.magnitude, one_36);
    auto term = z;
    auto series = z;
    for (std::uint64_t n = 3; n <= 15; n += 2)
    {
        term = divided(times(term, z_squared), one_36);
        series = sum(series, divided(term, n));
    }
    return times(series, 2);
}

/// Whether ln_36() is precise: between 0.9 and 1.1.
bool is_near_one(const Amount& x) noexcept
{
    return x > Amount{one - one / 10} && x < Amount{one + one / 10};
}
}  // namespace

Result<Amount> add(const Amount& a, const Amount& b)
{
    const auto result = Checked{a} + b;
    RUNNEL_REQUIRE(result.ok(), Refusal::error("BAL#000"));
    return result.value;
}

Result<Amount> sub(const Amount& a, const Amount& b)
{
    RUNNEL_REQUIRE(b <= a, Refusal::error("BAL#001"));
    return wrapping_sub(a, b);
}

Result<Amount> mul_fixed_down(const Amount& a, const Amount& b)
{
    const auto product = Checked{a} * b;
    RUNNEL_REQUIRE(product.ok(), Refusal::error("BAL#003"));
    return runnel::div_down(product.value, one);
}

Result<Amount> mul_fixed_up(const Amount& a, const Amount& b)
{
    const auto product = Checked{a} * b;
    RUNNEL_REQUIRE(product.ok(), Refusal::error("BAL#003"));
    if (product.value.is_zero())
        return Amount{};
    return wrapping_add(runnel::div_down(wrapping_sub(product.value, 1), one), 1);
}

Result<Amount> div_fixed_down(const Amount& a, const Amount& b)
{
    RUNNEL_REQUIRE(!b.is_zero(), Refusal::error("BAL#004"));
    const auto scaled = Checked{a} * one;
    RUNNEL_REQUIRE(scaled.ok(), Refusal::error("BAL#005"));
    return runnel::div_down(scaled.value, b);
}

Result<Amount> div_fixed_up(const Amount& a, const Amount& b)
{
    RUNNEL_REQUIRE(!b.is_zero(), Refusal::error("BAL#004"));
    const auto scaled = Checked{a} * one;
    RUNNEL_REQUIRE(scaled.ok(), Refusal::error("BAL#005"));
    if (a.is_zero())
        return Amount{};
    return wrapping_add(runnel::div_down(wrapping_sub(scaled.value, 1), b), 1);
}

Amount complement(const Amount& x) noexcept
{
    return x < Amount{one} ? wrapping_sub(one, x) : Amount{};
}

Result<Amount> pow(const Amount& x, const Amount& y)
{
    if (y.is_zero())
        return Amount{one};
    if (x.is_zero())
        return Amount{};
    RUNNEL_REQUIRE(!x.bit(255), Refusal::error("BAL#006"));
    static const auto exponent_bound = runnel::div_down(Amount::power_of_two(254), one_20);
    RUNNEL_REQUIRE(y < exponent_bound, Refusal::error("BAL#007"));
    Signed product;
    if (is_near_one(x))
    {
        // In two parts, to keep the digits: whole and rest of the logarithm.
        const auto logarithm = ln_36(x);
        const auto whole = divided(logarithm, one);
        const Signed rest{remainder(logarithm.magnitude, one), logarithm.is_negative};
        product = sum(times(whole, y), divided(times(rest, y), one));
    }
    else
        product = times(ln_18(x), y);
    product = divided(product, one);
    RUNNEL_REQUIRE(is_exponent(product), Refusal::error("BAL#008"));
    return exp_within(product);
}

Result<Amount> pow_down(const Amount& x, const Amount& y)
{
    if (y == Amount{one})
        return x;
    if (y == Amount{2 * one})
        return mul_fixed_down(x, x);
    if (y == Amount{4 * one})
    {
        const auto square = RUNNEL_TRY(mul_fixed_down(x, x));
        return mul_fixed_down(square, square);
    }
    const auto raw = RUNNEL_TRY(pow(x, y));
    const auto relative = RUNNEL_TRY(mul_fixed_up(raw, max_pow_relative_error));
    const auto error = RUNNEL_TRY(add(relative, 1));
    return raw < error ? Amount{} : wrapping_sub(raw, error);
}

Result<Amount> pow_up(const Amount& x, const Amount& y)
{
    if (y == Amount{one})
        return x;
    if (y == Amount{2 * one})
        return mul_fixed_up(x, x);
    if (y == Amount{4 * one})
    {
        const auto square = RUNNEL_TRY(mul_fixed_up(x, x));
        return mul_fixed_up(square, square);
    }
    const auto raw = RUNNEL_TRY(pow(x, y));
    const auto relative = RUNNEL_TRY(mul_fixed_up(raw, max_pow_relative_error));
    const auto error = RUNNEL_TRY(add(relative, 1));
    return add(raw, error);
}

Result<Amount> exp(const Int256& x)
{
    const Signed exponent{x.magnitude(), x.is_negative()};
    RUNNEL_REQUIRE(is_exponent(exponent), Refusal::error("BAL#009"));
    return exp_within(exponent);
}

Result<Int256> ln(const Int256& a)
{
    RUNNEL_REQUIRE(!a.is_negative() && !a.is_zero(), Refusal::error("BAL#100"));
    const auto logarithm = is_near_one(a.bits) ? divided(ln_36(a.bits), one) : ln_18(a.bits);
    return Int256::from_magnitude(logarithm.magnitude, logarithm.is_negative);
}

Result<Int256> log(const Int256& a, const Int256& base)
{
    // Solidity divides by what is 0; a negative number would too, after a division to 0.
    const auto with_36_digits = [](const Int256& number) -> Result<Signed>
    {
        RUNNEL_REQUIRE(!number.is_negative() && !number.is_zero(), Refusal::invalid_opcode());
        return is_near_one(number.bits) ? ln_36(number.bits) : times(ln_18(number.bits), one);
    };
    const auto base_logarithm = RUNNEL_TRY(with_36_digits(base));
    const auto logarithm = RUNNEL_TRY(with_36_digits(a));
    RUNNEL_REQUIRE(!base_logarithm.magnitude.is_zero(), Refusal::invalid_opcode());
    const auto ratio =
        runnel::div_down(wrapping_mul(logarithm.magnitude, one), base_logarithm.magnitude);
    return Int256::from_magnitude(ratio, logarithm.is_negative != base_logarithm.is_negative);
}

}  // namespace runnel::contracts::balancer_weighted
