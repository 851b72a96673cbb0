#pragma once

#include "ledger/amount.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace runnel::scenarios
{

/// A unit that amounts are written in: one is 10^decimals smallest units.
struct Unit
{
    std::string name;
    unsigned decimals = 0;
};

/// A value, or what was expected instead.
template <typename T>
using ReadResult = tl::expected<T, std::string>;

/// An amount in smallest units, and the unit it was written in.
struct WrittenAmount
{
    Amount amount;
    const Unit* unit = nullptr;
};

/// Reads "1_000_000.5 USDC" into smallest units, exactly: what does not fit into the unit's
/// decimals or is above 2^128 - 1 is refused. (So sums over millions of accounts stay below 2^256.)
[[nodiscard]] ReadResult<WrittenAmount> parse_amount(
    std::string_view text, std::span<const Unit> units);
/// "1000000.5": the inverse for one unit, without a name.
[[nodiscard]] std::string format_decimal(const Amount& amount, unsigned decimals);

/// Reads "12s", "1.5h", "500ms" into milliseconds, exactly; at most 100 years.
[[nodiscard]] ReadResult<std::int64_t> parse_duration_ms(std::string_view text);
/// In the largest unit that divides it.
[[nodiscard]] std::string format_duration_ms(std::int64_t duration_ms);

/// A number of whole tokens in smallest units, rounded down; empty above 2^128 - 1 of these.
///
/// @p tokens, finite and not negative, stands for its shortest decimal: 0.1 is a tenth, exactly.
[[nodiscard]] std::optional<Amount> smallest_units(double tokens, unsigned decimals);

/// The candidate that a mistyped word most likely means; empty if none is close.
[[nodiscard]] std::string_view closest(
    std::string_view word, std::span<const std::string_view> candidates);

}  // namespace runnel::scenarios
