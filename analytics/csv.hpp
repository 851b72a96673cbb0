#pragma once

#include <string>
#include <string_view>

namespace runnel::analytics
{

/// A text as a cell of CSV (RFC 4180): in quotes where it holds a comma, a quote or a line break,
/// and where it is empty, for a cell without quotes that is empty is NULL.
[[nodiscard]] std::string csv_cell(std::string_view text);

}  // namespace runnel::analytics
