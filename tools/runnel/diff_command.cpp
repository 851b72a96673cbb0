#include "storage/comparison.hpp"
#include "storage/ledger_reader.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/printable.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace runnel::tools
{
namespace
{

struct DiffOptions
{
    std::string a;
    std::string b;
    bool json = false;
};

int run_diff(const DiffOptions& options)
{
    auto a = storage::LedgerReader::open(options.a);
    auto b = storage::LedgerReader::open(options.b);
    const auto difference = storage::compare_ledgers(a.database(), b.database());
    if (options.json)
    {
        nlohmann::json result{{"equal", !difference.has_value()}};
        if (difference)
        {
            result["table"] = difference->table;
            result["columns"] = difference->columns;
            result["block"] = difference->block ? nlohmann::json(*difference->block) : nullptr;
            result["a"] = difference->a ? nlohmann::json(*difference->a) : nullptr;
            result["b"] = difference->b ? nlohmann::json(*difference->b) : nullptr;
        }
        fmt::print("{}\n", result.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    else if (difference)
        fmt::print("{}\n", shortened(printable(difference->to_string(options.a, options.b))));
    else
        fmt::print("equal: every row but the run's metrics\n");
    return difference ? exit_does_not_hold : exit_done;
}

}  // namespace

Command add_diff_command(CLI::App& app)
{
    auto options = std::make_shared<DiffOptions>();
    auto* command = app.add_subcommand(
        "diff", "Compare two ledgers: the first block and row in which they differ.");
    command->add_option("A", options->a, "A ledger")->required();
    command->add_option("B", options->b, "Another ledger")->required();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Exits 0 when they are equal, 1 otherwise; what the clock measured is not "
        "compared.\nExample:\n  runnel diff one.db other.db");
    return [options] { return run_diff(*options); };
}

}  // namespace runnel::tools
