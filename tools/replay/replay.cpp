#include "tools/replay/replay.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace runnel::replay
{
namespace
{
constexpr std::size_t line_bytes_max = std::size_t{8} << 20U;
constexpr unsigned depth_max = 64;  // Of objects and arrays; recordings have ten.
/// What is unpacked for each byte of the file, beyond the first of it: recordings have thirty.
constexpr std::uint64_t expansion_max = 200;
constexpr std::size_t value_max = 200;    // Characters of a value in a message,
constexpr std::size_t message_max = 800;  // and of all of it.
constexpr std::uint64_t expansion_free = std::uint64_t{64} << 20U;

/// Reads a text file line by line, whether it is compressed or not. Its memory and its time are
/// bounded by the file's size, whatever the file holds.
class LineReader
{
public:
    explicit LineReader(const std::string& path)
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
            unpacked_max_ =
                expansion_free + expansion_max * static_cast<std::uint64_t>(status.st_size);
            file_ = gzdopen(descriptor, "rb");
            if (file_ != nullptr)
                return;
            error_ = "cannot be opened: out of memory";
        }
        if (descriptor >= 0)
            ::close(descriptor);
    }
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;
    ~LineReader()
    {
        if (file_ != nullptr)
            gzclose(file_);
    }

    /// The next line without its newline; empty at the end of the file or on an error().
    [[nodiscard]] std::optional<std::string> next()
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

    /// The number of the line that next() returned last.
    [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    [[nodiscard]] bool error_is_worlds() const noexcept { return error_is_worlds_; }

private:
    bool fill()
    {
        if (file_ == nullptr)
            return false;
        std::array<char, 1U << 16U> chunk{};
        const int size = gzread(file_, chunk.data(), static_cast<unsigned>(chunk.size()));
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
        const char* message = gzerror(file_, &code);
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

    gzFile file_ = nullptr;
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

/// As much of a text as a message has room for.
std::string excerpt(std::string_view text, std::size_t size_max)
{
    if (text.size() <= size_max)
        return std::string{text};
    auto end = size_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return fmt::format("{}... ({} bytes)", text.substr(0, end), text.size());
}

/// What the JSON library says, without its own numbers for it.
std::string without_code(std::string_view message)
{
    const auto end = message.find("] ");
    return std::string{message.starts_with("[json.exception.") && end != std::string_view::npos
                           ? message.substr(end + 2)
                           : message};
}

/// An error as one line, whatever a library put into its message.
std::string said(const std::exception& error)
{
    auto text = excerpt(without_code(error.what()), message_max);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

const Protocol* find_protocol(const nlohmann::json& header)
{
    for (const auto& protocol : protocols())
    {
        if (protocol.accepts(header))
            return &protocol;
    }
    return nullptr;
}

std::string unknown_protocol(const nlohmann::json& header)
{
    std::string known;
    for (const auto& protocol : protocols())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", protocol.title);
    const auto name = header.find("protocol");
    if (name == header.end() || !name->is_string())
        return fmt::format("the first line names no protocol; known: {}", known);
    return fmt::format(
        "unknown protocol \"{}\"; known: {}", name->get_ref<const std::string&>(), known);
}

/// Replays all lines into @p report; throws what the JSON library and the replayers throw.
void replay_lines(LineReader& reader, FileReport& report, Comparison& comparison)
{
    std::unique_ptr<Replayer> replayer;
    while (const auto text = reader.next())
    {
        if (text->find_first_not_of(" \t\r") == std::string::npos)
            continue;
        check_depth(*text);
        const auto line = nlohmann::json::parse(*text);
        if (!line.is_object())
            throw std::invalid_argument{"not a JSON object"};
        if (replayer == nullptr)
        {
            const auto* protocol = find_protocol(line);
            if (protocol == nullptr)
                throw std::invalid_argument{unknown_protocol(line)};
            report.title = protocol->title;
            replayer = protocol->create();
            replayer->start(line);
            continue;
        }
        comparison.set_line(reader.line());
        replayer->operation(line, comparison);
        ++report.operations;
    }
}
}  // namespace

std::vector<GasError> gas_errors(const GasPairs& pairs)
{
    const auto median = [](auto values)
    {
        const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::nth_element(values.begin(), middle, values.end());
        return *middle;
    };
    std::vector<GasError> errors;
    for (const auto& [what, operations] : pairs)
    {
        std::vector<std::uint64_t> recorded;
        std::vector<std::uint64_t> charged;
        std::vector<double> relative;
        for (const auto& pair : operations)
        {
            recorded.push_back(pair.recorded);
            charged.push_back(pair.charged);
            relative.push_back(
                std::abs(static_cast<double>(pair.charged) - static_cast<double>(pair.recorded)) /
                static_cast<double>(pair.recorded));
        }
        errors.push_back({what, operations.size(), median(recorded), median(charged),
            median(relative), *std::max_element(relative.begin(), relative.end())});
    }
    return errors;
}

void Comparison::equal(std::string_view what, std::string_view recorded, std::string_view replayed)
{
    ++comparisons_;
    if (recorded != replayed)
    {
        mismatch(fmt::format("{}: recorded {}, replayed {}", excerpt(what, value_max),
            excerpt(recorded, value_max), excerpt(replayed, value_max)));
    }
}

void Comparison::mismatch(std::string text)
{
    ++mismatches_;
    if (kept_.size() < kept_max)
        kept_.push_back(fmt::format("line {}: {}", line_, excerpt(text, message_max)));
}

FileReport replay_file(const std::string& path)
{
    FileReport report;
    Comparison comparison;
    LineReader reader{path};
    try
    {
        replay_lines(reader, report, comparison);
        if (!reader.error().empty() && reader.line() == 0)
            report.error = fmt::format("{}: {}", path, reader.error());
        else if (!reader.error().empty())
            report.error = fmt::format("{}:{}: {}", path, reader.line() + 1, reader.error());
        else if (reader.line() == 0)
            report.error = fmt::format("{}: the file is empty", path);
        else if (report.operations == 0)
            report.error = fmt::format("{}: no operations after the first line", path);
    }
    catch (const nlohmann::json::parse_error& error)
    {
        report.error = fmt::format("{}:{}: not JSON: {}", path, reader.line(), said(error));
    }
    catch (const std::exception& error)
    {
        report.error = fmt::format("{}:{}: {}", path, reader.line(), said(error));
    }
    report.error_is_worlds = reader.error_is_worlds();
    report.comparisons = comparison.comparisons();
    report.mismatches = comparison.mismatches();
    report.kept = comparison.kept();
    report.gas = comparison.gas();
    return report;
}

}  // namespace runnel::replay
