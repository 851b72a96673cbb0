#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace runnel::tools
{

enum class Layout : std::uint8_t
{
    one_line,  // A newline becomes a space.
    keep,      // Newlines stay, and changes of colour.
    toml,      // Newlines stay; what is escaped is so as TOML reads it.
};

/// Text that may quote a damaged file, fit for a terminal: control characters, those of direction
/// included, and what is not UTF-8 become `\x07`.
[[nodiscard]] std::string printable(std::string_view text, Layout layout = Layout::one_line);

/// A line without its middle if it is longer than anybody reads: files hold names of any length.
[[nodiscard]] std::string shortened(std::string_view line, std::size_t size_max = 1000);

}  // namespace runnel::tools
