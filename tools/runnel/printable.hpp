#pragma once

#include <string>
#include <string_view>

namespace runnel::tools
{

enum class Layout : bool
{
    one_line,  // A newline becomes a space.
    keep,      // Newlines stay, and changes of colour.
};

/// Text that may quote a damaged file, fit for a terminal: control characters and what is not UTF-8
/// become `\x07`.
[[nodiscard]] std::string printable(std::string_view text, Layout layout = Layout::one_line);

}  // namespace runnel::tools
