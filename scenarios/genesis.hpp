#pragma once

#include "scenarios/scenario.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::scenarios
{

/// The wallets of one [agents.NAME] table.
struct AgentGroup
{
    const AgentSpec* spec = nullptr;
    std::vector<AccountId> accounts;
    std::vector<Arrival> arrivals;  // Instead, by number.
};

struct Validator
{
    AccountId account{};
    Amount stake;  // Wei; not part of its balance, it only weighs votes.
};

/// The world before the first block, as a function of (scenario, seed) alone.
///
/// Accounts in order: zero, tokens and contracts, validators, agents by group name and number,
/// [accounts] by name, then accounts that contracts ask for. Balances are allocated; the
/// transactions of block 0 (initial liquidity) are still to be executed.
struct Genesis
{
    std::unique_ptr<World> world;
    std::vector<Transaction> transactions;          // Of block 0, free of gas fees.
    std::vector<ContractId> transaction_contracts;  // Which contract asked for each,
    std::vector<std::string> position_places;       // or which position, behind those.
    std::vector<Validator> validators;
    std::map<std::uint32_t, AccountId> delegators;  // By number, where an engine has some.
    std::vector<AgentGroup> groups;
    std::vector<ScriptLine> arrivals;  // The payments that bring wallets, by block.
};

/// Errors: a wallet's funds beyond 2^128 - 1 smallest units.
[[nodiscard]] tl::expected<Genesis, ScenarioError> build_genesis(const Scenario& scenario);

/// The address under which an account with this name is expected, with or without a key of its own;
/// empty: none is.
[[nodiscard]] std::optional<Address> expected_address(const World& world, std::string_view name);

/// The events that change groups' parameters, in the order in which they happen.
[[nodiscard]] std::vector<const EventSpec*> group_changes(const Scenario& scenario);

/// The reference price paths with the scenario's shocks applied, by token id: one price per block
/// from block 0 to the last; empty for tokens without a price.
[[nodiscard]] tl::expected<std::vector<PricePath>, ScenarioError> build_price_paths(
    const Scenario& scenario);

/// Executes block 0 on the genesis world: its parent hash is @p manifest_hash, so that a chain
/// commits to everything that determines it. Its state root is that of a block whose parent has
/// the full state root of the allocations.
///
/// Errors: a transaction that reverts, an invariant that does not hold; names the contract.
[[nodiscard]] tl::expected<FinishedBlock, ScenarioError> execute_genesis(
    Genesis& genesis, const Scenario& scenario, const Hash& manifest_hash);

}  // namespace runnel::scenarios
