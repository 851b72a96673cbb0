#pragma once

#include "storage/rows.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The chain does not hold what came into no block, so nobody can execute it again. What can be
/// told is whether the rows are as they were written: each has a digest of itself and of all before
/// it, and t_completion has the last one.
namespace runnel::storage
{

class Database;

/// Of a row behind one with the digest @p previous, which is zero of the first.
[[nodiscard]] Hash digest_of(const DroppedRow& row, const Hash& previous);

/// Of the last row; zero without any.
[[nodiscard]] Hash last_dropped_digest(Database& database);

/// What is wrong with the rows of a ledger whose last block is @p last (empty: it has none); empty
/// if nothing is. @p expected: the last digest, if the run is complete.
[[nodiscard]] std::string check_dropped_rows(
    Database& database, std::optional<std::uint64_t> last, const std::optional<Hash>& expected);

}  // namespace runnel::storage
