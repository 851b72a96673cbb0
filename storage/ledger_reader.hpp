#pragma once

#include "ledger/block.hpp"
#include "state/world.hpp"
#include "storage/block_rows.hpp"
#include "storage/database.hpp"
#include "storage/manifest.hpp"
#include "storage/rows.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::storage
{

struct LedgerDescription;

/// A block's header with the hash that the file states for it.
struct StoredHeader
{
    BlockHeader header;
    Hash hash;
};

/// What re-executing a block needs, and what must come out.
struct StoredBlock
{
    BlockHeader header;
    Hash hash;
    std::vector<Transaction> transactions;  // With the hashes that the file gives.
    std::vector<Reward> rewards;
};

/// Reads a ledger file without changing it. The file is not trusted: whatever it holds, the outcome
/// is a value or a StorageError, and hashes are passed on as stored, for the caller to check.
///
/// For figures over many rows use query() with the views and tables of docs/database.md.
class LedgerReader
{
public:
    [[nodiscard]] static LedgerReader open(const std::string& path);
    /// Reads a database that is open already.
    explicit LedgerReader(Database database);

    [[nodiscard]] Manifest manifest();
    [[nodiscard]] std::vector<ReferencePriceRow> reference_prices();
    /// Empty if there are no blocks.
    [[nodiscard]] std::optional<std::uint64_t> last_block();
    [[nodiscard]] std::uint64_t block_count();
    [[nodiscard]] StoredHeader header(std::uint64_t number);
    [[nodiscard]] std::vector<Transaction> transactions(std::uint64_t block_number);
    [[nodiscard]] std::vector<Reward> rewards(std::uint64_t block_number);
    /// All of it; the header's count of transactions agrees. One block after the other is read in
    /// one go, without a search for each.
    [[nodiscard]] StoredBlock block(std::uint64_t number);
    /// Where a transaction is: block and index.
    [[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint32_t>> find_transaction(
        const Hash& hash);
    /// Every account, by id.
    [[nodiscard]] std::vector<AccountInfo> accounts();
    /// StorageError (mismatch) unless accounts, contracts and event tables are these.
    void check_description(const LedgerDescription& description);
    /// How a chain that is complete ends, as the file states it; empty: the run is not complete.
    [[nodiscard]] std::optional<CompletionRow> completion();
    /// The readers' indexes are there.
    [[nodiscard]] bool has_indexes();
    /// The run that wrote it ended properly: the indexes are there, and the file needs no other
    /// beside it.
    [[nodiscard]] bool is_finished();

    /// Any SELECT.
    [[nodiscard]] Statement query(std::string_view sql) { return database_.prepare(sql); }
    [[nodiscard]] Database& database() noexcept { return database_; }

private:
    /// Where the reading of a table is.
    struct Cursor
    {
        BlockRows places;
        Statement rows;                     // From the row that parameter 1 names.
        std::optional<std::uint64_t> next;  // Rows before those of this block were read.
        bool has_row = false;

        /// Moves to the first row of a block, or where it would be.
        void seek(std::uint64_t block_number);
        [[nodiscard]] bool is_in(std::uint64_t block_number) const;
        void leave(std::uint64_t block_number);
    };

    [[nodiscard]] std::vector<Transaction> read_transactions(std::uint64_t block_number);
    void read_witnesses(std::uint64_t block_number, std::vector<Transaction>& transactions);
    [[nodiscard]] std::vector<Reward> read_rewards(std::uint64_t block_number);
    void check_tables();
    [[noreturn]] void corrupt(const std::string& what) const;

    Database database_;
    std::uint64_t account_count_ = 0;
    std::optional<Statement> select_header_;
    std::optional<Cursor> transactions_;
    std::optional<Cursor> witnesses_;
    std::optional<Cursor> rewards_;
    std::optional<Cursor> stake_changes_;
};

}  // namespace runnel::storage
