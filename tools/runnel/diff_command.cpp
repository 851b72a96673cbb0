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
    const auto found =
        storage::compare_runs(a.database(), a.manifest(), b.database(), b.manifest());
    const auto& difference = found.row ? found.row : found.start ? found.start : found.definition;
    if (options.json)
    {
        nlohmann::json result{{"equal", found.empty()}};
        result["manifest"] = nlohmann::json::array();
        for (const auto& entry : found.manifest)
        {
            result["manifest"].push_back({{"key", entry.key}, {"line", entry.line},
                {"a", entry.a ? nlohmann::json(*entry.a) : nullptr},
                {"b", entry.b ? nlohmann::json(*entry.b) : nullptr}});
        }
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
    else if (found.empty())
        fmt::print("equal: every row but the run's metrics\n");
    else
    {
        for (const auto& entry : found.manifest)
            fmt::print("{}\n", shortened(printable(entry.to_string(options.a, options.b))));
        for (const auto* part : {&found.definition, &found.start, &found.row})
        {
            if (*part)
                fmt::print("{}\n", shortened(printable((*part)->to_string(options.a, options.b))));
        }
        if (!found.definition && !found.start && !found.row)
            fmt::print(
                "all else is equal but the hashes of blocks, which commit to the manifest\n");
    }
    return found.empty() ? exit_done : exit_does_not_hold;
}

}  // namespace

Command add_diff_command(CLI::App& app)
{
    auto options = std::make_shared<DiffOptions>();
    auto* command = app.add_subcommand("diff",
        "Compare two ledgers: what made them, and the first block and row in which they differ.");
    command->add_option("A", options->a, "A ledger")->required();
    command->add_option("B", options->b, "Another ledger")->required();
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Exits 0 when they are equal, 1 otherwise; what the clock measured is not "
        "compared.\nExample:\n  runnel diff one.db other.db");
    return [options] { return run_diff(*options); };
}

}  // namespace runnel::tools
