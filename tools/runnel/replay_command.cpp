#include "tools/replay/chain_replay.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace runnel::tools
{
namespace
{

struct ReplayOptions
{
    std::vector<std::string> files;
    std::string states;
    bool json = false;
};

nlohmann::json to_json(const std::string& file, const replay::ChainReport& report)
{
    return {{"file", file}, {"pools", report.pools}, {"initializations", report.initializations},
        {"mints", report.mints}, {"burns", report.burns}, {"swaps", report.swaps},
        {"first_block", report.first_block}, {"last_block", report.last_block},
        {"states_compared", report.end_states}, {"comparisons", report.comparisons},
        {"mismatches", report.mismatches}, {"first_mismatches", report.kept},
        {"notes", report.notes}};
}

void print(const std::string& file, const replay::ChainReport& report)
{
    fmt::print("{}: blocks {} to {}, {} pool{}\n", printable(file), report.first_block,
        report.last_block, with_commas(report.pools), report.pools == 1 ? "" : "s");
    fmt::print("    {} initializations, {} mints, {} burns, {} swaps; {} recorded states\n",
        with_commas(report.initializations), with_commas(report.mints), with_commas(report.burns),
        with_commas(report.swaps), report.end_states);
    for (const auto& note : report.notes)
        fmt::print("    {}\n", note);
    fmt::print("    {} values compared, {} mismatches\n", with_commas(report.comparisons),
        with_commas(report.mismatches));
    for (const auto& mismatch : report.kept)
        fmt::print("    {}\n", printable(mismatch));
}

int run_replay(const ReplayOptions& options)
{
    std::uint64_t mismatches = 0;
    auto files = nlohmann::json::array();
    for (const auto& file : options.files)
    {
        const auto report = replay::replay_chain(file, options.states);
        if (!report.error.empty())
        {
            throw CommandError{
                report.error_is_worlds ? exit_world_failed : exit_bad_input, report.error};
        }
        mismatches += report.mismatches;
        if (options.json)
            files.push_back(to_json(file, report));
        else
            print(file, report);
    }
    if (options.json)
    {
        fmt::print("{}\n", nlohmann::json{{"mismatches", mismatches}, {"files", files}}.dump(
                               2, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    return mismatches == 0 ? exit_done : exit_does_not_hold;
}

}  // namespace

Command add_replay_command(CLI::App& app)
{
    auto options = std::make_shared<ReplayOptions>();
    auto* command = app.add_subcommand("replay",
        "Run recorded events of mainnet's Uniswap v3 pools again and compare every amount, price, "
        "liquidity and tick.");
    command
        ->add_option("FILE", options->files,
            "Events: .ndjson of many pools or of one, or .csv of one pool's mints and burns; .gz")
        ->required();
    command->add_option("--states", options->states,
        "Of a .csv: a .json of recorded states of its pool, each to be reached after some event");
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer("Example:\n  runnel replay events.ndjson.gz");
    return [options] { return run_replay(*options); };
}

}  // namespace runnel::tools
