#include "storage/database.hpp"
#include "storage/schema.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/number_text.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/sql_library.hpp"
#include "tools/runnel/sql_output.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::tools
{
namespace
{

struct SqlOptions
{
    std::string database;
    std::string query;
    std::vector<std::string> settings;
    std::string library;
    std::optional<std::uint64_t> limit;
    bool list = false;
    bool json = false;
    bool csv = false;
    bool plot = false;
};

int print_list(const SqlOptions& options)
{
    auto list = nlohmann::ordered_json::array();
    for (const auto& query : read_library(options.library))
    {
        if (options.json)
        {
            auto parameters = nlohmann::ordered_json::array();
            for (const auto& [name, value, unit, meaning] : query.parameters)
            {
                parameters.push_back(
                    {{"name", name}, {"default", value ? nlohmann::ordered_json(*value) : nullptr},
                        {"unit", unit}, {"meaning", meaning}});
            }
            list.push_back({{"name", query.name}, {"what", query.what},
                {"parameters", std::move(parameters)}, {"needs", query.needs}});
            continue;
        }
        fmt::print("{}\n    {}\n", printable(query.name), printable(query.what));
        for (const auto& [name, value, unit, meaning] : query.parameters)
        {
            fmt::print("    --set {}={}  {}{}\n", printable(name), printable(value.value_or("...")),
                unit.empty() ? "" : printable(unit) + ": ", printable(meaning));
        }
    }
    if (options.json)
        fmt::print(
            "{}\n", list.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
    return exit_done;
}

/// A name of the library, and not SQL.
bool is_name(const std::string& text)
{
    return !text.empty() &&
           std::all_of(text.begin(), text.end(),
               [](unsigned char c)
               { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

LibraryQuery find_query(const SqlOptions& options)
{
    if (!is_name(options.query))
    {
        LibraryQuery query;
        query.sql = options.query;
        return query;
    }
    auto library = read_library(options.library);
    const auto found = std::find_if(library.begin(), library.end(),
        [&](const LibraryQuery& query) { return query.name == options.query; });
    if (found == library.end())
    {
        throw CommandError{exit_bad_input,
            fmt::format("sql: there is no query {} in the library; runnel sql --list names them",
                options.query)};
    }
    return std::move(*found);
}

std::map<std::string, std::string> settings_of(const SqlOptions& options)
{
    std::map<std::string, std::string> values;
    for (const auto& text : options.settings)
    {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            throw CommandError{exit_bad_input, fmt::format("--set {}: expected name=value", text)};
        values[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return values;
}

/// Integers and decimal numbers are numbers, all else is text.
storage::Value value_of(storage::Database& database, const std::string& text)
{
    if (text == "last")
        return database.query_integer("SELECT ifnull(max(number), 0) FROM t_blocks");
    if (text == "none")
        return {};
    if (const auto integer = parsed<std::int64_t>(text))
        return *integer;
    const bool is_decimal = text.find_first_not_of("-.0123456789") == std::string::npos;
    if (const auto real = is_decimal ? parsed<double>(text) : std::nullopt)
        return *real;
    return std::string_view{text};
}

void check_needs(storage::Database& database, const LibraryQuery& query)
{
    for (const auto& name : query.needs)
    {
        if (!storage::has_table_or_view(database, name))
        {
            throw CommandError{exit_bad_input,
                fmt::format("{}: {} reads {}, which this ledger does not have: no contract of it "
                            "writes such rows",
                    database.path(), query.name, name)};
        }
    }
}

int run_sql(const SqlOptions& options)
{
    if (options.list)
        return print_list(options);
    if (options.database.empty() || options.query.empty())
    {
        throw CommandError{
            exit_bad_input, "sql: expected DB and a query, or --list (see runnel sql --help)"};
    }
    auto database = storage::Database::open(options.database, storage::Database::Access::read_only);
    const auto query = find_query(options);
    auto values = settings_of(options);
    check_needs(database, query);
    auto rows = database.prepare_select(query.sql);
    std::map<std::string, std::string> defaults;
    for (const auto& parameter : query.parameters)
    {
        if (parameter.value)
            defaults[parameter.name] = *parameter.value;
    }
    std::vector<std::string> texts(static_cast<std::size_t>(rows.parameter_count()));
    for (int i = 0; i < rows.parameter_count(); ++i)
    {
        const auto named = rows.parameter_name(i + 1);
        const std::string name{named.empty() || named[0] == '?' ? "" : named.substr(1)};
        const auto set = values.find(name);
        const auto usual = defaults.find(name);
        if (set == values.end() && usual == defaults.end())
        {
            throw CommandError{exit_bad_input,
                name.empty()
                    ? "sql: expected parameters with names, as :block"
                    : fmt::format("sql: expected a value for :{}: --set {}=...", name, name)};
        }
        auto& text = texts[static_cast<std::size_t>(i)];
        text = set == values.end() ? usual->second : set->second;
        rows.bind(i + 1, value_of(database, text));
    }
    for (const auto& [name, value] : values)
    {
        bool is_used = false;
        for (int i = 1; i <= rows.parameter_count(); ++i)
            is_used = is_used || rows.parameter_name(i) == ":" + name ||
                      rows.parameter_name(i) == "@" + name || rows.parameter_name(i) == "$" + name;
        if (!is_used)
        {
            throw CommandError{
                exit_bad_input, fmt::format("--set {}: the query has no such parameter", name)};
        }
    }
    if (options.json)
        print_json(rows);
    else if (options.csv)
        print_csv(rows);
    else if (options.plot)
        print_plot(rows, stdout_has_colour(), output_columns());
    else
    {
        constexpr std::uint64_t usual_limit = 100;
        print_table(rows, options.limit.value_or(usual_limit), output_columns());
    }
    return exit_done;
}

}  // namespace

Command add_sql_command(CLI::App& app)
{
    auto options = std::make_shared<SqlOptions>();
    auto* command = app.add_subcommand("sql",
        "Ask a ledger: a query of the library by its name, or a SELECT. The file is never "
        "changed.");
    command->add_option("DB", options->database, "A ledger that `runnel run --db` wrote");
    command->add_option("QUERY", options->query, "A name of the library (--list), or one SELECT");
    command
        ->add_option("--set", options->settings,
            "A parameter of the query: --set block=7200 (may be repeated). `last` is the last "
            "block, `none` is NULL")
        ->type_name("NAME=VALUE");
    auto* list = command->add_flag(
        "--list", options->list, "List the library: what each query answers, and its parameters");
    auto* json = command->add_flag("--json", options->json, "Print a JSON array of objects");
    auto* csv = command->add_flag("--csv", options->csv, "Print CSV");
    auto* plot = command->add_flag("--plot", options->plot,
        "Draw the numbers of each column over the first one; bars where that holds names");
    auto* limit = command
                      ->add_option("--limit", options->limit,
                          "How many rows of a table are shown; 100 by default")
                      ->type_name("N")
                      ->check(whole_number(1, 1'000'000'000));
    command->add_option("--library", options->library, "Another folder of queries, NAME.sql each")
        ->type_name("DIR");
    json->excludes(csv)->excludes(plot)->excludes(limit);
    csv->excludes(plot)->excludes(limit)->excludes(list);
    plot->excludes(limit)->excludes(list);
    command->footer(
        "Examples:\n"
        "  runnel sql --list\n"
        "  runnel sql bt.db dex_volume_by_hour --plot\n"
        "  runnel sql bt.db balances_at --set block=7200 --set token=WETH --csv > weth.csv\n"
        "  runnel sql bt.db \"SELECT token_pair, count(*) FROM dex_trades GROUP BY 1\"\n"
        "  runnel sql bt.db \"SELECT balance_at('liquidator/1', 'USDC', :block)\" --set block=100\n"
        "docs/sql.md describes the library, the functions and what is refused.");
    return [options] { return run_sql(*options); };
}

}  // namespace runnel::tools
