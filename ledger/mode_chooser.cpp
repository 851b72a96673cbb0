#include "ledger/mode_chooser.hpp"

#include <algorithm>
#include <bit>

namespace runnel
{
namespace
{
/// Every so many blocks of a class the way that seems slower is tried again; less often when it is
/// slower by far, so that trying costs less than one part in a hundred.
constexpr std::uint32_t retry_close = 64;
constexpr std::uint32_t retry_far = 512;
constexpr double far_apart = 1.3;
constexpr double forgetting = 1.0 / 8;
constexpr double retry_weight = 1.0 / 2;
/// A measurement this far above the mean is taken for an interruption of the thread.
constexpr double outlier = 3;
}  // namespace

ModeChooser::Record& ModeChooser::record(const Block& block) noexcept
{
    const auto cost = static_cast<std::uint64_t>(std::clamp(block.mean_cost_ns, 64.0, 1e9)) / 64;
    const auto cost_class =
        std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(cost)) - 1, cost_classes - 1);
    return records_[cost_class];
}

bool ModeChooser::prefers_parallel(const Block& block) noexcept
{
    auto& known = record(block);
    ++known.turns;
    if (known.parallel == 0)
        return true;
    // The first block of a class is run in parallel, the second serially; then the better way wins.
    if (known.serial == 0)
        return false;
    const bool better = known.parallel < known.serial;
    const auto apart =
        std::max(known.parallel, known.serial) / std::min(known.parallel, known.serial);
    const auto retry = apart > far_apart ? retry_far : retry_close;
    return known.turns % retry == 0 ? !better : better;
}

void ModeChooser::note(const Block& block, bool parallel, double ns) noexcept
{
    auto& known = record(block);
    auto& mean = parallel ? known.parallel : known.serial;
    const auto ratio = ns / std::max(block.total_cost_ns, 1.0);
    const auto other = parallel ? known.serial : known.parallel;
    // What is tried rarely counts for more, or a change of the machine's mood would go unnoticed.
    const auto weight = other != 0 && mean > other ? retry_weight : forgetting;
    if (mean == 0)
        mean = ratio;
    else
        mean += weight * (std::min(ratio, outlier * mean) - mean);
}

}  // namespace runnel
