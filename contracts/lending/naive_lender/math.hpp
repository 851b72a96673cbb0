#pragma once

#include "ledger/result.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

/// The formulas of a naive lender, without state.
namespace runnel::contracts::naive_lender
{

inline constexpr std::uint64_t bps_denominator = 10'000;
inline constexpr std::uint64_t year_seconds = 31'536'000;
inline const Amount ray = Amount::power_of_ten(27);
inline const Amount wad = Amount::power_of_ten(18);

/// What all accounts together have supplied and owe of the token that is lent.
struct Book
{
    Amount supplied_scaled;
    Amount debt_scaled;
    Amount supply_index;        // Ray.
    Amount borrow_index;        // Ray.
    std::uint64_t updated = 0;  // Unix seconds; 0: never.
    RUNNEL_FIELDS((supplied_scaled, other("amount / supply index")),
        (debt_scaled, other("amount / borrow index")), (supply_index, ray), (borrow_index, ray),
        (updated, unix_seconds));
};

/// What one account has.
struct Entry
{
    Amount supplied_scaled;
    Amount debt_scaled;
    Amount collateral;
    RUNNEL_FIELDS((supplied_scaled, other("amount / supply index")),
        (debt_scaled, other("amount / borrow index")),
        (collateral, smallest_unit_of_its("collateral")));
};

struct Terms
{
    std::uint32_t ltv_bps = 0;
    std::uint32_t threshold_bps = 0;
    std::uint32_t bonus_bps = 0;
    std::uint32_t rate_bps = 0;  // Per year.
};

[[nodiscard]] inline Checked worth_down(const Amount& scaled, const Amount& index)
{
    return mul_div_down(scaled, index, naive_lender::ray);
}
[[nodiscard]] inline Checked worth_up(const Amount& scaled, const Amount& index)
{
    return mul_div_up(scaled, index, naive_lender::ray);
}
[[nodiscard]] inline Checked scaled_down(const Amount& amount, const Amount& index)
{
    return mul_div_down(amount, naive_lender::ray, index);
}
[[nodiscard]] inline Checked scaled_up(const Amount& amount, const Amount& index)
{
    return mul_div_up(amount, naive_lender::ray, index);
}

/// Brings the indices to @p now. Interest is compounded whenever this is called, at a fixed rate:
///
///     borrow index += borrow index * rate * seconds / year
///     supply index += (growth of all debt) / supplied_scaled
///
/// all rounded down: suppliers together never get more than debtors owe. Errors: Panic(0x11).
[[nodiscard]] inline Result<void> accrue(Book& book, const Terms& terms, std::uint64_t now)
{
    const auto last = std::exchange(book.updated, now);
    if (last == 0 || now <= last || book.debt_scaled.is_zero())
        return {};
    const auto rate = RUNNEL_TRY(Checked{naive_lender::ray} * terms.rate_bps * (now - last) /
                                 (bps_denominator * year_seconds));
    const auto before = RUNNEL_TRY(worth_down(book.debt_scaled, book.borrow_index));
    const auto growth = RUNNEL_TRY(mul_div_down(book.borrow_index, rate, naive_lender::ray));
    book.borrow_index = RUNNEL_TRY(Checked{book.borrow_index} + growth);
    const auto after = RUNNEL_TRY(worth_down(book.debt_scaled, book.borrow_index));
    if (book.supplied_scaled.is_zero())
        return {};
    const auto income = RUNNEL_TRY(
        mul_div_down(wrapping_sub(after, before), naive_lender::ray, book.supplied_scaled));
    book.supply_index = RUNNEL_TRY(Checked{book.supply_index} + income);
    return {};
}

/// An account's position at a price: the value of a whole token of collateral, in the token lent.
struct Position
{
    Amount collateral_value;
    Amount debt;
    Amount health_factor = Amount::max();  // Wad.
};

/// Values down, debt up, the health factor down. Errors: Panic(0x11).
[[nodiscard]] inline Result<Position> position_of(const Entry& entry, const Book& book,
    const Terms& terms, const Amount& price, const Amount& collateral_unit)
{
    Position found;
    found.collateral_value = RUNNEL_TRY(mul_div_down(entry.collateral, price, collateral_unit));
    found.debt = RUNNEL_TRY(worth_up(entry.debt_scaled, book.borrow_index));
    if (found.debt.is_zero())
        return found;
    const auto backing =
        RUNNEL_TRY(mul_div_down(found.collateral_value, terms.threshold_bps, bps_denominator));
    found.health_factor = RUNNEL_TRY(mul_div_down(backing, naive_lender::wad, found.debt));
    return found;
}

/// What a liquidation takes and gives.
struct Seizure
{
    Amount debt;
    Amount collateral;
};

/// What @p amount of an unhealthy debt buys: collateral of that worth and the bonus, down; where
/// there is too little, all of it for as much less, up. Zeros for a healthy debt, and where nothing
/// would come of it.
[[nodiscard]] inline Result<Seizure> seizure_of(const Entry& entry, const Position& position,
    const Terms& terms, const Amount& price, const Amount& collateral_unit, const Amount& amount)
{
    if (position.health_factor >= naive_lender::wad || price.is_zero())
        return Seizure{};
    const std::uint64_t gross = bps_denominator + terms.bonus_bps;
    Seizure taken{std::min(amount, position.debt), {}};
    const auto worth = RUNNEL_TRY(mul_div_down(taken.debt, gross, bps_denominator));
    taken.collateral = RUNNEL_TRY(mul_div_down(worth, collateral_unit, price));
    if (taken.collateral > entry.collateral)
    {
        taken.collateral = entry.collateral;
        taken.debt = RUNNEL_TRY(mul_div_up(position.collateral_value, bps_denominator, gross));
    }
    return taken.debt.is_zero() || taken.collateral.is_zero() ? Seizure{} : taken;
}

}  // namespace runnel::contracts::naive_lender
