#pragma once

#include "scenarios/scenario.hpp"

#include <CLI/App.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::tools
{

/// Which scenario, and what the command line changes in it.
struct ScenarioOptions
{
    std::string file;
    std::vector<std::string> overrides;
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> blocks;
};

void add_scenario_options(CLI::App& command, ScenarioOptions& options);
/// Loads it; throws CommandError with its one line.
[[nodiscard]] scenarios::Scenario load(const ScenarioOptions& options);

}  // namespace runnel::tools
