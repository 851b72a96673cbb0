#pragma once

#include "analytics/tracing/trace.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
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
/// Handed to @p write in pieces as it is made: millions of hops never are in memory as text.
void write_trace_json(LedgerQueries& source, const std::vector<Trace>& traces,
    const TraceView& view, const std::function<void(std::string_view)>& write);
/// For Graphviz.
[[nodiscard]] std::string trace_dot(
    LedgerQueries& source, const Trace& trace, const TraceView& view);
/// For Gephi, Cytoscape, NetworkX.
[[nodiscard]] std::string trace_graphml(
    LedgerQueries& source, const Trace& trace, const TraceView& view);

/// One HTML file that needs no other: the traces of @p request, one for each policy, as graphs over
/// time; each is followed once more for the moments between. At most 300 accounts and 3,000 hops of
/// each are in it, and it says how many are not. Only where has_html() of analytics/render.hpp.
[[nodiscard]] std::string trace_html(LedgerQueries& source, TraceRequest request,
    const std::vector<Trace>& traces, const TraceView& view);
/// Whether a file begins as trace_html() begins it.
[[nodiscard]] bool is_html_trace(std::string_view beginning);

}  // namespace runnel::analytics::tracing
