#include "analytics/render.hpp"
#include "analytics/risk.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace runnel::tools
{
namespace
{

struct RiskOptions
{
    std::vector<std::string> databases;
    double confidence = 0.95;
    std::string csv;
    bool json = false;
};

int run_risk(const RiskOptions& options)
{
    analytics::RiskReport risk{options.confidence};
    storage::CommandFiles command;
    for (const auto& path : options.databases)
    {
        command.reads_ledger(path, "a ledger");
        auto database = storage::Database::open(path, storage::Database::Access::analysis);
        risk.add(database, std::filesystem::path{path}.filename().string());
    }
    const auto report = risk.report();
    if (!options.csv.empty())
    {
        const auto files = analytics::write_csv(report, options.csv, command);
        tell(printable(fmt::format("{} files written to {}", files.size(), options.csv)));
    }
    if (options.json)
        fmt::print("{}\n", analytics::render_json(report));
    else if (options.csv.empty())
    {
        fmt::print(
            "{}", printable(analytics::render_text(report, stdout_has_colour(), output_columns()),
                      Layout::keep));
    }
    return exit_done;
}

}  // namespace

Command add_risk_command(CLI::App& app)
{
    auto options = std::make_shared<RiskOptions>();
    auto* command = app.add_subcommand("risk",
        "What may be lost, over one ledger or many (seeds of one scenario): value at risk and "
        "expected shortfall of bad debt, liquidations, LPs and liquidators; volatility, drawdown "
        "and means of prices; rates of lending.");
    command->add_option("DB", options->databases, "Ledgers that `runnel run --db` wrote")
        ->required();
    command
        ->add_option("--confidence", options->confidence,
            "Of value at risk and shortfall: the share of cases that lose no more")
        ->check(real_number(0.5, 0.9999))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->add_option("--csv", options->csv, "Write one file per table to this folder")
        ->type_name("DIR");
    command->footer(
        "Examples:\n"
        "  for seed in $(seq 100); do\n"
        "    runnel run crash.toml --seed $seed --db crash_$seed.db --quiet\n"
        "  done\n"
        "  runnel risk crash_*.db --confidence 0.95\n"
        "docs/risk.md defines every figure.");
    return [options] { return run_risk(*options); };
}

}  // namespace runnel::tools
