#pragma once

#include "scenarios/genesis.hpp"

#include <optional>

namespace runnel::scenarios
{

/// Decides when the wallets of groups that arrive come, and what each is sent: adds their arrivals
/// and the payments that bring them to @p genesis. A function of (scenario, seed) alone.
///
/// Errors: a wallet's funds beyond 2^128 - 1 smallest units, tokens that nobody can be sent.
[[nodiscard]] std::optional<ScenarioError> add_arrivals(Genesis& genesis, const Scenario& scenario);

/// What @p number of a group owns of a token when it begins, by its own stream of draws: another
/// group, token or wallet changes nothing.
[[nodiscard]] tl::expected<Amount, ScenarioError> draw_funds(const Scenario& scenario,
    const AgentSpec& spec, ContractId token, const Distribution& distribution,
    std::uint32_t number);

}  // namespace runnel::scenarios
