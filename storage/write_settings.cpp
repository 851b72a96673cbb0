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
    database.execute("PRAGMA wal_autocheckpoint = 2048");
    set_insert_cache(database);
    set_synchronous(database, durability);
}

void set_insert_cache(Database& database)
{
    database.execute("PRAGMA cache_size = -65536; PRAGMA threads = 0");
}

void set_sort_cache(Database& database)
{
    // SQLite sorts pieces as large as its cache and merges them: pieces that fit the processor's
    // cache, sorted by a second thread while the first reads on, take 0.6 of the time.
    database.execute("PRAGMA cache_size = -4096; PRAGMA threads = 1");
}

}  // namespace runnel::storage
