#pragma once

#include "analytics/tracing/trace.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace runnel::analytics::tracing
{

/// What of a trace is shown; nothing is computed otherwise for it.
struct TraceView
{
    double min = 0;  // Whole tokens of loot; of poison: of what moved.
    std::size_t depth = 12;
    std::size_t lines = 60;  // Of the tree.
    std::size_t rows = 25;   // Of the table.
};

/// A tree of hops and a table of holders for one trace; for several the holders side by side.
[[nodiscard]] std::string trace_text(
    LedgerQueries& source, const std::vector<Trace>& traces, const TraceView& view);
/// One JSON object: policy -> loot, holders, hops, loans; exact amounts as decimal text `x_raw`.
[[nodiscard]] std::string trace_json(
    LedgerQueries& source, const std::vector<Trace>& traces, const TraceView& view);
/// For Graphviz.
[[nodiscard]] std::string trace_dot(
    LedgerQueries& source, const Trace& trace, const TraceView& view);
/// For Gephi, Cytoscape, NetworkX.
[[nodiscard]] std::string trace_graphml(
    LedgerQueries& source, const Trace& trace, const TraceView& view);

}  // namespace runnel::analytics::tracing
