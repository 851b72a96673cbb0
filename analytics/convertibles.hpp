#pragma once

#include "analytics/ledger_queries.hpp"
#include "analytics/report.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace runnel::analytics
{

/// What stablecoins that convert into another token went through: how much of both there was, what
/// was minted and burned, and the stablecoin's price day by day. Empty if the ledger has none.
///
/// @p price  What a token cost at the end of a day, counted from 0, where it is exchanged for what
///           it should be worth; nothing if it is nowhere.
[[nodiscard]] std::vector<Table> convertible_tables(LedgerQueries& source,
    const std::function<std::optional<double>(ContractId token, std::size_t day)>& price);

/// The day of the run that a block ends in, counted from 0; a block at midnight ends a day.
[[nodiscard]] std::size_t day_of(const LedgerQueries& source, std::uint64_t timestamp);

}  // namespace runnel::analytics
