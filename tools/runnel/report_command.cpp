#include "analytics/render.hpp"
#include "analytics/report.hpp"
#include "analytics/side_by_side.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/html_page.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"
#include "tools/runnel/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tools
{
namespace
{

struct ReportOptions
{
    std::vector<std::string> databases;
    std::string csv;
    std::string html;
    std::vector<std::string> sections;
    bool json = false;
    bool markdown = false;
};

/// What ledgers are called beside one another: their files' names, or where those are not enough
/// their paths as they were given, numbered if even these are the same.
std::vector<std::string> names_of(const std::vector<std::string>& paths)
{
    std::map<std::string, std::size_t> uses;
    for (const auto& path : paths)
        ++uses[std::filesystem::path{path}.filename().string()];
    std::map<std::string, std::size_t> taken;
    std::vector<std::string> names;
    for (const auto& path : paths)
    {
        auto name = std::filesystem::path{path}.filename().string();
        if (uses[name] > 1)
            name = path;
        if (const auto times = ++taken[name]; times > 1)
            name += fmt::format(" ({})", times);
        names.push_back(std::move(name));
    }
    return names;
}

int run_report(const ReportOptions& options)
{
    storage::CommandFiles command;
    for (const auto& path : options.databases)
        command.reads_ledger(path, "the ledger");
    std::optional<storage::OutputFile> page;
    if (!options.html.empty())
    {
        page.emplace(
            open_html_page(options.html, command, analytics::is_html_report, "a page of a report"));
    }
    std::vector<analytics::NamedReport> ledgers;
    const auto names = names_of(options.databases);
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        auto database =
            storage::Database::open(options.databases[i], storage::Database::Access::analysis);
        ledgers.push_back({names[i], analytics::make_report(database, options.sections)});
    }
    const auto report =
        ledgers.size() == 1 ? std::move(ledgers.front().report) : analytics::side_by_side(ledgers);
    if (page)
    {
        page->write(analytics::render_html(report));
        page->commit();
        tell(printable(fmt::format("page written to {}", options.html)));
    }
    if (!options.csv.empty())
    {
        const auto files = analytics::write_csv(report, options.csv, command);
        tell(printable(fmt::format("{} files written to {}", files.size(), options.csv)));
    }
    if (options.json)
        fmt::print("{}\n", analytics::render_json(report));
    else if (options.markdown)
        fmt::print("{}", printable(analytics::render_markdown(report), Layout::keep));
    else if (options.csv.empty() && options.html.empty())
    {
        fmt::print(
            "{}", printable(analytics::render_text(report, stdout_has_colour(), output_columns()),
                      Layout::keep));
    }
    return exit_done;
}

}  // namespace

Command add_report_command(CLI::App& app)
{
    auto options = std::make_shared<ReportOptions>();
    auto* command = app.add_subcommand("report",
        "What happened in a ledger: flows of money, fees, trading, lending, liquidations, bad "
        "debt, validators, wallets; and, where the scenario has a real twin, the real figures.");
    command
        ->add_option("DB", options->databases,
            "A ledger that `runnel run --db` wrote; of several, their figures side by side")
        ->required();
    command->add_flag("--json", options->json,
        "Print one JSON object: exact amounts as decimal text (`..._raw`) and as numbers");
    command->add_option("--csv", options->csv, "Write one file per table to this folder")
        ->type_name("DIR");
    command
        ->add_option("--html", options->html,
            "Write one page for a browser, with charts; it needs no network and no other file")
        ->type_name("FILE");
    command->add_flag("--md", options->markdown, "Print Markdown")->excludes("--json");
    std::vector<std::string> keys;
    for (const auto key : analytics::section_keys())
        keys.emplace_back(key);
    command
        ->add_option("--section", options->sections,
            fmt::format("Only this section; may be repeated: {}", fmt::join(keys, ", ")))
        ->type_name("NAME")
        ->check(CLI::IsMember(keys));
    command->footer(
        "Examples:\n"
        "  runnel report bt.db\n"
        "  runnel report calm.db crash.db\n"
        "  runnel report bt.db --section liquidations --section bad_debt\n"
        "  runnel report bt.db --json | jq .bad_debt.bad_debt_usd_raw\n"
        "  runnel report bt.db --csv bt_tables\n"
        "  runnel report bt.db --html bt.html\n"
        "docs/report.md defines every figure.");
    return [options] { return run_report(*options); };
}

}  // namespace runnel::tools
