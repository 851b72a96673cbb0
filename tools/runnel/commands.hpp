#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <stdexcept>
#include <string>

/// The commands of `runnel`: each adds its options to the parser and returns what runs it.
namespace runnel::tools
{

/// Exit codes; design of the command line in docs/cli.md.
enum ExitCode : int
{
    exit_done = 0,
    exit_does_not_hold = 1,  // A check failed.
    exit_bad_input = 2,      // Bad usage, a file that is not ours, a malformed scenario.
    exit_world_failed = 3,   // Disk, memory, permissions.
    exit_interrupted = 130,
};

/// Ends a command with one line on stderr and an exit code.
class CommandError : public std::runtime_error
{
public:
    CommandError(ExitCode code, const std::string& message)
      : std::runtime_error{message}, code_{code}
    {}
    [[nodiscard]] ExitCode code() const noexcept { return code_; }

private:
    ExitCode code_;
};

/// Runs a parsed command; returns its exit code.
using Command = std::function<int()>;

[[nodiscard]] Command add_run_command(CLI::App& app);
[[nodiscard]] Command add_verify_command(CLI::App& app);
[[nodiscard]] Command add_prove_command(CLI::App& app);
[[nodiscard]] Command add_state_export_command(CLI::App& app);
[[nodiscard]] Command add_table_export_command(CLI::App& app);
[[nodiscard]] Command add_report_command(CLI::App& app);
[[nodiscard]] Command add_risk_command(CLI::App& app);
[[nodiscard]] Command add_detect_command(CLI::App& app);
[[nodiscard]] Command add_trace_command(CLI::App& app);
[[nodiscard]] Command add_show_command(CLI::App& app);
[[nodiscard]] Command add_sql_command(CLI::App& app);
[[nodiscard]] Command add_replay_command(CLI::App& app);
[[nodiscard]] Command add_vectors_command(CLI::App& app);
[[nodiscard]] Command add_consensus_command(CLI::App& app);
[[nodiscard]] Command add_swarm_command(CLI::App& app);
[[nodiscard]] Command add_check_command(CLI::App& app);
[[nodiscard]] Command add_scenarios_command(CLI::App& app);
[[nodiscard]] Command add_diff_command(CLI::App& app);
[[nodiscard]] Command add_bench_command(CLI::App& app);
/// These print what is made from the tree of commands: last, they know all others.
[[nodiscard]] Command add_completion_command(CLI::App& app);
[[nodiscard]] Command add_manual_command(CLI::App& app);

}  // namespace runnel::tools
