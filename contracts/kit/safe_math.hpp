#pragma once

#include "ledger/result.hpp"

#include <cstdint>
#include <string_view>

/// The checked arithmetic of contracts compiled before Solidity 0.8.
namespace runnel::contracts
{

/// An amount as a SafeMath computes it, or the reason of the first operation that failed, in
/// Solidity's order of evaluation. @p Reasons are those of one such library:
///
///     static constexpr std::string_view add = "ds-math-add-overflow";  // sub, mul
///     static Refusal div() { return Refusal::invalid_opcode(); }       // By zero.
///
/// Build an expression from one and RUNNEL_TRY() its result():
///     const Amount rate = RUNNEL_TRY((SafeMath{reward} / duration).result());
template <typename Reasons>
class BasicSafeMath
{
    using SafeMath = BasicSafeMath;

public:
    // NOLINTNEXTLINE(google-explicit-constructor): any operand of an expression.
    constexpr BasicSafeMath(const Amount& amount) noexcept : value_{amount} {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    constexpr BasicSafeMath(std::uint64_t amount) noexcept : value_{amount} {}

    [[nodiscard]] Result<Amount> result() const
    {
        switch (failure_)
        {
            case Failure::none: return value_;
            case Failure::add: return fail(Reasons::add);
            case Failure::sub: return fail(Reasons::sub);
            case Failure::mul: return fail(Reasons::mul);
            case Failure::div: break;
        }
        return fail(Reasons::div());
    }

    friend SafeMath operator+(const SafeMath& a, const SafeMath& b) noexcept
    {
        SafeMath sum = first_failure(a, b);
        sum.note(Amount::add_carry(a.value_, b.value_, sum.value_), Failure::add);
        return sum;
    }
    friend SafeMath operator-(const SafeMath& a, const SafeMath& b) noexcept
    {
        SafeMath difference = first_failure(a, b);
        difference.note(Amount::sub_borrow(a.value_, b.value_, difference.value_), Failure::sub);
        return difference;
    }
    friend SafeMath operator*(const SafeMath& a, const SafeMath& b) noexcept
    {
        SafeMath product = first_failure(a, b);
        product.note(Amount::multiply(a.value_, b.value_, product.value_), Failure::mul);
        return product;
    }
    /// Rounded down.
    friend SafeMath operator/(const SafeMath& a, const SafeMath& b) noexcept
    {
        SafeMath quotient = first_failure(a, b);
        quotient.note(b.value_.is_zero(), Failure::div);
        if (quotient.failure_ == Failure::none)
            quotient.value_ = div_down(a.value_, b.value_);
        return quotient;
    }

private:
    enum class Failure : std::uint8_t
    {
        none,
        add,
        sub,
        mul,
        div,
    };

    [[nodiscard]] static SafeMath first_failure(const SafeMath& a, const SafeMath& b) noexcept
    {
        SafeMath result{0};
        result.failure_ = a.failure_ == Failure::none ? b.failure_ : a.failure_;
        return result;
    }
    void note(bool failed, Failure failure) noexcept
    {
        if (failed && failure_ == Failure::none) [[unlikely]]
            failure_ = failure;
    }

    Amount value_;
    Failure failure_ = Failure::none;
};

}  // namespace runnel::contracts

namespace runnel::contracts::openzeppelin
{

/// Source: OpenZeppelin Contracts 2.3 and 3.x `SafeMath.sol`.
struct SafeMathReasons
{
    static constexpr std::string_view add = "SafeMath: addition overflow";
    static constexpr std::string_view sub = "SafeMath: subtraction overflow";
    static constexpr std::string_view mul = "SafeMath: multiplication overflow";
    static Refusal div() { return Refusal::error("SafeMath: division by zero"); }
};
using SafeMath = BasicSafeMath<SafeMathReasons>;

}  // namespace runnel::contracts::openzeppelin
