#include "storage/checkpoints.hpp"

#include "ledger/fields.hpp"
#include "storage/rows.hpp"

#include <fmt/format.h>

#include <limits>

namespace runnel::storage
{
namespace
{
constexpr std::string_view end_name = "end";
constexpr std::uint64_t number_max = std::numeric_limits<std::int64_t>::max();

/// A row's hash: keccak of the hash before it, its place and names, and its content's keccak.
Hash part_hash(const Hash& previous, std::uint64_t block_number, std::uint64_t part,
    std::string_view version, std::string_view name, ByteView content)
{
    Bytes bytes;
    Encoder encoder{bytes};
    encoder.put(previous);
    encoder.put(block_number);
    encoder.put(part);
    encoder.put(std::string{version});
    encoder.put(std::string{name});
    encoder.put(keccak256(content));
    return keccak256(bytes);
}

class StoredParts final : public CheckpointSource
{
public:
    StoredParts(Database& database, std::uint64_t block_number)
      : rows_{database.prepare(
            select_rows<CheckpointRow>() + " WHERE block_number = ? ORDER BY part")}
    {
        rows_.bind(1, Value{static_cast<std::int64_t>(block_number)});
    }

    [[nodiscard]] std::optional<CheckpointPart> next() override
    {
        if (rows_.step())
        {
            const auto row = read_row<CheckpointRow>(rows_);
            if (row.name != end_name)
                return CheckpointPart{row.name, row.content};
        }
        rows_.reset();  // Nobody reads further; the file must not stay busy.
        return std::nullopt;
    }

private:
    Statement rows_;
};
}  // namespace

std::vector<StoredCheckpoint> list_checkpoints(Database& database)
{
    std::vector<StoredCheckpoint> found;
    auto rows = database.prepare(
        "SELECT block_number, version, min(part) FROM t_checkpoints GROUP BY block_number "
        "ORDER BY block_number DESC");
    while (rows.step())
        found.push_back({rows.integer_up_to(0, number_max), std::string{rows.text(1)}});
    return found;
}

std::string find_damage(Database& database, std::uint64_t block_number)
{
    auto rows =
        database.prepare(select_rows<CheckpointRow>() + " WHERE block_number = ? ORDER BY part");
    rows.bind(1, Value{static_cast<std::int64_t>(block_number)});
    Hash previous;
    bool ended = false;
    for (std::uint64_t part = 0; rows.step(); ++part)
    {
        const auto row = read_row<CheckpointRow>(rows);
        if (ended || row.part != part)
            return fmt::format("part {} is missing", part);
        const auto hash =
            part_hash(previous, block_number, part, row.version, row.name, row.content);
        if (hash != row.hash)
            return fmt::format("part {} does not have its hash", part);
        previous = hash;
        ended = row.name == end_name;
        if (ended && !row.content.empty())
            return "its last part is not empty";
    }
    return ended ? "" : "its last part is missing";
}

std::unique_ptr<CheckpointSource> read_checkpoint(Database& database, std::uint64_t block_number)
{
    return std::make_unique<StoredParts>(database, block_number);
}

void write_checkpoint(Database& database, RowBatch& batch, std::uint64_t block_number,
    std::string_view version, CheckpointSource& parts, std::size_t keep)
{
    database.execute(
        fmt::format("DELETE FROM t_checkpoints WHERE block_number = {}", block_number));
    Rows<CheckpointRow> rows{batch};
    Hash previous;
    std::uint64_t count = 0;
    const auto write = [&](const CheckpointPart& part)
    {
        previous = part_hash(previous, block_number, count, version, part.name, part.content);
        rows.add({block_number, count++, version, part.name, previous, part.content});
        batch.flush();  // Parts are large.
    };
    while (const auto part = parts.next())
        write(*part);
    write({end_name, {}});

    auto old = database.prepare(
        "DELETE FROM t_checkpoints WHERE block_number < (SELECT min(block_number) FROM "
        "(SELECT DISTINCT block_number FROM t_checkpoints ORDER BY block_number DESC LIMIT ?)) "
        "AND block_number IS NOT (SELECT max(number) FROM t_blocks WHERE number IN (SELECT "
        "block_number FROM t_checkpoints) AND checkpoint_root <> zeroblob(32))");
    old.bind(1, Value{static_cast<std::int64_t>(keep)});
    old.run();
}

namespace
{
/// Cuts a checkpoint off behind its last part of state; false if it has none.
bool cut_behind_state(Database& database, RowBatch& batch, const StoredCheckpoint& checkpoint)
{
    const auto number = static_cast<std::int64_t>(checkpoint.block_number);
    auto last = database.prepare(
        "SELECT part, hash FROM t_checkpoints WHERE block_number = ? AND name = ? "
        "ORDER BY part DESC LIMIT 1");
    last.bind(1, Value{number}).bind(2, Value{state_part_name});
    if (!last.step())
        return false;
    const auto end = last.integer_up_to(0, number_max - 1) + 1;
    const auto hash =
        part_hash(last.hash(1), checkpoint.block_number, end, checkpoint.version, end_name, {});
    last.reset();
    database.prepare("DELETE FROM t_checkpoints WHERE block_number <> ?1 OR part >= ?2")
        .bind(1, Value{number})
        .bind(2, Value{static_cast<std::int64_t>(end)})
        .run();
    Rows<CheckpointRow>{batch}.add(
        {checkpoint.block_number, end, checkpoint.version, end_name, hash, {}});
    batch.flush();
    return true;
}
}  // namespace

void keep_last_state(Database& database, RowBatch& batch)
{
    auto root = database.prepare("SELECT checkpoint_root FROM t_blocks WHERE number = ?");
    bool found = false;
    for (const auto& checkpoint : list_checkpoints(database))
    {
        root.bind(1, Value{static_cast<std::int64_t>(checkpoint.block_number)});
        const bool has_root = root.step() && root.hash(0) != Hash{};
        root.reset();
        found = has_root && find_damage(database, checkpoint.block_number).empty() &&
                cut_behind_state(database, batch, checkpoint);
        if (found)
            break;
    }
    if (!found)
        database.execute("DELETE FROM t_checkpoints");
}

bool holds_state_alone(Database& database, std::uint64_t block_number)
{
    auto other = database.prepare(
        "SELECT count(*) FROM t_checkpoints WHERE block_number = ? AND part > 0 AND name <> ? "
        "AND name <> ?");
    other.bind(1, Value{static_cast<std::int64_t>(block_number)})
        .bind(2, Value{state_part_name})
        .bind(3, Value{end_name});
    return other.step() && other.integer(0) == 0;
}

}  // namespace runnel::storage
