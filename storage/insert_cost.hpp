#pragma once

#include "storage/ledger_writer.hpp"

#include <cstdint>
#include <string>

namespace runnel::storage
{

/// What a ledger's rows cost SQLite itself.
struct InsertCost
{
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;  // Of text, blobs and integers as they were bound: 8 per integer.
    double cpu_seconds = 0;   // Of this thread: bind, step, commit, and the system calls in them.
};

/// Inserts the rows of all blocks of the finished ledger @p path once more, into a new file
/// @p scratch with the same tables, statements, group sizes and durability as the writer's: bare
/// prepared inserts on this thread, from values that are ready. The floor under a writer's cost.
[[nodiscard]] InsertCost measure_inserts(const std::string& path, const std::string& scratch,
    const Schema& schema, const WriterOptions& options);

}  // namespace runnel::storage
