#include "scenarios/verification.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>

namespace runnel::tools
{
namespace
{

struct VerifyOptions
{
    std::string database;
    bool json = false;
    bool quiet = false;
};

int run_verify(const VerifyOptions& options)
{
    std::optional<ProgressBar> bar;
    const auto result = scenarios::verify_ledger(options.database,
        [&](std::uint64_t done, std::uint64_t total)
        {
            if (!bar)
                bar.emplace("verify", total, !options.quiet && !options.json);
            bar->update(done, "blocks");
        });
    bar.reset();
    const bool holds = result.failure.empty();
    if (options.json)
    {
        fmt::print("{}\n",
            nlohmann::json{{"holds", holds}, {"blocks", result.blocks},
                {"blocks_planned", result.blocks_planned}, {"transactions", result.transactions},
                {"head_hash", result.head_hash}, {"failure", result.failure}}
                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    if (!holds)
        throw CommandError{
            exit_does_not_hold, fmt::format("{}: {}", options.database, result.failure)};
    if (!options.json && !options.quiet)
    {
        fmt::print(
            "{}: {} blocks, {} transactions re-executed; every hash, root, row and "
            "invariant holds\n",
            options.database, with_commas(result.blocks), with_commas(result.transactions));
        if (result.blocks < result.blocks_planned)
        {
            fmt::print("the run was cut short: the scenario has {} blocks\n",
                with_commas(result.blocks_planned));
        }
        fmt::print("head hash     {}\n", result.head_hash);
    }
    return exit_done;
}

}  // namespace

Command add_verify_command(CLI::App& app)
{
    auto options = std::make_shared<VerifyOptions>();
    auto* command = app.add_subcommand("verify",
        "Re-execute a ledger from its own rows and check every hash, root, row and invariant.");
    command->add_option("DB", options->database, "A ledger")->required();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->add_flag("--quiet", options->quiet, "Print nothing but errors");
    command->footer(
        "Exits 0 when all holds, 1 naming the first wrong block otherwise.\n"
        "Example:\n  runnel verify payments.db");
    return [options] { return run_verify(*options); };
}

}  // namespace runnel::tools
