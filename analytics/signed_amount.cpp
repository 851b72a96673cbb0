#include "analytics/signed_amount.hpp"

#include "ledger/check.hpp"

namespace runnel::analytics
{

void SignedAmount::add(const Amount& amount) noexcept
{
    uint128 carry = 0;
    for (unsigned i = 0; i < 5; ++i)
    {
        carry += static_cast<uint128>(limbs_[i]) + (i < 4 ? amount.limbs()[i] : 0);
        limbs_[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64U;
    }
}

void SignedAmount::subtract(const Amount& amount) noexcept
{
    subtract(SignedAmount{amount});
}

void SignedAmount::add(const SignedAmount& other) noexcept
{
    uint128 carry = 0;
    for (unsigned i = 0; i < 5; ++i)
    {
        carry += static_cast<uint128>(limbs_[i]) + other.limbs_[i];
        limbs_[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64U;
    }
}

void SignedAmount::subtract(const SignedAmount& other) noexcept
{
    add(other.negated());
}

SignedAmount SignedAmount::negated() const noexcept
{
    SignedAmount result;
    uint128 carry = 1;
    for (unsigned i = 0; i < 5; ++i)
    {
        carry += ~limbs_[i];
        result.limbs_[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64U;
    }
    return result;
}

double SignedAmount::to_double() const noexcept
{
    const auto magnitude = is_negative() ? negated() : *this;
    double result = 0;
    for (unsigned i = 5; i-- > 0;)
        result = result * 0x1p64 + static_cast<double>(magnitude.limbs_[i]);
    return is_negative() ? -result : result;
}

std::uint64_t SignedAmount::divide(Limbs& limbs, std::uint64_t divisor) noexcept
{
    uint128 rest = 0;
    for (unsigned i = 5; i-- > 0;)
    {
        rest = rest << 64U | limbs[i];
        limbs[i] = static_cast<std::uint64_t>(rest / divisor);
        rest %= divisor;
    }
    return static_cast<std::uint64_t>(rest);
}

std::string SignedAmount::to_string() const
{
    constexpr std::uint64_t chunk = 1'000'000'000'000'000'000;  // 18 digits.
    constexpr std::size_t chunk_digits = 18;
    auto limbs = (is_negative() ? negated() : *this).limbs_;
    std::string text;
    while (limbs != Limbs{})
    {
        auto digits = std::to_string(divide(limbs, chunk));
        if (limbs != Limbs{})
            digits.insert(0, chunk_digits - digits.size(), '0');
        text.insert(0, digits);
    }
    if (text.empty())
        return "0";
    return is_negative() ? "-" + text : text;
}

}  // namespace runnel::analytics
