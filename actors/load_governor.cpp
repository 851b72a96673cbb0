#include "actors/load_governor.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace runnel
{
namespace
{
constexpr unsigned window_blocks = 32;
/// Shares of the time spent waiting for the writer.
constexpr double writer_is_behind = 0.15;
constexpr double writer_keeps_up = 0.03;
/// A trial is kept unless the run becomes slower than this share of what it was.
constexpr double kept_rate = 0.98;
constexpr unsigned patience_max = 64;
/// Blocks with the writer from which on it is behind: one it has always been given just now.
constexpr unsigned writer_backlog = 2;
/// From this share of the ceiling on blocks wait for the writer.
constexpr double backpressure_share = 0.9;
}  // namespace

LoadGovernor::LoadGovernor(const Options& options) noexcept
  : options_{options}, workers_{options.workers}
{}

unsigned LoadGovernor::workers_for_block(unsigned unpersisted) const noexcept
{
    const bool has_spare_core = options_.cores == 0 || options_.cores > workers_;
    return workers_ > 1 && unpersisted >= writer_backlog && !has_spare_core ? workers_ - 1
                                                                            : workers_;
}

void LoadGovernor::note_block(
    std::size_t transactions, double seconds, double writer_seconds) noexcept
{
    if (!options_.adapts || options_.workers == 1)
        return;
    transactions_ += static_cast<double>(transactions);
    seconds_ += seconds;
    writer_seconds_ += writer_seconds;
    if (++blocks_ == window_blocks)
        end_window();
}

void LoadGovernor::end_window() noexcept
{
    const auto rate = transactions_ / std::max(seconds_, 1e-9);
    const auto waited = writer_seconds_ / std::max(seconds_, 1e-9);
    blocks_ = 0;
    transactions_ = seconds_ = writer_seconds_ = 0;
    if (tried_from_ != 0)
    {
        const bool failed = rate < kept_rate * settled_rate_;
        if (failed)
            workers_ = tried_from_;
        patience_ = failed ? std::min(2 * patience_, patience_max) : 1;
        windows_left_ = patience_;
        tried_from_ = 0;
        return;
    }
    if (--windows_left_ > 0)
        return;
    windows_left_ = 1;
    const bool fewer = waited > writer_is_behind && workers_ > 1;
    const bool more = waited < writer_keeps_up && workers_ < options_.workers;
    if (!fewer && !more)
        return;
    settled_rate_ = rate;
    tried_from_ = workers_;
    workers_ += more ? 1 : -1U;
}

bool LoadGovernor::admits_block(unsigned unpersisted, std::uint64_t resident_bytes) noexcept
{
    if (options_.memory_ceiling == 0 ||
        static_cast<double>(resident_bytes) <
            backpressure_share * static_cast<double>(options_.memory_ceiling))
        return true;
    if (unpersisted > 0)
        return false;
    if (resident_bytes > options_.memory_ceiling)
    {
        release_free_memory();
        const auto left = std::min(resident_bytes, resident_memory());
        excess_bytes_ = left > options_.memory_ceiling ? left : 0;
    }
    return true;
}

std::string LoadGovernor::exhausted() const
{
    if (excess_bytes_ == 0)
        return {};
    constexpr auto mib = std::uint64_t{1} << 20U;
    return fmt::format(
        "{} MiB of memory in use with nothing left to write, but --max-memory is {} MiB; go on "
        "with a higher ceiling and --resume",
        excess_bytes_ / mib, options_.memory_ceiling / mib);
}

std::uint64_t resident_memory() noexcept
{
    static std::FILE* const file = []
    {
        auto* opened = std::fopen("/proc/self/statm", "r");
        if (opened != nullptr)
            std::setvbuf(opened, nullptr, _IONBF, 0);
        return opened;
    }();
    unsigned long long total = 0;
    unsigned long long resident = 0;
    if (file == nullptr || std::fseek(file, 0, SEEK_SET) != 0 ||
        std::fscanf(file, "%llu %llu", &total, &resident) != 2)
        return 0;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void release_free_memory() noexcept
{
    malloc_trim(0);
}

}  // namespace runnel
