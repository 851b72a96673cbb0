#include "scenarios/loader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>
#include <vector>

namespace runnel::scenarios
{
namespace
{

/// digits * 10^-decimals.
struct Decimal
{
    std::string digits;
    std::size_t decimals = 0;
};

/// Reads `1_000_000.5`: digits with single underscores between them, one point at most.
std::optional<Decimal> parse_decimal(std::string_view text)
{
    Decimal decimal;
    bool point = false;
    bool after_digit = false;
    for (const char c : text)
    {
        if (c >= '0' && c <= '9')
        {
            decimal.digits += c;
            decimal.decimals += point ? 1 : 0;
            after_digit = true;
            continue;
        }
        if (!after_digit || (c != '_' && (c != '.' || point)))
            return std::nullopt;
        point = point || c == '.';
        after_digit = false;
    }
    if (!after_digit)
        return std::nullopt;
    return decimal;
}

/// The decimal times 10^exponent: empty digits if that is no integer.
std::string scaled(Decimal decimal, std::size_t exponent)
{
    while (decimal.decimals > 0 && decimal.digits.back() == '0')
    {
        decimal.digits.pop_back();
        --decimal.decimals;
    }
    if (decimal.decimals > exponent)
        return {};
    decimal.digits.append(exponent - decimal.decimals, '0');
    return decimal.digits;
}

std::string_view trim(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string names_of(std::span<const Unit> units)
{
    constexpr std::size_t shown_max = 8;
    std::string names;
    for (std::size_t i = 0; i < std::min(units.size(), shown_max); ++i)
        names += (i == 0 ? "" : ", ") + units[i].name;
    return units.size() > shown_max ? names + ", ..." : names;
}

struct TimeUnit
{
    std::string_view name;
    std::int64_t ms;
};
constexpr std::array<TimeUnit, 5> time_units{TimeUnit{"d", 86'400'000}, TimeUnit{"h", 3'600'000},
    TimeUnit{"m", 60'000}, TimeUnit{"s", 1'000}, TimeUnit{"ms", 1}};

}  // namespace

ReadResult<WrittenAmount> parse_amount(std::string_view text, std::span<const Unit> units)
{
    const auto refuse = [](std::string why) { return tl::unexpected<std::string>{std::move(why)}; };
    text = trim(text);
    if (text.starts_with('-'))
        return refuse("an amount that is not negative");
    const auto space = std::min(text.find(' '), text.size());
    const auto number = parse_decimal(text.substr(0, space));
    const auto name = trim(text.substr(space));
    if (!number || name.empty())
    {
        return refuse(fmt::format(
            "an amount like \"1_000.5 {}\" (units: {})", units.front().name, names_of(units)));
    }
    const auto unit = std::find_if(
        units.begin(), units.end(), [name](const Unit& known) { return known.name == name; });
    if (unit == units.end())
    {
        std::vector<std::string_view> known;
        for (const auto& candidate : units)
            known.push_back(candidate.name);
        const auto meant = closest(name, known);
        return refuse(fmt::format("an amount in {}{}", names_of(units),
            meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
    }
    const auto digits = scaled(*number, unit->decimals);
    if (digits.empty())
        return refuse(fmt::format("at most {} decimals of {}", unit->decimals, unit->name));
    const auto amount = Amount::from_decimal(digits);
    if (!amount || !amount->fits_uint128())
        return refuse("an amount below 2^128 smallest units");
    return WrittenAmount{*amount, &*unit};
}

std::string format_decimal(const Amount& amount, unsigned decimals)
{
    auto digits = amount.to_string();
    if (decimals == 0)
        return digits;
    if (digits.size() <= decimals)
        digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.')
        digits.pop_back();
    return digits;
}

ReadResult<std::int64_t> parse_duration_ms(std::string_view text)
{
    constexpr std::int64_t ms_max = std::int64_t{36'525} * 86'400'000;
    const auto refuse = [](std::string why) { return tl::unexpected<std::string>{std::move(why)}; };
    text = trim(text);
    const auto behind = std::min(text.find_first_not_of("0123456789_."), text.size());
    const auto number = parse_decimal(text.substr(0, behind));
    const auto name = trim(text.substr(behind));
    const auto unit = std::find_if(time_units.begin(), time_units.end(),
        [name](const TimeUnit& known) { return known.name == name; });
    if (!number || unit == time_units.end())
        return refuse("a duration like \"500ms\", \"12s\", \"5m\", \"36h\" or \"2d\"");
    // As an amount of 10^-9 units, so that "1.5h" is exact.
    constexpr unsigned decimals = 9;
    const auto digits = scaled(*number, decimals);
    const auto count = digits.empty() ? std::nullopt : Amount::from_decimal(digits);
    if (!count || !count->fits_uint64())
        return refuse("a duration of at most 100 years, in whole milliseconds");
    const auto product = static_cast<uint128>(count->low64()) * static_cast<uint128>(unit->ms);
    constexpr std::uint64_t scale = 1'000'000'000;
    if (product % scale != 0 || product / scale > static_cast<uint128>(ms_max))
        return refuse("a duration of at most 100 years, in whole milliseconds");
    return static_cast<std::int64_t>(product / scale);
}

std::string format_duration_ms(std::int64_t duration_ms)
{
    if (duration_ms == 0)
        return "0s";
    const auto unit = std::find_if(time_units.begin(), time_units.end(),
        [duration_ms](const TimeUnit& candidate) { return duration_ms % candidate.ms == 0; });
    return fmt::format("{}{}", duration_ms / unit->ms, unit->name);
}

std::optional<Amount> smallest_units(double tokens, unsigned decimals)
{
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(
        buffer.data(), buffer.data() + buffer.size(), tokens, std::chars_format::scientific)
                         .ptr;
    const std::string_view text{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    const auto mark = text.find('e');
    auto digits = parse_decimal(text.substr(0, mark));
    int exponent = 0;
    const auto from = text[mark + 1] == '+' ? mark + 2 : mark + 1;
    std::from_chars(text.data() + from, end, exponent);
    // The value is digits * 10^shift smallest units.
    const int shift = exponent + static_cast<int>(decimals) - static_cast<int>(digits->decimals);
    const auto count = static_cast<int>(digits->digits.size());
    if (count + shift > 60 && tokens != 0)
        return std::nullopt;
    if (count + shift <= 0 || tokens == 0)
        return Amount{};
    digits->digits.resize(static_cast<std::size_t>(count + shift), '0');
    const auto amount = Amount::from_decimal(digits->digits);
    return amount && amount->fits_uint128() ? amount : std::nullopt;
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates)
{
    constexpr std::size_t length_max = 64;
    std::string_view best;
    if (word.size() > length_max)
        return best;
    auto best_distance = std::max<std::size_t>(1, std::min<std::size_t>(3, word.size() / 3)) + 1;
    for (const auto candidate : candidates)
    {
        // Levenshtein's distance, where two swapped letters count once; row by row.
        std::vector<std::size_t> before;
        std::vector<std::size_t> above;
        std::vector<std::size_t> row(word.size() + 1);
        std::iota(row.begin(), row.end(), std::size_t{0});
        for (std::size_t k = 1; k <= candidate.size(); ++k)
        {
            before = std::exchange(above, row);
            row[0] = k;
            for (std::size_t i = 1; i <= word.size(); ++i)
            {
                const bool same = word[i - 1] == candidate[k - 1];
                row[i] = std::min({above[i - 1] + (same ? 0 : 1), above[i] + 1, row[i - 1] + 1});
                if (i > 1 && k > 1 && word[i - 1] == candidate[k - 2] &&
                    word[i - 2] == candidate[k - 1])
                    row[i] = std::min(row[i], before[i - 2] + 1);
            }
        }
        if (row.back() < best_distance)
        {
            best_distance = row.back();
            best = candidate;
        }
    }
    return best;
}

}  // namespace runnel::scenarios
