#include "execution/mode_chooser.hpp"

#include <algorithm>
#include <bit>

namespace runnel
{
namespace
{
/// Every so many blocks of a class the way that seems slower is tried again; less often when it is
/// slower by far, so that trying costs less than one part in a hundred.
constexpr std::uint32_t retry_close = 64;
constexpr std::uint32_t retry_far = 256;
constexpr double far_apart = 1.3;
constexpr double forgetting = 1.0 / 8;
constexpr double trial_weight = 1.0 / 2;
constexpr std::uint32_t trial_blocks = 8;
/// A measurement this far above the mean is taken for an interruption of the thread.
constexpr double outlier = 3;
}  // namespace

ModeChooser::Record& ModeChooser::record(const Block& block) noexcept
{
    const auto class_of = [](double ns, double unit, std::size_t classes)
    {
        const auto units = static_cast<std::uint64_t>(std::clamp(ns / unit, 1.0, 1e9));
        return std::min<std::size_t>(
            static_cast<std::size_t>(std::bit_width(units)) - 1, classes - 1);
    };
    return records_[class_of(block.mean_cost_ns, 64, mean_classes) * total_classes +
                    class_of(block.total_cost_ns, 16'000, total_classes)];
}

bool ModeChooser::prefers_parallel(const Block& block) noexcept
{
    auto& known = record(block);
    const auto turn = known.turns++;
    // The first blocks go both ways in turn; then the better way wins.
    if (turn < trial_blocks)
        return turn % 2 == 0;
    const bool better = known.parallel < known.serial;
    const auto apart =
        std::max(known.parallel, known.serial) / std::min(known.parallel, known.serial);
    const auto retry = apart > far_apart ? retry_far : retry_close;
    return turn % retry == 0 ? !better : better;
}

void ModeChooser::note(const Block& block, bool parallel, double ns, std::size_t accesses) noexcept
{
    auto& known = record(block);
    auto& mean = parallel ? known.parallel : known.serial;
    const auto other = parallel ? known.serial : known.parallel;
    const auto per_access = ns / static_cast<double>(std::max<std::size_t>(accesses, 1));
    if (mean == 0)
        mean = per_access;
    else if (known.turns <= trial_blocks)
        // The first ones were slow for other reasons too: caches, pages, an interruption.
        mean = std::min(mean, per_access);
    else
    {
        // What is tried rarely must be able to show that the machine's mood has changed.
        const auto weight = other != 0 && mean > other ? trial_weight : forgetting;
        mean += weight * (std::min(per_access, outlier * mean) - mean);
    }
}

}  // namespace runnel
