#pragma once

#include "analytics/ledger_queries.hpp"
#include "analytics/report.hpp"

#include <optional>
#include <string_view>

/// One function per section; empty if the ledger has no data for it. Adding a section is a file
/// and a line in report.cpp.
namespace runnel::analytics
{

[[nodiscard]] std::optional<Section> run_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> timeline_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> transactions_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> flows_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> holders_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> trading_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> mev_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> depth_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> providers_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> order_books_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> assets_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> pegs_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> tvl_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> lending_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> liquidations_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> bad_debt_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> debt_positions_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> backstops_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> escrow_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> farms_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> vaults_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> mixers_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> bridges_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> insurance_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> economy_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> reconciliation_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> cross_checks_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> network_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> validators_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> wallets_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> wealth_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> behaviour_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> throughput_section(LedgerQueries& source);
[[nodiscard]] std::optional<Section> parallelism_section(LedgerQueries& source);
/// Whether wallets with this strategy live by finding what others leave, and pay to be first: those
/// that are registered with "bid_stake".
[[nodiscard]] bool is_searcher(std::string_view strategy);
/// Compares figures of the preceding sections with real events: the rows of
/// calibration_targets.cpp.
[[nodiscard]] std::optional<Section> headline_section(
    std::string_view scenario, const Report& report);

}  // namespace runnel::analytics
