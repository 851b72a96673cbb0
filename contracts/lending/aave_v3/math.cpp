#include "contracts/lending/aave_v3/math.hpp"

#include <algorithm>
#include <array>

namespace runnel::contracts::aave_v3
{
namespace
{
constexpr std::uint64_t rays_per_wad = 1'000'000'000;

Amount divide_by_limb(const Amount& dividend, std::uint64_t divisor) noexcept
{
    std::array<std::uint64_t, 4> digits{};
    uint128 rest = 0;
    for (unsigned i = 4; i-- > 0;)
    {
        rest = rest << 64U | dividend.limbs()[i];
        digits[i] = static_cast<std::uint64_t>(rest / divisor);
        rest %= divisor;
    }
    return {digits[3], digits[2], digits[1], digits[0]};
}

/// Long division in base 2^64; @p divisor has two limbs or more.
///
/// Source: Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.
Amount divide_long(const Amount& dividend, const Amount& divisor) noexcept
{
    const unsigned size = (divisor.bit_width() + 63) / 64;
    const unsigned shift = size * 64 - divisor.bit_width();
    const auto v = (divisor << shift).limbs();  // Its top bit is set.
    std::array<std::uint64_t, 5> u{};
    const auto shifted = (dividend << shift).limbs();
    std::copy(shifted.begin(), shifted.end(), u.begin());
    if (shift != 0)
        u[4] = dividend.limbs()[3] >> (64 - shift);

    std::array<std::uint64_t, 4> digits{};
    for (unsigned j = 5 - size; j-- > 0;)
    {
        // A digit from the two highest limbs, corrected by the third: at most one too large.
        const uint128 top = static_cast<uint128>(u[j + size]) << 64U | u[j + size - 1];
        uint128 digit = top / v[size - 1];
        uint128 rest = top % v[size - 1];
        while (digit >> 64U != 0 ||
               static_cast<std::uint64_t>(digit) * static_cast<uint128>(v[size - 2]) >
                   (rest << 64U | u[j + size - 2]))
        {
            --digit;
            rest += v[size - 1];
            if (rest >> 64U != 0)
                break;
        }
        uint128 carry = 0;
        std::uint64_t borrow = 0;
        for (unsigned i = 0; i < size; ++i)
        {
            carry += digit * v[i];
            const uint128 difference =
                static_cast<uint128>(u[i + j]) - static_cast<std::uint64_t>(carry) - borrow;
            u[i + j] = static_cast<std::uint64_t>(difference);
            borrow = static_cast<std::uint64_t>(difference >> 64U) & 1U;
            carry >>= 64U;
        }
        const uint128 last =
            static_cast<uint128>(u[j + size]) - static_cast<std::uint64_t>(carry) - borrow;
        u[j + size] = static_cast<std::uint64_t>(last);
        if (last >> 64U != 0)
        {
            --digit;
            uint128 sum = 0;
            for (unsigned i = 0; i < size; ++i)
            {
                sum += static_cast<uint128>(u[i + j]) + v[i];
                u[i + j] = static_cast<std::uint64_t>(sum);
                sum >>= 64U;
            }
            u[j + size] += static_cast<std::uint64_t>(sum);
        }
        digits[j] = static_cast<std::uint64_t>(digit);
    }
    return {digits[3], digits[2], digits[1], digits[0]};
}

/// An overflow inside the libraries' assembly is a revert without data.
Checked guarded(const Checked& value)
{
    return value.fault == Fault::overflow ? Checked::failed(Fault::guard) : value;
}

Checked half_up_mul(const Checked& a, const Checked& b, const Amount& unit)
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    return guarded(quotient_down(Checked{a.value} * b.value + (unit >> 1U), unit));
}

Checked half_up_div(const Checked& a, const Checked& b, const Amount& unit)
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    if (b.value.is_zero())
        return Checked::failed(Fault::guard);
    return guarded(quotient_down(Checked{a.value} * unit + (b.value >> 1U), b.value));
}

/// a * b / c, rounded.
Checked guarded_product(const Checked& a, const Checked& b, const Checked& c, bool upwards)
{
    for (const auto* operand : {&a, &b, &c})
    {
        if (!operand->ok())
            return *operand;
    }
    if (c.value.is_zero())
        return Checked::failed(Fault::guard);
    const auto product = guarded(Checked{a.value} * b.value);
    if (!product.ok())
        return product;
    const auto quotient = quotient_down(product, c.value);
    // The product is a quotient times the divisor and a rest: no overflow.
    const bool has_rest = wrapping_mul(quotient.value, c.value) != product.value;
    return upwards && has_rest ? quotient + 1 : quotient;
}

}  // namespace

