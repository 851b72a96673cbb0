#pragma once

#include "ledger/hash.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace runnel::audit
{

/// What came of verifying a ledger.
struct Verification
{
    std::uint64_t blocks = 0;          // Verified, block 0 not counted.
    std::uint64_t blocks_planned = 0;  // By the scenario; more if the run was cut short.
    bool complete = false;             // The file says that the run ended, and it did.
    std::uint64_t transactions = 0;
    std::string head_hash;
    std::string failure;  // Not empty: what does not hold, naming the block.
};

/// Re-executes a ledger from its own manifest and transactions alone, without agents or input
/// files, and compares every row but the run's metrics with what the execution gives. Every block
/// must keep the rules that the scenario fixes; what its agents wanted, nobody can execute again:
/// who knows the hash of the last block gives it as @p head.
///
/// @p workers threads execute. Reading and hashing the next blocks, comparing rows, and SQLite's
/// own check of the file have a thread each beside them.
///
/// Throws storage::StorageError when the file is not a ledger or cannot be read; a damaged ledger
/// is a failure, or a StorageError of kind corrupt. @p progress is called now and then with the
/// number of blocks done and of all.
[[nodiscard]] Verification verify_ledger(const std::string& path, unsigned workers,
    const std::optional<Hash>& head,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace runnel::audit
