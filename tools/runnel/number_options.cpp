#include "tools/runnel/number_options.hpp"

#include "tools/runnel/number_text.hpp"
#include "tools/runnel/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <string_view>

namespace runnel::tools
{
namespace
{
std::string got(std::string_view expected, std::string_view text)
{
    return fmt::format(
        "expected {}, got {}", expected, text.empty() ? "nothing" : shortened(printable(text), 60));
}

CLI::Validator checked_whole(std::uint64_t min, std::uint64_t max, bool allows_auto)
{
    const auto expected =
        fmt::format("{}a whole number from {} to {}", allows_auto ? "auto or " : "", min, max);
    return {[=](std::string& text)
        {
            const auto value = parsed<std::uint64_t>(text);
            const bool holds =
                (allows_auto && text == "auto") || (value && *value >= min && *value <= max);
            return holds ? std::string{} : got(expected, text);
        },
        fmt::format("{} to {}", min, max)};
}

/// Bytes of a unit like `MiB`, `mb` or `m`; 0 for what is none.
double unit_bytes(std::string unit)
{
    constexpr std::string_view prefixes{"kmgt"};
    std::transform(unit.begin(), unit.end(), unit.begin(),
        [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (unit.empty() || unit == "b")
        return 1;
    const auto power = prefixes.find(unit.front());
    const auto rest = std::string_view{unit}.substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib"))
        return 0;
    return std::pow(1024.0, static_cast<double>(power + 1));
}
}  // namespace

CLI::Validator whole_number(std::uint64_t min, std::uint64_t max)
{
    return checked_whole(min, max, false);
}

CLI::Validator auto_or_whole_number(std::uint64_t min, std::uint64_t max)
{
    return checked_whole(min, max, true);
}

CLI::Validator real_number(double min, double max)
{
    const auto expected = fmt::format("a number from {} to {}", min, max);
    return {[=](std::string& text)
        {
            const auto value = parsed<double>(text);
            return value && *value >= min && *value <= max ? std::string{} : got(expected, text);
        },
        fmt::format("{} to {}", min, max)};
}

CLI::Validator size_in_bytes()
{
    return {[](std::string& text)
        {
            constexpr double size_max = 1e18;
            const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
            const auto unit = std::min(text.find_first_not_of(' ', digits), text.size());
            const auto number = parsed<double>(std::string_view{text}.substr(0, digits));
            const auto bytes = number.value_or(0) * unit_bytes(text.substr(unit));
            const bool ends_blank = digits < text.size() && unit == text.size();
            if (!number || ends_blank || unit_bytes(text.substr(unit)) == 0 || bytes > size_max)
                return got("a size like 500M or 2GiB", text);
            text = std::to_string(static_cast<std::uint64_t>(bytes));
            return std::string{};
        },
        "SIZE"};
}

}  // namespace runnel::tools
