#pragma once

#include "ledger/block.hpp"
#include "storage/block_row_maker.hpp"
#include "storage/comparison.hpp"
#include "storage/ledger_writer.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace runnel::storage
{

/// Compares the block tables of a ledger, row by row, with the rows that a chain's blocks have.
///
/// Every table is read once from its first row to its last, beside the blocks as they come; what
/// the file must hold is compared as it would be written, without being written anywhere.
class ChainComparison
{
public:
    /// The definitions of the ledger's tables must be those of @p description.
    ChainComparison(Database database, const LedgerDescription& description);
    ~ChainComparison();
    ChainComparison(const ChainComparison&) = delete;
    ChainComparison& operator=(const ChainComparison&) = delete;

    /// Compares the rows of the next block. Finds the first row, of the first table by name, in
    /// which the ledger differs; after that it can go no further.
    [[nodiscard]] std::optional<LedgerDifference> next(const FinishedBlock& block);
    /// After the last block: finds the first row that does not belong to the chain.
    [[nodiscard]] std::optional<LedgerDifference> finish();

private:
    class Cursor;

    Database database_;
    SqlTransaction transaction_;  // One state of the file, and no lock for each statement.
    std::vector<std::shared_ptr<Cursor>> cursors_;  // By table name.
    std::optional<BlockRowMaker> rows_;
};

}  // namespace runnel::storage
