#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

/// Lines and fields of text files with separators between columns.
namespace runnel::scenarios
{

struct Field
{
    std::string_view text;
    std::size_t column = 1;  // Of its first character; the line's first is 1.
};

[[nodiscard]] inline std::string_view trim_blanks(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Without the quotes around it.
[[nodiscard]] inline std::string_view unquoted(std::string_view text) noexcept
{
    text = trim_blanks(text);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = trim_blanks(text.substr(1, text.size() - 2));
    return text;
}

/// Fields between separators; separators within quotes are text.
inline void split_fields(std::string_view line, char separator, std::vector<Field>& fields)
{
    fields.clear();
    std::size_t begin = 0;
    bool quoted = false;
    for (std::size_t i = 0; i <= line.size(); ++i)
    {
        if (i < line.size() && line[i] == '"')
            quoted = !quoted;
        if (i == line.size() || (line[i] == separator && !quoted))
        {
            fields.push_back({unquoted(line.substr(begin, i - begin)), begin + 1});
            begin = i + 1;
        }
    }
}

/// Lines that end in LF, CR LF, or (of old spreadsheets) CR alone.
class Lines
{
public:
    explicit Lines(std::string_view text) noexcept
      : text_{text}, end_{text.find('\n') == std::string_view::npos ? '\r' : '\n'}
    {}

    /// False at the end of the text.
    bool next(std::string_view& line) noexcept
    {
        if (text_.empty())
            return false;
        const auto end = std::min(text_.find(end_), text_.size());
        line = text_.substr(0, end);
        text_.remove_prefix(std::min(end + 1, text_.size()));
        ++number_;
        return true;
    }
    /// Of the line that next() gave last; from 1.
    [[nodiscard]] std::size_t number() const noexcept { return number_; }

private:
    std::string_view text_;
    char end_;
    std::size_t number_ = 0;
};

}  // namespace runnel::scenarios
