#include "tools/runnel/command_tree.hpp"

#include "tools/runnel/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace runnel::tools
{
namespace
{
std::vector<const CLI::App*> commands_of(const CLI::App& app)
{
    std::vector<const CLI::App*> commands;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(command);
    return commands;
}

/// `-o`, `--output`: as they are typed.
std::vector<std::string> names_of(const CLI::Option& option)
{
    std::vector<std::string> names;
    for (const auto& name : option.get_snames())
        names.push_back("-" + name);
    for (const auto& name : option.get_lnames())
        names.push_back("--" + name);
    return names;
}

bool is_flag(const CLI::Option& option)
{
    return option.get_items_expected_max() == 0;
}

/// The words that an option takes, if there is a list of them: CLI11 keeps it as `TEXT:{a,b}`.
std::vector<std::string> values_of(const CLI::Option& option)
{
    const auto type = option.get_type_name();
    std::vector<std::string> values;
    const auto open = type.find('{');
    const auto close = type.find('}', open);
    if (open == std::string::npos || close == std::string::npos)
        return values;
    for (auto begin = open + 1; begin < close;)
    {
        const auto end = std::min(type.find(',', begin), close);
        values.push_back(type.substr(begin, end - begin));
        begin = end + 1;
    }
    return values;
}

/// What stands for an option's value.
std::string value_name(const CLI::Option& option)
{
    const auto values = values_of(option);
    constexpr std::size_t width_max = 60;  // Longer ones are in the description.
    const auto listed = fmt::format("{}", fmt::join(values, "|"));
    if (!values.empty())
        return listed.size() <= width_max ? listed : "NAME";
    auto type = option.get_type_name();
    return type.substr(0, type.find(':'));
}

std::string usage_of(const CLI::App& command)
{
    std::string usage = "[OPTIONS]";
    for (const auto* option : command.get_options())
    {
        if (!option->get_positional())
            continue;
        const auto name = option->get_name(true);
        usage += option->get_required() ? " " + name : " [" + name + "]";
        if (option->get_items_expected_max() > 1)
            usage += "...";
    }
    return usage;
}

/// Text between macros of `man`: nothing in it is one.
std::string roff(std::string_view text)
{
    std::string result;
    bool begins_line = true;
    for (const char c : text)
    {
        if (begins_line && (c == '.' || c == '\''))
            result += "\\&";
        begins_line = c == '\n';
        result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string{c};
    }
    return result;
}

void add_options(std::string& page, const CLI::App& command)
{
    for (const auto* option : command.get_options())
    {
        const auto names = option->get_positional()
                               ? std::vector<std::string>{option->get_name(true)}
                               : names_of(*option);
        page += fmt::format(".TP\n\\fB{}\\fR", roff(fmt::format("{}", fmt::join(names, ", "))));
        if (!option->get_positional() && !is_flag(*option))
            page += fmt::format(" \\fI{}\\fR", roff(value_name(*option)));
        page += fmt::format("\n{}", roff(option->get_description()));
        if (!option->get_default_str().empty())
            page += fmt::format(" [{}]", roff(option->get_default_str()));
        page += '\n';
    }
}

/// Between single quotes of a shell.
std::string shell_quoted(std::string_view text)
{
    std::string result{"'"};
    for (const char c : text)
        result += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return result + "'";
}

/// In zsh's descriptions brackets and colons have a meaning.
std::string zsh_text(std::string_view text)
{
    std::string result;
    for (const char c : text)
    {
        if (c == '[' || c == ']' || c == ':' || c == '\\')
            result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

/// Up to the first full stop or semicolon: lists of completions have little room.
std::string first_sentence(const std::string& text)
{
    auto end = text.find_first_of(".;\n");
    while (end != std::string::npos && end + 1 < text.size() && text[end] != '\n' &&
           text[end + 1] != ' ')
        end = text.find_first_of(".;\n", end + 1);
    return text.substr(0, end);
}
}  // namespace

std::string manual_page(const CLI::App& app, const std::string& version)
{
    auto page = fmt::format(
        ".TH RUNNEL 1 \"\" \"runnel {}\" \"User commands\"\n.SH NAME\nrunnel \\- {}\n"
        ".SH SYNOPSIS\n.B runnel\n.I COMMAND\n[OPTIONS]\n.SH DESCRIPTION\n{}\n"
        ".SH OPTIONS\n",
        roff(version), roff("an exact, parallel, bit-for-bit repeatable ledger and DeFi simulator"),
        roff(app.get_description()));
    add_options(page, app);
    page += ".SH COMMANDS\n";
    for (const auto* command : commands_of(app))
    {
        page += fmt::format(".SS {} {}\n{}\n", roff("runnel " + command->get_name()),
            roff(usage_of(*command)), roff(command->get_description()));
        add_options(page, *command);
        if (!command->get_footer().empty())
            page += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(command->get_footer()));
    }
    page += fmt::format(
        ".SH EXIT STATUS\n.TP\n{}\nDone.\n.TP\n{}\nThe thing checked does not hold.\n.TP\n{}\nBad "
        "usage or bad input.\n.TP\n{}\nThe world failed: disk, permissions, memory, threads, an "
        "output that could not be written.\n.TP\n{}\nInterrupted.\n",
        static_cast<int>(exit_done), static_cast<int>(exit_does_not_hold),
        static_cast<int>(exit_bad_input), static_cast<int>(exit_world_failed),
        static_cast<int>(exit_interrupted));
    page += fmt::format(".SH EXAMPLES\n.nf\n{}\n.fi\n", roff(app.get_footer()));
    return page;
}

std::string bash_completion(const CLI::App& app)
{
    std::vector<std::string> commands;
    std::string cases;
    std::string values;
    for (const auto* command : commands_of(app))
    {
        commands.push_back(command->get_name());
        std::vector<std::string> words;
        for (const auto* option : command->get_options())
        {
            const auto choice = values_of(*option);
            if (option->get_positional())
            {
                words.insert(words.end(), choice.begin(), choice.end());
                continue;
            }
            const auto names = names_of(*option);
            words.insert(words.end(), names.begin(), names.end());
            for (const auto& name : names)
            {
                if (!choice.empty())
                {
                    values += fmt::format("        {}:{}) words='{}' ;;\n", command->get_name(),
                        name, fmt::join(choice, " "));
                }
                else if (!is_flag(*option))
                    values += fmt::format("        {}:{}) words= ;;\n", command->get_name(), name);
            }
        }
        cases +=
            fmt::format("        {}) words='{}' ;;\n", command->get_name(), fmt::join(words, " "));
    }
    return fmt::format(
        R"(# Completion of runnel for bash; made by `runnel completion bash`.
_runnel()
{{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= words= i
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${{COMP_WORDS[i]}} in
            -*) ;;
            *) command=${{COMP_WORDS[i]}}; break ;;
        esac
    done
    case $command in
        '') words='{} --help --version' ;;
{}    esac
    case $command:$before in
{}    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    # Whatever is no word of ours may be a file.
    [[ -n $command && ( -z $word || $word != -* ) ]] && COMPREPLY+=($(compgen -f -- "$word"))
}}
complete -o filenames -F _runnel runnel
)",
        fmt::join(commands, " "), cases, values);
}

