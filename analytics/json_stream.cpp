#include "analytics/json_stream.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace runnel::analytics
{
namespace
{
constexpr std::size_t buffer_max = 1U << 16U;

/// Stands for itself in a JSON string.
bool is_plain(char c) noexcept
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}
}  // namespace

JsonStream& JsonStream::key(std::string_view name)
{
    separate();
    buffer_ += '"';
    buffer_ += name;
    buffer_ += "\": ";
    has_key_ = true;
    return *this;
}

void JsonStream::string(std::string_view text)
{
    separate();
    if (std::all_of(text.begin(), text.end(), is_plain))
    {
        buffer_ += '"';
        buffer_ += text;
        buffer_ += '"';
    }
    else
        buffer_ += quoted(text);
}

void JsonStream::integer(std::uint64_t number)
{
    std::array<char, 20> digits{};
    const auto* const last =
        std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    value({digits.data(), static_cast<std::size_t>(last - digits.data())});
}

void JsonStream::real(double number)
{
    value(nlohmann::json(number).dump());
}

void JsonStream::value(std::string_view json)
{
    separate();
    buffer_ += json;
}

void JsonStream::flush()
{
    sink_(buffer_);
    buffer_.clear();
}

std::string JsonStream::quoted(std::string_view text)
{
    using Json = nlohmann::json;
    return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

void JsonStream::begin(char bracket)
{
    separate();
    buffer_ += bracket;
    has_values_.push_back(false);
}

void JsonStream::end(char bracket)
{
    const bool has_values = has_values_.back();
    has_values_.pop_back();
    if (has_values)
        new_line();
    buffer_ += bracket;
}

void JsonStream::separate()
{
    if (has_key_)
    {
        has_key_ = false;
        return;
    }
    if (has_values_.empty())
        return;
    if (has_values_.back())
        buffer_ += ',';
    has_values_.back() = true;
    if (buffer_.size() >= buffer_max)
        flush();
    new_line();
}

void JsonStream::new_line()
{
    buffer_ += '\n';
    buffer_.append(2 * has_values_.size(), ' ');
}

}  // namespace runnel::analytics
