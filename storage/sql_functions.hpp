#pragma once

#include <functional>
#include <string>

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

/// Registers what a ledger says of one moment, exactly, from its rows; part of
/// register_sql_functions().
///
///     balance_at(account, token, block)       what an account had after a block
///     balance_at(account, token, block, i)    ... before transaction i of the block
///     price_at(token, block)                  US dollars per whole token
///     health_factor_at(market, account, block)
///     account_id(account), token_id(token)    whom a name, an address or a symbol means
///
/// docs/sql.md defines them. A token, market or account is given by name, address, symbol (of a
/// token) or id. NULL where an argument is NULL or the block is none of the chain's; what is not
/// there is an SQL error, but an address that nobody has is an account that has nothing.
int register_point_in_time_functions(sqlite3* database) noexcept;

/// Whether a ledger has a table of this name.
using HasTable = std::function<bool(const char* name)>;

/// What balance_at() says of every token that an account ever had any of, in one pass over the
/// account's rows: a query of (token_id, balance), in the order of ids, the native coin's 0.
///
/// Its parameters: 1 the account's id; 2 none; 3 the block; 4 the first transaction of it that does
/// not count, beyond all for the balances after the block; 5 the last block whose rewards count, 3
/// or the one before it.
[[nodiscard]] std::string balances_sql(const HasTable& has);

}  // namespace runnel::storage
