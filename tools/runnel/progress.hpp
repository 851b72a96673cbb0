#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace runnel::tools
{

/// A progress bar with rate and time left, on stderr, when that is a terminal and nobody asked for
/// quiet; nothing otherwise.
class ProgressBar
{
public:
    ProgressBar(std::string_view what, std::uint64_t total, bool enabled);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    /// Draws again, at most ten times a second. @p note follows the figures.
    void update(std::uint64_t done, const std::string& note);
    /// Removes the bar.
    void clear();

private:
    using Clock = std::chrono::steady_clock;

    std::string what_;
    std::uint64_t total_;
    bool enabled_;
    bool begun_ = false;
    bool drawn_ = false;
    /// When it was first drawn, and what was done by then: rates are of the time since.
    Clock::time_point start_;
    std::uint64_t done_at_start_ = 0;
    Clock::time_point last_draw_;
};

/// Whether stderr, or stdout, is a terminal that colour may be written to (NO_COLOR is honoured).
[[nodiscard]] bool stderr_is_terminal();
[[nodiscard]] bool stdout_has_colour();

/// How many columns a line on stdout has: what COLUMNS says, or the terminal; 100 where neither
/// does.
[[nodiscard]] std::size_t output_columns();

/// 1234567 as 1,234,567.
[[nodiscard]] std::string with_commas(std::uint64_t number);

}  // namespace runnel::tools
