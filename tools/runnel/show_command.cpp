#include "analytics/show.hpp"
#include "contracts/registry.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_options.hpp"
#include "tools/runnel/number_text.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/progress.hpp"
#include "tools/runnel/transaction_name.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace runnel::tools
{
namespace
{

struct ShowOptions
{
    std::string database;
    std::string what;
    std::string name;
    std::optional<std::uint64_t> at;
    analytics::Page page;
    bool json = false;
};

analytics::Shown look_up(analytics::Viewer& viewer, const ShowOptions& options)
{
    if (options.what == "account")
        return viewer.account(options.name, options.at, options.page);
    if (options.what == "contract")
        return viewer.contract(options.name, options.at, options.page);
    if (options.at)
        throw CommandError{exit_bad_input, "--at: is for an account or a contract"};
    if (options.what == "block")
    {
        const auto number = parsed<std::uint64_t>(options.name);
        if (!number)
        {
            throw CommandError{
                exit_bad_input, fmt::format("show block: expected a number, got {}", options.name)};
        }
        return viewer.block(*number, options.page);
    }
    const auto named = transaction_name("show tx", options.name);
    if (const auto* hash = std::get_if<Hash>(&named))
        return viewer.transaction(*hash);
    const auto [block, index] = std::get<TransactionInBlock>(named);
    return viewer.transaction(block, index);
}

int run_show(const ShowOptions& options)
{
    auto database = storage::Database::open(options.database, storage::Database::Access::read_only);
    analytics::Viewer viewer{database, contracts::find_contract_type};
    analytics::Shown shown;
    try
    {
        shown = look_up(viewer, options);
    }
    catch (const analytics::NotThere& error)
    {
        throw CommandError{exit_bad_input, fmt::format("{}: {}", options.database, error.what())};
    }
    if (options.json)
        fmt::print("{}\n", analytics::render_shown_json(shown));
    else
    {
        fmt::print("{}",
            printable(analytics::render_shown_text(shown, stdout_has_colour(), output_columns()),
                Layout::keep));
    }
    return exit_done;
}

}  // namespace

Command add_show_command(CLI::App& app)
{
    auto options = std::make_shared<ShowOptions>();
    auto* command = app.add_subcommand("show",
        "Look at one block, transaction, account or contract of a ledger: decoded calls, events, "
        "balances before and after, why it was refused, history.");
    command->add_option("DB", options->database, "A ledger that `runnel run --db` wrote")
        ->required();
    command->add_option("WHAT", options->what, "block, tx, account or contract")
        ->required()
        ->check(CLI::IsMember({"block", "tx", "account", "contract"}));
    command
        ->add_option("NAME", options->name,
            "The block's number; the transaction's hash, or BLOCK:INDEX; the account's or "
            "contract's name or address")
        ->required();
    command->add_option("--at", options->at, "Of an account or contract: after this block")
        ->type_name("BLOCK")
        ->check(whole_number(0, std::numeric_limits<std::int64_t>::max()));
    command->add_option("--limit", options->page.limit, "How many rows of a list")
        ->capture_default_str()
        ->type_name("N")
        ->check(whole_number(1, 1'000'000));
    command->add_option("--offset", options->page.offset, "How many rows of a list to leave out")
        ->capture_default_str()
        ->type_name("N")
        ->check(whole_number(0, std::numeric_limits<std::int64_t>::max()));
    command->add_flag("--json", options->json, "Print one JSON object");
    command->footer(
        "Examples:\n"
        "  runnel show bt.db block 7200 --limit 50\n"
        "  runnel show bt.db tx 7200:3\n"
        "  runnel show bt.db account borrower/12 --at 7200\n"
        "  runnel show bt.db contract weth_usdc --json\n"
        "docs/looking.md says what each line is.");
    return [options] { return run_show(*options); };
}

}  // namespace runnel::tools
