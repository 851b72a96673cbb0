#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// Where the TOML library would nest a table per part of a key, and run out of stack when it frees
/// them: the line of the first key of more than 32 parts, or 0.
///
/// Counts dots between values, outside of text and comments; where the text is malformed the count
/// may be wrong, but there the parser stops.
[[nodiscard]] std::uint32_t line_of_deep_key(std::string_view text) noexcept;

/// An integer from 2^63 to 2^64 - 1, which TOML does not have to hold and the library refuses.
struct LargeInteger
{
    std::uint32_t line = 0;
    std::uint32_t column = 0;  // In characters; of the first digit. Both count from 1.
    std::uint64_t value = 0;
};

/// Takes the large integers that stand right behind a `=` out of a text: each becomes a 0 and
/// spaces, so that every place stays where it was. In the order of the text.
[[nodiscard]] std::vector<LargeInteger> take_large_integers(std::string& text);

/// Where a number is written.
struct NumberPlace
{
    std::uint32_t line = 0;
    std::uint32_t column = 0;  // As in LargeInteger.

    friend auto operator<=>(const NumberPlace&, const NumberPlace&) = default;
};

/// The fractions right behind a `=` that a double does not hold to the last digit written. In the
/// order of the text.
[[nodiscard]] std::vector<NumberPlace> rounded_fractions(std::string_view text);

}  // namespace runnel::scenarios
