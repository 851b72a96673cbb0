#include "tools/runnel/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace runnel::tools
{
namespace
{
/// A terminal that went away misses nothing.
void draw(const std::string& text)
{
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}
}  // namespace

ProgressBar::ProgressBar(std::string_view what, std::uint64_t total, bool enabled)
  : what_{what},
    total_{std::max<std::uint64_t>(total, 1)},
    enabled_{enabled && stderr_is_terminal()}
{}

ProgressBar::~ProgressBar()
{
    clear();
}

void ProgressBar::update(std::uint64_t done, const std::string& note)
{
    const auto now = Clock::now();
    if (!enabled_ || (drawn_ && now - last_draw_ < std::chrono::milliseconds{100}))
        return;
    if (!begun_)
    {
        start_ = now;
        done_at_start_ = done;
        begun_ = true;
    }
    last_draw_ = now;
    drawn_ = true;
    constexpr std::size_t width = 28;
    const auto share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * width);
    const auto elapsed = std::chrono::duration<double>(now - start_).count();
    const auto since = static_cast<double>(done - std::min(done, done_at_start_));
    // Of the first moments nothing can be concluded.
    std::string pace;
    if (elapsed >= 0.5 && since > 0)
    {
        const auto rate = since / elapsed;
        const auto left = static_cast<double>(total_ - std::min(done, total_)) / rate;
        pace = fmt::format("  {:.0f}/s  {:.0f}s left", rate, left);
    }
    draw(fmt::format("\r\033[K{} [{}{}] {:3.0f}%{}  {}", what_, std::string(filled, '#'),
        std::string(width - filled, '.'), share * 100, pace, note));
}

void ProgressBar::clear()
{
    if (drawn_)
        draw("\r\033[K");
    drawn_ = false;
}

bool stderr_is_terminal()
{
    return isatty(STDERR_FILENO) == 1;
}

bool stdout_has_colour()
{
    const char* no_colour = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

std::size_t output_columns()
{
    constexpr unsigned long columns_max = 160;  // Longer lines are not read.
    const char* told = std::getenv("COLUMNS");
    auto columns = told == nullptr ? 0 : std::strtoul(told, nullptr, 10);
    winsize size{};
    if (columns == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    return columns == 0 ? 100 : std::min(columns, columns_max);
}

std::string with_commas(std::uint64_t number)
{
    const auto digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i)
    {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            text += ',';
        text += digits[i];
    }
    return text;
}

}  // namespace runnel::tools
