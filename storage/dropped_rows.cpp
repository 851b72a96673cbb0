#include "storage/dropped_rows.hpp"

#include "ledger/fields.hpp"
#include "storage/database.hpp"
#include "storage/row_visitors.hpp"

#include <fmt/format.h>

namespace runnel::storage
{

Hash digest_of(const DroppedRow& row, const Hash& previous)
{
    Bytes bytes;
    Encoder encoder{bytes};
    encoder.put(previous);
    encoder.put(row.block_number);
    encoder.put(row.drop_index);
    encoder.put(row.sender);
    encoder.put(row.nonce);
    encoder.put(row.hash);
    encoder.put(row.max_fee);
    encoder.put(row.arrival_ms);
    encoder.put_raw({reinterpret_cast<const std::uint8_t*>(row.reason.data()), row.reason.size()});
    return keccak256(bytes);
}

Hash last_dropped_digest(Database& database)
{
    auto rows =
        database.prepare("SELECT digest FROM t_dropped_transactions ORDER BY rowid DESC LIMIT 1");
    return rows.step() ? rows.hash(0) : Hash{};
}

std::string check_dropped_rows(
    Database& database, std::optional<std::uint64_t> last, const std::optional<Hash>& expected)
{
    Hash digest;
    auto rows = database.prepare(select_rows<DroppedRow>() + " ORDER BY rowid");
    while (rows.step())
    {
        const auto row = read_row<DroppedRow>(rows);
        const auto wrong = [&](std::string_view what)
        { return fmt::format("{}, block {}: {}", DroppedRow::table, row.block_number, what); };
        if (!last || row.block_number > *last)
            return wrong("the chain has no such block");
        digest = digest_of(row, digest);
        if (row.digest != digest)
            return wrong("a row is not as it was written, or one before it is missing");
    }
    if (expected && digest != *expected)
    {
        return fmt::format(
            "{}, block {}: the last rows are not those with which the run was "
            "complete",
            DroppedRow::table, last.value_or(0));
    }
    return {};
}

}  // namespace runnel::storage
