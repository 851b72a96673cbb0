#include "storage/reverted_rows.hpp"

#include "ledger/fields.hpp"
#include "storage/database.hpp"
#include "storage/row_visitors.hpp"

#include <fmt/format.h>

namespace runnel::storage
{

Hash digest_of(const RevertedBlockRow& row, const RevertedBlock& block, const Hash& previous)
{
    Bytes bytes;
    Encoder encoder{bytes};
    encoder.put(previous);
    encoder.put(row.block_number);
    encoder.put(row.revert_index);
    encoder.put(row.id);
    encoder.put(row.number);
    encoder.put(row.hash);
    encoder.put(row.proposer);
    encoder.put(row.transaction_count);
    for (const auto& transaction : block.transactions)
    {
        encoder.put(transaction.hash);
        encoder.put(transaction.sender);
        encoder.put(transaction.nonce);
        encoder.put(static_cast<std::uint8_t>(transaction.succeeded ? 1 : 0));
    }
    return keccak256(bytes);
}

Hash last_reverted_digest(Database& database)
{
    auto rows =
        database.prepare("SELECT digest FROM t_reverted_blocks ORDER BY rowid DESC LIMIT 1");
    return rows.step() ? rows.hash(0) : Hash{};
}

std::string check_reverted_rows(
    Database& database, std::optional<std::uint64_t> last, const std::optional<Hash>& expected)
{
    Hash digest;
    auto rows = database.prepare(select_rows<RevertedBlockRow>() + " ORDER BY rowid");
    auto transactions = database.prepare(select_rows<RevertedTransactionRow>() + " ORDER BY rowid");
    bool has_transaction = transactions.step();
    while (rows.step())
    {
        const auto row = read_row<RevertedBlockRow>(rows);
        const auto wrong = [&](std::string_view what) {
            return fmt::format("{}, block {}: {}", RevertedBlockRow::table, row.block_number, what);
        };
        if (!last || row.block_number > *last)
            return wrong("the chain has no such block");
        RevertedBlock block;
        for (std::uint32_t i = 0; i < row.transaction_count; ++i)
        {
            if (!has_transaction)
                return wrong("a transaction of it is missing");
            const auto entry = read_row<RevertedTransactionRow>(transactions);
            if (entry.block_number != row.block_number || entry.revert_index != row.revert_index ||
                entry.transaction_index != i)
                return wrong("a transaction of it is missing");
            block.transactions.push_back(
                {entry.hash, entry.sender, entry.nonce, entry.succeeded == 1});
            has_transaction = transactions.step();
        }
        digest = digest_of(row, block, digest);
        if (row.digest != digest)
            return wrong("a row is not as it was written, or one before it is missing");
    }
    if (has_transaction)
    {
        return fmt::format("{}: there is a transaction of a block that is not in {}",
            RevertedTransactionRow::table, RevertedBlockRow::table);
    }
    if (expected && digest != *expected)
    {
        return fmt::format(
            "{}, block {}: the last rows are not those with which the run was "
            "complete",
            RevertedBlockRow::table, last.value_or(0));
    }
    return {};
}

}  // namespace runnel::storage
