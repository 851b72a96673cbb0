#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace runnel
{

__extension__ using uint128 = unsigned __int128;

/// An unsigned 256-bit integer, the only number type of on-chain state.
///
/// Four 64-bit limbs, least significant first: 32 bytes, trivially copyable. Arithmetic runs on the
/// limbs; roots go through Boost.Multiprecision, which the tests compare everything with.
///
/// Arithmetic comes in three families, named apart:
///  - checked: `Checked{a} + b`, whose Fault says why there is no result (Solidity >= 0.8);
///  - wrapping: wrapping_add() and its like, modulo 2^256 (Uniswap's accumulators);
///  - widening: mul_div_down() and mul_div_up(), through a 512-bit product.
class Amount
{
public:
    constexpr Amount() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a small literal is an amount.
    constexpr Amount(std::uint64_t value) noexcept : limbs_{value, 0, 0, 0} {}
    constexpr Amount(
        std::uint64_t limb3, std::uint64_t limb2, std::uint64_t limb1, std::uint64_t limb0) noexcept
      : limbs_{limb0, limb1, limb2, limb3}
    {}
    static constexpr Amount from_uint128(uint128 value) noexcept
    {
        return {0, 0, static_cast<std::uint64_t>(value >> 64U), static_cast<std::uint64_t>(value)};
    }
    static constexpr Amount max() noexcept { return {~0ULL, ~0ULL, ~0ULL, ~0ULL}; }
    /// 2^exponent, with exponent below 256.
    static constexpr Amount power_of_two(unsigned exponent) noexcept
    {
        Amount result;
        result.limbs_[exponent / 64] = 1ULL << (exponent % 64);
        return result;
    }
    /// 10^exponent, with exponent below 78.
    static Amount power_of_ten(unsigned exponent) noexcept;

    /// Reads decimal digits only; nothing else, no sign, no separators. Empty on overflow.
    static std::optional<Amount> from_decimal(std::string_view text) noexcept;
    /// The nearest integer below @p value, which is finite and not negative.
    static Amount from_double(double value) noexcept;

    [[nodiscard]] constexpr const std::array<std::uint64_t, 4>& limbs() const noexcept
    {
        return limbs_;
    }
    [[nodiscard]] constexpr bool is_zero() const noexcept
    {
        return (limbs_[0] | limbs_[1] | limbs_[2] | limbs_[3]) == 0;
    }
    /// The number of bits without leading zeros; 0 for 0.
    [[nodiscard]] constexpr unsigned bit_width() const noexcept
    {
        for (unsigned i = 4; i-- > 0;)
        {
            if (limbs_[i] != 0)
                return i * 64 + static_cast<unsigned>(std::bit_width(limbs_[i]));
        }
        return 0;
    }
    /// The position of the lowest bit that is set; 256 for 0.
    [[nodiscard]] constexpr unsigned lowest_bit() const noexcept
    {
        for (unsigned i = 0; i < 4; ++i)
        {
            if (limbs_[i] != 0)
                return i * 64 + static_cast<unsigned>(std::countr_zero(limbs_[i]));
        }
        return 256;
    }
    [[nodiscard]] constexpr bool fits_uint64() const noexcept
    {
        return (limbs_[1] | limbs_[2] | limbs_[3]) == 0;
    }
    [[nodiscard]] constexpr bool fits_uint128() const noexcept
    {
        return (limbs_[2] | limbs_[3]) == 0;
    }
    /// The low 64 bits.
    [[nodiscard]] constexpr std::uint64_t low64() const noexcept { return limbs_[0]; }
    /// The low 128 bits.
    [[nodiscard]] constexpr uint128 low128() const noexcept
    {
        return static_cast<uint128>(limbs_[1]) << 64U | limbs_[0];
    }
    [[nodiscard]] constexpr bool bit(unsigned index) const noexcept
    {
        return (limbs_[index / 64] >> (index % 64) & 1U) != 0;
    }
    constexpr void set_bit(unsigned index, bool on) noexcept
    {
        const auto mask = 1ULL << (index % 64);
        limbs_[index / 64] = on ? limbs_[index / 64] | mask : limbs_[index / 64] & ~mask;
    }

    /// The nearest double; for reports and beliefs, never for state.
    [[nodiscard]] double to_double() const noexcept;
    [[nodiscard]] std::string to_string() const;
    /// Writes the decimal digits to @p out, which holds at least 78 characters; returns how many.
    std::size_t write_decimal(char* out) const noexcept;

    void store_big_endian(std::span<std::uint8_t, 32> out) const noexcept;
    static Amount load_big_endian(std::span<const std::uint8_t, 32> bytes) noexcept;

    friend constexpr bool operator==(const Amount&, const Amount&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const Amount& a, const Amount& b) noexcept
    {
        for (unsigned i = 4; i-- > 0;)
        {
            if (a.limbs_[i] != b.limbs_[i])
                return a.limbs_[i] <=> b.limbs_[i];
        }
        return std::strong_ordering::equal;
    }

    friend constexpr Amount operator&(const Amount& a, const Amount& b) noexcept
    {
        return {a.limbs_[3] & b.limbs_[3], a.limbs_[2] & b.limbs_[2], a.limbs_[1] & b.limbs_[1],
            a.limbs_[0] & b.limbs_[0]};
    }
    friend constexpr Amount operator|(const Amount& a, const Amount& b) noexcept
    {
        return {a.limbs_[3] | b.limbs_[3], a.limbs_[2] | b.limbs_[2], a.limbs_[1] | b.limbs_[1],
            a.limbs_[0] | b.limbs_[0]};
    }
    /// Logical shifts by less than 256 bits; bits pushed out are lost.
    friend constexpr Amount operator<<(const Amount& a, unsigned bits) noexcept
    {
        Amount result;
        const unsigned whole = bits / 64;
        const unsigned part = bits % 64;
        for (unsigned i = 4; i-- > whole;)
        {
            result.limbs_[i] = a.limbs_[i - whole] << part;
            if (part != 0 && i > whole)
                result.limbs_[i] |= a.limbs_[i - whole - 1] >> (64 - part);
        }
        return result;
    }
    friend constexpr Amount operator>>(const Amount& a, unsigned bits) noexcept
    {
        Amount result;
        const unsigned whole = bits / 64;
        const unsigned part = bits % 64;
        for (unsigned i = 0; i + whole < 4; ++i)
        {
            result.limbs_[i] = a.limbs_[i + whole] >> part;
            if (part != 0 && i + whole + 1 < 4)
                result.limbs_[i] |= a.limbs_[i + whole + 1] << (64 - part);
        }
        return result;
    }

    /// Sum modulo 2^256 in @p result; returns the carry out.
    static constexpr bool add_carry(const Amount& a, const Amount& b, Amount& result) noexcept
    {
        uint128 carry = 0;
        for (unsigned i = 0; i < 4; ++i)
        {
            carry += static_cast<uint128>(a.limbs_[i]) + b.limbs_[i];
            result.limbs_[i] = static_cast<std::uint64_t>(carry);
            carry >>= 64U;
        }
        return carry != 0;
    }
    /// Difference modulo 2^256 in @p result; returns the borrow out.
    static constexpr bool sub_borrow(const Amount& a, const Amount& b, Amount& result) noexcept
    {
        std::uint64_t borrow = 0;
        for (unsigned i = 0; i < 4; ++i)
        {
            const uint128 difference = static_cast<uint128>(a.limbs_[i]) - b.limbs_[i] - borrow;
            result.limbs_[i] = static_cast<std::uint64_t>(difference);
            borrow = static_cast<std::uint64_t>(difference >> 64U) & 1U;
        }
        return borrow != 0;
    }
    /// Product modulo 2^256 in @p result; returns whether it overflowed.
    static bool multiply(const Amount& a, const Amount& b, Amount& result) noexcept;

private:
    std::array<std::uint64_t, 4> limbs_{};
};

static_assert(sizeof(Amount) == 32);

[[nodiscard]] constexpr Amount wrapping_add(const Amount& a, const Amount& b) noexcept
{
    Amount result;
    Amount::add_carry(a, b, result);
    return result;
}
[[nodiscard]] constexpr Amount wrapping_sub(const Amount& a, const Amount& b) noexcept
{
    Amount result;
    Amount::sub_borrow(a, b, result);
    return result;
}
[[nodiscard]] inline Amount wrapping_mul(const Amount& a, const Amount& b) noexcept
{
    Amount result;
    Amount::multiply(a, b, result);
    return result;
}
/// Quotient rounded down; @p divisor is not 0 (a bug otherwise).
[[nodiscard]] Amount div_down(const Amount& dividend, const Amount& divisor) noexcept;
/// Remainder; @p divisor is not 0 (a bug otherwise).
[[nodiscard]] Amount remainder(const Amount& dividend, const Amount& divisor) noexcept;
/// The largest integer whose square is not above @p value.
[[nodiscard]] Amount sqrt_down(const Amount& value) noexcept;

/// Why an arithmetic expression has no value.
enum class Fault : std::uint8_t
{
    none,
    overflow,          // Panic(0x11) of Solidity >= 0.8: above 2^256-1 or below 0.
    division_by_zero,  // Panic(0x12).
    guard,             // A hand-written guard: a revert without data.
};

/// An amount or the fault that prevented it; the first fault in order of evaluation sticks.
///
/// Build an expression from a Checked operand, then RUNNEL_TRY() it:
///     const Amount fee = RUNNEL_TRY(Checked{amount} * fee_bps / 10'000);
struct Checked
{
    // NOLINTNEXTLINE(google-explicit-constructor): any operand of a checked expression.
    constexpr Checked(const Amount& amount) noexcept : value{amount} {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    constexpr Checked(std::uint64_t amount) noexcept : value{amount} {}
    constexpr Checked(const Amount& amount, Fault why) noexcept : value{amount}, fault{why} {}
    static constexpr Checked failed(Fault why) noexcept { return {Amount{}, why}; }

    [[nodiscard]] constexpr bool ok() const noexcept { return fault == Fault::none; }

    Amount value;
    Fault fault = Fault::none;
};

[[nodiscard]] constexpr Fault first_fault(const Checked& a, const Checked& b) noexcept
{
    return a.ok() ? b.fault : a.fault;
}
[[nodiscard]] constexpr Checked operator+(const Checked& a, const Checked& b) noexcept
{
    Checked result{Amount{}, first_fault(a, b)};
    if (Amount::add_carry(a.value, b.value, result.value) && result.ok())
        result.fault = Fault::overflow;
    return result;
}
[[nodiscard]] constexpr Checked operator-(const Checked& a, const Checked& b) noexcept
{
    Checked result{Amount{}, first_fault(a, b)};
    if (Amount::sub_borrow(a.value, b.value, result.value) && result.ok())
        result.fault = Fault::overflow;
    return result;
}
[[nodiscard]] inline Checked operator*(const Checked& a, const Checked& b) noexcept
{
    Checked result{Amount{}, first_fault(a, b)};
    if (Amount::multiply(a.value, b.value, result.value) && result.ok())
        result.fault = Fault::overflow;
    return result;
}
/// Rounded down, as Solidity's `/`.
[[nodiscard]] inline Checked operator/(const Checked& a, const Checked& b) noexcept
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    if (b.value.is_zero())
        return Checked::failed(Fault::division_by_zero);
    return div_down(a.value, b.value);
}
[[nodiscard]] inline Checked operator%(const Checked& a, const Checked& b) noexcept
{
    if (const auto fault = first_fault(a, b); fault != Fault::none)
        return Checked::failed(fault);
    if (b.value.is_zero())
        return Checked::failed(Fault::division_by_zero);
    return remainder(a.value, b.value);
}

/// a * b / denominator through a 512-bit product, rounded down; overflow or division_by_zero.
[[nodiscard]] Checked mul_div_down(const Amount& a, const Amount& b, const Amount& denominator);
/// The same rounded up.
[[nodiscard]] Checked mul_div_up(const Amount& a, const Amount& b, const Amount& denominator);
/// a * b / 2^bits through a 512-bit product, rounded down; overflow. @p bits from 1 to 255.
[[nodiscard]] Checked mul_shift_down(const Amount& a, const Amount& b, unsigned bits);
/// The same rounded up.
[[nodiscard]] Checked mul_shift_up(const Amount& a, const Amount& b, unsigned bits);

}  // namespace runnel