std::string zsh_completion(const CLI::App& app)
{
    std::string commands;
    std::string cases;
    for (const auto* command : commands_of(app))
    {
        commands += fmt::format("        {}\n",
            shell_quoted(
                command->get_name() + ":" + zsh_text(first_sentence(command->get_description()))));
        cases += fmt::format("        {})\n            _arguments \\\n", command->get_name());
        for (const auto* option : command->get_options())
        {
            const auto choice = values_of(*option);
            const auto action = choice.empty() ? std::string{"_files"}
                                               : fmt::format("({})", fmt::join(choice, " "));
            if (option->get_positional())
            {
                cases += fmt::format("                {} \\\n",
                    shell_quoted(fmt::format("*:{}:{}", zsh_text(option->get_name(true)), action)));
                continue;
            }
            for (const auto& name : names_of(*option))
            {
                auto spec = fmt::format(
                    "{}[{}]", name, zsh_text(first_sentence(option->get_description())));
                if (!is_flag(*option))
                    spec += fmt::format(":{}:{}", zsh_text(value_name(*option)), action);
                cases += fmt::format("                {} \\\n", shell_quoted(spec));
            }
        }
        cases += "                && return ;;\n";
    }
    return fmt::format(
        R"(#compdef runnel
# Completion of runnel for zsh; made by `runnel completion zsh`.
_runnel()
{{
    local -a commands
    commands=(
{}    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=${{words[2]}}
    (( CURRENT-- ))
    shift words
    case $command in
{}    esac
}}
_runnel "$@"
)",
        commands, cases);
}

std::string fish_completion(const CLI::App& app)
{
    std::string lines{"# Completion of runnel for fish; made by `runnel completion fish`.\n"};
    for (const auto* command : commands_of(app))
    {
        lines += fmt::format("complete -c runnel -n __fish_use_subcommand -f -a {} -d {}\n",
            command->get_name(), shell_quoted(first_sentence(command->get_description())));
        for (const auto* option : command->get_options())
        {
            const auto choice = values_of(*option);
            auto line = fmt::format(
                "complete -c runnel -n '__fish_seen_subcommand_from {}'", command->get_name());
            if (option->get_positional())
            {
                if (choice.empty())
                    continue;
                lines += fmt::format("{} -a '{}'\n", line, fmt::join(choice, " "));
                continue;
            }
            for (const auto& name : option->get_snames())
                line += " -s " + name;
            for (const auto& name : option->get_lnames())
                line += " -l " + name;
            if (!is_flag(*option))
                line += " -r";
            if (!choice.empty())
                line += fmt::format(" -f -a '{}'", fmt::join(choice, " "));
            lines += fmt::format(
                "{} -d {}\n", line, shell_quoted(first_sentence(option->get_description())));
        }
    }
    return lines;
}

}  // namespace runnel::tools
