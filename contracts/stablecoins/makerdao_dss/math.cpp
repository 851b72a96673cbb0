#include "contracts/stablecoins/makerdao_dss/math.hpp"

namespace runnel::contracts::makerdao_dss
{
namespace
{
Checked half_up(const Checked& a, const Amount& b)
{
    static const auto half = div_down(ray, 2);
    return (a * b + half) / ray;
}
}  // namespace

Result<Amount> guarded(const Checked& value)
{
    if (value.fault == Fault::division_by_zero)
        return fail(Refusal::invalid_opcode());
    RUNNEL_REQUIRE(value.ok(), Refusal::empty());
    return value.value;
}

Result<Amount> add_signed(const Amount& a, const Int256& b)
{
    return guarded(b.is_negative() ? Checked{a} - b.magnitude() : Checked{a} + b.magnitude());
}

Result<Amount> sub_signed(const Amount& a, const Int256& b)
{
    return guarded(b.is_negative() ? Checked{a} + b.magnitude() : Checked{a} - b.magnitude());
}

Result<Int256> mul_signed(const Amount& a, const Int256& b)
{
    RUNNEL_REQUIRE(!a.bit(255), Refusal::empty());
    const auto magnitude = RUNNEL_TRY(guarded(Checked{a} * b.magnitude()));
    // The least number of all is one below zero more than the greatest is above.
    const bool fits =
        !magnitude.bit(255) || (b.is_negative() && magnitude == Amount::power_of_two(255));
    RUNNEL_REQUIRE(fits, Refusal::empty());
    return Int256::from_magnitude(magnitude, b.is_negative());
}

Result<Int256> difference(const Amount& a, const Amount& b)
{
    RUNNEL_REQUIRE(!a.bit(255) && !b.bit(255), Refusal::empty());
    return Int256::from_bits(wrapping_sub(a, b));
}

Result<Amount> ray_mul_down(const Amount& a, const Amount& b)
{
    return guarded(Checked{a} * b / ray);
}

Result<Amount> wad_mul_down(const Amount& a, const Amount& b)
{
    return guarded(Checked{a} * b / wad);
}

Result<Amount> ray_div_down(const Amount& a, const Amount& b)
{
    return guarded(Checked{a} * ray / b);
}

Result<Amount> ray_pow_half_up(Amount x, Amount n)
{
    if (x.is_zero())
        return n.is_zero() ? ray : Amount{};
    auto z = n.bit(0) ? x : ray;
    for (n = n >> 1U; !n.is_zero(); n = n >> 1U)
    {
        x = RUNNEL_TRY(guarded(half_up(x, x)));
        if (n.bit(0))
            z = RUNNEL_TRY(guarded(half_up(z, x)));
    }
    return z;
}

}  // namespace runnel::contracts::makerdao_dss
