#pragma once

#include "contracts/kit/checked_int.hpp"
#include "ledger/result.hpp"

#include <cstdint>

/// The arithmetic of Compound III: CometMath and CometCore. Quotients are rounded down unless a
/// name says otherwise. Source: compound-finance/comet @ d5a30b0a.
namespace runnel::contracts::comet
{

inline constexpr Amount factor_scale{1'000'000'000'000'000'000ULL};
inline constexpr std::uint64_t base_index_scale = 1'000'000'000'000'000;
inline constexpr std::uint64_t base_accrual_scale = 1'000'000;
inline constexpr std::uint64_t seconds_per_year = 31'536'000;

/// n * factor / 1e18
[[nodiscard]] inline Checked mul_factor(const Checked& n, const Checked& factor)
{
    return n * factor / factor_scale;
}
/// n * price / scale
[[nodiscard]] inline Checked mul_price(const Checked& n, const Checked& price, const Checked& scale)
{
    return n * price / scale;
}

/// A number that does not fit is refused by the name of the width.
[[nodiscard]] inline Result<Amount> safe(
    const Checked& value, unsigned bits, std::string_view error)
{
    const auto amount = RUNNEL_TRY(value);
    RUNNEL_REQUIRE(amount.bit_width() <= bits, Refusal::custom(error));
    return amount;
}
[[nodiscard]] inline Result<Amount> safe_64(const Checked& value)
{
    return safe(value, 64, "InvalidUInt64");
}
[[nodiscard]] inline Result<Amount> safe_104(const Checked& value)
{
    return safe(value, 104, "InvalidUInt104");
}
[[nodiscard]] inline Result<Amount> safe_128(const Checked& value)
{
    return safe(value, 128, "InvalidUInt128");
}
[[nodiscard]] inline Result<Int256> signed_256(const Amount& value)
{
    RUNNEL_REQUIRE(!value.bit(255), Refusal::custom("InvalidInt256"));
    return Int256::from_bits(value);
}
/// a + b, or a - b, of numbers of so many bits: Panic(0x11) where it does not fit.
[[nodiscard]] inline Result<Amount> add_within(const Amount& a, const Amount& b, unsigned bits)
{
    const auto sum = RUNNEL_TRY(Checked{a} + b);
    RUNNEL_REQUIRE(sum.bit_width() <= bits, Refusal::of(Fault::overflow));
    return sum;
}

/// What is supplied, or owed, of a principal.
[[nodiscard]] inline Checked present_value(const Amount& index, const Amount& principal)
{
    return Checked{principal} * index / base_index_scale;
}
/// Of a balance that is supplied.
[[nodiscard]] inline Result<Amount> principal_of_supply_down(
    const Amount& index, const Amount& balance)
{
    return safe_104(Checked{balance} * base_index_scale / index);
}
/// Of a debt.
[[nodiscard]] inline Result<Amount> principal_of_borrow_up(const Amount& index, const Amount& debt)
{
    return safe_104((Checked{debt} * base_index_scale + index - 1) / index);
}

/// What a change of principal means for the totals of supply and debt.
struct PrincipalMove
{
    Amount repaid;     // Debt that is gone.
    Amount supplied;   // Supply that came.
    Amount withdrawn;  // Supply that is gone.
    Amount borrowed;   // Debt that came.

    friend PrincipalMove operator+(const PrincipalMove& a, const PrincipalMove& b) noexcept
    {
        return {wrapping_add(a.repaid, b.repaid), wrapping_add(a.supplied, b.supplied),
            wrapping_add(a.withdrawn, b.withdrawn), wrapping_add(a.borrowed, b.borrowed)};
    }
};
[[nodiscard]] inline PrincipalMove move_of(const Int256& before, const Int256& after)
{
    PrincipalMove move;
    const auto supply = [](const Int256& principal)
    { return principal.is_negative() ? Amount{} : principal.bits; };
    const auto debt = [](const Int256& principal)
    { return principal.is_negative() ? principal.magnitude() : Amount{}; };
    if (after < before)
    {
        move.withdrawn = wrapping_sub(supply(before), supply(after));
        move.borrowed = wrapping_sub(debt(after), debt(before));
    }
    else
    {
        move.repaid = wrapping_sub(debt(before), debt(after));
        move.supplied = wrapping_sub(supply(after), supply(before));
    }
    return move;
}
/// repayAndSupplyAmount(): nothing where rounding anew made the principal less.
[[nodiscard]] inline PrincipalMove rise_of(const Int256& before, const Int256& after)
{
    return after < before ? PrincipalMove{} : move_of(before, after);
}
/// withdrawAndBorrowAmount(): nothing where rounding anew made it more.
[[nodiscard]] inline PrincipalMove fall_of(const Int256& before, const Int256& after)
{
    return after > before ? PrincipalMove{} : move_of(before, after);
}

}  // namespace runnel::contracts::comet
