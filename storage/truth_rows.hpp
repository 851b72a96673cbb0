#pragma once

#include "storage/rows.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Why senders acted cannot be derived from the chain. What can be told is whether the rows are as
/// they were written: each block that has transactions has a digest of its rows and of all before
/// it, and t_completion has the last one.
namespace runnel::storage
{

class Database;

/// The digest of one block's rows, in their order.
class TruthDigest
{
public:
    /// @p previous: of the block with transactions before it; zero of the first.
    explicit TruthDigest(const Hash& previous);
    void add(const TruthRow& row);
    [[nodiscard]] Hash finish() const;

private:
    Bytes bytes_;
};

/// Of the last block with transactions; zero without any.
[[nodiscard]] Hash last_truth_digest(Database& database);

/// What is wrong with the truth of a ledger; empty if nothing is. @p expected: the last digest, if
/// the run is complete.
[[nodiscard]] std::string check_truth_rows(Database& database, const std::optional<Hash>& expected);

}  // namespace runnel::storage
