#pragma once

#include "storage/consensus_rows.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The chain does not hold what was refused, nor the mempool that it was made of, so nobody can
/// make it again: each row has a digest of itself and of all before it. That there is one for every
/// block with a flaw, and no other, follows from t_network_blocks.
namespace runnel::storage
{

class Database;

/// Of a row behind one with the digest @p previous, which is zero of the first.
[[nodiscard]] Hash digest_of(const RefusedBlockRow& row, const Hash& previous);

/// Of the last row; zero without any.
[[nodiscard]] Hash last_refused_digest(Database& database);

/// What is wrong with the rows of a ledger; empty if nothing is.
[[nodiscard]] std::string check_refused_rows(Database& database);

}  // namespace runnel::storage
