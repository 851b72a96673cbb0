#pragma once

#include "ledger/block.hpp"
#include "state/checkpoint.hpp"
#include "state/world.hpp"
#include "storage/manifest.hpp"
#include "storage/rows.hpp"
#include "storage/schema.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::storage
{

/// A contract as the database describes it.
struct ContractEntry
{
    AccountId account{};
    std::string kind;
    std::string name;
    std::optional<TokenInfo> token;
};

/// What is there before block 0: who exists, and what may ever be emitted.
struct LedgerDescription
{
    std::vector<AccountInfo> accounts;                             // By account id.
    std::vector<ContractEntry> contracts;                          // By contract id.
    std::vector<const EventType*> events;                          // Of those contracts.
    std::vector<std::pair<std::string_view, ReasonName>> reasons;  // By kind of contract.
    std::vector<ReferencePriceRow> prices;
    /// Whose balances are the starting ones: as block 0 leaves it. nullptr: none are written.
    const World* start = nullptr;

    [[nodiscard]] static LedgerDescription of(const World& world);
};

/// What a committed group survives. A killed process loses none of them with any setting.
enum class Durability : std::uint8_t
{
    full,    // A power failure loses no committed group: one disk flush per group.
    normal,  // It may lose the newest groups, never the file.
    off,     // It may damage the file. The fastest.
};

struct WriterOptions
{
    Durability durability = Durability::normal;
    bool force = false;  // Replace an existing ledger.
    /// A group of blocks is committed when it has this many rows, or blocks.
    std::size_t group_rows = 50'000;
    std::size_t group_blocks = 1'000;
    /// Readers' indexes, built by finish(): takes about as long as writing the rows they cover.
    bool indexes = true;
};

/// Visits what every account owns in @p world, by account, then token; nothing that is zero.
void for_each_balance(
    const World& world, const std::function<void(const StartingBalanceRow&)>& visit);

/// The rows of price paths, by token id: one price per block from block 0.
[[nodiscard]] std::vector<ReferencePriceRow> price_rows(
    std::span<const std::vector<std::uint64_t>> paths);
/// What the manifest holds of them.
[[nodiscard]] Hash hash_of_prices(std::span<const ReferencePriceRow> rows);

/// Writes finished blocks to a ledger file: one owner, one thread.
///
/// Blocks are grouped into SQL transactions. A block is completely in the file or not at all; a
/// crash leaves the committed groups. Rows lie in the file in the order of the chain.
///
/// Every failure of the disk is a StorageError; after one the writer accepts nothing more.
class LedgerWriter
{
public:
    /// Makes a new ledger, with its manifest and description committed.
    [[nodiscard]] static LedgerWriter create(const std::string& path, const Manifest& manifest,
        const LedgerDescription& description, const WriterOptions& options = {});
    /// Opens a ledger to continue it after its last block; makes one if the file is missing or
    /// empty, or holds nothing yet. StorageError (mismatch) if its manifest is another. The file
    /// changes with the first block: the readers' indexes go, finish() builds them again.
    [[nodiscard]] static LedgerWriter resume(const std::string& path, const Manifest& manifest,
        const LedgerDescription& description, const WriterOptions& options = {});
    /// A ledger in memory, to compare another with.
    [[nodiscard]] static LedgerWriter in_memory(const Manifest& manifest,
        const LedgerDescription& description, const WriterOptions& options = {});

    LedgerWriter(LedgerWriter&&) noexcept;
    LedgerWriter& operator=(LedgerWriter&&) noexcept;
    /// Drops what was not flushed.
    ~LedgerWriter();

    /// The number that the next block must have.
    [[nodiscard]] std::uint64_t next_block() const noexcept;
    /// Adds a block to the open group and commits the group when it is large enough. The block is
    /// shared until then.
    void append(std::shared_ptr<const FinishedBlock> block);
    /// A figure measured by the clock or the machine; @p block_number is -1 for the whole run.
    void add_metric(std::string_view name, std::int64_t block_number, double value);
    /// Commits the open group together with a checkpoint of its last block, whose parts are pulled
    /// and written one by one. The newest two checkpoints are kept, and the newest whose block has
    /// a root of the state.
    void write_checkpoint(std::string_view version, CheckpointSource& parts);
    /// Writes down that the chain is complete, and keeps of all checkpoints the newest state that a
    /// block has a root of: a run that is complete is never resumed, but proofs need it.
    void complete();
    /// Commits the open group.
    void flush();
    /// Makes the readers' indexes (see TableInfo::indexes), or drops them: without them rows are
    /// written several times faster.
    void build_indexes();
    void drop_indexes();
    /// Commits, builds the indexes (unless WriterOptions say no) and leaves a single file that can
    /// be read from a folder without write permission. Nothing can be added afterwards.
    void finish();

    /// To compare with; flush() first.
    [[nodiscard]] Database& database() noexcept;
    [[nodiscard]] const Schema& schema() const noexcept;
    [[nodiscard]] std::uint64_t rows_written() const noexcept;

private:
    class Impl;
    explicit LedgerWriter(std::unique_ptr<Impl> impl) noexcept;

    std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::storage
