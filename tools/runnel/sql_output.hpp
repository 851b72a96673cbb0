#pragma once

#include "storage/database.hpp"

#include <cstddef>
#include <cstdint>

/// The rows of a statement, on stdout.
namespace runnel::tools
{

/// For people: at most @p limit rows, and how many more there are than that.
void print_table(storage::Statement& rows, std::uint64_t limit, std::size_t width);
/// RFC 4180, with a line of names; NULL is empty.
void print_csv(storage::Statement& rows);
/// An array of objects.
void print_json(storage::Statement& rows);
/// Numbers over the first column: a chart for each, bars where the first column is a name.
void print_plot(storage::Statement& rows, bool colour, std::size_t width);

}  // namespace runnel::tools
