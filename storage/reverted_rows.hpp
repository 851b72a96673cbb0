#pragma once

#include "ledger/consensus_notes.hpp"
#include "storage/consensus_rows.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The chain does not hold what was taken back, so nobody can execute it again. As with what was
/// dropped, each row has a digest of itself and of all before it, and t_completion the last one.
namespace runnel::storage
{

class Database;

/// Of a block and its transactions, behind one with the digest @p previous, which is zero of the
/// first.
[[nodiscard]] Hash digest_of(
    const RevertedBlockRow& row, const RevertedBlock& block, const Hash& previous);

/// Of the last row; zero without any.
[[nodiscard]] Hash last_reverted_digest(Database& database);

/// What is wrong with the rows of a ledger whose last block is @p last (empty: it has none); empty
/// if nothing is. @p expected: the last digest, if the run is complete.
[[nodiscard]] std::string check_reverted_rows(
    Database& database, std::optional<std::uint64_t> last, const std::optional<Hash>& expected);

}  // namespace runnel::storage
