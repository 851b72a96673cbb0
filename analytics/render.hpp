#pragma once

#include "analytics/report.hpp"
#include "storage/output_file.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::analytics
{

/// For a terminal of @p width columns (40 at least), with ANSI colour if wanted.
[[nodiscard]] std::string render_text(const Report& report, bool colour, std::size_t width = 100);

/// One JSON object: section -> figure -> value, tables as arrays of objects. An exact amount `x`
/// appears twice: `x_raw`, decimal text in the smallest unit, and `x`, a rounded number.
[[nodiscard]] std::string render_json(const Report& report);

/// Whether there are pages: what draws them is embedded when the program is built, if it is there.
[[nodiscard]] bool has_html() noexcept;

/// One HTML file that needs no other: every figure, table and curve, and the charts of
/// page/charts.cpp. Tables are cut after 1,000 rows, and say so. Nothing that a ledger says becomes
/// markup or script.
[[nodiscard]] std::string render_html(const Report& report);
/// Whether a file begins as render_html() begins it.
[[nodiscard]] bool is_html_report(std::string_view beginning);

/// Markdown with tables, as GitHub has them: what a terminal shows, for a text that others read.
[[nodiscard]] std::string render_markdown(const Report& report);

/// Writes SECTION_TABLE.csv for every table and figures.csv for the rest; returns the files.
/// All of them or none: throws std::runtime_error if one cannot be written, would replace what is
/// no such table, or is among what the @p command reads.
std::vector<std::filesystem::path> write_csv(
    const Report& report, const std::filesystem::path& folder, storage::CommandFiles command = {});

/// 1234567.891 with two decimals as 1,234,567.89.
[[nodiscard]] std::string grouped(double number, int decimals);
/// A value as people read it: `12.5%`, `$1,234`, `3.21 WETH`, `-` if not known.
[[nodiscard]] std::string shown(const Value& value, Unit unit);

// Text on a terminal.

/// Styles, by their numbers in ECMA-48 (SGR).
inline constexpr std::string_view style_bold = "1";
inline constexpr std::string_view style_dim = "2";
inline constexpr std::string_view style_red = "31";
inline constexpr std::string_view style_green = "32";
inline constexpr std::string_view style_cyan = "36";

/// Plain without @p colour.
[[nodiscard]] std::string styled(const std::string& text, std::string_view style, bool colour);
/// A horizontal line of so many characters.
[[nodiscard]] std::string rule(std::size_t width);
/// A line with a title, and a rule from there to the end of the line.
[[nodiscard]] std::string heading(const std::string& title, bool colour, std::size_t width);
/// Characters: UTF-8 sequences count once.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// Cuts after @p width characters, with an ellipsis. Control characters of hostile names become
/// blanks: an answer must not steer the terminal.
[[nodiscard]] std::string fitted(std::string text, std::size_t width);
/// With blanks behind it, or before it.
[[nodiscard]] std::string padded(const std::string& text, std::size_t width, bool right);
/// @p share of so many characters, to the eighth of one.
[[nodiscard]] std::string bar(double share, std::size_t width);
/// Means of neighbours, so that there are at most @p count; NaN is left out.
[[nodiscard]] std::vector<double> merged(const std::vector<double>& values, std::size_t count);

}  // namespace runnel::analytics
