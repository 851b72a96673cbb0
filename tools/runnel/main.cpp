#include "storage/database.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/process.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace
{

using namespace runnel::tools;

bool has_reported = false;

int report_error(std::string_view message, int code)
{
    has_reported = true;
    tell(fmt::format("runnel: {}", shortened(printable(message))));
    return code;
}

int exit_code_of(const runnel::storage::StorageError& error)
{
    using Kind = runnel::storage::StorageErrorKind;
    switch (error.kind())
    {
        case Kind::not_a_ledger:
        case Kind::wrong_version:
        case Kind::exists:
        case Kind::mismatch:
        case Kind::query: return exit_bad_input;
        case Kind::corrupt: return exit_does_not_hold;
        case Kind::io:
        case Kind::full:
        case Kind::busy: return exit_world_failed;
    }
    return exit_world_failed;
}

int run_command(const Command& command)
{
    try
    {
        return command();
    }
    catch (const CommandError& error)
    {
        return report_error(error.what(), error.code());
    }
    catch (const runnel::storage::StorageError& error)
    {
        return report_error(error.what(), exit_code_of(error));
    }
    catch (const std::bad_alloc&)
    {
        return report_error("out of memory", exit_world_failed);
    }
    catch (const std::exception& error)
    {
        if (std::ferror(stdout) != 0)
            return exit_world_failed;  // when_heard() says so.
        return report_error(error.what(), exit_world_failed);
    }
}

/// An answer that did not arrive was not given, whatever it was.
int when_heard(int code)
{
    const auto lost = lost_output();
    if (lost.empty())
        return code;
    return has_reported ? exit_world_failed : report_error(lost, exit_world_failed);
}

/// A variable of the shell that is not set is not an option that was not given.
void refuse_empty_values(CLI::App& app)
{
    const CLI::Validator something{[](const std::string& text)
        { return text.empty() ? std::string{"expected a value, got nothing"} : std::string{}; },
        ""};
    for (auto* command : app.get_subcommands({}))
    {
        for (auto* option : command->get_options())
        {
            if (option->get_items_expected_max() > 0)
                option->check(something);
        }
    }
}

/// Blocks come and go through the allocator by the megabyte: what it gives back to the system after
/// one it has to ask for, page by page, for the next.
void keep_freed_memory() noexcept
{
    constexpr int mebibyte = 1 << 20;
    mallopt(M_MMAP_THRESHOLD, 64 * mebibyte);
    mallopt(M_TRIM_THRESHOLD, 128 * mebibyte);
    mallopt(M_TOP_PAD, 16 * mebibyte);
}
}  // namespace

int main(int argc, char** argv)
{
    prepare_process();
    keep_freed_memory();
    CLI::App app{"Runnel: an exact, parallel, bit-for-bit repeatable ledger and DeFi simulator."};
    app.name("runnel");
    app.set_version_flag("--version", "runnel " RUNNEL_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  runnel run scenarios/payments.toml --db payments.db\n"
        "  runnel report payments.db\n"
        "  runnel verify payments.db\n"
        "Each command has its own --help with examples.");
    const std::vector<Command> commands{add_run_command(app), add_verify_command(app),
        add_prove_command(app), add_state_export_command(app), add_table_export_command(app),
        add_replay_command(app), add_report_command(app), add_risk_command(app),
        add_detect_command(app), add_trace_command(app), add_show_command(app),
        add_sql_command(app), add_vectors_command(app), add_consensus_command(app),
        add_swarm_command(app), add_check_command(app), add_scenarios_command(app),
        add_diff_command(app), add_bench_command(app), add_completion_command(app),
        add_manual_command(app)};

    refuse_empty_values(app);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::Success& success)
    {
        return when_heard(app.exit(success));
    }
    catch (const CLI::ParseError& error)
    {
        return when_heard(
            report_error(std::string{error.what()} + " (see runnel --help)", exit_bad_input));
    }
    const auto subcommands = app.get_subcommands({});
    for (std::size_t i = 0; i < subcommands.size(); ++i)
    {
        if (subcommands[i]->parsed())
            return when_heard(run_command(commands[i]));
    }
    return exit_bad_input;
}
