#pragma once

#include "analytics/report.hpp"

#include <span>
#include <string>
#include <vector>

namespace runnel::analytics
{

/// A ledger's report and what people call the ledger.
struct NamedReport
{
    std::string name;
    Report report;
};

/// The figures of several ledgers beside one another, section by section, in the reading order of
/// reports: a row for each figure that any of them has, nothing where one has it not. Of each
/// figure that is a number in the first ledger and in the last, the last less the first, and that
/// as a share of the first.
///
/// Beside them what says most of runs (`ledgers.headline`), and tables that lay courses of prices,
/// value locked, utilisation, bad debt and base fee over one another by the time since each run's
/// start. All other tables and curves stay the reports' own.
[[nodiscard]] Report side_by_side(std::span<const NamedReport> ledgers);

}  // namespace runnel::analytics
