#include "tools/replay/line_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

namespace runnel::replay
{
namespace
{
constexpr std::size_t line_bytes_max = std::size_t{8} << 20U;
constexpr unsigned depth_max = 64;  // Of objects and arrays; recordings have ten.
/// What is unpacked for each byte of the file, beyond the first of it: recordings have thirty.
constexpr std::uint64_t expansion_max = 200;
constexpr std::uint64_t expansion_free = std::uint64_t{64} << 20U;
/// What the JSON library says, without its own numbers for it.
std::string without_code(std::string_view message)
{
    const auto end = message.find("] ");
    return std::string{message.starts_with("[json.exception.") && end != std::string_view::npos
                           ? message.substr(end + 2)
                           : message};
}
}  // namespace

LineReader::LineReader(const std::string& path)
{
    // Without waiting for who writes to a pipe.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status
    {};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0)
    {
        error_is_worlds_ = errno != ENOENT && errno != ENOTDIR;
        error_ = fmt::format("cannot be opened: {}", std::strerror(errno));
    }
    else if (!S_ISREG(status.st_mode))
        error_ = "expected a regular file";
    else
    {
        unpacked_max_ = expansion_free + expansion_max * static_cast<std::uint64_t>(status.st_size);
        file_ = gzdopen(descriptor, "rb");
        if (file_ != nullptr)
            return;
        error_ = "cannot be opened: out of memory";
    }
    if (descriptor >= 0)
        ::close(descriptor);
}

LineReader::~LineReader()
{
    if (file_ != nullptr)
        gzclose(static_cast<gzFile>(file_));
}

std::optional<std::string> LineReader::next()
{
    while (error_.empty())
    {
        const auto newline = text_.find('\n', searched_);
        if (newline != std::string::npos)
        {
            auto line = text_.substr(position_, newline - position_);
            position_ = newline + 1;
            searched_ = position_;
            ++line_;
            return line;
        }
        text_.erase(0, position_);
        position_ = 0;
        searched_ = text_.size();
        if (text_.size() > line_bytes_max)
            error_ = fmt::format("expected lines of at most {} bytes", line_bytes_max);
        else if (!fill())
            break;
    }
    if (!error_.empty() || text_.empty())
        return std::nullopt;
    ++line_;
    searched_ = 0;
    return std::exchange(text_, {});
}

bool LineReader::fill()
{
    if (file_ == nullptr)
        return false;
    std::array<char, 1U << 16U> chunk{};
    const int size =
        gzread(static_cast<gzFile>(file_), chunk.data(), static_cast<unsigned>(chunk.size()));
    if (size > 0)
    {
        text_.append(chunk.data(), static_cast<std::size_t>(size));
        unpacked_ += static_cast<std::uint64_t>(size);
        if (unpacked_ <= unpacked_max_)
            return true;
        error_ = fmt::format("unpacks to more than {} times its size", expansion_max);
        return false;
    }
    // zlib reports a file that ends inside a compressed stream only here.
    int code = Z_OK;
    const char* message = gzerror(static_cast<gzFile>(file_), &code);
    if (code == Z_BUF_ERROR)
        error_ = "the compressed data is cut off";
    else if (code == Z_ERRNO)
    {
        error_is_worlds_ = true;
        error_ = fmt::format("cannot be read: {}", std::strerror(errno));
    }
    else if (code != Z_OK && code != Z_STREAM_END)
        error_ = fmt::format("the compressed data is damaged: {}", message);
    return false;
}

/// Throws std::invalid_argument if JSON nests deeper than who walks it can follow.
void check_depth(std::string_view text)
{
    unsigned depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const char c = text[i];
        if (in_string)
        {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        }
        else if (c == '"')
            in_string = true;
        else if ((c == '[' || c == '{') && ++depth > depth_max)
        {
            throw std::invalid_argument{
                fmt::format("expected at most {} levels of arrays and objects", depth_max)};
        }
        else if ((c == ']' || c == '}') && depth > 0)
            --depth;
    }
}

std::string excerpt(std::string_view text, std::size_t size_max)
{
    if (text.size() <= size_max)
        return std::string{text};
    auto end = size_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return fmt::format("{}... ({} bytes)", text.substr(0, end), text.size());
}

std::string said(const std::exception& error)
{
    auto text = excerpt(without_code(error.what()), message_max);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace runnel::replay
