#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::tools
{

/// A parameter `:name` of a query, and what it is when nobody sets it.
struct QueryParameter
{
    std::string name;  // Without the colon.
    /// `last`: the last block; `none`: NULL; else a number or a text. Empty: it must be set.
    std::optional<std::string> value;
    std::string unit;
    std::string meaning;
};

/// A query of the library: a file NAME.sql that begins with what it answers, its parameters and
/// what it reads:
///
///     -- Who was liquidated, the largest first.
///     -- :market (name) On which market.
///     -- :limit = 20 (rows) How many.
///     -- needs: lending_liquidations
///     SELECT ...
struct LibraryQuery
{
    std::string name;
    std::string what;
    std::vector<QueryParameter> parameters;
    std::vector<std::string> needs;  // Tables and views that not every ledger has.
    std::string sql;
};

/// Those of a folder, by name; those that came with this program if @p folder is empty. A
/// CommandError if there is none, or if a file does not begin as it should.
[[nodiscard]] std::vector<LibraryQuery> read_library(const std::filesystem::path& folder);

}  // namespace runnel::tools
