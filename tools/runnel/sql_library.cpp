#include "tools/runnel/sql_library.hpp"

#include "tools/runnel/commands.hpp"
#include "tools/runnel/shipped_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace runnel::tools
{
namespace
{
namespace filesystem = std::filesystem;

std::string trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos)
        return {};
    return std::string{text.substr(first, text.find_last_not_of(" \r") - first + 1)};
}

[[noreturn]] void refuse(const filesystem::path& file, const std::string& expected)
{
    throw CommandError{exit_bad_input, fmt::format("{}: expected {}", file.string(), expected)};
}

/// `limit = 20 (rows) How many.`, or `account (name) Whose.`
QueryParameter parameter_of(const filesystem::path& file, std::string_view text)
{
    const auto open = text.find('(');
    const auto close = text.find(')', open);
    if (close == std::string_view::npos)
        refuse(file, fmt::format("`:name = default (unit) meaning`, got `:{}`", text));
    const auto named = text.substr(0, open);
    const auto equals = std::min(named.find('='), named.size());
    QueryParameter parameter{trimmed(named.substr(0, equals)), {},
        trimmed(text.substr(open + 1, close - open - 1)), trimmed(text.substr(close + 1))};
    if (equals < named.size())
        parameter.value = trimmed(named.substr(equals + 1));
    return parameter;
}

LibraryQuery read_query(const filesystem::path& file)
{
    constexpr std::uintmax_t size_max = 1U << 20U;
    std::error_code failed;
    if (!filesystem::is_regular_file(file, failed) ||
        filesystem::file_size(file, failed) > size_max)
        refuse(file, "a file of at most 1 MiB");
    std::ifstream stream{file};
    std::string text{std::istreambuf_iterator<char>{stream}, {}};
    if (!stream)
        throw CommandError{exit_world_failed, file.string() + ": cannot be read"};
    LibraryQuery query;
    query.name = file.stem().string();
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line) && line.starts_with("--");)
    {
        const auto words = trimmed(std::string_view{line}.substr(2));
        constexpr std::string_view needs = "needs:";
        if (words.starts_with(':'))
            query.parameters.push_back(parameter_of(file, std::string_view{words}.substr(1)));
        else if (words.starts_with(needs))
        {
            std::istringstream names{words.substr(needs.size())};
            for (std::string name; names >> name;)
                query.needs.push_back(name.substr(0, name.find(',')));
        }
        else if (query.parameters.empty())
            query.what += (query.what.empty() ? "" : " ") + words;
        else
            query.parameters.back().meaning += " " + words;
    }
    if (query.what.empty())
        refuse(file, "a first line `-- what it answers`");
    query.sql = std::move(text);
    return query;
}
}  // namespace

std::vector<LibraryQuery> read_library(const filesystem::path& folder)
{
    const auto places = folder.empty() ? shipped_folders("sql") : std::vector{folder};
    for (const auto& place : places)
    {
        std::error_code failed;
        std::vector<filesystem::path> files;
        for (const auto& entry : filesystem::directory_iterator{place, failed})
        {
            if (entry.path().extension() == ".sql")
                files.push_back(entry.path());
        }
        if (files.empty())
            continue;
        std::sort(files.begin(), files.end());
        std::vector<LibraryQuery> queries;
        std::transform(files.begin(), files.end(), std::back_inserter(queries), read_query);
        return queries;
    }
    throw CommandError{exit_bad_input,
        folder.empty()
            ? "sql: no library of queries came with this program; expected --library DIR"
            : fmt::format("--library {}: expected a folder of .sql files", folder.string())};
}

}  // namespace runnel::tools
