#pragma once

#include "ledger/amount.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace runnel::analytics
{

/// A signed integer that holds the sum of 2^63 amounts: what reports add money up in.
class SignedAmount
{
public:
    constexpr SignedAmount() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor): an amount is one.
    SignedAmount(const Amount& amount) noexcept { add(amount); }

    void add(const Amount& amount) noexcept;
    void subtract(const Amount& amount) noexcept;
    void add(const SignedAmount& other) noexcept;
    void subtract(const SignedAmount& other) noexcept;

    [[nodiscard]] bool is_negative() const noexcept { return (limbs_[4] >> 63U) != 0; }
    [[nodiscard]] bool is_zero() const noexcept { return limbs_ == Limbs{}; }
    [[nodiscard]] double to_double() const noexcept;
    /// Decimal digits, with a minus sign if negative.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const SignedAmount&, const SignedAmount&) noexcept = default;

private:
    using Limbs = std::array<std::uint64_t, 5>;  // Two's complement, least significant first.

    [[nodiscard]] SignedAmount negated() const noexcept;
    /// Divides the magnitude in place; returns the remainder.
    static std::uint64_t divide(Limbs& limbs, std::uint64_t divisor) noexcept;

    Limbs limbs_{};
};

}  // namespace runnel::analytics
