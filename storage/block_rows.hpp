#pragma once

#include "storage/database.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace runnel::storage
{

/// Where the rows of a block are in a block table.
///
/// These tables have no key: their rows lie in the order of the chain, so the blocks' numbers
/// ascend with the rowid, and a binary search finds a block without an index.
///
/// In a damaged table whose numbers do not ascend, the answer is the place of some row. It depends
/// on the number alone, so consecutive ranges of blocks still leave no row out; readers check the
/// numbers they find there.
class BlockRows
{
public:
    /// @p number_column holds the block's number. Throws StorageError (corrupt) if there are rowids
    /// that no ledger can reach.
    BlockRows(Database& database, std::string_view table, std::string_view number_column);

    /// The rowid from which on the rows belong to block @p number or a later one; one beyond the
    /// last row if there is none. Throws StorageError (corrupt) for numbers that are not integers.
    [[nodiscard]] std::int64_t first(std::uint64_t number);

private:
    struct Ends
    {
        std::int64_t first = 0;
        std::int64_t last = 0;
    };
    [[nodiscard]] std::optional<Ends> read_ends();

    Statement ends_;
    Statement probe_;
};

}  // namespace runnel::storage
