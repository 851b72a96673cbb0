#include "storage/refused_rows.hpp"

#include "ledger/fields.hpp"
#include "storage/database.hpp"
#include "storage/row_visitors.hpp"

#include <fmt/format.h>

namespace runnel::storage
{

Hash digest_of(const RefusedBlockRow& row, const Hash& previous)
{
    Bytes bytes;
    Encoder encoder{bytes};
    const auto put_text = [&](std::string_view text)
    {
        encoder.put(static_cast<std::uint32_t>(text.size()));
        bytes.insert(bytes.end(), text.begin(), text.end());
    };
    encoder.put(previous);
    encoder.put(row.block_number);
    encoder.put(row.refusal_index);
    encoder.put(row.id);
    encoder.put(row.number);
    encoder.put(row.hash);
    encoder.put(row.proposer);
    encoder.put(row.transaction_count);
    put_text(row.flaw);
    put_text(row.rule);
    put_text(row.finding);
    return keccak256(bytes);
}

Hash last_refused_digest(Database& database)
{
    auto rows = database.prepare("SELECT digest FROM t_refused_blocks ORDER BY rowid DESC LIMIT 1");
    return rows.step() ? rows.hash(0) : Hash{};
}

std::string check_refused_rows(Database& database)
{
    Hash digest;
    auto flawed = database.prepare(
        "SELECT block_number, network_id, flaw FROM t_network_blocks "
        "WHERE status = 'invalid' AND flaw <> '' ORDER BY rowid");
    auto rows = database.prepare(select_rows<RefusedBlockRow>() + " ORDER BY rowid");
    const auto wrong = [](std::uint64_t block, std::string_view what)
    { return fmt::format("{}, block {}: {}", RefusedBlockRow::table, block, what); };
    constexpr auto any = static_cast<std::uint64_t>(INT64_MAX);
    while (rows.step())
    {
        const auto row = read_row<RefusedBlockRow>(rows);
        if (!flawed.step() || flawed.integer_up_to(0, any) != row.block_number ||
            flawed.integer_up_to(1, any) != row.id || flawed.text(2) != row.flaw)
        {
            return wrong(row.block_number,
                "not the block with a flaw that t_network_blocks has in its place");
        }
        digest = digest_of(row, digest);
        if (row.digest != digest)
        {
            return wrong(
                row.block_number, "a row is not as it was written, or one before it is missing");
        }
    }
    if (flawed.step())
        return wrong(flawed.integer_up_to(0, any), "a block with a flaw is missing");
    return {};
}

}  // namespace runnel::storage
