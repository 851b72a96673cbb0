#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace runnel::tools
{

/// All of a text as a number: decimal digits and nothing else; after a minus, if the type has
/// negative ones; of a real one also with a fraction or an exponent. Empty if it is none, or not of
/// that type's range.
template <typename Number>
[[nodiscard]] std::optional<Number> parsed(std::string_view text)
{
    Number number{};
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || rest != end)
        return std::nullopt;
    if constexpr (std::floating_point<Number>)
    {
        if (!std::isfinite(number))
            return std::nullopt;
    }
    return number;
}

}  // namespace runnel::tools
