#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

/// How recordings are read: they are hostile.
namespace runnel::replay
{

/// Reads a text file line by line, whether it is compressed or not. Its memory and its time are
/// bounded by the file's size, whatever the file holds.
class LineReader
{
public:
    explicit LineReader(const std::string& path);
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;
    ~LineReader();

    /// The next line without its newline; empty at the end of the file or on an error().
    [[nodiscard]] std::optional<std::string> next();

    /// The number of the line that next() returned last.
    [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    /// The file is there: its disk or its permissions are at fault.
    [[nodiscard]] bool error_is_worlds() const noexcept { return error_is_worlds_; }

private:
    bool fill();

    void* file_ = nullptr;  // zlib's.
    std::string text_;
    std::size_t position_ = 0;
    std::size_t searched_ = 0;  // No newline between position_ and here.
    std::uint64_t line_ = 0;
    std::uint64_t unpacked_ = 0;
    std::uint64_t unpacked_max_ = 0;
    std::string error_;
    bool error_is_worlds_ = false;
};

/// Throws std::invalid_argument if JSON nests deeper than who walks it can follow.
void check_depth(std::string_view text);

inline constexpr std::size_t message_max = 800;  // Characters of a message.
/// As much of a text as there is room for.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t size_max);
/// An error as one line, whatever a library put into its message.
[[nodiscard]] std::string said(const std::exception& error);

}  // namespace runnel::replay
