#include "tools/runnel/command_tree.hpp"
#include "tools/runnel/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <string>

namespace runnel::tools
{

Command add_completion_command(CLI::App& app)
{
    auto shell = std::make_shared<std::string>();
    auto* command = app.add_subcommand(
        "completion", "Print what a shell reads to complete commands, options and their values.");
    command->add_option("SHELL", *shell, "For which shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->footer(
        "`cmake --install` puts them where the shells look.\n"
        "Examples:\n"
        "  source <(runnel completion bash)\n"
        "  runnel completion zsh > ~/.zfunc/_runnel\n"
        "  runnel completion fish > ~/.config/fish/completions/runnel.fish");
    return [&app, shell]
    {
        fmt::print("{}", *shell == "bash"  ? bash_completion(app)
                         : *shell == "zsh" ? zsh_completion(app)
                                           : fish_completion(app));
        return exit_done;
    };
}

Command add_manual_command(CLI::App& app)
{
    auto* command =
        app.add_subcommand("manual", "Print the manual page of all commands, as `man` reads it.");
    command->footer("Example:\n  runnel manual | man -l -");
    return [&app]
    {
        fmt::print("{}", manual_page(app, RUNNEL_VERSION));
        return exit_done;
    };
}

}  // namespace runnel::tools
