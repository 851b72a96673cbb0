#include "audit/ledger_walk.hpp"
#include "scenarios/state_export.hpp"
#include "storage/output_file.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/output_folder.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::tools
{
namespace
{
namespace filesystem = std::filesystem;

struct ExportOptions
{
    std::string database;
    std::optional<std::uint64_t> block;
    std::string folder;
};

int run_export(const ExportOptions& options)
{
    storage::CommandFiles command;
    command.reads_ledger(options.database, "the ledger");
    audit::LedgerWalk walk{storage::LedgerReader::open(options.database)};
    const auto last = walk.reader().last_block();
    if (!last)
        throw CommandError{exit_bad_input, options.database + ": has no blocks yet"};
    const auto block = options.block.value_or(*last);
    if (block > *last)
    {
        throw CommandError{exit_bad_input,
            fmt::format("--block: there is no block {}: the last is {}", block, *last)};
    }
    const OutputFolder made{options.folder};
    walk.go_to(block, false);
    const auto exported = scenarios::export_state(walk.world(), walk.replay().scenario(),
        walk.replay().head(), walk.reader().reference_prices());
    if (!exported)
    {
        throw CommandError{
            exit_bad_input, fmt::format("{}: {}", options.database, exported.error().message)};
    }
    const filesystem::path folder{options.folder};
    std::vector<storage::OutputFile> outputs;
    const auto add = [&](const filesystem::path& path, std::string_view text)
    {
        command.writes(path, "a file of the state");
        outputs
            .emplace_back(
                path, [](std::string_view) { return false; }, "a file that is not there yet")
            .write(text);
    };
    add(folder / "scenario.toml", exported->scenario);
    for (const auto& file : exported->state.files)
        add(folder / (file.name + ".csv"), file.csv);
    for (auto& output : outputs)
        output.commit();
    for (const auto& left_out : exported->state.left_out)
        tell("left out: " + printable(left_out));
    tell(
        printable(fmt::format("the state after block {}: {} files written to {}; start from it: "
                              "runnel run {}",
            block, outputs.size(), options.folder, (folder / "scenario.toml").string())));
    return exit_done;
}

}  // namespace

Command add_state_export_command(CLI::App& app)
{
    auto options = std::make_shared<ExportOptions>();
    auto* command = app.add_subcommand("export-state",
        "Write the state after a block of a ledger as a scenario that starts from it: balances, "
        "allowances, pools, markets, positions and prices, exactly.");
    command->add_option("DB", options->database, "A ledger")->required();
    command->add_option("--block", options->block, "After this block; by default the last")
        ->type_name("N")
        ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
    command
        ->add_option("-o,--output", options->folder,
            "The folder to write to: scenario.toml and CSV files; empty, or not there yet")
        ->type_name("DIR")
        ->required();
    command->footer(
        "Examples:\n"
        "  runnel export-state market.db --block 3600 -o noon\n"
        "  runnel run noon/scenario.toml --seed 7 --db again.db\n"
        "docs/scenarios.md says what is carried over.");
    return [options] { return run_export(*options); };
}

}  // namespace runnel::tools
