#include "tools/replay/replay.hpp"

#include "tools/replay/line_reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace runnel::replay
{
namespace
{
constexpr std::size_t value_max = 200;  // Characters of a value in a message.

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
