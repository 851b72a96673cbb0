#include "contracts/registry.hpp"
#include "scenarios/lint.hpp"
#include "scenarios/run.hpp"
#include "scenarios/scenario.hpp"
#include "storage/schema.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/scenario_options.hpp"
#include "tools/runnel/shipped_files.hpp"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace runnel::tools
{
namespace
{

std::uint64_t wallet_count(const scenarios::Scenario& scenario)
{
    std::uint64_t count = 0;
    for (const auto& group : scenario.agents)
        count += group.count;
    return count;
}

int run_check(const ScenarioOptions& options, bool resolved, bool strict)
{
    const auto scenario = load(options);
    // All that a run does before block 1.
    const auto simulation = scenarios::make_simulation(scenario);
    if (!simulation)
        throw CommandError{exit_bad_input, simulation.error().message};
    const auto warnings = scenarios::find_warnings(scenario, *simulation);
    for (const auto& warning : warnings)
        fmt::print(stderr, "runnel: warning: {}\n", printable(warning.to_string()));
    if (strict && !warnings.empty())
        return exit_does_not_hold;
    if (resolved)
        fmt::print("{}", printable(scenario.resolved_text, Layout::toml));
    else
    {
        fmt::print(
            "{}: {}, {} blocks of {} s, {} wallets in {} groups, {} contracts: well formed\n",
            printable(options.file), shortened(printable(scenario.name)),
            with_commas(scenario.blocks), scenario.slot_seconds,
            with_commas(wallet_count(scenario)), scenario.agents.size(),
            scenario.tokens.size() + scenario.contracts.size());
    }
    return exit_done;
}

struct ScenariosOptions
{
    std::string folder;
    bool reference = false;
    bool database_reference = false;
    bool json = false;
};

/// The event types of every kind of contract: all that a ledger may have tables for.
std::vector<const EventType*> all_event_types()
{
    std::vector<const EventType*> types;
    for (const auto* contract : contracts::contract_types())
        types.insert(types.end(), contract->events.begin(), contract->events.end());
    return types;
}

bool has_scenarios(const std::filesystem::path& folder)
{
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator{folder, failed})
    {
        if (entry.path().extension() == ".toml")
            return true;
    }
    return false;
}

/// Those of the working directory, or those that came with this program: installed with it, or of
/// the repository it was built in.
std::filesystem::path usual_folder()
{
    const std::filesystem::path here{"scenarios"};
    if (has_scenarios(here))
        return here;
    for (const auto& folder : shipped_folders("scenarios"))
    {
        if (has_scenarios(folder))
            return folder;
    }
    throw CommandError{exit_bad_input,
        "scenarios: there is no folder `scenarios` here, nor did one come with this program; "
        "expected FOLDER"};
}

/// Which scenarios of a folder belong together: its file `themes.txt`, if it has one, with lines
/// `THEME: NAME...`. Those that it does not name come last.
struct Themes
{
    std::vector<std::string> titles;
    std::map<std::string, std::pair<std::size_t, std::size_t>> places;  // By name.

    /// Theme and position in it.
    [[nodiscard]] std::pair<std::size_t, std::size_t> place_of(const std::string& name) const
    {
        const auto found = places.find(name);
        return found == places.end() ? std::pair{titles.size() - 1, std::size_t{0}} : found->second;
    }
};

Themes read_themes(const std::filesystem::path& folder)
{
    Themes themes;
    std::ifstream file{folder / "themes.txt"};
    for (std::string line; std::getline(file, line);)
    {
        const auto colon = line.find(':');
        if (line.starts_with('#') || colon == std::string::npos)
            continue;
        std::istringstream names{line.substr(colon + 1)};
        std::size_t position = 0;
        for (std::string name; names >> name;)
            themes.places.emplace(name, std::pair{themes.titles.size(), position++});
        themes.titles.push_back(line.substr(0, colon));
    }
    themes.titles.emplace_back("Others");
    return themes;
}

int run_scenarios(const ScenariosOptions& options)
{
    if (options.reference)
    {
        fmt::print("{}", scenarios::scenario_reference());
        return exit_done;
    }
    if (options.database_reference)
    {
        fmt::print("{}", storage::database_reference(all_event_types()));
        return exit_done;
    }
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    const auto folder =
        options.folder.empty() ? usual_folder() : std::filesystem::path{options.folder};
    for (const auto& entry : std::filesystem::directory_iterator{folder, failed})
    {
        if (entry.path().extension() == ".toml")
            files.push_back(entry.path());
    }
    if (failed)
    {
        throw CommandError{exit_bad_input, fmt::format("{}: expected a folder of scenarios: {}",
                                               folder.string(), failed.message())};
    }
    const auto themes = read_themes(folder);
    const auto place = [&](const std::filesystem::path& file)
    { return themes.place_of(file.stem().string()); };
    std::sort(files.begin(), files.end(),
        [&](const auto& a, const auto& b) {
            return std::pair{place(a), a} < std::pair{place(b), b};
        });
    std::size_t width = 0;
    for (const auto& file : files)
        width = std::max(width, file.string().size());
    auto list = nlohmann::json::array();
    std::optional<std::size_t> last_theme;
    for (const auto& file : files)
    {
        const auto theme = place(file).first;
        const auto scenario = scenarios::load_scenario(file, {});
        if (!scenario)
            throw CommandError{exit_bad_input, scenario.error().message};
        if (options.json)
        {
            list.push_back({{"file", file.string()}, {"name", scenario->name},
                {"title", scenario->title}, {"theme", themes.titles[theme]},
                {"blocks", scenario->blocks}, {"wallets", wallet_count(*scenario)}});
        }
        else
        {
            if (theme != last_theme && themes.titles.size() > 1)
                fmt::print("{}{}\n", last_theme ? "\n" : "", printable(themes.titles[theme]));
            last_theme = theme;
            fmt::print("  {:<{}}  {}\n", printable(file.string()), width,
                shortened(printable(scenario->title)));
        }
    }
    if (options.json)
        fmt::print("{}\n", list.dump(2, ' ', true, nlohmann::json::error_handler_t::replace));
    return exit_done;
}

}  // namespace

