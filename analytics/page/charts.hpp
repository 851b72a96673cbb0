#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace runnel::analytics
{

enum class ChartKind : std::uint8_t
{
    line,
    area,      // Lines on top of one another: parts of a sum.
    bar,       // One bar, or a group of bars, for each row; the 16 largest.
    heat_map,  // x by series, coloured by y.
    sankey,    // From x to series, as wide as y.
    network,   // A node for each x, as large as y, coloured and then placed by series; the last of
               // series lists its peers.
    cards,     // Figures beside real ones: the table `headline.figures`.
    runs,      // A bar for each of several runs, per figure: the table `ledgers.headline`.
};

/// How the page draws a table of a section. Columns are named by their keys; those of `y` have one
/// unit. A chart whose table is not in the report, or is empty, is left out.
struct PageChart
{
    std::string_view section;
    std::string_view table;
    ChartKind kind{};
    std::string_view title;
    std::string_view sentence;  // What it shows, for people who have not read the documentation.
    std::string_view x;
    std::vector<std::string_view> y;
    /// What the columns of y are called, where their labels need the table around them.
    std::vector<std::string_view> names = {};
    /// Columns that tell lines, or rows of a heat map, apart.
    std::vector<std::string_view> series = {};
    std::string_view facet = {};   // A column: a panel for each of its values.
    std::string_view slider = {};  // A column of times: one of them is shown at a time,
    bool whole = false;            // or, to begin with, the sum of all.
    bool diagonal = false;         // Lines: with that from 0, 0 to 1, 1.
    bool logarithmic = false;      // Lines: both axes.
    std::string_view mark = {};    // Lines: a column whose first value is an upright line.
};

/// All of them, in reading order. A new section needs a row here and no script.
[[nodiscard]] std::span<const PageChart> page_charts();

}  // namespace runnel::analytics
