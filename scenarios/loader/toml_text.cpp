#include "scenarios/loader/toml_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace runnel::scenarios
{
namespace
{

constexpr std::string_view value_ends = " \t\r\n,}#";

/// Goes through a text character by character, past strings and comments.
class TomlScanner
{
public:
    explicit TomlScanner(std::string_view text) noexcept : text_{text} {}

    /// The next character outside of strings and comments; false at the end.
    bool next(char& c) noexcept
    {
        while (position_ < text_.size())
        {
            c = text_[position_];
            if (c == '"' || c == '\'')
                skip_string(c);
            else if (c == '#')
                position_ = std::min(text_.find('\n', position_), text_.size());
            else
            {
                ++position_;
                if (c == '\n')
                    begin_line();
                return true;
            }
        }
        return false;
    }
    /// Where the next character lies.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }
    [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
    [[nodiscard]] std::size_t line_start() const noexcept { return line_start_; }

private:
    void begin_line() noexcept
    {
        ++line_;
        line_start_ = position_;
    }

    void skip_string(char quote) noexcept
    {
        const bool escapes = quote == '"';
        const std::string_view triple = escapes ? "\"\"\"" : "'''";
        const bool multiline = text_.substr(position_).starts_with(triple);
        position_ += multiline ? 3 : 1;
        while (position_ < text_.size())
        {
            const char c = text_[position_];
            if (c == '\n')
            {
                if (!multiline)
                    return;  // Malformed.
                ++position_;
                begin_line();
                continue;
            }
            if (c == '\\' && escapes)
            {
                const bool newline = position_ + 1 < text_.size() && text_[position_ + 1] == '\n';
                position_ += newline ? 1 : 2;
                continue;
            }
            if (c == quote && (!multiline || text_.substr(position_).starts_with(triple)))
            {
                position_ += multiline ? 3 : 1;
                // Up to two quotes may stand right before the closing three.
                for (int i = 0;
                     multiline && i < 2 && position_ < text_.size() && text_[position_] == quote;
                     ++i)
                    ++position_;
                return;
            }
            ++position_;
        }
        position_ = std::min(position_, text_.size());
    }

    std::string_view text_;
    std::size_t position_ = 0;
    std::uint32_t line_ = 1;
    std::size_t line_start_ = 0;
};

int digit_value(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/// A TOML integer above 2^63 - 1 that an unsigned one holds.
std::optional<std::uint64_t> parse_large_integer(std::string_view text) noexcept
{
    unsigned base = 10;
    if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b"))
    {
        base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
        text.remove_prefix(2);
    }
    else if (text.starts_with('+'))
        text.remove_prefix(1);
    if (text.empty() || (base == 10 && text.front() == '0'))
        return std::nullopt;
    std::uint64_t value = 0;
    bool after_digit = false;
    for (const char c : text)
    {
        if (c == '_' && after_digit)
        {
            after_digit = false;
            continue;
        }
        const auto digit = static_cast<unsigned>(digit_value(c));
        if (digit >= base || value > (std::numeric_limits<std::uint64_t>::max() - digit) / base)
            return std::nullopt;
        value = value * base + digit;
        after_digit = true;
    }
    if (!after_digit || value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return std::nullopt;
    return value;
}

/// The digits of a number from the first to the last that is not 0; empty if it is no plain
/// fraction.
std::string digits_of_fraction(std::string_view text)
{
    if (text.starts_with('+') || text.starts_with('-'))
        text.remove_prefix(1);
    std::string digits;
    bool has_point = false;
    for (const char c : text)
    {
        if (c >= '0' && c <= '9')
            digits += c;
        else if (c == '.' && !has_point)
            has_point = true;
        else if (c != '_')
            return {};
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    digits.erase(0, digits.find_first_not_of('0'));
    return has_point ? digits : std::string{};
}

/// Whether the double nearest to a fraction reads as another one.
bool is_rounded_fraction(std::string_view text)
{
    const auto digits = digits_of_fraction(text);
    if (digits.size() <= std::numeric_limits<double>::digits10)
        return false;
    std::string plain{text};
    std::erase(plain, '_');
    std::erase(plain, '+');
    double value = 0;
    std::from_chars(plain.data(), plain.data() + plain.size(), value);
    std::array<char, 32> shortest{};
    const auto end = std::to_chars(
        shortest.data(), shortest.data() + shortest.size(), value, std::chars_format::scientific);
    std::string_view held{shortest.data(), static_cast<std::size_t>(end.ptr - shortest.data())};
    held = held.substr(0, held.find('e'));
    // One digit before the point alone has none.
    return digits_of_fraction(std::string{held} + (held.find('.') == held.npos ? "." : "")) !=
           digits;
}

std::uint32_t characters(std::string_view text) noexcept
{
    return static_cast<std::uint32_t>(std::count_if(text.begin(), text.end(),
        [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

}  // namespace

std::uint32_t line_of_deep_key(std::string_view text) noexcept
{
    constexpr int parts_max = 32;
    constexpr std::string_view ends = "=,\n[]{}";
    TomlScanner scanner{text};
    int dots = 0;
    for (char c = 0; scanner.next(c);)
    {
        if (c == '.' && ++dots > parts_max)
            return scanner.line();
        if (ends.find(c) != std::string_view::npos)
            dots = 0;
    }
    return 0;
}

std::vector<LargeInteger> take_large_integers(std::string& text)
{
    std::vector<LargeInteger> found;
    TomlScanner scanner{text};
    for (char c = 0; scanner.next(c);)
    {
        if (c != '=')
            continue;
        const auto begin = text.find_first_not_of(" \t", scanner.position());
        if (begin == std::string::npos)
            break;
        const auto end = std::min(text.find_first_of(value_ends, begin), text.size());
        const auto value = parse_large_integer(std::string_view{text}.substr(begin, end - begin));
        if (!value)
            continue;
        const auto start = scanner.line_start();
        found.push_back({scanner.line(),
            characters(std::string_view{text}.substr(start, begin - start)) + 1, *value});
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(begin),
            text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
        text[begin] = '0';
    }
    return found;
}

std::vector<NumberPlace> rounded_fractions(std::string_view text)
{
    std::vector<NumberPlace> found;
    TomlScanner scanner{text};
    for (char c = 0; scanner.next(c);)
    {
        if (c != '=')
            continue;
        const auto begin = text.find_first_not_of(" \t", scanner.position());
        if (begin == std::string_view::npos)
            break;
        const auto end = std::min(text.find_first_of(value_ends, begin), text.size());
        if (!is_rounded_fraction(text.substr(begin, end - begin)))
            continue;
        const auto start = scanner.line_start();
        found.push_back({scanner.line(), characters(text.substr(start, begin - start)) + 1});
    }
    return found;
}

}  // namespace runnel::scenarios