Checked quotient_down(const Checked& a, const Checked& b)
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    if (b.value.is_zero())
        return Checked::failed(Fault::division_by_zero);
    if (a.value < b.value)
        return Amount{};
    return b.value.fits_uint64() ? divide_by_limb(a.value, b.value.low64())
                                 : divide_long(a.value, b.value);
}

Checked wad_mul_half_up(const Checked& a, const Checked& b)
{
    return half_up_mul(a, b, wad);
}

Checked wad_div_half_up(const Checked& a, const Checked& b)
{
    return half_up_div(a, b, wad);
}

Checked ray_mul_half_up(const Checked& a, const Checked& b)
{
    return half_up_mul(a, b, ray);
}

Checked ray_div_half_up(const Checked& a, const Checked& b)
{
    return half_up_div(a, b, ray);
}

Checked ray_to_wad_half_up(const Checked& a)
{
    if (!a.ok())
        return a;
    const auto quotient = div_down(a.value, rays_per_wad);
    const auto rest = remainder(a.value, rays_per_wad);
    return Checked{quotient} + (rest >= rays_per_wad / 2 ? 1 : 0);
}

Checked wad_to_ray(const Checked& a)
{
    return a.ok() ? guarded(Checked{a.value} * rays_per_wad) : a;
}

Amount ray_of_bps(std::uint64_t bps)
{
    static const auto ray_per_bps = Amount::power_of_ten(23);
    return wrapping_mul(bps, ray_per_bps);
}

Checked percent_mul_half_up(const Checked& value, const Checked& bps)
{
    return half_up_mul(value, bps, bps_denominator);
}

Checked percent_div_half_up(const Checked& value, const Checked& bps)
{
    return half_up_div(value, bps, bps_denominator);
}

Checked ray_mul_down(const Checked& a, const Checked& b)
{
    return guarded_product(a, b, ray, false);
}

Checked ray_mul_up(const Checked& a, const Checked& b)
{
    return guarded_product(a, b, ray, true);
}

Checked ray_div_down(const Checked& a, const Checked& b)
{
    return guarded_product(a, ray, b, false);
}

Checked ray_div_up(const Checked& a, const Checked& b)
{
    return guarded_product(a, ray, b, true);
}

Checked percent_mul_down(const Checked& value, const Checked& bps)
{
    return guarded_product(value, bps, bps_denominator, false);
}

Checked percent_mul_up(const Checked& value, const Checked& bps)
{
    return guarded_product(value, bps, bps_denominator, true);
}

Checked percent_div_down(const Checked& value, const Checked& bps)
{
    return guarded_product(value, bps_denominator, bps, false);
}

Checked percent_div_up(const Checked& value, const Checked& bps)
{
    return guarded_product(value, bps_denominator, bps, true);
}

Checked product_div_up(const Checked& a, const Checked& b, const Checked& c)
{
    return guarded_product(a, b, c, true);
}

Checked compounded_interest_v37(const Checked& rate, const Checked& last, const Checked& now)
{
    const auto seconds = now - last;
    if (!seconds.ok())
        return seconds;
    if (seconds.value.is_zero())
        return ray;
    const auto x = rate * seconds / seconds_per_year;
    return Checked{ray} + x + ray_mul_half_up(x, x / 2 + ray_mul_half_up(x, x / 6));
}

Checked linear_interest(const Checked& rate, const Checked& last, const Checked& now)
{
    return Checked{ray} + rate * (now - last) / seconds_per_year;
}

Checked compounded_interest(const Checked& rate, const Checked& last, const Checked& now)
{
    const auto n = now - last;
    if (!n.ok())
        return n;
    if (n.value.is_zero())
        return ray;
    const auto n1 = n - 1;
    const auto n2 = n.value > 2 ? n - 2 : Checked{0};
    const auto p2 = ray_mul_half_up(rate, rate) / (seconds_per_year * seconds_per_year);
    const auto p3 = ray_mul_half_up(p2, rate) / seconds_per_year;
    // The guards inside p2 and p3 are met before any other product is formed.
    if (!p3.ok())
        return p3;
    const auto second = n * n1 * p2 / 2;
    const auto third = n * n1 * n2 * p3 / 6;
    return Checked{ray} + rate * n / seconds_per_year + second + third;
}

Result<Amount> to_uint128(const Checked& value)
{
    const auto amount = RUNNEL_TRY(value);
    RUNNEL_REQUIRE(
        amount.fits_uint128(), Refusal::error("SafeCast: value doesn't fit in 128 bits"));
    return amount;
}

Checked add_uint128(const Amount& a, const Amount& b)
{
    const auto sum = Checked{a} + b;
    return sum.ok() && !sum.value.fits_uint128() ? Checked::failed(Fault::overflow) : sum;
}

}  // namespace runnel::contracts::aave_v3
