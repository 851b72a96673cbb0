#pragma once

#include <CLI/App.hpp>

#include <string>

/// What is made from the tree of commands and options, so that it says what the program takes.
namespace runnel::tools
{

/// A page for `man`, in its macros.
[[nodiscard]] std::string manual_page(const CLI::App& app, const std::string& version);

/// What a shell reads to complete commands, options, their fixed values, and files.
[[nodiscard]] std::string bash_completion(const CLI::App& app);
[[nodiscard]] std::string zsh_completion(const CLI::App& app);
[[nodiscard]] std::string fish_completion(const CLI::App& app);

}  // namespace runnel::tools
