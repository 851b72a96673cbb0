#pragma once

#include "ledger/int256.hpp"
#include "ledger/result.hpp"

namespace runnel::contracts
{

/// A signed number or the fault that prevented it: int256 of Solidity >= 0.8. The first fault in
/// order of evaluation sticks. Quotients are rounded toward zero.
///
///     const Int256 rate = RUNNEL_TRY((CheckedInt{speed} * error / wad).result());
struct CheckedInt
{
    // NOLINTNEXTLINE(google-explicit-constructor): any operand of a checked expression.
    constexpr CheckedInt(const Int256& number) noexcept : value{number} {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    constexpr CheckedInt(std::int64_t number) noexcept : value{number} {}
    constexpr CheckedInt(const Int256& number, Fault why) noexcept : value{number}, fault{why} {}

    [[nodiscard]] constexpr bool ok() const noexcept { return fault == Fault::none; }
    [[nodiscard]] Result<Int256> result() const
    {
        if (ok())
            return value;
        return fail(Refusal::of(fault));
    }

    Int256 value;
    Fault fault = Fault::none;
};

namespace detail
{
[[nodiscard]] constexpr Fault first_fault(const CheckedInt& a, const CheckedInt& b) noexcept
{
    return a.ok() ? b.fault : a.fault;
}
/// Magnitude and sign, unless the magnitude leaves int256.
[[nodiscard]] constexpr CheckedInt signed_or_fault(
    const Amount& magnitude, bool is_negative, Fault before) noexcept
{
    const auto number = Int256::from_magnitude(magnitude, is_negative);
    const bool fits = magnitude.is_zero() || number.is_negative() == is_negative;
    return {number, before != Fault::none ? before : fits ? Fault::none : Fault::overflow};
}
}  // namespace detail

[[nodiscard]] constexpr CheckedInt operator+(const CheckedInt& a, const CheckedInt& b) noexcept
{
    CheckedInt sum{
        Int256::from_bits(wrapping_add(a.value.bits, b.value.bits)), detail::first_fault(a, b)};
    const bool overflows = a.value.is_negative() == b.value.is_negative() &&
                           sum.value.is_negative() != a.value.is_negative();
    if (overflows && sum.ok())
        sum.fault = Fault::overflow;
    return sum;
}
[[nodiscard]] constexpr CheckedInt operator-(const CheckedInt& a, const CheckedInt& b) noexcept
{
    CheckedInt difference{
        Int256::from_bits(wrapping_sub(a.value.bits, b.value.bits)), detail::first_fault(a, b)};
    const bool overflows = a.value.is_negative() != b.value.is_negative() &&
                           difference.value.is_negative() != a.value.is_negative();
    if (overflows && difference.ok())
        difference.fault = Fault::overflow;
    return difference;
}
[[nodiscard]] inline CheckedInt operator*(const CheckedInt& a, const CheckedInt& b) noexcept
{
    auto before = detail::first_fault(a, b);
    Amount magnitude;
    if (Amount::multiply(a.value.magnitude(), b.value.magnitude(), magnitude) &&
        before == Fault::none)
        before = Fault::overflow;
    return detail::signed_or_fault(
        magnitude, a.value.is_negative() != b.value.is_negative(), before);
}
[[nodiscard]] inline CheckedInt operator/(const CheckedInt& a, const CheckedInt& b) noexcept
{
    const auto before = detail::first_fault(a, b);
    if (before != Fault::none)
        return {Int256{}, before};
    if (b.value.is_zero())
        return {Int256{}, Fault::division_by_zero};
    return detail::signed_or_fault(div_down(a.value.magnitude(), b.value.magnitude()),
        a.value.is_negative() != b.value.is_negative(), before);
}

}  // namespace runnel::contracts
