#include "contracts/aave_v3/math.hpp"

namespace runnel::contracts::aave_v3 {
namespace {
constexpr std::uint64_t rays_per_wad = 1'000'000'000;

/// An overflow inside the libraries' assembly is a revert without data.
Checked guarded(const Checked& value)
{
    return value.fault == Fault::overflow ? Checked::failed(Fault::guard) : value;
}

Checked half_up_mul(const Checked& a, const Checked& b, const Amount& unit)
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    return guarded((Checked{a.value} * b.value + (unit >> 1U)) / unit);
}

Checked half_up_div(const Checked& a, const Checked& b, const Amount& unit)
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    if (b.value.is_zero())
        return Checked::failed(Fault::guard);
    return guarded((Checked{a.value} * unit + (b.value >> 1U)) / b.value);
}

}  // namespace

Checked wad_mul(const Checked& a, const Checked& b)
{
    return half_up_mul(a, b, wad);
}

Checked wad_div(const Checked& a, const Checked& b)
{
    return half_up_div(a, b, wad);
}

Checked ray_mul(const Checked& a, const Checked& b)
{
    return half_up_mul(a, b, ray);
}

Checked ray_div(const Checked& a, const Checked& b)
{
    return half_up_div(a, b, ray);
}

Checked ray_to_wad(const Checked& a)
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

Checked percent_mul(const Checked& value, const Checked& bps)
{
    return half_up_mul(value, bps, bps_denominator);
}

Checked percent_div(const Checked& value, const Checked& bps)
{
    return half_up_div(value, bps, bps_denominator);
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
    const auto p2 = ray_mul(rate, rate) / (seconds_per_year * seconds_per_year);
    const auto p3 = ray_mul(p2, rate) / seconds_per_year;
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
