#include "tools/replay/replay.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

namespace runnel::replay
{
namespace
{
/// Reads a text file line by line, whether it is compressed or not.
class LineReader
{
public:
    explicit LineReader(const std::string& path) : file_{gzopen(path.c_str(), "rb")}
    {
        if (file_ == nullptr)
            error_ = fmt::format("cannot be opened: {}", std::strerror(errno));
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
            const auto newline = text_.find('\n', position_);
            if (newline != std::string::npos)
            {
                auto line = text_.substr(position_, newline - position_);
                position_ = newline + 1;
                ++line_;
                return line;
            }
            text_.erase(0, position_);
            position_ = 0;
            if (!fill())
                break;
        }
        if (!error_.empty() || text_.empty())
            return std::nullopt;
        ++line_;
        return std::exchange(text_, {});
    }

    /// The number of the line that next() returned last.
    [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

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
            return true;
        }
        // zlib reports a file that ends inside a compressed stream only here.
        int code = Z_OK;
        const char* message = gzerror(file_, &code);
        if (code == Z_BUF_ERROR)
            error_ = "the compressed data is cut off";
        else if (code == Z_ERRNO)
            error_ = fmt::format("cannot be read: {}", std::strerror(errno));
        else if (code != Z_OK && code != Z_STREAM_END)
            error_ = fmt::format("the compressed data is damaged: {}", message);
        return false;
    }

    gzFile file_;
    std::string text_;
    std::size_t position_ = 0;
    std::uint64_t line_ = 0;
    std::string error_;
};

/// The error as one line, whatever a library put into its message.
std::string one_line(std::string text)
{
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
        mismatch(fmt::format("{}: recorded {}, replayed {}", what, recorded, replayed));
}

void Comparison::mismatch(std::string text)
{
    ++mismatches_;
    if (kept_.size() < kept_max)
        kept_.push_back(fmt::format("line {}: {}", line_, text));
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
        report.error =
            one_line(fmt::format("{}:{}: not JSON: {}", path, reader.line(), error.what()));
    }
    catch (const std::exception& error)
    {
        report.error = one_line(fmt::format("{}:{}: {}", path, reader.line(), error.what()));
    }
    report.comparisons = comparison.comparisons();
    report.mismatches = comparison.mismatches();
    report.kept = comparison.kept();
    report.gas = comparison.gas();
    return report;
}

}  // namespace runnel::replay
