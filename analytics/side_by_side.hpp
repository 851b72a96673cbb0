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
/// as a share of the first. Tables and curves stay the reports' own.
[[nodiscard]] Report side_by_side(std::span<const NamedReport> ledgers);

}  // namespace runnel::analytics
