#include "storage/block_rows.hpp"

#include <fmt/format.h>

#include <numeric>

namespace runnel::storage
{
namespace
{
constexpr std::int64_t rowid_max = std::int64_t{1} << 62U;
}

BlockRows::BlockRows(Database& database, std::string_view table, std::string_view number_column)
  : ends_{database.prepare(fmt::format(
        "SELECT (SELECT min(rowid) FROM {0}), (SELECT max(rowid) FROM {0})", quoted_name(table)))},
    probe_{database.prepare(fmt::format("SELECT rowid, {} FROM {} WHERE rowid >= ? "
                                        "ORDER BY rowid LIMIT 1",
        quoted_name(number_column), quoted_name(table)))}
{
    (void)read_ends();
}

std::optional<BlockRows::Ends> BlockRows::read_ends()
{
    ends_.reset();
    std::optional<Ends> ends;
    if (ends_.step() && !ends_.is_null(0))
        ends = {ends_.integer(0), ends_.integer(1)};
    // After the last possible rowid SQLite would give new rows any free one.
    if (ends && ends->last > rowid_max)
        ends_.fail(1, "a smaller rowid");
    ends_.reset();
    return ends;
}

std::int64_t BlockRows::first(std::uint64_t number)
{
    const auto ends = read_ends();
    if (!ends)
        return 0;
    auto low = ends->first;
    auto high = ends->last + 1;
    // Rows before `low` are of earlier blocks, those from `high` on are not.
    while (low < high)
    {
        const auto middle = std::midpoint(low, high);
        probe_.reset();
        probe_.bind(1, Value{middle});
        if (!probe_.step())
        {
            high = middle;
            continue;
        }
        const auto block = probe_.integer(1);
        if (block >= 0 && static_cast<std::uint64_t>(block) >= number)
            high = middle;
        else
            low = probe_.integer(0) + 1;
    }
    probe_.reset();
    return low;
}

}  // namespace runnel::storage
