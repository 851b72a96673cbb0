#pragma once

#include "storage/ledger_writer.hpp"

namespace runnel::storage
{

void set_synchronous(Database& database, Durability durability);
/// How a connection writes: durability, cache, how much its log may hold before it is copied into
/// the file.
void apply_write_settings(Database& database, Durability durability);
/// For inserting rows, and for building indexes; each undoes the other.
void set_insert_cache(Database& database);
void set_sort_cache(Database& database);

}  // namespace runnel::storage
