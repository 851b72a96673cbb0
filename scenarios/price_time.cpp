#include "scenarios/price_time.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace runnel::scenarios
{
namespace
{
using TimeUnit = PriceFileLayout::TimeUnit;
using DateOrder = PriceFileLayout::DateOrder;

constexpr std::int64_t time_max = 253'402'300'799;  // The end of the year 9999.

bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

bool is_letter(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Takes what a moment is made of from the front of a text.
class Scanner
{
public:
    explicit Scanner(std::string_view text) noexcept : text_{text} {}

    [[nodiscard]] bool at_end() const noexcept { return text_.empty(); }
    [[nodiscard]] char front() const noexcept { return text_.empty() ? '\0' : text_.front(); }
    [[nodiscard]] std::string_view rest() const noexcept { return text_; }

    bool take(char c) noexcept
    {
        if (front() != c)
            return false;
        text_.remove_prefix(1);
        return true;
    }
    bool take_any(std::string_view characters) noexcept
    {
        const bool found = !text_.empty() && characters.find(text_.front()) != text_.npos;
        if (found)
            text_.remove_prefix(1);
        return found;
    }
    void skip(std::string_view characters) noexcept
    {
        while (take_any(characters))
        {}
    }
    /// All digits at the front, at most @p most of them.
    std::string_view digits(std::size_t most) noexcept { return take_while(most, is_digit); }
    std::string_view letters() noexcept { return take_while(text_.size(), is_letter); }

private:
    template <typename Condition>
    std::string_view take_while(std::size_t most, Condition condition) noexcept
    {
        std::size_t size = 0;
        while (size < std::min(most, text_.size()) && condition(text_[size]))
            ++size;
        const auto taken = text_.substr(0, size);
        text_.remove_prefix(size);
        return taken;
    }

    std::string_view text_;
};

int number_of(std::string_view digits) noexcept
{
    int number = 0;
    for (const char c : digits)
        number = number * 10 + (c - '0');
    return number;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) noexcept
{
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
        [](char any, char known) { return lower(any) == known; });
}

/// From 1; 0 if it is none. Three letters are enough.
int month_of(std::string_view word) noexcept
{
    constexpr std::array<std::string_view, 12> names{"january", "february", "march", "april", "may",
        "june", "july", "august", "september", "october", "november", "december"};
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        if (word.size() >= 3 && word.size() <= names.at(i).size() &&
            equal_ignoring_case(word, names.at(i).substr(0, word.size())))
            return static_cast<int>(i) + 1;
    }
    return 0;
}

bool is_weekday(std::string_view word) noexcept
{
    constexpr std::array<std::string_view, 7> names{
        "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    return word.size() >= 3 && std::any_of(names.begin(), names.end(),
                                   [word](std::string_view name)
                                   { return equal_ignoring_case(word.substr(0, 3), name); });
}

/// Z, UTC, GMT, or hours and minutes from it; nothing at all is UTC.
std::optional<std::int64_t> parse_offset(Scanner& scanner) noexcept
{
    scanner.skip(" ");
    const auto zone = scanner.letters();
    if (!zone.empty() && !equal_ignoring_case(zone, "z") && !equal_ignoring_case(zone, "utc") &&
        !equal_ignoring_case(zone, "gmt"))
        return std::nullopt;
    const bool negative = scanner.front() == '-';
    std::int64_t offset = 0;
    if (scanner.take_any("+-"))
    {
        const auto hours = scanner.digits(2);
        const bool colon = scanner.take(':');
        const auto minutes = scanner.digits(2);
        if (hours.empty() || (minutes.size() != 2 && (colon || !minutes.empty())) ||
            number_of(hours) > 18 || number_of(minutes) > 59)
            return std::nullopt;
        offset = (number_of(hours) * 60 + number_of(minutes)) * 60;
    }
    scanner.skip(" ");
    if (scanner.rest() == "(UTC)" || scanner.rest() == "(Coordinated Universal Time)")
        return negative ? -offset : offset;
    return scanner.at_end() ? std::optional{negative ? -offset : offset} : std::nullopt;
}

/// A time of day to the end of the text, in seconds since midnight UTC; rounded down.
std::optional<std::int64_t> parse_time_of_day(Scanner& scanner) noexcept
{
    scanner.skip(" ");
    if (scanner.at_end())
        return 0;
    if (!is_digit(scanner.front()))
        return parse_offset(scanner);  // Of a date alone.
    const auto first = scanner.digits(6);
    std::array<std::string_view, 3> parts{first, "0", "0"};
    if (first.size() == 4 || first.size() == 6)  // ISO's basic format.
        parts = {first.substr(0, 2), first.substr(2, 2), first.size() == 6 ? first.substr(4) : "0"};
    else if (first.size() > 2)
        return std::nullopt;
    else
    {
        for (std::size_t i = 1; i < parts.size() && scanner.take(':'); ++i)
        {
            parts.at(i) = scanner.digits(2);
            if (parts.at(i).size() != 2)
                return std::nullopt;
        }
    }
    if (scanner.take_any(".,") && scanner.digits(9).empty())
        return std::nullopt;
    auto hour = number_of(parts[0]);
    const auto minute = number_of(parts[1]);
    const auto second = number_of(parts[2]);

    // AM or PM, as in "11:30 PM" or "11-PM".
    Scanner half{scanner};
    half.skip(" -");
    const auto word = half.letters();
    const bool morning = equal_ignoring_case(word, "am");
    const bool evening = equal_ignoring_case(word, "pm");
    if (morning || evening)
    {
        if (hour < 1 || hour > 12)
            return std::nullopt;
        hour = hour % 12 + (evening ? 12 : 0);
        scanner = half;
    }
    else if (first.size() <= 2 && parts[1].size() != 2)
        return std::nullopt;  // An hour alone.
    const auto offset = parse_offset(scanner);
    if (!offset || hour > 23 || minute > 59 || second > 59)
        return std::nullopt;
    return (hour * 60 + minute) * 60 + second - *offset;
}

bool is_plausible_day(int year, int month, int day) noexcept
{
    return year >= 1970 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/// 20240501, 202405010930 or 20240501093000.
std::optional<WrittenTime> parse_compact_date(std::string_view digits)
{
    if (digits.size() != 8 && digits.size() != 12 && digits.size() != 14)
        return std::nullopt;
    WrittenTime time;
    time.is_date = time.is_ordered = true;
    time.parts = {number_of(digits.substr(0, 4)), number_of(digits.substr(4, 2)),
        number_of(digits.substr(6, 2))};
    if (!is_plausible_day(time.parts[0], time.parts[1], time.parts[2]))
        return std::nullopt;
    if (digits.size() > 8)
    {
        Scanner scanner{digits.substr(8)};
        const auto seconds = parse_time_of_day(scanner);
        if (!seconds)
            return std::nullopt;
        time.seconds = *seconds;
    }
    return time;
}

std::optional<WrittenTime> parse_number(
    std::string_view digits, std::string_view fraction, TimeUnit unit)
{
    constexpr std::size_t digits_max = 20;
    constexpr std::int64_t unit_step = 1'000;
    if (unit == TimeUnit::automatic && fraction.empty())
    {
        if (auto date = parse_compact_date(digits))
            return date;
    }
    std::int64_t value = 0;
    for (const char c : digits)
    {
        if (digits.size() > digits_max || value > std::numeric_limits<std::int64_t>::max() / 10 - 9)
            return std::nullopt;
        value = value * 10 + (c - '0');
    }
    WrittenTime time;
    std::int64_t per_second = 1;
    if (unit == TimeUnit::automatic)
    {
        constexpr std::int64_t seconds_from = 100'000'000;       // 1973
        constexpr std::int64_t seconds_until = 100'000'000'000;  // 5138, and 1973 in milliseconds.
        time.in_doubt = value < seconds_from;
        while (value / per_second >= seconds_until)
            per_second *= unit_step;
    }
    for (auto k = static_cast<int>(unit); k > static_cast<int>(TimeUnit::seconds); --k)
        per_second *= unit_step;
    time.unix = value / per_second;
    return time;
}

std::optional<WrittenTime> parse_date(std::string_view text)
{
    Scanner scanner{text};
    WrittenTime time;
    time.is_date = true;
    std::array<std::size_t, 3> sizes{};
    std::optional<std::size_t> named_month;
    for (std::size_t i = 0; i < time.parts.size();)
    {
        if (is_letter(scanner.front()))
        {
            const auto word = scanner.letters();
            if (i == 0 && is_weekday(word))
            {
                scanner.skip(", ");
                continue;
            }
            time.parts.at(i) = month_of(word);
            if (time.parts.at(i) == 0 || named_month || i == 2)
                return std::nullopt;
            named_month = i;
        }
        else
        {
            const auto digits = scanner.digits(4);
            if (digits.empty() || digits.size() == 3)
                return std::nullopt;
            time.parts.at(i) = number_of(digits);
            sizes.at(i) = digits.size();
        }
        if (++i == time.parts.size())
            break;
        time.has_dots = scanner.front() == '.';
        const auto before = scanner.rest().size();
        scanner.skip("-/., ");
        if (scanner.rest().size() == before)
            return std::nullopt;
    }
    if (sizes[0] == 4)
        time.is_ordered = sizes[2] != 4;
    else if (named_month && sizes[2] == 4)
    {
        const auto day = *named_month == 0 ? time.parts[1] : time.parts[0];
        time.parts = {time.parts[2], time.parts.at(*named_month), day};
        time.is_ordered = true;
    }
    else if (sizes[2] == 2 || sizes[2] == 1)
        time.has_short_year = true;
    if ((sizes[0] == 4 && !time.is_ordered) || sizes[1] == 4 || (named_month && !time.is_ordered))
        return std::nullopt;

    // What parts a date from its time of day.
    if (!scanner.at_end() && !scanner.take_any("Tt"))
    {
        const auto before = scanner.rest().size();
        scanner.skip(" ,");
        const bool zone = scanner.front() == 'Z' || scanner.front() == 'z';
        if (scanner.rest().size() == before && !zone)
            return std::nullopt;
    }
    const auto seconds = parse_time_of_day(scanner);
    if (!seconds)
        return std::nullopt;
    time.seconds = *seconds;
    return time;
}

}  // namespace

std::optional<WrittenTime> parse_written_time(std::string_view text, TimeUnit unit)
{
    Scanner scanner{text};
    const auto digits = scanner.digits(text.size());
    if (!digits.empty())
    {
        if (scanner.at_end())
            return parse_number(digits, {}, unit);
        Scanner fraction{scanner};
        if (fraction.take('.'))
        {
            const auto decimals = fraction.digits(text.size());
            if (fraction.at_end())
                return parse_number(digits, decimals.empty() ? "0" : decimals, unit);
        }
        if (digits.size() == 8 && scanner.take_any("T "))
        {
            auto time = parse_compact_date(digits);
            const auto seconds = parse_time_of_day(scanner);
            if (!time || !seconds)
                return std::nullopt;
            time->seconds = *seconds;
            return time;
        }
    }
    return parse_date(text);
}

std::optional<std::int64_t> unix_of(const WrittenTime& time, DateOrder order)
{
    if (!time.is_date)
        return time.unix <= time_max ? std::optional{time.unix} : std::nullopt;
    auto [year, month, day] = time.parts;
    if (!time.is_ordered)
    {
        if (order == DateOrder::automatic)
            return std::nullopt;
        if (order == DateOrder::day_month_year)
        {
            day = time.parts[0];
            year = time.parts[2];
        }
        if (order == DateOrder::month_day_year)
        {
            month = time.parts[0];
            day = time.parts[1];
            year = time.parts[2];
        }
        if (time.has_short_year)
            year += 2'000;
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
        std::chrono::month{static_cast<unsigned>(month)},
        std::chrono::day{static_cast<unsigned>(day)}};
    if (year < 1970 || year > 9999 || !date.ok())
        return std::nullopt;
    const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
    const auto unix = std::int64_t{days} * 86'400 + time.seconds;
    return unix >= 0 && unix <= time_max ? std::optional{unix} : std::nullopt;
}

}  // namespace runnel::scenarios
