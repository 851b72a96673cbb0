#pragma once

#include "audit/reexecution.hpp"
#include "storage/ledger_reader.hpp"

#include <cstdint>
#include <string>

namespace runnel::audit
{

/// A ledger whose state can be taken to a block: the state of the newest checkpoint before it that
/// the chain commits to, or that of block 0, and then the file's own blocks, executed again.
///
/// Throws storage::StorageError (corrupt) if what the file holds does not follow from its
/// transactions.
class LedgerWalk
{
public:
    explicit LedgerWalk(storage::LedgerReader reader);

    [[nodiscard]] storage::LedgerReader& reader() noexcept { return reader_; }
    [[nodiscard]] const ChainReexecutor& replay() const noexcept { return replay_; }
    [[nodiscard]] World& world() noexcept { return replay_.world(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Takes the state to the end of block @p number, once. If a block was executed for it,
    /// @p executed gets the last one; with @p execute that is always block @p number.
    void go_to(std::uint64_t number, bool execute, FinishedBlock* executed = nullptr);

private:
    ChainReexecutor make_replay();
    [[noreturn]] void fail(std::uint64_t block, const std::string& what) const;
    void compare(std::uint64_t block, const Hash& hash);
    bool load_checkpoint(std::uint64_t number, bool never);

    storage::LedgerReader reader_;
    std::string path_;
    ChainReexecutor replay_;
};

/// What is wrong with a checkpoint's head or state, which must be that of @p head and @p world;
/// empty: nothing. State is compared record by record.
[[nodiscard]] std::string compare_state(
    CheckpointSource& checkpoint, const Hash& head, const World& world);

/// What is wrong with a checkpoint of the block that a run was interrupted at; empty: nothing.
///
/// No header commits to the state behind such a block: which blocks have a root must not depend on
/// interruptions. But the transactions up to it, which the chain's hashes cover, give that state
/// again.
[[nodiscard]] std::string check_interruption(
    storage::Database& database, std::uint64_t block_number);

}  // namespace runnel::audit
