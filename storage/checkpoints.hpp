#pragma once

#include "state/checkpoint.hpp"
#include "storage/row_batch.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Checkpoints in a ledger file: the rows of t_checkpoints. Their parts are the writer's business;
/// here they are names and bytes, each covered by a chain of hashes that ends in the last row.
namespace runnel::storage
{

/// A checkpoint as stored in the file; not checked yet.
struct StoredCheckpoint
{
    std::uint64_t block_number = 0;
    std::string version;
};

/// Newest first.
[[nodiscard]] std::vector<StoredCheckpoint> list_checkpoints(Database& database);
/// What is damaged in a checkpoint's rows: a part that is missing or does not have its hash. Empty
/// when all is well. Reads all of it.
[[nodiscard]] std::string find_damage(Database& database, std::uint64_t block_number);
/// The parts as they were written. Check them with find_damage() first; the database must outlive
/// the source.
[[nodiscard]] std::unique_ptr<CheckpointSource> read_checkpoint(
    Database& database, std::uint64_t block_number);

/// Writes a checkpoint within the open transaction, and deletes older ones but the newest @p keep
/// (this one included) and the newest whose block has a root of the state, as well as an earlier
/// one of the same block.
void write_checkpoint(Database& database, RowBatch& batch, std::uint64_t block_number,
    std::string_view version, CheckpointSource& parts, std::size_t keep);
/// Whether nothing but its state is kept of a checkpoint: keep_last_state() leaves it so, and
/// nobody can resume from it.
[[nodiscard]] bool holds_state_alone(Database& database, std::uint64_t block_number);
/// Within the open transaction, of a run that is complete: keeps the state behind the newest block
/// that has a root of it, for proofs: the parts of its checkpoint to the last one named state. All
/// other parts are deleted.
void keep_last_state(Database& database, RowBatch& batch);

}  // namespace runnel::storage
