#include "tools/runnel/progress.hpp"

#include <fmt/format.h>
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
    enabled_{enabled && stderr_is_terminal()},
    start_{Clock::now()},
    last_draw_{start_}
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
    last_draw_ = now;
    drawn_ = true;
    constexpr std::size_t width = 28;
    const auto share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * width);
    const auto elapsed = std::chrono::duration<double>(now - start_).count();
    const auto rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
    const auto left = rate > 0 ? static_cast<double>(total_ - std::min(done, total_)) / rate : 0;
    draw(fmt::format("\r\033[K{} [{}{}] {:3.0f}%  {:.0f}/s  {:.0f}s left  {}", what_,
        std::string(filled, '#'), std::string(width - filled, '.'), share * 100, rate, left, note));
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