void add_scenario_options(CLI::App& command, ScenarioOptions& options)
{
    command.add_option("SCENARIO", options.file, "A scenario file (TOML)")->required();
    command.add_option("--set", options.overrides,
        "Override a value: --set agents.payer.count=1000 (may be repeated)");
    command.add_option("--seed", options.seed, "Override scenario.seed")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    command.add_option("--blocks", options.blocks, "Override scenario.blocks")
        ->check(whole_number(1, std::numeric_limits<std::int64_t>::max()));
}

/// A file that is there and cannot be read is the world's fault, not the user's.
void check_readable(const std::string& file)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor >= 0)
    {
        ::close(descriptor);
        return;
    }
    if (errno != ENOENT && errno != ENOTDIR)
    {
        throw CommandError{exit_world_failed,
            fmt::format("{}: cannot be read: {}", file, std::generic_category().message(errno))};
    }
}

scenarios::Scenario load(const ScenarioOptions& options)
{
    check_readable(options.file);
    std::vector<scenarios::Override> overrides;
    for (const auto& text : options.overrides)
    {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
        {
            throw CommandError{exit_bad_input, fmt::format("--set {}: expected path=value", text)};
        }
        overrides.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    if (options.seed)
        overrides.push_back({"scenario.seed", std::to_string(*options.seed)});
    if (options.blocks)
        overrides.push_back({"scenario.blocks", std::to_string(*options.blocks)});
    auto scenario = scenarios::load_scenario(options.file, overrides);
    if (!scenario)
        throw CommandError{exit_bad_input, scenario.error().message};
    return std::move(*scenario);
}

Command add_check_command(CLI::App& app)
{
    auto options = std::make_shared<ScenarioOptions>();
    auto resolved = std::make_shared<bool>(false);
    auto strict = std::make_shared<bool>(false);
    auto* command = app.add_subcommand(
        "check", "Check a scenario file, its prices and its block 0, without running it.");
    add_scenario_options(*command, *options);
    command->add_flag("--resolved", *resolved, "Print the scenario with every default filled in");
    command->add_flag("--strict", *strict,
        "Fail with exit code 1 when the scenario's economy looks wrong: what is else a warning");
    command->footer("Example:\n  runnel check scenarios/black_thursday.toml --set scenario.seed=7");
    return [options, resolved, strict] { return run_check(*options, *resolved, *strict); };
}

Command add_scenarios_command(CLI::App& app)
{
    auto options = std::make_shared<ScenariosOptions>();
    auto* command = app.add_subcommand("scenarios", "List the scenarios of a folder.");
    command->add_option("FOLDER", options->folder,
        "Where they are. Without it: `scenarios` here, or those that came with this program");
    command->add_flag("--reference", options->reference,
        "Print the reference of all keys of scenario files, as Markdown");
    command->add_flag("--database-reference", options->database_reference,
        "Print the reference of all tables and views of ledgers, as Markdown");
    command->add_flag("--json", options->json, "Print a JSON array");
    command->footer("Examples:\n  runnel scenarios\n  runnel scenarios --reference");
    return [options] { return run_scenarios(*options); };
}

}  // namespace runnel::tools
