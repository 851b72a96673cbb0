#pragma once

#include "ledger/amount.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace runnel
{

/// A signed 256-bit integer in two's complement: Solidity's int256. Arithmetic of the families that
/// Amount has stands where it is used; here is what state, events and people need.
struct Int256
{
    constexpr Int256() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a small literal is a number.
    constexpr Int256(std::int64_t value) noexcept
      : bits{value < 0 ? wrapping_sub(Amount{}, magnitude_of(value))
                       : Amount{static_cast<std::uint64_t>(value)}}
    {}
    /// From its two's complement.
    static constexpr Int256 from_bits(const Amount& bits) noexcept
    {
        Int256 result;
        result.bits = bits;
        return result;
    }
    /// Magnitude and sign; a magnitude from 2^255 on wraps.
    static constexpr Int256 from_magnitude(const Amount& magnitude, bool is_negative) noexcept
    {
        return from_bits(is_negative ? wrapping_sub(Amount{}, magnitude) : magnitude);
    }

    [[nodiscard]] constexpr bool is_negative() const noexcept { return bits.bit(255); }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return bits.is_zero(); }
    /// 2^255 of the least number.
    [[nodiscard]] constexpr Amount magnitude() const noexcept
    {
        return is_negative() ? wrapping_sub(Amount{}, bits) : bits;
    }
    /// The nearest double; for reports and beliefs, never for state.
    [[nodiscard]] double to_double() const noexcept
    {
        return is_negative() ? -magnitude().to_double() : bits.to_double();
    }
    /// Decimal digits, with a minus sign if negative.
    [[nodiscard]] std::string to_string() const
    {
        return (is_negative() ? "-" : "") + magnitude().to_string();
    }

    friend constexpr bool operator==(const Int256&, const Int256&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const Int256& a, const Int256& b) noexcept
    {
        if (a.is_negative() != b.is_negative())
            return a.is_negative() ? std::strong_ordering::less : std::strong_ordering::greater;
        return a.bits <=> b.bits;
    }
    /// Modulo 2^256.
    friend constexpr Int256 operator-(const Int256& a) noexcept
    {
        return from_bits(wrapping_sub(Amount{}, a.bits));
    }

    Amount bits;

    /// Encoded as its 32 bytes.
    template <typename Self, typename Visitor>
    static constexpr void describe(Self& self, Visitor&& visit)
    {
        visit("bits", self.bits);
    }

private:
    static constexpr std::uint64_t magnitude_of(std::int64_t value) noexcept
    {
        return ~static_cast<std::uint64_t>(value) + 1;
    }
};

}  // namespace runnel
