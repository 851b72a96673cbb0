#pragma once

struct sqlite3;

namespace runnel::storage
{

/// Registers exact arithmetic on amounts (decimal text, or integers) of any length:
///
///     amount_sum(x)             sum of a group, NULL of none; also a window function
///     amount_max(x)             largest of a group
///     amount_min(x)             smallest of a group
///     amount_add(a, b)          a + b
///     amount_sub(a, b)          a - b, with a minus sign if negative
///     amount_mul(a, b)          a * b
///     amount_div(a, b)          a / b rounded down (towards minus infinity); an error if b is 0
///     amount_cmp(a, b)          -1, 0 or 1
///     amount_scaled(x, digits)  x / 10^digits as exact decimal text: '1.5'
///
/// Aggregates skip NULL, the others return NULL for a NULL argument, as SQL's own do. Anything but
/// decimal digits with an optional minus sign is an SQL error. The same functions are built as the
/// extension runnel_sqlite for any SQLite client: `.load ./runnel_sqlite`.
///
/// @return  A SQLite result code.
int register_sql_functions(sqlite3* database) noexcept;

}  // namespace runnel::storage
