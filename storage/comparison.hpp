#pragma once

#include "state/world.hpp"
#include "storage/database.hpp"
#include "storage/manifest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::storage
{

/// The first row, or definition, in which two ledgers differ.
struct LedgerDifference
{
    std::string table;  // Or view, or index, of a definition that differs.
    std::optional<std::int64_t> block;
    /// The rows as `column=value column=value`, or the definitions; empty where there is none.
    std::optional<std::string> a;
    std::optional<std::string> b;
    /// The columns that differ, separated by commas; empty unless both have the row.
    std::string columns;

    /// One line: `t_transactions, block 12: receipt_status=0 ..., expected ...`.
    [[nodiscard]] std::string to_string(
        std::string_view name_a = "first", std::string_view name_b = "second") const;
};

/// The first @p size_max bytes and `...`, if there are more: text of a file may be of any length.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t size_max);

/// Definitions of all tables, views, indexes and triggers but SQLite's own.
[[nodiscard]] std::optional<LedgerDifference> compare_definitions(Database& a, Database& b);
/// Every row of the tables that are written once, but @p left_out. The definitions must agree.
[[nodiscard]] std::optional<LedgerDifference> compare_fixed_tables(
    Database& a, Database& b, std::string_view left_out = {});
/// The starting balances with those of a world that is as block 0 leaves it, which is `b`.
[[nodiscard]] std::optional<LedgerDifference> compare_starting_balances(
    Database& a, const World& start);
/// All of these, and every row of the tables that blocks are written to, in the order in which they
/// were written, which is the order of the chain: finds the first block that differs, and in it the
/// first table by name. Only t_run_metrics, t_checkpoints and t_completion are left out. Streams:
/// memory does not grow with the ledgers.
[[nodiscard]] std::optional<LedgerDifference> compare_ledgers(Database& a, Database& b);

/// How two runs differ: what made them, and what came of it.
struct RunDifference
{
    /// Of manifests, a line for each key: `seed: A has "1", B has "2"`.
    std::vector<ManifestDifference> manifest;
    std::optional<LedgerDifference> definition;
    std::optional<LedgerDifference> start;  // Of what is there before the first block.
    std::optional<LedgerDifference> row;    // Of the first block that differs.

    [[nodiscard]] bool empty() const noexcept
    {
        return manifest.empty() && !definition && !start && !row;
    }
};
/// compare_ledgers(), but ledgers of different runs are compared all the same: every block of
/// theirs has another hash, because block 0 commits to the manifest, so hashes of blocks are left
/// out, and tables that one of them alone has.
[[nodiscard]] RunDifference compare_runs(
    Database& a, const Manifest& manifest_a, Database& b, const Manifest& manifest_b);

}  // namespace runnel::storage
