#pragma once

#include "scenarios/price_file.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace runnel::scenarios
{

/// A moment as a file writes it, before it is known which of a date's parts is the day.
struct WrittenTime
{
    bool is_date = false;
    bool in_doubt = false;        // A number too small to tell its unit.
    std::int64_t unix = 0;        // Of a number: whole seconds, rounded down.
    std::array<int, 3> parts{};   // Of a date, in the order written.
    bool is_ordered = false;      // Year, month, day: no doubt.
    bool has_short_year = false;  // The last part has two digits.
    bool has_dots = false;        // 01.05.2024, which people write day first.
    std::int64_t seconds = 0;     // Since midnight, less the offset from UTC.
};

/// Reads a number since 1970 or a date with or without a time of day: ISO 8601 and what
/// spreadsheets make of it, English names of months, AM and PM. Without an offset it is UTC; names
/// of other zones are refused.
[[nodiscard]] std::optional<WrittenTime> parse_written_time(
    std::string_view text, PriceFileLayout::TimeUnit unit);

/// Unix seconds, with a date's parts in this order (automatic: as it is ordered); nothing for a day
/// that does not exist or a time outside 1970 to 9999.
[[nodiscard]] std::optional<std::int64_t> unix_of(
    const WrittenTime& time, PriceFileLayout::DateOrder order);

}  // namespace runnel::scenarios
