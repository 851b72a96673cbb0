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

/// Characters that a terminal obeys or that show a line in another order than it has: C1 controls,
/// separators of lines, marks of direction. @p character is whole UTF-8.
bool is_control(std::string_view character)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1)
        return byte(0) < 0x20 || byte(0) == 0x7F;
    if (character.size() == 2)
        return (byte(0) == 0xC2 && byte(1) < 0xA0) || (byte(0) == 0xD8 && byte(1) == 0x9C);
    if (character.size() != 3 || byte(0) != 0xE2)
        return false;
    const bool is_mark = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F);
    const bool is_break_or_embedding = byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE;
    const bool is_isolate = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
    return is_mark || is_break_or_embedding || is_isolate;
}

/// Of a whole UTF-8 character of three bytes at most.
unsigned code_point(std::string_view character)
{
    auto code = static_cast<unsigned char>(character[0]) &
                (character.size() == 1 ? 0x7FU : 0x3FU >> (character.size() - 1));
    for (const char c : character.substr(1))
        code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
    return code;
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
            result += layout == Layout::one_line ? ' ' : '\n';
        else if (layout == Layout::toml && size != 0 && is_control(text.substr(i, size)))
            result += fmt::format("\\u{:04X}", code_point(text.substr(i, size)));
        else if (size == 0)
            result += fmt::format("\\x{:02x}", byte);
        else if (is_control(text.substr(i, size)))
        {
            for (const char c : text.substr(i, size))
                result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
        else
            result += text.substr(i, size);
        i += size == 0 ? 1 : size;
    }
    return result;
}

std::string shortened(std::string_view line, std::size_t size_max)
{
    if (line.size() <= size_max)
        return std::string{line};
    // Where it is, is said first; what to do about it, last.
    auto head = size_max * 3 / 4;
    auto tail = line.size() - size_max / 4;
    const auto is_inner = [&](std::size_t at)
    { return (static_cast<unsigned char>(line[at]) & 0xC0U) == 0x80U; };
    while (head > 0 && is_inner(head))
        --head;
    while (tail < line.size() && is_inner(tail))
        ++tail;
    return fmt::format(
        "{} [... {} bytes ...] {}", line.substr(0, head), tail - head, line.substr(tail));
}

}  // namespace runnel::tools
