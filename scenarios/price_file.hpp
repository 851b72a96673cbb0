#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// 1e10 USD, in units of 1e-8 USD.
inline constexpr std::uint64_t price_max = 1'000'000'000'000'000'000;

/// A value, or one line that says what is wrong and what was expected instead.
template <typename T>
using PriceResult = tl::expected<T, std::string>;

/// What was traded from @p unix on, for the duration of one of the series' bars.
///
/// Prices in 1e-8 USD; low <= open, close <= high.
struct PriceBar
{
    std::int64_t unix = 0;  // When the bar opens, in unix seconds.
    std::uint64_t open = 0;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint64_t close = 0;

    friend bool operator==(const PriceBar&, const PriceBar&) = default;
};

/// What is wrong with a bar by itself.
struct BarFault
{
    std::string_view column;
    std::string expected;
    std::string got;
};
[[nodiscard]] std::optional<BarFault> check_bar(const PriceBar& bar);

/// Whether a price with more decimals than 1e-8 USD has is refused, or rounded where that changes
/// it by less than a thousandth: what a data site wrote with all digits of a binary number.
enum class PriceRounding : std::uint8_t
{
    refused,
    below_a_thousandth,
};

/// Reads a positive decimal number of USD, as 1234.5 or 1.2e-05, into 1e-8 USD; rounded half up
/// where it may be rounded.
[[nodiscard]] PriceResult<std::uint64_t> parse_price(
    std::string_view text, PriceRounding rounding = PriceRounding::refused);

/// How a file of prices is laid out. What is empty or automatic is told from the file, and refused
/// where the file does not tell.
struct PriceFileLayout
{
    enum class TimeUnit : std::uint8_t
    {
        automatic,  // By size: each of the four covers the years 1973 to 5138 alone.
        seconds,
        milliseconds,
        microseconds,
        nanoseconds,
    };
    enum class DateOrder : std::uint8_t
    {
        automatic,
        year_month_day,
        day_month_year,
        month_day_year,
    };
    enum class DecimalMark : std::uint8_t
    {
        automatic,
        point,
        comma,
    };

    char separator = 0;
    std::uint32_t skip_lines = 0;
    TimeUnit time_unit = TimeUnit::automatic;
    DateOrder date_order = DateOrder::automatic;
    DecimalMark decimal_mark = DecimalMark::automatic;
    // Names from the header, or numbers counted from 1. A close is a bar's last price, a price that
    // of the moment beside it; a file has one of both.
    std::string time_column = {};
    std::string open_column = {};
    std::string high_column = {};
    std::string low_column = {};
    std::string close_column = {};
    std::string price_column = {};
};

/// The bars of a file, plain or compressed by gzip, ascending in time. Errors name file, line and
/// column, and the key of [prices.NAME] that would settle what the file leaves open.
///
/// A file without a column of opens opens each bar at the close before; without highs and lows they
/// are those of open and close. A file of prices at moments makes bars from each to the next, the
/// last of them flat. Rows without any price (Yahoo's null) are left out.
[[nodiscard]] PriceResult<std::vector<PriceBar>> read_price_bars(
    const std::filesystem::path& file, const PriceFileLayout& layout = {});

/// The usual time from bar to bar; 0 of fewer than two. Of an even number, the lower middle one.
[[nodiscard]] std::int64_t median_distance(const std::vector<PriceBar>& bars);

/// As 2024-05-01, with the time of day (UTC) unless it is midnight.
[[nodiscard]] std::string format_time(std::int64_t unix);

}  // namespace runnel::scenarios
