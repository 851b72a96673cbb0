#pragma once

#include "analytics/ledger_queries.hpp"
#include "analytics/report.hpp"

#include <optional>

namespace runnel::analytics
{

/// As those of analytics/sections.hpp.
[[nodiscard]] std::optional<Section> insurance_section(LedgerQueries& source);

}  // namespace runnel::analytics
