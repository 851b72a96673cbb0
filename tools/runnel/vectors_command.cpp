#include "tools/replay/replay.hpp"
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

struct VectorsOptions
{
    std::vector<std::string> files;
    bool json = false;
    bool gas = false;
};

void print_gas(const replay::GasPairs& pairs)
{
    fmt::print(
        "| Operation | n | recorded, median | charged, median | error, median | worst |\n"
        "|---|---:|---:|---:|---:|---:|\n");
    for (const auto& error : replay::gas_errors(pairs))
    {
        fmt::print("| {} | {} | {} | {} | {:.1f}% | {:.1f}% |\n", printable(error.what),
            error.operations, with_commas(error.recorded_median), with_commas(error.charged_median),
            100 * error.error_median, 100 * error.error_worst);
    }
}

int run_vectors(const VectorsOptions& options)
{
    std::uint64_t operations = 0;
    std::uint64_t comparisons = 0;
    std::uint64_t mismatches = 0;
    auto files = nlohmann::json::array();
    for (const auto& file : options.files)
    {
        const auto report = replay::replay_file(file);
        if (!report.error.empty())
        {
            throw CommandError{
                report.error_is_worlds ? exit_world_failed : exit_bad_input, report.error};
        }
        operations += report.operations;
        comparisons += report.comparisons;
        mismatches += report.mismatches;
        if (options.json)
        {
            files.push_back({{"file", file}, {"protocol", report.title},
                {"operations", report.operations}, {"comparisons", report.comparisons},
                {"mismatches", report.mismatches}, {"first_mismatches", report.kept}});
            continue;
        }
        fmt::print("{}: {}: {} operations, {} values compared, {} mismatches\n", printable(file),
            report.title, with_commas(report.operations), with_commas(report.comparisons),
            with_commas(report.mismatches));
        for (const auto& mismatch : report.kept)
            fmt::print("    {}\n", printable(mismatch));
        if (options.gas && !report.gas.empty())
            print_gas(report.gas);
    }
    if (options.json)
    {
        fmt::print("{}\n", nlohmann::json{{"operations", operations}, {"comparisons", comparisons},
                               {"mismatches", mismatches}, {"files", files}}
                               .dump(2, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    else
        fmt::print("{} operations, {} mismatches\n", operations, mismatches);
    return mismatches == 0 ? exit_done : exit_does_not_hold;
}

}  // namespace

Command add_vectors_command(CLI::App& app)
{
    auto options = std::make_shared<VectorsOptions>();
    auto* command = app.add_subcommand("vectors",
        "Replay recorded operations of mainnet contracts and compare every recorded value.");
    command->add_option("FILE", options->files, "Files of vectors: .ndjson or .ndjson.gz")
        ->required();
    command->add_flag(
        "--gas", options->gas, "Print a table of recorded and charged gas where it was recorded");
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer("Example:\n  runnel vectors tests/vectors/uniswap-v2-main-1.ndjson.gz");
    return [options] { return run_vectors(*options); };
}

}  // namespace runnel::tools
