#include "storage/truth_rows.hpp"

#include "ledger/fields.hpp"
#include "storage/database.hpp"
#include "storage/row_visitors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::storage
{

TruthDigest::TruthDigest(const Hash& previous)
{
    Encoder{bytes_}.put(previous);
}

void TruthDigest::add(const TruthRow& row)
{
    Encoder encoder{bytes_};
    const auto put = [&encoder](const auto& field)
    {
        encoder.put(field.has_value());
        if (field)
            encoder.put(*field);
    };
    encoder.put(row.block_number);
    encoder.put(row.transaction_index);
    encoder.put(static_cast<std::uint8_t>(row.purpose.size()));
    encoder.put_raw(
        {reinterpret_cast<const std::uint8_t*>(row.purpose.data()), row.purpose.size()});
    put(row.incident);
    put(row.token);
    put(row.stolen);
    put(row.controller);
}

Hash TruthDigest::finish() const
{
    return keccak256(bytes_);
}

Hash last_truth_digest(Database& database)
{
    auto rows = database.prepare("SELECT digest FROM t_truth_blocks ORDER BY rowid DESC LIMIT 1");
    return rows.step() ? rows.hash(0) : Hash{};
}

std::string check_truth_rows(Database& database, const std::optional<Hash>& expected)
{
    const auto wrong = [](std::string_view table, std::uint64_t block, std::string_view what)
    { return fmt::format("{}, block {}: {}", table, block, what); };
    constexpr std::string_view altered =
        "a row is not as it was written, or one before it is missing";

    Hash previous;
    std::optional<std::uint64_t> last;
    auto rows = database.prepare(select_rows<TruthRow>() + " ORDER BY rowid");
    bool has_row = rows.step();
    auto digests = database.prepare(select_rows<TruthDigestRow>() + " ORDER BY rowid");
    while (digests.step())
    {
        const auto block = read_row<TruthDigestRow>(digests);
        TruthDigest digest{previous};
        for (; has_row; has_row = rows.step())
        {
            const auto row = read_row<TruthRow>(rows);
            if (row.block_number != block.block_number)
                break;
            // A digest has one byte for a name's length: no other name is as long as it likes.
            if (!purpose_of(row.purpose))
                return wrong(TruthRow::table, block.block_number, altered);
            digest.add(row);
        }
        previous = digest.finish();
        if (previous != block.digest)
            return wrong(TruthRow::table, block.block_number, altered);
        last = block.block_number;
    }
    if (has_row)
    {
        return wrong(TruthRow::table, read_row<TruthRow>(rows).block_number,
            "t_truth_blocks has no digest for it");
    }
    if (expected && previous != *expected)
    {
        return wrong(TruthDigestRow::table, last.value_or(0),
            "the last rows are not those with which the run was complete");
    }
    constexpr std::int64_t none = -1;
    const auto last_block = database.query_integer(
        "SELECT coalesce((SELECT number FROM t_blocks WHERE transaction_count > 0 ORDER BY rowid "
        "DESC LIMIT 1), -1)");
    if (last_block != (last ? static_cast<std::int64_t>(*last) : none))
    {
        return wrong(TruthDigestRow::table,
            static_cast<std::uint64_t>(std::max(last_block, std::int64_t{0})),
            "the truth does not end where the transactions do");
    }
    return {};
}

}  // namespace runnel::storage
