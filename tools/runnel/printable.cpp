#include "tools/runnel/printable.hpp"

#include <fmt/format.h>

namespace runnel::tools
{
namespace
{

/// The bytes of the UTF-8 character that begins at @p at; 0 if none does.
std::size_t character_size(std::string_view text, std::size_t at)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(at);
    const std::size_t size = first < 0x80                     ? 1
                             : first >= 0xC2 && first < 0xE0  ? 2
                             : first >= 0xE0 && first < 0xF0  ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
    if (at + size > text.size())
        return 0;
    for (std::size_t i = 1; i < size; ++i)
    {
        if ((byte(at + i) & 0xC0U) != 0x80)
            return 0;
    }
    return size;
}

/// The size of `ESC [ 1 ; 31 m` and the like at @p at; 0 if there is none.
std::size_t colour_size(std::string_view text, std::size_t at)
{
    if (text.substr(at, 2) != "\x1b[")
        return 0;
    const auto end = text.find_first_not_of("0123456789;", at + 2);
    return end != std::string_view::npos && text[end] == 'm' ? end + 1 - at : 0;
}

}  // namespace

std::string printable(std::string_view text, Layout layout)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size();)
    {
        const auto byte = static_cast<unsigned char>(text[i]);
        auto size = character_size(text, i);
        const auto colour = layout == Layout::keep ? colour_size(text, i) : 0;
        if (colour != 0)
        {
            result += text.substr(i, colour);
            size = colour;
        }
        else if (byte == '\n')
            result += layout == Layout::keep ? '\n' : ' ';
        else if (size == 0 || byte < 0x20 || byte == 0x7F)
            result += fmt::format("\\x{:02x}", byte);
        else
            result += text.substr(i, size);
        i += size == 0 ? 1 : size;
    }
    return result;
}

}  // namespace runnel::tools
