#pragma once

#include "analytics/report.hpp"
#include "analytics/source.hpp"

#include <optional>
#include <string_view>

/// One function per section; empty if the ledger has no data for it. Adding a section is a file
/// and a line in report.cpp.
namespace runnel::analytics
{

[[nodiscard]] std::optional<Section> run_section(Source& source);
[[nodiscard]] std::optional<Section> timeline_section(Source& source);
[[nodiscard]] std::optional<Section> transactions_section(Source& source);
[[nodiscard]] std::optional<Section> flows_section(Source& source);
[[nodiscard]] std::optional<Section> trading_section(Source& source);
[[nodiscard]] std::optional<Section> tvl_section(Source& source);
[[nodiscard]] std::optional<Section> lending_section(Source& source);
[[nodiscard]] std::optional<Section> liquidations_section(Source& source);
[[nodiscard]] std::optional<Section> bad_debt_section(Source& source);
[[nodiscard]] std::optional<Section> books_section(Source& source);
[[nodiscard]] std::optional<Section> validators_section(Source& source);
[[nodiscard]] std::optional<Section> wallets_section(Source& source);
[[nodiscard]] std::optional<Section> throughput_section(Source& source);
[[nodiscard]] std::optional<Section> parallelism_section(Source& source);
/// Compares figures of the sections before it with real events: the rows of bands.cpp.
[[nodiscard]] std::optional<Section> headline_section(
    std::string_view scenario, const Report& report);

}  // namespace runnel::analytics
