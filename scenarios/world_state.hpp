#pragma once

#include "scenarios/genesis.hpp"

#include <string>
#include <vector>

/// The records of a world as rows of text: columns `table`, what the table's key is of, and the
/// record's fields by name. Accounts and contracts are named, so that the rows mean the same in a
/// world that numbers them otherwise.
namespace runnel::scenarios
{

/// Writes what the [state] tables say into a world in which every contract has begun. The rows of a
/// table of records are all that it has; balances and supplies add to what was allocated.
/// Accounts that nobody has named yet are added.
///
/// Errors: a table, a field or a contract that there is not, two rows of one record, values out of
/// range; they name file and line.
[[nodiscard]] std::optional<ScenarioError> add_state(
    GenesisBuilder& builder, const Scenario& scenario);

/// Rows with the same columns: of one kind of record of one kind of contract.
struct StateRows
{
    std::string name;  // "erc20_balances"
    std::string csv;
};

struct WorldState
{
    std::vector<StateRows> files;       // By name.
    std::vector<std::string> left_out;  // "receiver_calls: 3 records".
};

/// Every record of a world, but for nonces, which are of a chain's transactions, and for tables
/// whose keys only their contracts know. In an order that depends on names alone.
[[nodiscard]] WorldState state_of(const World& world);

}  // namespace runnel::scenarios
